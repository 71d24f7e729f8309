// Package paymenttest checks implementations of the interfaces of package
// payment.
package paymenttest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/payment"
)

// TestStore checks that a store keeps the contract of [payment.Store]. open
// returns a fresh, empty store for each subtest and cleans up with t.Cleanup.
func TestStore(t *testing.T, open func(t *testing.T) payment.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, payment.Store)
	}{
		{"an order comes back as it was written", testRoundTrip},
		{"empty fields come back empty", testEmpty},
		{"what is missing is not found", testMissing},
		{"a used id is refused and changes nothing", testDuplicate},
		{"a stale version is refused and changes nothing", testStale},
		{"items and creation never change", testFixed},
		{"of many writers with the same version one wins", testWriters},
		{"values taken and given are copies", testAliasing},
		{"times keep microseconds and come back in UTC", testTimes},
		{"large and odd texts and amounts come back", testTexts},
		{"orders of a reference are sorted by time and id", testByReference},
		{"a cancelled context ends every call", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

var start = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

func order(id string) payment.Order {
	return payment.Order{
		ID: payment.OrderID(id), Reference: "2026-17", Payer: "acc-1",
		Items: []payment.Item{
			{ID: "1", Text: "Meldebescheinigung", Amount: payment.EUR(500), Quantity: 3, Account: "1221.4311"},
			{ID: "2", Text: "Porto", Amount: payment.EUR(95), Quantity: 1},
		},
		Total: payment.EUR(1595), State: payment.StatePaid, CreatedAt: start, PaidAt: start.Add(time.Minute),
		Version: 1, Method: "creditcard", Ref: "KZ-4711", ProviderRef: "tx-1",
	}
}

func event(id string, seq int64) payment.Event {
	return payment.Event{
		Seq: seq, Order: payment.OrderID(id), Type: payment.EventMoved, From: payment.StateOpen, To: payment.StatePaid,
		Amount: payment.EUR(1595), Method: "creditcard", ProviderRef: "tx-1", By: "p-7", Reason: "duplicate", At: start,
	}
}

func insert(t *testing.T, s payment.Store, o payment.Order) {
	t.Helper()
	if err := s.Insert(t.Context(), o, event(string(o.ID), 1)); err != nil {
		t.Fatalf("Insert: %v", err)
	}
}

func load(t *testing.T, s payment.Store, id payment.OrderID) payment.Order {
	t.Helper()
	o, err := s.Order(t.Context(), id)
	if err != nil {
		t.Fatalf("Order: %v", err)
	}
	return o
}

func events(t *testing.T, s payment.Store, id payment.OrderID) []payment.Event {
	t.Helper()
	es, err := s.Events(t.Context(), id)
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	return es
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error = %v, want %v", got, want)
	}
}

func testRoundTrip(t *testing.T, s payment.Store) {
	o := order("o1")
	insert(t, s, o)
	same(t, "order", o, load(t, s, "o1"))
	o.State, o.Version, o.PaidAt, o.Method, o.ProviderRef = payment.StateRefunded, 2, start.Add(time.Hour), "paypal", "tx-2"
	if err := s.Update(t.Context(), o, 1, event("o1", 2)); err != nil {
		t.Fatal(err)
	}
	same(t, "order", o, load(t, s, "o1"))
	same(t, "events", []payment.Event{event("o1", 1), event("o1", 2)}, events(t, s, "o1"))
}

func testEmpty(t *testing.T, s payment.Store) {
	o := payment.Order{ID: "o1", State: payment.StateOpen, CreatedAt: start, Version: 1}
	insert(t, s, o)
	same(t, "order", o, load(t, s, "o1"))
}

func testMissing(t *testing.T, s payment.Store) {
	ctx := t.Context()
	_, err := s.Order(ctx, "none")
	wantErr(t, err, payment.ErrNotFound)
	wantErr(t, s.Update(ctx, order("none"), 1, event("none", 2)), payment.ErrNotFound)
	if es := events(t, s, "none"); len(es) != 0 {
		t.Errorf("events = %v, want none", es)
	}
	if os, err := s.ByReference(ctx, "none"); err != nil || len(os) != 0 {
		t.Errorf("ByReference = %v, %v, want none", os, err)
	}
}

func testDuplicate(t *testing.T, s payment.Store) {
	insert(t, s, order("o1"))
	other := order("o1")
	other.Payer = "acc-2"
	wantErr(t, s.Insert(t.Context(), other, event("o1", 1)), payment.ErrExists)
	same(t, "order", order("o1"), load(t, s, "o1"))
	if n := len(events(t, s, "o1")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func testStale(t *testing.T, s payment.Store) {
	insert(t, s, order("o1"))
	o := order("o1")
	o.Version, o.State = 3, payment.StateRefunded
	wantErr(t, s.Update(t.Context(), o, 2, event("o1", 2)), payment.ErrConflict)
	same(t, "order", order("o1"), load(t, s, "o1"))
	if n := len(events(t, s, "o1")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func testFixed(t *testing.T, s payment.Store) {
	insert(t, s, order("o1"))
	o := order("o1")
	o.Version, o.Items, o.CreatedAt = 2, nil, start.Add(time.Hour)
	if err := s.Update(t.Context(), o, 1, event("o1", 2)); err != nil {
		t.Fatal(err)
	}
	want := order("o1")
	want.Version = 2
	same(t, "order", want, load(t, s, "o1"))
}

func testWriters(t *testing.T, s payment.Store) {
	insert(t, s, order("o1"))
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			o := order("o1")
			o.Version, o.Method = 2, fmt.Sprint(i)
			switch err := s.Update(t.Context(), o, 1, event("o1", 2)); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, payment.ErrConflict):
				t.Errorf("Update: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won, want 1", won.Load())
	}
	if n := len(events(t, s, "o1")); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func testAliasing(t *testing.T, s payment.Store) {
	o := order("o1")
	insert(t, s, o)
	o.Items[0].Text = "changed"
	load(t, s, "o1").Items[0].Text = "changed"
	events(t, s, "o1")[0].By = "changed"
	if os, err := s.ByReference(t.Context(), "2026-17"); err != nil || len(os) != 1 {
		t.Errorf("ByReference = %v, %v", os, err)
	} else {
		os[0].Items[0].Text = "changed"
	}
	same(t, "order", order("o1"), load(t, s, "o1"))
	same(t, "events", []payment.Event{event("o1", 1)}, events(t, s, "o1"))
}

func testTimes(t *testing.T, s payment.Store) {
	at := time.Date(2026, 7, 1, 0, 30, 0, 987654000, time.FixedZone("CEST", 7200))
	o, e := order("o1"), event("o1", 1)
	o.CreatedAt, o.PaidAt, e.At = at, at, at
	if err := s.Insert(t.Context(), o, e); err != nil {
		t.Fatal(err)
	}
	o = load(t, s, "o1")
	for what, got := range map[string]time.Time{"created": o.CreatedAt, "paid": o.PaidAt, "event": events(t, s, "o1")[0].At} {
		if !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v in UTC", what, got, at.UTC())
		}
	}
}

func testTexts(t *testing.T, s payment.Store) {
	o := order("o1")
	o.Items[0].Text = strings.Repeat("Gebühr für Größe 🏰 ' \" ? $1 {{.Time}} ", 25_000)
	o.Items[0].Amount = payment.EUR(math.MaxInt64)
	o.Reference, o.Total = "Ä ẞ 🏰 ?", payment.EUR(math.MaxInt64)
	insert(t, s, o)
	if got := load(t, s, "o1"); !cmp.Equal(o, got) {
		t.Error("an order with a text of 1 MB did not come back as it was")
	}
	if os, err := s.ByReference(t.Context(), o.Reference); err != nil || len(os) != 1 {
		t.Errorf("ByReference found %d orders, %v", len(os), err)
	}
}

func testByReference(t *testing.T, s payment.Store) {
	for id, after := range map[string]time.Duration{"b": 0, "a": 0, "c": time.Microsecond, "d": -time.Microsecond} {
		o := order(id)
		o.CreatedAt = start.Add(after)
		insert(t, s, o)
	}
	other := order("x")
	other.Reference = "2026-18"
	insert(t, s, other)
	os, err := s.ByReference(t.Context(), "2026-17")
	if err != nil {
		t.Fatal(err)
	}
	var got []payment.OrderID
	for _, o := range os {
		got = append(got, o.ID)
	}
	same(t, "ids", []payment.OrderID{"d", "a", "b", "c"}, got)
}

func testCancelled(t *testing.T, s payment.Store) {
	insert(t, s, order("o1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, one := s.Order(ctx, "o1")
	_, many := s.ByReference(ctx, "2026-17")
	_, record := s.Events(ctx, "o1")
	for what, err := range map[string]error{
		"Insert": s.Insert(ctx, order("o2"), event("o2", 1)), "Update": s.Update(ctx, order("o1"), 1, event("o1", 2)),
		"Order": one, "ByReference": many, "Events": record,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want context.Canceled", what, err)
		}
	}
	if _, err := s.Order(t.Context(), "o2"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("a cancelled insert left an order: %v", err)
	}
}
