package federation

import (
	"context"
	"time"
)

// Store keeps deliveries. It is persistence only. Implementations are safe for
// concurrent use and share no memory with their callers; times come back in
// UTC with microseconds; empty lists come back as nil.
type Store interface {
	// Create keeps d with Version 1, whatever d.Version says. It fails with
	// ErrExists if the id or the key is taken.
	Create(ctx context.Context, d Delivery) error
	// Get returns the delivery with its payload, or ErrNotFound.
	Get(ctx context.Context, id string) (Delivery, error)
	// ByKey returns the delivery with its payload, or ErrNotFound.
	ByKey(ctx context.Context, key string) (Delivery, error)
	// Update keeps State, Attempts, NextAt, DeliveredAt, LastError and Receipt
	// of d and raises the version by one. Everything else of a delivery never
	// changes. It fails with ErrConflict if d.Version is not the stored one,
	// also if there is no such delivery.
	Update(ctx context.Context, d Delivery) error
	// Due lists the ids of deliveries that are queued or sending and have
	// NextAt at or before now, earliest first, then by id, at most limit.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
	// ByReference lists the deliveries of a case, oldest first, then by id,
	// without payload.
	ByReference(ctx context.Context, reference string) ([]Delivery, error)
	// List lists the deliveries in the state, or in any if it is empty, newest
	// first, then by falling id, after the cursor, at most limit, without
	// payload.
	List(ctx context.Context, state State, after Cursor, limit int) ([]Delivery, error)
}

// Cursor marks a place in a list: the last delivery already seen. The zero
// value is the beginning.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}
