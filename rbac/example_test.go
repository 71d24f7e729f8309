package rbac_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stadttor/stadttor/rbac"
)

// A small office: one department, one clerk, one confidential unit.
func office() rbac.Source {
	return rbac.Source{
		Tenant:      "musterstadt",
		Units:       []rbac.Unit{{ID: "stadt"}, {ID: "buergeramt", Parent: "stadt"}, {ID: "jugendamt", Parent: "stadt", Stop: true}},
		Permissions: []rbac.Permission{{ID: "case.read"}},
		Roles:       []rbac.Role{{ID: "clerk", Permissions: []string{"case.read"}}},
		Persons:     []rbac.Person{{ID: "anna"}, {ID: "bert"}},
		Assignments: []rbac.Assignment{{ID: "a1", Person: "anna", Role: "clerk", Unit: "stadt"}},
		Substitutions: []rbac.Substitution{{ID: "s1", For: "anna", By: "bert",
			From:  time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
			Until: time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC)}},
	}
}

func ExamplePolicy_Check() {
	policy, err := rbac.Compile(office())
	if err != nil {
		fmt.Println(err)
		return
	}
	july := time.Date(2026, 7, 10, 9, 0, 0, 0, time.UTC)
	passport := rbac.Object{Tenant: "musterstadt", Units: []string{"buergeramt"}}
	custody := rbac.Object{Tenant: "musterstadt", Units: []string{"jugendamt"}}
	fmt.Println(policy.Check(july, "anna", "case.read", passport))
	fmt.Println(policy.Check(july, "bert", "case.read", passport))
	fmt.Println(policy.Check(july.AddDate(0, 1, 0), "bert", "case.read", passport))
	fmt.Println(policy.Check(july, "anna", "case.read", custody))
	// Output:
	// true
	// true
	// false
	// false
}

func ExamplePolicy_Filter() {
	policy, err := rbac.Compile(office())
	if err != nil {
		fmt.Println(err)
		return
	}
	july := time.Date(2026, 7, 10, 9, 0, 0, 0, time.UTC)
	filter := policy.Filter(july, "bert", "case.read")
	fmt.Println(filter.Units(), filter.Excludes())
	fmt.Println(policy.Filter(july, "bert", "case.delete").None())
	// Output:
	// [buergeramt stadt] bert
	// true
}

func ExamplePolicy_Explain() {
	policy, err := rbac.Compile(office())
	if err != nil {
		fmt.Println(err)
		return
	}
	july := time.Date(2026, 7, 10, 9, 0, 0, 0, time.UTC)
	why := policy.Explain(july, "bert", "case.read", rbac.Object{Tenant: "musterstadt", Units: []string{"buergeramt"}})
	fmt.Println(why.Allowed, why.Reasons[0].Assignment, "for", why.Reasons[0].For)
	why = policy.Explain(july, "anna", "case.read", rbac.Object{Tenant: "musterstadt", Units: []string{"jugendamt"}})
	fmt.Println(why.Allowed, why.Missing)
	// Output:
	// true a1 for anna
	// false stop
}

func ExampleAuthority_Update() {
	ctx := context.Background()
	auth := rbac.New(rbac.NewMemStore(), "musterstadt", nil)
	err := auth.Update(ctx, "admin-1", "first setup", func(s *rbac.Source) error {
		*s = office()
		return nil
	})
	fmt.Println(err)
	err = auth.Update(ctx, "admin-1", "typing error", func(s *rbac.Source) error {
		s.Assignments[0].Unit = "buergermat"
		return nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// rbac: assignment "a1": unknown-unit "buergermat"
}
