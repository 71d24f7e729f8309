// Package calls keeps for testers which outside systems the portal spoke
// with: when, with whom, how it ended and for which case. It sees no query, no
// body and no person. Only the demo has it.
package calls

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
)

// Directions of a call.
const (
	Out = "out" // the portal asked
	In  = "in"  // the portal was told
)

// Outcomes of calls without an HTTP status.
const (
	OutcomeTimeout  = "timeout"
	OutcomeCanceled = "canceled"
	OutcomeFailed   = "unreachable"
)

// Call is one call that ended, or was answered.
type Call struct {
	bun.BaseModel `bun:"table:portal_calls,alias:c"`
	ID            int64     `bun:"id,pk,autoincrement"`
	At            time.Time `bun:"at"`
	Direction     string    `bun:"direction"`
	System        string    `bun:"system"` // for example pmpayment
	Method        string    `bun:"method"`
	Host          string    `bun:"host"`
	Path          string    `bun:"path"`      // without a query
	Outcome       string    `bun:"outcome"`   // HTTP status or an Outcome
	TookUS        int64     `bun:"took_us"`   // until the head of the answer, in microseconds
	Reference     string    `bun:"reference"` // of the case, if known
	Decision      string    `bun:"decision"`  // code of what an incoming call led to
}

// Took is how long the head of the answer took.
func (c Call) Took() time.Duration { return time.Duration(c.TookUS) * time.Microsecond }

// Limits.
const (
	waiting  = 1000   // calls that wait to be written; more are dropped
	batch    = 100    // calls in one write
	kept     = 20_000 // rows
	pathSize = 300
)

// Recorder writes calls in batches, in a goroutine of its own: whoever makes a
// call never waits for the database, not even inside a transaction. A nil
// Recorder records nothing.
type Recorder struct {
	write, read bun.IDB
	now         func() time.Time
	log         *slog.Logger

	queue   chan Call
	flush   chan chan struct{}
	stop    chan struct{}
	done    chan struct{}
	closing sync.Once
	dropped atomic.Int64
}

// New starts a recorder. write must be a handle outside of transactions.
func New(write, read bun.IDB, now func() time.Time, log *slog.Logger) *Recorder {
	r := &Recorder{write: write, read: read, now: now, log: log,
		queue: make(chan Call, waiting), flush: make(chan chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
	go r.work()
	return r
}

// Close writes what waits and ends the recorder.
func (r *Recorder) Close() error {
	if r == nil {
		return nil
	}
	r.closing.Do(func() { close(r.stop) })
	<-r.done
	return nil
}

// Flush waits until everything that was added before is written.
func (r *Recorder) Flush(ctx context.Context) {
	if r == nil {
		return
	}
	written := make(chan struct{})
	select {
	case r.flush <- written:
		<-written
	case <-r.done:
	case <-ctx.Done():
	}
}

// Dropped is how many calls were not kept, since the database was too slow.
func (r *Recorder) Dropped() int64 {
	if r == nil {
		return 0
	}
	return r.dropped.Load()
}

// Add keeps a call; it never blocks.
func (r *Recorder) Add(c Call) {
	if r == nil {
		return
	}
	if c.At.IsZero() {
		c.At = r.now()
	}
	c.At = c.At.UTC().Truncate(time.Microsecond)
	if len(c.Path) > pathSize {
		c.Path = strings.ToValidUTF8(c.Path[:pathSize], "")
	}
	select {
	case r.queue <- c:
	default:
		r.dropped.Add(1)
	}
}

// work writes until the recorder is closed. A pause after the first call lets
// others join the write.
func (r *Recorder) work() {
	defer close(r.done)
	for {
		select {
		case c := <-r.queue:
			pause := time.NewTimer(50 * time.Millisecond)
			select {
			case <-pause.C:
				r.drain(c)
			case written := <-r.flush:
				pause.Stop()
				r.drain(c)
				close(written)
			case <-r.stop:
				pause.Stop()
				r.drain(c)
				return
			}
		case written := <-r.flush:
			r.drain()
			close(written)
		case <-r.stop:
			r.drain()
			return
		}
	}
}

// drain writes the calls given and all that wait.
func (r *Recorder) drain(calls ...Call) {
	for {
		for len(calls) < batch {
			select {
			case c := <-r.queue:
				calls = append(calls, c)
				continue
			default:
			}
			break
		}
		if len(calls) == 0 {
			return
		}
		r.save(calls)
		calls = nil
	}
}

func (r *Recorder) save(calls []Call) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := r.write.NewInsert().Model(&calls).Exec(ctx); err != nil {
		r.dropped.Add(int64(len(calls)))
		r.log.LogAttrs(ctx, slog.LevelWarn, "calls cannot be written", slog.Int("count", len(calls)))
		return
	}
	last := calls[len(calls)-1].ID
	if last/batch == (last-int64(len(calls)))/batch {
		return // not every time
	}
	if _, err := r.write.NewDelete().Model((*Call)(nil)).Where("id <= ?", last-kept).Exec(ctx); err != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "old calls cannot be removed")
	}
}

// List returns the latest calls of a direction, or of both, the latest first.
// A reference narrows it to a case. before is the id to go on from; zero
// starts with the latest.
func (r *Recorder) List(ctx context.Context, direction, reference string, before int64, limit int) ([]Call, error) {
	if r == nil {
		return nil, nil
	}
	r.Flush(ctx)
	var out []Call
	q := r.read.NewSelect().Model(&out).Order("c.id DESC").Limit(int64(limit))
	if direction != "" {
		q = q.Where("c.direction = ?", direction)
	}
	if reference != "" {
		q = q.Where("c.reference = ?", reference)
	}
	if before > 0 {
		q = q.Where("c.id < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].At = out[i].At.UTC()
	}
	return out, nil
}

// Forget removes all calls.
func (r *Recorder) Forget(ctx context.Context) error {
	if r == nil {
		return nil
	}
	r.Flush(ctx)
	_, err := r.write.NewDelete().Model((*Call)(nil)).Where("1 = 1").Exec(ctx)
	return err
}

type key struct{}

// With names the case that calls under ctx are for. It carries a label for
// the tester's page and decides nothing.
func With(ctx context.Context, reference string) context.Context {
	return context.WithValue(ctx, key{}, reference)
}

func reference(ctx context.Context) string {
	s, _ := ctx.Value(key{}).(string)
	return s
}

// Client returns a client whose calls are recorded under the name of a system.
// It follows no redirects and ends every call after timeout. Without a
// recorder it is a plain client of that kind.
func (r *Recorder) Client(system string, timeout time.Duration) *http.Client {
	c := &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if r != nil {
		c.Transport = r.Wrap(system, http.DefaultTransport)
	}
	return c
}

// Wrap records the calls that go through a transport.
func (r *Recorder) Wrap(system string, next http.RoundTripper) http.RoundTripper {
	if r == nil {
		return next
	}
	return transport{r, system, next}
}

type transport struct {
	recorder *Recorder
	system   string
	next     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	at, begin := t.recorder.now(), time.Now()
	res, err := t.next.RoundTrip(req)
	c := Call{At: at, Direction: Out, System: t.system, Method: req.Method, Host: req.URL.Host, Path: req.URL.Path,
		TookUS: time.Since(begin).Microseconds(), Reference: reference(req.Context()), Outcome: outcome(req.Context(), err)}
	if err == nil {
		c.Outcome = strconv.Itoa(res.StatusCode)
	}
	t.recorder.Add(c)
	return res, err
}

// outcome names what went wrong. Where several clocks run out at the same time,
// the error may be any of theirs: then the deadline decides.
func outcome(ctx context.Context, err error) string {
	var n net.Error
	deadline, limited := ctx.Deadline()
	switch {
	case limited && !time.Now().Before(deadline):
		return OutcomeTimeout
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &n) && n.Timeout():
		return OutcomeTimeout
	case errors.Is(err, context.Canceled):
		return OutcomeCanceled
	}
	return OutcomeFailed
}

// In records the calls that a handler answers. The handler may say with
// Decided what it led to and for which case.
func (r *Recorder) In(system string, next http.Handler) http.Handler {
	if r == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		at, begin := r.now(), time.Now()
		d := &decision{}
		answer := &status{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(answer, req.WithContext(context.WithValue(req.Context(), decisionKey{}, d)))
		d.mu.Lock()
		defer d.mu.Unlock()
		r.Add(Call{At: at, Direction: In, System: system, Method: req.Method, Host: req.Host, Path: req.URL.Path,
			Outcome: strconv.Itoa(answer.code), TookUS: time.Since(begin).Microseconds(), Reference: d.reference, Decision: d.code})
	})
}

type decisionKey struct{}

type decision struct {
	mu              sync.Mutex
	code, reference string
}

// Decided notes what an incoming call led to, as a code, and for which case.
// Outside of In it does nothing.
func Decided(ctx context.Context, code, reference string) {
	d, ok := ctx.Value(decisionKey{}).(*decision)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.code = code
	if reference != "" {
		d.reference = reference
	}
}

type status struct {
	http.ResponseWriter
	code  int
	wrote bool
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	if !s.wrote {
		s.code, s.wrote = code, true
	}
	s.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (s *status) Write(b []byte) (int, error) {
	s.wrote = true
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real one.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
