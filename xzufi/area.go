package xzufi

import (
	"context"
	"sort"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// Level is the level of an area.
type Level string

// The levels, from the most specific one upward.
const (
	LevelGemeinde      Level = "gemeinde"
	LevelSamtgemeinde  Level = "samtgemeinde"
	LevelKreis         Level = "kreis"
	LevelBezirk        Level = "bezirk"
	LevelLand          Level = "land"
	LevelBund          Level = "bund"
	LevelNotRegistered Level = "other"
)

// Federal is the key of the federal level, the ancestor of every area.
const Federal = "00"

// Area is a territory with an administration.
type Area struct {
	// Key is the Regionalschlüssel cut to its level: 2 digits for a Land, 5
	// for a Kreis or kreisfreie Stadt, 9 for a Samtgemeinde, 12 for a Gemeinde.
	// A key padded with zeros to 12 digits is cut by [Catalogue.SetAreas].
	Key  string
	Name string
	// Kind is what people call it: "Landkreis", "Stadt", "Samtgemeinde".
	Kind      string
	Postcodes []string
	// Parents are the areas directly above, nearest first. Empty: derived from
	// the key's prefixes. Given ones replace the derived ones.
	Parents     []string
	Inhabitants int
}

// Level returns the level that follows from the length of the key.
func (a Area) Level() Level { return levelOf(a.Key) }

func levelOf(key string) Level {
	if key == Federal || key == "" {
		return LevelBund
	}
	switch len(key) {
	case 2:
		return LevelLand
	case 3:
		return LevelBezirk
	case 5:
		return LevelKreis
	case 9:
		return LevelSamtgemeinde
	case 12:
		return LevelGemeinde
	}
	return LevelNotRegistered
}

// NormalizeArea cuts a Regionalschlüssel to its level: a key of 12 digits
// loses the zeros behind its shortest prefix of 2, 3, 5 or 9 digits. Twelve
// zeros give [Federal]. Anything else is returned trimmed.
func NormalizeArea(key string) string {
	key = strings.TrimSpace(key)
	if len(key) != 12 || !digits(key) {
		if key == "*" || key == "0" {
			return Federal
		}
		return key
	}
	if strings.Trim(key, "0") == "" {
		return Federal
	}
	for _, n := range []int{2, 3, 5, 9} {
		if strings.Trim(key[n:], "0") == "" {
			return key[:n]
		}
	}
	return key
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// areaSet is the registered areas; it never changes once built.
type areaSet struct {
	byKey  map[string]Area
	list   []Area
	folded []string            // folded names, same order as list
	ags    map[string]string   // Gemeindeschlüssel to key, where unique
	leaf   map[string]bool     // municipalities: no area below, Kreis or deeper
	above  map[string][]string // filled at construction: key to ancestors
}

func newAreaSet(areas []Area) *areaSet {
	s := &areaSet{byKey: map[string]Area{}, ags: map[string]string{}, leaf: map[string]bool{}, above: map[string][]string{}}
	s.list = append(s.list, areas...)
	sort.Slice(s.list, func(i, j int) bool { return s.list[i].Key < s.list[j].Key })
	for _, a := range s.list {
		s.byKey[a.Key] = a
		s.folded = append(s.folded, german.Fold(a.Name))
		if digits(a.Key) && (len(a.Key) == 12 || len(a.Key) == 5) {
			full := a.Key + strings.Repeat("0", 12-len(a.Key))
			ags := full[:5] + full[9:]
			if _, twice := s.ags[ags]; twice {
				s.ags[ags] = ""
			} else {
				s.ags[ags] = a.Key
			}
		}
	}
	hasChild := map[string]bool{}
	for _, a := range s.list {
		s.above[a.Key] = s.climb(a.Key)
		for _, p := range s.above[a.Key] {
			hasChild[p] = true
		}
	}
	for _, a := range s.list {
		n := len(a.Key)
		s.leaf[a.Key] = !hasChild[a.Key] && n >= 5
	}
	return s
}

// resolve turns what a reference says into an area key.
func (s *areaSet) resolve(key string) string {
	key = NormalizeArea(key)
	if _, ok := s.byKey[key]; !ok && len(key) == 8 && s.ags[key] != "" {
		return s.ags[key]
	}
	return key
}

func (s *areaSet) parents(key string) []string {
	if a, ok := s.byKey[key]; ok && len(a.Parents) > 0 {
		return a.Parents
	}
	if !digits(key) {
		return nil
	}
	// The next shorter prefix is enough: the rest follows from it. Prefixes
	// that are no registered area still count, because entries may name them.
	for _, n := range []int{9, 5, 3, 2} {
		if len(key) > n {
			return []string{key[:n]}
		}
	}
	return nil
}

// climb returns the ancestors of key, nearest first, Federal last.
func (s *areaSet) climb(key string) []string {
	var out []string
	seen := map[string]bool{key: true, Federal: true}
	for level := []string{key}; len(level) > 0; {
		var next []string
		for _, k := range level {
			for _, p := range s.parents(k) {
				if !seen[p] {
					seen[p] = true
					next = append(next, p)
				}
			}
		}
		out = append(out, next...)
		level = next
	}
	if key != Federal {
		out = append(out, Federal)
	}
	return out
}

// ancestors is climb for any key, registered or not.
func (s *areaSet) ancestors(key string) []string {
	if up, ok := s.above[key]; ok {
		return up
	}
	return s.climb(key)
}

// nearest returns how far above key the nearest of the areas lies (0: key
// itself) and which one it is. An empty list holds everywhere. ok is false if
// none of them contains key.
func (s *areaSet) nearest(key string, areas []string) (distance int, area string, ok bool) {
	up := s.ancestors(key)
	if len(areas) == 0 {
		return len(up) + 1, Federal, true
	}
	best := -1
	for _, a := range areas {
		a = s.resolve(a)
		if a == key {
			return 0, a, true
		}
		for i, p := range up {
			if p == a && (best < 0 || i+1 < best) {
				best, area = i+1, a
			}
		}
	}
	return best, area, best >= 0
}

func checkAreas(areas []Area) ([]Area, error) {
	out := make([]Area, 0, len(areas))
	seen := map[string]bool{}
	for _, a := range areas {
		a.Key = NormalizeArea(a.Key)
		if a.Key == "" || a.Name == "" {
			return nil, &InvalidError{Field: "area", Rule: RuleRequired}
		}
		if err := checkText("area", append(append([]string{a.Key, a.Name, a.Kind}, a.Postcodes...), a.Parents...)...); err != nil {
			return nil, err
		}
		if len(a.Key) > 64 || len(a.Name) > 400 {
			return nil, &InvalidError{Field: "area", Rule: RuleTooLong}
		}
		if seen[a.Key] {
			return nil, &InvalidError{Field: "area", Rule: RuleDuplicate}
		}
		seen[a.Key] = true
		a.Postcodes = append([]string(nil), a.Postcodes...)
		parents := []string(nil)
		for _, p := range a.Parents {
			parents = append(parents, NormalizeArea(p))
		}
		a.Parents = parents
		out = append(out, a)
	}
	set := newAreaSet(out)
	for _, a := range out {
		for _, up := range set.above[a.Key] {
			for _, p := range set.parents(up) {
				if p == a.Key {
					return nil, &InvalidError{Field: "area", Rule: RuleCycle}
				}
			}
		}
		for _, p := range a.Parents {
			if p == a.Key {
				return nil, &InvalidError{Field: "area", Rule: RuleCycle}
			}
		}
	}
	return out, nil
}

// SetAreas replaces the registered areas. It returns an *[InvalidError] for an
// area without key or name, a key given twice, or a cycle of parents.
func (c *Catalogue) SetAreas(ctx context.Context, areas []Area) error {
	clean, err := checkAreas(areas)
	if err != nil {
		return err
	}
	return c.store.SetAreas(ctx, clean, c.newRevision())
}

// Area returns one area; its key may be padded with zeros, or a
// Gemeindeschlüssel of 8 digits. [ErrNotFound] if it is not registered.
func (c *Catalogue) Area(ctx context.Context, key string) (Area, error) {
	set, err := c.areas(ctx)
	if err != nil {
		return Area{}, err
	}
	a, ok := set.byKey[set.resolve(key)]
	if !ok {
		return Area{}, ErrNotFound
	}
	return a.clone(), nil
}

// Path returns the area and the registered areas above it, nearest first.
// [ErrNotFound] if the area is not registered.
func (c *Catalogue) Path(ctx context.Context, key string) ([]Area, error) {
	set, err := c.areas(ctx)
	if err != nil {
		return nil, err
	}
	a, ok := set.byKey[set.resolve(key)]
	if !ok {
		return nil, ErrNotFound
	}
	out := []Area{a.clone()}
	for _, k := range set.ancestors(a.Key) {
		if up, ok := set.byKey[k]; ok {
			out = append(out, up.clone())
		}
	}
	return out, nil
}

func (a Area) clone() Area {
	a.Postcodes = append([]string(nil), a.Postcodes...)
	a.Parents = append([]string(nil), a.Parents...)
	return a
}
