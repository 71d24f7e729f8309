package payment

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// saving bounds a write that must happen although the caller has gone.
const saving = 5 * time.Second

// Begin gives the payer a page to pay an order. It writes down what is
// intended, asks the provider, and writes down the answer; so it must not be
// called inside a transaction.
//
// An order has never two live attempts. For one that is there already the
// provider is asked first: if it still waits for the payer, the same page is
// returned; if its page was never learned, it is started again under the same
// TxID if the provider does not know it, and otherwise ended; if it has ended
// without money, a new one is begun.
//
// ErrNotPayable: the order is paid, refunded or cancelled; or, with the
// attempt, the provider says that it is paid and Settle has to be called, for
// which the attempt is due at once. [*ProviderError]: nothing is lost, Begin may
// be called again; ReasonBusy says that another call is at it. Other errors:
// ErrNotFound, *InvalidError, those of Route and of the stores.
func (c *Checkout) Begin(ctx context.Context, id OrderID) (Attempt, error) {
	for range tries {
		// Attempts first: one that has just paid is not live any more, and the
		// order that is read after it is paid.
		as, err := c.Attempts(ctx, id)
		if err != nil {
			return Attempt{}, err
		}
		o, err := c.orders.Order(ctx, id)
		if err != nil {
			return Attempt{}, err
		}
		if !o.State.Allows(StatePaid) {
			return Attempt{}, ErrNotPayable
		}
		var a Attempt
		for _, other := range as {
			if other.State.Live() {
				a = other
			}
		}
		again := false
		if a.ID == "" {
			a, again, err = c.first(ctx, o)
		} else {
			a, again, err = c.resume(ctx, a)
		}
		if again {
			continue
		}
		if err != nil {
			return a, err
		}
		// The provider may have taken its time: a payer must not be sent to a
		// page for what was withdrawn, or paid, meanwhile.
		if o, err = c.orders.Order(ctx, id); err != nil {
			return Attempt{}, err
		}
		if !o.State.Allows(StatePaid) {
			return Attempt{}, ErrNotPayable
		}
		return a, nil
	}
	return Attempt{}, &ProviderError{Reason: ReasonBusy, Temporary: true}
}

// first begins a new attempt. It is to be tried again when somebody else was
// faster.
func (c *Checkout) first(ctx context.Context, o Order) (a Attempt, again bool, err error) {
	a, err = c.intend(o)
	if err != nil {
		return Attempt{}, false, err
	}
	if o.State == StateAborted || o.State == StateFailed {
		var step *TransitionError
		_, err = c.orders.Apply(ctx, o.ID, Snapshot{State: StateOpen})
		if errors.As(err, &step) || errors.Is(err, ErrConflict) {
			return Attempt{}, true, nil
		}
		if err != nil {
			return Attempt{}, false, err
		}
	}
	err = c.attempts.Insert(ctx, a)
	if errors.Is(err, ErrExists) {
		return Attempt{}, true, nil
	}
	if err != nil {
		return Attempt{}, false, fmt.Errorf("%w (attempt of %s)", err, o.ID)
	}
	// Late money or a withdrawal may have come just before the insert.
	if o, err = c.orders.Order(ctx, o.ID); err != nil {
		return Attempt{}, false, err
	}
	if !o.State.Allows(StatePaid) {
		_, err = c.edit(ctx, a.ID, func(a *Attempt, now time.Time) bool {
			a.State, a.EndedAt, a.LeaseUntil, a.NextAt = AttemptExpired, now, time.Time{}, time.Time{}
			return true
		})
		return Attempt{}, true, err
	}
	a, err = c.start(ctx, a)
	return a, false, err
}

// intend makes the attempt that is written before the provider is asked. It is
// claimed from the beginning.
func (c *Checkout) intend(o Order) (Attempt, error) {
	now := c.now()
	a := Attempt{
		ID: AttemptID(c.opts.NewID()), Order: o.ID, TxID: c.opts.NewID(), Amount: o.Total, Text: c.opts.Text(o),
		State: AttemptCreated, CreatedAt: now, ExpiresAt: now.Add(c.opts.Life), LeaseUntil: now.Add(c.opts.Lease), Version: 1,
	}
	a.NextAt = a.LeaseUntil
	var err error
	if a.Provider, a.Procedure, err = c.opts.Route(o); err != nil {
		return Attempt{}, fmt.Errorf("payment: no way to pay %s: %w", o.ID, err)
	}
	p, ok := c.opts.Providers[a.Provider]
	if !ok {
		return Attempt{}, &ProviderError{Reason: ReasonNoProvider}
	}
	if t, ok := p.(interface{ Tenant() string }); ok {
		a.Tenant = t.Tenant()
	}
	if c.opts.Record != nil {
		a.Record = c.opts.Record(o)
	}
	if c.opts.URLs != nil {
		a.NotifyURL, a.ReturnURL = c.opts.URLs(a.ID)
	}
	return a, checkAttempt(a)
}

// Limits of an attempt's fields in bytes.
const (
	maxURL    = 2000
	maxRecord = 1000
)

func checkAttempt(a Attempt) error {
	for _, f := range []struct {
		name, value string
		limit       int
		required    bool
	}{
		{"attempt.id", string(a.ID), maxID, true}, {"attempt.txid", a.TxID, maxID, true},
		{"attempt.provider", a.Provider, maxID, true}, {"attempt.tenant", a.Tenant, maxID, false},
		{"attempt.procedure", a.Procedure, maxID, false}, {"attempt.text", a.Text, maxText, true},
		{"attempt.record", a.Record, maxRecord, false}, {"attempt.notify_url", a.NotifyURL, maxURL, false},
		{"attempt.return_url", a.ReturnURL, maxURL, false},
	} {
		if f.required && f.value == "" {
			return &InvalidError{Field: f.name, Rule: RuleRequired}
		}
		if err := checkLine(f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	return nil
}

// start asks the provider for the page of an attempt that is claimed. The
// answer is kept even if the caller has gone meanwhile.
func (c *Checkout) start(ctx context.Context, a Attempt) (Attempt, error) {
	started, failed := c.callStart(ctx, a)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saving)
	defer cancel()
	lease := a.LeaseUntil
	a, err := c.edit(ctx, a.ID, func(a *Attempt, now time.Time) bool {
		if !a.State.Live() || !a.LeaseUntil.Equal(lease) {
			return false // it took too long, and somebody else has it
		}
		hinted := a.NextAt.Before(lease)
		a.LeaseUntil = time.Time{}
		if failed != nil {
			a.LastError = string(failed.Reason)
			if !failed.Temporary {
				c.end(a, AttemptFailed, now)
				return true
			}
		} else {
			a.State, a.PayURL, a.ProviderRef, a.LastError = AttemptStarted, started.PayURL, started.ProviderRef, ""
		}
		if !hinted {
			a.NextAt = now.Add(c.pause(a.Asked))
		}
		return true
	})
	switch {
	case err != nil:
		return Attempt{}, err
	case failed != nil:
		c.opts.Logger.WarnContext(ctx, "payment: attempt not started", "order", a.Order, "reason", failed.Reason)
		return a, failed
	case a.State != AttemptStarted:
		return a, &ProviderError{Reason: ReasonBusy, Temporary: true}
	}
	return a, nil
}

func (c *Checkout) callStart(ctx context.Context, a Attempt) (Started, *ProviderError) {
	p, ok := c.opts.Providers[a.Provider]
	if !ok {
		return Started{}, &ProviderError{Reason: ReasonNoProvider}
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	started, err := p.Start(ctx, a)
	if err != nil {
		return Started{}, providerError(err)
	}
	u, err := url.Parse(started.PayURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") ||
		checkLine("pay_url", started.PayURL, maxURL) != nil || checkLine("provider_ref", started.ProviderRef, maxID) != nil {
		return Started{}, &ProviderError{Reason: ReasonNotAnswer, Temporary: true}
	}
	return started, nil
}

// providerError makes any error of a provider one that can be kept.
func providerError(err error) *ProviderError {
	var e *ProviderError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &ProviderError{Reason: ReasonTimeout, Temporary: true}
	}
	return &ProviderError{Reason: ReasonUnreachable, Temporary: true}
}

// resume goes on with a live attempt after asking what has become of it. It is
// to be tried again when the attempt turned out to be over.
func (c *Checkout) resume(ctx context.Context, live Attempt) (a Attempt, again bool, err error) {
	a, held, err := c.claim(ctx, live.ID)
	if err != nil {
		return Attempt{}, false, err
	}
	if !held {
		switch {
		case !a.State.Live():
			return Attempt{}, true, nil
		case a.PayURL != "":
			return a, false, nil
		}
		return a, false, &ProviderError{Reason: ReasonBusy, Temporary: true}
	}
	f, failed := c.lookUp(ctx, a)
	if f.Reason == ReasonUnknownTransaction && a.PayURL == "" && c.now().Before(a.ExpiresAt) {
		a, err = c.start(ctx, a)
		return a, false, err
	}
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saving)
	defer cancel()
	waits := f.Reason == "" && (f.Snapshot.State == StateOpen || f.Snapshot.State == StateChecking)
	switch {
	case f.Reason == "" && f.Snapshot.State == StatePaid:
		// What follows from money belongs to the transaction around Settle.
		a, err = c.edit(save, a.ID, func(a *Attempt, now time.Time) bool {
			if a.State.settled() || !a.LeaseUntil.Equal(f.lease) {
				return false
			}
			a.LeaseUntil, a.NextAt = time.Time{}, now
			return true
		})
		if err == nil {
			err = ErrNotPayable
		}
		return a, false, err
	case f.Reason == ReasonUnknownTransaction, waits && a.PayURL == "":
		// Nobody can pay there: the page was never learned, or is gone.
		_, err = c.edit(save, a.ID, func(a *Attempt, now time.Time) bool {
			if !a.State.Live() || !a.LeaseUntil.Equal(f.lease) {
				return false
			}
			a.Asked++
			a.LastError = string(f.Reason)
			c.end(a, AttemptExpired, now)
			return true
		})
		return Attempt{}, true, err
	}
	s, err := c.Settle(save, f)
	switch {
	case err != nil:
		return Attempt{}, false, err
	case !s.Attempt.State.Live():
		return Attempt{}, true, nil
	case s.Attempt.PayURL != "":
		return s.Attempt, false, nil // the same page, even if its status cannot be read now
	case failed != nil:
		return s.Attempt, false, failed
	}
	return s.Attempt, false, &ProviderError{Reason: ReasonBusy, Temporary: true}
}
