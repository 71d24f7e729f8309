package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// giveUp is how long after its end an attempt without money is asked about when
// the provider never answers.
const giveUp = 30 * 24 * time.Hour

// Finding is what asking about an attempt has brought. Only [Checkout.Ask]
// makes ones that change something.
type Finding struct {
	Attempt  AttemptID
	Order    OrderID
	Snapshot Snapshot       // what the provider told; zero if Reason is set
	Reason   ProviderReason // why there was no answer; empty if there was

	lease time.Time // of whoever asked; zero: nothing to settle
}

// Settlement is what a Finding has changed.
type Settlement struct {
	Order   Order
	Attempt Attempt
	Paid    bool // this call noted the attempt that paid the order
	Ended   bool // this call ended the attempt without money
	Surplus bool // this call noted money that the order did not wait for
}

// Ask asks the provider what has become of an attempt, outside of any
// transaction, and changes nothing but who is at it and, when the caller goes
// away, when it is tried next. Give the Finding to Settle. If somebody else is
// asking, or there is nothing to ask, it is one that changes nothing. A provider
// that does not answer gives a Finding too. Errors: ErrNotFound, those of ctx
// and of the store.
func (c *Checkout) Ask(ctx context.Context, id string) (Finding, error) {
	a, held, err := c.claim(ctx, AttemptID(id))
	if err != nil {
		return Finding{}, err
	}
	if !held {
		f := Finding{Attempt: a.ID, Order: a.Order}
		if !a.State.settled() {
			f.Reason = ReasonBusy
		}
		return f, nil
	}
	f, _ := c.lookUp(ctx, a)
	if f.Reason != "" && ctx.Err() != nil {
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saving)
		defer cancel()
		_, _ = c.Settle(save, f) // if this fails, the lease ends by itself
		return Finding{}, ctx.Err()
	}
	return f, nil
}

// lookUp asks about an attempt that is claimed.
func (c *Checkout) lookUp(ctx context.Context, a Attempt) (Finding, *ProviderError) {
	f := Finding{Attempt: a.ID, Order: a.Order, lease: a.LeaseUntil}
	failed := &ProviderError{Reason: ReasonNoProvider}
	if p, ok := c.opts.Providers[a.Provider]; ok {
		failed = nil
		ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		snap, err := p.LookUp(ctx, a)
		if err != nil {
			failed = providerError(err)
		} else {
			f.Snapshot, failed = snap, doubt(a, snap)
		}
	}
	if failed != nil {
		f.Snapshot, f.Reason = Snapshot{}, failed.Reason
	}
	return f, failed
}

// doubt refuses snapshots that cannot be about an attempt.
func doubt(a Attempt, snap Snapshot) *ProviderError {
	switch snap.State {
	case StateOpen, StateChecking, StatePaid, StateAborted, StateFailed:
	default:
		return &ProviderError{Reason: ReasonNotAnswer, Temporary: true}
	}
	if checkSnapshot(snap) != nil {
		return &ProviderError{Reason: ReasonNotAnswer, Temporary: true}
	}
	if (!snap.Amount.IsZero() && snap.Amount != a.Amount) ||
		(snap.ProviderRef != "" && a.ProviderRef != "" && snap.ProviderRef != a.ProviderRef) {
		return &ProviderError{Reason: ReasonMismatch}
	}
	return nil
}

// Settle moves the attempt and its order to what was found. Call it inside a
// transaction, on a Checkout from With, together with what follows from it.
// Settling the same Finding again changes nothing. One that was overtaken
// changes nothing either, unless it tells of money.
//
// An order is moved by the attempt that is live, or by any that was paid. If
// the order did not wait for the money any more, the attempt becomes
// AttemptSurplus. Errors: ErrNotFound, ErrConflict, those of the stores; the
// attempt then stays due.
func (c *Checkout) Settle(ctx context.Context, f Finding) (Settlement, error) {
	for range tries {
		a, err := c.Attempt(ctx, f.Attempt)
		if err != nil {
			return Settlement{}, err
		}
		o, err := c.orders.Order(ctx, a.Order)
		if err != nil {
			return Settlement{}, err
		}
		s := Settlement{Order: o, Attempt: a}
		if f.lease.IsZero() || a.State.settled() {
			return s, nil
		}
		if f.Snapshot.State == StatePaid {
			err = c.money(ctx, &s, f)
		} else {
			if !a.LeaseUntil.Equal(f.lease) {
				return s, nil
			}
			err = c.noMoney(ctx, &s, f)
		}
		if err != nil {
			return Settlement{}, err
		}
		err = c.write(ctx, &s.Attempt)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Settlement{}, err
		}
		if s.Surplus {
			c.opts.Logger.WarnContext(ctx, "payment: surplus", "order", o.ID, "state", o.State, "amount", s.Attempt.Amount)
		}
		return s, nil
	}
	return Settlement{}, fmt.Errorf("%w (settling)", ErrConflict)
}

// money notes that an attempt was paid.
func (c *Checkout) money(ctx context.Context, s *Settlement, f Finding) error {
	a, now := &s.Attempt, c.now()
	snap := f.Snapshot
	snap.Method = cmp.Or(snap.Method, a.Method)
	snap.ProviderRef = cmp.Or(snap.ProviderRef, a.ProviderRef, a.TxID)
	paidBefore := s.Order.State == StatePaid || s.Order.State == StateRefunded
	if !paidBefore {
		o, err := c.orders.Apply(ctx, a.Order, snap)
		var step *TransitionError
		switch {
		case err == nil:
			s.Order = o
		case !errors.As(err, &step):
			return err
		default:
			s.Surplus = true
		}
	}
	// The order may be paid by this very payment already: a crash came between.
	s.Surplus = s.Surplus || s.Order.ProviderRef != snap.ProviderRef
	if !s.Surplus {
		others, err := c.Attempts(ctx, a.Order)
		if err != nil {
			return err
		}
		for _, other := range others {
			s.Surplus = s.Surplus || (other.ID != a.ID && other.State == AttemptPaid)
		}
	}
	s.Paid = !s.Surplus
	a.State = AttemptPaid
	if s.Surplus {
		a.State = AttemptSurplus
	}
	a.Asked++
	a.Method, a.ProviderRef, a.LastError = snap.Method, snap.ProviderRef, ""
	a.EndedAt, a.NextAt, a.LeaseUntil = now, time.Time{}, time.Time{}
	return nil
}

// noMoney notes every other finding.
func (c *Checkout) noMoney(ctx context.Context, s *Settlement, f Finding) error {
	a, now := &s.Attempt, c.now()
	hinted := time.Time{} // a hint came while we asked
	if a.NextAt.Before(a.LeaseUntil) {
		hinted = a.NextAt
	}
	a.LastError, a.LeaseUntil = string(f.Reason), time.Time{}
	a.Asked++
	a.NextAt = now.Add(c.pause(a.Asked))
	if f.Reason == ReasonMismatch { // a person has to look at it; until then nothing ends
		c.opts.Logger.WarnContext(ctx, "payment: answer does not fit", "order", a.Order, "provider", a.Provider)
	}
	answered := f.Reason == "" || f.Reason == ReasonUnknownTransaction
	var to State
	switch {
	case !a.State.Live():
		if answered {
			a.NextAt = c.late(*a, now)
		} else if now.Sub(a.EndedAt) > giveUp {
			a.NextAt = time.Time{}
		}
	case !answered:
	case f.Snapshot.State == StateAborted:
		to, s.Ended = StateAborted, true
		c.end(a, AttemptAborted, now)
	case f.Snapshot.State == StateFailed:
		to, s.Ended = StateFailed, true
		c.end(a, AttemptFailed, now)
	case !now.Before(a.ExpiresAt):
		to, s.Ended = StateOpen, true
		c.end(a, AttemptExpired, now)
	default:
		to = f.Snapshot.State // empty if the provider does not know it
		if a.NextAt.After(a.ExpiresAt) {
			a.NextAt = a.ExpiresAt
		}
	}
	if !hinted.IsZero() {
		a.NextAt = hinted
	}
	if to == "" || !s.Order.State.Allows(to) {
		return nil // not moved, or paid or withdrawn otherwise
	}
	o, err := c.orders.Apply(ctx, a.Order, Snapshot{State: to, Method: a.Method})
	var step *TransitionError
	if errors.As(err, &step) {
		return nil // the same, just now
	}
	if err != nil {
		return err
	}
	s.Order = o
	return nil
}

// Reconcile asks and settles at once, for callers without side effects of their
// own in the same transaction.
func (c *Checkout) Reconcile(ctx context.Context, id string) (Settlement, error) {
	f, err := c.Ask(ctx, id)
	if err != nil {
		return Settlement{}, err
	}
	return c.Settle(ctx, f)
}
