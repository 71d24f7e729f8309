package federation

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// OpenFunc opens the content of an attachment. The caller closes it.
type OpenFunc func(ctx context.Context, p Part) (io.ReadCloser, error)

// Transport carries deliveries to one kind of back office. It must recognise a
// repetition by d.Key and then return the first receipt: an attempt may have
// succeeded without the outbox learning of it. It must end when ctx ends. Its
// errors are best a [*TransportError]. Implementations are safe for concurrent
// use.
type Transport interface {
	Deliver(ctx context.Context, d Delivery, open func(ctx context.Context, p Part) (io.ReadCloser, error)) (Receipt, error)
}

// Options adjusts an [Outbox]. The zero value takes deliveries but has no
// transport to send them with.
type Options struct {
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// NewID returns an unused delivery id. Default: random, 128 bit.
	NewID func() string
	// Transports finds a transport by the name that Route gives.
	Transports map[string]Transport
	// Route names the transport for a destination. Default: the destination
	// itself if a transport has that name, otherwise what stands before its
	// first colon.
	Route func(destination string) string
	// OpenPart opens attachments. Default: attachments cannot be opened, and
	// deliveries that have some fail.
	OpenPart OpenFunc
	// Backoff lists the pauses after the first, second, ... failed attempt; the
	// last one repeats. There is no jitter. Default: 30 s, 2 min, 10 min,
	// 30 min, 1 h, 2 h, 4 h, 8 h.
	Backoff []time.Duration
	// MaxAttempts is the number of attempts after which a delivery needs a
	// person. Default: 12, which with the default pauses is about two days.
	MaxAttempts int
	// Lease is how long a claimed delivery is left alone. Default: 5 min.
	Lease time.Duration
	// Timeout bounds one attempt. It is at most four fifths of Lease, which is
	// the default, so that an attempt ends before others may begin.
	Timeout time.Duration
	// MaxPayload bounds the payload in bytes. Default: 32 MiB.
	MaxPayload int64
	// Logger receives technical events with ids and codes only. Default:
	// discard.
	Logger *slog.Logger
}

// Outbox holds deliveries and the rules of sending them. It is safe for
// concurrent use, by several processes too, and starts no goroutine.
type Outbox struct {
	store Store
	o     Options
}

// New returns an outbox on a store. It panics if store is nil.
func New(store Store, opts *Options) *Outbox {
	if store == nil {
		panic("federation: nil store")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	o.Transports = maps.Clone(o.Transports)
	o.Backoff = slices.Clone(o.Backoff)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = func() string { return strings.ToLower(rand.Text()) }
	}
	if len(o.Backoff) == 0 {
		o.Backoff = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
			time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = 12
	}
	if o.Lease <= 0 {
		o.Lease = 5 * time.Minute
	}
	if limit := o.Lease / 5 * 4; o.Timeout <= 0 || o.Timeout > limit {
		o.Timeout = limit
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 32 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Outbox{store: store, o: o}
}

// With returns an outbox with the same options on another store, usually one
// inside a transaction.
func (o *Outbox) With(store Store) *Outbox {
	if store == nil {
		panic("federation: nil store")
	}
	return &Outbox{store: store, o: o.o}
}

func (o *Outbox) now() time.Time { return o.o.Now().UTC().Truncate(time.Microsecond) }

// Enqueue takes a delivery for sending as soon as possible; ID, Key,
// Destination, Subject, Reference, Payload and Attachments are the caller's,
// everything else is set here. A missing ID is made. A key that is already
// there gives the delivery stored first, if the content is the same, and
// [ErrExists] otherwise. Errors: [*InvalidError], [ErrExists], those of the
// store.
func (o *Outbox) Enqueue(ctx context.Context, d Delivery) (Delivery, error) {
	if err := d.validate(o.o.MaxPayload); err != nil {
		return Delivery{}, err
	}
	if d.ID == "" {
		d.ID = o.o.NewID()
	}
	now := o.now()
	d.State, d.Attempts, d.Version = StateQueued, 0, 1
	d.CreatedAt, d.NextAt, d.DeliveredAt = now, now, time.Time{}
	d.LastError, d.Receipt = "", Receipt{}
	d = d.Clone()
	err := o.store.Create(ctx, d)
	if errors.Is(err, ErrExists) {
		first, getErr := o.store.ByKey(ctx, d.Key)
		if getErr == nil && first.sameContent(d) {
			return first, nil
		}
		if getErr != nil && !errors.Is(getErr, ErrNotFound) {
			return Delivery{}, getErr
		}
	}
	if err != nil {
		return Delivery{}, err
	}
	return d, nil
}

// Due lists the ids of deliveries to be worked on: queued ones whose time has
// come and claimed ones whose lease has ended. At most limit, 1 to 1000,
// otherwise 100. Give each to [Outbox.Deliver].
func (o *Outbox) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return o.store.Due(ctx, now.UTC(), bounded(limit))
}

func bounded(limit int) int {
	if limit < 1 || limit > 1000 {
		return 100
	}
	return limit
}

// Get returns a delivery, or [ErrNotFound].
func (o *Outbox) Get(ctx context.Context, id string) (Delivery, error) {
	return o.store.Get(ctx, id)
}

// ByReference lists the deliveries of a case, oldest first. Payload.Body is
// left out.
func (o *Outbox) ByReference(ctx context.Context, reference string) ([]Delivery, error) {
	return o.store.ByReference(ctx, reference)
}

// List lists the deliveries in a state, or in any if it is empty, newest
// first. Payload.Body is left out. At most limit, 1 to 1000, otherwise 100.
// The returned cursor continues the list; it is zero at the end.
func (o *Outbox) List(ctx context.Context, state State, after Cursor, limit int) ([]Delivery, Cursor, error) {
	limit = bounded(limit)
	list, err := o.store.List(ctx, state, after, limit)
	if err != nil || len(list) < limit {
		return list, Cursor{}, err
	}
	last := list[len(list)-1]
	return list, Cursor{CreatedAt: last.CreatedAt, ID: last.ID}, nil
}

// Retry queues a failed delivery again, with a fresh number of attempts, or
// brings the next attempt of a queued one forward. It is a person's decision.
// Errors: [ErrNotFound], [*StateError], [ErrConflict].
func (o *Outbox) Retry(ctx context.Context, id string) error {
	d, err := o.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if d.State != StateFailed && d.State != StateQueued {
		return &StateError{From: d.State, To: StateQueued}
	}
	d.State, d.Attempts, d.NextAt = StateQueued, 0, o.now()
	return o.store.Update(ctx, d)
}

// Cancel withdraws a delivery that is queued or failed. One that is being sent
// cannot be withdrawn. Cancelling twice is no error. A delivery whose LastError
// is set was tried before and may have arrived all the same; a person who
// cancels it should ask the recipient. Errors: [ErrNotFound], [*StateError], [ErrConflict].
func (o *Outbox) Cancel(ctx context.Context, id string) error {
	d, err := o.store.Get(ctx, id)
	if err != nil {
		return err
	}
	switch d.State {
	case StateCancelled:
		return nil
	case StateQueued, StateFailed:
	default:
		return &StateError{From: d.State, To: StateCancelled}
	}
	d.State, d.NextAt = StateCancelled, time.Time{}
	return o.store.Update(ctx, d)
}
