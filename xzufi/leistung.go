package xzufi

import "time"

// Codes of the text modules (code list
// urn:de:xzufi:codeliste:leistungstextmodulleika, version 20240216). Codes that
// are not in this list are kept as delivered.
const (
	ModuleName            = "02" // technical name
	ModuleTitle           = "03" // name in the citizen's words
	ModuleShortText       = "05"
	ModuleFullText        = "06"
	ModuleLegalBasis      = "07"
	ModuleDocuments       = "08"
	ModuleRequirements    = "09"
	ModuleProcedure       = "11"
	ModuleForms           = "14"
	ModuleFurtherReading  = "15"
	ModuleHints           = "16"
	ModuleAuthor          = "18"
	ModuleResponsibleBody = "22"
	ModuleContact         = "23"
	ModuleTeaser          = "24"
	ModuleRemedies        = "25"
)

// Origin says who wrote a part of a service description.
type Origin string

// The origins of a part.
const (
	// OriginLand: the general description, or a Spezialisierung that holds for
	// a whole Land.
	OriginLand Origin = "land"
	// OriginMunicipality: a Spezialisierung for a Kreis, Samtgemeinde or Gemeinde.
	OriginMunicipality Origin = "municipality"
)

// Leistung is one public service as described by an editorial system.
type Leistung struct {
	ID           ID
	SecondaryIDs []ID
	// LeikaKeys are the federal keys, 14 digits each; there may be several.
	LeikaKeys []string
	// Title is module 03, in each language without it module 02.
	Title Text
	// Teaser, ShortText and FullText are modules 24, 05 and 06.
	Teaser, ShortText, FullText Text
	// Modules are all text modules in their order, those above included.
	Modules    []Module
	Deadlines  []Deadline
	Costs      []Cost
	Processing []Processing
	// Synonyms are the terms of modulBegriffImKontext.
	Synonyms []LangText
	Approval Approval
	// Typing holds codes such as "2", "3" or "2/3".
	Typing     []string
	Addressees []string
	// SDG are the information areas of the Single Digital Gateway.
	SDG        []string
	Situations []Classification
	Categories []Category
	// Areas are the areas for which the description holds; empty: everywhere.
	Areas                  []string
	ValidFrom, ValidUntil  time.Time
	Created, Changed       time.Time
	TrustLevel             string
	WrittenForm, SinglePOC bool
	Structure              Structure
	// Languages are the declared sprachversion codes.
	Languages []string
	Origins   []OriginPortal
	// Raw is the whole object as canonical XML, unknown elements included.
	Raw []byte `json:"-"`
}

// Module is one text module.
type Module struct {
	// Code is the module's code; see the constants.
	Code string
	// Name is the code's name as delivered, mostly empty.
	Name     string
	Text     Text
	Links    []Link
	Position int
	// Origin and OriginArea say whose words these are. They are set by
	// [Catalogue.Service] only.
	Origin     Origin
	OriginArea string
}

// Link is an address with a title. URI is untrusted and may have any scheme.
type Link struct {
	URI, Title, Description, Lang string
	// Type is the code of an online service's link, "01" for the start page.
	Type     string
	Position int
}

// Cost is modulKosten: free text and amounts.
type Cost struct {
	Text       Text
	Amounts    []Amount
	Links      []Link
	Origin     Origin
	OriginArea string
}

// Amount is one fee. Value and Limit are decimal strings as delivered, such as
// "15.00"; they are not parsed.
type Amount struct {
	Type, Value, Limit, Currency string
	Label                        Text
}

// Deadline is modulFrist.
type Deadline struct {
	Text           Text
	Type           string
	Duration, Unit string
	Origin         Origin
	OriginArea     string
}

// Processing is modulBearbeitungsdauer. Duration is a string as delivered.
type Processing struct {
	Text           Text
	Duration, Unit string
	Origin         Origin
	OriginArea     string
}

// Approval says who released the text professionally, and when.
type Approval struct {
	On time.Time
	By Text
}

// Classification is one value of a classification such as the life situations.
type Classification struct{ List, Value string }

// Category is a category carried inside a service.
type Category struct {
	ID, Parent        ID
	Name, Description Text
	// Class is the id of the category's class.
	Class     string
	ClassName Text
}

// Structure is how the service is composed in the federal catalogue.
type Structure struct {
	// Type is the local name of the element's xsi:type.
	Type, Object, ObjectName, Verrichtung, VerrichtungName string
	Detail                                                 Text
}

// OriginPortal is a link to the portal that a text comes from.
type OriginPortal struct{ URI, Title, Lang string }

// Spezialisierung is what a region adds to a Leistung. The names of its XML
// elements are from memory, never checked against the XSD.
type Spezialisierung struct {
	ID, Leistung          ID
	Areas                 []string
	Modules               []Module
	Costs                 []Cost
	Deadlines             []Deadline
	Processing            []Processing
	ValidFrom, ValidUntil time.Time
	Created, Changed      time.Time
	Raw                   []byte `json:"-"`
}
