package antrag

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/postkorb"
)

// ReplyReason says why a reply of a back office is refused for good.
type ReplyReason string

// The reasons why a reply is refused.
const (
	ReplyForeign    ReplyReason = "foreign"    // of another destination or case, or of none
	ReplyClosed     ReplyReason = "closed"     // the case has ended
	ReplyMoved      ReplyReason = "moved"      // another unit is responsible now
	ReplyStatus     ReplyReason = "status"     // no status that a back office can set here
	ReplyAttachment ReplyReason = "attachment" // a file of a kind that is not taken
	ReplyInvalid    ReplyReason = "invalid"    // a text that cannot be shown
)

// ReplyError says why a reply is refused. The back office need not come back
// with it.
type ReplyError struct{ Reason ReplyReason }

// Error implements error.
func (e *ReplyError) Error() string { return "antrag: reply refused: " + string(e.Reason) }

// maxReplyID leaves room for what is put in front of it in the key of a message.
const maxReplyID = 180

// replyFileLimit is the greatest size of one file that comes with a reply.
const replyFileLimit = 32 << 20

// BackOfficeOwner is the owner of what comes from a back office until it is
// part of a case.
func BackOfficeOwner(source string) string { return "fach:" + source }

// Reply applies what a back office says about a delivery: exactly once for each
// source and id, noted in the same transaction as its effect. First is false
// for a repetition, which changes nothing.
//
// Errors: *ReplyError, *federation.InvalidError, federation.ErrExists when the
// id was used for something else, and those of the stores; then the back office
// comes back.
func (s *Service) Reply(ctx context.Context, r federation.Reply) (a Application, first bool, err error) {
	if err := r.Validate(); err != nil {
		return Application{}, false, err
	}
	if len(r.ID) > maxReplyID {
		return Application{}, false, &ReplyError{ReplyInvalid}
	}
	if a, err = s.answered(ctx, r); err != nil {
		return Application{}, false, err
	}
	files, err := s.replyFiles(ctx, r)
	if err != nil {
		return Application{}, false, err
	}
	drop := files
	defer func() {
		for _, f := range drop {
			// What stays behind belongs to nothing and goes with PurgeFiles.
			err = errors.Join(err, s.dropFile(context.WithoutCancel(ctx), f))
		}
	}()
	out, err := s.act(ctx, a.ID, 0, func(ctx context.Context, tx bun.Tx, a *Application, p parts) error {
		first, err := s.Inlet.With(s.Replies(tx)).Take(ctx, r)
		if err != nil {
			return err
		}
		if !first {
			return ErrTwice
		}
		if gone, err := s.elsewhere(ctx, tx, a.ID, a.LeadUnit); err != nil || gone {
			return cmp.Or(err, error(&ReplyError{ReplyMoved}))
		}
		return s.apply(ctx, tx, p, a, r, files)
	})
	if errors.Is(err, ErrTwice) {
		return a, false, nil
	}
	if err != nil {
		return Application{}, false, refusal(err)
	}
	drop = nil
	return out, true, nil
}

// refusal turns what will never go well into a refusal; everything else may be
// tried again.
func refusal(err error) error {
	var step *postkorb.StatusError
	var invalid *postkorb.InvalidError
	switch {
	case errors.As(err, &step):
		return &ReplyError{ReplyStatus}
	case errors.As(err, &invalid):
		return &ReplyError{ReplyInvalid}
	case errors.Is(err, ErrClosed), errors.Is(err, postkorb.ErrClosed):
		return &ReplyError{ReplyClosed}
	}
	return err
}

// answered finds the case of a reply. The delivery that it answers must have
// gone to the source of the reply, and the reference must be that of its case.
func (s *Service) answered(ctx context.Context, r federation.Reply) (Application, error) {
	a, err := s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery {
		if id, ok := strings.CutPrefix(r.Key, KeyApplication); ok && r.Reference == "" {
			return q.Where("a.id = ?", id)
		}
		return q.Where("a.reference = ?", r.Reference)
	})
	if errors.Is(err, ErrNotFound) {
		return Application{}, &ReplyError{ReplyForeign}
	}
	if err != nil {
		return Application{}, err
	}
	list, err := s.Outbox.ByReference(ctx, a.Reference)
	if err != nil {
		return Application{}, err
	}
	if !slices.ContainsFunc(list, func(d federation.Delivery) bool {
		return d.Key == r.Key && d.Destination == r.Source && d.State != federation.StateCancelled
	}) {
		return Application{}, &ReplyError{ReplyForeign}
	}
	return a, nil
}

// replyFiles stores what came with a reply. The bytes decide what it is.
func (s *Service) replyFiles(ctx context.Context, r federation.Reply) ([]File, error) {
	if len(r.Attachments) == 0 {
		return nil, nil
	}
	var out []File
	for _, at := range r.Attachments {
		f, err := s.Upload(ctx, BackOfficeOwner(r.Source), "", "", at.Name, nil, replyFileLimit, bytes.NewReader(at.Content))
		if err == nil {
			out = append(out, f)
			continue
		}
		var refused *UploadError
		if errors.As(err, &refused) {
			err = &ReplyError{ReplyAttachment}
		}
		for _, f := range out {
			err = errors.Join(err, s.dropFile(context.WithoutCancel(ctx), f))
		}
		return nil, err
	}
	return out, nil
}

// dropFile removes a file that belongs to nothing.
func (s *Service) dropFile(ctx context.Context, f File) error {
	return s.DeleteFile(ctx, f.Owner, "", f.ID)
}

// apply does what a reply says, inside the transaction that noted it.
func (s *Service) apply(ctx context.Context, tx bun.Tx, p parts, a *Application, r federation.Reply, files []File) error {
	if a.Closed() && r.Kind != federation.ReplyInformation {
		return ErrClosed
	}
	if err := s.claimFiles(ctx, tx, BackOfficeOwner(r.Source), a.ID, files); err != nil {
		return err
	}
	who := Actor{Kind: "system"}
	d := postkorb.Draft{From: s.unitParty(a.LeadUnit, ""), Subject: oneLine(r.Subject), Body: r.Body, Key: replyKey + r.ID, Attachments: attachments(files)}
	switch r.Kind {
	case federation.ReplyReceipt:
		fresh := a.Status == postkorb.StatusReceived || a.Status == postkorb.StatusInReview
		if fresh && r.Key == KeyApplication+a.ID {
			if err := s.move(ctx, p, a, who, postkorb.StatusHandedOver, ""); err != nil {
				return err
			}
		}
	case federation.ReplyQuestion:
		d.Kind, d.DueAt = postkorb.KindQuestion, r.Due
		return s.ask(ctx, tx, p, a, who, d, "backoffice-asked")
	case federation.ReplyDocumentRequest:
		d.Kind, d.DueAt = postkorb.KindDocumentRequest, r.Due
		for _, l := range r.Documents {
			d.Slots = append(d.Slots, postkorb.Slot{Label: oneLine(l)})
		}
		return s.ask(ctx, tx, p, a, who, d, "backoffice-requested")
	case federation.ReplyStatus:
		to := postkorb.Status(r.Status)
		if !slices.Contains([]postkorb.Status{postkorb.StatusInReview, postkorb.StatusHandedOver, postkorb.StatusDone, postkorb.StatusConfirmed}, to) {
			return &ReplyError{ReplyStatus}
		}
		if to != a.Status {
			if err := s.move(ctx, p, a, who, to, r.Body); err != nil {
				return err
			}
		}
		return s.log(ctx, tx, a.ID, who, "backoffice-status", string(to), s.now())
	case federation.ReplyInformation:
		d.Kind = postkorb.KindInformation
		if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), d); err != nil {
			return err
		}
	case federation.ReplyDecision:
		return s.decided(ctx, tx, p, a, who, postkorb.Status(r.Status), d)
	}
	return s.log(ctx, tx, a.ID, who, "backoffice-"+string(r.Kind), "", s.now())
}

func (s *Service) ask(ctx context.Context, tx bun.Tx, p parts, a *Application, who Actor, d postkorb.Draft, action string) error {
	if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), d); err != nil {
		return err
	}
	return s.waits(ctx, tx, p, a, who, action)
}

// decided ends a case with the decision of a back office.
func (s *Service) decided(ctx context.Context, tx bun.Tx, p parts, a *Application, who Actor, to postkorb.Status, d postkorb.Draft) error {
	if !Ended(to) || to == postkorb.StatusWithdrawn {
		return &ReplyError{ReplyStatus}
	}
	d.Kind = postkorb.KindDecision
	if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), d); err != nil {
		return err
	}
	from := postkorb.Party{Kind: postkorb.PartySystem, Name: s.UnitName(a.LeadUnit)}
	if _, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{Kind: postkorb.KindStatus, From: from, Status: to, NoNotice: true}); err != nil {
		return err
	}
	a.Status, a.ClosedAt = to, s.now()
	return s.log(ctx, tx, a.ID, who, "backoffice-decided", string(to), s.now())
}

// oneLine joins what a back office wrote on several lines where one is shown.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
