package xzufi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// Query is what somebody looks for.
type Query struct {
	Text string
	// Area restricts to services that hold there, and says where Online is
	// asked. Empty: everywhere.
	Area string
	// Lang is the language of titles in the result. Default: "de".
	Lang string
	// Limit defaults to 20 and is at most 200. Offset skips better hits.
	Limit, Offset int
}

// Result is a page of hits.
type Result struct {
	// Total is the number of all hits, not only of this page.
	Total int
	Hits  []Hit
	// Suggestion is a query that finds something, if this one found nothing.
	Suggestion string
}

// Hit is a service in a list.
type Hit struct {
	ID            ID
	Title, Teaser string
	// TitleLang is the language that Title is in.
	TitleLang string
	// Score orders hits within one result; more is better. Its scale may change.
	Score int
	// Online reports whether there is an online service for it in the area.
	Online bool
	// Matched is the word of the catalogue that the best word of the query was
	// taken for, if that can be said; empty in lists.
	Matched string
}

const (
	maxQueryBytes = 400
	maxQueryWords = 8
	defaultLimit  = 20
	maxLimit      = 200
)

// clip cuts a query to the length that is looked at.
func clip(q string) string {
	if len(q) <= maxQueryBytes {
		return q
	}
	return strings.ToValidUTF8(q[:maxQueryBytes], "")
}

// Search finds services by what people type. It looks at titles, synonyms and
// texts; it knows German stems, compounds, the beginnings of words and
// mistyped words. Hits with all words come before hits with some, titles
// before synonyms before texts, exact words before beginnings before mistyped
// ones. Only the first 400 bytes and eight words of a query count; operators
// and signs mean nothing. A query without words finds nothing. A NUL byte or
// invalid UTF-8 gives an *[InvalidError].
func (c *Catalogue) Search(ctx context.Context, q Query) (Result, error) {
	if err := errorsFirst(checkText("query", q.Text), checkText("area", q.Area), checkText("lang", q.Lang)); err != nil {
		return Result{}, err
	}
	words := queryWords(q.Text)
	if len(words) == 0 {
		return Result{}, nil
	}
	v, err := c.view(ctx)
	if err != nil {
		return Result{}, err
	}
	voc := v.vocabulary()
	var es []expansion
	for _, w := range words {
		es = append(es, voc.expand(w)...)
	}
	area := ""
	if q.Area != "" {
		area = v.areas.resolve(q.Area)
	}
	ranked, err := c.rank(ctx, v, es, area)
	if err != nil {
		return Result{}, err
	}
	if len(ranked) == 0 {
		return Result{Suggestion: voc.suggest(words)}, nil
	}
	res := Result{Total: len(ranked)}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	from := min(max(q.Offset, 0), len(ranked))
	ranked = ranked[from:min(from+limit, len(ranked))]
	for _, r := range ranked {
		h := r.card.hit(q.Lang)
		h.Score, h.Matched = r.score, r.matched()
		res.Hits = append(res.Hits, h)
	}
	return res, c.markOnline(ctx, v, res.Hits, area)
}

func queryWords(text string) []german.Word {
	var out []german.Word
	seen := map[string]bool{}
	for _, w := range german.Words(clip(text)) {
		if !seen[w.Folded] && len(out) < maxQueryWords {
			seen[w.Folded] = true
			out = append(out, w)
		}
	}
	return out
}

func (s *shelf) vocabulary() *vocabulary {
	s.once.Do(func() {
		s.words = newVocabulary(s.texts)
		s.texts = nil
	})
	return s.words
}

type ranked struct {
	card  *card
	score int
	best  expansion // the word of the query that counted most
	tier  int
}

// matched names the word of the title that the best word was taken for, else
// the word of the catalogue if there is just one it can have been.
func (r ranked) matched() string {
	terms := r.best.terms[r.tier]
	for _, t := range r.card.Title {
		for _, w := range german.Words(t.Text) {
			if slices.Contains(terms, german.Term(w.Folded)) {
				return w.Surface
			}
		}
	}
	if len(terms) == 1 {
		return r.best.shown[r.tier]
	}
	return ""
}

// Weights: a title counts more than a synonym, a synonym more than a text,
// whatever the tier within reason.
var (
	fieldWeight = [...]int{FieldTitle: 100, FieldSynonym: 50, FieldText: 12}
	tierWeight  = [...]int{tierExact: 100, tierPart: 80, tierPrefix: 75, tierTypo: 55}
)

// asked is what a probe was made for.
type asked struct{ word, tier int }

// tally is what one service has of the query.
type tally struct {
	best   []int // per word, the most it counts for
	top    int
	asked  asked
	strong bool // a word itself found outside the text
}

// rank asks the store which services hold which terms, and orders them.
func (c *Catalogue) rank(ctx context.Context, v view, es []expansion, area string) ([]ranked, error) {
	var probes []Probe
	var meta []asked
	for i, e := range es {
		for tier, terms := range e.terms {
			if len(terms) == 0 {
				continue
			}
			for _, f := range []Field{FieldTitle, FieldSynonym, FieldText} {
				probes = append(probes, Probe{Field: f, Terms: terms})
				meta = append(meta, asked{i, tier})
			}
		}
	}
	if len(probes) == 0 {
		return nil, nil
	}
	found, err := c.store.Match(ctx, probes)
	if err != nil {
		return nil, err
	}
	tallies := map[string]*tally{}
	for p, keys := range found {
		m := meta[p]
		e := es[m.word]
		w := fieldWeight[probes[p].Field] * tierWeight[max(m.tier, e.floor)]
		for _, key := range keys {
			t := tallies[key]
			if t == nil {
				t = &tally{best: make([]int, len(es))}
				tallies[key] = t
			}
			t.best[m.word] = max(t.best[m.word], w)
			t.strong = t.strong || probes[p].Field != FieldText && m.tier <= tierPart
			if w > t.top {
				t.top, t.asked = w, m
			}
		}
	}
	return v.order(es, tallies, area), nil
}

// order ranks the services that are to be shown, best first.
func (v view) order(es []expansion, tallies map[string]*tally, area string) []ranked {
	var out, weak []ranked
	for key, t := range tallies {
		k := v.byKey[key]
		if k == nil || !v.shown(k, area) {
			continue
		}
		n, sum := 0, 0
		for _, b := range t.best {
			if b > 0 {
				n++
				sum += b
			}
		}
		score := 100_000*n/len(es) + sum/len(es)
		if n == len(es) && t.top >= fieldWeight[FieldTitle]*tierWeight[tierTypo] && k.TitleWords > 0 {
			score += 1500 * min(len(es), k.TitleWords) / k.TitleWords // the shorter title is the closer one
		}
		r := ranked{k, score, es[t.asked.word], t.asked.tier}
		if n < len(es) && !t.strong {
			weak = append(weak, r)
		} else {
			out = append(out, r)
		}
	}
	// Some of the words in a text, or only begun, is noise beside better hits.
	if len(out) == 0 {
		out = weak
	}
	slices.SortFunc(out, func(a, b ranked) int {
		if d := cmp.Compare(b.score, a.score); d != 0 {
			return d
		}
		if d := cmp.Compare(a.card.sort, b.card.sort); d != 0 {
			return d
		}
		return cmp.Compare(a.card.key, b.card.key)
	})
	return out
}

// suggest replaces unknown words by the nearest known ones; "" if there are none.
func (v *vocabulary) suggest(words []german.Word) string {
	var out []string
	changed := false
	for _, w := range words {
		if _, ok := v.byTerm[german.Term(w.Folded)]; ok {
			out = append(out, w.Surface)
			continue
		}
		// Wider than a search dares: a person looks at it before it is used.
		ids := v.near(w.Folded, max(1, min(4, len(w.Folded)/3)))
		if len(ids) == 0 {
			continue
		}
		out = append(out, v.words[ids[0]].surface)
		changed = true
	}
	if !changed {
		return ""
	}
	return strings.Join(out, " ")
}

func (k *card) hit(lang string) Hit {
	t := k.Title.Pick(lang)
	return Hit{ID: k.ID, Title: t.Text, TitleLang: t.Lang, Teaser: k.Teaser.For(lang)}
}
