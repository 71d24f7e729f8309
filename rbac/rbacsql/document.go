package rbacsql

import (
	"encoding/json"
	"time"

	"github.com/stadttor/stadttor/rbac"
)

// The stored form of a source. The types have the fields of the domain types
// and convert directly, so the compiler sees when one is forgotten; the names
// in the database do not move with the names in Go.
type (
	document struct {
		Tenant        string            `json:"tenant"`
		Units         []unitDoc         `json:"units,omitempty"`
		Permissions   []permissionDoc   `json:"permissions,omitempty"`
		Roles         []roleDoc         `json:"roles,omitempty"`
		Persons       []personDoc       `json:"persons,omitempty"`
		Assignments   []assignmentDoc   `json:"assignments,omitempty"`
		Substitutions []substitutionDoc `json:"substitutions,omitempty"`
	}
	unitDoc struct {
		ID     string `json:"id"`
		Parent string `json:"parent,omitempty"`
		Name   string `json:"name,omitempty"`
		Stop   bool   `json:"stop,omitempty"`
	}
	permissionDoc struct {
		ID               string `json:"id"`
		NotSubstitutable bool   `json:"notSubstitutable,omitempty"`
		CrossesStops     bool   `json:"crossesStops,omitempty"`
	}
	roleDoc struct {
		ID          string   `json:"id"`
		Name        string   `json:"name,omitempty"`
		Permissions []string `json:"permissions,omitempty"`
	}
	personDoc struct {
		ID       string   `json:"id"`
		Inactive bool     `json:"inactive,omitempty"`
		Groups   []string `json:"groups,omitempty"`
	}
	assignmentDoc struct {
		ID        string    `json:"id"`
		Person    string    `json:"person,omitempty"`
		Group     string    `json:"group,omitempty"`
		Role      string    `json:"role"`
		Unit      string    `json:"unit"`
		From      time.Time `json:"from,omitzero"`
		Until     time.Time `json:"until,omitzero"`
		Reason    string    `json:"reason,omitempty"`
		GrantedBy string    `json:"grantedBy,omitempty"`
	}
	substitutionDoc struct {
		ID     string    `json:"id"`
		For    string    `json:"for"`
		By     string    `json:"by"`
		From   time.Time `json:"from,omitzero"`
		Until  time.Time `json:"until,omitzero"`
		Reason string    `json:"reason,omitempty"`
	}
	itemDoc struct {
		Operation rbac.Operation `json:"op"`
		Noun      rbac.Noun      `json:"noun"`
		ID        string         `json:"id"`
	}
)

func each[A, B any](list []A, convert func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = convert(a)
	}
	return out
}

func encodeSource(s rbac.Source) (string, error) {
	raw, err := json.Marshal(document{
		Tenant:      s.Tenant,
		Units:       each(s.Units, func(u rbac.Unit) unitDoc { return unitDoc(u) }),
		Permissions: each(s.Permissions, func(p rbac.Permission) permissionDoc { return permissionDoc(p) }),
		Roles:       each(s.Roles, func(r rbac.Role) roleDoc { return roleDoc(r) }),
		Persons:     each(s.Persons, func(p rbac.Person) personDoc { return personDoc(p) }),
		Assignments: each(s.Assignments, func(a rbac.Assignment) assignmentDoc {
			a.From, a.Until = a.From.UTC(), a.Until.UTC()
			return assignmentDoc(a)
		}),
		Substitutions: each(s.Substitutions, func(v rbac.Substitution) substitutionDoc {
			v.From, v.Until = v.From.UTC(), v.Until.UTC()
			return substitutionDoc(v)
		}),
	})
	return string(raw), err
}

func decodeSource(raw string) (rbac.Source, error) {
	var d document
	if err := json.Unmarshal([]byte(raw), &d); err != nil {
		return rbac.Source{}, err
	}
	return rbac.Source{
		Tenant:      d.Tenant,
		Units:       each(d.Units, func(u unitDoc) rbac.Unit { return rbac.Unit(u) }),
		Permissions: each(d.Permissions, func(p permissionDoc) rbac.Permission { return rbac.Permission(p) }),
		Roles:       each(d.Roles, func(r roleDoc) rbac.Role { return rbac.Role(r) }),
		Persons:     each(d.Persons, func(p personDoc) rbac.Person { return rbac.Person(p) }),
		Assignments: each(d.Assignments, func(a assignmentDoc) rbac.Assignment {
			a.From, a.Until = a.From.UTC(), a.Until.UTC()
			return rbac.Assignment(a)
		}),
		Substitutions: each(d.Substitutions, func(v substitutionDoc) rbac.Substitution {
			v.From, v.Until = v.From.UTC(), v.Until.UTC()
			return rbac.Substitution(v)
		}),
	}, nil
}

func encodeItems(items []rbac.Item) (string, error) {
	raw, err := json.Marshal(each(items, func(i rbac.Item) itemDoc { return itemDoc(i) }))
	return string(raw), err
}

func decodeItems(raw string) ([]rbac.Item, error) {
	var docs []itemDoc
	err := json.Unmarshal([]byte(raw), &docs)
	return each(docs, func(d itemDoc) rbac.Item { return rbac.Item(d) }), err
}
