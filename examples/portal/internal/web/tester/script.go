package tester

import (
	"regexp"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// block is a piece of the test script.
type block struct {
	Kind  string // "h2", "h3", "p", "ul", "ol"
	ID    string // of headings
	Text  []span
	Items [][]span
}

// span is a piece of a line.
type span struct {
	Kind string // "", "b", "code" or "a"
	Text string
	URL  string
}

var (
	inline  = regexp.MustCompile("\\*\\*([^*]+)\\*\\*|`([^`]+)`|\\[([^\\]]+)\\]\\((/[^)\\s]*|https?://[^)\\s]+|#[^)\\s]*)\\)")
	ordered = regexp.MustCompile(`^\d+\. `)
	noID    = regexp.MustCompile(`[^a-z0-9]+`)
)

// spans reads bold, code and links.
func spans(s string) []span {
	var out []span
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(s, -1) {
		if m[0] > at {
			out = append(out, span{Text: s[at:m[0]]})
		}
		switch {
		case m[2] >= 0:
			out = append(out, span{Kind: "b", Text: s[m[2]:m[3]]})
		case m[4] >= 0:
			out = append(out, span{Kind: "code", Text: s[m[4]:m[5]]})
		default:
			out = append(out, span{Kind: "a", Text: s[m[6]:m[7]], URL: s[m[8]:m[9]]})
		}
		at = m[1]
	}
	if at < len(s) {
		out = append(out, span{Text: s[at:]})
	}
	return out
}

// anchor is the id of a heading.
func anchor(s string) string {
	s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(s))
	return strings.Trim(noID.ReplaceAllString(s, "-"), "-")
}

// blocks reads the few forms of Markdown that the test script uses: headings,
// paragraphs and lists. The title is left out: the page has one.
func blocks(text string) []block {
	var out []block
	list := func(kind, item string) {
		if n := len(out); n == 0 || out[n-1].Kind != kind {
			out = append(out, block{Kind: kind})
		}
		last := &out[len(out)-1]
		last.Items = append(last.Items, spans(item))
	}
	open := false // whether the line before belongs to a paragraph or an item
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \r")
		switch {
		case line == "":
			open = false
			if n := len(out); n > 0 && (out[n-1].Kind == "ul" || out[n-1].Kind == "ol") {
				out = append(out, block{}) // a new list begins after a gap
			}
			continue
		case strings.HasPrefix(line, "# "):
			open = false
			continue
		case strings.HasPrefix(line, "## "):
			out = append(out, block{Kind: "h2", ID: anchor(line[3:]), Text: spans(line[3:])})
		case strings.HasPrefix(line, "### "):
			out = append(out, block{Kind: "h3", ID: anchor(line[4:]), Text: spans(line[4:])})
		case strings.HasPrefix(line, "- "):
			list("ul", line[2:])
			open = true
			continue
		case ordered.MatchString(line):
			list("ol", line[strings.Index(line, " ")+1:])
			open = true
			continue
		case open:
			more(&out[len(out)-1], strings.TrimSpace(line))
			continue
		default:
			out = append(out, block{Kind: "p", Text: spans(line)})
			open = true
			continue
		}
		open = false
	}
	return out
}

// more adds a line to a paragraph or to the last item of a list.
func more(b *block, line string) {
	add := append([]span{{Text: " "}}, spans(line)...)
	if n := len(b.Items); n > 0 {
		b.Items[n-1] = append(b.Items[n-1], add...)
		return
	}
	b.Text = append(b.Text, add...)
}

func (p *Pages) script(r *web.Request) error {
	all := blocks(p.Script)
	var contents []block
	for _, b := range all {
		if b.Kind == "h2" {
			contents = append(contents, b)
		}
	}
	return p.show(r, "script", "/test/drehbuch", web.View{}, map[string]any{"Blocks": all, "Contents": contents})
}
