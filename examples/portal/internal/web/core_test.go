package web_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// site is a core with two small pages on a database of its own.
type site struct {
	core *web.Core
	now  time.Time
	log  bytes.Buffer
	h    http.Handler
	db   *database.DB
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)}
	var err error
	if s.db, err = database.Open(t.Context(), "", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	if err := database.Migrate(t.Context(), s.db.Write); err != nil {
		t.Fatal(err)
	}
	texts, err := web.LoadTexts(fstest.MapFS{"t.json": {Data: []byte(`{"lang.name":{"de":"Deutsch","en":"English","de-simple":"Leicht"},
		"hallo":{"de":"Guten Tag {name}","en":"Hello {name}"},"nur":{"de":"nur deutsch"}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	templates := fstest.MapFS{
		"layout.html":      {Data: []byte(`{{define "layout"}}<html lang="{{.HTMLLang}}">{{block "content" .}}{{end}}</html>{{end}}`)},
		"a/page.html":      {Data: []byte(`{{define "content"}}<p>{{.Data}}</p>{{t "hallo" "name" .Data}}|{{t "nur"}}{{end}}`)},
		"a/broken.html":    {Data: []byte(`{{define "content"}}before {{index .Data 7}}{{end}}`)},
		"error/error.html": {Data: []byte(`{{define "content"}}error {{.Data.Code}} {{.Data.ID}}{{end}}`)},
	}
	renderer, err := web.NewRenderer(templates, fstest.MapFS{"x.css": {Data: []byte("a{}")}}, texts)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return s.now }
	public, _ := url.Parse("https://portal.example")
	s.core = &web.Core{Log: slog.New(slog.NewTextHandler(&s.log, nil)), Now: now, Texts: texts, Renderer: renderer, Public: public,
		Sessions: &web.Sessions{DB: s.db, Now: now, Limits: web.DefaultSessionLimits()}}
	s.core.Handle("GET /page", func(r *web.Request) error { return r.Render("a/page", web.View{Data: r.URL.Query().Get("q")}) })
	s.core.Handle("GET /broken", func(r *web.Request) error { return r.Render("a/broken", web.View{Data: []int{}}) })
	s.core.Handle("GET /panic", func(r *web.Request) error { panic("geheim") })
	s.core.Handle("POST /login", func(r *web.Request) error {
		if err := r.Form(); err != nil {
			return err
		}
		n, err := r.Renew()
		if err != nil {
			return err
		}
		n.Account, n.Level, n.Name = "konto", len(r.PostFormValue("level")), "Anna"
		return r.Redirect(r.PostFormValue("weiter"))
	})
	s.core.Handle("GET /who", func(r *web.Request) error {
		name := "niemand"
		if r.Session.LoggedIn() {
			name = r.Session.Name
		}
		return r.Render("a/page", web.View{Data: fmt.Sprint(name, r.Expired)})
	})
	s.core.Handle("POST /acs", func(r *web.Request) error { return r.Render("a/page", web.View{Data: "acs"}) })
	s.h = s.core.Handler("POST /acs")
	return s
}

func (s *site) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "https://portal.example/", strings.NewReader(body))
	u, err := url.ParseRequestURI(target)
	if err != nil {
		u = &url.URL{Path: target}
	}
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	s.h.ServeHTTP(rec, req)
	return rec
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct {
		name, method, target, body string
		header                     []string
		status                     int
		want                       string
	}{
		{"page", "GET", "/page?q=x", "", nil, 200, "Guten Tag x"},
		{"escaped", "GET", "/page?q=%3Cscript%3E", "", nil, 200, "&lt;script&gt;"},
		{"english by header", "GET", "/page?q=x", "", []string{"Accept-Language", "en-GB,de;q=0.5"}, 200, "Hello x|nur deutsch"},
		{"simple by address", "GET", "/page?q=x&lang=de-simple", "", nil, 200, `lang="de-simple"`},
		{"no such language", "GET", "/page?lang=%22%3E", "", nil, 200, `lang="de"`},
		{"unknown", "GET", "/nichts", "", nil, 404, "not-found"},
		{"wrong method", "POST", "/page", "a=b", nil, 405, "method"},
		{"NUL in the query", "GET", "/page?q=%00", "", nil, 400, "characters"},
		{"NUL in the path", "GET", "/a%00b", "", nil, 400, "characters"},
		{"wrong UTF-8", "GET", "/page?q=%ff", "", nil, 400, "characters"},
		{"broken query", "GET", "/page?q=%zz", "", nil, 400, "bad-request"},
		{"NUL in a form", "POST", "/login", "weiter=%00", nil, 400, "characters"},
		{"huge form", "POST", "/login", "a=" + strings.Repeat("x", 1<<20), nil, 413, "too-large"},
		{"other site", "POST", "/login", "a=b", []string{"Sec-Fetch-Site", "cross-site"}, 403, "origin"},
		{"other origin", "POST", "/login", "a=b", []string{"Origin", "https://evil.example"}, 403, "origin"},
		{"named exception", "POST", "/acs", "a=b", []string{"Sec-Fetch-Site", "cross-site"}, 200, "acs"},
		{"broken template", "GET", "/broken", "", nil, 500, "internal"},
		{"panic", "GET", "/panic", "", nil, 500, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := s.do(c.method, c.target, c.body, c.header...)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.want) {
				t.Errorf("%d %s, want %d with %q", rec.Code, rec.Body, c.status, c.want)
			}
			if strings.Contains(rec.Body.String(), "before") || strings.Contains(rec.Body.String(), "geheim") {
				t.Errorf("leaks: %s", rec.Body)
			}
			csp := rec.Header().Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", rec.Header())
			}
		})
	}
	if allow := s.do("POST", "/page", "").Header().Get("Allow"); allow != "GET" {
		t.Errorf("Allow: %q", allow)
	}
}

func TestSessionEndsByLevel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		level string
		idle  time.Duration
	}{{"1", 60 * time.Minute}, {"333", 30 * time.Minute}, {"4444", 5 * time.Minute}} {
		s := newSite(t)
		rec := s.do("POST", "/login", "weiter=/who&level="+c.level)
		cookie := rec.Result().Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || rec.Code != http.StatusSeeOther {
			t.Fatalf("cookie %+v, status %d", cookie, rec.Code)
		}
		auth := []string{"Cookie", cookie.Name + "=" + cookie.Value}
		s.now = s.now.Add(c.idle - time.Second)
		if rec := s.do("GET", "/who", "", auth...); !strings.Contains(rec.Body.String(), "Annafalse") {
			t.Errorf("level %s: logged out too early: %s", c.level, rec.Body)
		}
		s.now = s.now.Add(c.idle + time.Second)
		if rec := s.do("GET", "/who", "", auth...); !strings.Contains(rec.Body.String(), "niemandtrue") {
			t.Errorf("level %s: still logged in: %s", c.level, rec.Body)
		}
	}
}

func TestSessionIsUnreadableInTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cookie := s.do("POST", "/login", "weiter=/who&level=1").Result().Cookies()[0]
	var rows []struct {
		ID   string
		Data []byte
	}
	if err := s.db.Read.NewSelect().TableExpr("portal_sessions").Column("id", "data").Scan(context.Background(), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if bytes.Contains(rows[0].Data, []byte("Anna")) || strings.Contains(cookie.Value, rows[0].ID) || strings.Contains(rows[0].ID, cookie.Value) {
		t.Error("the stored session gives away content or token")
	}
	if rec := s.do("GET", "/who", "", "Cookie", cookie.Name+"="+rows[0].ID); !strings.Contains(rec.Body.String(), "niemand") {
		t.Error("the stored id opens the session")
	}
}

func TestLoginChangesTheToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.do("POST", "/login", "weiter=/who&level=1").Result().Cookies()[0]
	rec := s.do("POST", "/login", "weiter=/who&level=333", "Cookie", first.Name+"="+first.Value)
	var second *http.Cookie
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge >= 0 {
			second = c
		}
	}
	if second == nil || second.Value == first.Value {
		t.Fatal("the token stayed")
	}
	if rec := s.do("GET", "/who", "", "Cookie", first.Name+"="+first.Value); !strings.Contains(rec.Body.String(), "niemand") {
		t.Error("the old token still works")
	}
}

func TestRedirectStaysHere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, to := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "", "/a%0d%0aSet-Cookie:x"} {
		rec := s.do("POST", "/login", url.Values{"weiter": {to}, "level": {"1"}}.Encode())
		loc := rec.Header().Get("Location")
		if u, err := url.Parse(loc); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(loc, "/") || strings.HasPrefix(loc, "//") {
			t.Errorf("%q leads to %q", to, loc)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC) // already the next day in Berlin
	for _, c := range []struct{ got, want string }{
		{web.FormatDate("de", at), "02.07.2026"}, {web.FormatDate("en", at), "2 July 2026"}, {web.FormatDate("de", time.Time{}), ""},
		{web.FormatTime("de-simple", at), "02.07.2026, 00:30 Uhr"},
		{web.FormatMoney("de", 123456789), "1.234.567,89 €"}, {web.FormatMoney("en", 5), "€0.05"}, {web.FormatMoney("de", -150), "-1,50 €"},
		{web.FormatSize("de", 1536<<10), "1,5 MB"}, {web.FormatSize("en", 100), "100 Byte"},
		{string(web.CleanHTML(`<h1>A</h1><script>x</script><a href="javascript:1">b</a><p onclick="1">c</p>`)), `<h3>A</h3>b<p>c</p>`},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
