package antrag

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
)

// StepPayment is the step of the job engine that asks what has become of
// payments.
const StepPayment = "payment"

// Till is what online payment needs. All fields but Logger are required.
type Till struct {
	Checkout *payment.Checkout
	Ledger   *payment.Ledger
	// Books reports whether the portal writes the booking of an attempt. Where
	// the payment platform does, the portal must not: one source only.
	Books  func(payment.Attempt) bool
	Logger *slog.Logger
}

// OrderOf returns the order that was opened with a case, or an error that is
// payment.ErrNotFound.
func (s *Service) OrderOf(ctx context.Context, a Application) (payment.Order, error) {
	return s.Orders.With(paymentsql.New(s.DB.Read)).Order(ctx, payment.OrderID(a.ID))
}

// ServiceOf returns the service that a case is about, or ErrNotFound.
func (s *Service) ServiceOf(ctx context.Context, id string) (string, error) {
	a, err := s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Column("a.service").Where("a.id = ?", id) })
	return a.Service, err
}

// AttemptsOf returns the attempts to pay a case, the oldest first.
func (s *Service) AttemptsOf(ctx context.Context, a Application) ([]payment.Attempt, error) {
	if s.Till == nil {
		return nil, nil
	}
	return s.Till.Checkout.Attempts(ctx, payment.OrderID(a.ID))
}

// LiveAttempt reports whether an attempt to pay a case is under way, and
// whether its pay page is known.
func (s *Service) LiveAttempt(ctx context.Context, a Application) (live, page bool, err error) {
	all, err := s.AttemptsOf(ctx, a)
	for _, t := range all {
		if t.State.Live() {
			return true, t.PayURL != "", err
		}
	}
	return false, false, err
}

// BeginPayment returns the address of the pay page of a case. A second call
// returns the same page as long as the first attempt lasts. Errors: ErrClosed,
// payment.ErrNotPayable, a *payment.ProviderError.
func (s *Service) BeginPayment(ctx context.Context, a Application) (string, error) {
	if a.Closed() {
		return "", ErrClosed
	}
	if s.Till == nil {
		return "", payment.ErrNotPayable
	}
	t, err := s.begin(calls.With(ctx, a.Reference), payment.OrderID(a.ID))
	if errors.Is(err, payment.ErrNotPayable) && t.ID != "" {
		// Paid meanwhile: what follows from it is done at once, if it can be.
		if again := s.Reconcile(ctx, string(t.ID)); again != nil {
			return "", again
		}
	}
	return t.PayURL, err
}

// busyTime is how long a second click waits for the first.
const busyTime = 4 * time.Second

// begin begins a payment. While another request is at it, that of a double click
// for example, it waits to come to the same page.
func (s *Service) begin(ctx context.Context, order payment.OrderID) (payment.Attempt, error) {
	patience := time.NewTimer(busyTime)
	defer patience.Stop()
	for {
		t, err := s.Till.Checkout.Begin(ctx, order)
		var provider *payment.ProviderError
		if !errors.As(err, &provider) || provider.Reason != payment.ReasonBusy {
			return t, err
		}
		select {
		case <-ctx.Done():
			return t, err
		case <-patience.C:
			return t, err
		case <-time.After(soonPause):
		}
	}
}

// AskLive asks the payment service about the attempts to pay a case that are
// under way. What it does not answer, the background work asks again.
func (s *Service) AskLive(ctx context.Context, a Application) {
	all, err := s.AttemptsOf(ctx, a)
	for _, t := range all {
		if t.State.Live() && err == nil {
			err = s.ReconcileSoon(ctx, string(t.ID))
		}
	}
	if err != nil && s.Till.Logger != nil {
		s.Till.Logger.LogAttrs(ctx, slog.LevelWarn, "payment not settled at once", slog.String("case", a.ID))
	}
}

// Reconcile asks the payment service what has become of an attempt and makes
// it so: order, booking, case, delivery and messages in one transaction. It is
// safe to repeat, and at any point where the process ends the next call goes
// on: what was not written is asked again.
func (s *Service) Reconcile(ctx context.Context, attempt string) error {
	t, err := s.Till.Checkout.Attempt(ctx, payment.AttemptID(attempt))
	if err != nil {
		return err
	}
	o, err := s.Orders.Order(ctx, t.Order)
	if err != nil {
		return err
	}
	found, err := s.Till.Checkout.Ask(calls.With(ctx, o.Reference), attempt) // outside of the transaction: it waits for others
	if err != nil {
		return err
	}
	_, err = s.change(ctx, s.byID(string(t.Order)), func(ctx context.Context, tx bun.Tx, a *Application) error {
		st, err := s.checkout(tx).Settle(ctx, found)
		if err != nil {
			return err
		}
		if !st.Paid && !st.Surplus && !st.Ended {
			return errUnchanged
		}
		return s.settled(ctx, tx, a, st)
	})
	return err
}

func (s *Service) checkout(tx bun.Tx) *payment.Checkout {
	return s.Till.Checkout.With(paymentsql.New(tx), paymentsql.NewAttemptStore(tx))
}

// settled does to the case what follows from a payment.
func (s *Service) settled(ctx context.Context, tx bun.Tx, a *Application, st payment.Settlement) error {
	p := s.on(tx)
	switch {
	case st.Paid:
		if s.Till.Books(st.Attempt) {
			if _, _, err := s.Till.Ledger.With(paymentsql.NewBookingStore(tx)).Record(ctx, st.Order, st.Attempt); err != nil {
				return err
			}
		}
		return s.goOn(ctx, tx, p, a, st.Order)
	case st.Surplus:
		return s.refund(ctx, tx, a, Refund{Order: string(st.Order.ID), Attempt: string(st.Attempt.ID), Kassenzeichen: st.Order.Ref,
			ProviderRef: st.Attempt.ProviderRef, Cents: st.Attempt.Amount.Minor, Reason: RefundSurplus})
	case st.Ended:
		if a.Status == postkorb.StatusWithdrawn && st.Order.State != payment.StatePaid {
			// It was withdrawn while the service still worked on the payment.
			if err := s.takeBack(ctx, tx, p, a, st.Order); err != nil {
				return err
			}
		}
		return s.log(ctx, tx, a.ID, Actor{Kind: "system"}, "payment-ended", string(st.Attempt.State), s.now())
	}
	return nil
}

// soonPause is how long ReconcileSoon waits before it looks again.
const soonPause = 50 * time.Millisecond

// ReconcileSoon is Reconcile for somebody who waits for a page: when the
// background work or another call is asking right now, it waits until that one
// is through, at most as long as ctx lives.
func (s *Service) ReconcileSoon(ctx context.Context, attempt string) error {
	for {
		if err := s.Reconcile(ctx, attempt); err != nil {
			return err
		}
		t, err := s.Till.Checkout.Attempt(ctx, payment.AttemptID(attempt))
		if err != nil || !t.State.Live() || !t.LeaseUntil.After(s.now()) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(soonPause):
		}
	}
}

// askFirst asks about a payment under way before a case is withdrawn, so that
// what is known to be paid is not taken for unpaid.
func (s *Service) askFirst(ctx context.Context, owner, id string) {
	if s.Till == nil {
		return
	}
	a, err := s.OwnedBy(ctx, owner, id)
	if err != nil || a.Closed() || !s.Prepaid(a) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	s.AskLive(ctx, a)
}

// BookingsDue is the regular work that hands bookings to the finance system:
// what was booked since goes into one numbered file, which leaves like any
// other delivery, with a key of its own.
func (s *Service) BookingsDue(ctx context.Context, destination string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		l := s.Till.Ledger.With(paymentsql.NewBookingStore(tx))
		b, some, err := l.Close(ctx)
		if err != nil || !some {
			return err
		}
		f, err := l.File(ctx, b.Number)
		if err != nil {
			return err
		}
		d, err := s.on(tx).outbox.Enqueue(ctx, bookingDelivery(destination, b.Number, f))
		if err != nil {
			return err
		}
		return s.wake(ctx, tx, StepDelivery, d.ID)
	})
}

func bookingDelivery(destination string, n int64, f payment.File) federation.Delivery {
	return federation.Delivery{Key: "buchung-" + strconv.FormatInt(n, 10), Destination: destination, Subject: "buchungen",
		Payload: federation.Payload{MediaType: f.MediaType, Body: f.Content}}
}

// Recent returns the latest payments of attempts, the latest first.
func (t *Till) Recent(ctx context.Context, db bun.IDB, limit int) ([]payment.Attempt, error) {
	c := t.Checkout.With(paymentsql.New(db), paymentsql.NewAttemptStore(db))
	list, _, err := c.List(ctx, payment.AttemptPaid, payment.AttemptCursor{}, limit)
	return list, err
}

// Batches returns the latest files of bookings, the latest first.
func (t *Till) Batches(ctx context.Context, db bun.IDB, limit int) ([]payment.Batch, error) {
	return t.Ledger.With(paymentsql.NewBookingStore(db)).Batches(ctx, 0, limit)
}

// File returns a file of bookings, or an error that is payment.ErrNotFound.
func (t *Till) File(ctx context.Context, db bun.IDB, n int64) (payment.File, error) {
	return t.Ledger.With(paymentsql.NewBookingStore(db)).File(ctx, n)
}
