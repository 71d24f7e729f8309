package federation

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Ranking is the list of one member, best hit first.
type Ranking struct {
	Member Member
	// Position orders members: the lower wins ties.
	Position int
	// Weight multiplies the say of the list. 0 counts as 1.
	Weight float64
	Hits   []Hit
}

// rankConstant is k of reciprocal rank fusion (Cormack, Clarke, Büttcher,
// SIGIR 2009): large enough that the first place of one list does not beat the
// second places of two.
const rankConstant = 60

// Merge joins rankings into one list by reciprocal rank fusion: a hit's score is
// the sum of weight / (60 + rank) over the lists that have it. Hits are the same
// when they have the same Leistungsschlüssel and area, or, without a key, the
// same title and area. Shown is the one of the most local member; the others
// stand in Also. Ties go to the more specific area, then to the member's
// position, then to key, title and address. The order of rankings has no
// influence. Hits are taken as they are: a [Searcher] has cleaned its own.
func Merge(rankings []Ranking) []Hit {
	lists := slices.Clone(rankings)
	slices.SortStableFunc(lists, func(a, b Ranking) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Member.ID, b.Member.ID))
	})
	groups := map[string]*fused{}
	for _, l := range lists {
		weight := l.Weight
		if weight <= 0 {
			weight = 1
		}
		seen := map[string]bool{}
		for i, h := range l.Hits {
			id := sameness(h)
			if seen[id] {
				continue // a list has no two says about one service
			}
			seen[id] = true
			g := groups[id]
			if g == nil {
				g = &fused{}
				groups[id] = g
			}
			g.score += weight / float64(rankConstant+i+1)
			g.add(h, l.Member.reach(h.Area), l.Position)
		}
	}
	all := make([]*fused, 0, len(groups))
	for _, g := range groups {
		all = append(all, g)
	}
	slices.SortFunc(all, compareFused)
	hits := make([]Hit, 0, len(all))
	for _, g := range all {
		hits = append(hits, g.hit)
	}
	return hits
}

// fused is one service of several lists.
type fused struct {
	score    float64
	hit      Hit
	reach    int
	position int
}

// add takes another member's hit of the same service. Lists come in the order
// of their positions, so the first of equally local ones stays.
func (g *fused) add(h Hit, reach, position int) {
	also := slices.Clone(g.hit.Also)
	switch {
	case g.hit.URL == "":
		also = slices.Clone(h.Also)
	case reach > g.reach:
		also = append([]Origin{{g.hit.Member, g.hit.URL}}, also...)
	default:
		g.hit.Also = append(also, Origin{h.Member, h.URL})
		return
	}
	g.hit, g.reach, g.position = h, reach, position
	g.hit.Also = also
}

func compareFused(a, b *fused) int {
	return cmp.Or(
		cmp.Compare(b.score, a.score),
		cmp.Compare(len(b.hit.Area), len(a.hit.Area)),
		cmp.Compare(a.position, b.position),
		cmp.Compare(a.hit.Key, b.hit.Key),
		cmp.Compare(a.hit.Title, b.hit.Title),
		cmp.Compare(a.hit.URL, b.hit.URL),
	)
}

// sameness is equal for hits that stand for the same service of the same unit.
func sameness(h Hit) string {
	if h.Key != "" {
		return "k" + h.Key + "\x00" + h.Area
	}
	return "t" + fold(h.Title) + "\x00" + h.Area
}

// fold makes titles comparable: letters and digits in lower case, umlauts
// written out.
func fold(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		switch r {
		case 'ä':
			b.WriteString("ae")
		case 'ö':
			b.WriteString("oe")
		case 'ü':
			b.WriteString("ue")
		case 'ß':
			b.WriteString("ss")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
