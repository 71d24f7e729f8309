package federation

import (
	"html"
	"strings"
	"time"
	"unicode"
)

// Limits of what members say and are asked.
const (
	maxQuery  = 120 // characters of a query
	maxTitle  = 200 // characters
	maxTeaser = 400 // characters
	maxURL    = 2000
	maxKey    = 20
	maxHits   = 100
)

// tidy makes a query fit for sending and for being a key.
func (q Query) tidy(budget time.Duration) Query {
	q.Text = cut(words(q.Text), maxQuery)
	if !digits(q.Area, maxARS) {
		q.Area = ""
	}
	if !language(q.Lang) {
		q.Lang = "de"
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	q.Limit = min(q.Limit, maxHits)
	q.Budget = budget
	return q
}

// language reports whether s has the form of a language tag.
func language(s string) bool {
	head, rest, more := strings.Cut(s, "-")
	if len(head) < 2 || len(head) > 3 || strings.Trim(head, "abcdefghijklmnopqrstuvwxyz") != "" || len(s) > 20 {
		return false
	}
	for more {
		head, rest, more = strings.Cut(rest, "-")
		if head == "" || len(head) > 8 || strings.Trim(head, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return false
		}
	}
	return true
}

// odd reports whether a character is invisible or turns the reading direction:
// such have no place in a title and can make it lie.
func odd(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029'
}

// words keeps what can be read, with single blanks.
func words(s string) string {
	s = strings.ToValidUTF8(s, " ")
	return strings.Join(strings.FieldsFunc(strings.Map(func(r rune) rune {
		switch {
		case r == '\u00ad' || r == '\u200b': // soft hyphen, zero width space: inside words
			return -1
		case odd(r):
			return ' '
		}
		return r
	}, s), unicode.IsSpace), " ")
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	i := 0
	for at := range s {
		if i == n {
			return strings.TrimSpace(s[:at])
		}
		i++
	}
	return s
}

// text makes plain text of what a member sent, which may hold markup. It is
// escaped again wherever it is shown; this is so that nobody reads tags.
func text(s string, n int) string {
	if len(s) > 16<<10 {
		s = s[:16<<10] // far more than is shown
	}
	s = words(html.UnescapeString(untag(s)))
	if c := cut(s, n); c != s {
		return cut(s, n-1) + "…"
	}
	return s
}

// untag drops tags, comments, and what stands in script and style elements.
func untag(s string) string {
	var b strings.Builder
	low := lowerASCII(s) // the same bytes, to look for names in; both advance together
	for {
		start := strings.IndexByte(s, '<')
		if start < 0 || start == len(s)-1 {
			b.WriteString(s)
			return b.String()
		}
		if c := s[start+1]; c != '/' && c != '!' && c != '?' && (c|0x20 < 'a' || c|0x20 > 'z') {
			b.WriteString(s[:start+1]) // a mere sign, as in "a < b"
			s, low = s[start+1:], low[start+1:]
			continue
		}
		b.WriteString(s[:start])
		b.WriteByte(' ')
		s, low = s[start+1:], low[start+1:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return b.String()
		}
		name := low[:end]
		s, low = s[end+1:], low[end+1:]
		for _, element := range []string{"script", "style"} {
			if rest, ok := strings.CutPrefix(name, element); ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n/")) {
				at := strings.Index(low, "</"+element)
				if at < 0 {
					return b.String()
				}
				s, low = s[at:], low[at:]
			}
		}
	}
}

// lowerASCII keeps every byte where it is, unlike strings.ToLower.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// clean keeps of a member's answer what the member may say: hits with a title,
// links to its own hosts, its own services, areas for which it speaks and that
// were asked about. It counts what it dropped.
func (m Member) clean(hits []Hit, q Query, allowHTTP bool) (kept []Hit, dropped int) {
	limit := min(q.Limit, maxHits)
	for _, h := range hits {
		if len(kept) == limit {
			break // a source that sends more than was asked does no wrong
		}
		h.Member, h.Also = m.ID, nil
		h.Title, h.Teaser = text(h.Title, maxTitle), text(h.Teaser, maxTeaser)
		if !language(h.TitleLang) {
			h.TitleLang = ""
		}
		if !digits(h.Key, maxKey) {
			h.Key = ""
		}
		if !digits(h.Area, maxARS) {
			h.Area = ""
		}
		if h.Title == "" || !m.Link(h.URL, allowHTTP) || !m.Offers(h.Key) || !m.Serves(h.Area) || !overlap(h.Area, q.Area) {
			dropped++
			continue
		}
		kept = append(kept, h)
	}
	return kept, dropped
}
