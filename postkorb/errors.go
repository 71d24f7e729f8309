package postkorb

import (
	"errors"
	"fmt"
)

// Errors that tell which class of thing went wrong. Compare with errors.Is.
var (
	// ErrNotFound says that a thread, message, slot or notice is unknown.
	ErrNotFound = errors.New("postkorb: not found")
	// ErrExists says that an id is already used by something else.
	ErrExists = errors.New("postkorb: id already used")
	// ErrConflict says that the thread changed meanwhile; load it and try again.
	ErrConflict = errors.New("postkorb: thread changed meanwhile")
	// ErrDenied says that the acting party may not do this.
	ErrDenied = errors.New("postkorb: not allowed")
	// ErrClosed says that the thread takes no more messages.
	ErrClosed = errors.New("postkorb: thread is closed")
	// ErrFull says that a MemStore holds as many threads as it may.
	ErrFull = errors.New("postkorb: memory store is full")
)

// Rule names what an input broke. Texts for people belong to the caller.
type Rule string

// The rules an InvalidError can name.
const (
	RuleRequired  Rule = "required"  // a value is missing
	RuleTooLong   Rule = "too-long"  // a value is longer than allowed
	RuleTooMany   Rule = "too-many"  // a list has too many elements
	RuleText      Rule = "text"      // NUL, control characters or invalid UTF-8
	RuleUnknown   Rule = "unknown"   // not one of the allowed codes
	RuleForbidden Rule = "forbidden" // the field does not go with this kind of message or this party
	RuleDuplicate Rule = "duplicate" // an id is used twice in one list
	RuleReference Rule = "reference" // the referenced message does not fit
)

// InvalidError says which field of an input broke which rule. It never holds
// the value itself.
type InvalidError struct {
	Field string
	Rule  Rule
}

// Error returns a text that is safe for logs.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("postkorb: invalid %s: %s", e.Field, e.Rule)
}

// StatusError says that the status ladder has no step between two statuses, or
// none for the acting party.
type StatusError struct {
	From, To Status
}

// Error returns a text that is safe for logs.
func (e *StatusError) Error() string {
	return fmt.Sprintf("postkorb: no step from status %q to %q", e.From, e.To)
}

// SlotError says that a slot of a document request cannot go from one state to
// another, for example because it was accepted already.
type SlotError struct {
	From, To SlotState
}

// Error returns a text that is safe for logs.
func (e *SlotError) Error() string {
	return fmt.Sprintf("postkorb: no step from slot state %q to %q", e.From, e.To)
}

// NotifyError is what a Notifier returns when it knows more than "it failed".
// Code is short and fit for logs and for the events of a thread ("no-address",
// "mailbox-unknown"): up to 50 ASCII letters, digits and "-_.", no personal data.
// Any other code is recorded as "unknown".
type NotifyError struct {
	Code      string
	Permanent bool // trying again is of no use
	Err       error
}

// Error returns the code; the cause is reachable with Unwrap only.
func (e *NotifyError) Error() string { return "postkorb: notice not handed over: " + e.Code }

// Unwrap returns the cause.
func (e *NotifyError) Unwrap() error { return e.Err }
