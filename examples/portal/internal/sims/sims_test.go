package sims

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// folder of the keys, which take a second to make.
var folder = sync.OnceValue(func() string {
	dir, err := newFolder()
	if err != nil {
		panic(err)
	}
	return dir
})

func ring() keys.Ring {
	return keys.Ring{Folder: folder(), Demo: true, Now: func() time.Time { return noon }}
}

func start(t *testing.T, portals ...Portal) *Set {
	t.Helper()
	s, err := Start(t.Context(), Options{Listen: "localhost:0", Keys: ring(), Now: func() time.Time { return noon }, Portals: portals})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, ctx context.Context, address string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	return res.StatusCode, string(raw), err
}

func TestGate(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, g := range s.Faults() {
		if !g.HTTP {
			continue
		}
		t.Run(g.Code, func(t *testing.T) {
			page := g.Address + "/"
			for _, c := range []struct {
				fault string
				check func(status int, body string, err error) bool
			}{
				{FaultDown, func(_ int, _ string, err error) bool { return err != nil }},
				{FaultHTML, func(status int, body string, err error) bool {
					return err == nil && status == 200 && strings.Contains(body, "Wartung")
				}},
				{FaultHuge, func(_ int, body string, _ error) bool { return len(body) == 4<<20 }},
				{FaultStatus, func(status int, _ string, _ error) bool { return status == 500 }},
				{FaultSlow, func(_ int, _ string, err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
				{"", func(status int, body string, err error) bool {
					return err == nil && status < 500 && !strings.Contains(body, "Wartung")
				}},
			} {
				e := s.entries[slices.IndexFunc(s.entries, func(e entry) bool { return e.code == g.Code })]
				if slices.Contains(e.own, c.fault) {
					continue // the simulator does it itself, and not on every page
				}
				if c.fault == "" || slices.Contains(e.codes(), c.fault) {
					if err := s.Misbehave(g.Code, c.fault); err != nil {
						t.Fatal(err)
					}
				} else {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				if c.fault == FaultSlow {
					ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
				}
				status, body, err := get(t, ctx, page)
				cancel()
				if !c.check(status, body, err) {
					t.Errorf("%q: %d, %d bytes, %v", c.fault, status, len(body), err)
				}
			}
		})
	}
}

// TestEveryFault switches each fault on and off again, one at a time.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	s := start(t)
	active := func(code string) string {
		for _, g := range s.Faults() {
			if g.Code == code {
				return g.Active
			}
		}
		return "?"
	}
	for _, g := range s.Faults() {
		for _, f := range g.Faults {
			if err := s.Misbehave(g.Code, f.Code); err != nil {
				t.Errorf("%s %s: %v", g.Code, f.Code, err)
			}
			if got := active(g.Code); got != f.Code {
				t.Errorf("%s: %q is active, want %q", g.Code, got, f.Code)
			}
		}
		if err := s.Misbehave(g.Code, "nonsense"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: unknown fault: %v", g.Code, err)
		}
	}
	if err := s.Misbehave("nobody", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown simulator: %v", err)
	}
	if err := s.Forget(); err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Faults() {
		if g.Active != "" {
			t.Errorf("%s still has %s", g.Code, g.Active)
		}
	}
}

// TestTexts holds that no fault is without words and no words are without a fault.
func TestTexts(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := map[string][]string{}
	for _, g := range s.Faults() {
		for _, f := range g.Faults {
			want[g.Code] = append(want[g.Code], f.Code)
		}
		slices.Sort(want[g.Code])
	}
	got := map[string][]string{}
	for code, text := range Texts() {
		got[code] = []string{}
		all := []Text{text.Name, text.Text, text.How}
		for fault, x := range text.Faults {
			got[code] = append(got[code], fault)
			all = append(all, x.Title, x.What, x.Expect)
		}
		slices.Sort(got[code])
		for _, x := range all {
			if x["de"] == "" || x["en"] == "" || len(x) != 2 {
				t.Errorf("%s: a text is not there in German and English: %v", code, x)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSecretsStay(t *testing.T) {
	t.Parallel()
	a, b := start(t), start(t)
	if d := cmp.Diff(a.Description().Payment.Merchants, b.Description().Payment.Merchants); d != "" {
		t.Errorf("another start with the same keys has other secrets: %s", d)
	}
	seen := map[string]bool{}
	for _, m := range a.Description().Payment.Merchants {
		if len(m.Salt) < 40 || seen[m.Salt] {
			t.Errorf("salt of %s %s is short or used twice", m.AGS, m.Procedure)
		}
		seen[m.Salt] = true
	}
}

func TestPortals(t *testing.T) {
	t.Parallel()
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "metadata of "+r.URL.Path)
	}))
	defer metadata.Close()
	s := start(t, Portal{ID: "altenwehr", URL: "http://127.0.0.1:1", Metadata: func() ([]byte, error) { return []byte("own"), nil }})
	if _, err := s.Register(Portal{ID: "vendor", URL: metadata.URL, EntityID: "urn:vendor", MetadataURL: metadata.URL + "/md", RedirectURIs: []string{metadata.URL + "/cb"}}); err != nil {
		t.Fatal(err)
	}
	for entity, want := range map[string]string{"http://127.0.0.1:1": "own", "urn:vendor": "metadata of /md", "urn:nobody": ""} {
		if got, err := s.metadata(t.Context(), entity); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", entity, got, err)
		}
	}
	for _, p := range []Portal{{ID: "x"}, {URL: "http://a.test"}, {ID: "x", URL: "http://a.test/"}, {ID: "x", URL: "ftp://a.test"}, {ID: "x", URL: "http://a.test", RedirectURIs: []string{"javascript:alert(1)"}}} {
		if _, err := s.Register(p); !errors.Is(err, ErrPortal) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	one, err := s.Register(Portal{ID: "altenwehr", URL: "http://127.0.0.1:2"})
	if err != nil {
		t.Fatal(err)
	}
	d := s.Description()
	if len(d.Portals) != 3 || d.Portals[0].ClientSecret != one.ClientSecret || d.Portals[1].ClientSecret == one.ClientSecret {
		t.Errorf("%+v", d.Portals)
	}
	// Both addresses of the one portal may be returned to.
	for _, back := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2"} {
		q := url.Values{"client_id": {one.ClientID}, "redirect_uri": {back + "/amt/oidc/antwort"}, "response_type": {"code"}, "scope": {"openid"},
			"state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}}
		status, body, err := get(t, t.Context(), d.OpenID.Issuer+"/authorize?"+q.Encode())
		if err != nil || status != 200 || !strings.Contains(body, demo.Altenwehr().Staff[0].Name) || strings.Contains(body, demo.Weserheide().Staff[0].Name) {
			t.Errorf("login page for %s: %d, %v", back, status, err)
		}
	}
}

// TestRemote uses a set as a portal in another process does.
func TestRemote(t *testing.T) {
	t.Parallel()
	s := start(t)
	if _, err := Dial("localhost:8088"); err == nil {
		t.Error("an address without a scheme was taken")
	}
	r, err := Dial(s.Description().Control + "/beschreibung.json")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	a, err := r.Register(ctx, Portal{ID: "altenwehr", URL: "http://127.0.0.1:1"})
	if err != nil || a.ClientSecret == "" {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := r.Register(ctx, Portal{}); !errors.Is(err, ErrPortal) {
		t.Errorf("no portal: %v", err)
	}
	d, err := r.Description(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Description(), d); diff != "" {
		t.Error(diff)
	}
	if err := r.Misbehave(ctx, Mail, "down"); err != nil {
		t.Error(err)
	}
	if err := r.Misbehave(ctx, Mail, "nonsense"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown fault: %v", err)
	}
	faults, err := r.Faults(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Faults(), faults); diff != "" {
		t.Error(diff)
	}
	if err := errors.Join(r.Calm(ctx), r.Forget(ctx), r.ClearMails(ctx), r.SetOffset(ctx, time.Hour)); err != nil {
		t.Error(err)
	}
	if m, err := r.Mails(ctx); err != nil || len(m) != 0 {
		t.Errorf("%v, %v", m, err)
	}
	if x, err := r.Transactions(ctx); err != nil || len(x) != 0 {
		t.Errorf("%v, %v", x, err)
	}
	s.Close()
	if err := r.Calm(ctx); !errors.Is(err, ErrAway) {
		t.Errorf("closed: %v", err)
	}
}

func TestControlPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	control := s.Description().Control
	if err := s.Misbehave(Payment, FaultDown); err != nil {
		t.Fatal(err)
	}
	status, body, err := get(t, t.Context(), control+"/")
	if err != nil || status != 200 || strings.Count(body, "eingeschaltet") != 1 || !strings.Contains(body, "Gestörte Systeme: 1.") {
		t.Errorf("%d, %v", status, err)
	}
	for _, g := range s.Faults() {
		for _, f := range g.Faults {
			if !strings.Contains(body, "<code>"+f.Code+"</code>") {
				t.Errorf("%s: %s is not on the page", g.Code, f.Code)
			}
		}
	}
	post := func(path string, form url.Values, header ...string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, control+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := post("/aus", nil, "Sec-Fetch-Site", "cross-site", "Origin", "http://evil.test"); got != 403 {
		t.Errorf("a page of another site: %d", got)
	}
	if got := post("/stoerung", url.Values{"simulator": {Payment}, "stoerung": {"x"}}); got != 400 {
		t.Errorf("unknown fault: %d", got)
	}
	if got := post("/aus", nil); got != 303 {
		t.Errorf("all off: %d", got)
	}
	if s.Faults()[3].Active != "" {
		t.Error("still down")
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"localhost:8081", 7, "localhost:8088"}, {"localhost:0", 3, "localhost:0"}, {"localhost", 1, ""}, {"localhost:65535", 1, ""}, {"x:y", 0, ""}} {
		if got, err := nextPort(c.in, c.n); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s + %d: %q, %v", c.in, c.n, got, err)
		}
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if s, err := Start(t.Context(), Options{Listen: l.Addr().String(), Keys: ring()}); err == nil || s != nil {
		t.Errorf("a port that is taken: %v", err)
	}
}
