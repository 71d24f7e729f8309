// Package load drives a running demo portal as a crowd of visitors would and
// reports how it bears it: requests per second, times and errors.
//
// The crowd is a mix: most look for a service, some apply with and without a
// login, some pay, some read their inbox, and clerks work on what arrives. The
// simulators answer too but are not measured.
package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options bound a run. A run ends with the first bound reached.
type Options struct {
	Portal   string        // address of the demo portal
	Visitors int           // at the same time; default 8
	Requests int           // at most; default 20,000
	Duration time.Duration // at most; default 30 s
	Seed     uint64        // of the mix; the same seed gives the same order per visitor
}

// Report is what a run measured.
type Report struct {
	Requests, Errors     int
	Took                 time.Duration
	P50, P95, P99, Worst time.Duration
	// Kinds has the number of requests and their 95th percentile by kind.
	Kinds map[string]Kind
	// Journeys counts whole journeys that came to their end.
	Journeys map[string]int
	// First holds the first few errors.
	First []string
}

// Kind is one kind of request.
type Kind struct {
	Requests int
	P95      time.Duration
}

// Rate is the number of requests per second.
func (r Report) Rate() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Requests) / r.Took.Seconds()
}

// run is a run under way.
type run struct {
	opts   Options
	base   *url.URL
	client http.RoundTripper
	stop   context.CancelFunc

	mu       sync.Mutex
	times    map[string][]time.Duration
	total    int
	errors   int
	taken    map[string]bool
	first    []string
	journeys map[string]int
}

// Run sends the crowd. The error says that the run could not begin; errors of
// single requests are in the report.
func Run(ctx context.Context, opts Options) (Report, error) {
	if opts.Visitors <= 0 {
		opts.Visitors = 8
	}
	if opts.Requests <= 0 {
		opts.Requests = 20_000
	}
	if opts.Duration <= 0 {
		opts.Duration = 30 * time.Second
	}
	base, err := url.Parse(opts.Portal)
	if err != nil || base.Host == "" {
		return Report{}, errors.New("load: the portal's address cannot be read")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = opts.Visitors * 2
	defer transport.CloseIdleConnections()
	ctx, stop := context.WithTimeout(ctx, opts.Duration)
	defer stop()
	r := &run{opts: opts, base: base, client: transport, stop: stop, times: map[string][]time.Duration{}, journeys: map[string]int{}, taken: map[string]bool{}}
	begin := time.Now()
	var crowd sync.WaitGroup
	for n := range opts.Visitors {
		crowd.Go(func() { r.visitor(ctx, n, rand.New(rand.NewPCG(opts.Seed, uint64(n)))) })
	}
	crowd.Wait()
	return r.report(time.Since(begin)), nil
}

// visitor goes on journeys until the run ends.
func (r *run) visitor(ctx context.Context, number int, dice *rand.Rand) {
	for ctx.Err() == nil {
		j := pick(dice)
		b := newBrowser(ctx, r.base, r.client, r.note)
		var me string
		b.be = func(people []string) (string, bool) {
			ok := false
			me, ok = r.somebody(people, number)
			return me, ok
		}
		err := j.walk(b, dice)
		if ctx.Err() != nil {
			return // cut off, which is no error
		}
		r.ended(j.name, me, err)
	}
}

// somebody takes one of the people who is nobody else at the moment.
func (r *run) somebody(people []string, number int) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range people {
		p := people[(number+i)%len(people)]
		name, _, _ := strings.Cut(p, ": ") // the same person has several means
		if !r.taken[name] {
			r.taken[name] = true
			return p, true
		}
	}
	return "", false
}

// ended counts a journey. One that nobody was free for is none.
func (r *run) ended(name, person string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	who, _, _ := strings.Cut(person, ": ")
	delete(r.taken, who)
	switch {
	case errors.Is(err, errBusy):
	case err == nil:
		r.journeys[name]++
	default:
		r.errors++
		if len(r.first) < 10 {
			r.first = append(r.first, name+": "+err.Error())
		}
	}
}

func (r *run) note(kind string, took time.Duration, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times[kind] = append(r.times[kind], took)
	if r.total++; r.total >= r.opts.Requests {
		r.stop()
	}
}

func (r *run) report(took time.Duration) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Report{Requests: r.total, Errors: r.errors, Took: took, Kinds: map[string]Kind{}, Journeys: r.journeys, First: r.first}
	var all []time.Duration
	for kind, times := range r.times {
		slices.Sort(times)
		out.Kinds[kind] = Kind{Requests: len(times), P95: percentile(times, 95)}
		all = append(all, times...)
	}
	slices.Sort(all)
	out.P50, out.P95, out.P99, out.Worst = percentile(all, 50), percentile(all, 95), percentile(all, 99), percentile(all, 100)
	return out
}

// percentile is the time that n of 100 requests did not exceed; sorted.
func percentile(sorted []time.Duration, n int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, (len(sorted)*n+99)/100-1)]
}

// String is a table for people.
func (r Report) String() string {
	s := fmt.Sprintf("%d requests in %.1f s: %.0f a second, %d errors\np50 %s  p95 %s  p99 %s  worst %s\n",
		r.Requests, r.Took.Seconds(), r.Rate(), r.Errors, ms(r.P50), ms(r.P95), ms(r.P99), ms(r.Worst))
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		s += fmt.Sprintf("  %-12s %6d  p95 %s\n", k, r.Kinds[k].Requests, ms(r.Kinds[k].P95))
	}
	for _, k := range slices.Sorted(maps.Keys(r.Journeys)) {
		s += fmt.Sprintf("  journey %-12s %6d\n", k, r.Journeys[k])
	}
	for _, e := range r.First {
		s += "  " + e + "\n"
	}
	return s
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
