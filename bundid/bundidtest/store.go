// Package bundidtest holds the conformance suite for implementations of
// [bundid.Store].
package bundidtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/bundid"
)

// TestStore checks every sentence of the contract of [bundid.Store]. newStore
// is called once per subtest and must return an empty store.
func TestStore(t *testing.T, newStore func(t *testing.T) bundid.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, bundid.Store){
		"request comes back once":             requestOnce,
		"ticket comes back once":              ticketOnce,
		"taken ids are refused":               takenIDs,
		"of concurrent takers one succeeds":   concurrentTakers,
		"of concurrent users one succeeds":    concurrentUsers,
		"an assertion is used once":           assertionOnce,
		"expired ones come back until purged": expired,
		"purge keeps what still runs":         purge,
		"nothing is aliased":                  aliasing,
		"times keep their microsecond":        precision,
		"data of any kind":                    anyData,
		"cancelled context":                   cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStore(t))
		})
	}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)

func request(id string) bundid.Request {
	return bundid.Request{ID: id, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour), Data: []byte(`{"a":1}`)}
}

func ticket(id string) bundid.Ticket {
	return bundid.Ticket{ID: id, ExpiresAt: noon.Add(time.Minute), Sealed: []byte{0, 1, 0xff}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("want %v, got %v", want, err)
	}
}

func requestOnce(t *testing.T, s bundid.Store) {
	must(t, s.PutRequest(t.Context(), request("_a")))
	must(t, s.PutRequest(t.Context(), request("_b")))
	got, err := s.TakeRequest(t.Context(), "_a")
	must(t, err)
	if diff := cmp.Diff(request("_a"), got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	_, err = s.TakeRequest(t.Context(), "_a")
	wantErr(t, err, bundid.ErrNotFound)
	_, err = s.TakeRequest(t.Context(), "_never")
	wantErr(t, err, bundid.ErrNotFound)
	_, err = s.TakeRequest(t.Context(), "_b")
	must(t, err)
}

func ticketOnce(t *testing.T, s bundid.Store) {
	must(t, s.PutTicket(t.Context(), ticket("a")))
	got, err := s.TakeTicket(t.Context(), "a")
	must(t, err)
	if diff := cmp.Diff(ticket("a"), got); diff != "" {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	_, err = s.TakeTicket(t.Context(), "a")
	wantErr(t, err, bundid.ErrNotFound)
}

func takenIDs(t *testing.T, s bundid.Store) {
	must(t, s.PutRequest(t.Context(), request("_a")))
	other := request("_a")
	other.Data = []byte("other")
	wantErr(t, s.PutRequest(t.Context(), other), bundid.ErrExists)
	got, err := s.TakeRequest(t.Context(), "_a")
	must(t, err)
	if !bytes.Equal(got.Data, request("_a").Data) {
		t.Error("the second request replaced the first")
	}
	must(t, s.PutTicket(t.Context(), ticket("a")))
	wantErr(t, s.PutTicket(t.Context(), ticket("a")), bundid.ErrExists)
}

// race calls f from several goroutines and counts those without error; others
// must return want.
func race(t *testing.T, want error, f func() error) int {
	t.Helper()
	var wins atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			switch err := f(); {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, want):
				t.Errorf("want %v, got %v", want, err)
			}
		})
	}
	group.Wait()
	return int(wins.Load())
}

func concurrentTakers(t *testing.T, s bundid.Store) {
	for i := range 5 {
		id := fmt.Sprintf("_r%d", i)
		must(t, s.PutRequest(t.Context(), request(id)))
		must(t, s.PutTicket(t.Context(), ticket(id)))
		n := race(t, bundid.ErrNotFound, func() error {
			_, err := s.TakeRequest(t.Context(), id)
			return err
		})
		if n != 1 {
			t.Errorf("request: %d takers succeeded", n)
		}
		n = race(t, bundid.ErrNotFound, func() error {
			_, err := s.TakeTicket(t.Context(), id)
			return err
		})
		if n != 1 {
			t.Errorf("ticket: %d takers succeeded", n)
		}
	}
}

func concurrentUsers(t *testing.T, s bundid.Store) {
	for i := range 5 {
		n := race(t, bundid.ErrReplayed, func() error {
			return s.UseAssertion(t.Context(), fmt.Sprintf("_a%d", i), noon)
		})
		if n != 1 {
			t.Errorf("%d users succeeded", n)
		}
	}
}

func assertionOnce(t *testing.T, s bundid.Store) {
	must(t, s.UseAssertion(t.Context(), "_a", noon))
	must(t, s.UseAssertion(t.Context(), "_A", noon))
	wantErr(t, s.UseAssertion(t.Context(), "_a", noon.Add(time.Hour)), bundid.ErrReplayed)
}

func expired(t *testing.T, s bundid.Store) {
	must(t, s.PutRequest(t.Context(), request("_a")))
	got, err := s.TakeRequest(t.Context(), "_a")
	must(t, err)
	if !got.ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("expires at %v", got.ExpiresAt)
	}
}

func purge(t *testing.T, s bundid.Store) {
	old := request("_old")
	old.ExpiresAt = noon.Add(-time.Microsecond)
	must(t, s.PutRequest(t.Context(), old))
	must(t, s.PutRequest(t.Context(), request("_new")))
	oldTicket := ticket("old")
	oldTicket.ExpiresAt = noon.Add(-time.Minute)
	must(t, s.PutTicket(t.Context(), oldTicket))
	must(t, s.PutTicket(t.Context(), ticket("new")))
	must(t, s.UseAssertion(t.Context(), "_old", noon.Add(-time.Second)))
	must(t, s.UseAssertion(t.Context(), "_new", noon.Add(time.Second)))
	must(t, s.Purge(t.Context(), noon))
	_, err := s.TakeRequest(t.Context(), "_old")
	wantErr(t, err, bundid.ErrNotFound)
	_, err = s.TakeRequest(t.Context(), "_new")
	must(t, err)
	_, err = s.TakeTicket(t.Context(), "old")
	wantErr(t, err, bundid.ErrNotFound)
	_, err = s.TakeTicket(t.Context(), "new")
	must(t, err)
	must(t, s.UseAssertion(t.Context(), "_old", noon))
	wantErr(t, s.UseAssertion(t.Context(), "_new", noon), bundid.ErrReplayed)
}

func aliasing(t *testing.T, s bundid.Store) {
	r, k := request("_a"), ticket("a")
	must(t, s.PutRequest(t.Context(), r))
	must(t, s.PutTicket(t.Context(), k))
	r.Data[0], k.Sealed[0] = 'X', 'X'
	got, err := s.TakeRequest(t.Context(), "_a")
	must(t, err)
	gotTicket, err := s.TakeTicket(t.Context(), "a")
	must(t, err)
	if got.Data[0] == 'X' || gotTicket.Sealed[0] == 'X' {
		t.Error("changing what was passed in changed what is stored")
	}
}

func precision(t *testing.T, s bundid.Store) {
	berlin := time.FixedZone("CEST", 2*60*60)
	r := request("_a")
	r.CreatedAt = time.Date(2026, 7, 1, 0, 30, 0, 1999, berlin)
	r.ExpiresAt = r.CreatedAt.Add(time.Minute)
	must(t, s.PutRequest(t.Context(), r))
	got, err := s.TakeRequest(t.Context(), "_a")
	must(t, err)
	want := r.CreatedAt.Truncate(time.Microsecond)
	if !got.CreatedAt.Equal(want) || got.CreatedAt.Location() != time.UTC {
		t.Errorf("want %v in UTC, got %v", want.UTC(), got.CreatedAt)
	}
}

func anyData(t *testing.T, s bundid.Store) {
	for name, data := range map[string][]byte{
		"umlauts and emoji": []byte("Größe ẞ 🏛️"), "zero bytes": {0, 0, 0}, "empty": {},
		"nil": nil, "one megabyte": bytes.Repeat([]byte{0xab, 0}, 1<<19),
	} {
		must(t, s.PutRequest(t.Context(), bundid.Request{ID: name, CreatedAt: noon, ExpiresAt: noon, Data: data}))
		got, err := s.TakeRequest(t.Context(), name)
		must(t, err)
		if !bytes.Equal(got.Data, data) {
			t.Errorf("%s: data differ", name)
		}
	}
}

func cancelled(t *testing.T, s bundid.Store) {
	must(t, s.PutRequest(t.Context(), request("_kept")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, takeErr := s.TakeRequest(ctx, "_kept")
	_, ticketErr := s.TakeTicket(ctx, "x")
	for name, err := range map[string]error{
		"PutRequest": s.PutRequest(ctx, request("_a")), "TakeRequest": takeErr,
		"UseAssertion": s.UseAssertion(ctx, "_a", noon), "PutTicket": s.PutTicket(ctx, ticket("a")),
		"TakeTicket": ticketErr, "Purge": s.Purge(ctx, noon.Add(time.Hour*24)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: want context.Canceled, got %v", name, err)
		}
	}
	_, err := s.TakeRequest(t.Context(), "_kept")
	must(t, err)
}
