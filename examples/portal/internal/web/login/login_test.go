package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login/logintest"
)

// start adds a page that shows whose data a form would be filled with.
func start(t *testing.T) *logintest.Portal {
	t.Helper()
	return logintest.Start(t, func(p *logintest.Portal) {
		p.Core.Handle("GET /antrag/x", func(r *web.Request) error {
			if done, err := login.Require(r); done {
				return err
			}
			attrs, err := login.Attributes(r, p.Accounts)
			if err != nil {
				return err
			}
			for _, a := range attrs {
				r.W.Write([]byte(a.Name + "=" + a.Value + "\n"))
			}
			return nil
		})
		p.Core.Handle("POST /antrag/x", func(r *web.Request) error {
			_, err := login.Require(r)
			return err
		})
		p.Core.Handle("GET /konto", func(r *web.Request) error {
			_, err := r.W.Write([]byte("Konto von " + r.Session.Name))
			return err
		})
		p.Core.Handle("GET /antrag/begin", func(r *web.Request) error {
			r.Change()
			return r.Redirect("/anmelden")
		})
	})
}

func want(t *testing.T, b *logintest.Browser, path string, status int, texts ...string) {
	t.Helper()
	if b.At.Path != path || b.Status != status {
		t.Fatalf("at %s with %d, want %s with %d: %s", b.At.Path, b.Status, path, status, b.Text())
	}
	for _, s := range texts {
		if !strings.Contains(b.Text(), s) {
			t.Errorf("%s lacks %q: %s", path, s, b.Text())
		}
	}
}

func TestFirstLoginAsksForConsent(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := p.Browser(t)
	b.Get("/antrag/begin")
	visitor := b.Owner()
	draft := p.Draft(visitor, "Jonas", "Brandt")
	b.LogIn("/antrag/x", "", "jonas-brandt/Benutzername")
	want(t, b, "/konto/einrichten", 200, "Brandt", "17.03.1994", "jonas.brandt@example.org", "Einwilligung")
	if _, err := p.Applications.Draft(t.Context(), visitor, draft.ID); err != nil {
		t.Errorf("the draft left its owner before the consent: %v", err)
	}

	b.Submit("/konto/einrichten", "aktion", "zustimmen", "email", "kein at")
	want(t, b, "/konto/einrichten", 422, "name@example.org", "Setzen Sie das Häkchen", "Fehler:")
	b.Submit("/konto/einrichten", "aktion", "zustimmen", "email", "j@example.org", "zustimmung", "yes")
	want(t, b, "/antrag/x", 200, "2.5.4.4=Brandt")
	account := b.Owner()
	a, err := p.Accounts.Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if a.Mail != "j@example.org" || a.Notify || a.ConsentText != login.ConsentVersion || a.BPK2 == "" || len(a.Attributes) != 7 || a.Means != "Benutzername" || a.Level != 1 {
		t.Errorf("account: %+v", a)
	}
	if _, err := p.Applications.Draft(t.Context(), account, draft.ID); err != nil {
		t.Errorf("the draft did not go along: %v", err)
	}

	other := p.Browser(t)
	other.LogIn("", "", "jonas-brandt/Benutzername")
	want(t, other, "/konto", 200, "Konto von Jonas Brandt")
	if other.Owner() != account {
		t.Error("the second login did not find the account")
	}
}

func TestGuests(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := p.Browser(t)
	b.Get("/antrag/begin")
	visitor := b.Owner()
	b.Begin("/antrag/x", "", "einmalig").Choose("thorsten-ehlers/Gast-eID")
	want(t, b, "/antrag/x", 200, "2.5.4.4=EHLERS")
	if b.Owner() != visitor {
		t.Error("a guest lost what was begun")
	}
	b.Get("/konto/einrichten")
	want(t, b, "/konto", 200)

	b = p.Browser(t)
	b.LogIn("/antrag/x", "", "sabine-okafor/Elster")
	b.Submit("/konto/einrichten", "aktion", "ablehnen")
	want(t, b, "/antrag/x", 200, "2.5.4.4=Okafor")
	if o := b.Owner(); !strings.HasPrefix(o, "gast:") {
		t.Errorf("owner %q", o)
	}
	b.Get("/konto/einrichten") // may change her mind
	want(t, b, "/konto/einrichten", 200, "Okafor")
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := p.Browser(t)
	account := b.WithAccount("meike-harms/Benutzername")
	b.Get("/anmelden?weiter=/antrag/x&stufe=4")
	want(t, b, "/anmelden", 200, "höheres Vertrauensniveau", "Hoch – Online-Ausweis", "Ihr Entwurf bleibt gespeichert")
	b.LogIn("/antrag/x", "4", "meike-harms/eID")
	want(t, b, "/antrag/x", 200, "HARMS")
	if b.Owner() != account {
		t.Error("the step-up lost the account")
	}
	b.Get("/anmelden?stufe=4")
	want(t, b, "/anmelden", 200, "Sie sind schon angemeldet")

	draft := p.Draft(account, "Meike", "Harms")
	b.LogIn("/antrag/x", "4", "hinnerk-lueders/eID")
	want(t, b, "/konto/einrichten", 200, "eine andere Person", "LÜDERS")
	b.Submit("/konto/einrichten", "aktion", "ablehnen")
	want(t, b, "/konto", 200, "HINNERK")
	if b.Owner() == account {
		t.Error("another person got the session")
	}
	if _, err := p.Applications.Draft(t.Context(), account, draft.ID); err != nil {
		t.Errorf("the draft was lost: %v", err)
	}
	if _, err := p.Applications.Draft(t.Context(), b.Owner(), draft.ID); err == nil {
		t.Error("the draft went to another person")
	}
	b.LogIn("/antrag/x", "", "meike-harms/eID")
	want(t, b, "/konto", 200) // an account is known, but it is another person again: not back into the draft
}

func TestFailures(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, c := range []struct {
		fault  bundidsim.Fault
		status int
		text   string
	}{
		{bundidsim.FaultCancel, 200, "Sie haben die Anmeldung abgebrochen"},
		{bundidsim.FaultLevelLower, 403, "Gebraucht wird: Substantiell"},
		{bundidsim.FaultExpired, 410, "nicht mehr gültig"},
		{bundidsim.FaultUnsigned, 400, "Fehlernummer"},
		{bundidsim.FaultWrongAudience, 400, "Fehlernummer"},
		{bundidsim.FaultReplay, 410, "nicht mehr gültig"},
	} {
		b := p.Browser(t)
		if c.fault == bundidsim.FaultReplay {
			b.LogIn("/antrag/x", "3", "sabine-okafor/Elster")
			b = p.Browser(t)
		}
		b.Begin("/antrag/x", "3", "konto")
		p.Sim.Misbehave(c.fault)
		b.Choose("sabine-okafor/Elster")
		want(t, b, "/anmelden/fehler", c.status, c.text)
		// Only an answer whose request is known leads back to the place.
		known := c.fault == bundidsim.FaultCancel || c.fault == bundidsim.FaultLevelLower
		if got := strings.Contains(b.Text(), "Ihr Entwurf bleibt gespeichert"); got != known {
			t.Errorf("%v: draft mentioned: %v", c.fault, got)
		}
		if b.Owner() != "" && c.fault != bundidsim.FaultReplay {
			t.Errorf("%v: a session was opened", c.fault)
		}
	}
	if b := p.Browser(t).Get("/anmelden/fehler?grund=<b>"); b.Status != http.StatusNotFound {
		t.Errorf("unknown cause: %d", b.Status)
	}
	b := p.Browser(t).Get("/anmelden/fehler?grund=technik&weiter=//evil.example&nr=evil")
	if strings.Contains(b.Text(), "evil") || strings.Contains(b.Body, `"//evil`) {
		t.Error("foreign words on the error page")
	}
}

func TestTicket(t *testing.T) {
	t.Parallel()
	p := start(t)
	if err := p.Sim.SignInAs("jonas-brandt", bundid.MeansBenutzername); err != nil {
		t.Fatal(err)
	}
	victim := p.Browser(t)
	victim.Get("/anmelden").Submit("/anmelden", "art", "konto")
	victim.Submit("/SSO") // shows the answer's form at once
	thief := victim.Fresh()
	thief.Submit("/saml/acs")
	want(t, thief, "/anmelden/fehler", 403, "anderen Browser")
	victim.Submit("/saml/acs")
	want(t, victim, "/anmelden/fehler", 410, "nicht mehr gültig")

	b := p.Browser(t)
	b.LogIn("/antrag/x", "", "jonas-brandt/Benutzername")
	want(t, b, "/konto/einrichten", 200)
	b.Get("/anmelden/abschluss/" + strings.Repeat("A", 43))
	want(t, b, "/konto", 200) // logged in: a used ticket leads on
	n := p.Browser(t).Get("/anmelden/abschluss/" + strings.Repeat("A", 43))
	want(t, n, "/anmelden/fehler", 410)
}

func TestLimitsAndLogout(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := p.Browser(t)
	b.WithAccount("meike-harms/eID")
	b.Get("/antrag/x")
	want(t, b, "/antrag/x", 200, "HARMS")
	p.Advance(6 * time.Minute)
	b.Get("/antrag/x?a=1")
	want(t, b, "/anmelden", 200, "Ihre Sitzung ist abgelaufen")
	if next := b.Value("weiter"); next != "/antrag/x?a=1" {
		t.Errorf("way back %q", next)
	}
	if b.Post("/antrag/x", nil); b.Status != http.StatusUnauthorized {
		t.Errorf("post without a session: %d", b.Status)
	}
	b.LogIn("/antrag/x", "", "meike-harms/eID")
	want(t, b, "/antrag/x", 200)
	b.Post("/abmelden", nil)
	want(t, b, "/abgemeldet", 200, "Sie sind abgemeldet")
	if b.Owner() != "" {
		t.Error("the session is still there")
	}
}

func TestWayStaysLocal(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "/anmelden/abschluss/x", "/abmelden", "/" + strings.Repeat("a", 2000)} {
		b := p.Browser(t).Get("/anmelden?weiter=" + url.QueryEscape(next))
		if got := b.Value("weiter"); got != "" {
			t.Errorf("%q leads to %q", next, got)
		}
		b.LogIn(next, "", "jonas-brandt/Benutzername")
		want(t, b, "/konto/einrichten", 200)
		b.Submit("/konto/einrichten", "aktion", "ablehnen")
		want(t, b, "/konto", 200)
	}
	b := p.Browser(t).Get("/anmelden?stufe=9")
	if strings.Contains(b.Text(), "Benötigtes") {
		t.Error("an unknown level counts")
	}
}

func TestForwardPage(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := p.Browser(t).Get("/anmelden").Submit("/anmelden", "art", "konto")
	if csp := b.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+p.Sim.URL+";") {
		t.Errorf("policy %q lacks the account's origin", csp)
	}
	if m := p.Browser(t).Get("/saml/metadata"); m.Status != 200 || !strings.Contains(m.Body, p.URL+"/saml/acs") {
		t.Errorf("metadata: %d", m.Status)
	}
}

func TestAllLanguages(t *testing.T) {
	t.Parallel()
	p := start(t)
	paths := []string{"/anmelden", "/anmelden?stufe=3&weiter=/antrag/x&grund=abgelaufen", "/abgemeldet", "/abgemeldet?nach=geloescht", "/abgemeldet?nach=getrennt"}
	for _, c := range []string{"abgebrochen", "niveau", "angabe", "abgelaufen", "browser", "bundid", "technik"} {
		paths = append(paths, "/anmelden/fehler?stufe=4&weiter=/antrag/x&nr=ABCDEFGHIJ&grund="+c)
	}
	b := p.Browser(t)
	b.LogIn("", "", "jonas-brandt/Benutzername")
	paths = append(paths, "/konto/einrichten")
	for _, lang := range []string{"de", "en", "de-simple"} {
		for _, path := range paths {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			b.Get(path + join + "lang=" + lang)
			if strings.Contains(b.Body, "⟦") || strings.Contains(b.Body, "no value") || strings.Count(b.Body, "<h1") != 1 {
				t.Errorf("%s in %s is not complete", path, lang)
			}
		}
	}
}
