package payment

import (
	"errors"
	"fmt"
)

// Errors that tell which class of thing went wrong. Compare with errors.Is.
var (
	// ErrNotFound says that there is no such order, attempt, booking or batch.
	ErrNotFound = errors.New("payment: not found")
	// ErrExists says that an id is used by something different, or that there is
	// one already where only one may be.
	ErrExists = errors.New("payment: already there")
	// ErrConflict says that something changed meanwhile; load it and try again.
	ErrConflict = errors.New("payment: changed meanwhile")
	// ErrFull says that a store in memory holds as much as it may.
	ErrFull = errors.New("payment: memory store is full")
	// ErrOverflow says that an amount does not fit into 64 bits.
	ErrOverflow = errors.New("payment: amount out of range")
	// ErrCurrency says that amounts of different currencies were mixed.
	ErrCurrency = errors.New("payment: different currencies")
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
	RuleRange     Rule = "range"     // a number outside the allowed range
	RuleDuplicate Rule = "duplicate" // an id is used twice in one list
	RuleSyntax    Rule = "syntax"    // not written as it must be
)

// InvalidError says which field of an input broke which rule. It never holds
// the value itself.
type InvalidError struct {
	Field string
	Rule  Rule
}

// Error returns a text that is safe for logs.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("payment: invalid %s: %s", e.Field, e.Rule)
}

// MismatchError says that an amount is not the one that was expected: the sum
// of the items against the total asked for, or the amount that a provider
// reports against the total of the order. It needs a person.
type MismatchError struct {
	Order     OrderID
	Want, Got Money
}

// Error returns a text that is safe for logs.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("payment: order %s: amount %s, expected %s", e.Order, e.Got, e.Want)
}

// TransitionReason says why an order does not take a step.
type TransitionReason string

// The reasons of a TransitionError.
const (
	// TransitionIllegal says that the states do not follow each other.
	TransitionIllegal TransitionReason = "illegal"
	// TransitionSecondPayment says that the order was paid before under another
	// reference of the provider: the payer has paid twice.
	TransitionSecondPayment TransitionReason = "second-payment"
)

// TransitionError says that an order in state From cannot become To. If To is
// StatePaid, money has arrived that no open order waits for: a person has to
// send it back.
type TransitionError struct {
	Order    OrderID
	From, To State
	Reason   TransitionReason
}

// Error returns a text that is safe for logs.
func (e *TransitionError) Error() string {
	return fmt.Sprintf("payment: order %s: no step from %s to %s: %s", e.Order, e.From, e.To, e.Reason)
}
