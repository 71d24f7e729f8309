package payment

import "context"

// Store keeps orders and their events. It knows no rules; those are in Service.
// Implementations are safe for concurrent use, copy what they take and give,
// and return times in UTC with microseconds. paymenttest.TestStore checks it.
type Store interface {
	// Insert adds an order with its first event. ErrExists: the id is used.
	Insert(ctx context.Context, o Order, e Event) error
	// Update replaces the order whose stored version is expected and appends
	// the event, both or neither. ErrNotFound: no such order. ErrConflict: the
	// stored version is another. Items never change.
	Update(ctx context.Context, o Order, expected int64, e Event) error
	// Order returns one order, or ErrNotFound.
	Order(ctx context.Context, id OrderID) (Order, error)
	// ByReference returns the orders with a reference by (CreatedAt, ID).
	ByReference(ctx context.Context, reference string) ([]Order, error)
	// Events returns the events of an order ordered by Seq.
	Events(ctx context.Context, id OrderID) ([]Event, error)
}
