package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
)

var errKilled = errors.New("killed")

// fuse kills the process at one of its writes, before or after it.
type fuse struct {
	left  int
	after bool
	dead  bool
}

func (f *fuse) write(do func() error) error {
	if f.dead {
		return errKilled
	}
	f.left--
	if f.left != 0 {
		return do()
	}
	f.dead = true
	if f.after {
		_ = do()
	}
	return errKilled
}

type fusedOrders struct {
	payment.Store
	*fuse
}

func (s fusedOrders) Insert(ctx context.Context, o payment.Order, e payment.Event) error {
	return s.write(func() error { return s.Store.Insert(ctx, o, e) })
}

func (s fusedOrders) Update(ctx context.Context, o payment.Order, expected int64, e payment.Event) error {
	return s.write(func() error { return s.Store.Update(ctx, o, expected, e) })
}

type fusedAttempts struct {
	payment.AttemptStore
	*fuse
}

func (s fusedAttempts) Insert(ctx context.Context, a payment.Attempt) error {
	return s.write(func() error { return s.AttemptStore.Insert(ctx, a) })
}

func (s fusedAttempts) Update(ctx context.Context, a payment.Attempt, expected int64) error {
	return s.write(func() error { return s.AttemptStore.Update(ctx, a, expected) })
}

type fusedBookings struct {
	payment.BookingStore
	*fuse
}

func (s fusedBookings) Insert(ctx context.Context, b payment.Booking) error {
	return s.write(func() error { return s.BookingStore.Insert(ctx, b) })
}

func (s fusedBookings) Assign(ctx context.Context, at time.Time, limit int) (payment.Batch, error) {
	var batch payment.Batch
	err := s.write(func() (err error) {
		batch, err = s.BookingStore.Assign(ctx, at, limit)
		return err
	})
	return batch, err
}

func (s fusedBookings) Seal(ctx context.Context, n int64, f payment.File) error {
	return s.write(func() error { return s.BookingStore.Seal(ctx, n, f) })
}

// TestKilledAtEveryWrite kills the process at every single write of a payment,
// without any transaction around them, and lets another one go on.
func TestKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for _, abort := range []bool{false, true} {
			for n := 1; n <= 40; n++ { // a payment takes about ten writes
				killed(t, n, after, abort)
			}
		}
	}
}

// killed pays an order, is killed at the nth write, goes on, and checks what
// has come of it.
func killed(t *testing.T, n int, after, abort bool) {
	t.Helper()
	f := &fuse{left: n, after: after}
	w := newWorld()
	orders, attempts, bookings := payment.NewMemStore(), payment.NewMemAttemptStore(), payment.NewMemBookingStore()
	w.orders = w.orders.With(fusedOrders{orders, f})
	w.checkout = w.checkout.With(fusedOrders{orders, f}, fusedAttempts{attempts, f})
	w.ledger = w.ledger.With(fusedBookings{bookings, f})
	name := fmt.Sprintf("write %d, after %v, abort %v", n, after, abort)
	aborted := !abort
	for range 60 {
		err := w.visit(t, &aborted)
		if f.dead {
			f.dead, f.left = false, 0 // the next process comes up
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.clock.Add(2 * time.Minute)
	}
	o, err := w.orders.Order(t.Context(), "o1")
	if err != nil || o.State != payment.StatePaid {
		t.Fatalf("%s: order %s, %v", name, o.State, err)
	}
	as, err := w.checkout.Attempts(t.Context(), "o1")
	if err != nil {
		t.Fatal(err)
	}
	paid := 0
	for _, a := range as {
		if a.State == payment.AttemptPaid {
			paid++
		}
		if a.State == payment.AttemptSurplus || a.State.Live() {
			t.Errorf("%s: an attempt is %s", name, a.State)
		}
	}
	waiting, _, err := w.ledger.Unbatched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batches, err := w.ledger.Batches(t.Context(), 0, 0)
	if err != nil || paid != 1 || waiting != 0 || len(batches) != 1 || batches[0].Count != 1 {
		t.Errorf("%s: %d attempts paid, %d bookings wait, batches %+v, %v", name, paid, waiting, batches, err)
	}
	if file, err := w.ledger.File(t.Context(), 1); err != nil || len(file.Content) == 0 {
		t.Errorf("%s: no file: %v", name, err)
	}
}

// visit is what payer, callback and jobs do, as far as the process lives.
func (w *world) visit(t *testing.T, aborted *bool) error {
	ctx := t.Context()
	o := fee()
	if _, err := w.orders.Open(ctx, o); err != nil {
		return err
	}
	a, err := w.checkout.Begin(ctx, o.ID)
	if err != nil && !errors.Is(err, payment.ErrNotPayable) && reasonOf(err) == "" {
		return err
	}
	if err == nil {
		if *aborted {
			w.till.set(a, payment.StatePaid)
		} else {
			w.till.set(a, payment.StateAborted)
		}
		*aborted = true
		if _, err := w.checkout.Take(ctx, payment.Hint{Attempt: a.ID}); err != nil {
			return err
		}
	}
	ids, err := w.checkout.Due(ctx, w.clock.Now(), 0)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := w.checkout.Reconcile(ctx, id); err != nil {
			return err
		}
	}
	as, err := w.checkout.Attempts(ctx, o.ID)
	if err != nil {
		return err
	}
	for _, a := range as {
		if a.State == payment.AttemptPaid {
			if o, err = w.orders.Order(ctx, o.ID); err != nil {
				return err
			}
			if _, _, err := w.ledger.Record(ctx, o, a); err != nil {
				return err
			}
		}
	}
	_, _, err = w.ledger.Close(ctx)
	return err
}
