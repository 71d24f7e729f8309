package rbacsql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
	"github.com/stadttor/stadttor/rbac/rbactest"
)

func TestStoreSQLite(t *testing.T) {
	t.Parallel()
	rbactest.TestStore(t, func(t *testing.T) rbac.Store { return rbacsql.New(openSQLite(t)) })
}

func TestStorePostgres(t *testing.T) {
	t.Parallel()
	rbactest.TestStore(t, func(t *testing.T) rbac.Store { return rbacsql.New(openPostgres(t)) })
}

func TestScript(t *testing.T) {
	t.Parallel()
	for name, want := range map[dialect.Name]string{dialect.SQLite: "TIMESTAMP NOT", dialect.PG: "TIMESTAMPTZ NOT"} {
		got, err := rbacsql.Script(name)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("Script(%v) = %q, %v", name, got, err)
		}
	}
	if _, err := rbacsql.Script(dialect.MSSQL); err == nil {
		t.Error("a dialect never tried was accepted")
	}
}

var errRollback = errors.New("roll back")

// A transaction that fails leaves neither rows nor a changed policy behind.
func TestAuthorityInTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *bun.DB) {
		ctx := t.Context()
		auth := rbac.New(rbacsql.New(db), "t", nil)
		if err := auth.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		addUnit := func(s *rbac.Source) error {
			s.Units = append(s.Units, rbac.Unit{ID: "u"})
			return nil
		}
		err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			in := auth.With(rbacsql.New(tx))
			if err := in.Update(ctx, "ada", "test", addUnit); err != nil {
				return err
			}
			if _, ok := in.Policy().Unit("u"); !ok {
				t.Error("the update is not seen inside the transaction")
			}
			return errRollback
		})
		if !errors.Is(err, errRollback) {
			t.Fatal(err)
		}
		if err := auth.Refresh(ctx); err != nil || auth.Revision() != 0 {
			t.Fatalf("revision %d, %v", auth.Revision(), err)
		}
		err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			return auth.With(rbacsql.New(tx)).Update(ctx, "ada", "test", addUnit)
		})
		if err != nil || auth.Revision() != 0 {
			t.Fatalf("revision %d before Refresh, %v", auth.Revision(), err)
		}
		if err := auth.Refresh(ctx); err != nil || auth.Revision() != 1 {
			t.Fatalf("revision %d, %v", auth.Revision(), err)
		}
	})
}
