package payment

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemAttemptStore is an AttemptStore in memory, for tests and for trying out. It
// holds at most 100,000 attempts and then answers ErrFull. The zero value is
// ready to use.
type MemAttemptStore struct {
	mu       sync.RWMutex
	attempts map[AttemptID]Attempt
	txids    map[string]bool
}

// NewMemAttemptStore returns an empty store.
func NewMemAttemptStore() *MemAttemptStore { return &MemAttemptStore{} }

// Insert implements AttemptStore.
func (s *MemAttemptStore) Insert(ctx context.Context, a Attempt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attempts == nil {
		s.attempts, s.txids = map[AttemptID]Attempt{}, map[string]bool{}
	}
	if _, used := s.attempts[a.ID]; used || s.txids[a.TxID] {
		return ErrExists
	}
	if a.State.Live() {
		for _, other := range s.attempts {
			if other.Order == a.Order && other.State.Live() {
				return ErrExists
			}
		}
	}
	if len(s.attempts) >= maxMemOrders {
		return ErrFull
	}
	s.attempts[a.ID], s.txids[a.TxID] = timed(a), true
	return nil
}

// Update implements AttemptStore.
func (s *MemAttemptStore) Update(ctx context.Context, a Attempt, expected int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.attempts[a.ID]
	if !ok {
		return ErrNotFound
	}
	if old.Version != expected {
		return ErrConflict
	}
	a.Order, a.Provider, a.Tenant, a.Procedure = old.Order, old.Provider, old.Tenant, old.Procedure
	a.TxID, a.Amount, a.CreatedAt = old.TxID, old.Amount, old.CreatedAt
	s.attempts[a.ID] = timed(a)
	return nil
}

// Attempt implements AttemptStore.
func (s *MemAttemptStore) Attempt(ctx context.Context, id AttemptID) (Attempt, error) {
	if err := ctx.Err(); err != nil {
		return Attempt{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.attempts[id]
	if !ok {
		return Attempt{}, ErrNotFound
	}
	return a, nil
}

// Attempts implements AttemptStore.
func (s *MemAttemptStore) Attempts(ctx context.Context, order OrderID) ([]Attempt, error) {
	out, err := s.filter(ctx, func(a Attempt) bool { return a.Order == order })
	slices.SortFunc(out, byCreation)
	return out, err
}

// Due implements AttemptStore.
func (s *MemAttemptStore) Due(ctx context.Context, now time.Time, limit int) ([]AttemptID, error) {
	due, err := s.filter(ctx, func(a Attempt) bool {
		return !a.NextAt.IsZero() && !a.NextAt.After(now) && !a.LeaseUntil.After(now)
	})
	slices.SortFunc(due, func(a, b Attempt) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	var out []AttemptID
	for _, a := range due[:min(limit, len(due))] {
		out = append(out, a.ID)
	}
	return out, err
}

// List implements AttemptStore.
func (s *MemAttemptStore) List(ctx context.Context, state AttemptState, after AttemptCursor, limit int) ([]Attempt, error) {
	edge := Attempt{ID: after.ID, CreatedAt: after.CreatedAt}
	out, err := s.filter(ctx, func(a Attempt) bool {
		return (state == "" || a.State == state) && (after == AttemptCursor{} || byCreation(a, edge) < 0)
	})
	slices.SortFunc(out, func(a, b Attempt) int { return byCreation(b, a) })
	return out[:min(limit, len(out))], err
}

func (s *MemAttemptStore) filter(ctx context.Context, keep func(Attempt) bool) ([]Attempt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Attempt
	for _, a := range s.attempts {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out, nil
}

func byCreation(a, b Attempt) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
}

func timed(a Attempt) Attempt {
	a.CreatedAt, a.NextAt, a.LeaseUntil = microsUTC(a.CreatedAt), microsUTC(a.NextAt), microsUTC(a.LeaseUntil)
	a.ExpiresAt, a.EndedAt = microsUTC(a.ExpiresAt), microsUTC(a.EndedAt)
	return a
}
