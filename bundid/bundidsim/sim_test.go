package bundidsim_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

var sharedKeys = sync.OnceValue(func() *bundidsim.Keys {
	keys, err := bundidsim.GenerateKeys(noon)
	if err != nil {
		panic(err)
	}
	return keys
})

const origin = "http://127.0.0.1:8080"

// world is a simulator and a service provider in one process, without sockets.
type world struct {
	sim *bundidsim.Server
	sp  *bundid.ServiceProvider
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: noon}
	clock := func() time.Time { return w.now }
	w.sim = bundidsim.New(&bundidsim.Options{
		Keys: sharedKeys(), Now: clock,
		SPMetadata: func(context.Context, string) ([]byte, error) { return w.sp.Metadata() },
	})
	k := sharedKeys()
	var err error
	w.sp, err = bundid.New(bundid.Config{
		EntityID: origin + "/sp", ACSURL: origin + "/acs", IDPMetadata: w.sim.Metadata(),
		SigningKey: k.Key, SigningCertificate: k.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: k.Key, Certificate: k.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr", OnlineServiceID: "BMI-A0000",
		InsecureAllowHTTP: true, Now: clock,
	}, bundid.NewMemStore(0))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) start(t testing.TB, lr bundid.LoginRequest) *bundid.Redirect {
	t.Helper()
	if lr.Level == 0 {
		lr.Level = bundid.LevelBasis
	}
	r, err := w.sp.Start(t.Context(), lr)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send posts fields to an address of the simulator, or gets it without fields.
func (w *world) send(address string, fields url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	if fields != nil {
		r = httptest.NewRequest(http.MethodPost, address, strings.NewReader(fields.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	rec := httptest.NewRecorder()
	w.sim.ServeHTTP(rec, r)
	return rec
}

// choose goes to the page with the personas and returns its body.
func (w *world) choose(t testing.TB, lr bundid.LoginRequest) (procedure, body string) {
	t.Helper()
	redirect := w.start(t, lr)
	rec := w.send(redirect.URL, redirect.Form)
	next, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || next.Query().Get("vorgang") == "" {
		t.Fatalf("not sent on to the choice: %d %s", rec.Code, rec.Header().Get("Location"))
	}
	return next.Query().Get("vorgang"), w.send(next.String(), nil).Body.String()
}

// login returns the login as the persona.
func (w *world) login(t testing.TB, lr bundid.LoginRequest, choice string) (*bundid.Login, error) {
	t.Helper()
	if lr.Level == 0 {
		lr.Level = bundid.LevelBasis
	}
	redirect := w.start(t, lr)
	rec := w.send(redirect.URL, redirect.Form)
	next, err := url.Parse(rec.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	id := next.Query().Get("vorgang")
	w.send(w.sim.URL+"/idp/anmelden", url.Values{"vorgang": {id}, "wahl": {choice}})
	page := w.send(w.sim.URL+"/idp/uebermittlung", url.Values{"vorgang": {id}, "aktion": {"senden"}}).Body.String()
	r := httptest.NewRequest(http.MethodPost, "/acs", strings.NewReader(hidden(t, page).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ticket, err := w.sp.Receive(t.Context(), r)
	if err != nil {
		return nil, err
	}
	done := httptest.NewRequest(http.MethodGet, "/done", nil)
	done.AddCookie(redirect.Cookie)
	return w.sp.Finish(t.Context(), ticket, done)
}

func hidden(t testing.TB, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	fields := url.Values{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "input" {
			var name, value string
			for _, a := range n.Attr {
				switch a.Key {
				case "name":
					name = a.Val
				case "value":
					value = a.Val
				}
			}
			fields.Set(name, value)
		}
	}
	return fields
}

// TestRequestChecks changes an honest request and wants the account's code.
// Changes after signing end at the signature, so the rows behind it sign
// through the Redirect binding or change the time.
func TestRequestChecks(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) func(*world, url.Values) {
		return func(_ *world, form url.Values) {
			raw, _ := base64.StdEncoding.DecodeString(form.Get("SAMLRequest"))
			changed := strings.Replace(string(raw), old, new, 1)
			form.Set("SAMLRequest", base64.StdEncoding.EncodeToString([]byte(changed)))
		}
	}
	signature := regexp.MustCompile(`<ds:Signature .*</ds:Signature>`)
	for name, row := range map[string]struct {
		edit func(*world, url.Values)
		want string
	}{
		"no XML":           {func(_ *world, f url.Values) { f.Set("SAMLRequest", "eA==") }, "sim-malformed-request"},
		"no base64":        {func(_ *world, f url.Values) { f.Set("SAMLRequest", "***") }, "sim-malformed-request"},
		"document type":    {edit("<samlp:AuthnRequest", "<!DOCTYPE x><samlp:AuthnRequest"), "sim-malformed-request"},
		"another issuer":   {edit(origin+"/sp<", "https://andere.example/sp<"), "sim-unknown-issuer"},
		"destination":      {edit(`Destination="`, `Destination="x`), "sim-wrong-destination"},
		"consumer address": {edit(`ServiceURL="`, `ServiceURL="https://angreifer.example/`), "sim-unknown-consumer-address"},
		"changed":          {edit("Level-1", "Level-4"), "sim-signature-invalid"},
		"not signed": {func(_ *world, f url.Values) {
			raw, _ := base64.StdEncoding.DecodeString(f.Get("SAMLRequest"))
			f.Set("SAMLRequest", base64.StdEncoding.EncodeToString(signature.ReplaceAll(raw, nil)))
		}, "saml-request-not-signed"},
		"late":        {func(w *world, _ url.Values) { w.now = w.now.Add(6 * time.Minute) }, "sim-issue-instant-outside-window"},
		"early":       {func(w *world, _ url.Values) { w.now = w.now.Add(-6 * time.Minute) }, "sim-issue-instant-outside-window"},
		"sent before": {func(w *world, f url.Values) { w.send(w.sim.URL+"/idp/profile/SAML2/POST/SSO", f) }, "sim-request-sent-twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			redirect := w.start(t, bundid.LoginRequest{})
			row.edit(w, redirect.Form)
			rec := w.send(redirect.URL, redirect.Form)
			next, err := url.Parse(rec.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			if got := next.Query().Get("idp.code"); got != row.want {
				t.Errorf("want %s, got %s", row.want, got)
			}
			page := w.send(next.String(), nil)
			if page.Code != http.StatusBadRequest || !strings.Contains(page.Body.String(), row.want) {
				t.Errorf("error page %d: %s", page.Code, page.Body)
			}
		})
	}
}

func TestUnreachableMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim = bundidsim.New(&bundidsim.Options{
		Keys:       sharedKeys(),
		SPMetadata: func(context.Context, string) ([]byte, error) { return nil, errors.New("down") },
	})
	redirect := w.start(t, bundid.LoginRequest{})
	if got := w.send(redirect.URL, redirect.Form).Header().Get("Location"); !strings.HasSuffix(got, "sim-metadata-unavailable") {
		t.Errorf("got %s", got)
	}
}

// TestSeveralProviders concerns a simulator that serves more than one: each is
// known by its own name, and nobody else is.
func TestSeveralProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	metadata, err := w.sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	w.sim = bundidsim.New(&bundidsim.Options{Keys: sharedKeys(), Now: func() time.Time { return w.now }, SPMetadata: func(_ context.Context, entityID string) ([]byte, error) {
		asked = append(asked, entityID)
		if len(asked) == 1 {
			return nil, nil
		}
		return metadata, nil
	}})
	redirect := w.start(t, bundid.LoginRequest{})
	if got := w.send(redirect.URL, redirect.Form).Header().Get("Location"); !strings.HasSuffix(got, "sim-unknown-issuer") {
		t.Errorf("a name that nobody registered: %s", got)
	}
	if got := w.send(redirect.URL, redirect.Form).Header().Get("Location"); strings.Contains(got, "sim-") {
		t.Errorf("a registered name: %s", got)
	}
	if want := []string{origin + "/sp", origin + "/sp"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

// TestOffers concerns who is on offer for which request.
func TestOffers(t *testing.T) {
	t.Parallel()
	asks := func(names ...string) (out []bundid.RequestedAttribute) {
		for _, n := range names {
			out = append(out, bundid.RequestedAttribute{Name: n})
		}
		return out
	}
	for name, row := range map[string]struct {
		lr         bundid.LoginRequest
		has, hasNo []string
	}{
		"level 1": {bundid.LoginRequest{}, []string{"jonas-brandt/Benutzername", "thorsten-ehlers/Gast-eID", "renate-wulff/FINK"}, nil},
		"level 3": {bundid.LoginRequest{Level: bundid.LevelSubstantiell},
			[]string{"sabine-okafor/Elster", "pieter-van-buuren/eIDAS"}, []string{"jonas-brandt/Benutzername", "chiara-benedetti/eIDAS"}},
		"one means": {bundid.LoginRequest{Methods: []bundid.Means{bundid.MeansElster}},
			[]string{"sabine-okafor/Elster", "thorsten-ehlers/Gast-Elster"}, []string{"meike-harms/eID"}},
		"person mark hides guests": {bundid.LoginRequest{Attributes: asks(bundid.AttrBPK2)},
			[]string{"renate-wulff/FINK"}, []string{"thorsten-ehlers/Gast-eID"}},
		"mailbox required hides FINK": {bundid.LoginRequest{Attributes: []bundid.RequestedAttribute{{Name: bundid.AttrPostkorbHandle, Required: true}}},
			[]string{"meike-harms/eID"}, []string{"renate-wulff/FINK", "thorsten-ehlers/Gast-eID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, body := newWorld(t).choose(t, row.lr)
			for _, s := range row.has {
				if !strings.Contains(body, `value="`+s+`"`) {
					t.Errorf("%s is not on offer", s)
				}
			}
			for _, s := range row.hasNo {
				if strings.Contains(body, `value="`+s+`"`) {
					t.Errorf("%s is on offer", s)
				}
			}
		})
	}
}

// TestPersonas logs everybody in by every means.
func TestPersonas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := []bundid.RequestedAttribute{
		{Name: bundid.AttrGivenName}, {Name: bundid.AttrSurname, Required: true}, {Name: bundid.AttrBirthdate},
		{Name: bundid.AttrNationality}, {Name: bundid.AttrPostalAddress}, {Name: bundid.AttrEIDASIssuingCountry},
		{Name: bundid.AttrMFA}, {Name: bundid.AttrApplicationID}, {Name: bundid.AttrPseudonym},
	}
	marks := make(map[string]string)
	personas := bundidsim.Personas()
	if len(personas) < 9 {
		t.Errorf("only %d personas", len(personas))
	}
	for _, p := range personas {
		for _, l := range p.Logins {
			lr := bundid.LoginRequest{Attributes: all}
			if !l.Guest {
				lr.Attributes = append(slices.Clone(all), bundid.RequestedAttribute{Name: bundid.AttrBPK2},
					bundid.RequestedAttribute{Name: bundid.AttrPostkorbHandle})
			}
			got, err := w.login(t, lr, p.ID+"/"+l.Key())
			if err != nil {
				t.Errorf("%s by %s: %v", p.ID, l.Key(), err)
				continue
			}
			if got.Level != l.Level || got.Means != l.Means || got.Guest != l.Guest {
				t.Errorf("%s by %s: %v", p.ID, l.Key(), got)
			}
			if mailbox := got.PostkorbHandle != ""; mailbox != (!l.Guest && l.Means != bundid.MeansFINK) {
				t.Errorf("%s by %s: mailbox %v", p.ID, l.Key(), mailbox)
			}
			if before, ok := marks[p.ID]; ok && before != got.BPK2 {
				t.Errorf("%s has two person marks", p.ID)
			}
			marks[p.ID] = got.BPK2
			for _, a := range got.Attributes {
				if a.Value != p.Data[a.Name] && p.Data[a.Name] != "" {
					t.Errorf("%s: %s became %q", p.ID, a.Name, a.Value)
				}
			}
		}
	}
}

func TestRequiredAttributeMissing(t *testing.T) {
	t.Parallel()
	_, err := newWorld(t).login(t, bundid.LoginRequest{
		Attributes: []bundid.RequestedAttribute{{Name: bundid.AttrGivenName, Required: true}},
	}, "mayarani/eID")
	var re *bundid.ResponseError
	if !errors.As(err, &re) || re.Reason != bundid.ReasonRequiredAttributeMissing ||
		!slices.Contains(re.Status.Details, "IDP_REQUIRED_ATTRIBUTES_MISSING") {
		t.Errorf("got %v", err)
	}
}

// TestPages looks at every page as a strict reader would.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.choose(t, bundid.LoginRequest{BackURL: origin + "/zurueck"})
	w.send(w.sim.URL+"/idp/anmelden", url.Values{"vorgang": {id}, "wahl": {"meike-harms/eID"}})
	pages := map[string]*httptest.ResponseRecorder{
		"start":  w.send(w.sim.URL+"/", nil),
		"fault":  w.send(w.sim.URL+"/idp/fehler?idp.code=<script>", nil),
		"choice": w.send(w.sim.URL+"/idp/anmelden?vorgang="+id, nil),
		"data":   w.send(w.sim.URL+"/idp/uebermittlung?vorgang="+id, nil),
	}
	pages["back"] = w.send(w.sim.URL+"/idp/uebermittlung", url.Values{"vorgang": {id}, "aktion": {"senden"}})
	for name, rec := range pages {
		body := rec.Body.String()
		if !strings.Contains(body, `<html lang="de">`) || strings.Count(body, "<h1>") != 1 || strings.Count(body, "<main>") != 1 {
			t.Errorf("%s: language, heading or main part", name)
		}
		if strings.Contains(body, "style=") || strings.Contains(body, "onclick") || strings.Contains(body, "<script>") {
			t.Errorf("%s: inline style or script", name)
		}
		csp := rec.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %s", name, csp)
		}
		for _, asset := range regexp.MustCompile(`"(/idp/static/[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if got := w.send(w.sim.URL+html.UnescapeString(asset[1]), nil); got.Code != http.StatusOK {
				t.Errorf("%s: %s: %d", name, asset[1], got.Code)
			}
		}
	}
	if csp := pages["back"].Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+origin) {
		t.Errorf("the way back is blocked: %s", csp)
	}
	if again := w.send(w.sim.URL+"/idp/uebermittlung", url.Values{"vorgang": {id}, "aktion": {"senden"}}); again.Code != http.StatusSeeOther {
		t.Errorf("a finished procedure answered again: %d", again.Code)
	}
}

func TestStartAndClose(t *testing.T) {
	t.Parallel()
	sim, err := bundidsim.Start(&bundidsim.Options{Keys: sharedKeys()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim.EntityID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != string(sim.Metadata()) {
		t.Errorf("metadata differ: %v", err)
	}
	resp.Body.Close()
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	redirect := w.start(f, bundid.LoginRequest{})
	raw, err := base64.StdEncoding.DecodeString(redirect.Form.Get("SAMLRequest"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`<x/>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)}}
		if code := w.send(w.sim.URL+"/idp/profile/SAML2/POST/SSO", form).Code; code != http.StatusSeeOther {
			t.Errorf("status %d", code)
		}
	})
}
