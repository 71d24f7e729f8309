package rbac

import (
	"slices"
	"time"
)

// Missing is the nearest step that is missing for a right: the one change that
// would come closest to granting it. The values are stable codes.
type Missing string

// The steps, gates first, then from the nearest to the farthest.
const (
	// MissingNothing: the right is there.
	MissingNothing Missing = ""
	// MissingPolicy: there is no policy.
	MissingPolicy Missing = "policy"
	// MissingTenant: the object belongs to another tenant.
	MissingTenant Missing = "tenant"
	// MissingPerson: the person is unknown.
	MissingPerson Missing = "person"
	// MissingActive: the person is inactive.
	MissingActive Missing = "active"
	// MissingPermission: the permission is not declared.
	MissingPermission Missing = "permission"
	// MissingImpartial: the person is excluded from the object.
	MissingImpartial Missing = "impartial"
	// MissingUnit: the object has no unit that the policy knows.
	MissingUnit Missing = "unit"
	// MissingUntil: an assignment that fits has ended.
	MissingUntil Missing = "expired"
	// MissingFrom: an assignment that fits has not begun.
	MissingFrom Missing = "not-yet-valid"
	// MissingSubstitution: a substitution that fits is not in force now.
	MissingSubstitution Missing = "substitution"
	// MissingRepresented: the represented person is inactive.
	MissingRepresented Missing = "represented"
	// MissingTransfer: the represented person holds the right, but it does not
	// pass to substitutes.
	MissingTransfer Missing = "transfer"
	// MissingStop: an assignment reaches only down to a stop.
	MissingStop Missing = "stop"
	// MissingScope: the right is held at other units only.
	MissingScope Missing = "scope"
	// MissingRole: no role of the person has the permission.
	MissingRole Missing = "role"
)

// nearest ranks the steps that depend on assignments, nearest first.
var nearest = []Missing{
	MissingUntil, MissingFrom, MissingSubstitution, MissingRepresented,
	MissingTransfer, MissingStop, MissingScope, MissingRole,
}

func nearer(a, b Missing) Missing {
	if slices.Index(nearest, a) < slices.Index(nearest, b) {
		return a
	}
	return b
}

// Reason is one way by which a right is held.
type Reason struct {
	// Assignment and Role are the ids of what grants.
	Assignment, Role string
	// Scope is the unit of the assignment; Unit is the unit of the object that
	// lies at or below it.
	Scope, Unit string
	// Substitution and For name the substitution and the represented person if
	// the right is not the person's own. Who keeps two pairs of eyes apart
	// compares For as well as the person.
	Substitution, For string
}

// Explanation says why a right is held, or what is missing.
type Explanation struct {
	Allowed bool
	// Reasons lists all ways, own rights first; empty if not Allowed.
	Reasons []Reason
	// Missing is set if not Allowed.
	Missing Missing
}

// Explain answers like [Policy.Check], with reasons. It is made for pages and
// logs and may be slower.
func (p *Policy) Explain(at time.Time, person, permission string, obj Object) Explanation {
	n, perm, missing := p.gates(person, permission, obj)
	if missing != MissingNothing {
		return Explanation{Missing: missing}
	}
	reasons, missing := p.ways(n, at, perm, obj.Units)
	for _, d := range n.deputies {
		v := &p.src.Substitutions[d.src]
		borrowed, lack := p.ways(&p.people[d.person], at, perm, obj.Units)
		active := within(at, v.From, v.Until)
		switch {
		case len(borrowed) == 0:
			// Only a substitution in force makes the other's gap one's own.
			if active && !perm.notSubstitutable && !p.people[d.person].inactive {
				missing = nearer(missing, lack)
			}
		case !active:
			missing = nearer(missing, MissingSubstitution)
		case p.people[d.person].inactive:
			missing = nearer(missing, MissingRepresented)
		case perm.notSubstitutable:
			missing = nearer(missing, MissingTransfer)
		default:
			for _, r := range borrowed {
				r.Substitution, r.For = v.ID, v.For
				reasons = append(reasons, r)
			}
		}
	}
	if len(reasons) > 0 {
		return Explanation{Allowed: true, Reasons: reasons}
	}
	return Explanation{Missing: missing}
}

// gates answers the questions that no assignment can change.
func (p *Policy) gates(person, permission string, obj Object) (*personNode, right, Missing) {
	if p == nil {
		return nil, right{}, MissingPolicy
	}
	if obj.Tenant != p.tenant {
		return nil, right{}, MissingTenant
	}
	who, ok := p.persons[person]
	if !ok {
		return nil, right{}, MissingPerson
	}
	n := &p.people[who]
	if n.inactive {
		return nil, right{}, MissingActive
	}
	perm, ok := p.perms[permission]
	if !ok {
		return nil, right{}, MissingPermission
	}
	if slices.Contains(obj.Excluded, person) {
		return nil, right{}, MissingImpartial
	}
	known := func(id string) bool { _, ok := p.units[id]; return ok }
	if !slices.ContainsFunc(obj.Units, known) {
		return nil, right{}, MissingUnit
	}
	return n, perm, MissingNothing
}

// ways lists how the person's own assignments grant, and what is nearest if
// they do not.
func (p *Policy) ways(n *personNode, at time.Time, perm right, units []string) ([]Reason, Missing) {
	var reasons []Reason
	missing := MissingRole
	for _, i := range n.assigned {
		a := &p.src.Assignments[i]
		if _, ok := slices.BinarySearch(p.roles[a.Role], perm.index); !ok {
			continue
		}
		for _, id := range units {
			lack := p.reach(p.units[a.Unit], id, perm)
			if lack == MissingNothing {
				lack = validity(at, a.From, a.Until)
			}
			if lack != MissingNothing {
				missing = nearer(missing, lack)
				continue
			}
			reasons = append(reasons, Reason{Assignment: a.ID, Role: a.Role, Scope: a.Unit, Unit: id})
		}
	}
	return reasons, missing
}

// reach says whether the unit lies at or below the scope with no stop between.
func (p *Policy) reach(scope int32, id string, perm right) Missing {
	unit, ok := p.units[id]
	if !ok || unit < scope || unit >= p.tree[scope].end {
		return MissingScope
	}
	for u := unit; u != scope; u = p.tree[u].parent {
		if p.tree[u].stop && !perm.crossesStop {
			return MissingStop
		}
	}
	return MissingNothing
}

func validity(at, from, until time.Time) Missing {
	if within(at, from, until) {
		return MissingNothing
	}
	if !from.IsZero() && at.Before(from) {
		return MissingFrom
	}
	return MissingUntil
}
