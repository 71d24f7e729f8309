package rbac

import (
	"slices"
	"time"
)

// Filter says which objects a person may see, for lists, counts, exports and
// notices. For every object it says what [Policy.Check] says at the same
// instant: Match is that question in Go, rbacsql.Where renders it to SQL. The
// zero value matches nothing.
//
// Tenant, Units and Excludes together are the whole condition: same tenant,
// at least one unit among Units, and the person Excludes not excluded.
type Filter struct {
	tenant, person string
	units          []string
}

// Filter computes the filter of person for permission at the instant at.
func (p *Policy) Filter(at time.Time, person, permission string) Filter {
	if p == nil {
		return Filter{}
	}
	who, ok := p.persons[person]
	if !ok || p.people[who].inactive {
		return Filter{}
	}
	perm, ok := p.perms[permission]
	if !ok {
		return Filter{}
	}
	n := &p.people[who]
	scopes := scopesAt(nil, n.of(perm.index), at)
	if !perm.notSubstitutable {
		for _, d := range n.deputies {
			if p.represents(d, at) {
				scopes = scopesAt(scopes, p.people[d.person].of(perm.index), at)
			}
		}
	}
	units := p.expand(scopes, perm.crossesStop)
	if len(units) == 0 {
		return Filter{}
	}
	return Filter{tenant: p.tenant, person: person, units: units}
}

// scopesAt appends the units at which a grant is valid.
func scopesAt(scopes []int32, grants []grant, at time.Time) []int32 {
	for i := range grants {
		if within(at, grants[i].from, grants[i].until) {
			scopes = append(scopes, grants[i].unit)
		}
	}
	return scopes
}

// expand lists the ids of all units reached from the scopes, sorted.
func (p *Policy) expand(scopes []int32, crossesStop bool) []string {
	if len(scopes) == 0 {
		return nil
	}
	// Ancestors come first; a scope that an ancestor already reached adds
	// nothing, because from there on both walks are the same.
	slices.Sort(scopes)
	reached := make([]bool, len(p.tree))
	var out []string
	for _, scope := range scopes {
		if reached[scope] {
			continue
		}
		for u := scope; u < p.tree[scope].end; {
			if u != scope && p.tree[u].stop && !crossesStop {
				u = p.tree[u].end
				continue
			}
			if !reached[u] {
				reached[u] = true
				out = append(out, p.tree[u].id)
			}
			u++
		}
	}
	slices.Sort(out)
	return out
}

// None reports whether the filter matches nothing.
func (f Filter) None() bool { return len(f.units) == 0 }

// All reports whether the filter matches every object of the tenant, so that a
// caller could leave the condition out. Rights are given on units, and objects
// without units or with the person among the excluded stay unseen; so no
// filter of this version is All, however many units it holds.
func (f Filter) All() bool { return false }

// Units lists the units of the filter, sorted by id, stops and substitutions
// already taken into account. The slice is the caller's.
func (f Filter) Units() []string { return slices.Clone(f.units) }

// Tenant returns the tenant an object must belong to.
func (f Filter) Tenant() string { return f.tenant }

// Excludes returns the id of the person who must not be among the excluded of
// an object: the one who asks.
func (f Filter) Excludes() string { return f.person }

// Match reports whether the filter admits the object.
func (f Filter) Match(obj Object) bool {
	if len(f.units) == 0 || obj.Tenant != f.tenant || slices.Contains(obj.Excluded, f.person) {
		return false
	}
	for _, u := range obj.Units {
		if _, ok := slices.BinarySearch(f.units, u); ok {
			return true
		}
	}
	return false
}
