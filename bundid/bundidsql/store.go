// Package bundidsql keeps the state of package bundid in an SQL database,
// through github.com/uptrace/bun. One set of SQL serves SQLite and PostgreSQL.
package bundidsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/bundid"
)

var _ bundid.Store = (*Store)(nil)

// Store implements [bundid.Store]. It takes any number of pending requests
// and never returns [bundid.ErrFull]. It is safe for concurrent use if its
// handle is.
type Store struct {
	db bun.IDB
}

// New returns a store on db, which can be a *bun.DB or a bun.Tx. Call
// [Migrate] before first use.
func New(db bun.IDB) *Store { return &Store{db: db} }

type requestRow struct {
	bun.BaseModel `bun:"table:bundid_requests"`

	ID        string    `bun:"id,pk"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
	Data      []byte    `bun:"data"`
}

type assertionRow struct {
	bun.BaseModel `bun:"table:bundid_assertions"`

	ID      string    `bun:"id,pk"`
	UntilAt time.Time `bun:"until_at"`
}

type ticketRow struct {
	bun.BaseModel `bun:"table:bundid_tickets"`

	ID        string    `bun:"id,pk"`
	ExpiresAt time.Time `bun:"expires_at"`
	Sealed    []byte    `bun:"sealed"`
}

// stamp is the form in which times are stored, alike on both databases.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// notNil keeps nil out of columns that are NOT NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// insert adds the row, or returns taken if its id is there already.
func (s *Store) insert(ctx context.Context, what string, row any, taken error) error {
	res, err := s.db.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("bundidsql: put %s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("bundidsql: put %s: %w", what, err)
	}
	if n == 0 {
		return taken
	}
	return nil
}

// take deletes the row and reads what it held, in one statement: of several
// processes only one gets it.
func (s *Store) take(ctx context.Context, what string, row any, id string) error {
	err := s.db.NewDelete().Model(row).Where("id = ?", id).Returning("*").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return bundid.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("bundidsql: take %s: %w", what, err)
	}
	return nil
}

// PutRequest implements [bundid.Store].
func (s *Store) PutRequest(ctx context.Context, r bundid.Request) error {
	row := &requestRow{ID: r.ID, CreatedAt: stamp(r.CreatedAt), ExpiresAt: stamp(r.ExpiresAt), Data: notNil(r.Data)}
	return s.insert(ctx, "request", row, bundid.ErrExists)
}

// TakeRequest implements [bundid.Store].
func (s *Store) TakeRequest(ctx context.Context, id string) (bundid.Request, error) {
	var row requestRow
	if err := s.take(ctx, "request", &row, id); err != nil {
		return bundid.Request{}, err
	}
	return bundid.Request{
		ID: row.ID, CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(), Data: row.Data,
	}, nil
}

// UseAssertion implements [bundid.Store].
func (s *Store) UseAssertion(ctx context.Context, id string, until time.Time) error {
	return s.insert(ctx, "assertion", &assertionRow{ID: id, UntilAt: stamp(until)}, bundid.ErrReplayed)
}

// PutTicket implements [bundid.Store].
func (s *Store) PutTicket(ctx context.Context, t bundid.Ticket) error {
	row := &ticketRow{ID: t.ID, ExpiresAt: stamp(t.ExpiresAt), Sealed: notNil(t.Sealed)}
	return s.insert(ctx, "ticket", row, bundid.ErrExists)
}

// TakeTicket implements [bundid.Store].
func (s *Store) TakeTicket(ctx context.Context, id string) (bundid.Ticket, error) {
	var row ticketRow
	if err := s.take(ctx, "ticket", &row, id); err != nil {
		return bundid.Ticket{}, err
	}
	return bundid.Ticket{ID: row.ID, ExpiresAt: row.ExpiresAt.UTC(), Sealed: row.Sealed}, nil
}

// Purge implements [bundid.Store].
func (s *Store) Purge(ctx context.Context, now time.Time) error {
	for _, step := range []struct {
		row   any
		where string
	}{
		{(*requestRow)(nil), "expires_at < ?"},
		{(*assertionRow)(nil), "until_at < ?"},
		{(*ticketRow)(nil), "expires_at < ?"},
	} {
		if _, err := s.db.NewDelete().Model(step.row).Where(step.where, stamp(now)).Exec(ctx); err != nil {
			return fmt.Errorf("bundidsql: purge: %w", err)
		}
	}
	return nil
}
