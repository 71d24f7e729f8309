package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
)

// The languages of the portal's own pages. Leichte Sprache is a language of
// its own that a person chooses; it is never negotiated.
const (
	German  = "de"
	English = "en"
	Simple  = "de-simple"
)

// Languages lists the languages in the order in which they are offered.
var languages = []string{German, English, Simple}

// Texts holds every sentence of the portal, read from files lang/<area>.json
// of the form {"key": {"de": "...", "en": "...", "de-simple": "..."}}. It is
// immutable after LoadTexts and may be used concurrently.
type Texts struct{ by map[string]map[string]string }

// LoadTexts reads all files of the given file systems; a later one replaces
// single texts of an earlier one, which is how an own portal changes words.
func LoadTexts(systems ...fs.FS) (*Texts, error) {
	t := &Texts{by: map[string]map[string]string{}}
	var problems []error
	for i, system := range systems {
		if system == nil {
			continue
		}
		names, err := fs.Glob(system, "*.json")
		if err != nil {
			return nil, err
		}
		sort.Strings(names)
		for _, name := range names {
			raw, err := fs.ReadFile(system, name)
			if err != nil {
				return nil, err
			}
			var file map[string]map[string]string
			if err := json.Unmarshal(raw, &file); err != nil {
				return nil, fmt.Errorf("web: texts %s: %w", path.Base(name), err)
			}
			for key, byLang := range file {
				if _, taken := t.by[key]; taken && i == 0 {
					problems = append(problems, fmt.Errorf("web: text %q is defined twice", key))
				}
				merged := map[string]string{}
				for l, s := range t.by[key] {
					merged[l] = s
				}
				for l, s := range byLang {
					merged[l] = s
				}
				t.by[key] = merged
			}
		}
	}
	return t, errors.Join(problems...)
}

// Get returns the text of a key with its placeholders {name} replaced by the
// given pairs. A missing translation falls back to German; a missing key
// gives the key itself in brackets, which the tests look for.
func (t *Texts) Get(lang, key string, pairs ...any) string {
	byLang, ok := t.by[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	s, ok := byLang[lang]
	if !ok {
		s = byLang[German]
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return s
}

// Has reports whether the key exists.
func (t *Texts) Has(key string) bool { _, ok := t.by[key]; return ok }

// Keys returns all keys in order.
func (t *Texts) Keys() []string {
	keys := make([]string, 0, len(t.by))
	for k := range t.by {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Translations returns the texts of one key by language.
func (t *Texts) Translations(key string) map[string]string { return t.by[key] }

// htmlLang is the value of the lang attribute. The variant subtag "simple" is
// well-formed BCP 47 and read by assistive technology as German.
func htmlLang(lang string) string {
	if lang == Simple {
		return "de-simple"
	}
	return lang
}

var berlin = clock.Berlin

// FormatDate writes a day for people, in the portal's time zone.
func FormatDate(lang string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if lang == English {
		return at.In(berlin).Format("2 January 2006")
	}
	return at.In(berlin).Format("02.01.2006")
}

// FormatTime writes a day and time for people, in the portal's time zone.
func FormatTime(lang string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if lang == English {
		return at.In(berlin).Format("2 January 2006, 15:04")
	}
	return at.In(berlin).Format("02.01.2006, 15:04") + " Uhr"
}

// FormatMoney writes an amount in cents for people.
func FormatMoney(lang string, cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	whole, rest := fmt.Sprint(cents/100), cents%100
	group, point := ".", ","
	if lang == English {
		group, point = ",", "."
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if lang == English {
		return fmt.Sprintf("%s€%s%s%02d", sign, whole, point, rest)
	}
	return fmt.Sprintf("%s%s%s%02d €", sign, whole, point, rest)
}
