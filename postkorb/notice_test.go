package postkorb_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/postkorb"
)

type notifyFunc func(context.Context, postkorb.Notice) error

func (f notifyFunc) Notify(ctx context.Context, n postkorb.Notice) error { return f(ctx, n) }

func due(t *testing.T, in *postkorb.Inbox, c *clock) []string {
	t.Helper()
	ids, err := in.Due(t.Context(), c.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestNoticeHasNoRoomForContent(t *testing.T) {
	t.Parallel()
	for i, typ := 0, reflect.TypeFor[postkorb.Notice](); i < typ.NumField(); i++ {
		switch name := typ.Field(i).Name; name {
		case "ID", "Owner", "Thread", "Reason", "CreatedAt":
		default:
			t.Errorf("Notice has a field %s", name)
		}
	}
}

func TestWhoIsToldWhat(t *testing.T) {
	t.Parallel()
	var got []postkorb.Notice
	c := &clock{at: start}
	in := newInbox(&postkorb.Options{Now: c.Now, Notifier: notifyFunc(func(_ context.Context, n postkorb.Notice) error {
		got = append(got, n)
		return nil
	})})
	open(t, in, "t1")
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindInformation, From: citizen})
	if ids := due(t, in, c); len(ids) != 0 {
		t.Fatalf("the citizen is told about own messages: %v", ids)
	}
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindStatus, Status: postkorb.StatusInReview, From: system, NoNotice: true})
	if ids := due(t, in, c); len(ids) != 0 {
		t.Fatalf("told in spite of NoNotice: %v", ids)
	}
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindDecision, From: unit, Subject: "Bescheid", Body: "geheim"})
	ids := due(t, in, c)
	for range 3 { // repeating does no harm
		for _, id := range ids {
			check(t, in.Notify(t.Context(), id))
		}
	}
	if len(got) != 1 || got[0].Owner != "acc-1" || got[0].Reason != postkorb.NoticeDecision || got[0].Thread != "t1" || got[0].ID != ids[0] {
		t.Errorf("notices = %+v", got)
	}
	if ids := due(t, in, c); len(ids) != 0 {
		t.Errorf("still due: %v", ids)
	}
	if r := record(t, in, "t1"); !strings.HasSuffix(r, "notice-queued notice-sent") {
		t.Errorf("events = %q", r)
	}
	if err := in.Notify(t.Context(), "none"); !errors.Is(err, postkorb.ErrNotFound) {
		t.Errorf("an unknown notice: %v", err)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		err    error
		tries  int
		detail string
	}{
		{"any error", errors.New("mailbox of erika full"), 3, "unknown"},
		{"temporary", &postkorb.NotifyError{Code: "smtp-451"}, 3, "smtp-451"},
		{"a sentence for a code", &postkorb.NotifyError{Code: "mailbox of erika full"}, 3, "unknown"},
		{"timeout", context.DeadlineExceeded, 3, "timeout"},
		{"permanent", &postkorb.NotifyError{Code: "no-address", Permanent: true}, 1, "no-address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			clk := &clock{at: start}
			in := newInbox(&postkorb.Options{
				Now: clk.Now, RetryDelays: []time.Duration{time.Minute, time.Hour},
				Notifier: notifyFunc(func(context.Context, postkorb.Notice) error {
					tries++
					return c.err
				}),
			})
			open(t, in, "t1")
			send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindQuestion, From: unit})
			id := due(t, in, clk)[0]
			for range 10 {
				check(t, in.Notify(t.Context(), id))
				check(t, in.Notify(t.Context(), id)) // not due: nothing happens
				clk.Forward(2 * time.Hour)
			}
			if tries != c.tries {
				t.Errorf("%d tries, want %d", tries, c.tries)
			}
			es, err := in.Events(t.Context(), "t1")
			check(t, err)
			if last := es[len(es)-1]; last.Type != postkorb.EventNoticeFailed || last.Detail != c.detail {
				t.Errorf("last event = %+v", last)
			}
			if ids := due(t, in, clk); len(ids) != 0 {
				t.Errorf("still due: %v", ids)
			}
		})
	}
}

func TestLeaseKeepsOthersAwayAndEnds(t *testing.T) {
	t.Parallel()
	clk := &clock{at: start}
	var calls atomic.Int64
	entered, release := make(chan struct{}), make(chan struct{})
	in := newInbox(&postkorb.Options{Now: clk.Now, Notifier: notifyFunc(func(context.Context, postkorb.Notice) error {
		if calls.Add(1) == 1 {
			close(entered)
			<-release // the first one hangs
		}
		return nil
	})})
	open(t, in, "t1")
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindQuestion, From: unit})
	id := due(t, in, clk)[0]
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := in.Notify(t.Context(), id); err != nil {
			t.Errorf("Notify: %v", err)
		}
	})
	<-entered
	check(t, in.Notify(t.Context(), id))
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls while the lease was held, want 1", n)
	}
	clk.Forward(10 * time.Minute) // as if the first had died
	check(t, in.Notify(t.Context(), id))
	close(release)
	wg.Wait()
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	if r := record(t, in, "t1"); strings.Count(r, "notice-sent") != 1 {
		t.Errorf("events = %q", r)
	}
}

func TestThreadErasedWhileTheNoticeIsOnItsWay(t *testing.T) {
	t.Parallel()
	clk := &clock{at: start}
	var in *postkorb.Inbox
	in = newInbox(&postkorb.Options{Now: clk.Now, Notifier: notifyFunc(func(ctx context.Context, n postkorb.Notice) error {
		return in.Delete(ctx, n.Thread)
	})})
	open(t, in, "t1")
	send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindQuestion, From: unit})
	if err := in.Notify(t.Context(), due(t, in, clk)[0]); err != nil {
		t.Errorf("Notify: %v", err)
	}
}
