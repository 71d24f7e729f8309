package bundid

import (
	"slices"
	"time"

	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

const (
	methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	formatURI    = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	nsXSI        = "http://www.w3.org/2001/XMLSchema-instance"
	maxIDLength  = 128
)

// assertion is what was read from a verified assertion.
type assertion struct {
	id           string
	inResponseTo string
	until        time.Time // when the last way to use it again ends
	authnInstant time.Time
	level        Level
	attributes   []Attribute
}

// readAssertion checks everything that can be said without the request.
func (sp *ServiceProvider) readAssertion(resp *response, now time.Time) (*assertion, *ResponseError) {
	e := resp.assertion
	if refused := checkVersion(e); refused != nil {
		return nil, refused
	}
	children, ok := e.Elements()
	if !ok || len(children) < 4 || !children[0].Is(nsSAML, "Issuer") {
		return nil, refuse(ReasonStructure)
	}
	if !sp.isIDP(children[0]) {
		return nil, refuse(ReasonIssuer)
	}
	parts, refused := sortStatements(children[1:])
	if refused != nil {
		return nil, refused
	}
	a := &assertion{}
	a.id, _ = e.Attr("ID")
	issued, _ := e.Attr("IssueInstant")
	steps := []func() *ResponseError{
		func() *ResponseError { return sp.checkIssued(issued, now) },
		func() *ResponseError { return sp.readSubject(parts.subject, a, now) },
		func() *ResponseError { return sp.checkConditions(parts.conditions, a, now) },
		func() *ResponseError { return sp.readAuthn(parts.authn, a, now) },
		func() *ResponseError { return a.readAttributes(parts.attributes) },
	}
	for _, step := range steps {
		if refused := step(); refused != nil {
			return nil, refused
		}
	}
	if resp.inResponseTo != a.inResponseTo {
		return nil, refuse(ReasonInResponseTo)
	}
	return a, a.lowerLevel()
}

type statements struct {
	subject, conditions, authn, attributes *xmlstrict.Element
}

// sortStatements accepts the one order the profile has; Advice, decisions and
// anything encrypted are outside of it.
func sortStatements(children []*xmlstrict.Element) (statements, *ResponseError) {
	var s statements
	for _, c := range children {
		switch {
		case c.Is(nsSAML, "Subject") && s == (statements{}):
			s.subject = c
		case c.Is(nsSAML, "Conditions") && s.subject != nil && s.conditions == nil && s.authn == nil && s.attributes == nil:
			s.conditions = c
		case c.Is(nsSAML, "AuthnStatement") && s.authn != nil:
			return s, refuse(ReasonAuthnStatement)
		case c.Is(nsSAML, "AuthnStatement") && s.subject != nil:
			s.authn = c
		case c.Is(nsSAML, "AttributeStatement") && s.attributes != nil:
			return s, refuse(ReasonAttributes)
		case c.Is(nsSAML, "AttributeStatement") && s.subject != nil:
			s.attributes = c
		default:
			return s, refuse(ReasonStructure)
		}
	}
	switch {
	case s.subject == nil:
		return s, refuse(ReasonSubject)
	case s.conditions == nil:
		return s, refuse(ReasonConditions)
	case s.authn == nil:
		return s, refuse(ReasonAuthnStatement)
	case s.attributes == nil:
		return s, refuse(ReasonAttributes)
	}
	return s, nil
}

func (sp *ServiceProvider) checkIssued(issued string, now time.Time) *ResponseError {
	at, ok := parseTime(issued)
	switch {
	case !ok:
		return refuse(ReasonStructure)
	case at.After(now.Add(sp.cfg.ClockSkew)):
		return refuse(ReasonNotYetValid)
	case at.Before(now.Add(-maxValidity - sp.cfg.ClockSkew)):
		return refuse(ReasonExpired)
	}
	return nil
}

// checkPeriod checks NotBefore and NotOnOrAfter of an element.
func (sp *ServiceProvider) checkPeriod(e *xmlstrict.Element, now time.Time) (time.Time, *ResponseError) {
	if from, ok := e.Attr("NotBefore"); ok {
		t, ok := parseTime(from)
		if !ok {
			return t, refuse(ReasonWindow)
		}
		if now.Add(sp.cfg.ClockSkew).Before(t) {
			return t, refuse(ReasonNotYetValid)
		}
	}
	text, _ := e.Attr("NotOnOrAfter")
	until, ok := parseTime(text)
	switch {
	case !ok:
		return until, refuse(ReasonWindow)
	case !now.Add(-sp.cfg.ClockSkew).Before(until):
		return until, refuse(ReasonExpired)
	case until.After(now.Add(maxValidity + sp.cfg.ClockSkew)):
		return until, refuse(ReasonWindow)
	}
	return until, nil
}

// readSubject finds a bearer confirmation that is valid in every respect.
func (sp *ServiceProvider) readSubject(e *xmlstrict.Element, a *assertion, now time.Time) *ResponseError {
	children, ok := e.Elements()
	if !ok {
		return refuse(ReasonStructure)
	}
	last := refuse(ReasonSubject)
	for i, c := range children {
		switch {
		case c.Is(nsSAML, "NameID") && i == 0:
		case c.Is(nsSAML, "SubjectConfirmation"):
			if a.inResponseTo != "" {
				continue
			}
			if refused := sp.readConfirmation(c, a, now); refused != nil {
				last = refused
			}
		default:
			return refuse(ReasonSubject)
		}
	}
	if a.inResponseTo == "" {
		return last
	}
	return nil
}

func (sp *ServiceProvider) readConfirmation(e *xmlstrict.Element, a *assertion, now time.Time) *ResponseError {
	if m, _ := e.Attr("Method"); m != methodBearer {
		return refuse(ReasonSubject)
	}
	children, ok := e.Elements()
	if !ok || len(children) != 1 || !children[0].Is(nsSAML, "SubjectConfirmationData") {
		return refuse(ReasonSubject)
	}
	data := children[0]
	if to, _ := data.Attr("Recipient"); to != sp.cfg.ACSURL {
		return refuse(ReasonRecipient)
	}
	until, refused := sp.checkPeriod(data, now)
	if refused != nil {
		return refused
	}
	id, _ := data.Attr("InResponseTo")
	if id == "" || len(id) > maxIDLength {
		return refuse(ReasonInResponseTo)
	}
	a.inResponseTo = id
	a.until = until
	return nil
}

func (sp *ServiceProvider) checkConditions(e *xmlstrict.Element, a *assertion, now time.Time) *ResponseError {
	until, refused := sp.checkPeriod(e, now)
	if refused != nil {
		return refused
	}
	if until.After(a.until) {
		a.until = until
	}
	children, ok := e.Elements()
	if !ok {
		return refuse(ReasonConditions)
	}
	restrictions := 0
	for _, c := range children {
		switch {
		case c.Is(nsSAML, "AudienceRestriction"):
			restrictions++
			if !sp.inAudience(c) {
				return refuse(ReasonAudience)
			}
		case c.Is(nsSAML, "OneTimeUse"), c.Is(nsSAML, "ProxyRestriction"):
		default:
			// A condition that is not understood makes the assertion
			// invalid (SAML core 2.5.1).
			return refuse(ReasonConditions)
		}
	}
	if restrictions == 0 {
		return refuse(ReasonAudience)
	}
	return nil
}

func (sp *ServiceProvider) inAudience(e *xmlstrict.Element) bool {
	children, ok := e.Elements()
	if !ok {
		return false
	}
	found := false
	for _, c := range children {
		text, ok := c.Text()
		if !ok || !c.Is(nsSAML, "Audience") {
			return false
		}
		found = found || text == sp.cfg.EntityID
	}
	return found
}

func (sp *ServiceProvider) readAuthn(e *xmlstrict.Element, a *assertion, now time.Time) *ResponseError {
	text, _ := e.Attr("AuthnInstant")
	instant, ok := parseTime(text)
	if !ok || instant.After(now.Add(sp.cfg.ClockSkew)) {
		return refuse(ReasonAuthnStatement)
	}
	a.authnInstant = instant.Truncate(time.Microsecond)
	if end, ok := e.Attr("SessionNotOnOrAfter"); ok {
		if t, ok := parseTime(end); !ok || !now.Add(-sp.cfg.ClockSkew).Before(t) {
			return refuse(ReasonExpired)
		}
	}
	children, ok := e.Elements()
	if !ok {
		return refuse(ReasonAuthnStatement)
	}
	for _, c := range children {
		switch {
		case c.Is(nsSAML, "SubjectLocality"):
		case c.Is(nsSAML, "AuthnContext") && a.level == LevelNone:
			if refused := a.readContext(c); refused != nil {
				return refused
			}
		default:
			return refuse(ReasonAuthnStatement)
		}
	}
	if a.level == LevelNone {
		return refuse(ReasonLevelUnknown)
	}
	return nil
}

func (a *assertion) readContext(e *xmlstrict.Element) *ResponseError {
	children, ok := e.Elements()
	if !ok || len(children) == 0 || !children[0].Is(nsSAML, "AuthnContextClassRef") {
		return refuse(ReasonLevelUnknown)
	}
	for _, c := range children[1:] {
		if !c.Is(nsSAML, "AuthenticatingAuthority") {
			return refuse(ReasonAuthnStatement)
		}
	}
	text, _ := children[0].Text()
	if a.level, ok = ParseLevel(text); !ok {
		return refuse(ReasonLevelUnknown)
	}
	return nil
}

func (a *assertion) readAttributes(e *xmlstrict.Element) *ResponseError {
	children, ok := e.Elements()
	if !ok {
		return refuse(ReasonAttributes)
	}
	for _, c := range children {
		if !c.Is(nsSAML, "Attribute") {
			return refuse(ReasonAttributes)
		}
		if refused := a.readAttribute(c); refused != nil {
			return refused
		}
	}
	return nil
}

func (a *assertion) readAttribute(e *xmlstrict.Element) *ResponseError {
	raw, _ := e.Attr("Name")
	name := normalizeName(raw)
	if name == "" || len(name) > 255 {
		return refuse(ReasonAttributes)
	}
	if f, ok := e.Attr("NameFormat"); ok && f != formatURI {
		return refuse(ReasonAttributes)
	}
	if slices.ContainsFunc(a.attributes, func(b Attribute) bool { return b.Name == name }) {
		return refuse(ReasonDuplicateAttribute)
	}
	values, ok := e.Elements()
	if !ok || len(values) > 1 || len(values) == 1 && !values[0].Is(nsSAML, "AttributeValue") {
		return refuse(ReasonAttributes)
	}
	attr := Attribute{Name: name}
	if len(values) == 1 {
		if attr.Value, ok = values[0].Text(); !ok || name == AttrBPK2 && len(attr.Value) > 255 {
			return refuse(ReasonAttributes)
		}
		if isNil, _ := values[0].AttrNS(nsXSI, "nil"); isNil == "true" || isNil == "1" {
			attr.Value = ""
		}
	}
	if trust, ok := e.AttrNS(nsAKDB, "TrustLevel"); ok {
		attr.Level = parseTrustLevel(trust)
	}
	// Empty ones stay in the list here, so that a second one is noticed.
	a.attributes = append(a.attributes, attr)
	return nil
}

// lowerLevel lets the lower of the two statements about the level win, and
// drops empty values.
func (a *assertion) lowerLevel() *ResponseError {
	a.attributes = slices.DeleteFunc(a.attributes, func(b Attribute) bool { return b.Value == "" })
	for _, b := range a.attributes {
		if b.Name != AttrQAALevel {
			continue
		}
		l, ok := ParseLevel(b.Value)
		if !ok {
			return refuse(ReasonLevelUnknown)
		}
		a.level = min(a.level, l)
	}
	return nil
}

// login turns the assertion into the result, with only what was asked for.
func (a *assertion) login(asked pendingRequest) Login {
	l := Login{Level: a.level, AuthnInstant: a.authnInstant, State: asked.State, Requested: asked.Level}
	for _, b := range a.attributes {
		if !slices.ContainsFunc(asked.Attributes, func(w RequestedAttribute) bool { return w.Name == b.Name }) {
			continue
		}
		switch b.Name {
		case AttrAssertionProvedBy:
			l.Means = Means(b.Value)
		case AttrBPK2:
			l.BPK2 = b.Value
		case AttrPostkorbHandle:
			l.PostkorbHandle = b.Value
		}
		l.Attributes = append(l.Attributes, b)
	}
	l.Guest = l.BPK2 == ""
	return l
}
