package payment

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// maxMemOrders bounds a MemStore.
const maxMemOrders = 100_000

// MemStore is a Store in memory, for tests and for trying out. It holds at most
// 100,000 orders and then answers ErrFull. The zero value is ready to use.
type MemStore struct {
	mu     sync.RWMutex
	orders map[OrderID]Order
	events map[OrderID][]Event
}

// NewMemStore returns an empty store.
func NewMemStore() *MemStore { return &MemStore{} }

// Insert implements Store.
func (s *MemStore) Insert(ctx context.Context, o Order, e Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders == nil {
		s.orders, s.events = map[OrderID]Order{}, map[OrderID][]Event{}
	}
	if _, used := s.orders[o.ID]; used {
		return ErrExists
	}
	if len(s.orders) >= maxMemOrders {
		return ErrFull
	}
	e.At = microsUTC(e.At)
	s.orders[o.ID] = cloneOrder(o)
	s.events[o.ID] = []Event{e}
	return nil
}

// Update implements Store.
func (s *MemStore) Update(ctx context.Context, o Order, expected int64, e Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.orders[o.ID]
	if !ok {
		return ErrNotFound
	}
	if old.Version != expected {
		return ErrConflict
	}
	o.Items, o.CreatedAt = old.Items, old.CreatedAt
	e.At = microsUTC(e.At)
	s.orders[o.ID] = cloneOrder(o)
	s.events[o.ID] = append(s.events[o.ID], e)
	return nil
}

// Order implements Store.
func (s *MemStore) Order(ctx context.Context, id OrderID) (Order, error) {
	if err := ctx.Err(); err != nil {
		return Order{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.orders[id]
	if !ok {
		return Order{}, ErrNotFound
	}
	return cloneOrder(o), nil
}

// ByReference implements Store.
func (s *MemStore) ByReference(ctx context.Context, reference string) ([]Order, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Order
	for _, o := range s.orders {
		if o.Reference == reference {
			out = append(out, cloneOrder(o))
		}
	}
	slices.SortFunc(out, func(a, b Order) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	return out, nil
}

// Events implements Store.
func (s *MemStore) Events(ctx context.Context, id OrderID) ([]Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.events[id]), nil
}

func cloneOrder(o Order) Order {
	o.Items = slices.Clone(o.Items)
	o.CreatedAt, o.PaidAt = microsUTC(o.CreatedAt), microsUTC(o.PaidAt)
	return o
}
