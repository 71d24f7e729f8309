package bundid_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/russellhaering/gosaml2/types"

	"github.com/stadttor/stadttor/bundid"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) func(*bundid.Config) {
		return func(c *bundid.Config) { c.IDPMetadata = bytes.Replace(c.IDPMetadata, []byte(old), []byte(new), -1) }
	}
	for _, row := range []struct {
		name, field string
		edit        func(*bundid.Config)
	}{
		{"good", "", func(*bundid.Config) {}},
		{"http", "EntityID", func(c *bundid.Config) { c.EntityID = "http://stadttor.example/sp" }},
		{"port", "EntityID", func(c *bundid.Config) { c.EntityID = "https://stadttor.example:8443/sp" }},
		{"no URL", "EntityID", func(c *bundid.Config) { c.EntityID = "stadttor" }},
		{"blank", "EntityID", func(c *bundid.Config) { c.EntityID += " " }},
		{"script", "ACSURL", func(c *bundid.Config) { c.ACSURL = "javascript:alert(1)" }},
		{"fragment", "ACSURL", func(c *bundid.Config) { c.ACSURL += "#x" }},
		{"no signing key", "SigningKey", func(c *bundid.Config) { c.SigningKey = nil }},
		{"EC signing key", "SigningKey", func(c *bundid.Config) { c.SigningKey = ec }},
		{"no certificate", "SigningCertificate", func(c *bundid.Config) { c.SigningCertificate = nil }},
		{"foreign certificate", "SigningCertificate", func(c *bundid.Config) { c.SigningCertificate = otherKeys().Certificate }},
		{"no decryption key", "DecryptionKeys", func(c *bundid.Config) { c.DecryptionKeys = nil }},
		{"empty decryption key", "DecryptionKeys", func(c *bundid.Config) { c.DecryptionKeys = []bundid.DecryptionKey{{}} }},
		{"no name", "OrganizationDisplayName", func(c *bundid.Config) { c.OrganizationDisplayName = " " }},
		{"no BMI-ID", "OnlineServiceID", func(c *bundid.Config) { c.OnlineServiceID = "" }},
		{"odd BMI-ID", "OnlineServiceID", func(c *bundid.Config) { c.OnlineServiceID = "BMI-C1" }},
		{"skew", "ClockSkew", func(c *bundid.Config) { c.ClockSkew = time.Hour }},
		{"lifetime", "RequestLifetime", func(c *bundid.Config) { c.RequestLifetime = time.Second }},
		{"cookie", "CookieName", func(c *bundid.Config) { c.CookieName = "a b" }},
		{"algorithm", "RequestSignature", func(c *bundid.Config) { c.RequestSignature = 7 }},
		{"no metadata", "IDPMetadata", func(c *bundid.Config) { c.IDPMetadata = nil }},
		{"A12 no signing key of the account", "IDPMetadata", replace("KeyDescriptor", "Other")},
		{"only an encryption key", "IDPMetadata", replace(`use="signing"`, `use="encryption"`)},
		{"A60 script as address", "IDPMetadata", replace("https://konto.example/idp/profile/SAML2/POST", "javascript:")},
		{"A61 over http", "IDPMetadata", replace("https://konto.example/idp/profile", "http://konto.example/idp/profile")},
		{"A61 expired", "IDPMetadata", replace(" entityID=", ` validUntil="2020-01-01T00:00:00Z" entityID=`)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig("https://stadttor.example", idpMetadata())
			cfg.InsecureAllowHTTP = false
			row.edit(&cfg)
			_, err := bundid.New(cfg, bundid.NewMemStore(0))
			var ce *bundid.ConfigError
			switch {
			case row.field == "" && err != nil:
				t.Errorf("refused: %v", err)
			case row.field != "" && (!errors.As(err, &ce) || ce.Field != row.field):
				t.Errorf("want a ConfigError for %s, got %v", row.field, err)
			}
		})
	}
}

// TestMetadata holds our metadata against the rules of BundID.
func TestMetadata(t *testing.T) {
	t.Parallel()
	d := newDesk(t, bundid.NewMemStore(0))
	raw, err := d.sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"validUntil", " ID="} {
		if bytes.Contains(raw, []byte(forbidden)) {
			t.Errorf("metadata hold %s", forbidden)
		}
	}
	var doc types.EntityDescriptor
	if err := xml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	desc := doc.SPSSODescriptor
	if doc.EntityID != spEntity || desc == nil || !desc.AuthnRequestsSigned || !desc.WantAssertionsSigned ||
		len(desc.KeyDescriptors) != 2 || len(desc.AssertionConsumerServices) != 1 ||
		desc.AssertionConsumerServices[0].Location != spACS {
		t.Errorf("metadata: %+v", doc)
	}
}

func TestLoginRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, bundid.NewMemStore(0))
	for _, row := range []struct {
		name, field string
		edit        func(*bundid.LoginRequest)
	}{
		{"good", "", func(*bundid.LoginRequest) {}},
		{"everything", "", func(r *bundid.LoginRequest) {
			r.Lang, r.BackURL, r.Binding = "uk", "https://stadttor.example/zurueck", bundid.BindingRedirect
			r.Methods = []bundid.Means{bundid.MeansElster, bundid.MeansEID}
		}},
		{"no level", "Level", func(r *bundid.LoginRequest) { r.Level = 0 }},
		{"level too high", "Level", func(r *bundid.LoginRequest) { r.Level = 5 }},
		{"unknown means", "Methods", func(r *bundid.LoginRequest) { r.Methods = []bundid.Means{"x/><evil"} }},
		{"Smart-eID", "Methods", func(r *bundid.LoginRequest) { r.Methods = []bundid.Means{bundid.MeansSmartEID} }},
		{"means twice", "Methods", func(r *bundid.LoginRequest) { r.Methods = []bundid.Means{"eID", "eID"} }},
		{"language", "Lang", func(r *bundid.LoginRequest) { r.Lang = "fr" }},
		{"long state", "State", func(r *bundid.LoginRequest) { r.State = strings.Repeat("x", 2049) }},
		{"broken state", "State", func(r *bundid.LoginRequest) { r.State = "\xff" }},
		{"foreign way back", "BackURL", func(r *bundid.LoginRequest) { r.BackURL = "https://angreifer.example/" }},
		{"binding", "Binding", func(r *bundid.LoginRequest) { r.Binding = 9 }},
		{"attribute name", "Attributes", func(r *bundid.LoginRequest) { r.Attributes = []bundid.RequestedAttribute{{Name: "givenName"}} }},
		{"attribute twice", "Attributes", func(r *bundid.LoginRequest) {
			r.Attributes = []bundid.RequestedAttribute{{Name: bundid.AttrMail}, {Name: bundid.AttrMail}}
		}},
	} {
		lr := bundid.LoginRequest{Level: bundid.LevelBasis}
		row.edit(&lr)
		redirect, err := d.sp.Start(t.Context(), lr)
		var re *bundid.RequestError
		switch {
		case row.field == "" && err != nil:
			t.Errorf("%s: refused: %v", row.name, err)
		case row.field != "" && (!errors.As(err, &re) || re.Field != row.field):
			t.Errorf("%s: want a RequestError for %s, got %v", row.name, row.field, err)
		case row.field == "":
			c := redirect.Cookie
			if !c.HttpOnly || !c.Secure || c.Path != "/" || !strings.HasPrefix(c.Name, "__Host-bundid-") {
				t.Errorf("%s: cookie %v", row.name, c)
			}
		}
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "4", "STORK-QAA-Level-0", "STORK-QAA-Level-5", "STORK-QAA-Level-44", "stork-qaa-level-4"} {
		if l, ok := bundid.ParseLevel(s); ok || l != bundid.LevelNone {
			t.Errorf("%q: got %v", s, l)
		}
	}
	for l := bundid.LevelNone; l <= bundid.LevelHoch; l++ {
		raw, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back bundid.Level
		if err := json.Unmarshal(raw, &back); err != nil || back != l {
			t.Errorf("%v: %s became %v, %v", l, raw, back, err)
		}
	}
}

// TestNoPersonalData logs and prints a login and the errors of a refused one.
func TestNoPersonalData(t *testing.T) {
	t.Parallel()
	d := newDesk(t, bundid.NewMemStore(0))
	l, err := d.receive(t, signed(t, d.template(), pen{}))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	logger.Info("login", "login", l, "value", *l)
	fmt.Fprintf(&out, "%v %+v %s %#v %v", l, *l, l, *l, d.sp)
	_, err = d.receive(t, strings.Replace(d.template(), "HARMS", "GEHEIM", 1))
	fmt.Fprintf(&out, "%v %v", err, errors.Unwrap(err))
	for _, secret := range []string{"MEIKE", "HARMS", "GEHEIM", d.relay} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is in the output: %s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "STORK-QAA-Level-4") {
		t.Error("the level is missing in the log")
	}
}
