package federation

import (
	"context"
	"slices"
	"strings"
)

// Links is a [Source] of a fixed list, for a member without a search of its
// own. A link is found when each word of the query, but for very short ones,
// stands in its title or teaser; more words in the title come first. The list
// must not change while it is used.
type Links []Hit

// Search implements [Source]. It fails only when ctx has ended.
func (l Links) Search(ctx context.Context, q Query) ([]Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var asked []string
	for _, w := range strings.Fields(fold(q.Text)) {
		if len(w) > 2 {
			asked = append(asked, w)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	type found struct {
		hit  Hit
		good int
	}
	var all []found
	for _, h := range l {
		if !overlap(h.Area, q.Area) {
			continue
		}
		title, teaser := fold(h.Title), fold(h.Teaser)
		good := 0
		missing := slices.ContainsFunc(asked, func(w string) bool {
			if strings.Contains(title, w) {
				good++
				return false
			}
			return !strings.Contains(teaser, w)
		})
		if !missing {
			all = append(all, found{h, good})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return b.good - a.good })
	var hits []Hit
	for _, f := range all {
		f.hit.Also = slices.Clone(f.hit.Also)
		hits = append(hits, f.hit)
	}
	if q.Limit > 0 && len(hits) > q.Limit {
		hits = hits[:q.Limit]
	}
	return hits, nil
}
