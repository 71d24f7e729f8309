package rbacsql_test

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
)

// A list of cases shows what the person may read and nothing else.
func ExampleWhere() {
	raw, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer raw.Close()
	db := bun.NewDB(raw, sqlitedialect.New())
	policy, err := rbac.Compile(rbac.Source{
		Tenant: "musterstadt", Units: []rbac.Unit{{ID: "bau"}}, Persons: []rbac.Person{{ID: "anna"}},
		Permissions: []rbac.Permission{{ID: "case.read"}},
		Roles:       []rbac.Role{{ID: "clerk", Permissions: []string{"case.read"}}},
		Assignments: []rbac.Assignment{{ID: "a1", Person: "anna", Role: "clerk", Unit: "bau"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	columns := rbacsql.Columns{
		CaseID: "c.id", Tenant: "c.tenant",
		InvolvementTable: "involved", InvolvementCase: "case_id", InvolvementUnit: "unit",
		InsecureNoExclusions: true,
	}
	q := db.NewSelect().TableExpr("cases AS c").Column("c.id")
	fmt.Println(rbacsql.Where(q, policy.Filter(time.Unix(0, 0), "anna", "case.read"), columns))
	q = db.NewSelect().TableExpr("cases AS c").Column("c.id")
	fmt.Println(rbacsql.Where(q, policy.Filter(time.Unix(0, 0), "bert", "case.read"), columns))
	// Output:
	// SELECT "c"."id" FROM cases AS c WHERE ("c"."tenant" = 'musterstadt') AND (EXISTS (SELECT 1 FROM "involved" AS rbac_i WHERE "rbac_i"."case_id" = "c"."id" AND "rbac_i"."unit" IN ('bau')))
	// SELECT "c"."id" FROM cases AS c WHERE (1=0)
}
