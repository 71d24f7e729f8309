package antrag

import (
	"context"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/postkorb"
)

// Withdraw takes an application back. A delivery that did not go out yet is
// cancelled, an open payment order as well. Errors: ErrNotFound, ErrClosed.
func (s *Service) Withdraw(ctx context.Context, owner, id string) (Application, error) {
	s.askFirst(ctx, owner, id)
	return s.change(ctx, func(ctx context.Context, tx bun.Tx) (Application, error) {
		return s.lock(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("a.owner = ?", owner).Where("a.id = ?", id)
		})
	}, func(ctx context.Context, tx bun.Tx, a *Application) error {
		if a.Closed() {
			return ErrClosed
		}
		p := s.on(tx)
		if _, err := p.inbox.SetStatus(ctx, postkorb.ThreadID(a.Thread), s.citizen(a), postkorb.StatusWithdrawn, ""); err != nil {
			return err
		}
		now := s.now()
		a.Status, a.ClosedAt = postkorb.StatusWithdrawn, now
		if err := s.callBack(ctx, tx, p, a, "rueckzug-"+a.ID, upWithdrawal); err != nil {
			return err
		}
		orders, err := p.orders.ByReference(ctx, a.Reference)
		if err != nil {
			return err
		}
		for _, o := range orders {
			if err := s.takeBack(ctx, tx, p, a, o); err != nil {
				return err
			}
		}
		return s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "withdrawn", "", now)
	})
}

// Supplement adds a message and documents of the citizen to a case. The same
// key again gives ErrTwice.
func (s *Service) Supplement(ctx context.Context, owner, id, subject, body, key string, files []File) (postkorb.Message, error) {
	var m postkorb.Message
	err := s.withOwned(ctx, owner, id, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if err := s.once(ctx, tx, messageKey(a, key)); err != nil {
			return err
		}
		if err := s.claimFiles(ctx, tx, owner, a.ID, files); err != nil {
			return err
		}
		var err error
		m, err = p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindInformation, From: s.citizen(a),
			Subject: subject, Body: body, Attachments: attachments(files), Key: key})
		if err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, a, string(m.ID), upMessage{Kind: upSupplement, Subject: subject, Body: body}, files); err != nil {
			return err
		}
		return s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "supplemented", "", s.now())
	})
	return m, err
}

// Answer replies to a question of the administration; the case goes back to
// the staff. The same key again gives ErrTwice.
func (s *Service) Answer(ctx context.Context, owner, id string, question postkorb.MessageID, body, key string, files []File) (postkorb.Message, error) {
	var m postkorb.Message
	err := s.withOwned(ctx, owner, id, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		if err := s.once(ctx, tx, messageKey(a, key)); err != nil {
			return err
		}
		if err := s.claimFiles(ctx, tx, owner, a.ID, files); err != nil {
			return err
		}
		var err error
		m, err = p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindAnswer, From: s.citizen(a), InReplyTo: question,
			Body: body, Attachments: attachments(files), Key: key})
		if err != nil {
			return err
		}
		asked, err := p.inbox.Message(ctx, question)
		if err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, a, string(m.ID), upMessage{Kind: upAnswer, InReplyTo: inReplyTo(asked), Subject: asked.Subject, Body: body}, files); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "answered", "", s.now()); err != nil {
			return err
		}
		return s.backToReview(ctx, p, a)
	})
	return m, err
}

// Opened notes that somebody has opened messages, all in one transaction: on
// SQLite each of its own waits for the disk. Messages that are gone are left
// out.
func (s *Service) Opened(ctx context.Context, by postkorb.Party, messages []postkorb.MessageID) error {
	if len(messages) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		inbox := s.on(tx).inbox
		for _, id := range messages {
			if err := inbox.MarkOpened(ctx, id, by); err != nil && !errors.Is(err, postkorb.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// Provide fills a slot of a document request. When no slot is left open, the
// case goes back to the staff. The same document again gives ErrTwice.
func (s *Service) Provide(ctx context.Context, owner, id string, request postkorb.MessageID, slot string, f File) error {
	return s.withOwned(ctx, owner, id, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		msg, err := p.inbox.Message(ctx, request)
		if err != nil {
			return err
		}
		if msg.Thread != postkorb.ThreadID(a.Thread) {
			return ErrNotFound
		}
		if received(msg, slot, f) {
			return ErrTwice
		}
		if err := s.claimFiles(ctx, tx, owner, a.ID, []File{f}); err != nil {
			return err
		}
		if err := p.inbox.FillSlot(ctx, request, slot, s.citizen(a), attachments([]File{f})[0]); err != nil {
			return err
		}
		up := upMessage{Kind: upDocument, InReplyTo: inReplyTo(msg), Subject: msg.Subject, Slot: slotLabel(msg, slot)}
		if err := s.tell(ctx, tx, p, a, f.ID, up, []File{f}); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "document-provided", "", s.now()); err != nil {
			return err
		}
		if msg, err = p.inbox.Message(ctx, request); err != nil {
			return err
		}
		for _, sl := range msg.Slots {
			if sl.State == postkorb.SlotOpen || sl.State == postkorb.SlotRejected {
				return nil
			}
		}
		return s.backToReview(ctx, p, a)
	})
}

// received reports whether the document of a slot is this one already.
func received(msg postkorb.Message, slot string, f File) bool {
	for _, sl := range msg.Slots {
		for _, at := range msg.Attachments {
			if sl.ID == slot && sl.State == postkorb.SlotReceived && at.ID == sl.Attachment && at.SHA256 == f.SHA256 && at.Name == f.Name {
				return true
			}
		}
	}
	return false
}

func slotLabel(msg postkorb.Message, slot string) string {
	for _, sl := range msg.Slots {
		if sl.ID == slot {
			return sl.Label
		}
	}
	return ""
}

// backToReview returns a case from "question to you" to the staff.
func (s *Service) backToReview(ctx context.Context, p parts, a *Application) error {
	if a.Status != postkorb.StatusQuestion {
		return nil
	}
	system := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
	if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: system, Status: postkorb.StatusInReview, NoNotice: true}); err != nil {
		return err
	}
	a.Status = postkorb.StatusInReview
	return nil
}

func messageKey(a *Application, key string) string {
	if key == "" {
		return ""
	}
	return "message " + a.ID + " " + key
}

// claimFiles ties uploads to the case they were made for.
func (s *Service) claimFiles(ctx context.Context, tx bun.Tx, owner, app string, files []File) error {
	for _, f := range files {
		res, err := tx.NewUpdate().Model((*File)(nil)).Set("application = ?", app).Where("id = ?", f.ID).Where("owner = ?", owner).
			Where("application IN ('', ?)", app).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNotFound
		}
	}
	return nil
}

func (s *Service) withOwned(ctx context.Context, owner, id string, do func(context.Context, bun.Tx, *Application, parts) error) error {
	_, err := s.change(ctx, func(ctx context.Context, tx bun.Tx) (Application, error) {
		return s.lock(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("a.owner = ?", owner).Where("a.id = ?", id)
		})
	}, func(ctx context.Context, tx bun.Tx, a *Application) error {
		if a.Closed() {
			return ErrClosed
		}
		return do(ctx, tx, a, s.on(tx))
	})
	return err
}

// errUnchanged ends an edit that has written what it had to, but nothing to the
// case itself.
var errUnchanged = errors.New("antrag: case unchanged")

// change reads a case inside a transaction, lets edit work on it and writes
// it back under its version.
func (s *Service) change(ctx context.Context, read func(context.Context, bun.Tx) (Application, error), edit func(context.Context, bun.Tx, *Application) error) (Application, error) {
	var a Application
	err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if a, err = read(ctx, tx); err != nil {
			return err
		}
		old := a.Version
		if err := edit(ctx, tx, &a); err != nil {
			if errors.Is(err, errUnchanged) {
				return nil
			}
			return err
		}
		if a.Closed() {
			if err := s.endAll(ctx, tx, a.ID, "", Actor{Kind: "system"}, EndedByClose); err != nil {
				return err
			}
		}
		a.Version, a.UpdatedAt = old+1, s.now()
		res, err := tx.NewUpdate().Model(&a).Column("status", "assignee", "lead_unit", "received_at", "due_at", "closed_at", "updated_at", "version").
			Where("a.id = ?", a.ID).Where("a.version = ?", old).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrConflict
		}
		return s.wake(ctx, tx, StepNotice, "")
	})
	return a, err
}

// lock reads a case so that nobody else changes it before the transaction
// ends; SQLite has one writer anyway.
func (s *Service) lock(ctx context.Context, tx bun.Tx, where func(*bun.SelectQuery) *bun.SelectQuery) (Application, error) {
	return s.one(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
		if s.DB.Postgres() {
			q = q.For("UPDATE")
		}
		return where(q)
	})
}

// SearchTerm prepares what somebody typed for a LIKE with ESCAPE '!'.
func SearchTerm(s string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(Fold(strings.TrimSpace(s))) + "%"
}
