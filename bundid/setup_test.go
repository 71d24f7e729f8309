package bundid_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

// Generating a key of 3072 bits takes long, so all tests share three.
var (
	idpKeys   = sync.OnceValue(newKeys)
	spKeys    = sync.OnceValue(newKeys)
	otherKeys = sync.OnceValue(newKeys)
)

func newKeys() *bundidsim.Keys {
	keys, err := bundidsim.GenerateKeys(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	return keys
}

const bmiID = "BMI-A0000"

// portal is a service provider on a real socket with one page per step.
type portal struct {
	*httptest.Server
	sp    *bundid.ServiceProvider
	sim   *bundidsim.Server
	store bundid.Store

	mu       sync.Mutex
	request  bundid.LoginRequest
	received error
	login    *bundid.Login
	finished error
}

type setup struct {
	sim   bundidsim.Options
	edit  func(*bundid.Config)
	store bundid.Store
}

// newPortal starts a simulator on localhost and a portal on 127.0.0.1, which
// a browser takes for different sites.
func newPortal(t *testing.T, s setup) *portal {
	t.Helper()
	p := &portal{store: s.store}
	if p.store == nil {
		p.store = bundid.NewMemStore(0)
	}
	s.sim.Keys = idpKeys()
	s.sim.SPMetadata = func(context.Context, string) ([]byte, error) { return p.sp.Metadata() }
	sim, err := bundidsim.Start(&s.sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	p.sim = sim
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", p.serveLogin)
	mux.HandleFunc("POST /acs", p.serveACS)
	mux.HandleFunc("GET /angemeldet", p.serveFinish)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Server.Close)
	cfg := testConfig(p.Server.URL, sim.Metadata())
	if s.edit != nil {
		s.edit(&cfg)
	}
	if p.sp, err = bundid.New(cfg, p.store); err != nil {
		t.Fatal(err)
	}
	return p
}

func testConfig(origin string, metadata []byte) bundid.Config {
	k := spKeys()
	return bundid.Config{
		EntityID: origin + "/sp", ACSURL: origin + "/acs", IDPMetadata: metadata,
		SigningKey: k.Key, SigningCertificate: k.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: k.Key, Certificate: k.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr", OnlineServiceID: bmiID,
		InsecureAllowHTTP: true,
	}
}

func (p *portal) serveLogin(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	redirect, err := p.sp.Start(r.Context(), p.request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, redirect.Cookie)
	if redirect.Method == http.MethodGet {
		http.Redirect(w, r, redirect.URL, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, `<form method="post" action="`+html.EscapeString(redirect.URL)+`">`)
	for name, values := range redirect.Form {
		io.WriteString(w, `<input type="hidden" name="`+name+`" value="`+html.EscapeString(values[0])+`">`)
	}
	io.WriteString(w, `<button>Weiter</button></form>`)
}

func (p *portal) serveACS(w http.ResponseWriter, r *http.Request) {
	ticket, err := p.sp.Receive(r.Context(), r)
	p.mu.Lock()
	p.received = err
	p.mu.Unlock()
	if err != nil {
		http.Error(w, "nicht angemeldet", http.StatusForbidden)
		return
	}
	http.Redirect(w, r, "/angemeldet?ticket="+url.QueryEscape(ticket), http.StatusSeeOther)
}

func (p *portal) serveFinish(w http.ResponseWriter, r *http.Request) {
	login, err := p.sp.Finish(r.Context(), r.URL.Query().Get("ticket"), r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.login, p.finished = login, err
	if err != nil {
		http.Error(w, "nicht angemeldet", http.StatusForbidden)
	}
}

// browser follows links and forms like a browser without scripts. Like one, it
// leaves out cookies when a form is posted from another host.
type browser struct {
	t      *testing.T
	client *http.Client
	page   *html.Node
	at     *url.URL
	status int
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}}
}

func (b *browser) do(r *http.Request) {
	b.t.Helper()
	client := *b.client
	if b.at != nil && r.Method == http.MethodPost && b.at.Hostname() != r.URL.Hostname() {
		client.Jar = nil
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSeeOther && client.Jar == nil {
		next, err := resp.Location()
		if err != nil {
			b.t.Fatal(err)
		}
		b.at = nil
		b.get(next.String())
		return
	}
	if b.page, err = html.Parse(resp.Body); err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status = resp.Request.URL, resp.StatusCode
}

func (b *browser) get(address string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(r)
}

// submit posts the page's form with its hidden fields and one button.
func (b *browser) submit(name, value string) {
	b.t.Helper()
	var action string
	fields := url.Values{}
	for n := range b.page.Descendants() {
		switch {
		case n.Type == html.ElementNode && n.Data == "form":
			action = attr(n, "action")
		case n.Type == html.ElementNode && n.Data == "input":
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	if action == "" {
		b.t.Fatalf("no form at %s: %s", b.at, b.text())
	}
	if name != "" {
		fields.Set(name, value)
	}
	target, err := b.at.Parse(action)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.do(r)
}

func (b *browser) text() string {
	var s strings.Builder
	for n := range b.page.Descendants() {
		if n.Type == html.TextNode {
			s.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(s.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// logIn walks through all pages.
func (p *portal) logIn(t *testing.T, lr bundid.LoginRequest, choice string) *browser {
	t.Helper()
	p.mu.Lock()
	p.request = lr
	p.mu.Unlock()
	b := newBrowser(t)
	b.get(p.Server.URL + "/login")
	if lr.Binding == bundid.BindingPOST {
		b.submit("", "")
	}
	b.submit("wahl", choice)
	b.submit("aktion", "senden")
	b.submit("", "")
	return b
}
