package antrag_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
)

// world is a service on a database of its own.
type world struct {
	*antrag.Service
	db    *database.DB
	now   time.Time
	set   *assistant.Set
	blobs *blob.Files
}

// databases runs a test on SQLite and, where there is one, on PostgreSQL.
func databases(t *testing.T, run func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, newWorld(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := os.Getenv("PORTAL_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
		}
		run(t, newWorld(t, schema(t, dsn)))
	})
}

// schema makes a schema of its own and returns an address that uses it.
func schema(t testing.TB, dsn string) string {
	t.Helper()
	admin, err := database.Open(t.Context(), dsn, "")
	if err != nil {
		t.Fatal(err)
	}
	name := "antrag_" + strings.ToLower(rand.Text())
	if _, err := admin.Write.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Write.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func newWorld(t testing.TB, address string) *world {
	t.Helper()
	ctx := context.Background()
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
	w := &world{db: db, now: time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	if w.blobs, err = blob.NewFiles(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if w.set, err = assistant.Builtin(); err != nil {
		t.Fatal(err)
	}
	w.Service = antrag.New(antrag.Config{
		DB: db, Now: now, Blobs: w.blobs,
		Inbox:  postkorb.New(postkorbsql.New(db.Write), &postkorb.Options{Now: now}),
		Orders: payment.New(paymentsql.New(db.Write), &payment.Options{Now: now}),
		Outbox: federation.New(federationsql.New(db.Write), &federation.Options{Now: now}),
		Definition: func(id, version string) (*assistant.Definition, bool) {
			if version == "" {
				return w.set.Latest(id)
			}
			return w.set.Version(id, version)
		},
		Unit: func(_ context.Context, _, area string) (antrag.Unit, error) {
			if area == "033995401002" {
				return antrag.Unit{}, antrag.ErrNoUnit
			}
			return antrag.Unit{ID: "steuern", Name: "Steuern und Abgaben"}, nil
		},
		UnitName:    func(id string) string { return "Team " + id },
		Destination: func(a string) string { return "ablage:" + a },
		Text:        func(_, key string, _ ...any) string { return key },
	})
	return w
}

// fill answers all questions of the library card, the shortest assistant.
func (w *world) fill(t testing.TB, owner string) antrag.Draft {
	t.Helper()
	def, _ := w.set.Latest("buechereiausweis")
	d, err := w.StartDraft(t.Context(), owner, def, "service", "033990004004")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"person.vorname": "Jürgen", "person.nachname": "Größmann", "person.geburtsdatum.day": "7", "person.geburtsdatum.month": "2", "person.geburtsdatum.year": "1970",
		"person.strasse": "Am Wehr 3", "person.plz": "27899", "person.ort": "Altenwehr", "person.email": "j@example.org",
	}
	for range 10 {
		step, ok := def.FirstOpen(d.Answers, w.Today())
		if !ok {
			break
		}
		form := url.Values{}
		for _, q := range def.Questions(d.Answers, step, "", w.Today()) {
			for _, key := range q.Field.Keys() {
				v, known := answers[key]
				switch {
				case known:
				case q.Field.Type == "consent" || q.Field.Type == "yesno":
					v = "yes"
				case len(q.Field.Options) > 0:
					v = q.Field.Options[0].Value
				}
				form.Set(key, v)
			}
		}
		var errs []assistant.FieldError
		d.Answers, errs = def.Apply(d.Answers, assistant.Input{Step: step, Form: form, Now: w.Today()})
		for _, e := range errs {
			if !e.Fresh {
				t.Fatalf("step %s: %+v", step, e)
			}
		}
	}
	if d, err = w.SaveDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}
