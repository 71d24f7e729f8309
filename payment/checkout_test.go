package payment_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/payment"
)

// clock is moved by hand.
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

// till is a small payment service in memory.
type till struct {
	mu       sync.Mutex
	down     payment.ProviderReason // answer nothing, for this reason
	cut      bool                   // do what is asked, then answer nothing
	refuse   bool
	states   map[string]payment.State // by TxID
	amounts  map[string]payment.Money
	starts   int
	lookUps  int
	pages    int
	inside   func() // called while a look-up is under way
	started  func() // called while a start is under way
	mismatch bool   // tell an amount that is a cent too low
}

func newTill() *till {
	return &till{states: map[string]payment.State{}, amounts: map[string]payment.Money{}}
}

func (p *till) Tenant() string { return "03399004" }

func (p *till) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts++
	switch {
	case p.down != "":
		return payment.Started{}, &payment.ProviderError{Reason: p.down, Temporary: true}
	case p.refuse:
		return payment.Started{}, &payment.ProviderError{Reason: payment.ReasonRefused}
	}
	if _, used := p.states[a.TxID]; used {
		return payment.Started{}, &payment.ProviderError{Reason: payment.ReasonRefused}
	}
	if p.started != nil {
		p.started()
	}
	p.pages++
	p.states[a.TxID], p.amounts[a.TxID] = payment.StateChecking, a.Amount
	if p.cut {
		return payment.Started{}, &payment.ProviderError{Reason: payment.ReasonCut, Temporary: true}
	}
	return payment.Started{PayURL: "https://pay.example/" + a.TxID, ProviderRef: "ref-" + a.TxID}, nil
}

func (p *till) LookUp(_ context.Context, a payment.Attempt) (payment.Snapshot, error) {
	p.mu.Lock()
	inside := p.inside
	p.inside = nil
	p.lookUps++
	state, known := p.states[a.TxID]
	snap := payment.Snapshot{State: state, Amount: p.amounts[a.TxID], Method: "creditcard", ProviderRef: "ref-" + a.TxID}
	if p.mismatch {
		snap.Amount.Minor--
	}
	down := p.down
	p.mu.Unlock()
	if inside != nil {
		inside()
	}
	switch {
	case down != "":
		return payment.Snapshot{}, &payment.ProviderError{Reason: down, Temporary: true}
	case !known:
		return payment.Snapshot{}, &payment.ProviderError{Reason: payment.ReasonUnknownTransaction}
	}
	return snap, nil
}

func (p *till) Callback(*http.Request) (payment.Hint, error) { return payment.Hint{}, nil }

// set lets the payer do something.
func (p *till) set(a payment.Attempt, s payment.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[a.TxID] = s
}

// world is orders, attempts and a provider on one clock.
type world struct {
	clock    *clock
	till     *till
	orders   *payment.Service
	checkout *payment.Checkout
	ledger   *payment.Ledger
}

func newWorld() *world {
	w := &world{clock: &clock{at: start}, till: newTill()}
	w.orders = payment.New(payment.NewMemStore(), &payment.Options{Now: w.clock.Now})
	var mu sync.Mutex
	n := 0
	w.checkout = payment.NewCheckout(w.orders, payment.NewMemAttemptStore(), &payment.CheckoutOptions{
		Now: w.clock.Now, Providers: map[string]payment.Provider{"till": w.till},
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return "id-" + strconv.Itoa(n)
		},
		Route: func(payment.Order) (string, string, error) { return "till", "URKUNDE", nil },
		URLs: func(id payment.AttemptID) (string, string) {
			return "https://a.example/n?x=" + string(id), "https://a.example/r?x=" + string(id)
		},
	})
	w.ledger = payment.NewLedger(payment.NewMemBookingStore(), &payment.LedgerOptions{Now: w.clock.Now})
	return w
}

func (w *world) open(t testing.TB, id payment.OrderID) {
	t.Helper()
	o := fee()
	o.ID = id
	if _, err := w.orders.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func (w *world) begin(t testing.TB, id payment.OrderID) payment.Attempt {
	t.Helper()
	a, err := w.checkout.Begin(t.Context(), id)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return a
}

func (w *world) reconcile(t testing.TB, id payment.AttemptID) payment.Settlement {
	t.Helper()
	s, err := w.checkout.Reconcile(t.Context(), string(id))
	if err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
	return s
}

func (w *world) sweep(t testing.TB) {
	t.Helper()
	ids, err := w.checkout.Due(t.Context(), w.clock.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		w.reconcile(t, payment.AttemptID(id))
	}
}

func (w *world) want(t testing.TB, id payment.OrderID, order payment.State, attempts ...payment.AttemptState) {
	t.Helper()
	o, err := w.orders.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	as, err := w.checkout.Attempts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []payment.AttemptState
	for _, a := range as {
		got = append(got, a.State)
	}
	if diff := cmp.Diff(attempts, got); o.State != order || diff != "" {
		t.Errorf("order %s, want %s; attempts (-want +got):\n%s", o.State, order, diff)
	}
}

func reasonOf(err error) payment.ProviderReason {
	var e *payment.ProviderError
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestBeginWritesTheIntentFirst(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	got := w.begin(t, "o1")
	want := payment.Attempt{
		ID: "id-1", Order: "o1", Provider: "till", Tenant: "03399004", Procedure: "URKUNDE", TxID: "id-2", Amount: payment.EUR(1595),
		Text: "KZ-1 2026-17", NotifyURL: "https://a.example/n?x=id-1", ReturnURL: "https://a.example/r?x=id-1",
		PayURL: "https://pay.example/id-2", ProviderRef: "ref-id-2", State: payment.AttemptStarted, CreatedAt: start,
		NextAt: start.Add(15 * time.Second), ExpiresAt: start.Add(90 * time.Minute), Version: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempt (-want +got):\n%s", diff)
	}
	if again := w.begin(t, "o1"); again.ID != got.ID || again.PayURL != got.PayURL || w.till.pages != 1 {
		t.Errorf("begun again: %+v, %d pages", again, w.till.pages)
	}
	w.till.down = payment.ReasonTimeout // the page may be there all the same
	if again := w.begin(t, "o1"); again.PayURL != got.PayURL {
		t.Errorf("begun while the provider is down: %+v", again)
	}
}

func TestBeginAsksBeforeItBeginsAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		before   func(*world, payment.Attempt)
		err      error
		reason   payment.ProviderReason
		order    payment.State
		attempts []payment.AttemptState
		pages    int
	}{
		{"aborted, callback lost", func(w *world, a payment.Attempt) { w.till.set(a, payment.StateAborted) }, nil, "",
			payment.StateOpen, []payment.AttemptState{payment.AttemptAborted, payment.AttemptStarted}, 2},
		{"failed, callback lost", func(w *world, a payment.Attempt) { w.till.set(a, payment.StateFailed) }, nil, "",
			payment.StateOpen, []payment.AttemptState{payment.AttemptFailed, payment.AttemptStarted}, 2},
		{"paid, callback lost", func(w *world, a payment.Attempt) { w.till.set(a, payment.StatePaid) }, payment.ErrNotPayable, "",
			payment.StateOpen, []payment.AttemptState{payment.AttemptStarted}, 1},
		{"forgotten by the provider", func(w *world, a payment.Attempt) { delete(w.till.states, a.TxID) }, nil, "",
			payment.StateOpen, []payment.AttemptState{payment.AttemptExpired, payment.AttemptStarted}, 2},
		{"out of time", func(w *world, _ payment.Attempt) { w.clock.Add(2 * time.Hour) }, nil, "",
			payment.StateOpen, []payment.AttemptState{payment.AttemptExpired, payment.AttemptStarted}, 2},
		{"out of time, provider down", func(w *world, _ payment.Attempt) {
			w.clock.Add(2 * time.Hour)
			w.till.down = payment.ReasonStatus
		}, nil, "", payment.StateOpen, []payment.AttemptState{payment.AttemptStarted}, 1},
		{"still being paid", func(*world, payment.Attempt) {}, nil, "",
			payment.StateChecking, []payment.AttemptState{payment.AttemptStarted}, 1},
	} {
		w := newWorld()
		w.open(t, "o1")
		a := w.begin(t, "o1")
		c.before(w, a)
		got, err := w.checkout.Begin(t.Context(), "o1")
		if !errors.Is(err, c.err) || reasonOf(err) != c.reason || (err == nil && got.PayURL == "") {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		w.want(t, "o1", c.order, c.attempts...)
		if w.till.pages != c.pages {
			t.Errorf("%s: %d pages, want %d", c.name, w.till.pages, c.pages)
		}
		if c.err != nil { // the money is found at the next look
			w.sweep(t)
			w.want(t, "o1", payment.StatePaid, payment.AttemptPaid)
		}
	}
}

func TestBeginAfterALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	w.till.down = payment.ReasonUnreachable
	if _, err := w.checkout.Begin(t.Context(), "o1"); reasonOf(err) != payment.ReasonUnreachable {
		t.Errorf("provider down: %v", err)
	}
	if _, err := w.checkout.Begin(t.Context(), "o1"); reasonOf(err) != payment.ReasonUnreachable {
		t.Errorf("provider still down: %v", err)
	}
	w.till.down = ""
	a := w.begin(t, "o1")
	w.want(t, "o1", payment.StateOpen, payment.AttemptStarted)
	if a.TxID != "id-2" || w.till.pages != 1 {
		t.Errorf("begun with %s on %d pages, want the first txid on one", a.TxID, w.till.pages)
	}

	w.open(t, "o2")
	w.till.cut = true // the provider has it, but we never learn the page
	if _, err := w.checkout.Begin(t.Context(), "o2"); reasonOf(err) != payment.ReasonCut {
		t.Errorf("cut: %v", err)
	}
	w.till.cut = false
	w.begin(t, "o2")
	w.want(t, "o2", payment.StateOpen, payment.AttemptExpired, payment.AttemptStarted)

	w.open(t, "o3")
	w.till.refuse = true
	if _, err := w.checkout.Begin(t.Context(), "o3"); reasonOf(err) != payment.ReasonRefused {
		t.Errorf("refused: %v", err)
	}
	w.want(t, "o3", payment.StateOpen, payment.AttemptFailed)
}

func TestBeginRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld()
	ctx := t.Context()
	if _, err := w.checkout.Begin(ctx, "none"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("unknown order: %v", err)
	}
	w.open(t, "o1")
	if _, err := w.orders.Cancel(ctx, "o1", "p", "r"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.checkout.Begin(ctx, "o1"); !errors.Is(err, payment.ErrNotPayable) {
		t.Errorf("cancelled: %v", err)
	}
	w.open(t, "o2")
	w.till.set(w.begin(t, "o2"), payment.StatePaid)
	w.clock.Add(time.Minute)
	w.sweep(t)
	if _, err := w.checkout.Begin(ctx, "o2"); !errors.Is(err, payment.ErrNotPayable) {
		t.Errorf("paid: %v", err)
	}
	w.open(t, "o3")
	nowhere := errors.New("nowhere")
	for name, opts := range map[string]payment.CheckoutOptions{
		"no providers": {}, "unknown name": {Route: func(payment.Order) (string, string, error) { return "x", "", nil }},
		"no route":          {Route: func(payment.Order) (string, string, error) { return "", "", nowhere }},
		"control character": {Providers: map[string]payment.Provider{"till": w.till}, Text: func(payment.Order) string { return "\x00" }},
		"no text":           {Providers: map[string]payment.Provider{"till": w.till}, Text: func(payment.Order) string { return "" }},
	} {
		_, err := payment.NewCheckout(w.orders, payment.NewMemAttemptStore(), &opts).Begin(ctx, "o3")
		var invalid *payment.InvalidError
		if reasonOf(err) != payment.ReasonNoProvider && !errors.Is(err, nowhere) && !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A withdrawal that comes while the provider is asked must not leave the payer
// with a page: what is paid there would have to be sent back.
func TestBeginWhileTheOrderIsWithdrawn(t *testing.T) {
	t.Parallel()
	for name, resumed := range map[string]bool{"known page": true, "first page": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.open(t, "o1")
			withdraw := func() {
				if _, err := w.orders.Cancel(context.Background(), "o1", "citizen", "withdrawn"); err != nil {
					t.Error(err)
				}
			}
			if resumed {
				w.begin(t, "o1")
				w.till.inside = withdraw
			} else {
				w.till.started = withdraw
			}
			if a, err := w.checkout.Begin(t.Context(), "o1"); !errors.Is(err, payment.ErrNotPayable) || a.PayURL != "" {
				t.Errorf("Begin = page %q, %v, want none", a.PayURL, err)
			}
		})
	}
}

func TestTwoTabs(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a, err := w.checkout.Begin(t.Context(), "o1")
			if (err != nil && reasonOf(err) != payment.ReasonBusy) || (err == nil && a.PayURL == "") {
				t.Errorf("Begin = %+v, %v", a, err)
			}
		})
	}
	wg.Wait()
	as, err := w.checkout.Attempts(t.Context(), "o1")
	if err != nil || len(as) != 1 || w.till.pages != 1 {
		t.Errorf("%d attempts on %d pages, %v, want one", len(as), w.till.pages, err)
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	fits := payment.Hint{Attempt: a.ID, Tenant: "03399004", TxID: a.TxID, Procedure: "URKUNDE", Amount: payment.EUR(1595), Claim: payment.StatePaid}
	for reason, change := range map[payment.HintReason]func(*payment.Hint){
		payment.HintUnknown: func(h *payment.Hint) { h.Attempt = "other" }, payment.HintTenant: func(h *payment.Hint) { h.Tenant = "03399005" },
		payment.HintTxID: func(h *payment.Hint) { h.TxID = "other" }, payment.HintProcedure: func(h *payment.Hint) { h.Procedure = "HUND" },
		payment.HintAmount: func(h *payment.Hint) { h.Amount.Minor++ },
	} {
		h := fits
		change(&h)
		var refused *payment.HintError
		if _, err := w.checkout.Take(t.Context(), h); !errors.As(err, &refused) || refused.Reason != reason {
			t.Errorf("%s: %v", reason, err)
		}
	}
	for _, id := range []payment.AttemptID{"", "\x00", "\xff"} {
		var refused *payment.HintError
		if _, err := w.checkout.Take(t.Context(), payment.Hint{Attempt: id}); !errors.As(err, &refused) || refused.Reason != payment.HintUnknown {
			t.Errorf("%q: %v", id, err)
		}
	}
	if got, err := w.checkout.Attempt(t.Context(), a.ID); err != nil || got != a {
		t.Errorf("refused hints changed the attempt: %+v, %v", got, err)
	}
	w.want(t, "o1", payment.StateOpen, payment.AttemptStarted)
	fits.Method = "creditCard"
	got, err := w.checkout.Take(t.Context(), fits)
	if err != nil || !got.NextAt.Equal(start) || got.State != payment.AttemptStarted || got.Method != "creditCard" {
		t.Errorf("a fitting hint: %+v, %v", got, err)
	}
	fits.Method = "=cmd()"
	if again, err := w.checkout.Take(t.Context(), fits); err != nil || again != got {
		t.Errorf("the hint again: %+v, %v", again, err)
	}
	w.sweep(t) // it claimed paid, but was a lie
	w.want(t, "o1", payment.StateChecking, payment.AttemptStarted)
	w.till.set(a, payment.StatePaid)
	w.reconcile(t, a.ID)
	settled, err := w.checkout.Take(t.Context(), fits)
	if err != nil || settled.State != payment.AttemptPaid || !settled.NextAt.IsZero() {
		t.Errorf("a replay after the end: %+v, %v", settled, err)
	}
}

func TestHintDuringALookUpIsNotLost(t *testing.T) {
	t.Parallel()
	for _, state := range []payment.State{payment.StateChecking, payment.StateAborted} {
		w := newWorld()
		w.open(t, "o1")
		a := w.begin(t, "o1")
		w.till.set(a, state)
		w.till.inside = func() { // the payer pays after the answer was made, before it is settled
			w.till.set(a, payment.StatePaid)
			if _, err := w.checkout.Take(t.Context(), payment.Hint{Attempt: a.ID, Claim: payment.StatePaid}); err != nil {
				t.Error(err)
			}
			if s := w.reconcile(t, a.ID); s.Paid || s.Attempt.State != payment.AttemptStarted {
				t.Errorf("a second look-up at the same time: %+v", s)
			}
		}
		w.reconcile(t, a.ID)
		w.sweep(t) // due at once, without any time passing
		w.want(t, "o1", payment.StatePaid, payment.AttemptPaid)
	}
}

func TestSettleMovesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	w.till.set(a, payment.StatePaid)
	f, err := w.checkout.Ask(t.Context(), string(a.ID))
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, "o1", payment.StateOpen, payment.AttemptStarted) // asking alone moves nothing
	if ids, err := w.checkout.Due(t.Context(), w.clock.Now().Add(30*time.Second), 0); err != nil || len(ids) != 0 {
		t.Errorf("due although somebody is at it: %v, %v", ids, err)
	}
	var paid int
	for range 3 {
		s, err := w.checkout.Settle(t.Context(), f)
		if err != nil || s.Order.State != payment.StatePaid {
			t.Fatalf("Settle = %+v, %v", s, err)
		}
		if s.Paid {
			paid++
		}
	}
	if paid != 1 {
		t.Errorf("paid %d times", paid)
	}
	forged := payment.Finding{Attempt: a.ID, Order: "o1", Snapshot: payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1595)}}
	w.open(t, "o2")
	b := w.begin(t, "o2")
	forged.Attempt = b.ID
	if s, err := w.checkout.Settle(t.Context(), forged); err != nil || s.Paid {
		t.Errorf("a finding that Ask did not make: %+v, %v", s, err)
	}
	f.Attempt, f.Order = b.ID, "o2"
	if s, err := w.checkout.Settle(t.Context(), payment.Finding{Attempt: "none"}); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("unknown attempt: %+v, %v", s, err)
	}
	w.want(t, "o2", payment.StateOpen, payment.AttemptStarted)
}

func TestOvertakenFindingsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	w.till.set(a, payment.StateFailed)
	old, err := w.checkout.Ask(t.Context(), string(a.ID))
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Add(2 * time.Minute) // the lease is over: somebody else asks and hears better news
	w.till.set(a, payment.StateChecking)
	w.sweep(t)
	if s, err := w.checkout.Settle(t.Context(), old); err != nil || s.Ended {
		t.Errorf("an old failure: %+v, %v", s, err)
	}
	w.want(t, "o1", payment.StateChecking, payment.AttemptStarted)
}

func TestLateSuccess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		between  func(*world, payment.Attempt)
		order    payment.State
		attempts []payment.AttemptState
	}{
		{"nothing else happened", func(*world, payment.Attempt) {}, payment.StatePaid, []payment.AttemptState{payment.AttemptPaid}},
		{"a second attempt runs", func(w *world, _ payment.Attempt) { w.begin(t, "o1") },
			payment.StatePaid, []payment.AttemptState{payment.AttemptPaid, payment.AttemptStarted}},
		{"a second attempt was paid", func(w *world, _ payment.Attempt) {
			b := w.begin(t, "o1")
			w.till.set(b, payment.StatePaid)
			w.reconcile(t, b.ID)
		}, payment.StatePaid, []payment.AttemptState{payment.AttemptSurplus, payment.AttemptPaid}},
		{"paid at the counter", func(w *world, _ payment.Attempt) {
			if _, err := w.orders.Apply(t.Context(), "o1", payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1595), Method: "cash"}); err != nil {
				t.Fatal(err)
			}
		}, payment.StatePaid, []payment.AttemptState{payment.AttemptSurplus}},
		{"withdrawn", func(w *world, _ payment.Attempt) {
			if _, err := w.orders.Cancel(t.Context(), "o1", "p", "r"); err != nil {
				t.Fatal(err)
			}
		}, payment.StateCancelled, []payment.AttemptState{payment.AttemptSurplus}},
	} {
		w := newWorld()
		w.open(t, "o1")
		a := w.begin(t, "o1")
		w.till.set(a, payment.StateFailed)
		w.clock.Add(time.Minute)
		if s := w.reconcile(t, a.ID); !s.Ended || s.Attempt.State != payment.AttemptFailed || s.Order.State != payment.StateFailed {
			t.Errorf("%s: %+v", c.name, s)
		}
		c.between(w, a)
		w.till.set(a, payment.StatePaid)
		w.clock.Add(3 * time.Minute) // no callback comes
		w.sweep(t)
		w.want(t, "o1", c.order, c.attempts...)
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
}

func TestDoubtfulSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	w.till.mismatch = true
	w.till.set(a, payment.StatePaid)
	if s := w.reconcile(t, a.ID); s.Paid || s.Attempt.LastError != string(payment.ReasonMismatch) {
		t.Errorf("a cent too little: %+v", s)
	}
	w.want(t, "o1", payment.StateOpen, payment.AttemptStarted)
	w.till.mismatch = false
	for _, state := range []payment.State{payment.StateRefunded, payment.StateCancelled, "sold"} {
		w.till.set(a, state)
		if s := w.reconcile(t, a.ID); s.Attempt.LastError != string(payment.ReasonNotAnswer) {
			t.Errorf("%s: %+v", state, s)
		}
	}
	w.want(t, "o1", payment.StateOpen, payment.AttemptStarted)
}

func TestScheduleOfLookUps(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	var asked []string
	seen := 0
	for range 26 * 60 * 12 { // 26 hours in steps of 5 s
		w.sweep(t)
		if w.till.lookUps > seen {
			seen = w.till.lookUps
			asked = append(asked, w.clock.Now().Sub(start).String())
		}
		w.clock.Add(5 * time.Second)
	}
	want := []string{
		"15s", "45s", "1m45s", "3m45s", "8m45s", "18m45s", "28m45s", "38m45s", "48m45s", "58m45s", "1h8m45s", "1h18m45s", "1h28m45s",
		"1h30m0s",                                              // asked before it ends
		"1h33m0s", "1h45m0s", "2h30m0s", "7h30m0s", "25h30m0s", // and whether money came late
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("look-ups (-want +got):\n%s", diff)
	}
	w.want(t, "o1", payment.StateOpen, payment.AttemptExpired)
	if got, err := w.checkout.Attempt(t.Context(), a.ID); err != nil || !got.NextAt.IsZero() {
		t.Errorf("asked for ever: %+v, %v", got, err)
	}
}

func TestAskKeepsNothingWhenTheCallerGoes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.open(t, "o1")
	a := w.begin(t, "o1")
	ctx, cancel := context.WithCancel(t.Context())
	w.till.down = payment.ReasonTimeout
	w.till.inside = cancel
	if _, err := w.checkout.Ask(ctx, string(a.ID)); !errors.Is(err, context.Canceled) {
		t.Errorf("Ask: %v", err)
	}
	got, err := w.checkout.Attempt(t.Context(), a.ID)
	if err != nil || !got.LeaseUntil.IsZero() || got.LastError != string(payment.ReasonTimeout) || got.Asked != 1 {
		t.Errorf("attempt = %+v, %v", got, err)
	}
}

func TestCheckoutList(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 5 {
		id := payment.OrderID(fmt.Sprint("o", i))
		w.open(t, id)
		w.begin(t, id)
	}
	var got []payment.OrderID
	var after payment.AttemptCursor
	for range 4 {
		as, next, err := w.checkout.List(t.Context(), payment.AttemptStarted, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range as {
			got = append(got, a.Order)
		}
		if after = next; after == (payment.AttemptCursor{}) {
			break
		}
	}
	if diff := cmp.Diff([]payment.OrderID{"o4", "o3", "o2", "o1", "o0"}, got); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	var invalid *payment.InvalidError
	if _, _, err := w.checkout.List(t.Context(), "sold", payment.AttemptCursor{}, 2); !errors.As(err, &invalid) {
		t.Errorf("unknown state: %v", err)
	}
}
