package federationsql_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	"github.com/stadttor/stadttor/federation/federationsql"
)

// openSQLite returns a migrated database in a file of the test's own.
func openSQLite(t *testing.T) *bun.DB {
	t.Helper()
	raw, err := sql.Open("sqlite", "file:"+t.TempDir()+"/t.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	return migrated(t, bun.NewDB(raw, sqlitedialect.New()))
}

// openPostgres returns a migrated database in a schema of the test's own.
func openPostgres(t *testing.T) *bun.DB {
	t.Helper()
	dsn := os.Getenv("PORTAL_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	schema := "t_" + strings.ToLower(rand.Text())
	admin := stdlib.OpenDB(*cfg)
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	own := cfg.Copy()
	own.RuntimeParams["search_path"] = schema
	raw := stdlib.OpenDB(*own)
	raw.SetMaxOpenConns(4)
	return migrated(t, bun.NewDB(raw, pgdialect.New()))
}

// migrated migrates twice, because every migration must survive that.
func migrated(t *testing.T, db *bun.DB) *bun.DB {
	t.Helper()
	t.Cleanup(func() { db.Close() })
	for range 2 {
		if err := federationsql.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, db *bun.DB)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPostgres(t)) })
}
