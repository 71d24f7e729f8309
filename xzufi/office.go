package xzufi

import (
	"strings"
	"time"
)

// Codes of an address type (urn:xoev-de:fim:codeliste:xzufi.anschrifttyp 2.0).
const (
	AddressHouse         = "001"
	AddressVisitors      = "002"
	AddressPostbox       = "003"
	AddressLargeReceiver = "004"
	AddressDelivery      = "005"
	AddressPost          = "006"
)

// Codes of a communication channel. They are from memory, never checked
// against the code list.
const (
	ChannelPhone = "01"
	ChannelFax   = "02"
	ChannelMail  = "03"
	ChannelWeb   = "04"
)

// Roles of a responsibility. That 01 and 02 are responsible is confirmed; the
// rest is from memory.
const (
	RoleResponsible        = "01"
	RoleResponsibleContact = "02"
	RoleContact            = "03"
)

// Organisationseinheit is an office.
type Organisationseinheit struct {
	ID, Parent      ID
	SecondaryIDs    []ID
	Name, ShortName Text
	Description     Text
	Addresses       []Address
	Communications  []Communication
	// OpeningHours is free text; it may hold HTML and line breaks.
	OpeningHours Text
	Websites     []Link
	// Responsibilities are those carried inside the object. Others may be
	// delivered apart; [Catalogue.Responsible] looks at both.
	Responsibilities      []Zustaendigkeit
	ValidFrom, ValidUntil time.Time
	Changed               time.Time
	Raw                   []byte `json:"-"`
}

// Address is one address of an office.
type Address struct {
	Type, Street, HouseNumber, Postbox, Postcode, Place string
	// AreaKey is the Regionalschlüssel, else the Gemeindeschlüssel, if given.
	AreaKey  string
	Building Text
	// Accessibility is free text on access without barriers.
	Accessibility    Text
	Lift, Wheelchair Tristate
}

// Tristate is yes, no, or not said.
type Tristate int

// The values of a Tristate.
const (
	Unknown Tristate = iota
	Yes
	No
)

func tristate(s string) Tristate {
	switch strings.ToLower(s) {
	case "true", "1", "ja":
		return Yes
	case "false", "0", "nein":
		return No
	}
	return Unknown
}

// Communication is a telephone number, mail address and the like.
type Communication struct {
	// Channel is a code; see the constants.
	Channel, Value, Note string
}

// Onlinedienst is an online service of some portal.
type Onlinedienst struct {
	ID           ID
	SecondaryIDs []ID
	Title        Text
	Description  Text
	Links        []Link
	TrustLevel   string
	Addressees   []string
	// Parameters are handed to the online service by whoever links to it.
	Parameters            map[string]string
	Languages             []string
	ValidFrom, ValidUntil time.Time
	Changed               time.Time
	Raw                   []byte `json:"-"`
}

// Zustaendigkeit ties an office or online service to a service and areas.
type Zustaendigkeit struct {
	ID           ID
	SecondaryIDs []ID
	// Object is the office or the online service.
	Object   ID
	Leistung ID
	// Areas are the areas for which it holds; empty: everywhere.
	Areas []string
	// Role is a code; see the constants. Empty counts as responsible.
	Role string
	// Criteria narrow the responsibility further, for people to read.
	Criteria              Text
	ValidFrom, ValidUntil time.Time
	Raw                   []byte `json:"-"`
}

// validAt reports whether t is inside the half-open interval; zero is open.
func validAt(from, until, t time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until))
}
