package federation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/singleflight"
)

// ReasonMalformed: the answer is not in the format agreed, for example a page
// for people where data were expected.
const ReasonMalformed Reason = "malformed"

// SourceError is how a [Source] says why it has no answer. With
// [ReasonRejected] the member is well and refused this one question; any other
// reason, and any other error, counts against it.
type SourceError struct {
	Reason Reason
	// Err is the detail, for [errors.Is] and logs of the source itself.
	Err error
}

// Error names the reason only; the detail may hold foreign text.
func (e *SourceError) Error() string { return "federation: source failed: " + string(e.Reason) }

// Unwrap returns the detail.
func (e *SourceError) Unwrap() error { return e.Err }

// reasonOf finds the code of a source's error.
func reasonOf(err error) Reason {
	var e *SourceError
	switch {
	case errors.As(err, &e) && e.Reason != "":
		return e.Reason
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	}
	return ReasonUnknown
}

var (
	errBusy  = errors.New("federation: too many open questions")
	errOpen  = errors.New("federation: member is paused")
	errSlow  = errors.New("federation: answer came after the budget")
	errPanic = errors.New("federation: source panicked")
)

// asked is a member with what is known of asking it.
type asked struct {
	Participant
	position int
	o        *SearchOptions
	cache    *searchCache
	breaker  *gobreaker.TwoStepCircuitBreaker[any]
	flight   singleflight.Group
	slots    chan struct{}
}

func newAsked(position int, p Participant, o *SearchOptions, cache *searchCache) *asked {
	failures := uint32(min(o.Failures, 1<<20))
	return &asked{Participant: p, position: position, o: o, cache: cache, slots: make(chan struct{}, o.MaxOpen),
		breaker: gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			Name: p.Member.ID, MaxRequests: 1, Timeout: o.Pause,
			ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failures },
			IsSuccessful: func(err error) bool { return err == nil || reasonOf(err) == ReasonRejected },
			OnStateChange: func(name string, _, to gobreaker.State) {
				o.Logger.LogAttrs(context.Background(), slog.LevelInfo, "breaker of member", slog.String("member", name), slog.String("state", to.String()))
			},
		})}
}

// pending is a question that is being answered.
type pending struct {
	since  time.Time
	old    kept // an earlier answer, if hasOld
	hasOld bool
	fresh  bool // old is as good as new
	answer <-chan singleflight.Result
}

// ask starts a question, unless an answer is at hand.
func (a *asked) ask(q Query) pending {
	p := pending{since: a.o.Now()}
	key := cacheKey(a.Member.ID, q)
	if k, ok := a.cache.get(key); ok {
		age, fresh := p.since.Sub(k.at), a.o.Fresh
		if len(k.hits) == 0 {
			fresh = a.o.FreshEmpty
		}
		switch {
		case age < 0 || age > a.o.Stale: // the clock may have been set back
		case age < fresh:
			p.old, p.hasOld, p.fresh = k, true, true
			return p
		case age < fresh+a.o.Revalidate && len(k.hits) > 0:
			p.old, p.hasOld = k, true
			a.start(key, q) // for the next one who asks
			return p
		default:
			p.old, p.hasOld = k, true
		}
	}
	p.answer = a.start(key, q)
	return p
}

// start asks in the background; whoever asks the same meanwhile shares the
// answer.
func (a *asked) start(key string, q Query) <-chan singleflight.Result {
	return a.flight.DoChan(key, func() (any, error) { return a.fetch(key, q) })
}

// fetch asks the source, on a time of its own: who asked may be gone.
func (a *asked) fetch(key string, q Query) (any, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	default:
		return nil, errBusy
	}
	done, err := a.breaker.Allow()
	if err != nil {
		return nil, errOpen
	}
	// The member is judged when the budget ends, not when it answers at last:
	// one that hangs would else delay every page until the first questions end.
	var judge sync.Once
	timer := time.AfterFunc(a.o.Budget, func() { judge.Do(func() { done(errSlow) }) })
	defer timer.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), a.o.Late)
	defer cancel()
	hits, err := a.call(ctx, q)
	judge.Do(func() { done(err) })
	if err != nil {
		return nil, err
	}
	k := kept{at: a.o.Now()}
	k.hits, k.dropped = a.Member.clean(hits, q, a.o.InsecureAllowHTTP)
	a.cache.put(key, k)
	return k, nil
}

// call asks the source and survives its panics.
func (a *asked) call(ctx context.Context, q Query) (hits []Hit, err error) {
	defer func() {
		if v := recover(); v != nil {
			a.o.Logger.LogAttrs(ctx, slog.LevelError, "source panicked", slog.String("member", a.Member.ID))
			hits, err = nil, errPanic
		}
	}()
	return a.Source.Search(ctx, q)
}

// wait takes the answer to a question, at the latest when ctx ends.
func (a *asked) wait(ctx context.Context, p pending) ([]Hit, SourceReport) {
	r := SourceReport{Member: a.Member.ID, Status: SourceOK}
	if p.answer == nil {
		if !p.fresh {
			r.Status = SourceStale
		}
		r.Hits, r.Dropped = len(p.old.hits), p.old.dropped
		return slices.Clone(p.old.hits), r
	}
	var res singleflight.Result
	select {
	case res = <-p.answer:
	case <-ctx.Done():
		select {
		case res = <-p.answer: // both happened: what is there counts
		default:
			res.Err = ctx.Err()
		}
	}
	r.Took = a.o.Now().Sub(p.since)
	if k, ok := res.Val.(kept); ok && res.Err == nil {
		r.Hits, r.Dropped = len(k.hits), k.dropped
		return slices.Clone(k.hits), r
	}
	r.Status, r.Reason = SourceFailed, reasonOf(res.Err)
	switch {
	case errors.Is(res.Err, errBusy), errors.Is(res.Err, errOpen):
		r.Status, r.Reason, r.Took = SourceSkipped, ReasonBusy, 0
	case errors.Is(res.Err, context.Canceled), r.Reason == ReasonTimeout:
		r.Status, r.Reason = SourceTimeout, ReasonTimeout
	}
	if p.hasOld {
		r.Status = SourceStale
		r.Hits, r.Dropped = len(p.old.hits), p.old.dropped
		return slices.Clone(p.old.hits), r
	}
	return nil, r
}
