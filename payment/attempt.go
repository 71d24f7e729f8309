package payment

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotPayable says that an order is paid, refunded or cancelled, or that the
// provider says it is being paid: there is nothing to begin.
var ErrNotPayable = errors.New("payment: order is not payable")

// AttemptID names an attempt. It stands in callback addresses and is as good as
// a password: at least 128 random bits.
type AttemptID string

// AttemptState says how far an attempt has come.
type AttemptState string

// The states of an attempt.
const (
	AttemptCreated AttemptState = "created" // intended; the provider was not asked, or its answer was lost
	AttemptStarted AttemptState = "started" // the page is known, the payer may pay
	AttemptPaid    AttemptState = "paid"    // it paid the order
	AttemptAborted AttemptState = "aborted" // ended by the payer
	AttemptFailed  AttemptState = "failed"  // ended by the provider
	AttemptExpired AttemptState = "expired" // its time is over; asked before
	AttemptSurplus AttemptState = "surplus" // paid, but the order did not wait for it: a person sends the money back
)

// Live reports whether the attempt may still be paid by a payer who was sent to
// its page. An order has at most one live attempt.
func (s AttemptState) Live() bool { return s == AttemptCreated || s == AttemptStarted }

// Known reports whether s is one of the states of this package.
func (s AttemptState) Known() bool {
	switch s {
	case AttemptCreated, AttemptStarted, AttemptPaid, AttemptAborted, AttemptFailed, AttemptExpired, AttemptSurplus:
		return true
	}
	return false
}

// settled reports whether money has come, after which nothing changes.
func (s AttemptState) settled() bool { return s == AttemptPaid || s == AttemptSurplus }

// Attempt is one try to pay an order at a provider.
type Attempt struct {
	ID          AttemptID
	Order       OrderID
	Provider    string // name in CheckoutOptions.Providers
	Tenant      string // whom the provider acts for; may be empty
	Procedure   string // what the provider calls the kind of payment
	TxID        string // our id of the payment at the provider; random
	Amount      Money  // the total of the order
	Text        string // for the bank statement, the Kassenzeichen first
	Record      string // booking text for providers that book themselves; may be empty
	NotifyURL   string
	ReturnURL   string
	PayURL      string // the provider's page; empty until its answer is known
	ProviderRef string
	Method      string // as told by the provider, or claimed by a fitting hint
	State       AttemptState
	Asked       int    // look-ups so far
	LastError   string // code of the last trouble, a ProviderReason
	CreatedAt   time.Time
	NextAt      time.Time // of the next look-up; zero: none
	LeaseUntil  time.Time // somebody is at it until then; zero: nobody
	ExpiresAt   time.Time // from then on it ends at the next answer
	EndedAt     time.Time // zero while it is live
	Version     int64     // grows with every write
}

// AttemptCursor says where a list goes on. The zero value is its beginning.
type AttemptCursor struct {
	CreatedAt time.Time
	ID        AttemptID
}

// AttemptStore keeps attempts. It knows no rules but one: an order has at most
// one live attempt. Implementations are safe for concurrent use, copy what they
// take and give, and return times in UTC with microseconds.
// paymenttest.TestAttemptStore checks it.
type AttemptStore interface {
	// Insert adds an attempt. ErrExists: the id or the TxID is used, or the
	// attempt is live and the order has a live one already.
	Insert(ctx context.Context, a Attempt) error
	// Update replaces the attempt whose stored version is expected. Order,
	// Provider, Tenant, Procedure, TxID, Amount and CreatedAt never change.
	// ErrNotFound: no such attempt. ErrConflict: the stored version is another.
	Update(ctx context.Context, a Attempt, expected int64) error
	// Attempt returns one attempt, or ErrNotFound.
	Attempt(ctx context.Context, id AttemptID) (Attempt, error)
	// Attempts returns the attempts of an order by (CreatedAt, ID).
	Attempts(ctx context.Context, order OrderID) ([]Attempt, error)
	// Due returns the ids of attempts whose NextAt has come and that nobody is
	// at, at most limit, by NextAt.
	Due(ctx context.Context, now time.Time, limit int) ([]AttemptID, error)
	// List returns attempts in a state, any if it is empty, newest first by
	// (CreatedAt, ID), those after the cursor, at most limit.
	List(ctx context.Context, state AttemptState, after AttemptCursor, limit int) ([]Attempt, error)
}

// HintReason says what does not fit about a hint.
type HintReason string

// The reasons of a HintError.
const (
	HintUnknown   HintReason = "unknown"   // there is no such attempt
	HintTenant    HintReason = "tenant"    // another tenant than the attempt's
	HintTxID      HintReason = "txid"      // another payment at the provider
	HintProcedure HintReason = "procedure" // another procedure
	HintAmount    HintReason = "amount"    // another amount or currency
)

// HintError says that a hint does not belong to the attempt it names. Nothing
// was changed.
type HintError struct {
	Attempt AttemptID // as stored; empty if there is none
	Reason  HintReason
}

// Error returns a text that is safe for logs: it does not tell the id, which is
// a secret between us, the provider and the payer.
func (e *HintError) Error() string { return fmt.Sprintf("payment: hint refused: %s", e.Reason) }
