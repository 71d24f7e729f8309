package paymenttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/payment"
)

// TestBookingStore checks that a store keeps the contract of
// [payment.BookingStore]. open returns a fresh, empty store for each subtest and
// cleans up with t.Cleanup.
func TestBookingStore(t *testing.T, open func(t *testing.T) payment.BookingStore) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, payment.BookingStore)
	}{
		{"a booking comes back as it was written", testBookingRoundTrip},
		{"what is missing is not found", testBookingMissing},
		{"an order has one booking", testBookingExists},
		{"batches take what waits, oldest first, with numbers from 1", testBatches},
		{"of many writers each booking gets into one batch", testBatchRace},
		{"a file is kept once", testSeal},
		{"values taken and given are copies", testBookingAliasing},
		{"times keep microseconds and come back in UTC", testBookingTimes},
		{"large and odd texts come back", testBookingTexts},
		{"a cancelled context ends every call", testBookingCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

func booking(id, order string) payment.Booking {
	return payment.Booking{
		ID: id, Order: payment.OrderID(order), Reference: "2026-17", Ref: "KZ-4711", Tenant: "03399004", Procedure: "URKUNDE",
		Method: "paypal", ProviderRef: "ref-1", TxID: "tx-1",
		Lines: []payment.BookingLine{
			{Account: "12201.4311000", Text: "Geburtsurkunde", Amount: payment.EUR(1500)}, {Account: "12201.4461000", Text: "Porto", Amount: payment.EUR(95)},
		},
		Total: payment.EUR(1595), PaidAt: start, CreatedAt: start.Add(time.Second),
	}
}

func insertBooking(t *testing.T, s payment.BookingStore, b payment.Booking) {
	t.Helper()
	if err := s.Insert(t.Context(), b); err != nil {
		t.Fatalf("Insert %s: %v", b.ID, err)
	}
}

func loadBooking(t *testing.T, s payment.BookingStore, id payment.OrderID) payment.Booking {
	t.Helper()
	b, err := s.ByOrder(t.Context(), id)
	if err != nil {
		t.Fatalf("ByOrder: %v", err)
	}
	return b
}

func testBookingRoundTrip(t *testing.T, s payment.BookingStore) {
	b := booking("b1", "o1")
	insertBooking(t, s, b)
	same(t, "booking", b, loadBooking(t, s, "o1"))
	empty := payment.Booking{ID: "b2", Order: "o2", CreatedAt: start}
	insertBooking(t, s, empty)
	same(t, "empty booking", empty, loadBooking(t, s, "o2"))
	assigned := booking("b3", "o3")
	assigned.Batch, assigned.Position = 7, 8 // not the caller's to say
	insertBooking(t, s, assigned)
	same(t, "booking", booking("b3", "o3"), loadBooking(t, s, "o3"))
}

func testBookingMissing(t *testing.T, s payment.BookingStore) {
	_, err := s.ByOrder(t.Context(), "none")
	wantErr(t, err, payment.ErrNotFound)
	if n, oldest, err := s.Unbatched(t.Context()); n != 0 || !oldest.IsZero() || err != nil {
		t.Errorf("Unbatched = %d, %v, %v", n, oldest, err)
	}
	_, err = s.Assign(t.Context(), start, 10)
	wantErr(t, err, payment.ErrNotFound)
	_, _, err = s.Batch(t.Context(), 1)
	wantErr(t, err, payment.ErrNotFound)
	wantErr(t, s.Seal(t.Context(), 1, payment.File{SHA256: "x"}), payment.ErrNotFound)
	if bs, err := s.Batches(t.Context(), 0, 10); len(bs) != 0 || err != nil {
		t.Errorf("Batches = %v, %v", bs, err)
	}
}

func testBookingExists(t *testing.T, s payment.BookingStore) {
	insertBooking(t, s, booking("b1", "o1"))
	wantErr(t, s.Insert(t.Context(), booking("b2", "o1")), payment.ErrExists)
	wantErr(t, s.Insert(t.Context(), booking("b1", "o2")), payment.ErrExists)
	same(t, "booking", booking("b1", "o1"), loadBooking(t, s, "o1"))
	if n, _, err := s.Unbatched(t.Context()); n != 1 || err != nil {
		t.Errorf("Unbatched = %d, %v, want 1", n, err)
	}
}

func testBatches(t *testing.T, s payment.BookingStore) {
	ctx := t.Context()
	for id, after := range map[string]time.Duration{"b": 0, "a": 0, "c": time.Microsecond, "d": -time.Microsecond} {
		b := booking(id, "o-"+id)
		b.CreatedAt = start.Add(after)
		insertBooking(t, s, b)
	}
	n, oldest, err := s.Unbatched(ctx)
	if n != 4 || !oldest.Equal(start.Add(-time.Microsecond)) || err != nil {
		t.Errorf("Unbatched = %d, %v, %v", n, oldest, err)
	}
	first, err := s.Assign(ctx, start, 3)
	want := payment.Batch{Number: 1, At: start, Count: 3, Sum: payment.EUR(3 * 1595)}
	if err != nil {
		t.Fatal(err)
	}
	same(t, "first batch", want, first)
	second, err := s.Assign(ctx, start.Add(time.Hour), 3)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "second batch", payment.Batch{Number: 2, At: start.Add(time.Hour), Count: 1, Sum: payment.EUR(1595)}, second)
	_, err = s.Assign(ctx, start, 3)
	wantErr(t, err, payment.ErrNotFound)
	if n, _, err := s.Unbatched(ctx); n != 0 || err != nil {
		t.Errorf("Unbatched = %d, %v, want 0", n, err)
	}
	batch, bookings, err := s.Batch(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "batch", want, batch)
	var got []string
	for i, b := range bookings {
		got = append(got, b.ID)
		if b.Batch != 1 || b.Position != i+1 {
			t.Errorf("%s is in batch %d at %d", b.ID, b.Batch, b.Position)
		}
	}
	same(t, "order in the batch", []string{"d", "a", "b"}, got)
	for before, want := range map[int64][]int64{0: {2, 1}, 2: {1}, 1: nil} {
		bs, err := s.Batches(ctx, before, 10)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int64
		for _, b := range bs {
			numbers = append(numbers, b.Number)
		}
		same(t, fmt.Sprint("batches before ", before), want, numbers)
	}
	if bs, err := s.Batches(ctx, 0, 1); err != nil || len(bs) != 1 || bs[0].Number != 2 {
		t.Errorf("Batches with limit 1 = %v, %v", bs, err)
	}
}

func testBatchRace(t *testing.T, s payment.BookingStore) {
	for i := range 20 {
		insertBooking(t, s, booking(fmt.Sprint("b", i), fmt.Sprint("o", i)))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				_, err := s.Assign(t.Context(), start, 3)
				if errors.Is(err, payment.ErrNotFound) {
					return
				}
				if err != nil && !errors.Is(err, payment.ErrConflict) {
					t.Errorf("Assign: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	bs, err := s.Batches(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, b := range bs {
		if b.Number != int64(len(bs)-i) {
			t.Errorf("batch %d at place %d of %d: a gap", b.Number, i, len(bs))
		}
		_, bookings, err := s.Batch(t.Context(), b.Number)
		if err != nil || len(bookings) != b.Count {
			t.Errorf("batch %d has %d bookings, %v, want %d", b.Number, len(bookings), err, b.Count)
		}
		for _, k := range bookings {
			if seen[k.ID] {
				t.Errorf("%s is in two batches", k.ID)
			}
			seen[k.ID] = true
		}
	}
	if n, _, err := s.Unbatched(t.Context()); err != nil || n+len(seen) != 20 {
		t.Errorf("%d in batches, %d wait, %v, want 20 together", len(seen), n, err)
	}
}

func testSeal(t *testing.T, s payment.BookingStore) {
	insertBooking(t, s, booking("b1", "o1"))
	if _, err := s.Assign(t.Context(), start, 10); err != nil {
		t.Fatal(err)
	}
	f := payment.File{Name: "a.csv", MediaType: "text/csv", Content: []byte{0, 0xff, 'a'}, SHA256: "abc"}
	if err := s.Seal(t.Context(), 1, f); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Seal(t.Context(), 1, payment.File{Name: "b.csv", SHA256: "def"}), payment.ErrExists)
	f.Content[0] = 'x'
	want := payment.Batch{
		Number: 1, At: start, Count: 1, Sum: payment.EUR(1595), Name: "a.csv", MediaType: "text/csv",
		Content: []byte{0, 0xff, 'a'}, SHA256: "abc",
	}
	b, _, err := s.Batch(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "batch", want, b)
	b.Content[0] = 'x'
	if b, _, err := s.Batch(t.Context(), 1); err != nil || b.Content[0] != 0 {
		t.Errorf("the content was shared: %v, %v", b.Content, err)
	}
	bs, err := s.Batches(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	want.Content = nil
	same(t, "list", []payment.Batch{want}, bs)
}

func testBookingAliasing(t *testing.T, s payment.BookingStore) {
	b := booking("b1", "o1")
	insertBooking(t, s, b)
	b.Lines[0].Text = "changed"
	loadBooking(t, s, "o1").Lines[0].Text = "changed"
	if _, err := s.Assign(t.Context(), start, 10); err != nil {
		t.Fatal(err)
	}
	_, bookings, err := s.Batch(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	bookings[0].Lines[0].Text = "changed"
	want := booking("b1", "o1")
	want.Batch, want.Position = 1, 1
	same(t, "booking", want, loadBooking(t, s, "o1"))
}

func testBookingTimes(t *testing.T, s payment.BookingStore) {
	at := time.Date(2026, 7, 1, 0, 30, 0, 987654000, time.FixedZone("CEST", 7200))
	b := booking("b1", "o1")
	b.PaidAt, b.CreatedAt = at, at
	insertBooking(t, s, b)
	b = loadBooking(t, s, "o1")
	_, oldest, err := s.Unbatched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch, err := s.Assign(t.Context(), at, 1)
	if err != nil {
		t.Fatal(err)
	}
	stored, _, err := s.Batch(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]time.Time{
		"paid": b.PaidAt, "created": b.CreatedAt, "oldest": oldest, "batch": batch.At, "stored batch": stored.At,
	} {
		if !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v in UTC", what, got, at.UTC())
		}
	}
}

func testBookingTexts(t *testing.T, s payment.BookingStore) {
	b := booking("b1", "Ä ẞ 🏰 ?")
	b.Lines[0].Text = strings.Repeat("Gebühr für Größe 🏰 ' \" ? $1 {{.Time}} ", 25_000)
	insertBooking(t, s, b)
	if got := loadBooking(t, s, b.Order); !cmp.Equal(b, got) {
		t.Error("a booking with a text of 1 MB did not come back as it was")
	}
}

func testBookingCancelled(t *testing.T, s payment.BookingStore) {
	insertBooking(t, s, booking("b1", "o1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, one := s.ByOrder(ctx, "o1")
	_, _, count := s.Unbatched(ctx)
	_, assign := s.Assign(ctx, start, 10)
	_, _, batch := s.Batch(ctx, 1)
	_, list := s.Batches(ctx, 0, 10)
	for what, err := range map[string]error{
		"Insert": s.Insert(ctx, booking("b2", "o2")), "ByOrder": one, "Unbatched": count, "Assign": assign,
		"Seal": s.Seal(ctx, 1, payment.File{}), "Batch": batch, "Batches": list,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want context.Canceled", what, err)
		}
	}
	if n, _, err := s.Unbatched(t.Context()); n != 1 || err != nil {
		t.Errorf("Unbatched = %d, %v, want 1", n, err)
	}
}
