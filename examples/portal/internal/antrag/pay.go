package antrag

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// Days that an office usually needs, counted from the receipt.
const usualDays = 14

// number takes the next number of a range. It belongs to the transaction, so
// that no two orders get the same one.
func number(ctx context.Context, tx bun.Tx, name string) (n int64, err error) {
	err = tx.NewRaw("INSERT INTO portal_numbers (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = portal_numbers.value + 1 RETURNING value", name).
		Scan(ctx, &n)
	return n, err
}

// openOrder opens the payment order of a case, with the same id, split as the
// fee is, under a Kassenzeichen of the town's own range.
func (s *Service) openOrder(ctx context.Context, tx bun.Tx, p parts, a *Application, fee []assistant.FeeLine) (payment.Order, error) {
	n, err := number(ctx, tx, "kassenzeichen")
	if err != nil {
		return payment.Order{}, fmt.Errorf("antrag: number range: %w", err)
	}
	o := payment.Order{ID: payment.OrderID(a.ID), Reference: a.Reference, Payer: a.Account, Ref: kassenzeichen(a.ReceivedAt, n)}
	for _, l := range fee {
		o.Items = append(o.Items, payment.Item{ID: l.ID, Text: l.Text.In(German), Amount: payment.EUR(l.Cents), Quantity: l.Quantity, Account: l.Account})
	}
	return p.orders.Open(ctx, o)
}

// Lines are the positions of an order in a language, one a line, and the sum.
func (s *Service) lines(a *Application, o payment.Order) (lines, total string) {
	lang := assistant.Lang(a.Lang)
	var b strings.Builder
	for _, it := range o.Items {
		sum := it.Amount.Minor * int64(it.Quantity) // checked when the order was opened
		fmt.Fprintf(&b, "%s: %s\n", s.ItemText(*a, it, lang), assistant.FormatMoney(sum, lang))
	}
	return strings.TrimSuffix(b.String(), "\n"), assistant.FormatMoney(o.Total.Minor, lang)
}

// ItemText names a position of the order of a case in a language.
func (s *Service) ItemText(a Application, it payment.Item, lang assistant.Lang) string {
	text := it.Text
	if def, ok := s.Definition(a.Assistant, a.AssistantVersion); ok && def.Fee != nil {
		if i := slices.IndexFunc(def.Fee.Items, func(f assistant.FeeItem) bool { return f.ID == it.ID }); i >= 0 {
			text = def.Fee.Items[i].Text.In(lang)
		} else if it.ID == "gebuehr" {
			text = def.Title.In(lang)
		}
	}
	if it.Quantity > 1 {
		text = fmt.Sprintf("%d × %s", it.Quantity, text)
	}
	return text
}

// PayPath is the page on which a case is paid.
func PayPath(id string) string { return "/bezahlen/" + id }

// askForMoney tells the citizen what is to be paid. It is no acknowledgement
// of receipt.
func (s *Service) askForMoney(ctx context.Context, p parts, a *Application, o payment.Order) error {
	lines, total := s.lines(a, o)
	_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{
		Kind: postkorb.KindInformation, From: s.unitParty(a.LeadUnit, ""), Key: "payment-open",
		Subject: s.Text(a.Lang, "pay.mail.open.subject"),
		Body: s.Text(a.Lang, "pay.mail.open.body", "title", a.Title, "reference", a.Reference, "lines", lines, "total", total,
			"ref", o.Ref, "url", s.URL+PayPath(a.ID)),
	})
	return err
}

// Prepaid reports whether a case waits for a payment before anything else.
func (s *Service) Prepaid(a Application) bool {
	return a.Status == postkorb.StatusPaymentOpen && s.HeldBack(a)
}

// unpaid refuses work on a case whose payment is still to come.
func (s *Service) unpaid(ctx context.Context, p parts, a *Application) error {
	if !s.Prepaid(*a) {
		return nil
	}
	o, err := p.orders.Order(ctx, payment.OrderID(a.ID))
	if errors.Is(err, payment.ErrNotFound) {
		return nil
	}
	if err == nil && o.State != payment.StatePaid && o.State != payment.StateRefunded {
		err = ErrUnpaid
	}
	return err
}

// byID reads a case and keeps others from changing it.
func (s *Service) byID(id string) func(context.Context, bun.Tx) (Application, error) {
	return func(ctx context.Context, tx bun.Tx) (Application, error) {
		return s.lock(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.id = ?", id) })
	}
}

// Paid notes a payment that was proved elsewhere, for instance at the counter,
// and lets the case go on. Saying it again changes nothing.
func (s *Service) Paid(ctx context.Context, id string, snap payment.Snapshot) (Application, error) {
	snap.State = payment.StatePaid
	return s.change(ctx, s.byID(id), func(ctx context.Context, tx bun.Tx, a *Application) error {
		p := s.on(tx)
		before, err := p.orders.Order(ctx, payment.OrderID(id))
		if err != nil {
			return err
		}
		o, err := p.orders.Apply(ctx, before.ID, snap)
		if err != nil || before.State == payment.StatePaid {
			return err
		}
		return s.goOn(ctx, tx, p, a, o)
	})
}

// goOn makes a case that waited for its payment one that was received: from
// now on its time counts. The citizen gets the confirmation of the payment
// (Zahlungsbestätigung) and that of the receipt (Eingangsbestätigung), and the
// back office gets the application. Money for a case that has ended is for the
// treasury to send back.
func (s *Service) goOn(ctx context.Context, tx bun.Tx, p parts, a *Application, o payment.Order) error {
	now := s.now()
	if err := s.log(ctx, tx, a.ID, Actor{Kind: "system"}, "paid", string(o.State), now); err != nil {
		return err
	}
	if a.Closed() {
		return s.refund(ctx, tx, a, Refund{Order: string(o.ID), Kassenzeichen: o.Ref, ProviderRef: o.ProviderRef, Cents: o.Total.Minor, Reason: RefundClosed})
	}
	if err := s.confirmPayment(ctx, p, a, o); err != nil {
		return err
	}
	if a.Status != postkorb.StatusPaymentOpen {
		return nil // the fee of something that was received long ago
	}
	office := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
	if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: office, Status: postkorb.StatusReceived, NoNotice: true}); err != nil {
		return err
	}
	a.Status = postkorb.StatusReceived
	if !s.HeldBack(*a) {
		return nil
	}
	a.ReceivedAt, a.DueAt = now, now.AddDate(0, 0, usualDays)
	if _, err := tx.NewUpdate().Model((*Involvement)(nil)).Set("received_at = ?", now).Where("application = ?", a.ID).Exec(ctx); err != nil {
		return err
	}
	if err := s.acknowledge(ctx, p, a, s.UnitName(a.LeadUnit)); err != nil {
		return err
	}
	if err := s.log(ctx, tx, a.ID, Actor{Kind: "system"}, "received", a.LeadUnit, now); err != nil {
		return err
	}
	files, err := s.declared(ctx, tx, a)
	if err != nil {
		return err
	}
	return s.handOver(ctx, tx, p, a, files)
}

// HeldBack reports whether a case is or was held back until its payment.
func (s *Service) HeldBack(a Application) bool {
	if s.Payable == nil {
		return false
	}
	def, ok := s.Definition(a.Assistant, a.AssistantVersion)
	return ok && def.Fee != nil && def.Fee.Prepaid
}

// declared are the files that were sent with the application.
func (s *Service) declared(ctx context.Context, tx bun.Tx, a *Application) ([]File, error) {
	_, answers, err := s.AnswersOf(*a)
	if err != nil {
		return nil, err
	}
	refs := answers.Files()
	if len(refs) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(refs))
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	var out []File
	err = tx.NewSelect().Model(&out).Where("application = ?", a.ID).Where("id IN (?)", bun.List(ids)).Order("created_at", "id").Scan(ctx)
	return out, err
}

// confirmPayment sends the Zahlungsbestätigung.
func (s *Service) confirmPayment(ctx context.Context, p parts, a *Application, o payment.Order) error {
	lines, total := s.lines(a, o)
	_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{
		Kind: postkorb.KindInformation, From: s.unitParty(a.LeadUnit, ""), Key: "paid",
		Subject: s.Text(a.Lang, "pay.mail.paid.subject"),
		Body: s.Text(a.Lang, "pay.mail.paid.body", "title", a.Title, "reference", a.Reference, "lines", lines, "total", total,
			"ref", o.Ref, "time", o.PaidAt.In(berlin).Format("02.01.2006, 15:04"), "method", s.MethodText(a.Lang, o.Method), "url", s.URL+PayPath(a.ID)+"/bestaetigung"),
	})
	return err
}

// methods are the ways to pay that have a name in the portal.
var methods = []string{"creditcard", "paypal", "giropay", "directdebit", "paydirekt", "cash"}

// MethodText names how something was paid; what is not known is called online
// payment.
func (s *Service) MethodText(lang, method string) string {
	if method = strings.ToLower(method); method == "sepa" {
		method = "directdebit"
	}
	if !slices.Contains(methods, method) {
		method = "other"
	}
	return s.Text(lang, "pay.method."+method)
}

// Reasons of a refund.
const (
	RefundSurplus   = "surplus"   // the order was paid or cancelled before
	RefundClosed    = "closed"    // the case had ended when the money came
	RefundWithdrawn = "withdrawn" // the case was withdrawn after it was paid
)

// Refund is money that the treasury has to send back, or to decide about. The
// payment services know no refund, so a person does it and says so.
type Refund struct {
	bun.BaseModel `bun:"table:portal_refunds,alias:e"`
	ID            string    `bun:"id,pk"`
	Order         string    `bun:"order_id"`
	Attempt       string    `bun:"attempt"`
	Application   string    `bun:"application"`
	Reference     string    `bun:"reference"`
	Kassenzeichen string    `bun:"kassenzeichen"`
	ProviderRef   string    `bun:"provider_ref"`
	Cents         int64     `bun:"cents"`
	Reason        string    `bun:"reason"`
	CreatedAt     time.Time `bun:"created_at"`
	DoneAt        time.Time `bun:"done_at,nullzero"`
	DoneBy        string    `bun:"done_by"`
}

// refund notes money for the treasury, once for each attempt and reason.
func (s *Service) refund(ctx context.Context, tx bun.Tx, a *Application, r Refund) error {
	r.ID, r.Application, r.Reference, r.CreatedAt = newID(), a.ID, a.Reference, s.now()
	res, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil
	}
	return s.log(ctx, tx, a.ID, Actor{Kind: "system"}, "refund-due", r.Reason, r.CreatedAt)
}

// Refunds lists what the treasury has to send back, the oldest first, or what
// it has done, the latest first.
func (s *Service) Refunds(ctx context.Context, done bool) ([]Refund, error) {
	var out []Refund
	q := s.DB.Read.NewSelect().Model(&out).Limit(200)
	if done {
		q = q.Where("e.done_at IS NOT NULL").Order("e.done_at DESC", "e.id")
	} else {
		q = q.Where("e.done_at IS NULL").Order("e.created_at", "e.id")
	}
	err := q.Scan(ctx)
	for i := range out {
		out[i].CreatedAt, out[i].DoneAt = out[i].CreatedAt.UTC(), out[i].DoneAt.UTC()
	}
	return out, err
}

// RefundDone notes that somebody of the treasury has dealt with a refund.
// Saying it again changes nothing. ErrNotFound: there is no such refund.
func (s *Service) RefundDone(ctx context.Context, who Actor, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r Refund
		n, err := tx.NewSelect().Model(&r).Where("e.id = ?", id).Count(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if err := tx.NewSelect().Model(&r).Where("e.id = ?", id).Scan(ctx); err != nil {
			return err
		}
		now := s.now()
		res, err := tx.NewUpdate().Model((*Refund)(nil)).Set("done_at = ?", now).Set("done_by = ?", who.ID).
			Where("e.id = ?", id).Where("e.done_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		return s.log(ctx, tx, r.Application, who, "refund-done", r.Reason, now)
	})
}

// takeBack ends the order of a case that was withdrawn. One that the payment
// service still works on stays: money that comes later is noted as too much.
// What was paid before is for the treasury to decide about.
func (s *Service) takeBack(ctx context.Context, tx bun.Tx, p parts, a *Application, o payment.Order) error {
	switch o.State {
	case payment.StateOpen, payment.StateAborted, payment.StateFailed:
		var not *payment.TransitionError
		if _, err := p.orders.Cancel(ctx, o.ID, "citizen", "withdrawn"); err != nil && !errors.As(err, &not) {
			return err
		}
	case payment.StatePaid:
		return s.refund(ctx, tx, a, Refund{Order: string(o.ID), Kassenzeichen: o.Ref, ProviderRef: o.ProviderRef, Cents: o.Total.Minor, Reason: RefundWithdrawn})
	}
	return nil
}
