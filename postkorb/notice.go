package postkorb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// NoticeReason says why a notice goes out, without saying what about.
type NoticeReason string

// The reasons for a notice.
const (
	NoticeMessage  NoticeReason = "message"
	NoticeQuestion NoticeReason = "question"
	NoticeRequest  NoticeReason = "document-request"
	NoticeDecision NoticeReason = "decision"
	NoticeStatus   NoticeReason = "status"
)

func noticeReason(k Kind) NoticeReason {
	switch k {
	case KindQuestion:
		return NoticeQuestion
	case KindDocumentRequest:
		return NoticeRequest
	case KindDecision:
		return NoticeDecision
	case KindStatus:
		return NoticeStatus
	}
	return NoticeMessage
}

// Notice says "you have mail". It has no field that could carry a subject, a
// name or a text, so no Notifier can give any of it away.
type Notice struct {
	ID        string // stable over all attempts: derive a Message-ID from it
	Owner     string // account id
	Thread    ThreadID
	Reason    NoticeReason
	CreatedAt time.Time
}

// Notifier hands a notice over, for example by e-mail. It resolves the owner to
// an address itself. It may be called more than once for one notice; Notice.ID
// stays the same. An error is taken as temporary unless it is a *NotifyError
// with Permanent set. Implementations are safe for concurrent use.
type Notifier interface {
	Notify(ctx context.Context, n Notice) error
}

// NoticeState says how far a notice has come.
type NoticeState string

// The states of a queued notice.
const (
	NoticeQueued  NoticeState = "queued"
	NoticeSending NoticeState = "sending" // somebody holds the lease until NextAt
	NoticeSent    NoticeState = "sent"
	NoticeFailed  NoticeState = "failed" // given up; a person has to act
)

// Settled reports whether nothing more happens to a notice in this state.
func (s NoticeState) Settled() bool { return s == NoticeSent || s == NoticeFailed }

// QueuedNotice is a notice on its way.
type QueuedNotice struct {
	Notice    Notice
	Message   MessageID
	State     NoticeState
	Attempts  int
	NextAt    time.Time // next try, or end of the lease
	Lease     string    // token of who holds it
	LastError string    // code
}

// Due returns the ids of notices that wait to be handed over at now, oldest
// first. The limit is 100 by default and 1000 at most.
func (in *Inbox) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if limit <= 0 {
		limit = 100
	}
	qs, err := in.store.Notices(ctx, NoticeFilter{DueAt: now.UTC().Truncate(time.Microsecond), Limit: min(limit, 1000)})
	if err != nil {
		return nil, fmt.Errorf("%w (due notices)", err)
	}
	ids := make([]string, 0, len(qs))
	for _, q := range qs {
		ids = append(ids, q.Notice.ID)
	}
	return ids, nil
}

// Notify hands one notice to the Notifier and records what came of it. It is
// safe to repeat and to run twice at the same time: a notice that is settled,
// not yet due or held by somebody else is left alone and nil returned. A failed
// try is no error either: it is recorded with the time of the next one, or,
// when the delays are used up or the failure is permanent, as an event
// "notice-failed".
//
// Notify must not run inside a transaction of the caller: the lease has to be
// visible to others before the Notifier is called.
func (in *Inbox) Notify(ctx context.Context, noticeID string) error {
	if in.opts.Notifier == nil {
		return errors.New("postkorb: notify: no Notifier configured")
	}
	q, err := in.claim(ctx, noticeID)
	if err != nil || q == nil {
		return err
	}
	sendCtx, cancel := context.WithTimeout(ctx, in.opts.Lease/2)
	sendErr := in.opts.Notifier.Notify(sendCtx, q.Notice)
	cancel()
	// The notice is out, or not, whatever became of the caller: record it.
	return in.settle(context.WithoutCancel(ctx), *q, sendErr)
}

// claim takes the lease. It returns nil when there is nothing to do.
func (in *Inbox) claim(ctx context.Context, id string) (*QueuedNotice, error) {
	var claimed *QueuedNotice
	err := in.changeNotice(ctx, id, func(q *QueuedNotice, now time.Time) []Event {
		claimed = nil
		if q.State.Settled() || q.NextAt.After(now) {
			return nil
		}
		q.State, q.Lease = NoticeSending, in.opts.NewID()
		q.Attempts++
		q.NextAt = now.Add(in.opts.Lease)
		c := *q
		claimed = &c
		return []Event{}
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func (in *Inbox) settle(ctx context.Context, mine QueuedNotice, sendErr error) error {
	err := in.changeNotice(ctx, mine.Notice.ID, func(q *QueuedNotice, now time.Time) []Event {
		if q.State != NoticeSending || q.Lease != mine.Lease {
			return nil // the lease ran out and somebody else took over
		}
		q.Lease = ""
		event := Event{Message: q.Message, By: Party{Kind: PartySystem}}
		if sendErr == nil {
			q.State, q.LastError = NoticeSent, ""
			event.Type = EventNoticeSent
			return []Event{event}
		}
		code, permanent := notifyFailure(sendErr)
		q.LastError = code
		if permanent || q.Attempts > len(in.opts.RetryDelays) {
			q.State = NoticeFailed
			event.Type, event.Detail = EventNoticeFailed, code
			in.opts.Logger.WarnContext(ctx, "postkorb: notice given up", "notice", q.Notice.ID, "attempts", q.Attempts, "code", code)
			return []Event{event}
		}
		q.State = NoticeQueued
		q.NextAt = now.Add(in.opts.RetryDelays[q.Attempts-1])
		in.opts.Logger.InfoContext(ctx, "postkorb: notice put off", "notice", q.Notice.ID, "attempts", q.Attempts, "code", code)
		return []Event{}
	})
	if errors.Is(err, ErrNotFound) {
		return nil // the thread was erased meanwhile
	}
	return err
}

// changeNotice loads a notice with its thread, lets edit change it and writes
// both. edit returns nil to leave everything as it is.
func (in *Inbox) changeNotice(ctx context.Context, id string, edit func(*QueuedNotice, time.Time) []Event) error {
	if id == "" || checkID("notice", id) != nil {
		return ErrNotFound
	}
	for range in.opts.tries {
		qs, err := in.store.Notices(ctx, NoticeFilter{ID: id})
		if err != nil {
			return fmt.Errorf("%w (notice %s)", err, id)
		}
		if len(qs) == 0 {
			return fmt.Errorf("%w (notice %s)", ErrNotFound, id)
		}
		// The thread is read after the notice and its version guards the write.
		// So the notice has to be read again: it may have moved in between.
		t, err := in.store.Thread(ctx, qs[0].Notice.Thread)
		if err != nil {
			return fmt.Errorf("%w (notice %s)", err, id)
		}
		if qs, err = in.store.Notices(ctx, NoticeFilter{ID: id}); err != nil {
			return fmt.Errorf("%w (notice %s)", err, id)
		}
		if len(qs) == 0 {
			return fmt.Errorf("%w (notice %s)", ErrNotFound, id)
		}
		q, now := qs[0], in.now()
		events := edit(&q, now)
		if events == nil {
			return nil
		}
		c := newChange(t, now)
		for _, e := range events {
			c.event(e)
		}
		c.Notices = append(c.Notices, q)
		if err = in.store.Write(ctx, c.Change); err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("%w (notice %s)", err, id)
		}
	}
	return fmt.Errorf("%w (notice %s)", ErrConflict, id)
}

func notifyFailure(err error) (code string, permanent bool) {
	var ne *NotifyError
	switch {
	case errors.As(err, &ne):
		code, permanent = ne.Code, ne.Permanent
	case errors.Is(err, context.DeadlineExceeded):
		code = "timeout"
	case errors.Is(err, context.Canceled):
		code = "cancelled"
	}
	if !validCode(code) {
		code = "unknown"
	}
	return code, permanent
}

// validCode keeps sentences, and with them personal data, out of the record.
func validCode(s string) bool {
	return s != "" && len(s) <= 50 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}
