package bundidsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"

	"github.com/stadttor/stadttor/bundid"
)

// value is one attribute as it goes into an assertion.
type value struct {
	name, friendly, label, text string
	level                       bundid.Level
}

// attribute says how one attribute is called.
type attribute struct {
	name, friendly, label string
}

// attributes is the order on the wire and on the page.
var attributes = []attribute{
	{bundid.AttrPersonalTitle, "personalTitle", "Akademischer Grad"},
	{bundid.AttrGivenName, "givenName", "Vornamen"},
	{bundid.AttrSurname, "surname", "Familienname"},
	{bundid.AttrBirthName, "birthName", "Geburtsname"},
	{bundid.AttrBirthdate, "birthdate", "Geburtsdatum"},
	{bundid.AttrPlaceOfBirth, "placeOfBirth", "Geburtsort"},
	{bundid.AttrGender, "gender", "Anrede (Kennziffer)"},
	{bundid.AttrNationality, "nationality", "Staatsangehörigkeit"},
	{bundid.AttrPostalAddress, "postalAddress", "Straße und Hausnummer"},
	{bundid.AttrPostalCode, "postalCode", "Postleitzahl"},
	{bundid.AttrLocalityName, "localityName", "Ort"},
	{bundid.AttrCountry, "country", "Land"},
	{bundid.AttrMail, "mail", "E-Mail-Adresse"},
	{bundid.AttrTelephoneNumber, "telephoneNumber", "Telefonnummer"},
	{bundid.AttrDeMail, "DeMail", "De-Mail-Adresse"},
	{bundid.AttrDocumentType, "documentType", "Art des Ausweises"},
	{bundid.AttrCommunityID, "communityId", "Wohnort-Kennung"},
	{bundid.AttrEIDASIssuingCountry, "eIDAS-Issuing-Country", "Ausstellender Staat"},
	{bundid.AttrBPK2, "bPK2", "Personenkennzeichen für diesen Dienst"},
	{bundid.AttrPostkorbHandle, "legacyPostkorbHandle", "Adresse des Postfachs"},
	{bundid.AttrApplicationID, "applicationId", "Antrags-Kennung"},
	{bundid.AttrPseudonym, "pseudonym", "Pseudonym des Anmeldemittels"},
	{bundid.AttrQAALevel, "EID-CITIZEN-QAA-LEVEL", "Vertrauensniveau der Anmeldung"},
	{bundid.AttrAssertionProvedBy, "AssertionProvedBy", "Anmeldemittel"},
	{bundid.AttrMFA, "mfa", "Zweiter Faktor"},
	{bundid.AttrVersion, "Version", "Version der Schnittstelle"},
}

// selfStated are never better than what the citizen typed in.
var selfStated = []string{bundid.AttrGender, bundid.AttrTelephoneNumber, bundid.AttrDeMail}

// values returns what was asked for and what this login can deliver.
func (s *Server) values(p procedure, c choice) []value {
	technical := technicalValues(p.sp.entityID, c)
	var out []value
	for _, a := range attributes {
		if !p.request.wants(a.name) {
			continue
		}
		v := value{name: a.name, friendly: a.friendly, label: a.label}
		if t, ok := technical[a.name]; ok {
			v.text, v.level = t.text, t.level
		} else if t, ok := c.persona.Data[a.name]; ok && deliverable(a.name, c.login) {
			v.text, v.level = t, dataLevel(a.name, c)
		}
		if v.text != "" {
			out = append(out, v)
		}
	}
	return out
}

// deliverable follows the table of means; its official version is not
// published.
func deliverable(name string, l Login) bool {
	switch name {
	case bundid.AttrNationality, bundid.AttrDocumentType:
		return l.Means == bundid.MeansEID
	case bundid.AttrCommunityID:
		return l.Means == bundid.MeansEID || !l.Guest && l.Means != bundid.MeansEIDAS && l.Means != bundid.MeansFINK
	case bundid.AttrEIDASIssuingCountry:
		return l.Means == bundid.MeansEIDAS
	case bundid.AttrMail, bundid.AttrGender, bundid.AttrTelephoneNumber, bundid.AttrDeMail:
		return !l.Guest
	}
	return true
}

// dataLevel is the level of one stored value.
func dataLevel(name string, c choice) bundid.Level {
	switch {
	case name == bundid.AttrNationality, name == bundid.AttrDocumentType, name == bundid.AttrCommunityID:
		return bundid.LevelNone
	case name == bundid.AttrMail:
		return bundid.LevelNiedrig
	case slices.Contains(selfStated, name):
		return bundid.LevelBasis
	}
	return max(c.login.Level, c.persona.Verified)
}

// technicalValues are made from the account, the means and the host of the
// service provider.
func technicalValues(entityID string, c choice) map[string]value {
	l := c.login
	host := hostOf(entityID)
	out := map[string]value{
		bundid.AttrQAALevel:          {text: l.Level.String()},
		bundid.AttrAssertionProvedBy: {text: string(l.Means)},
		bundid.AttrVersion:           {text: "2020.2.1"},
		bundid.AttrMFA:               {text: "true"},
		bundid.AttrApplicationID:     {text: uuidFrom(randomHex(16))},
	}
	if l.Means == bundid.MeansBenutzername {
		out[bundid.AttrMFA] = value{text: "false"}
	}
	if l.Means == bundid.MeansEID {
		out[bundid.AttrPseudonym] = value{text: mark("pseudonym", c.persona.Account, host)}
	}
	if !l.Guest {
		out[bundid.AttrBPK2] = value{text: c.persona.BPK2(entityID, l), level: bundid.LevelNiedrig}
	}
	if !l.Guest && l.Means != bundid.MeansFINK {
		out[bundid.AttrPostkorbHandle] = value{text: uuidFrom(hex.EncodeToString([]byte(mark("postkorb", c.persona.Account, ""))))}
	}
	return out
}

func hostOf(entityID string) string {
	if u, err := url.Parse(entityID); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return entityID
}

// BPK2 returns the person mark that the service provider with this entityID
// gets for the persona, empty for a temporary login. With it a portal's
// invented accounts can be linked with personas beforehand.
func (p Persona) BPK2(entityID string, l Login) string {
	switch {
	case l.Guest:
		return ""
	case l.Means == bundid.MeansFINK:
		return "fink:" + mark("bPK2", p.Account, hostOf(entityID))
	}
	return mark("bPK2", p.Account, hostOf(entityID))
}

// mark derives a person mark of 43 characters. The real derivation is not
// published; this one is our own and shares only form and stability with it.
func mark(purpose, account, host string) string {
	h := hmac.New(sha256.New, []byte("bundidsim "+purpose))
	h.Write([]byte(account + "\n" + host))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func uuidFrom(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-8" + digits[17:20] + "-" + digits[20:32]
}
