package desk

import (
	"context"
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

// visible restricts a list to the cases on which the person holds at least
// one of the permissions.
func (r rights) visible(permissions ...string) antrag.Visible {
	var filters []rbac.Filter
	for _, p := range permissions {
		if f := r.policy.Filter(r.at, r.person, p); !f.None() && f.Tenant() == r.tenant {
			filters = append(filters, f)
		}
	}
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		if len(filters) == 0 {
			return q.Where("1=0")
		}
		return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, f := range filters {
				q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return rbacsql.Where(q, f, columns) })
			}
			return q
		})
	}
}

// allowed says whether the person may do something with one case.
func (r rights) allowed(permission string, obj rbac.Object) bool {
	return r.policy.Check(r.at, r.person, permission, obj)
}

// object is a case as far as a decision needs it.
func (p *Pages) object(ctx context.Context, a antrag.Application) (rbac.Object, []antrag.Involvement, error) {
	units, err := p.Applications.Units(ctx, a.ID)
	if err != nil {
		return rbac.Object{}, nil, err
	}
	obj := rbac.Object{Tenant: p.Tenant, Assignee: a.Assignee}
	for _, u := range units {
		obj.Units = append(obj.Units, u.Unit)
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
