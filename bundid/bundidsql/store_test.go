package bundidsql_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsql"
	"github.com/stadttor/stadttor/bundid/bundidtest"
)

func sqliteDB(t *testing.T) *bun.DB {
	t.Helper()
	dsn := "file:" + t.TempDir() + "/t.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"
	raw, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	return migrated(t, bun.NewDB(raw, sqlitedialect.New()))
}

func postgresDB(t *testing.T) *bun.DB {
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
	schema := "bundid_" + strings.ToLower(rand.Text())
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
	return migrated(t, bun.NewDB(stdlib.OpenDB(*own), pgdialect.New()))
}

// migrated migrates twice, as a crash between migration and mark would.
func migrated(t *testing.T, db *bun.DB) *bun.DB {
	t.Helper()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		if err := bundidsql.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	script, err := bundidsql.Script(db.Dialect().Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range strings.Split(script, "--bun:split") {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("running the migration once more: %v", err)
		}
	}
	return db
}

func TestStore(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		bundidtest.TestStore(t, func(t *testing.T) bundid.Store { return bundidsql.New(sqliteDB(t)) })
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		bundidtest.TestStore(t, func(t *testing.T) bundid.Store { return bundidsql.New(postgresDB(t)) })
	})
}

// TestTransaction proves that a rollback takes back a used request.
func TestTransaction(t *testing.T) {
	t.Parallel()
	db := sqliteDB(t)
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	err := bundidsql.New(db).PutRequest(t.Context(), bundid.Request{ID: "_a", CreatedAt: at, ExpiresAt: at})
	if err != nil {
		t.Fatal(err)
	}
	err = db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		s := bundidsql.New(tx)
		if _, err := s.TakeRequest(ctx, "_a"); err != nil {
			return err
		}
		if err := s.UseAssertion(ctx, "_x", at); err != nil {
			return err
		}
		return context.Canceled
	})
	if err != context.Canceled {
		t.Fatal(err)
	}
	if _, err := bundidsql.New(db).TakeRequest(t.Context(), "_a"); err != nil {
		t.Errorf("after rollback: %v", err)
	}
}

func TestScriptRefusesOthers(t *testing.T) {
	t.Parallel()
	if _, err := bundidsql.Script(dialect.MySQL); err == nil {
		t.Error("want an error for a dialect that is not supported")
	}
}
