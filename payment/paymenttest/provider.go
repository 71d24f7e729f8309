package paymenttest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
)

// Call names what is asked of a provider.
type Call string

// The calls that a service can be made to answer badly.
const (
	CallStart  Call = "start"
	CallLookUp Call = "look-up"
)

// Trouble names a way in which a service answers badly.
type Trouble string

// The troubles that TestProvider tries with each call.
const (
	TroubleDown   Trouble = "down"   // no connection, or one that is cut
	TroubleHTML   Trouble = "html"   // a web page
	TroubleHuge   Trouble = "huge"   // an endless answer
	TroubleSlow   Trouble = "slow"   // an answer after the provider's timeout
	TroubleStatus Trouble = "status" // HTTP status 500
)

// ProviderHarness is a provider together with the service that it speaks to,
// usually a simulator.
type ProviderHarness struct {
	// Provider under test. Its timeout should be short.
	Provider payment.Provider
	// Attempt makes an attempt that the service accepts, each time another.
	Attempt func(t *testing.T) payment.Attempt
	// End lets the payer end a payment: StatePaid, StateAborted, StateFailed, or
	// StateChecking for one that the service works on.
	End func(t *testing.T, a payment.Attempt, s payment.Started, outcome payment.State)
	// Callback makes the request that the service sends about the outcome. A
	// forged one tells another amount, from somebody without the keys.
	Callback func(t *testing.T, a payment.Attempt, s payment.Started, outcome payment.State, forged bool) *http.Request
	// Break makes the service answer a call badly from now on.
	Break func(t *testing.T, c Call, trouble Trouble)
}

// TestProvider checks that a provider keeps the contract of
// [payment.Provider]. open returns a fresh harness for each subtest and cleans
// up with t.Cleanup.
func TestProvider(t *testing.T, open func(t *testing.T) ProviderHarness) {
	t.Helper()
	run := func(name string, test func(*testing.T, ProviderHarness)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	run("a start gives a page, once", testStarts)
	for _, outcome := range []payment.State{payment.StatePaid, payment.StateAborted, payment.StateFailed, payment.StateChecking} {
		run("a look-up tells "+string(outcome), func(t *testing.T, h ProviderHarness) { testOutcome(t, h, outcome) })
		run("a callback claims "+string(outcome), func(t *testing.T, h ProviderHarness) { testCallback(t, h, outcome) })
	}
	run("a transaction that was never started is unknown", testUnknown)
	run("a forged callback is refused or gives itself away", testForged)
	run("a request that is no callback is refused", testNoCallback)
	run("a cancelled context ends every call", testProviderCancelled)
	for _, call := range []Call{CallStart, CallLookUp} {
		for trouble, reasons := range map[Trouble][]payment.ProviderReason{
			TroubleDown: {payment.ReasonUnreachable, payment.ReasonCut}, TroubleHTML: {payment.ReasonNotAnswer},
			TroubleHuge: {payment.ReasonTooLarge}, TroubleSlow: {payment.ReasonTimeout}, TroubleStatus: {payment.ReasonStatus},
		} {
			run(string(call)+" names trouble: "+string(trouble), func(t *testing.T, h ProviderHarness) {
				testTrouble(t, h, call, trouble, reasons)
			})
		}
	}
}

func started(t *testing.T, h ProviderHarness) (payment.Attempt, payment.Started) {
	t.Helper()
	a := h.Attempt(t)
	s, err := h.Provider.Start(t.Context(), a)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	a.State, a.PayURL, a.ProviderRef = payment.AttemptStarted, s.PayURL, s.ProviderRef
	return a, s
}

func lookUp(t *testing.T, h ProviderHarness, a payment.Attempt) payment.Snapshot {
	t.Helper()
	snap, err := h.Provider.LookUp(t.Context(), a)
	if err != nil {
		t.Fatalf("LookUp: %v", err)
	}
	if !snap.Amount.IsZero() && snap.Amount != a.Amount {
		t.Errorf("LookUp tells %v, want %v", snap.Amount, a.Amount)
	}
	return snap
}

func testStarts(t *testing.T, h ProviderHarness) {
	a, s := started(t, h)
	if u, err := url.Parse(s.PayURL); err != nil || !u.IsAbs() || u.Host == "" {
		t.Errorf("PayURL %q is no address", s.PayURL)
	}
	if snap := lookUp(t, h, a); snap.State != payment.StateOpen && snap.State != payment.StateChecking {
		t.Errorf("after the start: %s, want open or checking", snap.State)
	}
	if again, err := h.Provider.Start(t.Context(), a); err == nil && again != s {
		t.Errorf("a second start with the same TxID gave %+v, first %+v", again, s)
	}
	if _, other := started(t, h); other.PayURL == s.PayURL {
		t.Error("another attempt got the same page")
	}
}

func testOutcome(t *testing.T, h ProviderHarness, outcome payment.State) {
	a, s := started(t, h)
	h.End(t, a, s, outcome)
	for range 2 { // asking changes nothing
		snap := lookUp(t, h, a)
		switch outcome {
		case payment.StatePaid:
			if snap.State != payment.StatePaid || snap.Amount != a.Amount {
				t.Errorf("LookUp = %s %v, want paid %v", snap.State, snap.Amount, a.Amount)
			}
		case payment.StateChecking:
			if snap.State != payment.StateChecking && snap.State != payment.StateOpen {
				t.Errorf("LookUp = %s, want checking", snap.State)
			}
		default: // some services cannot tell these two apart
			if snap.State != payment.StateAborted && snap.State != payment.StateFailed {
				t.Errorf("LookUp = %s, want %s", snap.State, outcome)
			}
		}
	}
}

func testCallback(t *testing.T, h ProviderHarness, outcome payment.State) {
	a, s := started(t, h)
	h.End(t, a, s, outcome)
	hint, err := h.Provider.Callback(h.Callback(t, a, s, outcome, false))
	if err != nil {
		t.Fatalf("Callback: %v", err)
	}
	if hint.Attempt != a.ID {
		t.Errorf("the hint is about %q, want %q", hint.Attempt, a.ID)
	}
	if hint.Claim == payment.StatePaid && outcome != payment.StatePaid {
		t.Errorf("the hint claims paid, want %s", outcome)
	}
	if misfit(a, hint) {
		t.Errorf("the hint %+v does not fit %+v", hint, a)
	}
}

// misfit is what Checkout.Take refuses.
func misfit(a payment.Attempt, h payment.Hint) bool {
	return (h.Tenant != "" && h.Tenant != a.Tenant) || (h.TxID != "" && h.TxID != a.TxID && h.TxID != a.ProviderRef) ||
		(h.Procedure != "" && h.Procedure != a.Procedure) || (!h.Amount.IsZero() && h.Amount != a.Amount)
}

func testForged(t *testing.T, h ProviderHarness) {
	a, s := started(t, h)
	hint, err := h.Provider.Callback(h.Callback(t, a, s, payment.StatePaid, true))
	if err == nil && (hint.Signed || !misfit(a, hint)) {
		t.Errorf("a forged callback gave %+v", hint)
	}
	if snap := lookUp(t, h, a); snap.State == payment.StatePaid {
		t.Error("a forged callback made the look-up tell paid")
	}
}

func testNoCallback(t *testing.T, h ProviderHarness) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://portal.example/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "image/png")
	hint, err := h.Provider.Callback(r)
	var failed *payment.ProviderError
	if !errors.As(err, &failed) {
		t.Errorf("Callback = %+v, %v, want a *ProviderError", hint, err)
	}
}

func testUnknown(t *testing.T, h ProviderHarness) {
	_, err := h.Provider.LookUp(t.Context(), h.Attempt(t))
	wantReason(t, err, payment.ReasonUnknownTransaction)
}

func wantReason(t *testing.T, err error, reasons ...payment.ProviderReason) {
	t.Helper()
	var failed *payment.ProviderError
	if !errors.As(err, &failed) || !slices.Contains(reasons, failed.Reason) {
		t.Errorf("error = %v, want a *ProviderError with %v", err, reasons)
	}
}

// patience is far more than any provider may need to give up.
const patience = 30 * time.Second

func testTrouble(t *testing.T, h ProviderHarness, call Call, trouble Trouble, reasons []payment.ProviderReason) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a := h.Attempt(t)
	if call == CallLookUp {
		a, _ = started(t, h)
	}
	h.Break(t, call, trouble)
	var err error
	if call == CallStart {
		_, err = h.Provider.Start(ctx, a)
	} else {
		_, err = h.Provider.LookUp(ctx, a)
	}
	wantReason(t, err, reasons...)
	var failed *payment.ProviderError
	if errors.As(err, &failed) && !failed.Temporary {
		t.Errorf("%v is not said to be temporary", err)
	}
	if ctx.Err() != nil {
		t.Error("the provider has no timeout of its own")
	}
}

func testProviderCancelled(t *testing.T, h ProviderHarness) {
	a, _ := started(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Provider.LookUp(ctx, a); err == nil {
		t.Error("LookUp gave no error")
	}
	if _, err := h.Provider.Start(ctx, h.Attempt(t)); err == nil {
		t.Error("Start gave no error")
	}
}
