package oidcsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

const verifier = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newServer(t *testing.T, now func() time.Time) *Server {
	t.Helper()
	s, err := New(Options{BaseURL: "http://localhost:1234", SigningKey: testKey(), Now: now,
		Clients: []Client{{ID: "a", Secret: "sa", RedirectURIs: []string{"http://a.test/cb"}, PostLogoutURIs: []string{"http://a.test/out"}},
			{ID: "b", Secret: "sb", RedirectURIs: []string{"http://b.test/cb"}}},
		People: []Person{{Sub: "1", Name: "Anja <b>", Groups: []string{"Steuern"}, Mail: "a@example.org", Title: "Leiterin"}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func do(s *Server, method, path string, form url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if len(form) > 0 {
		path += "?" + form.Encode()
	}
	r := httptest.NewRequest(method, path, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func goodRequest() url.Values {
	return url.Values{"client_id": {"a"}, "redirect_uri": {"http://a.test/cb"}, "response_type": {"code"}, "scope": {"openid profile email groups"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"}}
}

var idPattern = regexp.MustCompile(`name="anfrage" value="([A-Z0-9]+)"`)

func code(t *testing.T, s *Server) string {
	t.Helper()
	page := do(s, http.MethodGet, "/authorize", goodRequest())
	m := idPattern.FindStringSubmatch(page.Body.String())
	if m == nil {
		t.Fatalf("no page: %d", page.Code)
	}
	back := do(s, http.MethodPost, "/anmelden", url.Values{"anfrage": {m[1]}, "person": {"1"}})
	u, err := url.Parse(back.Header().Get("Location"))
	if err != nil || u.Query().Get("state") != "st" || u.Query().Get("iss") != s.URL {
		t.Fatalf("led back to %v, %v", u, err)
	}
	return u.Query().Get("code")
}

func TestAuthorizeErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	tests := []struct {
		name string
		edit func(url.Values)
		want string // error told to the client; empty: told to the person
	}{
		{"unknown client", func(q url.Values) { q.Set("client_id", "x") }, ""},
		{"foreign redirect", func(q url.Values) { q.Set("redirect_uri", "http://a.test/cb/") }, ""},
		{"redirect of another client", func(q url.Values) { q.Set("redirect_uri", "http://b.test/cb") }, ""},
		{"parameter twice", func(q url.Values) { q.Add("state", "2") }, ""},
		{"token flow", func(q url.Values) { q.Set("response_type", "id_token") }, "unsupported_response_type"},
		{"no openid", func(q url.Values) { q.Set("scope", "profile") }, "invalid_scope"},
		{"no state", func(q url.Values) { q.Del("state") }, "invalid_request"},
		{"no nonce", func(q url.Values) { q.Del("nonce") }, "invalid_request"},
		{"no challenge", func(q url.Values) { q.Del("code_challenge") }, "invalid_request"},
		{"plain challenge", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request"},
		{"request object", func(q url.Values) { q.Set("request", "x") }, "request_not_supported"},
		{"silent", func(q url.Values) { q.Set("prompt", "none") }, "login_required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := goodRequest()
			tt.edit(q)
			w := do(s, http.MethodGet, "/authorize", q)
			u, _ := url.Parse(w.Header().Get("Location"))
			if tt.want == "" {
				if w.Code != http.StatusBadRequest || u.String() != "" {
					t.Errorf("answer = %d to %v, want a page", w.Code, u)
				}
				return
			}
			if got := u.Query().Get("error"); got != tt.want || u.Host != "a.test" {
				t.Errorf("error = %q at %v, want %q", got, u, tt.want)
			}
		})
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	good := func(c string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {c}, "redirect_uri": {"http://a.test/cb"}, "code_verifier": {verifier}, "client_id": {"a"}, "client_secret": {"sa"}}
	}
	tests := []struct {
		name    string
		edit    func(url.Values)
		advance time.Duration
		status  int
		want    string
	}{
		{"good", func(url.Values) {}, 0, 200, ""},
		{"wrong secret", func(f url.Values) { f.Set("client_secret", "x") }, 0, 401, "invalid_client"},
		{"other client", func(f url.Values) { f.Set("client_id", "b"); f.Set("client_secret", "sb") }, 0, 400, "invalid_grant"},
		{"other redirect", func(f url.Values) { f.Set("redirect_uri", "http://b.test/cb") }, 0, 400, "invalid_grant"},
		{"no verifier", func(f url.Values) { f.Del("code_verifier") }, 0, 400, "invalid_grant"},
		{"wrong verifier", func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, 0, 400, "invalid_grant"},
		{"late", func(url.Values) {}, 61 * time.Second, 400, "invalid_grant"},
		{"other grant", func(f url.Values) { f.Set("grant_type", "password") }, 0, 400, "unsupported_grant_type"},
		{"twice", func(f url.Values) { f.Add("code", "x") }, 0, 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			s := newServer(t, func() time.Time { return at })
			form := good(code(t, s))
			tt.edit(form)
			at = at.Add(tt.advance)
			w := do(s, http.MethodPost, "/token", form)
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if e, _ := got["error"].(string); w.Code != tt.status || e != tt.want {
				t.Fatalf("answer = %d %q, want %d %q", w.Code, e, tt.status, tt.want)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Error("tokens may be kept")
			}
			if tt.want != "" {
				return
			}
			bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+got["access_token"].(string)) }
			if w := do(s, http.MethodGet, "/userinfo", nil, bearer); w.Code != 200 || !strings.Contains(w.Body.String(), "a@example.org") {
				t.Errorf("userinfo = %d %s", w.Code, w.Body)
			}
			// The code again ends the access that it gave.
			if w := do(s, http.MethodPost, "/token", form); w.Code != 400 {
				t.Errorf("code again = %d", w.Code)
			}
			if w := do(s, http.MethodGet, "/userinfo", nil, bearer); w.Code != 401 {
				t.Errorf("userinfo after replay = %d", w.Code)
			}
		})
	}
}

func TestTokenBasic(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code(t, s)}, "redirect_uri": {"http://a.test/cb"}, "code_verifier": {verifier}}
	if w := do(s, http.MethodPost, "/token", form, func(r *http.Request) { r.SetBasicAuth("a", "no") }); w.Code != 401 {
		t.Errorf("wrong secret = %d", w.Code)
	}
	both := maps.Clone(form)
	both["client_secret"] = []string{"sa"}
	if w := do(s, http.MethodPost, "/token", both, func(r *http.Request) { r.SetBasicAuth("a", "sa") }); w.Code != 401 {
		t.Errorf("two ways at once = %d", w.Code)
	}
	if w := do(s, http.MethodPost, "/token", form, func(r *http.Request) { r.SetBasicAuth("a", "sa") }); w.Code != 200 {
		t.Errorf("basic = %d %s", w.Code, w.Body)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	page := do(s, http.MethodGet, "/authorize", goodRequest())
	body := page.Body.String()
	for _, want := range []string{`<html lang="de">`, "<h1>Anmeldedienst der Verwaltung (Simulator)</h1>", "Anja &lt;b&gt;", "Steuern"} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http://a.test;") {
		t.Errorf("policy = %q", csp)
	}
	id := idPattern.FindStringSubmatch(body)[1]
	cross := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	if w := do(s, http.MethodPost, "/anmelden", url.Values{"anfrage": {id}, "person": {"1"}}, cross); w.Code != http.StatusForbidden {
		t.Errorf("choice from elsewhere = %d", w.Code)
	}
	if w := do(s, http.MethodPost, "/anmelden", url.Values{"anfrage": {"x"}, "person": {"1"}}); w.Code != http.StatusGone {
		t.Errorf("unknown login = %d", w.Code)
	}
	out := url.Values{"client_id": {"a"}, "post_logout_redirect_uri": {"http://a.test/out"}}
	if w := do(s, http.MethodGet, "/abmelden", out); w.Code != 200 || !strings.Contains(w.Body.String(), `href="http://a.test/out"`) {
		t.Errorf("logout = %d", w.Code)
	}
	out.Set("post_logout_redirect_uri", "http://evil.test/")
	if w := do(s, http.MethodGet, "/abmelden", out); w.Code != http.StatusBadRequest {
		t.Errorf("logout to elsewhere = %d", w.Code)
	}
	for _, path := range []string{"/", "/stil.css", "/jwks", "/.well-known/openid-configuration"} {
		if w := do(s, http.MethodGet, path, nil); w.Code != 200 {
			t.Errorf("%s = %d", path, w.Code)
		}
	}
}
