package federation

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// ReplyMemStore keeps envelopes of replies in memory, for tests and for trying
// out. It takes 100,000 and then answers [ErrFull].
type ReplyMemStore struct {
	mu      sync.Mutex
	replies map[[2]string]ReplyRecord
}

var _ ReplyStore = (*ReplyMemStore)(nil)

// NewReplyMemStore returns an empty store.
func NewReplyMemStore() *ReplyMemStore {
	return &ReplyMemStore{replies: map[[2]string]ReplyRecord{}}
}

// Insert implements [ReplyStore].
func (m *ReplyMemStore) Insert(ctx context.Context, r ReplyRecord) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.At, r.TakenAt = r.At.UTC().Truncate(time.Microsecond), r.TakenAt.UTC().Truncate(time.Microsecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	id := [2]string{r.Source, r.ID}
	if _, ok := m.replies[id]; ok {
		return ErrExists
	}
	if len(m.replies) >= memLimit {
		return ErrFull
	}
	m.replies[id] = r
	return nil
}

// Reply implements [ReplyStore].
func (m *ReplyMemStore) Reply(ctx context.Context, source, id string) (ReplyRecord, error) {
	if err := ctx.Err(); err != nil {
		return ReplyRecord{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.replies[[2]string{source, id}]
	if !ok {
		return ReplyRecord{}, ErrNotFound
	}
	return r, nil
}

// Replies implements [ReplyStore].
func (m *ReplyMemStore) Replies(ctx context.Context, reference string) ([]ReplyRecord, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []ReplyRecord
	for _, r := range m.replies {
		if r.Reference == reference {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b ReplyRecord) int {
		return cmp.Or(a.TakenAt.Compare(b.TakenAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}
