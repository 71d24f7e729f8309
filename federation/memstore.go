package federation

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// memLimit bounds the number of deliveries in a [MemStore].
const memLimit = 100_000

// MemStore keeps deliveries in memory, for tests and for trying out. It takes
// 100,000 deliveries and then answers [ErrFull].
type MemStore struct {
	mu   sync.Mutex
	byID map[string]Delivery
	keys map[string]string
}

var _ Store = (*MemStore)(nil)

// NewMemStore returns an empty store.
func NewMemStore() *MemStore {
	return &MemStore{byID: map[string]Delivery{}, keys: map[string]string{}}
}

// stored returns d as it is kept.
func stored(d Delivery) Delivery {
	d = d.Clone()
	for _, t := range []*time.Time{&d.NextAt, &d.CreatedAt, &d.DeliveredAt, &d.Receipt.At} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	if len(d.Payload.Body) == 0 {
		d.Payload.Body = nil
	}
	if len(d.Attachments) == 0 {
		d.Attachments = nil
	}
	return d
}

// Create implements [Store].
func (m *MemStore) Create(ctx context.Context, d Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.byID[d.ID]; ok {
		return ErrExists
	}
	if _, ok := m.keys[d.Key]; ok {
		return ErrExists
	}
	if len(m.byID) >= memLimit {
		return ErrFull
	}
	d.Version = 1
	m.byID[d.ID] = stored(d)
	m.keys[d.Key] = d.ID
	return nil
}

// Get implements [Store].
func (m *MemStore) Get(ctx context.Context, id string) (Delivery, error) {
	if err := ctx.Err(); err != nil {
		return Delivery{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.byID[id]
	if !ok {
		return Delivery{}, ErrNotFound
	}
	return d.Clone(), nil
}

// ByKey implements [Store].
func (m *MemStore) ByKey(ctx context.Context, key string) (Delivery, error) {
	m.mu.Lock()
	id, ok := m.keys[key]
	m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Delivery{}, err
	}
	if !ok {
		return Delivery{}, ErrNotFound
	}
	return m.Get(ctx, id)
}

// Update implements [Store].
func (m *MemStore) Update(ctx context.Context, d Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	was, ok := m.byID[d.ID]
	if !ok || was.Version != d.Version {
		return ErrConflict
	}
	d = stored(d)
	was.State, was.Attempts, was.NextAt = d.State, d.Attempts, d.NextAt
	was.DeliveredAt, was.LastError, was.Receipt = d.DeliveredAt, d.LastError, d.Receipt
	was.Version++
	m.byID[d.ID] = was
	return nil
}

// Due implements [Store].
func (m *MemStore) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	due, err := m.sorted(ctx, func(d Delivery) bool {
		return (d.State == StateQueued || d.State == StateSending) && !d.NextAt.After(now)
	}, func(a, b Delivery) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.ID, b.ID))
	})
	var out []string
	for _, d := range due[:min(limit, len(due))] {
		out = append(out, d.ID)
	}
	return out, err
}

// ByReference implements [Store].
func (m *MemStore) ByReference(ctx context.Context, reference string) ([]Delivery, error) {
	return m.sorted(ctx, func(d Delivery) bool { return d.Reference == reference }, byTime)
}

// List implements [Store].
func (m *MemStore) List(ctx context.Context, state State, after Cursor, limit int) ([]Delivery, error) {
	last := Delivery{ID: after.ID, CreatedAt: after.CreatedAt}
	out, err := m.sorted(ctx, func(d Delivery) bool {
		return (state == "" || d.State == state) && (after == Cursor{} || byTime(d, last) < 0)
	}, func(a, b Delivery) int { return byTime(b, a) })
	return out[:min(limit, len(out))], err
}

func byTime(a, b Delivery) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// sorted lists copies, without payload, of what keep admits.
func (m *MemStore) sorted(ctx context.Context, keep func(Delivery) bool, order func(a, b Delivery) int) ([]Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Delivery
	for _, d := range m.byID {
		if keep(d) {
			d.Payload.Body = nil
			out = append(out, d.Clone())
		}
	}
	slices.SortFunc(out, order)
	return out, nil
}
