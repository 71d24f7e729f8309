package rbac_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/rbac"
)

func day(n int) time.Time { return time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC) }

func object(units ...string) rbac.Object { return rbac.Object{Tenant: "musterstadt", Units: units} }

// town is a small administration:
//
//	stadt ─ bau ─ bau-nord
//	      ├ soziales ─ jugend (stop) ─ asd
//	      └ ordnung
func town() rbac.Source {
	return rbac.Source{
		Tenant: "musterstadt",
		Units: []rbac.Unit{
			{ID: "asd", Parent: "jugend"}, {ID: "stadt"}, {ID: "bau", Parent: "stadt"}, {ID: "bau-nord", Parent: "bau"},
			{ID: "soziales", Parent: "stadt"}, {ID: "jugend", Parent: "soziales", Stop: true}, {ID: "ordnung", Parent: "stadt"},
		},
		Permissions: []rbac.Permission{
			{ID: "case.read"}, {ID: "case.decide"}, {ID: "mail.read", NotSubstitutable: true},
			{ID: "person.edit", NotSubstitutable: true, CrossesStops: true},
		},
		Roles: []rbac.Role{
			{ID: "clerk", Permissions: []string{"case.read", "case.decide", "mail.read"}},
			{ID: "reader", Permissions: []string{"case.read"}},
			{ID: "admin", Permissions: []string{"person.edit"}},
		},
		Persons: []rbac.Person{
			{ID: "mayor"}, {ID: "anna"}, {ID: "bert"}, {ID: "cleo", Groups: []string{"jugendteam"}}, {ID: "dora"},
			{ID: "emil", Inactive: true}, {ID: "fritz"},
		},
		Assignments: []rbac.Assignment{
			{ID: "m1", Person: "mayor", Role: "reader", Unit: "stadt"},
			{ID: "m2", Person: "mayor", Role: "admin", Unit: "stadt"},
			{ID: "a1", Person: "anna", Role: "clerk", Unit: "bau", From: day(5), Until: day(10)},
			{ID: "b1", Person: "bert", Role: "reader", Unit: "ordnung"},
			{ID: "c1", Group: "jugendteam", Role: "clerk", Unit: "jugend"},
			{ID: "d1", Person: "dora", Role: "reader", Unit: "asd"},
		},
		Substitutions: []rbac.Substitution{
			{ID: "s1", For: "anna", By: "bert", From: day(7), Until: day(20)},
			{ID: "s2", For: "bert", By: "dora"},
			{ID: "s3", For: "emil", By: "fritz"},
			{ID: "s4", For: "cleo", By: "emil"},
		},
	}
}

func compile(t testing.TB, src rbac.Source) *rbac.Policy {
	t.Helper()
	p, err := rbac.Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPolicyDecisions(t *testing.T) {
	t.Parallel()
	p := compile(t, town())
	excluded := func(o rbac.Object, persons ...string) rbac.Object { o.Excluded = persons; return o }
	for _, c := range []struct {
		name       string
		at         time.Time
		person     string
		permission string
		obj        rbac.Object
		want       rbac.Missing
	}{
		{"own unit", day(6), "anna", "case.read", object("bau"), rbac.MissingNothing},
		{"unit below", day(6), "anna", "case.read", object("bau-nord"), rbac.MissingNothing},
		{"one involved unit is enough", day(6), "anna", "case.read", object("ordnung", "bau-nord"), rbac.MissingNothing},
		{"unit above", day(6), "anna", "case.read", object("stadt"), rbac.MissingScope},
		{"unit beside", day(6), "anna", "case.read", object("ordnung"), rbac.MissingScope},
		{"other role", day(6), "anna", "person.edit", object("bau"), rbac.MissingRole},
		{"first instant", day(5), "anna", "case.read", object("bau"), rbac.MissingNothing},
		{"a nanosecond before", day(5).Add(-1), "anna", "case.read", object("bau"), rbac.MissingFrom},
		{"last nanosecond", day(10).Add(-1), "anna", "case.read", object("bau"), rbac.MissingNothing},
		{"end is outside", day(10), "anna", "case.read", object("bau"), rbac.MissingUntil},
		{"another zone, same instant", day(5).In(time.FixedZone("x", -7200)), "anna", "case.read", object("bau"), rbac.MissingNothing},

		{"root reaches down", day(6), "mayor", "case.read", object("soziales"), rbac.MissingNothing},
		{"root does not reach the stop", day(6), "mayor", "case.read", object("jugend"), rbac.MissingStop},
		{"nor below it", day(6), "mayor", "case.read", object("asd"), rbac.MissingStop},
		{"at the stop", day(6), "cleo", "case.read", object("jugend"), rbac.MissingNothing},
		{"from the stop down", day(6), "cleo", "case.read", object("asd"), rbac.MissingNothing},
		{"below the stop", day(6), "dora", "case.read", object("asd"), rbac.MissingNothing},
		{"administration crosses stops", day(6), "mayor", "person.edit", object("asd"), rbac.MissingNothing},

		{"substitute", day(7), "bert", "case.decide", object("bau"), rbac.MissingNothing},
		{"before the substitution", day(6), "bert", "case.decide", object("bau"), rbac.MissingSubstitution},
		{"ceiling: the other's right has ended", day(12), "bert", "case.decide", object("bau"), rbac.MissingUntil},
		{"not transferred", day(7), "bert", "mail.read", object("bau"), rbac.MissingTransfer},
		{"one step", day(7), "dora", "case.read", object("ordnung"), rbac.MissingNothing},
		{"no chain", day(7), "dora", "case.read", object("bau"), rbac.MissingScope},
		{"represented person inactive", day(7), "fritz", "case.read", object("bau"), rbac.MissingRole},
		{"inactive substitute", day(7), "emil", "case.read", object("jugend"), rbac.MissingActive},

		{"excluded", day(6), "anna", "case.read", excluded(object("bau"), "bert", "anna"), rbac.MissingImpartial},
		{"substitute of an excluded person", day(7), "bert", "case.read", excluded(object("bau"), "anna"), rbac.MissingNothing},
		{"excluded substitute", day(7), "bert", "case.read", excluded(object("bau"), "bert"), rbac.MissingImpartial},

		{"no unit", day(6), "mayor", "case.read", object(), rbac.MissingUnit},
		{"unknown unit", day(6), "mayor", "case.read", object("dissolved"), rbac.MissingUnit},
		{"empty unit", day(6), "mayor", "case.read", object(""), rbac.MissingUnit},
		{"case matters", day(6), "anna", "case.read", object("BAU"), rbac.MissingUnit},
		{"other tenant", day(6), "anna", "case.read", rbac.Object{Tenant: "x", Units: []string{"bau"}}, rbac.MissingTenant},
		{"no tenant", day(6), "anna", "case.read", rbac.Object{Units: []string{"bau"}}, rbac.MissingTenant},
		{"unknown person", day(6), "", "case.read", object("bau"), rbac.MissingPerson},
		{"undeclared permission", day(6), "anna", "case.fly", object("bau"), rbac.MissingPermission},
		{"assignee gives nothing", day(6), "bert", "case.read", rbac.Object{Tenant: "musterstadt", Units: []string{"bau"}, Assignee: "bert"}, rbac.MissingSubstitution},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			why := p.Explain(c.at, c.person, c.permission, c.obj)
			if why.Missing != c.want || why.Allowed != (c.want == "") || why.Allowed != (len(why.Reasons) > 0) {
				t.Errorf("Explain = %+v, want missing %q", why, c.want)
			}
			if got := p.Check(c.at, c.person, c.permission, c.obj); got != (c.want == "") {
				t.Errorf("Check = %v", got)
			}
			if got := p.Filter(c.at, c.person, c.permission).Match(c.obj); got != (c.want == "") {
				t.Errorf("Filter.Match = %v", got)
			}
		})
	}
}

func TestExplainRepresentedInactive(t *testing.T) {
	t.Parallel()
	src := town()
	src.Persons[3].Inactive = true // cleo holds rights by group and falls ill for good
	src.Substitutions = append(src.Substitutions, rbac.Substitution{ID: "s5", For: "cleo", By: "fritz"})
	p := compile(t, src)
	if got := p.Explain(day(6), "fritz", "case.read", object("jugend")); got.Missing != rbac.MissingRepresented {
		t.Errorf("Explain = %+v", got)
	}
	if p.Check(day(6), "fritz", "case.read", object("jugend")) || !p.Filter(day(6), "fritz", "case.read").None() {
		t.Error("an inactive person passes on rights")
	}
}

// Overlapping and touching windows of several assignments hold as their union.
func TestValidityWindowsAreJoined(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		windows [][2]int // days; 0 is open
		want    string   // days 1 to 9
	}{
		{"touching", [][2]int{{4, 6}, {2, 4}}, ".xxxx...."},
		{"gap", [][2]int{{2, 3}, {5, 6}}, ".x..x...."},
		{"inside", [][2]int{{2, 8}, {3, 4}}, ".xxxxxx.."},
		{"second is open", [][2]int{{2, 5}, {4, 0}}, ".xxxxxxxx"},
		{"first is open", [][2]int{{2, 0}, {4, 5}}, ".xxxxxxxx"},
		{"open below", [][2]int{{0, 3}, {2, 5}}, "xxxx....."},
		{"open and again", [][2]int{{0, 2}, {7, 0}}, "x.....xxx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := town()
			src.Assignments, src.Substitutions = nil, nil
			for i, w := range c.windows {
				a := rbac.Assignment{ID: string(rune('a' + i)), Person: "anna", Role: "reader", Unit: "bau"}
				if w[0] > 0 {
					a.From = day(w[0])
				}
				if w[1] > 0 {
					a.Until = day(w[1])
				}
				src.Assignments = append(src.Assignments, a)
			}
			p := compile(t, src)
			got := ""
			for d := 1; d <= 9; d++ {
				if p.Check(day(d), "anna", "case.read", object("bau")) {
					got += "x"
				} else {
					got += "."
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestExplainReasons(t *testing.T) {
	t.Parallel()
	src := town()
	src.Assignments = append(src.Assignments, rbac.Assignment{ID: "b2", Person: "bert", Role: "reader", Unit: "stadt"})
	p := compile(t, src)
	got := p.Explain(day(7), "bert", "case.read", object("bau-nord", "ordnung"))
	want := rbac.Explanation{Allowed: true, Reasons: []rbac.Reason{
		{Assignment: "b1", Role: "reader", Scope: "ordnung", Unit: "ordnung"},
		{Assignment: "b2", Role: "reader", Scope: "stadt", Unit: "bau-nord"},
		{Assignment: "b2", Role: "reader", Scope: "stadt", Unit: "ordnung"},
		{Assignment: "a1", Role: "clerk", Scope: "bau", Unit: "bau-nord", Substitution: "s1", For: "anna"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPolicyTree(t *testing.T) {
	t.Parallel()
	p := compile(t, town())
	if diff := cmp.Diff([]string{"soziales", "jugend", "asd"}, p.Subtree("soziales")); diff != "" {
		t.Errorf("Subtree (-want +got):\n%s", diff)
	}
	want := []rbac.Unit{{ID: "stadt"}, {ID: "soziales", Parent: "stadt"}, {ID: "jugend", Parent: "soziales", Stop: true}}
	if diff := cmp.Diff(want, p.Path("jugend")); diff != "" {
		t.Errorf("Path (-want +got):\n%s", diff)
	}
	if u, ok := p.Unit("jugend"); !ok || !u.Stop {
		t.Errorf("Unit = %v, %v", u, ok)
	}
	if _, ok := p.Unit("x"); ok || p.Subtree("x") != nil || p.Path("x") != nil {
		t.Error("an unknown unit was found")
	}
}

func TestWhoAndNextChange(t *testing.T) {
	t.Parallel()
	p := compile(t, town())
	if diff := cmp.Diff([]string{"anna", "bert", "mayor"}, p.Who(day(7), "case.read", object("bau"))); diff != "" {
		t.Errorf("Who (-want +got):\n%s", diff)
	}
	var got []time.Time
	for at, ok := p.NextChange(day(1)); ok; at, ok = p.NextChange(at) {
		got = append(got, at)
	}
	if diff := cmp.Diff([]time.Time{day(5), day(7), day(10), day(20)}, got); diff != "" {
		t.Errorf("NextChange (-want +got):\n%s", diff)
	}
}

func TestFilterParts(t *testing.T) {
	t.Parallel()
	p := compile(t, town())
	f := p.Filter(day(7), "bert", "case.read")
	if diff := cmp.Diff([]string{"bau", "bau-nord", "ordnung"}, f.Units()); diff != "" {
		t.Errorf("Units (-want +got):\n%s", diff)
	}
	if f.None() || f.All() || f.Tenant() != "musterstadt" || f.Excludes() != "bert" {
		t.Errorf("filter %+v", f)
	}
	f.Units()[0] = "asd"
	if f.Match(object("asd")) {
		t.Error("the caller's slice is the filter's own")
	}
	if f := p.Filter(day(7), "mayor", "case.read"); f.All() || f.Match(object()) {
		t.Error("the root sees an object without units")
	}
	var none rbac.Filter
	if !none.None() || none.All() || none.Match(rbac.Object{}) || none.Match(object("bau")) || none.Units() != nil {
		t.Error("the zero filter matches something")
	}
}

func TestNilPolicyDenies(t *testing.T) {
	t.Parallel()
	var p *rbac.Policy
	at, obj := day(1), object("bau")
	if p.Check(at, "anna", "case.read", obj) || !p.Filter(at, "anna", "case.read").None() ||
		p.Explain(at, "anna", "case.read", obj).Missing != rbac.MissingPolicy || p.Who(at, "case.read", obj) != nil {
		t.Error("a nil policy allows")
	}
	if _, ok := p.NextChange(at); ok || p.Subtree("bau") != nil || p.Path("bau") != nil || p.Tenant() != "" ||
		p.Source().Tenant != "" {
		t.Error("a nil policy knows")
	}
	if _, ok := p.Unit("bau"); ok {
		t.Error("a nil policy knows a unit")
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	p := compile(t, town())
	obj := object("ordnung", "bau-nord")
	if n := testing.AllocsPerRun(100, func() {
		p.Check(day(7), "bert", "case.decide", obj)
		p.Check(day(7), "bert", "mail.read", obj)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
