package rbac

import (
	"slices"
	"time"
)

// Unit is a node of the organisation tree of one tenant: an office, a
// department, a team. A unit without Parent is a root; several roots are
// allowed.
type Unit struct {
	ID, Parent, Name string
	// Stop marks a unit whose matters are confidential: assignments made above
	// it do not reach it or anything below it. An assignment at the unit itself
	// or below works as usual. See [Permission] for the one exception.
	Stop bool
}

// Permission declares one right by its id, such as "case.read". A right that
// is not declared is held by nobody.
type Permission struct {
	ID string
	// NotSubstitutable keeps the right from passing to a substitute: granting
	// rights, audit rights, personal messages.
	NotSubstitutable bool
	// CrossesStops lets assignments reach units behind a stop. It is meant for
	// the administration of units and people, never for the content of cases.
	CrossesStops bool
}

// Role is a named set of permissions.
type Role struct {
	ID, Name    string
	Permissions []string
}

// Person is a member of the staff, known by the id that the caller's sessions
// carry. An inactive person holds nothing and passes nothing to a substitute.
type Person struct {
	ID       string
	Inactive bool
	// Groups are free names; an assignment may be given to a group.
	Groups []string
}

// Assignment gives a role to a person or to a group, at a unit and below it.
type Assignment struct {
	ID string
	// Person or Group holds the role; exactly one of them is set.
	Person, Group string
	Role, Unit    string
	// From and Until bound the validity as the half-open interval [From,
	// Until); zero means open.
	From, Until       time.Time
	Reason, GrantedBy string
}

// Substitution (Vertretung) lets By act with the rights that For holds at the
// instant of the question. It never passes on what For has by substitution
// himself.
type Substitution struct {
	ID, For, By string
	// From and Until bound the validity as the half-open interval [From,
	// Until); zero means open.
	From, Until time.Time
	Reason      string
}

// Source is everything a [Policy] of one tenant is made of. It is plain data:
// stored as it is, edited by [Authority.Update], compiled by [Compile].
type Source struct {
	Tenant        string
	Units         []Unit
	Permissions   []Permission
	Roles         []Role
	Persons       []Person
	Assignments   []Assignment
	Substitutions []Substitution
}

// Clone returns a copy that shares nothing with s.
func (s Source) Clone() Source {
	s.Units = slices.Clone(s.Units)
	s.Permissions = slices.Clone(s.Permissions)
	s.Roles = slices.Clone(s.Roles)
	for i := range s.Roles {
		s.Roles[i].Permissions = slices.Clone(s.Roles[i].Permissions)
	}
	s.Persons = slices.Clone(s.Persons)
	for i := range s.Persons {
		s.Persons[i].Groups = slices.Clone(s.Persons[i].Groups)
	}
	s.Assignments = slices.Clone(s.Assignments)
	s.Substitutions = slices.Clone(s.Substitutions)
	return s
}

// normal returns a deep copy with all times in UTC and without a monotonic
// reading, and with nil for every empty list, so that comparison and storage
// see the same.
func (s Source) normal() Source {
	s = s.Clone()
	s.Units, s.Permissions, s.Roles = orNil(s.Units), orNil(s.Permissions), orNil(s.Roles)
	s.Persons, s.Assignments, s.Substitutions = orNil(s.Persons), orNil(s.Assignments), orNil(s.Substitutions)
	for i := range s.Roles {
		s.Roles[i].Permissions = orNil(s.Roles[i].Permissions)
	}
	for i := range s.Persons {
		s.Persons[i].Groups = orNil(s.Persons[i].Groups)
	}
	for i := range s.Assignments {
		a := &s.Assignments[i]
		a.From, a.Until = a.From.Round(0).UTC(), a.Until.Round(0).UTC()
	}
	for i := range s.Substitutions {
		v := &s.Substitutions[i]
		v.From, v.Until = v.From.Round(0).UTC(), v.Until.Round(0).UTC()
	}
	return s
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// Object is the thing a right is asked for, as far as the decision needs it.
type Object struct {
	Tenant string
	// Units are the units involved, fixed when the object was received; one
	// that the person reaches is enough. An object without units is reached by
	// nobody, not even from the root.
	Units []string
	// Assignee is the person who works on the object. It is carried for the
	// caller's own rules; no right follows from it.
	Assignee string
	// Excluded are persons who may not touch the object whatever they hold,
	// because they are biased or party to it (VwVfG §§ 20, 21).
	Excluded []string
}
