package rbacsql

import (
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/rbac"
)

// Columns tells [Where] where a table of objects keeps what a decision needs.
// Names are identifiers of the caller's schema, never input.
type Columns struct {
	// CaseID is the object's id with its table or alias in front: "c.id". The
	// prefix is required, because the condition has a subquery of its own.
	CaseID string
	// Tenant is the object's tenant, with its table or alias: "c.tenant".
	Tenant string
	// InsecureOneTenant allows Tenant to be empty, for a database that holds
	// the objects of one tenant only.
	InsecureOneTenant bool

	// InvolvementTable has one row for each unit involved with an object;
	// InvolvementCase and InvolvementUnit are its columns, without prefix.
	InvolvementTable, InvolvementCase, InvolvementUnit string
	// InvolvementEnded is a column that is NULL while the unit is involved.
	// Empty: every row counts.
	InvolvementEnded string

	// ExcludedTable has one row for each person excluded from an object;
	// ExcludedCase and ExcludedPerson are its columns, without prefix.
	ExcludedTable, ExcludedCase, ExcludedPerson string
	// InsecureNoExclusions allows ExcludedTable to be empty, for objects from
	// which nobody is ever excluded.
	InsecureNoExclusions bool
}

// ErrColumns says that [Columns] are incomplete. It is the error of the query.
var ErrColumns = errors.New("rbacsql: incomplete columns")

func (c Columns) check() error {
	_, _, qualified := strings.Cut(c.CaseID, ".")
	switch {
	case !qualified,
		c.Tenant == "" && !c.InsecureOneTenant,
		c.InvolvementTable == "", c.InvolvementCase == "", c.InvolvementUnit == "",
		c.ExcludedTable == "" && !c.InsecureNoExclusions,
		c.ExcludedTable != "" && (c.ExcludedCase == "" || c.ExcludedPerson == ""):
		return ErrColumns
	}
	return nil
}

// Where restricts q to the objects that f matches: those of its tenant that
// have a row of involvement with one of its units and no row that excludes the
// person. A filter that matches nothing gives WHERE 1=0. Incomplete columns
// make the query fail with [ErrColumns]; they never widen it.
//
// The condition is joined to the others of q by AND. Put alternatives of your
// own into bun's WhereGroup: a bare WhereOr beside it stands above every AND,
// this one too.
func Where(q *bun.SelectQuery, f rbac.Filter, c Columns) *bun.SelectQuery {
	if err := c.check(); err != nil {
		return q.Err(err)
	}
	if f.None() {
		return q.Where("1=0")
	}
	if c.Tenant != "" {
		q = q.Where("? = ?", bun.Ident(c.Tenant), f.Tenant())
	}
	if c.ExcludedTable != "" {
		q = q.Where("NOT EXISTS (SELECT 1 FROM ? AS rbac_x WHERE ? = ? AND ? = ?)",
			bun.Ident(c.ExcludedTable),
			bun.Ident("rbac_x."+c.ExcludedCase), bun.Ident(c.CaseID),
			bun.Ident("rbac_x."+c.ExcludedPerson), f.Excludes())
	}
	involved := "EXISTS (SELECT 1 FROM ? AS rbac_i WHERE ? = ? AND ? IN (?)"
	args := []any{
		bun.Ident(c.InvolvementTable),
		bun.Ident("rbac_i." + c.InvolvementCase), bun.Ident(c.CaseID),
		bun.Ident("rbac_i." + c.InvolvementUnit), bun.List(f.Units()),
	}
	if c.InvolvementEnded != "" {
		involved += " AND ? IS NULL"
		args = append(args, bun.Ident("rbac_i."+c.InvolvementEnded))
	}
	return q.Where(involved+")", args...)
}
