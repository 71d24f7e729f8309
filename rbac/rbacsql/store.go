// Package rbacsql keeps the sources of package rbac in SQLite or PostgreSQL
// and renders filters to SQL conditions.
//
// The source of a tenant is one JSON document with a revision: it is always
// read and written as a whole. The log of changes is one row per revision.
// Run [Migrate] once at the start.
package rbacsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/rbac"
)

// Store implements [rbac.Store] on a bun handle or transaction.
type Store struct{ db bun.IDB }

var _ rbac.Store = (*Store)(nil)

// New returns a store on db, a *bun.DB or a bun.Tx.
func New(db bun.IDB) *Store { return &Store{db: db} }

type sourceRow struct {
	bun.BaseModel `bun:"table:rbac_sources,alias:s"`

	Tenant    string    `bun:"tenant,pk"`
	Revision  int64     `bun:"revision"`
	Source    string    `bun:"source"`
	ChangedAt time.Time `bun:"changed_at"`
}

type changeRow struct {
	bun.BaseModel `bun:"table:rbac_changes,alias:c"`

	Tenant    string    `bun:"tenant,pk"`
	Revision  int64     `bun:"revision,pk"`
	Actor     string    `bun:"actor"`
	Reason    string    `bun:"reason"`
	ChangedAt time.Time `bun:"changed_at"`
	Items     string    `bun:"items"`
}

// Load implements [rbac.Store].
func (s *Store) Load(ctx context.Context, tenant string) (rbac.Source, int64, error) {
	var row sourceRow
	err := s.db.NewSelect().Model(&row).Where("s.tenant = ?", tenant).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return rbac.Source{Tenant: tenant}, 0, nil
	}
	if err != nil {
		return rbac.Source{}, 0, fmt.Errorf("rbacsql: load: %w", err)
	}
	src, err := decodeSource(row.Source)
	if err != nil {
		return rbac.Source{}, 0, fmt.Errorf("rbacsql: load: %w", err)
	}
	return src, row.Revision, nil
}

// Revision implements [rbac.Store].
func (s *Store) Revision(ctx context.Context, tenant string) (int64, error) {
	var revision int64
	err := s.db.NewSelect().Model((*sourceRow)(nil)).Column("revision").
		Where("s.tenant = ?", tenant).Scan(ctx, &revision)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("rbacsql: revision: %w", err)
	}
	return revision, nil
}

// Save implements [rbac.Store].
func (s *Store) Save(ctx context.Context, src rbac.Source, expected int64, c rbac.Change) (int64, error) {
	raw, err := encodeSource(src)
	if err != nil {
		return 0, fmt.Errorf("rbacsql: save: %w", err)
	}
	items, err := encodeItems(c.Items)
	if err != nil {
		return 0, fmt.Errorf("rbacsql: save: %w", err)
	}
	row := &sourceRow{Tenant: src.Tenant, Revision: expected + 1, Source: raw, ChangedAt: c.At.UTC()}
	change := &changeRow{Tenant: src.Tenant, Revision: expected + 1, Actor: c.Actor, Reason: c.Reason,
		ChangedAt: c.At.UTC(), Items: items}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var res sql.Result
		var err error
		if expected == 0 {
			res, err = tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		} else {
			res, err = tx.NewUpdate().Model(row).WherePK().Where("s.revision = ?", expected).Exec(ctx)
		}
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, rbac.ErrConflict)
		}
		_, err = tx.NewInsert().Model(change).Exec(ctx)
		return err
	})
	if errors.Is(err, rbac.ErrConflict) {
		return 0, rbac.ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("rbacsql: save: %w", err)
	}
	return row.Revision, nil
}

// Changes implements [rbac.Store].
func (s *Store) Changes(ctx context.Context, tenant string, after int64, limit int) ([]rbac.Change, error) {
	if limit < 1 || limit > 1000 {
		limit = 100
	}
	var rows []changeRow
	err := s.db.NewSelect().Model(&rows).Where("c.tenant = ?", tenant).Where("c.revision > ?", after).
		Order("c.revision").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("rbacsql: changes: %w", err)
	}
	var out []rbac.Change
	for _, r := range rows {
		items, err := decodeItems(r.Items)
		if err != nil {
			return nil, fmt.Errorf("rbacsql: changes: %w", err)
		}
		out = append(out, rbac.Change{Revision: r.Revision, Actor: r.Actor, Reason: r.Reason,
			At: r.ChangedAt.UTC(), Items: items})
	}
	return out, nil
}
