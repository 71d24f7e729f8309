package portal_test

import (
	"bytes"
	stdhtml "html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	xhtml "golang.org/x/net/html"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// stage is a portal with all simulators, used as the test script says: through
// its pages and those of the simulators only. Time can be moved on for all.
type stage struct {
	t     *testing.T
	url   string
	ahead atomic.Int64
	test  *visitor // a tester
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	begin := time.Now()
	s.url = start(t, func(c *portal.Config) {
		c.Now = func() time.Time {
			return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin)).Add(time.Duration(s.ahead.Load()))
		}
		c.SweepEvery(200 * time.Millisecond)
	}).URL()
	s.test = s.browser()
	return s
}

// on is the stage of a sub-test.
func (s *stage) on(t *testing.T) *visitor { s.t, s.test.t = t, t; return s.test }

func (s *stage) browser() *visitor { return newVisitor(s.t, s.url) }

func (s *stage) later(d time.Duration) { s.ahead.Add(int64(d)) }

// set gives a simulator a fault, or none, on the page for testers.
func (s *stage) set(simulator, fault string) {
	s.t.Helper()
	s.test.post("/test/stoerungen", url.Values{"simulator": {simulator}, "stoerung": {fault}}).want("Die Störung ist eingestellt.")
}

func (s *stage) calm() {
	s.t.Helper()
	s.test.post("/test/stoerungen/aus", nil).want("Kein Simulator ist gestört.")
}

// until waits for something that happens in the background.
func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("%s does not happen", what)
}

// person is somebody with an account who has logged in.
func (s *stage) person(persona string) *visitor {
	s.t.Helper()
	v := s.browser()
	consent(bundid(v.get("/anmelden"), persona)).want()
	return v
}

// callbacks are the codes of the decisions about calls for a case, the latest
// first.
func (s *stage) callbacks(ref string) []string {
	s.t.Helper()
	page := s.test.get("/test/rueckrufe?vorgang=" + ref).want()
	return decisions(page)
}

// address is where a simulator is.
func (s *stage) address(simulator string) string {
	s.t.Helper()
	_, rest, _ := strings.Cut(s.test.get("/test/stoerungen").want().body, `id="`+simulator+`"`)
	found := regexp.MustCompile(`href="(http://[^"]+)"`).FindStringSubmatch(rest)
	if found == nil {
		s.t.Fatalf("no address of %s", simulator)
	}
	return stdhtml.UnescapeString(found[1])
}

// impatient sends a form as somebody who does not wait for ever. nil: nothing
// came that could be shown.
func impatient(f *form, patience time.Duration) *page {
	f.p.v.t.Helper()
	target, err := f.p.url.Parse(f.action)
	if err != nil {
		f.p.v.t.Fatal(err)
	}
	var body io.Reader
	method := http.MethodGet
	if f.method == "post" {
		method, body = http.MethodPost, strings.NewReader(f.values.Encode())
	} else {
		target.RawQuery = f.values.Encode()
	}
	req, err := http.NewRequestWithContext(f.p.v.t.Context(), method, target.String(), body)
	if err != nil {
		f.p.v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", f.p.url.Scheme+"://"+f.p.url.Host)
	req.Header.Set("Accept-Language", "de")
	c := *f.p.v.client
	c.Timeout = patience
	res, err := c.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || len(raw) == 1<<20 {
		return nil
	}
	p := &page{v: f.p.v, url: res.Request.URL, status: res.StatusCode, header: res.Header, body: string(raw)}
	p.doc, _ = parsePage(raw)
	return p
}

func parsePage(raw []byte) (*xhtml.Node, error) { return xhtml.Parse(bytes.NewReader(raw)) }

// faultRow says what happens at a fault. It begins with a calm stage; while
// the fault is on, and after it is taken away, it looks at what people see.
type faultRow struct {
	simulator, fault string
	slow             bool // takes seconds; not with -short
	play             func(s *stage, fault string)
}

// faultRows is the table of the script: each fault of each simulator once.
func faultRows() []faultRow {
	var out []faultRow
	for _, rows := range [][]faultRow{loginRows, staffRows, mailRows, payRows, officeRows, wasteRows} {
		out = append(out, rows...)
	}
	return out
}

// TestScriptFaultsComplete holds that no fault is without a row, and none has
// two.
func TestScriptFaultsComplete(t *testing.T) {
	t.Parallel()
	rows := map[string]int{}
	for _, r := range faultRows() {
		rows[r.simulator+": "+r.fault]++
	}
	for _, g := range elsewhere(t).Faults() {
		for _, f := range g.Faults {
			if n := rows[g.Code+": "+f.Code]; n != 1 {
				t.Errorf("%s: %s has %d rows", g.Code, f.Code, n)
			}
			delete(rows, g.Code+": "+f.Code)
		}
	}
	for name := range rows {
		t.Errorf("%s is no fault", name)
	}
}

// TestScriptFaults plays the faults of the test script. Those of a simulator
// share a portal and come one after the other.
func TestScriptFaults(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string][]faultRow{"people": append(append([]faultRow{}, loginRows...), staffRows...), "mail": mailRows,
		"payment": payRows[:len(payRows)/2], "payment more": payRows[len(payRows)/2:], "office": officeRows, "waste": wasteRows} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for i, row := range rows {
				if testing.Short() && (row.slow || i%3 != 0) {
					continue
				}
				t.Run(row.simulator+" "+row.fault, func(t *testing.T) {
					defer s.on(s.t)
					s.on(t)
					s.calm()
					row.play(s, row.fault)
					s.calm()
				})
			}
		})
	}
}

// The login of citizens.

var loginRows = []faultRow{
	{sims.BundID, sims.FaultDown, false, loginAway}, {sims.BundID, sims.FaultSlow, false, loginAway}, {sims.BundID, sims.FaultHTML, false, loginAway},
	{sims.BundID, sims.FaultHuge, false, loginAway}, {sims.BundID, sims.FaultStatus, false, loginAway},
	{sims.BundID, "cancel", false, loginRefused("Anmeldung abgebrochen")},
	{sims.BundID, "expired", false, loginRefused("")},
	{sims.BundID, "wrong-audience", false, loginRefused("")},
	{sims.BundID, "unsigned", false, loginRefused("")},
	{sims.BundID, "level-lower", false, loginTooLow},
	{sims.BundID, "replay", false, loginRefused("")},
}

// loginAway: the account does not answer. Whoever is logged in stays so.
func loginAway(s *stage, fault string) {
	in, out := s.person("Meike Harms: Online-Ausweis"), s.browser()
	s.set(sims.BundID, fault)
	p := impatient(out.get("/anmelden").form("Mit BundID anmelden").send().want("BundID").form("Weiter"), time.Second)
	if p != nil && strings.Contains(p.body, "Meike") {
		s.t.Errorf("the account shows itself: %s", clip(p.text()))
	}
	in.get("/postkorb").want("Postkorb", "Abmelden")
	out.get("/").want("Hund anmelden").wantNot("Abmelden")
	out.get("/suche?q=Hund").want("Hund anmelden")
	s.calm()
	consent(bundid(out.get("/anmelden"), "Meike Harms: Online-Ausweis"))
	out.get("/postkorb").want("Abmelden")
}

// tryLogin goes through the account, which answers as it wants.
func tryLogin(p *page, who string) *page {
	p.v.t.Helper()
	p = p.form("Mit BundID anmelden").send().want("BundID")
	p = p.form("Weiter").send().want("BundID-Simulator")
	p = p.form(who).send()
	for _, button := range []string{"Daten übermitteln", "Weiter zum Onlinedienst"} {
		if "http://"+p.url.Host != p.v.base && strings.Contains(p.body, button) {
			p = p.form(button).send()
		}
	}
	return p
}

// loginRefused: the answer of the account is not accepted, and nobody is
// logged in by it.
func loginRefused(words string) func(*stage, string) {
	return func(s *stage, fault string) {
		in := s.person("Meike Harms: Online-Ausweis")
		v := s.browser()
		s.set(sims.BundID, fault)
		p := tryLogin(v.get("/anmelden"), "Meike Harms: Online-Ausweis")
		if p.url.Path != "/anmelden/fehler" || !strings.Contains(p.text(), words) || strings.Contains(p.text(), "HARMS") {
			s.t.Errorf("%s: %d\n%s", p.url, p.status, clip(p.text()))
		}
		p.link("nmelden") // a way on
		v.get("/").want().wantNot("Abmelden")
		in.get("/postkorb").want("Abmelden")
		s.calm()
		consent(bundid(v.get("/anmelden"), "Meike Harms: Online-Ausweis"))
		v.get("/postkorb").want("Abmelden")
	}
}

// loginTooLow: what needs more than the login proves is not given.
func loginTooLow(s *stage, fault string) {
	v := s.browser()
	s.set(sims.BundID, fault)
	intro := v.get("/antrag/neu/geburtsurkunde?ort=033990004004").want("Substantiell")
	p := tryLogin(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis")
	if p.url.Path != "/anmelden/fehler" || !strings.Contains(p.text(), "Vertrauensniveau") {
		s.t.Errorf("%s: %d\n%s", p.url, p.status, clip(p.text()))
	}
	s.calm()
	intro = consent(bundid(v.get("/antrag/neu/geburtsurkunde?ort=033990004004").follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis"))
	intro.want("Antrag beginnen")
}

// The login of the staff.

var staffRows = []faultRow{
	{sims.OpenID, sims.FaultDown, false, staffAway}, {sims.OpenID, sims.FaultSlow, false, staffAway}, {sims.OpenID, sims.FaultHTML, false, staffAway},
	{sims.OpenID, sims.FaultHuge, false, staffAway}, {sims.OpenID, sims.FaultStatus, false, staffAway},
	{sims.OpenID, "nonce", false, staffRefused}, {sims.OpenID, "audience", false, staffRefused}, {sims.OpenID, "issuer", false, staffRefused},
	{sims.OpenID, "signature", false, staffRefused}, {sims.OpenID, "expired", false, staffRefused},
}

func staffAway(s *stage, fault string) {
	in := s.browser()
	desk(in, "Heike Janßen")
	v := s.browser()
	s.set(sims.OpenID, fault)
	p := impatient(v.get("/amt/eingang").form("Mit dem Anmeldedienst anmelden"), time.Second)
	if p != nil && strings.Contains(p.body, "Wiebke") {
		s.t.Errorf("the provider shows itself: %s", clip(p.text()))
	}
	in.get("/amt/eingang").want("Eingangskorb", "Heike Janßen")
	s.browser().get("/").want("Hund anmelden")
	s.calm()
	desk(v, "Wiebke Harms")
}

func staffRefused(s *stage, fault string) {
	v := s.browser()
	s.set(sims.OpenID, fault)
	p := v.get("/amt/eingang").form("Mit dem Anmeldedienst anmelden").send().form("Wiebke Harms").send()
	if "http://"+p.url.Host != s.url || p.status < 400 || strings.Contains(p.text(), "Eingangskorb") {
		s.t.Errorf("%s: %d\n%s", p.url, p.status, clip(p.text()))
	}
	for _, detail := range []string{"nonce", "audience", "issuer", "signature", "token", "oidc"} {
		if strings.Contains(strings.ToLower(p.text()), detail) {
			s.t.Errorf("the page names a detail: %q\n%s", detail, clip(p.text()))
		}
	}
	v.get("/amt/eingang").wantNot("Eingangskorb").form("Mit dem Anmeldedienst anmelden")
	s.calm()
	desk(v, "Wiebke Harms")
}

// The members.

var wasteRows = []faultRow{
	{sims.Waste, sims.FaultDown, false, wasteAway}, {sims.Waste, sims.FaultSlow, false, wasteAway}, {sims.Waste, "hang", false, wasteAway},
	{sims.Waste, sims.FaultHTML, false, wasteAway}, {sims.Waste, sims.FaultStatus, false, wasteAway}, {sims.Waste, sims.FaultHuge, false, wasteAway},
	{sims.Waste, "cut", false, wasteAway},
	{sims.Waste, "foreign-links", false, wasteOdd(false)}, {sims.Waste, "script", false, wasteOdd(true)},
}

const (
	bulky   = "/suche?ort=033990004004&q=Sperrm%C3%BCll"
	express = "Sperrmüll als Express-Abholung"
	missing = "Nicht erreichbar: Abfallwirtschaft"
)

// bulkyAgain searches until the member's answers are there. It is not asked at
// once when it has failed often.
func (s *stage) bulkyAgain() {
	s.t.Helper()
	s.until("hits of the waste company", func() bool {
		p := s.test.get(bulky).want()
		if strings.Contains(p.text(), express) && !strings.Contains(p.text(), missing) {
			return true
		}
		s.later(time.Minute)
		return false
	})
}

func wasteAway(s *stage, fault string) {
	s.bulkyAgain()
	s.later(2 * time.Hour) // what is kept is too old
	s.set(sims.Waste, fault)
	begin := time.Now()
	s.test.get("/suche?ort=033990004004&q=" + url.QueryEscape("Sperrmüll "+fault)).want(missing)
	if took := time.Since(begin); took > 5*time.Second {
		s.t.Errorf("the answer took %s", took)
	}
	p := s.test.get(bulky).want("Sperrmüll anmelden")
	if text := p.text(); !strings.Contains(text, missing) && !strings.Contains(text, express) {
		s.t.Errorf("nobody is said to be missing\n%s", clip(text))
	}
	s.calm()
	s.bulkyAgain()
}

func wasteOdd(shown bool) func(*stage, string) {
	return func(s *stage, fault string) {
		s.bulkyAgain()
		s.set(sims.Waste, fault)
		s.later(2 * time.Hour)
		var p *page
		s.until("an answer of the member", func() bool {
			s.later(time.Minute)
			p = s.test.get("/suche?ort=033990004004&q=" + url.QueryEscape("Sperrmüll Express")).want()
			return !strings.Contains(p.text(), missing)
		})
		if got := strings.Contains(p.text(), express); got != shown {
			s.t.Errorf("the hit is shown: %v\n%s", got, clip(p.text()))
		}
		for _, bad := range []string{"boese.example", "alert(1)", "onerror", "&lt;b"} {
			if strings.Contains(p.body, bad) {
				s.t.Errorf("%s is on the page", bad)
			}
		}
		s.calm()
		s.later(2 * time.Hour)
		s.bulkyAgain()
	}
}

func decisions(p *page) []string {
	var out []string
	for _, m := range regexp.MustCompile(`Entscheidung: <code>([^<]+)</code>`).FindAllStringSubmatch(p.body, -1) {
		out = append(out, m[1])
	}
	return out
}
