package payment

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Options are the settings of a Service. The zero value, and nil, are safe.
type Options struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes ids for orders opened without one; default crypto/rand.Text.
	NewID func() string
	// Logger takes notes about snapshots that were refused; default: none. It
	// sees ids, states and amounts, never a payer.
	Logger *slog.Logger
}

// Service holds the rules of orders over a Store. It is safe for concurrent use
// and starts no goroutine. It does not ask who may do what: the caller does.
type Service struct {
	store Store
	opts  Options
}

// tries is how often a write is repeated after ErrConflict.
const tries = 10

// New returns a Service on a store. It panics when store is nil.
func New(store Store, opts *Options) *Service {
	if store == nil {
		panic("payment: nil store")
	}
	s := &Service{store: store}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.NewID == nil {
		s.opts.NewID = rand.Text
	}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return s
}

// With returns a Service with the same settings on another store, for example
// on one that is bound to a transaction of the caller.
func (s *Service) With(store Store) *Service {
	if store == nil {
		panic("payment: nil store")
	}
	c := *s
	c.store = store
	return &c
}

func (s *Service) now() time.Time { return s.opts.Now().UTC().Truncate(time.Microsecond) }

// microsUTC is how times are kept; the zero time stays what it is.
func microsUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Open records something to be paid. Of o the fields ID (made up when empty),
// Reference, Payer, Items, Total and Ref are used. The total must be the sum of
// the items, or zero to have it worked out, and more than nothing.
//
// Opening the same order again returns what is stored. ErrExists: the id is
// used by an order with other contents. Other errors: *InvalidError,
// *MismatchError, ErrCurrency, ErrOverflow.
func (s *Service) Open(ctx context.Context, o Order) (Order, error) {
	now := s.now()
	o = Order{
		ID: o.ID, Reference: o.Reference, Payer: o.Payer, Items: slices.Clone(o.Items), Total: o.Total,
		Ref: o.Ref, State: StateOpen, CreatedAt: now, Version: 1,
	}
	if o.ID == "" {
		o.ID = OrderID(s.opts.NewID())
	}
	if err := checkOrder(o); err != nil {
		return Order{}, err
	}
	sum, err := Sum(o.Items)
	if err != nil {
		return Order{}, err
	}
	if o.Total.IsZero() {
		o.Total = sum
	}
	if o.Total != sum {
		return Order{}, &MismatchError{Order: o.ID, Want: sum, Got: o.Total}
	}
	if sum.Minor == 0 {
		return Order{}, &InvalidError{Field: "total", Rule: RuleRange}
	}
	err = s.store.Insert(ctx, o, Event{Seq: 1, Order: o.ID, Type: EventOpened, To: StateOpen, Amount: o.Total, At: now})
	if errors.Is(err, ErrExists) {
		return s.again(ctx, o)
	}
	if err != nil {
		return Order{}, fmt.Errorf("%w (open)", err)
	}
	return o, nil
}

// again answers a repeated Open.
func (s *Service) again(ctx context.Context, o Order) (Order, error) {
	stored, err := s.Order(ctx, o.ID)
	if err != nil {
		return Order{}, err
	}
	if stored.Reference != o.Reference || stored.Payer != o.Payer || stored.Ref != o.Ref ||
		stored.Total != o.Total || !slices.Equal(stored.Items, o.Items) {
		return Order{}, fmt.Errorf("%w (open)", ErrExists)
	}
	return stored, nil
}

// Order returns one order, or ErrNotFound.
func (s *Service) Order(ctx context.Context, id OrderID) (Order, error) {
	if checkLine("id", string(id), maxID) != nil {
		return Order{}, ErrNotFound
	}
	o, err := s.store.Order(ctx, id)
	if err != nil {
		return Order{}, fmt.Errorf("%w (order %s)", err, id)
	}
	return o, nil
}

// ByReference returns the orders of one case, oldest first; none is no error.
func (s *Service) ByReference(ctx context.Context, reference string) ([]Order, error) {
	if err := checkLine("reference", reference, maxID); err != nil {
		return nil, err
	}
	os, err := s.store.ByReference(ctx, reference)
	if err != nil {
		return nil, fmt.Errorf("%w (by reference)", err)
	}
	return os, nil
}

// Events returns the record of an order from its beginning.
func (s *Service) Events(ctx context.Context, id OrderID) ([]Event, error) {
	if checkLine("id", string(id), maxID) != nil {
		return nil, nil
	}
	es, err := s.store.Events(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w (events of %s)", err, id)
	}
	return es, nil
}

// Apply moves an order to what a provider has proved. A snapshot that says what
// is known already changes nothing and returns the order as it is.
//
// *MismatchError: the amount or the currency is not that of the order.
// *TransitionError: the order cannot go there; in particular money arrived for
// a cancelled or refunded order, or a second time. In both cases nothing is
// changed and a person has to look at it. ErrConflict: others wrote again and
// again meanwhile; repeat the call.
func (s *Service) Apply(ctx context.Context, id OrderID, snap Snapshot) (Order, error) {
	if err := checkSnapshot(snap); err != nil {
		return Order{}, err
	}
	o, err := s.change(ctx, id, func(o *Order, now time.Time) (*Event, error) {
		if !snap.Amount.IsZero() && snap.Amount != o.Total {
			return nil, &MismatchError{Order: id, Want: o.Total, Got: snap.Amount}
		}
		if snap.State == o.State {
			if o.State == StatePaid && snap.ProviderRef != "" && o.ProviderRef != "" && snap.ProviderRef != o.ProviderRef {
				return nil, &TransitionError{Order: id, From: o.State, To: snap.State, Reason: TransitionSecondPayment}
			}
			return nil, nil
		}
		if !o.State.Allows(snap.State) {
			return nil, &TransitionError{Order: id, From: o.State, To: snap.State, Reason: TransitionIllegal}
		}
		e := &Event{Type: EventMoved, From: o.State, To: snap.State, Amount: snap.Amount, Method: snap.Method, ProviderRef: snap.ProviderRef}
		o.State = snap.State
		if snap.State == StatePaid {
			o.PaidAt, o.Method, o.ProviderRef = now, snap.Method, snap.ProviderRef
			if !snap.At.IsZero() {
				o.PaidAt = microsUTC(snap.At)
			}
		}
		return e, nil
	})
	var mismatch *MismatchError
	var transition *TransitionError
	if errors.As(err, &mismatch) || errors.As(err, &transition) {
		s.opts.Logger.WarnContext(ctx, "payment: snapshot refused", "order", id, "to", snap.State, "err", err)
	}
	return o, err
}

// Cancel withdraws an order that waits for a payer (open, aborted or failed); by
// is an id and reason a code, both for the record. Cancelling again changes
// nothing. Any other state is a *TransitionError: ask the provider first, then
// Apply what it says.
func (s *Service) Cancel(ctx context.Context, id OrderID, by, reason string) (Order, error) {
	if err := checkLine("by", by, maxID); err != nil {
		return Order{}, err
	}
	if err := checkLine("reason", reason, maxID); err != nil {
		return Order{}, err
	}
	return s.change(ctx, id, func(o *Order, _ time.Time) (*Event, error) {
		switch o.State {
		case StateCancelled:
			return nil, nil
		case StateOpen, StateAborted, StateFailed:
			from := o.State
			o.State = StateCancelled
			return &Event{Type: EventCancelled, From: from, To: StateCancelled, Amount: o.Total, By: by, Reason: reason}, nil
		}
		return nil, &TransitionError{Order: id, From: o.State, To: StateCancelled, Reason: TransitionIllegal}
	})
}

// change loads an order, lets edit change it and writes both order and event.
// When somebody else wrote meanwhile it begins again with what is there now.
func (s *Service) change(ctx context.Context, id OrderID, edit func(*Order, time.Time) (*Event, error)) (Order, error) {
	for range tries {
		o, err := s.Order(ctx, id)
		if err != nil {
			return Order{}, err
		}
		now := s.now()
		e, err := edit(&o, now)
		if err != nil {
			return Order{}, err
		}
		if e == nil {
			return o, nil
		}
		expected := o.Version
		o.Version++
		e.Seq, e.Order, e.At = o.Version, o.ID, now
		err = s.store.Update(ctx, o, expected, *e)
		if err == nil {
			return o, nil
		}
		if !errors.Is(err, ErrConflict) {
			return Order{}, fmt.Errorf("%w (order %s)", err, id)
		}
	}
	return Order{}, fmt.Errorf("%w (order %s)", ErrConflict, id)
}
