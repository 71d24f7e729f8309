package paymentsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/uptrace/bun"
)

// BookingStore is a [payment.BookingStore] on a database. It is as safe for
// concurrent use as the handle that it was given: a *bun.DB is, a bun.Tx is not.
type BookingStore struct {
	db bun.IDB
}

var _ payment.BookingStore = (*BookingStore)(nil)

// NewBookingStore returns a BookingStore on a handle or a transaction.
// [Migrate] has to have run.
func NewBookingStore(db bun.IDB) *BookingStore { return &BookingStore{db: db} }

type bookingRow struct {
	bun.BaseModel `bun:"table:payment_bookings,alias:b"`

	ID          string `bun:",pk"`
	OrderID     string
	Reference   string
	Ref         string
	Tenant      string
	Procedure   string
	Method      string
	ProviderRef string
	TxID        string `bun:"txid"`
	Lines       string
	TotalMinor  int64
	Currency    string
	PaidAt      time.Time `bun:",nullzero"`
	CreatedAt   time.Time
	Batch       int64
	Place       int
}

// lineJSON is what lies in the database.
type lineJSON struct {
	Account  string `json:"account,omitempty"`
	Text     string `json:"text,omitempty"`
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

func bookingToRow(b payment.Booking) (*bookingRow, error) {
	lines := make([]lineJSON, len(b.Lines))
	for i, l := range b.Lines {
		lines[i] = lineJSON{Account: l.Account, Text: l.Text, Minor: l.Amount.Minor, Currency: l.Amount.Currency}
	}
	raw, err := json.Marshal(lines)
	if err != nil {
		return nil, fmt.Errorf("paymentsql: lines: %w", err)
	}
	return &bookingRow{
		ID: b.ID, OrderID: string(b.Order), Reference: b.Reference, Ref: b.Ref, Tenant: b.Tenant, Procedure: b.Procedure,
		Method: b.Method, ProviderRef: b.ProviderRef, TxID: b.TxID, Lines: string(raw), TotalMinor: b.Total.Minor,
		Currency: b.Total.Currency, PaidAt: utc(b.PaidAt), CreatedAt: utc(b.CreatedAt),
	}, nil
}

func (r *bookingRow) booking() (payment.Booking, error) {
	var raw []lineJSON
	if err := json.Unmarshal([]byte(r.Lines), &raw); err != nil {
		return payment.Booking{}, fmt.Errorf("paymentsql: lines of %s: %w", r.ID, err)
	}
	var lines []payment.BookingLine
	for _, l := range raw {
		lines = append(lines, payment.BookingLine{Account: l.Account, Text: l.Text, Amount: payment.Money{Minor: l.Minor, Currency: l.Currency}})
	}
	return payment.Booking{
		ID: r.ID, Order: payment.OrderID(r.OrderID), Reference: r.Reference, Ref: r.Ref, Tenant: r.Tenant,
		Procedure: r.Procedure, Method: r.Method, ProviderRef: r.ProviderRef, TxID: r.TxID, Lines: lines,
		Total: payment.Money{Minor: r.TotalMinor, Currency: r.Currency}, PaidAt: utc(r.PaidAt), CreatedAt: utc(r.CreatedAt),
		Batch: r.Batch, Position: r.Place,
	}, nil
}

type batchRow struct {
	bun.BaseModel `bun:"table:payment_batches,alias:n"`

	Number    int64 `bun:",pk"`
	At        time.Time
	Bookings  int
	SumMinor  int64
	Currency  string
	Name      string
	MediaType string
	Content   []byte
	SHA256    string `bun:"sha256"`
}

func (r *batchRow) batch() payment.Batch {
	b := payment.Batch{
		Number: r.Number, At: utc(r.At), Count: r.Bookings, Sum: payment.Money{Minor: r.SumMinor, Currency: r.Currency},
		Name: r.Name, MediaType: r.MediaType, SHA256: r.SHA256,
	}
	if len(r.Content) > 0 {
		b.Content = r.Content
	}
	return b
}

// Insert implements [payment.BookingStore].
func (s *BookingStore) Insert(ctx context.Context, b payment.Booking) error {
	row, err := bookingToRow(b)
	if err != nil {
		return err
	}
	n, err := affected(s.db.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return failed("insert booking", err)
	}
	if n == 0 {
		return payment.ErrExists
	}
	return nil
}

// ByOrder implements [payment.BookingStore].
func (s *BookingStore) ByOrder(ctx context.Context, order payment.OrderID) (payment.Booking, error) {
	var row bookingRow
	err := s.db.NewSelect().Model(&row).Where("order_id = ?", string(order)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return payment.Booking{}, payment.ErrNotFound
	}
	if err != nil {
		return payment.Booking{}, failed("booking", err)
	}
	return row.booking()
}

// Unbatched implements [payment.BookingStore].
func (s *BookingStore) Unbatched(ctx context.Context) (int, time.Time, error) {
	n, err := s.db.NewSelect().Model((*bookingRow)(nil)).Where("batch = 0").Count(ctx)
	if err != nil {
		return 0, time.Time{}, failed("unbatched", err)
	}
	var row bookingRow
	err = s.db.NewSelect().Model(&row).Where("batch = 0").Order("created_at", "id").Limit(1).Scan(ctx)
	if n == 0 || errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil // nothing, or batched between the two questions
	}
	if err != nil {
		return 0, time.Time{}, failed("unbatched", err)
	}
	return int(n), utc(row.CreatedAt), nil
}

// Assign implements [payment.BookingStore].
func (s *BookingStore) Assign(ctx context.Context, at time.Time, limit int) (payment.Batch, error) {
	row := batchRow{At: utc(at)}
	err := (&Store{db: s.db}).atomically(ctx, "assign", func(ctx context.Context, tx bun.Tx) error {
		waiting, err := tx.NewSelect().Model((*bookingRow)(nil)).Where("batch = 0").Exists(ctx)
		if err != nil {
			return failed("assign", err)
		}
		if !waiting {
			return payment.ErrNotFound
		}
		if err := tx.NewRaw("SELECT COALESCE(MAX(number), 0) + 1 FROM payment_batches").Scan(ctx, &row.Number); err != nil {
			return failed("assign", err)
		}
		n, err := affected(tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil {
			return failed("assign", err)
		}
		if n == 0 {
			return payment.ErrConflict
		}
		n, err = affected(tx.NewRaw(`UPDATE payment_bookings SET batch = ?, place = r.n FROM (
			SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, id) AS n
			FROM payment_bookings WHERE batch = 0 ORDER BY created_at, id LIMIT ?) AS r
			WHERE payment_bookings.id = r.id AND payment_bookings.batch = 0`, row.Number, limit).Exec(ctx))
		if err != nil {
			return failed("assign", err)
		}
		if n == 0 {
			return payment.ErrConflict // taken by a batch that was not there a moment ago
		}
		err = tx.NewRaw("SELECT CAST(COUNT(*) AS BIGINT), CAST(SUM(total_minor) AS BIGINT), MIN(currency) FROM payment_bookings WHERE batch = ?", row.Number).
			Scan(ctx, &row.Bookings, &row.SumMinor, &row.Currency)
		if err != nil {
			return failed("assign", err)
		}
		_, err = tx.NewUpdate().Model(&row).Column("bookings", "sum_minor", "currency").Where("number = ?", row.Number).Exec(ctx)
		if err != nil {
			return failed("assign", err)
		}
		return nil
	})
	if err != nil {
		return payment.Batch{}, err
	}
	return row.batch(), nil
}

// Seal implements [payment.BookingStore].
func (s *BookingStore) Seal(ctx context.Context, number int64, f payment.File) error {
	row := batchRow{Name: f.Name, MediaType: f.MediaType, Content: f.Content, SHA256: f.SHA256}
	n, err := affected(s.db.NewUpdate().Model(&row).Column("name", "media_type", "content", "sha256").
		Where("number = ?", number).Where("sha256 = ''").Exec(ctx))
	if err != nil {
		return failed("seal", err)
	}
	if n > 0 {
		return nil
	}
	there, err := s.db.NewSelect().Model((*batchRow)(nil)).Where("number = ?", number).Exists(ctx)
	switch {
	case err != nil:
		return failed("seal", err)
	case there:
		return payment.ErrExists
	}
	return payment.ErrNotFound
}

// Batch implements [payment.BookingStore].
func (s *BookingStore) Batch(ctx context.Context, number int64) (payment.Batch, []payment.Booking, error) {
	var batch batchRow
	err := s.db.NewSelect().Model(&batch).Where("number = ?", number).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return payment.Batch{}, nil, payment.ErrNotFound
	}
	if err != nil {
		return payment.Batch{}, nil, failed("batch", err)
	}
	// What is in a batch never changes, so a second statement reads the same.
	var rows []bookingRow
	if err := s.db.NewSelect().Model(&rows).Where("batch = ?", number).Order("place").Scan(ctx); err != nil {
		return payment.Batch{}, nil, failed("batch", err)
	}
	var out []payment.Booking
	for i := range rows {
		b, err := rows[i].booking()
		if err != nil {
			return payment.Batch{}, nil, err
		}
		out = append(out, b)
	}
	return batch.batch(), out, nil
}

// Batches implements [payment.BookingStore].
func (s *BookingStore) Batches(ctx context.Context, before int64, limit int) ([]payment.Batch, error) {
	var rows []batchRow
	q := s.db.NewSelect().Model(&rows).ExcludeColumn("content").Order("number DESC").Limit(int64(limit))
	if before != 0 {
		q = q.Where("number < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, failed("batches", err)
	}
	var out []payment.Batch
	for i := range rows {
		out = append(out, rows[i].batch())
	}
	return out, nil
}
