package rbac

import (
	"context"
	"slices"
	"sync"
)

// memLimit bounds the number of changes, over all tenants, in a [MemStore].
const memLimit = 100_000

// MemStore keeps sources in memory, for tests and for trying out. It takes
// 100,000 changes and then answers [ErrFull].
type MemStore struct {
	mu      sync.Mutex
	sources map[string]Source
	changes map[string][]Change
	count   int
}

var _ Store = (*MemStore)(nil)

// NewMemStore returns an empty store.
func NewMemStore() *MemStore {
	return &MemStore{sources: map[string]Source{}, changes: map[string][]Change{}}
}

// Load implements [Store].
func (m *MemStore) Load(ctx context.Context, tenant string) (Source, int64, error) {
	if err := ctx.Err(); err != nil {
		return Source{}, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	src, ok := m.sources[tenant]
	if !ok {
		return Source{Tenant: tenant}, 0, nil
	}
	return src.Clone(), int64(len(m.changes[tenant])), nil
}

// Revision implements [Store].
func (m *MemStore) Revision(ctx context.Context, tenant string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.changes[tenant])), nil
}

// Save implements [Store].
func (m *MemStore) Save(ctx context.Context, src Source, expected int64, c Change) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(len(m.changes[src.Tenant])) != expected {
		return 0, ErrConflict
	}
	if m.count >= memLimit {
		return 0, ErrFull
	}
	m.count++
	c.Revision = expected + 1
	c.At = c.At.Round(0).UTC()
	c.Items = slices.Clone(c.Items)
	m.sources[src.Tenant] = src.normal()
	m.changes[src.Tenant] = append(m.changes[src.Tenant], c)
	return c.Revision, nil
}

// Changes implements [Store].
func (m *MemStore) Changes(ctx context.Context, tenant string, after int64, limit int) ([]Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if limit < 1 || limit > 1000 {
		limit = 100
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Change
	for _, c := range m.changes[tenant] {
		if c.Revision > after && len(out) < limit {
			c.Items = slices.Clone(c.Items)
			out = append(out, c)
		}
	}
	return out, nil
}
