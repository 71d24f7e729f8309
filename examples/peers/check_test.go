package peers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v3"
	casbinmodel "github.com/casbin/casbin/v3/model"
	"github.com/cedar-policy/cedar-go"

	"github.com/stadttor/stadttor/rbac"
)

const tenant = "altenwehr"

// world is a large administration: 400 units in five levels, 2,500 people, 14
// roles, 60 permissions, 9,000 assignments of a role at a unit and below it.
func world() rbac.Source {
	r := rand.New(rand.NewPCG(1, 2))
	src := rbac.Source{Tenant: tenant}
	levels := []int{1, 6, 30, 120, 243}
	var first []int // of each level
	for l, n := range levels {
		first = append(first, len(src.Units))
		for i := range n {
			u := rbac.Unit{ID: fmt.Sprint("u", len(src.Units))}
			if l > 0 {
				u.Parent = src.Units[first[l-1]+i*levels[l-1]/n].ID
			}
			src.Units = append(src.Units, u)
		}
	}
	for i := range 60 {
		src.Permissions = append(src.Permissions, rbac.Permission{ID: fmt.Sprint("p", i)})
	}
	for i := range 14 {
		role := rbac.Role{ID: fmt.Sprint("r", i)}
		for j := range 20 {
			role.Permissions = append(role.Permissions, fmt.Sprint("p", (i*4+j)%60))
		}
		src.Roles = append(src.Roles, role)
	}
	for i := range 2500 {
		src.Persons = append(src.Persons, rbac.Person{ID: fmt.Sprint("n", i)})
	}
	// Most hold roles far down, few at the top.
	depth := func() int {
		switch x := r.IntN(1000); {
		case x < 5:
			return 0
		case x < 35:
			return 1
		case x < 135:
			return 2
		case x < 435:
			return 3
		}
		return 4
	}
	taken := make(map[string]bool)
	for len(src.Assignments) < 9000 {
		l := depth()
		a := rbac.Assignment{
			Person: src.Persons[r.IntN(2500)].ID, Role: src.Roles[r.IntN(14)].ID,
			Unit: src.Units[first[l]+r.IntN(levels[l])].ID,
		}
		a.ID = a.Person + a.Role + a.Unit
		if !taken[a.ID] {
			taken[a.ID] = true
			src.Assignments = append(src.Assignments, a)
		}
	}
	return src
}

// ask is one question: may the person do this to a case of the unit?
type ask struct{ person, permission, unit string }

// questions are half at random and half near what somebody holds, so that
// both answers are frequent.
func questions(p *rbac.Policy, n int) []ask {
	src := p.Source()
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]ask, n)
	for i := range out {
		q := ask{src.Persons[r.IntN(len(src.Persons))].ID, src.Permissions[r.IntN(len(src.Permissions))].ID, src.Units[r.IntN(len(src.Units))].ID}
		if i%2 == 0 {
			a := src.Assignments[r.IntN(len(src.Assignments))]
			below := p.Subtree(a.Unit)
			role := src.Roles[slices.IndexFunc(src.Roles, func(r rbac.Role) bool { return r.ID == a.Role })]
			q = ask{a.Person, role.Permissions[r.IntN(len(role.Permissions))], below[r.IntN(len(below))]}
		}
		out[i] = q
	}
	return out
}

func newPolicy(t testing.TB) *rbac.Policy {
	t.Helper()
	p, err := rbac.Compile(world())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// casbinText is casbin's own pattern of roles within domains. A unit is a
// domain. A second relation says which role has which permission: with one
// policy line per role and permission the enforcer would walk 280 lines
// instead of 14. The cheaper relation is asked first.
const casbinText = `
[request_definition]
r = sub, dom, act
[policy_definition]
p = role
[role_definition]
g = _, _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g2(p.role, r.act) && g(r.sub, p.role, r.dom)
`

// newCasbin writes every assignment down for each unit that it reaches, since
// domains have no tree of their own.
func newCasbin(t testing.TB, p *rbac.Policy) *casbin.Enforcer {
	t.Helper()
	m, err := casbinmodel.NewModelFromString(casbinText)
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatal(err)
	}
	src := p.Source()
	var roles, rights, links [][]string
	for _, r := range src.Roles {
		roles = append(roles, []string{r.ID})
		for _, perm := range r.Permissions {
			rights = append(rights, []string{r.ID, perm})
		}
	}
	seen := make(map[string]bool)
	for _, a := range src.Assignments {
		for _, u := range p.Subtree(a.Unit) {
			if key := a.Person + " " + a.Role + " " + u; !seen[key] {
				seen[key] = true
				links = append(links, []string{a.Person, a.Role, u})
			}
		}
	}
	for _, add := range []func() (bool, error){
		func() (bool, error) { return e.AddPolicies(roles) },
		func() (bool, error) { return e.AddNamedGroupingPolicies("g2", rights) },
		func() (bool, error) { return e.AddGroupingPolicies(links) },
	} {
		if ok, err := add(); err != nil || !ok {
			t.Fatalf("casbin: added %v: %v", ok, err)
		}
	}
	return e
}

// newCedar has one policy per role. The units a person holds the role at are
// an attribute of the person; units have their parents, permissions are
// members of the roles' action groups. One policy per assignment would be
// walked 9,000 times.
func newCedar(t testing.TB, p *rbac.Policy) (*cedar.PolicySet, cedar.EntityMap) {
	t.Helper()
	src := p.Source()
	var text strings.Builder
	groups := make(map[string][]cedar.EntityUID)
	for _, r := range src.Roles {
		fmt.Fprintf(&text, "permit (principal, action in Action::%q, resource) when { principal has %s && resource in principal.%s };\n", r.ID, r.ID, r.ID)
		for _, perm := range r.Permissions {
			groups[perm] = append(groups[perm], cedar.NewEntityUID("Action", cedar.String(r.ID)))
		}
	}
	set, err := cedar.NewPolicySetFromBytes("roles.cedar", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	entities := make(cedar.EntityMap)
	add := func(uid cedar.EntityUID, attributes cedar.RecordMap, parents ...cedar.EntityUID) {
		entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...), Attributes: cedar.NewRecord(attributes)}
	}
	for _, u := range src.Units {
		var parents []cedar.EntityUID
		if u.Parent != "" {
			parents = append(parents, cedar.NewEntityUID("Unit", cedar.String(u.Parent)))
		}
		add(cedar.NewEntityUID("Unit", cedar.String(u.ID)), nil, parents...)
	}
	for perm, parents := range groups {
		add(cedar.NewEntityUID("Action", cedar.String(perm)), nil, parents...)
	}
	held := make(map[string]map[string][]cedar.Value)
	for _, a := range src.Assignments {
		if held[a.Person] == nil {
			held[a.Person] = make(map[string][]cedar.Value)
		}
		held[a.Person][a.Role] = append(held[a.Person][a.Role], cedar.NewEntityUID("Unit", cedar.String(a.Unit)))
	}
	for _, person := range src.Persons {
		attributes := make(cedar.RecordMap)
		for role, units := range held[person.ID] {
			attributes[cedar.String(role)] = cedar.NewSet(units...)
		}
		add(cedar.NewEntityUID("User", cedar.String(person.ID)), attributes)
	}
	return set, entities
}

func cedarRequest(q ask) cedar.Request {
	return cedar.Request{
		Principal: cedar.NewEntityUID("User", cedar.String(q.person)),
		Action:    cedar.NewEntityUID("Action", cedar.String(q.permission)),
		Resource:  cedar.NewEntityUID("Unit", cedar.String(q.unit)),
	}
}

// TestDecisionsAgree makes sure that all three answer the same question.
func TestDecisionsAgree(t *testing.T) {
	t.Parallel()
	p := newPolicy(t)
	enforcer := newCasbin(t, p)
	set, entities := newCedar(t, p)
	allowed := 0
	list := questions(p, 3000)
	for _, q := range list {
		want := p.Check(noon, q.person, q.permission, rbac.Object{Tenant: tenant, Units: []string{q.unit}})
		if want {
			allowed++
		}
		got, err := enforcer.Enforce(q.person, q.unit, q.permission)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%+v: casbin says %v, rbac %v", q, got, want)
		}
		decision, diagnostic := cedar.Authorize(set, entities, cedarRequest(q))
		if len(diagnostic.Errors) > 0 {
			t.Fatalf("%+v: cedar: %v", q, diagnostic.Errors)
		}
		if bool(decision) != want {
			t.Errorf("%+v: cedar says %v, rbac %v", q, decision, want)
		}
	}
	if allowed < len(list)/3 || allowed > 2*len(list)/3 {
		t.Errorf("%d of %d questions are allowed, want about half", allowed, len(list))
	}
}

func BenchmarkCheck(b *testing.B) {
	p := newPolicy(b)
	list := questions(p, 1000)
	b.Run("stadttor", func(b *testing.B) {
		objects := make([]rbac.Object, len(list))
		for i, q := range list {
			objects[i] = rbac.Object{Tenant: tenant, Units: []string{q.unit}}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			q := &list[i%len(list)]
			p.Check(noon, q.person, q.permission, objects[i%len(list)])
		}
	})
	b.Run("casbin", func(b *testing.B) {
		enforcer := newCasbin(b, p)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			q := &list[i%len(list)]
			if _, err := enforcer.Enforce(q.person, q.unit, q.permission); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cedar-go", func(b *testing.B) {
		set, entities := newCedar(b, p)
		requests := make([]cedar.Request, len(list))
		for i, q := range list {
			requests[i] = cedarRequest(q)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			cedar.Authorize(set, entities, requests[i%len(list)])
		}
	})
}
