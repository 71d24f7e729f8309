package payment

import (
	"context"
	"fmt"
	"net/http"
)

// Provider speaks to one payment service. Implementations are safe for
// concurrent use, end when ctx ends, bound what they read, write nothing of
// their own and give [*ProviderError]s. paymenttest.TestProvider checks one.
//
// A provider that acts for one tenant has a method Tenant() string: attempts
// then keep what it returns.
type Provider interface {
	// Start opens the payment page for an attempt. The attempt's TxID makes it
	// recognisable: a second Start with the same one must not open a second
	// payment.
	Start(ctx context.Context, a Attempt) (Started, error)
	// LookUp asks what has become of an attempt: the only source of truth. It
	// tells StateOpen, StateChecking, StatePaid, StateAborted or StateFailed.
	// ReasonUnknownTransaction is for what the service itself says it never saw.
	LookUp(ctx context.Context, a Attempt) (Snapshot, error)
	// Callback reads a push of the service or the payer's return. The body is
	// limited. What it says is a Hint.
	Callback(r *http.Request) (Hint, error)
}

// Started is the answer to Start.
type Started struct {
	PayURL      string // where the payer pays
	ProviderRef string // the service's own id of the payment
}

// Hint is what somebody claims about an attempt, never a state. Empty fields
// were not said.
type Hint struct {
	Attempt   AttemptID // our own id, from the query we put into the address
	Tenant    string
	TxID      string
	Procedure string
	Amount    Money
	Method    string
	Claim     State
	Signed    bool // a signature was there and is right
}

// ProviderReason says why a provider gave no usable answer.
type ProviderReason string

// The reasons of a ProviderError.
const (
	ReasonUnreachable        ProviderReason = "unreachable"         // no connection
	ReasonTimeout            ProviderReason = "timeout"             // no answer in time
	ReasonStatus             ProviderReason = "status"              // an HTTP status that means no answer
	ReasonNotAnswer          ProviderReason = "not-an-answer"       // a web page, or nothing like the format
	ReasonTooLarge           ProviderReason = "too-large"           // longer than what is read
	ReasonRefused            ProviderReason = "refused"             // the service does not accept the request, for instance a wrong hash
	ReasonUnknownTransaction ProviderReason = "unknown-transaction" // the service never saw it
	ReasonMismatch           ProviderReason = "mismatch"            // about another payment, amount or address
	ReasonCut                ProviderReason = "cut"                 // the connection ended in the middle
	ReasonNoProvider         ProviderReason = "no-provider"         // no provider of that name is configured
	ReasonBusy               ProviderReason = "busy"                // another request is at the attempt right now
)

// ProviderError says that a provider gave no usable answer. It holds nothing
// that the service wrote.
type ProviderError struct {
	Reason    ProviderReason
	Temporary bool // trying again may help
}

// Error returns a text that is safe for logs.
func (e *ProviderError) Error() string { return fmt.Sprintf("payment: provider: %s", e.Reason) }
