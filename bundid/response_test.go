package bundid_test

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/bundid"
)

// edited is one row of the table: the honest template with some of its text
// replaced before it is signed.
type edited struct {
	name     string
	old, new string
	want     bundid.Reason // zero: accepted
}

func TestSignedContent(t *testing.T) {
	t.Parallel()
	const (
		audience = "<saml:Audience>" + spEntity + "</saml:Audience>"
		bearer   = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
		until    = `NotOnOrAfter="2026-03-02T12:05:00Z"`
	)
	rows := []edited{
		{name: "honest"},
		{name: "blanks around the level", old: ">STORK-QAA-Level-4</saml:AuthnContext", new: "> STORK-QAA-Level-4\n</saml:AuthnContext"},
		{name: "A46 wrong audience", old: audience, new: "<saml:Audience>https://andere.example/sp</saml:Audience>", want: bundid.ReasonAudience},
		{name: "A46 second restriction does not match", old: "</saml:AudienceRestriction>",
			new:  "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>",
			want: bundid.ReasonAudience},
		{name: "A46 no restriction", old: "<saml:AudienceRestriction>" + audience + "</saml:AudienceRestriction>", want: bundid.ReasonAudience},
		{name: "one audience of several", old: audience, new: "<saml:Audience>https://andere.example/sp</saml:Audience>" + audience},
		{name: "A47 wrong recipient", old: `Recipient="` + spACS, new: `Recipient="https://andere.example/acs`, want: bundid.ReasonRecipient},
		{name: "A47 recipient in another case", old: `Recipient="https://stadttor`, new: `Recipient="https://Stadttor`, want: bundid.ReasonRecipient},
		{name: "A47 no recipient", old: ` Recipient="` + spACS + `"`, want: bundid.ReasonRecipient},
		{name: "A47 wrong destination", old: `Destination="` + spACS, new: `Destination="` + spACS + "/", want: bundid.ReasonDestination},
		{name: "A16 wrong issuer of the assertion", old: "12:00:00Z\"><saml:Issuer>" + idpEntity, new: "12:00:00Z\"><saml:Issuer>https://andere.example/idp", want: bundid.ReasonIssuer},
		{name: "A16 wrong issuer of the response", old: "<saml:Issuer>" + idpEntity + "</saml:Issuer><samlp:Status>", new: "<saml:Issuer>x</saml:Issuer><samlp:Status>", want: bundid.ReasonIssuer},
		{name: "A50 no end", old: until + "><saml:AudienceRestriction>", new: "><saml:AudienceRestriction>", want: bundid.ReasonWindow},
		{name: "A50 window too long", old: until + "><saml:AudienceRestriction>", new: `NotOnOrAfter="2026-03-03T12:05:00Z"><saml:AudienceRestriction>`, want: bundid.ReasonWindow},
		{name: "A50 expired", old: until + "><saml:AudienceRestriction>", new: `NotOnOrAfter="2026-03-02T11:58:00Z"><saml:AudienceRestriction>`, want: bundid.ReasonExpired},
		{name: "A50 not yet valid", old: `NotBefore="2026-03-02T12:00`, new: `NotBefore="2026-03-02T12:02`, want: bundid.ReasonNotYetValid},
		{name: "A50 confirmation expired", old: until + " Recipient", new: `NotOnOrAfter="2026-03-02T11:58:00Z" Recipient`, want: bundid.ReasonExpired},
		{name: "A50 login in the future", old: `AuthnInstant="2026-03-02T12:00`, new: `AuthnInstant="2026-03-02T12:03`, want: bundid.ReasonAuthnStatement},
		{name: "A50 login before the request", old: `AuthnInstant="2026-03-02T12:00`, new: `AuthnInstant="2026-03-02T09:00`, want: bundid.ReasonAuthnStatement},
		{name: "A50 time without zone", old: `AuthnInstant="2026-03-02T12:00:00Z`, new: `AuthnInstant="2026-03-02T12:00:00`, want: bundid.ReasonAuthnStatement},
		{name: "A51 not bearer", old: bearer, new: "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", want: bundid.ReasonSubject},
		{name: "A51 second confirmation is valid", old: "<saml:SubjectConfirmation ",
			new: `<saml:SubjectConfirmation Method="` + bearer + `"><saml:SubjectConfirmationData NotOnOrAfter="2026-03-02T12:05:00Z" Recipient="x"/></saml:SubjectConfirmation><saml:SubjectConfirmation `},
		{name: "A52 status is not success", old: "status:Success", new: "status:Requester", want: bundid.ReasonStatus},
		{name: "A52 two status codes", old: "<samlp:StatusCode ", new: `<samlp:StatusCode Value="x"/><samlp:StatusCode `, want: bundid.ReasonStructure},
		{name: "A53 level too low", old: "Level-4</saml:AuthnContext", new: "Level-2</saml:AuthnContext", want: bundid.ReasonLevelTooLow},
		{name: "A53 level unknown", old: "STORK-QAA-Level-4</saml:AuthnContext", new: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContext", want: bundid.ReasonLevelUnknown},
		{name: "A53 two statements", old: "<saml:AttributeStatement>", new: `<saml:AuthnStatement AuthnInstant="2026-03-02T12:00:00Z"/><saml:AttributeStatement>`, want: bundid.ReasonAuthnStatement},
		{name: "A54 attribute says less", old: "Level-4</saml:AttributeValue", new: "Level-1</saml:AttributeValue", want: bundid.ReasonLevelTooLow},
		{name: "A54 attribute says nonsense", old: "STORK-QAA-Level-4</saml:AttributeValue", new: "HOCH</saml:AttributeValue", want: bundid.ReasonLevelUnknown},
		{name: "A55 attribute twice", old: "</saml:AttributeStatement>", new: attribute(bundid.AttrSurname, "HOCH", "MUSTER") + "</saml:AttributeStatement>", want: bundid.ReasonDuplicateAttribute},
		{name: "A55 attribute twice, with a blank", old: "</saml:AttributeStatement>", new: attribute("urn:oid: 2.5.4.4", "HOCH", "MUSTER") + "</saml:AttributeStatement>", want: bundid.ReasonDuplicateAttribute},
		{name: "two values", old: "MEIKE</saml:AttributeValue>", new: "MEIKE</saml:AttributeValue><saml:AttributeValue>X</saml:AttributeValue>", want: bundid.ReasonAttributes},
		{name: "nested value", old: ">MEIKE<", new: "><x/>MEIKE<", want: bundid.ReasonAttributes},
		{name: "required attribute missing", old: attribute(bundid.AttrSurname, "HOCH", "HARMS"), want: bundid.ReasonAttributeNotPresent},
		{name: "required attribute empty", old: ">HARMS<", new: "><", want: bundid.ReasonAttributeNotPresent},
		{name: "A58 unsolicited", old: `InResponseTo=`, new: `Consent=`, want: bundid.ReasonInResponseTo},
		{name: "A48 envelope answers another request", old: spACS + `" InResponseTo="`, new: spACS + `" InResponseTo="_x`, want: bundid.ReasonInResponseTo},
		{name: "A9 advice", old: "<saml:AuthnStatement ", new: "<saml:Advice/><saml:AuthnStatement ", want: bundid.ReasonStructure},
		{name: "unknown condition", old: "<saml:AudienceRestriction>", new: `<saml:Condition xmlns:x="urn:x" x:type="x"/><saml:AudienceRestriction>`, want: bundid.ReasonConditions},
		{name: "wrong version", old: `ID="_a1" Version="2.0"`, new: `ID="_a1" Version="1.1"`, want: bundid.ReasonVersion},
		{name: "A17 comment in a value", old: ">HARMS<", new: ">HAR<!-- x -->MS<", want: bundid.ReasonXML},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			template := d.template()
			if row.old != "" {
				if !strings.Contains(template, row.old) {
					t.Fatal("the template does not hold what should be replaced")
				}
				template = strings.ReplaceAll(template, row.old, row.new)
			}
			check(t, d, signed(t, template, pen{}), row.want)
		})
	}
}

// check posts the response and wants the reason, or a login for zero.
func check(t *testing.T, d *desk, response string, want bundid.Reason) {
	t.Helper()
	l, err := d.receive(t, response)
	if want == 0 {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		if a, _ := l.Attribute(bundid.AttrSurname); a.Value != "HARMS" || a.Level != bundid.LevelHoch {
			t.Errorf("surname: got %v", a)
		}
		return
	}
	if got := reason(t, err); got != want {
		t.Errorf("want %v, got %v", want, got)
	}
}

func TestTrustLevels(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bundid.Level{
		"UNTERGEORDNET": 1, "NORMAL": 2, "SUBSTANTIELL": 3, "HOCH": 4, "hoch": 4, "Basisregistrierung": 1,
		"Niedrig": 2, "STORK-QAA-Level-3": 3, "SEHR HOCH": 0, "5": 0,
	} {
		d := newDesk(t, bundid.NewMemStore(0))
		template := strings.Replace(d.template(), `akdb:TrustLevel="HOCH">`, `akdb:TrustLevel="`+word+`">`, 1)
		l, err := d.receive(t, signed(t, template, pen{}))
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := l.Attribute(bundid.AttrGivenName); a.Level != want {
			t.Errorf("%q: want %v, got %v", word, want, a.Level)
		}
	}
	t.Run("A55 foreign namespace", func(t *testing.T) {
		d := newDesk(t, bundid.NewMemStore(0))
		template := strings.Replace(d.template(), `xmlns:akdb="https://www.akdb.de/request/2018/09"`, `xmlns:akdb="https://angreifer.example/"`, 1)
		l, err := d.receive(t, signed(t, template, pen{}))
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := l.Attribute(bundid.AttrGivenName); a.Level != bundid.LevelNone {
			t.Errorf("got %v", a.Level)
		}
	})
}

// TestClockEdges moves our clock over each border of an honest response.
func TestClockEdges(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		at   time.Duration
		want bundid.Reason
	}{
		{"one minute early", -time.Minute, 0},
		{"more than a minute early", -time.Minute - time.Second, bundid.ReasonNotYetValid},
		{"last moment with skew", 6*time.Minute - time.Microsecond, 0},
		{"end with skew", 6 * time.Minute, bundid.ReasonExpired},
		{"request expired", 31 * time.Minute, bundid.ReasonExpired},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			response := signed(t, d.template(), pen{})
			d.now = noon.Add(row.at)
			check(t, d, response, row.want)
		})
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		edit func(*crypt)
		want bundid.Reason
	}{
		"current":            {},
		"AES-128":            {edit: func(c *crypt) { c.content, c.keySize = enc11+"aes128-gcm", 16 }},
		"AES-192":            {edit: func(c *crypt) { c.content, c.keySize = enc11+"aes192-gcm", 24 }},
		"older key":          {edit: func(c *crypt) { c.to = &otherKeys().Key.PublicKey }},
		"defaults are SHA-1": {edit: func(c *crypt) { c.digest, c.mask, c.label, c.mgf = "", "", sha1.New(), sha1.New() }},
		"mgf1p with SHA-256 keeps the mask at SHA-1": {edit: func(c *crypt) {
			c.transport, c.mask, c.mgf = enc+"rsa-oaep-mgf1p", "", sha1.New()
		}},
		"label and mask differ":      {edit: func(c *crypt) { c.mask, c.mgf = enc11+"mgf1sha1", sha1.New() }},
		"A45 other recipient":        {edit: func(c *crypt) { c.to = &idpKeys().Key.PublicKey }, want: bundid.ReasonDecryption},
		"A38 CBC":                    {edit: func(c *crypt) { c.content = enc + "aes256-cbc" }, want: bundid.ReasonAlgorithm},
		"A39 RSA 1.5":                {edit: func(c *crypt) { c.transport = enc + "rsa-1_5" }, want: bundid.ReasonAlgorithm},
		"unknown mask":               {edit: func(c *crypt) { c.mask = enc11 + "mgf1md5" }, want: bundid.ReasonAlgorithm},
		"key of another length":      {edit: func(c *crypt) { c.keySize = 16 }, want: bundid.ReasonDecryption},
		"A40 short tag":              {edit: func(c *crypt) { c.damage = func(b []byte) []byte { return b[:len(b)-4] } }, want: bundid.ReasonDecryption},
		"A37 shorter than the nonce": {edit: func(c *crypt) { c.damage = func(b []byte) []byte { return b[:5] } }, want: bundid.ReasonDecryption},
		"A37 empty plaintext":        {edit: func(c *crypt) { c.plain = func(string) string { return "" } }, want: bundid.ReasonDecryption},
		"A44 something else":         {edit: func(c *crypt) { c.plain = func(string) string { return `<x xmlns="urn:x"/>` } }, want: bundid.ReasonAssertionPosition},
		"A44 two roots":              {edit: func(c *crypt) { c.plain = func(s string) string { return s + s } }, want: bundid.ReasonXML},
		"A44 outer namespaces": {edit: func(c *crypt) {
			c.plain = func(s string) string {
				return strings.Replace(s, `xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, "", 1)
			}
		}, want: bundid.ReasonXML},
		"A31 ID of the response once more": {edit: func(c *crypt) {
			c.plain = func(s string) string { return strings.Replace(s, `ID="_a1"`, `ID="_r1"`, 1) }
		}, want: bundid.ReasonDuplicateID},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			c := currentCrypt()
			if row.edit != nil {
				row.edit(&c)
			}
			check(t, d, c.encrypted(t, signed(t, d.template(), pen{})), row.want)
		})
	}
	t.Run("key beside the data", func(t *testing.T) {
		t.Parallel()
		for uri, want := range map[string]bundid.Reason{"#_k1": 0, "http://angreifer.example/key": bundid.ReasonEncryptionForm} {
			d := newDesk(t, bundid.NewMemStore(0))
			doc := parse(t, currentCrypt().encrypted(t, signed(t, d.template(), pen{})))
			container := doc.Root().SelectElement("EncryptedAssertion")
			info := container.FindElement("./EncryptedData/KeyInfo")
			key := info.SelectElement("EncryptedKey")
			key.CreateAttr("xmlns:xenc", enc)
			key.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
			info.RemoveChild(key)
			info.CreateElement("ds:RetrievalMethod").CreateAttr("URI", uri)
			container.AddChild(key)
			check(t, d, serialize(t, doc), want)
		}
	})
	t.Run("A45 too many keys", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, currentCrypt().encrypted(t, signed(t, d.template(), pen{})))
		info := doc.FindElement("//KeyInfo")
		for i := range 5 {
			another := info.SelectElement("EncryptedKey").Copy()
			another.CreateAttr("Id", fmt.Sprintf("_more%d", i))
			info.AddChild(another)
		}
		check(t, d, serialize(t, doc), bundid.ReasonEncryptionForm)
	})
	t.Run("A43 unsigned inside", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, currentCrypt().encrypted(t, d.template()), bundid.ReasonUnsigned)
	})
	t.Run("signature of the response covers the ciphertext", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, currentCrypt().encrypted(t, d.template()))
		pen{}.sign(t, doc.Root())
		check(t, d, serialize(t, doc), 0)
	})
}
