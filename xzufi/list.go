package xzufi

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// ListQuery chooses services for a list in the order of the alphabet.
type ListQuery struct {
	// Letter is the first letter of the title, "A" to "Z" (umlauts count as
	// their vowels), or "#" for anything else. Empty: all.
	Letter string
	// Category is the ID.String of a category. Empty: all.
	Category string
	// Area restricts to services that hold there. Empty: all.
	Area string
	// Lang is the language of the titles. Default: "de".
	Lang string
	// After continues behind a page; it is the second result of List.
	After string
	// Limit defaults to 20 and is at most 200.
	Limit int
}

// List returns services in the order of their titles and, if there are more,
// the value for After. An After of another kind gives an *[InvalidError].
func (c *Catalogue) List(ctx context.Context, q ListQuery) ([]Hit, string, error) {
	if err := errorsFirst(checkText("letter", q.Letter), checkText("category", q.Category), checkText("area", q.Area),
		checkText("lang", q.Lang)); err != nil {
		return nil, "", err
	}
	after, err := base64.RawURLEncoding.DecodeString(q.After)
	if err != nil {
		return nil, "", &InvalidError{Field: "after", Rule: RuleFormat}
	}
	v, err := c.view(ctx)
	if err != nil {
		return nil, "", err
	}
	area := ""
	if q.Area != "" {
		area = v.areas.resolve(q.Area)
	}
	type item struct {
		sort string
		card *card
	}
	var items []item
	for _, k := range v.cards {
		if !v.shown(k, area) || q.Category != "" && !k.in(q.Category) {
			continue
		}
		title := k.Title.For(q.Lang)
		if q.Letter != "" && letterOf(title) != strings.ToUpper(q.Letter) {
			continue
		}
		items = append(items, item{german.SortKey(title) + "\x00" + k.key, k})
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.sort, b.sort) })
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	var out []Hit
	next, cursor := "", ""
	for _, it := range items {
		if len(after) > 0 && it.sort <= string(after) {
			continue
		}
		if len(out) == limit {
			next = base64.RawURLEncoding.EncodeToString([]byte(cursor))
			break
		}
		out = append(out, it.card.hit(q.Lang))
		cursor = it.sort
	}
	return out, next, c.markOnline(ctx, v, out, area)
}

func (k *card) in(category string) bool {
	for _, g := range k.Categories {
		if g.ID.String() == category {
			return true
		}
	}
	return false
}

func letterOf(title string) string {
	r, _ := utf8.DecodeRuneInString(german.SortKey(title))
	if r >= 'a' && r <= 'z' {
		return string(r - 'a' + 'A')
	}
	return "#"
}

// CategoryCount is a category and the number of its services.
type CategoryCount struct {
	// ID is the ID.String, for ListQuery.Category; Parent may be empty.
	ID, Parent string
	Name       string
	// Class groups categories, such as life situations.
	Class string
	Count int
}

// Categories returns the categories of all visible services in the order of
// their names.
func (c *Catalogue) Categories(ctx context.Context, lang string) ([]CategoryCount, error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]*CategoryCount{}
	for _, k := range v.cards {
		if !v.shown(k, "") {
			continue
		}
		seen := map[string]bool{}
		for _, g := range k.Categories {
			id := g.ID.String()
			if seen[id] {
				continue
			}
			seen[id] = true
			n := byID[id]
			if n == nil {
				n = &CategoryCount{ID: id, Name: g.Name.For(lang), Class: g.ClassName.For(lang)}
				if !g.Parent.IsZero() {
					n.Parent = g.Parent.String()
				}
				byID[id] = n
			}
			n.Count++
		}
	}
	var out []CategoryCount
	for _, n := range byID {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b CategoryCount) int {
		if d := cmp.Compare(german.SortKey(a.Name), german.SortKey(b.Name)); d != 0 {
			return d
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return out, nil
}

// LetterCount is a first letter and the number of services under it.
type LetterCount struct {
	Letter string
	Count  int
}

// Letters returns the first letters of the visible services' titles, "#" last.
func (c *Catalogue) Letters(ctx context.Context, lang string) ([]LetterCount, error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for _, k := range v.cards {
		if v.shown(k, "") {
			n[letterOf(k.Title.For(lang))]++
		}
	}
	var out []LetterCount
	for l, count := range n {
		out = append(out, LetterCount{l, count})
	}
	slices.SortFunc(out, func(a, b LetterCount) int {
		if (a.Letter == "#") != (b.Letter == "#") {
			return cmp.Compare(b.Letter, a.Letter)
		}
		return cmp.Compare(a.Letter, b.Letter)
	})
	return out, nil
}

// ByLeika finds the service with a federal key of 14 digits: of several the
// one whose area is nearest to the asked one. [ErrNotFound] if there is none.
func (c *Catalogue) ByLeika(ctx context.Context, key, area string) (ID, error) {
	if err := errorsFirst(checkText("key", key), checkText("area", area)); err != nil {
		return ID{}, err
	}
	v, err := c.view(ctx)
	if err != nil {
		return ID{}, err
	}
	if area != "" {
		area = v.areas.resolve(area)
	}
	best, bestDistance := (*card)(nil), 0
	for _, k := range v.cards {
		if !slices.Contains(k.Leika, key) || !v.shown(k, area) {
			continue
		}
		d := 0
		if area != "" {
			d, _, _ = v.areas.nearest(area, k.Areas)
		}
		if best == nil || d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best == nil {
		return ID{}, ErrNotFound
	}
	return best.ID, nil
}
