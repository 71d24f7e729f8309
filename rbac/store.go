package rbac

import (
	"context"
	"time"
)

// Store keeps the source of each tenant and the log of its changes. It is
// persistence only: it neither compiles nor judges. Implementations are safe
// for concurrent use and share no memory with their callers.
type Store interface {
	// Load returns the source and its revision. A tenant never saved has an
	// empty source and revision 0; that is no error.
	Load(ctx context.Context, tenant string) (Source, int64, error)
	// Revision returns the revision alone, 0 for a tenant never saved.
	Revision(ctx context.Context, tenant string) (int64, error)
	// Save replaces the source of src.Tenant and appends c to the log, both or
	// neither, and returns the new revision, which is expected+1. It fails
	// with ErrConflict if the stored revision is not expected. It sets
	// c.Revision itself.
	Save(ctx context.Context, src Source, expected int64, c Change) (int64, error)
	// Changes returns the changes with a revision above after, oldest first,
	// at most limit (1 to 1000; otherwise 100).
	Changes(ctx context.Context, tenant string, after int64, limit int) ([]Change, error)
}

// Change is one entry of the log: who changed what and why. It names records
// by id and repeats nothing of their content.
type Change struct {
	Revision      int64
	Actor, Reason string
	At            time.Time
	Items         []Item
}

// Operation is what happened to a record.
type Operation string

// Operations on records.
const (
	Added   Operation = "added"
	Changed Operation = "changed"
	Removed Operation = "removed"
)

// Item is one record touched by a [Change].
type Item struct {
	Operation Operation
	Noun      Noun
	ID        string
}
