package xzufi

// Class is the kind of an object, spelt as in delete notices.
type Class string

// The classes that the catalogue keeps.
const (
	ClassLeistung             Class = "Leistung"
	ClassSpezialisierung      Class = "LeistungSpezialisierung"
	ClassOrganisationseinheit Class = "Organisationseinheit"
	ClassOnlinedienst         Class = "Onlinedienst"
	ClassZustaendigkeit       Class = "Zustaendigkeit"
	// ClassUnknown is an object of a kind this package does not know, such as
	// Formular. It has Raw and, if found, an ID.
	ClassUnknown Class = ""
)

// Operation is one instruction of a delivery: write or delete one object.
type Operation struct {
	// Delete says that the object named by Class and ID is to be removed. Its
	// ID may lack the scheme.
	Delete bool
	Class  Class
	ID     ID
	// Just one of these is set when Delete is false and Class is known.
	Leistung             *Leistung
	Spezialisierung      *Spezialisierung
	Organisationseinheit *Organisationseinheit
	Onlinedienst         *Onlinedienst
	Zustaendigkeit       *Zustaendigkeit
	// Line and Column say where the object begins.
	Line, Column int
	// Element is the local name of the object's element.
	Element string
	// Raw is the object as canonical XML: independent of prefixes, order of
	// attributes, line ends and white space between elements.
	Raw []byte
	// Warnings are values that were left out because they could not be read.
	Warnings []Warning
}

// Warning is a value that was left out of an object.
type Warning struct {
	File         string
	Line, Column int
	// Element is the local name of the element.
	Element string
}
