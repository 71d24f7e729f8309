// Package postkorbtest checks implementations of the interfaces of package
// postkorb.
package postkorbtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/postkorb"
)

// TestStore checks that a store keeps the contract of [postkorb.Store]. open
// returns a fresh, empty store for each subtest and cleans up with t.Cleanup.
func TestStore(t *testing.T, open func(t *testing.T) postkorb.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, postkorb.Store)
	}{
		{"a thread comes back as it was written", testRoundTrip},
		{"empty lists come back as nil", testEmpty},
		{"what is missing is not found", testMissing},
		{"a change is written wholly or not at all", testAtomic},
		{"a used id is refused", testDuplicate},
		{"a stale version is refused", testStale},
		{"of many writers with the same version one wins", testWriters},
		{"values taken and given are copies", testAliasing},
		{"times keep microseconds and come back in UTC", testTimes},
		{"large texts and all of Unicode come back", testTexts},
		{"lists are ordered, paged and filtered", testListing},
		{"labels are put on and taken off", testLabels},
		{"unread messages are summed per owner", testUnread},
		{"notices are found when due", testNotices},
		{"a deleted thread leaves nothing", testDelete},
		{"a cancelled context ends every call", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

var start = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

func thread(id string) postkorb.Thread {
	return postkorb.Thread{
		ID: postkorb.ThreadID(id), Owner: "acc-1", Reference: "2026-17", Subject: "Hundesteuer", Service: "hund",
		Unit: "team-a", Status: postkorb.StatusReceived, CreatedAt: start, UpdatedAt: start, Version: 1,
		Seq: 2, UnreadCitizen: 1,
	}
}

func message(id, threadID string, seq int64) postkorb.Message {
	return postkorb.Message{
		ID: postkorb.MessageID(id), Thread: postkorb.ThreadID(threadID), Seq: seq, Kind: postkorb.KindDocumentRequest,
		From:    postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-a", Person: "p-7", Name: "Steueramt"},
		Subject: "Nachforderung", Body: "Bitte reichen Sie nach:\n- Impfpass", InReplyTo: "m-0", Status: "",
		Slots:       []postkorb.Slot{{ID: "s1", Label: "Impfpass", State: postkorb.SlotReceived, Reason: "r", Attachment: "a1"}},
		Attachments: []postkorb.Attachment{{ID: "a1", Name: "pass.pdf", MediaType: "application/pdf", Size: 12, SHA256: "ab", BlobKey: "k/1", Slot: "s1"}},
		DueAt:       start.Add(48 * time.Hour), CreatedAt: start, Key: "key-" + id,
		OpenedAt: start.Add(time.Minute), ConfirmedAt: start.Add(time.Hour),
	}
}

func event(threadID string, seq int64) postkorb.Event {
	return postkorb.Event{
		Seq: seq, Thread: postkorb.ThreadID(threadID), Message: "m-1", Type: postkorb.EventSent,
		By: postkorb.Party{Kind: postkorb.PartyUnit, ID: "team-a", Person: "p-7", Name: "Steueramt"}, At: start, Detail: "question",
	}
}

func notice(id, threadID string) postkorb.QueuedNotice {
	return postkorb.QueuedNotice{
		Notice:  postkorb.Notice{ID: id, Owner: "acc-1", Thread: postkorb.ThreadID(threadID), Reason: postkorb.NoticeQuestion, CreatedAt: start},
		Message: "m-1", State: postkorb.NoticeQueued, Attempts: 2, NextAt: start, Lease: "l", LastError: "timeout",
	}
}

func full(id string) postkorb.Change {
	return postkorb.Change{
		Thread: thread(id), Sent: []postkorb.Message{message("m-"+id, id, 2)},
		Events:  []postkorb.Event{event(id, 1), event(id, 2)},
		Notices: []postkorb.QueuedNotice{notice("n-"+id, id)},
		Labels:  []postkorb.LabelChange{{Label: postkorb.Label{Kind: postkorb.PartyUnit, Reader: "team-a", Name: postkorb.LabelArchived}}},
	}
}

func write(t *testing.T, s postkorb.Store, c postkorb.Change) {
	t.Helper()
	if err := s.Write(t.Context(), c); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error = %v, want %v", got, want)
	}
}

func testRoundTrip(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	c := full("t1")
	write(t, s, c)
	want := c.Thread
	want.Labels = []postkorb.Label{c.Labels[0].Label}
	same(t, "thread", want, must[postkorb.Thread](t)(s.Thread(ctx, "t1")))
	same(t, "messages", c.Sent, must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"})))
	same(t, "message by id", c.Sent, must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{ID: "m-t1"})))
	same(t, "message by key", c.Sent, must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1", Key: "key-m-t1"})))
	same(t, "events", c.Events, must[[]postkorb.Event](t)(s.Events(ctx, "t1")))
	same(t, "notice", c.Notices, must[[]postkorb.QueuedNotice](t)(s.Notices(ctx, postkorb.NoticeFilter{ID: "n-t1"})))

	// A second change replaces the thread, what may change of a message, and
	// the notice; it adds events.
	th := c.Thread
	th.Version, th.Seq, th.Status, th.Closed, th.UnreadDesk, th.Unit = 2, 3, postkorb.StatusQuestion, true, 4, "team-b"
	th.UpdatedAt = start.Add(time.Hour)
	m := c.Sent[0]
	m.Slots = []postkorb.Slot{{ID: "s1", Label: "Impfpass", State: postkorb.SlotAccepted, Attachment: "a1"}}
	m.OpenedAt = start.Add(3 * time.Hour)
	q := c.Notices[0]
	q.State, q.Attempts, q.Lease, q.LastError, q.NextAt = postkorb.NoticeSent, 3, "", "", start.Add(time.Hour)
	write(t, s, postkorb.Change{
		Thread: th, Expected: 1, Changed: []postkorb.Message{m}, Events: []postkorb.Event{event("t1", 3)},
		Notices: []postkorb.QueuedNotice{q},
	})
	th.Labels = want.Labels
	same(t, "thread", th, must[postkorb.Thread](t)(s.Thread(ctx, "t1")))
	same(t, "messages", []postkorb.Message{m}, must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"})))
	same(t, "events", append(c.Events, event("t1", 3)), must[[]postkorb.Event](t)(s.Events(ctx, "t1")))
	same(t, "notice", []postkorb.QueuedNotice{q}, must[[]postkorb.QueuedNotice](t)(s.Notices(ctx, postkorb.NoticeFilter{ID: "n-t1"})))
}

func testEmpty(t *testing.T, s postkorb.Store) {
	th := postkorb.Thread{ID: "t1", Subject: "x", CreatedAt: start, UpdatedAt: start, Version: 1, Seq: 1}
	m := postkorb.Message{
		ID: "m1", Thread: "t1", Seq: 1, Kind: postkorb.KindInformation, CreatedAt: start,
		Slots: []postkorb.Slot{}, Attachments: []postkorb.Attachment{},
	}
	write(t, s, postkorb.Change{Thread: th, Sent: []postkorb.Message{m}})
	same(t, "thread", th, must[postkorb.Thread](t)(s.Thread(t.Context(), "t1")))
	got := must[[]postkorb.Message](t)(s.Messages(t.Context(), postkorb.MessageFilter{Thread: "t1"}))
	if len(got) != 1 || len(got[0].Slots) != 0 || len(got[0].Attachments) != 0 || !got[0].DueAt.IsZero() ||
		!got[0].OpenedAt.IsZero() || !got[0].ConfirmedAt.IsZero() {
		t.Errorf("messages = %+v, want one with nothing in it", got)
	}
}

func testMissing(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	_, err := s.Thread(ctx, "none")
	wantErr(t, err, postkorb.ErrNotFound)
	if got := must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "none"})); len(got) != 0 {
		t.Errorf("messages = %v, want none", got)
	}
	if got := must[[]postkorb.Event](t)(s.Events(ctx, "none")); len(got) != 0 {
		t.Errorf("events = %v, want none", got)
	}
	if got := must[[]postkorb.QueuedNotice](t)(s.Notices(ctx, postkorb.NoticeFilter{ID: "none"})); len(got) != 0 {
		t.Errorf("notices = %v, want none", got)
	}
	c := full("t1")
	c.Expected, c.Thread.Version = 1, 2
	wantErr(t, s.Write(ctx, c), postkorb.ErrNotFound)
	if err := s.Delete(ctx, "none"); err != nil {
		t.Errorf("Delete of nothing: %v", err)
	}
}

func testAtomic(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	write(t, s, full("t1"))
	th := thread("t1")
	th.Version, th.Status = 2, postkorb.StatusDone
	err := s.Write(ctx, postkorb.Change{
		Thread: th, Expected: 1, Events: []postkorb.Event{event("t1", 3)},
		Sent:   []postkorb.Message{message("m-new", "t1", 3), message("m-t1", "t1", 4)}, // the second id is used
		Labels: []postkorb.LabelChange{{Label: postkorb.Label{Kind: postkorb.PartyCitizen, Reader: "acc-1", Name: postkorb.LabelArchived}}},
	})
	wantErr(t, err, postkorb.ErrExists)
	got := must[postkorb.Thread](t)(s.Thread(ctx, "t1"))
	if got.Version != 1 || got.Status != postkorb.StatusReceived || len(got.Labels) != 1 {
		t.Errorf("thread changed by a failed write: %+v", got)
	}
	if n := len(must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"}))); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	if n := len(must[[]postkorb.Event](t)(s.Events(ctx, "t1"))); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func testDuplicate(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	write(t, s, full("t1"))
	wantErr(t, s.Write(ctx, full("t1")), postkorb.ErrExists)

	other := full("t2")
	other.Sent[0].ID = "m-t1"
	wantErr(t, s.Write(ctx, other), postkorb.ErrExists)
	if _, err := s.Thread(ctx, "t2"); !errors.Is(err, postkorb.ErrNotFound) {
		t.Errorf("a refused thread is there: %v", err)
	}

	key := message("m-2", "t1", 3)
	key.Key = "key-m-t1"
	th := thread("t1")
	th.Version = 2
	wantErr(t, s.Write(ctx, postkorb.Change{Thread: th, Expected: 1, Sent: []postkorb.Message{key}}), postkorb.ErrExists)

	// The same key is free in another thread, and no key at all everywhere.
	second := full("t2")
	second.Sent[0].Key = "key-m-t1"
	write(t, s, second)
	for i := range 2 {
		m := message(fmt.Sprint("m-none-", i), "t1", int64(3+i))
		m.Key = ""
		th.Version = int64(2 + i)
		write(t, s, postkorb.Change{Thread: th, Expected: int64(1 + i), Sent: []postkorb.Message{m}})
	}
}

func testStale(t *testing.T, s postkorb.Store) {
	write(t, s, full("t1"))
	th := thread("t1")
	th.Version = 2
	write(t, s, postkorb.Change{Thread: th, Expected: 1})
	wantErr(t, s.Write(t.Context(), postkorb.Change{Thread: th, Expected: 1}), postkorb.ErrConflict)
}

func testWriters(t *testing.T, s postkorb.Store) {
	write(t, s, full("t1"))
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			th := thread("t1")
			th.Version, th.Seq = 2, 3
			err := s.Write(t.Context(), postkorb.Change{
				Thread: th, Expected: 1, Events: []postkorb.Event{event("t1", 3)},
				Sent: []postkorb.Message{message(fmt.Sprint("w", i), "t1", 3)},
			})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, postkorb.ErrConflict):
				t.Errorf("Write: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won, want 1", won.Load())
	}
	if n := len(must[[]postkorb.Message](t)(s.Messages(t.Context(), postkorb.MessageFilter{Thread: "t1"}))); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

func testAliasing(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	c := full("t1")
	write(t, s, c)
	c.Sent[0].Slots[0].Label = "changed"
	c.Sent[0].Attachments[0].Name = "changed"
	c.Events[0].Detail = "changed"
	got := must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"}))
	got[0].Slots[0].Label = "changed"
	got[0].Attachments[0].Name = "changed"
	must[[]postkorb.Event](t)(s.Events(ctx, "t1"))[1].Detail = "changed"
	must[postkorb.Thread](t)(s.Thread(ctx, "t1")).Labels[0].Reader = "changed"

	want := full("t1")
	same(t, "messages", want.Sent, must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"})))
	same(t, "events", want.Events, must[[]postkorb.Event](t)(s.Events(ctx, "t1")))
	if r := must[postkorb.Thread](t)(s.Thread(ctx, "t1")).Labels[0].Reader; r != "team-a" {
		t.Errorf("label reader = %q", r)
	}
}

func testTimes(t *testing.T, s postkorb.Store) {
	c := full("t1")
	at := time.Date(2026, 7, 1, 0, 30, 0, 987654000, time.FixedZone("CEST", 7200))
	c.Thread.UpdatedAt, c.Sent[0].DueAt, c.Events[0].At, c.Notices[0].NextAt = at, at, at, at
	write(t, s, c)
	ctx := t.Context()
	for what, got := range map[string]time.Time{
		"thread":  must[postkorb.Thread](t)(s.Thread(ctx, "t1")).UpdatedAt,
		"message": must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{ID: "m-t1"}))[0].DueAt,
		"event":   must[[]postkorb.Event](t)(s.Events(ctx, "t1"))[0].At,
		"notice":  must[[]postkorb.QueuedNotice](t)(s.Notices(ctx, postkorb.NoticeFilter{ID: "n-t1"}))[0].NextAt,
	} {
		if !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v in UTC", what, got, at.UTC())
		}
	}
}

func testTexts(t *testing.T, s postkorb.Store) {
	c := full("t1")
	c.Thread.Subject = "Größe Ä ß ẞ 🏰 \u202fמ ' \" ? $1 {{.Time}}"
	c.Sent[0].Body = strings.Repeat("Straße 🏰\n", 100_000)
	c.Sent[0].Slots[0].Label = "Prüfung „A“ <b> & 'x' ?"
	write(t, s, c)
	got := must[[]postkorb.Message](t)(s.Messages(t.Context(), postkorb.MessageFilter{Thread: "t1"}))
	if len(got) != 1 || got[0].Body != c.Sent[0].Body {
		t.Error("a body of more than 1 MB did not come back as it was")
	}
	same(t, "slots", c.Sent[0].Slots, got[0].Slots)
	same(t, "subject", c.Thread.Subject, must[postkorb.Thread](t)(s.Thread(t.Context(), "t1")).Subject)
}

func ids(ts []postkorb.Thread) string {
	var out []string
	for _, th := range ts {
		out = append(out, string(th.ID))
	}
	return strings.Join(out, " ")
}

func testListing(t *testing.T, s postkorb.Store) {
	// Threads a..f: three share one time, so the id decides.
	for i, id := range []string{"a", "b", "c", "d", "e", "f"} {
		th := thread(id)
		th.UnreadCitizen, th.UnreadDesk = i%2, (i+1)%2
		th.Closed = id == "e"
		th.UpdatedAt = start.Add(time.Duration(i/3*120) * time.Microsecond)
		if id == "f" {
			th.Owner, th.Unit, th.Reference = "acc-2", "team-b", "other"
		}
		write(t, s, postkorb.Change{Thread: th})
	}
	yes, no := true, false
	var pages []string
	f := postkorb.ThreadFilter{Owner: "acc-1", Limit: 2}
	for {
		ts := must[[]postkorb.Thread](t)(s.Threads(t.Context(), f))
		if len(ts) == 0 {
			break
		}
		pages = append(pages, ids(ts))
		f.BeforeTime, f.BeforeID = ts[len(ts)-1].UpdatedAt, ts[len(ts)-1].ID
	}
	same(t, "pages", []string{"e d", "c b", "a"}, pages)
	for _, c := range []struct {
		name string
		f    postkorb.ThreadFilter
		want string
	}{
		{"one unit", postkorb.ThreadFilter{Units: []string{"team-b"}}, "f"},
		{"two units", postkorb.ThreadFilter{Units: []string{"team-a", "team-b"}}, "f e d c b a"},
		{"unknown unit", postkorb.ThreadFilter{Units: []string{"team-x"}}, ""},
		{"closed", postkorb.ThreadFilter{Owner: "acc-1", Closed: &yes}, "e"},
		{"open", postkorb.ThreadFilter{Owner: "acc-1", Closed: &no}, "d c b a"},
		{"reference", postkorb.ThreadFilter{Units: []string{"team-a", "team-b"}, Reference: "other"}, "f"},
		{"unread by the owner", postkorb.ThreadFilter{Owner: "acc-1", UnreadOnly: true}, "d b"},
		{"unread at the desk", postkorb.ThreadFilter{Units: []string{"team-a"}, UnreadOnly: true}, "e c a"},
		{"nobody's", postkorb.ThreadFilter{Owner: "acc-3"}, ""},
	} {
		c.f.Limit = 10
		if got := ids(must[[]postkorb.Thread](t)(s.Threads(t.Context(), c.f))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func testLabels(t *testing.T, s postkorb.Store) {
	owner := postkorb.Label{Kind: postkorb.PartyCitizen, Reader: "acc-1", Name: postkorb.LabelArchived}
	unit := postkorb.Label{Kind: postkorb.PartyUnit, Reader: "team-a", Name: postkorb.LabelArchived}
	for _, id := range []string{"a", "b"} {
		write(t, s, postkorb.Change{Thread: thread(id)})
	}
	version := int64(1)
	put := func(changes ...postkorb.LabelChange) {
		th := thread("a")
		th.Version = version + 1
		write(t, s, postkorb.Change{Thread: th, Expected: version, Labels: changes})
		version++
	}
	yes, no := true, false
	list := func(f postkorb.ThreadFilter) string {
		f.Limit = 10
		return ids(must[[]postkorb.Thread](t)(s.Threads(t.Context(), f)))
	}
	put(postkorb.LabelChange{Label: unit}, postkorb.LabelChange{Label: owner})
	put(postkorb.LabelChange{Label: owner}) // again: no difference
	same(t, "labels", []postkorb.Label{owner, unit}, must[postkorb.Thread](t)(s.Thread(t.Context(), "a")).Labels)
	same(t, "archived by the owner", "a", list(postkorb.ThreadFilter{Owner: "acc-1", Archived: &yes}))
	same(t, "not archived by the owner", "b", list(postkorb.ThreadFilter{Owner: "acc-1", Archived: &no}))

	put(postkorb.LabelChange{Label: owner, Remove: true})
	same(t, "not archived by the owner", "b a", list(postkorb.ThreadFilter{Owner: "acc-1", Archived: &no}))
	same(t, "archived by the unit", "a", list(postkorb.ThreadFilter{Units: []string{"team-a"}, Archived: &yes}))
	put(postkorb.LabelChange{Label: unit, Remove: true})
	if got := must[postkorb.Thread](t)(s.Thread(t.Context(), "a")).Labels; got != nil {
		t.Errorf("labels = %v, want nil", got)
	}
}

func testUnread(t *testing.T, s postkorb.Store) {
	for i, owner := range []string{"acc-1", "acc-1", "acc-2"} {
		th := thread(fmt.Sprint("t", i))
		th.Owner, th.UnreadCitizen = owner, i+1
		write(t, s, postkorb.Change{Thread: th})
	}
	for owner, want := range map[string]int{"acc-1": 3, "acc-2": 3, "acc-3": 0} {
		if got := must[int](t)(s.Unread(t.Context(), owner)); got != want {
			t.Errorf("Unread(%s) = %d, want %d", owner, got, want)
		}
	}
}

func testNotices(t *testing.T, s postkorb.Store) {
	var qs []postkorb.QueuedNotice
	for i, st := range []postkorb.NoticeState{
		postkorb.NoticeQueued, postkorb.NoticeSending, postkorb.NoticeSent, postkorb.NoticeFailed,
		postkorb.NoticeQueued, postkorb.NoticeQueued,
	} {
		q := notice(fmt.Sprint("n", i), "t1")
		q.State, q.NextAt = st, start.Add(-time.Duration(i)*time.Second)
		if i == 5 {
			q.NextAt = start.Add(time.Microsecond)
		}
		qs = append(qs, q)
	}
	write(t, s, postkorb.Change{Thread: thread("t1"), Notices: qs})
	due := must[[]postkorb.QueuedNotice](t)(s.Notices(t.Context(), postkorb.NoticeFilter{DueAt: start, Limit: 10}))
	same(t, "due", []postkorb.QueuedNotice{qs[4], qs[1], qs[0]}, due)
	due = must[[]postkorb.QueuedNotice](t)(s.Notices(t.Context(), postkorb.NoticeFilter{DueAt: start, Limit: 1}))
	same(t, "due, limited", qs[4:5], due)
}

func testDelete(t *testing.T, s postkorb.Store) {
	ctx := t.Context()
	write(t, s, full("t1"))
	write(t, s, full("t2"))
	if err := s.Delete(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Thread(ctx, "t1")
	wantErr(t, err, postkorb.ErrNotFound)
	n := len(must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{ID: "m-t1"}))) +
		len(must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"}))) +
		len(must[[]postkorb.Event](t)(s.Events(ctx, "t1"))) +
		len(must[[]postkorb.QueuedNotice](t)(s.Notices(ctx, postkorb.NoticeFilter{ID: "n-t1"})))
	if n != 0 {
		t.Errorf("%d things are left of a deleted thread", n)
	}
	if n := len(must[[]postkorb.Message](t)(s.Messages(ctx, postkorb.MessageFilter{Thread: "t2"}))); n != 1 {
		t.Errorf("the other thread has %d messages, want 1", n)
	}
	write(t, s, full("t1")) // everything is free again, labels included
}

func testCancelled(t *testing.T, s postkorb.Store) {
	write(t, s, full("t1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, thread := s.Thread(ctx, "t1")
	_, threads := s.Threads(ctx, postkorb.ThreadFilter{Owner: "acc-1", Limit: 1})
	_, messages := s.Messages(ctx, postkorb.MessageFilter{Thread: "t1"})
	_, events := s.Events(ctx, "t1")
	_, unread := s.Unread(ctx, "acc-1")
	_, notices := s.Notices(ctx, postkorb.NoticeFilter{DueAt: start, Limit: 1})
	for what, err := range map[string]error{
		"Write": s.Write(ctx, full("t2")), "Thread": thread, "Threads": threads, "Messages": messages,
		"Events": events, "Unread": unread, "Notices": notices, "Delete": s.Delete(ctx, "t1"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want context.Canceled", what, err)
		}
	}
	if _, err := s.Thread(t.Context(), "t2"); !errors.Is(err, postkorb.ErrNotFound) {
		t.Errorf("a cancelled write left a thread: %v", err)
	}
}
