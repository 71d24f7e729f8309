package bundid

import (
	"context"
	"slices"
	"sync"
	"time"
)

var _ Store = (*MemStore)(nil)

// MemStore is a [Store] in memory, for tests and for trying out. It is lost at
// exit and serves one process only.
type MemStore struct {
	mu         sync.Mutex
	max        int
	requests   map[string]Request
	assertions map[string]time.Time
	tickets    map[string]Ticket
}

// NewMemStore returns an empty store for at most max pending requests and as
// many tickets; zero or less means 100,000.
func NewMemStore(max int) *MemStore {
	if max <= 0 {
		max = 100_000
	}
	return &MemStore{
		max:        max,
		requests:   make(map[string]Request),
		assertions: make(map[string]time.Time),
		tickets:    make(map[string]Ticket),
	}
}

// PutRequest implements [Store].
func (m *MemStore) PutRequest(ctx context.Context, r Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.requests[r.ID]; ok {
		return ErrExists
	}
	if len(m.requests) >= m.max {
		return ErrFull
	}
	r.Data = slices.Clone(r.Data)
	r.CreatedAt, r.ExpiresAt = stamp(r.CreatedAt), stamp(r.ExpiresAt)
	m.requests[r.ID] = r
	return nil
}

// TakeRequest implements [Store].
func (m *MemStore) TakeRequest(ctx context.Context, id string) (Request, error) {
	if err := ctx.Err(); err != nil {
		return Request{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.requests[id]
	if !ok {
		return Request{}, ErrNotFound
	}
	delete(m.requests, id)
	return r, nil
}

// UseAssertion implements [Store].
func (m *MemStore) UseAssertion(ctx context.Context, id string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.assertions[id]; ok {
		return ErrReplayed
	}
	m.assertions[id] = stamp(until)
	return nil
}

// PutTicket implements [Store].
func (m *MemStore) PutTicket(ctx context.Context, t Ticket) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tickets[t.ID]; ok {
		return ErrExists
	}
	if len(m.tickets) >= m.max {
		return ErrFull
	}
	t.Sealed = slices.Clone(t.Sealed)
	t.ExpiresAt = stamp(t.ExpiresAt)
	m.tickets[t.ID] = t
	return nil
}

// TakeTicket implements [Store].
func (m *MemStore) TakeTicket(ctx context.Context, id string) (Ticket, error) {
	if err := ctx.Err(); err != nil {
		return Ticket{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tickets[id]
	if !ok {
		return Ticket{}, ErrNotFound
	}
	delete(m.tickets, id)
	return t, nil
}

// Purge implements [Store].
func (m *MemStore) Purge(ctx context.Context, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, r := range m.requests {
		if r.ExpiresAt.Before(now) {
			delete(m.requests, id)
		}
	}
	for id, until := range m.assertions {
		if until.Before(now) {
			delete(m.assertions, id)
		}
	}
	for id, t := range m.tickets {
		if t.ExpiresAt.Before(now) {
			delete(m.tickets, id)
		}
	}
	return nil
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
