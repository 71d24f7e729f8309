package postkorb_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stadttor/stadttor/postkorb"
	"pgregory.net/rapid"
)

var statuses = []postkorb.Status{
	postkorb.StatusReceived, postkorb.StatusInReview, postkorb.StatusQuestion, postkorb.StatusPaymentOpen,
	postkorb.StatusHandedOver, postkorb.StatusGranted, postkorb.StatusRefused, postkorb.StatusPartly,
	postkorb.StatusWithdrawn, postkorb.StatusDone, postkorb.StatusConfirmed,
}

// walk does random things to one thread and keeps the few numbers that have to
// come out right.
type walk struct {
	in       *postkorb.Inbox
	messages []postkorb.MessageID
	refused  int
}

func (w *walk) step(t *rapid.T) {
	ctx := t.Context()
	by := rapid.SampledFrom([]postkorb.Party{citizen, unit, system}).Draw(t, "by")
	id := rapid.SampledFrom(w.messages).Draw(t, "message")
	slot := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "slot")
	var m postkorb.Message
	var err error
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		m, err = w.in.Send(ctx, "t1", postkorb.Draft{
			Kind:      rapid.SampledFrom([]postkorb.Kind{postkorb.KindInformation, postkorb.KindQuestion, postkorb.KindDecision}).Draw(t, "kind"),
			From:      by,
			InReplyTo: id,
			Key:       rapid.SampledFrom([]string{"", "k1", "k2"}).Draw(t, "key"),
			NoNotice:  rapid.Bool().Draw(t, "no notice"),
		})
	case 1:
		m, err = w.in.Send(ctx, "t1", postkorb.Draft{Kind: postkorb.KindAnswer, From: by, InReplyTo: id})
	case 2:
		m, err = w.in.Send(ctx, "t1", postkorb.Draft{
			Kind: postkorb.KindDocumentRequest, From: by, Slots: []postkorb.Slot{{ID: "a", Label: "A"}, {ID: "b", Label: "B"}},
		})
	case 3:
		m, err = w.in.SetStatus(ctx, "t1", by, rapid.SampledFrom(statuses).Draw(t, "status"), "")
	case 4:
		err = w.in.MarkOpened(ctx, id, by)
	case 5:
		err = w.in.Confirm(ctx, id, by)
	case 6:
		file := rapid.SampledFrom([]string{"f1", "f2", "f3"}).Draw(t, "file")
		err = w.in.FillSlot(ctx, id, slot, by, postkorb.Attachment{ID: file, Name: file})
	case 7:
		err = w.in.ReviewSlot(ctx, id, slot, by, rapid.Bool().Draw(t, "accept"), "zu unscharf")
	case 8:
		err = w.in.Archive(ctx, "t1", by, rapid.Bool().Draw(t, "archived"))
	case 9:
		if rapid.Bool().Draw(t, "close") {
			err = w.in.Close(ctx, "t1", by)
		} else {
			err = w.in.Reopen(ctx, "t1", by)
		}
	}
	w.allowed(t, err)
	if m.ID != "" {
		w.messages = append(w.messages, m.ID)
	}
}

// allowed fails for errors that no rule accounts for.
func (w *walk) allowed(t *rapid.T, err error) {
	if err == nil {
		return
	}
	w.refused++
	var invalid *postkorb.InvalidError
	var status *postkorb.StatusError
	var slot *postkorb.SlotError
	if !errors.As(err, &invalid) && !errors.As(err, &status) && !errors.As(err, &slot) &&
		!errors.Is(err, postkorb.ErrDenied) && !errors.Is(err, postkorb.ErrClosed) && !errors.Is(err, postkorb.ErrNotFound) {
		t.Fatalf("unexpected error: %v", err)
	}
}

func TestPropertyThreadAgreesWithItsRecord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		clk := &clock{at: start}
		in := newInbox(&postkorb.Options{Now: clk.Now})
		_, first, err := in.Open(ctx, postkorb.Thread{ID: "t1", Owner: "acc-1", Subject: "x", Unit: "team-a"},
			postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen})
		if err != nil {
			t.Fatal(err)
		}
		w := &walk{in: in, messages: []postkorb.MessageID{first.ID}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.step(t)
		}
		th, err1 := in.Thread(ctx, "t1")
		ms, err2 := in.Messages(ctx, "t1")
		es, err3 := in.Events(ctx, "t1")
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		agree(t, th, ms, es)
		due, err := in.Due(ctx, clk.Now().Add(time.Hour), 1000)
		if err != nil {
			t.Fatal(err)
		}
		queued := 0
		for _, e := range es {
			if e.Type == postkorb.EventNoticeQueued {
				queued++
			}
		}
		if len(due) != queued {
			t.Fatalf("%d notices due, %d events say queued", len(due), queued)
		}
	})
}

// agree works out from the record what the thread should look like.
func agree(t *rapid.T, th postkorb.Thread, ms []postkorb.Message, es []postkorb.Event) {
	var closed bool
	status := postkorb.StatusReceived
	opened := map[postkorb.MessageID]bool{}
	slots := map[string]postkorb.SlotState{}
	sent := 0
	for i, e := range es {
		if e.Seq != int64(i+1) || (i > 0 && e.At.Before(es[i-1].At)) {
			t.Fatalf("event %d out of order: %+v", i, e)
		}
		slot := string(e.Message) + "/" + e.Detail
		switch e.Type {
		case postkorb.EventSent:
			sent++
		case postkorb.EventStatus:
			if !postkorb.DefaultLadder().Allows(status, postkorb.Status(e.Detail)) {
				t.Fatalf("step from %s to %s", status, e.Detail)
			}
			status = postkorb.Status(e.Detail)
		case postkorb.EventOpened:
			if opened[e.Message] {
				t.Fatalf("message %s opened twice", e.Message)
			}
			opened[e.Message] = true
		case postkorb.EventClosed:
			closed = true
		case postkorb.EventReopened:
			closed = false
		case postkorb.EventSlotFilled:
			if slots[slot] == postkorb.SlotAccepted {
				t.Fatal("an accepted slot was filled")
			}
			slots[slot] = postkorb.SlotReceived
		case postkorb.EventSlotAccepted, postkorb.EventSlotRejected:
			if slots[slot] != postkorb.SlotReceived {
				t.Fatalf("slot reviewed in state %q", slots[slot])
			}
			slots[slot] = postkorb.SlotState(string(e.Type)[len("slot-"):])
		}
	}
	unread := map[postkorb.PartyKind]int{}
	for _, m := range ms {
		if m.OpenedAt.IsZero() == opened[m.ID] || (!m.ConfirmedAt.IsZero() && m.OpenedAt.IsZero()) {
			t.Fatalf("message %s: opened %v, confirmed %v", m.ID, m.OpenedAt, m.ConfirmedAt)
		}
		for _, side := range []postkorb.PartyKind{postkorb.PartyCitizen, postkorb.PartyUnit} {
			if m.Unread(side) {
				unread[side]++
			}
		}
		for _, s := range m.Slots {
			want := slots[string(m.ID)+"/"+s.ID]
			if want == "" {
				want = postkorb.SlotOpen
			}
			if s.State != want {
				t.Fatalf("slot %s is %s, the record says %s", s.ID, s.State, want)
			}
		}
	}
	got := fmt.Sprint(len(ms), th.Status, th.Closed, th.Seq, th.UnreadCitizen, th.UnreadDesk)
	want := fmt.Sprint(sent, status, closed, len(es), unread[postkorb.PartyCitizen], unread[postkorb.PartyUnit])
	if got != want {
		t.Fatalf("thread says %s, record says %s", got, want)
	}
}
