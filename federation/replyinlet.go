package federation

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// ReplyStore keeps the envelopes of replies. It is persistence only.
// Implementations are safe for concurrent use and share no memory with their
// callers; times come back in UTC with microseconds; empty lists come back as
// nil.
type ReplyStore interface {
	// Insert keeps r. It fails with ErrExists if there is one with the same
	// Source and ID, and then changes nothing, also inside a transaction.
	Insert(ctx context.Context, r ReplyRecord) error
	// Reply returns the envelope, or ErrNotFound.
	Reply(ctx context.Context, source, id string) (ReplyRecord, error)
	// Replies lists the envelopes of a case by TakenAt, oldest first, then by
	// Source and ID.
	Replies(ctx context.Context, reference string) ([]ReplyRecord, error)
}

// InletOptions adjusts an [Inlet]. The zero value is ready to use.
type InletOptions struct {
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// MaxAttachments bounds the attachments of one reply together, in bytes.
	// Default: 32 MiB.
	MaxAttachments int64
	// Logger receives ids and codes only. Default: discard.
	Logger *slog.Logger
}

// Inlet takes replies of back offices, each once. It is safe for concurrent
// use, by several processes too.
type Inlet struct {
	store ReplyStore
	o     InletOptions
}

// NewInlet returns an inlet on a store. It panics if store is nil.
func NewInlet(store ReplyStore, opts *InletOptions) *Inlet {
	if store == nil {
		panic("federation: nil reply store")
	}
	var o InletOptions
	if opts != nil {
		o = *opts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxAttachments <= 0 {
		o.MaxAttachments = 32 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Inlet{store: store, o: o}
}

// With returns an inlet with the same options on another store, usually one
// inside a transaction.
func (in *Inlet) With(store ReplyStore) *Inlet {
	if store == nil {
		panic("federation: nil reply store")
	}
	return &Inlet{store: store, o: in.o}
}

// Take notes a reply. First is true exactly once for each source and id: only
// then apply what the reply says, in the same transaction ([Inlet.With]), so
// that both happen or neither. A repetition gives false and no error. The same
// id with other content gives [ErrExists] and changes nothing. Whether the
// source may speak about the key is for the caller to check: the inlet knows no
// deliveries. Errors: [*InvalidError], [ErrExists], those of the store.
func (in *Inlet) Take(ctx context.Context, r Reply) (first bool, err error) {
	if err := r.Validate(); err != nil {
		return false, err
	}
	var size int64
	for _, a := range r.Attachments {
		size += int64(len(a.Content))
	}
	if size > in.o.MaxAttachments {
		return false, &InvalidError{Field: "attachments", Rule: RuleTooLong}
	}
	rec := r.record(in.o.Now().UTC().Truncate(time.Microsecond))
	err = in.store.Insert(ctx, rec)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, ErrExists) {
		return false, err
	}
	known, err := in.store.Reply(ctx, r.Source, r.ID)
	if err != nil {
		return false, err
	}
	if known.SHA256 != rec.SHA256 {
		in.o.Logger.WarnContext(ctx, "reply id used for other content", "source", r.Source, "id", r.ID)
		return false, ErrExists
	}
	return false, nil
}

// ByReference lists the replies of a case, oldest first: envelopes only.
func (in *Inlet) ByReference(ctx context.Context, reference string) ([]ReplyRecord, error) {
	return in.store.Replies(ctx, reference)
}
