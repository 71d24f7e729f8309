package desk

import (
	"mime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// Whatever stands in an address: a cursor is refused or written back the same.
func FuzzCursor(f *testing.F) {
	f.Add(encodeCursor(cursor{time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC), "ABC"}))
	f.Add("")
	f.Add("YSBi")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := decodeCursor(s)
		if err != nil || c.id == "" {
			return
		}
		again, err := decodeCursor(encodeCursor(c))
		if err != nil || !again.at.Equal(c.at) || again.id != c.id {
			t.Errorf("%q: %v became %v, %v", s, c, again, err)
		}
	})
}

// Whatever a file is called: the header is one that browsers read, with the
// same name.
func FuzzDisposition(f *testing.F) {
	for _, s := range []string{"a.pdf", "Größe \"1\".pdf", "x\r\nSet-Cookie: a=b", "100%.pdf", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := disposition(name)
		if strings.ContainsAny(h, "\r\n") {
			t.Fatalf("%q breaks the header", name)
		}
		kind, params, err := mime.ParseMediaType(h)
		if err != nil || kind != "attachment" {
			t.Fatalf("%q: %v", h, err)
		}
		if utf8.ValidString(name) && params["filename"] != name {
			t.Errorf("name %q arrives as %q", name, params["filename"])
		}
	})
}

func TestCountText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1.000", 1001: "1.000+"} {
		if got := countText(web.German, n); got != want {
			t.Errorf("%d reads %q, want %q", n, got, want)
		}
	}
	if got := countText(web.English, 1001); got != "1,000+" {
		t.Errorf("in English %q", got)
	}
}
