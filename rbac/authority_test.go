package rbac_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbactest"
)

func TestMemStore(t *testing.T) {
	t.Parallel()
	rbactest.TestStore(t, func(t *testing.T) rbac.Store { return rbac.NewMemStore() })
}

func authority(t *testing.T, store rbac.Store) *rbac.Authority {
	t.Helper()
	auth := rbac.New(store, "musterstadt", &rbac.Options{Now: func() time.Time { return day(1).Add(1500) }})
	if auth.Policy().Check(day(6), "anna", "case.read", object("bau")) {
		t.Error("allowed before the first refresh")
	}
	if err := auth.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return auth
}

func fill(s *rbac.Source) error { *s = town(); return nil }

func TestAuthorityUpdate(t *testing.T) {
	t.Parallel()
	store := rbac.NewMemStore()
	auth, other := authority(t, store), authority(t, store)
	if err := auth.Update(t.Context(), "boss", "start", fill); err != nil {
		t.Fatal(err)
	}
	before := auth.Policy()
	err := auth.Update(t.Context(), "boss", "anna moves", func(s *rbac.Source) error {
		s.Assignments[2].Unit = "ordnung"
		s.Units = append(s.Units, rbac.Unit{ID: "new"})
		s.Substitutions = s.Substitutions[1:]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !before.Check(day(6), "anna", "case.read", object("bau")) || auth.Policy().Check(day(6), "anna", "case.read", object("bau")) {
		t.Error("the old policy changed or the new one did not")
	}
	list, err := auth.Changes(t.Context(), 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []rbac.Change{{Revision: 2, Actor: "boss", Reason: "anna moves", At: day(1).Add(time.Microsecond), Items: []rbac.Item{
		{Operation: rbac.Added, Noun: rbac.NounUnit, ID: "new"},
		{Operation: rbac.Changed, Noun: rbac.NounAssignment, ID: "a1"},
		{Operation: rbac.Removed, Noun: rbac.NounSubstitution, ID: "s1"},
	}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if other.Revision() != 0 {
		t.Fatal("the other authority learned without refresh")
	}
	if err := other.Refresh(t.Context()); err != nil || other.Revision() != 2 {
		t.Fatalf("revision %d, %v", other.Revision(), err)
	}
	same := other.Policy()
	if err := other.Refresh(t.Context()); err != nil || other.Policy() != same {
		t.Errorf("an idle refresh swapped the policy, %v", err)
	}
}

func TestAuthorityUpdateRefuses(t *testing.T) {
	t.Parallel()
	auth := authority(t, rbac.NewMemStore())
	if err := auth.Update(t.Context(), "boss", "start", fill); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	var invalid *rbac.InvalidError
	var ce *rbac.CompileError
	noop := func(*rbac.Source) error { return nil }
	if err := auth.Update(t.Context(), "", "why", noop); !errors.As(err, &invalid) {
		t.Errorf("no actor: %v", err)
	}
	if err := auth.Update(t.Context(), "boss", "nul\x00", noop); !errors.As(err, &invalid) {
		t.Errorf("bad reason: %v", err)
	}
	if err := auth.Update(t.Context(), "boss", "why", func(s *rbac.Source) error { s.Units = nil; return stop }); err != stop {
		t.Errorf("edit fails: %v", err)
	}
	if err := auth.Update(t.Context(), "boss", "why", func(s *rbac.Source) error { s.Units = nil; return nil }); !errors.As(err, &ce) {
		t.Errorf("does not compile: %v", err)
	}
	if err := auth.Update(t.Context(), "boss", "why", func(s *rbac.Source) error { s.Tenant = "x"; return nil }); !errors.Is(err, rbac.ErrTenant) {
		t.Errorf("other tenant: %v", err)
	}
	if err := auth.Update(t.Context(), "boss", "why", noop); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	if auth.Revision() != 1 || !auth.Policy().Check(day(6), "anna", "case.read", object("bau")) {
		t.Errorf("revision %d", auth.Revision())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := auth.Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled refresh: %v", err)
	}
}

func TestAuthorityRetriesConflictOnce(t *testing.T) {
	t.Parallel()
	for _, rivals := range []int{1, 2} {
		store := rbac.NewMemStore()
		auth, rival := authority(t, store), authority(t, store)
		calls := 0
		err := auth.Update(t.Context(), "boss", "mine", func(s *rbac.Source) error {
			if calls++; calls <= rivals {
				err := rival.Update(t.Context(), "rival", "first", func(s *rbac.Source) error {
					s.Units = append(s.Units, rbac.Unit{ID: string(rune('a' + calls))})
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
			s.Units = append(s.Units, rbac.Unit{ID: "mine"})
			return nil
		})
		if (rivals == 1) != (err == nil) || calls != 2 {
			t.Errorf("%d rivals: %v after %d calls", rivals, err, calls)
		}
		if rivals == 2 && !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		if err := auth.Refresh(t.Context()); err != nil || len(auth.Policy().Source().Units) != 2 {
			t.Errorf("%d rivals: units %v, %v", rivals, auth.Policy().Source().Units, err)
		}
	}
}

// A source written past Update that does not compile leaves the policy in use.
func TestAuthorityRefreshKeepsPolicyOnBrokenSource(t *testing.T) {
	t.Parallel()
	store := rbac.NewMemStore()
	auth := authority(t, store)
	if err := auth.Update(t.Context(), "boss", "start", fill); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Save(t.Context(), rbac.Source{Tenant: "musterstadt", Units: []rbac.Unit{{}}}, 1, rbac.Change{}); err != nil {
		t.Fatal(err)
	}
	var ce *rbac.CompileError
	if err := auth.Refresh(t.Context()); !errors.As(err, &ce) || auth.Revision() != 1 {
		t.Errorf("revision %d, %v", auth.Revision(), err)
	}
}

func TestAuthorityConcurrentUse(t *testing.T) {
	t.Parallel()
	store := rbac.NewMemStore()
	auth := authority(t, store)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := auth.Update(t.Context(), "boss", "more", func(s *rbac.Source) error {
				s.Units = append(s.Units, rbac.Unit{ID: string(rune('a' + i))})
				return nil
			}); err != nil {
				t.Error(err)
			}
			auth.Policy().Subtree("a")
			if err := auth.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(auth.Policy().Source().Units); n != 8 || auth.Revision() != 8 {
		t.Errorf("%d units at revision %d", n, auth.Revision())
	}
}

func TestNewPanicsWithoutStore(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("New(nil) did not panic")
		}
	}()
	rbac.New(nil, "t", nil)
}
