package federation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
)

// fake is a source whose answer takes some time.
type fake struct {
	asked atomic.Int32
	mu    sync.Mutex
	after time.Duration
	hits  []federation.Hit
	err   error
	last  federation.Query
}

func (f *fake) set(after time.Duration, err error, hits ...federation.Hit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after, f.err, f.hits = after, err, hits
}

func (f *fake) Search(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
	f.asked.Add(1)
	f.mu.Lock()
	after, err, hits := f.after, f.err, f.hits
	f.last = q
	f.mu.Unlock()
	if after > 0 {
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return hits, err
}

func member(id string, regions ...string) federation.Member {
	return federation.Member{ID: id, Name: "Stelle " + id, Kind: "utility", URL: "https://" + id + ".example", Regions: regions}
}

func hit(id, title string) federation.Hit {
	return federation.Hit{Title: title, URL: "https://" + id + ".example/" + strings.ReplaceAll(title, " ", "-")}
}

// searcher asks fakes named a, b, c ... in this order.
func searcher(t *testing.T, opts *federation.SearchOptions, sources ...federation.Source) *federation.Searcher {
	t.Helper()
	var all []federation.Participant
	for i, s := range sources {
		all = append(all, federation.Participant{Member: member(string(rune('a' + i))), Source: s})
	}
	s, err := federation.NewSearcher(all, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bubble runs a test on a clock of its own and ends when late answers are in
// or given up: what still runs then fails it.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		time.Sleep(6 * time.Second)
	})
}

func statuses(a federation.Answer) string {
	var out []string
	for _, s := range a.Sources {
		line := s.Member + ":" + string(s.Status)
		if s.Reason != "" {
			line += "/" + string(s.Reason)
		}
		out = append(out, line)
	}
	return strings.Join(out, " ")
}

func titles(hits []federation.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Title)
	}
	return strings.Join(out, ", ")
}

func TestSearchEndsWithTheSlowestOrTheBudget(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		quick, slow := &fake{}, &fake{}
		quick.set(10*time.Millisecond, nil, hit("a", "Strom"))
		slow.set(200*time.Millisecond, nil, hit("b", "Wasser"))
		s := searcher(t, nil, quick, slow)
		begin := time.Now()
		a := s.Search(t.Context(), federation.Query{Text: "x"})
		if took := time.Since(begin); took != 200*time.Millisecond {
			t.Errorf("all answered, yet it took %v", took)
		}
		if got := statuses(a); got != "a:ok b:ok" || len(a.Missing()) != 0 {
			t.Errorf("sources %s, missing %v", got, a.Missing())
		}
		if slow.last.Budget != 800*time.Millisecond || slow.last.Lang != "de" || slow.last.Limit != 20 {
			t.Errorf("asked with %+v", slow.last)
		}
		slow.set(time.Hour, nil)
		begin = time.Now()
		a = s.Search(t.Context(), federation.Query{Text: "y"})
		if took := time.Since(begin); took != 800*time.Millisecond {
			t.Errorf("one hangs: it took %v", took)
		}
		if got := statuses(a); got != "a:ok b:timeout/timeout" || titles(a.Hits) != "Strom" || !cmp.Equal(a.Missing(), []string{"b"}) {
			t.Errorf("one hangs: %s, %s, %v", got, titles(a.Hits), a.Missing())
		}
		if took := a.Sources[1].Took; took != 800*time.Millisecond {
			t.Errorf("reported %v", took)
		}
	})
}

func TestSearchHeedsTheCaller(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		f := &fake{}
		f.set(500*time.Millisecond, nil, hit("a", "Strom"))
		s := searcher(t, nil, f)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for i := range 5 { // a caller in a hurry says nothing about the member
			if a := s.Search(ctx, federation.Query{Text: fmt.Sprint("q", i)}); statuses(a) != "a:timeout/timeout" {
				t.Errorf("caller went away: %s", statuses(a))
			}
		}
		time.Sleep(time.Second)
		if a := s.Search(t.Context(), federation.Query{Text: "q0"}); statuses(a) != "a:ok" || titles(a.Hits) != "Strom" || f.asked.Load() != 5 {
			t.Errorf("afterwards: %s after %d questions", statuses(a), f.asked.Load())
		}
	})
}

func TestLateAnswerServesTheNext(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		f := &fake{}
		f.set(2*time.Second, nil, hit("a", "Strom"))
		s := searcher(t, nil, f)
		if a := s.Search(t.Context(), federation.Query{Text: "Strom", Area: "03399"}); statuses(a) != "a:timeout/timeout" {
			t.Fatal(statuses(a))
		}
		if a := s.Search(t.Context(), federation.Query{Text: " STROM ", Area: "03399"}); statuses(a) != "a:timeout/timeout" || f.asked.Load() != 1 {
			t.Errorf("the same question was asked twice at a time: %s, %d", statuses(a), f.asked.Load())
		}
		time.Sleep(time.Second)
		begin := time.Now()
		a := s.Search(t.Context(), federation.Query{Text: "strom", Area: "03399"})
		if statuses(a) != "a:ok" || titles(a.Hits) != "Strom" || time.Since(begin) != 0 || f.asked.Load() != 1 {
			t.Errorf("late answer: %s %s after %d questions", statuses(a), titles(a.Hits), f.asked.Load())
		}
		if a := s.Search(t.Context(), federation.Query{Text: "strom", Area: "03"}); statuses(a) == "a:ok" {
			t.Error("another area shared the answer")
		}
		time.Sleep(time.Minute)
	})
}

func TestAnswersGrowStale(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		f := &fake{}
		f.set(0, nil, hit("a", "alt"))
		s := searcher(t, nil, f)
		ask := func(want, hits string, asked int32) {
			t.Helper()
			a := s.Search(t.Context(), federation.Query{Text: "q"})
			synctest.Wait()
			if statuses(a) != want || titles(a.Hits) != hits || f.asked.Load() != asked {
				t.Errorf("%s %q after %d questions, want %s %q %d", statuses(a), titles(a.Hits), f.asked.Load(), want, hits, asked)
			}
			if len(a.Missing()) != 0 {
				t.Errorf("missing %v although there is an answer", a.Missing())
			}
		}
		ask("a:ok", "alt", 1)
		time.Sleep(59 * time.Second)
		ask("a:ok", "alt", 1)
		f.set(0, nil, hit("a", "neu"))
		time.Sleep(2 * time.Second)
		ask("a:stale", "alt", 2) // at once, and refreshed in the background
		ask("a:ok", "neu", 2)
		time.Sleep(30 * time.Minute)
		f.set(0, &federation.SourceError{Reason: federation.ReasonUnreachable})
		ask("a:stale/unreachable", "neu", 3) // tried, and the old one stands in
		time.Sleep(31 * time.Minute)
		if a := s.Search(t.Context(), federation.Query{Text: "q"}); statuses(a) != "a:error/unreachable" || len(a.Hits) != 0 {
			t.Errorf("after an hour: %s", statuses(a))
		}
		f.set(0, nil)
		if a := s.Search(t.Context(), federation.Query{Text: "leer"}); statuses(a) != "a:ok" {
			t.Errorf("no hits: %s", statuses(a))
		}
		f.set(0, nil, hit("a", "jetzt"))
		time.Sleep(11 * time.Second)
		if a := s.Search(t.Context(), federation.Query{Text: "leer"}); titles(a.Hits) != "jetzt" {
			t.Error("an answer without hits was kept for long")
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		err   error
		opens bool
	}{
		"hangs":    {time.Hour, nil, true},
		"slow":     {time.Second, nil, true},
		"5xx":      {0, &federation.SourceError{Reason: federation.ReasonUnreachable}, true},
		"429":      {0, &federation.SourceError{Reason: federation.ReasonBusy}, true},
		"html":     {0, &federation.SourceError{Reason: federation.ReasonMalformed}, true},
		"any":      {0, errors.New("x"), true},
		"4xx":      {0, &federation.SourceError{Reason: federation.ReasonRejected}, false},
		"all well": {0, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				f := &fake{}
				f.set(c.after, c.err)
				s := searcher(t, nil, f)
				for i := range 3 {
					s.Search(t.Context(), federation.Query{Text: fmt.Sprint("q", i)})
					synctest.Wait() // judged at the same moment as the page is answered
				}
				begin := time.Now()
				a := s.Search(t.Context(), federation.Query{Text: "more"})
				if open := statuses(a) == "a:skipped/busy"; open != c.opens {
					t.Errorf("after three: %s", statuses(a))
				}
				if c.opens && (time.Since(begin) != 0 || f.asked.Load() != 3) {
					t.Errorf("the paused member cost %v, was asked %d times", time.Since(begin), f.asked.Load())
				}
				f.set(0, nil, hit("a", "Strom"))
				time.Sleep(11 * time.Second)
				if a := s.Search(t.Context(), federation.Query{Text: "again"}); statuses(a) != "a:ok" {
					t.Errorf("after the pause: %s", statuses(a))
				}
			})
		})
	}
}

func TestHangingMemberHoldsFewGoroutines(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		f := &fake{}
		f.set(time.Hour, nil)
		s := searcher(t, &federation.SearchOptions{MaxOpen: 4, Failures: 1000, Budget: 50 * time.Millisecond}, f)
		var skipped atomic.Int32
		for i := range 200 {
			a := s.Search(t.Context(), federation.Query{Text: fmt.Sprint("q", i)})
			if a.Sources[0].Status == federation.SourceSkipped {
				skipped.Add(1)
			}
		}
		if n := f.asked.Load(); n > 8 || skipped.Load() < 190 {
			t.Errorf("asked %d times, skipped %d of 200", n, skipped.Load())
		}
	})
}

func TestPanicOfASource(t *testing.T) {
	t.Parallel()
	s := searcher(t, nil, sourceFunc(func(context.Context, federation.Query) ([]federation.Hit, error) { panic("no") }),
		federation.Links{hit("b", "Strom")})
	if a := s.Search(t.Context(), federation.Query{Text: "Strom"}); statuses(a) != "a:error/unknown b:ok" || titles(a.Hits) != "Strom" {
		t.Errorf("%s %s", statuses(a), titles(a.Hits))
	}
}

type sourceFunc func(context.Context, federation.Query) ([]federation.Hit, error)

func (f sourceFunc) Search(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
	return f(ctx, q)
}

func TestChoiceOfMembers(t *testing.T) {
	t.Parallel()
	var all []federation.Participant
	for id, region := range map[string]string{"land": "03", "kreis": "03399", "stadt": "033990004004", "anderswo": "05"} {
		all = append(all, federation.Participant{Member: member(id, region), Source: federation.Links{}})
	}
	all = append(all, federation.Participant{Member: member("bund"), Source: federation.Links{}})
	s, err := federation.NewSearcher(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	for area, want := range map[string]string{
		"": "anderswo bund kreis land stadt", "033990004004": "bund kreis land stadt", "033995401": "bund kreis land",
		"03": "bund kreis land stadt", "05": "anderswo bund", "Kreis": "anderswo bund kreis land stadt",
	} {
		asked := map[string]bool{}
		for _, r := range s.Search(t.Context(), federation.Query{Text: "q", Area: area}).Sources {
			asked[r.Member] = true
		}
		var got []string
		for _, id := range []string{"anderswo", "bund", "kreis", "land", "stadt"} {
			if asked[id] {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: asked %v, want %s", area, got, want)
		}
	}
	if a := s.Search(t.Context(), federation.Query{Text: " \x00 "}); len(a.Sources) != 0 {
		t.Error("members were asked for nothing")
	}
}

func TestWrongMembers(t *testing.T) {
	t.Parallel()
	good := federation.Participant{Member: member("a"), Source: federation.Links{}}
	for name, change := range map[string]func(*federation.Participant){
		"no id":        func(p *federation.Participant) { p.Member.ID = "" },
		"odd id":       func(p *federation.Participant) { p.Member.ID = "A/b" },
		"no name":      func(p *federation.Participant) { p.Member.Name = "" },
		"nul in name":  func(p *federation.Participant) { p.Member.Name = "a\x00" },
		"http":         func(p *federation.Participant) { p.Member.URL = "http://a.example" },
		"no url":       func(p *federation.Participant) { p.Member.URL = "" },
		"credentials":  func(p *federation.Participant) { p.Member.URL = "https://u:p@a.example" },
		"region":       func(p *federation.Participant) { p.Member.Regions = []string{"03x"} },
		"empty region": func(p *federation.Participant) { p.Member.Regions = []string{""} },
		"service":      func(p *federation.Participant) { p.Member.Services = []string{"*"} },
		"host":         func(p *federation.Participant) { p.Member.Hosts = []string{"*.example"} },
		"no source":    func(p *federation.Participant) { p.Source = nil },
	} {
		p := good
		change(&p)
		var invalid *federation.InvalidError
		if _, err := federation.NewSearcher([]federation.Participant{p}, nil); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := federation.NewSearcher([]federation.Participant{good, good}, nil); !errors.Is(err, federation.ErrExists) {
		t.Errorf("twice: %v", err)
	}
}

func TestForeignAnswersAreCleaned(t *testing.T) {
	t.Parallel()
	m := member("a", "03399")
	m.Hosts, m.Services = []string{"a.example", "www.a.example:8443"}, []string{"99067004001000"}
	ok := func(h federation.Hit) federation.Hit {
		h.Member = "a"
		return h
	}
	for name, c := range map[string]struct {
		in   federation.Hit
		want *federation.Hit
	}{
		"plain": {federation.Hit{Title: "Strom & Gas", URL: "https://a.example/x"}, ptr(ok(federation.Hit{Title: "Strom & Gas", URL: "https://a.example/x"}))},
		"markup": {federation.Hit{Title: "<b>Strom</b> &amp; <i>Gas</i><script>alert(1)</script>", Teaser: "a < b<!-- c -->", URL: "https://A.example:443/x"},
			ptr(ok(federation.Hit{Title: "Strom & Gas", Teaser: "a < b", URL: "https://A.example:443/x"}))},
		"open script":    {federation.Hit{Title: "Strom<SCRIPT src=x>alert(1)", URL: "https://a.example/x"}, ptr(ok(federation.Hit{Title: "Strom", URL: "https://a.example/x"}))},
		"bidi, controls": {federation.Hit{Title: "St\u202erom\x00\n\tund Gas\u00ad\ufeff\xff", URL: "https://a.example/x"}, ptr(ok(federation.Hit{Title: "St rom und Gas", URL: "https://a.example/x"}))},
		"too long":       {federation.Hit{Title: strings.Repeat("ä", 300), URL: "https://a.example/x"}, ptr(ok(federation.Hit{Title: strings.Repeat("ä", 199) + "…", URL: "https://a.example/x"}))},
		"keys":           {federation.Hit{Title: "T", Key: "x", Area: "y", TitleLang: "\"><b>", URL: "https://a.example/x"}, ptr(ok(federation.Hit{Title: "T", URL: "https://a.example/x"}))},
		"speaks for others": {federation.Hit{Member: "b", Also: []federation.Origin{{Member: "c", URL: "javascript:x"}}, Title: "T", URL: "https://a.example/x"},
			ptr(ok(federation.Hit{Title: "T", URL: "https://a.example/x"}))},
		"second host":   {federation.Hit{Title: "T", URL: "https://www.a.example:8443/"}, ptr(ok(federation.Hit{Title: "T", URL: "https://www.a.example:8443/"}))},
		"own service":   {federation.Hit{Title: "T", Key: "99067004001000", URL: "https://a.example/"}, ptr(ok(federation.Hit{Title: "T", Key: "99067004001000", URL: "https://a.example/"}))},
		"other service": {federation.Hit{Title: "T", Key: "99067004001001", URL: "https://a.example/"}, nil},
		"other area":    {federation.Hit{Title: "T", Area: "05", URL: "https://a.example/"}, nil},
		"not asked":     {federation.Hit{Title: "T", Area: "033995401", URL: "https://a.example/"}, nil},
		"no title":      {federation.Hit{Title: "<script>x</script>", URL: "https://a.example/"}, nil},
		"foreign host":  {federation.Hit{Title: "T", URL: "https://b.example/"}, nil},
		"sub host":      {federation.Hit{Title: "T", URL: "https://x.a.example/"}, nil},
		"suffix":        {federation.Hit{Title: "T", URL: "https://a.example.b.example/"}, nil},
		"other port":    {federation.Hit{Title: "T", URL: "https://a.example:8443/"}, nil},
		"http":          {federation.Hit{Title: "T", URL: "http://a.example/"}, nil},
		"javascript":    {federation.Hit{Title: "T", URL: "javascript:alert(1)//a.example"}, nil},
		"credentials":   {federation.Hit{Title: "T", URL: "https://a.example@b.example/"}, nil},
		"backslash":     {federation.Hit{Title: "T", URL: `https://a.example\@b.example/`}, nil},
		"relative":      {federation.Hit{Title: "T", URL: "//a.example/"}, nil},
		"newline":       {federation.Hit{Title: "T", URL: "https://a.example/\nx"}, nil},
		"long url":      {federation.Hit{Title: "T", URL: "https://a.example/" + strings.Repeat("x", 2000)}, nil},
	} {
		f := &fake{}
		f.set(0, nil, c.in)
		s, err := federation.NewSearcher([]federation.Participant{{Member: m, Source: f}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := s.Search(t.Context(), federation.Query{Text: "q", Area: "033990004004"})
		switch {
		case c.want == nil && (len(a.Hits) != 0 || a.Sources[0].Dropped != 1):
			t.Errorf("%s: %+v was let through", name, a.Hits)
		case c.want != nil && len(a.Hits) != 1:
			t.Errorf("%s: dropped", name)
		case c.want != nil && cmp.Diff(*c.want, a.Hits[0]) != "":
			t.Errorf("%s:\n%s", name, cmp.Diff(*c.want, a.Hits[0]))
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestSearchBounds(t *testing.T) {
	t.Parallel()
	var many []federation.Hit
	for i := range 500 {
		many = append(many, hit("a", fmt.Sprint("Treffer ", i)))
	}
	f := &fake{}
	f.set(0, nil, many...)
	s := searcher(t, &federation.SearchOptions{MaxBytes: 20_000, MaxEntries: 3}, f)
	for _, c := range []struct{ limit, want int }{{0, 20}, {5, 5}, {100, 100}, {10_000, 100}} {
		if a := s.Search(t.Context(), federation.Query{Text: "q", Limit: c.limit}); len(a.Hits) != c.want {
			t.Errorf("limit %d: %d hits", c.limit, len(a.Hits))
		}
	}
	s.Search(t.Context(), federation.Query{Text: strings.Repeat("ü", 1000)})
	if n := len([]rune(f.last.Text)); n != 120 {
		t.Errorf("a query of %d characters was sent", n)
	}
	// Whoever gets an answer may change it.
	a := s.Search(t.Context(), federation.Query{Text: "eins", Limit: 2})
	a.Hits[0].Title, a.Rankings[0].Hits[1].Title = "x", "y"
	if b := s.Search(t.Context(), federation.Query{Text: "eins", Limit: 2}); titles(b.Hits) != "Treffer 0, Treffer 1" {
		t.Errorf("the cache was changed from outside: %s", titles(b.Hits))
	}
}

func TestSearchConcurrently(t *testing.T) {
	t.Parallel()
	f, g := &fake{}, &fake{}
	f.set(0, nil, hit("a", "Strom"))
	g.set(0, nil, hit("b", "Wasser"))
	s := searcher(t, &federation.SearchOptions{MaxOpen: 64, MaxEntries: 8}, f, g)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 20 {
				if a := s.Search(t.Context(), federation.Query{Text: fmt.Sprint("q", (i+j)%16)}); len(a.Sources) != 2 {
					t.Error("a source is missing in the report")
				}
			}
		})
	}
	wg.Wait()
}
