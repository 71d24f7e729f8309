package bundid

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/stadttor/stadttor/bundid/internal/xmlsec"
	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

// encodeRequest writes, signs and packs an AuthnRequest.
func (sp *ServiceProvider) encodeRequest(id string, now time.Time, lr LoginRequest, relay string) (*Redirect, error) {
	destination := sp.idp.post
	if lr.Binding == BindingRedirect {
		destination = sp.idp.redirect
	}
	doc := sp.authnRequest(id, now, destination, lr)
	if lr.Binding == BindingRedirect {
		return sp.encodeRedirect(doc, destination, relay)
	}
	if err := sp.signEnveloped(doc, id); err != nil {
		return nil, err
	}
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	return &Redirect{
		Method: "POST", URL: destination,
		Form: url.Values{
			"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)},
			"RelayState":  {relay},
		},
	}, nil
}

// authnRequest builds the message in schema order, unsigned.
func (sp *ServiceProvider) authnRequest(id string, now time.Time, destination string, lr LoginRequest) *etree.Document {
	doc := etree.NewDocument()
	root := doc.CreateElement("samlp:AuthnRequest")
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsSAML)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", now.Format("2006-01-02T15:04:05.000Z"))
	root.CreateAttr("Destination", destination)
	root.CreateAttr("AssertionConsumerServiceURL", sp.cfg.ACSURL)
	root.CreateAttr("ProtocolBinding", bindingPOST)
	root.CreateAttr("ForceAuthn", "true")
	root.CreateAttr("IsPassive", "false")
	root.CreateElement("saml:Issuer").SetText(sp.cfg.EntityID)
	sp.addExtension(root.CreateElement("samlp:Extensions"), lr)
	asked := root.CreateElement("samlp:RequestedAuthnContext")
	asked.CreateAttr("Comparison", "minimum")
	asked.CreateElement("saml:AuthnContextClassRef").SetText(lr.Level.String())
	return doc
}

// addExtension writes akdb:AuthenticationRequest version 2 (interface
// description 10.2, chapter 9).
func (sp *ServiceProvider) addExtension(parent *etree.Element, lr LoginRequest) {
	ext := parent.CreateElement("akdb:AuthenticationRequest")
	ext.CreateAttr("xmlns:akdb", nsAKDB)
	ext.CreateAttr("Version", "2")
	ext.CreateAttr("EnableStatusDetail", "true")
	if len(lr.Methods) > 0 {
		methods := ext.CreateElement("akdb:AuthnMethods")
		for _, m := range requestableMeans {
			if slices.Contains(lr.Methods, m) {
				methods.CreateElement("akdb:" + string(m)).CreateElement("akdb:Enabled").SetText("true")
			}
		}
	}
	list := ext.CreateElement("akdb:RequestedAttributes")
	for _, a := range lr.Attributes {
		e := list.CreateElement("akdb:RequestedAttribute")
		e.CreateAttr("Name", a.Name)
		e.CreateAttr("RequiredAttribute", strconv.FormatBool(a.Required))
	}
	ui := ext.CreateElement("akdb:DisplayInformation").CreateElement("classic-ui:Version")
	ui.CreateAttr("xmlns:classic-ui", nsClassic)
	ui.CreateElement("classic-ui:OrganizationDisplayName").SetText(sp.cfg.OrganizationDisplayName)
	ui.CreateElement("classic-ui:Lang").SetText(lr.Lang)
	if lr.BackURL != "" {
		ui.CreateElement("classic-ui:BackURL").SetText(lr.BackURL)
	}
	ui.CreateElement("classic-ui:OnlineServiceId").SetText(sp.cfg.OnlineServiceID)
}

// signEnveloped puts a ds:Signature after the Issuer.
func (sp *ServiceProvider) signEnveloped(doc *etree.Document, id string) error {
	unsigned, err := parseOwn(doc)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(xmlstrict.Canonical(unsigned, nil, nil))

	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", nsDSig)
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", xmlsec.ExclusiveC14)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", sp.signatureMethod())
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+id)
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", xmlsec.Enveloped)
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", xmlsec.ExclusiveC14)
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", xmlsec.SHA256)
	ref.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(sum[:]))
	doc.Root().InsertChildAt(1, sig)

	whole, err := parseOwn(doc)
	if err != nil {
		return err
	}
	children, _ := whole.Elements()
	parts, _ := children[1].Elements()
	value, err := sp.sign(xmlstrict.Canonical(parts[0], nil, nil))
	if err != nil {
		return err
	}
	sig.CreateElement("ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	data := sig.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(sp.cfg.SigningCertificate.Raw))
	return nil
}

// parseOwn reads back what we are about to send, with the parser that is used
// for answers: what it would refuse is never sent.
func parseOwn(doc *etree.Document) (*xmlstrict.Element, error) {
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	root, err := xmlstrict.Parse(raw, xmlstrict.DefaultLimits(), nil)
	if err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	return root, nil
}

func (sp *ServiceProvider) signatureMethod() string {
	if sp.cfg.RequestSignature == SignatureRSASHA256 {
		return xmlsec.RSASHA256
	}
	return xmlsec.PSSSHA256
}

func (sp *ServiceProvider) sign(message []byte) ([]byte, error) {
	var opts crypto.SignerOpts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	if sp.cfg.RequestSignature == SignatureRSASHA256 {
		opts = crypto.SHA256
	}
	sum := sha256.Sum256(message)
	value, err := sp.cfg.SigningKey.Sign(rand.Reader, sum[:], opts)
	if err != nil {
		return nil, fmt.Errorf("bundid: sign request: %w", err)
	}
	return value, nil
}

// encodeRedirect packs the request for the Redirect binding, whose signature
// covers the query instead of the document (SAML bindings 3.4.4.1).
func (sp *ServiceProvider) encodeRedirect(doc *etree.Document, destination, relay string) (*Redirect, error) {
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("bundid: request: %w", err)
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes())) +
		"&RelayState=" + url.QueryEscape(relay) +
		"&SigAlg=" + url.QueryEscape(sp.signatureMethod())
	value, err := sp.sign([]byte(query))
	if err != nil {
		return nil, err
	}
	query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
	separator := "?"
	if strings.Contains(destination, "?") {
		separator = "&"
	}
	return &Redirect{Method: "GET", URL: destination + separator + query}, nil
}
