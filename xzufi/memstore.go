package xzufi

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"
)

var _ Store = (*MemStore)(nil)

// maxMemObjects bounds a MemStore, staged records included.
const maxMemObjects = 200_000

// MemStore is a Store in memory, for tests and for trying out. It holds at
// most 200,000 records and returns [ErrFull] beyond. Use [NewMemStore].
type MemStore struct {
	mu      sync.RWMutex
	head    Head
	areas   []Area
	runs    int64
	staged  map[int64]map[memKey]Record
	base    map[int64]string // head when the run began
	current map[memKey]Record
	loose   map[memKey]string
	order   []memKey // of current, sorted
	index   map[memTerm]map[string]struct{}
	count   int
}

type memKey struct {
	class Class
	id    string
}

type memTerm struct {
	field Field
	term  string
}

// NewMemStore returns an empty store.
func NewMemStore() *MemStore {
	return &MemStore{staged: map[int64]map[memKey]Record{}, base: map[int64]string{},
		current: map[memKey]Record{}, loose: map[memKey]string{}, index: map[memTerm]map[string]struct{}{}}
}

// Head implements Store.
func (m *MemStore) Head(ctx context.Context) (Head, error) {
	if err := ctx.Err(); err != nil {
		return Head{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.head, nil
}

// SetAreas implements Store.
func (m *MemStore) SetAreas(ctx context.Context, areas []Area, revision string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	own := make([]Area, len(areas))
	for i, a := range areas {
		own[i] = a.clone()
	}
	sort.Slice(own, func(i, j int) bool { return own[i].Key < own[j].Key })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.areas, m.head.Areas = own, revision
	return nil
}

// Areas implements Store.
func (m *MemStore) Areas(ctx context.Context) ([]Area, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]Area, len(m.areas))
	for i, a := range m.areas {
		out[i] = a.clone()
	}
	return out, nil
}

// Begin implements Store.
func (m *MemStore) Begin(ctx context.Context, _ string, _ time.Time) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for run, base := range m.base {
		if base != m.head.Objects { // can only fail any more
			m.drop(run)
		}
	}
	m.runs++
	m.base[m.runs] = m.head.Objects
	return m.runs, nil
}

func (m *MemStore) drop(run int64) {
	m.count -= len(m.staged[run])
	delete(m.staged, run)
	delete(m.base, run)
}

// Stage implements Store.
func (m *MemStore) Stage(ctx context.Context, run int64, batch []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(batch) > MaxBatch {
		return &InvalidError{Field: "batch", Rule: RuleTooLong}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count+len(batch) > maxMemObjects {
		return ErrFull
	}
	to := m.staged[run]
	if to == nil {
		to = map[memKey]Record{}
		m.staged[run] = to
	}
	for _, r := range batch {
		k := memKey{r.Class, r.ID.String()}
		if _, there := to[k]; !there {
			m.count++
		}
		r = r.clone()
		r.At = r.At.UTC().Truncate(time.Microsecond)
		to[k] = r
	}
	return nil
}

// Publish implements Store.
func (m *MemStore) Publish(ctx context.Context, run int64, base, revision string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.head.Objects != base {
		return ErrConflict
	}
	for k, r := range m.staged[run] {
		if old, there := m.current[k]; there {
			m.unindex(k.id, old)
			m.count--
		}
		if !r.Deleted {
			m.reindex(k.id, r)
		}
		m.current[k] = r
		m.loose[k] = r.ID.Loose()
	}
	m.order = m.order[:0]
	for k := range m.current {
		m.order = append(m.order, k)
	}
	sort.Slice(m.order, func(i, j int) bool { return m.order[i].less(m.order[j]) })
	m.head.Objects = revision
	delete(m.staged, run)
	delete(m.base, run)
	return nil
}

func (k memKey) less(o memKey) bool {
	if k.class != o.class {
		return k.class < o.class
	}
	return k.id < o.id
}

func (m *MemStore) unindex(id string, r Record) {
	for f, terms := range r.Terms {
		for _, t := range terms {
			delete(m.index[memTerm{Field(f), t}], id)
		}
	}
}

func (m *MemStore) reindex(id string, r Record) {
	for f, terms := range r.Terms {
		for _, t := range terms {
			k := memTerm{Field(f), t}
			if m.index[k] == nil {
				m.index[k] = map[string]struct{}{}
			}
			m.index[k][id] = struct{}{}
		}
	}
}

// Find implements Store.
func (m *MemStore) Find(ctx context.Context, s Selection) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	from := 0
	if s.After != nil {
		after := memKey{s.After.Class, s.After.ID.String()}
		from = sort.Search(len(m.order), func(i int) bool { return after.less(m.order[i]) })
	}
	keys, loose, services := set(s.Keys), set(s.Loose), set(s.Services)
	var out []Record
	for _, k := range m.order[from:] {
		r := m.current[k]
		if s.Class != "" && k.class != s.Class || r.Deleted && !s.Tombstones ||
			s.Source != "" && r.Source != s.Source ||
			keys != nil && !keys[k.id] ||
			loose != nil && !loose[m.loose[k]] ||
			services != nil && !overlap(services, r.Services) {
			continue
		}
		r.Terms = [3][]string{}
		if s.Part != PartCard {
			r.Card, r.Words = nil, ""
		}
		if s.Part != PartBody {
			r.Body, r.Raw = nil, nil
		}
		out = append(out, r.clone())
		if s.Limit > 0 && len(out) == s.Limit {
			break
		}
	}
	return out, nil
}

// set is nil for nil, which means no condition.
func set(list []string) map[string]bool {
	if list == nil {
		return nil
	}
	out := make(map[string]bool, len(list))
	for _, x := range list {
		out[x] = true
	}
	return out
}

func overlap(a map[string]bool, b []string) bool {
	for _, x := range b {
		if a[x] {
			return true
		}
	}
	return false
}

// Match implements Store.
func (m *MemStore) Match(ctx context.Context, probes []Probe) ([][]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([][]string, len(probes))
	for i, p := range probes {
		found := map[string]struct{}{}
		for _, t := range p.Terms {
			for id := range m.index[memTerm{p.Field, t}] {
				found[id] = struct{}{}
			}
		}
		for id := range found {
			out[i] = append(out[i], id)
		}
		sort.Strings(out[i])
	}
	return out, nil
}

func (r Record) clone() Record {
	r.Services = slices.Clone(r.Services)
	r.Body, r.Raw, r.Card = slices.Clone(r.Body), slices.Clone(r.Raw), slices.Clone(r.Card)
	for i := range r.Terms {
		r.Terms[i] = slices.Clone(r.Terms[i])
	}
	return r
}
