package xzufi

import "strings"

// LangText is one text in one language.
type LangText struct {
	// Lang is the language code as delivered, such as "de" or "de-DE".
	Lang string
	// Text is untrusted: it may hold HTML of any kind. Whoever shows it
	// sanitises it first.
	Text string
}

// Text is the same text in several languages, in the order of delivery. One
// language may occur more than once; the first one counts.
type Text []LangText

// For returns the text in the asked language, else the German one, else the
// first, else "". A code matches by its primary part: "de" finds "de-DE".
func (t Text) For(lang string) string { return t.Pick(lang).Text }

// Pick is [Text.For] with the language that was found, for the lang attribute
// of a page. The zero LangText means that there is no text at all.
func (t Text) Pick(lang string) LangText {
	for _, want := range []string{lang, "de"} {
		if want == "" {
			continue
		}
		for _, l := range t {
			if strings.EqualFold(l.Lang, want) && l.Text != "" {
				return l
			}
		}
		for _, l := range t {
			if primary(l.Lang) == primary(want) && l.Text != "" {
				return l
			}
		}
	}
	for _, l := range t {
		if l.Text != "" {
			return l
		}
	}
	return LangText{}
}

// Has reports whether there is a text in just this language.
func (t Text) Has(lang string) bool {
	for _, l := range t {
		if primary(l.Lang) == primary(lang) && l.Text != "" {
			return true
		}
	}
	return false
}

func primary(lang string) string {
	p, _, _ := strings.Cut(strings.ReplaceAll(lang, "_", "-"), "-")
	return strings.ToLower(p)
}
