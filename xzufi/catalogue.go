package xzufi

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// Options changes how a [Catalogue] works. The zero value is the safe choice.
type Options struct {
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// Reader bounds the reading of deliveries.
	Reader ReaderOptions
	// MaxLoss is the share of a source's objects that a full delivery may
	// delete, between 0 and 1. Default: 0.2.
	MaxLoss float64
	// InsecureNoGuard lets a full delivery delete any number of objects. It is
	// for the one delivery after a source has really given up most of them.
	InsecureNoGuard bool
	// Logger receives technical events. Default: discard.
	Logger *slog.Logger
}

// Catalogue answers which services exist, where, and who is responsible. Its
// methods are safe for concurrent use.
type Catalogue struct {
	store Store
	opts  Options
	cache *cache
}

// cache keeps what was computed from one revision. Revisions are random, so a
// copy on a transaction that is rolled back cannot leave anything behind.
type cache struct {
	mu    sync.Mutex
	areas map[string]*areaSet
	cards map[string]*shelf
}

// New returns a catalogue on a store. It panics if store is nil.
func New(store Store, opts *Options) *Catalogue {
	if store == nil {
		panic("xzufi: New without a store")
	}
	c := &Catalogue{store: store, cache: &cache{areas: map[string]*areaSet{}, cards: map[string]*shelf{}}}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Now == nil {
		c.opts.Now = time.Now
	}
	if c.opts.MaxLoss <= 0 || c.opts.MaxLoss > 1 {
		c.opts.MaxLoss = 0.2
	}
	if c.opts.Logger == nil {
		c.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// With returns a cheap copy on another store, such as one in a transaction.
func (c *Catalogue) With(store Store) *Catalogue {
	d := *c
	d.store = store
	return &d
}

func (c *Catalogue) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

func (c *Catalogue) newRevision() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Revision returns a string that changes whenever areas or objects change, for
// those who keep something derived from the catalogue.
func (c *Catalogue) Revision(ctx context.Context) (string, error) {
	h, err := c.store.Head(ctx)
	return h.Areas + "-" + h.Objects, err
}

// card is what lists and ranking need of a service.
type card struct {
	ID            ID
	Title, Teaser Text
	Leika         []string
	Areas         []string
	Categories    []Category
	From, Until   time.Time
	TitleWords    int

	key   string // ID.String
	loose string
	sort  string // German title as dictionaries order it
}

// shelf is all cards of one revision. It never changes once built, but for the
// words, which are prepared at the first search.
type shelf struct {
	cards   []*card
	byKey   map[string]*card
	byLoose map[string][]*card
	texts   []string // words of each card, released once prepared
	once    sync.Once
	words   *vocabulary
}

const kept = 4 // revisions per catalogue; copies in transactions need their own

func (c *Catalogue) areas(ctx context.Context) (*areaSet, error) {
	h, err := c.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	return c.areasAt(ctx, h)
}

func (c *Catalogue) areasAt(ctx context.Context, h Head) (*areaSet, error) {
	if h.Areas == "" {
		return newAreaSet(nil), nil
	}
	c.cache.mu.Lock()
	s := c.cache.areas[h.Areas]
	c.cache.mu.Unlock()
	if s != nil {
		return s, nil
	}
	list, err := c.store.Areas(ctx)
	if err != nil {
		return nil, err
	}
	s = newAreaSet(list)
	// Between the two reads the areas may have been replaced; what is kept
	// must be what the revision names.
	if again, err := c.store.Head(ctx); err != nil || again.Areas != h.Areas {
		return s, err
	}
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	if len(c.cache.areas) >= kept {
		clear(c.cache.areas)
	}
	c.cache.areas[h.Areas] = s
	return s, nil
}

// view is one consistent look at the catalogue.
type view struct {
	areas *areaSet
	*shelf
	now time.Time
}

func (c *Catalogue) view(ctx context.Context) (view, error) {
	h, err := c.store.Head(ctx)
	if err != nil {
		return view{}, err
	}
	areas, err := c.areasAt(ctx, h)
	if err != nil {
		return view{}, err
	}
	s, err := c.shelfAt(ctx, h)
	if err != nil {
		return view{}, err
	}
	return view{areas: areas, shelf: s, now: c.now()}, nil
}

func (c *Catalogue) shelfAt(ctx context.Context, h Head) (*shelf, error) {
	c.cache.mu.Lock()
	s := c.cache.cards[h.Objects]
	c.cache.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s = &shelf{byKey: map[string]*card{}, byLoose: map[string][]*card{}}
	sel := Selection{Class: ClassLeistung, Part: PartCard, Limit: MaxBatch}
	for {
		page, err := c.store.Find(ctx, sel)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			k := &card{}
			if err := json.Unmarshal(r.Card, k); err != nil {
				return nil, fmt.Errorf("xzufi: stored card of a service: %w", err)
			}
			k.key, k.loose, k.sort = r.ID.String(), r.ID.Loose(), german.SortKey(k.Title.For("de"))
			s.cards = append(s.cards, k)
			s.byKey[k.key] = k
			s.byLoose[k.loose] = append(s.byLoose[k.loose], k)
			s.texts = append(s.texts, r.Words)
		}
		if len(page) < sel.Limit {
			break
		}
		sel.After = &page[len(page)-1]
	}
	if again, err := c.store.Head(ctx); err != nil || again.Objects != h.Objects {
		return s, err
	}
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	if len(c.cache.cards) >= kept {
		clear(c.cache.cards)
	}
	c.cache.cards[h.Objects] = s
	return s, nil
}

// card finds a service by what a caller or a reference says: the full ID, else
// agency and value.
func (s *shelf) card(id ID) *card {
	if k := s.byKey[id.String()]; k != nil {
		return k
	}
	if id.Scheme != "" && len(s.byLoose[id.Loose()]) != 1 {
		return nil
	}
	if list := s.byLoose[id.Loose()]; len(list) > 0 {
		return list[0]
	}
	return nil
}

// shown reports whether a service is to be shown in an area; "" means all.
func (v view) shown(k *card, area string) bool {
	if !validAt(k.From, k.Until, v.now) {
		return false
	}
	if area == "" || len(k.Areas) == 0 {
		return true
	}
	_, _, ok := v.areas.nearest(area, k.Areas)
	return ok
}

// Service returns a service with what the Spezialisierungen for the area add.
// Each added module, cost, deadline and duration says by Origin and OriginArea
// whose it is; they follow the general ones, the nearest area last. With
// area "" nothing is added. [ErrNotFound] if there is no such service or if it
// is not valid now; a service that holds elsewhere only is returned all the same.
func (c *Catalogue) Service(ctx context.Context, id ID, area string) (Leistung, error) {
	if err := errorsFirst(id.check("id"), checkText("area", area)); err != nil {
		return Leistung{}, err
	}
	v, err := c.view(ctx)
	if err != nil {
		return Leistung{}, err
	}
	k := v.card(id)
	if k == nil || !validAt(k.From, k.Until, v.now) {
		return Leistung{}, ErrNotFound
	}
	recs, err := c.store.Find(ctx, Selection{Class: ClassLeistung, Keys: []string{k.key}, Part: PartBody})
	if err != nil {
		return Leistung{}, err
	}
	if len(recs) == 0 {
		return Leistung{}, ErrNotFound
	}
	var l Leistung
	if err := unmarshal(recs[0], &l); err != nil {
		return Leistung{}, err
	}
	l.Raw = recs[0].Raw
	l.mark(OriginLand, "")
	if area == "" {
		return l, nil
	}
	recs, err = c.store.Find(ctx, Selection{Class: ClassSpezialisierung, Services: []string{k.loose}, Part: PartBody})
	if err != nil {
		return Leistung{}, err
	}
	return l, l.merge(v, k, v.areas.resolve(area), recs)
}

func (l *Leistung) mark(o Origin, area string) {
	mark(l.Modules, l.Costs, l.Deadlines, l.Processing, o, area)
}

func mark(ms []Module, cs []Cost, ds []Deadline, ps []Processing, o Origin, area string) {
	for i := range ms {
		ms[i].Origin, ms[i].OriginArea = o, area
	}
	for i := range cs {
		cs[i].Origin, cs[i].OriginArea = o, area
	}
	for i := range ds {
		ds[i].Origin, ds[i].OriginArea = o, area
	}
	for i := range ps {
		ps[i].Origin, ps[i].OriginArea = o, area
	}
}

func (l *Leistung) merge(v view, k *card, area string, recs []Record) error {
	type addition struct {
		s        Spezialisierung
		distance int
		area     string
	}
	var adds []addition
	for _, r := range recs {
		var s Spezialisierung
		if err := unmarshal(r, &s); err != nil {
			return err
		}
		if v.card(s.Leistung) != k || !validAt(s.ValidFrom, s.ValidUntil, v.now) {
			continue
		}
		if d, from, ok := v.areas.nearest(area, s.Areas); ok {
			adds = append(adds, addition{s, d, from})
		}
	}
	slices.SortStableFunc(adds, func(a, b addition) int { return cmp.Compare(b.distance, a.distance) })
	for _, a := range adds {
		o := OriginMunicipality
		switch levelOf(a.area) {
		case LevelBund, LevelLand:
			o = OriginLand
		}
		mark(a.s.Modules, a.s.Costs, a.s.Deadlines, a.s.Processing, o, a.area)
		l.Modules = append(l.Modules, a.s.Modules...)
		l.Costs = append(l.Costs, a.s.Costs...)
		l.Deadlines = append(l.Deadlines, a.s.Deadlines...)
		l.Processing = append(l.Processing, a.s.Processing...)
	}
	return nil
}

func unmarshal(r Record, to any) error {
	if err := json.Unmarshal(r.Body, to); err != nil {
		return fmt.Errorf("xzufi: stored %s: %w", r.Class, err)
	}
	return nil
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
