package bundid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"strings"

	"github.com/russellhaering/gosaml2/types"
)

const (
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	maxIDPKeys      = 8
)

// identityProvider is what the pinned metadata says about the account.
type identityProvider struct {
	entityID       string
	post, redirect string
	keys           []crypto.PublicKey
}

func (sp *ServiceProvider) readIDP(cfg *Config) error {
	fail := func(text string) error {
		return &ConfigError{Field: "IDPMetadata", Err: errors.New(text)}
	}
	var doc types.EntityDescriptor
	if err := xml.Unmarshal(cfg.IDPMetadata, &doc); err != nil {
		return fail("not an EntityDescriptor")
	}
	switch {
	case doc.EntityID == "" || !printable(doc.EntityID):
		return fail("entityID missing")
	case doc.EntityID == cfg.EntityID:
		return fail("entityID is our own")
	case doc.IDPSSODescriptor == nil:
		return fail("IDPSSODescriptor missing")
	case !doc.ValidUntil.IsZero() && !sp.now().Before(doc.ValidUntil):
		return fail("no longer valid")
	}
	idp := identityProvider{entityID: doc.EntityID}
	for _, s := range doc.IDPSSODescriptor.SingleSignOnServices {
		switch s.Binding {
		case bindingPOST:
			idp.post = s.Location
		case bindingRedirect:
			idp.redirect = s.Location
		default:
			continue
		}
		if _, err := checkURL(s.Location, cfg.InsecureAllowHTTP); err != nil {
			return fail("address of SingleSignOnService " + err.Error())
		}
	}
	if idp.post == "" && idp.redirect == "" {
		return fail("no SingleSignOnService for POST or Redirect")
	}
	var err error
	if idp.keys, err = signingKeys(doc.IDPSSODescriptor.KeyDescriptors); err != nil {
		return &ConfigError{Field: "IDPMetadata", Err: err}
	}
	sp.idp = idp
	return nil
}

// signingKeys reads the keys out of the certificates and judges the keys
// alone: the account's certificates are self-signed and long-lived.
func signingKeys(descriptors []types.KeyDescriptor) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for _, d := range descriptors {
		if d.Use != "" && d.Use != "signing" {
			continue
		}
		for _, c := range d.KeyInfo.X509Data.X509Certificates {
			raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
			if err != nil {
				return nil, errors.New("signing certificate is not base64")
			}
			key, err := certificateKey(raw)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 || len(keys) > maxIDPKeys {
		return nil, errors.New("must hold one to eight signing certificates")
	}
	return keys, nil
}

func certificateKey(der []byte) (crypto.PublicKey, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("signing certificate is not readable")
	}
	key := cert.PublicKey
	if key == nil {
		key = pssKey(cert.RawSubjectPublicKeyInfo)
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k, checkRSA(k)
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize < 256 {
			return nil, errors.New("signing key is too short")
		}
		return k, nil
	}
	return nil, errors.New("signing key must be RSA or ECDSA")
}

var oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// pssKey reads an RSA key whose type says "RSASSA-PSS only", which
// crypto/x509 leaves out.
func pssKey(spki []byte) crypto.PublicKey {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if rest, err := asn1.Unmarshal(spki, &info); err != nil || len(rest) > 0 || !info.Algorithm.Algorithm.Equal(oidPSS) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.RightAlign())
	if err != nil {
		return nil
	}
	return key
}
