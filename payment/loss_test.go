package payment_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
	"pgregory.net/rapid"
)

// book is what an embedder does with each settlement.
func (w *world) book(t interface {
	Errorf(string, ...any)
	Context() context.Context
}, s payment.Settlement) {
	if s.Attempt.State != payment.AttemptPaid {
		return
	}
	if _, _, err := w.ledger.Record(t.Context(), s.Order, s.Attempt); err != nil {
		t.Errorf("Record: %v", err)
	}
}

// TestPropertyPaidOnceBookedOnce lets hints, look-ups, crashes between asking
// and settling, expiry, withdrawals, an unreliable provider and payers come in
// any order. In the end every payment at the provider is known, as the one that
// paid its order or as surplus, and every paid order is booked once.
func TestPropertyPaidOnceBookedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{world: newWorld(), paid: map[payment.OrderID]int{}}
		for _, id := range []payment.OrderID{"o1", "o2"} {
			o := fee()
			o.ID = id
			if _, err := m.orders.Open(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "payer": m.payer, "hint": m.hint, "ask": m.ask, "settle": m.settle, "sweep": m.sweepAll,
			"wait":    func(t *rapid.T) { m.clock.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second) },
			"weather": m.weather, "withdraw": m.withdraw, "": m.check,
		})
		m.finish(t)
	})
}

type machine struct {
	*world
	findings []payment.Finding
	paid     map[payment.OrderID]int
}

func (m *machine) attempts(t *rapid.T) []payment.Attempt {
	as, _, err := m.checkout.List(t.Context(), "", payment.AttemptCursor{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return as
}

func (m *machine) any(t *rapid.T) payment.Attempt {
	as := m.attempts(t)
	if len(as) == 0 {
		t.Skip("no attempt")
	}
	return rapid.SampledFrom(as).Draw(t, "attempt")
}

func (m *machine) begin(t *rapid.T) {
	id := rapid.SampledFrom([]payment.OrderID{"o1", "o2"}).Draw(t, "order")
	_, err := m.checkout.Begin(t.Context(), id)
	if err != nil && !errors.Is(err, payment.ErrNotPayable) && reasonOf(err) == "" {
		t.Fatalf("Begin: %v", err)
	}
}

func (m *machine) payer(t *rapid.T) {
	a := m.any(t)
	s := rapid.SampledFrom([]payment.State{payment.StatePaid, payment.StateAborted, payment.StateFailed}).Draw(t, "outcome")
	m.till.mu.Lock()
	defer m.till.mu.Unlock()
	if now, known := m.till.states[a.TxID]; known && now != payment.StatePaid && a.PayURL != "" {
		m.till.states[a.TxID] = s // a failure may still turn into success
	}
}

func (m *machine) hint(t *rapid.T) {
	a := m.any(t)
	h := payment.Hint{Attempt: a.ID, TxID: a.TxID, Amount: a.Amount, Claim: rapid.SampledFrom([]payment.State{"", payment.StatePaid, payment.StateAborted}).Draw(t, "claim")}
	forged := rapid.Bool().Draw(t, "forged")
	if forged {
		h.Amount.Minor++
	}
	_, err := m.checkout.Take(t.Context(), h)
	var refused *payment.HintError
	if forged != errors.As(err, &refused) || (!forged && err != nil) {
		t.Fatalf("Take: %v", err)
	}
}

func (m *machine) ask(t *rapid.T) {
	f, err := m.checkout.Ask(t.Context(), string(m.any(t).ID))
	if err != nil {
		t.Fatalf("Ask: %v", err)
	}
	m.findings = append(m.findings, f) // settled later, more than once, or never
}

func (m *machine) settle(t *rapid.T) {
	if len(m.findings) == 0 {
		t.Skip("nothing found")
	}
	m.apply(t, rapid.SampledFrom(m.findings).Draw(t, "finding"))
}

func (m *machine) apply(t *rapid.T, f payment.Finding) {
	s, err := m.checkout.Settle(t.Context(), f)
	if err != nil {
		t.Fatalf("Settle: %v", err)
	}
	if s.Paid {
		m.paid[s.Order.ID]++
	}
	m.book(t, s)
}

func (m *machine) sweepAll(t *rapid.T) {
	ids, err := m.checkout.Due(t.Context(), m.clock.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		f, err := m.checkout.Ask(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		m.apply(t, f)
	}
}

func (m *machine) weather(t *rapid.T) {
	m.till.down = rapid.SampledFrom([]payment.ProviderReason{"", "", payment.ReasonTimeout, payment.ReasonNotAnswer}).Draw(t, "down")
	m.till.cut = rapid.Bool().Draw(t, "cut")
}

func (m *machine) withdraw(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "really") > 0 {
		t.Skip("no")
	}
	var step *payment.TransitionError
	if _, err := m.orders.Cancel(t.Context(), "o2", "p", "r"); err != nil && !errors.As(err, &step) {
		t.Fatal(err)
	}
}

// check looks at what must hold at every moment.
func (m *machine) check(t *rapid.T) {
	live, paid := map[payment.OrderID]int{}, map[payment.OrderID]int{}
	for _, a := range m.attempts(t) {
		if a.State.Live() {
			live[a.Order]++
		}
		if a.State == payment.AttemptPaid {
			paid[a.Order]++
			o, err := m.orders.Order(t.Context(), a.Order)
			if err != nil || o.State != payment.StatePaid || o.ProviderRef != a.ProviderRef {
				t.Fatalf("%s paid %s, which is %s by %q: %v", a.ID, a.Order, o.State, o.ProviderRef, err)
			}
		}
		if live[a.Order] > 1 || paid[a.Order] > 1 || m.paid[a.Order] > 1 {
			t.Fatalf("%s: %d live and %d paid attempts, told paid %d times", a.Order, live[a.Order], paid[a.Order], m.paid[a.Order])
		}
	}
}

// finish lets the provider work again and time pass, and counts the money.
func (m *machine) finish(t *rapid.T) {
	m.till.down, m.till.cut = "", false
	for range 70 * 60 / 5 {
		m.sweepAll(t)
		m.clock.Add(5 * time.Minute)
	}
	m.check(t)
	in, orders, surplus := int64(0), int64(0), int64(0)
	for _, a := range m.attempts(t) {
		if m.till.states[a.TxID] == payment.StatePaid {
			in += a.Amount.Minor
			if a.State != payment.AttemptPaid && a.State != payment.AttemptSurplus {
				t.Fatalf("%s was paid and is %s", a.ID, a.State)
			}
		} else if a.State.Live() || a.State == payment.AttemptPaid || a.State == payment.AttemptSurplus {
			t.Fatalf("%s was not paid and is %s", a.ID, a.State)
		}
		if a.State == payment.AttemptSurplus {
			surplus += a.Amount.Minor
		}
	}
	booked := int64(0)
	for _, id := range []payment.OrderID{"o1", "o2"} {
		o, err := m.orders.Order(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.ledger.ByOrder(t.Context(), id)
		if isPaid := o.State == payment.StatePaid; isPaid != (err == nil) || isPaid != (m.paid[id] == 1) {
			t.Fatalf("%s is %s, booking %v, told paid %d times", id, o.State, err, m.paid[id])
		}
		if o.State == payment.StatePaid {
			orders += o.Total.Minor
		}
		for _, l := range b.Lines {
			booked += l.Amount.Minor
		}
	}
	closed := int64(0)
	if b, ok, err := m.ledger.Close(t.Context()); err != nil || ok != (booked > 0) {
		t.Fatalf("Close = %v, %v", ok, err)
	} else if ok {
		closed = b.Sum.Minor
	}
	if in != orders+surplus || orders != booked || booked != closed {
		t.Fatalf("came in %d, orders %d, surplus %d, booked %d, handed over %d", in, orders, surplus, booked, closed)
	}
}

// TestOutageOfTenMinutes puts ten minutes without the provider everywhere into
// the way of a payment.
func TestOutageOfTenMinutes(t *testing.T) {
	t.Parallel()
	const step = 15 * time.Second
	for _, cut := range []bool{false, true} {
		for from := time.Duration(0); from < 15*time.Minute; from += 20 * time.Second {
			for _, hints := range []bool{true, false} {
				w := newWorld()
				w.open(t, "o1")
				var a payment.Attempt
				var begun time.Time
				paidAt := map[string]bool{}
				for now := time.Duration(0); now < 2*time.Hour; now += step {
					out := now >= from && now < from+10*time.Minute
					w.till.down, w.till.cut = "", false
					switch {
					case out && cut:
						w.till.cut = true
					case out:
						w.till.down = payment.ReasonUnreachable
					}
					if a.PayURL == "" && now >= time.Minute { // the payer tries again and again
						if got, err := w.checkout.Begin(t.Context(), "o1"); err == nil {
							a, begun = got, w.clock.Now()
						} else if reasonOf(err) == "" {
							t.Fatalf("Begin: %v", err)
						}
					}
					if a.PayURL != "" && !paidAt[a.TxID] && w.clock.Now().Sub(begun) >= time.Minute {
						w.till.set(a, payment.StatePaid)
						paidAt[a.TxID] = true
						if hints {
							if _, err := w.checkout.Take(t.Context(), payment.Hint{Attempt: a.ID, Claim: payment.StatePaid}); err != nil {
								t.Fatal(err)
							}
						}
					}
					w.sweep(t)
					w.clock.Add(step)
				}
				o, err := w.orders.Order(t.Context(), "o1")
				if err != nil || o.State != payment.StatePaid {
					t.Fatalf("outage from %v, cut %v, hints %v: order %s, %v", from, cut, hints, o.State, err)
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
					if a.State.Live() || a.State == payment.AttemptSurplus {
						t.Errorf("outage from %v, cut %v, hints %v: %s", from, cut, hints, a.State)
					}
				}
				if paid != 1 || len(paidAt) != 1 {
					t.Errorf("outage from %v: %d attempts paid, %d payments", from, paid, len(paidAt))
				}
			}
		}
	}
}

// TestManyWorkers lets workers, payers and callbacks run at once.
func TestManyWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	const orders = 10
	var told atomic.Int64
	var wg sync.WaitGroup
	for i := range orders {
		w.open(t, payment.OrderID(fmt.Sprint("o", i)))
	}
	for range 4 {
		wg.Go(func() {
			for i := range orders {
				id := payment.OrderID(fmt.Sprint("o", i))
				a, err := w.checkout.Begin(t.Context(), id)
				if err != nil && !errors.Is(err, payment.ErrNotPayable) && reasonOf(err) == "" {
					t.Errorf("Begin: %v", err)
				}
				if err == nil {
					w.till.set(a, payment.StatePaid)
					if _, err := w.checkout.Take(t.Context(), payment.Hint{Attempt: a.ID, TxID: a.TxID}); err != nil {
						t.Errorf("Take: %v", err)
					}
				}
				ids, err := w.checkout.Due(t.Context(), w.clock.Now(), 0)
				if err != nil {
					t.Error(err)
				}
				for _, id := range ids {
					s, err := w.checkout.Reconcile(t.Context(), id)
					if err != nil {
						t.Errorf("Reconcile: %v", err)
						continue
					}
					if s.Paid {
						told.Add(1)
					}
					w.book(t, s)
				}
			}
		})
	}
	wg.Wait()
	w.clock.Add(time.Minute)
	ids, err := w.checkout.Due(t.Context(), w.clock.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if s := w.reconcile(t, payment.AttemptID(id)); s.Paid {
			told.Add(1)
			w.book(t, s)
		}
	}
	if n, _, err := w.ledger.Unbatched(t.Context()); n != orders || told.Load() != orders || w.till.pages != orders || err != nil {
		t.Errorf("%d bookings, %d told, %d pages, %v, want %d of each", n, told.Load(), w.till.pages, err, orders)
	}
}
