package paymentsql_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/uptrace/bun"
)

// till is a payment service that knows what was started and what was paid.
type till struct {
	mu   sync.Mutex
	paid map[string]bool
}

func (p *till) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, used := p.paid[a.TxID]; used {
		return payment.Started{}, &payment.ProviderError{Reason: payment.ReasonRefused}
	}
	p.paid[a.TxID] = false
	return payment.Started{PayURL: "https://pay.example/" + a.TxID, ProviderRef: a.TxID}, nil
}

func (p *till) LookUp(_ context.Context, a payment.Attempt) (payment.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch paid, known := p.paid[a.TxID]; {
	case !known:
		return payment.Snapshot{}, &payment.ProviderError{Reason: payment.ReasonUnknownTransaction}
	case paid:
		return payment.Snapshot{State: payment.StatePaid, Amount: a.Amount, Method: "creditcard"}, nil
	}
	return payment.Snapshot{State: payment.StateChecking}, nil
}

func (p *till) Callback(*http.Request) (payment.Hint, error) { return payment.Hint{}, nil }

func (p *till) pay(a payment.Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paid[a.TxID] = true
}

// instance is one process of an application on a shared database.
type instance struct {
	db       *bun.DB
	orders   *payment.Service
	checkout *payment.Checkout
	ledger   *payment.Ledger
	paid     *atomic.Int64
}

var errCrash = errors.New("crash")

// settle asks outside and settles and books inside of a transaction, which may
// be lost.
func (i *instance) settle(ctx context.Context, id string, crash bool) error {
	f, err := i.checkout.Ask(ctx, id)
	if err != nil {
		return err
	}
	paid := false
	err = i.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		s, err := i.checkout.With(paymentsql.New(tx), paymentsql.NewAttemptStore(tx)).Settle(ctx, f)
		if err != nil {
			return err
		}
		if paid = s.Paid; paid {
			if _, first, err := i.ledger.With(paymentsql.NewBookingStore(tx)).Record(ctx, s.Order, s.Attempt); err != nil || !first {
				return fmt.Errorf("booked before: %v, %w", !first, err)
			}
		}
		if crash {
			return errCrash
		}
		return nil
	})
	if err == nil && paid {
		i.paid.Add(1)
	}
	if errors.Is(err, errCrash) || errors.Is(err, payment.ErrConflict) {
		return nil // it is due again
	}
	return err
}

func (i *instance) close(ctx context.Context) error {
	err := i.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, _, err := i.ledger.With(paymentsql.NewBookingStore(tx)).Close(ctx)
		return err
	})
	if errors.Is(err, payment.ErrConflict) {
		return nil
	}
	return err
}

// Several instances begin, settle, crash and hand over at once. In the end
// every order is paid once, booked once and in one file.
func TestCheckoutOfManyInstances(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			ctx := t.Context()
			service := &till{paid: map[string]bool{}}
			var offset atomic.Int64
			now := func() time.Time { return time.Unix(1_772_000_000, offset.Load()) }
			var told atomic.Int64
			newInstance := func() *instance {
				orders := payment.New(paymentsql.New(db), &payment.Options{Now: now})
				return &instance{db: db, orders: orders, paid: &told,
					checkout: payment.NewCheckout(orders, paymentsql.NewAttemptStore(db), &payment.CheckoutOptions{
						Now: now, Providers: map[string]payment.Provider{"till": service}}),
					ledger: payment.NewLedger(paymentsql.NewBookingStore(db), &payment.LedgerOptions{Now: now, BatchSize: 3}),
				}
			}
			const orders = 8
			first := newInstance()
			for n := range orders {
				_, err := first.orders.Open(ctx, payment.Order{ID: payment.OrderID(fmt.Sprint("o", n)), Items: []payment.Item{
					{ID: "1", Amount: payment.EUR(1500), Quantity: 1, Account: "a"}, {ID: "2", Amount: payment.EUR(200), Quantity: 1, Account: "b"}}})
				if err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() { work(t, newInstance(), service, &offset, orders) })
			}
			wg.Wait()
			for range 10 { // what crashed falls due when its lease is over
				offset.Add(int64(10 * time.Minute))
				ids, err := first.checkout.Due(ctx, now(), 0)
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					if err := first.settle(ctx, id, false); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range orders {
				if err := first.close(ctx); err != nil {
					t.Fatal(err)
				}
			}
			checkBooks(t, first, orders)
		})
	}
}

func work(t *testing.T, i *instance, service *till, offset *atomic.Int64, orders int) {
	ctx := t.Context()
	for n := range orders {
		a, err := i.checkout.Begin(ctx, payment.OrderID(fmt.Sprint("o", n)))
		var failed *payment.ProviderError
		if err != nil && !errors.Is(err, payment.ErrNotPayable) && !errors.As(err, &failed) && !errors.Is(err, payment.ErrConflict) {
			t.Errorf("Begin: %v", err)
		}
		if err == nil {
			service.pay(a)
			if _, err := i.checkout.Take(ctx, payment.Hint{Attempt: a.ID}); err != nil {
				t.Errorf("Take: %v", err)
			}
		}
		offset.Add(int64(time.Second))
		ids, err := i.checkout.Due(ctx, time.Unix(1_772_000_000, offset.Load()), 0)
		if err != nil {
			t.Errorf("Due: %v", err)
		}
		for _, id := range ids {
			if err := i.settle(ctx, id, rand.IntN(3) == 0); err != nil {
				t.Errorf("settle: %v", err)
			}
		}
		if err := i.close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func checkBooks(t *testing.T, i *instance, orders int) {
	t.Helper()
	ctx := t.Context()
	for n := range orders {
		o, err := i.orders.Order(ctx, payment.OrderID(fmt.Sprint("o", n)))
		if err != nil || o.State != payment.StatePaid {
			t.Errorf("order %d is %s, %v", n, o.State, err)
		}
	}
	batches, err := i.ledger.Batches(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	booked, sum := 0, int64(0)
	for k, b := range batches {
		if b.Number != int64(len(batches)-k) {
			t.Errorf("batch %d of %d: a gap", b.Number, len(batches))
		}
		booked, sum = booked+b.Count, sum+b.Sum.Minor
	}
	surplus, _, err := i.checkout.List(ctx, payment.AttemptSurplus, payment.AttemptCursor{}, 0)
	if err != nil || len(surplus) != 0 {
		t.Errorf("%d surplus, %v", len(surplus), err)
	}
	if booked != orders || sum != int64(orders)*1700 || i.paid.Load() != int64(orders) {
		t.Errorf("%d booked, %d cents, %d told, want %d of each", booked, sum, i.paid.Load(), orders)
	}
}
