package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/wastesim"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/portalsearch"
)

// memberFile writes a list of members for a portal of the demo.
func memberFile(t *testing.T, members ...map[string]any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"own": map[string]any{"id": "altenwehr", "regions": []string{"033990004004"}}, "members": members})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "members.json")
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// neighbours are a waste company and a portal that the test holds in its hands.
func neighbours(t *testing.T) (*wastesim.Server, *httptest.Server, string) {
	t.Helper()
	waste, err := wastesim.Start(wastesim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = waste.Close() })
	var district *httptest.Server
	district = httptest.NewServer(portalsearch.Handler(func(_ context.Context, q federation.Query) ([]federation.Hit, error) {
		if !strings.Contains(strings.ToLower(q.Text), "jagd") {
			return nil, nil
		}
		return []federation.Hit{
			{Key: "99067004001000", Area: "03399", Title: "Jagdschein beantragen", URL: district.URL + "/dienstleistung/L100099/L100099.LB.2110", Online: true},
			{Area: "03399", Title: "Jagdpacht anzeigen", TitleLang: "de", URL: district.URL + "/dienstleistung/K/1"},
		}, nil
	}))
	t.Cleanup(district.Close)
	return waste, district, memberFile(t,
		map[string]any{"id": "landkreis", "name": "Landkreis Weserheide", "kind": "district", "source": "portal", "url": district.URL, "regions": []string{"03399"}, "offers": map[string]string{"de": "Jagdschein"}},
		map[string]any{"id": "abfall", "name": wastesim.Name, "kind": "utility", "source": "abfallwirtschaft", "url": waste.URL, "regions": []string{"03399"}, "offers": map[string]string{"de": "Sperrmüll"}, "aliases": []string{"www.abfall-weserheide.example"}},
		map[string]any{"id": "wasser", "name": "Wasserverband Lohmoor", "kind": "utility", "source": "links", "url": "https://www.wasserverband-lohmoor.example", "regions": []string{"033995401"}, "offers": map[string]string{"de": "Trinkwasser"},
			"links": []map[string]any{{"title": "Wasseranschluss beantragen", "url": "https://www.wasserverband-lohmoor.example/a", "area": "033995401"}}},
	)
}

// all searches until every member has answered: on a busy machine the first
// answer may come after the budget, and is then kept for the next search.
func all(t *testing.T, v *visitor, path string) string {
	t.Helper()
	var body string
	for range 50 {
		if body = v.get(path).body; !strings.Contains(body, "Nicht erreichbar: "+wastesim.Name) {
			break
		}
	}
	return body
}

func TestSearchOverMembers(t *testing.T) {
	t.Parallel()
	waste, district, members := neighbours(t)
	p := start(t, func(c *portal.Config) { c.Members = members })
	v := newVisitor(t, p.URL())

	body := all(t, v, "/suche?ort=033990004004&q="+url.QueryEscape("Sperrmüll"))
	for _, want := range []string{"Auch angeboten von", "Sperrmüll als Express-Abholung", "Angebot von", wastesim.Name, waste.URL + "/sperrmuell", "(andere Internetseite)"} {
		if !strings.Contains(body, want) {
			t.Errorf("bulky waste: no %q", want)
		}
	}
	if n := strings.Count(body, ">Sperrmüll anmelden</a></h2>"); n != 1 {
		t.Errorf("bulky waste stands there %d times", n)
	}
	body = all(t, v, "/suche?ort=033990004004&q=Jagd")
	link := strings.ReplaceAll(district.URL+"/dienstleistung/K/1?lang=de&ort=033990004004", "&", "&amp;")
	if !strings.Contains(body, link) || !strings.Contains(body, "Jagdpacht anzeigen") {
		t.Error("no deep link to the district with place and language")
	}
	if n := strings.Count(body, ">Jagdschein beantragen</a></h2>"); n != 1 {
		t.Errorf("the hunting licence stands there %d times", n)
	}
	for place, want := range map[string]bool{"033990004004": false, "033995401002": true} {
		body := all(t, v, "/suche?ort="+place+"&q=Wasseranschluss")
		if strings.Contains(body, "wasserverband-lohmoor.example/a") != want {
			t.Errorf("the link of the water company at %s: want %v", place, want)
		}
	}
	if body := v.get("/dienstleistung/L100099/L100099.LB.1015?ort=033990004004").body; !strings.Contains(body, waste.URL+"/sperrmuell") {
		t.Error("the service page does not lead to the waste company")
	}
	for _, lang := range []string{"de", "en", "de-simple"} {
		page := v.get("/portalverbund?lang=" + lang)
		for _, want := range []string{"Landkreis Weserheide", "Samtgemeinde Lohmoor", wastesim.Name, "Wasseranschluss beantragen"} {
			if !strings.Contains(page.body, want) {
				t.Errorf("%s: the members' page has no %q", lang, want)
			}
		}
	}
}

func TestMembersMisbehave(t *testing.T) {
	t.Parallel()
	waste, district, members := neighbours(t)
	p := start(t, func(c *portal.Config) { c.Members = members })
	v := newVisitor(t, p.URL())
	district.Close() // nobody there
	for code, c := range map[string]struct {
		query string
		shown bool
	}{wastesim.FaultScript: {"Sperrmüll", true}, wastesim.FaultForeign: {"Sperrmüll Express", false}} {
		if err := waste.Misbehave(code); err != nil {
			t.Fatal(err)
		}
		body := all(t, v, "/suche?ort=033990004004&q="+url.QueryEscape(c.query))
		if strings.Contains(body, "Sperrmüll als Express-Abholung") != c.shown {
			t.Errorf("%s: a hit of the company is shown: %v", code, !c.shown)
		}
		for _, bad := range []string{"boese.example", "alert(1)", "onerror", "&lt;b"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: %s is on the page", code, bad)
			}
		}
	}
	for _, f := range waste.Faults() {
		if err := waste.Misbehave(f.Code); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		page := v.get("/suche?ort=033990004004&q=" + url.QueryEscape("Sperrmüll anmelden"))
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: the page took %v", f.Code, took)
		}
		if page.status != http.StatusOK || !strings.Contains(page.body, ">Sperrmüll anmelden</a></h2>") {
			t.Errorf("%s: own hits are missing", f.Code)
		}
		if !strings.Contains(page.body, "Nicht erreichbar: Landkreis Weserheide") {
			t.Errorf("%s: the district is not named as missing", f.Code)
		}
		for _, bad := range []string{"boese.example", "alert(1)", "onerror"} {
			if strings.Contains(page.body, bad) {
				t.Errorf("%s: %s is on the page", f.Code, bad)
			}
		}
		if f.Code == wastesim.FaultHang && !strings.Contains(page.body, "Nicht erreichbar: "+wastesim.Name) {
			t.Error("the hanging company is not named as missing")
		}
	}
}

func TestOwnServicesForOthers(t *testing.T) {
	t.Parallel()
	_, _, members := neighbours(t)
	p := start(t, func(c *portal.Config) { c.Members = members })
	source, err := portalsearch.New(portalsearch.Config{URL: p.URL(), InsecureAllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	titles := func(q federation.Query) string {
		hits, err := source.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, h := range hits {
			if !strings.HasPrefix(h.URL, p.URL()+"/dienstleistung/") || !strings.HasPrefix("033990004004", h.Area) {
				t.Errorf("%q: url %s, area %s", h.Title, h.URL, h.Area)
			}
			out = append(out, h.Title)
		}
		return strings.Join(out, "; ")
	}
	for _, area := range []string{"", "03", "03399", "033990004004"} {
		if got := titles(federation.Query{Text: "Hund anmelden", Area: area, Limit: 5}); !strings.HasPrefix(got, "Hund anmelden") {
			t.Errorf("asked for %q: %q", area, got)
		}
	}
	for _, q := range []federation.Query{{Text: "Hund anmelden", Area: "033995401002", Limit: 5}, {Text: "Sperrmüll", Limit: 5}, {Text: "Hund", Area: "999999999999", Limit: 5}, {Text: "", Limit: 5}} {
		if got := titles(q); got != "" {
			t.Errorf("%+v: answers for others: %q", q, got)
		}
	}
	for _, c := range []struct {
		method, query string
		status        int
	}{
		{http.MethodPost, "?q=Hund", http.StatusMethodNotAllowed},
		{http.MethodGet, "?q=%00", http.StatusBadRequest},
		{http.MethodGet, "?q=Hund&ort=03%27", http.StatusBadRequest},
		{http.MethodGet, "?q=Hund&anzahl=-1", http.StatusBadRequest},
		{http.MethodGet, "?q=Hund&anzahl=100000", http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, p.URL()+portalsearch.Path+c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status || len(res.Cookies()) > 0 {
			t.Errorf("%s %s: status %d, %d cookies", c.method, c.query, res.StatusCode, len(res.Cookies()))
		}
	}
}

func TestMemberFile(t *testing.T) {
	t.Parallel()
	entry := func(change map[string]any) map[string]any {
		m := map[string]any{"id": "a", "name": "A", "kind": "utility", "source": "links", "url": "https://a.example", "offers": map[string]string{"de": "A"}}
		for k, v := range change {
			m[k] = v
		}
		return m
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"members":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none.json"), "broken": broken,
		"kind":       memberFile(t, entry(map[string]any{"kind": "band"})),
		"source":     memberFile(t, entry(map[string]any{"source": "ftp"})),
		"url":        memberFile(t, entry(map[string]any{"source": "portal", "url": ""})),
		"id":         memberFile(t, entry(map[string]any{"id": "A b"})),
		"region":     memberFile(t, entry(map[string]any{"regions": []string{"Kreis"}})),
		"twice":      memberFile(t, entry(nil), entry(nil)),
		"field":      memberFile(t, entry(map[string]any{"passwort": "x"})),
		"link":       memberFile(t, entry(map[string]any{"links": []map[string]any{{"title": "T", "url": "https://b.example/x"}}})),
		"not german": memberFile(t, entry(map[string]any{"offers": map[string]string{"en": "A"}})),
	} {
		_, err := portal.New(t.Context(), portal.Config{Listen: "127.0.0.1:0", SimListen: "localhost:0", Data: t.TempDir(), Members: file})
		var config *portal.ConfigError
		if !errors.As(err, &config) || config.Setting != "PORTAL_MEMBERS" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
