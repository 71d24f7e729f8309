package peers_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/jonboulle/clockwork"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/stadttor/stadttor/bundid"
)

// openStore lets the same response be received again and again: the peers
// keep no requests and no used assertions either.
type openStore struct {
	bundid.Store
	request bundid.Request
}

func (s *openStore) PutRequest(_ context.Context, r bundid.Request) error {
	s.request = r
	return nil
}

func (s *openStore) TakeRequest(_ context.Context, id string) (bundid.Request, error) {
	if id != s.request.ID {
		return bundid.Request{}, bundid.ErrNotFound
	}
	return s.request, nil
}

func (s *openStore) UseAssertion(context.Context, string, time.Time) error { return nil }
func (s *openStore) PutTicket(context.Context, bundid.Ticket) error        { return nil }

// receiver is one side: it checks one posted form.
type receiver struct {
	name    string
	receive func(form string) error
}

func newStadttor(t testing.TB) *bundid.ServiceProvider {
	t.Helper()
	k := spKeys()
	sp, err := bundid.New(bundid.Config{
		EntityID: spEntity, ACSURL: spACS, IDPMetadata: idp().Metadata(),
		SigningKey: k.Key, SigningCertificate: k.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: k.Key, Certificate: k.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr", OnlineServiceID: "BMI-A0000",
		Now: func() time.Time { return noon },
	}, &openStore{})
	if err != nil {
		t.Fatal(err)
	}
	return sp
}

func newGosaml2() *saml2.SAMLServiceProvider {
	k := spKeys()
	return &saml2.SAMLServiceProvider{
		IdentityProviderIssuer: idp().EntityID(), AssertionConsumerServiceURL: spACS,
		ServiceProviderIssuer: spEntity, AudienceURI: spEntity,
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{idpKeys().Certificate}},
		SPKeyStore:          dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{k.Certificate.Raw}, PrivateKey: k.Key}),
		Clock:               dsig.NewFakeClock(clockwork.NewFakeClockAt(noon)),
	}
}

func newCrewjam(t testing.TB) *crewjam.ServiceProvider {
	t.Helper()
	var metadata crewjam.EntityDescriptor
	if err := xml.Unmarshal(idp().Metadata(), &metadata); err != nil {
		t.Fatal(err)
	}
	acs, err := url.Parse(spACS)
	if err != nil {
		t.Fatal(err)
	}
	return &crewjam.ServiceProvider{
		EntityID: spEntity, AcsURL: *acs, IDPMetadata: &metadata,
		Key: spKeys().Key, Certificate: spKeys().Certificate,
	}
}

// receivers are the three sides and the message that they are given.
func receivers(t testing.TB) (*message, []receiver) {
	t.Helper()
	stadttor, gosaml2, crew := newStadttor(t), newGosaml2(), newCrewjam(t)
	m := newMessage(t, stadttor)
	return m, []receiver{
		{"stadttor", func(form string) error {
			_, err := stadttor.Receive(context.Background(), request(form))
			return err
		}},
		{"gosaml2", func(form string) error {
			r := request(form)
			info, err := gosaml2.RetrieveAssertionInfo(r.PostFormValue("SAMLResponse"))
			if err != nil {
				return err
			}
			if w := info.WarningInfo; w.InvalidTime || w.NotInAudience {
				return fmt.Errorf("gosaml2 warns: %+v", w)
			}
			if len(info.Values) != len(attributes) {
				return fmt.Errorf("gosaml2 read %d attributes", len(info.Values))
			}
			return nil
		}},
		{"crewjam-saml", func(form string) error {
			r := request(form)
			if err := r.ParseForm(); err != nil {
				return err
			}
			a, err := crew.ParseResponse(r, []string{m.request})
			if refused := (*crewjam.InvalidResponseError)(nil); errors.As(err, &refused) {
				return refused.PrivateErr
			}
			if err != nil {
				return err
			}
			if len(a.AttributeStatements) != 1 || len(a.AttributeStatements[0].Attributes) != len(attributes) {
				return fmt.Errorf("crewjam/saml read other attributes")
			}
			return nil
		}},
	}
}

// TestReceiversVerify makes sure that every side does its work: it takes the
// honest response and refuses one with a changed name.
func TestReceiversVerify(t *testing.T) {
	t.Parallel()
	m, sides := receivers(t)
	if n := len(m.signed); n < 8_000 || n > 12_000 {
		t.Errorf("the response has %d bytes, want about 10 kB", n)
	}
	changed := strings.Replace(m.signed, ">Altenwehr<", ">Lohmoor<", 1)
	if changed == m.signed {
		t.Fatal("nothing was changed")
	}
	// A byte of the ciphertext, near its end.
	i := strings.LastIndex(m.sealed, "</xenc:CipherValue>") - 40
	other := "A"
	if m.sealed[i] == 'A' {
		other = "B"
	}
	broken := m.sealed[:i] + other + m.sealed[i+1:]
	for _, side := range sides {
		for _, c := range []struct {
			name, response string
			ok             bool
		}{{"signed", m.signed, true}, {"changed", changed, false}, {"encrypted", m.sealed, true}, {"encrypted and broken", broken, false}} {
			err := side.receive(m.form(c.response))
			if (err == nil) != c.ok {
				t.Errorf("%s, %s: %v", side.name, c.name, err)
			}
		}
	}
}

func BenchmarkResponseSigned(b *testing.B) {
	m, sides := receivers(b)
	form := m.form(m.signed)
	for _, side := range sides {
		b.Run(side.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := side.receive(form); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkResponseEncrypted has a lower bound beside the peers: the private
// key operation that opens the wrapped key, and nothing else.
func BenchmarkResponseEncrypted(b *testing.B) {
	m, sides := receivers(b)
	form := m.form(m.sealed)
	for _, side := range sides {
		b.Run(side.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := side.receive(form); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("rsa-decrypt-only", func(b *testing.B) {
		key := spKeys().Key
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rsa.DecryptOAEP(sha1.New(), rand.Reader, key, m.wrapped, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
