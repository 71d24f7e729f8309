package find_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/find"
	"github.com/stadttor/stadttor/xzufi"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// catalogue is read only after loading and shared by all tests.
var catalogue = sync.OnceValues(func() (*xzufi.Catalogue, error) {
	c := xzufi.New(xzufi.NewMemStore(), &xzufi.Options{Now: func() time.Time { return now }})
	var areas []xzufi.Area
	for _, a := range demo.Areas() {
		areas = append(areas, xzufi.Area{Key: a.Key, Name: a.Name, Kind: a.Kind, Postcodes: a.Postcodes, Inhabitants: a.Inhabitants, Parents: a.Parents})
	}
	if err := c.SetAreas(context.Background(), areas); err != nil {
		return nil, err
	}
	names, err := filepath.Glob("../../demo/xzufi/*.xml")
	if err != nil {
		return nil, err
	}
	var files []xzufi.File
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		files = append(files, xzufi.File{Name: name, Reader: f})
	}
	_, err = c.Import(context.Background(), "demo", files...)
	return c, err
})

// portal is a server with the pages and the reports it was sent.
type portal struct {
	*httptest.Server
	mu      sync.Mutex
	reports []string
}

func serve(t *testing.T, change ...func(*find.Pages)) *portal {
	t.Helper()
	c, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	assistants, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := database.Migrate(t.Context(), db.Write); err != nil {
		t.Fatal(err)
	}
	texts, err := web.LoadTexts(os.DirFS("../lang"))
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(os.DirFS("../templates"), os.DirFS("../static"), texts)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	public, _ := url.Parse("https://portal.altenwehr.example")
	core := &web.Core{Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: clock, Texts: texts, Renderer: renderer,
		Sessions: &web.Sessions{DB: db, Now: clock, Limits: web.DefaultSessionLimits()}, Public: public, Demo: true, PortalName: "Serviceportal", Town: "Stadt Altenwehr"}
	s := &portal{}
	pages := &find.Pages{Catalogue: c, Assistants: assistants, Town: "Stadt Altenwehr",
		Municipalities: []string{demo.AreaAltenwehr, demo.AreaFlecken, demo.AreaHagenbuettel, demo.AreaOsterwede, demo.AreaKleinRehde},
		Feedback: func(_ context.Context, page, body, mail string) (string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reports = append(s.reports, page+"|"+body+"|"+mail)
			return "B-2026-0001", nil
		}}
	for _, f := range change {
		f(pages)
	}
	core.Nav, core.PlaceName = pages.Nav, pages.PlaceName
	pages.Register(core)
	s.Server = httptest.NewServer(core.Handler())
	t.Cleanup(s.Close)
	return s
}

// visitor is a browser with cookies.
type visitor struct {
	t *testing.T
	s *portal
	c *http.Client
}

func (s *portal) visitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, s, &http.Client{Jar: jar}}
}

func (v *visitor) do(req *http.Request, want int) string {
	v.t.Helper()
	res, err := v.c.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != want {
		v.t.Fatalf("%s %s: status %d, want %d", req.Method, req.URL, res.StatusCode, want)
	}
	return string(body)
}

func (v *visitor) get(path string, want int) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.s.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(req, want)
}

func (v *visitor) post(path string, form url.Values, want int) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req, want)
}

func has(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, w := range wants {
		if !strings.Contains(body, w) {
			t.Errorf("%q is missing in %d bytes", w, len(body))
		}
	}
}

func hasNot(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, w := range wants {
		if strings.Contains(body, w) {
			t.Errorf("%q must not be there", w)
		}
	}
}

const (
	dog     = "/dienstleistung/L100099/L100099.LB.1001"
	taxes   = "/einrichtung/K033990/K033990.OE.11"
	inTown  = "?ort=" + demo.AreaAltenwehr
	inHagen = "?ort=" + demo.AreaHagenbuettel
)

func paths() []string {
	return []string{"/", "/" + inTown, "/ort", "/ort?q=27898", "/ort?q=27899", "/ort?q=xyz", "/suche", "/suche?q=Hund", "/suche?q=Hund&ort=" + demo.AreaAltenwehr, "/suche?q=qwertzuiop", "/suche?q=Antrag&seite=2",
		"/dienstleistungen", "/dienstleistungen?buchstabe=H", "/dienstleistungen?seite=2", "/lebenslagen", "/lebenslagen/K03", "/lebenslagen/K03" + inTown, dog, dog + inTown, dog + inHagen,
		"/dienstleistung/L100099/L100099.LB.1004" + inTown, "/dienstleistung/L100099/L100099.LB.1011" + inTown, "/dienstleistung/L100099/L100099.LB.2001" + inHagen, "/dienstleistung/K033990/K033990.LB.3001" + inTown,
		"/einrichtungen", taxes, "/einrichtung/K033990/K033990.OE.1", "/hilfe", "/leichte-sprache", "/gebaerdensprache", "/barrierefreiheit", "/impressum", "/datenschutz", "/cookies", "/lizenzen", "/barriere-melden"}
}

var heading = regexp.MustCompile(`<h([1-6])[ >]`)

// Every page in every language has all its texts, one h1 and headings
// without gaps.
func TestPagesInAllLanguages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, lang := range []string{"de", "en", "de-simple"} {
		v := s.visitor(t)
		for _, path := range paths() {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			body := v.get(path+sep+"lang="+lang, http.StatusOK)
			hasNot(t, body, "⟦", "&lt;no value", "<no value>", "%!", "ZgotmplZ")
			_, main, _ := strings.Cut(body, "<main")
			main, _, _ = strings.Cut(main, "</main>")
			last, ones := 0, 0
			for _, m := range heading.FindAllStringSubmatch(main, -1) {
				level := int(m[1][0] - '0')
				if level == 1 {
					ones++
				}
				if level > last+1 {
					t.Errorf("%s %s: h%d follows h%d", path, lang, level, last)
				}
				last = level
			}
			if ones != 1 {
				t.Errorf("%s %s: %d h1", path, lang, ones)
			}
			seen := map[string]bool{}
			for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
				if seen[m[1]] {
					t.Errorf("%s %s: id %q twice", path, lang, m[1])
				}
				seen[m[1]] = true
			}
		}
	}
}

func TestSharedPostcodeLeadsToAChoice(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	body := v.get("/ort?q=27898&weiter="+url.QueryEscape(dog), http.StatusOK)
	has(t, body, "Welcher Ort ist Ihrer?", `value="`+demo.AreaAltenwehr+`"`, `value="`+demo.AreaHagenbuettel+`"`, "27898")
	hasNot(t, body, `value="`+demo.AreaOsterwede+`"`)
	body = v.post("/ort", url.Values{"key": {demo.AreaHagenbuettel}, "weiter": {dog}, "q": {"27898"}}, http.StatusOK)
	has(t, body, "<strong>Hagenbüttel</strong>", "36,00", "Fachdienst Finanzen", "Samtgemeinde Lohmoor")
	// A link that carries a place wins over the chosen one, for one page.
	has(t, v.get(dog+inTown, http.StatusOK), "<strong>Stadt Altenwehr</strong>", "72,00")
	has(t, v.get(dog+"?ort=000000000000", http.StatusOK), "<strong>Hagenbüttel</strong>")
	has(t, v.post("/ort", url.Values{"key": {demo.AreaAltenwehr}, "weiter": {dog + inHagen}}, http.StatusOK), "72,00")
	hasNot(t, v.post("/ort", url.Values{"ohne": {"ja"}, "weiter": {"/"}}, http.StatusOK), "<strong>Stadt Altenwehr</strong> <a")
}

func TestPlaceEdges(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	has(t, v.get("/ort?q=27899", http.StatusOK), "Stadt Altenwehr übernehmen")
	has(t, v.get("/ort?q=Atlantis", http.StatusOK), "Atlantis", "Klein Rehde", `role="status"`)
	has(t, v.get("/ort?q=", http.StatusUnprocessableEntity), "Fehler:", `href="#ort-suche"`)
	has(t, v.post("/ort", url.Values{}, http.StatusUnprocessableEntity), `href="#key"`, `id="key"`)
	for _, key := range []string{"03399", "03", "1", "'; DROP TABLE x", strings.Repeat("0", 5000)} {
		v.post("/ort", url.Values{"key": {key}}, http.StatusUnprocessableEntity)
	}
	v.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, v.s.URL+"/ort", strings.NewReader(url.Values{"key": {demo.AreaAltenwehr}, "weiter": {next}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := v.c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("weiter %q leads to %q", next, got)
		}
	}
}

func TestSearchFinds(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	for query, want := range map[string]string{"Hund anmelden": dog, "Hundesteuer": dog, "hundesteur": dog, "Geburtsurkunde": "/dienstleistung/L100099/L100099.LB.1004"} {
		body := v.get("/suche?q="+url.QueryEscape(query)+"&ort="+demo.AreaAltenwehr, http.StatusOK)
		has(t, body, `href="`+want+`"`, "Zuständig: ", `value="`+query+`"`)
	}
	has(t, v.get("/suche?q=Hund+anmelden&ort="+demo.AreaAltenwehr, http.StatusOK), "Steuern und Abgaben", "Online")
	has(t, v.get("/suche?q=qqqqxxxx", http.StatusOK), "nichts gefunden", `href="/dienstleistungen"`, `href="/lebenslagen"`, `href="/hilfe"`)
	v.get("/suche?q=Hund&seite=900", http.StatusNotFound)
}

func TestServicePage(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	body := v.get(dog+inTown, http.StatusOK)
	has(t, body, "<h1>Hund anmelden</h1>", "/antrag/neu/hund-anmelden?dienst=L100099%2FL100099.LB.1001&amp;ort="+demo.AreaAltenwehr,
		"Ergänzung der Stadt Altenwehr", "72,00", "600,00", "kostenfrei", "Fachlich freigegeben am 17.02.2026 durch", "Zuständig für: Stadt Altenwehr", "Rathaus", "04299 555-1", "Öffnungszeiten")
	order := []string{"Online erledigen", "Voraussetzungen", "Das brauchen Sie", "Kosten</h2>", "Fristen", "Bearbeitungsdauer", "Ablauf", "Rechtsgrundlagen", "Rechtsbehelf", "Zuständige Stelle", "Fachlich freigegeben"}
	at := 0
	for _, o := range order {
		i := strings.Index(body[at:], o)
		if i < 0 {
			t.Fatalf("%q is not behind the ones before", o)
		}
		at += i
	}
	none := v.get(dog, http.StatusOK)
	has(t, none, "Kosten nach Ort", "72,00", "36,00", "60,00", "Klein Rehde", `name="weiter" value="`+dog+`"`)
	hasNot(t, none, "/antrag/neu/")
	inherited := v.get("/dienstleistung/L100099/L100099.LB.1011"+inTown, http.StatusOK)
	has(t, inherited, "Zuständig für das ganze Gebiet des Landkreises Weserheide", "Zum externen Angebot", "https://www.weserheide.example/online/kfz-zulassung", "Anbieter: Landkreis Weserheide")
	general := v.get("/dienstleistung/L100099/L100099.LB.1009"+inTown, http.StatusOK)
	has(t, general, "/antrag/neu/allgemeines-anliegen?dienst=L100099%2FL100099.LB.1009")
	english := v.get(dog+inTown+"&lang=en", http.StatusOK)
	has(t, english, "<h1>Register a dog</h1>", "The dog tax is a local tax", `lang="de"`, "€72.00")
	v.get("/dienstleistung/L100099/nope", http.StatusNotFound)
	v.get("/dienstleistung/x/y", http.StatusNotFound)
	v.get("/einrichtung/x/y", http.StatusNotFound)
	v.get("/lebenslagen/x", http.StatusNotFound)
}

func TestGeneralRequestOnlyWhereItArrives(t *testing.T) {
	t.Parallel()
	v := serve(t, func(p *find.Pages) {
		p.Reaches = func(_ context.Context, service, area string) bool { return area == demo.AreaAltenwehr }
	}).visitor(t)
	const off = "/dienstleistung/L100099/L100099.LB.1009"
	has(t, v.get(off+inTown, http.StatusOK), generalLink)
	hasNot(t, v.get(off+inHagen, http.StatusOK), generalLink)
}

const generalLink = "/antrag/neu/allgemeines-anliegen"

func TestHostileInput(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	nasty := []string{"%00", "%ff%fe", "%27%20OR%201%3D1--", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%22%3E%3Cimg%20src%3Dx%3E", strings.Repeat("a", 8000), strings.Repeat("%C3%A4%20", 2000), "*", "%22", "-1", "99999999999999999999", "%F0%9F%90%95", "../../etc/passwd", "%0d%0aX:1"}
	targets := []string{"/ort?q=", "/ort?weiter=", "/suche?q=", "/suche?q=Hund&seite=", "/dienstleistungen?buchstabe=", "/dienstleistungen?seite=", "/lebenslagen/", "/dienstleistung/L100099/", "/dienstleistung/", dog + "?ort=", "/einrichtung/K033990/", "/barriere-melden?seite=", "/?ort=", "/suche?q=Hund&lang="}
	for _, target := range targets {
		for _, n := range nasty {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.s.URL+target+n, nil)
			if err != nil {
				continue // the client itself refuses it
			}
			res, err := v.c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s%.40s: %d", target, n, res.StatusCode)
			}
			hasNot(t, string(body), "<script>alert", "<img src=x>")
		}
	}
	for _, n := range []string{"\x00", "\xff\xfe", "<script>alert(1)</script>", "' OR 1=1--", strings.Repeat("ä", 5000)} {
		for _, target := range []string{"/ort", "/barriere-melden"} {
			for _, field := range []string{"key", "q", "weiter", "seite", "text", "mail", "formular"} {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, v.s.URL+target, strings.NewReader(url.Values{field: {n}}.Encode()))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				res, err := v.c.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode >= 500 {
					t.Errorf("%s %s=%.20q: %d", target, field, n, res.StatusCode)
				}
				hasNot(t, string(body), "<script>alert")
			}
		}
	}
}

func TestBarrierReport(t *testing.T) {
	t.Parallel()
	s := serve(t)
	v := s.visitor(t)
	body := v.get("/barriere-melden?seite=%2Fsuche", http.StatusOK)
	has(t, body, `value="/suche"`)
	key := regexp.MustCompile(`name="formular" value="([^"]+)"`).FindStringSubmatch(body)
	if key == nil {
		t.Fatal("no key in the form")
	}
	form := url.Values{"formular": {key[1]}, "seite": {"/suche"}, "text": {""}, "mail": {"kein"}}
	has(t, v.post("/barriere-melden", form, http.StatusUnprocessableEntity), `href="#text"`, `href="#mail"`, `value="kein"`, `aria-invalid="true"`)
	form.Set("text", "Der Knopf ist nicht erreichbar.")
	form.Set("mail", "")
	has(t, v.post("/barriere-melden", form, http.StatusOK), "B-2026-0001", "angekommen")
	has(t, v.post("/barriere-melden", form, http.StatusOK), "B-2026-0001")
	if len(s.reports) != 1 || s.reports[0] != "/suche|Der Knopf ist nicht erreichbar.|" {
		t.Errorf("reports %q", s.reports)
	}
	has(t, s.visitor(t).get("/barriere-melden/gesendet", http.StatusOK), "Was ist das Problem?")
	off := serve(t, func(p *find.Pages) { p.Feedback = nil }).visitor(t)
	off.post("/barriere-melden", url.Values{"text": {"x"}}, http.StatusServiceUnavailable)
}

func TestForCrawlers(t *testing.T) {
	t.Parallel()
	v := serve(t).visitor(t)
	has(t, v.get("/sitemap.xml", http.StatusOK), "<loc>https://portal.altenwehr.example/</loc>", "<loc>https://portal.altenwehr.example"+dog+"</loc>", taxes)
	has(t, v.get("/robots.txt", http.StatusOK), "Disallow: /amt", "Sitemap: https://portal.altenwehr.example/sitemap.xml")
	has(t, v.get("/suche?q=Hund", http.StatusOK), `<meta name="robots" content="noindex">`)
	hasNot(t, v.get(dog, http.StatusOK), "noindex")
}
