package seed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/rbac"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
)

// personal rights do not pass to a substitute.
var personal = []string{"audit.read", "person.read", "settings.edit"}

// berlin is the time zone in which days begin.
var berlin = clock.Berlin

// midnight is the beginning of the day that is n days from base.
func midnight(base time.Time, n int) time.Time {
	y, m, d := base.In(berlin).Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, berlin)
}

// Rights gives units, roles and people of the town to the authority. Days of
// validity count from base.
func (s *Seeder) Rights(ctx context.Context, base time.Time) error {
	want := source(s.World, base)
	err := s.Authority.Update(ctx, "system", "demo world", func(src *rbac.Source) error {
		want.Tenant = src.Tenant
		*src = want
		return nil
	})
	if err != nil {
		return fmt.Errorf("seed: rights: %w", err)
	}
	return nil
}

func source(w demo.World, base time.Time) rbac.Source {
	var src rbac.Source
	for _, u := range w.Units {
		src.Units = append(src.Units, rbac.Unit{ID: u.ID, Parent: u.Parent, Name: u.Name})
	}
	var names []string
	for _, r := range w.Roles {
		src.Roles = append(src.Roles, rbac.Role{ID: r.ID, Name: r.Name, Permissions: slices.Clone(r.Permissions)})
		names = append(names, r.Permissions...)
	}
	slices.Sort(names)
	for _, id := range slices.Compact(names) {
		src.Permissions = append(src.Permissions, rbac.Permission{ID: id, NotSubstitutable: slices.Contains(personal, id)})
	}
	for _, p := range w.Staff {
		src.Persons = append(src.Persons, rbac.Person{ID: p.ID})
		for i, g := range p.Grants {
			a := rbac.Assignment{ID: fmt.Sprintf("z-%s-%d", p.ID, i+1), Person: p.ID, Role: g.Role, Unit: g.Unit, Reason: "Demo", GrantedBy: w.Granter}
			if g.FromDay != 0 || g.UntilDay != 0 {
				a.From, a.Until = midnight(base, g.FromDay), midnight(base, g.UntilDay)
			}
			src.Assignments = append(src.Assignments, a)
		}
	}
	for _, v := range w.Substitutions {
		src.Substitutions = append(src.Substitutions, rbac.Substitution{ID: v.ID, For: v.For, By: v.By,
			From: midnight(base, v.FromDay), Until: midnight(base, v.UntilDay), Reason: v.Reason})
	}
	return src
}
