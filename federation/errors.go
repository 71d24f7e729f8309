package federation

import (
	"errors"
	"time"
)

var (
	// ErrNotFound says that no delivery has the id or key, or no reply the id.
	ErrNotFound = errors.New("federation: not found")
	// ErrExists says that the id or the key is taken by a different delivery, or
	// the id by a reply with other content.
	ErrExists = errors.New("federation: id or key already used")
	// ErrConflict says that the delivery changed meanwhile.
	ErrConflict = errors.New("federation: delivery changed meanwhile")
	// ErrFull says that a bounded store takes no more.
	ErrFull = errors.New("federation: store is full")
)

// Rule is what an argument breaks.
type Rule string

// Rules for arguments.
const (
	RuleRequired Rule = "required"
	RuleTooLong  Rule = "too-long"
	RuleText     Rule = "bad-text" // NUL byte or invalid UTF-8
	RuleSyntax   Rule = "syntax"
)

// InvalidError says which field of a delivery breaks which rule.
type InvalidError struct {
	Field string
	Rule  Rule
}

// Error names field and rule, never the value.
func (e *InvalidError) Error() string {
	return "federation: invalid " + e.Field + ": " + string(e.Rule)
}

// StateError says that a delivery cannot go from its state to another.
type StateError struct{ From, To State }

// Error names both states.
func (e *StateError) Error() string {
	return "federation: delivery is " + string(e.From) + ", cannot become " + string(e.To)
}

// Reason is why an attempt failed. The values are stable codes and are kept in
// [Delivery].LastError.
type Reason string

// Reasons of failed attempts.
const (
	// ReasonUnreachable: no connection to the recipient, or it broke.
	ReasonUnreachable Reason = "unreachable"
	// ReasonTimeout: the recipient took too long.
	ReasonTimeout Reason = "timeout"
	// ReasonBusy: the recipient asked to come back later.
	ReasonBusy Reason = "busy"
	// ReasonRejected: the recipient refuses this delivery.
	ReasonRejected Reason = "rejected"
	// ReasonTooLarge: the recipient does not take that much.
	ReasonTooLarge Reason = "too-large"
	// ReasonAttachment: an attachment could not be opened or read.
	ReasonAttachment Reason = "attachment"
	// ReasonDigest: the content of an attachment is not what was announced.
	ReasonDigest Reason = "digest"
	// ReasonStorage: the transport's own storage failed.
	ReasonStorage Reason = "storage"
	// ReasonCredentials: the recipient does not accept who is sending; wrong or
	// outdated secret.
	ReasonCredentials Reason = "credentials"
	// ReasonNotAnAnswer: something answered, but not the recipient in its
	// protocol: an HTML page, a missing or wrong signature, an answer cut off.
	ReasonNotAnAnswer Reason = "not-an-answer"
	// ReasonNoTransport: no transport serves the destination.
	ReasonNoTransport Reason = "no-transport"
	// ReasonInterrupted: the worker was stopped, or vanished and let its last
	// lease expire.
	ReasonInterrupted Reason = "interrupted"
	// ReasonUnknown: the transport gave an error without a reason.
	ReasonUnknown Reason = "unknown"
)

// TransportError is how a [Transport] says why it failed and whether another
// attempt makes sense. Any other error counts as temporary.
type TransportError struct {
	Reason Reason
	// Permanent means that repeating cannot help: a person must look.
	Permanent bool
	// RetryAfter is the earliest time to come back, as the recipient asked for.
	// It lengthens the outbox's own pause, up to 24 hours, never shortens it.
	RetryAfter time.Duration
	// Err is the detail, for [errors.Is] and logs of the transport itself.
	Err error
}

// Error names the reason only; the detail may hold foreign text.
func (e *TransportError) Error() string {
	if e.Permanent {
		return "federation: delivery failed for good: " + string(e.Reason)
	}
	return "federation: delivery failed: " + string(e.Reason)
}

// Unwrap returns the detail.
func (e *TransportError) Unwrap() error { return e.Err }
