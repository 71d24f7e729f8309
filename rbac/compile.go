package rbac

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// unitNode is a unit at its place in the pre-order walk of the tree: its
// subtree is the half-open range from its own position to end.
type unitNode struct {
	id          string
	parent, end int32
	src         int32
	stop        bool
}

// right is a declared permission, numbered.
type right struct {
	index                         int32
	notSubstitutable, crossesStop bool
}

// grant is one merged window of validity of a permission at a unit.
type grant struct {
	perm, unit  int32
	from, until time.Time
}

// deputy is one substitution as seen from the person who acts.
type deputy struct{ person, src int32 }

// personNode is a person with everything she holds herself, sorted for search.
type personNode struct {
	id       string
	inactive bool
	grants   []grant // sorted by permission, unit, from; windows disjoint
	assigned []int32 // positions in Source.Assignments, own and by group
	deputies []deputy
}

// Compile checks src as a whole and makes it a [Policy]. All problems are
// reported at once in a [*CompileError]. The source is copied.
func Compile(src Source) (*Policy, error) {
	c := &compiler{src: src.normal()}
	c.check()
	if len(c.problems) > 0 {
		return nil, &CompileError{Problems: c.problems}
	}
	p := &Policy{src: c.src, tenant: c.src.Tenant}
	p.placeUnits()
	p.placePersons()
	p.bounds = boundaries(&p.src)
	return p, nil
}

type compiler struct {
	src      Source
	problems []Problem
	units    map[string]int
	perms    map[string]bool
	roles    map[string]bool
	persons  map[string]bool // value: inactive
}

func (c *compiler) add(kind ProblemKind, noun Noun, id, ref string) {
	c.problems = append(c.problems, Problem{Kind: kind, Noun: noun, ID: id, Ref: ref})
}

// id checks an identifier and the texts beside it and reports whether the
// identifier is new.
func (c *compiler) id(noun Noun, id string, seen bool, texts ...string) bool {
	if !cleanText(id) || !cleanText(texts...) {
		c.add(ProblemText, noun, strings.ToValidUTF8(id, "\uFFFD"), "")
	}
	if id == "" {
		c.add(ProblemEmptyID, noun, "", "")
		return false
	}
	if seen {
		c.add(ProblemDuplicateID, noun, id, "")
		return false
	}
	return true
}

func cleanText(texts ...string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}

func (c *compiler) check() {
	if c.src.Tenant == "" {
		c.add(ProblemEmptyTenant, NounTenant, "", "")
	} else if !cleanText(c.src.Tenant) {
		c.add(ProblemText, NounTenant, strings.ToValidUTF8(c.src.Tenant, "\uFFFD"), "")
	}
	c.checkUnits()
	c.checkRoles()
	c.persons = make(map[string]bool, len(c.src.Persons))
	for _, p := range c.src.Persons {
		_, seen := c.persons[p.ID]
		if c.id(NounPerson, p.ID, seen, p.Groups...) {
			c.persons[p.ID] = p.Inactive
		}
	}
	c.checkAssignments()
	c.checkSubstitutions()
}

func (c *compiler) checkUnits() {
	c.units = make(map[string]int, len(c.src.Units))
	for i, u := range c.src.Units {
		_, seen := c.units[u.ID]
		if c.id(NounUnit, u.ID, seen, u.Parent, u.Name) {
			c.units[u.ID] = i
		}
	}
	// state: 0 not seen, otherwise the number of the walk that saw the unit.
	state := make([]int, len(c.src.Units))
	for i, u := range c.src.Units {
		if u.Parent != "" {
			if _, ok := c.units[u.Parent]; !ok {
				c.add(ProblemUnknownParent, NounUnit, u.ID, u.Parent)
			}
		}
		for at, walk := i, i+1; ; {
			if state[at] != 0 {
				// Only the walk that closes a ring reports it, so each ring once.
				if state[at] == walk {
					c.add(ProblemCycle, NounUnit, c.src.Units[at].ID, c.src.Units[at].Parent)
				}
				break
			}
			state[at] = walk
			next, ok := c.units[c.src.Units[at].Parent]
			if !ok {
				break
			}
			at = next
		}
	}
}

func (c *compiler) checkRoles() {
	c.perms = make(map[string]bool, len(c.src.Permissions))
	for _, p := range c.src.Permissions {
		if c.id(NounPermission, p.ID, c.perms[p.ID]) {
			c.perms[p.ID] = true
		}
	}
	c.roles = make(map[string]bool, len(c.src.Roles))
	for _, r := range c.src.Roles {
		if c.id(NounRole, r.ID, c.roles[r.ID], r.Name) {
			c.roles[r.ID] = true
		}
		for _, perm := range r.Permissions {
			if !c.perms[perm] {
				c.add(ProblemUndeclaredPermission, NounRole, r.ID, perm)
			}
		}
	}
}

func (c *compiler) checkAssignments() {
	seen := make(map[string]bool, len(c.src.Assignments))
	for _, a := range c.src.Assignments {
		if c.id(NounAssignment, a.ID, seen[a.ID], a.Person, a.Group, a.Reason, a.GrantedBy) {
			seen[a.ID] = true
		}
		switch {
		case a.Person == "" && a.Group == "":
			c.add(ProblemNoPrincipal, NounAssignment, a.ID, "")
		case a.Person != "" && a.Group != "":
			c.add(ProblemTwoPrincipals, NounAssignment, a.ID, "")
		}
		if a.Person != "" && c.person(NounAssignment, a.ID, a.Person) {
			c.add(ProblemInactivePerson, NounAssignment, a.ID, a.Person)
		}
		if !c.roles[a.Role] {
			c.add(ProblemUnknownRole, NounAssignment, a.ID, a.Role)
		}
		if _, ok := c.units[a.Unit]; !ok {
			c.add(ProblemUnknownUnit, NounAssignment, a.ID, a.Unit)
		}
		if reversed(a.From, a.Until) {
			c.add(ProblemReversedValidity, NounAssignment, a.ID, "")
		}
	}
}

// person reports an unknown person and returns whether the person is inactive.
func (c *compiler) person(noun Noun, id, person string) (inactive bool) {
	inactive, ok := c.persons[person]
	if !ok {
		c.add(ProblemUnknownPerson, noun, id, person)
	}
	return inactive
}

func (c *compiler) checkSubstitutions() {
	seen := make(map[string]bool, len(c.src.Substitutions))
	for _, v := range c.src.Substitutions {
		if c.id(NounSubstitution, v.ID, seen[v.ID], v.For, v.By, v.Reason) {
			seen[v.ID] = true
		}
		c.person(NounSubstitution, v.ID, v.For)
		if v.For == v.By {
			c.add(ProblemSelfSubstitution, NounSubstitution, v.ID, v.By)
		} else {
			c.person(NounSubstitution, v.ID, v.By)
		}
		if reversed(v.From, v.Until) {
			c.add(ProblemReversedValidity, NounSubstitution, v.ID, "")
		}
	}
}

func reversed(from, until time.Time) bool {
	return !from.IsZero() && !until.IsZero() && !until.After(from)
}

// placeUnits numbers the units in pre-order. The walk keeps its own stack, so
// a deep tree cannot exhaust the goroutine's.
func (p *Policy) placeUnits() {
	children := make(map[string][]int32, len(p.src.Units))
	for i, u := range p.src.Units {
		children[u.Parent] = append(children[u.Parent], int32(i))
	}
	p.units = make(map[string]int32, len(p.src.Units))
	p.tree = make([]unitNode, 0, len(p.src.Units))
	type step struct {
		src, parent int32
		leave       bool
	}
	var stack []step
	push := func(ids []int32, parent int32) {
		for _, src := range slices.Backward(ids) {
			stack = append(stack, step{src: src, parent: parent})
		}
	}
	push(children[""], -1)
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if s.leave {
			p.tree[s.src].end = int32(len(p.tree))
			continue
		}
		u := p.src.Units[s.src]
		pos := int32(len(p.tree))
		p.units[u.ID] = pos
		p.tree = append(p.tree, unitNode{id: u.ID, parent: s.parent, src: s.src, stop: u.Stop})
		stack = append(stack, step{src: pos, leave: true})
		push(children[u.ID], pos)
	}
}

func (p *Policy) placePersons() {
	p.perms = make(map[string]right, len(p.src.Permissions))
	for i, perm := range p.src.Permissions {
		p.perms[perm.ID] = right{index: int32(i), notSubstitutable: perm.NotSubstitutable, crossesStop: perm.CrossesStops}
	}
	p.roles = make(map[string][]int32, len(p.src.Roles))
	for _, r := range p.src.Roles {
		list := make([]int32, 0, len(r.Permissions))
		for _, id := range r.Permissions {
			list = append(list, p.perms[id].index)
		}
		slices.Sort(list)
		p.roles[r.ID] = slices.Compact(list)
	}
	p.persons = make(map[string]int32, len(p.src.Persons))
	p.people = make([]personNode, len(p.src.Persons))
	groups := make(map[string][]int32)
	for i, person := range p.src.Persons {
		p.persons[person.ID] = int32(i)
		p.people[i] = personNode{id: person.ID, inactive: person.Inactive}
		for _, g := range uniq(person.Groups) {
			groups[g] = append(groups[g], int32(i))
		}
	}
	for i, a := range p.src.Assignments {
		holders := groups[a.Group]
		if a.Person != "" {
			holders = []int32{p.persons[a.Person]}
		}
		for _, h := range holders {
			p.people[h].assigned = append(p.people[h].assigned, int32(i))
		}
	}
	for i := range p.people {
		p.people[i].grants = p.grantsOf(p.people[i].assigned)
	}
	for i, v := range p.src.Substitutions {
		by := &p.people[p.persons[v.By]]
		by.deputies = append(by.deputies, deputy{person: p.persons[v.For], src: int32(i)})
	}
}

func uniq(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// grantsOf expands assignments to permissions, sorts them and merges windows
// that touch, so that one binary search answers for any instant.
func (p *Policy) grantsOf(assigned []int32) []grant {
	var all []grant
	for _, i := range assigned {
		a := &p.src.Assignments[i]
		for _, perm := range p.roles[a.Role] {
			all = append(all, grant{perm: perm, unit: p.units[a.Unit], from: a.From, until: a.Until})
		}
	}
	slices.SortFunc(all, func(a, b grant) int {
		return cmp.Or(cmp.Compare(a.perm, b.perm), cmp.Compare(a.unit, b.unit), a.from.Compare(b.from))
	})
	out := all[:0]
	for _, g := range all {
		if n := len(out); n > 0 && out[n-1].perm == g.perm && out[n-1].unit == g.unit {
			last := &out[n-1]
			if last.until.IsZero() || !last.until.Before(g.from) {
				if !last.until.IsZero() && (g.until.IsZero() || g.until.After(last.until)) {
					last.until = g.until
				}
				continue
			}
		}
		out = append(out, g)
	}
	return slices.Clip(out)
}

// boundaries lists the instants at which an answer may change.
func boundaries(src *Source) []time.Time {
	var out []time.Time
	add := func(times ...time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				out = append(out, t)
			}
		}
	}
	for i := range src.Assignments {
		add(src.Assignments[i].From, src.Assignments[i].Until)
	}
	for i := range src.Substitutions {
		add(src.Substitutions[i].From, src.Substitutions[i].Until)
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}
