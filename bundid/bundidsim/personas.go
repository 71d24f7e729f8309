package bundidsim

import "github.com/stadttor/stadttor/bundid"

// Persona is an invented person with an account.
type Persona struct {
	// ID is a short name in ASCII.
	ID string
	// Name is how the simulator's pages call the person.
	Name string
	// About says in one German sentence what is special.
	About string
	// Account is the number of the account; person marks are made from it.
	Account string
	// Data are the stored values by attribute name.
	Data map[string]string
	// Verified is the level at which Data was verified earlier, whatever the
	// login at hand.
	Verified bundid.Level
	// Logins are the ways to log in.
	Logins []Login
}

// Login is one way of a persona to log in.
type Login struct {
	Means bundid.Means
	Level bundid.Level
	// Guest makes it a temporary login: no person mark, no mailbox.
	Guest bool
}

// Key names the login among those of its persona: the means, with "Gast-" in
// front of a temporary one.
func (l Login) Key() string {
	if l.Guest {
		return "Gast-" + string(l.Means)
	}
	return string(l.Means)
}

var (
	withUserName = Login{Means: bundid.MeansBenutzername, Level: bundid.LevelBasis}
	withElster   = Login{Means: bundid.MeansElster, Level: bundid.LevelSubstantiell}
	withEID      = Login{Means: bundid.MeansEID, Level: bundid.LevelHoch}
)

// person builds the data most personas have, in the order given name, family
// name, birth date, place of birth, street, postcode, town.
func person(given, family, born, birthplace, street, postcode, town string) map[string]string {
	data := map[string]string{
		bundid.AttrGivenName: given, bundid.AttrSurname: family, bundid.AttrBirthdate: born,
		bundid.AttrPlaceOfBirth: birthplace, bundid.AttrPostalAddress: street,
		bundid.AttrPostalCode: postcode, bundid.AttrLocalityName: town, bundid.AttrCountry: "DE",
		bundid.AttrGender: "0",
	}
	return data
}

// and adds values, in pairs of name and value.
func and(data map[string]string, pairs ...string) map[string]string {
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	return data
}

// Personas returns the invented people that come with the simulator. Names,
// places and numbers belong to no one.
func Personas() []Persona {
	return append(residents(), special()...)
}

// residents are the ordinary cases.
func residents() []Persona {
	return []Persona{
		{
			ID: "jonas-brandt", Name: "Jonas Brandt", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a01",
			About: "Nur Benutzername und Passwort, alle Angaben selbst eingetragen.",
			Data: and(person("Jonas", "Brandt", "1994-03-17", "Altenwehr", "Deichstraße 12", "27899", "Altenwehr"),
				bundid.AttrMail, "jonas.brandt@example.org", bundid.AttrTelephoneNumber, "+49 4799 000112"),
			Logins: []Login{withUserName},
		},
		{
			ID: "meike-harms", Name: "Meike Harms", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a02",
			About: "Online-Ausweis oder Benutzername; ihre Daten sind seit dem Ausweis geprüft gespeichert.",
			Data: and(person("MEIKE SOPHIE", "HARMS", "1987-11-02", "LOHMOOR", "AM SIEL 4", "27899", "ALTENWEHR"),
				bundid.AttrBirthName, "TIETJEN", bundid.AttrNationality, "D", bundid.AttrDocumentType, "ID",
				bundid.AttrMail, "meike.harms@example.org", bundid.AttrCommunityID, "02760399000404"),
			Verified: bundid.LevelHoch,
			Logins:   []Login{withEID, withUserName},
		},
		{
			ID: "sabine-okafor", Name: "Sabine Okafor", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a03",
			About: "ELSTER-Zertifikat, dazu Benutzername und Passwort.",
			Data: and(person("Sabine", "Okafor", "1979-06-25", "Osterwede", "Moorweg 31", "27897", "Lohmoor"),
				bundid.AttrBirthName, "Behrens", bundid.AttrMail, "s.okafor@example.org",
				bundid.AttrTelephoneNumber, "+49 4797 000331", bundid.AttrPersonalTitle, "Dr."),
			Verified: bundid.LevelSubstantiell,
			Logins:   []Login{withElster, withUserName},
		},
		{
			ID: "hinnerk-lueders", Name: "Hinnerk Lüders", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a04",
			About: "Selbstständig, mit allen drei deutschen Anmeldemitteln.",
			Data: and(person("HINNERK", "LÜDERS", "1968-01-09", "HAGENBÜTTEL", "GEWERBERING 7", "27898", "HAGENBÜTTEL"),
				bundid.AttrNationality, "D", bundid.AttrDocumentType, "ID",
				bundid.AttrMail, "lueders@example.org", bundid.AttrTelephoneNumber, "+49 4798 000777"),
			Verified: bundid.LevelHoch,
			Logins:   []Login{withEID, withElster, withUserName},
		},
		{
			ID: "lina-petersen", Name: "Lina Petersen", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a05",
			About: "Jugendliche mit Benutzername und Passwort.",
			Data: and(person("Lina", "Petersen", "2011-08-30", "Altenwehr", "Kirchweg 2", "27897", "Klein Rehde"),
				bundid.AttrMail, "lina.petersen@example.org"),
			Logins: []Login{withUserName},
		},
	}
}

// special are the cases that forms stumble over.
func special() []Persona {
	return []Persona{
		{
			ID: "pieter-van-buuren", Name: "Pieter van Buuren", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a06",
			About: "Niederländer mit EU-Identität (hoch), nur der Mindestdatensatz.",
			Data: map[string]string{
				bundid.AttrGivenName: "Pieter", bundid.AttrSurname: "van Buuren",
				bundid.AttrBirthdate: "1983-05-14", bundid.AttrEIDASIssuingCountry: "NL",
			},
			Logins: []Login{{Means: bundid.MeansEIDAS, Level: bundid.LevelHoch}},
		},
		{
			ID: "chiara-benedetti", Name: "Chiara Benedetti", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a07",
			About: "Italienerin mit EU-Identität auf dem Niveau Niedrig.",
			Data: map[string]string{
				bundid.AttrGivenName: "Chiara", bundid.AttrSurname: "Benedetti", bundid.AttrBirthdate: "1999-12-01",
				bundid.AttrPlaceOfBirth: "Verona", bundid.AttrEIDASIssuingCountry: "IT",
				bundid.AttrMail: "chiara.benedetti@example.org",
			},
			Logins: []Login{{Means: bundid.MeansEIDAS, Level: bundid.LevelNiedrig}},
		},
		{
			ID: "thorsten-ehlers", Name: "Thorsten Ehlers", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a08",
			About: "Ohne Konto: temporäre Anmeldung mit Online-Ausweis oder ELSTER-Zertifikat.",
			Data: and(person("THORSTEN", "EHLERS", "1972-09-21", "BAD WEHRDEN", "FÄHRSTRAẞE 9", "27898", "ALTENWEHR"),
				bundid.AttrNationality, "D", bundid.AttrDocumentType, "ID"),
			Logins: []Login{
				{Means: bundid.MeansEID, Level: bundid.LevelHoch, Guest: true},
				{Means: bundid.MeansElster, Level: bundid.LevelSubstantiell, Guest: true},
			},
		},
		{
			ID: "renate-wulff", Name: "Renate Wulff", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a09",
			About: "Bürgerkonto eines anderen Landes (FINK): anderes Personenkennzeichen, kein Postfach.",
			Data: and(person("Renate", "Wulff", "1955-04-03", "Klein Rehde", "Dorfstraße 18", "27897", "Osterwede"),
				bundid.AttrMail, "r.wulff@example.org"),
			Logins: []Login{{Means: bundid.MeansFINK, Level: bundid.LevelSubstantiell}},
		},
		{
			ID: "mayarani", Name: "Mayarani", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a10",
			About: "Kein Vorname, keine Staatsangehörigkeit (Ausweis von vor November 2019), keine E-Mail-Adresse.",
			Data: map[string]string{
				bundid.AttrSurname: "MAYARANI", bundid.AttrBirthdate: "1990-02-11", bundid.AttrPlaceOfBirth: "ALTENWEHR",
				bundid.AttrPostalAddress: "HAFENPLATZ 1", bundid.AttrPostalCode: "27899",
				bundid.AttrLocalityName: "ALTENWEHR", bundid.AttrCountry: "DE", bundid.AttrDocumentType: "ID",
			},
			Logins: []Login{withEID},
		},
		{
			ID: "nadia-karimova", Name: "Nadia Karimova", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a11",
			About: "Im Ausland geboren, Aufenthaltstitel mit Online-Funktion oder Benutzername.",
			Data: and(person("NADIA", "KARIMOVA", "1992-07-07", "TASCHKENT", "LANGE STRAẞE 44 A", "27897", "LOHMOOR"),
				bundid.AttrNationality, "UZB", bundid.AttrDocumentType, "AR",
				bundid.AttrMail, "nadia.karimova@example.org"),
			Logins: []Login{withEID, withUserName},
		},
		{
			ID: "joerg-groessler", Name: "Jörg-Änne Größler", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a12",
			About: "Umlaute und großes ẞ, Online-Ausweis oder ELSTER-Zertifikat.",
			Data: and(person("JÖRG-ÄNNE", "GRÖẞLER", "1981-10-19", "HAGENBÜTTEL", "BÄCKERSTRAẞE 3", "27898", "HAGENBÜTTEL"),
				bundid.AttrNationality, "D", bundid.AttrDocumentType, "ID", bundid.AttrMail, "groessler@example.org"),
			Logins: []Login{withEID, withElster},
		},
		{
			ID: "fatma-yildizeli", Name: "Fatma Yıldızeli", Account: "0b7e4c52-6f0d-4f43-9a3e-1f0f6f1d0a13",
			About: "Vom Geburtsdatum ist nur das Jahr bekannt.",
			Data: and(person("FATMA", "YILDIZELİ", "1958-00-00", "SİVAS", "MÜHLENGANG 6", "27897", "OSTERWEDE"),
				bundid.AttrNationality, "TUR", bundid.AttrDocumentType, "AR"),
			Logins: []Login{withEID},
		},
	}
}
