package desk

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
)

// The permissions that the staff's pages ask for.
const (
	permList     = "case.list"
	permEnvelope = "case.readEnvelope"
	permRead     = "case.read"
	permProcess  = "case.process"
	permMessage  = "case.message"
	permDecide   = "case.decide"
	permNote     = "case.note"
	permAssign   = "case.assign"
	permPayment  = "payment.read"
	permRefund   = "payment.refund"
	permInvolve  = "case.involve"
	permTransfer = "case.transfer"
)

// rights is the one place where the staff's pages ask what somebody may see
// and do. It is made once per request, so that all answers of a page agree.
type rights struct {
	policy *rbac.Policy
	tenant string
	person string
	at     time.Time
}

// columns tell where a case keeps the units that take part in it. The
// database holds one tenant, and the portal excludes nobody from a case yet.
var columns = rbacsql.Columns{
	CaseID: "a.id", InsecureOneTenant: true, InsecureNoExclusions: true,
	InvolvementTable: "portal_application_units", InvolvementCase: "application", InvolvementUnit: "unit", InvolvementEnded: "ended_at",
}

// limited tells where a case keeps the units that take part in a piece of it.
// Rows of the whole case stand there too; they widen nothing, because the same
// units stand in the other table.
var limited = rbacsql.Columns{
	CaseID: "a.id", InsecureOneTenant: true, InsecureNoExclusions: true,
	InvolvementTable: "portal_involvements", InvolvementCase: "application", InvolvementUnit: "unit", InvolvementEnded: "ended_at",
}

// condition is one way to see a case.
type condition struct {
	filter  rbac.Filter
	columns rbacsql.Columns
}

func (r rights) conditions(c rbacsql.Columns, permissions ...string) []condition {
	var out []condition
	for _, p := range permissions {
		if f := r.policy.Filter(r.at, r.person, p); !f.None() && f.Tenant() == r.tenant {
			out = append(out, condition{f, c})
		}
	}
	return out
}

// visible restricts a list to the cases on which the person holds at least
// one of the permissions.
func (r rights) visible(permissions ...string) antrag.Visible {
	return anyOf(r.conditions(columns, permissions...))
}

// listed restricts a list to what the person may know to exist: content,
// envelope or number, or a piece that a unit of hers was involved with.
func (r rights) listed() antrag.Visible {
	return anyOf(append(r.conditions(columns, permList, permEnvelope), r.conditions(limited, permRead)...))
}

// reachable restricts a query to the cases that have a page for the person.
func (r rights) reachable() antrag.Visible {
	return anyOf(append(r.conditions(columns, permRead, permEnvelope), r.conditions(limited, permRead)...))
}

func anyOf(ways []condition) antrag.Visible {
	// Most people hold their permissions in the same units: asking the database
	// once is enough then.
	ways = slices.CompactFunc(ways, func(a, b condition) bool {
		return a.columns == b.columns && slices.Equal(a.filter.Units(), b.filter.Units())
	})
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		if len(ways) == 0 {
			return q.Where("1=0")
		}
		return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, w := range ways {
				q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return rbacsql.Where(q, w.filter, w.columns) })
			}
			return q
		})
	}
}

// parties are the units of a case. A unit that is involved with the whole case
// reads it and writes notes; what changes the case or speaks to the citizen is
// for the lead alone.
type parties struct{ all, lead rbac.Object }

func (o parties) of(permission string) rbac.Object {
	switch permission {
	case permList, permEnvelope, permRead, permNote, permPayment:
		return o.all
	}
	return o.lead
}

// allowed says whether the person may do something with one case.
func (r rights) allowed(permission string, obj parties) bool {
	return r.policy.Check(r.at, r.person, permission, obj.of(permission))
}

// in says whether the person holds a permission in a unit.
func (r rights) in(unit, permission string) bool {
	return r.policy.Check(r.at, r.person, permission, r.unit(unit))
}

func (r rights) unit(id string) rbac.Object {
	return rbac.Object{Tenant: r.tenant, Units: []string{id}}
}

// object is a case as far as a decision needs it.
func (p *Pages) object(ctx context.Context, a antrag.Application) (parties, []antrag.Involvement, error) {
	units, err := p.Applications.Units(ctx, a.ID)
	if err != nil {
		return parties{}, nil, err
	}
	obj := parties{rbac.Object{Tenant: p.Tenant, Assignee: a.Assignee}, rbac.Object{Tenant: p.Tenant, Assignee: a.Assignee}}
	for _, u := range units {
		obj.all.Units = append(obj.all.Units, u.Unit)
		if u.Kind == "lead" {
			obj.lead.Units = append(obj.lead.Units, u.Unit)
		}
	}
	return obj, units, nil
}

func (p *Pages) policy() *rbac.Policy {
	if p.Policy == nil {
		return nil // denies everything
	}
	return p.Policy()
}

func (p *Pages) rights(person string, at time.Time) rights {
	return rights{policy: p.policy(), tenant: p.Tenant, person: person, at: at}
}
