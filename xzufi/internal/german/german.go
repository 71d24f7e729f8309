// Package german turns German text into words and index terms. It is the one
// analyser for documents and queries on every store, so that all of them find
// the same things.
package german

import (
	"encoding/hex"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/german"
	"golang.org/x/text/unicode/norm"
)

// MaxWord is the length in bytes at which a folded word is cut.
const MaxWord = 80

// Word is one word of a text.
type Word struct {
	// Surface is the word as written, in NFC.
	Surface string
	// Folded is lower case with ae, oe, ue, ss; other accents are dropped.
	Folded string
}

// Words splits text into words without stop words. Markup is skipped and
// entities are resolved. Single letters are dropped, single digits are not.
func Words(text string) []Word {
	var out []Word
	each(Plain(text), func(surface string) bool {
		f := Fold(surface)
		if f == "" || stopWords[f] || (len(f) == 1 && (f[0] < '0' || f[0] > '9')) {
			return true
		}
		out = append(out, Word{Surface: surface, Folded: f})
		return true
	})
	return out
}

// Plain removes tags and resolves entities; it does not make HTML safe.
func Plain(text string) string {
	if strings.ContainsAny(text, "<&") {
		var b strings.Builder
		for len(text) > 0 {
			i := strings.IndexByte(text, '<')
			if i < 0 {
				b.WriteString(text)
				break
			}
			b.WriteString(text[:i])
			end := strings.IndexByte(text[i:], '>')
			if end < 0 || i+1 >= len(text) || !tagStart(text[i+1]) {
				b.WriteByte(' ')
				text = text[i+1:]
				continue
			}
			b.WriteByte(' ')
			text = text[i+end+1:]
		}
		text = html.UnescapeString(b.String())
	}
	return text
}

func tagStart(c byte) bool {
	return c == '/' || c == '!' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// each calls f with every run of letters, digits and marks, in NFC.
func each(text string, f func(string) bool) {
	text = norm.NFC.String(strings.ReplaceAll(text, "\u00ad", ""))
	start := -1
	for i, r := range text {
		in := r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
		switch {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			if !f(text[start:i]) {
				return
			}
			start = -1
		}
	}
	if start >= 0 {
		f(text[start:])
	}
}

// Fold gives the spelling under which words are compared: lower case, umlauts
// as ae, oe, ue, ß as ss, no other accents, at most MaxWord bytes.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return cut(strings.ToLower(s))
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		r = unicode.ToLower(r)
		switch r {
		case '\u0308': // diaeresis
			if n := b.Len(); n > 0 {
				if c := b.String()[n-1]; c == 'a' || c == 'o' || c == 'u' {
					b.WriteByte('e')
				}
			}
		case 'ß', 'ẞ':
			b.WriteString("ss")
		case 'æ':
			b.WriteString("ae")
		case 'œ', 'ø':
			b.WriteString("oe")
		case 'ł':
			b.WriteByte('l')
		case 'đ', 'ð':
			b.WriteByte('d')
		case 'þ':
			b.WriteString("th")
		case 'ı':
			b.WriteByte('i')
		default:
			if !unicode.IsMark(r) {
				b.WriteRune(r)
			}
		}
	}
	return cut(b.String())
}

func cut(s string) string {
	if len(s) <= MaxWord {
		return s
	}
	s = s[:MaxWord]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// Term gives the index term of a folded word: its stem, in a-z and 0-9 only,
// so that no database's own tokeniser has anything left to decide.
func Term(folded string) string {
	for i := 0; i < len(folded); i++ {
		if c := folded[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "u" + hex.EncodeToString([]byte(folded))
		}
	}
	env := snowballstem.NewEnv(unfold(folded))
	german.Stem(env)
	stem := env.Current()
	for i := 0; i < len(stem); i++ {
		if c := stem[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return Fold(stem)
		}
	}
	return stem
}

// unfold puts umlauts back for the stemmer: "haeuser" and "haus" then meet in
// one stem. A vowel or q before ue keeps it ("steuer", "quelle").
func unfold(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+1 < len(s) && s[i+1] == 'e' {
			switch {
			case s[i] == 'a':
				b.WriteString("ä")
				i++
				continue
			case s[i] == 'o':
				b.WriteString("ö")
				i++
				continue
			case s[i] == 'u' && (i == 0 || !strings.ContainsRune("aeouq", rune(s[i-1]))):
				b.WriteString("ü")
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// SortKey orders as dictionaries do (DIN 5007-1): umlauts as their vowels.
func SortKey(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch r = unicode.ToLower(r); {
		case r == 'ß':
			b.WriteString("ss")
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.IsSpace(r) || r == '-':
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`aber alle allem allen aller alles als also am an andere anderen auch auf aus
		bei beim bin bis da damit dann das dass dein deine dem den denn der des dessen die dies diese diesem diesen
		dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch euer fuer gegen habe haben
		hat hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kein
		keine keinen man mehr mein meine meinem meinen meiner mich mir mit moechte muss nach nicht noch nur ob oder
		ohne sehr sein seine seinen seiner sich sie sind so soll sollte sowie ueber um und uns unser unsere unter vom
		von vor wann war was weil welche welchem welchen welcher welches wenn wer werden wie will wir wird wo worden
		wurde wurden zu zum zur zwischen the of and to for`) {
		m[w] = true
	}
	return m
}()
