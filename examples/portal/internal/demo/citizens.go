package demo

// Citizen is an invented person who has sent an application in the past year.
// Four of them are people of the login simulator, by the same id, so that a
// tester can log in and find their cases; the others never log in.
type Citizen struct {
	ID        string
	Account   string // account id in the portal, empty without an account
	FirstName string
	LastName  string
	Birth     string // 2006-01-02; "..1958" when only the year is known
	Street    string
	Postcode  string
	Place     string
	Area      string // place of residence
	Mail      string
	Phone     string // fictional number
	Lang      string // language of the pages
	Level     int    // trust level reached: 0 none, 1 Benutzername, 3 ELSTER, 4 Online-Ausweis
	Means     string // means of the login
}

// Name is the given name and the family name.
func (c Citizen) Name() string { return c.FirstName + " " + c.LastName }

// Citizens returns the invented people behind the seeded cases.
func Citizens() []Citizen {
	c := func(id, first, last, birth, street, postcode, place, area string, level int, means string) Citizen {
		p := Citizen{
			ID: id, FirstName: first, LastName: last, Birth: birth, Street: street, Postcode: postcode, Place: place,
			Area: area, Mail: id + "@post.example", Phone: "04299 558-100", Lang: "de", Level: level, Means: means,
		}
		if level > 0 {
			p.Account = "demo-" + id
		}
		return p
	}
	people := []Citizen{
		c("meike-harms", "Meike Sophie", "Harms", "1987-11-02", "Am Siel 4", "27899", "Altenwehr", AreaAltenwehr, 4, "eID"),
		c("lukas-petersen", "Lukas", "Petersen", "1979-11-03", "Am Schöpfwerk 7", "27899", "Altenwehr", AreaAltenwehr, 3, "Elster"),
		c("mehmet-yildiz", "Mehmet", "Yıldız", "1991-06-25", "Bahnhofstraße 19", "27899", "Altenwehr", AreaAltenwehr, 4, "eID"),
		c("pieter-van-buuren", "Pieter", "van Buuren", "1983-05-14", "Mühlenweg 22", "27898", "Altenwehr", AreaAltenwehr, 4, "eIDAS"),
		c("hinrich-oltmanns", "Hinrich", "Oltmanns", "..1946", "Moorhof 1", "27898", "Altenwehr", AreaAltenwehr, 1, "Benutzername"),
		c("maria-kowalska", "Maria", "Kowalska", "1984-09-30", "Gartenweg 5 a", "27899", "Altenwehr", AreaAltenwehr, 4, "eIDAS"),
		c("grosz-uemlaut", "Jürgen", "Groß-Ümläut", "1970-01-01", "Straße des Übermuts 12 ß", "27899", "Altenwehr", AreaAltenwehr, 3, "Elster"),
		c("jonas-brandt", "Jonas", "Brandt", "1994-03-17", "Deichstraße 12", "27899", "Altenwehr", AreaAltenwehr, 1, "Benutzername"),
		c("fatima-rahimi", "Fatima", "Rahimi", "1993-03-08", "Bahnhofstraße 44", "27899", "Altenwehr", AreaAltenwehr, 3, "Elster"),
		c("elke-tammen", "Elke", "Tammen", "1962-12-27", "Kirchstraße 3", "27899", "Altenwehr", AreaAltenwehr, 4, "eID"),
		c("ben-luebbers", "Ben", "Lübbers", "1999-05-17", "Am Markt 9", "27899", "Altenwehr", AreaAltenwehr, 0, ""),
		c("clara-voss", "Clara", "Voß", "1975-07-07", "Rosenweg 14", "27899", "Altenwehr", AreaAltenwehr, 0, ""),
		c("ida-meyer", "Ida", "Meyer", "2015-10-05", "Rosenweg 31", "27899", "Altenwehr", AreaAltenwehr, 0, ""),
		c("hinnerk-lueders", "Hinnerk", "Lüders", "1968-01-09", "Gewerbering 7", "27898", "Hagenbüttel", AreaHagenbuettel, 3, "Elster"),
		c("greta-siefken", "Greta", "Siefken", "1968-06-11", "Deichstraße 101", "27899", "Altenwehr", AreaAltenwehr, 3, "Elster"),
		c("paul-osei", "Paul", "Osei", "1990-10-18", "Hafenstraße 6", "27899", "Altenwehr", AreaAltenwehr, 4, "eID"),
	}
	for i := range people {
		switch people[i].ID {
		case "meike-harms":
			people[i].Mail = "meike.harms@example.org"
		case "jonas-brandt":
			people[i].Mail = "jonas.brandt@example.org"
		case "hinnerk-lueders":
			people[i].Mail = "lueders@example.org"
		case "pieter-van-buuren":
			people[i].Lang = "en"
		case "hinrich-oltmanns":
			people[i].Lang = "de-simple"
		}
	}
	return people
}

// citizen returns one of the citizens; the id is known to exist.
func citizen(id string) Citizen {
	for _, c := range Citizens() {
		if c.ID == id {
			return c
		}
	}
	return Citizen{}
}
