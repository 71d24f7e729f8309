package postkorb

import (
	"context"
	"slices"
)

// MarkOpened records that a party has opened a message, not merely seen it in a
// list. Only the first opening by the other side than the sender's counts;
// anything else writes nothing.
func (in *Inbox) MarkOpened(ctx context.Context, id MessageID, by Party) error {
	return in.changeMessage(ctx, id, ActionMarkOpened, by, func(c *change, m *Message) error {
		if by.Kind == PartySystem {
			return &InvalidError{Field: "by", Rule: RuleForbidden}
		}
		if !m.Unread(by.Kind) {
			return errNothing
		}
		c.open(m, by)
		return nil
	})
}

// Confirm records that the addressee says on purpose to have received a
// message. It counts as opening too. Only the first confirmation counts; one by
// the sender's own side is refused with ErrDenied.
func (in *Inbox) Confirm(ctx context.Context, id MessageID, by Party) error {
	return in.changeMessage(ctx, id, ActionConfirm, by, func(c *change, m *Message) error {
		if by.Kind == PartySystem {
			return &InvalidError{Field: "by", Rule: RuleForbidden}
		}
		if m.toCitizen() != (by.Kind == PartyCitizen) {
			return ErrDenied
		}
		if !m.ConfirmedAt.IsZero() {
			return errNothing
		}
		if m.OpenedAt.IsZero() {
			c.open(m, by)
		}
		m.ConfirmedAt = c.now
		c.event(Event{Type: EventConfirmed, Message: m.ID, By: by})
		return nil
	})
}

func (c *change) open(m *Message, by Party) {
	m.OpenedAt = c.now
	if m.toCitizen() {
		c.Thread.UnreadCitizen--
	} else {
		c.Thread.UnreadDesk--
	}
	c.event(Event{Type: EventOpened, Message: m.ID, By: by})
}

// FillSlot gives a document for one slot of a document request. An open or
// rejected slot becomes received; a received one takes the new document in
// place of the old (which stays among the message's attachments). Filling with
// the same attachment id again writes nothing; after a rejection it has to be a
// new one. An accepted slot is a *SlotError.
func (in *Inbox) FillSlot(ctx context.Context, id MessageID, slotID string, by Party, a Attachment) error {
	if err := checkAttachment("attachment", a); err != nil {
		return err
	}
	return in.changeMessage(ctx, id, ActionFillSlot, by, func(c *change, m *Message) error {
		s, err := c.slot(m, slotID)
		if err != nil {
			return err
		}
		if s.Attachment == a.ID && s.State != SlotRejected {
			return errNothing
		}
		if s.State == SlotAccepted {
			return &SlotError{From: s.State, To: SlotReceived}
		}
		if slices.ContainsFunc(m.Attachments, func(b Attachment) bool { return b.ID == a.ID }) {
			return &InvalidError{Field: "attachment.id", Rule: RuleDuplicate}
		}
		if len(m.Attachments) >= maxAttachments {
			return &InvalidError{Field: "attachment", Rule: RuleTooMany}
		}
		a.Slot = slotID
		m.Attachments = append(m.Attachments, a)
		s.State, s.Reason, s.Attachment = SlotReceived, "", a.ID
		c.touch()
		c.event(Event{Type: EventSlotFilled, Message: m.ID, By: by, Detail: slotID})
		return nil
	})
}

// ReviewSlot accepts or rejects the document in a slot. Rejecting needs a
// reason, which the citizen reads. The slot must be received; repeating the
// same decision writes nothing, anything else is a *SlotError. No notice goes
// out: the unit sends a message when it is through with all slots.
func (in *Inbox) ReviewSlot(ctx context.Context, id MessageID, slotID string, by Party, accept bool, reason string) error {
	to, event := SlotRejected, EventSlotRejected
	if accept {
		to, event, reason = SlotAccepted, EventSlotAccepted, ""
	} else if reason == "" {
		return &InvalidError{Field: "reason", Rule: RuleRequired}
	}
	if err := checkText("reason", reason, maxReason); err != nil {
		return err
	}
	return in.changeMessage(ctx, id, ActionReviewSlot, by, func(c *change, m *Message) error {
		if !by.Kind.administration() {
			return ErrDenied
		}
		s, err := c.slot(m, slotID)
		if err != nil {
			return err
		}
		if s.State == to && s.Reason == reason {
			return errNothing
		}
		if s.State != SlotReceived {
			return &SlotError{From: s.State, To: to}
		}
		s.State, s.Reason = to, reason
		c.touch()
		c.event(Event{Type: event, Message: m.ID, By: by, Detail: slotID})
		return nil
	})
}

// slot finds a slot to work on, in place.
func (c *change) slot(m *Message, id string) (*Slot, error) {
	if c.Thread.Closed {
		return nil, ErrClosed
	}
	i := slices.IndexFunc(m.Slots, func(s Slot) bool { return s.ID == id })
	if i < 0 {
		return nil, ErrNotFound
	}
	return &m.Slots[i], nil
}

// changeMessage is change for operations on one message.
func (in *Inbox) changeMessage(ctx context.Context, id MessageID, action ActionName, by Party, edit func(*change, *Message) error) error {
	m, err := in.Message(ctx, id)
	if err != nil {
		return err
	}
	return in.change(ctx, m.Thread, action, by, func(c *change) error {
		// Read again: the version of the thread guards what is read from now on.
		m, err := in.Message(ctx, id)
		if err != nil {
			return err
		}
		if err := edit(c, &m); err != nil {
			return err
		}
		c.Changed = append(c.Changed, m)
		return nil
	})
}
