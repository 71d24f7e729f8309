package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// browser is one visitor: it keeps cookies, sends the forms that it finds and
// measures how long the portal takes. Other origins are not measured.
type browser struct {
	ctx    context.Context
	base   *url.URL
	be     func(people []string) (person string, ok bool)
	client *http.Client
	note   func(kind string, took time.Duration, err error)
}

func newBrowser(ctx context.Context, base *url.URL, transport http.RoundTripper, note func(string, time.Duration, error)) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("load: " + err.Error()) // no options, no error
	}
	b := &browser{ctx: ctx, base: base, note: note}
	// Redirects are followed by hand: each of them is a request of its own.
	b.client = &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

// page is what came back.
type page struct {
	url   *url.URL
	body  string
	forms []form
	links []link
}

type link struct{ text, url string }

// form is a form with what a browser would send.
type form struct {
	action, method string
	multipart      bool
	buttons        []button
	fields         []field
}

type button struct{ text, name, value, action string }

type field struct {
	name, kind string
	values     []string // what would be sent
	options    []string // to choose from
}

// get opens an address; kind groups it in the report.
func (b *browser) get(kind, address string) (*page, error) {
	u, err := b.base.Parse(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	return b.do(kind, req)
}

func (b *browser) do(kind string, req *http.Request) (*page, error) {
	for range 10 {
		req.Header.Set("Accept-Language", "de")
		begin := time.Now()
		res, err := b.client.Do(req)
		if err != nil {
			b.measured(req.URL, kind, begin, err)
			return nil, err
		}
		raw, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
		res.Body.Close()
		if err == nil && res.StatusCode >= 400 {
			err = fmt.Errorf("%s %s: status %d", req.Method, req.URL.Path, res.StatusCode)
		}
		b.measured(req.URL, kind, begin, err)
		if err != nil {
			return nil, err
		}
		to := res.Header.Get("Location")
		if res.StatusCode < 300 || res.StatusCode >= 400 || to == "" {
			p := &page{url: req.URL, body: string(raw)}
			if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
				p.read()
			}
			return p, nil
		}
		next, err := req.URL.Parse(to)
		if err != nil {
			return nil, err
		}
		if req, err = http.NewRequestWithContext(b.ctx, http.MethodGet, next.String(), nil); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("load: too many redirects at %s", req.URL.Path)
}

func (b *browser) measured(u *url.URL, kind string, begin time.Time, err error) {
	if u.Host == b.base.Host && b.ctx.Err() == nil {
		b.note(kind, time.Since(begin), err)
	}
}

// follow opens the first link with the words.
func (b *browser) follow(kind string, p *page, words string) (*page, error) {
	for _, l := range p.links {
		if strings.Contains(l.text, words) {
			u, err := p.url.Parse(l.url)
			if err != nil {
				return nil, err
			}
			return b.get(kind, u.String())
		}
	}
	return nil, fmt.Errorf("load: %s has no link %q", p.url.Path, words)
}

// send fills the form with the button and sends it. answers win over what the
// page shows; choices without one take the first option, consents are given.
func (b *browser) send(kind string, p *page, words string, answers map[string]string) (*page, error) {
	for _, f := range p.forms {
		i := slices.IndexFunc(f.buttons, func(x button) bool { return strings.Contains(x.text, words) })
		if i < 0 {
			continue
		}
		action := f.action
		if f.buttons[i].action != "" {
			action = f.buttons[i].action
		}
		u, err := p.url.Parse(action)
		if err != nil {
			return nil, err
		}
		values := f.fill(answers)
		if f.buttons[i].name != "" {
			values.Set(f.buttons[i].name, f.buttons[i].value)
		}
		req, err := f.request(b.ctx, u, values)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Origin", p.url.Scheme+"://"+p.url.Host)
		return b.do(kind, req)
	}
	return nil, fmt.Errorf("load: %s has no form %q", p.url.Path, words)
}

func (f *form) fill(answers map[string]string) url.Values {
	values := url.Values{}
	for _, x := range f.fields {
		switch answer, ok := answers[x.name]; {
		case x.name == "":
		case ok:
			values.Set(x.name, answer)
		case len(x.values) > 0 && x.values[0] != "":
			values[x.name] = append(values[x.name], x.values...)
		case x.kind == "radio" || x.kind == "select":
			if first := slices.IndexFunc(x.options, func(o string) bool { return o != "" }); first >= 0 {
				values.Set(x.name, x.options[first])
			}
		case x.kind == "checkbox":
			if len(x.options) == 1 { // a consent
				values.Set(x.name, x.options[0])
			}
		default:
			values[x.name] = append(values[x.name], x.values...)
		}
	}
	return values
}

func (f *form) request(ctx context.Context, u *url.URL, values url.Values) (*http.Request, error) {
	if f.method != "post" {
		v := *u
		v.RawQuery = values.Encode()
		return http.NewRequestWithContext(ctx, http.MethodGet, v.String(), nil)
	}
	if f.multipart {
		return multipartRequest(ctx, u, values)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(values.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// read takes links and forms out of the page in one pass.
func (p *page) read() {
	z := html.NewTokenizer(strings.NewReader(p.body))
	r := reader{p: p}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			r.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			r.begin(z.Token())
		case html.EndTagToken:
			r.end(z.Token().Data)
		}
	}
}

// reader holds what is open while a page is read.
type reader struct {
	p        *page
	form     *form
	link     *link
	button   *button
	textarea *field
	choice   *field // open select
}

func (r *reader) text(s string) {
	s = html.UnescapeString(s)
	if r.link != nil {
		r.link.text += s
	}
	if r.button != nil {
		r.button.text += s
	}
	if r.textarea != nil {
		r.textarea.values[0] += s
	}
}

func (r *reader) end(tag string) {
	switch tag {
	case "a":
		if r.link != nil {
			r.p.links = append(r.p.links, *r.link)
		}
		r.link = nil
	case "form":
		if r.form != nil {
			r.p.forms = append(r.p.forms, *r.form)
		}
		r.form = nil
	case "button":
		if r.form != nil && r.button != nil {
			r.form.buttons = append(r.form.buttons, *r.button)
		}
		r.button = nil
	case "textarea":
		if r.form != nil && r.textarea != nil {
			r.form.fields = append(r.form.fields, *r.textarea)
		}
		r.textarea = nil
	case "select":
		if r.form != nil && r.choice != nil {
			r.form.fields = append(r.form.fields, *r.choice)
		}
		r.choice = nil
	}
}

func (r *reader) begin(t html.Token) {
	get := func(name string) (string, bool) {
		i := slices.IndexFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
		if i < 0 {
			return "", false
		}
		return t.Attr[i].Val, true
	}
	name, _ := get("name")
	value, hasValue := get("value")
	switch t.Data {
	case "a":
		if to, ok := get("href"); ok {
			r.link = &link{url: to}
		}
	case "form":
		action, _ := get("action")
		method, _ := get("method")
		enc, _ := get("enctype")
		r.form = &form{action: action, method: strings.ToLower(method), multipart: enc == "multipart/form-data"}
	case "button":
		action, _ := get("formaction")
		r.button = &button{name: name, value: value, action: action}
	case "textarea":
		r.textarea = &field{name: name, kind: "textarea", values: []string{""}}
	case "select":
		r.choice = &field{name: name, kind: "select"}
	case "option":
		if r.choice != nil {
			r.choice.options = append(r.choice.options, value)
			if _, selected := get("selected"); selected {
				r.choice.values = []string{value}
			}
		}
	case "input":
		if r.form != nil {
			_, checked := get("checked")
			kind, _ := get("type")
			r.input(name, kind, value, hasValue, checked)
		}
	}
}

func (r *reader) input(name, kind, value string, hasValue, checked bool) {
	switch kind {
	case "submit":
		r.form.buttons = append(r.form.buttons, button{text: value, name: name, value: value})
	case "file", "button", "reset", "image":
	case "radio", "checkbox":
		if !hasValue {
			value = "on"
		}
		i := slices.IndexFunc(r.form.fields, func(f field) bool { return f.name == name && f.kind == kind })
		if i < 0 {
			r.form.fields = append(r.form.fields, field{name: name, kind: kind})
			i = len(r.form.fields) - 1
		}
		r.form.fields[i].options = append(r.form.fields[i].options, value)
		if checked {
			r.form.fields[i].values = append(r.form.fields[i].values, value)
		}
	default:
		r.form.fields = append(r.form.fields, field{name: name, kind: "input", values: []string{value}})
	}
}
