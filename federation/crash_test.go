package federation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/federation"
)

// die ends a worker in the middle of an attempt, as a crash of the process
// would: nothing is noted after the claim.
func die(t *testing.T, o *federation.Outbox, id string) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("the worker survived")
		}
	}()
	_ = o.Deliver(context.Background(), id)
}

var crash = func(context.Context, int) error { panic("crash") }

// A worker claims and dies; when its lease has ended, and not before, somebody
// else delivers.
func TestCrashAfterClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := federation.NewMemStore()
		doomed := federation.New(store, options(&backOffice{before: crash}))
		office := &backOffice{}
		other := federation.New(store, options(office))
		id := enqueue(t, doomed, letter("k")).ID
		die(t, doomed, id)
		time.Sleep(10*time.Minute - time.Microsecond)
		if due, err := other.Due(t.Context(), time.Now(), 1); err != nil || len(due) != 0 {
			t.Errorf("due during the lease: %v, %v", due, err)
		}
		if d := deliver(t, other, id); d.State != federation.StateSending || office.calls != 0 {
			t.Errorf("during the lease: %+v, %d calls", d, office.calls)
		}
		time.Sleep(time.Microsecond)
		if due, err := other.Due(t.Context(), time.Now(), 1); err != nil || len(due) != 1 {
			t.Errorf("due after the lease: %v, %v", due, err)
		}
		if d := deliver(t, other, id); d.State != federation.StateDelivered || d.Attempts != 2 {
			t.Errorf("after the lease: %+v", d)
		}
	})
}

// The recipient has it, but the worker dies before it can note that: the
// repetition is recognised, and it arrived once.
func TestCrashAfterArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{after: func(_ context.Context, call int) error {
			if call == 1 {
				panic("crash")
			}
			return nil
		}}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		die(t, o, id)
		time.Sleep(10 * time.Minute)
		d := deliver(t, o, id)
		if d.State != federation.StateDelivered || d.Receipt.ID != "receipt-k" || office.calls != 2 || office.arrived["k"] != 1 {
			t.Errorf("%+v after %d calls, arrived %v", d, office.calls, office.arrived)
		}
	})
}

// A delivery that kills its workers does not do so for ever.
func TestCrashAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{before: crash}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		for range 4 {
			die(t, o, id)
			time.Sleep(10 * time.Minute)
		}
		d := deliver(t, o, id)
		if d.State != federation.StateFailed || d.LastError != "interrupted" || office.calls != 4 {
			t.Errorf("%+v after %d calls", d, office.calls)
		}
	})
}

// failingStore fails to note outcomes, as a database does that goes away.
type failingStore struct {
	*federation.MemStore
	fail bool
}

var errDown = errors.New("database is down")

func (s *failingStore) Update(ctx context.Context, d federation.Delivery) error {
	if s.fail && d.State != federation.StateSending {
		return errDown
	}
	return s.MemStore.Update(ctx, d)
}

func TestAcknowledgementLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{}
		store := &failingStore{MemStore: federation.NewMemStore(), fail: true}
		o := federation.New(store, options(office))
		id := enqueue(t, o, letter("k")).ID
		if err := o.Deliver(t.Context(), id); !errors.Is(err, errDown) {
			t.Fatalf("Deliver = %v", err)
		}
		store.fail = false
		time.Sleep(10 * time.Minute)
		if d := deliver(t, o, id); d.State != federation.StateDelivered || office.calls != 2 || office.arrived["k"] != 1 {
			t.Errorf("%+v after %d calls, arrived %v", d, office.calls, office.arrived)
		}
	})
}

// A recipient that never answers costs the time of one attempt, less than the
// lease.
func TestSlowTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{before: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		start := time.Now()
		d := deliver(t, o, id)
		if took := time.Since(start); took != 8*time.Minute || d.State != federation.StateQueued || d.LastError != "timeout" {
			t.Errorf("%+v after %v", d, took)
		}
	})
}

// A transport that ignores its context outlives its lease; what the second
// worker noted stays.
func TestLateWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{before: func(_ context.Context, call int) error {
			if call == 1 {
				time.Sleep(time.Hour)
				return errors.New("too late")
			}
			return nil
		}}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := o.Deliver(context.Background(), id); err != nil {
				t.Errorf("late worker: %v", err)
			}
		})
		time.Sleep(10 * time.Minute)
		first := deliver(t, o, id)
		wg.Wait()
		last, err := o.Get(t.Context(), id)
		if err != nil || first.State != federation.StateDelivered || last.Version != first.Version {
			t.Errorf("%+v, then %+v, %v", first, last, err)
		}
	})
}

// Of many workers woken for the same row one makes the attempt.
func TestConcurrentWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{before: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if err := o.Deliver(context.Background(), id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d := deliver(t, o, id); d.State != federation.StateDelivered || office.calls != 1 {
			t.Errorf("%+v after %d calls", d, office.calls)
		}
	})
}

// Stopping the process puts the delivery back at once and costs no attempt,
// even the last one.
func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		office := &backOffice{before: func(ctx context.Context, call int) error {
			if call == 1 {
				cancel()
			}
			return ctx.Err()
		}}
		opts := options(office)
		opts.MaxAttempts = 1
		o := federation.New(federation.NewMemStore(), opts)
		id := enqueue(t, o, letter("k")).ID
		if err := o.Deliver(ctx, id); err != nil {
			t.Fatal(err)
		}
		d, err := o.Get(t.Context(), id)
		if err != nil || d.State != federation.StateQueued || d.Attempts != 0 || d.LastError != "interrupted" || !d.NextAt.Equal(time.Now()) {
			t.Errorf("%+v, %v", d, err)
		}
		if d := deliver(t, o, id); d.State != federation.StateDelivered {
			t.Errorf("%+v", d)
		}
	})
}

// Whatever happens in whatever order, a delivery noted as delivered arrived, it
// arrived once, and nothing is forgotten: in the end each one is delivered,
// cancelled, or failed.
func TestPropertyNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
		calm := false
		trouble := func(context.Context, int) error {
			if calm {
				return nil
			}
			switch rapid.IntRange(0, 4).Draw(t, "trouble") {
			case 0:
				return errors.New("temporary")
			case 1:
				return &federation.TransportError{Reason: federation.ReasonRejected, Permanent: true}
			case 2:
				panic("crash")
			}
			return nil
		}
		office := &backOffice{before: trouble, after: trouble}
		opts := options(office)
		opts.Now = func() time.Time { return now }
		o := federation.New(federation.NewMemStore(), opts)
		ctx := context.Background()
		attempt := func(id string) {
			defer func() {
				// Only the crash is ours; rapid's own panics go on.
				if r := recover(); r != nil && r != "crash" {
					panic(r)
				}
			}()
			if err := o.Deliver(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			d := letter(fmt.Sprint("k", rapid.IntRange(0, 2).Draw(t, "key")))
			d.ID = "id-" + d.Key
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				if _, err := o.Enqueue(ctx, d); err != nil {
					t.Fatal(err)
				}
			case 1, 2:
				if _, err := o.Get(ctx, d.ID); err == nil {
					attempt(d.ID)
				}
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "minutes")) * time.Minute)
			case 4:
				_ = o.Retry(ctx, d.ID)
			case 5:
				_ = o.Cancel(ctx, d.ID)
			}
		}
		calm = true
		for range 10 {
			now = now.Add(10 * time.Minute)
			ids, err := o.Due(ctx, now, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				attempt(id)
			}
		}
		list, _, err := o.List(ctx, "", federation.Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			switch d.State {
			case federation.StateDelivered:
				if office.arrived[d.Key] == 0 || d.Receipt.ID != "receipt-"+d.Key {
					t.Fatalf("delivered but not arrived: %+v", d)
				}
			case federation.StateFailed, federation.StateCancelled:
			default:
				t.Fatalf("forgotten: %+v", d)
			}
		}
	})
}
