package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
	"github.com/stadttor/stadttor/federation/webhook"
)

// A delivery with two attachments, without a network.
func BenchmarkDeliver(b *testing.B) {
	tr, err := webhook.New(webhook.Config{URL: "https://steuern.example", Sender: "altenwehr", Secret: secret,
		Client: &http.Client{Transport: &wire{h: newOffice()}}})
	if err != nil {
		b.Fatal(err)
	}
	d := federationtest.Sample("k")
	for b.Loop() {
		if _, err := tr.Deliver(b.Context(), d, federationtest.Open); err != nil {
			b.Fatal(err)
		}
	}
}

// A reply with a Bescheid of 1 MB.
func BenchmarkReceiver(b *testing.B) {
	h := webhook.NewReceiver(webhook.ReceiverConfig{Source: "s", Secret: secret,
		Take: func(context.Context, federation.Reply) error { return nil }})
	body := strings.Replace(goodReply, "aGk=", strings.Repeat("QUJD", 1<<20/3), 1)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, letter{secret: secret, method: http.MethodPost, path: "/antworten", body: body, sent: body, at: time.Now()}.request())
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
