package xzufisql_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufisql"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"
)

func sqlite(t testing.TB) *bun.DB {
	t.Helper()
	dsn := "file:" + t.TempDir() + "/t.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"
	raw, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	return ready(t, bun.NewDB(raw, sqlitedialect.New()))
}

func postgres(t testing.TB) *bun.DB {
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
	schema := fmt.Sprintf("xzufi_%016x", rand.Uint64())
	admin := stdlib.OpenDB(*cfg)
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	own := cfg.Copy()
	own.RuntimeParams["search_path"] = schema
	raw := stdlib.OpenDB(*own)
	raw.SetMaxOpenConns(4)
	return ready(t, bun.NewDB(raw, pgdialect.New()))
}

func ready(t testing.TB, db *bun.DB) *bun.DB {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	for range 2 { // safe to repeat
		if err := xzufisql.Migrate(context.Background(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestStoreOnSQLite(t *testing.T) {
	xzufitest.TestStore(t, func(t *testing.T) xzufi.Store { return xzufisql.New(sqlite(t)) })
}

func TestStoreOnPostgreSQL(t *testing.T) {
	xzufitest.TestStore(t, func(t *testing.T) xzufi.Store { return xzufisql.New(postgres(t)) })
}
