package payment

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemBookingStore is a BookingStore in memory, for tests and for trying out. It
// holds at most 100,000 bookings and then answers ErrFull. The zero value is
// ready to use.
type MemBookingStore struct {
	mu       sync.RWMutex
	bookings map[OrderID]Booking
	ids      map[string]bool
	batches  []Batch // number n at n-1
}

// NewMemBookingStore returns an empty store.
func NewMemBookingStore() *MemBookingStore { return &MemBookingStore{} }

// Insert implements BookingStore.
func (s *MemBookingStore) Insert(ctx context.Context, b Booking) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bookings == nil {
		s.bookings, s.ids = map[OrderID]Booking{}, map[string]bool{}
	}
	if _, used := s.bookings[b.Order]; used || s.ids[b.ID] {
		return ErrExists
	}
	if len(s.bookings) >= maxMemOrders {
		return ErrFull
	}
	b = cloneBooking(b)
	b.Batch, b.Position = 0, 0
	s.bookings[b.Order], s.ids[b.ID] = b, true
	return nil
}

// ByOrder implements BookingStore.
func (s *MemBookingStore) ByOrder(ctx context.Context, order OrderID) (Booking, error) {
	if err := ctx.Err(); err != nil {
		return Booking{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.bookings[order]
	if !ok {
		return Booking{}, ErrNotFound
	}
	return cloneBooking(b), nil
}

// Unbatched implements BookingStore.
func (s *MemBookingStore) Unbatched(ctx context.Context) (int, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return 0, time.Time{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	waiting := s.of(0)
	if len(waiting) == 0 {
		return 0, time.Time{}, nil
	}
	return len(waiting), waiting[0].CreatedAt, nil
}

// of returns the bookings of a batch by their creation. The caller holds the
// lock.
func (s *MemBookingStore) of(batch int64) []Booking {
	var out []Booking
	for _, b := range s.bookings {
		if b.Batch == batch {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b Booking) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Assign implements BookingStore.
func (s *MemBookingStore) Assign(ctx context.Context, at time.Time, limit int) (Batch, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.of(0)
	if len(waiting) == 0 {
		return Batch{}, ErrNotFound
	}
	waiting = waiting[:min(limit, len(waiting))]
	batch := Batch{Number: int64(len(s.batches)) + 1, At: microsUTC(at), Count: len(waiting), Sum: Money{Currency: waiting[0].Total.Currency}}
	for i := range waiting {
		waiting[i].Batch, waiting[i].Position = batch.Number, i+1
		var err error
		if batch.Sum, err = batch.Sum.Add(waiting[i].Total); err != nil {
			return Batch{}, err
		}
	}
	for _, b := range waiting {
		s.bookings[b.Order] = b
	}
	s.batches = append(s.batches, batch)
	return batch, nil
}

// Seal implements BookingStore.
func (s *MemBookingStore) Seal(ctx context.Context, number int64, f File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < 1 || number > int64(len(s.batches)) {
		return ErrNotFound
	}
	b := &s.batches[number-1]
	if b.SHA256 != "" {
		return ErrExists
	}
	b.Name, b.MediaType, b.Content, b.SHA256 = f.Name, f.MediaType, bytesOf(f.Content), f.SHA256
	return nil
}

// Batch implements BookingStore.
func (s *MemBookingStore) Batch(ctx context.Context, number int64) (Batch, []Booking, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if number < 1 || number > int64(len(s.batches)) {
		return Batch{}, nil, ErrNotFound
	}
	b := s.batches[number-1]
	b.Content = bytesOf(b.Content)
	bookings := s.of(number)
	for i := range bookings {
		bookings[i] = cloneBooking(bookings[i])
	}
	return b, bookings, nil
}

// Batches implements BookingStore.
func (s *MemBookingStore) Batches(ctx context.Context, before int64, limit int) ([]Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Batch
	for _, b := range slices.Backward(s.batches) {
		if (before == 0 || b.Number < before) && len(out) < limit {
			b.Content = nil
			out = append(out, b)
		}
	}
	return out, nil
}

func cloneBooking(b Booking) Booking {
	b.Lines = slices.Clone(b.Lines)
	b.PaidAt, b.CreatedAt = microsUTC(b.PaidAt), microsUTC(b.CreatedAt)
	return b
}

// bytesOf copies; nothing stays nil.
func bytesOf(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}
