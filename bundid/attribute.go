package bundid

import "strings"

// Names of the attributes (BundID interface description 10.2, chapter 6).
// Attributes are matched by these names only, never by FriendlyName.
const (
	AttrGivenName           = "urn:oid:2.5.4.42"                             // given names; may be missing
	AttrSurname             = "urn:oid:2.5.4.4"                              // family name
	AttrMail                = "urn:oid:0.9.2342.19200300.100.1.3"            // e-mail of the account, self-asserted
	AttrPostalAddress       = "urn:oid:2.5.4.16"                             // street and number in one
	AttrPostalCode          = "urn:oid:2.5.4.17"                             // postcode
	AttrLocalityName        = "urn:oid:2.5.4.7"                              // town
	AttrCountry             = "urn:oid:1.2.40.0.10.2.1.1.225599"             // country of the address, ISO 3166-1 alpha-2
	AttrPersonalTitle       = "urn:oid:0.9.2342.19200300.100.1.40"           // academic title
	AttrGender              = "urn:oid:1.3.6.1.4.1.33592.1.3.5"              // ISO 5218 digit
	AttrBirthdate           = "urn:oid:1.2.40.0.10.2.1.1.55"                 // YYYY-MM-DD, possibly incomplete
	AttrPlaceOfBirth        = "urn:oid:1.3.6.1.5.5.7.9.2"                    // place of birth
	AttrBirthName           = "urn:oid:1.2.40.0.10.2.1.1.225566"             // name at birth
	AttrNationality         = "urn:oid:1.2.40.0.10.2.1.1.225577"             // ICAO code, Germany is "D"
	AttrDocumentType        = "urn:oid:1.2.40.0.10.2.1.1.552255"             // BSI TR-03127, "ID" is the Personalausweis
	AttrDeMail              = "urn:oid:1.3.6.1.4.1.55605.70737875.1.1.1.7.1" // De-Mail address
	AttrTelephoneNumber     = "urn:oid:2.5.4.20"                             // international format
	AttrEIDASIssuingCountry = "urn:oid:1.3.6.1.4.1.25484.494450.10.1"        // sending member state
	AttrCommunityID         = "urn:oid:1.3.6.1.4.1.25484.494450.5"           // Wohnort-ID of the card
	AttrBPK2                = "urn:oid:1.3.6.1.4.1.25484.494450.3"           // person mark per service provider
	AttrQAALevel            = "urn:oid:1.2.40.0.10.2.1.1.261.94"             // level reached, same words as Level
	AttrVersion             = "urn:oid:1.3.6.1.4.1.25484.494450.1"           // version of the interface
	AttrAssertionProvedBy   = "urn:oid:1.3.6.1.4.1.25484.494450.2"           // means used
	AttrPostkorbHandle      = "urn:oid:2.5.4.18"                             // mailbox of the account, UUID
	AttrApplicationID       = "urn:oid:1.3.6.1.4.1.25484.494450.4"           // Antrags-ID for the status monitor
	AttrPseudonym           = "urn:oid:1.2.40.0.10.2.1.1.226699"             // mark of the means
	AttrMFA                 = "urn:oid:1.3.6.1.4.1.25484.494450.7"           // "true" if a second factor was used
)

// Attribute is one value about the citizen with the level at which it was
// verified. The level can be lower or higher than that of the login: a form
// locks a field by the level of the attribute.
type Attribute struct {
	Name  string // one of the Attr constants
	Value string // as sent, never empty
	Level Level  // LevelNone if the account states none
}

// RequestedAttribute is one attribute asked for.
type RequestedAttribute struct {
	Name string
	// Required makes the whole login fail when the account cannot deliver the
	// value. BundID advises to use it sparingly, and not at LevelBasis.
	Required bool
}

// normalizeName removes white space: the interface description prints some
// names with a stray blank, and implementations have copied it.
func normalizeName(name string) string {
	return strings.Join(strings.Fields(name), "")
}
