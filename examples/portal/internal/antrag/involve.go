package antrag

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Scope is what an involved unit learns of a case (Beteiligung).
type Scope string

// The scopes. Of a limited one, documents or question, the unit sees besides
// what is named here only the envelope: reference, service and date of receipt.
const (
	ScopeWhole     Scope = "whole"     // reads the whole case and writes notes
	ScopeDocuments Scope = "documents" // the named documents
	ScopeQuestion  Scope = "question"  // the text of one question, to be answered
)

// Ending is how an involvement ended.
type Ending string

// The ways of ending. An involvement ends with the case at the latest: its
// purpose is over then.
const (
	EndedByHand   Ending = "hand"
	EndedByAnswer Ending = "answered"
	EndedOnDate   Ending = "date"
	EndedByClose  Ending = "closed"
	EndedByLead   Ending = "lead" // the involved unit took over the lead
)

// InvolveReason says why a unit is involved; it stands in the log, so it is a
// code and no text.
type InvolveReason string

// TransferReason says why a case is handed over to another unit.
type TransferReason string

// The reasons.
const (
	InvolveExpertise InvolveReason = "expertise"
	InvolveApproval  InvolveReason = "approval"
	InvolveEvidence  InvolveReason = "evidence"
	InvolveOther     InvolveReason = "other"

	TransferResponsible TransferReason = "responsible"
	TransferTopic       TransferReason = "topic"
	TransferWorkload    TransferReason = "workload"
	TransferOther       TransferReason = "other"
)

// InvolveReasons lists the reasons for an involvement.
func InvolveReasons() []InvolveReason {
	return []InvolveReason{InvolveExpertise, InvolveApproval, InvolveEvidence, InvolveOther}
}

// TransferReasons lists the reasons for a hand-over.
func TransferReasons() []TransferReason {
	return []TransferReason{TransferResponsible, TransferTopic, TransferWorkload, TransferOther}
}

// InvolveError says which part of an involvement or a hand-over cannot be used.
type InvolveError struct {
	// Field is "unit", "scope", "documents", "question", "reason", "answer",
	// or "exists" when the unit is involved with the whole case already.
	Field string
}

// Error implements error.
func (e *InvolveError) Error() string { return "antrag: involvement refused: " + e.Field }

// Participation is one involvement of a unit from its beginning to its end
// (Beteiligung). The row stays when it has ended; the access does not.
type Participation struct {
	bun.BaseModel `bun:"table:portal_involvements,alias:i"`
	ID            string        `bun:"id,pk"`
	Application   string        `bun:"application"`
	Unit          string        `bun:"unit"`
	Scope         Scope         `bun:"scope"`
	Question      string        `bun:"question"`
	Reason        InvolveReason `bun:"reason"`
	Note          string        `bun:"note"` // the reason in words, for those who read the case
	ByUnit        string        `bun:"by_unit"`
	StartedBy     string        `bun:"started_by"`
	StartedAt     time.Time     `bun:"started_at"`
	EndsAt        time.Time     `bun:"ends_at,nullzero"` // access ends then by itself
	EndedAt       time.Time     `bun:"ended_at,nullzero"`
	EndedBy       string        `bun:"ended_by"` // who ended or answered it
	Ending        Ending        `bun:"ending"`
	Answer        string        `bun:"answer"`
	SeenAt        time.Time     `bun:"seen_at,nullzero"` // when the lead took note of the answer

	Documents   []File `bun:"-"` // that the unit may see
	AnswerFiles []File `bun:"-"`
}

// Open reports whether the involvement runs at an instant.
func (p Participation) Open(at time.Time) bool {
	return p.EndedAt.IsZero() && (p.EndsAt.IsZero() || at.Before(p.EndsAt))
}

// Limited reports whether the unit sees a part of the case only.
func (p Participation) Limited() bool { return p.Scope != ScopeWhole }

// News reports whether an answer is there that the lead did not take note of.
func (p Participation) News() bool { return p.Ending == EndedByAnswer && p.SeenAt.IsZero() }

func (p *Participation) utc() {
	for _, t := range []*time.Time{&p.StartedAt, &p.EndsAt, &p.EndedAt, &p.SeenAt} {
		*t = t.UTC()
	}
}

type participationFile struct {
	bun.BaseModel `bun:"table:portal_involvement_files"`
	Involvement   string `bun:"involvement,pk"`
	File          string `bun:"file,pk"`
	Kind          string `bun:"kind"`
}

const (
	fileScope  = "scope"
	fileAnswer = "answer"
)

func (s *Service) knows(unit string) bool {
	return unit != "" && (s.KnownUnit == nil || s.KnownUnit(unit))
}

// Involve lets another unit take part in a case. From p it takes ID, Unit,
// Scope, Question, Reason, Note and EndsAt; documents are files of the case,
// for ScopeDocuments only. The unit that leads the case cannot be involved,
// nor one of another administration, nor one twice with the whole case.
//
// Errors: ErrNotFound, ErrConflict, ErrClosed, *InvolveError.
func (s *Service) Involve(ctx context.Context, who Actor, id string, version int64, p Participation, documents []string) (Application, error) {
	if err := s.checkInvolvement(p, documents); err != nil {
		return Application{}, err
	}
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, _ parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if p.Unit == a.LeadUnit {
			return &InvolveError{"unit"}
		}
		now := s.now()
		row := Participation{ID: p.ID, Application: a.ID, Unit: p.Unit, Scope: p.Scope, Question: p.Question, Reason: p.Reason, Note: p.Note,
			ByUnit: a.LeadUnit, StartedBy: who.ID, StartedAt: now, EndsAt: p.EndsAt.UTC()}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return &InvolveError{"exists"}
		}
		if p.Scope == ScopeWhole {
			if err := s.join(ctx, tx, a, p.Unit, "involved", now); err != nil {
				return err
			}
		}
		if err := s.shareFiles(ctx, tx, a.ID, p.ID, documents); err != nil {
			return err
		}
		return s.log(ctx, tx, a.ID, who, "involved", p.Unit+" "+string(p.Scope)+" "+string(p.Reason), now)
	})
}

func (s *Service) checkInvolvement(p Participation, documents []string) error {
	switch {
	case !s.knows(p.Unit):
		return &InvolveError{"unit"}
	case p.Scope != ScopeWhole && p.Scope != ScopeDocuments && p.Scope != ScopeQuestion:
		return &InvolveError{"scope"}
	case (p.Scope == ScopeDocuments) != (len(documents) > 0):
		return &InvolveError{"documents"}
	case (p.Scope == ScopeQuestion) != (p.Question != ""):
		return &InvolveError{"question"}
	case !slices.Contains(InvolveReasons(), p.Reason), p.Reason == InvolveOther && p.Note == "":
		return &InvolveError{"reason"}
	}
	return nil
}

// join makes a unit one of those that take part in the whole case, again if
// it did before.
func (s *Service) join(ctx context.Context, tx bun.Tx, a *Application, unit, kind string, now time.Time) error {
	_, err := tx.NewInsert().Model(&Involvement{Application: a.ID, Unit: unit, Kind: kind, ReceivedAt: a.ReceivedAt, StartedAt: now}).
		On("CONFLICT (application, unit) DO UPDATE").Set("kind = EXCLUDED.kind").Set("started_at = EXCLUDED.started_at").Set("ended_at = NULL").Exec(ctx)
	return err
}

func (s *Service) shareFiles(ctx context.Context, tx bun.Tx, app, involvement string, documents []string) error {
	for _, file := range documents {
		n, err := tx.NewSelect().Model((*File)(nil)).Where("id = ?", file).Where("application = ?", app).Count(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &InvolveError{"documents"}
		}
		if _, err := tx.NewInsert().Model(&participationFile{Involvement: involvement, File: file, Kind: fileScope}).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// EndInvolvement ends an involvement by hand; the access is over at once.
// ErrConflict when it has ended already.
func (s *Service) EndInvolvement(ctx context.Context, who Actor, app, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return s.endOne(ctx, tx, who, app, id, EndedByHand, "", s.now())
	})
}

// AnswerInvolvement answers the question of an involvement, which ends it. The
// answer waits for the lead: as a reminder for whoever works on the case, or
// who asked, and as a mark until somebody takes note of it. The files are
// uploads of the acting employee. Errors: *InvolveError, ErrConflict when the
// involvement has ended.
func (s *Service) AnswerInvolvement(ctx context.Context, who Actor, app, id, answer string, files []File) error {
	if answer == "" {
		return &InvolveError{"answer"}
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.now()
		if err := s.endOne(ctx, tx, who, app, id, EndedByAnswer, answer, now); err != nil {
			return err
		}
		if err := s.claimFiles(ctx, tx, StaffOwner(who.ID), app, files); err != nil {
			return err
		}
		for _, f := range files {
			if _, err := tx.NewInsert().Model(&participationFile{Involvement: id, File: f.ID, Kind: fileAnswer}).Exec(ctx); err != nil {
				return err
			}
		}
		return s.tellLead(ctx, tx, app, id, now)
	})
}

// tellLead brings the case back today to whoever works on it.
func (s *Service) tellLead(ctx context.Context, tx bun.Tx, app, id string, now time.Time) error {
	a, err := s.one(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.id = ?", app) })
	if err != nil {
		return err
	}
	p := Participation{ID: id}
	if err := tx.NewSelect().Model(&p).WherePK().Scan(ctx); err != nil {
		return err
	}
	person := a.Assignee
	if person == "" && p.ByUnit == a.LeadUnit {
		person = p.StartedBy
	}
	if person == "" {
		return nil // the mark in the list of the unit tells it
	}
	r := &Reminder{ID: "antwort-" + id, Application: app, Person: person, DueOn: now.In(berlin).Format(time.DateOnly),
		Body: s.Text(German, "involve.reminder", "unit", s.UnitName(p.Unit)), CreatedAt: now}
	_, err = tx.NewInsert().Model(r).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	return err
}

// endOne ends an involvement that runs, or returns ErrConflict. The row is the
// lock: whoever comes second changes nothing.
func (s *Service) endOne(ctx context.Context, tx bun.Tx, who Actor, app, id string, how Ending, answer string, now time.Time) error {
	var ended Participation
	err := tx.NewSelect().Model(&ended).Where("i.id = ?", id).Where("i.application = ?", app).Limit(1).Scan(ctx)
	if err != nil {
		return notFound(err)
	}
	if how == EndedByAnswer && ended.Scope != ScopeQuestion {
		return &InvolveError{"scope"}
	}
	q := tx.NewUpdate().Model((*Participation)(nil)).Set("ended_at = ?", now).Set("ended_by = ?", who.ID).Set("ending = ?", how).Set("answer = ?", answer).
		Where("i.id = ?", id).Where("i.ended_at IS NULL")
	if how != EndedOnDate {
		q = q.Where("(i.ends_at IS NULL OR i.ends_at > ?)", now)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrConflict
	}
	if ended.Scope == ScopeWhole {
		if err := s.leave(ctx, tx, app, []string{ended.Unit}, now); err != nil {
			return err
		}
	}
	return s.log(ctx, tx, app, who, "involvement-ended", ended.Unit+" "+string(ended.Scope)+" "+string(how), now)
}

// leave takes the access to the whole case from involved units.
func (s *Service) leave(ctx context.Context, tx bun.Tx, app string, units []string, now time.Time) error {
	_, err := tx.NewUpdate().Model((*Involvement)(nil)).Set("ended_at = ?", now).Where("application = ?", app).Where("unit IN (?)", bun.List(units)).
		Where("kind = 'involved'").Where("ended_at IS NULL").Exec(ctx)
	return err
}

// endAll ends the running involvements of a case, those of one unit when it is
// given.
func (s *Service) endAll(ctx context.Context, tx bun.Tx, app, unit string, who Actor, how Ending) error {
	var running []Participation
	q := tx.NewSelect().Model(&running).Where("i.application = ?", app).Where("i.ended_at IS NULL")
	if unit != "" {
		q = q.Where("i.unit = ?", unit)
	}
	if err := q.Order("i.id").Scan(ctx); err != nil {
		return err
	}
	for _, p := range running {
		err := s.endOne(ctx, tx, who, app, p.ID, how, "", s.now())
		if errors.Is(err, ErrConflict) { // its date came first, or its own end
			err = s.endOne(ctx, tx, Actor{Kind: "system"}, app, p.ID, EndedOnDate, "", s.now())
		}
		if err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// EndDue ends the involvements whose date has come. The staff's pages call it
// before they decide, so the access ends on time whatever the sweeps do.
func (s *Service) EndDue(ctx context.Context) error {
	var due []Participation
	err := s.DB.Read.NewSelect().Model(&due).Column("id", "application").Where("i.ended_at IS NULL").Where("i.ends_at <= ?", s.now()).Limit(500).Scan(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	for _, p := range due {
		err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			return s.endOne(ctx, tx, Actor{Kind: "system"}, p.Application, p.ID, EndedOnDate, "", s.now())
		})
		if err != nil && !errors.Is(err, ErrConflict) { // another instance was faster
			return err
		}
	}
	return nil
}

// SeenAnswer notes that the lead took note of an answer; again it does nothing.
func (s *Service) SeenAnswer(ctx context.Context, app, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Participation)(nil)).Set("seen_at = ?", s.now()).
			Where("i.id = ?", id).Where("i.application = ?", app).Where("i.ending = ?", EndedByAnswer).Where("i.seen_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		_, err = tx.NewUpdate().Model((*Reminder)(nil)).Set("done_at = ?", s.now()).Where("w.id = ?", "antwort-"+id).Where("w.done_at IS NULL").Exec(ctx)
		return err
	})
}
