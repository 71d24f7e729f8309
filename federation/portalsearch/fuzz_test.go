package portalsearch

import (
	"errors"
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	"github.com/stadttor/stadttor/federation"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"hits":[{"key":"99","area":"03","title":"A","lang":"de","teaser":"t","url":"https://a.example/","online":true}]}`))
	f.Add([]byte(`{"version":1,"hits":null}`))
	f.Add([]byte(`{"version":1e0,"hits":[{}],"hits":[{"title":"\ud800"}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		hits, err := parse(body)
		var e *federation.SourceError
		if err != nil && (!errors.As(err, &e) || len(hits) != 0) {
			t.Fatalf("%d hits and %v", len(hits), err)
		}
		if len(hits) > maxHits {
			t.Fatalf("%d hits", len(hits))
		}
		// What comes through the searcher is fit to be shown.
		m := federation.Member{ID: "a", Name: "A", URL: "https://a.example"}
		s, err := federation.NewSearcher([]federation.Participant{{Member: m, Source: federation.Links(hits)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range s.Search(t.Context(), federation.Query{Text: "aaa"}).Hits {
			if h.Title == "" || !utf8.ValidString(h.Title) || !m.Link(h.URL, false) {
				t.Fatalf("%+v", h)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("q=Hund&ort=03399&sprache=de&anzahl=5", "300")
	f.Add("q=%00&anzahl=-1", "-5")
	f.Fuzz(func(t *testing.T, query, budget string) {
		r := httptest.NewRequest("GET", Path, nil)
		r.URL.RawQuery = query
		r.Header.Set(HeaderBudget, budget)
		q, ok := read(r)
		if ok && (q.Limit < 1 || q.Limit > maxHits || q.Budget <= 0 || q.Budget > maxBudget || !utf8.ValidString(q.Text)) {
			t.Fatalf("%+v", q)
		}
	})
}
