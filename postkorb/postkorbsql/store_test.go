package postkorbsql_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/postkorb/postkorbtest"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"
)

func openSQLite(t *testing.T) *bun.DB {
	t.Helper()
	dsn := "file:" + t.TempDir() + "/t.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"
	handle, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	handle.SetMaxOpenConns(1)
	return migrated(t, bun.NewDB(handle, sqlitedialect.New()))
}

// openPostgres gives each test a schema of its own.
func openPostgres(t *testing.T) *bun.DB {
	t.Helper()
	dsn := os.Getenv("PORTAL_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	schema := "t_" + strings.ToLower(rand.Text())
	admin := stdlib.OpenDB(*config)
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	own := config.Copy()
	own.RuntimeParams["search_path"] = schema
	handle := stdlib.OpenDB(*own)
	handle.SetMaxOpenConns(4)
	return migrated(t, bun.NewDB(handle, pgdialect.New()))
}

func migrated(t *testing.T, db *bun.DB) *bun.DB {
	t.Helper()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // repeating changes nothing
		if err := postkorbsql.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	postkorbtest.TestStore(t, func(t *testing.T) postkorb.Store { return postkorbsql.New(openSQLite(t)) })
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	postkorbtest.TestStore(t, func(t *testing.T) postkorb.Store { return postkorbsql.New(openPostgres(t)) })
}

func TestMigrationsSurviveBeingRunTwice(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			script, err := postkorbsql.Script(db.Dialect().Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range strings.Split(script, "--bun:split") {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
		})
	}
	if _, err := postkorbsql.Script(dialect.MySQL); err == nil {
		t.Error("Script for an unsupported dialect gave no error")
	}
}

// inTx runs fn in a transaction and rolls it back. On SQLite there is one
// connection only, so a store that used another handle would hang.
func inTx(t *testing.T, db *bun.DB, fn func(ctx context.Context, tx bun.Tx) error) {
	t.Helper()
	stop := fmt.Errorf("roll back")
	err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return stop
	})
	if err != stop {
		t.Fatal(err)
	}
}

func TestInboxInsideATransactionOfTheCaller(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			inbox := postkorb.New(postkorbsql.New(db), nil)
			citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1"}
			unit := postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-a"}
			inTx(t, db, func(ctx context.Context, tx bun.Tx) error {
				in := inbox.With(postkorbsql.New(tx))
				th, m, err := in.Open(ctx, postkorb.Thread{ID: "t1", Owner: "acc-1", Subject: "Wohngeld", Unit: "team-a"},
					postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Key: "k"})
				if err != nil {
					return err
				}
				// The failed insert of the repetition must not spoil the transaction.
				if _, again, err := in.Open(ctx, th, postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Key: "k"}); err != nil || again.ID != m.ID {
					return fmt.Errorf("repeated: %q, %w", again.ID, err)
				}
				req, err := in.Send(ctx, th.ID, postkorb.Draft{
					Kind: postkorb.KindDocumentRequest, From: unit, Slots: []postkorb.Slot{{ID: "s", Label: "Mietvertrag"}},
				})
				if err != nil {
					return err
				}
				if err := in.FillSlot(ctx, req.ID, "s", citizen, postkorb.Attachment{ID: "a", Name: "vertrag.pdf"}); err != nil {
					return err
				}
				if err := in.Archive(ctx, th.ID, citizen, true); err != nil {
					return err
				}
				if _, _, err := in.Threads(ctx, postkorb.ThreadQuery{Owner: "acc-1"}); err != nil {
					return err
				}
				if n, err := in.Unread(ctx, "acc-1"); err != nil || n != 1 {
					return fmt.Errorf("unread %d, %w", n, err)
				}
				return nil
			})
			if _, err := inbox.Thread(t.Context(), "t1"); !errors.Is(err, postkorb.ErrNotFound) {
				t.Errorf("after rolling back: error = %v, want ErrNotFound", err)
			}
		})
	}
}

func TestManyWritersLeaveNoGap(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := postkorb.New(postkorbsql.New(open(t)), nil)
			citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1"}
			_, _, err := in.Open(t.Context(), postkorb.Thread{ID: "t1", Owner: "acc-1", Subject: "x"},
				postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen})
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					// Two writers for each key.
					_, err := in.Send(t.Context(), "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: citizen, Key: fmt.Sprint(i / 2)})
					if err != nil {
						t.Errorf("Send: %v", err)
					}
				})
			}
			wg.Wait()
			ms, err := in.Messages(t.Context(), "t1")
			if err != nil || len(ms) != 4 {
				t.Errorf("%d messages, %v, want 4", len(ms), err)
			}
			th, err := in.Thread(t.Context(), "t1")
			if err != nil || th.Seq != 5 || th.Version != 4 || th.UnreadDesk != 4 {
				t.Errorf("thread = %+v, %v", th, err)
			}
		})
	}
}
