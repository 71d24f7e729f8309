package antrag

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// UnpaidTerms says how long an application waits for its payment, counted from
// when it was sent.
type UnpaidTerms struct {
	Remind time.Duration // then the citizen is reminded, once; default 3 days
	Lapse  time.Duration // then it lapses and is closed as withdrawn; default 30 days
}

const day = 24 * time.Hour

func (t UnpaidTerms) orDefault() UnpaidTerms {
	return UnpaidTerms{Remind: cmp.Or(t.Remind, 3*day), Lapse: cmp.Or(t.Lapse, 30*day)}
}

// unpaidBatch is how many cases one round takes.
const unpaidBatch = 200

// The log's codes for applications that are not paid.
const (
	logReminded = "payment-reminded"
	logLapsed   = "lapsed"
)

// Unpaid is the regular work on applications that wait for their payment: it
// reminds once, and later lets them lapse. It is safe to repeat, and several
// instances may do it at the same time.
func (s *Service) Unpaid(ctx context.Context) error {
	terms := s.UnpaidTerms.orDefault()
	now := s.now()
	waiting := func(before time.Time) *bun.SelectQuery {
		return s.DB.Read.NewSelect().Model((*Application)(nil)).Column("a.id").Where("a.status = ?", postkorb.StatusPaymentOpen).
			Where("a.closed_at IS NULL").Where("a.received_at <= ?", before).Order("a.received_at", "a.id").Limit(unpaidBatch)
	}
	var remind, lapse []string
	if err := waiting(now.Add(-terms.Lapse)).Scan(ctx, &lapse); err != nil {
		return err
	}
	said := s.DB.Read.NewSelect().Model((*LogEntry)(nil)).ColumnExpr("1").Where("application = a.id").Where("action = ?", logReminded)
	if err := waiting(now.Add(-terms.Remind)).Where("a.received_at > ?", now.Add(-terms.Lapse)).Where("NOT EXISTS (?)", said).Scan(ctx, &remind); err != nil {
		return err
	}
	var errs []error
	for _, id := range lapse {
		errs = append(errs, s.lapse(ctx, id, terms))
	}
	for _, id := range remind {
		errs = append(errs, s.remind(ctx, id, terms))
	}
	return errors.Join(errs...)
}

// stillUnpaid reads the order of a case that waits for its payment, with all
// that could bring it: no money, and no attempt that could still bring some.
func (s *Service) stillUnpaid(ctx context.Context, tx bun.Tx, p parts, a *Application) (payment.Order, bool, error) {
	if a.Closed() || !s.Prepaid(*a) {
		return payment.Order{}, false, nil
	}
	o, err := p.orders.Order(ctx, payment.OrderID(a.ID))
	if errors.Is(err, payment.ErrNotFound) {
		return o, false, nil
	}
	if err != nil {
		return o, false, err
	}
	switch o.State {
	case payment.StateOpen, payment.StateAborted, payment.StateFailed:
	default:
		return o, false, nil
	}
	if s.Till == nil {
		return o, true, nil
	}
	all, err := s.checkout(tx).Attempts(ctx, o.ID)
	for _, t := range all {
		if t.State.Live() {
			return o, false, err
		}
	}
	return o, err == nil, err
}

// askProvider asks about the payments of a case that are under way; the answer decides
// in the transaction that follows.
func (s *Service) askProvider(ctx context.Context, id string) error {
	if s.Till == nil {
		return nil
	}
	a, err := s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.id = ?", id) })
	if err != nil {
		return err
	}
	s.AskLive(ctx, a)
	return nil
}

// remind tells the citizen once that there is something to pay.
func (s *Service) remind(ctx context.Context, id string, terms UnpaidTerms) error {
	if err := s.askProvider(ctx, id); err != nil {
		return err
	}
	return s.unlessChanged(s.change(ctx, s.byID(id), func(ctx context.Context, tx bun.Tx, a *Application) error {
		p := s.on(tx)
		o, due, err := s.stillUnpaid(ctx, tx, p, a)
		if err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*LogEntry)(nil)).Where("application = ?", a.ID).Where("action = ?", logReminded).Count(ctx)
		if err != nil {
			return err
		}
		if !due || n > 0 {
			return errUnchanged
		}
		if err := s.aboutMoney(ctx, p, a, o, "reminder", a.ReceivedAt.Add(terms.Lapse)); err != nil {
			return err
		}
		return s.log(ctx, tx, a.ID, Actor{Kind: "system"}, logReminded, "", s.now())
	}))
}

// lapse closes an application that was never paid. The order is cancelled only
// after the payment service has answered for every attempt: as long as one may
// still bring money, the application waits on.
func (s *Service) lapse(ctx context.Context, id string, terms UnpaidTerms) error {
	if err := s.askProvider(ctx, id); err != nil {
		return err
	}
	return s.unlessChanged(s.change(ctx, s.byID(id), func(ctx context.Context, tx bun.Tx, a *Application) error {
		p := s.on(tx)
		o, due, err := s.stillUnpaid(ctx, tx, p, a)
		if err != nil {
			return err
		}
		if !due {
			return errUnchanged
		}
		if err := s.aboutMoney(ctx, p, a, o, "lapsed", a.ReceivedAt.Add(terms.Lapse)); err != nil {
			return err
		}
		office := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
		if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: office, Status: postkorb.StatusWithdrawn, NoNotice: true}); err != nil {
			return err
		}
		if _, err := p.orders.Cancel(ctx, o.ID, "system", "lapsed"); err != nil {
			return err
		}
		now := s.now()
		a.Status, a.ClosedAt = postkorb.StatusWithdrawn, now
		return s.log(ctx, tx, a.ID, Actor{Kind: "system"}, logLapsed, "", now)
	}))
}

// unlessChanged leaves what somebody else changed at the same time to the next
// round.
func (s *Service) unlessChanged(a Application, err error) error {
	if errors.Is(err, ErrConflict) || errors.Is(err, payment.ErrConflict) || errors.Is(err, postkorb.ErrConflict) {
		if s.Till != nil && s.Till.Logger != nil {
			s.Till.Logger.LogAttrs(context.Background(), slog.LevelInfo, "unpaid application changed meanwhile", slog.String("case", a.ID))
		}
		return nil
	}
	return err
}

// aboutMoney sends a message about what was not paid.
func (s *Service) aboutMoney(ctx context.Context, p parts, a *Application, o payment.Order, what string, until time.Time) error {
	lines, total := s.lines(a, o)
	_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{
		Kind: postkorb.KindInformation, From: s.unitParty(a.LeadUnit, ""), Key: "payment-" + what,
		Subject: s.Text(a.Lang, "pay.mail."+what+".subject"),
		Body: s.Text(a.Lang, "pay.mail."+what+".body", "title", a.Title, "reference", a.Reference, "lines", lines, "total", total,
			"ref", o.Ref, "date", until.In(berlin).Format("02.01.2006"), "url", s.URL+PayPath(a.ID)),
	})
	return err
}
