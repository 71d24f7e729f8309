package antrag

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/postkorb"
)

// Keys of deliveries: the application itself, and what the citizen writes
// afterwards. A back office names them in its replies.
const (
	KeyApplication = "antrag-"
	KeyMessage     = "nachricht-"
)

// MessageType is the media type of what the citizen writes after the
// application.
const MessageType = "application/vnd.stadttor.message+json"

// replyKey begins the key of a message that a back office wrote; the id that
// the back office gave it follows.
const replyKey = "fach:"

// FromBackOffice reports whether a message of the administration was written in
// a back office and came with a reply.
func FromBackOffice(m postkorb.Message) bool {
	return m.From.Kind == postkorb.PartyUnit && strings.HasPrefix(m.Key, replyKey)
}

// Message kinds that go to a back office.
const (
	upAnswer     = "answer"
	upDocument   = "document"
	upSupplement = "supplement"
	upWithdrawal = "withdrawal"
	upTransfer   = "transfer" // another unit is responsible now; nothing follows
)

// upMessage is what a back office gets of a message of the citizen.
type upMessage struct {
	Kind      string    `json:"kind"`
	InReplyTo string    `json:"inReplyTo,omitempty"` // id of the back office's own message
	Subject   string    `json:"subject,omitempty"`
	Body      string    `json:"body,omitempty"`
	Slot      string    `json:"slot,omitempty"` // label of the document that was asked for
	At        time.Time `json:"at"`
}

// inReplyTo is the back office's id of a message that it wrote, or the id of a
// message that the staff wrote in the portal.
func inReplyTo(m postkorb.Message) string {
	if FromBackOffice(m) {
		return strings.TrimPrefix(m.Key, replyKey)
	}
	return string(m.ID)
}

// delivered finds the delivery of the application itself, when the case has
// one that goes to a back office which listens for what follows.
func (s *Service) delivered(ctx context.Context, p parts, a *Application) (d federation.Delivery, ok bool, err error) {
	if s.TwoWay == nil {
		return d, false, nil
	}
	if gone, err := s.elsewhere(ctx, p.db, a.ID, a.LeadUnit); err != nil || gone {
		return d, false, err
	}
	list, err := p.outbox.ByReference(ctx, a.Reference)
	for _, d := range list {
		if d.Key == KeyApplication+a.ID {
			return d, d.State != federation.StateCancelled && s.TwoWay(d.Destination), err
		}
	}
	return d, false, err
}

// elsewhere reports whether a case led by the unit was handed over to it by the
// unit that a back office works for. That office has nothing to do with the
// case then, until it comes back.
func (s *Service) elsewhere(ctx context.Context, db bun.IDB, app, lead string) (bool, error) {
	var first Transfer
	err := db.NewSelect().Model(&first).Column("from_unit").Where("application = ?", app).Order("at", "id").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && first.From != lead, err
}

// tell sends what the citizen wrote to the back office that has the case; id is
// that of the message. It is a row like every delivery, in the transaction of
// the message itself.
func (s *Service) tell(ctx context.Context, tx bun.Tx, p parts, a *Application, id string, m upMessage, files []File) error {
	first, ok, err := s.delivered(ctx, p, a)
	if err != nil || !ok {
		return err
	}
	m.At = s.now()
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	d := federation.Delivery{Key: KeyMessage + id, Destination: first.Destination, Subject: a.Service, Reference: a.Reference,
		Payload: federation.Payload{MediaType: MessageType, Body: body}, Attachments: parcels(files)}
	sent, err := p.outbox.Enqueue(ctx, d)
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, StepDelivery, sent.ID)
}

func parcels(files []File) []federation.Part {
	var out []federation.Part
	for _, f := range files {
		out = append(out, federation.Part{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size, BlobKey: f.Blob})
	}
	return out
}

// callBack takes deliveries back of a case that was withdrawn or handed over to
// another unit. What nobody has tried to send is cancelled. A back office that
// listens and may have got the application, because a try has been made, gets
// all of it and then the message of the kind under the id: otherwise it might
// work on for nothing.
func (s *Service) callBack(ctx context.Context, tx bun.Tx, p parts, a *Application, id, kind string) error {
	first, listens, err := s.delivered(ctx, p, a)
	if err != nil {
		return err
	}
	if listens && (first.State != federation.StateQueued || first.LastError != "") {
		return s.tell(ctx, tx, p, a, id, upMessage{Kind: kind}, nil)
	}
	deliveries, err := p.outbox.ByReference(ctx, a.Reference)
	if err != nil {
		return err
	}
	tried := false
	for _, d := range deliveries {
		if d.State != federation.StateQueued {
			continue
		}
		err := p.outbox.Cancel(ctx, d.ID)
		var sent *federation.StateError
		if errors.Is(err, federation.ErrConflict) || errors.As(err, &sent) {
			// It goes out this very moment.
			tried = tried || d.ID == first.ID
			continue
		}
		if err != nil {
			return err
		}
	}
	if listens && tried {
		return s.tell(ctx, tx, p, a, id, upMessage{Kind: kind}, nil)
	}
	return nil
}

// RetryDelivery brings the next attempt of a delivery of the case forward, also
// of one that was given up. Errors: ErrNotFound, *federation.StateError when
// there is nothing to try again, federation.ErrConflict.
func (s *Service) RetryDelivery(ctx context.Context, who Actor, id, delivery string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		a, err := s.one(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.id = ?", id) })
		if err != nil {
			return err
		}
		outbox := s.on(tx).outbox
		d, err := outbox.Get(ctx, delivery)
		if errors.Is(err, federation.ErrNotFound) || err == nil && d.Reference != a.Reference {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := outbox.Retry(ctx, d.ID); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a.ID, who, "delivery-retried", "", s.now()); err != nil {
			return err
		}
		return s.wake(ctx, tx, StepDelivery, d.ID)
	})
}
