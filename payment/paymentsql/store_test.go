package paymentsql_test

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
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/payment/paymenttest"
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
		if err := paymentsql.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	paymenttest.TestStore(t, func(t *testing.T) payment.Store { return paymentsql.New(openSQLite(t)) })
}

func TestAttemptsOnSQLite(t *testing.T) {
	t.Parallel()
	paymenttest.TestAttemptStore(t, func(t *testing.T) payment.AttemptStore { return paymentsql.NewAttemptStore(openSQLite(t)) })
}

func TestAttemptsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	paymenttest.TestAttemptStore(t, func(t *testing.T) payment.AttemptStore { return paymentsql.NewAttemptStore(openPostgres(t)) })
}

func TestBookingsOnSQLite(t *testing.T) {
	t.Parallel()
	paymenttest.TestBookingStore(t, func(t *testing.T) payment.BookingStore { return paymentsql.NewBookingStore(openSQLite(t)) })
}

func TestBookingsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	paymenttest.TestBookingStore(t, func(t *testing.T) payment.BookingStore { return paymentsql.NewBookingStore(openPostgres(t)) })
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	paymenttest.TestStore(t, func(t *testing.T) payment.Store { return paymentsql.New(openPostgres(t)) })
}

func TestMigrationsSurviveBeingRunTwice(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			script, err := paymentsql.Script(db.Dialect().Name())
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
	if _, err := paymentsql.Script(dialect.MySQL); err == nil {
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

func TestServiceInsideATransactionOfTheCaller(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			service := payment.New(paymentsql.New(db), nil)
			inTx(t, db, func(ctx context.Context, tx bun.Tx) error {
				s := service.With(paymentsql.New(tx))
				order := payment.Order{ID: "o1", Reference: "r", Items: []payment.Item{{ID: "1", Amount: payment.EUR(1500), Quantity: 2}}}
				// The failed insert of the repetition must not spoil the transaction.
				for range 2 {
					if _, err := s.Open(ctx, order); err != nil {
						return err
					}
				}
				o, err := s.Apply(ctx, "o1", payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(3000)})
				if err != nil || o.State != payment.StatePaid {
					return fmt.Errorf("state %q, %w", o.State, err)
				}
				_, err = s.ByReference(ctx, "r")
				return err
			})
			if _, err := service.Order(t.Context(), "o1"); !errors.Is(err, payment.ErrNotFound) {
				t.Errorf("after rolling back: error = %v, want ErrNotFound", err)
			}
		})
	}
}

func TestPaidOnceInARace(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *bun.DB{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := payment.New(paymentsql.New(open(t)), nil)
			order := payment.Order{ID: "o1", Items: []payment.Item{{ID: "1", Amount: payment.EUR(1500), Quantity: 1}}}
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					if _, err := s.Open(t.Context(), order); err != nil {
						t.Errorf("Open: %v", err)
						return
					}
					if _, err := s.Apply(t.Context(), "o1", payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1500)}); err != nil {
						t.Errorf("Apply: %v", err)
					}
				})
			}
			wg.Wait()
			if es, err := s.Events(t.Context(), "o1"); err != nil || len(es) != 2 {
				t.Errorf("events = %+v, %v, want 2", es, err)
			}
		})
	}
}
