package staff_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
	"github.com/stadttor/stadttor/examples/portal/internal/staff"
)

const redirect = "http://127.0.0.1:1/amt/oidc/antwort"

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is a provider and the portal's side of it, on one clock.
type world struct {
	sim   *oidcsim.Server
	login *staff.Login
	http  *http.Client
	mu    sync.Mutex
	at    time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	sim, err := oidcsim.Start(oidcsim.Options{
		Now: w.now, SigningKey: signingKey(),
		Clients: []oidcsim.Client{
			{ID: "portal", Secret: "secret & more", RedirectURIs: []string{redirect}, PostLogoutURIs: []string{"http://127.0.0.1:1/amt/anmelden"}},
			{ID: "other", Secret: "other", RedirectURIs: []string{"http://127.0.0.1:2/cb"}},
		},
		People: []oidcsim.Person{
			{Sub: "s-1", Name: "Anja Brandt", Department: "Bürgerservice", Title: "Sachbearbeiterin"},
			{Sub: "s-2", Name: "Unbekannt", Department: "Gäste"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	w.sim = sim
	w.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.login = &staff.Login{Issuer: sim.URL, ClientID: "portal", ClientSecret: "secret & more", RedirectURL: redirect, Now: w.now,
		Person: func(_ context.Context, issuer, sub string) (string, bool) {
			return "p-1", issuer == sim.URL && sub == "s-1"
		}}
	return w
}

var requestID = regexp.MustCompile(`name="anfrage" value="([A-Z0-9]+)"`)

// choose plays the person at the provider and returns the query that the
// browser brings back.
func (w *world) choose(t *testing.T, address, sub string) url.Values {
	t.Helper()
	resp, err := w.http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	m := requestID.FindSubmatch(body)
	if m == nil {
		t.Fatalf("no page to choose: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	form := url.Values{"anfrage": {string(m[1])}, "person": {sub}}
	if sub == "" {
		form.Set("abbrechen", "1")
	}
	resp, err = w.http.PostForm(w.sim.URL+"/anmelden", form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("no way back: %d", resp.StatusCode)
	}
	if !strings.HasPrefix(back.String(), redirect+"?") {
		t.Fatalf("led to %s", back)
	}
	return back.Query()
}

func wantReason(t *testing.T, err error, want staff.Reason) {
	t.Helper()
	var e *staff.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("error = %v, want reason %s", err, want)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, attempt, err := w.login.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query := w.choose(t, address, "s-1")
	who, err := w.login.Callback(t.Context(), query, attempt)
	if err != nil {
		t.Fatal(err)
	}
	if who.Person != "p-1" || who.Subject != "s-1" || who.Issuer != w.sim.URL || !who.AuthnAt.Equal(w.now()) {
		t.Errorf("identity = %+v", who)
	}
	if got := w.login.LogoutURL("http://127.0.0.1:1/amt/anmelden"); !strings.HasPrefix(got, w.sim.URL+"/abmelden?") {
		t.Errorf("logout address = %q", got)
	}
	// The same answer again: the provider knows the code as used.
	_, err = w.login.Callback(t.Context(), query, attempt)
	wantReason(t, err, staff.ReasonCode)
}

func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		sub   string
		fault oidcsim.Fault
		spoil func(w *world, q url.Values, a *staff.Attempt)
		want  staff.Reason
	}{
		{"another state", "s-1", "", func(_ *world, q url.Values, _ *staff.Attempt) { q.Set("state", "x") }, staff.ReasonState},
		{"state twice", "s-1", "", func(_ *world, q url.Values, _ *staff.Attempt) { q.Add("state", q.Get("state")) }, staff.ReasonState},
		{"no attempt", "s-1", "", func(_ *world, q url.Values, a *staff.Attempt) { q.Set("state", ""); *a = staff.Attempt{} }, staff.ReasonState},
		{"too late", "s-1", "", func(w *world, _ url.Values, _ *staff.Attempt) { w.advance(11 * time.Minute) }, staff.ReasonExpired},
		{"code too old", "s-1", "", func(w *world, _ url.Values, _ *staff.Attempt) { w.advance(61 * time.Second) }, staff.ReasonCode},
		{"another issuer", "s-1", "", func(_ *world, q url.Values, _ *staff.Attempt) { q.Set("iss", "https://evil.invalid") }, staff.ReasonIssuer},
		{"another nonce", "s-1", "", func(_ *world, _ url.Values, a *staff.Attempt) { a.Nonce = "x" }, staff.ReasonNonce},
		{"another verifier", "s-1", "", func(_ *world, _ url.Values, a *staff.Attempt) { a.Verifier = strings.Repeat("v", 43) }, staff.ReasonCode},
		{"another code", "s-1", "", func(_ *world, q url.Values, _ *staff.Attempt) { q.Set("code", "x") }, staff.ReasonCode},
		{"no code", "s-1", "", func(_ *world, q url.Values, _ *staff.Attempt) { q.Del("code") }, staff.ReasonCode},
		{"canceled", "", "", nil, staff.ReasonCanceled},
		{"unknown person", "s-2", "", nil, staff.ReasonUnknown},
		{"token with another nonce", "s-1", oidcsim.FaultNonce, nil, staff.ReasonNonce},
		{"token for another client", "s-1", oidcsim.FaultAudience, nil, staff.ReasonToken},
		{"token of another issuer", "s-1", oidcsim.FaultIssuer, nil, staff.ReasonToken},
		{"token with a wrong signature", "s-1", oidcsim.FaultSignature, nil, staff.ReasonToken},
		{"token too old", "s-1", oidcsim.FaultExpired, nil, staff.ReasonToken},
		{"provider down", "s-1", oidcsim.FaultDown, nil, staff.ReasonUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			address, attempt, err := w.login.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			query := w.choose(t, address, tt.sub)
			w.sim.SetFault(tt.fault)
			if tt.spoil != nil {
				tt.spoil(w, query, &attempt)
			}
			_, err = w.login.Callback(t.Context(), query, attempt)
			wantReason(t, err, tt.want)
		})
	}
}

func TestLoginForeignRedirect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login.RedirectURL = "http://evil.invalid/amt/oidc/antwort"
	address, _, err := w.login.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
		t.Errorf("answer = %d to %q, want a page that leads nowhere", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// The portal may start before its provider: a failed discovery is not kept.
func TestLoginProviderComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.SetFault(oidcsim.FaultDown)
	_, _, err := w.login.Start(t.Context())
	wantReason(t, err, staff.ReasonUnavailable)
	w.sim.SetFault(oidcsim.FaultNone)
	if _, _, err := w.login.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
