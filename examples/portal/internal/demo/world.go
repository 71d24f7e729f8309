// Package demo is the content of the demo world: one district, one town, one
// Samtgemeinde, their offices, staff, fees and a year of cases.
//
// Everything here is invented. The area keys 03399, 033990004004 and 033995401
// are fictional: no district of Niedersachsen has the number 399. The names
// Altenwehr, Weserheide, Lohmoor, Hagenbüttel, Osterwede and Klein Rehde were
// searched for in public sources without a hit as a municipality. In a public
// list of German postcodes none lies between 27809 (Lemwerder) and 28195
// (Bremen), so 27897, 27898 and 27899 are free. The official registers were not
// at hand: take all this as "not found", not as "proven free". Phone numbers
// use the area code 04299, not assigned as far as we know; it is not one of
// the ranges that the Bundesnetzagentur reserves for fiction, which exist for
// five large cities only. Names under .example cannot exist. Amounts are
// plausible, not official.
package demo

import "time"

// Agencies of the invented editorial systems (schemeAgencyID in XZuFi).
const (
	AgencyLand      = "L100099" // editors of the Land
	AgencyAltenwehr = "K033990" // the town's own system
	AgencyLohmoor   = "K033995" // the Samtgemeinde
	AgencyKreis     = "K033999" // the Landkreis and its waste company
)

// Area keys (Regionalschlüssel) that the portal names.
const (
	AreaLand         = "03"
	AreaKreis        = "03399"
	AreaAltenwehr    = "033990004004"
	AreaLohmoor      = "033995401" // the Samtgemeinde
	AreaFlecken      = "033995401001"
	AreaHagenbuettel = "033995401002"
	AreaOsterwede    = "033995401003"
	AreaKleinRehde   = "033995401004"
)

// RootUnit is the top of the tree of units; FallbackUnit receives what no
// mapped office is responsible for, with envelope data only.
const (
	RootUnit     = "altenwehr"
	FallbackUnit = "zd-poststelle"
)

// Area is one place or administrative area.
type Area struct {
	Key         string   // Regionalschlüssel at its level
	Name        string   // as people write it
	Kind        string   // "Land", "Landkreis", "Stadt", "Samtgemeinde", "Flecken", "Gemeinde"
	Postcodes   []string // empty for areas above the municipality
	Inhabitants int      // invented
	Parents     []string // nearest first, up to the Land
}

// Areas returns all areas of the demo world, the largest first. Postcode 27898
// belongs to two municipalities on purpose.
func Areas() []Area {
	member := []string{AreaLohmoor, AreaKreis, AreaLand}
	return []Area{
		{Key: AreaLand, Name: "Niedersachsen", Kind: "Land", Inhabitants: 8_000_000},
		{Key: AreaKreis, Name: "Landkreis Weserheide", Kind: "Landkreis", Inhabitants: 128_000, Parents: []string{AreaLand}},
		{Key: AreaAltenwehr, Name: "Stadt Altenwehr", Kind: "Stadt", Postcodes: []string{"27899", "27898"}, Inhabitants: 31_400, Parents: []string{AreaKreis, AreaLand}},
		{Key: AreaLohmoor, Name: "Samtgemeinde Lohmoor", Kind: "Samtgemeinde", Inhabitants: 14_900, Parents: []string{AreaKreis, AreaLand}},
		{Key: AreaFlecken, Name: "Flecken Lohmoor", Kind: "Flecken", Postcodes: []string{"27897"}, Inhabitants: 6_100, Parents: member},
		{Key: AreaHagenbuettel, Name: "Hagenbüttel", Kind: "Gemeinde", Postcodes: []string{"27898"}, Inhabitants: 4_000, Parents: member},
		{Key: AreaOsterwede, Name: "Osterwede", Kind: "Gemeinde", Postcodes: []string{"27897"}, Inhabitants: 2_900, Parents: member},
		{Key: AreaKleinRehde, Name: "Klein Rehde", Kind: "Gemeinde", Postcodes: []string{"27897"}, Inhabitants: 1_900, Parents: member},
	}
}

// Unit is one organisation unit of the town.
type Unit struct {
	ID     string // stable, in lower case
	Parent string // empty for the root
	Name   string // as on the letterhead
	Short  string // for narrow columns
}

// Units returns the tree of Altenwehr, each parent before its children.
func Units() []Unit {
	return []Unit{
		{RootUnit, "", "Stadt Altenwehr", "Altenwehr"},
		{"fb1", RootUnit, "Fachbereich 1 Finanzen", "FB 1"},
		{"fb1-steuern", "fb1", "Team Steuern und Abgaben", "Steuern"},
		{"fb1-kasse", "fb1", "Stadtkasse", "Kasse"},
		{"fb2", RootUnit, "Fachbereich 2 Bürgerservice und Ordnung", "FB 2"},
		{"fb2-buergerbuero", "fb2", "Bürgerbüro", "Bürgerbüro"},
		{"fb2-standesamt", "fb2", "Standesamt", "Standesamt"},
		{"fb2-gewerbe", "fb2", "Team Gewerbe", "Gewerbe"},
		{"fb2-verkehr", "fb2", "Team Verkehr", "Verkehr"},
		{"fb3", RootUnit, "Fachbereich 3 Bildung und Kultur", "FB 3"},
		{"fb3-buecherei", "fb3", "Stadtbücherei", "Bücherei"},
		{"fb4", RootUnit, "Fachbereich 4 Bauen und Umwelt", "FB 4"},
		{"fb4-bauverwaltung", "fb4", "Bauverwaltung", "Bauverwaltung"},
		{"zd", RootUnit, "Zentrale Dienste", "ZD"},
		{"zd-poststelle", "zd", "Poststelle", "Poststelle"},
		{"zd-redaktion", "zd", "Redaktion", "Redaktion"},
		{"zd-it", "zd", "IT", "IT"},
	}
}

// ObjectID names one object of the catalogue.
type ObjectID struct {
	Agency, Scheme, Value string
}

// OfficeUnit joins an office of the catalogue with a unit of the town.
type OfficeUnit struct {
	Office ObjectID
	Unit   string
}

// OfficeUnits returns the offices that the town's own units stand behind.
// Offices of the Samtgemeinde and the Landkreis are absent: what is theirs and
// still arrives here goes to [FallbackUnit].
func OfficeUnits() []OfficeUnit {
	oe := func(value, unit string) OfficeUnit {
		return OfficeUnit{ObjectID{AgencyAltenwehr, "Organisationseinheit", "K033990.OE." + value}, unit}
	}
	return []OfficeUnit{
		oe("1", RootUnit),
		oe("10", "fb1"), oe("11", "fb1-steuern"), oe("12", "fb1-kasse"),
		oe("20", "fb2"), oe("21", "fb2-buergerbuero"), oe("22", "fb2-standesamt"),
		oe("23", "fb2-gewerbe"), oe("24", "fb2-verkehr"),
		oe("30", "fb3"), oe("31", "fb3-buecherei"),
		oe("40", "fb4"), oe("41", "fb4-bauverwaltung"),
		oe("50", "zd"), oe("51", "zd-poststelle"),
	}
}

// AssistantService joins a form assistant with the service it belongs to.
type AssistantService struct {
	Assistant string
	Service   ObjectID
}

// AssistantServices returns the service of each form assistant.
func AssistantServices() []AssistantService {
	lb := func(assistant, agency, value string) AssistantService {
		return AssistantService{assistant, ObjectID{agency, "Leistung", value}}
	}
	return []AssistantService{
		lb("hund-anmelden", AgencyLand, "L100099.LB.1001"),
		lb("hund-abmelden", AgencyLand, "L100099.LB.1002"),
		lb("meldebescheinigung", AgencyLand, "L100099.LB.1003"),
		lb("geburtsurkunde", AgencyLand, "L100099.LB.1004"),
		lb("buechereiausweis", AgencyAltenwehr, "K033990.LB.3001"),
		lb("allgemeines-anliegen", AgencyAltenwehr, "K033990.LB.3002"),
	}
}

// Fee is one amount that is charged for a service.
type Fee struct {
	ID      string // stable
	Service ObjectID
	Text    string // as on the receipt
	Cents   int64
	Account string // Produktsachkonto, invented
}

// Fees returns the town's fees. A birth certificate is booked on two accounts.
func Fees() []Fee {
	land := func(n string) ObjectID { return ObjectID{AgencyLand, "Leistung", "L100099.LB." + n} }
	const (
		melde   = "12210.331100" // Verwaltungsgebühren Bürgerbüro
		stand   = "12220.331100" // Verwaltungsgebühren Standesamt
		porto   = "11110.348700" // Erstattung von Postgebühren
		gewerbe = "12230.331100"
		parken  = "12240.331100"
		buch    = "27210.332100" // Benutzungsgebühren Stadtbücherei
	)
	return []Fee{
		{"meldebescheinigung", land("1003"), "Meldebescheinigung", 900, melde},
		{"fischereischein", land("1009"), "Fischereischein", 3000, melde},
		{"geburtsurkunde", land("1004"), "Geburtsurkunde, erste Ausfertigung", 1500, stand},
		{"geburtsurkunde-weitere", land("1004"), "Geburtsurkunde, jede weitere Ausfertigung", 750, stand},
		{"geburtsurkunde-porto", land("1004"), "Porto", 200, porto},
		{"eheurkunde", land("1005"), "Eheurkunde, erste Ausfertigung", 1500, stand},
		{"eheurkunde-weitere", land("1005"), "Eheurkunde, jede weitere Ausfertigung", 750, stand},
		{"eheurkunde-porto", land("1005"), "Porto", 200, porto},
		{"sterbeurkunde", land("1006"), "Sterbeurkunde, erste Ausfertigung", 1500, stand},
		{"sterbeurkunde-weitere", land("1006"), "Sterbeurkunde, jede weitere Ausfertigung", 750, stand},
		{"sterbeurkunde-porto", land("1006"), "Porto", 200, porto},
		{"gewerbeanmeldung", land("1007"), "Gewerbeanmeldung", 3000, gewerbe},
		{"bewohnerparken", land("1008"), "Bewohnerparkausweis, ein Jahr", 3070, parken},
		{"bewohnerparken-kennzeichen", land("1008"), "Bewohnerparkausweis, Änderung des Kennzeichens", 1020, parken},
		{"buechereiausweis", ObjectID{AgencyAltenwehr, "Leistung", "K033990.LB.3001"}, "Büchereiausweis, ein Jahr", 1500, buch},
	}
}

// DogTax is the dog tax of one municipality in cents a year.
type DogTax struct {
	Area                              string
	First, Second, Further, Dangerous int64
	Statute                           string // title with its date
}

// DogTaxes returns the dog tax of every municipality.
func DogTaxes() []DogTax {
	return []DogTax{
		{AreaAltenwehr, 72_00, 96_00, 120_00, 600_00, "Hundesteuersatzung der Stadt Altenwehr vom 12. Dezember 2023"},
		{AreaFlecken, 60_00, 90_00, 120_00, 528_00, "Hundesteuersatzung des Fleckens Lohmoor vom 29. November 2022"},
		{AreaHagenbuettel, 36_00, 60_00, 108_00, 600_00, "Hundesteuersatzung der Gemeinde Hagenbüttel vom 6. Dezember 2021"},
		{AreaOsterwede, 60_00, 90_00, 120_00, 528_00, "Hundesteuersatzung der Gemeinde Osterwede vom 13. Dezember 2022"},
		{AreaKleinRehde, 60_00, 90_00, 120_00, 528_00, "Hundesteuersatzung der Gemeinde Klein Rehde vom 8. Dezember 2022"},
	}
}

// DueDate is a yearly date on which a quarter of a tax is due.
type DueDate struct {
	Month time.Month
	Day   int
}

// TaxDueDates returns the days on which dog tax is due and SEPA mandates are
// used. Amounts a year are divided into four equal parts.
func TaxDueDates() []DueDate {
	return []DueDate{{time.February, 15}, {time.May, 15}, {time.August, 15}, {time.November, 15}}
}

// DogReportDays is the number of days in which a dog must be registered.
const DogReportDays = 14

// WantedServices returns the services that stand on the start page, most
// wanted first.
func WantedServices() []ObjectID {
	land := func(value string) ObjectID { return ObjectID{AgencyLand, "Leistung", value} }
	return []ObjectID{
		land("L100099.LB.1001"),                          // Hund anmelden
		land("L100099.LB.1003"),                          // Meldebescheinigung
		land("L100099.LB.1004"),                          // Geburtsurkunde
		{AgencyAltenwehr, "Leistung", "K033990.LB.3001"}, // Büchereiausweis
		land("L100099.LB.1010"),                          // Personalausweis
		land("L100099.LB.1015"),                          // Sperrmüll
	}
}
