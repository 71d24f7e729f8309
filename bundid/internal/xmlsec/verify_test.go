package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func parse(t *testing.T, s string) *xmlstrict.Element {
	t.Helper()
	e, err := xmlstrict.Parse([]byte(s), xmlstrict.DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// document returns a signed element in the form Verify takes.
func document(t *testing.T, algorithm string, key crypto.Signer) string {
	t.Helper()
	const before, after = `<r xmlns="urn:r" ID="_1"><i></i>`, `<v a="1">value</v></r>`
	alg := signatureAlgorithms[algorithm]
	h := alg.hash.New()
	h.Write(xmlstrict.Canonical(parse(t, before+after), nil, nil))
	digestName := SHA256
	for name, kind := range digestAlgorithms {
		if kind == alg.hash {
			digestName = name
		}
	}
	info := `<ds:SignedInfo xmlns:ds="` + DSig + `"><ds:CanonicalizationMethod Algorithm="` + ExclusiveC14 + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + algorithm + `"></ds:SignatureMethod><ds:Reference URI="#_1"><ds:Transforms>` +
		`<ds:Transform Algorithm="` + Enveloped + `"></ds:Transform><ds:Transform Algorithm="` + ExclusiveC14 + `"></ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + digestName + `"></ds:DigestMethod><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(h.Sum(nil)) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	s := alg.hash.New()
	s.Write([]byte(info))
	var opts crypto.SignerOpts = alg.hash
	if alg.family == pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: alg.hash}
	}
	value, err := key.Sign(rand.Reader, s.Sum(nil), opts)
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		value = concatenated(t, k, value)
	}
	return before + `<ds:Signature xmlns:ds="` + DSig + `">` + info + `<ds:SignatureValue>` +
		base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue></ds:Signature>` + after
}

// concatenated turns the ASN.1 form into the two numbers of XML signatures.
func concatenated(t *testing.T, key *ecdsa.PrivateKey, der []byte) []byte {
	t.Helper()
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		t.Fatal(err)
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	pair.R.FillBytes(out[:size])
	pair.S.FillBytes(out[size:])
	return out
}

func verify(t *testing.T, s string, keys ...crypto.PublicKey) (*xmlstrict.Element, error) {
	t.Helper()
	root := parse(t, s)
	children, _ := root.Elements()
	return Verify(root, children[1], keys)
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	curves := map[string]elliptic.Curve{"256": elliptic.P256(), "384": elliptic.P384(), "512": elliptic.P521()}
	for algorithm, alg := range signatureAlgorithms {
		t.Run(algorithm[strings.LastIndex(algorithm, "#")+1:], func(t *testing.T) {
			t.Parallel()
			var key crypto.Signer = rsaKey()
			other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if alg.family == ecdsaFamily {
				if key, err = ecdsa.GenerateKey(curves[algorithm[len(algorithm)-3:]], rand.Reader); err != nil {
					t.Fatal(err)
				}
			}
			s := document(t, algorithm, key)
			root, err := verify(t, s, other.Public(), key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if children, _ := root.Elements(); len(children) != 2 {
				t.Errorf("the verified tree has %d children", len(children))
			}
			for _, row := range []struct {
				old, new string
				want     Reason
			}{
				{">value<", ">other<", Digest}, {`a="1"`, `a="2"`, Digest}, {"<i></i>", "<j></j>", Digest},
				{`ID="_1"`, `ID="_2"`, Reference}, {`URI="#_1"`, `URI="#_2"`, Signature},
			} {
				var e *Error
				if _, err := verify(t, strings.Replace(s, row.old, row.new, 1), key.Public()); !errors.As(err, &e) || e.Reason != row.want {
					t.Errorf("%s: want reason %d, got %v", row.new, row.want, err)
				}
			}
			var e *Error
			if _, err := verify(t, s, other.Public()); !errors.As(err, &e) || e.Reason != Signature {
				t.Errorf("other key: got %v", err)
			}
			if _, err := verify(t, s); !errors.As(err, &e) || e.Reason != Signature {
				t.Errorf("no key: got %v", err)
			}
		})
	}
}

// TestParentOfAnother refuses a signature that is not a child of what it is
// said to sign.
func TestParentOfAnother(t *testing.T) {
	t.Parallel()
	root := parse(t, document(t, PSSSHA256, rsaKey()))
	children, _ := root.Elements()
	var e *Error
	if _, err := Verify(children[0], children[1], []crypto.PublicKey{rsaKey().Public()}); !errors.As(err, &e) || e.Reason != Form {
		t.Errorf("got %v", err)
	}
}
