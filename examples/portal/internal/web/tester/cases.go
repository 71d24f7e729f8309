package tester

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/postkorb"
)

// maxCases is how many cases the page shows, the latest ones.
const maxCases = 300

// states in the order of a case.
var states = []postkorb.Status{postkorb.StatusReceived, postkorb.StatusInReview, postkorb.StatusQuestion, postkorb.StatusPaymentOpen, postkorb.StatusHandedOver,
	postkorb.StatusGranted, postkorb.StatusPartly, postkorb.StatusRefused, postkorb.StatusDone, postkorb.StatusConfirmed, postkorb.StatusWithdrawn}

// envelope is a case without its content.
type envelope struct {
	ID, Reference, Service, Unit, Assignee string
	Received, Due                          time.Time
	LogIn                                  string // persona to whom it belongs
	Guest                                  bool   // sent without an account
}

// group is the cases of one state.
type group struct {
	Code, Label string
	Cases       []envelope
}

func (p *Pages) cases(r *web.Request) error {
	var rows []antrag.Application
	err := p.DB.NewSelect().Model(&rows).Column("id", "reference", "title", "account", "lead_unit", "assignee", "status", "received_at", "due_at", "closed_at").
		Order("a.received_at DESC", "a.id").Limit(maxCases).Scan(r.Context())
	if err != nil {
		return err
	}
	people, err := p.linked(r.Context())
	if err != nil {
		return err
	}
	units, names := map[string]string{}, map[string]string{}
	for _, u := range p.World.Units {
		units[u.ID] = u.Name
	}
	for _, s := range p.World.Staff {
		names[s.ID] = s.Name
	}
	by := map[postkorb.Status][]envelope{}
	for _, a := range rows {
		e := envelope{ID: a.ID, Reference: a.Reference, Service: a.Title, Unit: units[a.LeadUnit], Assignee: names[a.Assignee],
			Received: a.ReceivedAt.UTC(), LogIn: people[a.Account], Guest: a.Account == ""}
		if !a.Closed() {
			e.Due = a.DueAt.UTC()
		}
		by[a.Status] = append(by[a.Status], e)
	}
	var groups []group
	for _, s := range states {
		if len(by[s]) > 0 {
			groups = append(groups, group{Code: string(s), Label: r.T("tester.status." + string(s)), Cases: by[s]})
		}
	}
	return p.show(r, "cases", "/test/vorgaenge", web.View{}, map[string]any{"Groups": groups, "Count": len(rows)})
}

// linked names the personas by their accounts.
func (p *Pages) linked(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range bundidsim.Personas() {
		id, err := p.account(ctx, s)
		if err != nil && !errors.Is(err, konto.ErrNotFound) {
			return nil, err
		}
		if id != "" {
			out[id] = s.Name
		}
	}
	return out, nil
}

// handOver is a delivery to a back office, without its content.
type handOver struct {
	Destination, Key, Reference, State, Kind string
	Case                                     bool // the reference is that of a case
	Attempts                                 int
	Error, Receipt                           string
	Created, Delivered, Next                 time.Time
}

var deliveryKinds = map[federation.State]string{"queued": "info", "sending": "info", "delivered": "success", "failed": "danger", "cancelled": "neutral"}

// pageSize is how many hand-overs one page shows.
const pageSize = 50

func (p *Pages) deliveries(r *web.Request) error {
	state := federation.State(r.URL.Query().Get("stand"))
	if _, ok := deliveryKinds[state]; !ok {
		state = ""
	}
	var after federation.Cursor
	if at, id, ok := strings.Cut(r.URL.Query().Get("nach"), "_"); ok {
		t, err := time.Parse(time.RFC3339Nano, at)
		if err != nil || len(id) > 100 {
			return web.ErrBadRequest
		}
		after = federation.Cursor{CreatedAt: t, ID: id}
	}
	list, next, err := p.Outbox.List(r.Context(), state, after, pageSize)
	if err != nil {
		return err
	}
	cases, err := p.known(r.Context(), list)
	if err != nil {
		return err
	}
	var rows []handOver
	for _, d := range list {
		h := handOver{Destination: d.Destination, Key: d.Key, Reference: d.Reference, Case: cases[d.Reference], State: r.T("tester.delivery." + string(d.State)), Kind: deliveryKinds[d.State],
			Attempts: d.Attempts, Error: d.LastError, Receipt: d.Receipt.ID, Created: d.CreatedAt, Delivered: d.DeliveredAt}
		if d.State == federation.StateQueued {
			h.Next = d.NextAt
		}
		rows = append(rows, h)
	}
	data := map[string]any{"Rows": rows, "NextURL": "", "States": stateLinks(r, state)}
	if next.ID != "" {
		q := url.Values{"nach": {next.CreatedAt.UTC().Format(time.RFC3339Nano) + "_" + next.ID}}
		if state != "" {
			q.Set("stand", string(state))
		}
		data["NextURL"] = "/test/uebergaben?" + q.Encode()
	}
	return p.show(r, "deliveries", "/test/uebergaben", web.View{}, data)
}

// known are the references of hand-overs that belong to a case.
func (p *Pages) known(ctx context.Context, list []federation.Delivery) (map[string]bool, error) {
	out := map[string]bool{}
	if len(list) == 0 {
		return out, nil
	}
	var all, found []string
	for _, d := range list {
		all = append(all, d.Reference)
	}
	err := p.DB.NewSelect().Table("portal_applications").Column("reference").Where("reference IN (?)", bun.List(all)).Scan(ctx, &found)
	for _, reference := range found {
		out[reference] = true
	}
	return out, err
}

// stateLinks narrow the list of hand-overs to one state.
func stateLinks(r *web.Request, current federation.State) []tab {
	links := []tab{{Label: r.T("tester.deliveries.all"), URL: "/test/uebergaben", Current: current == ""}}
	codes := make([]string, 0, len(deliveryKinds))
	for s := range deliveryKinds {
		codes = append(codes, string(s))
	}
	slices.Sort(codes)
	for _, s := range codes {
		links = append(links, tab{Label: r.T("tester.delivery." + s), URL: "/test/uebergaben?stand=" + s, Current: string(current) == s})
	}
	return links
}
