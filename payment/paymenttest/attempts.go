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

// TestAttemptStore checks that a store keeps the contract of
// [payment.AttemptStore]. open returns a fresh, empty store for each subtest and
// cleans up with t.Cleanup.
func TestAttemptStore(t *testing.T, open func(t *testing.T) payment.AttemptStore) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, payment.AttemptStore)
	}{
		{"an attempt comes back as it was written", testAttemptRoundTrip},
		{"a missing attempt is not found", testAttemptMissing},
		{"used ids and a second live attempt are refused", testAttemptExists},
		{"of many live attempts of an order one is inserted", testAttemptRace},
		{"a stale version is refused and changes nothing", testAttemptStale},
		{"of many writers with the same version one wins", testAttemptWriters},
		{"what identifies an attempt never changes", testAttemptFixed},
		{"times keep microseconds and come back in UTC", testAttemptTimes},
		{"attempts are due when their time has come and nobody is at them", testAttemptDue},
		{"attempts of an order are sorted by time and id", testAttemptsOfOrder},
		{"lists go on behind a cursor, also at equal times", testAttemptList},
		{"large and odd texts and amounts come back", testAttemptTexts},
		{"a cancelled context ends every call", testAttemptCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

func attempt(id, order string) payment.Attempt {
	return payment.Attempt{
		ID: payment.AttemptID(id), Order: payment.OrderID(order), Provider: "pm", Tenant: "03399004", Procedure: "URKUNDE",
		TxID: "tx-" + id, Amount: payment.EUR(1595), Text: "KZ-4711 Urkunde", Record: "KZ-4711", NotifyURL: "https://a.example/n?x=1",
		ReturnURL: "https://a.example/r?x=1", PayURL: "https://pay.example/1", ProviderRef: "ref-" + id, Method: "paypal",
		State: payment.AttemptStarted, Asked: 3, LastError: "timeout", CreatedAt: start, NextAt: start.Add(time.Minute),
		LeaseUntil: start.Add(2 * time.Minute), ExpiresAt: start.Add(time.Hour), EndedAt: start.Add(time.Second), Version: 1,
	}
}

func ended(a payment.Attempt) payment.Attempt {
	a.State = payment.AttemptAborted
	return a
}

func insertAttempt(t *testing.T, s payment.AttemptStore, a payment.Attempt) {
	t.Helper()
	if err := s.Insert(t.Context(), a); err != nil {
		t.Fatalf("Insert %s: %v", a.ID, err)
	}
}

func loadAttempt(t *testing.T, s payment.AttemptStore, id payment.AttemptID) payment.Attempt {
	t.Helper()
	a, err := s.Attempt(t.Context(), id)
	if err != nil {
		t.Fatalf("Attempt: %v", err)
	}
	return a
}

func testAttemptRoundTrip(t *testing.T, s payment.AttemptStore) {
	a := attempt("a1", "o1")
	insertAttempt(t, s, a)
	same(t, "attempt", a, loadAttempt(t, s, "a1"))
	a.PayURL, a.ProviderRef, a.Method, a.State = "https://pay.example/2", "ref-2", "creditcard", payment.AttemptPaid
	a.Text, a.Record, a.NotifyURL, a.ReturnURL = "t", "r", "n", "u"
	a.Asked, a.LastError, a.NextAt, a.LeaseUntil, a.EndedAt, a.Version = 4, "", time.Time{}, time.Time{}, start.Add(time.Hour), 2
	a.ExpiresAt = start.Add(2 * time.Hour)
	if err := s.Update(t.Context(), a, 1); err != nil {
		t.Fatal(err)
	}
	same(t, "attempt", a, loadAttempt(t, s, "a1"))
	empty := payment.Attempt{ID: "a2", TxID: "x", State: payment.AttemptFailed, CreatedAt: start, Version: 1}
	insertAttempt(t, s, empty)
	same(t, "empty attempt", empty, loadAttempt(t, s, "a2"))
}

func testAttemptMissing(t *testing.T, s payment.AttemptStore) {
	_, err := s.Attempt(t.Context(), "none")
	wantErr(t, err, payment.ErrNotFound)
	wantErr(t, s.Update(t.Context(), attempt("none", "o1"), 1), payment.ErrNotFound)
	if as, err := s.Attempts(t.Context(), "none"); err != nil || len(as) != 0 {
		t.Errorf("Attempts = %v, %v, want none", as, err)
	}
	if as, err := s.List(t.Context(), "", payment.AttemptCursor{}, 10); err != nil || len(as) != 0 {
		t.Errorf("List = %v, %v, want none", as, err)
	}
	if ids, err := s.Due(t.Context(), start.Add(time.Hour), 10); err != nil || len(ids) != 0 {
		t.Errorf("Due = %v, %v, want none", ids, err)
	}
}

func testAttemptExists(t *testing.T, s payment.AttemptStore) {
	insertAttempt(t, s, attempt("a1", "o1"))
	sameID, sameTx := ended(attempt("a1", "o2")), ended(attempt("a2", "o2"))
	sameID.TxID, sameTx.TxID = "other", "tx-a1"
	second := attempt("a3", "o1")
	second.State = payment.AttemptCreated
	for what, a := range map[string]payment.Attempt{"id": sameID, "txid": sameTx, "live": second} {
		if err := s.Insert(t.Context(), a); !errors.Is(err, payment.ErrExists) {
			t.Errorf("%s: %v, want ErrExists", what, err)
		}
	}
	same(t, "attempt", attempt("a1", "o1"), loadAttempt(t, s, "a1"))
	insertAttempt(t, s, ended(attempt("a4", "o1"))) // one that has ended does not count
	insertAttempt(t, s, attempt("a5", "o2"))
	a := ended(attempt("a1", "o1"))
	a.Version = 2
	if err := s.Update(t.Context(), a, 1); err != nil {
		t.Fatal(err)
	}
	insertAttempt(t, s, second)
}

func testAttemptRace(t *testing.T, s payment.AttemptStore) {
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			switch err := s.Insert(t.Context(), attempt(fmt.Sprint("a", i), "o1")); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, payment.ErrExists):
				t.Errorf("Insert: %v", err)
			}
		})
	}
	wg.Wait()
	if as, err := s.Attempts(t.Context(), "o1"); err != nil || len(as) != 1 || won.Load() != 1 {
		t.Errorf("%d inserts won, %d attempts, %v, want 1", won.Load(), len(as), err)
	}
}

func testAttemptStale(t *testing.T, s payment.AttemptStore) {
	insertAttempt(t, s, attempt("a1", "o1"))
	a := ended(attempt("a1", "o1"))
	a.Version = 3
	wantErr(t, s.Update(t.Context(), a, 2), payment.ErrConflict)
	same(t, "attempt", attempt("a1", "o1"), loadAttempt(t, s, "a1"))
}

func testAttemptWriters(t *testing.T, s payment.AttemptStore) {
	insertAttempt(t, s, attempt("a1", "o1"))
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			a := attempt("a1", "o1")
			a.Version, a.Asked = 2, i
			switch err := s.Update(t.Context(), a, 1); {
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
}

func testAttemptFixed(t *testing.T, s payment.AttemptStore) {
	insertAttempt(t, s, attempt("a1", "o1"))
	a := attempt("a1", "o2")
	a.Provider, a.Tenant, a.Procedure, a.TxID, a.Amount = "x", "x", "x", "x", payment.EUR(1)
	a.CreatedAt, a.Version = start.Add(time.Hour), 2
	if err := s.Update(t.Context(), a, 1); err != nil {
		t.Fatal(err)
	}
	want := attempt("a1", "o1")
	want.Version = 2
	same(t, "attempt", want, loadAttempt(t, s, "a1"))
}

func testAttemptTimes(t *testing.T, s payment.AttemptStore) {
	at := time.Date(2026, 7, 1, 0, 30, 0, 987654000, time.FixedZone("CEST", 7200))
	a := attempt("a1", "o1")
	a.CreatedAt, a.NextAt, a.LeaseUntil, a.ExpiresAt, a.EndedAt = at, at, at, at, at
	insertAttempt(t, s, a)
	a = loadAttempt(t, s, "a1")
	for what, got := range map[string]time.Time{
		"created": a.CreatedAt, "next": a.NextAt, "lease": a.LeaseUntil, "expires": a.ExpiresAt, "ended": a.EndedAt,
	} {
		if !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v in UTC", what, got, at.UTC())
		}
	}
}

func testAttemptDue(t *testing.T, s payment.AttemptStore) {
	for id, c := range map[string]struct {
		next, lease time.Duration
		state       payment.AttemptState
	}{
		"b": {0, 0, payment.AttemptStarted}, "a": {0, 0, payment.AttemptCreated}, "c": {-time.Microsecond, 0, payment.AttemptAborted},
		"later": {time.Microsecond, 0, payment.AttemptStarted}, "taken": {-time.Hour, time.Microsecond, payment.AttemptStarted},
		"freed": {-time.Hour, -time.Microsecond, payment.AttemptStarted}, "now": {-time.Minute, 1, payment.AttemptStarted},
	} {
		a := attempt(id, "o-"+id)
		a.State, a.NextAt, a.LeaseUntil = c.state, start.Add(c.next), time.Time{}
		switch c.lease {
		case 0:
		case 1:
			a.LeaseUntil = start
		default:
			a.LeaseUntil = start.Add(c.lease)
		}
		insertAttempt(t, s, a)
	}
	never := attempt("never", "o-never")
	never.NextAt, never.LeaseUntil = time.Time{}, time.Time{}
	insertAttempt(t, s, never)
	at := start.In(time.FixedZone("CET", 3600)) // the zone of the question does not matter
	for limit, want := range map[int][]payment.AttemptID{
		10: {"freed", "now", "c", "a", "b"}, 2: {"freed", "now"},
	} {
		ids, err := s.Due(t.Context(), at, limit)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint("due, limit ", limit), want, ids)
	}
}

func testAttemptsOfOrder(t *testing.T, s payment.AttemptStore) {
	for id, after := range map[string]time.Duration{"b": 0, "a": 0, "c": time.Microsecond, "d": -time.Microsecond} {
		a := ended(attempt(id, "o1"))
		a.CreatedAt = start.Add(after)
		insertAttempt(t, s, a)
	}
	insertAttempt(t, s, attempt("x", "o2"))
	as, err := s.Attempts(t.Context(), "o1")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ids", []payment.AttemptID{"d", "a", "b", "c"}, idsOf(as))
}

func idsOf(as []payment.Attempt) []payment.AttemptID {
	var ids []payment.AttemptID
	for _, a := range as {
		ids = append(ids, a.ID)
	}
	return ids
}

func testAttemptList(t *testing.T, s payment.AttemptStore) {
	for id, after := range map[string]time.Duration{"a": 0, "b": 0, "c": 0, "d": time.Second, "e": -time.Second} {
		a := ended(attempt(id, "o1"))
		a.CreatedAt = start.Add(after)
		insertAttempt(t, s, a)
	}
	insertAttempt(t, s, attempt("x", "o2"))
	for state, want := range map[payment.AttemptState][]payment.AttemptID{
		payment.AttemptAborted: {"d", "c", "b", "a", "e"}, payment.AttemptStarted: {"x"}, payment.AttemptPaid: nil,
		"": {"d", "x", "c", "b", "a", "e"},
	} {
		var got []payment.AttemptID
		var after payment.AttemptCursor
		for range 10 {
			as, err := s.List(t.Context(), state, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, idsOf(as)...)
			if len(as) < 2 {
				break
			}
			after = payment.AttemptCursor{CreatedAt: as[1].CreatedAt, ID: as[1].ID}
		}
		same(t, "list of "+string(state), want, got)
	}
}

func testAttemptTexts(t *testing.T, s payment.AttemptStore) {
	a := attempt("a1", "Ä ẞ 🏰 ?")
	a.Text = strings.Repeat("Gebühr für Größe 🏰 ' \" ? $1 {{.Time}} ", 25_000)
	a.Amount = payment.EUR(math.MaxInt64)
	insertAttempt(t, s, a)
	if got := loadAttempt(t, s, "a1"); !cmp.Equal(a, got) {
		t.Error("an attempt with a text of 1 MB did not come back as it was")
	}
	if as, err := s.Attempts(t.Context(), a.Order); err != nil || len(as) != 1 {
		t.Errorf("Attempts found %d, %v", len(as), err)
	}
}

func testAttemptCancelled(t *testing.T, s payment.AttemptStore) {
	insertAttempt(t, s, attempt("a1", "o1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, one := s.Attempt(ctx, "a1")
	_, many := s.Attempts(ctx, "o1")
	_, due := s.Due(ctx, start, 10)
	_, list := s.List(ctx, "", payment.AttemptCursor{}, 10)
	for what, err := range map[string]error{
		"Insert": s.Insert(ctx, attempt("a2", "o2")), "Update": s.Update(ctx, attempt("a1", "o1"), 1),
		"Attempt": one, "Attempts": many, "Due": due, "List": list,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want context.Canceled", what, err)
		}
	}
}
