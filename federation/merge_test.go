package federation_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/federation"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	h := func(member, key, area, title string) federation.Hit {
		return federation.Hit{Member: member, Key: key, Area: area, Title: title, URL: "https://" + member + ".example/" + key + title}
	}
	town := federation.Ranking{Member: member("stadt", "033990004004"), Position: 1, Hits: []federation.Hit{
		h("stadt", "", "", "Hund anmelden"), h("stadt", "99", "03399", "Jagdschein"), h("stadt", "", "03399", "Sperrmüll anmelden"),
	}}
	district := federation.Ranking{Member: member("kreis", "03399"), Position: 2, Hits: []federation.Hit{
		h("kreis", "99", "03399", "Jagdschein beantragen"), h("kreis", "98", "03399", "Kfz zulassen"), h("kreis", "99", "03399", "noch einmal"),
	}}
	waste := federation.Ranking{Member: member("abfall", "03399"), Position: 3, Hits: []federation.Hit{h("abfall", "", "03399", "SPERRMUELL – anmelden!")}}
	got := federation.Merge([]federation.Ranking{waste, town, district})
	var view []string
	for _, x := range got {
		line := x.Member + ": " + x.Title
		for _, o := range x.Also {
			line += " +" + o.Member
		}
		view = append(view, line)
	}
	want := []string{
		"stadt: Jagdschein +kreis",          // two lists
		"stadt: Sperrmüll anmelden +abfall", // two lists, lower ranks
		"stadt: Hund anmelden",              // first of one
		"kreis: Kfz zulassen",               // second of one
	}
	if diff := cmp.Diff(want, view); diff != "" {
		t.Error(diff)
	}
	// The most local one is shown, whatever the positions.
	town.Position = 9
	if got := federation.Merge([]federation.Ranking{district, town}); got[0].Member != "stadt" {
		t.Errorf("shown is %s", got[0].Member)
	}
}

func TestMergeWeight(t *testing.T) {
	t.Parallel()
	one := federation.Ranking{Member: member("a"), Position: 1, Hits: []federation.Hit{hit("a", "A1"), hit("a", "A2")}}
	two := federation.Ranking{Member: member("b"), Position: 2, Hits: []federation.Hit{hit("b", "B1"), hit("b", "B2")}}
	if got := titles(federation.Merge([]federation.Ranking{one, two})); got != "A1, B1, A2, B2" {
		t.Error(got)
	}
	two.Weight = 2
	if got := titles(federation.Merge([]federation.Ranking{one, two})); got != "B1, B2, A1, A2" {
		t.Error(got)
	}
}

func TestMergeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lists []federation.Ranking
		identity := func(h federation.Hit) string {
			if h.Key != "" {
				return "k" + h.Key + "/" + h.Area
			}
			return "t" + h.Title + "/" + h.Area
		}
		distinct, addresses := map[string]bool{}, map[string]bool{}
		for i := range rapid.IntRange(0, 4).Draw(t, "lists") {
			l := federation.Ranking{Member: member(string(rune('a'+i)), "03"), Position: rapid.IntRange(0, 2).Draw(t, "position"), Weight: rapid.SampledFrom([]float64{0, 1, 1.5}).Draw(t, "weight")}
			for j := range rapid.IntRange(0, 8).Draw(t, "hits") {
				h := federation.Hit{Member: l.Member.ID, Key: rapid.SampledFrom([]string{"", "1", "2", "3"}).Draw(t, "key"), Area: rapid.SampledFrom([]string{"", "03", "03399"}).Draw(t, "area"),
					Title: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "title"), URL: fmt.Sprintf("https://%s.example/%d", l.Member.ID, j)}
				l.Hits = append(l.Hits, h)
				distinct[identity(h)], addresses[h.URL] = true, true
			}
			lists = append(lists, l)
		}
		got := federation.Merge(lists)
		if len(got) != len(distinct) {
			t.Fatalf("%d hits, %d different ones went in", len(got), len(distinct))
		}
		seen := map[string]bool{}
		for _, h := range got {
			if seen[identity(h)] {
				t.Fatalf("%s stands there twice", identity(h))
			}
			seen[identity(h)] = true
			for _, o := range append(h.Also, federation.Origin{Member: h.Member, URL: h.URL}) {
				if !addresses[o.URL] {
					t.Fatalf("an address from nowhere: %s", o.URL)
				}
			}
		}
		// The order in which members answer has no say, and merging again
		// changes nothing.
		if diff := cmp.Diff(got, federation.Merge(rapid.Permutation(lists).Draw(t, "order"))); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(titles(got), titles(federation.Merge([]federation.Ranking{{Member: member("m"), Hits: got}}))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	links := federation.Links{
		{Title: "Störung melden", Teaser: "Stromausfall, Rohrbruch", Area: "033990004004"},
		{Title: "Strom anmelden", Teaser: "beim Einzug", Area: "033990004004"},
		{Title: "Wasseranschluss", Area: "033995401"},
	}
	for _, c := range []struct {
		q    federation.Query
		want string
	}{
		{federation.Query{Text: "strom"}, "Strom anmelden, Störung melden"},
		{federation.Query{Text: "STOERUNG"}, "Störung melden"},
		{federation.Query{Text: "Strom für den Einzug"}, ""},
		{federation.Query{Text: "Strom Einzug"}, "Strom anmelden"},
		{federation.Query{Text: "strom", Limit: 1}, "Strom anmelden"},
		{federation.Query{Text: "wasser", Area: "033990004004"}, ""},
		{federation.Query{Text: "wasser", Area: "033995401002"}, "Wasseranschluss"},
		{federation.Query{Text: "am"}, ""},
	} {
		got, err := links.Search(t.Context(), c.q)
		if err != nil || titles(got) != c.want {
			t.Errorf("%+v: %q, %v", c.q, titles(got), err)
		}
	}
}
