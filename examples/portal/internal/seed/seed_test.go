package seed_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/bundid/bundidsql"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/seed"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufisql"
)

const entity = "http://127.0.0.1:8080"

var now = time.Date(2026, time.November, 23, 14, 0, 0, 0, time.UTC)

// world is a portal's database with a seeder on it.
type world struct {
	*seed.Seeder
	folder string
	mails  int // how often they were cleared
}

func open(t testing.TB) *world { return openOn(t, "") }

func openOn(t testing.TB, address string) *world {
	t.Helper()
	ctx, data := t.Context(), t.TempDir()
	db, err := database.Open(ctx, address, data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := database.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := bundidsql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := postkorbsql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := paymentsql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := xzufisql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := rbacsql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	if err := federationsql.Migrate(ctx, db.Write); err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFiles(filepath.Join(data, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	w := &world{folder: filepath.Join(data, "uebergabe")}
	if err := os.MkdirAll(w.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	apps := antrag.New(antrag.Config{
		DB: db, Now: clock, Blobs: blobs, Inbox: postkorb.New(postkorbsql.New(db.Write), nil),
		Definition:  func(id, _ string) (*assistant.Definition, bool) { return set.Latest(id) },
		UnitName:    func(id string) string { return "Einheit " + id },
		Destination: func(form string) string { return "ablage:" + form },
		Payable:     func(string, int64) bool { return true },
		Text:        func(lang, key string, _ ...any) string { return lang + " " + key },
	})
	w.Seeder = &seed.Seeder{World: demo.Altenwehr(),
		DB: db, Applications: apps, Authority: rbac.New(rbacsql.New(db.Write), "altenwehr", &rbac.Options{Now: clock}),
		Editor: xzufi.New(xzufisql.New(db.Write), &xzufi.Options{Now: clock}), Folder: w.folder, EntityID: entity, Now: clock,
		ClearMails:     func() { w.mails++ },
		ClearHandOvers: func() error { return clearFolder(w.folder) },
	}
	return w
}

func clearFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// counts tells what a world holds; it is the same for every world that was
// built at the same time.
func (w *world) counts(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range []string{"portal_accounts", "portal_drafts", "portal_applications", "portal_application_units", "portal_files", "portal_notes",
		"portal_reminders", "portal_case_log", "postkorb_threads", "postkorb_messages", "postkorb_events", "postkorb_notices", "postkorb_labels",
		"payment_orders", "payment_events", "federation_deliveries", "xzufi_service", "portal_sessions"} {
		n, err := w.DB.Read.NewSelect().Table(table).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out[table] = int(n)
	}
	for _, column := range []string{"status", "lead_unit"} {
		for k, n := range w.group(t, "portal_applications", column) {
			out[column+" "+k] = n
		}
	}
	for k, n := range w.group(t, "federation_deliveries", "state") {
		out["delivery "+k] = n
	}
	for k, n := range w.group(t, "payment_orders", "state") {
		out["payment "+k] = n
	}
	for k, n := range w.group(t, "postkorb_notices", "state") {
		out["notice "+k] = n
	}
	keys, err := w.Applications.Blobs.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out["blobs"] = len(keys)
	entries, err := os.ReadDir(w.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			out["handed over"]++
		}
	}
	return out
}

func (w *world) group(t *testing.T, table, column string) map[string]int {
	t.Helper()
	var rows []struct {
		Name string
		N    int
	}
	if err := w.DB.Read.NewSelect().Table(table).ColumnExpr(column+" AS name, COUNT(*) AS n").Group(column).Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.Name] = r.N
	}
	return out
}

func TestWorld(t *testing.T) {
	t.Parallel()
	w := open(t)
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]func(*testing.T, *world){
		"holds every case": holdsEveryCase, "all happened before the seed": happenedBeforeTheSeed, "second run does nothing": secondRunDoesNothing,
		"personas find their cases": personasFindTheirCases, "staff have their rights": staffHaveTheirRights,
	} {
		t.Run(name, func(t *testing.T) { check(t, w) })
	}
}

func holdsEveryCase(t *testing.T, w *world) {
	want := map[string]int{}
	fees := 0
	for _, c := range demo.Cases() {
		want[c.Status]++
		if c.Fee > 0 {
			fees++
		}
	}
	if diff := cmp.Diff(want, w.group(t, "portal_applications", "status")); diff != "" {
		t.Errorf("cases by state (-want +got):\n%s", diff)
	}
	got := w.counts(t)
	if got["payment_orders"] != fees || got["notice queued"] != 0 || got["notice failed"] != 0 || got["delivery failed"] != 0 || got["handed over"] != got["delivery delivered"] {
		t.Errorf("world: %v", got)
	}
}

func happenedBeforeTheSeed(t *testing.T, w *world) {
	for table, column := range map[string]string{"portal_applications": "updated_at", "portal_case_log": "at", "postkorb_messages": "created_at",
		"postkorb_events": "at", "payment_events": "at", "federation_deliveries": "created_at", "portal_accounts": "login_at"} {
		n, err := w.DB.Read.NewSelect().Table(table).Where(column+" > ?", now).Count(t.Context())
		if err != nil || n != 0 {
			t.Errorf("%s: %d rows are from the future, %v", table, n, err)
		}
	}
	var apps []antrag.Application
	if err := w.DB.Read.NewSelect().Model(&apps).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range apps {
		log, err := w.Applications.Log(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range log {
			if i > 0 && e.At.Before(log[i-1].At) {
				t.Errorf("%s: %s at %v comes after %v", a.Title, e.Action, e.At, log[i-1].At)
			}
		}
	}
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("PORTAL_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
	}
	admin, err := database.Open(t.Context(), dsn, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	schema := "seed_" + strings.ToLower(rand.Text())
	if _, err := admin.Write.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Write.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	w := openOn(t, u.String())
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lite := open(t)
	if err := lite.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := lite.counts(t)
	if diff := cmp.Diff(want, w.counts(t)); diff != "" {
		t.Errorf("PostgreSQL differs from SQLite:\n%s", diff)
	}
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, w.counts(t)); diff != "" {
		t.Errorf("after a reset:\n%s", diff)
	}
}

func secondRunDoesNothing(t *testing.T, w *world) {
	before := w.ids(t)
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.ids(t)); diff != "" {
		t.Errorf("cases changed:\n%s", diff)
	}
	if w.mails != 0 {
		t.Errorf("mails were cleared")
	}
}

func (w *world) ids(t *testing.T) []string {
	t.Helper()
	var ids []string
	if err := w.DB.Read.NewSelect().Table("portal_applications").Column("id").Order("id").Scan(t.Context(), &ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestResetBringsTheSameWorld(t *testing.T) {
	t.Parallel()
	w := open(t)
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, before := w.counts(t), w.ids(t)
	var app antrag.Application
	if err := w.DB.Read.NewSelect().Model(&app).Where("a.account <> ''").Where("a.status = 'received'").Limit(1).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Applications.Upload(t.Context(), app.Owner, "", "", "x.txt", nil, 100, strings.NewReader("ein Text\n")); err != nil {
		t.Fatal(err)
	}
	foreign := blob.NewKey()
	if err := w.Applications.Blobs.Put(t.Context(), foreign, strings.NewReader("of another portal")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Write.ExecContext(t.Context(), "UPDATE portal_applications SET status = 'done'"); err != nil {
		t.Fatal(err)
	}
	if err := database.SetSetting(t.Context(), w.DB.Write, "clock.offset", "360h0m0s"); err != nil {
		t.Fatal(err)
	}
	var set time.Duration = -1
	w.SetOffset = func(d time.Duration) { set = d }
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := w.Applications.Blobs.Open(t.Context(), foreign); err != nil {
		t.Errorf("a file of another portal: %v", err)
	} else {
		r.Close()
	}
	if err := w.Applications.Blobs.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, w.counts(t)); diff != "" {
		t.Errorf("world after the reset (-want +got):\n%s", diff)
	}
	if cmp.Equal(before, w.ids(t)) {
		t.Error("the cases are the old ones")
	}
	if d, err := database.Setting(t.Context(), w.DB.Read, "clock.offset"); d != "" || err != nil || set != 0 || w.mails != 1 {
		t.Errorf("offset %q, %v, %v; mails cleared %d times", d, set, err, w.mails)
	}
}

func TestHalfAWorldIsBuiltAnew(t *testing.T) {
	t.Parallel()
	w := open(t)
	ctx, stop := context.WithCancel(t.Context())
	w.Progress = func(s string) {
		if strings.Contains(s, "Vorgänge") {
			stop()
		}
	}
	if err := w.Run(ctx); err == nil {
		t.Fatal("a cancelled run succeeded")
	}
	w.Progress = nil
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(w.ids(t)); got != len(demo.Cases()) {
		t.Errorf("%d cases", got)
	}
}

func personasFindTheirCases(t *testing.T, w *world) {
	accounts := &konto.Service{DB: w.DB, Now: w.Now}
	found := 0
	for _, p := range bundidsim.Personas() {
		a, err := accounts.Linked(t.Context(), p.BPK2(entity, p.Logins[0]))
		if err != nil {
			continue
		}
		found++
		cases, err := w.Applications.ListOwned(t.Context(), a.ID)
		if err != nil || len(cases) == 0 {
			t.Errorf("%s: %d cases, %v", p.ID, len(cases), err)
		}
	}
	if found != 4 {
		t.Errorf("%d personas have an account", found)
	}
}

func staffHaveTheirRights(t *testing.T, w *world) {
	p := w.Authority.Policy()
	steuern := rbac.Object{Tenant: "altenwehr", Units: []string{"fb1-steuern"}}
	for _, tt := range []struct {
		person, permission string
		want               bool
	}{
		{"p-harms", "case.decide", true}, {"p-dierks", "case.decide", true}, {"p-meiners", "case.read", false},
		{"p-lueken", "case.assign", true}, {"p-hinrichs", "case.read", false}, {"p-tapken", "case.readEnvelope", true}, {"p-nobody", "case.read", false},
	} {
		if got := p.Check(now, tt.person, tt.permission, steuern); got != tt.want {
			t.Errorf("%s %s: %v", tt.person, tt.permission, got)
		}
	}
	if p.Check(now.AddDate(0, 0, 11), "p-dierks", "case.decide", steuern) {
		t.Error("the leave cover does not end")
	}
}

func BenchmarkReset(b *testing.B) {
	w := open(b)
	if err := w.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Reset(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
