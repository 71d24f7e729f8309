package demo

// Role is a named set of permissions.
type Role struct {
	ID          string
	Name        string // as the administration calls it
	Permissions []string
}

// Roles returns the roles of the town. No role outside a specialist team reads
// the content of a case: the mail room, the treasury and the auditor see
// envelopes, payments or the log.
func Roles() []Role {
	return []Role{
		{"sachbearbeitung", "Sachbearbeitung", []string{
			"case.list", "case.readEnvelope", "case.read", "case.process", "case.message", "case.decide", "case.note",
			"case.involve", "case.transfer", "service.read",
		}},
		{"leitung", "Fachbereichsleitung", []string{
			"case.list", "case.readEnvelope", "case.read", "case.process", "case.message", "case.decide", "case.note", "case.assign",
			"case.involve", "case.transfer", "service.read", "person.read", "payment.read",
		}},
		{"poststelle", "Poststelle", []string{"case.list", "case.readEnvelope", "case.transfer", "service.read"}},
		{"kasse", "Kasse", []string{"case.list", "case.readEnvelope", "payment.read", "payment.refund", "service.read"}},
		{"redaktion", "Redaktion", []string{"service.read"}},
		{"freigabe", "Freigabe", []string{"service.read"}},
		{"revision", "Rechnungsprüfung (lesend)", []string{"case.list", "case.readEnvelope", "audit.read", "person.read", "service.read"}},
		{"benutzerverwaltung", "Benutzerverwaltung", []string{"person.read", "service.read"}},
		{"it-administration", "IT-Administration", []string{"settings.edit", "person.read", "service.read"}},
	}
}

// Grant gives a role in a unit and everything below it.
type Grant struct {
	Role string
	Unit string
	// FromDay and UntilDay limit the grant to days before and after today;
	// both zero means without limit.
	FromDay, UntilDay int
}

// Staff is one invented employee.
type Staff struct {
	ID       string // person id in the portal
	Sub      string // subject at the staff's login provider
	Name     string
	Function string
	Unit     string // where she or he works
	Grants   []Grant
	Mail     string
	Phone    string // fictional number
	Room     string
}

// Substitution is a leave cover: By may do what For may do, for a while.
type Substitution struct {
	ID, For, By string
	FromDay     int // days from today, negative is past
	UntilDay    int // half-open
	Reason      string
}

// Substitutions returns the leave cover that runs in the demo: Anke Dierks of
// the Bürgerbüro stands in for Wiebke Harms in the tax team.
func Substitutions() []Substitution {
	return []Substitution{
		{ID: "v-2", For: "p-harms", By: "p-dierks", FromDay: -4, UntilDay: 10, Reason: "Erholungsurlaub"},
		{ID: "v-1", For: "p-folkerts", By: "p-lueken", FromDay: -60, UntilDay: -46, Reason: "Erholungsurlaub"},
	}
}

// StaffMembers returns the staff of the town.
func StaffMembers() []Staff {
	one := func(role, unit string) []Grant { return []Grant{{Role: role, Unit: unit}} }
	s := func(key, name, function, unit, phone, room string, grants []Grant) Staff {
		return Staff{
			ID: "p-" + key, Sub: "aw-" + key, Name: name, Function: function, Unit: unit, Grants: grants,
			Mail: key + "@altenwehr.example", Phone: "04299 555-" + phone, Room: room,
		}
	}
	const clerk = "sachbearbeitung"
	return []Staff{
		s("harms", "Wiebke Harms", "Sachbearbeiterin Hundesteuer", "fb1-steuern", "111", "Rathaus 211", one(clerk, "fb1-steuern")),
		s("cordes", "Jens Cordes", "Sachbearbeiter Steuern", "fb1-steuern", "112", "Rathaus 212", one(clerk, "fb1-steuern")),
		s("lueken", "Birgit Lüken", "Leiterin Fachbereich 1", "fb1", "101", "Rathaus 108", one("leitung", "fb1")),
		s("tapken", "Holger Tapken", "Kassenverwalter", "fb1-kasse", "121", "Rathaus 004", one("kasse", RootUnit)),
		s("meiners", "Svenja Meiners", "Sachbearbeiterin Bürgerbüro", "fb2-buergerbuero", "211", "Bürgerhaus E.01", one(clerk, "fb2-buergerbuero")),
		s("arslan", "Deniz Arslan", "Sachbearbeiter Bürgerbüro", "fb2-buergerbuero", "212", "Bürgerhaus E.02", one(clerk, "fb2-buergerbuero")),
		s("dierks", "Anke Dierks", "Sachbearbeiterin Bürgerbüro, Vertretungskraft", "fb2-buergerbuero", "213", "Bürgerhaus E.03", one(clerk, "fb2-buergerbuero")),
		s("folkerts", "Renate Folkerts", "Leiterin Fachbereich 2", "fb2", "201", "Bürgerhaus 1.01", one("leitung", "fb2")),
		s("janssen", "Heike Janßen", "Standesbeamtin", "fb2-standesamt", "221", "Bürgerhaus 1.04", one(clerk, "fb2-standesamt")),
		s("behrens", "Olaf Behrens", "Sachbearbeiter Gewerbe", "fb2-gewerbe", "231", "Bürgerhaus 1.08", one(clerk, "fb2-gewerbe")),
		s("nowak", "Katarzyna Nowak", "Sachbearbeiterin Verkehr", "fb2-verkehr", "241", "Bürgerhaus 1.11", one(clerk, "fb2-verkehr")),
		s("ehlers", "Tomke Ehlers", "Bibliothekarin", "fb3-buecherei", "311", "Stadtbücherei", one(clerk, "fb3")),
		s("schroeder", "Maike Schröder", "Sachbearbeiterin Bauverwaltung", "fb4-bauverwaltung", "411", "Rathaus 221", one(clerk, "fb4")),
		s("hinrichs", "Uwe Hinrichs", "Poststelle", "zd-poststelle", "501", "Rathaus 001", one("poststelle", "zd-poststelle")),
		s("wilken", "Femke Wilken", "Redakteurin", "zd-redaktion", "521", "Rathaus 112", one("redaktion", RootUnit)),
		s("addicks", "Jörg Addicks", "Redakteur, Freigabe", "zd-redaktion", "522", "Rathaus 112", append(one("redaktion", RootUnit), Grant{Role: "freigabe", Unit: RootUnit})),
		s("rohde", "Ingrid Rohde", "Rechnungsprüferin", RootUnit, "601", "Rathaus 115", []Grant{{Role: "revision", Unit: RootUnit, FromDay: -30, UntilDay: 60}}),
		s("kruse", "Malte Kruse", "Benutzerverwalter", "zd-it", "531", "Rathaus 118", one("benutzerverwaltung", RootUnit)),
		s("tran", "Linh Tran", "IT-Administratorin", "zd-it", "532", "Rathaus 118", one("it-administration", RootUnit)),
	}
}
