package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
	"github.com/stadttor/stadttor/federation/webhook"
)

// loss is what becomes of one exchange.
type loss int

const (
	arrives loss = iota
	requestLost
	answerLost
	answerSpoilt
	twice
)

// wire loses and repeats what passes, without sockets.
type wire struct {
	h    http.Handler
	plan []loss
}

var errLost = errors.New("lost")

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	fate := arrives
	if len(w.plan) > 0 {
		fate, w.plan = w.plan[0], w.plan[1:]
	}
	if fate == requestLost {
		return nil, errLost
	}
	if fate == twice && r.GetBody != nil {
		copied := r.Clone(r.Context())
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		copied.Body = body
		w.h.ServeHTTP(httptest.NewRecorder(), copied)
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	switch fate {
	case answerLost:
		return nil, errLost
	case answerSpoilt:
		rec.Header().Del("Callback-Authentication")
	}
	return rec.Result(), nil
}

var fates = rapid.SliceOfN(rapid.SampledFrom([]loss{arrives, requestLost, answerLost, answerSpoilt, twice}), 0, 8)

// However much is lost on the way out: delivered at the end, and taken once.
func TestDeliveredOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice()
		now := noon
		tr, err := webhook.New(webhook.Config{URL: "https://steuern.example", Sender: "altenwehr", Secret: secret,
			Client: &http.Client{Transport: &wire{h: o, plan: fates.Draw(t, "fates")}}})
		if err != nil {
			t.Fatal(err)
		}
		outbox := federation.New(federation.NewMemStore(), &federation.Options{Now: func() time.Time { return now },
			Transports: map[string]federation.Transport{"bauamt": tr}, OpenPart: federationtest.Open})
		ids := map[string]bool{}
		for _, key := range []string{"a", "b"} {
			d := federationtest.Sample(key)
			stored, err := outbox.Enqueue(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			ids[stored.ID] = true
		}
		for range 12 {
			for id := range ids {
				if err := outbox.Deliver(context.Background(), id); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(24 * time.Hour)
		}
		for id := range ids {
			if d, err := outbox.Get(context.Background(), id); err != nil || d.State != federation.StateDelivered || d.Receipt.ID == "" {
				t.Fatalf("%+v, %v", d, err)
			}
		}
		if o.count() != 2 {
			t.Fatalf("%d taken", o.count())
		}
	})
}

// However much is lost on the way back, and however often the portal fails
// before it could keep something: each reply has its effect once.
func TestTakenOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inlet := federation.NewInlet(federation.NewReplyMemStore(), nil)
		failures := rapid.IntRange(0, 3).Draw(t, "failures")
		effects := 0
		h := webhook.NewReceiver(webhook.ReceiverConfig{Source: "s", Secret: secret, Now: func() time.Time { return noon },
			Take: func(ctx context.Context, r federation.Reply) error {
				if failures > 0 {
					failures--
					return errors.New("the database is away")
				}
				first, err := inlet.Take(ctx, r)
				if first {
					effects++
				}
				return err
			}})
		client := &http.Client{Transport: &wire{h: h, plan: fates.Draw(t, "fates")}}
		for range 20 {
			r := letter{secret: secret, method: http.MethodPost, path: "/antworten", body: goodReply, sent: goodReply, at: noon}.request()
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "https", "portal.example"
			resp, err := client.Do(r)
			if err != nil {
				continue
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode == http.StatusOK && resp.Header.Get("Callback-Authentication") != "" {
				break
			}
		}
		if effects != 1 {
			t.Fatalf("%d effects", effects)
		}
	})
}
