package rbac

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"
)

// Options adjusts an [Authority]. The zero value is ready to use.
type Options struct {
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// Logger receives technical events with ids only. Default: discard.
	Logger *slog.Logger
}

// Authority keeps the current [Policy] of one tenant beside a [Store] and is
// the one place that changes it. It is safe for concurrent use. It starts no
// goroutine: call [Authority.Refresh] at the start and now and then, so that
// changes made by other processes arrive.
type Authority struct {
	store  Store
	tenant string
	now    func() time.Time
	log    *slog.Logger
	// turn admits one reader or writer of the store at a time; a channel,
	// because waiting for it must end with the context.
	turn    chan struct{}
	current atomic.Pointer[snapshot]
}

type snapshot struct {
	policy   *Policy
	revision int64
}

// New returns an authority that denies everything until the first
// [Authority.Refresh]. It panics if store is nil.
func New(store Store, tenant string, opts *Options) *Authority {
	if store == nil {
		panic("rbac: nil store")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Authority{store: store, tenant: tenant, now: o.Now, log: o.Logger, turn: make(chan struct{}, 1)}
}

// With returns an authority on another store, usually one inside a
// transaction. It begins with the current policy and keeps its own from then
// on: the transaction may still fail, so the original learns of a change only
// by its own [Authority.Refresh] after the commit.
func (a *Authority) With(store Store) *Authority {
	if store == nil {
		panic("rbac: nil store")
	}
	b := &Authority{store: store, tenant: a.tenant, now: a.now, log: a.log, turn: make(chan struct{}, 1)}
	b.current.Store(a.current.Load())
	return b
}

// Policy returns the current policy: nil, which denies everything, before the
// first successful [Authority.Refresh]. Take it once per request, so that all
// answers of a page agree.
func (a *Authority) Policy() *Policy {
	if s := a.current.Load(); s != nil {
		return s.policy
	}
	return nil
}

// Revision returns the revision of the current policy, 0 if there is none.
func (a *Authority) Revision() int64 {
	if s := a.current.Load(); s != nil {
		return s.revision
	}
	return 0
}

// Refresh takes over the stored source if its revision differs from the one in
// use. On an error, a [*CompileError] of a source written past Update among
// them, the policy in use stays as it is; the caller decides how long to live
// with that.
func (a *Authority) Refresh(ctx context.Context) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	defer a.end()
	if s := a.current.Load(); s != nil {
		revision, err := a.store.Revision(ctx, a.tenant)
		if err != nil {
			return fmt.Errorf("rbac: refresh: %w", err)
		}
		if revision == s.revision {
			return nil
		}
	}
	src, revision, err := a.load(ctx)
	if err != nil {
		return err
	}
	policy, err := Compile(src)
	if err != nil {
		a.log.ErrorContext(ctx, "rbac: stored source does not compile", "tenant", a.tenant, "revision", revision)
		return err
	}
	a.current.Store(&snapshot{policy: policy, revision: revision})
	return nil
}

// Update changes the source: it loads it, lets edit change it, compiles it,
// saves it with a log entry and swaps the policy. If somebody else saved in
// between it does all that once more, so edit may be called twice; then it
// gives up with [ErrConflict]. Actor and reason are required. An error of edit
// is returned as it is, and nothing is saved. An edit that changes nothing
// leaves no trace.
func (a *Authority) Update(ctx context.Context, actor, reason string, edit func(*Source) error) error {
	if actor == "" || !cleanText(actor) {
		return &InvalidError{Field: "actor"}
	}
	if reason == "" || !cleanText(reason) {
		return &InvalidError{Field: "reason"}
	}
	if err := a.begin(ctx); err != nil {
		return err
	}
	defer a.end()
	c := Change{Actor: actor, Reason: reason, At: a.now().UTC().Truncate(time.Microsecond)}
	err := a.update(ctx, c, edit)
	if errors.Is(err, ErrConflict) {
		err = a.update(ctx, c, edit)
	}
	return err
}

func (a *Authority) update(ctx context.Context, c Change, edit func(*Source) error) error {
	before, revision, err := a.load(ctx)
	if err != nil {
		return err
	}
	after := before.Clone()
	if err := edit(&after); err != nil {
		return err
	}
	if after.Tenant != a.tenant {
		return ErrTenant
	}
	policy, err := Compile(after)
	if err != nil {
		return err
	}
	if c.Items = Diff(before, after); len(c.Items) == 0 {
		a.current.Store(&snapshot{policy: policy, revision: revision})
		return nil
	}
	revision, err = a.store.Save(ctx, policy.Source(), revision, c)
	if err != nil {
		return fmt.Errorf("rbac: update: %w", err)
	}
	a.current.Store(&snapshot{policy: policy, revision: revision})
	a.log.InfoContext(ctx, "rbac: source changed", "tenant", a.tenant, "revision", revision, "items", len(c.Items))
	return nil
}

// Changes returns the log of the tenant, see [Store].
func (a *Authority) Changes(ctx context.Context, after int64, limit int) ([]Change, error) {
	return a.store.Changes(ctx, a.tenant, after, limit)
}

func (a *Authority) load(ctx context.Context) (Source, int64, error) {
	src, revision, err := a.store.Load(ctx, a.tenant)
	if err != nil {
		return Source{}, 0, fmt.Errorf("rbac: load: %w", err)
	}
	if src.Tenant != a.tenant {
		return Source{}, 0, ErrTenant
	}
	return src, revision, nil
}

func (a *Authority) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Authority) end() { <-a.turn }

// Diff lists the records that differ between two sources, by noun and then in
// the order of the sources: removed ones first, then added and changed.
func Diff(before, after Source) []Item {
	before, after = before.normal(), after.normal()
	var out []Item
	out = diff(out, NounUnit, before.Units, after.Units, func(u Unit) string { return u.ID })
	out = diff(out, NounPermission, before.Permissions, after.Permissions, func(p Permission) string { return p.ID })
	out = diff(out, NounRole, before.Roles, after.Roles, func(r Role) string { return r.ID })
	out = diff(out, NounPerson, before.Persons, after.Persons, func(p Person) string { return p.ID })
	out = diff(out, NounAssignment, before.Assignments, after.Assignments, func(x Assignment) string { return x.ID })
	return diff(out, NounSubstitution, before.Substitutions, after.Substitutions, func(s Substitution) string { return s.ID })
}

func diff[T any](out []Item, noun Noun, before, after []T, id func(T) string) []Item {
	old := make(map[string]T, len(before))
	for _, r := range before {
		old[id(r)] = r
	}
	kept := make(map[string]bool, len(after))
	for _, r := range after {
		kept[id(r)] = true
	}
	for _, r := range before {
		if !kept[id(r)] {
			out = append(out, Item{Removed, noun, id(r)})
		}
	}
	for _, r := range after {
		was, ok := old[id(r)]
		switch {
		case !ok:
			out = append(out, Item{Added, noun, id(r)})
		case !reflect.DeepEqual(was, r):
			out = append(out, Item{Changed, noun, id(r)})
		}
	}
	return out
}
