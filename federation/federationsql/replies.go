package federationsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/federation"
)

// ReplyStore implements [federation.ReplyStore] on a bun handle or transaction.
type ReplyStore struct{ db bun.IDB }

var _ federation.ReplyStore = (*ReplyStore)(nil)

// NewReplies returns a store on db, a *bun.DB or a bun.Tx.
func NewReplies(db bun.IDB) *ReplyStore { return &ReplyStore{db: db} }

type replyRow struct {
	bun.BaseModel `bun:"table:federation_replies,alias:r"`

	Source      string    `bun:"source,pk"`
	ID          string    `bun:"id,pk"`
	Key         string    `bun:"delivery_key"`
	Reference   string    `bun:"reference"`
	Kind        string    `bun:"kind"`
	SHA256      string    `bun:"sha256"`
	Attachments int       `bun:"attachments"`
	At          time.Time `bun:"at"`
	TakenAt     time.Time `bun:"taken_at"`
}

func (r *replyRow) record() federation.ReplyRecord {
	return federation.ReplyRecord{Source: r.Source, ID: r.ID, Key: r.Key, Reference: r.Reference,
		Kind: federation.ReplyKind(r.Kind), SHA256: r.SHA256, Attachments: r.Attachments,
		At: r.At.UTC(), TakenAt: r.TakenAt.UTC()}
}

// Insert implements [federation.ReplyStore].
func (s *ReplyStore) Insert(ctx context.Context, r federation.ReplyRecord) error {
	row := &replyRow{Source: r.Source, ID: r.ID, Key: r.Key, Reference: r.Reference, Kind: string(r.Kind),
		SHA256: r.SHA256, Attachments: r.Attachments, At: stamp(r.At), TakenAt: stamp(r.TakenAt)}
	res, err := s.db.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("federationsql: insert reply: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("federationsql: insert reply: %w", err)
	} else if n == 0 {
		return federation.ErrExists
	}
	return nil
}

// Reply implements [federation.ReplyStore].
func (s *ReplyStore) Reply(ctx context.Context, source, id string) (federation.ReplyRecord, error) {
	var row replyRow
	err := s.db.NewSelect().Model(&row).Where("r.source = ?", source).Where("r.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return federation.ReplyRecord{}, federation.ErrNotFound
	}
	if err != nil {
		return federation.ReplyRecord{}, fmt.Errorf("federationsql: reply: %w", err)
	}
	return row.record(), nil
}

// Replies implements [federation.ReplyStore].
func (s *ReplyStore) Replies(ctx context.Context, reference string) ([]federation.ReplyRecord, error) {
	var rows []replyRow
	err := s.db.NewSelect().Model(&rows).Where("r.reference = ?", reference).
		Order("r.taken_at", "r.source", "r.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("federationsql: replies: %w", err)
	}
	var out []federation.ReplyRecord
	for i := range rows {
		out = append(out, rows[i].record())
	}
	return out, nil
}
