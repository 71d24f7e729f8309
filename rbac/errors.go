package rbac

import (
	"errors"
	"strconv"
	"strings"
)

var (
	// ErrConflict says that the stored source moved on since it was read.
	ErrConflict = errors.New("rbac: source changed meanwhile")
	// ErrFull says that a bounded store takes no more.
	ErrFull = errors.New("rbac: store is full")
	// ErrTenant says that an edit or a store answered for another tenant.
	ErrTenant = errors.New("rbac: source of another tenant")
)

// InvalidError says which argument of a call cannot be used.
type InvalidError struct{ Field string }

// Error names the field, never its value.
func (e *InvalidError) Error() string { return "rbac: invalid " + e.Field }

// Noun names the kind of record a [Problem] or an [Item] speaks of.
type Noun string

// The records of a [Source].
const (
	NounTenant       Noun = "tenant"
	NounUnit         Noun = "unit"
	NounPermission   Noun = "permission"
	NounRole         Noun = "role"
	NounPerson       Noun = "person"
	NounAssignment   Noun = "assignment"
	NounSubstitution Noun = "substitution"
)

// ProblemKind is what is wrong with one record of a [Source].
type ProblemKind string

// Kinds of problems found by [Compile].
const (
	ProblemEmptyTenant          ProblemKind = "empty-tenant"
	ProblemEmptyID              ProblemKind = "empty-id"
	ProblemText                 ProblemKind = "bad-text" // NUL byte or invalid UTF-8
	ProblemDuplicateID          ProblemKind = "duplicate-id"
	ProblemUnknownParent        ProblemKind = "unknown-parent"
	ProblemCycle                ProblemKind = "cycle"
	ProblemUnknownUnit          ProblemKind = "unknown-unit"
	ProblemUnknownRole          ProblemKind = "unknown-role"
	ProblemUnknownPerson        ProblemKind = "unknown-person"
	ProblemUndeclaredPermission ProblemKind = "undeclared-permission"
	ProblemReversedValidity     ProblemKind = "reversed-validity" // Until is not after From
	ProblemInactivePerson       ProblemKind = "inactive-person"
	ProblemNoPrincipal          ProblemKind = "no-principal"   // neither person nor group
	ProblemTwoPrincipals        ProblemKind = "two-principals" // both person and group
	ProblemSelfSubstitution     ProblemKind = "self-substitution"
)

// Problem is one reason why a [Source] does not compile.
type Problem struct {
	Kind ProblemKind
	// Noun and ID name the record at fault.
	Noun Noun
	ID   string
	// Ref is the id the record refers to in vain, if that is the problem.
	Ref string
}

// CompileError holds every problem of a [Source], in the order of its records.
type CompileError struct{ Problems []Problem }

// Error names the first problem and the number of the others.
func (e *CompileError) Error() string {
	if len(e.Problems) == 0 {
		return "rbac: source does not compile"
	}
	var b strings.Builder
	p := e.Problems[0]
	b.WriteString("rbac: " + string(p.Noun) + " " + strconv.Quote(p.ID) + ": " + string(p.Kind))
	if p.Ref != "" {
		b.WriteString(" " + strconv.Quote(p.Ref))
	}
	if n := len(e.Problems) - 1; n > 0 {
		b.WriteString(" (and " + strconv.Itoa(n) + " more)")
	}
	return b.String()
}
