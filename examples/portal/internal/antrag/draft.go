package antrag

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// draftLife is how long a draft is kept after the last change.
const draftLife = 30 * 24 * time.Hour

// Draft is an application that was not sent yet.
type Draft struct {
	ID          string
	Owner       string
	Assistant   string
	Version     string // of the assistant; a draft stays on it
	Service     string // id of the service it was started from
	Area        string
	Answers     assistant.Answers
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ExpiresAt   time.Time
	Application string // set once it was sent
	Rev         int64
}

type draftRow struct {
	bun.BaseModel `bun:"table:portal_drafts"`
	ID            string    `bun:"id,pk"`
	Owner         string    `bun:"owner"`
	Assistant     string    `bun:"assistant"`
	Version       string    `bun:"assistant_version"`
	Service       string    `bun:"service"`
	Area          string    `bun:"area"`
	Answers       string    `bun:"answers"`
	CreatedAt     time.Time `bun:"created_at"`
	UpdatedAt     time.Time `bun:"updated_at"`
	ExpiresAt     time.Time `bun:"expires_at"`
	Application   string    `bun:"application"`
	Rev           int64     `bun:"version"`
}

func (d Draft) row() (*draftRow, error) {
	raw, err := json.Marshal(d.Answers)
	if err != nil {
		return nil, err
	}
	return &draftRow{ID: d.ID, Owner: d.Owner, Assistant: d.Assistant, Version: d.Version, Service: d.Service, Area: d.Area,
		Answers: string(raw), CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, ExpiresAt: d.ExpiresAt, Application: d.Application, Rev: d.Rev}, nil
}

func (r *draftRow) draft() (Draft, error) {
	d := Draft{ID: r.ID, Owner: r.Owner, Assistant: r.Assistant, Version: r.Version, Service: r.Service, Area: r.Area,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Application: r.Application, Rev: r.Rev}
	return d, json.Unmarshal([]byte(r.Answers), &d.Answers)
}

// StartDraft makes a draft for an owner: an account or a visitor's key.
func (s *Service) StartDraft(ctx context.Context, owner string, def *assistant.Definition, service, area string) (Draft, error) {
	now := s.now()
	d := Draft{ID: newID(), Owner: owner, Assistant: def.ID, Version: def.Version, Service: service, Area: area,
		Answers: def.Start(), CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(draftLife), Rev: 1}
	row, err := d.row()
	if err != nil {
		return Draft{}, err
	}
	_, err = s.DB.Write.NewInsert().Model(row).Exec(ctx)
	return d, err
}

// Draft returns an owner's draft, sent or not, or ErrNotFound; also when it
// belongs to somebody else or its time is over.
func (s *Service) Draft(ctx context.Context, owner, id string) (Draft, error) {
	var row draftRow
	err := s.DB.Read.NewSelect().Model(&row).Where("id = ?", id).Where("owner = ?", owner).Where("expires_at > ?", s.now()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Draft{}, ErrNotFound
	}
	if err != nil {
		return Draft{}, err
	}
	return row.draft()
}

// SaveDraft writes answers and place. It returns ErrConflict when another
// tab saved meanwhile and ErrSubmitted when the draft was sent.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	now := s.now()
	old := d.Rev
	d.Rev, d.UpdatedAt, d.ExpiresAt = old+1, now, now.Add(draftLife)
	row, err := d.row()
	if err != nil {
		return Draft{}, err
	}
	res, err := s.DB.Write.NewUpdate().Model(row).Column("answers", "area", "updated_at", "expires_at", "version").
		Where("id = ?", d.ID).Where("owner = ?", d.Owner).Where("version = ?", old).Where("application = ''").Exec(ctx)
	if err != nil {
		return Draft{}, err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		cur, err := s.Draft(ctx, d.Owner, d.ID)
		switch {
		case err != nil:
			return Draft{}, err
		case cur.Application != "":
			return Draft{}, ErrSubmitted
		}
		return Draft{}, ErrConflict
	}
	return d, nil
}

// Drafts lists what an owner has not sent yet, the latest first.
func (s *Service) Drafts(ctx context.Context, owner string) ([]Draft, error) {
	var rows []draftRow
	err := s.DB.Read.NewSelect().Model(&rows).Where("owner = ?", owner).Where("application = ''").
		Where("expires_at > ?", s.now()).Order("updated_at DESC", "id").Limit(50).Scan(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Draft, 0, len(rows))
	for i := range rows {
		d, err := rows[i].draft()
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// DeleteDraft removes a draft that was not sent, with its files.
func (s *Service) DeleteDraft(ctx context.Context, owner, id string) error {
	var blobs []string
	err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*draftRow)(nil)).Where("id = ?", id).Where("owner = ?", owner).Where("application = ''").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNotFound
		}
		if err := tx.NewSelect().Model((*File)(nil)).Column("blob").Where("draft = ?", id).Where("application = ''").Scan(ctx, &blobs); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*File)(nil)).Where("draft = ?", id).Where("application = ''").Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range blobs {
		if err := s.Blobs.Delete(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// Adopt gives everything of a visitor to the account that just logged in.
func (s *Service) Adopt(ctx context.Context, visitor, owner string) error {
	if visitor == owner || visitor == "" || owner == "" {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("owner = ?", owner).Where("owner = ?", visitor).Where("application = ''").Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*File)(nil)).Set("owner = ?", owner).Where("owner = ?", visitor).Where("application = ''").Exec(ctx)
		return err
	})
}

// PurgeDrafts removes drafts whose time is over, with their files. Of one that
// was sent, the case has everything; what its owner uploaded and left out goes
// with PurgeFiles.
func (s *Service) PurgeDrafts(ctx context.Context) error {
	if _, err := s.DB.Write.NewDelete().Model((*draftRow)(nil)).Where("expires_at <= ?", s.now()).Where("application <> ''").Exec(ctx); err != nil {
		return err
	}
	var rows []draftRow
	err := s.DB.Read.NewSelect().Model(&rows).Column("id", "owner").Where("expires_at <= ?", s.now()).Where("application = ''").Limit(500).Scan(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.DeleteDraft(ctx, r.Owner, r.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}
