package bundid

import (
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
)

const (
	nsMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsProtocol = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsSAML     = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsDSig     = "http://www.w3.org/2000/09/xmldsig#"
	nsAKDB     = "https://www.akdb.de/request/2018/09"
	nsClassic  = "https://www.akdb.de/request/2018/09/classic-ui/v1"
)

// Metadata returns our EntityDescriptor for the operator of the account. As
// BundID demands it has neither ID nor validUntil, and so no signature.
func (sp *ServiceProvider) Metadata() ([]byte, error) {
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsDSig)
	root.CreateAttr("entityID", sp.cfg.EntityID)
	desc := root.CreateElement("md:SPSSODescriptor")
	desc.CreateAttr("AuthnRequestsSigned", "true")
	desc.CreateAttr("WantAssertionsSigned", "true")
	desc.CreateAttr("protocolSupportEnumeration", nsProtocol)
	addKey(desc, "signing", sp.cfg.SigningCertificate.Raw)
	enc := addKey(desc, "encryption", sp.cfg.DecryptionKeys[0].Certificate.Raw)
	for _, a := range []string{
		"http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
		"http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
	} {
		enc.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", a)
	}
	desc.CreateElement("md:NameIDFormat").SetText("urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
	acs := desc.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", bindingPOST)
	acs.CreateAttr("Location", sp.cfg.ACSURL)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
	doc.Indent(2)
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("bundid: metadata: %w", err)
	}
	return out, nil
}

func addKey(parent *etree.Element, use string, der []byte) *etree.Element {
	k := parent.CreateElement("md:KeyDescriptor")
	k.CreateAttr("use", use)
	data := k.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(der))
	return k
}
