package antrag

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/postkorb"
)

// Transfer is the hand-over of a case from one unit to another (Abgabe).
type Transfer struct {
	bun.BaseModel `bun:"table:portal_transfers"`
	ID            string         `bun:"id,pk"`
	Application   string         `bun:"application"`
	From          string         `bun:"from_unit"`
	To            string         `bun:"to_unit"`
	Reason        TransferReason `bun:"reason"`
	Note          string         `bun:"note"` // for the unit that takes over
	Person        string         `bun:"person"`
	At            time.Time      `bun:"at"`
}

// Stay says that a unit which hands a case over goes on taking part in it.
type Stay struct {
	ID     string // of the involvement
	Reason InvolveReason
	Note   string
}

// HandOver gives the lead of a case to another unit of the administration.
// From t it takes ID, To, Reason and Note. Nobody works on the case then, the
// citizen is told which office is responsible, and the unit so far sees the
// case no more unless stay is given: then it is involved with the whole case.
//
// Errors: ErrNotFound, ErrConflict, ErrClosed, *InvolveError.
func (s *Service) HandOver(ctx context.Context, who Actor, id string, version int64, t Transfer, stay *Stay) (Application, error) {
	switch {
	case !s.knows(t.To):
		return Application{}, &InvolveError{"unit"}
	case !slices.Contains(TransferReasons(), t.Reason), t.Reason == TransferOther && t.Note == "":
		return Application{}, &InvolveError{"reason"}
	}
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if t.To == a.LeadUnit {
			return &InvolveError{"unit"}
		}
		now, from := s.now(), a.LeadUnit
		if err := s.takeAway(ctx, tx, p, a, t); err != nil {
			return err
		}
		row := Transfer{ID: t.ID, Application: a.ID, From: from, To: t.To, Reason: t.Reason, Note: t.Note, Person: who.ID, At: now}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		if err := s.changeLead(ctx, tx, a, who, t.To, now); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a.ID, who, "transferred", from+" "+t.To+" "+string(t.Reason), now); err != nil {
			return err
		}
		if stay != nil {
			if err := s.stay(ctx, tx, a, who, from, *stay, now); err != nil {
				return err
			}
		}
		return s.tellCitizen(ctx, p, a, who, from, t.ID)
	})
}

// takeAway takes the case away from the back office of the unit that had it, if
// it has one that answers. A drop folder only keeps what it got.
func (s *Service) takeAway(ctx context.Context, tx bun.Tx, p parts, a *Application, t Transfer) error {
	if _, listens, err := s.delivered(ctx, p, a); err != nil || !listens {
		return err
	}
	return s.callBack(ctx, tx, p, a, "abgabe-"+t.ID, upTransfer)
}

// changeLead moves the lead; what the new unit was involved with before is
// part of it now.
func (s *Service) changeLead(ctx context.Context, tx bun.Tx, a *Application, who Actor, to string, now time.Time) error {
	if err := s.endAll(ctx, tx, a.ID, to, who, EndedByLead); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*Involvement)(nil)).Set("ended_at = ?", now).Where("application = ?", a.ID).Where("kind = 'lead'").Where("ended_at IS NULL").Exec(ctx)
	if err != nil {
		return err
	}
	a.LeadUnit, a.Assignee = to, ""
	return s.join(ctx, tx, a, to, "lead", now)
}

func (s *Service) stay(ctx context.Context, tx bun.Tx, a *Application, who Actor, unit string, stay Stay, now time.Time) error {
	p := Participation{ID: stay.ID, Application: a.ID, Unit: unit, Scope: ScopeWhole, Reason: stay.Reason, Note: stay.Note,
		ByUnit: unit, StartedBy: who.ID, StartedAt: now}
	if err := s.checkInvolvement(p, nil); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
		return err
	}
	if err := s.join(ctx, tx, a, unit, "involved", now); err != nil {
		return err
	}
	return s.log(ctx, tx, a.ID, who, "involved", unit+" "+string(ScopeWhole)+" "+string(stay.Reason), now)
}

// tellCitizen moves the conversation and says which office is responsible now.
func (s *Service) tellCitizen(ctx context.Context, p parts, a *Application, who Actor, from, key string) error {
	thread := postkorb.ThreadID(a.Thread)
	if err := p.inbox.Move(ctx, thread, s.unitParty(from, who.ID), a.LeadUnit); err != nil {
		return err
	}
	_, err := p.inbox.Send(ctx, thread, postkorb.Draft{Kind: postkorb.KindInformation, From: s.unitParty(from, who.ID), Key: "abgabe-" + key,
		Subject: s.Text(a.Lang, "involve.transfer.subject"),
		Body:    s.Text(a.Lang, "involve.transfer.body", "title", a.Title, "reference", a.Reference, "office", s.UnitName(a.LeadUnit))})
	return err
}

// Transfers lists the hand-overs of a case, the oldest first.
func (s *Service) Transfers(ctx context.Context, app string) ([]Transfer, error) {
	var out []Transfer
	err := s.DB.Read.NewSelect().Model(&out).Where("application = ?", app).Order("at", "id").Limit(200).Scan(ctx)
	for i := range out {
		out[i].At = out[i].At.UTC()
	}
	return out, err
}

// Transferred reports whether the hand-over with an id was done.
func (s *Service) Transferred(ctx context.Context, app, id string) (bool, error) {
	return s.DB.Read.NewSelect().Model((*Transfer)(nil)).Where("id = ?", id).Where("application = ?", app).Exists(ctx)
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
