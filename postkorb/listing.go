package postkorb

import (
	"context"
	"fmt"
	"slices"
)

// Thread returns one thread, or ErrNotFound.
func (in *Inbox) Thread(ctx context.Context, id ThreadID) (Thread, error) {
	if checkID("thread", string(id)) != nil {
		return Thread{}, ErrNotFound
	}
	t, err := in.store.Thread(ctx, id)
	if err != nil {
		return Thread{}, fmt.Errorf("%w (thread %s)", err, id)
	}
	return t, nil
}

// Message returns one message, or ErrNotFound.
func (in *Inbox) Message(ctx context.Context, id MessageID) (Message, error) {
	if id == "" || checkID("message", string(id)) != nil {
		return Message{}, ErrNotFound
	}
	ms, err := in.store.Messages(ctx, MessageFilter{ID: id})
	if err != nil {
		return Message{}, fmt.Errorf("%w (message %s)", err, id)
	}
	if len(ms) == 0 {
		return Message{}, fmt.Errorf("%w (message %s)", ErrNotFound, id)
	}
	return ms[0], nil
}

// Messages returns the messages of a thread in the order they were sent. A
// thread that does not exist has none.
func (in *Inbox) Messages(ctx context.Context, id ThreadID) ([]Message, error) {
	if checkID("thread", string(id)) != nil {
		return nil, nil
	}
	ms, err := in.store.Messages(ctx, MessageFilter{Thread: id})
	if err != nil {
		return nil, fmt.Errorf("%w (messages of %s)", err, id)
	}
	return ms, nil
}

// Events returns the record of a thread from its beginning.
func (in *Inbox) Events(ctx context.Context, id ThreadID) ([]Event, error) {
	if checkID("thread", string(id)) != nil {
		return nil, nil
	}
	es, err := in.store.Events(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w (events of %s)", err, id)
	}
	return es, nil
}

// Threads lists threads of one owner or of some units, the latest first, and
// the cursor of the next page, empty when there is none.
func (in *Inbox) Threads(ctx context.Context, q ThreadQuery) ([]Thread, Cursor, error) {
	if (q.Owner == "") == (q.Units == nil) {
		return nil, "", &InvalidError{Field: "owner", Rule: RuleRequired}
	}
	for _, s := range append([]string{q.Owner, q.Reference}, q.Units...) {
		if err := checkID("query", s); err != nil {
			return nil, "", err
		}
	}
	var units []string
	if q.Units != nil {
		units = slices.Compact(slices.Sorted(slices.Values(q.Units)))
		// A thread without a unit belongs to nobody, not to a unit called "".
		units = slices.DeleteFunc(units, func(u string) bool { return u == "" })
		if len(units) == 0 {
			return nil, "", nil
		}
	}
	before, id, err := q.After.decode()
	if err != nil {
		return nil, "", err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	limit = min(limit, 200)
	ts, err := in.store.Threads(ctx, ThreadFilter{
		Owner: q.Owner, Units: units, Reference: q.Reference, Closed: q.Closed, Archived: q.Archived,
		UnreadOnly: q.UnreadOnly, BeforeTime: before, BeforeID: id, Limit: limit + 1,
	})
	if err != nil {
		return nil, "", fmt.Errorf("%w (threads)", err)
	}
	if len(ts) <= limit {
		return ts, "", nil
	}
	ts = ts[:limit]
	return ts, cursorOf(ts[limit-1]), nil
}

// Unread returns how many messages wait for the owner of an account, over all
// threads.
func (in *Inbox) Unread(ctx context.Context, owner string) (int, error) {
	if owner == "" {
		return 0, nil // guests have no account to count for
	}
	if err := checkID("owner", owner); err != nil {
		return 0, err
	}
	n, err := in.store.Unread(ctx, owner)
	if err != nil {
		return 0, fmt.Errorf("%w (unread)", err)
	}
	return n, nil
}

// UnreadIn returns how many messages of one thread wait for a side:
// PartyCitizen, or for any other kind the desk. Thread.Unread tells the same
// without a query.
func (in *Inbox) UnreadIn(ctx context.Context, id ThreadID, side PartyKind) (int, error) {
	t, err := in.Thread(ctx, id)
	return t.Unread(side), err
}
