// Command rbac shows the rights of an administration alone: who may do what
// where, why, and how a change that cannot be is refused. Nothing is stored.
//
//	go run ./examples/rbac
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/stadttor/stadttor/rbac"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var july = time.Date(2026, 7, 10, 9, 0, 0, 0, time.UTC)

// town is a small administration: a head, a clerk, a substitute for two weeks,
// and a youth office that rights from above do not reach.
func town() rbac.Source {
	return rbac.Source{
		Tenant: "altenwehr",
		Units: []rbac.Unit{{ID: "stadt"}, {ID: "finanzen", Parent: "stadt"}, {ID: "steuern", Parent: "finanzen"},
			{ID: "jugendamt", Parent: "stadt", Stop: true}},
		Permissions: []rbac.Permission{{ID: "case.read"}, {ID: "case.process"}},
		Roles: []rbac.Role{{ID: "leitung", Permissions: []string{"case.read"}},
			{ID: "sachbearbeitung", Permissions: []string{"case.read", "case.process"}}},
		Persons: []rbac.Person{{ID: "lueken"}, {ID: "harms"}, {ID: "dierks"}},
		Assignments: []rbac.Assignment{{ID: "a1", Person: "lueken", Role: "leitung", Unit: "stadt"},
			{ID: "a2", Person: "harms", Role: "sachbearbeitung", Unit: "steuern"}},
		Substitutions: []rbac.Substitution{{ID: "s1", For: "harms", By: "dierks", From: july.AddDate(0, 0, -3), Until: july.AddDate(0, 0, 11)}},
	}
}

func run(ctx context.Context, out io.Writer) error {
	authority := rbac.New(rbac.NewMemStore(), "altenwehr", &rbac.Options{Now: func() time.Time { return july }})
	err := authority.Update(ctx, "admin", "first setup", func(s *rbac.Source) error {
		*s = town()
		return nil
	})
	if err != nil {
		return err
	}
	policy := authority.Policy()

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "who\twhat\twhere\tallowed\twhy")
	for _, person := range []string{"lueken", "harms", "dierks"} {
		for _, permission := range []string{"case.read", "case.process"} {
			for _, unit := range []string{"steuern", "jugendamt"} {
				object := rbac.Object{Tenant: "altenwehr", Units: []string{unit}}
				why := policy.Explain(july, person, permission, object)
				reason := fmt.Sprint(why.Missing)
				if why.Allowed {
					if reason = why.Reasons[0].Assignment; why.Reasons[0].For != "" {
						reason += " for " + why.Reasons[0].For
					}
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\n", person, permission, unit, why.Allowed, reason)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}

	// A list of cases is not checked one by one: its query gets the units.
	fmt.Fprintln(out, "units in a list for dierks:", policy.Filter(july, "dierks", "case.read").Units())
	later := july.AddDate(0, 1, 0)
	fmt.Fprintln(out, "a month later:", policy.Filter(later, "dierks", "case.read").Units())

	err = authority.Update(ctx, "admin", "a slip of the pen", func(s *rbac.Source) error {
		s.Assignments[1].Unit = "stuern"
		return nil
	})
	if err == nil {
		return errors.New("rbac: a right for a unit that does not exist was taken")
	}
	fmt.Fprintln(out, "refused:", err)
	return nil
}
