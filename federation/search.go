package federation

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Query is what somebody looks for.
type Query struct {
	// Text is searched as it was typed; the searcher cuts it at 120 characters.
	Text string
	// Area is an Amtlicher Regionalschlüssel (ARS, digits) or a prefix of one;
	// empty: everywhere. Anything else counts as empty.
	Area string
	// Lang is the language wanted, as in BCP 47. Default "de".
	Lang string
	// Limit bounds the hits of each source. Default 20, at most 100.
	Limit int
	// Budget is how long the asker waits. The searcher sets it for its sources,
	// which may hand it on; 0 says nothing.
	Budget time.Duration
}

// Hit is a service that a source found.
type Hit struct {
	// Member is the id of who offers it. The searcher sets it: a source cannot
	// speak for others.
	Member string
	// Key is the Leistungsschlüssel, digits, empty if it has none.
	Key string
	// Area is the ARS, or a prefix of it, of the responsible unit.
	Area string
	// Title and Teaser are plain text; TitleLang is the language of both.
	Title, TitleLang, Teaser string
	// URL is the absolute address of the service's page.
	URL string
	// Online reports whether the service can be used online there.
	Online bool
	// Also are others that offer the same.
	Also []Origin
}

// Origin is another place where a hit is offered.
type Origin struct{ Member, URL string }

// Source answers queries for one member, best hit first. It should end when ctx
// ends; Query.Budget is how long somebody waits for the answer, ctx may live
// longer, since a late answer serves the next query. Its errors are best a
// [*SourceError]. Implementations are safe for concurrent use.
type Source interface {
	Search(ctx context.Context, q Query) ([]Hit, error)
}

// SourceStatus is what became of asking one source. The values are stable
// codes.
type SourceStatus string

// What became of a source.
const (
	// SourceOK: its answer is in the result, not older than a minute or so.
	SourceOK SourceStatus = "ok"
	// SourceStale: an older answer of it is in the result.
	SourceStale SourceStatus = "stale"
	// SourceTimeout: it has not answered in time.
	SourceTimeout SourceStatus = "timeout"
	// SourceFailed: it answered with an error or with something unreadable.
	SourceFailed SourceStatus = "error"
	// SourceSkipped: it was not asked, since it failed repeatedly just before or
	// has too many questions open.
	SourceSkipped SourceStatus = "skipped"
)

// SourceReport says what became of one source.
type SourceReport struct {
	Member string
	Status SourceStatus
	// Reason says why, for timeout and error; also when Status is stale.
	Reason Reason
	// Took is how long the answer took, 0 from the cache.
	Took time.Duration
	// Hits counts what the source contributed, before merging; Dropped what was
	// refused of its answer: foreign links, other areas, services of others.
	Hits, Dropped int
}

// Answer is the result of a search over members.
type Answer struct {
	// Hits are merged and without doubles, best first.
	Hits []Hit
	// Rankings are the same before merging, for a caller that merges them with
	// a list of its own; see [Merge].
	Rankings []Ranking
	// Sources reports on every member that was chosen, in the members' order.
	Sources []SourceReport
}

// Missing lists the ids of members that could not contribute: their hits may be
// missing in the answer.
func (a Answer) Missing() []string {
	var out []string
	for _, s := range a.Sources {
		if s.Status != SourceOK && s.Status != SourceStale {
			out = append(out, s.Member)
		}
	}
	return out
}

// Participant is a member whose services are searched.
type Participant struct {
	Member Member
	Source Source
	// Weight multiplies the member's say in the merged order. Default 1.
	Weight float64
}

// SearchOptions adjusts a [Searcher]. The zero value is usable.
type SearchOptions struct {
	// Now reports the current time, for the age of answers. Default: time.Now.
	Now func() time.Time
	// Budget is how long a search takes at most. Default 800 ms; 300 ms suits
	// suggestions.
	Budget time.Duration
	// Late is how long an answer is waited for in the background, to serve
	// later queries. Default 5 s, at least Budget.
	Late time.Duration
	// Fresh is how long an answer counts as new. Default 60 s.
	Fresh time.Duration
	// FreshEmpty is the same for an answer without hits. Default 10 s.
	FreshEmpty time.Duration
	// Revalidate is how long after that an old answer is used at once while a
	// new one is fetched in the background. Default 4 min.
	Revalidate time.Duration
	// Stale is how old an answer may be that stands in for one that fails.
	// Default 1 h.
	Stale time.Duration
	// MaxEntries and MaxBytes bound the answers that are kept. Default 2,000
	// and 8 MiB.
	MaxEntries int
	MaxBytes   int64
	// MaxOpen bounds the open questions to one member; it is then skipped, so
	// that one that hangs holds few goroutines. Default 16.
	MaxOpen int
	// Failures in a row, timeouts among them, after which a member is not asked
	// for the time of Pause. Default 3 and 10 s.
	Failures int
	Pause    time.Duration
	// InsecureAllowHTTP permits members whose own address is http, and links of
	// theirs that are. For tests and demos on one machine.
	InsecureAllowHTTP bool
	// Logger receives ids, codes and times, never a query. Default: discard.
	Logger *slog.Logger
}

func (o *SearchOptions) defaults() {
	for _, d := range []struct {
		to *time.Duration
		v  time.Duration
	}{
		{&o.Budget, 800 * time.Millisecond}, {&o.Late, 5 * time.Second}, {&o.Fresh, time.Minute}, {&o.FreshEmpty, 10 * time.Second},
		{&o.Revalidate, 4 * time.Minute}, {&o.Stale, time.Hour}, {&o.Pause, 10 * time.Second},
	} {
		if *d.to <= 0 {
			*d.to = d.v
		}
	}
	o.Late = max(o.Late, o.Budget)
	if o.MaxEntries <= 0 {
		o.MaxEntries = 2000
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.MaxOpen <= 0 {
		o.MaxOpen = 16
	}
	if o.Failures <= 0 {
		o.Failures = 3
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Searcher asks members at the same time and answers within a budget with what
// is there. It is safe for concurrent use. It starts a goroutine for each
// question, at most MaxOpen per member, which ends with the answer or, if the
// source heeds its context, after the time Late.
type Searcher struct {
	o     SearchOptions
	asked []*asked
	cache *searchCache
}

// NewSearcher returns a searcher over members; their order breaks ties. It
// refuses members that are not well-formed or share an id with an
// [*InvalidError]. opts may be nil.
func NewSearcher(participants []Participant, opts *SearchOptions) (*Searcher, error) {
	var o SearchOptions
	if opts != nil {
		o = *opts
	}
	o.defaults()
	s := &Searcher{o: o, cache: newSearchCache(o.MaxEntries, o.MaxBytes)}
	seen := map[string]bool{}
	for i, p := range participants {
		if err := p.Member.check(o.InsecureAllowHTTP); err != nil {
			return nil, err
		}
		if seen[p.Member.ID] {
			return nil, ErrExists
		}
		seen[p.Member.ID] = true
		if p.Source == nil {
			return nil, &InvalidError{"member source", RuleRequired}
		}
		if p.Weight <= 0 {
			p.Weight = 1
		}
		m := &p.Member
		m.Regions, m.Services, m.Hosts = slices.Clone(m.Regions), slices.Clone(m.Services), slices.Clone(m.Hosts)
		s.asked = append(s.asked, newAsked(i, p, &s.o, s.cache))
	}
	return s, nil
}

// Members lists who is asked, in their order.
func (s *Searcher) Members() []Member {
	out := make([]Member, 0, len(s.asked))
	for _, a := range s.asked {
		m := a.Member
		m.Regions, m.Services, m.Hosts = slices.Clone(m.Regions), slices.Clone(m.Services), slices.Clone(m.Hosts)
		out = append(out, m)
	}
	return out
}

// Search asks every member that serves the query's area. It returns as soon as
// all have answered, at the latest when the budget or ctx ends, and never
// fails: each member's report says what became of it. A query without text has
// no hits.
func (s *Searcher) Search(ctx context.Context, q Query) Answer {
	q = q.tidy(s.o.Budget)
	var a Answer
	if q.Text == "" {
		return a
	}
	var chosen []*asked
	for _, m := range s.asked {
		if m.Member.Serves(q.Area) {
			chosen = append(chosen, m)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Budget)
	defer cancel()
	if end, ok := ctx.Deadline(); ok {
		q.Budget = min(q.Budget, time.Until(end))
	}
	open := make([]pending, len(chosen))
	for i, m := range chosen {
		open[i] = m.ask(q)
	}
	for i, m := range chosen {
		hits, report := m.wait(ctx, open[i])
		a.Sources = append(a.Sources, report)
		if len(hits) > 0 {
			a.Rankings = append(a.Rankings, Ranking{Member: m.Member, Position: m.position, Weight: m.Weight, Hits: hits})
		}
		if report.Status != SourceOK {
			s.o.Logger.LogAttrs(ctx, slog.LevelInfo, "member without fresh answer", slog.String("member", m.Member.ID),
				slog.String("status", string(report.Status)), slog.String("reason", string(report.Reason)), slog.Duration("took", report.Took))
		}
	}
	a.Hits = Merge(a.Rankings)
	return a
}
