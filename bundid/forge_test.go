package bundid_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

const (
	spEntity  = "https://stadttor.example/sp"
	spACS     = "https://stadttor.example/acs"
	idpEntity = "https://konto.example/idp"

	algPSS    = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	algRSA    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algExc    = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algInner  = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	algSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	enc       = "http://www.w3.org/2001/04/xmlenc#"
	enc11     = "http://www.w3.org/2009/xmlenc11#"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// desk is a service provider with a fixed clock and one open request. The
// account is played by the test itself, with code of its own.
type desk struct {
	sp      *bundid.ServiceProvider
	store   bundid.Store
	request string // ID of the open request
	relay   string
	cookie  *http.Cookie
	now     time.Time
}

func idpMetadata() []byte {
	return bundidsim.New(&bundidsim.Options{BaseURL: "https://konto.example", Keys: idpKeys()}).Metadata()
}

func newDesk(t testing.TB, store bundid.Store) *desk {
	t.Helper()
	d := &desk{store: store, now: noon}
	cfg := testConfig("https://stadttor.example", idpMetadata())
	cfg.InsecureAllowHTTP = false
	cfg.Now = func() time.Time { return d.now }
	old, own := otherKeys(), spKeys()
	cfg.DecryptionKeys = []bundid.DecryptionKey{
		{Key: own.Key, Certificate: own.Certificate}, {Key: old.Key, Certificate: old.Certificate},
	}
	var err error
	if d.sp, err = bundid.New(cfg, store); err != nil {
		t.Fatal(err)
	}
	redirect, err := d.sp.Start(t.Context(), bundid.LoginRequest{
		Level: bundid.LevelSubstantiell, State: "state",
		Attributes: []bundid.RequestedAttribute{
			{Name: bundid.AttrGivenName}, {Name: bundid.AttrSurname, Required: true}, {Name: bundid.AttrBPK2},
		},
	})
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
	d.request, d.relay, d.cookie = doc.Root().SelectAttrValue("ID", ""), redirect.Form.Get("RelayState"), redirect.Cookie
	return d
}

// template is an honest answer to the desk's request; tests replace parts of
// it before it is signed.
func (d *desk) template() string {
	return fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-03-02T12:00:00Z" Destination="%[1]s" InResponseTo="%[2]s">`+
		`<saml:Issuer>%[3]s</saml:Issuer>`+
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`+
		`<saml:Assertion xmlns:xsd="http://www.w3.org/2001/XMLSchema" ID="_a1" Version="2.0" IssueInstant="2026-03-02T12:00:00Z">`+
		`<saml:Issuer>%[3]s</saml:Issuer>`+
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">_n</saml:NameID>`+
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="%[2]s" NotOnOrAfter="2026-03-02T12:05:00Z" Recipient="%[1]s"/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotBefore="2026-03-02T12:00:00Z" NotOnOrAfter="2026-03-02T12:05:00Z"><saml:AudienceRestriction><saml:Audience>%[4]s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant="2026-03-02T12:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>STORK-QAA-Level-4</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`+
		`<saml:AttributeStatement>`+
		attribute(bundid.AttrGivenName, "HOCH", "MEIKE")+attribute(bundid.AttrSurname, "HOCH", "HARMS")+
		attribute(bundid.AttrQAALevel, "", "STORK-QAA-Level-4")+
		`</saml:AttributeStatement></saml:Assertion></samlp:Response>`, spACS, d.request, idpEntity, spEntity)
}

func attribute(name, trust, value string) string {
	if trust != "" {
		trust = ` xmlns:akdb="https://www.akdb.de/request/2018/09" akdb:TrustLevel="` + trust + `"`
	}
	return `<saml:Attribute Name="` + name + `" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"` + trust + `>` +
		`<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xsd:string">` + value + `</saml:AttributeValue></saml:Attribute>`
}

func parse(t testing.TB, s string) *etree.Document {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(s); err != nil {
		t.Fatalf("template: %v", err)
	}
	return doc
}

func serialize(t testing.TB, doc *etree.Document) string {
	t.Helper()
	s, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func canonical(t testing.TB, e *etree.Element, prefixes string) []byte {
	t.Helper()
	ctx, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := etreeutils.NSDetatch(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	out, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(detached)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pen signs elements.
type pen struct {
	keys      *bundidsim.Keys
	algorithm string
	// edit changes SignedInfo before it is signed.
	edit func(info *etree.Element)
}

// sign puts a signature after the first child of e.
func (p pen) sign(t testing.TB, e *etree.Element) {
	t.Helper()
	if p.keys == nil {
		p.keys = idpKeys()
	}
	if p.algorithm == "" {
		p.algorithm = algPSS
	}
	sum := sha256.Sum256(canonical(t, e, "xsd"))
	doc := parse(t, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>`+
		`<ds:CanonicalizationMethod Algorithm="`+algExc+`"/><ds:SignatureMethod Algorithm="`+p.algorithm+`"/>`+
		`<ds:Reference URI="#`+e.SelectAttrValue("ID", "")+`"><ds:Transforms><ds:Transform Algorithm="`+algInner+`"/>`+
		`<ds:Transform Algorithm="`+algExc+`"><ec:InclusiveNamespaces xmlns:ec="`+algExc+`" PrefixList="xsd"/></ds:Transform></ds:Transforms>`+
		`<ds:DigestMethod Algorithm="`+algSHA256+`"/><ds:DigestValue>`+base64.StdEncoding.EncodeToString(sum[:])+`</ds:DigestValue></ds:Reference>`+
		`</ds:SignedInfo><ds:SignatureValue/></ds:Signature>`)
	sig := doc.Root()
	info := sig.ChildElements()[0]
	if p.edit != nil {
		p.edit(info)
	}
	e.InsertChildAt(1, sig)
	digest := sha256.Sum256(canonical(t, info, ""))
	var opts crypto.SignerOpts = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	if p.algorithm != algPSS {
		opts = crypto.SHA256
	}
	value, err := p.keys.Key.Sign(rand.Reader, digest[:], opts)
	if err != nil {
		t.Fatal(err)
	}
	sig.SelectElement("SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
}

// signed returns the template with its assertion signed.
func signed(t testing.TB, template string, p pen) string {
	t.Helper()
	doc := parse(t, template)
	p.sign(t, doc.Root().SelectElement("Assertion"))
	return serialize(t, doc)
}

// crypt says how to encrypt an assertion.
type crypt struct {
	to                 *rsa.PublicKey
	transport, content string
	digest, mask       string // names; empty: leave the element out
	label, mgf         hash.Hash
	keySize            int
	damage             func(sealed []byte) []byte
	plain              func(assertion string) string
}

func currentCrypt() crypt {
	return crypt{
		to: &spKeys().Key.PublicKey, transport: enc11 + "rsa-oaep", content: enc11 + "aes256-gcm", keySize: 32,
		digest: algSHA256, mask: enc11 + "mgf1sha256", label: sha256.New(), mgf: sha256.New(),
	}
}

// encrypted replaces the assertion of a response by its encryption.
func (c crypt) encrypted(t testing.TB, response string) string {
	t.Helper()
	doc := parse(t, response)
	assertion := doc.Root().SelectElement("Assertion")
	ctx, err := etreeutils.NSBuildParentContext(assertion)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := etreeutils.NSDetatch(ctx, assertion)
	if err != nil {
		t.Fatal(err)
	}
	inner := etree.NewDocument()
	inner.SetRoot(alone)
	plain := serialize(t, inner)
	if c.plain != nil {
		plain = c.plain(plain)
	}
	key, nonce := make([]byte, c.keySize), make([]byte, 12)
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
	sealed := gcm.Seal(nonce, nonce, []byte(plain), nil)
	if c.damage != nil {
		sealed = c.damage(sealed)
	}
	wrapped, err := oaep(c.label, c.mgf, c.to, key)
	if err != nil {
		t.Fatal(err)
	}
	method := ""
	if c.digest != "" {
		method += `<ds:DigestMethod Algorithm="` + c.digest + `"/>`
	}
	if c.mask != "" {
		method += `<xenc11:MGF xmlns:xenc11="` + enc11 + `" Algorithm="` + c.mask + `"/>`
	}
	out := parse(t, `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="`+enc+`" Id="_e1" Type="`+enc+`Element">`+
		`<xenc:EncryptionMethod Algorithm="`+c.content+`"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey Id="_k1">`+
		`<xenc:EncryptionMethod Algorithm="`+c.transport+`">`+method+`</xenc:EncryptionMethod>`+
		`<xenc:CipherData><xenc:CipherValue>`+base64.StdEncoding.EncodeToString(wrapped)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>`+
		`<xenc:CipherData><xenc:CipherValue>`+base64.StdEncoding.EncodeToString(sealed)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`)
	doc.Root().InsertChildAt(assertion.Index(), out.Root())
	doc.Root().RemoveChild(assertion)
	return serialize(t, doc)
}

func oaep(label, mgf hash.Hash, to *rsa.PublicKey, key []byte) ([]byte, error) {
	kinds := map[int]crypto.Hash{sha1.Size: crypto.SHA1, sha256.Size: crypto.SHA256}
	opts := &rsa.OAEPOptions{Hash: kinds[label.Size()], MGFHash: kinds[mgf.Size()]}
	return rsa.EncryptOAEPWithOptions(rand.Reader, to, key, opts)
}

// post builds the browser's POST to the consumer address.
func post(response, relay string) *http.Request {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(response))}, "RelayState": {relay}}
	r := httptest.NewRequest(http.MethodPost, spACS, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// receive posts the response; a login is finished in the browser that asked.
func (d *desk) receive(t testing.TB, response string) (*bundid.Login, error) {
	t.Helper()
	ticket, err := d.sp.Receive(t.Context(), post(response, d.relay))
	if err != nil {
		return nil, err
	}
	r := httptest.NewRequest(http.MethodGet, "https://stadttor.example/angemeldet", nil)
	r.AddCookie(d.cookie)
	return d.sp.Finish(t.Context(), ticket, r)
}
