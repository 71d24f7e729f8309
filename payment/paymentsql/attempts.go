package paymentsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/uptrace/bun"
)

// AttemptStore is a [payment.AttemptStore] on a database. It is as safe for
// concurrent use as the handle that it was given: a *bun.DB is, a bun.Tx is not.
type AttemptStore struct {
	db bun.IDB
}

var _ payment.AttemptStore = (*AttemptStore)(nil)

// NewAttemptStore returns an AttemptStore on a handle or a transaction.
// [Migrate] has to have run.
func NewAttemptStore(db bun.IDB) *AttemptStore { return &AttemptStore{db: db} }

type attemptRow struct {
	bun.BaseModel `bun:"table:payment_attempts,alias:a"`

	ID          string `bun:",pk"`
	OrderID     string
	Provider    string
	Tenant      string
	Procedure   string
	TxID        string `bun:"txid"`
	AmountMinor int64
	Currency    string
	Text        string
	Record      string
	NotifyURL   string `bun:"notify_url"`
	ReturnURL   string `bun:"return_url"`
	PayURL      string `bun:"pay_url"`
	ProviderRef string
	Method      string
	State       string
	Asked       int
	LastError   string
	CreatedAt   time.Time
	NextAt      time.Time `bun:",nullzero"`
	LeaseUntil  time.Time `bun:",nullzero"`
	ExpiresAt   time.Time `bun:",nullzero"`
	EndedAt     time.Time `bun:",nullzero"`
	Version     int64
}

func attemptToRow(a payment.Attempt) *attemptRow {
	return &attemptRow{
		ID: string(a.ID), OrderID: string(a.Order), Provider: a.Provider, Tenant: a.Tenant, Procedure: a.Procedure,
		TxID: a.TxID, AmountMinor: a.Amount.Minor, Currency: a.Amount.Currency, Text: a.Text, Record: a.Record,
		NotifyURL: a.NotifyURL, ReturnURL: a.ReturnURL, PayURL: a.PayURL, ProviderRef: a.ProviderRef, Method: a.Method,
		State: string(a.State), Asked: a.Asked, LastError: a.LastError, CreatedAt: utc(a.CreatedAt), NextAt: utc(a.NextAt),
		LeaseUntil: utc(a.LeaseUntil), ExpiresAt: utc(a.ExpiresAt), EndedAt: utc(a.EndedAt), Version: a.Version,
	}
}

func (r *attemptRow) attempt() payment.Attempt {
	return payment.Attempt{
		ID: payment.AttemptID(r.ID), Order: payment.OrderID(r.OrderID), Provider: r.Provider, Tenant: r.Tenant,
		Procedure: r.Procedure, TxID: r.TxID, Amount: payment.Money{Minor: r.AmountMinor, Currency: r.Currency},
		Text: r.Text, Record: r.Record, NotifyURL: r.NotifyURL, ReturnURL: r.ReturnURL, PayURL: r.PayURL,
		ProviderRef: r.ProviderRef, Method: r.Method, State: payment.AttemptState(r.State), Asked: r.Asked,
		LastError: r.LastError, CreatedAt: utc(r.CreatedAt), NextAt: utc(r.NextAt), LeaseUntil: utc(r.LeaseUntil),
		ExpiresAt: utc(r.ExpiresAt), EndedAt: utc(r.EndedAt), Version: r.Version,
	}
}

// Insert implements [payment.AttemptStore].
func (s *AttemptStore) Insert(ctx context.Context, a payment.Attempt) error {
	// No conflict target: the id, the txid or the live attempt may be there.
	n, err := affected(s.db.NewInsert().Model(attemptToRow(a)).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return failed("insert attempt", err)
	}
	if n == 0 {
		return payment.ErrExists
	}
	return nil
}

// Update implements [payment.AttemptStore].
func (s *AttemptStore) Update(ctx context.Context, a payment.Attempt, expected int64) error {
	row := attemptToRow(a)
	n, err := affected(s.db.NewUpdate().Model(row).
		ExcludeColumn("id", "order_id", "provider", "tenant", "procedure", "txid", "amount_minor", "currency", "created_at").
		Where("id = ?", row.ID).Where("version = ?", expected).Exec(ctx))
	if err != nil {
		return failed("update attempt", err)
	}
	if n > 0 {
		return nil
	}
	there, err := s.db.NewSelect().Model((*attemptRow)(nil)).Where("id = ?", row.ID).Exists(ctx)
	switch {
	case err != nil:
		return failed("update attempt", err)
	case there:
		return payment.ErrConflict
	}
	return payment.ErrNotFound
}

// Attempt implements [payment.AttemptStore].
func (s *AttemptStore) Attempt(ctx context.Context, id payment.AttemptID) (payment.Attempt, error) {
	var row attemptRow
	err := s.db.NewSelect().Model(&row).Where("id = ?", string(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return payment.Attempt{}, payment.ErrNotFound
	}
	if err != nil {
		return payment.Attempt{}, failed("attempt", err)
	}
	return row.attempt(), nil
}

// Attempts implements [payment.AttemptStore].
func (s *AttemptStore) Attempts(ctx context.Context, order payment.OrderID) ([]payment.Attempt, error) {
	return s.many(ctx, s.db.NewSelect().Where("order_id = ?", string(order)).Order("created_at", "id"))
}

// Due implements [payment.AttemptStore].
func (s *AttemptStore) Due(ctx context.Context, now time.Time, limit int) ([]payment.AttemptID, error) {
	var ids []payment.AttemptID
	now = now.UTC()
	err := s.db.NewSelect().Model((*attemptRow)(nil)).Column("id").
		Where("next_at IS NOT NULL").Where("next_at <= ?", now).
		Where("lease_until IS NULL OR lease_until <= ?", now).
		Order("next_at", "id").Limit(int64(limit)).Scan(ctx, &ids)
	if err != nil {
		return nil, failed("due attempts", err)
	}
	return ids, nil
}

// List implements [payment.AttemptStore].
func (s *AttemptStore) List(ctx context.Context, state payment.AttemptState, after payment.AttemptCursor, limit int) ([]payment.Attempt, error) {
	q := s.db.NewSelect().Order("created_at DESC", "id DESC").Limit(int64(limit))
	if state != "" {
		q = q.Where("state = ?", string(state))
	}
	if after != (payment.AttemptCursor{}) {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt.UTC(), string(after.ID))
	}
	return s.many(ctx, q)
}

func (s *AttemptStore) many(ctx context.Context, q *bun.SelectQuery) ([]payment.Attempt, error) {
	var rows []attemptRow
	if err := q.Model(&rows).Scan(ctx); err != nil {
		return nil, failed("attempts", err)
	}
	var out []payment.Attempt
	for i := range rows {
		out = append(out, rows[i].attempt())
	}
	return out, nil
}
