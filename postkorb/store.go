package postkorb

import (
	"context"
	"time"
)

// Store keeps threads with all that belongs to them. It knows no rules; those
// are in Inbox. Implementations are safe for concurrent use, copy what they
// take and give, return times in UTC with microseconds, and return nil for
// empty lists inside a value. postkorbtest.TestStore checks all of it.
type Store interface {
	// Write applies a change wholly or not at all. ErrExists: the thread to
	// create, or an id or key of a message is there already. ErrNotFound: the
	// thread to change is not there. ErrConflict: its version is not
	// Change.Expected.
	Write(ctx context.Context, c Change) error
	// Thread returns one thread with its labels, or ErrNotFound.
	Thread(ctx context.Context, id ThreadID) (Thread, error)
	// Threads lists threads by (UpdatedAt, ID), both descending.
	Threads(ctx context.Context, f ThreadFilter) ([]Thread, error)
	// Messages returns the messages that fit, ordered by thread and Seq.
	Messages(ctx context.Context, f MessageFilter) ([]Message, error)
	// Events returns the events of a thread ordered by Seq.
	Events(ctx context.Context, id ThreadID) ([]Event, error)
	// Unread returns the sum of UnreadCitizen over the threads of an owner.
	Unread(ctx context.Context, owner string) (int, error)
	// Notices returns the queued notices that fit, ordered by (NextAt, ID).
	Notices(ctx context.Context, f NoticeFilter) ([]QueuedNotice, error)
	// Delete removes a thread with its messages, events, labels and notices.
	// Removing what is not there is no error.
	Delete(ctx context.Context, id ThreadID) error
}

// Change is everything that one write does to one thread.
type Change struct {
	Thread   Thread // as it is afterwards; Labels are ignored
	Expected int64  // version in the store; zero creates the thread
	Sent     []Message
	Changed  []Message // only Slots, Attachments, OpenedAt and ConfirmedAt differ
	Events   []Event
	Notices  []QueuedNotice // put in or replaced by ID
	Labels   []LabelChange
}

// LabelChange puts a label on the thread or takes it off.
type LabelChange struct {
	Label  Label
	Remove bool
}

// ThreadFilter is a ThreadQuery made ready for a store.
type ThreadFilter struct {
	Owner      string   // used when Units is nil
	Units      []string // never empty when not nil
	Reference  string
	Closed     *bool
	Archived   *bool // label of the owner, or of any of the units
	UnreadOnly bool
	BeforeTime time.Time // zero: from the start
	BeforeID   ThreadID
	Limit      int // always positive
}

// MessageFilter finds messages. Exactly one of ID and Thread is given; Key
// narrows a thread to the message with that key.
type MessageFilter struct {
	ID     MessageID
	Thread ThreadID
	Key    string
}

// NoticeFilter finds queued notices: the one with ID, or, when ID is empty, up
// to Limit that are not settled and whose NextAt is not after DueAt.
type NoticeFilter struct {
	ID    string
	DueAt time.Time
	Limit int
}
