package peers_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

const (
	spEntity = "https://stadttor.example/sp"
	spACS    = "https://stadttor.example/acs"
	idpBase  = "https://konto.example"
)

// noon is the time of every response and of every clock.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	// crewjam/saml has its clock in a package variable.
	crewjam.TimeNow = func() time.Time { return noon }
	os.Exit(m.Run())
}

// The keys have 3072 bits; making them takes seconds, so all share them.
var (
	idpKeys = sync.OnceValue(newKeys)
	spKeys  = sync.OnceValue(newKeys)
)

func newKeys() *bundidsim.Keys {
	keys, err := bundidsim.GenerateKeys(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	return keys
}

func idp() *bundidsim.Server {
	return bundidsim.New(&bundidsim.Options{BaseURL: idpBase, Keys: idpKeys()})
}

// attributes are twenty, as many as a login with a full set of data has.
var attributes = []struct{ name, trust, value string }{
	{bundid.AttrGivenName, "HOCH", "Meike Annegret"},
	{bundid.AttrSurname, "HOCH", "Harms-Öttinger"},
	{bundid.AttrMail, "NIEDRIG", "meike.harms@post.example"},
	{bundid.AttrPostalAddress, "HOCH", "Alte Wehrstraße 17a"},
	{bundid.AttrPostalCode, "HOCH", "27898"},
	{bundid.AttrLocalityName, "HOCH", "Altenwehr"},
	{bundid.AttrCountry, "HOCH", "DE"},
	{bundid.AttrPersonalTitle, "HOCH", "Dr."},
	{bundid.AttrGender, "SUBSTANTIELL", "2"},
	{bundid.AttrBirthdate, "HOCH", "1979-11-23"},
	{bundid.AttrPlaceOfBirth, "HOCH", "Lohmoor"},
	{bundid.AttrBirthName, "HOCH", "Öttinger"},
	{bundid.AttrNationality, "HOCH", "D"},
	{bundid.AttrDocumentType, "HOCH", "ID"},
	{bundid.AttrTelephoneNumber, "NIEDRIG", "+49 4792 000000"},
	{bundid.AttrBPK2, "HOCH", strings.Repeat("Qk1JLUEwMDAw", 4)},
	{bundid.AttrPostkorbHandle, "HOCH", "5f1c7a9e-0000-4000-8000-2f7f0a3c0001"},
	{bundid.AttrAssertionProvedBy, "", "eID"},
	{bundid.AttrVersion, "", "2023.1"},
	{bundid.AttrQAALevel, "", "STORK-QAA-Level-4"},
}

// message is a login answered by the account, the same for all sides.
type message struct {
	request string // ID of the request that is answered
	relay   string
	signed  string // response with a signed assertion
	sealed  string // the same with the assertion encrypted
	wrapped []byte // the wrapped key of sealed, for the lower bound
}

// form is what the browser posts.
func (m *message) form(response string) string {
	return url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(response))}, "RelayState": {m.relay}}.Encode()
}

func request(form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, spACS, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func assertion(request string) string {
	var s strings.Builder
	for _, a := range attributes {
		trust := ""
		if a.trust != "" {
			trust = ` xmlns:akdb="https://www.akdb.de/request/2018/09" akdb:TrustLevel="` + a.trust + `"`
		}
		s.WriteString(`<saml:Attribute FriendlyName="` + a.name[len("urn:oid:"):] + `" Name="` + a.name + `" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"` + trust + `>` +
			`<saml:AttributeValue xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xsd:string">` + a.value + `</saml:AttributeValue></saml:Attribute>`)
	}
	return fmt.Sprintf(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="2026-03-02T12:00:00Z">`+
		`<saml:Issuer>%[3]s</saml:Issuer>`+
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">_n</saml:NameID>`+
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="%[2]s" NotOnOrAfter="2026-03-02T12:05:00Z" Recipient="%[1]s"/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotBefore="2026-03-02T12:00:00Z" NotOnOrAfter="2026-03-02T12:05:00Z"><saml:AudienceRestriction><saml:Audience>%[4]s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant="2026-03-02T12:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>STORK-QAA-Level-4</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`+
		`<saml:AttributeStatement>%[5]s</saml:AttributeStatement></saml:Assertion>`, spACS, request, idp().EntityID(), spEntity, s.String())
}

func response(request, assertion string) string {
	return fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="2026-03-02T12:00:00Z" Destination="%[1]s" InResponseTo="%[2]s">`+
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%[3]s</saml:Issuer>`+
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>%[4]s</samlp:Response>`,
		spACS, request, idp().EntityID(), assertion)
}

// sign signs with RSA-SHA256, the best that all three sides can verify.
func sign(t testing.TB, assertion string) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(assertion); err != nil {
		t.Fatal(err)
	}
	k := idpKeys()
	ctx, err := dsig.NewSigningContext(k.Key, [][]byte{k.Certificate.Raw})
	if err != nil {
		t.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	sig, err := ctx.ConstructSignature(doc.Root(), true)
	if err != nil {
		t.Fatal(err)
	}
	doc.Root().InsertChildAt(1, sig)
	out, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// encrypt seals with AES-GCM and RSA-OAEP in the variant that all sides know:
// crewjam/saml has no AES-256-GCM, gosaml2 refuses the identifier of SHA-256
// as label hash, so the standard's default stands there.
func encrypt(t testing.TB, assertion string) (sealed string, wrapped []byte) {
	t.Helper()
	key, nonce := make([]byte, 16), make([]byte, 12)
	rand.Read(key)
	rand.Read(nonce)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, spPublic(t), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">` +
		`<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>` +
		`<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>` +
		`<xenc:CipherData><xenc:CipherValue>` + b64(wrapped) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue>` + b64(gcm.Seal(nonce, nonce, []byte(assertion), nil)) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`, wrapped
}

func spPublic(t testing.TB) *rsa.PublicKey {
	t.Helper()
	pub, ok := spKeys().Certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		t.Fatal("the service provider's key is not RSA")
	}
	return pub
}

// newMessage asks with sp and answers in the account's place.
func newMessage(t testing.TB, sp *bundid.ServiceProvider) *message {
	t.Helper()
	var wanted []bundid.RequestedAttribute
	for _, a := range attributes {
		wanted = append(wanted, bundid.RequestedAttribute{Name: a.name})
	}
	redirect, err := sp.Start(t.Context(), bundid.LoginRequest{Level: bundid.LevelSubstantiell, Attributes: wanted})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(redirect.Form.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	m := &message{request: doc.Root().SelectAttrValue("ID", ""), relay: redirect.Form.Get("RelayState")}
	signed := sign(t, assertion(m.request))
	m.signed = response(m.request, signed)
	sealed, wrapped := encrypt(t, signed)
	m.sealed, m.wrapped = response(m.request, sealed), wrapped
	return m
}
