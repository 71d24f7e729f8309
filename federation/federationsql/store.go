// Package federationsql keeps deliveries and replies of package federation in SQLite
// or PostgreSQL.
//
// Payloads have a table of their own, so that claiming and settling a delivery
// writes a short row. Run [Migrate] once at the start.
package federationsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/federation"
)

// Store implements [federation.Store] on a bun handle or transaction.
type Store struct{ db bun.IDB }

var _ federation.Store = (*Store)(nil)

// New returns a store on db, a *bun.DB or a bun.Tx.
func New(db bun.IDB) *Store { return &Store{db: db} }

type deliveryRow struct {
	bun.BaseModel `bun:"table:federation_deliveries,alias:d"`

	ID          string    `bun:"id,pk"`
	Key         string    `bun:"delivery_key"`
	Destination string    `bun:"destination"`
	Subject     string    `bun:"subject"`
	Reference   string    `bun:"reference"`
	MediaType   string    `bun:"media_type"`
	Attachments string    `bun:"attachments"`
	State       string    `bun:"state"`
	Attempts    int       `bun:"attempts"`
	NextAt      time.Time `bun:"next_at,nullzero"`
	CreatedAt   time.Time `bun:"created_at"`
	DeliveredAt time.Time `bun:"delivered_at,nullzero"`
	LastError   string    `bun:"last_error"`
	ReceiptID   string    `bun:"receipt_id"`
	ReceiptAt   time.Time `bun:"receipt_at,nullzero"`
	Version     int64     `bun:"version"`
}

type payloadRow struct {
	bun.BaseModel `bun:"table:federation_payloads,alias:p"`

	Delivery string `bun:"delivery,pk"`
	Body     []byte `bun:"body"`
}

// partDoc is the stored form of an attachment; it converts directly.
type partDoc struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
	BlobKey   string `json:"blobKey"`
}

func toRow(d federation.Delivery) (*deliveryRow, error) {
	parts := make([]partDoc, len(d.Attachments))
	for i, p := range d.Attachments {
		parts[i] = partDoc(p)
	}
	raw, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	return &deliveryRow{
		ID: d.ID, Key: d.Key, Destination: d.Destination, Subject: d.Subject, Reference: d.Reference,
		MediaType: d.Payload.MediaType, Attachments: string(raw), State: string(d.State), Attempts: d.Attempts,
		NextAt: stamp(d.NextAt), CreatedAt: stamp(d.CreatedAt), DeliveredAt: stamp(d.DeliveredAt),
		LastError: d.LastError, ReceiptID: d.Receipt.ID, ReceiptAt: stamp(d.Receipt.At), Version: d.Version,
	}, nil
}

// stamp brings a time to what both databases keep.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (r *deliveryRow) delivery() (federation.Delivery, error) {
	var parts []partDoc
	if err := json.Unmarshal([]byte(r.Attachments), &parts); err != nil {
		return federation.Delivery{}, fmt.Errorf("federationsql: attachments: %w", err)
	}
	d := federation.Delivery{
		ID: r.ID, Key: r.Key, Destination: r.Destination, Subject: r.Subject, Reference: r.Reference,
		Payload: federation.Payload{MediaType: r.MediaType}, State: federation.State(r.State),
		Attempts: r.Attempts, NextAt: r.NextAt.UTC(), CreatedAt: r.CreatedAt.UTC(), DeliveredAt: r.DeliveredAt.UTC(),
		LastError: r.LastError, Receipt: federation.Receipt{ID: r.ReceiptID, At: r.ReceiptAt.UTC()}, Version: r.Version,
	}
	for _, p := range parts {
		d.Attachments = append(d.Attachments, federation.Part(p))
	}
	return d, nil
}

// Create implements [federation.Store].
func (s *Store) Create(ctx context.Context, d federation.Delivery) error {
	d.Version = 1
	row, err := toRow(d)
	if err != nil {
		return fmt.Errorf("federationsql: create: %w", err)
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// No conflict target: id and key are both unique, either may be taken.
		res, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, federation.ErrExists)
		}
		if len(d.Payload.Body) == 0 {
			return nil
		}
		_, err = tx.NewInsert().Model(&payloadRow{Delivery: d.ID, Body: d.Payload.Body}).Exec(ctx)
		return err
	})
	if errors.Is(err, federation.ErrExists) {
		return federation.ErrExists
	}
	if err != nil {
		return fmt.Errorf("federationsql: create: %w", err)
	}
	return nil
}

// Get implements [federation.Store].
func (s *Store) Get(ctx context.Context, id string) (federation.Delivery, error) {
	return s.one(ctx, "d.id = ?", id)
}

// ByKey implements [federation.Store].
func (s *Store) ByKey(ctx context.Context, key string) (federation.Delivery, error) {
	return s.one(ctx, "d.delivery_key = ?", key)
}

func (s *Store) one(ctx context.Context, where, value string) (federation.Delivery, error) {
	var row deliveryRow
	err := s.db.NewSelect().Model(&row).Where(where, value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return federation.Delivery{}, federation.ErrNotFound
	}
	if err != nil {
		return federation.Delivery{}, fmt.Errorf("federationsql: get: %w", err)
	}
	d, err := row.delivery()
	if err != nil {
		return federation.Delivery{}, err
	}
	// The payload never changes, so a second statement reads the same truth.
	var payload payloadRow
	err = s.db.NewSelect().Model(&payload).Where("p.delivery = ?", row.ID).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return federation.Delivery{}, fmt.Errorf("federationsql: get: %w", err)
	}
	d.Payload.Body = payload.Body
	return d, nil
}

// Update implements [federation.Store].
func (s *Store) Update(ctx context.Context, d federation.Delivery) error {
	row, err := toRow(d)
	if err != nil {
		return fmt.Errorf("federationsql: update: %w", err)
	}
	row.Version = d.Version + 1
	res, err := s.db.NewUpdate().Model(row).
		Column("state", "attempts", "next_at", "delivered_at", "last_error", "receipt_id", "receipt_at", "version").
		WherePK().Where("d.version = ?", d.Version).Exec(ctx)
	if err != nil {
		return fmt.Errorf("federationsql: update: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("federationsql: update: %w", err)
	} else if n == 0 {
		return federation.ErrConflict
	}
	return nil
}

// Due implements [federation.Store].
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	var ids []string
	err := s.db.NewSelect().Model((*deliveryRow)(nil)).Column("id").
		Where("d.state IN ('queued', 'sending')").Where("d.next_at <= ?", now.UTC()).
		Order("d.next_at", "d.id").Limit(int64(limit)).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("federationsql: due: %w", err)
	}
	return ids, nil
}

// ByReference implements [federation.Store].
func (s *Store) ByReference(ctx context.Context, reference string) ([]federation.Delivery, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.reference = ?", reference).Order("d.created_at", "d.id")
	})
}

// List implements [federation.Store].
func (s *Store) List(ctx context.Context, state federation.State, after federation.Cursor, limit int) ([]federation.Delivery, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		if state != "" {
			q = q.Where("d.state = ?", string(state))
		}
		if (after != federation.Cursor{}) {
			q = q.Where("(d.created_at, d.id) < (?, ?)", stamp(after.CreatedAt), after.ID)
		}
		return q.Order("d.created_at DESC", "d.id DESC").Limit(int64(limit))
	})
}

func (s *Store) list(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]federation.Delivery, error) {
	var rows []deliveryRow
	if err := narrow(s.db.NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("federationsql: list: %w", err)
	}
	var out []federation.Delivery
	for i := range rows {
		d, err := rows[i].delivery()
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
