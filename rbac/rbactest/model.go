package rbactest

import (
	"slices"
	"time"

	"github.com/stadttor/stadttor/rbac"
)

// Allowed is the reference reading of the rules of package rbac: slow, direct
// on the source, without any index, and written without the code of Policy.
// Differential tests compare rbac.Policy.Check with it. The source must
// compile.
func Allowed(src rbac.Source, at time.Time, person, permission string, obj rbac.Object) bool {
	m := model{src: src, at: at}
	if obj.Tenant != src.Tenant || !m.active(person) || slices.Contains(obj.Excluded, person) {
		return false
	}
	for _, p := range src.Permissions {
		if p.ID != permission {
			continue
		}
		for _, unit := range obj.Units {
			if m.holds(person, p, unit) {
				return true
			}
			if p.NotSubstitutable {
				continue
			}
			for _, v := range src.Substitutions {
				if v.By == person && m.valid(v.From, v.Until) && m.active(v.For) && m.holds(v.For, p, unit) {
					return true
				}
			}
		}
	}
	return false
}

type model struct {
	src rbac.Source
	at  time.Time
}

func (m model) valid(from, until time.Time) bool {
	begun := from.IsZero() || from.Equal(m.at) || from.Before(m.at)
	ended := !until.IsZero() && (until.Equal(m.at) || until.Before(m.at))
	return begun && !ended
}

func (m model) active(person string) bool {
	for _, p := range m.src.Persons {
		if p.ID == person {
			return !p.Inactive
		}
	}
	return false
}

// holds asks for the person's own assignments only.
func (m model) holds(person string, perm rbac.Permission, unit string) bool {
	for _, a := range m.src.Assignments {
		if m.given(a, person) && m.contains(a.Role, perm.ID) && m.valid(a.From, a.Until) &&
			m.below(unit, a.Unit, perm.CrossesStops) {
			return true
		}
	}
	return false
}

func (m model) given(a rbac.Assignment, person string) bool {
	if a.Person != "" {
		return a.Person == person
	}
	for _, p := range m.src.Persons {
		if p.ID == person {
			return slices.Contains(p.Groups, a.Group)
		}
	}
	return false
}

func (m model) contains(role, permission string) bool {
	for _, r := range m.src.Roles {
		if r.ID == role {
			return slices.Contains(r.Permissions, permission)
		}
	}
	return false
}

// below reports whether scope is the unit or above it, with no stop that is
// not at the scope itself.
func (m model) below(unit, scope string, crossesStops bool) bool {
	for _, u := range m.src.Units {
		if u.ID != unit {
			continue
		}
		if unit == scope {
			return true
		}
		return (!u.Stop || crossesStops) && u.Parent != "" && m.below(u.Parent, scope, crossesStops)
	}
	return false
}
