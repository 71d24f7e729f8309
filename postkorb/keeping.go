package postkorb

import (
	"context"
	"fmt"
)

// Close ends a thread: it takes no more messages and slots until it is
// reopened. Closing twice is no error.
func (in *Inbox) Close(ctx context.Context, id ThreadID, by Party) error {
	return in.setClosed(ctx, id, by, true)
}

// Reopen lets a closed thread take messages again.
func (in *Inbox) Reopen(ctx context.Context, id ThreadID, by Party) error {
	return in.setClosed(ctx, id, by, false)
}

func (in *Inbox) setClosed(ctx context.Context, id ThreadID, by Party, closed bool) error {
	action, event := ActionReopen, EventReopened
	if closed {
		action, event = ActionClose, EventClosed
	}
	return in.change(ctx, id, action, by, func(c *change) error {
		if !by.Kind.administration() {
			return ErrDenied
		}
		if c.Thread.Closed == closed {
			return errNothing
		}
		c.Thread.Closed = closed
		c.touch()
		c.event(Event{Type: event, By: by})
		return nil
	})
}

// Move gives the thread to another unit, for example when a case is handed
// over. Moving it to where it is already writes nothing.
func (in *Inbox) Move(ctx context.Context, id ThreadID, by Party, unit string) error {
	if unit == "" {
		return &InvalidError{Field: "unit", Rule: RuleRequired}
	}
	if err := checkID("unit", unit); err != nil {
		return err
	}
	return in.change(ctx, id, ActionMove, by, func(c *change) error {
		if !by.Kind.administration() {
			return ErrDenied
		}
		if c.Thread.Unit == unit {
			return errNothing
		}
		c.Thread.Unit = unit
		c.touch()
		c.event(Event{Type: EventMoved, By: by, Detail: unit})
		return nil
	})
}

// Archive puts the thread away for one reader, the owner or a unit, or takes it
// out again. Others see no difference. A new message from the other side takes
// it out again too.
func (in *Inbox) Archive(ctx context.Context, id ThreadID, by Party, archived bool) error {
	return in.change(ctx, id, ActionArchive, by, func(c *change) error {
		if by.Kind == PartySystem || by.ID == "" {
			return &InvalidError{Field: "by", Rule: RuleForbidden}
		}
		if c.Thread.Archived(by) == archived {
			return errNothing
		}
		c.archive(labelOf(by, LabelArchived), by, archived)
		return nil
	})
}

// Delete removes a thread with everything that belongs to it, for erasure. It
// asks nobody and leaves no trace; removing the attachments' bytes is up to the
// caller. Repeating it is no error.
func (in *Inbox) Delete(ctx context.Context, id ThreadID) error {
	if checkID("thread", string(id)) != nil {
		return nil
	}
	if err := in.store.Delete(ctx, id); err != nil {
		return fmt.Errorf("%w (delete %s)", err, id)
	}
	return nil
}
