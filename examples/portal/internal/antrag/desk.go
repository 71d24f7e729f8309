package antrag

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// Visible restricts a query over portal_applications (alias a) to the cases
// that somebody of the staff may see. There is no way to list without it.
type Visible func(*bun.SelectQuery) *bun.SelectQuery

// Query says which cases of the staff's list are wanted.
type Query struct {
	Text     string // reference, or part of the applicant's name
	Status   postkorb.Status
	Open     bool // only cases that have not ended
	Closed   bool // only cases that have ended
	Unit     string
	Assignee string
	Nobody   bool // only cases that nobody has taken
	Service  string
	// After continues behind the case with this place in the list.
	AfterTime time.Time
	AfterID   string
	Limit     int // default 25, at most 100
}

// countLimit is up to where hits are counted exactly.
const countLimit = 1000

// List returns a page of visible cases, latest receipt first, and how many
// there are, exact up to 1,000; more is true when there are further ones.
func (s *Service) List(ctx context.Context, visible Visible, q Query) (page []Application, count int, more bool, err error) {
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = 25
	}
	base := func() *bun.SelectQuery {
		return visible(q.restrict(s.DB.Read.NewSelect().Model((*Application)(nil))))
	}
	sub := base().Column("a.id").Limit(countLimit + 1)
	hits, err := s.DB.Read.NewSelect().TableExpr("(?) AS hits", sub).Count(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	count = int(hits)
	sel := visible(q.restrict(s.DB.Read.NewSelect().Model(&page).ExcludeColumn("payload", "answers")))
	if !q.AfterTime.IsZero() {
		sel = sel.Where("(a.received_at < ? OR (a.received_at = ? AND a.id < ?))", q.AfterTime.UTC(), q.AfterTime.UTC(), q.AfterID)
	}
	if err := sel.Order("a.received_at DESC", "a.id DESC").Limit(int64(q.Limit) + 1).Scan(ctx); err != nil {
		return nil, 0, false, err
	}
	if more = len(page) > q.Limit; more {
		page = page[:q.Limit]
	}
	for i := range page {
		page[i].utc()
	}
	return page, count, more, nil
}

func (q Query) restrict(sel *bun.SelectQuery) *bun.SelectQuery {
	if t := strings.TrimSpace(q.Text); t != "" {
		if ref, ok := ParseReference(t); ok {
			sel = sel.Where("a.reference = ?", ref)
		} else {
			// Part of a reference is found however it was grouped.
			ref := SearchTerm(strings.NewReplacer("-", "", " ", "", ".", "", "/", "").Replace(t))
			sel = sel.Where("(a.applicant_folded LIKE ? ESCAPE '!' OR REPLACE(LOWER(a.reference), '-', '') LIKE ? ESCAPE '!')", SearchTerm(t), ref)
		}
	}
	if q.Status != "" {
		sel = sel.Where("a.status = ?", q.Status)
	}
	if q.Open {
		sel = sel.Where("a.closed_at IS NULL")
	}
	if q.Closed {
		sel = sel.Where("a.closed_at IS NOT NULL")
	}
	if q.Unit != "" {
		sel = sel.Where("a.lead_unit = ?", q.Unit)
	}
	if q.Nobody {
		sel = sel.Where("a.assignee = ''")
	} else if q.Assignee != "" {
		sel = sel.Where("a.assignee = ?", q.Assignee)
	}
	if q.Service != "" {
		sel = sel.Where("a.service = ?", q.Service)
	}
	return sel
}

// Get returns a case that may be seen, or ErrNotFound for every other id.
func (s *Service) Get(ctx context.Context, visible Visible, id string) (Application, error) {
	return s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery { return visible(q.Where("a.id = ?", id)) })
}

// Units returns the units that take part in a case now.
func (s *Service) Units(ctx context.Context, id string) ([]Involvement, error) {
	var out []Involvement
	err := s.DB.Read.NewSelect().Model(&out).Where("application = ?", id).Where("ended_at IS NULL").Order("unit").Scan(ctx)
	return out, err
}

// OrdersOf returns the payment orders of a case.
func (s *Service) OrdersOf(ctx context.Context, a Application) ([]payment.Order, error) {
	return s.Orders.ByReference(ctx, a.Reference)
}

// act changes a case for somebody of the staff. version 0 takes whatever
// version there is.
func (s *Service) act(ctx context.Context, id string, version int64, do func(context.Context, bun.Tx, *Application, parts) error) (Application, error) {
	return s.change(ctx, func(ctx context.Context, tx bun.Tx) (Application, error) {
		return s.lock(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.id = ?", id) })
	}, func(ctx context.Context, tx bun.Tx, a *Application) error {
		if version != 0 && a.Version != version {
			return ErrConflict
		}
		return do(ctx, tx, a, s.on(tx))
	})
}

// SetStatus moves a case to a status and tells the citizen.
func (s *Service) SetStatus(ctx context.Context, who Actor, id string, version int64, to postkorb.Status, note string) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if err := s.unpaid(ctx, p, a); err != nil {
			return err
		}
		if err := s.move(ctx, p, a, who, to, note); err != nil {
			return err
		}
		return s.log(ctx, tx, id, who, "status", string(to), s.now())
	})
}

func (s *Service) move(ctx context.Context, p parts, a *Application, who Actor, to postkorb.Status, note string) error {
	if _, err := p.inbox.SetStatus(ctx, postkorb.ThreadID(a.Thread), s.unitParty(a.LeadUnit, who.ID), to, note); err != nil {
		return err
	}
	a.Status = to
	if Ended(to) {
		a.ClosedAt = s.now()
	} else {
		a.ClosedAt = time.Time{}
	}
	return nil
}

// Take gives a case to a person of the staff; an empty person gives it back.
// ErrClosed when the case has ended.
func (s *Service) Take(ctx context.Context, who Actor, id string, version int64, person string) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if err := s.unpaid(ctx, p, a); err != nil {
			return err
		}
		a.Assignee = person
		if person != "" && a.Status == postkorb.StatusReceived {
			if err := s.move(ctx, p, a, who, postkorb.StatusInReview, ""); err != nil {
				return err
			}
		}
		return s.log(ctx, tx, id, who, "assigned", person, s.now())
	})
}

// Ask sends a question to the citizen; the case waits for the answer.
func (s *Service) Ask(ctx context.Context, who Actor, id string, version int64, subject, body string, due time.Time, key string) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if err := s.unpaid(ctx, p, a); err != nil {
			return err
		}
		_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindQuestion, From: s.unitParty(a.LeadUnit, who.ID),
			Subject: subject, Body: body, DueAt: due, Key: key})
		if err != nil {
			return err
		}
		return s.waits(ctx, tx, p, a, who, "asked")
	})
}

// Request asks the citizen for documents (Nachforderung), one slot each.
func (s *Service) Request(ctx context.Context, who Actor, id string, version int64, subject, body string, labels []string, due time.Time, key string) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if err := s.unpaid(ctx, p, a); err != nil {
			return err
		}
		slots := make([]postkorb.Slot, 0, len(labels))
		for _, l := range labels {
			slots = append(slots, postkorb.Slot{Label: l})
		}
		_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindDocumentRequest, From: s.unitParty(a.LeadUnit, who.ID),
			Subject: subject, Body: body, Slots: slots, DueAt: due, Key: key})
		if err != nil {
			return err
		}
		return s.waits(ctx, tx, p, a, who, "documents-requested")
	})
}

func (s *Service) waits(ctx context.Context, tx bun.Tx, p parts, a *Application, who Actor, action string) error {
	if a.Status != postkorb.StatusQuestion {
		from := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
		// The question itself is announced; a second notice would be noise.
		if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: from, Status: postkorb.StatusQuestion, NoNotice: true}); err != nil {
			return err
		}
		a.Status = postkorb.StatusQuestion
	}
	return s.log(ctx, tx, a.ID, who, action, "", s.now())
}

// Review accepts or rejects a document that the citizen provided.
func (s *Service) Review(ctx context.Context, who Actor, id string, request postkorb.MessageID, slot string, accept bool, reason string) (Application, error) {
	return s.act(ctx, id, 0, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		msg, err := p.inbox.Message(ctx, request)
		if err != nil {
			return err
		}
		if msg.Thread != postkorb.ThreadID(a.Thread) {
			return ErrNotFound
		}
		if err := p.inbox.ReviewSlot(ctx, request, slot, s.unitParty(a.LeadUnit, who.ID), accept, reason); err != nil {
			return err
		}
		action := "document-accepted"
		if !accept {
			action = "document-rejected"
			return s.waits(ctx, tx, p, a, who, action)
		}
		return s.log(ctx, tx, id, who, action, "", s.now())
	})
}

// StaffOwner is the owner of what an employee uploads, until it is sent.
func StaffOwner(person string) string { return "amt:" + person }

// Inform sends a message that needs no answer. The files are uploads of the
// acting employee (see StaffOwner) that belong to no draft.
func (s *Service) Inform(ctx context.Context, who Actor, id string, version int64, subject, body, key string, files []File) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if err := s.claimFiles(ctx, tx, StaffOwner(who.ID), a.ID, files); err != nil {
			return err
		}
		_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindInformation, From: s.unitParty(a.LeadUnit, who.ID),
			Subject: subject, Body: body, Attachments: attachments(files), Key: key})
		if err != nil {
			return err
		}
		return s.log(ctx, tx, id, who, "informed", "", s.now())
	})
}

// Decide sends the decision (Bescheid) with its documents and ends the case
// with the given status. The files are as for Inform.
func (s *Service) Decide(ctx context.Context, who Actor, id string, version int64, to postkorb.Status, subject, body, key string, files []File) (Application, error) {
	return s.act(ctx, id, version, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if a.Closed() {
			return ErrClosed
		}
		if err := s.unpaid(ctx, p, a); err != nil {
			return err
		}
		if !Ended(to) || to == postkorb.StatusWithdrawn {
			return ErrConflict
		}
		if err := s.claimFiles(ctx, tx, StaffOwner(who.ID), a.ID, files); err != nil {
			return err
		}
		_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindDecision, From: s.unitParty(a.LeadUnit, who.ID),
			Subject: subject, Body: body, Attachments: attachments(files), Key: key})
		if err != nil {
			return err
		}
		from := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
		if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: from, Status: to, NoNotice: true}); err != nil {
			return err
		}
		a.Status, a.ClosedAt = to, s.now()
		return s.log(ctx, tx, id, who, "decided", string(to), s.now())
	})
}

// Note is an internal remark (Vermerk) that no citizen sees.
type Note struct {
	bun.BaseModel `bun:"table:portal_notes"`
	ID            string    `bun:"id,pk"`
	Application   string    `bun:"application"`
	Person        string    `bun:"person"`
	Body          string    `bun:"body"`
	CreatedAt     time.Time `bun:"created_at"`
}

// AddNote writes an internal remark; the same id again writes nothing.
func (s *Service) AddNote(ctx context.Context, who Actor, app, id, body string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewInsert().Model(&Note{ID: id, Application: app, Person: who.ID, Body: body, CreatedAt: s.now()}).On("CONFLICT (id) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		return s.log(ctx, tx, app, who, "note", "", s.now())
	})
}

// Notes lists the remarks on a case, oldest first.
func (s *Service) Notes(ctx context.Context, app string) ([]Note, error) {
	var out []Note
	err := s.DB.Read.NewSelect().Model(&out).Where("application = ?", app).Order("created_at", "id").Limit(200).Scan(ctx)
	return out, err
}

// Reminder brings a case back on a day (Wiedervorlage).
type Reminder struct {
	bun.BaseModel `bun:"table:portal_reminders,alias:w"`
	ID            string    `bun:"id,pk"`
	Application   string    `bun:"application"`
	Person        string    `bun:"person"`
	DueOn         string    `bun:"due_on"` // 2006-01-02
	Body          string    `bun:"body"`
	CreatedAt     time.Time `bun:"created_at"`
	DoneAt        time.Time `bun:"done_at,nullzero"`
}

// AddReminder notes a reminder; the same id again writes nothing.
func (s *Service) AddReminder(ctx context.Context, who Actor, app, id string, on time.Time, body string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r := &Reminder{ID: id, Application: app, Person: who.ID, DueOn: on.Format(time.DateOnly), Body: body, CreatedAt: s.now()}
		res, err := tx.NewInsert().Model(r).On("CONFLICT (id) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		return s.log(ctx, tx, app, who, "reminder", r.DueOn, s.now())
	})
}

// Reminders lists the open reminders of a person on visible cases, or of one
// case when app is given, earliest first.
func (s *Service) Reminders(ctx context.Context, visible Visible, person, app string) ([]Reminder, error) {
	var out []Reminder
	q := s.DB.Read.NewSelect().Model(&out).Where("w.done_at IS NULL").
		Where("w.application IN (?)", visible(s.DB.Read.NewSelect().Model((*Application)(nil)).Column("a.id")))
	if person != "" {
		q = q.Where("w.person = ?", person)
	}
	if app != "" {
		q = q.Where("w.application = ?", app)
	}
	err := q.Order("w.due_on", "w.id").Limit(200).Scan(ctx)
	return out, err
}

// DoneReminder ends a reminder of a case.
func (s *Service) DoneReminder(ctx context.Context, who Actor, app, id string) error {
	res, err := s.DB.Write.NewUpdate().Model((*Reminder)(nil)).Set("done_at = ?", s.now()).
		Where("id = ?", id).Where("application = ?", app).Where("done_at IS NULL").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrNotFound
	}
	return nil
}
