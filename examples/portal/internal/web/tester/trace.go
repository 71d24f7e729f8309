package tester

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// event is something that happened to a case: ids and codes, no content.
type event struct {
	At         time.Time
	Kind       string // word
	Code, Text string
}

// The kinds of events.
const (
	kindLog      = "log"
	kindDelivery = "delivery"
	kindReply    = "reply"
	kindPayment  = "payment"
	kindProvider = "provider"
	kindOut      = "out"
	kindIn       = "in"
	kindNotice   = "notice"
)

// trace puts everything about a case on one line of time.
func (p *Pages) trace(r *web.Request) error {
	reference := r.PathValue("reference")
	if len(reference) > maxReference {
		return web.ErrNotFound
	}
	var found []antrag.Application
	err := p.DB.NewSelect().Model(&found).Column("id", "reference", "title", "status").Where("a.reference = ?", reference).Limit(1).Scan(r.Context())
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return web.ErrNotFound
	}
	a := found[0]
	var all []event
	for _, collect := range []func(*web.Request, antrag.Application) ([]event, error){p.logged, p.delivered, p.replied, p.paid, p.called, p.noticed} {
		some, err := collect(r, a)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	for i := range all {
		all[i].Kind = r.T("tester.trace.kind." + all[i].Kind)
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.At.Compare(b.At) })
	v := web.View{Crumbs: []web.Crumb{{Label: r.T("tester.index.title"), URL: "/test"}, {Label: r.T("tester.cases.title"), URL: "/test/vorgaenge"}, {Label: a.Reference}}}
	return p.show(r, "trace", "/test/vorgaenge/"+reference, v, map[string]any{"Case": a, "Status": r.T("tester.status." + string(a.Status)), "Events": all})
}

func (p *Pages) logged(r *web.Request, a antrag.Application) ([]event, error) {
	var rows []antrag.LogEntry
	err := p.DB.NewSelect().Model(&rows).Column("at", "actor_kind", "action", "detail").Where("application = ?", a.ID).Order("id").Scan(r.Context())
	var out []event
	for _, l := range rows {
		out = append(out, event{At: l.At.UTC(), Kind: kindLog, Code: l.Action, Text: join(l.ActorKind, l.Detail)})
	}
	return out, err
}

func (p *Pages) delivered(r *web.Request, a antrag.Application) ([]event, error) {
	list, err := p.Outbox.ByReference(r.Context(), a.Reference)
	var out []event
	for _, d := range list {
		out = append(out, event{At: d.CreatedAt, Kind: kindDelivery, Code: "queued", Text: join(d.Destination, d.Key)})
		if !d.DeliveredAt.IsZero() {
			out = append(out, event{At: d.DeliveredAt, Kind: kindDelivery, Code: string(d.State), Text: join(d.Destination, d.Receipt.ID, fmt.Sprintf("×%d", d.Attempts))})
		} else if d.Attempts > 0 {
			out = append(out, event{At: d.NextAt, Kind: kindDelivery, Code: string(d.State), Text: join(d.Destination, d.LastError, fmt.Sprintf("×%d", d.Attempts))})
		}
	}
	return out, err
}

func (p *Pages) replied(r *web.Request, a antrag.Application) ([]event, error) {
	if p.Replies == nil {
		return nil, nil
	}
	list, err := p.Replies(r.Context(), a.Reference)
	var out []event
	for _, x := range list {
		out = append(out, event{At: x.TakenAt, Kind: kindReply, Code: string(x.Kind), Text: join(x.Source, x.ID)})
	}
	return out, err
}

func (p *Pages) paid(r *web.Request, a antrag.Application) ([]event, error) {
	if p.Payments == nil {
		return nil, nil
	}
	orders, err := p.Payments(r.Context(), a.Reference, maxPayments)
	if err != nil {
		return nil, err
	}
	var out []event
	for _, o := range orders {
		out = append(out, event{At: o.Created, Kind: kindPayment, Code: "order", Text: join(o.Order, o.Kassenzeichen)})
		if !o.Paid.IsZero() {
			out = append(out, event{At: o.Paid, Kind: kindPayment, Code: o.State, Text: o.Order})
		}
		for _, x := range o.Attempts {
			out = append(out, event{At: x.Created, Kind: kindPayment, Code: "attempt", Text: x.TxID})
			if !x.Ended.IsZero() {
				out = append(out, event{At: x.Ended, Kind: kindPayment, Code: x.State, Text: join(x.TxID, x.LastError)})
			}
		}
	}
	all, err := p.transactions(r, orders)
	if err != nil {
		return out, nil // the page is of use without the payment service
	}
	for _, t := range all {
		if t.Reference != a.Reference {
			continue
		}
		for _, c := range t.Transaction.Callbacks {
			out = append(out, event{At: c.At, Kind: kindProvider, Code: "callback", Text: join(t.TxID, callback(c))})
		}
	}
	return out, nil
}

func (p *Pages) called(r *web.Request, a antrag.Application) ([]event, error) {
	list, err := p.Calls.List(r.Context(), "", a.Reference, 0, 500)
	var out []event
	for _, c := range list {
		e := event{At: c.At, Kind: kindOut, Code: c.Outcome, Text: join(c.System, c.Method, c.Path)}
		if c.Direction == calls.In {
			e.Kind, e.Text = kindIn, join(e.Text, c.Decision)
		}
		out = append(out, e)
	}
	return out, err
}

func (p *Pages) noticed(r *web.Request, a antrag.Application) ([]event, error) {
	if p.Notices == nil {
		return nil, nil
	}
	list, err := p.Notices(r.Context(), a.ID)
	var out []event
	for _, n := range list {
		out = append(out, event{At: n.Created, Kind: kindNotice, Code: n.State, Text: join(n.ID, n.LastError, fmt.Sprintf("×%d", n.Attempts))})
	}
	return out, err
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}
