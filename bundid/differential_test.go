package bundid_test

import (
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/jonboulle/clockwork"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/stadttor/stadttor/bundid"
)

// TestSecondOpinion gives an honest RSA-SHA-256 response to gosaml2 as well:
// what we accept, an independent reader accepts, with the same values.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	d := newDesk(t, bundid.NewMemStore(0))
	response := signed(t, d.template(), pen{algorithm: algRSA})
	clock := dsig.NewFakeClock(clockwork.NewFakeClockAt(noon))
	other := &saml2.SAMLServiceProvider{
		IdentityProviderIssuer:      idpEntity,
		AssertionConsumerServiceURL: spACS,
		ServiceProviderIssuer:       spEntity,
		AudienceURI:                 spEntity,
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{
			Roots: []*x509.Certificate{idpKeys().Certificate},
		},
		Clock: clock,
	}
	info, err := other.RetrieveAssertionInfo(base64.StdEncoding.EncodeToString([]byte(response)))
	if err != nil {
		t.Fatalf("gosaml2 refuses: %v", err)
	}
	if info.WarningInfo.InvalidTime || info.WarningInfo.NotInAudience {
		t.Errorf("gosaml2 warns: %+v", info.WarningInfo)
	}
	l, err := d.receive(t, response)
	if err != nil {
		t.Fatalf("we refuse: %v", err)
	}
	for _, a := range l.Attributes {
		if got := info.Values.Get(a.Name); got != a.Value {
			t.Errorf("%s: we read %q, gosaml2 %q", a.Name, a.Value, got)
		}
	}
}
