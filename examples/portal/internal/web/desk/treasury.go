package desk

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
)

func (p *Pages) registerTreasury(c *web.Core) {
	c.Handle("GET /amt/kasse", p.treasurer(p.treasury))
	c.Handle("POST /amt/kasse/erstattung/{id}", p.treasurer(p.refundDone))
	c.Handle("GET /amt/kasse/buchungen/{nummer}", p.treasurer(p.batch))
}

// sees reports whether somebody sees the payments of the whole administration;
// its root has the name of the tenant.
func (p *Pages) seesTreasury(may rights) bool { return may.in(p.Tenant, permPayment) }

func (p *Pages) treasurer(h func(*visit) error) web.Handler {
	return p.member(func(v *visit) error {
		if !p.seesTreasury(v.may) {
			return web.ErrForbidden
		}
		return h(v)
	})
}

type refundRow struct {
	antrag.Refund
	Why, By, DoneURL string
}

type attemptRow struct {
	At                                  time.Time
	Reference, Kassenzeichen, Procedure string
	Method, TxID                        string
	Cents                               int64
}

type batchRow struct {
	Number    int64
	CreatedAt time.Time
	Count     int
	Cents     int64
	State     badge
	URL       string
}

type treasuryData struct {
	Open, Done []refundRow
	MayTickOff bool // whether the person may say that money went back
	Paid       []attemptRow
	Batches    []batchRow
	Online     bool
}

// How much the page lists; the rest is in the files of bookings.
const (
	recentPayments = 50
	recentBatches  = 50
)

// treasury shows what has to be sent back, what was paid, and the files of
// bookings.
func (p *Pages) treasury(v *visit) error {
	ctx := v.Context()
	d := treasuryData{Online: p.Applications.Till != nil, MayTickOff: v.may.in(p.Tenant, permRefund)}
	for _, done := range []bool{false, true} {
		list, err := p.Applications.Refunds(ctx, done)
		if err != nil {
			return err
		}
		for _, r := range list {
			row := refundRow{Refund: r, Why: v.T("desk.till.reason." + r.Reason), DoneURL: "/amt/kasse/erstattung/" + url.PathEscape(r.ID)}
			if done {
				row.By = p.PersonName(r.DoneBy)
				d.Done = append(d.Done, row)
			} else {
				d.Open = append(d.Open, row)
			}
		}
	}
	if d.Online {
		if err := p.money(v, &d); err != nil {
			return err
		}
	}
	return v.Render("desk/treasury", web.View{Title: v.T("desk.till.title"), Data: d, Noindex: true})
}

func (p *Pages) money(v *visit, d *treasuryData) error {
	ctx, db := v.Context(), p.Applications.DB.Read
	orders := p.Applications.Orders.With(paymentsql.New(db))
	till := p.Applications.Till
	paid, err := till.Recent(ctx, db, recentPayments)
	if err != nil {
		return err
	}
	for _, t := range paid {
		o, err := orders.Order(ctx, t.Order)
		if err != nil {
			return err
		}
		d.Paid = append(d.Paid, attemptRow{At: t.EndedAt, Reference: o.Reference, Kassenzeichen: o.Ref, Procedure: t.Procedure,
			Method: p.Applications.MethodText(v.Lang, t.Method), TxID: t.TxID, Cents: t.Amount.Minor})
	}
	batches, err := till.Batches(ctx, db, recentBatches)
	if err != nil {
		return err
	}
	for _, b := range batches {
		n := strconv.FormatInt(b.Number, 10)
		d.Batches = append(d.Batches, batchRow{Number: b.Number, CreatedAt: b.At, Count: b.Count, Cents: b.Sum.Minor, URL: "/amt/kasse/buchungen/" + n})
	}
	return nil
}

// refundDone notes that the money was sent back by hand.
func (p *Pages) refundDone(v *visit) error {
	if !v.may.in(p.Tenant, permRefund) {
		return web.ErrForbidden
	}
	if err := v.Form(); err != nil {
		return err
	}
	err := p.Applications.RefundDone(v.Context(), antrag.Actor{Kind: "staff", ID: v.person(), Unit: p.PersonUnit(v.person())}, v.PathValue("id"))
	if err != nil {
		return known(err)
	}
	v.Flash("success", "desk.till.refund.done")
	return v.Redirect("/amt/kasse")
}

// batch hands out a file of bookings, the same bytes as the finance system got.
func (p *Pages) batch(v *visit) error {
	n, err := strconv.ParseInt(v.PathValue("nummer"), 10, 64)
	if err != nil || n < 1 || p.Applications.Till == nil {
		return web.ErrNotFound
	}
	f, err := p.Applications.Till.File(v.Context(), p.Applications.DB.Read, n)
	if errors.Is(err, payment.ErrNotFound) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	return p.send(v, f.Name, f.MediaType, f.Content)
}

type tryRow struct {
	At, Ended  time.Time
	State      badge
	Procedure  string
	TxID, Code string
	Asked      int
}

// tries are the attempts to pay a case.
func (p *Pages) tries(v *visit, f *file) ([]tryRow, error) {
	all, err := p.Applications.AttemptsOf(v.Context(), f.Application)
	if err != nil {
		return nil, err
	}
	kinds := map[payment.AttemptState]string{payment.AttemptPaid: "success", payment.AttemptFailed: "danger", payment.AttemptSurplus: "danger", payment.AttemptStarted: "info"}
	var out []tryRow
	for _, t := range all {
		out = append(out, tryRow{At: t.CreatedAt, Ended: t.EndedAt, State: badge{v.T("desk.attempt." + string(t.State)), kinds[t.State]},
			Procedure: t.Procedure, TxID: t.TxID, Code: t.LastError, Asked: t.Asked})
	}
	return out, nil
}
