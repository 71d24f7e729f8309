package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stadttor/stadttor/examples/portal"
)

// testKeys is a folder of keys that all portals of one test run share, since
// making RSA keys is slow.
var testKeys = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "stadttor-keys-") })

func TestMain(m *testing.M) {
	if child() {
		return
	}
	code := m.Run()
	if dir, err := testKeys(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// start runs a whole portal on free ports with its own data.
func start(t testing.TB, change func(*portal.Config)) *portal.Portal {
	t.Helper()
	dir, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	// A day on which offices are open; the clock runs on from there.
	begin := time.Now()
	now := func() time.Time { return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin)) }
	cfg := portal.Config{Listen: "127.0.0.1:0", SimListen: "localhost:0", Data: filepath.Join(t.TempDir(), "data"), Keys: dir, Now: now, Alone: true}
	if change != nil {
		change(&cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	p, err := portal.New(ctx, cfg)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() { done <- p.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// visitor is a browser without JavaScript: it keeps cookies per origin,
// follows links and sends the forms that stand on the pages.
type visitor struct {
	t      testing.TB
	base   string
	client *http.Client
}

// page is what the visitor sees.
type page struct {
	v      *visitor
	url    *url.URL
	status int
	header http.Header
	body   string
	doc    *html.Node
}

func newVisitor(t testing.TB, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, base: base, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

func (v *visitor) do(req *http.Request) *page {
	v.t.Helper()
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 20<<20))
	if err != nil {
		v.t.Fatal(err)
	}
	p := &page{v: v, url: res.Request.URL, status: res.StatusCode, header: res.Header, body: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		if p.doc, err = html.Parse(bytes.NewReader(raw)); err != nil {
			v.t.Fatal(err)
		}
	}
	return p
}

// get opens an address; a path belongs to the portal.
func (v *visitor) get(address string) *page {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "de")
	return v.do(req)
}

// post sends a form that stands on no page, as an attacker or an old tab would.
func (v *visitor) post(address string, form url.Values) *page {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Language", "de")
	return v.do(req)
}

func (p *page) text() string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style") {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	if p.doc != nil {
		walk(p.doc)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// want fails unless the page is fine and holds all the words.
func (p *page) want(words ...string) *page {
	p.v.t.Helper()
	return p.wantStatus(http.StatusOK, words...)
}

func (p *page) wantStatus(status int, words ...string) *page {
	p.v.t.Helper()
	text := p.text()
	if p.status != status {
		p.v.t.Fatalf("%s: status %d, want %d\n%s", p.url, p.status, status, clip(text))
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.v.t.Fatalf("%s: %q is missing\n%s", p.url, w, clip(text))
		}
	}
	for _, w := range []string{"⟦", "<no value>", "{{"} {
		if strings.Contains(p.body, w) {
			p.v.t.Fatalf("%s: holds %q\n%s", p.url, w, clip(text))
		}
	}
	return p
}

func (p *page) wantNot(words ...string) *page {
	p.v.t.Helper()
	for _, w := range words {
		if strings.Contains(p.text(), w) {
			p.v.t.Fatalf("%s: %q must not be here\n%s", p.url, w, clip(p.text()))
		}
	}
	return p
}

func clip(s string) string {
	if len(s) > 3000 {
		return s[:3000] + " …"
	}
	return s
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func (p *page) each(tag string, do func(*html.Node)) {
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == tag {
			do(n)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	if p.doc != nil {
		walk(p.doc)
	}
}

func nodeText(n *html.Node) string {
	q := page{doc: n}
	return q.text()
}

// link returns the address of the first link whose text holds the words.
func (p *page) link(words string) string {
	p.v.t.Helper()
	var found string
	p.each("a", func(n *html.Node) {
		if href, ok := attr(n, "href"); ok && found == "" && strings.Contains(nodeText(n), words) {
			found = href
		}
	})
	if found == "" {
		p.v.t.Fatalf("%s: no link %q\n%s", p.url, words, clip(p.text()))
	}
	u, err := p.url.Parse(found)
	if err != nil {
		p.v.t.Fatal(err)
	}
	return u.String()
}

func (p *page) follow(words string) *page {
	p.v.t.Helper()
	return p.v.get(p.link(words))
}

// form is one form of a page with the values that a browser would send.
type form struct {
	p         *page
	action    string
	method    string
	multipart bool
	values    url.Values
	files     []upload
	buttons   []*html.Node
	names     map[string]bool
	options   map[string][]string
}

type upload struct {
	field, name, media string
	body               []byte
}

// form finds the form that has a button with the words.
func (p *page) form(button string) *form {
	p.v.t.Helper()
	var found *form
	p.each("form", func(n *html.Node) {
		if found != nil {
			return
		}
		f := p.readForm(n)
		for _, b := range f.buttons {
			label := nodeText(b)
			if v, ok := attr(b, "value"); ok && b.Data == "input" {
				label = v
			}
			if strings.Contains(label, button) {
				found = f
				if name, ok := attr(b, "name"); ok && name != "" {
					v, _ := attr(b, "value")
					f.values.Set(name, v)
				}
				if a, ok := attr(b, "formaction"); ok {
					f.action = a
				}
				return
			}
		}
	})
	if found == nil {
		p.v.t.Fatalf("%s: no form with the button %q\n%s", p.url, button, clip(p.text()))
	}
	return found
}

func (p *page) readForm(n *html.Node) *form {
	f := &form{p: p, method: "get", values: url.Values{}, names: map[string]bool{}, options: map[string][]string{}}
	f.action, _ = attr(n, "action")
	if m, ok := attr(n, "method"); ok {
		f.method = strings.ToLower(m)
	}
	enc, _ := attr(n, "enctype")
	f.multipart = enc == "multipart/form-data"
	var walk func(*html.Node)
	walk = func(c *html.Node) {
		if c.Type == html.ElementNode {
			f.control(c)
		}
		for k := c.FirstChild; k != nil; k = k.NextSibling {
			walk(k)
		}
	}
	walk(n)
	return f
}

func (f *form) control(n *html.Node) {
	name, _ := attr(n, "name")
	value, hasValue := attr(n, "value")
	_, checked := attr(n, "checked")
	_, disabled := attr(n, "disabled")
	switch n.Data {
	case "button":
		if typ, _ := attr(n, "type"); typ != "button" && typ != "reset" {
			f.buttons = append(f.buttons, n)
		}
	case "textarea":
		f.names[name] = true
		if !disabled {
			f.values.Add(name, strings.TrimPrefix(rawText(n), "\n"))
		}
	case "select":
		f.names[name] = true
		first, chosen := "", ""
		q := page{doc: n}
		q.each("option", func(o *html.Node) {
			v, ok := attr(o, "value")
			if !ok {
				v = nodeText(o)
			}
			f.options[name] = append(f.options[name], v)
			if len(f.options[name]) == 1 {
				first = v
			}
			if _, sel := attr(o, "selected"); sel {
				chosen = v
			}
		})
		if chosen == "" {
			chosen = first
		}
		f.values.Add(name, chosen)
	case "input":
		typ, _ := attr(n, "type")
		switch typ {
		case "submit", "image":
			f.buttons = append(f.buttons, n)
			return
		case "button", "reset":
			return
		case "radio", "checkbox":
			f.names[name] = true
			if !hasValue {
				value = "on"
			}
			f.options[name] = append(f.options[name], value)
			if checked && !disabled {
				f.values.Add(name, value)
			}
		case "file":
			f.names[name] = true
		default:
			f.names[name] = true
			if !disabled && name != "" {
				f.values.Add(name, value)
			}
		}
	}
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(c.Data)
	}
	return b.String()
}

// set fills a field that must be there.
func (f *form) set(name string, values ...string) *form {
	f.p.v.t.Helper()
	if !f.names[name] {
		f.p.v.t.Fatalf("%s: the form has no field %q, only %v", f.p.url, name, f.names)
	}
	for _, v := range values {
		if options := f.options[name]; options != nil && !contains(options, v) {
			f.p.v.t.Fatalf("%s: %q is no option of %q: %v", f.p.url, v, name, options)
		}
	}
	f.values[name] = values
	return f
}

// choose sets the option that contains the words.
func (f *form) choose(name, words string) *form {
	f.p.v.t.Helper()
	for _, o := range f.options[name] {
		if strings.Contains(o, words) {
			return f.set(name, o)
		}
	}
	f.p.v.t.Fatalf("%s: no option of %q holds %q: %v", f.p.url, name, words, f.options[name])
	return f
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// attach adds a file.
func (f *form) attach(field, name, media string, body []byte) *form {
	f.p.v.t.Helper()
	if !f.names[field] || !f.multipart {
		f.p.v.t.Fatalf("%s: the form takes no file %q, only %v", f.p.url, field, f.names)
	}
	f.files = append(f.files, upload{field, name, media, body})
	return f
}

// send submits the form as a browser does.
func (f *form) send() *page {
	f.p.v.t.Helper()
	target, err := f.p.url.Parse(f.action)
	if err != nil {
		f.p.v.t.Fatal(err)
	}
	if f.action == "" {
		target = f.p.url
	}
	if f.method == "get" {
		target.RawQuery = f.values.Encode()
		return f.p.v.get(target.String())
	}
	var body bytes.Buffer
	media := "application/x-www-form-urlencoded"
	if f.multipart {
		w := multipart.NewWriter(&body)
		for name, values := range f.values {
			for _, v := range values {
				if err := w.WriteField(name, v); err != nil {
					f.p.v.t.Fatal(err)
				}
			}
		}
		for _, u := range f.files {
			h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, u.field, u.name)}, "Content-Type": {u.media}}
			part, err := w.CreatePart(h)
			if err != nil {
				f.p.v.t.Fatal(err)
			}
			part.Write(u.body)
		}
		w.Close()
		media = w.FormDataContentType()
	} else {
		body.WriteString(f.values.Encode())
	}
	req, err := http.NewRequest(http.MethodPost, target.String(), &body)
	if err != nil {
		f.p.v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Accept-Language", "de")
	req.Header.Set("Origin", f.p.url.Scheme+"://"+f.p.url.Host)
	site := "same-origin"
	if f.p.url.Host != target.Host {
		site = "cross-site"
	}
	req.Header.Set("Sec-Fetch-Site", site)
	return f.p.v.do(req)
}
