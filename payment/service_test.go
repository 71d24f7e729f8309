package payment_test

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/payment"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func newService() *payment.Service {
	return payment.New(payment.NewMemStore(), &payment.Options{Now: func() time.Time { return start }})
}

func fee() payment.Order {
	return payment.Order{
		ID: "o1", Reference: "2026-17", Payer: "acc-1", Ref: "KZ-1",
		Items: []payment.Item{
			{ID: "1", Text: "Meldebescheinigung", Amount: payment.EUR(500), Quantity: 3},
			{ID: "2", Text: "Porto", Amount: payment.EUR(95), Quantity: 1},
		},
	}
}

func open(t *testing.T, s *payment.Service) payment.Order {
	t.Helper()
	o, err := s.Open(t.Context(), fee())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func paid(ref string) payment.Snapshot {
	return payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1595), Method: "creditcard", ProviderRef: ref}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	s := newService()
	asked := fee()
	asked.State, asked.Version, asked.Method, asked.PaidAt = payment.StatePaid, 9, "x", start // nobody's business
	o, err := s.Open(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	want := fee()
	want.Total, want.State, want.CreatedAt, want.Version = payment.EUR(1595), payment.StateOpen, start, 1
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	again, err := s.Open(t.Context(), fee())
	if diff := cmp.Diff(want, again); diff != "" || err != nil {
		t.Errorf("repeated: %v (-want +got):\n%s", err, diff)
	}
	other := fee()
	other.Items[0].Quantity = 4
	if _, err := s.Open(t.Context(), other); !errors.Is(err, payment.ErrExists) {
		t.Errorf("same id, other contents: %v", err)
	}
	nameless := fee()
	nameless.ID = ""
	if o, err := s.Open(t.Context(), nameless); err != nil || o.ID == "" {
		t.Errorf("without an id: %+v, %v", o, err)
	}
	if os, err := s.ByReference(t.Context(), "2026-17"); err != nil || len(os) != 2 {
		t.Errorf("ByReference = %v, %v", os, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := newService()
	for _, c := range []struct {
		name  string
		edit  func(*payment.Order)
		field string // of an *InvalidError
		err   error
	}{
		{"no items", func(o *payment.Order) { o.Items = nil }, "items", nil},
		{"an item without id", func(o *payment.Order) { o.Items[0].ID = "" }, "item.id", nil},
		{"the same item twice", func(o *payment.Order) { o.Items[1].ID = "1" }, "item.id", nil},
		{"no currency", func(o *payment.Order) { o.Items[0].Amount.Currency = "" }, "item.amount", nil},
		{"a negative amount", func(o *payment.Order) { o.Items[0].Amount.Minor = -1 }, "item.amount", nil},
		{"no quantity", func(o *payment.Order) { o.Items[0].Quantity = 0 }, "item.quantity", nil},
		{"nothing to pay", func(o *payment.Order) { o.Items = o.Items[:1]; o.Items[0].Amount.Minor = 0 }, "total", nil},
		{"NUL in a text", func(o *payment.Order) { o.Items[0].Text = "\x00" }, "item.text", nil},
		{"no UTF-8", func(o *payment.Order) { o.Reference = "\xff" }, "reference", nil},
		{"too long", func(o *payment.Order) { o.Payer = strings.Repeat("x", 201) }, "payer", nil},
		{"two currencies", func(o *payment.Order) { o.Items[1].Amount.Currency = "CHF" }, "", payment.ErrCurrency},
		{"too much of one", func(o *payment.Order) { o.Items[0].Amount.Minor = math.MaxInt64 }, "", payment.ErrOverflow},
		{"too much together", func(o *payment.Order) { o.Items[0].Quantity, o.Items[0].Amount.Minor = 1, math.MaxInt64 }, "", payment.ErrOverflow},
	} {
		o := fee()
		c.edit(&o)
		_, err := s.Open(t.Context(), o)
		var invalid *payment.InvalidError
		if c.err != nil && !errors.Is(err, c.err) || c.err == nil && (!errors.As(err, &invalid) || invalid.Field != c.field) {
			t.Errorf("%s: error = %v", c.name, err)
		}
	}
	o := fee()
	o.Total = payment.EUR(1594)
	var mismatch *payment.MismatchError
	if _, err := s.Open(t.Context(), o); !errors.As(err, &mismatch) || mismatch.Want != payment.EUR(1595) {
		t.Errorf("a wrong sum: %v", err)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	s := newService()
	ctx := t.Context()
	open(t, s)
	if _, err := s.Apply(ctx, "o1", payment.Snapshot{State: payment.StateChecking}); err != nil {
		t.Fatal(err)
	}
	snap := paid("tx-1")
	snap.At = time.Date(2026, 3, 1, 9, 30, 0, 1500, time.FixedZone("CET", 3600))
	o, err := s.Apply(ctx, "o1", snap)
	want := fee()
	want.Total, want.State, want.CreatedAt, want.Version = payment.EUR(1595), payment.StatePaid, start, 3
	want.PaidAt, want.Method, want.ProviderRef = time.Date(2026, 3, 1, 8, 30, 0, 1000, time.UTC), "creditcard", "tx-1"
	if diff := cmp.Diff(want, o); diff != "" || err != nil {
		t.Errorf("%v, order (-want +got):\n%s", err, diff)
	}
	for range 2 { // repeats, one of them without a reference
		if o, err = s.Apply(ctx, "o1", paid("")); err != nil || o.Version != 3 {
			t.Errorf("repeated: %+v, %v", o, err)
		}
	}
	var step *payment.TransitionError
	if _, err := s.Apply(ctx, "o1", paid("tx-2")); !errors.As(err, &step) || step.Reason != payment.TransitionSecondPayment {
		t.Errorf("paid twice: %v", err)
	}
	for _, state := range []payment.State{payment.StateOpen, payment.StateFailed, payment.StateAborted, payment.StateChecking} {
		if _, err := s.Apply(ctx, "o1", payment.Snapshot{State: state}); !errors.As(err, &step) || step.Reason != payment.TransitionIllegal {
			t.Errorf("paid to %s: %v", state, err)
		}
	}
	if _, err := s.Cancel(ctx, "o1", "p-7", "duplicate"); !errors.As(err, &step) {
		t.Errorf("cancelling what is paid: %v", err)
	}
	snap = paid("")
	snap.State = payment.StateRefunded
	if o, err = s.Apply(ctx, "o1", snap); err != nil || o.State != payment.StateRefunded || o.Method != "creditcard" {
		t.Errorf("refunded: %+v, %v", o, err)
	}
	if _, err := s.Apply(ctx, "o1", paid("")); !errors.As(err, &step) {
		t.Errorf("paid after the refund: %v", err)
	}
	es, err := s.Events(ctx, "o1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range es {
		got = append(got, string(e.Type)+":"+string(e.From)+">"+string(e.To))
	}
	wantEvents := []string{"opened:>open", "moved:open>checking", "moved:checking>paid", "moved:paid>refunded"}
	if diff := cmp.Diff(wantEvents, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestApplyRefusesWrongMoney(t *testing.T) {
	t.Parallel()
	s := newService()
	open(t, s)
	for _, m := range []payment.Money{payment.EUR(1594), payment.EUR(1596), {Minor: 1595, Currency: "CHF"}, payment.EUR(-1595)} {
		for _, state := range []payment.State{payment.StatePaid, payment.StateChecking, payment.StateOpen} {
			var mismatch *payment.MismatchError
			if _, err := s.Apply(t.Context(), "o1", payment.Snapshot{State: state, Amount: m}); !errors.As(err, &mismatch) || mismatch.Got != m {
				t.Errorf("%s %v: %v", state, m, err)
			}
		}
	}
	for field, snap := range map[string]payment.Snapshot{
		"state": {State: "sold", Amount: payment.EUR(1595)}, "amount": {State: payment.StatePaid},
		"method":       {State: payment.StatePaid, Amount: payment.EUR(1595), Method: "\x00"},
		"provider_ref": {State: payment.StatePaid, Amount: payment.EUR(1595), ProviderRef: "\xff"},
	} {
		var invalid *payment.InvalidError
		if _, err := s.Apply(t.Context(), "o1", snap); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	var invalid *payment.InvalidError
	if _, err := s.Apply(t.Context(), "o1", payment.Snapshot{State: payment.StateCancelled}); !errors.As(err, &invalid) {
		t.Errorf("cancelled by snapshot: %v", err)
	}
	if _, err := s.Apply(t.Context(), "none", paid("x")); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("unknown order: %v", err)
	}
	if o, err := s.Order(t.Context(), "o1"); err != nil || o.Version != 1 {
		t.Errorf("order changed: %+v, %v", o, err)
	}
	if _, err := s.Order(t.Context(), "\x00"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("an id that cannot be: %v", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := newService()
	open(t, s)
	for range 2 {
		if o, err := s.Cancel(t.Context(), "o1", "p-7", "duplicate"); err != nil || o.State != payment.StateCancelled || o.Version != 2 {
			t.Errorf("Cancel = %+v, %v", o, err)
		}
	}
	es, err := s.Events(t.Context(), "o1")
	if err != nil || len(es) != 2 || es[1].By != "p-7" || es[1].Reason != "duplicate" {
		t.Errorf("events = %+v, %v", es, err)
	}
	var step *payment.TransitionError
	if _, err := s.Apply(t.Context(), "o1", paid("tx")); !errors.As(err, &step) || step.To != payment.StatePaid {
		t.Errorf("money for a cancelled order: %v", err)
	}
}

func TestPaidOnceInARace(t *testing.T) {
	t.Parallel()
	s := newService()
	open(t, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Apply(t.Context(), "o1", paid("tx-1")); err != nil {
				t.Errorf("Apply: %v", err)
			}
		})
	}
	wg.Wait()
	es, err := s.Events(t.Context(), "o1")
	if err != nil || len(es) != 2 {
		t.Errorf("%d events, %v, want 2", len(es), err)
	}
}

// model is the state machine once more, written as what may never happen.
func model(from, to payment.State) bool {
	switch from {
	case payment.StateCancelled, payment.StateRefunded:
		return false
	case payment.StatePaid:
		return to == payment.StateRefunded
	}
	return to != payment.StateRefunded
}

func TestPropertyStateMachine(t *testing.T) {
	t.Parallel()
	states := []payment.State{
		payment.StateOpen, payment.StateChecking, payment.StatePaid, payment.StateAborted, payment.StateFailed, payment.StateRefunded,
	}
	rapid.Check(t, func(t *rapid.T) {
		s := newService()
		ctx := t.Context()
		o, err := s.Open(ctx, fee())
		if err != nil {
			t.Fatal(err)
		}
		state, version := payment.StateOpen, int64(1)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			var ok bool
			to := payment.StateCancelled
			if rapid.IntRange(0, 7).Draw(t, "what") == 0 {
				o, err = s.Cancel(ctx, "o1", "p", "r")
				ok = state == payment.StateOpen || state == payment.StateAborted || state == payment.StateFailed
			} else {
				to = rapid.SampledFrom(states).Draw(t, "to")
				snap := payment.Snapshot{State: to, Amount: payment.EUR(1595)}
				if rapid.IntRange(0, 4).Draw(t, "wrong") == 0 {
					snap.Amount = payment.EUR(1)
					var mismatch *payment.MismatchError
					if _, err := s.Apply(ctx, "o1", snap); !errors.As(err, &mismatch) {
						t.Fatalf("wrong amount: %v", err)
					}
					continue
				}
				o, err = s.Apply(ctx, "o1", snap)
				ok = model(state, to)
			}
			var step *payment.TransitionError
			switch {
			case to == state: // a repeat
				if err != nil {
					t.Fatalf("repeating %s: %v", to, err)
				}
			case ok:
				state, version = to, version+1
				if err != nil {
					t.Fatalf("to %s: %v", to, err)
				}
			case !errors.As(err, &step) || step.From != state || step.To != to:
				t.Fatalf("%s to %s: %v", state, to, err)
			}
			o, err = s.Order(ctx, "o1")
			if err != nil || o.State != state || o.Version != version {
				t.Fatalf("order = %+v, %v, want %s in version %d", o, err, state, version)
			}
			if wasPaid := state == payment.StatePaid || state == payment.StateRefunded; wasPaid == o.PaidAt.IsZero() {
				t.Fatalf("%s, paid at %v", state, o.PaidAt)
			}
		}
		es, err := s.Events(ctx, "o1")
		if err != nil || int64(len(es)) != version {
			t.Fatalf("%d events, %v, want %d", len(es), err, version)
		}
		for i, e := range es {
			if e.Seq != int64(i+1) || (i > 0 && e.From != es[i-1].To) {
				t.Fatalf("event %d = %+v", i, e)
			}
		}
	})
}
