package desk

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
)

func (p *Pages) registerHandover(c *web.Core) {
	c.Handle("POST /amt/vorgang/{id}/uebergabe/{uebergabe}/erneut", p.working(permProcess, p.retryDelivery))
}

// delivery is one hand-over to a back office.
type delivery struct {
	State              badge
	What               string // the application, or what came after it
	CreatedAt, NextAt  time.Time
	Receipt            string // Empfangsquittung
	ReceiptAt          time.Time
	TakenAt            time.Time // the back office took it into work
	Attempts           int
	Destination, Error string
	RetryURL           string
}

// deliveries shows what was handed over, oldest first, and how far it got.
func (p *Pages) deliveries(v *visit, f *file) ([]delivery, error) {
	if p.Deliveries == nil {
		return nil, nil
	}
	list, err := p.Deliveries.With(federationsql.New(p.Applications.DB.Read)).ByReference(v.Context(), f.Reference)
	if err != nil {
		return nil, err
	}
	replies, err := federationsql.NewReplies(p.Applications.DB.Read).Replies(v.Context(), f.Reference)
	if err != nil {
		return nil, err
	}
	kinds := map[federation.State]string{federation.StateDelivered: "success", federation.StateFailed: "danger", federation.StateCancelled: "neutral"}
	process := v.may.allowed(permProcess, f.obj)
	var out []delivery
	for _, d := range list {
		n := delivery{State: badge{v.T("desk.delivery." + string(d.State)), kinds[d.State]}, What: v.T("desk.delivery.what.application"),
			CreatedAt: d.CreatedAt, Receipt: d.Receipt.ID, ReceiptAt: d.Receipt.At, Attempts: d.Attempts, Destination: p.destination(d.Destination)}
		if strings.HasPrefix(d.Key, antrag.KeyMessage) {
			n.What = v.T("desk.delivery.what.message")
		}
		if n.State.Kind == "" {
			n.State.Kind = "info"
		}
		if d.LastError != "" && d.State != federation.StateDelivered {
			n.Error = deliveryError(v, d.LastError)
			if d.State == federation.StateQueued {
				n.NextAt = d.NextAt
			}
		}
		if i := slices.IndexFunc(replies, func(r federation.ReplyRecord) bool {
			return r.Key == d.Key && r.Source == d.Destination && r.Kind == federation.ReplyReceipt
		}); i >= 0 {
			n.TakenAt = replies[i].TakenAt
		}
		if process && (d.State == federation.StateFailed || n.Error != "" && d.State == federation.StateQueued) {
			n.RetryURL = casePath(f.ID, "uebergabe", d.ID, "erneut")
		}
		out = append(out, n)
	}
	return out, nil
}

// destination is the name of a back office that people know.
func (p *Pages) destination(key string) string {
	if p.BackOffice != nil {
		if name := p.BackOffice(key); name != "" {
			return name
		}
	}
	return key
}

// deliveryError says in words why an attempt failed.
func deliveryError(v *visit, code string) string {
	if key := "desk.delivery.reason." + code; v.Core.Texts.Has(key) {
		return v.T(key)
	}
	return v.T("desk.delivery.reason.unknown")
}

// retryDelivery lets somebody who works on the case start a hand-over anew.
func (p *Pages) retryDelivery(v *visit, f *file) error {
	if err := v.Form(); err != nil {
		return err
	}
	err := p.Applications.RetryDelivery(v.Context(), p.actor(v), f.ID, v.PathValue("uebergabe"))
	var state *federation.StateError
	switch {
	case errors.As(err, &state), errors.Is(err, federation.ErrConflict):
		v.Flash("info", "desk.delivery.retry.other") // it went out, or goes out this very moment
	case err != nil:
		return err
	default:
		v.Flash("success", "desk.delivery.retry.done")
	}
	return v.Redirect(casePath(f.ID) + "#uebergabe")
}
