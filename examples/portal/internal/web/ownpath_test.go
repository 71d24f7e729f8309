package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The links that a page makes to itself stay on the portal, whatever address
// somebody was lured to.
func TestLinksToThePageItselfStayHere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, self, lang string }{
		{"/ort?q=a&lang=en", "/ort?q=a", "/ort?lang=en&q=a"},
		{"/stelle/m%C3%BCll", "/stelle/m%C3%BCll", "/stelle/m%C3%BCll?lang=en"},
		{"/%2Fevil.example/x", "/%2Fevil.example/x", "/%2Fevil.example/x?lang=en"},
		{"/%5Cevil.example", "/%5Cevil.example", "/%5Cevil.example?lang=en"},
		{"//evil.example/x", "/", "/?lang=en"},
	} {
		path, query, _ := strings.Cut(c.address, "?")
		hr := httptest.NewRequest(http.MethodGet, "/", nil)
		hr.URL = &url.URL{RawPath: path, RawQuery: query}
		var err error
		if hr.URL.Path, err = url.PathUnescape(path); err != nil {
			t.Fatal(err)
		}
		r := &Request{Request: hr}
		if got := r.SelfPath(); got != c.self {
			t.Errorf("%s: self %q, want %q", c.address, got, c.self)
		}
		if got := langURL(r, English); got != c.lang {
			t.Errorf("%s: language %q, want %q", c.address, got, c.lang)
		}
	}
}
