package find_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/web/find"
	"github.com/stadttor/stadttor/federation"
)

// withMember makes a member that finds the same hits whatever is asked.
func withMember(t *testing.T, own, region string, hits ...federation.Hit) func(*find.Pages) {
	t.Helper()
	m := federation.Member{ID: "stelle", Name: "Stelle", Kind: "utility", URL: "https://stelle.example", Regions: []string{region}}
	s, err := federation.NewSearcher([]federation.Participant{{Member: m, Source: always(hits)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := &find.Network{Own: federation.Member{ID: "hier", Name: "Hier", URL: "https://hier.example", Regions: []string{own}}, Searcher: s,
		Members: []find.NetworkMember{{Member: m, Offers: map[string]string{"de": "Alles"}}}}
	return func(p *find.Pages) { p.Network = func() *find.Network { return n } }
}

type always []federation.Hit

func (a always) Search(context.Context, federation.Query) ([]federation.Hit, error) { return a, nil }

var (
	hitLink = regexp.MustCompile(`<li><h2><a href="([^"]*)"`)
	counted = regexp.MustCompile(`(\d+) Dienstleistungen`)
)

func walk(t *testing.T, v *visitor, query string) (all []string, total string) {
	t.Helper()
	for page := 1; page < 30; page++ {
		body := v.get(fmt.Sprintf("/suche?ort=%s&q=%s&seite=%d", demo.AreaAltenwehr, url.QueryEscape(query), page), http.StatusOK)
		found := hitLink.FindAllStringSubmatch(body, -1)
		for _, m := range found {
			all = append(all, m[1])
		}
		total = counted.FindStringSubmatch(body)[1]
		if !strings.Contains(body, fmt.Sprintf("seite=%d", page+1)) {
			v.get(fmt.Sprintf("/suche?ort=%s&q=%s&seite=%d", demo.AreaAltenwehr, url.QueryEscape(query), page+1), http.StatusNotFound)
			return all, total
		}
		if len(found) != 10 {
			t.Errorf("page %d has %d hits", page, len(found))
		}
	}
	t.Fatal("the pages do not end")
	return nil, ""
}

func TestPagesOfMergedHits(t *testing.T) {
	t.Parallel()
	alone, _ := walk(t, serve(t).visitor(t), "Ausweis")
	if len(alone) <= 50 {
		t.Fatalf("%d hits are too few for this test", len(alone))
	}
	for _, n := range []int{1, 7, 10} {
		var hits []federation.Hit
		for i := range n {
			hits = append(hits, federation.Hit{Title: fmt.Sprint("Ausweis ", i), Area: demo.AreaKreis, URL: fmt.Sprint("https://stelle.example/", i)})
		}
		merged, total := walk(t, serve(t, withMember(t, demo.AreaAltenwehr, demo.AreaKreis, hits...)).visitor(t), "Ausweis")
		seen := map[string]bool{}
		var own []string
		for _, m := range merged {
			if seen[m] {
				t.Errorf("%d of a member: %s comes twice", n, m)
			}
			seen[m] = true
			if strings.HasPrefix(m, "/") {
				own = append(own, m)
			}
		}
		if strings.Join(own, " ") != strings.Join(alone, " ") {
			t.Errorf("%d of a member: own hits are lost or moved", n)
		}
		if len(merged) != len(alone)+n || total != fmt.Sprint(len(merged)) {
			t.Errorf("%d of a member: %d hits, %s announced", n, len(merged), total)
		}
	}
}

func TestSameServiceOfAMember(t *testing.T) {
	t.Parallel()
	licence := federation.Hit{Key: "99067004001000", Area: demo.AreaKreis, Title: "Jagdschein online", URL: "https://stelle.example/jagd"}
	for name, c := range map[string]struct {
		own, region, area, first, also string
		n                              int
	}{
		"own is more local":    {demo.AreaAltenwehr, demo.AreaKreis, demo.AreaKreis, "/dienstleistung/", "https://stelle.example/jagd", 1},
		"member is more local": {demo.AreaLand, demo.AreaKreis, demo.AreaKreis, "https://stelle.example/jagd", "/dienstleistung/", 1},
		"another office":       {demo.AreaAltenwehr, demo.AreaAltenwehr, demo.AreaAltenwehr, "/dienstleistung/", "", 2},
	} {
		h := licence
		h.Area = c.area
		body := serve(t, withMember(t, c.own, c.region, h)).visitor(t).get("/suche?q=Jagdschein&ort="+demo.AreaAltenwehr, http.StatusOK)
		found := hitLink.FindAllStringSubmatch(body, -1)
		if len(found) != c.n || !strings.HasPrefix(found[0][1], c.first) {
			t.Errorf("%s: %v", name, found)
		}
		if also := strings.Contains(body, "Auch angeboten von"); also != (c.also != "") || !strings.Contains(body, `href="`+c.also) {
			t.Errorf("%s: also %v", name, also)
		}
	}
}

// A member that names no Leistungsschlüssel cannot be checked: the same title
// must not bring it before the office that is responsible.
func TestTitleAloneDisplacesNothing(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"", "&ort=" + demo.AreaAltenwehr} {
		first := func(body string) []string { return hitLink.FindStringSubmatch(body) }
		alone := serve(t).visitor(t).get("/suche?q=Jagdschein"+place, http.StatusOK)
		title := regexp.MustCompile(`<li><h2><a href="[^"]*"[^>]*>([^<]*)<`).FindStringSubmatch(alone)[1]
		hit := federation.Hit{Title: title, Area: demo.AreaKreis, URL: "https://stelle.example/falle"}
		body := serve(t, withMember(t, demo.AreaLand, demo.AreaKreis, hit)).visitor(t).get("/suche?q=Jagdschein"+place, http.StatusOK)
		if first(body)[1] != first(alone)[1] {
			t.Errorf("%q: %s stands before %s", title, first(body)[1], first(alone)[1])
		}
	}
}
