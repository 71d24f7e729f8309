package postkorb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// ActionName names something that a party wants to do.
type ActionName string

// The actions that Options.Authorize is asked about.
const (
	ActionOpen       ActionName = "open"
	ActionSend       ActionName = "send"
	ActionSetStatus  ActionName = "set-status"
	ActionMarkOpened ActionName = "mark-opened"
	ActionConfirm    ActionName = "confirm"
	ActionFillSlot   ActionName = "fill-slot"
	ActionReviewSlot ActionName = "review-slot"
	ActionArchive    ActionName = "archive"
	ActionClose      ActionName = "close"
	ActionReopen     ActionName = "reopen"
	ActionMove       ActionName = "move"
)

// Action is what Options.Authorize decides about.
type Action struct {
	Name   ActionName
	By     Party
	Thread Thread // as stored; for ActionOpen as asked for
}

// Options are the settings of an Inbox. The zero value, and nil, are safe.
type Options struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes ids for threads, messages, slots, notices and leases; they
	// must never repeat. Default: crypto/rand.Text.
	NewID func() string
	// Authorize is asked before every write, with the thread as it is stored.
	// An error refuses the action and is reachable from the error returned.
	// When nil, only the built-in rules apply (a citizen acts in own threads
	// only); then the caller decides about staff before calling. Reading is
	// always decided by the caller.
	Authorize func(ctx context.Context, a Action) error
	// Logger takes notes about notices; default: none. It never sees contents.
	Logger *slog.Logger
	// Notifier hands notices over. Without one they stay queued.
	Notifier Notifier
	// RetryDelays are the waits after the first, second, ... failed try. When
	// they are used up the notice has failed. Default: 1, 5 and 30 minutes, 2,
	// 6 and 24 hours.
	RetryDelays []time.Duration
	// Lease is how long one try may keep a notice for itself; the Notifier gets
	// half of it. Default two minutes.
	Lease time.Duration
	// Ladder says which status may follow which; default DefaultLadder.
	Ladder Ladder
	// MaxBody limits the text of a message in bytes; default 1 MiB.
	MaxBody int

	tries int // how often a write is repeated after ErrConflict
}

// Inbox holds the rules of threads and messages over a Store. It is safe for
// concurrent use and starts no goroutine.
type Inbox struct {
	store Store
	opts  Options
}

// New returns an Inbox on a store. It panics when store is nil.
func New(store Store, opts *Options) *Inbox {
	if store == nil {
		panic("postkorb: nil store")
	}
	in := &Inbox{store: store}
	if opts != nil {
		in.opts = *opts
	}
	o := &in.opts
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = rand.Text
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}
	}
	o.RetryDelays = slices.Clone(o.RetryDelays)
	if o.Lease <= 0 {
		o.Lease = 2 * time.Minute
	}
	if o.Ladder == nil {
		o.Ladder = DefaultLadder()
	}
	o.Ladder = o.Ladder.clone()
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	o.tries = 10
	return in
}

// With returns an Inbox with the same settings on another store, for example on
// one that is bound to a transaction of the caller.
func (in *Inbox) With(store Store) *Inbox {
	if store == nil {
		panic("postkorb: nil store")
	}
	c := *in
	c.store = store
	return &c
}

func (in *Inbox) now() time.Time { return in.opts.Now().UTC().Truncate(time.Microsecond) }

// Open begins a thread with its first message. Of t the fields ID (made up when
// empty), Owner, Reference, Subject, Service, Unit and Status are used; a
// submission without a status begins as StatusReceived.
//
// Opening the same ID again with the same non-empty Draft.Key returns what is
// stored and writes nothing; otherwise ErrExists.
func (in *Inbox) Open(ctx context.Context, t Thread, first Draft) (Thread, Message, error) {
	now := in.now()
	t = Thread{
		ID: t.ID, Owner: t.Owner, Reference: t.Reference, Subject: t.Subject, Service: t.Service,
		Unit: t.Unit, Status: t.Status, CreatedAt: now, UpdatedAt: now,
	}
	if t.ID == "" {
		t.ID = ThreadID(in.opts.NewID())
	}
	if err := checkThread(t); err != nil {
		return Thread{}, Message{}, err
	}
	if t.Status == "" && first.Kind == KindSubmission {
		t.Status = StatusReceived
	}
	if t.Status != "" && !in.opts.Ladder.Allows("", t.Status) {
		return Thread{}, Message{}, &StatusError{To: t.Status}
	}
	if first.Kind == KindAnswer {
		return Thread{}, Message{}, &InvalidError{Field: "kind", Rule: RuleForbidden}
	}
	if err := in.authorize(ctx, ActionOpen, first.From, t); err != nil {
		return Thread{}, Message{}, err
	}
	c := newChange(t, now)
	c.event(Event{Type: EventCreated, By: first.From})
	m, err := in.compose(c, first, nil)
	if err != nil {
		return Thread{}, Message{}, err
	}
	err = in.store.Write(ctx, c.Change)
	if errors.Is(err, ErrExists) && first.Key != "" {
		return in.reopen(ctx, t.ID, first.Key)
	}
	if err != nil {
		return Thread{}, Message{}, fmt.Errorf("%w (open)", err)
	}
	return c.Thread, m, nil
}

// reopen answers a repeated Open.
func (in *Inbox) reopen(ctx context.Context, id ThreadID, key string) (Thread, Message, error) {
	t, err := in.store.Thread(ctx, id)
	if err != nil {
		return Thread{}, Message{}, fmt.Errorf("%w (open)", err)
	}
	ms, err := in.store.Messages(ctx, MessageFilter{Thread: id, Key: key})
	if err != nil {
		return Thread{}, Message{}, fmt.Errorf("%w (open)", err)
	}
	// Event 1 is "created", so the first message is event 2.
	if len(ms) == 0 || ms[0].Seq != 2 {
		return Thread{}, Message{}, fmt.Errorf("%w (open)", ErrExists)
	}
	return t, ms[0], nil
}

// Send adds a message to a thread. With a Key that the thread has seen already
// it returns the first message and writes nothing. A message of the
// administration to a citizen with an account also queues a notice, in the same
// write, unless Draft.NoNotice is set.
//
// Errors: ErrNotFound, ErrClosed, ErrDenied, *InvalidError, *StatusError.
func (in *Inbox) Send(ctx context.Context, id ThreadID, d Draft) (Message, error) {
	action := ActionSend
	if d.Kind == KindStatus {
		action = ActionSetStatus
	}
	// Both are looked up before the draft as a whole is checked.
	if err := checkID("key", d.Key); err != nil {
		return Message{}, err
	}
	if err := checkID("in_reply_to", string(d.InReplyTo)); err != nil {
		return Message{}, err
	}
	var sent Message
	err := in.change(ctx, id, action, d.From, func(c *change) error {
		sent = Message{}
		if d.Key != "" {
			ms, err := in.store.Messages(ctx, MessageFilter{Thread: id, Key: d.Key})
			if err != nil {
				return err
			}
			if len(ms) > 0 {
				sent = ms[0]
				return errNothing
			}
		}
		if c.Thread.Closed {
			return ErrClosed
		}
		if d.Kind == KindStatus && d.Status != "" && d.Status == c.Thread.Status {
			m, err := in.lastStatus(ctx, c.Thread)
			if err != nil {
				return err
			}
			sent = m
			return errNothing
		}
		var asked *Message
		if d.InReplyTo != "" {
			ms, err := in.store.Messages(ctx, MessageFilter{ID: d.InReplyTo})
			if err != nil {
				return err
			}
			if len(ms) == 0 || ms[0].Thread != id {
				return &InvalidError{Field: "in_reply_to", Rule: RuleReference}
			}
			asked = &ms[0]
		}
		m, err := in.compose(c, d, asked)
		sent = m
		return err
	})
	if err != nil {
		return Message{}, err
	}
	return sent, nil
}

// SetStatus moves the thread to a status and says so in a message with the note
// as its body. Setting the status that the thread has already writes nothing
// and returns the message that set it (the zero Message when the thread began
// with it). A citizen may only withdraw.
func (in *Inbox) SetStatus(ctx context.Context, id ThreadID, by Party, status Status, note string) (Message, error) {
	return in.Send(ctx, id, Draft{Kind: KindStatus, From: by, Status: status, Body: note})
}

func (in *Inbox) lastStatus(ctx context.Context, t Thread) (Message, error) {
	ms, err := in.store.Messages(ctx, MessageFilter{Thread: t.ID})
	if err != nil {
		return Message{}, err
	}
	for _, m := range slices.Backward(ms) {
		if m.Kind == KindStatus {
			if m.Status == t.Status {
				return m, nil
			}
			break
		}
	}
	return Message{}, nil
}
