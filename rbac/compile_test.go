package rbac_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/rbac"
)

func TestCompileReportsAllProblems(t *testing.T) {
	t.Parallel()
	src := rbac.Source{
		Units: []rbac.Unit{
			{ID: "ok"}, {ID: "ok"}, {ID: ""}, {ID: "lost", Parent: "nowhere"},
			{ID: "a", Parent: "c"}, {ID: "b", Parent: "a"}, {ID: "c", Parent: "b"}, {ID: "below", Parent: "a"},
			{ID: "self", Parent: "self"}, {ID: "nul\x00"},
		},
		Permissions: []rbac.Permission{{ID: "p"}, {ID: "p"}},
		Roles:       []rbac.Role{{ID: "r", Permissions: []string{"p", "q"}}, {ID: "r"}},
		Persons:     []rbac.Person{{ID: "ada"}, {ID: "ben", Inactive: true}, {ID: "ada"}, {ID: "bad\xff"}},
		Assignments: []rbac.Assignment{
			{ID: "good", Person: "ada", Role: "r", Unit: "ok"},
			{ID: "none", Role: "r", Unit: "ok"},
			{ID: "both", Person: "ada", Group: "g", Role: "r", Unit: "ok"},
			{ID: "ghosts", Person: "eve", Role: "x", Unit: "y"},
			{ID: "asleep", Person: "ben", Role: "r", Unit: "ok"},
			{ID: "back", Person: "ada", Role: "r", Unit: "ok", From: day(2), Until: day(1)},
			{ID: "empty", Person: "ada", Role: "r", Unit: "ok", From: day(1), Until: day(1)},
			{ID: "good", Group: "nobody is in it", Role: "r", Unit: "ok"},
		},
		Substitutions: []rbac.Substitution{
			{ID: "s", For: "ada", By: "ada"},
			{ID: "s", For: "eve", By: "mallory", From: day(2), Until: day(1)},
		},
	}
	_, err := rbac.Compile(src)
	var ce *rbac.CompileError
	if !errors.As(err, &ce) {
		t.Fatalf("Compile = %v, want *CompileError", err)
	}
	want := []rbac.Problem{
		{Kind: rbac.ProblemEmptyTenant, Noun: rbac.NounTenant},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounUnit, ID: "ok"},
		{Kind: rbac.ProblemEmptyID, Noun: rbac.NounUnit},
		{Kind: rbac.ProblemText, Noun: rbac.NounUnit, ID: "nul\x00"},
		{Kind: rbac.ProblemUnknownParent, Noun: rbac.NounUnit, ID: "lost", Ref: "nowhere"},
		{Kind: rbac.ProblemCycle, Noun: rbac.NounUnit, ID: "a", Ref: "c"},
		{Kind: rbac.ProblemCycle, Noun: rbac.NounUnit, ID: "self", Ref: "self"},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounPermission, ID: "p"},
		{Kind: rbac.ProblemUndeclaredPermission, Noun: rbac.NounRole, ID: "r", Ref: "q"},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounRole, ID: "r"},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounPerson, ID: "ada"},
		{Kind: rbac.ProblemText, Noun: rbac.NounPerson, ID: "bad\uFFFD"},
		{Kind: rbac.ProblemNoPrincipal, Noun: rbac.NounAssignment, ID: "none"},
		{Kind: rbac.ProblemTwoPrincipals, Noun: rbac.NounAssignment, ID: "both"},
		{Kind: rbac.ProblemUnknownPerson, Noun: rbac.NounAssignment, ID: "ghosts", Ref: "eve"},
		{Kind: rbac.ProblemUnknownRole, Noun: rbac.NounAssignment, ID: "ghosts", Ref: "x"},
		{Kind: rbac.ProblemUnknownUnit, Noun: rbac.NounAssignment, ID: "ghosts", Ref: "y"},
		{Kind: rbac.ProblemInactivePerson, Noun: rbac.NounAssignment, ID: "asleep", Ref: "ben"},
		{Kind: rbac.ProblemReversedValidity, Noun: rbac.NounAssignment, ID: "back"},
		{Kind: rbac.ProblemReversedValidity, Noun: rbac.NounAssignment, ID: "empty"},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounAssignment, ID: "good"},
		{Kind: rbac.ProblemSelfSubstitution, Noun: rbac.NounSubstitution, ID: "s", Ref: "ada"},
		{Kind: rbac.ProblemDuplicateID, Noun: rbac.NounSubstitution, ID: "s"},
		{Kind: rbac.ProblemUnknownPerson, Noun: rbac.NounSubstitution, ID: "s", Ref: "eve"},
		{Kind: rbac.ProblemUnknownPerson, Noun: rbac.NounSubstitution, ID: "s", Ref: "mallory"},
		{Kind: rbac.ProblemReversedValidity, Noun: rbac.NounSubstitution, ID: "s"},
	}
	if diff := cmp.Diff(want, ce.Problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := ce.Error(), `rbac: tenant "": empty-tenant (and 25 more)`; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestCompileCopiesItsSource(t *testing.T) {
	t.Parallel()
	src := town()
	p := compile(t, src)
	src.Roles[0].Permissions[0] = "x"
	src.Persons[0].Groups = []string{"x"}
	src.Units[0].ID = "x"
	got := p.Source()
	got.Units[0].ID, got.Roles[0].Permissions[0] = "y", "y"
	if diff := cmp.Diff(town(), p.Source()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A tree of depth 50,000 must neither overflow a stack nor take square time.
func TestCompileDeepTree(t *testing.T) {
	t.Parallel()
	src := rbac.Source{Tenant: "musterstadt", Permissions: []rbac.Permission{{ID: "p"}},
		Roles: []rbac.Role{{ID: "r", Permissions: []string{"p"}}}, Persons: []rbac.Person{{ID: "ada"}},
		Assignments: []rbac.Assignment{{ID: "a", Person: "ada", Role: "r", Unit: "u0"}}}
	for i := range 50_000 {
		u := rbac.Unit{ID: fmt.Sprint("u", i)}
		if i > 0 {
			u.Parent = fmt.Sprint("u", i-1)
		}
		src.Units = append(src.Units, u)
	}
	p := compile(t, src)
	if !p.Check(time.Time{}.Add(1), "ada", "p", object("u49999")) {
		t.Error("the deepest unit is not reached from the root")
	}
	if n := len(p.Path("u49999")); n != 50_000 {
		t.Errorf("path of %d units", n)
	}
}
