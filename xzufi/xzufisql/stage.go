package xzufisql

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/uptrace/bun"
)

// Begin implements [xzufi.Store]. It removes at most a few thousand rows that
// earlier imports left, in transactions of at most 500 each.
func (s *Store) Begin(ctx context.Context, source string, at time.Time) (int64, error) {
	for range 40 {
		n, err := s.prune(ctx)
		if err != nil {
			return 0, fail("begin", err)
		}
		if n < xzufi.MaxBatch {
			break
		}
	}
	h, err := head(ctx, s.db)
	if err != nil {
		return 0, fail("begin", err)
	}
	row := runRow{Source: source, Base: h.Objects, BegunAt: at.UTC()}
	if _, err := s.db.NewInsert().Model(&row).Returning("id").Exec(ctx); err != nil {
		return 0, fail("begin", err)
	}
	return row.ID, nil
}

// prune removes replaced rows and rows of runs that can only fail.
func (s *Store) prune(ctx context.Context) (int, error) {
	var ids []int64
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model((*objectRow)(nil)).Column("id").Where("state = ?", replaced).Limit(xzufi.MaxBatch).Scan(ctx, &ids)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			h, err := head(ctx, tx)
			if err != nil {
				return err
			}
			err = tx.NewSelect().Model((*objectRow)(nil)).Column("id").
				Where("run IN (SELECT id FROM xzufi_run WHERE published = 0 AND base <> ?)", h.Objects).
				Limit(xzufi.MaxBatch).Scan(ctx, &ids)
			if err != nil {
				return err
			}
		}
		return remove(ctx, tx, ids)
	})
	return len(ids), err
}

func remove(ctx context.Context, tx bun.IDB, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.NewRaw("DELETE FROM xzufi_term WHERE rowid IN (?)", bun.List(ids)).Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*serviceRow)(nil)).Where("object IN (?)", bun.List(ids)).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*objectRow)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// Stage implements [xzufi.Store].
func (s *Store) Stage(ctx context.Context, run int64, batch []xzufi.Record) error {
	if len(batch) > xzufi.MaxBatch {
		return &xzufi.InvalidError{Field: "batch", Rule: xzufi.RuleTooLong}
	}
	if len(batch) == 0 {
		return ctx.Err()
	}
	batch = lastOfEach(batch)
	return fail("stage", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var earlier []int64
		pairs := make([]string, 0, len(batch))
		for _, r := range batch {
			pairs = append(pairs, r.ID.String())
		}
		var hits []objectRow
		err := tx.NewSelect().Model(&hits).Column("id", "class", "key").Where("run = ?", run).Where("key IN (?)", bun.List(pairs)).Scan(ctx)
		if err != nil {
			return err
		}
		for _, h := range hits {
			for _, r := range batch {
				if string(r.Class) == h.Class && r.ID.String() == h.Key {
					earlier = append(earlier, h.ID)
				}
			}
		}
		if err := remove(ctx, tx, earlier); err != nil {
			return err
		}
		var last sql.NullInt64
		if err := tx.NewSelect().Model((*objectRow)(nil)).ColumnExpr("MAX(id)").
			Where("id >= ?", run*perRun).Where("id < ?", (run+1)*perRun).Scan(ctx, &last); err != nil {
			return err
		}
		next := run * perRun
		if last.Valid {
			next = last.Int64 + 1
		}
		return insert(ctx, tx, run, next, batch)
	}))
}

// lastOfEach keeps the last record of each object.
func lastOfEach(batch []xzufi.Record) []xzufi.Record {
	type key struct {
		class xzufi.Class
		id    xzufi.ID
	}
	at := map[key]int{}
	for i, r := range batch {
		at[key{r.Class, r.ID}] = i
	}
	out := make([]xzufi.Record, 0, len(at))
	for i, r := range batch {
		if at[key{r.Class, r.ID}] == i {
			out = append(out, r)
		}
	}
	return out
}

func insert(ctx context.Context, tx bun.Tx, run, next int64, batch []xzufi.Record) error {
	objects := make([]objectRow, 0, len(batch))
	var services []serviceRow
	var terms []termRow
	for i, r := range batch {
		id := next + int64(i)
		deleted := 0
		if r.Deleted {
			deleted = 1
		}
		objects = append(objects, objectRow{ID: id, Run: run, State: staged, Class: string(r.Class), Key: r.ID.String(), Loose: r.ID.Loose(),
			Agency: r.ID.Agency, Scheme: r.ID.Scheme, Value: r.ID.Value, Source: r.Source, Hash: r.Hash, Deleted: deleted,
			At: r.At.UTC(), Words: r.Words, Card: r.Card, Body: r.Body, Raw: r.Raw})
		seen := map[string]bool{}
		for _, svc := range r.Services {
			if !seen[svc] {
				seen[svc] = true
				services = append(services, serviceRow{Service: svc, Object: id})
			}
		}
		if !r.Deleted && len(r.Terms[0])+len(r.Terms[1])+len(r.Terms[2]) > 0 {
			terms = append(terms, termRow{Rowid: id, Title: join(r.Terms[0]), Synonym: join(r.Terms[1]), Body: join(r.Terms[2])})
		}
	}
	if _, err := tx.NewInsert().Model(&objects).Exec(ctx); err != nil {
		return err
	}
	for part := range slices.Chunk(services, xzufi.MaxBatch) {
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
	}
	if len(terms) > 0 {
		if _, err := tx.NewInsert().Model(&terms).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func join(terms []string) string { return strings.Join(terms, " ") }

// Publish implements [xzufi.Store].
func (s *Store) Publish(ctx context.Context, run int64, base, revision string) error {
	return fail("publish", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*headRow)(nil)).Set("objects = ?", revision).Where("id = 1").Where("objects = ?", base).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(xzufi.ErrConflict, err)
		}
		_, err = tx.NewRaw(`UPDATE xzufi_object SET state = ? WHERE state = ? AND EXISTS (SELECT 1 FROM xzufi_object AS n
			WHERE n.run = ? AND n.class = xzufi_object.class AND n.key = xzufi_object.key)`, replaced, current, run).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*objectRow)(nil)).Set("state = ?", current).Where("run = ?", run).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*runRow)(nil)).Set("published = 1").Where("id = ?", run).Exec(ctx)
		return err
	}))
}
