package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
)

// View is what a page gives to the layout; the web core fills the rest.
type View struct {
	Title   string // plain text, already translated
	Crumbs  []Crumb
	Errors  []FieldError // shown as a summary on top; the title gets a prefix
	Data    any
	Noindex bool
	Status  int      // 200 when zero
	Forms   []string // further origins that forms of this page may post to
	Refresh string   // seconds and address for a page that waits, empty else
	Search  string   // what was searched for, kept in the search field
}

// Crumb is one link of the breadcrumb.
type Crumb struct{ Label, URL string }

// FieldError is one wrong answer: the id of the field and a translated text.
type FieldError struct{ Field, Text string }

// Link is one entry of a navigation.
type Link struct {
	Label, URL string
	Current    bool
}

// LangLink is one entry of the language switch.
type LangLink struct {
	Lang, HTMLLang, Name, URL string
	Current                   bool
}

// UserView is what the layout shows of the person who is logged in.
type UserView struct {
	Name, Level string
	UnreadCount int
}

// PlaceView is the place that the citizen chose.
type PlaceView struct{ Name, Key, ChangeURL string }

// StaffView is what the staff layout shows of the employee.
type StaffView struct{ Name, Unit string }

// layoutData is the dot of every template.
type layoutData struct {
	View
	Lang, HTMLLang        string
	PortalName, Town      string
	CanonicalURL, Path    string
	LangLinks             []LangLink
	Nav                   []Link
	User                  *UserView
	Place                 *PlaceView
	StaffUser             *StaffView
	Demo                  bool
	Flash                 []Flash
	Query, Banner, SimURL string
	ExpiresAt, Now        time.Time
	Extend                string // where a page is asked for again to prolong the session
}

// Renderer holds the parsed templates: one set per page, so that blocks of
// two pages never meet. It may be used concurrently.
type Renderer struct {
	pages  map[string]func() (*template.Template, error) // "<lang> <area>/<page>", made when first shown
	assets map[string]string                             // name -> address with a digest in it
	static fs.FS
}

// NewRenderer parses all pages under templates/<area>/<page>.html. Systems
// are searched from last to first, so that an own portal can replace a file.
func NewRenderer(templates, static fs.FS, texts *Texts) (*Renderer, error) {
	r := &Renderer{pages: map[string]func() (*template.Template, error){}, assets: map[string]string{}, static: static}
	err := fs.WalkDir(static, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(static, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		r.assets[p] = "/static/" + p + "?v=" + hex.EncodeToString(sum[:6])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, r.compile(templates, texts)
}

// Pages lists the names of all pages, for tests.
func (r *Renderer) Pages() []string {
	var names []string
	for n := range r.pages {
		if name, ok := strings.CutPrefix(n, German+" "); ok {
			names = append(names, name)
		}
	}
	return names
}

// Asset returns the address of a static file with its digest.
func (r *Renderer) Asset(name string) string {
	if a, ok := r.assets[name]; ok {
		return a
	}
	return "/static/" + name
}

func (r *Renderer) funcs(texts *Texts, lang string) template.FuncMap {
	return template.FuncMap{
		"t":        func(key string, pairs ...any) string { return texts.Get(lang, key, pairs...) },
		"has":      texts.Has,
		"asset":    r.Asset,
		"icon":     r.icon,
		"date":     func(at time.Time) string { return FormatDate(lang, at) },
		"datetime": func(at time.Time) string { return FormatTime(lang, at) },
		"iso":      func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"money":    func(cents int64) string { return FormatMoney(lang, cents) },
		"html":     CleanHTML,
		"size":     func(n int64) string { return FormatSize(lang, n) },
		"dict":     dict,
		"list":     func(v ...any) []any { return v },
		"add":      func(a, b int) int { return a + b },
	}
}

func (r *Renderer) icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="` +
		template.HTMLEscapeString(r.Asset("icons.svg")+"#"+name) + `"/></svg>`)
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: odd number of arguments")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is not a string", pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// FormatSize writes a number of bytes for people.
func FormatSize(lang string, n int64) string {
	point := ","
	if lang == English {
		point = "."
	}
	switch {
	case n >= 1<<20:
		return strings.Replace(fmt.Sprintf("%.1f MB", float64(n)/(1<<20)), ".", point, 1)
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", (n+1023)/1024)
	}
	return fmt.Sprintf("%d Byte", n)
}

// catalogueHTML is the allow-list of PVOG for catalogue texts.
var catalogueHTML = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "sup", "sub", "ul", "ol", "li")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(false)
	return p
}()

// headings moves the two top levels down, since a page has one h1 and its
// own h2.
var headings = strings.NewReplacer("<h1", "<h3", "</h1>", "</h3>", "<h2", "<h3", "</h2>", "</h3>")

// CleanHTML makes a catalogue text safe to show.
func CleanHTML(s string) template.HTML {
	return template.HTML(catalogueHTML.Sanitize(headings.Replace(s)))
}

// execute renders a page for one language into memory, so that an error in a
// template never leaves half a page.
func (r *Renderer) execute(name string, data *layoutData) ([]byte, error) {
	page, ok := r.pages[data.Lang+" "+name]
	if !ok {
		return nil, fmt.Errorf("web: no page %q", name)
	}
	t, err := page()
	if err != nil {
		return nil, fmt.Errorf("web: page %s: %w", name, err)
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, layoutOf(name), data); err != nil {
		return nil, fmt.Errorf("web: page %s: %w", name, err)
	}
	return buf.Bytes(), nil
}

// serveStatic serves embedded files; an address with a digest may be kept
// for a year.
func (r *Renderer) serveStatic() http.Handler {
	files := http.StripPrefix("/static/", http.FileServerFS(r.static))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		name := strings.TrimPrefix(req.URL.Path, "/static/")
		if _, ok := r.assets[name]; !ok {
			http.NotFound(w, req)
			return
		}
		if req.URL.Query().Get("v") != "" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "public, max-age=300")
		}
		files.ServeHTTP(w, req)
	})
}

// withLang returns the address of the same page in another language.
func withLang(u *url.URL, lang string) string {
	q := u.Query()
	q.Set("lang", lang)
	return ownPath(u) + "?" + q.Encode()
}
