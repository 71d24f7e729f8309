package portal

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stadttor/stadttor/federation"
)

type taken struct{ keys []string }

func (n *taken) Deliver(_ context.Context, d federation.Delivery, _ func(context.Context, federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	n.keys = append(n.keys, d.Key)
	return federation.Receipt{ID: "E"}, nil
}

// The clock of the instance that took the message was behind: still nothing
// overtakes the application, and nothing waits for what waits for it.
func TestInOrder(t *testing.T) {
	t.Parallel()
	store, got := federation.NewMemStore(), &taken{}
	way := inOrder{got, store}
	at := time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)
	all := map[string]federation.Delivery{}
	for i, key := range []string{"nachricht-1", "antrag-x", "nachricht-2"} {
		d := federation.Delivery{ID: key, Key: key, Destination: "steuern:hunde", Reference: "AW", State: federation.StateQueued,
			Payload: federation.Payload{MediaType: "a/b"}, CreatedAt: at.Add(time.Duration(i) * time.Second), NextAt: at, Version: 1}
		if err := store.Create(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		all[key] = d
	}
	for _, step := range []struct {
		key   string
		waits bool
	}{{"nachricht-2", true}, {"nachricht-1", true}, {"antrag-x", false}, {"nachricht-2", true}, {"nachricht-1", false}, {"nachricht-2", false}} {
		_, err := way.Deliver(t.Context(), all[step.key], nil)
		var failed *federation.TransportError
		if waits := errors.As(err, &failed) && failed.Reason == reasonEarlier && !failed.Permanent; waits != step.waits {
			t.Fatalf("%s: %v", step.key, err)
		}
		if !step.waits {
			d := all[step.key]
			d.State = federation.StateDelivered
			if err := store.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(got.keys) != 3 || got.keys[0] != "antrag-x" {
		t.Errorf("went out: %v", got.keys)
	}
}
