package federationtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/federation"
)

// TestTransport checks an implementation of [federation.Transport]: it
// recognises repetitions, refuses content that is not what was announced, and
// ends with its context. Open returns a transport to a recipient that has
// received nothing yet.
func TestTransport(t *testing.T, open func(t *testing.T) federation.Transport) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, tr federation.Transport)
	}{
		{"a repetition gives the same receipt", testRepetition},
		{"another key is another delivery", testOtherKey},
		{"hostile names do no harm", testHostileNames},
		{"a wrong digest is refused for good", testDigest},
		{"an attachment that fails is tried again", testBrokenAttachment},
		{"more than announced is not read to its end", testEndless},
		{"a cancelled context ends the attempt", testTransportCancelled},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// content is what the parts of the test deliveries hold, by blob key.
func content(key string) []byte { return bytes.Repeat([]byte(key+" äöü\n"), 5000) }

// Open opens the parts made by [Sample].
func Open(_ context.Context, p federation.Part) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(content(p.BlobKey))), nil
}

// Part returns an attachment that [Open] opens.
func Part(name, mediaType, blobKey string) federation.Part {
	sum := sha256.Sum256(content(blobKey))
	return federation.Part{Name: name, MediaType: mediaType, BlobKey: blobKey,
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content(blobKey)))}
}

// Sample returns a delivery as a transport gets it, with two attachments that
// [Open] opens.
func Sample(key string) federation.Delivery {
	return federation.Delivery{
		ID: "id-" + key, Key: key, Destination: "bauamt", Subject: "99012345", Reference: "BAU-2026-1",
		Payload:     federation.Payload{MediaType: "application/json", Body: []byte(`{"name":"Erika Muster"}`)},
		Attachments: []federation.Part{Part("Lageplan.pdf", "application/pdf", "one"), Part("Foto.jpg", "image/jpeg", "two")},
		State:       federation.StateSending, Attempts: 1, CreatedAt: start, NextAt: start.Add(time.Minute), Version: 2,
	}
}

func deliver(t *testing.T, tr federation.Transport, d federation.Delivery) federation.Receipt {
	t.Helper()
	r, err := tr.Deliver(t.Context(), d, Open)
	if err != nil {
		t.Fatalf("Deliver: %v", err)
	}
	return r
}

func same(a, b federation.Receipt) bool { return a.ID == b.ID && a.At.Equal(b.At) }

func testRepetition(t *testing.T, tr federation.Transport) {
	first := deliver(t, tr, Sample("k"))
	again := Sample("k")
	again.Attempts, again.Version = 2, 5
	if got := deliver(t, tr, again); !same(first, got) || first.ID == "" || first.At.IsZero() {
		t.Errorf("receipts %v and %v", first, got)
	}
}

func testOtherKey(t *testing.T, tr federation.Transport) {
	seen := map[string]bool{}
	for _, key := range []string{"k", "K", "k ", "k/../k", "../k", ".", "ä"} {
		if r := deliver(t, tr, Sample(key)); seen[r.ID] {
			t.Errorf("key %q got a receipt that was given before", key)
		} else {
			seen[r.ID] = true
		}
	}
}

func testHostileNames(t *testing.T, tr federation.Transport) {
	d := Sample("../../etc/passwd")
	d.Attachments = nil
	for _, name := range []string{"../../x", "/etc/x", "manifest.json", "a", "a", ".", "..", "CON", "a\\b", "a\r\nb", strings.Repeat("ä", 500)} {
		d.Attachments = append(d.Attachments, Part(name, "../../html", "one"))
	}
	deliver(t, tr, d)
}

func permanent(err error) (federation.Reason, bool) {
	var te *federation.TransportError
	if !errors.As(err, &te) {
		return "", false
	}
	return te.Reason, te.Permanent
}

func testDigest(t *testing.T, tr federation.Transport) {
	for name, spoil := range map[string]func(p *federation.Part){
		"digest":    func(p *federation.Part) { p.SHA256 = strings.Repeat("0", 64) },
		"too short": func(p *federation.Part) { p.Size++ },
		"too long":  func(p *federation.Part) { p.Size-- },
		"not empty": func(p *federation.Part) { p.Size = 0 },
	} {
		d := Sample("k")
		spoil(&d.Attachments[1])
		_, err := tr.Deliver(t.Context(), d, Open)
		if reason, ok := permanent(err); !ok || reason != federation.ReasonDigest {
			t.Errorf("%s: %v, want a permanent %q", name, err, federation.ReasonDigest)
		}
	}
	deliver(t, tr, Sample("k"))
}

var errBroken = errors.New("broken")

type brokenReader struct{ r io.Reader }

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

func (brokenReader) Close() error { return nil }

func testBrokenAttachment(t *testing.T, tr federation.Transport) {
	for name, open := range map[string]federation.OpenFunc{
		"open": func(context.Context, federation.Part) (io.ReadCloser, error) { return nil, errBroken },
		"read": func(_ context.Context, p federation.Part) (io.ReadCloser, error) {
			return brokenReader{bytes.NewReader(content(p.BlobKey)[:9000])}, nil
		},
	} {
		_, err := tr.Deliver(t.Context(), Sample("k"), open)
		if _, final := permanent(err); final || !errors.Is(err, errBroken) {
			t.Errorf("%s: %v, want a temporary error", name, err)
		}
	}
	deliver(t, tr, Sample("k"))
}

// endless goes on long after the announced size; whoever reads on is told.
type endless struct {
	t    *testing.T
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left -= int64(len(p)); e.left < 0 {
		e.t.Error("an attachment was read far beyond its announced size")
		return 0, io.EOF
	}
	return len(p), nil
}

func (*endless) Close() error { return nil }

func testEndless(t *testing.T, tr federation.Transport) {
	_, err := tr.Deliver(t.Context(), Sample("k"), func(context.Context, federation.Part) (io.ReadCloser, error) {
		return &endless{t: t, left: 16 << 20}, nil
	})
	if reason, ok := permanent(err); !ok || reason != federation.ReasonDigest {
		t.Errorf("Deliver = %v, want a permanent %q", err, federation.ReasonDigest)
	}
	deliver(t, tr, Sample("k"))
}

func testTransportCancelled(t *testing.T, tr federation.Transport) {
	ctx, cancel := context.WithCancel(t.Context())
	// An endless attachment: only the context ends it.
	d := Sample("k")
	d.Attachments[0].Size = 1 << 60
	_, err := tr.Deliver(ctx, d, func(context.Context, federation.Part) (io.ReadCloser, error) {
		return io.NopCloser(cancelling{cancel: cancel, left: new(int)}), nil
	})
	if _, final := permanent(err); final || !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver = %v, want a temporary error for context.Canceled", err)
	}
	deliver(t, tr, Sample("k"))
}

// cancelling cancels a context after some reads and goes on for ever.
type cancelling struct {
	cancel func()
	left   *int
}

func (c cancelling) Read(p []byte) (int, error) {
	if *c.left++; *c.left == 3 {
		c.cancel()
	}
	return len(p), nil
}
