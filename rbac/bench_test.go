package rbac_test

import (
	"fmt"
	"testing"

	"github.com/stadttor/stadttor/rbac"
)

// city is a large administration: 1,111 units, 2,000 people, 6,000 assignments,
// some of them behind stops, and 400 substitutions.
func city() rbac.Source {
	src := rbac.Source{Tenant: "musterstadt", Units: []rbac.Unit{{ID: "u"}}}
	for a := range 10 {
		src.Units = append(src.Units, rbac.Unit{ID: fmt.Sprintf("u%d", a), Parent: "u", Stop: a == 9})
		for b := range 10 {
			src.Units = append(src.Units, rbac.Unit{ID: fmt.Sprintf("u%d%d", a, b), Parent: fmt.Sprintf("u%d", a)})
			for c := range 10 {
				src.Units = append(src.Units, rbac.Unit{ID: fmt.Sprintf("u%d%d%d", a, b, c), Parent: fmt.Sprintf("u%d%d", a, b)})
			}
		}
	}
	for i := range 40 {
		src.Permissions = append(src.Permissions, rbac.Permission{ID: fmt.Sprint("p", i)})
	}
	for i := range 12 {
		r := rbac.Role{ID: fmt.Sprint("r", i)}
		for j := range 15 {
			r.Permissions = append(r.Permissions, fmt.Sprint("p", (i*3+j)%40))
		}
		src.Roles = append(src.Roles, r)
	}
	for i := range 2000 {
		src.Persons = append(src.Persons, rbac.Person{ID: fmt.Sprint("n", i)})
		for j := range 3 {
			src.Assignments = append(src.Assignments, rbac.Assignment{ID: fmt.Sprintf("a%d-%d", i, j),
				Person: fmt.Sprint("n", i), Role: fmt.Sprint("r", (i+j)%12), Unit: src.Units[(i*7+j*131)%1111].ID,
				From: day(1 + i%5)})
		}
		if i%5 == 0 {
			src.Substitutions = append(src.Substitutions, rbac.Substitution{ID: fmt.Sprint("s", i),
				For: fmt.Sprint("n", i), By: fmt.Sprint("n", (i+1)%2000), From: day(3)})
		}
	}
	return src
}

func BenchmarkCheck(b *testing.B) {
	p := compile(b, city())
	for _, c := range []struct{ name, person, unit string }{
		{"allowed", "n7", "u049"}, {"denied", "n7", "u883"}, {"substitute", "n1", "u000"},
	} {
		obj := object(c.unit)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Check(day(6), c.person, "p21", obj)
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	src := city()
	src.Assignments = append(src.Assignments, rbac.Assignment{ID: "top", Person: "n7", Role: "r0", Unit: "u"})
	p := compile(b, src)
	for _, c := range []struct{ name, permission string }{{"few", "p21"}, {"all", "p0"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Filter(day(6), "n7", c.permission)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	src := city()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rbac.Compile(src); err != nil {
			b.Fatal(err)
		}
	}
}
