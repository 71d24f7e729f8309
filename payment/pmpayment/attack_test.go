package pmpayment_test

import (
	"errors"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsim"
	"github.com/stadttor/stadttor/payment/pmpayment"
)

// clock is one clock for both sides, moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// path is the whole way of a payment: orders, attempts, driver, service.
type path struct {
	t        *testing.T
	clock    *clock
	sim      *paymentsim.Server
	provider *pmpayment.Provider
	orders   *payment.Service
	checkout *payment.Checkout
}

func newPath(t *testing.T) *path {
	t.Helper()
	p := &path{t: t, clock: &clock{at: time.Date(2026, 1, 1, 11, 0, 5, 0, time.UTC)}}
	sim, err := paymentsim.Start(&paymentsim.Options{
		Merchants: []paymentsim.Merchant{
			{AGS: "03404000", Procedure: "URKUNDE", Salt: salt, Name: "Stadt Altenwehr"},
			{AGS: "03404000", Procedure: "HUND", Salt: "hund-salt", Name: "Stadt Altenwehr"},
		},
		Now: p.clock.Now, Slow: time.Minute, InsecureAllowHTTP: true, Pauses: []time.Duration{},
		// What the simulator sends goes nowhere: each test hands in its own.
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	p.sim = sim
	c := config(sim.URL)
	c.Timeout = time.Second
	p.provider = newProvider(t, c)
	p.orders = payment.New(payment.NewMemStore(), &payment.Options{Now: p.clock.Now})
	p.checkout = payment.NewCheckout(p.orders, payment.NewMemAttemptStore(), &payment.CheckoutOptions{
		Now:       p.clock.Now,
		Providers: map[string]payment.Provider{"pmpayment": p.provider},
		Route:     func(payment.Order) (string, string, error) { return "pmpayment", "URKUNDE", nil },
		Text:      func(o payment.Order) string { return "Gebuehr " + string(o.ID) },
		URLs: func(id payment.AttemptID) (string, string) {
			return "http://127.0.0.1:1/notify?zahlung=" + string(id), "http://127.0.0.1:1/return?zahlung=" + string(id)
		},
		Pauses: []time.Duration{10 * time.Second},
	})
	return p
}

// begin opens an order and starts to pay it.
func (p *path) begin(id payment.OrderID, cents int64) payment.Attempt {
	p.t.Helper()
	order := payment.Order{ID: id, Items: []payment.Item{{ID: "1", Text: "Gebuehr", Amount: payment.EUR(cents), Quantity: 1}}}
	if _, err := p.orders.Open(p.t.Context(), order); err != nil {
		p.t.Fatal(err)
	}
	a, err := p.checkout.Begin(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// fields are what the service posts about an attempt that was paid.
func fields(a payment.Attempt) url.Values {
	return url.Values{
		"ags": {"03404000"}, "txid": {a.TxID}, "amount": {strconv.FormatInt(a.Amount.Minor, 10)},
		"desc": {a.Text}, "status": {"1"}, "payment_method": {"creditCard"}, "procedure": {"URKUNDE"}, "created_at": {"2026-01-01 12:00:05"},
	}
}

// send hands in a callback as the portal does.
func (p *path) send(id payment.AttemptID, f url.Values) error {
	hint, err := p.provider.Callback(request("zahlung="+string(id), f))
	if err != nil {
		return err
	}
	_, err = p.checkout.Take(p.t.Context(), hint)
	return err
}

// settle asks about all that is due.
func (p *path) settle() {
	p.t.Helper()
	due, err := p.checkout.Due(p.t.Context(), p.clock.Now(), 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, id := range due {
		if _, err := p.checkout.Reconcile(p.t.Context(), id); err != nil {
			p.t.Fatal(err)
		}
	}
}

// later settles again and again until well after every pause.
func (p *path) later(d time.Duration) {
	p.t.Helper()
	for end := p.clock.Now().Add(d); p.clock.Now().Before(end); p.clock.Add(10 * time.Second) {
		p.settle()
	}
	p.settle()
}

func (p *path) want(id payment.OrderID, states ...payment.State) {
	p.t.Helper()
	o, err := p.orders.Order(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, s := range states {
		if o.State == s {
			return
		}
	}
	p.t.Errorf("order %s is %s, want %v", id, o.State, states)
}

func TestForgedCallbacksPayNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(f url.Values, cheap payment.Attempt)
		refuse bool
	}{
		{"all values right, nobody paid", nil, false},
		{"transaction of a payment that is paid", func(f url.Values, cheap payment.Attempt) { f.Set("txid", cheap.TxID) }, true},
		{"all values of a payment that is paid", func(f url.Values, cheap payment.Attempt) {
			for name, v := range fields(cheap) {
				f[name] = v
			}
		}, true},
		{"a cent more", func(f url.Values, _ payment.Attempt) { f.Set("amount", "4251") }, true},
		{"a cent less", func(f url.Values, _ payment.Attempt) { f.Set("amount", "4249") }, true},
		{"another town", func(f url.Values, _ payment.Attempt) { f.Set("ags", "03404001") }, true},
		{"another procedure", func(f url.Values, _ payment.Attempt) { f.Set("procedure", "HUND") }, true},
		{"signed by another procedure", func(f url.Values, _ payment.Attempt) { f.Del("procedure"); sign("hund-salt", f) }, true},
		{"signed by nobody", func(f url.Values, _ payment.Attempt) { sign("guess", f) }, true},
		{"only the status", func(f url.Values, _ payment.Attempt) {
			for name := range f {
				if name != "status" {
					f.Del(name)
				}
			}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPath(t)
			cheap, dear := p.begin("cheap", 1), p.begin("dear", 4250)
			if err := p.sim.Pay(cheap.TxID, paymentsim.CardPaid); err != nil {
				t.Fatal(err)
			}
			f := fields(dear)
			if tt.change != nil {
				tt.change(f, cheap)
			}
			err := p.send(dear.ID, f)
			if (err != nil) != tt.refuse {
				t.Errorf("answer %v", err)
			}
			p.settle()
			p.want("dear", payment.StateOpen, payment.StateChecking)
			p.later(time.Minute)
			p.want("dear", payment.StateOpen, payment.StateChecking)
			p.want("cheap", payment.StatePaid)
		})
	}
}

func TestUnknownAttempt(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	a := p.begin("order", 4250)
	err := p.send("0123456789abcdef0123456789abcdef", fields(a))
	var hint *payment.HintError
	if !errors.As(err, &hint) {
		t.Errorf("answer %v", err)
	}
	p.settle()
	p.want("order", payment.StateOpen, payment.StateChecking)
}

func TestReplayChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	a := p.begin("order", 4250)
	if err := p.sim.Pay(a.TxID, paymentsim.CardPayPal); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.send(a.ID, fields(a)); err != nil {
			t.Fatal(err)
		}
		p.settle()
	}
	p.want("order", payment.StatePaid)
	before, err := p.orders.Order(t.Context(), "order")
	if err != nil {
		t.Fatal(err)
	}
	f := fields(a)
	f.Set("status", "0") // "it was aborted after all"
	if err := p.send(a.ID, f); err != nil {
		t.Errorf("answer %v", err)
	}
	p.later(time.Hour)
	if after, err := p.orders.Order(t.Context(), "order"); err != nil || after.Version != before.Version {
		t.Errorf("order changed: %+v, %v", after, err)
	}
	if _, err := p.checkout.Begin(t.Context(), "order"); err == nil {
		t.Error("a paid order can be paid again")
	}
}

func TestReturnOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	first := p.begin("order", 4250)
	if err := p.sim.Pay(first.TxID, paymentsim.CardAborted); err != nil {
		t.Fatal(err)
	}
	p.later(time.Minute)
	p.want("order", payment.StateAborted, payment.StateFailed)
	second, err := p.checkout.Begin(t.Context(), "order")
	if err != nil || second.TxID == first.TxID || second.ID == first.ID {
		t.Fatal(second, err)
	}
	f := sign(salt, without(fields(first), "procedure")) // really signed once, for the first
	if err := p.send(second.ID, f); err == nil {
		t.Error("the return of the first attempt counts for the second")
	}
	p.later(time.Minute)
	p.want("order", payment.StateOpen, payment.StateChecking)
}

func TestManyBeginOneAttempt(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	first := p.begin("order", 4250)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a, err := p.checkout.Begin(t.Context(), "order")
			if err != nil || a.PayURL != first.PayURL {
				t.Errorf("another pay page, %v", err)
			}
		})
	}
	wg.Wait()
	if n := len(p.sim.Transactions()); n != 1 {
		t.Errorf("%d payments at the service", n)
	}
}

func TestLateMoneyIsSurplus(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	if err := p.sim.Misbehave(paymentsim.FaultLateSuccess); err != nil {
		t.Fatal(err)
	}
	first := p.begin("order", 4250)
	if err := p.sim.Pay(first.TxID, paymentsim.CardPaid); err != nil { // fails at first
		t.Fatal(err)
	}
	p.later(time.Minute)
	if err := p.sim.Misbehave(""); err != nil {
		t.Fatal(err)
	}
	second, err := p.checkout.Begin(t.Context(), "order")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.sim.Pay(second.TxID, paymentsim.CardPayPal); err != nil {
		t.Fatal(err)
	}
	p.later(3 * time.Minute)
	p.want("order", payment.StatePaid)
	if err := p.send(first.ID, fields(first)); err != nil { // paid after all
		t.Fatal(err)
	}
	p.settle()
	want := map[payment.AttemptID]payment.AttemptState{first.ID: payment.AttemptSurplus, second.ID: payment.AttemptPaid}
	for id, state := range want {
		if a, err := p.checkout.Attempt(t.Context(), id); err != nil || a.State != state {
			t.Errorf("attempt is %s, want %s, %v", a.State, state, err)
		}
	}
	if o, err := p.orders.Order(t.Context(), "order"); err != nil || o.ProviderRef != second.TxID {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestEveryFaultEndsRight pays while the service misbehaves, mends it, and
// looks how the order ends without any callback.
func TestEveryFaultEndsRight(t *testing.T) {
	t.Parallel()
	for _, fault := range newPath(t).sim.Faults() {
		t.Run(fault.Code, func(t *testing.T) {
			t.Parallel()
			p := newPath(t)
			misbehave := func(code string) {
				if err := p.sim.Misbehave(code); err != nil {
					t.Fatal(err)
				}
			}
			misbehave(fault.Code)
			order := payment.Order{ID: "order", Items: []payment.Item{{ID: "1", Text: "Gebuehr", Amount: payment.EUR(4250), Quantity: 1}}}
			if _, err := p.orders.Open(t.Context(), order); err != nil {
				t.Fatal(err)
			}
			a, err := p.checkout.Begin(t.Context(), "order")
			if (err != nil) != (fault.Where == "start") {
				t.Fatalf("begin: %v", err)
			}
			if fault.Where != "start" {
				if err := p.sim.Pay(a.TxID, paymentsim.CardPaid); err != nil {
					t.Fatal(err)
				}
			}
			p.settle()
			misbehave("")
			p.later(3 * time.Minute)
			if fault.Code == paymentsim.FaultLateSuccess { // the notify of the second answer
				if err := p.send(a.ID, fields(a)); err != nil {
					t.Fatal(err)
				}
				p.settle()
			}
			if fault.Where != "start" {
				p.want("order", payment.StatePaid)
				return
			}
			p.want("order", payment.StateOpen, payment.StateChecking, payment.StateAborted, payment.StateFailed)
			p.later(100 * time.Minute) // whatever the cut start left behind has ended
			if a, err = p.checkout.Begin(t.Context(), "order"); err != nil {
				t.Fatalf("begin again: %v", err)
			}
			if err := p.sim.Pay(a.TxID, paymentsim.CardPaid); err != nil {
				t.Fatal(err)
			}
			p.later(time.Minute)
			p.want("order", payment.StatePaid)
		})
	}
}
