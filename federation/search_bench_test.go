package federation_test

import (
	"fmt"
	"testing"

	"github.com/stadttor/stadttor/federation"
)

// BenchmarkSearchCached is a search over five members whose answers are kept.
func BenchmarkSearchCached(b *testing.B) {
	var all []federation.Participant
	for i := range 5 {
		id := string(rune('a' + i))
		var links federation.Links
		for j := range 20 {
			links = append(links, federation.Hit{Key: fmt.Sprint(9900 + j + i), Title: fmt.Sprint("Dienst ", j), URL: "https://" + id + ".example/"})
		}
		all = append(all, federation.Participant{Member: member(id, "03"), Source: links})
	}
	s, err := federation.NewSearcher(all, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if a := s.Search(b.Context(), federation.Query{Text: "Dienst", Area: "033990004004"}); len(a.Hits) == 0 {
			b.Fatal("no hits")
		}
	}
}
