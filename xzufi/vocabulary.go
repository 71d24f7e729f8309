package xzufi

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// vocabulary is every word of the catalogue. Queries are widened with it, so
// the stores only ever look up terms that exist.
type vocabulary struct {
	words  []vocWord // sorted by folded
	byTerm map[string][]int
	// parts leads from the term of a compound's part to the compounds.
	parts map[string][]int
}

type vocWord struct {
	folded, surface, term string
	letters               uint64 // which letters occur, to skip most distances
}

func newVocabulary(texts []string) *vocabulary {
	surface := map[string]string{}
	for _, t := range texts {
		for w := range strings.FieldsSeq(t) {
			if _, known := surface[w]; !known {
				surface[w] = german.Fold(w)
			}
		}
	}
	best := map[string]string{}
	for w, f := range surface {
		if old, ok := best[f]; !ok || w < old { // capitals first, and stable
			best[f] = w
		}
	}
	v := &vocabulary{byTerm: map[string][]int{}, parts: map[string][]int{}}
	for f, w := range best {
		v.words = append(v.words, vocWord{folded: f, surface: w, term: german.Term(f), letters: letters(f)})
	}
	slices.SortFunc(v.words, func(a, b vocWord) int { return cmp.Compare(a.folded, b.folded) })
	for i, w := range v.words {
		v.byTerm[w.term] = append(v.byTerm[w.term], i)
	}
	for i, w := range v.words {
		seen := map[string]bool{}
		for _, p := range v.split(w.folded) {
			if t := german.Term(p); !seen[t] && t != w.term {
				seen[t] = true
				v.parts[t] = append(v.parts[t], i)
			}
		}
	}
	return v
}

func letters(s string) uint64 {
	var m uint64
	for i := 0; i < len(s); i++ {
		m |= 1 << (s[i] & 63)
	}
	return m
}

func (v *vocabulary) known(folded string) bool {
	_, ok := slices.BinarySearchFunc(v.words, folded, func(w vocWord, f string) int { return cmp.Compare(w.folded, f) })
	return ok
}

// Linking elements between the parts of a German compound.
var links = []string{"", "s", "es", "n", "en", "e", "er"}

const (
	minHead = 3
	minTail = 4
)

// split takes a compound apart into words of the vocabulary, without the
// compound itself. nil if it cannot be taken apart.
func (v *vocabulary) split(w string) []string { return v.splitDeep(w, 3, false) }

// splitDeep does the work; with inflected also other forms of a known word are
// taken as the last part.
func (v *vocabulary) splitDeep(w string, depth int, inflected bool) []string {
	if len(w) < minHead+minTail || depth == 0 {
		return nil
	}
	// The longest tail first: it is the noun that the compound is about.
	for i := minHead; i <= len(w)-minTail; i++ {
		tail := w[i:]
		if !v.known(tail) && (!inflected || v.byTerm[german.Term(tail)] == nil) {
			continue
		}
		head, ok := v.head(w[:i])
		if !ok {
			if deeper := v.splitDeep(w[:i], depth-1, false); deeper != nil {
				return append(deeper, tail)
			}
			continue
		}
		out := []string{head, tail}
		out = append(out, v.splitDeep(head, depth-1, false)...)
		return append(out, v.splitDeep(tail, depth-1, false)...)
	}
	return nil
}

func (v *vocabulary) head(s string) (string, bool) {
	for _, l := range links {
		if h, ok := strings.CutSuffix(s, l); ok && len(h) >= minHead && v.known(h) {
			return h, true
		}
	}
	return "", false
}

// How a word of the query was found in the vocabulary, best first.
const (
	tierExact = iota
	tierPart
	tierPrefix
	tierTypo
	tiers
)

const maxExpansion = 60 // terms per tier and word of the query

// expansion is one word of the query and what it stands for.
type expansion struct {
	word  german.Word
	terms [tiers][]string
	// shown is, per tier, the word of the catalogue to name as matched.
	shown [tiers]string
	floor int // the best tier this word may count as
}

// expand says what a query word stands for. A word the catalogue does not have
// is taken apart if it is a compound of known words, else read as mistyped.
func (v *vocabulary) expand(w german.Word) []expansion {
	e := expansion{word: w}
	term := german.Term(w.Folded)
	used := map[string]bool{}
	add := func(tier int, ids ...int) {
		for _, i := range ids {
			vw := v.words[i]
			if used[vw.term] || len(e.terms[tier]) == maxExpansion {
				continue
			}
			used[vw.term] = true
			e.terms[tier] = append(e.terms[tier], vw.term)
			if e.shown[tier] == "" {
				e.shown[tier] = vw.surface
			}
		}
	}
	add(tierExact, v.byTerm[term]...)
	add(tierPart, v.parts[term]...)
	add(tierPrefix, v.prefixed(w.Folded)...)
	if len(e.terms[tierExact]) == 0 {
		if len(e.terms[tierPart])+len(e.terms[tierPrefix]) == 0 {
			if parts := v.splitDeep(w.Folded, 3, true); parts != nil {
				return v.expandParts(parts)
			}
		}
		add(tierPart, v.ending(w.Folded)...)
		add(tierTypo, v.near(w.Folded, typos(w.Folded))...)
	}
	return []expansion{e}
}

func (v *vocabulary) expandParts(parts []string) []expansion {
	var out []expansion
	for _, p := range parts {
		if v.split(p) != nil { // its own parts are in the list as well
			continue
		}
		for _, e := range v.expand(german.Word{Surface: p, Folded: p}) {
			e.floor = tierPart
			out = append(out, e)
		}
	}
	return out
}

// prefixed returns the words that begin with p, shortest first.
func (v *vocabulary) prefixed(p string) []int {
	if len(p) < 2 {
		return nil
	}
	from := sort.Search(len(v.words), func(i int) bool { return v.words[i].folded >= p })
	var out []int
	for i := from; i < len(v.words) && strings.HasPrefix(v.words[i].folded, p); i++ {
		out = append(out, i)
	}
	v.byLength(out)
	return out
}

// ending returns the words that end with p: compounds whose head is not a word
// of the catalogue.
func (v *vocabulary) ending(p string) []int {
	if len(p) < minTail+1 {
		return nil
	}
	var out []int
	for i, w := range v.words {
		if len(w.folded) >= len(p)+minHead && strings.HasSuffix(w.folded, p) {
			out = append(out, i)
		}
	}
	v.byLength(out)
	return out
}

func (v *vocabulary) byLength(ids []int) {
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(len(v.words[a].folded), len(v.words[b].folded)) })
}

// typos is the number of mistakes forgiven in a word.
func typos(w string) int {
	switch {
	case len(w) < 4:
		return 0
	case len(w) < 8:
		return 1
	}
	return 2
}

// near returns the words within max mistakes, nearest first, and of those only
// the ones with the fewest mistakes plus one.
func (v *vocabulary) near(p string, max int) []int {
	if max <= 0 {
		return nil
	}
	type found struct{ id, d int }
	var all []found
	mask := letters(p)
	for i, w := range v.words {
		if n := len(w.folded) - len(p); n > max || -n > max || bits.OnesCount64(mask^w.letters) > 2*max {
			continue
		}
		// A first letter is rarely mistaken; a wrong one allows for one mistake
		// only, or "umziehen" would find "ziehen".
		if d := distance(w.folded, p, max); d <= max && d <= 1+(max-1)*first(w.folded, p) {
			all = append(all, found{i, d})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		if c := cmp.Compare(a.d, b.d); c != 0 {
			return c
		}
		return cmp.Compare(first(v.words[b.id].folded, p), first(v.words[a.id].folded, p))
	})
	var out []int
	for _, f := range all {
		if f.d > all[0].d {
			break
		}
		out = append(out, f.id)
	}
	return out
}

func first(a, b string) int {
	if a != "" && b != "" && a[0] == b[0] {
		return 1
	}
	return 0
}

// distance is the number of letters missing, extra, wrong or swapped with
// their neighbour between a and b; max+1 stands for anything above max.
func distance(a, b string, max int) int {
	if d := len(a) - len(b); d > max || -d > max {
		return max + 1
	}
	if len(a) > 2*german.MaxWord || len(b) > 2*german.MaxWord {
		return max + 1
	}
	var rows [3][2*german.MaxWord + 1]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		best := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			best = min(best, d)
		}
		if best > max {
			return max + 1
		}
		before, last, now = last, now, before
	}
	return min(last[len(b)], max+1)
}
