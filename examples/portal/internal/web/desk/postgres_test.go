package desk_test

import (
	"crypto/rand"
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// postgres makes a schema of its own and returns the address that uses it.
func postgres(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("PORTAL_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := "desk_" + strings.ToLower(rand.Text())
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, postgres(t))
	wayOfACase(t, w)
	fx := newFixture(t, w)
	for person, want := range map[string]int{"p-clerk": http.StatusOK, "p-post": http.StatusOK, "p-other": http.StatusNotFound} {
		b := w.as(person)
		if resp := b.get("/amt/vorgang/" + fx.a.ID); resp.code != want {
			t.Errorf("case as %s = %d", person, resp.code)
		}
		resp := b.get("/amt/eingang")
		if shown := strings.Contains(resp.body, fx.a.Reference); shown != (want == http.StatusOK) {
			t.Errorf("list as %s shows the case: %v", person, shown)
		}
	}
	resp := w.as("p-clerk").post("/amt/suche", url.Values{"q": {"strassner"}})
	if !strings.Contains(w.as("p-clerk").get("/amt/eingang?dienst=%27").body, "Vorgänge: 0") || resp.code != http.StatusSeeOther {
		t.Error("the filter does not work")
	}
}
