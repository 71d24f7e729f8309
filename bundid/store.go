package bundid

import (
	"context"
	"time"
)

// Request is a login that has been started and not yet answered. Its Data
// belongs to this package and is opaque to a store.
type Request struct {
	ID        string
	CreatedAt time.Time
	ExpiresAt time.Time
	Data      []byte
}

// Ticket holds a finished login until the citizen's browser fetches it. ID is
// a hash of the ticket and Sealed is encrypted with a key made from it, so
// that a store never holds anything it could read.
type Ticket struct {
	ID        string
	ExpiresAt time.Time
	Sealed    []byte
}

// Store keeps what a login needs between its steps. All methods are safe for
// concurrent use and for several processes on one store. Nothing that is
// passed in or returned aliases what is stored. Times come back in UTC with
// microseconds.
type Store interface {
	// PutRequest adds a pending request. ErrExists if the id is taken, ErrFull
	// if the store takes no more; it never drops another one.
	PutRequest(ctx context.Context, r Request) error
	// TakeRequest removes the request and returns it, expired or not. Of
	// several concurrent calls exactly one succeeds; ErrNotFound otherwise.
	TakeRequest(ctx context.Context, id string) (Request, error)
	// UseAssertion notes that the assertion was used. ErrReplayed if it was
	// noted before. The note is kept at least until the given time.
	UseAssertion(ctx context.Context, id string, until time.Time) error
	// PutTicket adds a ticket. ErrExists if the id is taken.
	PutTicket(ctx context.Context, t Ticket) error
	// TakeTicket removes the ticket and returns it, expired or not. Of several
	// concurrent calls exactly one succeeds; ErrNotFound otherwise.
	TakeTicket(ctx context.Context, id string) (Ticket, error)
	// Purge removes everything that ended before now.
	Purge(ctx context.Context, now time.Time) error
}
