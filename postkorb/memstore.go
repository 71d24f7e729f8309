package postkorb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// maxMemThreads bounds a MemStore.
const maxMemThreads = 100_000

// MemStore is a Store in memory, for tests and for trying out. It holds at most
// 100,000 threads and then answers ErrFull. The zero value is ready to use.
type MemStore struct {
	mu       sync.RWMutex
	threads  map[ThreadID]*memThread
	messages map[MessageID]ThreadID
	notices  map[string]ThreadID
}

type memThread struct {
	thread   Thread
	messages []Message
	events   []Event
	notices  map[string]QueuedNotice
}

// NewMemStore returns an empty store.
func NewMemStore() *MemStore { return &MemStore{} }

// Write implements Store.
func (s *MemStore) Write(ctx context.Context, c Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c = inUTC(c)
	if s.threads == nil {
		s.threads = map[ThreadID]*memThread{}
		s.messages = map[MessageID]ThreadID{}
		s.notices = map[string]ThreadID{}
	}
	old, err := s.target(c)
	if err != nil {
		return err
	}
	next := &memThread{thread: c.Thread, notices: map[string]QueuedNotice{}}
	var labels []Label
	if old != nil {
		next.messages = slices.Clone(old.messages)
		next.events = slices.Clone(old.events)
		for id, q := range old.notices {
			next.notices[id] = q
		}
		labels = old.thread.Labels
	}
	next.thread.Labels = changeLabels(labels, c.Labels)
	for _, m := range c.Sent {
		if _, used := s.messages[m.ID]; used || slices.ContainsFunc(next.messages, func(o Message) bool {
			return o.ID == m.ID || (m.Key != "" && o.Key == m.Key)
		}) {
			return ErrExists
		}
		next.messages = append(next.messages, cloneMessage(m))
	}
	for _, m := range c.Changed {
		i := slices.IndexFunc(next.messages, func(o Message) bool { return o.ID == m.ID })
		if i < 0 {
			return ErrNotFound
		}
		o, m := &next.messages[i], cloneMessage(m)
		o.Slots, o.Attachments, o.OpenedAt, o.ConfirmedAt = m.Slots, m.Attachments, m.OpenedAt, m.ConfirmedAt
	}
	next.events = append(next.events, c.Events...)
	for _, q := range c.Notices {
		next.notices[q.Notice.ID] = q
	}
	s.threads[c.Thread.ID] = next
	for _, m := range c.Sent {
		s.messages[m.ID] = c.Thread.ID
	}
	for _, q := range c.Notices {
		s.notices[q.Notice.ID] = c.Thread.ID
	}
	return nil
}

// target finds the thread that a change is for; nil when it creates one.
func (s *MemStore) target(c Change) (*memThread, error) {
	old := s.threads[c.Thread.ID]
	switch {
	case c.Expected == 0 && old != nil:
		return nil, ErrExists
	case c.Expected == 0 && len(s.threads) >= maxMemThreads:
		return nil, ErrFull
	case c.Expected != 0 && old == nil:
		return nil, ErrNotFound
	case old != nil && old.thread.Version != c.Expected:
		return nil, ErrConflict
	}
	return old, nil
}

func changeLabels(old []Label, changes []LabelChange) []Label {
	out := slices.Clone(old)
	for _, lc := range changes {
		out = slices.DeleteFunc(out, func(l Label) bool { return l == lc.Label })
		if !lc.Remove {
			out = append(out, lc.Label)
		}
	}
	slices.SortFunc(out, CompareLabels)
	if len(out) == 0 {
		return nil
	}
	return out
}

// Thread implements Store.
func (s *MemStore) Thread(ctx context.Context, id ThreadID) (Thread, error) {
	if err := ctx.Err(); err != nil {
		return Thread{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.threads[id]
	if !ok {
		return Thread{}, ErrNotFound
	}
	return cloneThread(t.thread), nil
}

// Threads implements Store.
func (s *MemStore) Threads(ctx context.Context, f ThreadFilter) ([]Thread, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Thread
	for _, t := range s.threads {
		if f.matches(t.thread) {
			out = append(out, cloneThread(t.thread))
		}
	}
	slices.SortFunc(out, func(a, b Thread) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), strings.Compare(string(b.ID), string(a.ID)))
	})
	return out[:min(len(out), f.Limit)], nil
}

func (f ThreadFilter) matches(t Thread) bool {
	unread := t.UnreadCitizen
	archived := func(l Label) bool {
		return l.Name == LabelArchived && l.Kind == PartyCitizen && l.Reader == f.Owner
	}
	if f.Units == nil {
		if t.Owner != f.Owner {
			return false
		}
	} else {
		if !slices.Contains(f.Units, t.Unit) {
			return false
		}
		unread = t.UnreadDesk
		archived = func(l Label) bool {
			return l.Name == LabelArchived && l.Kind == PartyUnit && slices.Contains(f.Units, l.Reader)
		}
	}
	switch {
	case f.Reference != "" && t.Reference != f.Reference,
		f.Closed != nil && t.Closed != *f.Closed,
		f.Archived != nil && slices.ContainsFunc(t.Labels, archived) != *f.Archived,
		f.UnreadOnly && unread == 0:
		return false
	}
	if f.BeforeTime.IsZero() {
		return true
	}
	c := t.UpdatedAt.Compare(f.BeforeTime)
	return c < 0 || (c == 0 && t.ID < f.BeforeID)
}

// Messages implements Store.
func (s *MemStore) Messages(ctx context.Context, f MessageFilter) ([]Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	id := f.Thread
	if f.ID != "" {
		id = s.messages[f.ID]
	}
	t, ok := s.threads[id]
	if !ok {
		return nil, nil
	}
	var out []Message
	for _, m := range t.messages {
		if (f.ID == "" || m.ID == f.ID) && (f.Key == "" || m.Key == f.Key) {
			out = append(out, cloneMessage(m))
		}
	}
	return out, nil
}

// Events implements Store.
func (s *MemStore) Events(ctx context.Context, id ThreadID) ([]Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.threads[id]
	if !ok {
		return nil, nil
	}
	return slices.Clone(t.events), nil
}

// Unread implements Store.
func (s *MemStore) Unread(ctx context.Context, owner string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, t := range s.threads {
		if t.thread.Owner == owner {
			n += t.thread.UnreadCitizen
		}
	}
	return n, nil
}

// Notices implements Store.
func (s *MemStore) Notices(ctx context.Context, f NoticeFilter) ([]QueuedNotice, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f.ID != "" {
		t, ok := s.threads[s.notices[f.ID]]
		if !ok {
			return nil, nil
		}
		return []QueuedNotice{t.notices[f.ID]}, nil
	}
	var out []QueuedNotice
	for _, t := range s.threads {
		for _, q := range t.notices {
			if !q.State.Settled() && !q.NextAt.After(f.DueAt) {
				out = append(out, q)
			}
		}
	}
	slices.SortFunc(out, func(a, b QueuedNotice) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), strings.Compare(a.Notice.ID, b.Notice.ID))
	})
	return out[:min(len(out), f.Limit)], nil
}

// Delete implements Store.
func (s *MemStore) Delete(ctx context.Context, id ThreadID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.threads[id]
	if !ok {
		return nil
	}
	for _, m := range t.messages {
		delete(s.messages, m.ID)
	}
	for n := range t.notices {
		delete(s.notices, n)
	}
	delete(s.threads, id)
	return nil
}

// inUTC copies a change with its times as a database keeps them.
func inUTC(c Change) Change {
	c.Thread.CreatedAt, c.Thread.UpdatedAt = microsUTC(c.Thread.CreatedAt), microsUTC(c.Thread.UpdatedAt)
	c.Sent, c.Changed = slices.Clone(c.Sent), slices.Clone(c.Changed)
	for _, ms := range [][]Message{c.Sent, c.Changed} {
		for i, m := range ms {
			m.DueAt, m.CreatedAt = microsUTC(m.DueAt), microsUTC(m.CreatedAt)
			m.OpenedAt, m.ConfirmedAt = microsUTC(m.OpenedAt), microsUTC(m.ConfirmedAt)
			ms[i] = m
		}
	}
	c.Events, c.Notices = slices.Clone(c.Events), slices.Clone(c.Notices)
	for i := range c.Events {
		c.Events[i].At = microsUTC(c.Events[i].At)
	}
	for i := range c.Notices {
		c.Notices[i].NextAt = microsUTC(c.Notices[i].NextAt)
		c.Notices[i].Notice.CreatedAt = microsUTC(c.Notices[i].Notice.CreatedAt)
	}
	return c
}

func cloneThread(t Thread) Thread {
	t.Labels = slices.Clone(t.Labels)
	return t
}

func cloneMessage(m Message) Message {
	m.Slots = slices.Clone(m.Slots)
	m.Attachments = slices.Clone(m.Attachments)
	return m
}
