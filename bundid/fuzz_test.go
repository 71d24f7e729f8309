package bundid_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/bundid"
)

// openStore answers every question about a request, so that a fuzzed response
// is judged by its signature alone.
type openStore struct {
	*bundid.MemStore
	request bundid.Request
}

func (s openStore) TakeRequest(context.Context, string) (bundid.Request, error) {
	return s.request, nil
}

func (s openStore) UseAssertion(context.Context, string, time.Time) error { return nil }

// reusable returns a desk whose request can be answered any number of times.
func reusable(t testing.TB) *desk {
	t.Helper()
	mem := bundid.NewMemStore(0)
	d := newDesk(t, mem)
	request, err := mem.TakeRequest(t.Context(), d.request)
	if err != nil {
		t.Fatal(err)
	}
	d.store = openStore{MemStore: mem, request: request}
	d.sp = d.sp.With(d.store)
	return d
}

// FuzzReceive changes honest responses: none panics, and what is accepted says
// what was signed.
func FuzzReceive(f *testing.F) {
	d := reusable(f)
	honest := signed(f, d.template(), pen{})
	f.Add(honest)
	f.Add(currentCrypt().encrypted(f, honest))
	f.Add(d.template())
	f.Add(strings.Replace(honest, "status:Success", "status:Requester", 1))
	f.Add(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)
	f.Fuzz(func(t *testing.T, response string) {
		ticket, err := d.sp.Receive(t.Context(), post(response, d.relay))
		if err != nil {
			return
		}
		r := post("", "")
		r.AddCookie(d.cookie)
		l, err := d.sp.Finish(t.Context(), ticket, r)
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := l.Attribute(bundid.AttrSurname); a.Value != "HARMS" || l.Level != bundid.LevelHoch {
			t.Fatalf("accepted what nobody signed: %v", response)
		}
	})
}

func BenchmarkResponseSigned(b *testing.B) {
	d := reusable(b)
	benchmark(b, d, signed(b, d.template(), pen{}))
}

func BenchmarkResponseEncrypted(b *testing.B) {
	d := reusable(b)
	benchmark(b, d, currentCrypt().encrypted(b, signed(b, d.template(), pen{})))
}

// benchmark measures Receive and Finish together, with RSA keys of 3072 bits.
func benchmark(b *testing.B, d *desk, response string) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.receive(b, response); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResponseHostile measures a response made to cost as much as the
// limits let it.
func BenchmarkResponseHostile(b *testing.B) {
	d := reusable(b)
	var s strings.Builder
	s.WriteString(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">`)
	for range 1490 {
		s.WriteString(`<a b="1" c="2"/>`)
	}
	s.WriteString(`</samlp:Response>`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.receive(b, s.String()); err == nil {
			b.Fatal("accepted")
		}
	}
}
