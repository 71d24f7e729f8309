package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/staff"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/desk"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/rbac"
)

// world is a portal with the staff's pages on a real database.
type world struct {
	t       *testing.T
	apps    *antrag.Service
	defs    *assistant.Set
	core    *web.Core
	pages   *desk.Pages
	handler http.Handler

	mu   sync.Mutex
	at   time.Time
	src  rbac.Source
	none bool // no policy at all
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

func text(s string) string { return fmt.Sprintf(`{"de": %q, "en": %q, "de-simple": %q}`, s, s, s) }

func definition(id, outcome, fee string) string {
	return `{"id": "` + id + `", "version": "1", "title": ` + text("Dienst "+id) + `, "lead": ` + text("x") + `, "level": 0, "audience": "citizen",` + fee + `
"massgeblicherOrt": "residence", "outcome": "` + outcome + `", "processing": ` + text("x") + `,
"steps": [{"id": "person", "title": ` + text("Zur Person") + `, "fields": [
{"id": "person.vorname", "type": "text", "label": ` + text("Vorname") + `, "required": true, "prefill": {"bundid": "given"}},
{"id": "person.nachname", "type": "text", "label": ` + text("Nachname") + `, "required": true},
{"id": "person.email", "type": "email", "label": ` + text("E-Mail") + `, "required": true}]}],
"declaration": {"points": [` + text("Es stimmt.") + `], "privacy": ` + text("x") + `}}`
}

var definitions = sync.OnceValue(func() *assistant.Set {
	set, err := assistant.Load(fstest.MapFS{
		"a.json": {Data: []byte(definition("antrag", "decision", ""))},
		"b.json": {Data: []byte(definition("urkunde", "certificate", `"fee": {"cents": 1500, "note": `+text("je Stück")+`},`))},
		"c.json": {Data: []byte(definition("anzeige", "notification", ""))},
	})
	if err != nil {
		panic(err)
	}
	return set
})

// source is the small world of rights: two teams, an auditor who reads, a
// mail room that sees envelopes, an administrator without rights on cases.
func source(at time.Time) rbac.Source {
	clerk := []string{"case.list", "case.readEnvelope", "case.read", "case.process", "case.message", "case.decide", "case.note", "case.involve", "case.transfer"}
	src := rbac.Source{Tenant: "altenwehr",
		Units: []rbac.Unit{{ID: "stadt", Name: "Stadt"}, {ID: "bb", Parent: "stadt", Name: "Bürgerbüro"}, {ID: "st", Parent: "stadt", Name: "Steuern"},
			{ID: "eingang", Parent: "stadt", Name: "Eingang"}, {ID: "leer", Parent: "stadt", Name: "Leer", Stop: true}},
		Roles: []rbac.Role{{ID: "sb", Name: "Sachbearbeitung", Permissions: clerk}, {ID: "leitung", Name: "Leitung", Permissions: append([]string{"case.assign", "payment.read"}, clerk...)},
			{ID: "revision", Name: "Rechnungsprüfung", Permissions: []string{"case.list", "case.readEnvelope", "case.read", "payment.read"}},
			{ID: "post", Name: "Poststelle", Permissions: []string{"case.list", "case.readEnvelope", "case.assign", "case.transfer"}},
			{ID: "zahl", Name: "Zählung", Permissions: []string{"case.list"}},
			{ID: "admin", Name: "Benutzerverwaltung", Permissions: []string{"person.read"}}},
		Substitutions: []rbac.Substitution{{ID: "v1", For: "p-clerk", By: "p-sub", From: at.Add(-time.Hour), Until: at.Add(24 * time.Hour), Reason: "Urlaub"},
			{ID: "v2", For: "p-other", By: "p-stsub", From: at.Add(-time.Hour), Until: at.Add(24 * time.Hour), Reason: "Urlaub"}},
	}
	for _, p := range append([]string{"case.assign", "payment.read", "person.read"}, clerk...) {
		src.Permissions = append(src.Permissions, rbac.Permission{ID: p})
	}
	for _, a := range [][3]string{{"p-clerk", "sb", "bb"}, {"p-mate", "sb", "bb"}, {"p-head", "leitung", "bb"}, {"p-other", "sb", "st"}, {"p-auditor", "revision", "stadt"}, {"p-post", "post", "stadt"}, {"p-mail", "post", "eingang"}, {"p-count", "zahl", "stadt"}, {"p-admin", "admin", "stadt"}} {
		src.Persons = append(src.Persons, rbac.Person{ID: a[0]})
		src.Assignments = append(src.Assignments, rbac.Assignment{ID: "a-" + a[0], Person: a[0], Role: a[1], Unit: a[2], Reason: "x", GrantedBy: "p-admin"})
	}
	src.Persons = append(src.Persons, rbac.Person{ID: "p-sub"}, rbac.Person{ID: "p-stsub"}, rbac.Person{ID: "p-none"})
	return src
}

func newWorld(t *testing.T) *world { return newWorldOn(t, "") }

// newWorldOn takes the address of a PostgreSQL database; empty means SQLite.
func newWorldOn(t *testing.T, address string) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, defs: definitions(), at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	db, err := database.Open(ctx, address, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, err := range []error{database.Migrate(ctx, db.Write), postkorbsql.Migrate(ctx, db.Write), paymentsql.Migrate(ctx, db.Write), federationsql.Migrate(ctx, db.Write)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	blobs, err := blob.NewFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	texts := loadTexts(t)
	names := map[string]string{"bb": "Bürgerbüro", "st": "Steuern", "stadt": "Stadt", "eingang": "Poststelle", "leer": "Leer"}
	outbox := federation.New(federationsql.New(db.Write), &federation.Options{Now: w.now})
	w.apps = antrag.New(antrag.Config{DB: db, Now: w.now, Blobs: blobs,
		Inbox: postkorb.New(postkorbsql.New(db.Write), &postkorb.Options{Now: w.now}), Orders: payment.New(paymentsql.New(db.Write), &payment.Options{Now: w.now}), Outbox: outbox,
		Definition: func(id, version string) (*assistant.Definition, bool) { return w.defs.Version(id, version) },
		Unit: func(_ context.Context, service, _ string) (antrag.Unit, error) {
			if service == "dienst-st" {
				return antrag.Unit{ID: "st", Name: "Steuern"}, nil
			}
			if service == "dienst-unklar" {
				return antrag.Unit{ID: "eingang", Name: "Poststelle"}, nil
			}
			return antrag.Unit{ID: "bb", Name: "Bürgerbüro"}, nil
		},
		UnitName: func(id string) string { return names[id] }, Destination: func(string) string { return "ablage" }, Text: texts.Get})
	w.src = source(w.at)
	w.pages = &desk.Pages{Applications: w.apps, Tenant: "altenwehr", Now: w.now, Deliveries: outbox,
		Policy: func() *rbac.Policy {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.none {
				return nil
			}
			p, err := rbac.Compile(w.src)
			if err != nil {
				t.Error(err)
			}
			return p
		},
		Login:      &staff.Login{Issuer: "http://login.invalid", ClientID: "portal", Now: w.now},
		PersonName: func(id string) string { return "Name " + id }, UnitName: func(id string) string { return names[id] }, PersonUnit: func(string) string { return "bb" },
		CopyPDF: func(_ context.Context, a antrag.Application, _ string) ([]byte, error) {
			return []byte("%PDF-1.4 " + a.Reference), nil
		}}
	w.compose(db, texts)
	return w
}

func (w *world) compose(db *database.DB, texts *web.Texts) {
	renderer, err := web.NewRenderer(templates(w.t), os.DirFS(filepath.Join("..", "static")), texts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.core = &web.Core{Log: slog.New(slog.DiscardHandler), Now: w.now, Texts: texts, Renderer: renderer, PortalName: "Portal", Town: "Altenwehr",
		Sessions: &web.Sessions{DB: db, Now: w.now, Limits: web.DefaultSessionLimits()}}
	w.core.Public, _ = url.Parse("http://127.0.0.1:8080")
	w.core.StaffNav, w.core.StaffBanner = w.pages.Nav, w.pages.Banner
	w.core.Staff = func(_ context.Context, id string) (web.StaffView, bool) {
		return web.StaffView{Name: "Name " + id}, true
	}
	w.pages.Register(w.core)
	w.core.Handle("POST /amt/test/{person}", func(r *web.Request) error {
		s, err := r.RenewStaff()
		if err != nil {
			return err
		}
		s.Person, s.Owner = r.PathValue("person"), "amt:"+r.PathValue("person")
		return r.Redirect("/amt")
	})
	w.handler = w.core.Handler()
}

// templates are the layouts, the parts and the pages of this area, so that a
// mistake in another area does not show here.
func templates(t *testing.T) fs.FS {
	t.Helper()
	all := os.DirFS(filepath.Join("..", "templates"))
	out := fstest.MapFS{"error/error.html": {Data: []byte(`{{define "content"}}<h1>{{.Title}}</h1>{{end}}`)}}
	for _, pattern := range []string{"*.html", "parts/*.html", "desk/*.html"} {
		names, err := fs.Glob(all, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			raw, err := fs.ReadFile(all, n)
			if err != nil {
				t.Fatal(err)
			}
			out[n] = &fstest.MapFile{Data: raw}
		}
	}
	return out
}

func loadTexts(t *testing.T) *web.Texts {
	t.Helper()
	texts, err := web.LoadTexts(os.DirFS(filepath.Join("..", "lang")))
	if texts == nil {
		t.Fatal(err)
	}
	return texts
}

// submit sends an application as a citizen with an account.
func (w *world) submit(kind, service, first, last string) antrag.Application {
	w.t.Helper()
	ctx := w.t.Context()
	def, _ := w.defs.Latest(kind)
	d, err := w.apps.StartDraft(ctx, "konto-1", def, service, "033990004004")
	if err != nil {
		w.t.Fatal(err)
	}
	known := []assistant.PrefillValue{{Attr: "given", Value: first, Level: 4, Source: assistant.BundID}}
	d.Answers = def.Prefill(d.Answers, known, w.apps.Today())
	answers, problems := def.Apply(d.Answers, assistant.Input{Step: "person", Prefill: known, Now: w.apps.Today(),
		Form: url.Values{"person.vorname": {first}, "person.nachname": {last}, "person.email": {"a@example.org"}}})
	if len(problems) > 0 {
		w.t.Fatal(problems)
	}
	d.Answers = answers
	if d, err = w.apps.SaveDraft(ctx, d); err != nil {
		w.t.Fatal(err)
	}
	a, err := w.apps.Submit(ctx, d.ID, antrag.Applicant{Owner: "konto-1", Account: "konto-1", Lang: "de", Level: 4, Means: "eID", AuthnAt: w.now()})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// reload reads the case as it is now.
func (w *world) reload(a antrag.Application) antrag.Application {
	w.t.Helper()
	now, err := w.apps.OwnedBy(w.t.Context(), "konto-1", a.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return now
}

func (w *world) messages(a antrag.Application, kind postkorb.Kind) []postkorb.Message {
	w.t.Helper()
	list, err := w.apps.Inbox.Messages(w.t.Context(), postkorb.ThreadID(a.Thread))
	if err != nil {
		w.t.Fatal(err)
	}
	var out []postkorb.Message
	for _, m := range list {
		if m.Kind == kind {
			out = append(out, m)
		}
	}
	return out
}

// browser keeps the cookies of one person.
type browser struct {
	w       *world
	cookies map[string]string
}

func (w *world) browser() *browser { return &browser{w: w, cookies: map[string]string{}} }

// as logs a person of the staff in.
func (w *world) as(person string) *browser {
	w.t.Helper()
	b := w.browser()
	if resp := b.do(http.MethodPost, "/amt/test/"+person, nil, ""); resp.code != http.StatusSeeOther {
		w.t.Fatalf("login = %d", resp.code)
	}
	return b
}

type answer struct {
	code           int
	body, location string
	header         http.Header
}

func (b *browser) do(method, path string, body io.Reader, media string) answer {
	r := httptest.NewRequest(method, path, body)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for k, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	out := answer{rec.Code, rec.Body.String(), rec.Header().Get("Location"), rec.Header()}
	if i := strings.Index(out.body, "⟦"); i >= 0 {
		b.w.t.Errorf("%s %s: text is missing: %.60s", method, path, out.body[i:])
	}
	return out
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil, "") }

func (b *browser) post(path string, form url.Values) answer {
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

// upload posts a form with a document.
func (b *browser) upload(path string, form url.Values, name string, content []byte) answer {
	var buf bytes.Buffer
	m := multipart.NewWriter(&buf)
	for k, vs := range form {
		for _, v := range vs {
			m.WriteField(k, v)
		}
	}
	part, err := m.CreateFormFile("datei", name)
	if err != nil {
		b.w.t.Fatal(err)
	}
	part.Write(content)
	m.Close()
	return b.do(http.MethodPost, path, &buf, m.FormDataContentType())
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(version|stand|key)" value="([^"]*)">`)

// form returns the hidden values of the first form on a page.
func (b *browser) form(path string) url.Values {
	b.w.t.Helper()
	resp := b.get(path)
	if resp.code != http.StatusOK {
		b.w.t.Fatalf("GET %s = %d", path, resp.code)
	}
	out := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(resp.body, -1) {
		if !out.Has(m[1]) {
			out.Set(m[1], m[2])
		}
	}
	return out
}

func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}
