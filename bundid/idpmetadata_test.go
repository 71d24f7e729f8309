package bundid

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// TestPSSKey reads a key that is marked as for RSASSA-PSS only, which
// crypto/x509 does not.
func TestPSSKey(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	raw := x509.MarshalPKCS1PublicKey(&key.PublicKey)
	spki := func(oid asn1.ObjectIdentifier) []byte {
		out, err := asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{pkix.AlgorithmIdentifier{Algorithm: oid}, asn1.BitString{Bytes: raw, BitLength: 8 * len(raw)}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, ok := pssKey(spki(oidPSS)).(*rsa.PublicKey); !ok || !got.Equal(key.Public()) {
		t.Error("the key was not read")
	}
	if got := pssKey(spki(asn1.ObjectIdentifier{1, 2, 3})); got != nil {
		t.Error("a key of another type was read")
	}
	if got := pssKey([]byte("junk")); got != nil {
		t.Error("junk was read")
	}
}
