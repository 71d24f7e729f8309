package bundid

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/bundid/internal/xmlsec"
	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

const (
	statusPrefix     = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess    = statusPrefix + "Success"
	formatEntity     = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
	requiredMissing  = "IDP_REQUIRED_ATTRIBUTES_MISSING"
	maxStatusDetails = 10
)

// response is a Response after the checks of its form and signatures.
type response struct {
	inResponseTo string // a hint, unless the response was signed
	status       Status
	assertion    *xmlstrict.Element // re-read from verified bytes; nil with an error status
}

// open parses the message once and returns what is signed.
func (sp *ServiceProvider) open(raw []byte) (*response, *ResponseError) {
	ids := make(map[string]bool)
	root, err := xmlstrict.Parse(raw, xmlstrict.DefaultLimits(), ids)
	if err != nil {
		return nil, xmlRefused(err)
	}
	if !root.Is(nsProtocol, "Response") {
		return nil, refuse(ReasonStructure)
	}
	if refused := checkPositions(root); refused != nil {
		return nil, refused
	}
	signature, rest, refused := splitEnvelope(root)
	if refused != nil {
		return nil, refused
	}
	var verified *xmlstrict.Element
	if signature != nil {
		if verified, err = xmlsec.Verify(root, signature, sp.idp.keys); err != nil {
			return nil, securityRefused(err)
		}
	}
	resp, refused := sp.readResponse(root, rest)
	if refused != nil {
		return nil, refused
	}
	if resp.status.Code != statusSuccess {
		return resp, nil
	}
	resp.assertion, refused = sp.signedAssertion(rest[len(rest)-1], verified, ids)
	return resp, refused
}

// checkPositions refuses assertions and signatures anywhere but in the one
// place where they belong, before anything is verified.
func checkPositions(root *xmlstrict.Element) (refused *ResponseError) {
	assertions := 0
	root.Walk(func(e *xmlstrict.Element) {
		switch {
		case e.Is(nsSAML, "Assertion"), e.Is(nsSAML, "EncryptedAssertion"):
			assertions++
			if e.Parent != root && e != root && refused == nil {
				refused = refuse(ReasonAssertionPosition)
			}
		case e.Is(nsDSig, "Signature"):
			if !rightAfterIssuer(e) && refused == nil {
				refused = refuse(ReasonSignaturePosition)
			}
		case e.Is(nsProtocol, "Response") && e != root:
			if refused == nil {
				refused = refuse(ReasonStructure)
			}
		}
	})
	if assertions > 1 {
		return refuse(ReasonAssertionCount)
	}
	return refused
}

// rightAfterIssuer reports whether a signature stands where SAML wants it: as
// second child element of a message or assertion.
func rightAfterIssuer(sig *xmlstrict.Element) bool {
	p := sig.Parent
	if p == nil || !p.Is(nsProtocol, "Response") && !p.Is(nsSAML, "Assertion") {
		return false
	}
	children, _ := p.Elements()
	return len(children) > 1 && children[0].Is(nsSAML, "Issuer") && children[1] == sig
}

// splitEnvelope returns the signature of a message or assertion, if it has
// one, and the child elements without issuer and signature.
func splitEnvelope(e *xmlstrict.Element) (sig *xmlstrict.Element, rest []*xmlstrict.Element, refused *ResponseError) {
	children, ok := e.Elements()
	if !ok || len(children) < 2 || !children[0].Is(nsSAML, "Issuer") {
		return nil, nil, refuse(ReasonStructure)
	}
	if children[1].Is(nsDSig, "Signature") {
		sig, rest = children[1], children[2:]
	} else {
		rest = children[1:]
	}
	if len(rest) == 0 {
		return nil, nil, refuse(ReasonStructure)
	}
	return sig, rest, nil
}

// readResponse checks the envelope. Its unsigned parts are hints that can
// only make a response fail.
func (sp *ServiceProvider) readResponse(root *xmlstrict.Element, rest []*xmlstrict.Element) (*response, *ResponseError) {
	if refused := checkVersion(root); refused != nil {
		return nil, refused
	}
	issuer, _ := root.Elements()
	if !sp.isIDP(issuer[0]) {
		return nil, refuse(ReasonIssuer)
	}
	if to, _ := root.Attr("Destination"); to != sp.cfg.ACSURL {
		return nil, refuse(ReasonDestination)
	}
	status, refused := readStatus(rest[0])
	if refused != nil {
		return nil, refused
	}
	resp := &response{status: status}
	resp.inResponseTo, _ = root.Attr("InResponseTo")
	if resp.inResponseTo == "" {
		return nil, refuse(ReasonInResponseTo)
	}
	switch {
	case status.Code != statusSuccess && len(rest) > 1:
		return nil, refuse(ReasonStatus)
	case status.Code != statusSuccess:
		return resp, nil
	case len(rest) == 1:
		return nil, refuse(ReasonAssertionCount)
	case len(rest) > 2 || rest[1].Space != nsSAML:
		return nil, refuse(ReasonStructure)
	}
	return resp, nil
}

func checkVersion(e *xmlstrict.Element) *ResponseError {
	if v, _ := e.Attr("Version"); v != "2.0" {
		return refuse(ReasonVersion)
	}
	if id, _ := e.Attr("ID"); id == "" {
		return refuse(ReasonStructure)
	}
	instant, _ := e.Attr("IssueInstant")
	if _, ok := parseTime(instant); !ok {
		return refuse(ReasonStructure)
	}
	return nil
}

func (sp *ServiceProvider) isIDP(issuer *xmlstrict.Element) bool {
	if f, ok := issuer.Attr("Format"); ok && f != formatEntity {
		return false
	}
	text, ok := issuer.Text()
	return ok && text == sp.idp.entityID
}

// signedAssertion returns the assertion as verified: by its own signature, or
// by that of the response around it. verified is nil if that had none.
func (sp *ServiceProvider) signedAssertion(e, verified *xmlstrict.Element, ids map[string]bool) (*xmlstrict.Element, *ResponseError) {
	if e.Is(nsSAML, "EncryptedAssertion") {
		if verified != nil {
			children, _ := verified.Elements()
			e = children[len(children)-1]
		}
		plain, err := xmlsec.Decrypt(e, sp.decrypters)
		if err != nil {
			return nil, decryptionRefused(err)
		}
		if e, err = xmlstrict.Parse(plain, xmlstrict.DefaultLimits(), ids); err != nil {
			return nil, xmlRefused(err)
		}
		if !e.Is(nsSAML, "Assertion") {
			return nil, refuse(ReasonAssertionPosition)
		}
		if refused := checkPositions(e); refused != nil {
			return nil, refused
		}
		return sp.verifiedAssertion(e, e, verified != nil)
	}
	fallback := e
	if verified != nil {
		children, _ := verified.Elements()
		fallback = children[len(children)-1]
	}
	if !e.Is(nsSAML, "Assertion") || !fallback.Is(nsSAML, "Assertion") {
		return nil, refuse(ReasonStructure)
	}
	return sp.verifiedAssertion(e, fallback, verified != nil)
}

// verifiedAssertion checks the signature of e. Without one, it returns
// fallback if that is covered by the signature of the response.
func (sp *ServiceProvider) verifiedAssertion(e, fallback *xmlstrict.Element, covered bool) (*xmlstrict.Element, *ResponseError) {
	signature, _, refused := splitEnvelope(e)
	switch {
	case refused != nil:
		return nil, refused
	case signature == nil && !covered:
		return nil, refuse(ReasonUnsigned)
	case signature == nil:
		return fallback, nil
	}
	verified, err := xmlsec.Verify(e, signature, sp.idp.keys)
	if err != nil {
		return nil, securityRefused(err)
	}
	return verified, nil
}

func readStatus(e *xmlstrict.Element) (Status, *ResponseError) {
	var s Status
	children, ok := e.Elements()
	if !ok || !e.Is(nsProtocol, "Status") || len(children) == 0 || !children[0].Is(nsProtocol, "StatusCode") {
		return s, refuse(ReasonStructure)
	}
	for _, c := range children[1:] {
		switch {
		case c.Is(nsProtocol, "StatusDetail"):
			s.Details = statusDetails(c)
		case c.Is(nsProtocol, "StatusMessage"):
		default:
			return s, refuse(ReasonStructure)
		}
	}
	s.Code, _ = children[0].Attr("Value")
	nested, ok := children[0].Elements()
	if !ok || len(nested) > 1 || len(nested) == 1 && !nested[0].Is(nsProtocol, "StatusCode") {
		return s, refuse(ReasonStructure)
	}
	if len(nested) == 1 {
		s.Subcode, _ = nested[0].Attr("Value")
	}
	if s.Code == "" || s.Code == statusSuccess && s.Subcode != "" {
		return s, refuse(ReasonStatus)
	}
	return s, nil
}

// statusDetails reads the codes of the JSON in akdb:StatusDetail (interface
// description 10.2, section 9.7). Its messages are not kept.
func statusDetails(e *xmlstrict.Element) []string {
	var codes []string
	children, _ := e.Elements()
	for _, c := range children {
		text, ok := c.Text()
		if !ok || !c.Is(nsAKDB, "StatusDetail") {
			continue
		}
		var detail struct {
			Errors []struct {
				Code string `json:"code"`
			} `json:"errors"`
		}
		if json.Unmarshal([]byte(text), &detail) != nil {
			continue
		}
		for _, d := range detail.Errors {
			if len(codes) < maxStatusDetails && len(d.Code) <= 100 && isCode(d.Code) {
				codes = append(codes, d.Code)
			}
		}
	}
	return codes
}

func isCode(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == ""
}

// reason sorts what the account reported.
func (s Status) reason() Reason {
	switch {
	case slices.Contains(s.Details, requiredMissing), s.Subcode == statusPrefix+"RequestDenied":
		return ReasonRequiredAttributeMissing
	case s.Subcode == statusPrefix+"AuthnFailed":
		return ReasonCanceled
	case s.Subcode == statusPrefix+"NoAuthnContext":
		return ReasonLevelUnavailable
	}
	return ReasonStatus
}

// parseTime reads an xs:dateTime in UTC, which SAML prescribes.
func parseTime(s string) (time.Time, bool) {
	if len(s) > 40 || !strings.HasSuffix(s, "Z") {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err == nil
}

var xmlReasons = map[xmlstrict.Reason]Reason{
	xmlstrict.Doctype: ReasonDoctype, xmlstrict.Limit: ReasonLimit,
	xmlstrict.DuplicateID: ReasonDuplicateID, xmlstrict.Encoding: ReasonEncoding,
}

func xmlRefused(err error) *ResponseError {
	re := &ResponseError{Reason: ReasonXML, Err: err}
	var se *xmlstrict.SyntaxError
	if errors.As(err, &se) && xmlReasons[se.Reason] != 0 {
		re.Reason = xmlReasons[se.Reason]
	}
	return re
}

var securityReasons = map[xmlsec.Reason]Reason{
	xmlsec.Form: ReasonSignatureForm, xmlsec.Algorithm: ReasonAlgorithm,
	xmlsec.Reference: ReasonReference, xmlsec.Digest: ReasonDigest,
	xmlsec.Signature: ReasonSignature, xmlsec.Decryption: ReasonDecryption,
	xmlsec.Content: ReasonStructure,
}

func securityRefused(err error) *ResponseError {
	re := &ResponseError{Reason: ReasonSignature, Err: err}
	var se *xmlsec.Error
	if errors.As(err, &se) {
		re.Reason = securityReasons[se.Reason]
	}
	return re
}

func decryptionRefused(err error) *ResponseError {
	re := securityRefused(err)
	if re.Reason == ReasonSignatureForm {
		re.Reason = ReasonEncryptionForm
	}
	return re
}
