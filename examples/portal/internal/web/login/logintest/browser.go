package logintest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser follows links and forms like a browser without scripts. Like one,
// it leaves out cookies when a form is posted from another site.
type Browser struct {
	t      *testing.T
	portal *Portal
	client *http.Client
	node   *html.Node

	At     *url.URL
	Status int
	Header http.Header
	Body   string
}

// Browser returns a fresh browser.
func (p *Portal) Browser(t *testing.T) *Browser {
	t.Helper()
	jar := must(cookiejar.New(nil))(t)
	return &Browser{t: t, portal: p, client: &http.Client{Jar: jar}}
}

func (b *Browser) do(r *http.Request) {
	b.t.Helper()
	client := *b.client
	foreign := b.At != nil && r.Method == http.MethodPost && b.At.Host != r.URL.Host
	if b.At != nil && r.Method == http.MethodPost {
		r.Header.Set("Origin", b.At.Scheme+"://"+b.At.Host)
		if foreign {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		} else {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	if foreign {
		client.Jar = nil
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp := must(client.Do(r))(b.t)
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSeeOther && foreign {
		next := must(resp.Location())(b.t)
		b.At = nil
		b.Get(next.String())
		return
	}
	raw := must(io.ReadAll(resp.Body))(b.t)
	b.Body, b.At, b.Status, b.Header = string(raw), resp.Request.URL, resp.StatusCode, resp.Header
	b.node = must(html.Parse(bytes.NewReader(raw)))(b.t)
}

// Get opens an address, or a path of the portal.
func (b *Browser) Get(address string) *Browser {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.portal.URL + address
	}
	b.do(must(http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil))(b.t))
	return b
}

// Post sends a form to a path of the portal, from a page of the portal.
func (b *Browser) Post(path string, values url.Values) *Browser {
	b.t.Helper()
	r := must(http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.portal.URL+path, strings.NewReader(values.Encode())))(b.t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.At = must(url.Parse(b.portal.URL))(b.t)
	b.do(r)
	return b
}

// File is one file of a form.
type File struct{ Field, Name, Content string }

// PostFiles sends a form with files.
func (b *Browser) PostFiles(path string, values url.Values, files ...File) *Browser {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, vs := range values {
		for _, v := range vs {
			if err := w.WriteField(name, v); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		part := must(w.CreateFormFile(f.Field, f.Name))(b.t)
		if _, err := io.WriteString(part, f.Content); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	r := must(http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.portal.URL+path, &body))(b.t)
	r.Header.Set("Content-Type", w.FormDataContentType())
	b.At = must(url.Parse(b.portal.URL))(b.t)
	b.do(r)
	return b
}

// Submit posts the form of the main part whose address ends with action, with
// its hidden fields and the given ones.
func (b *Browser) Submit(action string, pairs ...string) *Browser {
	b.t.Helper()
	target, fields, ok := b.form(action)
	if !ok {
		b.t.Fatalf("no form %q at %s: %s", action, b.At, b.Text())
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	to := must(b.At.Parse(target))(b.t)
	r := must(http.NewRequestWithContext(b.t.Context(), http.MethodPost, to.String(), strings.NewReader(fields.Encode())))(b.t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.do(r)
	return b
}

func (b *Browser) form(action string) (target string, fields url.Values, ok bool) {
	for n := range b.node.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(Attr(n, "method"), "post") || !strings.HasSuffix(Attr(n, "action"), action) {
			continue
		}
		fields = url.Values{}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" && (Attr(in, "type") == "hidden" || Attr(in, "type") == "email") {
				fields.Set(Attr(in, "name"), Attr(in, "value"))
			}
		}
		return Attr(n, "action"), fields, true
	}
	return "", nil, false
}

// Value returns the value of the first field with the name.
func (b *Browser) Value(name string) string {
	for n := range b.node.Descendants() {
		if n.Type == html.ElementNode && n.Data == "input" && Attr(n, "name") == name {
			return Attr(n, "value")
		}
	}
	return ""
}

// Text is what stands on the page, without line breaks.
func (b *Browser) Text() string {
	var s strings.Builder
	for n := range b.node.Descendants() {
		if n.Type == html.TextNode {
			s.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(s.String()), " ")
}

// Attr returns an attribute of an element.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Begin goes from the page of the login to the simulator's choice of persons.
func (b *Browser) Begin(next, level, kind string) *Browser {
	b.t.Helper()
	b.Get("/anmelden?" + url.Values{"weiter": {next}, "stufe": {level}}.Encode())
	if b.Status != http.StatusOK {
		b.t.Fatalf("login page: status %d", b.Status)
	}
	b.Submit("/anmelden", "art", kind)
	return b.Submit("/SSO")
}

// Choose logs in at the simulator as one of its persons and comes back.
func (b *Browser) Choose(person string) *Browser {
	b.t.Helper()
	b.Submit("", "wahl", person)
	b.Submit("", "aktion", "senden")
	return b.Submit("/saml/acs")
}

// LogIn walks through the whole login.
func (b *Browser) LogIn(next, level, person string) *Browser {
	b.t.Helper()
	return b.Begin(next, level, "konto").Choose(person)
}

// WithAccount logs in, sets up an account when there is none, and returns its
// id.
func (b *Browser) WithAccount(person string) string {
	b.t.Helper()
	b.LogIn("/konto", "", person)
	if b.At.Path == "/konto/einrichten" {
		mark := b.Value("email")
		b.Submit("/konto/einrichten", "aktion", "zustimmen", "zustimmung", "yes", "email", mark)
	}
	return b.Owner()
}

// Owner is the owner of the browser's session, empty without one.
func (b *Browser) Owner() string {
	b.t.Helper()
	r := must(http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.portal.URL+"/test/sitzung", nil))(b.t)
	resp := must(b.client.Do(r))(b.t)
	defer resp.Body.Close()
	return string(must(io.ReadAll(resp.Body))(b.t))
}

// Fresh returns another browser with the same page open and no cookies.
func (b *Browser) Fresh() *Browser {
	b.t.Helper()
	c := *b
	c.client = &http.Client{Jar: must(cookiejar.New(nil))(b.t)}
	return &c
}
