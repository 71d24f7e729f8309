package federationsql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/federation/federationtest"
)

func TestReplyStoreSQLite(t *testing.T) {
	t.Parallel()
	federationtest.TestReplyStore(t, func(t *testing.T) federation.ReplyStore { return federationsql.NewReplies(openSQLite(t)) })
}

func TestReplyStorePostgres(t *testing.T) {
	t.Parallel()
	federationtest.TestReplyStore(t, func(t *testing.T) federation.ReplyStore { return federationsql.NewReplies(openPostgres(t)) })
}

// A reply and its effect are kept together or not at all; a repetition inside a
// transaction does not spoil it.
func TestTakeInTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *bun.DB) {
		inlet := federation.NewInlet(federationsql.NewReplies(db), nil)
		r := federation.Reply{ID: "r1", Source: "steuern", Key: "k", Reference: "AW-1", Kind: federation.ReplyReceipt, At: time.Now()}
		for i, end := range []error{errRollback, nil} {
			err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
				in := inlet.With(federationsql.NewReplies(tx))
				if first, err := in.Take(ctx, r); err != nil || !first {
					t.Errorf("round %d: %v, %v", i, first, err)
				}
				if first, err := in.Take(ctx, r); err != nil || first {
					t.Errorf("round %d again: %v, %v", i, first, err)
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
			list, err := inlet.ByReference(t.Context(), "AW-1")
			if err != nil || len(list) != i {
				t.Errorf("round %d: %v, %v", i, list, err)
			}
		}
	})
}
