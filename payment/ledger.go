package payment

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// LedgerOptions are the settings of a Ledger. The zero value, and nil, are
// safe.
type LedgerOptions struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes ids of bookings; default crypto/rand.Text.
	NewID func() string
	// Layout is how files are written; default DefaultLayout.
	Layout *Layout
	// Currency that is booked; default "EUR".
	Currency string
	// Account for items that name none; default: an empty one.
	Account string
	// BatchSize is the largest number of bookings in a batch; default 5000.
	BatchSize int
}

// Ledger writes bookings for the finance system. It is safe for concurrent use,
// by several processes too.
type Ledger struct {
	store BookingStore
	opts  LedgerOptions
}

// NewLedger returns a Ledger on a store. It panics when store is nil or the
// layout is not valid.
func NewLedger(store BookingStore, opts *LedgerOptions) *Ledger {
	if store == nil {
		panic("payment: nil booking store")
	}
	var o LedgerOptions
	if opts != nil {
		o = *opts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = rand.Text
	}
	layout := DefaultLayout()
	if o.Layout != nil {
		layout = *o.Layout
	}
	if err := layout.Check(); err != nil {
		panic(err.Error())
	}
	layout.Columns = slices.Clone(layout.Columns)
	o.Layout = &layout
	if o.Currency == "" {
		o.Currency = "EUR"
	}
	if o.BatchSize <= 0 {
		o.BatchSize = 5000
	}
	return &Ledger{store: store, opts: o}
}

// With returns a Ledger with the same settings on another store, for example on
// one that is bound to a transaction of the caller.
func (l *Ledger) With(store BookingStore) *Ledger {
	if store == nil {
		panic("payment: nil booking store")
	}
	return &Ledger{store: store, opts: l.opts}
}

func (l *Ledger) now() time.Time { return l.opts.Now().UTC().Truncate(time.Microsecond) }

// Record books a paid order, once: again it returns the booking that is there,
// and first is false. The attempt is the one that paid it, or the zero value if
// it was paid otherwise, for instance at the counter. Items on the same account
// become one line; their sum is the total of the order and what was paid, or
// the error is a [*MismatchError]. ErrExists: the order was booked with another
// sum. Other errors: *InvalidError, ErrCurrency, ErrOverflow.
func (l *Ledger) Record(ctx context.Context, o Order, a Attempt) (b Booking, first bool, err error) {
	if o.State != StatePaid && o.State != StateRefunded {
		return Booking{}, false, &InvalidError{Field: "order.state", Rule: RuleUnknown}
	}
	if a.ID != "" {
		switch {
		case a.Order != o.ID:
			return Booking{}, false, &InvalidError{Field: "attempt.order", Rule: RuleUnknown}
		case a.State != AttemptPaid:
			return Booking{}, false, &InvalidError{Field: "attempt.state", Rule: RuleUnknown}
		case a.Amount != o.Total:
			return Booking{}, false, &MismatchError{Order: o.ID, Want: o.Total, Got: a.Amount}
		}
	}
	b = Booking{
		ID: l.opts.NewID(), Order: o.ID, Reference: o.Reference, Ref: o.Ref, Tenant: a.Tenant, Procedure: a.Procedure,
		Method: o.Method, ProviderRef: o.ProviderRef, TxID: a.TxID, Total: o.Total, PaidAt: microsUTC(o.PaidAt), CreatedAt: l.now(),
	}
	if b.Lines, err = l.split(o); err != nil {
		return Booking{}, false, err
	}
	err = l.store.Insert(ctx, b)
	if errors.Is(err, ErrExists) {
		stored, err := l.store.ByOrder(ctx, o.ID)
		if err != nil {
			return Booking{}, false, fmt.Errorf("%w (booking of %s)", err, o.ID)
		}
		if stored.Total != o.Total {
			return Booking{}, false, fmt.Errorf("%w (booking of %s)", ErrExists, o.ID)
		}
		return stored, false, nil
	}
	if err != nil {
		return Booking{}, false, fmt.Errorf("%w (booking of %s)", err, o.ID)
	}
	return b, true, nil
}

// split makes one line for each account and checks the sum.
func (l *Ledger) split(o Order) ([]BookingLine, error) {
	var lines []BookingLine
	at := map[string]int{}
	sum := Money{Currency: l.opts.Currency}
	for _, it := range o.Items {
		amount, err := it.Amount.Mul(it.Quantity)
		if err != nil {
			return nil, err
		}
		if sum, err = sum.Add(amount); err != nil {
			return nil, err
		}
		if amount.Minor == 0 {
			continue
		}
		account := it.Account
		if account == "" {
			account = l.opts.Account
		}
		i, there := at[account]
		if !there {
			at[account] = len(lines)
			lines = append(lines, BookingLine{Account: account, Text: it.Text, Amount: amount})
			continue
		}
		if lines[i].Amount, err = lines[i].Amount.Add(amount); err != nil {
			return nil, err
		}
		if it.Text != "" && !slices.Contains(strings.Split(lines[i].Text, ", "), it.Text) && len(lines[i].Text)+len(it.Text) < maxText {
			lines[i].Text = strings.TrimPrefix(lines[i].Text+", "+it.Text, ", ")
		}
	}
	if sum != o.Total {
		return nil, &MismatchError{Order: o.ID, Want: o.Total, Got: sum}
	}
	return lines, nil
}

// ByOrder returns the booking of an order, or ErrNotFound.
func (l *Ledger) ByOrder(ctx context.Context, order OrderID) (Booking, error) {
	if checkLine("order", string(order), maxID) != nil {
		return Booking{}, ErrNotFound
	}
	b, err := l.store.ByOrder(ctx, order)
	if err != nil {
		return Booking{}, fmt.Errorf("%w (booking of %s)", err, order)
	}
	return b, nil
}

// Unbatched counts the bookings that wait for a batch and tells when the oldest
// was made, zero if none waits.
func (l *Ledger) Unbatched(ctx context.Context) (n int, oldest time.Time, err error) {
	return l.store.Unbatched(ctx)
}

// Batches lists batches without their content, the latest first: those with a
// number below before, or all if it is 0. At most limit, 1 to 1000, otherwise
// 100.
func (l *Ledger) Batches(ctx context.Context, before int64, limit int) ([]Batch, error) {
	return l.store.Batches(ctx, before, bounded(limit))
}

// Bookings returns the bookings of a batch by their position, or ErrNotFound.
func (l *Ledger) Bookings(ctx context.Context, number int64) ([]Booking, error) {
	_, bs, err := l.store.Batch(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("%w (batch %d)", err, number)
	}
	return bs, nil
}

// Close puts the bookings that wait, at most BatchSize, into the next batch and
// writes its file. It is false when none waits. Call it in a transaction, on a
// Ledger from With, together with handing over the file; without one a crash
// may leave a batch whose file is written by the first call of File.
// ErrConflict: others close again and again; repeat the call.
func (l *Ledger) Close(ctx context.Context) (Batch, bool, error) {
	for range tries {
		b, err := l.store.Assign(ctx, l.now(), l.opts.BatchSize)
		switch {
		case errors.Is(err, ErrNotFound):
			return Batch{}, false, nil
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return Batch{}, false, fmt.Errorf("%w (closing a batch)", err)
		}
		f, err := l.File(ctx, b.Number)
		if err != nil {
			return Batch{}, false, err
		}
		b.Name, b.MediaType, b.Content, b.SHA256 = f.Name, f.MediaType, f.Content, f.SHA256
		return b, true, nil
	}
	return Batch{}, false, fmt.Errorf("%w (closing a batch)", ErrConflict)
}

// File returns the file of a batch, or ErrNotFound. It is written once and kept,
// so the bytes are the same however often it is asked for, also after the
// layout was changed.
func (l *Ledger) File(ctx context.Context, number int64) (File, error) {
	for range tries {
		b, bookings, err := l.store.Batch(ctx, number)
		if err != nil {
			return File{}, fmt.Errorf("%w (batch %d)", err, number)
		}
		if b.SHA256 != "" {
			return File{Name: b.Name, MediaType: b.MediaType, Content: b.Content, SHA256: b.SHA256}, nil
		}
		f, err := l.opts.Layout.write(b, bookings)
		if err != nil {
			return File{}, err
		}
		sum := sha256.Sum256(f.Content)
		f.SHA256 = hex.EncodeToString(sum[:])
		err = l.store.Seal(ctx, number, f)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, ErrExists) {
			return File{}, fmt.Errorf("%w (batch %d)", err, number)
		}
	}
	return File{}, fmt.Errorf("%w (batch %d)", ErrConflict, number)
}
