package jobs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/jobs"
)

func databases(t *testing.T, run func(t *testing.T, db *database.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := os.Getenv("PORTAL_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("PORTAL_TEST_POSTGRES is not set: skipped on PostgreSQL")
		}
		admin := open(t, dsn)
		schema := "jobs_" + strings.ToLower(rand.Text())
		if _, err := admin.Write.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := admin.Write.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		run(t, open(t, u.String()))
	})
}

func open(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), address, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// next returns what the engine works next.
func next(t *testing.T, worked <-chan string) string {
	t.Helper()
	select {
	case id := <-worked:
		return id
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was worked")
		return ""
	}
}

func TestWakeFollowsTheTransaction(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		if err := jobs.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		worked, swept, chores := make(chan string, 10), make(chan string, 100), make(chan string, 100)
		steps := []jobs.Step{
			{Name: "post", Due: func(context.Context, time.Time, int) ([]string, error) { return nil, nil },
				Do: func(_ context.Context, id string) error {
					worked <- id
					return errors.New("the row decides what follows")
				}},
			{Name: "lost", Due: func(context.Context, time.Time, int) ([]string, error) { return []string{"found"}, nil },
				Do: func(_ context.Context, id string) error { swept <- id; return nil }},
		}
		chore := jobs.Chore{Name: "tidy", Every: time.Hour, Do: func(context.Context) error { chores <- "tidy"; return nil }}
		e, err := jobs.New(ctx, db, time.Now, slog.New(slog.DiscardHandler), steps, []jobs.Chore{chore})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		undone := errors.New("undone")
		for _, c := range []struct {
			id  string
			end error
		}{{"rolled back", undone}, {"first", nil}, {"second", nil}} {
			err := db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
				if err := e.Wake(ctx, tx, "post", c.id); err != nil {
					return err
				}
				return c.end
			})
			if !errors.Is(err, c.end) {
				t.Fatalf("%s: %v", c.id, err)
			}
			if c.end == nil {
				if got := next(t, worked); got != c.id {
					t.Errorf("worked %q, want %q", got, c.id)
				}
			}
		}
		// A row that no job names is found by the sweep; chores run at the start.
		if got := next(t, swept); got != "found" {
			t.Errorf("swept %q", got)
		}
		next(t, chores)
		// An empty id works whatever is due.
		if err := db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error { return e.Wake(ctx, tx, "lost", "") }); err != nil {
			t.Fatal(err)
		}
		next(t, swept)
		select {
		case id := <-worked:
			t.Errorf("%q was worked again", id)
		default:
		}
	})
}

// The id of a payment attempt is as good as a password.
func TestSecretIDsAreNotLogged(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	if err := jobs.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	worked := make(chan string, 10)
	step := func(name, id string, secret bool) jobs.Step {
		return jobs.Step{Name: name, Secret: secret, Due: func(context.Context, time.Time, int) ([]string, error) { return []string{id}, nil },
			Do: func(context.Context, string) error { worked <- name; return errors.New("cause") }}
	}
	var log bytes.Buffer // slog's handler writes one line at a time
	e, err := jobs.New(t.Context(), db, time.Now, slog.New(slog.NewTextHandler(&log, nil)), []jobs.Step{step("open", "plain-id", false), step("hidden", "secret-id", true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	for seen := map[string]bool{}; len(seen) < 2; {
		seen[next(t, worked)] = true
	}
	if err := e.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Contains(got, "secret-id") || !strings.Contains(got, "step=hidden") || !strings.Contains(got, "id=plain-id") {
		t.Errorf("logged:\n%s", got)
	}
}
