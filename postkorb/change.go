package postkorb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// errNothing ends an edit that found nothing to write.
var errNothing = errors.New("postkorb: nothing to do")

// change collects what one operation writes.
type change struct {
	Change
	now time.Time
}

func newChange(t Thread, now time.Time) *change {
	c := &change{Change: Change{Thread: t, Expected: t.Version}, now: now}
	c.Thread.Version++
	return c
}

func (c *change) event(e Event) {
	c.Thread.Seq++
	e.Seq, e.Thread, e.At = c.Thread.Seq, c.Thread.ID, c.now
	c.Events = append(c.Events, e)
}

// touch moves the thread to the top of the lists. Time never runs backwards
// within a thread, even if the clocks of two instances differ.
func (c *change) touch() {
	if c.now.After(c.Thread.UpdatedAt) {
		c.Thread.UpdatedAt = c.now
	}
}

func (c *change) archive(l Label, by Party, archived bool) {
	c.Labels = append(c.Labels, LabelChange{Label: l, Remove: !archived})
	i := slices.Index(c.Thread.Labels, l)
	detail := "restored"
	switch {
	case archived:
		detail = "archived"
		c.Thread.Labels = append(slices.Clone(c.Thread.Labels), l)
		slices.SortFunc(c.Thread.Labels, CompareLabels)
	case i >= 0:
		c.Thread.Labels = slices.Delete(slices.Clone(c.Thread.Labels), i, i+1)
	}
	if len(c.Thread.Labels) == 0 {
		c.Thread.Labels = nil
	}
	c.event(Event{Type: EventArchived, By: by, Detail: detail})
}

// change loads a thread, asks whether the party may, lets edit describe what to
// write and writes it. When somebody else wrote meanwhile it begins again.
func (in *Inbox) change(ctx context.Context, id ThreadID, action ActionName, by Party, edit func(*change) error) error {
	if err := checkParty(by); err != nil {
		return err
	}
	for range in.opts.tries {
		t, err := in.Thread(ctx, id)
		if err != nil {
			return err
		}
		if err := in.authorize(ctx, action, by, t); err != nil {
			return err
		}
		c := newChange(t, in.now())
		err = edit(c)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w (%s in %s)", err, action, id)
		}
		err = in.store.Write(ctx, c.Change)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("%w (%s in %s)", err, action, id)
		}
	}
	return fmt.Errorf("%w (%s in %s)", ErrConflict, action, id)
}

// authorize applies the rule that needs no policy, then asks the caller's.
func (in *Inbox) authorize(ctx context.Context, action ActionName, by Party, t Thread) error {
	if by.Kind == PartyCitizen && by.ID != t.Owner {
		return fmt.Errorf("%w (%s in %s)", ErrDenied, action, t.ID)
	}
	if in.opts.Authorize == nil {
		return nil
	}
	if err := in.opts.Authorize(ctx, Action{Name: action, By: by, Thread: t}); err != nil {
		return &deniedError{action: action, cause: err}
	}
	return nil
}

// deniedError is ErrDenied with the caller's own reason, whose text stays out
// of ours.
type deniedError struct {
	action ActionName
	cause  error
}

func (e *deniedError) Error() string   { return fmt.Sprintf("postkorb: %s: not allowed", e.action) }
func (e *deniedError) Unwrap() []error { return []error{ErrDenied, e.cause} }

// compose checks a draft and adds the message with all that follows from it.
func (in *Inbox) compose(c *change, d Draft, asked *Message) (Message, error) {
	if err := in.checkDraft(d, asked); err != nil {
		return Message{}, err
	}
	m := Message{
		ID: MessageID(in.opts.NewID()), Thread: c.Thread.ID, Kind: d.Kind, From: d.From,
		Subject: d.Subject, Body: d.Body, InReplyTo: d.InReplyTo, Status: d.Status,
		Attachments: attachmentsOf(d), DueAt: microsUTC(d.DueAt), CreatedAt: c.now, Key: d.Key,
	}
	m.Slots = in.slotsOf(d)
	c.event(Event{Type: EventSent, Message: m.ID, By: d.From, Detail: string(d.Kind)})
	m.Seq = c.Thread.Seq
	if d.Kind == KindAnswer {
		c.event(Event{Type: EventAnswered, Message: asked.ID, By: d.From, Detail: string(m.ID)})
	}
	if d.Kind == KindStatus {
		if !in.opts.Ladder.Allows(c.Thread.Status, d.Status) {
			return Message{}, &StatusError{From: c.Thread.Status, To: d.Status}
		}
		c.Thread.Status = d.Status
		c.event(Event{Type: EventStatus, Message: m.ID, By: d.From, Detail: string(d.Status)})
	}
	c.Sent = append(c.Sent, m)
	c.touch()
	if m.toCitizen() {
		c.Thread.UnreadCitizen++
		in.queueNotice(c, m, d.NoNotice)
	} else {
		c.Thread.UnreadDesk++
	}
	for _, l := range c.Thread.Labels {
		if l.Name == LabelArchived && (l.Kind == PartyCitizen) == m.toCitizen() {
			c.archive(l, d.From, false)
		}
	}
	return m, nil
}

func (in *Inbox) queueNotice(c *change, m Message, none bool) {
	if none || c.Thread.Owner == "" {
		return
	}
	n := Notice{ID: in.opts.NewID(), Owner: c.Thread.Owner, Thread: c.Thread.ID, Reason: noticeReason(m.Kind), CreatedAt: c.now}
	c.Notices = append(c.Notices, QueuedNotice{Notice: n, Message: m.ID, State: NoticeQueued, NextAt: c.now})
	c.event(Event{Type: EventNoticeQueued, Message: m.ID, By: Party{Kind: PartySystem}})
}

func (in *Inbox) slotsOf(d Draft) []Slot {
	if len(d.Slots) == 0 {
		return nil
	}
	out := make([]Slot, len(d.Slots))
	for i, s := range d.Slots {
		out[i] = Slot{ID: s.ID, Label: s.Label, State: SlotOpen}
		if s.ID == "" {
			out[i].ID = in.opts.NewID()
		}
	}
	return out
}

func attachmentsOf(d Draft) []Attachment {
	if len(d.Attachments) == 0 {
		return nil
	}
	out := slices.Clone(d.Attachments)
	for i := range out {
		out[i].Slot = ""
	}
	return out
}

func microsUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
