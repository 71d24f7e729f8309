// Package paymentsql keeps orders, attempts, bookings and batches in SQLite or
// PostgreSQL through bun. The caller brings the database handle or a
// transaction; inside a transaction no other handle is used.
package paymentsql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/payment"
	"github.com/uptrace/bun"
)

// Store is a [payment.Store] on a database. It is as safe for concurrent use as
// the handle that it was given: a *bun.DB is, a bun.Tx is not.
type Store struct {
	db bun.IDB
}

var _ payment.Store = (*Store)(nil)

// New returns a Store on a handle or a transaction. [Migrate] has to have run.
func New(db bun.IDB) *Store { return &Store{db: db} }

// Insert implements [payment.Store].
func (s *Store) Insert(ctx context.Context, o payment.Order, e payment.Event) error {
	row, err := orderToRow(o)
	if err != nil {
		return err
	}
	return s.atomically(ctx, "insert", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewInsert().Model(row).On("CONFLICT (id) DO NOTHING").Exec(ctx))
		if err != nil {
			return failed("insert", err)
		}
		if n == 0 {
			return payment.ErrExists
		}
		return appendEvent(ctx, tx, e)
	})
}

// Update implements [payment.Store].
func (s *Store) Update(ctx context.Context, o payment.Order, expected int64, e payment.Event) error {
	row, err := orderToRow(o)
	if err != nil {
		return err
	}
	return s.atomically(ctx, "update", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewUpdate().Model(row).ExcludeColumn("id", "items", "created_at").
			Where("id = ?", row.ID).Where("version = ?", expected).Exec(ctx))
		if err != nil {
			return failed("update", err)
		}
		if n > 0 {
			return appendEvent(ctx, tx, e)
		}
		there, err := tx.NewSelect().Model((*orderRow)(nil)).Where("id = ?", row.ID).Exists(ctx)
		switch {
		case err != nil:
			return failed("update", err)
		case there:
			return payment.ErrConflict
		}
		return payment.ErrNotFound
	})
}

func appendEvent(ctx context.Context, tx bun.Tx, e payment.Event) error {
	if _, err := tx.NewInsert().Model(eventToRow(e)).Exec(ctx); err != nil {
		return failed("event", err)
	}
	return nil
}

// Order implements [payment.Store].
func (s *Store) Order(ctx context.Context, id payment.OrderID) (payment.Order, error) {
	var row orderRow
	err := s.db.NewSelect().Model(&row).Where("id = ?", string(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return payment.Order{}, payment.ErrNotFound
	}
	if err != nil {
		return payment.Order{}, failed("order", err)
	}
	return row.order()
}

// ByReference implements [payment.Store].
func (s *Store) ByReference(ctx context.Context, reference string) ([]payment.Order, error) {
	var rows []orderRow
	if err := s.db.NewSelect().Model(&rows).Where("reference = ?", reference).Scan(ctx); err != nil {
		return nil, failed("by reference", err)
	}
	var out []payment.Order
	for i := range rows {
		o, err := rows[i].order()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	// Sorted here: collation differs between the databases.
	slices.SortFunc(out, func(a, b payment.Order) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	return out, nil
}

// Events implements [payment.Store].
func (s *Store) Events(ctx context.Context, id payment.OrderID) ([]payment.Event, error) {
	var rows []eventRow
	if err := s.db.NewSelect().Model(&rows).Where("order_id = ?", string(id)).Order("seq").Scan(ctx); err != nil {
		return nil, failed("events", err)
	}
	var out []payment.Event
	for i := range rows {
		out = append(out, rows[i].event())
	}
	return out, nil
}

// atomically runs fn in a transaction, or in a savepoint of the caller's.
func (s *Store) atomically(ctx context.Context, step string, fn func(context.Context, bun.Tx) error) error {
	var own error
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		own = fn(ctx, tx)
		return own
	})
	if err != nil && own == nil {
		return failed(step, err) // begin or commit
	}
	return err
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
