// Package postkorbsql keeps threads in SQLite or PostgreSQL through bun. The
// caller brings the database handle or a transaction; inside a transaction no
// other handle is used.
package postkorbsql

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/stadttor/stadttor/postkorb"
	"github.com/uptrace/bun"
)

// Store is a [postkorb.Store] on a database. It is as safe for concurrent use
// as the handle that it was given: a *bun.DB is, a bun.Tx is not.
type Store struct {
	db bun.IDB
}

var _ postkorb.Store = (*Store)(nil)

// New returns a Store on a handle or a transaction. [Migrate] has to have run.
func New(db bun.IDB) *Store { return &Store{db: db} }

// Write implements [postkorb.Store].
func (s *Store) Write(ctx context.Context, c postkorb.Change) error {
	return s.atomically(ctx, "write", func(ctx context.Context, tx bun.Tx) error {
		// The row of the thread comes first: it makes other writers wait or fail.
		if err := writeThread(ctx, tx, c); err != nil {
			return err
		}
		if err := writeMessages(ctx, tx, c); err != nil {
			return err
		}
		if len(c.Events) > 0 {
			rows := make([]*eventRow, len(c.Events))
			for i, e := range c.Events {
				rows[i] = eventToRow(e)
			}
			if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return failed("events", err)
			}
		}
		for _, q := range c.Notices {
			_, err := tx.NewInsert().Model(noticeToRow(q)).On("CONFLICT (id) DO UPDATE").
				Set("state = EXCLUDED.state").Set("attempts = EXCLUDED.attempts").Set("next_at = EXCLUDED.next_at").
				Set("lease = EXCLUDED.lease").Set("last_error = EXCLUDED.last_error").Exec(ctx)
			if err != nil {
				return failed("notice", err)
			}
		}
		return writeLabels(ctx, tx, c)
	})
}

func writeThread(ctx context.Context, tx bun.Tx, c postkorb.Change) error {
	row := threadToRow(c.Thread)
	if c.Expected == 0 {
		n, err := affected(tx.NewInsert().Model(row).On("CONFLICT (id) DO NOTHING").Exec(ctx))
		if err != nil {
			return failed("thread", err)
		}
		if n == 0 {
			return postkorb.ErrExists
		}
		return nil
	}
	n, err := affected(tx.NewUpdate().Model(row).ExcludeColumn("id", "created_at").
		Where("id = ?", row.ID).Where("version = ?", c.Expected).Exec(ctx))
	if err != nil {
		return failed("thread", err)
	}
	if n > 0 {
		return nil
	}
	there, err := tx.NewSelect().Model((*threadRow)(nil)).Where("id = ?", row.ID).Exists(ctx)
	switch {
	case err != nil:
		return failed("thread", err)
	case there:
		return postkorb.ErrConflict
	}
	return postkorb.ErrNotFound
}

func writeMessages(ctx context.Context, tx bun.Tx, c postkorb.Change) error {
	for _, m := range c.Sent {
		row, err := messageToRow(m)
		if err != nil {
			return err
		}
		n, err := affected(tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil {
			return failed("message", err)
		}
		if n == 0 {
			return postkorb.ErrExists
		}
	}
	for _, m := range c.Changed {
		row, err := messageToRow(m)
		if err != nil {
			return err
		}
		n, err := affected(tx.NewUpdate().Model(row).Column("slots", "attachments", "opened_at", "confirmed_at").
			Where("id = ?", row.ID).Where("thread_id = ?", row.ThreadID).Exec(ctx))
		if err != nil {
			return failed("message", err)
		}
		if n == 0 {
			return postkorb.ErrNotFound
		}
	}
	return nil
}

func writeLabels(ctx context.Context, tx bun.Tx, c postkorb.Change) error {
	for _, lc := range c.Labels {
		row := labelToRow(c.Thread.ID, lc.Label)
		var err error
		if lc.Remove {
			_, err = tx.NewDelete().Model(row).WherePK().Exec(ctx)
		} else {
			_, err = tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		}
		if err != nil {
			return failed("label", err)
		}
	}
	return nil
}

// Thread implements [postkorb.Store].
func (s *Store) Thread(ctx context.Context, id postkorb.ThreadID) (postkorb.Thread, error) {
	var row threadRow
	err := s.db.NewSelect().Model(&row).Where("id = ?", string(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return postkorb.Thread{}, postkorb.ErrNotFound
	}
	if err != nil {
		return postkorb.Thread{}, failed("thread", err)
	}
	ts, err := s.withLabels(ctx, []threadRow{row})
	if err != nil {
		return postkorb.Thread{}, err
	}
	return ts[0], nil
}

// Threads implements [postkorb.Store].
func (s *Store) Threads(ctx context.Context, f postkorb.ThreadFilter) ([]postkorb.Thread, error) {
	var rows []threadRow
	q := s.db.NewSelect().Model(&rows)
	labels := s.db.NewSelect().Model((*labelRow)(nil)).ColumnExpr("1").
		Where("l.thread_id = t.id").Where("l.name = ?", string(postkorb.LabelArchived))
	if f.Units == nil {
		q.Where("t.owner = ?", f.Owner)
		labels.Where("l.kind = ?", string(postkorb.PartyCitizen)).Where("l.reader = ?", f.Owner)
	} else {
		q.Where("t.unit IN (?)", bun.List(f.Units))
		labels.Where("l.kind = ?", string(postkorb.PartyUnit)).Where("l.reader IN (?)", bun.List(f.Units))
	}
	if f.Reference != "" {
		q.Where("t.reference = ?", f.Reference)
	}
	if f.Closed != nil {
		q.Where("t.closed = ?", *f.Closed)
	}
	if f.Archived != nil {
		if *f.Archived {
			q.Where("EXISTS (?)", labels)
		} else {
			q.Where("NOT EXISTS (?)", labels)
		}
	}
	if f.UnreadOnly {
		if f.Units == nil {
			q.Where("t.unread_citizen > 0")
		} else {
			q.Where("t.unread_desk > 0")
		}
	}
	if !f.BeforeTime.IsZero() {
		at := f.BeforeTime.UTC()
		q.Where("(t.updated_at < ? OR (t.updated_at = ? AND t.id < ?))", at, at, string(f.BeforeID))
	}
	if err := q.OrderExpr("t.updated_at DESC, t.id DESC").Limit(int64(f.Limit)).Scan(ctx); err != nil {
		return nil, failed("threads", err)
	}
	return s.withLabels(ctx, rows)
}

func (s *Store) withLabels(ctx context.Context, rows []threadRow) ([]postkorb.Thread, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var labels []labelRow
	err := s.db.NewSelect().Model(&labels).Where("thread_id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, failed("labels", err)
	}
	byThread := map[string][]postkorb.Label{}
	for i := range labels {
		byThread[labels[i].ThreadID] = append(byThread[labels[i].ThreadID], labels[i].label())
	}
	out := make([]postkorb.Thread, len(rows))
	for i := range rows {
		out[i] = rows[i].thread()
		// Sorted here: collation differs between the databases.
		out[i].Labels = byThread[rows[i].ID]
		slices.SortFunc(out[i].Labels, postkorb.CompareLabels)
	}
	return out, nil
}

// Messages implements [postkorb.Store].
func (s *Store) Messages(ctx context.Context, f postkorb.MessageFilter) ([]postkorb.Message, error) {
	var rows []messageRow
	q := s.db.NewSelect().Model(&rows)
	if f.ID != "" {
		q.Where("id = ?", string(f.ID))
	} else {
		q.Where("thread_id = ?", string(f.Thread))
	}
	if f.Key != "" {
		q.Where("idempotency_key = ?", f.Key)
	}
	if err := q.Order("seq").Scan(ctx); err != nil {
		return nil, failed("messages", err)
	}
	var out []postkorb.Message
	for i := range rows {
		m, err := rows[i].message()
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Events implements [postkorb.Store].
func (s *Store) Events(ctx context.Context, id postkorb.ThreadID) ([]postkorb.Event, error) {
	var rows []eventRow
	if err := s.db.NewSelect().Model(&rows).Where("thread_id = ?", string(id)).Order("seq").Scan(ctx); err != nil {
		return nil, failed("events", err)
	}
	var out []postkorb.Event
	for i := range rows {
		out = append(out, rows[i].event())
	}
	return out, nil
}

// Unread implements [postkorb.Store].
func (s *Store) Unread(ctx context.Context, owner string) (int, error) {
	var n int
	// The cast is for PostgreSQL, where the sum of BIGINT is NUMERIC.
	err := s.db.NewSelect().Model((*threadRow)(nil)).
		ColumnExpr("CAST(COALESCE(SUM(unread_citizen), 0) AS BIGINT)").Where("owner = ?", owner).Scan(ctx, &n)
	if err != nil {
		return 0, failed("unread", err)
	}
	return n, nil
}

// Notices implements [postkorb.Store].
func (s *Store) Notices(ctx context.Context, f postkorb.NoticeFilter) ([]postkorb.QueuedNotice, error) {
	var rows []noticeRow
	q := s.db.NewSelect().Model(&rows)
	if f.ID != "" {
		q.Where("id = ?", f.ID)
	} else {
		// Written out, so that the partial index is used.
		q.Where("state IN ('queued', 'sending')").Where("next_at <= ?", f.DueAt.UTC()).Limit(int64(f.Limit))
	}
	if err := q.OrderExpr("next_at, id").Scan(ctx); err != nil {
		return nil, failed("notices", err)
	}
	var out []postkorb.QueuedNotice
	for i := range rows {
		out = append(out, rows[i].notice())
	}
	return out, nil
}

// Delete implements [postkorb.Store].
func (s *Store) Delete(ctx context.Context, id postkorb.ThreadID) error {
	return s.atomically(ctx, "delete", func(ctx context.Context, tx bun.Tx) error {
		// The thread goes first, in the order in which Write takes its locks.
		if _, err := tx.NewDelete().Model((*threadRow)(nil)).Where("id = ?", string(id)).Exec(ctx); err != nil {
			return failed("delete", err)
		}
		for _, model := range []any{(*labelRow)(nil), (*messageRow)(nil), (*eventRow)(nil), (*noticeRow)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("thread_id = ?", string(id)).Exec(ctx); err != nil {
				return failed("delete", err)
			}
		}
		return nil
	})
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
