package xzufisql_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufisql"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"pgregory.net/rapid"
)

func generated(t testing.TB, services int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := xzufitest.WriteDelivery(&b, services); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func imported(t testing.TB, s xzufi.Store, data []byte) *xzufi.Catalogue {
	t.Helper()
	c := xzufi.New(s, &xzufi.Options{InsecureNoGuard: true})
	if _, err := c.ImportFull(context.Background(), "src", xzufi.File{Name: "d.xml", Reader: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
	return c
}

var queries = []string{"Hundesteuer", "hundesteur", "Geburtsurkunde", "gebrutsurkunde beantragen", "steuer", "anmelden", "Müll", "bescheid antrag",
	"straßengebühr", "STRASSENGEBUEHR", "ausw", "urkunde bestellen hund", "99000000000007", "zzzz", "Gebühr7", `" OR title:x*`, "NEAR(a b)", "'", "<->", "собака", strings.Repeat("x", 9999)}

// All stores find the same, in the same order, and answer the same questions.
func TestStoresAgree(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *bun.DB{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := generated(t, 120)
			mem, db := imported(t, xzufi.NewMemStore(), data), imported(t, xzufisql.New(open(t)), data)
			ctx := context.Background()
			same := func(what string, a, b any, errA, errB error) {
				t.Helper()
				if errA != nil || errB != nil {
					t.Fatalf("%s: %v, %v", what, errA, errB)
				}
				if d := cmp.Diff(a, b, cmpopts.EquateEmpty()); d != "" {
					t.Errorf("%s differs (-memory +database):\n%s", what, d)
				}
			}
			for _, q := range queries {
				a, errA := mem.Search(ctx, xzufi.Query{Text: q, Limit: 200})
				b, errB := db.Search(ctx, xzufi.Query{Text: q, Limit: 200})
				same(q, a, b, errA, errB)
			}
			a, nextA, errA := mem.List(ctx, xzufi.ListQuery{Limit: 50})
			b, nextB, errB := db.List(ctx, xzufi.ListQuery{Limit: 50})
			same("list", a, b, errA, errB)
			same("cursor", nextA, nextB, nil, nil)
			for i := range 10 {
				id := xzufi.ID{Agency: "G1", Value: fmt.Sprint(i)}
				ra, errA := mem.Responsible(ctx, id, "039990001001")
				rb, errB := db.Responsible(ctx, id, "039990001001")
				same("responsible", ra, rb, errA, errB)
				sa, errA := mem.Service(ctx, id, "039990001001")
				sb, errB := db.Service(ctx, id, "039990001001")
				same("service", sa, sb, errA, errB)
			}
			oa, _, errA := mem.Offices(ctx, xzufi.OfficeQuery{Limit: 5})
			ob, _, errB := db.Offices(ctx, xzufi.OfficeQuery{Limit: 5})
			same("offices", oa, ob, errA, errB)
		})
	}
}

// Random documents, changed by random deliveries, and random queries.
func TestStoresAgreeOnAnything(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *bun.DB{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			rapid.Check(t, func(t *rapid.T) {
				mem := xzufi.New(xzufi.NewMemStore(), &xzufi.Options{InsecureNoGuard: true})
				sqlc := xzufi.New(xzufisql.New(db), &xzufi.Options{InsecureNoGuard: true})
				word := rapid.OneOf(rapid.SampledFrom(strings.Fields("Hund Hunde Hundesteuer Steuer Steuern Müll Muell Straße Strasse anmelden Anmeldung Haus Häuser Kfz 3a 1e5 and NOT собака 狗 ﬁn")),
					rapid.StringMatching(`[a-zäöüß0-9]{1,9}`))
				text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 5).Draw(t, "words"), " ") })
				for range rapid.IntRange(1, 2).Draw(t, "deliveries") {
					var b strings.Builder
					b.WriteString(`<t xmlns="http://xoev.de/schemata/xzufi/2_2_0">`)
					for i := range rapid.IntRange(0, 6).Draw(t, "services") {
						module := func(code string) {
							fmt.Fprintf(&b, "<modulText><inhalt languageCode='de'>%s</inhalt><leikaTextmodul>%s</leikaTextmodul></modulText>", text.Draw(t, code), code)
						}
						fmt.Fprintf(&b, "<schreibe><leistung><id schemeAgencyID='A'>%d</id>", i)
						module("03")
						module("02")
						module("06")
						b.WriteString("</leistung></schreibe>")
					}
					b.WriteString("</t>")
					for _, c := range []*xzufi.Catalogue{mem, sqlc} {
						if _, err := c.ImportFull(context.Background(), "src", xzufi.File{Reader: strings.NewReader(b.String())}); err != nil {
							t.Fatal(err)
						}
					}
				}
				q := xzufi.Query{Text: rapid.OneOf(text, rapid.String()).Draw(t, "query")}
				a, errA := mem.Search(context.Background(), q)
				b, errB := sqlc.Search(context.Background(), q)
				var ie *xzufi.InvalidError
				if errA != nil && !errors.As(errA, &ie) || (errA == nil) != (errB == nil) {
					t.Fatalf("%q: %v, %v", q.Text, errA, errB)
				}
				if d := cmp.Diff(a, b); d != "" {
					t.Fatalf("%q (-memory +database):\n%s", q.Text, d)
				}
			})
		})
	}
}

// An import can be part of a transaction of the caller's, which on SQLite has
// the only connection there is.
func TestImportInATransaction(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *bun.DB{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c := xzufi.New(xzufisql.New(db), nil)
			data := generated(t, 20)
			rollback := errors.New("no")
			for i, want := range []int{0, 1} {
				err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
					inTx := c.With(xzufisql.New(tx))
					if err := inTx.SetAreas(ctx, []xzufi.Area{{Key: "03", Name: "Land"}}); err != nil {
						return err
					}
					if _, err := inTx.Import(ctx, "src", xzufi.File{Reader: bytes.NewReader(data)}); err != nil {
						return err
					}
					if res, err := inTx.Search(ctx, xzufi.Query{Text: "Hundesteuer"}); err != nil || res.Total == 0 {
						return fmt.Errorf("inside: %v, %w", res, err)
					}
					if i == 0 {
						return rollback
					}
					return nil
				})
				if err != nil && !errors.Is(err, rollback) {
					t.Fatal(err)
				}
				res, err := c.Search(ctx, xzufi.Query{Text: "Hundesteuer"})
				if err != nil || min(res.Total, 1) != want {
					t.Errorf("round %d: %d hits, %v", i, res.Total, err)
				}
			}
		})
	}
}

// What imports replaced does not pile up.
func TestReplacedRowsAreRemoved(t *testing.T) {
	t.Parallel()
	db := sqlite(t)
	ctx := context.Background()
	for i := range 5 {
		imported(t, xzufisql.New(db), bytes.ReplaceAll(generated(t, 60), []byte("Gebühr"), fmt.Appendf(nil, "Gebühr%d", i)))
	}
	var objects, terms, services int
	if err := db.NewRaw("SELECT (SELECT COUNT(*) FROM xzufi_object), (SELECT COUNT(*) FROM xzufi_term), (SELECT COUNT(*) FROM xzufi_service)").Scan(ctx, &objects, &terms, &services); err != nil {
		t.Fatal(err)
	}
	// At most the current state and the one before.
	if objects > 2*(60*4+6) || terms > 2*60 || services > 2*3*60 {
		t.Errorf("left: %d objects, %d terms, %d services", objects, terms, services)
	}
}

func TestProbesAreChecked(t *testing.T) {
	t.Parallel()
	s := xzufisql.New(sqlite(t))
	for _, p := range []xzufi.Probe{{}, {Terms: []string{""}}, {Terms: []string{"a b"}}, {Terms: []string{`"`}}, {Terms: []string{"A"}}, {Field: 9, Terms: []string{"a"}}, {Field: -1, Terms: []string{"a"}}} {
		var ie *xzufi.InvalidError
		if _, err := s.Match(context.Background(), []xzufi.Probe{p}); !errors.As(err, &ie) {
			t.Errorf("%+v: got %v", p, err)
		}
	}
}

func TestErrorsHideTheDriver(t *testing.T) {
	t.Parallel()
	db := sqlite(t)
	if _, err := db.Exec("DROP TABLE xzufi_head"); err != nil {
		t.Fatal(err)
	}
	_, err := xzufisql.New(db).Head(context.Background())
	if err == nil || err.Error() != "xzufisql: head: database failed" || errors.Unwrap(err) == nil {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, sql.ErrNoRows) {
		t.Error("sql.ErrNoRows shows through")
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	for d, want := range map[dialect.Name]string{dialect.SQLite: "fts5", dialect.PG: "TSVECTOR"} {
		s, err := xzufisql.Script(d)
		if err != nil || !strings.Contains(s, want) {
			t.Errorf("%v: %v", d, err)
		}
	}
	if _, err := xzufisql.Script(dialect.MySQL); err == nil {
		t.Error("MySQL: no error")
	}
}

func BenchmarkImport(b *testing.B) {
	data := generated(b, 300)
	for name, open := range map[string]func(testing.TB) *bun.DB{"SQLite": sqlite, "PostgreSQL": postgres} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := open(b)
				b.StartTimer()
				imported(b, xzufisql.New(db), data)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	data := generated(b, 3000)
	for name, open := range map[string]func(testing.TB) *bun.DB{"SQLite": sqlite, "PostgreSQL": postgres} {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			c := imported(b, xzufisql.New(db), data)
			if _, err := db.Exec("ANALYZE"); err != nil { // PostgreSQL does so by itself after a minute
				b.Fatal(err)
			}
			for _, q := range []string{"Hundesteuer", "hundesteur", "Geburtsurkunde beantragen"} {
				b.Run(strings.ReplaceAll(q, " ", "_"), func(b *testing.B) {
					for b.Loop() {
						if _, err := c.Search(context.Background(), xzufi.Query{Text: q}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
