package demo

const (
	melde   = "meldebescheinigung"
	buero   = "fb2-buergerbuero"
	meiners = "p-meiners"
	arslan  = "p-arslan"
	ehlers  = "p-ehlers"
	bbGruss = "\n\nMit freundlichen Grüßen\nStadt Altenwehr, Bürgerbüro"
	bbFee   = 900
	bbPost  = "die Meldebescheinigung ist ausgestellt. Sie erhalten sie in den nächsten Tagen mit der Post an Ihre Meldeanschrift."
	bbHolen = "die Meldebescheinigung ist ausgestellt. Sie liegt im Bürgerbüro, Deichstraße 12, zur Abholung bereit. Bitte bringen Sie Ihren Ausweis mit."
)

func residenceCase(id, who string, received Day, status, assignee string, isPaid bool, answers map[string]any, steps ...Step) Case {
	return Case{
		ID: id, Assistant: melde, Citizen: who, Area: AreaAltenwehr, Unit: buero, Assignee: assignee, Received: received,
		Status: status, Fee: bbFee, Paid: isPaid, Answers: answers, Steps: steps,
	}
}

// residenceCases are the certificates of the last weeks.
func residenceCases() []Case {
	family := residenceAnswers("maria-kowalska", "behoerde", "erweitert", "post")
	family["bescheinigung.fuer"] = "familie"
	family["kinder"] = []map[string]any{
		{"vorname": "Zofia", "nachname": "Kowalska", "geburtsdatum": "2014-05-02"},
		{"vorname": "Jan", "nachname": "Kowalski", "geburtsdatum": "2018-11-20"},
	}
	other := residenceAnswers("meike-harms", "sonstiges", "einfach", "abholung")
	other["bescheinigung.zweck_text"] = "Mitgliedschaft im Kleingartenverein"
	return []Case{
		residenceCase("f-101", "paul-osei", 0, "payment-open", "", false, residenceAnswers("paul-osei", "bank", "einfach", "post")),
		residenceCase("f-102", "grosz-uemlaut", -16, "payment-open", "", false, residenceAnswers("grosz-uemlaut", "ausland", "erweitert", "post")),
		residenceCase("f-103", "meike-harms", -1, "received", "", true, residenceAnswers("meike-harms", "heirat", "erweitert", "post"), paid(-1)),
		residenceCase("f-104", "maria-kowalska", -3, "in-review", arslan, true, family, paid(-3), take(-2, arslan)),
		due(residenceCase("f-105", "meike-harms", -8, "question", meiners, true, other, paid(-8), take(-7, meiners),
			Step{Day: -7, Kind: StepQuestion, By: meiners, Subject: "Frage zum Zweck der Bescheinigung", Status: "question", DueIn: 14,
				Body: guten + "für die Mitgliedschaft in einem Verein genügt meist die Vorlage des Personalausweises. Brauchen Sie die Bescheinigung trotzdem? Wenn nicht, erstatten wir Ihnen die Gebühr." + bbGruss}), 7),
		residenceCase("f-106", "pieter-van-buuren", -13, "done", meiners, true, residenceAnswers("pieter-van-buuren", "heirat", "erweitert", "abholung"), paid(-13), take(-12, meiners),
			decision(-12, meiners, "done", "Ihre Meldebescheinigung", guten+bbHolen+bbGruss, "Meldebescheinigung.pdf")),
	}
}

// residenceCasesOld are certificates of the past year.
func residenceCasesOld() []Case {
	return []Case{
		residenceCase("f-107", "lukas-petersen", -44, "done", arslan, true, residenceAnswers("lukas-petersen", "bank", "einfach", "post"), paid(-44), take(-43, arslan),
			decision(-43, arslan, "done", "Ihre Meldebescheinigung", guten+bbPost+bbGruss, "Meldebescheinigung.pdf")),
		residenceCase("f-108", "fatima-rahimi", -91, "done", meiners, true, residenceAnswers("fatima-rahimi", "behoerde", "erweitert", "post"), paid(-90), take(-90, meiners),
			Step{Day: -89, Kind: StepQuestion, By: meiners, Subject: "Schreibweise Ihres Namens", Status: "question", DueIn: 14,
				Body: guten + "im Melderegister steht Ihr Familienname mit anderer Schreibweise als in Ihrem Antrag. Welche Schreibweise enthält Ihr Pass?" + bbGruss},
			answer(-87, "Sehr geehrte Damen und Herren, im Pass steht Rahimi. Ich füge eine Kopie der Seite bei. Mit freundlichen Grüßen, F. Rahimi", "Pass-Seite.pdf"),
			note(-86, meiners, "Schreibweise im Melderegister berichtigt."),
			decision(-86, meiners, "done", "Ihre Meldebescheinigung", guten+"vielen Dank. Wir haben die Schreibweise im Melderegister berichtigt. Ihr Antrag ist erledigt: "+bbPost+bbGruss, "Meldebescheinigung.pdf")),
		residenceCase("f-109", "mehmet-yildiz", -133, "refused", arslan, true, residenceAnswers("mehmet-yildiz", "behoerde", "erweitert", "post"), paid(-133), take(-132, arslan),
			note(-132, arslan, "Antrag betrifft eine andere Person, Vollmacht fehlt trotz Nachfrage am Telefon."),
			decision(-130, arslan, "refused", "Ihr Antrag auf eine Meldebescheinigung", guten+"Sie haben die Bescheinigung für Ihren Bruder beantragt. Ohne seine schriftliche Vollmacht dürfen wir sie Ihnen nicht ausstellen. Die Gebühr erstatten wir. Ihr Bruder kann die Bescheinigung auch selbst online beantragen. Der Bescheid liegt bei."+bbGruss, "Bescheid.pdf")),
		residenceCase("f-110", "greta-siefken", -188, "withdrawn", meiners, false, residenceAnswers("greta-siefken", "bank", "einfach", "post"),
			Step{Day: -187, Kind: StepWithdrawal, Subject: "Rücknahme", Body: "Die Bank hat meinen Ausweis akzeptiert, ich brauche die Bescheinigung nicht mehr. Greta Siefken", Status: "withdrawn"}),
		archived(residenceCase("f-111", "meike-harms", -334, "done", meiners, true, residenceAnswers("meike-harms", "ausland", "erweitert", "post"), paid(-334), take(-333, meiners),
			decision(-333, meiners, "done", "Ihre Meldebescheinigung", guten+bbPost+bbGruss, "Meldebescheinigung.pdf"))),
		archived(residenceCase("f-112", "lukas-petersen", -421, "done", arslan, true, residenceAnswers("lukas-petersen", "behoerde", "einfach", "abholung"), paid(-421), take(-420, arslan),
			decision(-420, arslan, "done", "Ihre Meldebescheinigung", guten+bbHolen+bbGruss, "Meldebescheinigung.pdf"))),
	}
}

const (
	bib      = "fb3-buecherei"
	bibGruss = "\n\nViele Grüße\nIhre Stadtbücherei Altenwehr"
	bibDone  = "herzlich willkommen in der Stadtbücherei. Ihre vorläufige Ausweisnummer ist bei Ihrer Eingangsbestätigung hinterlegt, damit können Sie die Onleihe sofort nutzen. Bitte holen Sie die Karte innerhalb von vier Wochen am Mühlenweg 3 ab und bringen Sie Ihren Personalausweis mit."
)

func libraryCase(id, who string, received Day, status, assignee string, fee int64, isPaid bool, answers map[string]any, steps ...Step) Case {
	return Case{
		ID: id, Assistant: "buechereiausweis", Citizen: who, Area: AreaAltenwehr, Unit: bib, Assignee: assignee, Received: received,
		Status: status, Fee: fee, Paid: isPaid, Answers: answers, Steps: steps,
	}
}

// libraryCases are library cards; most people come without a login.
func libraryCases() []Case {
	child := libraryAnswers("ida-meyer", "buecher", "kinder")
	child["eltern.vorname"], child["eltern.nachname"] = "Katrin", "Meyer"
	child["eltern.telefon"], child["eltern.zustimmung"] = "04299 558-131", true
	return []Case{
		libraryCase("f-201", "ben-luebbers", 0, "payment-open", "", 1500, false, libraryAnswers("ben-luebbers", "digital")),
		libraryCase("f-202", "clara-voss", -1, "received", "", 1500, true, libraryAnswers("clara-voss", "buecher", "filme", "digital"), paid(-1)),
		libraryCase("f-203", "ida-meyer", -2, "in-review", ehlers, 0, false, child, take(-1, ehlers)),
		libraryCase("f-204", "pieter-van-buuren", -37, "done", ehlers, 1500, true, libraryAnswers("pieter-van-buuren", "buecher", "digital"), paid(-37), take(-36, ehlers),
			decision(-36, ehlers, "done", "Ihr Büchereiausweis", guten+bibDone+bibGruss)),
		libraryCase("f-205", "jonas-brandt", -118, "done", ehlers, 1500, true, libraryAnswers("jonas-brandt", "filme"), paid(-118), take(-117, ehlers),
			Step{Day: -117, Kind: StepInformation, By: ehlers, Subject: "Ihr früherer Ausweis", Body: guten + "auf Ihren Namen gibt es noch einen Ausweis aus der Schulzeit mit einem nicht zurückgegebenen Buch („Wattwanderungen“). Bitte bringen Sie es zur Abholung mit; Gebühren berechnen wir dafür nicht." + bibGruss},
			decision(-116, ehlers, "done", "Ihr Büchereiausweis", guten+bibDone+bibGruss)),
		libraryCase("f-206", "hinrich-oltmanns", -262, "withdrawn", "", 1500, false, libraryAnswers("hinrich-oltmanns", "buecher"),
			Step{Day: -260, Kind: StepWithdrawal, Subject: "Rücknahme", Body: "Ich hole mir den Ausweis doch lieber an der Theke. H. Oltmanns", Status: "withdrawn"}),
	}
}

func enquiryCase(id, who, unit string, received Day, status, assignee string, answers map[string]any, steps ...Step) Case {
	return Case{
		ID: id, Assistant: "allgemeines-anliegen", Citizen: who, Area: AreaAltenwehr, Unit: unit, Assignee: assignee, Received: received,
		Status: status, Answers: answers, Steps: steps,
	}
}

// enquiryCases are enquiries of the last weeks.
func enquiryCases() []Case {
	const schroeder = "p-schroeder"
	return []Case{
		enquiryCase("f-301", "greta-siefken", FallbackUnit, 0, "received", "",
			enquiryAnswers("greta-siefken", "", "Wer ist zuständig?", "Guten Tag, vor unserem Haus steht seit zwei Wochen ein Anhänger mit altem Kennzeichen. An wen muss ich mich wenden?")),
		enquiryCase("f-302", "lukas-petersen", "fb4", -2, "received", "",
			enquiryAnswers("lukas-petersen", "Baum fällen: Genehmigung beantragen", "Birke im Vorgarten", "Die Birke vor unserem Haus hat nach dem Sturm einen Riss im Stamm. Darf ich sie fällen lassen? Der Stamm hat etwa 95 Zentimeter Umfang.")),
		enquiryCase("f-303", "paul-osei", "fb2-gewerbe", -5, "in-review", "p-behrens",
			enquiryAnswers("paul-osei", "Gewerbe anmelden", "Imbisswagen auf dem Wochenmarkt", "Ich möchte ab dem Frühjahr mit einem Imbisswagen auf dem Wochenmarkt stehen. Welche Anmeldung und welche Nachweise brauche ich?"),
			take(-4, "p-behrens"),
			Step{Day: -4, Kind: StepInvolve, By: "p-behrens", Body: "Darf ein Imbisswagen an Markttagen schon ab 6 Uhr auf den Marktplatz fahren? Er soll bis 14 Uhr dort stehen.",
				DueIn: 14, Involve: Involve{Unit: "fb2-verkehr", Scope: "question", Reason: "expertise"}},
			Step{Day: -3, Kind: StepReply, By: "p-nowak", Body: "Ja, ab 6 Uhr. Der Wagen darf höchstens 3,5 Tonnen wiegen, sonst ist eine Ausnahme für den Marktplatz nötig."},
			Step{Day: -2, Kind: StepInvolve, By: "p-behrens", Body: "Gibt es auf dem Marktplatz einen Stromanschluss für einen Imbisswagen, und darf an den Boden etwas befestigt werden?",
				DueIn: 14, Involve: Involve{Unit: "fb4-bauverwaltung", Scope: "question", Reason: "expertise"}}),
		enquiryCase("f-304", "fatima-rahimi", "fb3", -9, "question", ehlers,
			enquiryAnswers("fatima-rahimi", "Musikschule: Unterricht anmelden", "Geigenunterricht für meine Tochter", "Gibt es für Kinder ab sechs Jahren einen Platz im Geigenunterricht und kann man ein Instrument leihen?"),
			take(-8, ehlers),
			Step{Day: -8, Kind: StepQuestion, By: ehlers, Subject: "Frage zur gewünschten Zeit", Status: "question", DueIn: 10,
				Body: guten + "ja, im neuen Halbjahr sind noch Plätze frei, und Instrumente in Kindergröße können Sie leihen. An welchen Nachmittagen hätte Ihre Tochter Zeit?\n\nMit freundlichen Grüßen\nStadt Altenwehr, Fachbereich Bildung und Kultur"}),
		due(enquiryCase("f-305", "elke-tammen", "fb4-bauverwaltung", -14, "in-review", schroeder,
			enquiryAnswers("elke-tammen", "Bebauungsplan einsehen", "Carport im Kirchviertel", "Wir möchten neben dem Haus einen Carport bauen. Liegt unser Grundstück im Geltungsbereich eines Bebauungsplans?"),
			take(-13, schroeder),
			Step{Day: -12, Kind: StepRequest, By: schroeder, Subject: "Bitte senden Sie einen Lageplan", Status: "question", Slots: []string{"Lageplan oder Skizze"}, DueIn: 21,
				Body: guten + "Ihr Grundstück liegt im Bebauungsplan Nr. 17 „Kirchviertel“. Damit wir die Baugrenzen prüfen können, senden Sie uns bitte einen Lageplan oder eine Skizze mit Maßen.\n\nMit freundlichen Grüßen\nStadt Altenwehr, Bauverwaltung"},
			answer(-4, "Guten Tag, die Skizze ist angehängt. Der Carport soll drei Meter breit und sechs Meter lang werden. Elke Tammen", "Skizze-Carport.pdf"),
			Step{Day: -3, Kind: StepInvolve, By: schroeder, DueIn: 21,
				Involve: Involve{Unit: "fb2-verkehr", Scope: "documents", Reason: "evidence", Note: "Ist die Ausfahrt auf den Kirchweg übersichtlich genug?", Documents: []string{"Skizze-Carport.pdf"}}},
			Step{Day: -2, Kind: StepInvolve, By: schroeder, DueIn: 14, Body: "Ist für den Kirchweg die Hausnummer 8 a im Melderegister schon vergeben?",
				Involve: Involve{Unit: buero, Scope: "question", Reason: "expertise"}},
			Step{Day: -2, Kind: StepInvolve, By: schroeder, DueIn: 14,
				Involve: Involve{Unit: buero, Scope: "documents", Reason: "evidence", Note: "Lage des Grundstücks für die Hausnummer.", Documents: []string{"Skizze-Carport.pdf"}}}), 2),
	}
}

// enquiryCasesOld are enquiries of the past year.
func enquiryCasesOld() []Case {
	const nowak, folkerts = "p-nowak", "p-folkerts"
	return []Case{
		enquiryCase("f-306", "maria-kowalska", "fb2-verkehr", -52, "confirmed", nowak,
			enquiryAnswers("maria-kowalska", "Haltverbot für einen Umzug beantragen", "Umzug in den Gartenweg", "Wir ziehen in drei Wochen um und brauchen Platz für einen Möbelwagen vor dem Haus Gartenweg 5 a."),
			take(-51, nowak),
			Step{Day: -51, Kind: StepInformation, By: nowak, Subject: "So beantragen Sie das Haltverbot", Body: guten + "für das Haltverbot genügt Ihre Nachricht. Wir brauchen noch die Länge des Wagens und die Uhrzeiten. Die Schilder stellt eine Fachfirma auf, die Sie selbst beauftragen.\n\nMit freundlichen Grüßen\nStadt Altenwehr, Team Verkehr"},
			answer(-50, "Der Wagen ist zehn Meter lang, wir brauchen den Platz von 7 bis 18 Uhr. Danke! Maria Kowalska"),
			decision(-47, nowak, "confirmed", "Haltverbot für Ihren Umzug", guten+"die Anordnung liegt bei. Bitte geben Sie sie an die Fachfirma weiter; die Schilder müssen mindestens drei volle Tage vorher stehen.\n\nMit freundlichen Grüßen\nStadt Altenwehr, Team Verkehr", "Anordnung-Haltverbot.pdf")),
		enquiryCase("f-307", "hinrich-oltmanns", "fb2", -228, "confirmed", folkerts,
			enquiryAnswers("hinrich-oltmanns", "Osterfeuer anmelden", "Osterfeuer auf dem Moorhof", "Ich möchte am Ostersamstag ein kleines Feuer für die Nachbarn machen. Das Holz ist trocken, die Feuerwehr weiß Bescheid."),
			take(-226, folkerts),
			decision(-225, folkerts, "confirmed", "Ihr Osterfeuer", guten+"Ihre Anmeldung ist bestätigt. Bitte schichten Sie das Holz am Tag des Feuers um, damit keine Tiere darin bleiben, und halten Sie 100 Meter Abstand zu Gebäuden.\n\nMit freundlichen Grüßen\nStadt Altenwehr, Fachbereich Bürgerservice und Ordnung")),
		due(enquiryCase("f-308", "grosz-uemlaut", "fb1-kasse", -61, "in-review", "",
			enquiryAnswers("grosz-uemlaut", "SEPA-Mandat erteilen", "Name passt nicht ins Formular", "Ihr Vordruck kürzt meinen Namen auf „Gro-mlut“. Bitte ändern Sie das Mandat auf Groß-Ümläut, sonst weist meine Bank die Abbuchung zurück."),
			Step{Day: -60, Kind: StepStatus, Status: "in-review"}), -20),
		enquiryCase("f-309", "mehmet-yildiz", "fb2-standesamt", -176, "confirmed", "p-janssen",
			enquiryAnswers("mehmet-yildiz", "Eheschließung anmelden", "Unterlagen für die Eheschließung", "Meine Verlobte ist in der Türkei geboren. Welche Unterlagen brauchen wir für die Anmeldung?"),
			take(-175, "p-janssen"),
			decision(-173, "p-janssen", "confirmed", "Unterlagen für die Eheschließung", guten+"herzlichen Glückwunsch zur Verlobung! Die Liste der Unterlagen liegt bei. Ausländische Urkunden brauchen wir mit einer Übersetzung durch eine beeidigte Person. Bitte vereinbaren Sie danach einen Termin.\n\nMit freundlichen Grüßen\nStadt Altenwehr, Standesamt", "Unterlagen-Eheschliessung.pdf")),
		enquiryCase("f-310", "meike-harms", "fb4", -311, "withdrawn", "",
			enquiryAnswers("meike-harms", "Straßenlaterne melden", "Laterne Nr. 114 dunkel", "Die Laterne vor dem Haus Am Siel 4 leuchtet seit Montag nicht."),
			Step{Day: -309, Kind: StepWithdrawal, Subject: "Erledigt", Body: "Die Laterne leuchtet wieder, vielen Dank. Meike Harms", Status: "withdrawn"}),
	}
}
