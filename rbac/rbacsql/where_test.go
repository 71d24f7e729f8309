package rbacsql_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
)

var columns = rbacsql.Columns{
	CaseID: "c.id", Tenant: "c.tenant",
	InvolvementTable: "involved", InvolvementCase: "id", InvolvementUnit: "unit", InvolvementEnded: "ended_at",
	ExcludedTable: "excluded", ExcludedCase: "id", ExcludedPerson: "person",
}

// The units have names that would hurt a careless renderer.
var unitIDs = []string{"u'0", "u%1", "u_2", `u"3`, `u\4`, "ü?5", "u?6", "$1"}

func randomPolicy(t *testing.T, r *rand.Rand) *rbac.Policy {
	t.Helper()
	src := rbac.Source{Tenant: "t", Permissions: []rbac.Permission{{ID: "p"}},
		Roles:   []rbac.Role{{ID: "r", Permissions: []string{"p"}}},
		Persons: []rbac.Person{{ID: "n0"}, {ID: "n'1"}, {ID: "n2"}, {ID: "n3"}}}
	for i, id := range unitIDs {
		u := rbac.Unit{ID: id, Stop: r.IntN(4) == 0}
		if i > 0 && r.IntN(5) > 0 {
			u.Parent = unitIDs[r.IntN(i)]
		}
		src.Units = append(src.Units, u)
	}
	for i := range r.IntN(5) {
		src.Assignments = append(src.Assignments, rbac.Assignment{ID: fmt.Sprint(i), Role: "r",
			Person: src.Persons[r.IntN(3)].ID, Unit: unitIDs[r.IntN(len(unitIDs))]})
	}
	src.Substitutions = []rbac.Substitution{{ID: "s", For: "n0", By: "n2"}}
	p, err := rbac.Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func exec(t *testing.T, db bun.IDB, query string, args ...any) {
	t.Helper()
	if _, err := db.NewRaw(query, args...).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// fillCases writes random cases and returns what a decision sees of them.
func fillCases(t *testing.T, db *bun.DB, r *rand.Rand) map[string]rbac.Object {
	t.Helper()
	exec(t, db, "CREATE TABLE cases (id TEXT PRIMARY KEY, tenant TEXT)")
	exec(t, db, "CREATE TABLE involved (id TEXT, unit TEXT, ended_at TIMESTAMP)")
	exec(t, db, "CREATE TABLE excluded (id TEXT, person TEXT)")
	exec(t, db, "CREATE INDEX involved_id ON involved (id, unit)")
	exec(t, db, "CREATE INDEX excluded_id ON excluded (id, person)")
	// One transaction, because a flush for each row takes seconds.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
	}()
	out := map[string]rbac.Object{}
	for i := range 200 {
		id := fmt.Sprint("c", i)
		obj := rbac.Object{Tenant: "t"}
		if r.IntN(10) == 0 {
			obj.Tenant = "T"
		}
		exec(t, tx, "INSERT INTO cases VALUES (?, ?)", id, obj.Tenant)
		for range r.IntN(4) {
			unit := append(unitIDs, "gone")[r.IntN(len(unitIDs)+1)]
			if r.IntN(4) == 0 {
				exec(t, tx, "INSERT INTO involved VALUES (?, ?, ?)", id, unit, time.Now())
				continue
			}
			exec(t, tx, "INSERT INTO involved VALUES (?, ?, NULL)", id, unit)
			obj.Units = append(obj.Units, unit)
		}
		for range r.IntN(2) {
			person := []string{"n0", "n'1", "n2", "n3", "else"}[r.IntN(5)]
			exec(t, tx, "INSERT INTO excluded VALUES (?, ?)", id, person)
			obj.Excluded = append(obj.Excluded, person)
		}
		out[id] = obj
	}
	return out
}

// The rendered condition selects exactly the rows that the Go predicate, and
// therefore Check, admits.
func TestWhereEqualsMatch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *bun.DB) {
		r := rand.New(rand.NewPCG(1, 2))
		cases := fillCases(t, db, r)
		seen := 0
		for range 25 {
			p := randomPolicy(t, r)
			for _, person := range []string{"n0", "n'1", "n2", "n3", "nobody"} {
				f := p.Filter(time.Unix(0, 0), person, "p")
				var got, want []string
				q := db.NewSelect().TableExpr("cases AS c").Column("c.id")
				if err := rbacsql.Where(q, f, columns).Scan(t.Context(), &got); err != nil {
					t.Fatal(err)
				}
				for id, obj := range cases {
					if f.Match(obj) {
						want = append(want, id)
					}
					if f.Match(obj) != p.Check(time.Unix(0, 0), person, "p", obj) {
						t.Fatalf("Match and Check differ on %+v", obj)
					}
				}
				slices.SortFunc(got, cmp.Compare[string])
				slices.Sort(want)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, units %q (-want +got):\n%s", person, f.Units(), diff)
				}
				seen += len(got)
			}
		}
		if seen == 0 {
			t.Error("no filter selected anything: the test says nothing")
		}
	})
}

func TestWhereNone(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	q := rbacsql.Where(db.NewSelect().TableExpr("cases AS c").Column("c.id"), rbac.Filter{}, columns)
	if got := q.String(); !strings.HasSuffix(got, "WHERE (1=0)") {
		t.Errorf("query %s", got)
	}
}

// What is left out is an error of the query, never a wider answer.
func TestWhereIncompleteColumns(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	exec(t, db, "CREATE TABLE cases (id TEXT PRIMARY KEY, tenant TEXT)")
	for name, spoil := range map[string]func(*rbacsql.Columns){
		"case id":         func(c *rbacsql.Columns) { c.CaseID = "" },
		"case id bare":    func(c *rbacsql.Columns) { c.CaseID = "id" },
		"tenant":          func(c *rbacsql.Columns) { c.Tenant = "" },
		"table":           func(c *rbacsql.Columns) { c.InvolvementTable = "" },
		"unit":            func(c *rbacsql.Columns) { c.InvolvementUnit = "" },
		"case":            func(c *rbacsql.Columns) { c.InvolvementCase = "" },
		"excluded":        func(c *rbacsql.Columns) { c.ExcludedTable = "" },
		"excluded case":   func(c *rbacsql.Columns) { c.ExcludedCase = "" },
		"excluded person": func(c *rbacsql.Columns) { c.ExcludedPerson = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := columns
			spoil(&c)
			var got []string
			q := db.NewSelect().TableExpr("cases AS c").Column("c.id")
			if err := rbacsql.Where(q, rbac.Filter{}, c).Scan(t.Context(), &got); !errors.Is(err, rbacsql.ErrColumns) {
				t.Errorf("got %v, %v; want ErrColumns", got, err)
			}
		})
	}
	c := columns
	c.Tenant, c.InsecureOneTenant = "", true
	c.ExcludedTable, c.InsecureNoExclusions = "", true
	p := randomPolicy(t, rand.New(rand.NewPCG(3, 4)))
	for _, person := range []string{"n0", "n'1", "n2"} {
		if f := p.Filter(time.Unix(0, 0), person, "p"); !f.None() {
			q := rbacsql.Where(db.NewSelect().TableExpr("cases AS c").Column("c.id"), f, c).String()
			if strings.Contains(q, "excluded") || strings.Contains(q, "tenant") || !strings.Contains(q, "EXISTS") {
				t.Errorf("query %s", q)
			}
		}
	}
}
