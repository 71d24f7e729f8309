// Package federationtest has conformance suites for whoever implements a Store
// or a Transport of package federation.
package federationtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
)

// TestStore checks an implementation of [federation.Store] against the
// sentences of its contract. Open returns a fresh, empty store for each
// subtest.
func TestStore(t *testing.T, open func(t *testing.T) federation.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s federation.Store)
	}{
		{"what is created is found by id and key", testRoundTrip},
		{"id and key are unique", testUnique},
		{"what is unknown is not found", testNotFound},
		{"update keeps the moving parts only", testUpdate},
		{"a stale update conflicts and changes nothing", testStale},
		{"of concurrent writers one wins", testConcurrent},
		{"due lists what waits, earliest first", testDue},
		{"by reference lists oldest first without payload", testByReference},
		{"list pages newest first, with equal times", testList},
		{"stored state shares no memory", testAliasing},
		{"empty lists come back as nil", testEmpty},
		{"a payload of a megabyte is kept", testLarge},
		{"a cancelled context ends every call", testCancelled},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

var start = time.Date(2026, 3, 29, 1, 59, 59, 123456000, time.UTC)

func sample(id string) federation.Delivery {
	return federation.Delivery{
		ID: id, Key: "key-" + id, Destination: "bauamt:größer", Subject: "99012345", Reference: "BAU-2026-1 🏠",
		Payload: federation.Payload{MediaType: "application/json", Body: []byte("{\"straße\":\"Am Öl 1\"}\x00\xff")},
		Attachments: []federation.Part{
			{Name: "../Lageplan „neu“.pdf", MediaType: "application/pdf", SHA256: strings.Repeat("ab", 32), Size: 1 << 40, BlobKey: "b1"},
			{Name: "leer.txt", MediaType: "text/plain", SHA256: strings.Repeat("00", 32), BlobKey: "b2"},
		},
		State: federation.StateQueued, NextAt: start.In(time.FixedZone("CET", 3600)), CreatedAt: start,
		Version: 1,
	}
}

func create(t *testing.T, s federation.Store, d federation.Delivery) {
	t.Helper()
	if err := s.Create(t.Context(), d); err != nil {
		t.Fatalf("Create: %v", err)
	}
}

func get(t *testing.T, s federation.Store, id string) federation.Delivery {
	t.Helper()
	d, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return d
}

func testRoundTrip(t *testing.T, s federation.Store) {
	in := sample("d1")
	in.Version = 7
	create(t, s, in)
	byID := get(t, s, "d1")
	byKey, err := s.ByKey(t.Context(), "key-d1")
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []federation.Delivery{byID, byKey} {
		if diff := cmp.Diff(sample("d1"), got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got.NextAt.Location() != time.UTC || got.CreatedAt.Location() != time.UTC || !got.DeliveredAt.IsZero() || !got.Receipt.At.IsZero() {
			t.Errorf("times %v, %v, %v, %v", got.NextAt, got.CreatedAt, got.DeliveredAt, got.Receipt.At)
		}
	}
}

func testUnique(t *testing.T, s federation.Store) {
	create(t, s, sample("d1"))
	sameID, sameKey := sample("d1"), sample("d2")
	sameID.Key, sameKey.Key = "other", "key-d1"
	for _, d := range []federation.Delivery{sample("d1"), sameID, sameKey} {
		d.Subject = "changed"
		if err := s.Create(t.Context(), d); !errors.Is(err, federation.ErrExists) {
			t.Errorf("Create(%s, %s) = %v, want ErrExists", d.ID, d.Key, err)
		}
	}
	if diff := cmp.Diff(sample("d1"), get(t, s, "d1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	create(t, s, sample("D1"))
}

func testNotFound(t *testing.T, s federation.Store) {
	if _, err := s.Get(t.Context(), "x"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("Get = %v", err)
	}
	if _, err := s.ByKey(t.Context(), "x"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("ByKey = %v", err)
	}
	if err := s.Update(t.Context(), sample("x")); !errors.Is(err, federation.ErrConflict) {
		t.Errorf("Update = %v", err)
	}
	if list, err := s.ByReference(t.Context(), "x"); err != nil || len(list) != 0 {
		t.Errorf("ByReference = %v, %v", list, err)
	}
	if list, err := s.List(t.Context(), "", federation.Cursor{}, 1); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v", list, err)
	}
	if list, err := s.Due(t.Context(), start, 1); err != nil || len(list) != 0 {
		t.Errorf("Due = %v, %v", list, err)
	}
}

func testUpdate(t *testing.T, s federation.Store) {
	create(t, s, sample("d1"))
	d := sample("d1")
	d.State, d.Attempts, d.NextAt, d.DeliveredAt = federation.StateDelivered, 3, time.Time{}, start.Add(time.Hour)
	d.LastError, d.Receipt = "busy", federation.Receipt{ID: "Quittung ß", At: start.Add(time.Minute)}
	want := d.Clone()
	want.Version = 2
	d.Key, d.Destination, d.Subject, d.Reference, d.Payload, d.Attachments = "x", "x", "x", "x", federation.Payload{}, nil
	d.CreatedAt = start.Add(time.Hour)
	if err := s.Update(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, get(t, s, "d1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testStale(t *testing.T, s federation.Store) {
	create(t, s, sample("d1"))
	for _, version := range []int64{0, 2, -1} {
		d := sample("d1")
		d.Version, d.State = version, federation.StateFailed
		if err := s.Update(t.Context(), d); !errors.Is(err, federation.ErrConflict) {
			t.Errorf("Update(version %d) = %v, want ErrConflict", version, err)
		}
	}
	if diff := cmp.Diff(sample("d1"), get(t, s, "d1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testConcurrent(t *testing.T, s federation.Store) {
	race := func(call func() error, lost error) int {
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		for range 8 {
			wg.Go(func() {
				err := call()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, lost) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return won
	}
	if n := race(func() error { return s.Create(t.Context(), sample("d1")) }, federation.ErrExists); n != 1 {
		t.Errorf("%d creations won", n)
	}
	if n := race(func() error { return s.Update(t.Context(), sample("d1")) }, federation.ErrConflict); n != 1 {
		t.Errorf("%d updates won", n)
	}
}

func testDue(t *testing.T, s federation.Store) {
	for i, c := range []struct {
		state federation.State
		after time.Duration
	}{
		{federation.StateQueued, time.Microsecond}, {federation.StateQueued, -time.Hour}, {federation.StateSending, -time.Minute},
		{federation.StateDelivered, -time.Hour}, {federation.StateFailed, -time.Hour}, {federation.StateCancelled, -time.Hour},
		{federation.StateQueued, 0}, {federation.StateSending, 0}, {federation.StateSending, time.Hour},
		{federation.StateQueued, -123456 * time.Microsecond},
	} {
		d := sample(fmt.Sprint("d", i))
		d.State, d.NextAt = c.state, start.Add(c.after)
		create(t, s, d)
	}
	got, err := s.Due(t.Context(), start.In(time.FixedZone("x", -7200)), 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"d1", "d2", "d9", "d6", "d7"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got, err = s.Due(t.Context(), start, 2)
	if diff := cmp.Diff([]string{"d1", "d2"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func testByReference(t *testing.T, s federation.Store) {
	for i, after := range []time.Duration{time.Hour, 0, 0, -time.Microsecond} {
		d := sample(fmt.Sprint("d", i))
		d.CreatedAt = start.Add(after)
		create(t, s, d)
	}
	other := sample("d9")
	other.Reference = "bau-2026-1 🏠"
	create(t, s, other)
	list, err := s.ByReference(t.Context(), sample("").Reference)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
		if d.Payload.Body != nil || d.Payload.MediaType == "" || len(d.Attachments) != 2 {
			t.Errorf("%s: payload %v, attachments %v", d.ID, d.Payload, d.Attachments)
		}
	}
	if diff := cmp.Diff([]string{"d3", "d1", "d2", "d0"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testList(t *testing.T, s federation.Store) {
	for i := range 7 {
		d := sample(fmt.Sprint("d", i))
		d.CreatedAt = start.Add(time.Duration(i/3) * time.Microsecond)
		if i%2 == 1 {
			d.State = federation.StateFailed
		}
		create(t, s, d)
	}
	for state, want := range map[federation.State][]string{
		"":                        {"d6", "d5", "d4", "d3", "d2", "d1", "d0"},
		federation.StateFailed:    {"d5", "d3", "d1"},
		federation.StateCancelled: nil,
	} {
		for limit := 1; limit <= 8; limit++ {
			var ids []string
			var after federation.Cursor
			for {
				list, err := s.List(t.Context(), state, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range list {
					ids = append(ids, d.ID)
					after = federation.Cursor{CreatedAt: d.CreatedAt, ID: d.ID}
					if d.Payload.Body != nil {
						t.Error("the list has a payload")
					}
				}
				if len(list) < limit {
					break
				}
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("state %q, limit %d (-want +got):\n%s", state, limit, diff)
			}
		}
	}
}

func testAliasing(t *testing.T, s federation.Store) {
	in := sample("d1")
	create(t, s, in)
	spoil := func(d federation.Delivery) { d.Payload.Body[0], d.Attachments[0].Name = 'x', "x" }
	spoil(in)
	spoil(get(t, s, "d1"))
	list, err := s.ByReference(t.Context(), in.Reference)
	if err != nil {
		t.Fatal(err)
	}
	list[0].Attachments[0].Name = "x"
	if diff := cmp.Diff(sample("d1"), get(t, s, "d1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testEmpty(t *testing.T, s federation.Store) {
	d := sample("d1")
	d.Attachments, d.Payload.Body = []federation.Part{}, []byte{}
	create(t, s, d)
	if got := get(t, s, "d1"); got.Attachments != nil || got.Payload.Body != nil {
		t.Errorf("attachments %#v, body %#v", got.Attachments, got.Payload.Body)
	}
}

func testLarge(t *testing.T, s federation.Store) {
	d := sample("d1")
	d.Payload.Body = bytes.Repeat([]byte{0, 0xff, '\'', '\\', 'a'}, 1<<20/5)
	create(t, s, d)
	if !bytes.Equal(get(t, s, "d1").Payload.Body, d.Payload.Body) {
		t.Error("the payload came back different")
	}
}

func testCancelled(t *testing.T, s federation.Store) {
	create(t, s, sample("d1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Create":      func() error { return s.Create(ctx, sample("d2")) },
		"Get":         func() error { _, err := s.Get(ctx, "d1"); return err },
		"ByKey":       func() error { _, err := s.ByKey(ctx, "key-d1"); return err },
		"Update":      func() error { return s.Update(ctx, sample("d1")) },
		"Due":         func() error { _, err := s.Due(ctx, start, 1); return err },
		"ByReference": func() error { _, err := s.ByReference(ctx, "x"); return err },
		"List":        func() error { _, err := s.List(ctx, "", federation.Cursor{}, 1); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if get(t, s, "d1").Version != 1 {
		t.Error("a cancelled Update was kept")
	}
	if _, err := s.Get(t.Context(), "d2"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("a cancelled Create was kept: %v", err)
	}
}
