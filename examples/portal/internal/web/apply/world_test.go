package apply_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/apply"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/xzufi"
)

// world is a portal with the pages of this package on a real database.
type world struct {
	t       *testing.T
	db      *database.DB
	apps    *antrag.Service
	acc     *konto.Service
	set     *assistant.Set
	handler http.Handler
	attrs   []konto.Attribute

	mu sync.Mutex
	at time.Time
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

// catalogue holds the services and offices of the demo; it is only read.
var catalogue = sync.OnceValues(func() (*xzufi.Catalogue, error) {
	ctx := context.Background()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	var areas []xzufi.Area
	for _, a := range demo.Areas() {
		areas = append(areas, xzufi.Area{Key: a.Key, Name: a.Name, Kind: a.Kind, Postcodes: a.Postcodes, Inhabitants: a.Inhabitants, Parents: a.Parents})
	}
	if err := c.SetAreas(ctx, areas); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join("..", "..", "demo", "xzufi", "*.xml"))
	if err != nil {
		return nil, err
	}
	var files []xzufi.File
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			return nil, err
		}
		files = append(files, xzufi.File{Name: n, Reader: bytes.NewReader(raw)})
	}
	_, err = c.Import(ctx, "demo", files...)
	return c, err
})

// placeForm is a definition with a place that is searched for and with files
// of a small size.
const placeForm = `{"id": "ort-suchen", "version": "1", "title": @Ort suchen@, "lead": @x@, "level": 0, "audience": "both",
"massgeblicherOrt": "wo", "outcome": "notification", "processing": @x@,
"steps": [{"id": "wo", "title": @Wo@, "fields": [{"id": "wo", "type": "place", "label": @Ort des Vorfalls@, "required": true},
{"id": "foto", "type": "file", "label": @Foto@, "maxBytes": 2000, "maxFiles": 2},
{"id": "zahl", "type": "number", "label": @Anzahl@, "min": "1", "max": "5"}]}],
"declaration": {"points": [@Es stimmt.@], "privacy": @x@}}`

var textMark = regexp.MustCompile(`@([^@]*)@`)

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	db, err := database.Open(ctx, "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db = db
	for _, err := range []error{database.Migrate(ctx, db.Write), postkorbsql.Migrate(ctx, db.Write), paymentsql.Migrate(ctx, db.Write), federationsql.Migrate(ctx, db.Write)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	blobs, err := blob.NewFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.set, err = assistant.Load(os.DirFS(filepath.Join("..", "..", "assistant", "definitions")),
		fstest.MapFS{"ort.json": {Data: []byte(textMark.ReplaceAllString(placeForm, `{"de":"$1","en":"$1","de-simple":"$1"}`))}})
	if err != nil {
		t.Fatal(err)
	}
	texts := loadTexts(t)
	cat, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	w.acc = &konto.Service{DB: db, Now: w.now}
	w.apps = antrag.New(antrag.Config{DB: db, Now: w.now, Blobs: blobs,
		Inbox: postkorb.New(postkorbsql.New(db.Write), &postkorb.Options{Now: w.now}), Orders: payment.New(paymentsql.New(db.Write), &payment.Options{Now: w.now}),
		Outbox:     federation.New(federationsql.New(db.Write), &federation.Options{Now: w.now}),
		Definition: w.set.Version, Unit: unitOf(cat), UnitName: func(id string) string { return "Einheit " + id },
		Destination: func(string) string { return "ablage" }, Text: texts.Get})
	pages := &apply.Pages{Applications: w.apps, Assistants: w.set, Accounts: w.acc, Catalogue: cat, Places: cat.Places, Unit: unitOf(cat),
		Attributes: func(*web.Request) ([]konto.Attribute, error) { return w.attrs, nil },
		PlaceName: func(ctx context.Context, key string) (string, bool) {
			a, err := cat.Area(ctx, key)
			return a.Name, err == nil
		},
		Service: func(id string) (xzufi.ID, bool) {
			for _, s := range demo.AssistantServices() {
				if s.Assistant == id {
					return xzufi.ID{Agency: s.Service.Agency, Scheme: s.Service.Scheme, Value: s.Service.Value}, true
				}
			}
			return xzufi.ID{}, false
		}}
	w.compose(pages, texts)
	return w
}

// unitOf finds the unit behind the responsible office, as the portal does.
func unitOf(c *xzufi.Catalogue) func(context.Context, string, string) (antrag.Unit, error) {
	return func(ctx context.Context, service, area string) (antrag.Unit, error) {
		fallback := antrag.Unit{ID: "zd-poststelle", Name: "Poststelle"}
		id, err := xzufi.ParseID(service)
		if err != nil || area == "" {
			return fallback, nil
		}
		r, err := c.Responsible(ctx, id, area)
		if errors.Is(err, xzufi.ErrNotFound) {
			return fallback, nil
		}
		if err != nil {
			return antrag.Unit{}, err
		}
		for _, o := range r.Offices {
			for _, m := range demo.OfficeUnits() {
				if m.Office.Agency == o.Office.ID.Agency && m.Office.Value == o.Office.ID.Value {
					return antrag.Unit{ID: m.Unit, Name: o.Office.Name.For("de")}, nil
				}
			}
		}
		if len(r.Offices) > 0 {
			return antrag.Unit{}, antrag.ErrNoUnit
		}
		return fallback, nil
	}
}

func (w *world) compose(pages *apply.Pages, texts *web.Texts) {
	renderer, err := web.NewRenderer(templates(w.t), os.DirFS(filepath.Join("..", "static")), texts)
	if err != nil {
		w.t.Fatal(err)
	}
	core := &web.Core{Log: slog.New(slog.DiscardHandler), Now: w.now, Texts: texts, Renderer: renderer, PortalName: "Portal", Town: "Altenwehr",
		Sessions: &web.Sessions{DB: w.db, Now: w.now, Limits: web.DefaultSessionLimits()}}
	core.Public, _ = url.Parse("http://127.0.0.1:8080")
	pages.Register(core)
	core.Handle("POST /test/anmelden/{level}", func(r *web.Request) error {
		old := ""
		if r.Session != nil {
			old = r.Session.Owner
		}
		s, err := r.Renew()
		if err != nil {
			return err
		}
		if err := r.Form(); err != nil {
			return err
		}
		s.Level, _ = strconv.Atoi(r.PathValue("level"))
		s.Means, s.Name, s.AuthnAt = "eID", "Sabine Thormählen", r.Now()
		if acc := r.PostForm.Get("konto"); acc != "" {
			s.Account, s.Owner = acc, acc
		} else {
			s.Guest = true
			if old != "" {
				s.Owner = old
			}
		}
		return r.Redirect("/")
	})
	w.handler = core.Handler()
}

// templates are the layouts, the parts and the pages of this area, so that a
// mistake in another area does not show here.
func templates(t *testing.T) fs.FS {
	t.Helper()
	all := os.DirFS(filepath.Join("..", "templates"))
	out := fstest.MapFS{"error/error.html": {Data: []byte(`{{define "content"}}<h1>{{.Title}}</h1>{{end}}`)}}
	for _, pattern := range []string{"*.html", "parts/*.html", "apply/*.html"} {
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
	all := os.DirFS(filepath.Join("..", "lang"))
	out := fstest.MapFS{}
	for _, n := range []string{"core.json", "layout.json", "apply.json", "copy.json"} {
		raw, err := fs.ReadFile(all, n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = &fstest.MapFile{Data: raw}
	}
	texts, err := web.LoadTexts(out)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
