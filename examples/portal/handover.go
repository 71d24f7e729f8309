package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/federation/webhook"
)

// repliesPath is where back offices send their replies. With several of them,
// each also has an address with its office in it.
const repliesPath = "/schnittstelle/fachverfahren/antworten"

// reasonEarlier says that a delivery waits for an earlier one of its case.
const reasonEarlier federation.Reason = "earlier"

// systemBackOffice names back offices in the log of calls.
const systemBackOffice = "fachverfahren"

// handOvers is who takes which applications.
type handOvers struct {
	list     []handOver
	webhooks map[string]*webhook.Transport // by destination
}

// composeHandOvers reads who takes what: the demo knows its simulator, everybody
// else has a file.
func (p *Portal) composeHandOvers() error {
	h := &p.parts.handOvers
	h.webhooks = map[string]*webhook.Transport{}
	switch {
	case p.cfg.HandOvers != "":
		var err error
		if h.list, err = readHandOvers(p.cfg.HandOvers, p.cfg.Mode == Demo); err != nil {
			return err
		}
	case p.cfg.Mode == Demo:
		h.list = p.demoHandOvers()
	}
	for _, o := range h.list {
		if o.Kind != kindWebhook {
			continue
		}
		t, err := webhook.New(webhook.Config{URL: o.URL, Sender: o.Sender, Secret: o.secret, InsecureAllowHTTP: p.cfg.Mode == Demo,
			Client: p.calls.Client(systemBackOffice, time.Minute)})
		if err != nil {
			return &ConfigError{"PORTAL_HANDOVERS", "cannot be used: " + o.Destination + ": " + strings.TrimPrefix(err.Error(), "webhook: ")}
		}
		h.webhooks[o.Destination] = t
	}
	return nil
}

// demoHandOvers leads what has to do with dogs to the simulator of a back
// office, in the world that has such a tax.
func (p *Portal) demoHandOvers() []handOver {
	back := p.sims.desc.BackOffice
	if back.URL == "" || !slices.ContainsFunc(p.world.Units, func(u demo.Unit) bool { return u.ID == "fb1-steuern" }) {
		return nil
	}
	return []handOver{{Name: "Fachverfahren Steuern", Destination: "steuern:hunde", Kind: kindWebhook,
		Assistants: []string{"hund-anmelden", "hund-abmelden"}, Lookups: []string{"hunde"},
		URL: back.URL, Sender: p.world.ID, secret: []byte(back.Secret)}}
}

// transports are the ways to all destinations; drop takes what no back office
// is named for.
func (p *Portal) transports(drop federation.Transport) (map[string]federation.Transport, error) {
	out := map[string]federation.Transport{destinationDrop: drop}
	for _, o := range p.parts.handOvers.list {
		if o.Kind == kindWebhook {
			out[o.Destination] = inOrder{p.parts.handOvers.webhooks[o.Destination], federationsql.New(p.db.Read)}
			continue
		}
		folder, err := dropfolder.New(o.Folder, &dropfolder.Options{Now: p.clock.Now})
		if err != nil {
			return nil, fmt.Errorf("portal: folder of %s: %w", o.Destination, err)
		}
		out[o.Destination] = folder
	}
	return out, nil
}

// destination is where applications of an assistant go.
func (h *handOvers) destination(assistant string) string {
	for _, o := range h.list {
		if slices.Contains(o.Assistants, assistant) {
			return o.Destination
		}
	}
	return destinationDrop + ":" + assistant
}

// twoWay reports whether a back office wants to know what follows.
func (h *handOvers) twoWay(destination string) bool {
	_, ok := h.webhooks[destination]
	return ok
}

// name is what the staff calls a destination, empty when it has no name.
func (h *handOvers) name(destination string) string {
	for _, o := range h.list {
		if o.Destination == destination {
			return o.Name
		}
	}
	return ""
}

// inOrder keeps the deliveries of a case in the order in which they were made:
// a message must not overtake the application that it is about.
type inOrder struct {
	next  federation.Transport
	store federation.Store
}

// Deliver implements federation.Transport.
func (t inOrder) Deliver(ctx context.Context, d federation.Delivery, open func(context.Context, federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	ctx = calls.With(ctx, d.Reference)
	list, err := t.store.ByReference(ctx, d.Reference)
	if err != nil {
		return federation.Receipt{}, &federation.TransportError{Reason: federation.ReasonStorage, Err: err}
	}
	if slices.ContainsFunc(list, func(e federation.Delivery) bool {
		return e.Destination == d.Destination && e.State != federation.StateDelivered && e.State != federation.StateCancelled && precedes(list, e, d)
	}) {
		return federation.Receipt{}, &federation.TransportError{Reason: reasonEarlier}
	}
	return t.next.Deliver(ctx, d, open)
}

// precedes reports whether e goes before d. The application is always the first,
// whatever the clocks of two instances say; the rest goes in the order of the
// list.
func precedes(list []federation.Delivery, e, d federation.Delivery) bool {
	place := func(d federation.Delivery) int {
		if !strings.HasPrefix(d.Key, antrag.KeyMessage) {
			return -1
		}
		return slices.IndexFunc(list, func(o federation.Delivery) bool { return o.ID == d.ID })
	}
	return place(e) < place(d)
}

// deliver makes an attempt and, when it went well, lets those go that waited
// for it.
func (p *Portal) deliver(ctx context.Context, id string) error {
	outbox := p.parts.outbox
	for id != "" {
		if err := outbox.Deliver(ctx, id); err != nil {
			return err
		}
		d, err := outbox.Get(ctx, id)
		if err != nil || d.State != federation.StateDelivered || !p.parts.handOvers.twoWay(d.Destination) {
			return err
		}
		if id, err = p.waiting(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// waiting finds the next delivery of the case that waited for d and makes it
// due.
func (p *Portal) waiting(ctx context.Context, d federation.Delivery) (string, error) {
	list, err := p.parts.outbox.ByReference(ctx, d.Reference)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		held := e.State == federation.StateQueued || e.State == federation.StateFailed
		if e.Destination != d.Destination || !held || e.LastError != string(reasonEarlier) {
			continue
		}
		err := p.parts.outbox.Retry(ctx, e.ID)
		var state *federation.StateError
		if errors.Is(err, federation.ErrConflict) || errors.As(err, &state) {
			return "", nil // another instance has it
		}
		return e.ID, err
	}
	return "", nil
}

// handleReplies adds the addresses where back offices answer.
func (p *Portal) handleReplies() {
	first := true
	for _, o := range p.parts.handOvers.list {
		if o.Kind != kindWebhook {
			continue
		}
		h := p.calls.In(systemBackOffice, webhook.NewReceiver(webhook.ReceiverConfig{Source: o.Destination, Secret: o.secret, Take: p.takeReply, Logger: p.cfg.Logger}))
		if first {
			p.core.HandleRaw("POST "+repliesPath, h)
			first = false
		}
		p.core.HandleRaw("POST /schnittstelle/fachverfahren/"+o.office()+"/antworten", h)
	}
}

// takeReply gives a reply to the applications. What they refuse is refused for
// good, everything else may come again.
func (p *Portal) takeReply(ctx context.Context, r federation.Reply) error {
	a, first, err := p.parts.applications.Reply(ctx, r)
	var refused *antrag.ReplyError
	switch {
	case errors.As(err, &refused):
		calls.Decided(ctx, string(refused.Reason), "")
		return &webhook.RefusedError{Code: string(refused.Reason)}
	case err != nil:
		var invalid *federation.InvalidError
		if !errors.As(err, &invalid) && !errors.Is(err, federation.ErrExists) {
			p.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "reply cannot be taken now", slog.String("source", r.Source), slog.String("cause", err.Error()))
		}
		return err
	case first:
		calls.Decided(ctx, "taken", a.Reference)
	default:
		calls.Decided(ctx, "repeated", a.Reference)
	}
	return nil
}
