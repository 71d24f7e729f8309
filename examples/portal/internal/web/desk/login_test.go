package desk_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
)

type antragQuery = bun.SelectQuery

var requestID = regexp.MustCompile(`name="anfrage" value="([A-Z0-9]+)"`)

// simulate starts a login provider for the portal of the test.
func (w *world) simulate() {
	w.t.Helper()
	const redirect = "http://127.0.0.1:8080/amt/oidc/antwort"
	sim, err := oidcsim.Start(oidcsim.Options{Now: w.now, Clients: []oidcsim.Client{{ID: "portal", Secret: "s", RedirectURIs: []string{redirect}}},
		People: []oidcsim.Person{{Sub: "1", Name: "A"}, {Sub: "2", Name: "B"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { sim.Close() })
	l := w.pages.Login
	l.Issuer, l.ClientSecret, l.RedirectURL = sim.URL, "s", redirect
	l.Person = func(_ context.Context, _, sub string) (string, bool) { return "p-clerk", sub == "1" }
}

// provider plays the person at the provider and returns the path of the
// callback.
func (w *world) provider(address, sub string) string {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	form := url.Values{"anfrage": {requestID.FindStringSubmatch(string(body))[1]}, "person": {sub}}
	u, _ := url.Parse(address)
	resp, err = client.PostForm(u.Scheme+"://"+u.Host+"/anmelden", form)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		w.t.Fatal(err)
	}
	return back.RequestURI()
}

func TestLoginAndLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.simulate()
	b := w.browser()
	wantRedirect(t, b.get("/amt"), "/amt/anmelden")
	wantRedirect(t, b.get("/amt/eingang?status=question"), "/amt/anmelden?weiter=%2Famt%2Feingang%3Fstatus%3Dquestion")
	page := b.get("/amt/anmelden?weiter=%2Famt%2Fmeine")
	if !strings.Contains(page.body, `name="weiter" value="/amt/meine"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), w.pages.Login.Origin()) {
		t.Error("the login page does not keep where to go on")
	}
	start := b.post("/amt/anmelden", url.Values{"weiter": {"/amt/meine"}})
	before := b.cookies["stadttor_amt"]
	callback := w.provider(start.location, "1")
	wantRedirect(t, b.get(callback), "/amt/meine")
	if after := b.cookies["stadttor_amt"]; after == before || after == "" {
		t.Error("the session kept its key at login")
	}
	if resp := b.get("/amt/meine"); resp.code != http.StatusOK {
		t.Errorf("my cases = %d", resp.code)
	}
	wantRedirect(t, b.get("/amt/anmelden"), "/amt/eingang")
	// The address of the answer is worth nothing to somebody else.
	if resp := w.browser().get(callback); resp.code != http.StatusBadRequest || !strings.Contains(resp.body, "noch einmal") {
		t.Errorf("answer in another browser = %d", resp.code)
	}
	wantRedirect(t, b.post("/amt/abmelden", nil), "/amt/anmelden?abgemeldet=1")
	if resp := b.get("/amt/anmelden?abgemeldet=1"); !strings.Contains(resp.body, "Sie sind abgemeldet") || !strings.Contains(resp.body, "/abmelden?client_id=portal") {
		t.Error("nothing says that one is logged out")
	}
	if resp := b.get("/amt/meine"); resp.code != http.StatusSeeOther {
		t.Errorf("after logout = %d", resp.code)
	}
}

func TestLoginFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	if resp := b.post("/amt/anmelden", nil); resp.code != http.StatusServiceUnavailable || !strings.Contains(resp.body, "nicht erreichbar") {
		t.Errorf("without a provider = %d", resp.code)
	}
	w.simulate()
	start := b.post("/amt/anmelden", nil)
	if resp := b.get(w.provider(start.location, "2")); resp.code != http.StatusForbidden || !strings.Contains(resp.body, "Kein Zugang") {
		t.Errorf("unknown person = %d", resp.code)
	}
	start = b.post("/amt/anmelden", nil)
	callback := w.provider(start.location, "1")
	if resp := b.get(strings.Replace(callback, "state=", "state=x", 1)); resp.code != http.StatusBadRequest {
		t.Errorf("wrong state = %d", resp.code)
	}
	// The attempt is used up, even by a wrong answer.
	if resp := b.get(callback); resp.code != http.StatusBadRequest {
		t.Errorf("right answer after a wrong one = %d", resp.code)
	}
}

func TestLoginTargetStaysLocal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, evil := range []string{"https://evil.invalid/amt/", "//evil.invalid/amt/", "/\\evil.invalid", "/amt/../../x\r\n", "/konto", "javascript:alert(1)", "/amtlich", "/amt/anmelden?weiter=/amt", "/amt/oidc/antwort"} {
		resp := w.browser().get("/amt/anmelden?weiter=" + url.QueryEscape(evil))
		if !strings.Contains(resp.body, `name="weiter" value="/amt/eingang"`) {
			t.Errorf("target %q is kept", evil)
		}
		wantRedirect(t, w.as("p-clerk").get("/amt/anmelden?weiter="+url.QueryEscape(evil)), "/amt/eingang")
	}
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("p-clerk")
	w.advance(61 * time.Minute)
	resp := b.get("/amt/wiedervorlagen")
	wantRedirect(t, resp, "/amt/anmelden?weiter=%2Famt%2Fwiedervorlagen")
	if page := b.get(resp.location); !strings.Contains(page.body, "Ihre Sitzung ist abgelaufen") {
		t.Error("nothing says that the session is over")
	}
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	b := w.as("p-head")
	for _, lang := range []string{"en", "de-simple", "de"} {
		for _, path := range []string{"/amt/eingang", "/amt/meine", "/amt/abgeschlossen", "/amt/wiedervorlagen", "/amt/vorgang/{id}", "/amt/vorgang/{id}/status", "/amt/vorgang/{id}/bescheid", "/amt/vorgang/{id}/unterlage/{nachricht}/{feld}"} {
			if resp := b.get(fx.replace.Replace(path) + "?lang=" + lang); resp.code != http.StatusOK || strings.Count(resp.body, "<h1") != 1 {
				t.Errorf("%s in %s = %d with %d h1", path, lang, resp.code, strings.Count(resp.body, "<h1"))
			}
		}
	}
}
