package federationtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
)

// TestReplyStore checks an implementation of [federation.ReplyStore] against
// the sentences of its contract. Open returns a fresh, empty store for each
// subtest.
func TestReplyStore(t *testing.T, open func(t *testing.T) federation.ReplyStore) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s federation.ReplyStore)
	}{
		{"what is inserted is found", testReplyRoundTrip},
		{"source and id together are unique", testReplyUnique},
		{"what is unknown is not found", testReplyUnknown},
		{"of concurrent inserts one wins", testReplyConcurrent},
		{"a case lists its replies oldest first", testReplies},
		{"a cancelled context ends every call", testReplyCancelled},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

func sampleReply(id string) federation.ReplyRecord {
	return federation.ReplyRecord{
		Source: "steuern:größer", ID: id, Key: "antrag-1", Reference: "AW-2026-1 🏠", Kind: federation.ReplyQuestion,
		SHA256: strings.Repeat("ab", 32), Attachments: 2,
		At: start.In(time.FixedZone("CET", 3600)), TakenAt: start.Add(time.Minute + time.Nanosecond),
	}
}

func testReplyRoundTrip(t *testing.T, s federation.ReplyStore) {
	if err := s.Insert(t.Context(), sampleReply("r1")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Reply(t.Context(), "steuern:größer", "r1")
	if err != nil {
		t.Fatal(err)
	}
	want := sampleReply("r1")
	want.TakenAt = start.Add(time.Minute)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.At.Location() != time.UTC || got.TakenAt.Location() != time.UTC {
		t.Errorf("times %v, %v", got.At, got.TakenAt)
	}
}

func testReplyUnique(t *testing.T, s federation.ReplyStore) {
	if err := s.Insert(t.Context(), sampleReply("r1")); err != nil {
		t.Fatal(err)
	}
	other := sampleReply("r1")
	other.Kind, other.Reference = federation.ReplyStatus, "x"
	if err := s.Insert(t.Context(), other); !errors.Is(err, federation.ErrExists) {
		t.Errorf("Insert = %v, want ErrExists", err)
	}
	if got, err := s.Reply(t.Context(), other.Source, "r1"); err != nil || got.Kind != federation.ReplyQuestion {
		t.Errorf("Reply = %v, %v", got.Kind, err)
	}
	elsewhere := sampleReply("r1")
	elsewhere.Source = "bauamt"
	for _, r := range []federation.ReplyRecord{elsewhere, sampleReply("R1")} {
		if err := s.Insert(t.Context(), r); err != nil {
			t.Errorf("Insert(%s, %s) = %v", r.Source, r.ID, err)
		}
	}
}

func testReplyUnknown(t *testing.T, s federation.ReplyStore) {
	if _, err := s.Reply(t.Context(), "a", "b"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("Reply = %v", err)
	}
	if list, err := s.Replies(t.Context(), "x"); err != nil || list != nil {
		t.Errorf("Replies = %#v, %v", list, err)
	}
}

func testReplyConcurrent(t *testing.T, s federation.ReplyStore) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := 0
	for range 8 {
		wg.Go(func() {
			err := s.Insert(t.Context(), sampleReply("r1"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, federation.ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d inserts won", won)
	}
}

func testReplies(t *testing.T, s federation.ReplyStore) {
	for i, after := range []time.Duration{time.Hour, 0, 0, -time.Microsecond} {
		r := sampleReply(fmt.Sprint("r", i))
		r.TakenAt = start.Add(after)
		if err := s.Insert(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	other := sampleReply("r9")
	other.Reference = "aw-2026-1 🏠"
	if err := s.Insert(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	list, err := s.Replies(t.Context(), sampleReply("").Reference)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"r3", "r1", "r2", "r0"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testReplyCancelled(t *testing.T, s federation.ReplyStore) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Insert":  func() error { return s.Insert(ctx, sampleReply("r1")) },
		"Reply":   func() error { _, err := s.Reply(ctx, "a", "b"); return err },
		"Replies": func() error { _, err := s.Replies(ctx, "x"); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Reply(t.Context(), sampleReply("").Source, "r1"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("a cancelled Insert was kept: %v", err)
	}
}
