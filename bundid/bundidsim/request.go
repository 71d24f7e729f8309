package bundidsim

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/stadttor/stadttor/bundid"
)

// Codes of the error page. Those of the interface description 10.2 (section
// 9.6) come first; the others are our own, because the real words for them are
// not published.
const (
	codeExtensionMissing = "akdb-extension-missing"
	codeVersion1         = "akdb-extension-v1-deprecated"
	codeNotSigned        = "saml-request-not-signed"
	codePurposeHTML      = "purpose-does-not-support-restricted-html"
	codeAttributesEmpty  = "requested-attributes-empty"
	codeAttributesName   = "requested-attributes-missing-name"
	codeMethodsEmpty     = "empty-authentication-methods"
	codeDisplayName      = "organization-display-name-missing"

	codeMalformed   = "sim-malformed-request"
	codeNoMetadata  = "sim-metadata-unavailable"
	codeIssuer      = "sim-unknown-issuer"
	codeDestination = "sim-wrong-destination"
	codeACS         = "sim-unknown-consumer-address"
	codeSignature   = "sim-signature-invalid"
	codeInstant     = "sim-issue-instant-outside-window"
	codeRepeated    = "sim-request-sent-twice"
	codeServiceID   = "sim-online-service-id-missing"
	codeLevel       = "sim-level-unknown"
	codeExpired     = "sim-procedure-unknown"
)

const (
	nsProtocol = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsSAML     = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsDSig     = "http://www.w3.org/2000/09/xmldsig#"
	nsAKDB     = "https://www.akdb.de/request/2018/09"
	nsClassic  = "https://www.akdb.de/request/2018/09/classic-ui/v1"

	maxRequest = 256 << 10
)

// serviceProvider is what the registered metadata says.
type serviceProvider struct {
	entityID   string
	consumers  []string
	signing    []*rsa.PublicKey
	encryption *rsa.PublicKey
}

// authnRequest is a request that passed all checks.
type authnRequest struct {
	id           string
	acs          string
	level        bundid.Level
	methods      []bundid.Means // empty: all
	attributes   []requested
	statusDetail bool
	organization string
	backURL      string
}

type requested struct {
	name     string
	required bool
}

func (r authnRequest) wants(name string) bool {
	return slices.ContainsFunc(r.attributes, func(a requested) bool { return a.name == name })
}

func (r authnRequest) requires(name string) bool {
	return slices.ContainsFunc(r.attributes, func(a requested) bool { return a.name == name && a.required })
}

// parseXML reads a document and refuses a document type declaration and
// processing instructions.
func parseXML(raw []byte) (*etree.Element, bool) {
	doc := etree.NewDocument()
	doc.ReadSettings.ValidateInput = true
	doc.ReadSettings.MaxDepth = 40
	if len(raw) > maxRequest || doc.ReadFromBytes(bytes.TrimSpace(raw)) != nil || doc.Root() == nil {
		return nil, false
	}
	for _, t := range doc.Child {
		switch t := t.(type) {
		case *etree.Directive:
			return nil, false
		case *etree.ProcInst:
			if t.Target != "xml" {
				return nil, false
			}
		}
	}
	return doc.Root(), true
}

func isElement(e *etree.Element, space, tag string) bool {
	return e != nil && e.Tag == tag && e.NamespaceURI() == space
}

func child(e *etree.Element, space, tag string) *etree.Element {
	if e == nil {
		return nil
	}
	for _, c := range e.ChildElements() {
		if isElement(c, space, tag) {
			return c
		}
	}
	return nil
}

func text(e *etree.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}

// registered reads the metadata of the service provider that a request comes
// from. A non-empty code says that there is none to go by.
func (s *Server) registered(ctx context.Context, issuer string) (serviceProvider, string) {
	if s.opts.SPMetadata == nil {
		return serviceProvider{}, codeNoMetadata
	}
	raw, err := s.opts.SPMetadata(ctx, issuer)
	if err != nil {
		s.log.WarnContext(ctx, "bundidsim: metadata of the service provider", "error", err)
		return serviceProvider{}, codeNoMetadata
	}
	if raw == nil {
		return serviceProvider{}, codeIssuer
	}
	sp, ok := readMetadata(raw)
	switch {
	case !ok:
		return serviceProvider{}, codeNoMetadata
	case sp.entityID != issuer:
		return serviceProvider{}, codeIssuer
	}
	return sp, ""
}

func readMetadata(raw []byte) (sp serviceProvider, complete bool) {
	root, ok := parseXML(raw)
	desc := child(root, nsMetadata, "SPSSODescriptor")
	if !ok || desc == nil {
		return sp, false
	}
	sp.entityID = root.SelectAttrValue("entityID", "")
	for _, c := range desc.ChildElements() {
		switch {
		case isElement(c, nsMetadata, "AssertionConsumerService"):
			sp.consumers = append(sp.consumers, c.SelectAttrValue("Location", ""))
		case isElement(c, nsMetadata, "KeyDescriptor"):
			key := descriptorKey(c)
			if key == nil {
				return sp, false
			}
			use := c.SelectAttrValue("use", "")
			if use != "encryption" {
				sp.signing = append(sp.signing, key)
			}
			if use != "signing" && sp.encryption == nil {
				sp.encryption = key
			}
		}
	}
	return sp, sp.entityID != "" && len(sp.consumers) > 0 && len(sp.signing) > 0 && sp.encryption != nil
}

func descriptorKey(e *etree.Element) *rsa.PublicKey {
	cert := child(child(child(e, nsDSig, "KeyInfo"), nsDSig, "X509Data"), nsDSig, "X509Certificate")
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text(cert)), ""))
	if err != nil {
		return nil
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	key, _ := parsed.PublicKey.(*rsa.PublicKey)
	return key
}

// accept makes the checks in the order of the account. A non-empty code names
// the first that failed. query is the raw query with the Redirect binding.
func (s *Server) accept(ctx context.Context, raw []byte, destination, query string, now time.Time) (authnRequest, serviceProvider, string) {
	var req authnRequest
	root, ok := parseXML(raw)
	if !ok || !isElement(root, nsProtocol, "AuthnRequest") || root.SelectAttrValue("Version", "") != "2.0" {
		return req, serviceProvider{}, codeMalformed
	}
	req.id = root.SelectAttrValue("ID", "")
	if req.id == "" || strings.IndexByte("0123456789-.", req.id[0]) >= 0 {
		return req, serviceProvider{}, codeMalformed
	}
	sp, code := s.registered(ctx, text(child(root, nsSAML, "Issuer")))
	if code != "" {
		return req, sp, code
	}
	if root.SelectAttrValue("Destination", "") != destination {
		return req, sp, codeDestination
	}
	req.acs = root.SelectAttrValue("AssertionConsumerServiceURL", "")
	if !slices.Contains(sp.consumers, req.acs) {
		return req, sp, codeACS
	}
	if code := checkSignature(root, query, sp.signing); code != "" {
		return req, sp, code
	}
	issued, err := time.Parse(time.RFC3339Nano, root.SelectAttrValue("IssueInstant", ""))
	if err != nil || issued.Sub(now).Abs() > requestWindow {
		return req, sp, codeInstant
	}
	if !s.firstUse(req.id, now) {
		return req, sp, codeRepeated
	}
	return req, sp, readExtension(root, &req)
}

// readExtension reads akdb:AuthenticationRequest and the level.
func readExtension(root *etree.Element, req *authnRequest) string {
	ext := child(child(root, nsProtocol, "Extensions"), nsAKDB, "AuthenticationRequest")
	if ext == nil {
		return codeExtensionMissing
	}
	if ext.SelectAttrValue("Version", "") != "2" {
		return codeVersion1
	}
	req.statusDetail = ext.SelectAttrValue("EnableStatusDetail", "") == "true"
	if code := readAttributes(child(ext, nsAKDB, "RequestedAttributes"), req); code != "" {
		return code
	}
	ui := child(child(ext, nsAKDB, "DisplayInformation"), nsClassic, "Version")
	req.organization = text(child(ui, nsClassic, "OrganizationDisplayName"))
	req.backURL = text(child(ui, nsClassic, "BackURL"))
	switch {
	case !restrictedHTML(text(child(ui, nsClassic, "Purpose"))):
		return codePurposeHTML
	case req.organization == "":
		return codeDisplayName
	case text(child(ui, nsClassic, "OnlineServiceId")) == "":
		return codeServiceID
	}
	if methods := child(ext, nsAKDB, "AuthnMethods"); methods != nil {
		for _, m := range methods.ChildElements() {
			if enabled := child(m, nsAKDB, "Enabled"); enabled == nil || text(enabled) == "true" {
				req.methods = append(req.methods, bundid.Means(m.Tag))
			}
		}
		if len(req.methods) == 0 {
			return codeMethodsEmpty
		}
	}
	asked := child(root, nsProtocol, "RequestedAuthnContext")
	refs := 0
	if asked != nil {
		refs = len(asked.ChildElements())
	}
	var ok bool
	req.level, ok = bundid.ParseLevel(text(child(asked, nsSAML, "AuthnContextClassRef")))
	if !ok || refs != 1 || asked.SelectAttrValue("Comparison", "exact") != "minimum" {
		return codeLevel
	}
	return ""
}

func readAttributes(list *etree.Element, req *authnRequest) string {
	if list == nil || len(list.ChildElements()) == 0 {
		return codeAttributesEmpty
	}
	for _, c := range list.ChildElements() {
		name := strings.TrimSpace(c.SelectAttrValue("Name", ""))
		if name == "" || !isElement(c, nsAKDB, "RequestedAttribute") {
			return codeAttributesName
		}
		required := c.SelectAttrValue("RequiredAttribute", "false") == "true"
		req.attributes = append(req.attributes, requested{name: name, required: required})
	}
	return ""
}

// restrictedHTML allows the few tags of the interface description; the text
// itself is never shown.
func restrictedHTML(s string) bool {
	for {
		_, rest, ok := strings.Cut(s, "<")
		if !ok {
			return true
		}
		tag, after, ok := strings.Cut(rest, ">")
		if !ok {
			return false
		}
		name := strings.TrimPrefix(strings.TrimSuffix(tag, "/"), "/")
		link := strings.HasPrefix(name, `a href="https://`) && strings.Count(name, `"`) == 2
		if !link && !slices.Contains([]string{"h1", "p", "a", "b", "i"}, strings.TrimSpace(name)) {
			return false
		}
		s = after
	}
}

// inflate unpacks a request of the Redirect binding, up to the limit.
func inflate(packed []byte) ([]byte, bool) {
	r := flate.NewReader(bytes.NewReader(packed))
	raw, err := io.ReadAll(io.LimitReader(r, maxRequest+1))
	return raw, err == nil && len(raw) <= maxRequest
}

// checkSignature verifies the signature in the document, or that of the query.
func checkSignature(root *etree.Element, query string, keys []*rsa.PublicKey) string {
	if query != "" {
		return checkQuerySignature(query, keys)
	}
	sig := child(root, nsDSig, "Signature")
	if sig == nil {
		return codeNotSigned
	}
	method, signed, value, ok := openSignature(root, sig)
	if !ok || !verifies(method, signed, value, keys) {
		return codeSignature
	}
	return ""
}

func checkQuerySignature(query string, keys []*rsa.PublicKey) string {
	signed, rest, ok := strings.Cut(query, "&Signature=")
	if !ok {
		return codeNotSigned
	}
	values, err := url.ParseQuery(signed)
	encoded, err2 := url.QueryUnescape(rest)
	value, err3 := base64.StdEncoding.DecodeString(encoded)
	if err != nil || err2 != nil || err3 != nil || !verifies(values.Get("SigAlg"), []byte(signed), value, keys) {
		return codeSignature
	}
	return ""
}

func verifies(method string, signed, value []byte, keys []*rsa.PublicKey) bool {
	h := crypto.SHA256.New()
	h.Write(signed)
	digest := h.Sum(nil)
	for _, k := range keys {
		switch method {
		case methodRSA:
			if rsa.VerifyPKCS1v15(k, crypto.SHA256, digest, value) == nil {
				return true
			}
		case methodPSS:
			if rsa.VerifyPSS(k, crypto.SHA256, digest, value, &rsa.PSSOptions{SaltLength: 32}) == nil {
				return true
			}
		}
	}
	return false
}
