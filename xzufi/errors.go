package xzufi

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that no visible object, area or service has the key.
	ErrNotFound = errors.New("xzufi: not found")
	// ErrConflict says that another import became current meanwhile. Nothing
	// of this import is visible; it can be run again.
	ErrConflict = errors.New("xzufi: another import became current meanwhile")
	// ErrFull says that a MemStore has reached its bound.
	ErrFull = errors.New("xzufi: memory store is full")
)

// Rule says which rule an argument breaks.
type Rule int

// The rules of an *InvalidError.
const (
	// RuleText: NUL byte or not UTF-8.
	RuleText Rule = iota + 1
	// RuleRequired: must not be empty.
	RuleRequired
	// RuleFormat: not of the form that is expected.
	RuleFormat
	// RuleTooLong: longer than allowed.
	RuleTooLong
	// RuleDuplicate: occurs twice.
	RuleDuplicate
	// RuleCycle: an area is its own ancestor.
	RuleCycle
)

// String returns the rule as a code.
func (r Rule) String() string {
	switch r {
	case RuleText:
		return "text"
	case RuleRequired:
		return "required"
	case RuleFormat:
		return "format"
	case RuleTooLong:
		return "too-long"
	case RuleDuplicate:
		return "duplicate"
	case RuleCycle:
		return "cycle"
	}
	return "unknown"
}

// InvalidError says which argument of a call breaks which rule.
type InvalidError struct {
	Field string
	Rule  Rule
}

// Error names field and rule, never the value.
func (e *InvalidError) Error() string {
	return "xzufi: invalid " + e.Field + ": " + e.Rule.String()
}

// Reason says why a delivery or one object of it could not be read.
type Reason int

// The reasons of a *ReadError. Those up to ReasonRead end the reading; the
// others concern one object, and the reader goes on behind it.
const (
	// ReasonSyntax: not well-formed XML.
	ReasonSyntax Reason = iota + 1
	// ReasonTruncated: the document ends too early.
	ReasonTruncated
	// ReasonEncoding: not UTF-8, or another encoding is declared.
	ReasonEncoding
	// ReasonNUL: a NUL byte.
	ReasonNUL
	// ReasonDoctype: a document type declaration, refused because of entities.
	ReasonDoctype
	// ReasonNamespace: the root element's namespace is not in the table.
	ReasonNamespace
	// ReasonDepth: elements nested deeper than allowed.
	ReasonDepth
	// ReasonSize: one object is larger than allowed.
	ReasonSize
	// ReasonAttributes: one element has more attributes than allowed.
	ReasonAttributes
	// ReasonRead: the underlying reader failed; Unwrap gives its error.
	ReasonRead
	// ReasonMissingID: the object has no id, or a reference it needs is empty.
	ReasonMissingID
	// ReasonClass: a delete notice names no known class.
	ReasonClass
	// ReasonEmpty: a schreibe element without an object in it.
	ReasonEmpty
	// ReasonValue: a value that cannot be kept as text (control characters).
	ReasonValue
)

var reasonNames = [...]string{"", "syntax", "truncated", "encoding", "nul", "doctype", "namespace", "depth",
	"size", "attributes", "read", "missing-id", "class", "empty", "value"}

// String returns the reason as a code.
func (r Reason) String() string {
	if r <= 0 || int(r) >= len(reasonNames) {
		return "unknown"
	}
	return reasonNames[r]
}

// ReadError says where and why reading failed.
type ReadError struct {
	// File is the name given to the catalogue; empty from a plain Reader.
	File string
	// Line and Column count from 1; they point at the object or at the place
	// where reading stopped.
	Line, Column int
	Reason       Reason
	// Element is the local name of the element concerned, if known.
	Element string
	// Namespace is the unknown namespace with ReasonNamespace.
	Namespace string

	err error
}

// Error gives place and reason; it holds nothing of the content but names.
func (e *ReadError) Error() string {
	at := fmt.Sprintf("line %d, column %d", e.Line, e.Column)
	if e.File != "" {
		at = e.File + ", " + at
	}
	s := "xzufi: " + at + ": " + e.Reason.String()
	if e.Element != "" {
		s += fmt.Sprintf(" at %.80q", e.Element)
	}
	if e.Namespace != "" {
		s += fmt.Sprintf(" %.200q", e.Namespace)
	}
	return s
}

// Unwrap returns the error of the underlying reader, if that was the cause.
func (e *ReadError) Unwrap() error { return e.err }

// Fatal reports whether nothing behind this place can be read.
func (e *ReadError) Fatal() bool { return e.Reason <= ReasonRead }

// GuardReason says which guard stopped a full delivery.
type GuardReason int

// The guards against accidental deletion.
const (
	// GuardEmpty: a full delivery without any object.
	GuardEmpty GuardReason = iota + 1
	// GuardLoss: more objects would vanish than Options.MaxLoss allows.
	GuardLoss
)

// GuardError says that a full delivery was not made current because it would
// have deleted too much.
type GuardError struct {
	Reason GuardReason
	// Known is the number of the source's objects before, Lost of those that
	// would have been deleted.
	Known, Lost int
}

// Error gives the numbers.
func (e *GuardError) Error() string {
	if e.Reason == GuardEmpty {
		return "xzufi: full delivery is empty: refused"
	}
	return fmt.Sprintf("xzufi: full delivery would delete %d of %d objects: refused", e.Lost, e.Known)
}
