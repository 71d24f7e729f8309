package rbac_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbactest"
)

// drawSource makes a small source in which everything happens often: stops,
// overlapping windows, groups, inactive people, chains of substitution.
func drawSource(t *rapid.T) rbac.Source {
	src := rbac.Source{Tenant: "musterstadt"}
	units := rapid.IntRange(1, 6).Draw(t, "units")
	for i := range units {
		u := rbac.Unit{ID: fmt.Sprint("u", i), Stop: rapid.IntRange(0, 3).Draw(t, "stop") == 0}
		if parent := rapid.IntRange(-1, i-1).Draw(t, "parent"); parent >= 0 {
			u.Parent = fmt.Sprint("u", parent)
		}
		src.Units = append(src.Units, u)
	}
	src.Units = rapid.Permutation(src.Units).Draw(t, "order")
	src.Permissions = []rbac.Permission{{ID: "p0"}, {ID: "p1", NotSubstitutable: true}, {ID: "p2", CrossesStops: true}}
	src.Roles = []rbac.Role{{ID: "r0", Permissions: []string{"p0", "p1"}}, {ID: "r1", Permissions: []string{"p2", "p0", "p0"}}, {ID: "r2"}}
	for i := range 4 {
		src.Persons = append(src.Persons, rbac.Person{ID: fmt.Sprint("n", i),
			Inactive: rapid.IntRange(0, 3).Draw(t, "inactive") == 0,
			Groups:   rapid.SliceOfN(rapid.SampledFrom([]string{"g0", "g1"}), 0, 2).Draw(t, "groups")})
	}
	for i := range rapid.IntRange(2, 14).Draw(t, "assignments") {
		a := rbac.Assignment{ID: fmt.Sprint("a", i), Role: fmt.Sprint("r", rapid.IntRange(0, 2).Draw(t, "role")),
			Unit: fmt.Sprint("u", rapid.IntRange(0, units-1).Draw(t, "unit"))}
		a.From, a.Until = drawWindow(t)
		holder := src.Persons[rapid.IntRange(0, 3).Draw(t, "holder")]
		if holder.Inactive || rapid.Bool().Draw(t, "group") {
			a.Group = rapid.SampledFrom([]string{"g0", "g1"}).Draw(t, "name")
		} else {
			a.Person = holder.ID
		}
		src.Assignments = append(src.Assignments, a)
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "substitutions") {
		v := rbac.Substitution{ID: fmt.Sprint("s", i), For: fmt.Sprint("n", rapid.IntRange(0, 3).Draw(t, "for"))}
		v.By = fmt.Sprint("n", rapid.IntRange(0, 3).Draw(t, "by"))
		if v.By == v.For {
			continue
		}
		v.From, v.Until = drawWindow(t)
		src.Substitutions = append(src.Substitutions, v)
	}
	return src
}

func drawWindow(t *rapid.T) (from, until time.Time) {
	a, b := rapid.IntRange(0, 5).Draw(t, "from"), rapid.IntRange(0, 6).Draw(t, "until")
	if a > 0 {
		from = day(a)
	}
	if b > a {
		until = day(b)
	}
	return from, until
}

func drawObject(t *rapid.T) rbac.Object {
	ids := []string{"u0", "u1", "u2", "u3", "u4", "u5", "gone", ""}
	return rbac.Object{
		Tenant:   rapid.SampledFrom([]string{"musterstadt", "musterstadt", "musterstadt", "other", ""}).Draw(t, "tenant"),
		Units:    rapid.SliceOfN(rapid.SampledFrom(ids), 0, 3).Draw(t, "object units"),
		Excluded: rapid.SliceOfN(rapid.SampledFrom([]string{"n0", "n1", "n2", "n3", "n4"}), 0, 1).Draw(t, "excluded"),
	}
}

// Check, Filter, Explain and Who say the same as the reference model, at every
// boundary and beside it.
func TestPropertyAllAgreeWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		src := drawSource(t)
		p, err := rbac.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			obj := drawObject(t)
			at := day(rapid.IntRange(1, 7).Draw(t, "day")).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
			perm := rapid.SampledFrom([]string{"p0", "p0", "p1", "p2", "p3"}).Draw(t, "permission")
			who := p.Who(at, perm, obj)
			for _, person := range []string{"n0", "n1", "n2", "n3", "n4"} {
				want := rbactest.Allowed(src, at, person, perm, obj)
				f := p.Filter(at, person, perm)
				why := p.Explain(at, person, perm, obj)
				if got := p.Check(at, person, perm, obj); got != want {
					t.Fatalf("Check(%s, %s, %s, %+v) = %v", at, person, perm, obj, got)
				}
				if got := f.Match(obj); got != want {
					t.Fatalf("Filter(%s, %s, %s).Match(%+v) = %v", at, person, perm, obj, got)
				}
				if why.Allowed != want || (why.Missing == "") != want || (len(why.Reasons) > 0) != want {
					t.Fatalf("Explain(%s, %s, %s, %+v) = %+v", at, person, perm, obj, why)
				}
				if slices.Contains(who, person) != want {
					t.Fatalf("Who(%s, %s, %+v) = %v, %s: %v", at, perm, obj, who, person, want)
				}
				if f.None() != (len(f.Units()) == 0) || !slices.IsSorted(f.Units()) {
					t.Fatalf("filter %+v", f)
				}
			}
		}
	})
}

// Between two instants of NextChange no answer changes.
func TestPropertyNextChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, err := rbac.Compile(drawSource(t))
		if err != nil {
			t.Fatal(err)
		}
		at := day(rapid.IntRange(1, 7).Draw(t, "day"))
		next, ok := p.NextChange(at)
		if !ok {
			next = at.AddDate(1, 0, 0)
		}
		for _, person := range []string{"n0", "n1", "n2", "n3"} {
			a, b := p.Filter(at, person, "p0").Units(), p.Filter(next.Add(-1), person, "p0").Units()
			if !slices.Equal(a, b) {
				t.Fatalf("%s: %v at %s, %v just before %s", person, a, at, b, next)
			}
		}
	})
}
