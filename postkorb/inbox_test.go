package postkorb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/postkorb"
)

var (
	start   = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	citizen = postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1", Name: "Erika Beispiel"}
	unit    = postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-a", Person: "p-7", Name: "Ordnungsamt"}
	system  = postkorb.Party{Kind: postkorb.PartySystem}
)

// clock goes one second ahead with every look.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Second)
	return c.at
}

func (c *clock) Forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// counter makes ids that tell their order.
func counter() func() string {
	var mu sync.Mutex
	n := 0
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("id-%03d", n)
	}
}

func newInbox(o *postkorb.Options) *postkorb.Inbox {
	if o == nil {
		o = &postkorb.Options{}
	}
	if o.Now == nil {
		o.Now = (&clock{at: start}).Now
	}
	if o.NewID == nil {
		o.NewID = counter()
	}
	return postkorb.New(postkorb.NewMemStore(), o)
}

func open(t *testing.T, in *postkorb.Inbox, id string) (postkorb.Thread, postkorb.Message) {
	t.Helper()
	th, m, err := in.Open(t.Context(), postkorb.Thread{
		ID: postkorb.ThreadID(id), Owner: "acc-1", Reference: "2026-17", Subject: "Gewerbeanmeldung", Unit: "team-a",
	}, postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Body: "Bitte anmelden"})
	if err != nil {
		t.Fatal(err)
	}
	return th, m
}

func send(t *testing.T, in *postkorb.Inbox, id postkorb.ThreadID, d postkorb.Draft) postkorb.Message {
	t.Helper()
	m, err := in.Send(t.Context(), id, d)
	if err != nil {
		t.Fatalf("Send: %v", err)
	}
	return m
}

func thread(t *testing.T, in *postkorb.Inbox, id postkorb.ThreadID) postkorb.Thread {
	t.Helper()
	th, err := in.Thread(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// record returns the types of all events, and checks that they are counted
// without a gap.
func record(t *testing.T, in *postkorb.Inbox, id postkorb.ThreadID) string {
	t.Helper()
	es, err := in.Events(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, e := range es {
		if e.Seq != int64(i+1) || e.Thread != id {
			t.Errorf("event %d = %+v", i, e)
		}
		out = append(out, string(e.Type))
	}
	return strings.Join(out, " ")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	th, m := open(t, in, "t1")
	want := postkorb.Thread{
		ID: "t1", Owner: "acc-1", Reference: "2026-17", Subject: "Gewerbeanmeldung", Unit: "team-a",
		Status: postkorb.StatusReceived, CreatedAt: start.Add(time.Second), UpdatedAt: start.Add(time.Second),
		Version: 1, Seq: 2, UnreadDesk: 1,
	}
	if diff := cmp.Diff(want, th); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, thread(t, in, "t1")); diff != "" {
		t.Errorf("stored thread (-want +got):\n%s", diff)
	}
	ms, err := in.Messages(t.Context(), "t1")
	check(t, err)
	if diff := cmp.Diff([]postkorb.Message{m}, ms); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if got := record(t, in, "t1"); got != "created sent" {
		t.Errorf("events = %q", got)
	}
}

func TestRepeating(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	ctx := t.Context()
	draft := postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Key: "submit-1"}
	th, first, err := in.Open(ctx, postkorb.Thread{ID: "t1", Owner: "acc-1", Subject: "x"}, draft)
	check(t, err)
	info := postkorb.Draft{Kind: postkorb.KindInformation, From: unit, Body: "eins", Key: "k"}
	sent := send(t, in, th.ID, info)
	info.Body = "zwei"
	if again := send(t, in, th.ID, info); again.ID != sent.ID || again.Body != "eins" {
		t.Errorf("the same key sent %+v", again)
	}
	_, again, err := in.Open(ctx, th, draft)
	if err != nil || again.ID != first.ID {
		t.Errorf("repeated Open = %q, %v, want %q", again.ID, err, first.ID)
	}
	for _, key := range []string{"", "other", "k"} { // "k" belongs to a later message
		draft.Key = key
		if _, _, err := in.Open(ctx, th, draft); !errors.Is(err, postkorb.ErrExists) {
			t.Errorf("Open with key %q: error = %v, want ErrExists", key, err)
		}
	}
	if got := record(t, in, th.ID); got != "created sent sent notice-queued" {
		t.Errorf("events = %q", got)
	}
}

func TestOneKeyOneMessageInARace(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	open(t, in, "t1")
	var wg sync.WaitGroup
	got := make([]postkorb.MessageID, 6)
	for i := range got {
		wg.Go(func() {
			m, err := in.Send(t.Context(), "t1", postkorb.Draft{Kind: postkorb.KindQuestion, From: unit, Key: "k"})
			if err != nil {
				t.Errorf("Send: %v", err)
			}
			got[i] = m.ID
		})
	}
	wg.Wait()
	if len(slices.Compact(slices.Sorted(slices.Values(got)))) != 1 {
		t.Errorf("one key sent several messages: %v", got)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	ctx := t.Context()
	_, sub := open(t, in, "t1")
	decision := send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindDecision, From: unit, Body: "Bescheid"})
	counts := func(wantCitizen, wantDesk int) {
		t.Helper()
		all, err := in.Unread(ctx, "acc-1")
		check(t, err)
		c, err := in.UnreadIn(ctx, "t1", postkorb.PartyCitizen)
		check(t, err)
		d, err := in.UnreadIn(ctx, "t1", postkorb.PartyUnit)
		check(t, err)
		if all != wantCitizen || c != wantCitizen || d != wantDesk {
			t.Errorf("unread = %d, %d, %d, want %d, %d, %d", all, c, d, wantCitizen, wantCitizen, wantDesk)
		}
	}
	counts(1, 1)
	check(t, in.MarkOpened(ctx, decision.ID, unit)) // the sender's own side does not count
	counts(1, 1)
	check(t, in.MarkOpened(ctx, sub.ID, unit))
	check(t, in.MarkOpened(ctx, sub.ID, unit))
	counts(1, 0)
	if err := in.Confirm(ctx, decision.ID, unit); !errors.Is(err, postkorb.ErrDenied) {
		t.Errorf("confirming for the other side: %v", err)
	}
	check(t, in.Confirm(ctx, decision.ID, citizen))
	check(t, in.Confirm(ctx, decision.ID, citizen))
	check(t, in.MarkOpened(ctx, decision.ID, citizen))
	counts(0, 0)
	m, err := in.Message(ctx, decision.ID)
	check(t, err)
	if m.OpenedAt.IsZero() || m.ConfirmedAt.IsZero() {
		t.Errorf("message = %+v", m)
	}
	if got := record(t, in, "t1"); got != "created sent sent notice-queued opened opened confirmed" {
		t.Errorf("events = %q", got)
	}
	var invalid *postkorb.InvalidError
	if err := in.MarkOpened(ctx, sub.ID, system); !errors.As(err, &invalid) {
		t.Errorf("a machine reads: %v", err)
	}
}

func TestDocumentRequest(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	ctx := t.Context()
	open(t, in, "t1")
	req := send(t, in, "t1", postkorb.Draft{
		Kind: postkorb.KindDocumentRequest, From: unit, DueAt: start.AddDate(0, 0, 14),
		Slots: []postkorb.Slot{{ID: "pass", Label: "Reisepass", State: postkorb.SlotAccepted}, {Label: "Führungszeugnis"}},
	})
	if req.Slots[0].State != postkorb.SlotOpen || req.Slots[1].ID == "" {
		t.Fatalf("slots = %+v", req.Slots)
	}
	file := func(id string) postkorb.Attachment {
		return postkorb.Attachment{ID: id, Name: id + ".pdf", MediaType: "application/pdf", Size: 5, BlobKey: "b/" + id}
	}
	var slotErr *postkorb.SlotError
	if err := in.ReviewSlot(ctx, req.ID, "pass", unit, true, ""); !errors.As(err, &slotErr) || slotErr.From != postkorb.SlotOpen {
		t.Errorf("accepting an open slot: %v", err)
	}
	check(t, in.FillSlot(ctx, req.ID, "pass", citizen, file("a1")))
	check(t, in.FillSlot(ctx, req.ID, "pass", citizen, file("a1")))
	if err := in.ReviewSlot(ctx, req.ID, "pass", citizen, true, ""); !errors.Is(err, postkorb.ErrDenied) {
		t.Errorf("the citizen reviews: %v", err)
	}
	var invalid *postkorb.InvalidError
	if err := in.ReviewSlot(ctx, req.ID, "pass", unit, false, ""); !errors.As(err, &invalid) {
		t.Errorf("rejecting without a reason: %v", err)
	}
	check(t, in.ReviewSlot(ctx, req.ID, "pass", unit, false, "unscharf"))
	check(t, in.ReviewSlot(ctx, req.ID, "pass", unit, false, "unscharf"))
	check(t, in.FillSlot(ctx, req.ID, "pass", citizen, file("a2")))
	check(t, in.FillSlot(ctx, req.ID, "pass", citizen, file("a3"))) // a better scan before the review
	check(t, in.ReviewSlot(ctx, req.ID, "pass", unit, true, ""))
	if err := in.FillSlot(ctx, req.ID, "pass", citizen, file("a4")); !errors.As(err, &slotErr) {
		t.Errorf("filling an accepted slot: %v", err)
	}
	if err := in.FillSlot(ctx, req.ID, req.Slots[1].ID, citizen, file("a3")); !errors.As(err, &invalid) {
		t.Errorf("the same attachment in two slots: %v", err)
	}
	if err := in.FillSlot(ctx, req.ID, "none", citizen, file("a5")); !errors.Is(err, postkorb.ErrNotFound) {
		t.Errorf("an unknown slot: %v", err)
	}
	m, err := in.Message(ctx, req.ID)
	check(t, err)
	want := postkorb.Slot{ID: "pass", Label: "Reisepass", State: postkorb.SlotAccepted, Attachment: "a3"}
	if diff := cmp.Diff(want, m.Slots[0]); diff != "" {
		t.Errorf("slot (-want +got):\n%s", diff)
	}
	if len(m.Attachments) != 3 || m.Attachments[0].Slot != "pass" {
		t.Errorf("attachments = %+v", m.Attachments)
	}
	answer := send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindAnswer, From: citizen, InReplyTo: req.ID})
	es, err := in.Events(ctx, "t1")
	check(t, err)
	if last := es[len(es)-1]; last.Type != postkorb.EventAnswered || last.Message != req.ID || last.Detail != string(answer.ID) {
		t.Errorf("last event = %+v", last)
	}
	wantRecord := "created sent sent notice-queued slot-filled slot-rejected slot-filled slot-filled slot-accepted sent answered"
	if got := record(t, in, "t1"); got != wantRecord {
		t.Errorf("events = %q", got)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	ctx := t.Context()
	open(t, in, "t1")
	m, err := in.SetStatus(ctx, "t1", unit, postkorb.StatusInReview, "Wir prüfen")
	check(t, err)
	if m.Kind != postkorb.KindStatus || m.Status != postkorb.StatusInReview || m.Body != "Wir prüfen" {
		t.Errorf("message = %+v", m)
	}
	again, err := in.SetStatus(ctx, "t1", unit, postkorb.StatusInReview, "noch einmal")
	if err != nil || again.ID != m.ID {
		t.Errorf("repeated: %q, %v", again.ID, err)
	}
	var status *postkorb.StatusError
	if _, err := in.SetStatus(ctx, "t1", unit, postkorb.StatusReceived, ""); !errors.As(err, &status) || status.From != postkorb.StatusInReview {
		t.Errorf("back to received: %v", err)
	}
	if _, err := in.SetStatus(ctx, "t1", unit, "lost", ""); !errors.As(err, &status) {
		t.Errorf("unknown status: %v", err)
	}
	var invalid *postkorb.InvalidError
	if _, err := in.SetStatus(ctx, "t1", citizen, postkorb.StatusGranted, ""); !errors.As(err, &invalid) {
		t.Errorf("the citizen decides: %v", err)
	}
	if _, err := in.SetStatus(ctx, "t1", citizen, postkorb.StatusWithdrawn, ""); err != nil {
		t.Errorf("the citizen withdraws: %v", err)
	}
	if th := thread(t, in, "t1"); th.Status != postkorb.StatusWithdrawn {
		t.Errorf("status = %s", th.Status)
	}

	own := newInbox(&postkorb.Options{Ladder: postkorb.Ladder{"": {"neu"}, "neu": {"fertig"}}})
	_, _, err = own.Open(ctx, postkorb.Thread{Subject: "x"}, postkorb.Draft{Kind: postkorb.KindSubmission, From: postkorb.Party{Kind: postkorb.PartyCitizen}})
	if !errors.As(err, &status) {
		t.Errorf("a status outside the own ladder: %v", err)
	}
}

func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	var asked []postkorb.Action
	reason := errors.New("secret reason")
	in := newInbox(&postkorb.Options{Authorize: func(_ context.Context, a postkorb.Action) error {
		asked = append(asked, a)
		if a.By.ID == "team-x" {
			return reason
		}
		return nil
	}})
	ctx := t.Context()
	_, m := open(t, in, "t1")
	stranger := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-2"}
	other := postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-x"}
	for _, by := range []postkorb.Party{stranger, {Kind: postkorb.PartyCitizen}, other} {
		_, err := in.Send(ctx, "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: by})
		for what, err := range map[string]error{
			"Send": err, "MarkOpened": in.MarkOpened(ctx, m.ID, by), "Confirm": in.Confirm(ctx, m.ID, by),
			"Archive": in.Archive(ctx, "t1", by, true), "Close": in.Close(ctx, "t1", by),
			"Reopen": in.Reopen(ctx, "t1", by), "Move": in.Move(ctx, "t1", by, "team-b"),
		} {
			if !errors.Is(err, postkorb.ErrDenied) {
				t.Errorf("%s by %s: error = %v, want ErrDenied", what, by.ID, err)
			}
			if by == other && (!errors.Is(err, reason) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%s: error = %v", what, err)
			}
		}
	}
	for what, err := range map[string]error{
		"Close": in.Close(ctx, "t1", citizen), "Move": in.Move(ctx, "t1", citizen, "team-b"),
	} {
		if !errors.Is(err, postkorb.ErrDenied) {
			t.Errorf("%s by the citizen: %v", what, err)
		}
	}
	if a := asked[0]; a.Name != postkorb.ActionOpen || a.Thread.Unit != "team-a" || a.By != citizen {
		t.Errorf("asked about %+v", a)
	}
	if got := record(t, in, "t1"); got != "created sent" {
		t.Errorf("events = %q", got)
	}
}

func TestGuest(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	guest := postkorb.Party{Kind: postkorb.PartyCitizen, Name: "Gast"}
	th, _, err := in.Open(t.Context(), postkorb.Thread{Subject: "x"}, postkorb.Draft{Kind: postkorb.KindSubmission, From: guest})
	check(t, err)
	m := send(t, in, th.ID, postkorb.Draft{Kind: postkorb.KindQuestion, From: unit})
	check(t, in.MarkOpened(t.Context(), m.ID, guest))
	if got := record(t, in, th.ID); got != "created sent sent opened" { // nobody to tell
		t.Errorf("events = %q", got)
	}
	if n, err := in.Unread(t.Context(), ""); n != 0 || err != nil {
		t.Errorf("Unread of guests = %d, %v", n, err)
	}
}

func TestCloseMoveArchiveDelete(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	ctx := t.Context()
	open(t, in, "t1")
	check(t, in.Archive(ctx, "t1", citizen, true))
	check(t, in.Archive(ctx, "t1", unit, true))
	check(t, in.Archive(ctx, "t1", unit, true))
	th := thread(t, in, "t1")
	if !th.Archived(citizen) || !th.Archived(unit) || th.Archived(postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-b"}) {
		t.Errorf("labels = %v", th.Labels)
	}
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: unit})
	if th = thread(t, in, "t1"); th.Archived(citizen) || !th.Archived(unit) {
		t.Errorf("after a new message: labels = %v", th.Labels)
	}
	yes := true
	ts, _, err := in.Threads(ctx, postkorb.ThreadQuery{Units: []string{"team-a"}, Archived: &yes})
	if err != nil || len(ts) != 1 {
		t.Errorf("archived threads of the unit = %v, %v", ts, err)
	}
	check(t, in.Move(ctx, "t1", unit, "team-b"))
	check(t, in.Move(ctx, "t1", unit, "team-b"))
	check(t, in.Close(ctx, "t1", unit))
	check(t, in.Close(ctx, "t1", unit))
	if _, err := in.Send(ctx, "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: citizen}); !errors.Is(err, postkorb.ErrClosed) {
		t.Errorf("sending to a closed thread: %v", err)
	}
	check(t, in.Reopen(ctx, "t1", unit))
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: citizen})
	want := "created sent archived archived sent notice-queued archived moved closed reopened sent archived"
	if got := record(t, in, "t1"); got != want {
		t.Errorf("events = %q", got)
	}
	check(t, in.Delete(ctx, "t1"))
	check(t, in.Delete(ctx, "t1"))
	if _, err := in.Thread(ctx, "t1"); !errors.Is(err, postkorb.ErrNotFound) {
		t.Errorf("a deleted thread: %v", err)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	fixed := func() time.Time { return start } // all at the same time
	in := newInbox(&postkorb.Options{Now: fixed})
	for i := range 7 {
		open(t, in, fmt.Sprint("t", i))
	}
	q := postkorb.ThreadQuery{Owner: "acc-1", Limit: 3}
	var got []string
	for pages := 0; pages < 5; pages++ {
		ts, next, err := in.Threads(t.Context(), q)
		check(t, err)
		for _, th := range ts {
			got = append(got, string(th.ID))
		}
		if next == "" {
			break
		}
		q.After = next
	}
	if want := "t6 t5 t4 t3 t2 t1 t0"; strings.Join(got, " ") != want {
		t.Errorf("threads = %v, want %s", got, want)
	}
	for _, units := range [][]string{{}, {""}} {
		if ts, _, err := in.Threads(t.Context(), postkorb.ThreadQuery{Units: units}); err != nil || ts != nil {
			t.Errorf("units %q: %v, %v, want nothing", units, ts, err)
		}
	}
	var invalid *postkorb.InvalidError
	for _, q := range []postkorb.ThreadQuery{{}, {Owner: "a", Units: []string{"b"}}, {Owner: "a", After: "!"}, {Owner: "a\x00"}} {
		if _, _, err := in.Threads(t.Context(), q); !errors.As(err, &invalid) {
			t.Errorf("%+v: error = %v, want *InvalidError", q, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	in := newInbox(nil)
	for _, id := range []string{"t1", "t2"} {
		if _, _, err := in.Open(f.Context(), postkorb.Thread{ID: postkorb.ThreadID(id), Owner: "acc-1", Subject: "x"},
			postkorb.Draft{Kind: postkorb.KindInformation, From: citizen}); err != nil {
			f.Fatal(err)
		}
	}
	_, next, err := in.Threads(f.Context(), postkorb.ThreadQuery{Owner: "acc-1", Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(next))
	f.Add("")
	f.Add("LTE6eA")
	f.Fuzz(func(t *testing.T, cursor string) {
		ts, _, err := in.Threads(t.Context(), postkorb.ThreadQuery{Owner: "acc-1", After: postkorb.Cursor(cursor)})
		var invalid *postkorb.InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("error = %v", err)
		}
		if len(ts) > 2 {
			t.Fatalf("%d threads", len(ts))
		}
	})
}
