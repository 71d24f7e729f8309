package demo

// RootKreis is the top of the tree of units of the Landkreis.
const RootKreis = "weserheide"

// Weserheide is the Landkreis: a portal of its own with fewer services and
// without a past.
func Weserheide() World {
	clerk := func(unit string) []Grant { return []Grant{{Role: "sachbearbeitung", Unit: unit}} }
	s := func(key, name, function, unit, phone, room string, grants []Grant) Staff {
		return Staff{
			ID: "p-" + key, Sub: "lk-" + key, Name: name, Function: function, Unit: unit, Grants: grants,
			Mail: key + "@weserheide.example", Phone: "04299 557-" + phone, Room: room,
		}
	}
	oe := func(value, unit string) OfficeUnit {
		return OfficeUnit{ObjectID{AgencyKreis, "Organisationseinheit", "K033999.OE." + value}, unit}
	}
	return World{
		ID: RootKreis, Town: "Landkreis Weserheide", PortalName: "Kreisportal", MailFrom: "kreisportal@weserheide.example", AGS: "03399000",
		Root: RootKreis, Fallback: "kv-poststelle", Granter: "p-oltmanns",
		Imprint: Imprint{Address: "Heideweg 100, 27899 Altenwehr", Representative: "Landrätin Gesine Vollers", Phone: "04299 557-0",
			Mail: "info@weserheide.example", Officer: "datenschutz@weserheide.example"},
		Units: []Unit{
			{RootKreis, "", "Landkreis Weserheide", "Weserheide"},
			{"kv-verkehr", RootKreis, "Straßenverkehrsamt", "Verkehr"},
			{"kv-zulassung", "kv-verkehr", "Kfz-Zulassungsbehörde", "Zulassung"},
			{"kv-fuehrerschein", "kv-verkehr", "Führerscheinstelle", "Führerschein"},
			{"kv-ordnung", RootKreis, "Ordnungsamt", "Ordnung"},
			{"kv-jagd", "kv-ordnung", "Ordnung, Jagd und Waffen", "Jagd"},
			{"kv-bau", RootKreis, "Bauordnung und Denkmalschutz", "Bau"},
			{"kv-soziales", RootKreis, "Soziales und Wohngeld", "Soziales"},
			{"kv-poststelle", RootKreis, "Poststelle der Kreisverwaltung", "Poststelle"},
			{"kv-it", RootKreis, "IT der Kreisverwaltung", "IT"},
		},
		OfficeUnits: []OfficeUnit{
			oe("1", "kv-poststelle"), oe("10", "kv-zulassung"), oe("11", "kv-fuehrerschein"), oe("20", "kv-bau"), oe("30", "kv-soziales"),
			oe("31", "kv-soziales"), oe("40", "kv-jagd"), oe("41", "kv-ordnung"), oe("50", "kv-poststelle"), oe("60", "kv-poststelle"), oe("70", "kv-poststelle"),
		},
		Roles: Roles(),
		Staff: []Staff{
			s("bohlken", "Frauke Bohlken", "Sachbearbeiterin Jagd und Waffen", "kv-jagd", "141", "Kreishaus 118", clerk("kv-jagd")),
			s("siefken", "Enno Siefken", "Sachbearbeiter Kfz-Zulassung", "kv-zulassung", "110", "Gewerbering 3", clerk("kv-verkehr")),
			s("rademacher", "Insa Rademacher", "Sachbearbeiterin Bauordnung", "kv-bau", "121", "Kreishaus 207", clerk("kv-bau")),
			s("wessels", "Hauke Wessels", "Leiter Ordnungsamt", "kv-ordnung", "140", "Kreishaus 120", []Grant{{Role: "leitung", Unit: "kv-ordnung"}}),
			s("gerdes", "Telse Gerdes", "Poststelle", "kv-poststelle", "100", "Kreishaus 002", []Grant{{Role: "poststelle", Unit: "kv-poststelle"}}),
			s("oltmanns", "Keno Oltmanns", "Benutzerverwalter", "kv-it", "190", "Kreishaus 301", []Grant{{Role: "benutzerverwaltung", Unit: RootKreis}, {Role: "it-administration", Unit: RootKreis}}),
		},
		AssistantServices: []AssistantService{
			{"jagdschein", ObjectID{AgencyLand, "Leistung", "L100099.LB.2110"}},
			{"allgemeines-anliegen", ObjectID{AgencyKreis, "Leistung", "K033999.LB.4001"}},
		},
		Wanted: []ObjectID{
			{AgencyLand, "Leistung", "L100099.LB.1011"}, {AgencyLand, "Leistung", "L100099.LB.2110"},
			{AgencyLand, "Leistung", "L100099.LB.1012"}, {AgencyLand, "Leistung", "L100099.LB.1015"},
		},
		messages: []string{"01-leistungen-land.xml", "02-leistungen-kurz.xml", "05-landkreis.xml", "06-landkreis-eigene.xml"}, forms: "forms-weserheide", theme: "theme-weserheide",
	}
}
