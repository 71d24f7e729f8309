package payment

import (
	"context"
	"time"
)

// BookingLine is one part of a booking, on one account.
type BookingLine struct {
	Account string
	Text    string
	Amount  Money
}

// Booking is the record of a paid order for the finance system
// (Buchungsdatensatz). There is one for each paid order, and it is in one batch
// only. It names no payer: money is booked on collective accounts.
type Booking struct {
	ID          string
	Order       OrderID
	Reference   string // of the case
	Ref         string // Kassenzeichen
	Tenant      string
	Procedure   string
	Method      string
	ProviderRef string
	TxID        string
	Lines       []BookingLine // one for each account, in the order of the items
	Total       Money         // the sum of the lines, and what was paid
	PaidAt      time.Time
	CreatedAt   time.Time
	Batch       int64 // number of the batch; 0: not handed over
	Position    int   // in the batch, from 1
}

// Batch is a numbered set of bookings that is handed over in one file. Numbers
// begin at 1 and have no gaps.
type Batch struct {
	Number    int64
	At        time.Time
	Count     int   // of bookings
	Sum       Money // of their totals
	Name      string
	MediaType string
	Content   []byte // nil until the file was written once
	SHA256    string // of the content, in hex
}

// File is what the finance system gets of a batch.
type File struct {
	Name      string
	MediaType string
	Content   []byte
	SHA256    string // in hex
}

// BookingStore keeps bookings and batches. It knows no rules but those of its
// methods. Implementations are safe for concurrent use, copy what they take and
// give, and return times in UTC with microseconds. paymenttest.TestBookingStore
// checks it.
type BookingStore interface {
	// Insert adds a booking that is in no batch. ErrExists: the id is used or the
	// order has one.
	Insert(ctx context.Context, b Booking) error
	// ByOrder returns the booking of an order, or ErrNotFound.
	ByOrder(ctx context.Context, order OrderID) (Booking, error)
	// Unbatched counts the bookings that are in no batch and tells when the
	// oldest was created; zero if there is none.
	Unbatched(ctx context.Context) (n int, oldest time.Time, err error)
	// Assign puts the oldest bookings that are in no batch, at most limit, into
	// the next batch, with positions by (CreatedAt, ID). All or nothing.
	// ErrNotFound: there are none. ErrConflict: somebody else did so meanwhile.
	Assign(ctx context.Context, at time.Time, limit int) (Batch, error)
	// Seal keeps the file of a batch that has none. ErrExists: it has one.
	// ErrNotFound: no such batch.
	Seal(ctx context.Context, number int64, f File) error
	// Batch returns a batch and its bookings by position, or ErrNotFound.
	Batch(ctx context.Context, number int64) (Batch, []Booking, error)
	// Batches returns batches without their Content, the highest number first:
	// those below before, or all if it is 0; at most limit.
	Batches(ctx context.Context, before int64, limit int) ([]Batch, error)
}
