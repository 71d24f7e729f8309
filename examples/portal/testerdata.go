package portal

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/tester"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
)

// What follows is read for the tester's pages: envelopes, ids and codes.

// notices are those about a case. Their receivers are nobody's business.
func (p *Portal) notices(ctx context.Context, application string) ([]tester.Notice, error) {
	var rows []struct {
		ID        string    `bun:"id"`
		State     string    `bun:"state"`
		LastError string    `bun:"last_error"`
		Attempts  int       `bun:"attempts"`
		CreatedAt time.Time `bun:"created_at"`
	}
	err := p.db.Read.NewSelect().TableExpr("postkorb_notices AS n").Column("n.id", "n.state", "n.last_error", "n.attempts", "n.created_at").
		Join("JOIN portal_applications AS a ON a.thread = n.thread_id").Where("a.id = ?", application).Order("n.created_at", "n.id").Scan(ctx, &rows)
	var out []tester.Notice
	for _, n := range rows {
		out = append(out, tester.Notice{ID: n.ID, State: n.State, LastError: n.LastError, Attempts: n.Attempts, Created: n.CreatedAt.UTC()})
	}
	return out, err
}

// repliesTo are what back offices wrote about a case.
func (p *Portal) repliesTo(ctx context.Context, reference string) ([]federation.ReplyRecord, error) {
	return federationsql.NewReplies(p.db.Read).Replies(ctx, reference)
}

// payments are the latest orders, or those of a case, with their attempts.
func (p *Portal) payments(ctx context.Context, reference string, limit int) ([]tester.Payment, error) {
	var orders []struct {
		ID        string       `bun:"id"`
		Reference string       `bun:"reference"`
		Ref       string       `bun:"ref"`
		State     string       `bun:"state"`
		Minor     int64        `bun:"total_minor"`
		CreatedAt time.Time    `bun:"created_at"`
		PaidAt    bun.NullTime `bun:"paid_at"`
	}
	q := p.db.Read.NewSelect().Table("payment_orders").Column("id", "reference", "ref", "state", "total_minor", "created_at", "paid_at").
		Order("created_at DESC", "id").Limit(int64(limit))
	if reference != "" {
		q = q.Where("reference = ?", reference)
	}
	if err := q.Scan(ctx, &orders); err != nil || len(orders) == 0 {
		return nil, err
	}
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	var attempts []struct {
		Order     string       `bun:"order_id"`
		TxID      string       `bun:"txid"`
		State     string       `bun:"state"`
		LastError string       `bun:"last_error"`
		Asked     int          `bun:"asked"`
		CreatedAt time.Time    `bun:"created_at"`
		EndedAt   bun.NullTime `bun:"ended_at"`
	}
	err := p.db.Read.NewSelect().Table("payment_attempts").Column("order_id", "txid", "state", "last_error", "asked", "created_at", "ended_at").
		Where("order_id IN (?)", bun.List(ids)).Order("created_at", "id").Scan(ctx, &attempts)
	if err != nil {
		return nil, err
	}
	by := map[string][]tester.Attempt{}
	for _, a := range attempts {
		by[a.Order] = append(by[a.Order], tester.Attempt{TxID: a.TxID, State: a.State, LastError: a.LastError, Asked: a.Asked, Created: a.CreatedAt.UTC(), Ended: a.EndedAt.UTC()})
	}
	out := make([]tester.Payment, 0, len(orders))
	for _, o := range orders {
		out = append(out, tester.Payment{Order: o.ID, Reference: o.Reference, Kassenzeichen: o.Ref, State: o.State, Cents: o.Minor,
			Created: o.CreatedAt.UTC(), Paid: o.PaidAt.UTC(), Attempts: by[o.ID]})
	}
	return out, nil
}

// maxBatches is how many files of bookings the tester's page lists.
const maxBatches = 100

func (p *Portal) batches(ctx context.Context) ([]tester.Batch, error) {
	if p.parts.ledger == nil {
		return nil, nil
	}
	list, err := p.parts.ledger.Batches(ctx, 0, maxBatches)
	var out []tester.Batch
	for _, b := range list {
		out = append(out, tester.Batch{Number: b.Number, Bookings: b.Count, Cents: b.Sum.Minor, Closed: b.At})
	}
	return out, err
}

func (p *Portal) batchFile(ctx context.Context, n int64) (name, media string, content []byte, err error) {
	if p.parts.ledger == nil {
		return "", "", nil, web.ErrNotFound
	}
	f, err := p.parts.ledger.File(ctx, n)
	if errors.Is(err, payment.ErrNotFound) {
		err = web.ErrNotFound
	}
	return f.Name, f.MediaType, f.Content, err
}
