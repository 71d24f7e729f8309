package rbac

import (
	"slices"
	"sort"
	"time"
)

// Policy is a compiled [Source]: it answers who may do what, at any instant.
// It is immutable and safe for concurrent use. A nil *Policy denies everything
// and knows nothing.
type Policy struct {
	src     Source
	tenant  string
	units   map[string]int32
	tree    []unitNode
	perms   map[string]right
	roles   map[string][]int32
	persons map[string]int32
	people  []personNode
	bounds  []time.Time
}

// Check reports whether person holds permission on obj at the instant at. It
// allocates nothing; its cost grows with the units of the object, the depth of
// the tree and the number of substitutions of the person, and with the
// logarithm of her rights.
func (p *Policy) Check(at time.Time, person, permission string, obj Object) bool {
	if p == nil || obj.Tenant != p.tenant {
		return false
	}
	who, ok := p.persons[person]
	if !ok || slices.Contains(obj.Excluded, person) {
		return false
	}
	perm, ok := p.perms[permission]
	if !ok {
		return false
	}
	n := &p.people[who]
	if n.inactive {
		return false
	}
	if p.reaches(n, at, perm, obj.Units) {
		return true
	}
	if perm.notSubstitutable {
		return false
	}
	for _, d := range n.deputies {
		if p.represents(d, at) && p.reaches(&p.people[d.person], at, perm, obj.Units) {
			return true
		}
	}
	return false
}

// represents reports whether the substitution is in force.
func (p *Policy) represents(d deputy, at time.Time) bool {
	v := &p.src.Substitutions[d.src]
	return within(at, v.From, v.Until) && !p.people[d.person].inactive
}

// reaches reports whether the person's own grants cover one of the units.
func (p *Policy) reaches(n *personNode, at time.Time, perm right, units []string) bool {
	grants := n.of(perm.index)
	if len(grants) == 0 {
		return false
	}
	for _, id := range units {
		u, ok := p.units[id]
		for ok && u >= 0 {
			if valid(grants, u, at) {
				return true
			}
			if p.tree[u].stop && !perm.crossesStop {
				break
			}
			u = p.tree[u].parent
		}
	}
	return false
}

// of returns the grants of one permission, sorted by unit and time.
func (n *personNode) of(perm int32) []grant {
	lo := sort.Search(len(n.grants), func(i int) bool { return n.grants[i].perm >= perm })
	rest := n.grants[lo:]
	hi := sort.Search(len(rest), func(i int) bool { return rest[i].perm > perm })
	return rest[:hi]
}

// valid reports whether a window at the unit holds the instant.
func valid(grants []grant, unit int32, at time.Time) bool {
	i := sort.Search(len(grants), func(i int) bool {
		g := &grants[i]
		return g.unit > unit || g.unit == unit && g.from.After(at)
	})
	if i == 0 {
		return false
	}
	g := &grants[i-1]
	return g.unit == unit && within(at, g.from, g.until)
}

// within reports whether at lies in [from, until); zero bounds are open.
func within(at, from, until time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (until.IsZero() || at.Before(until))
}

// Who lists the persons for whom [Policy.Check] is true, sorted. It asks for
// every person, so it is meant for pages and notices, not for loops.
func (p *Policy) Who(at time.Time, permission string, obj Object) []string {
	if p == nil {
		return nil
	}
	var out []string
	for i := range p.people {
		if p.Check(at, p.people[i].id, permission, obj) {
			out = append(out, p.people[i].id)
		}
	}
	slices.Sort(out)
	return out
}

// NextChange returns the first instant after at at which some answer may
// differ because a validity begins or ends, and false if there is none.
func (p *Policy) NextChange(at time.Time) (time.Time, bool) {
	if p == nil {
		return time.Time{}, false
	}
	i := sort.Search(len(p.bounds), func(i int) bool { return p.bounds[i].After(at) })
	if i == len(p.bounds) {
		return time.Time{}, false
	}
	return p.bounds[i], true
}

// Source returns a copy of what the policy was compiled from, times in UTC.
func (p *Policy) Source() Source {
	if p == nil {
		return Source{}
	}
	return p.src.Clone()
}

// Tenant returns the tenant the policy speaks for.
func (p *Policy) Tenant() string {
	if p == nil {
		return ""
	}
	return p.tenant
}

// Unit returns the unit with the id, and false if there is none.
func (p *Policy) Unit(id string) (Unit, bool) {
	if p == nil {
		return Unit{}, false
	}
	u, ok := p.units[id]
	if !ok {
		return Unit{}, false
	}
	return p.src.Units[p.tree[u].src], true
}

// Subtree lists the unit and all units below it, parents before children,
// whether or not a stop lies between. An unknown unit gives nil.
func (p *Policy) Subtree(id string) []string {
	if p == nil {
		return nil
	}
	u, ok := p.units[id]
	if !ok {
		return nil
	}
	out := make([]string, 0, p.tree[u].end-u)
	for i := u; i < p.tree[u].end; i++ {
		out = append(out, p.tree[i].id)
	}
	return out
}

// Path lists the units from the root down to the unit. An unknown unit gives
// nil.
func (p *Policy) Path(id string) []Unit {
	if p == nil {
		return nil
	}
	u, ok := p.units[id]
	if !ok {
		return nil
	}
	var out []Unit
	for ; u >= 0; u = p.tree[u].parent {
		out = append(out, p.src.Units[p.tree[u].src])
	}
	slices.Reverse(out)
	return out
}
