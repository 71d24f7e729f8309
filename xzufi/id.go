package xzufi

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// ID names an object across editorial systems. A value alone is not unique:
// it is so only together with the agency that issued it. The parts are
// strings; leading zeros matter, so none of them is ever read as a number.
type ID struct {
	// Agency is schemeAgencyID: the editorial system that issued the value.
	Agency string
	// Scheme is schemeID: the kind of value. References often omit it.
	Scheme string
	// Value is the text of the identifier.
	Value string
}

// String returns "agency/scheme/value", each part escaped as in a URL path, so
// that [ParseID] gives the same ID back.
func (id ID) String() string {
	return url.PathEscape(id.Agency) + "/" + url.PathEscape(id.Scheme) + "/" + url.PathEscape(id.Value)
}

// Loose returns "agency/value", escaped like [ID.String]. References are
// resolved by it, because they often leave the scheme out.
func (id ID) Loose() string {
	return url.PathEscape(id.Agency) + "/" + url.PathEscape(id.Value)
}

// IsZero reports whether the ID has no value.
func (id ID) IsZero() bool { return id.Value == "" }

// ParseID reads what [ID.String] wrote. It returns an *[InvalidError] for
// anything else.
func ParseID(s string) (ID, error) {
	parts := strings.Split(s, "/")
	if len(s) > maxIDLen || len(parts) != 3 {
		return ID{}, &InvalidError{Field: "id", Rule: RuleFormat}
	}
	for i, p := range parts {
		u, err := url.PathUnescape(p)
		if err != nil {
			return ID{}, &InvalidError{Field: "id", Rule: RuleFormat}
		}
		parts[i] = u
	}
	id := ID{Agency: parts[0], Scheme: parts[1], Value: parts[2]}
	if err := id.check("id"); err != nil {
		return ID{}, err
	}
	return id, nil
}

const maxIDLen = 2000

func (id ID) check(field string) error {
	if id.Value == "" {
		return &InvalidError{Field: field, Rule: RuleRequired}
	}
	if len(id.Agency)+len(id.Scheme)+len(id.Value) > maxIDLen {
		return &InvalidError{Field: field, Rule: RuleTooLong}
	}
	return checkText(field, id.Agency, id.Scheme, id.Value)
}

// checkText refuses what PostgreSQL cannot store and what is no text at all.
func checkText(field string, values ...string) error {
	for _, s := range values {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return &InvalidError{Field: field, Rule: RuleText}
		}
	}
	return nil
}
