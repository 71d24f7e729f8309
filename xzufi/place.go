package xzufi

import (
	"context"
	"sort"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

const maxPlaces = 20

// Places finds municipalities by postcode or name, best first, at most 20. It
// forgives: the beginning of a postcode or name is enough, umlauts may be
// spelt out, a letter may be wrong, and a postcode may be followed by a name.
// Nothing found gives an empty slice. A NUL byte or invalid UTF-8 gives an
// *[InvalidError].
func (c *Catalogue) Places(ctx context.Context, q string) ([]Area, error) {
	if err := checkText("query", q); err != nil {
		return nil, err
	}
	set, err := c.areas(ctx)
	if err != nil {
		return nil, err
	}
	postcode, words := "", []string{}
	for _, w := range german.Words(clip(q)) {
		if digits(w.Folded) && len(w.Folded) <= 5 && postcode == "" {
			postcode = w.Folded
		} else {
			words = append(words, w.Folded)
		}
	}
	type hit struct {
		area  Area
		score int
	}
	var hits []hit
	for i, a := range set.list {
		if !set.leaf[a.Key] {
			continue
		}
		score := placeScore(a, set.folded[i], postcode, words)
		if score > 0 {
			hits = append(hits, hit{a, score})
		}
	}
	sort.SliceStable(hits, func(i, j int) bool {
		if hits[i].score != hits[j].score {
			return hits[i].score > hits[j].score
		}
		if x, y := german.SortKey(hits[i].area.Name), german.SortKey(hits[j].area.Name); x != y {
			return x < y
		}
		return hits[i].area.Key < hits[j].area.Key
	})
	var out []Area
	for _, h := range hits {
		// Guesses are only of use where nothing fits.
		if len(out) == maxPlaces || hits[0].score > 1 && h.score == 1 {
			break
		}
		out = append(out, h.area.clone())
	}
	return out, nil
}

// placeScore: 0 no match, 1 a guess, more is better.
func placeScore(a Area, folded, postcode string, words []string) int {
	score := 0
	if postcode != "" {
		for _, p := range a.Postcodes {
			if p == postcode {
				score = 8
			} else if score == 0 && len(postcode) >= 2 && strings.HasPrefix(p, postcode) {
				score = 4
			}
		}
		if score == 0 {
			return 0
		}
	}
	if len(words) == 0 {
		return score
	}
	name := strings.Join(words, " ")
	switch {
	case folded == name:
		return score + 8
	case strings.HasPrefix(folded, name):
		return score + 6
	}
	parts := strings.FieldsFunc(folded, func(r rune) bool { return r == ' ' || r == '-' || r == '(' || r == ')' || r == '/' || r == '.' })
	matched := 0
	for _, w := range words {
		for _, p := range parts {
			if strings.HasPrefix(p, w) {
				matched++
				break
			}
		}
	}
	if matched == len(words) {
		return score + 4
	}
	if score >= 8 {
		return score // a full postcode decides, whatever follows it
	}
	if len(name) >= 4 && (distance(folded, name, typos(name)) <= typos(name) ||
		len(folded) > len(name) && distance(folded[:len(name)], name, 1) <= 1) {
		return score + 1
	}
	return 0
}
