package bundid_test

import (
	"bytes"
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/bundid"
)

// TestAnyChange overwrites, inserts or removes bytes of an honest response
// anywhere: it is refused, or it says exactly what was signed.
func TestAnyChange(t *testing.T) {
	t.Parallel()
	d := reusable(t)
	plain := signed(t, d.template(), pen{})
	honest, err := d.receive(t, plain)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		raw := []byte(plain)
		at := rapid.IntRange(0, len(raw)-1).Draw(rt, "at")
		piece := rapid.SampledFrom([]string{
			"A", "<", ">", " ", "\x00", "&amp;", "<x/>", "4", `"`, "HARMS", `ID="_x"`, "<saml:Assertion>", "",
		}).Draw(rt, "piece")
		drop := rapid.IntRange(0, min(40, len(raw)-at)).Draw(rt, "drop")
		changed := string(raw[:at]) + piece + string(raw[at+drop:])
		got, err := d.receive(t, changed)
		if err != nil {
			return
		}
		if got.Level != honest.Level || len(got.Attributes) != len(honest.Attributes) {
			rt.Fatalf("accepted %s", changed)
		}
		for i, a := range got.Attributes {
			if a != honest.Attributes[i] {
				rt.Fatalf("accepted %s", changed)
			}
		}
	})
}

// spyStore keeps what is written.
type spyStore struct {
	*bundid.MemStore
	written bytes.Buffer
}

func (s *spyStore) PutRequest(ctx context.Context, r bundid.Request) error {
	s.written.WriteString(r.ID)
	s.written.Write(r.Data)
	return s.MemStore.PutRequest(ctx, r)
}

func (s *spyStore) PutTicket(ctx context.Context, k bundid.Ticket) error {
	s.written.WriteString(k.ID)
	s.written.Write(k.Sealed)
	return s.MemStore.PutTicket(ctx, k)
}

// TestStoreReadsNothing makes sure that a copy of the database neither tells
// who logged in nor lets its reader finish a login.
func TestStoreReadsNothing(t *testing.T) {
	t.Parallel()
	spy := &spyStore{MemStore: bundid.NewMemStore(0)}
	d := newDesk(t, spy)
	ticket, err := d.sp.Receive(t.Context(), post(signed(t, d.template(), pen{}), d.relay))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"name": "HARMS", "ticket": ticket, "cookie": d.cookie.Value} {
		if bytes.Contains(spy.written.Bytes(), []byte(secret)) {
			t.Errorf("the store was given the %s", name)
		}
	}
}
