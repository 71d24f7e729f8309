package federationsql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/federation/federationtest"
)

func TestStoreSQLite(t *testing.T) {
	t.Parallel()
	federationtest.TestStore(t, func(t *testing.T) federation.Store { return federationsql.New(openSQLite(t)) })
}

func TestStorePostgres(t *testing.T) {
	t.Parallel()
	federationtest.TestStore(t, func(t *testing.T) federation.Store { return federationsql.New(openPostgres(t)) })
}

func TestScript(t *testing.T) {
	t.Parallel()
	for name, want := range map[dialect.Name]string{dialect.SQLite: "body BLOB", dialect.PG: "body BYTEA"} {
		got, err := federationsql.Script(name)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("Script(%v) = %q, %v", name, got, err)
		}
	}
	if _, err := federationsql.Script(dialect.MSSQL); err == nil {
		t.Error("a dialect never tried was accepted")
	}
}

var errRollback = errors.New("roll back")

// Enqueue joins a transaction of the caller: both or neither, also when the
// key was there before.
func TestEnqueueInTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *bun.DB) {
		out := federation.New(federationsql.New(db), nil)
		d := federation.Delivery{Key: "k", Destination: "bauamt", Payload: federation.Payload{MediaType: "text/plain", Body: []byte("x")}}
		for i, end := range []error{errRollback, nil} {
			err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
				in := out.With(federationsql.New(tx))
				first, err := in.Enqueue(ctx, d)
				if err != nil {
					return err
				}
				again, err := in.Enqueue(ctx, d)
				if err != nil || again.ID != first.ID {
					t.Errorf("again: %v, %v; first %v", again.ID, err, first.ID)
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
			ids, err := out.Due(t.Context(), time.Now().Add(time.Hour), 10)
			if err != nil || len(ids) != i {
				t.Errorf("round %d: due %v, %v", i, ids, err)
			}
		}
	})
}
