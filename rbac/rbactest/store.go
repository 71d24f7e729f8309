// Package rbactest tests what is built on package rbac: a conformance suite
// for whoever implements a Store, and a slow reference reading of the rules to
// compare a Policy with.
package rbactest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/rbac"
)

// TestStore checks an implementation of [rbac.Store] against the sentences of
// its contract. Open returns a fresh, empty store for each subtest.
func TestStore(t *testing.T, open func(t *testing.T) rbac.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s rbac.Store)
	}{
		{"tenant never saved is empty at revision 0", testEmpty},
		{"what is saved is loaded", testRoundTrip},
		{"save of a stale revision conflicts and changes nothing", testStale},
		{"of concurrent writers one wins", testConcurrent},
		{"tenants are apart", testTenants},
		{"changes come in order and in pages", testChanges},
		{"stored state shares no memory", testAliasing},
		{"empty lists come back as nil", testEmptyLists},
		{"a large source is kept", testLarge},
		{"a cancelled context ends every call", testCancelled},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

var start = time.Date(2026, 3, 29, 1, 59, 59, 123456000, time.UTC)

func sample(tenant string) rbac.Source {
	berlin := time.FixedZone("CET", 3600)
	return rbac.Source{
		Tenant:      tenant,
		Units:       []rbac.Unit{{ID: "stadt", Name: "Stadt Köln-Süd 🏛"}, {ID: "jugend", Parent: "stadt", Name: "Jugendamt", Stop: true}},
		Permissions: []rbac.Permission{{ID: "case.read"}, {ID: "assignment.grant", NotSubstitutable: true, CrossesStops: true}},
		Roles:       []rbac.Role{{ID: "clerk", Name: "Sachbearbeitung", Permissions: []string{"case.read"}}},
		Persons:     []rbac.Person{{ID: "ada", Groups: []string{"g1", "g2"}}, {ID: "ben"}, {ID: "carl", Inactive: true}},
		Assignments: []rbac.Assignment{
			{ID: "a1", Person: "ada", Role: "clerk", Unit: "jugend", From: start.In(berlin), Until: start.Add(time.Hour), Reason: "Einarbeitung „größer“", GrantedBy: "ben"},
			{ID: "a2", Group: "g1", Role: "clerk", Unit: "stadt"},
		},
		Substitutions: []rbac.Substitution{{ID: "s1", For: "ada", By: "ben", From: start, Until: start.Add(24 * time.Hour), Reason: "Urlaub"}},
	}
}

func change(reason string) rbac.Change {
	return rbac.Change{Actor: "ben", Reason: reason, At: start.In(time.FixedZone("CET", 3600)),
		Items: []rbac.Item{{Operation: rbac.Added, Noun: rbac.NounUnit, ID: "straße/50%_"}}}
}

func save(t *testing.T, s rbac.Store, src rbac.Source, expected int64, c rbac.Change) {
	t.Helper()
	got, err := s.Save(t.Context(), src, expected, c)
	if err != nil || got != expected+1 {
		t.Fatalf("Save(expected %d) = %d, %v; want %d", expected, got, err, expected+1)
	}
}

func load(t *testing.T, s rbac.Store, tenant string) (rbac.Source, int64) {
	t.Helper()
	src, revision, err := s.Load(t.Context(), tenant)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	only, err := s.Revision(t.Context(), tenant)
	if err != nil || only != revision {
		t.Fatalf("Revision = %d, %v; Load says %d", only, err, revision)
	}
	return src, revision
}

func testEmpty(t *testing.T, s rbac.Store) {
	src, revision := load(t, s, "nobody")
	if diff := cmp.Diff(rbac.Source{Tenant: "nobody"}, src); diff != "" || revision != 0 {
		t.Errorf("revision %d, source (-want +got):\n%s", revision, diff)
	}
	list, err := s.Changes(t.Context(), "nobody", 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("Changes = %v, %v", list, err)
	}
}

func testRoundTrip(t *testing.T, s rbac.Store) {
	save(t, s, sample("t"), 0, change("neu"))
	src, revision := load(t, s, "t")
	if diff := cmp.Diff(sample("t"), src); diff != "" || revision != 1 {
		t.Errorf("revision %d, source (-want +got):\n%s", revision, diff)
	}
	if loc := src.Assignments[0].From.Location(); loc != time.UTC {
		t.Errorf("time zone %v, want UTC", loc)
	}
	next := sample("t")
	next.Units = next.Units[:1]
	save(t, s, next, 1, change("weniger"))
	src, _ = load(t, s, "t")
	if diff := cmp.Diff(next, src); diff != "" {
		t.Errorf("second save (-want +got):\n%s", diff)
	}
}

func testStale(t *testing.T, s rbac.Store) {
	save(t, s, sample("t"), 0, change("eins"))
	save(t, s, sample("t"), 1, change("zwei"))
	for _, expected := range []int64{0, 1, 3, -1} {
		other := sample("t")
		other.Units[0].Name = "anders"
		if _, err := s.Save(t.Context(), other, expected, change("drei")); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("Save(expected %d) = %v, want ErrConflict", expected, err)
		}
	}
	src, revision := load(t, s, "t")
	if diff := cmp.Diff(sample("t"), src); diff != "" || revision != 2 {
		t.Errorf("revision %d, source (-want +got):\n%s", revision, diff)
	}
	list, err := s.Changes(t.Context(), "t", 0, 10)
	if err != nil || len(list) != 2 {
		t.Errorf("Changes = %d entries, %v; want 2", len(list), err)
	}
}

func testConcurrent(t *testing.T, s rbac.Store) {
	save(t, s, sample("t"), 0, change("eins"))
	for _, expected := range []int64{0, 1} {
		tenant := map[int64]string{0: "fresh", 1: "t"}[expected]
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		for range 8 {
			wg.Go(func() {
				_, err := s.Save(t.Context(), sample(tenant), expected, change("zwei"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, rbac.ErrConflict) {
					t.Errorf("Save: %v", err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d writers won at revision %d, want 1", won, expected)
		}
	}
}

func testTenants(t *testing.T, s rbac.Store) {
	save(t, s, sample("a"), 0, change("eins"))
	if _, revision := load(t, s, "b"); revision != 0 {
		t.Errorf("other tenant is at revision %d", revision)
	}
	if _, revision := load(t, s, "A"); revision != 0 {
		t.Error("tenants are compared without case")
	}
	save(t, s, sample("b"), 0, change("eins"))
	save(t, s, sample("b"), 1, change("zwei"))
	if src, revision := load(t, s, "a"); revision != 1 || src.Tenant != "a" {
		t.Errorf("tenant %q at revision %d", src.Tenant, revision)
	}
}

func testChanges(t *testing.T, s rbac.Store) {
	for i := range int64(5) {
		c := change("Grund äöü")
		c.Revision = 99
		save(t, s, sample("t"), i, c)
	}
	list, err := s.Changes(t.Context(), "t", 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	var want []rbac.Change
	for i := range int64(3) {
		c := change("Grund äöü")
		c.Revision, c.At = i+2, start
		want = append(want, c)
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for _, limit := range []int{0, -1, 1001} {
		list, err := s.Changes(t.Context(), "t", 0, limit)
		if err != nil || len(list) != 5 {
			t.Errorf("limit %d: %d changes, %v; want 5", limit, len(list), err)
		}
	}
}

func testAliasing(t *testing.T, s rbac.Store) {
	src, c := sample("t"), change("eins")
	save(t, s, src, 0, c)
	spoil := func(src rbac.Source) {
		src.Units[0].ID = "x"
		src.Roles[0].Permissions[0] = "x"
		src.Persons[0].Groups[0] = "x"
		src.Assignments[0].ID = "x"
		src.Substitutions[0].ID = "x"
	}
	spoil(src)
	c.Items[0].ID = "x"
	got, _ := load(t, s, "t")
	spoil(got)
	got, _ = load(t, s, "t")
	if diff := cmp.Diff(sample("t"), got); diff != "" {
		t.Errorf("stored source was changed (-want +got):\n%s", diff)
	}
	list, err := s.Changes(t.Context(), "t", 0, 1)
	if err != nil || list[0].Items[0].ID == "x" {
		t.Errorf("stored change was changed: %v, %v", list, err)
	}
}

func testEmptyLists(t *testing.T, s rbac.Store) {
	save(t, s, rbac.Source{Tenant: "t", Units: []rbac.Unit{}, Roles: []rbac.Role{{ID: "r", Permissions: []string{}}},
		Persons: []rbac.Person{{ID: "p", Groups: []string{}}}}, 0, change("leer"))
	src, _ := load(t, s, "t")
	want := rbac.Source{Tenant: "t", Roles: []rbac.Role{{ID: "r"}}, Persons: []rbac.Person{{ID: "p"}}}
	if diff := cmp.Diff(want, src); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testLarge(t *testing.T, s rbac.Store) {
	src := sample("t")
	src.Assignments[0].Reason = strings.Repeat("ä'\"\\?", 1<<20/6)
	save(t, s, src, 0, change("groß"))
	got, _ := load(t, s, "t")
	if got.Assignments[0].Reason != src.Assignments[0].Reason {
		t.Error("1 MB of text came back different")
	}
}

func testCancelled(t *testing.T, s rbac.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Load(ctx, "t"); !errors.Is(err, context.Canceled) {
		t.Errorf("Load: %v", err)
	}
	if _, err := s.Revision(ctx, "t"); !errors.Is(err, context.Canceled) {
		t.Errorf("Revision: %v", err)
	}
	if _, err := s.Save(ctx, sample("t"), 0, change("nie")); !errors.Is(err, context.Canceled) {
		t.Errorf("Save: %v", err)
	}
	if _, err := s.Changes(ctx, "t", 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Changes: %v", err)
	}
	if _, revision := load(t, s, "t"); revision != 0 {
		t.Error("a cancelled Save was kept")
	}
}
