package bundidsim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/stadttor/stadttor/bundid"
)

const (
	statusPrefix    = "urn:oasis:names:tc:SAML:2.0:status:"
	formatTransient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	formatURI       = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	validity        = 5 * time.Minute
)

func instant(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }

// envelope builds a Response with its issuer and status.
func (s *Server) envelope(p procedure, now time.Time, codes ...string) (*etree.Document, *etree.Element) {
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement("saml2p:Response")
	root.CreateAttr("xmlns:saml2p", nsProtocol)
	root.CreateAttr("xmlns:saml2", nsSAML)
	root.CreateAttr("Destination", p.request.acs)
	root.CreateAttr("ID", "_"+randomHex(16))
	root.CreateAttr("InResponseTo", p.request.id)
	root.CreateAttr("IssueInstant", instant(now))
	root.CreateAttr("Version", "2.0")
	root.CreateElement("saml2:Issuer").SetText(s.EntityID())
	status := root.CreateElement("saml2p:Status")
	at := status
	for _, c := range codes {
		at = at.CreateElement("saml2p:StatusCode")
		at.CreateAttr("Value", statusPrefix+c)
	}
	return doc, status
}

// failure builds an error response; detail is the code of the akdb detail.
func (s *Server) failure(p procedure, now time.Time, second, message, code, detail string) ([]byte, error) {
	doc, status := s.envelope(p, now, "Requester", second)
	status.CreateElement("saml2p:StatusMessage").SetText(message)
	if p.request.statusDetail && code != "" {
		type item struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		}
		body, err := json.Marshal(struct {
			Version string `json:"version"`
			Errors  []item `json:"errors"`
		}{"1.0", []item{{code, detail}}})
		if err != nil {
			return nil, err
		}
		d := status.CreateElement("saml2p:StatusDetail").CreateElement("akdb:StatusDetail")
		d.CreateAttr("xmlns:akdb", nsAKDB)
		d.SetText(string(body))
	}
	return doc.WriteToBytes()
}

// respond builds the response to a finished procedure.
func (s *Server) respond(p procedure, f Fault, now time.Time) ([]byte, error) {
	if p.choice == nil || f == FaultCancel {
		return s.failure(p, now, "AuthnFailed", "Authentication was canceled by the user.", "", "")
	}
	if p.choice.login.Level < p.request.level {
		return s.failure(p, now, "NoAuthnContext", "An error has occurred.", "", "")
	}
	values := s.values(p, *p.choice)
	if missing := missingRequired(p.request, values); len(missing) > 0 {
		return s.failure(p, now, "RequestDenied", "security-msg", "IDP_REQUIRED_ATTRIBUTES_MISSING",
			"Required attributes missing: "+strings.Join(missing, ", "))
	}
	level := p.choice.login.Level
	if f == FaultLevelLower {
		level = p.request.level - 1
	}
	doc, _ := s.envelope(p, now, "Success")
	inner, err := s.assertion(p, f, level, values, now)
	if err != nil {
		return nil, fmt.Errorf("bundidsim: response: %w", err)
	}
	doc.Root().AddChild(inner)
	if s.opts.SignResponse && f != FaultUnsigned {
		if err := s.sign(doc.Root()); err != nil {
			return nil, fmt.Errorf("bundidsim: response: %w", err)
		}
	}
	return doc.WriteToBytes()
}

func missingRequired(r authnRequest, values []value) []string {
	var missing []string
	for _, a := range r.attributes {
		found := false
		for _, v := range values {
			found = found || v.name == a.name
		}
		if a.required && !found {
			missing = append(missing, a.name)
		}
	}
	return missing
}

// assertion builds, signs and encrypts.
func (s *Server) assertion(p procedure, f Fault, level bundid.Level, values []value, now time.Time) (*etree.Element, error) {
	doc := etree.NewDocument()
	a := doc.CreateElement("saml2:Assertion")
	a.CreateAttr("xmlns:saml2", nsSAML)
	a.CreateAttr("xmlns:xsd", "http://www.w3.org/2001/XMLSchema")
	a.CreateAttr("ID", "_"+randomHex(16))
	a.CreateAttr("IssueInstant", instant(now))
	a.CreateAttr("Version", "2.0")
	a.CreateElement("saml2:Issuer").SetText(s.EntityID())
	s.addSubject(a, p, f, now)
	s.addStatements(a, p, level, values, now)
	if f != FaultUnsigned {
		if err := s.sign(a); err != nil {
			return nil, err
		}
	}
	if s.opts.InsecurePlainAssertion {
		return a, nil
	}
	plain, err := doc.WriteToBytes()
	if err != nil {
		return nil, err
	}
	return encrypt(plain, p.sp.encryption)
}

func (s *Server) addSubject(a *etree.Element, p procedure, f Fault, now time.Time) {
	from, until, audience := now, now.Add(validity), p.sp.entityID
	switch f {
	case FaultExpired:
		from, until = now.Add(-time.Hour-validity), now.Add(-time.Hour)
	case FaultWrongAudience:
		audience = "https://anderer-dienst.example/sp"
	}
	subject := a.CreateElement("saml2:Subject")
	id := subject.CreateElement("saml2:NameID")
	id.CreateAttr("Format", formatTransient)
	id.CreateAttr("NameQualifier", s.EntityID())
	id.CreateAttr("SPNameQualifier", p.sp.entityID)
	id.SetText("_" + randomHex(16))
	confirmation := subject.CreateElement("saml2:SubjectConfirmation")
	confirmation.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	data := confirmation.CreateElement("saml2:SubjectConfirmationData")
	data.CreateAttr("InResponseTo", p.request.id)
	data.CreateAttr("NotOnOrAfter", instant(until))
	data.CreateAttr("Recipient", p.request.acs)
	conditions := a.CreateElement("saml2:Conditions")
	conditions.CreateAttr("NotBefore", instant(from))
	conditions.CreateAttr("NotOnOrAfter", instant(until))
	conditions.CreateElement("saml2:AudienceRestriction").CreateElement("saml2:Audience").SetText(audience)
}

func (s *Server) addStatements(a *etree.Element, p procedure, level bundid.Level, values []value, now time.Time) {
	authn := a.CreateElement("saml2:AuthnStatement")
	authn.CreateAttr("AuthnInstant", instant(now))
	authn.CreateAttr("SessionIndex", "_"+randomHex(16))
	ref := fmt.Sprintf("STORK-QAA-Level-%d", int(level))
	authn.CreateElement("saml2:AuthnContext").CreateElement("saml2:AuthnContextClassRef").SetText(ref)
	statement := a.CreateElement("saml2:AttributeStatement")
	for _, v := range values {
		if v.name == bundid.AttrQAALevel {
			v.text = ref
		}
		e := statement.CreateElement("saml2:Attribute")
		e.CreateAttr("FriendlyName", v.friendly)
		e.CreateAttr("Name", v.name)
		e.CreateAttr("NameFormat", formatURI)
		if word := trustWord(v.level); word != "" {
			e.CreateAttr("xmlns:akdb", nsAKDB)
			e.CreateAttr("akdb:TrustLevel", word)
		}
		content := e.CreateElement("saml2:AttributeValue")
		content.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		content.CreateAttr("xsi:type", "xsd:string")
		content.SetText(v.text)
	}
}

func trustWord(l bundid.Level) string {
	switch l {
	case bundid.LevelBasis:
		return "UNTERGEORDNET"
	case bundid.LevelNiedrig:
		return "NORMAL"
	case bundid.LevelSubstantiell:
		return "SUBSTANTIELL"
	case bundid.LevelHoch:
		return "HOCH"
	}
	return ""
}
