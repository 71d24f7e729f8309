package demo

const (
	dogForm = "hund-anmelden"
	tax     = "fb1-steuern"
	harms   = "p-harms"
	cord    = "p-cordes"
)

func dogCase(id, who string, received Day, status, assignee string, answers map[string]any, steps ...Step) Case {
	return Case{
		ID: id, Assistant: dogForm, Citizen: who, Area: citizen(who).Area, Unit: tax, Assignee: assignee,
		Received: received, Status: status, Answers: answers, Steps: steps,
	}
}

// greeting and closing of the letters of the tax team.
const (
	guten   = "Guten Tag,\n\n"
	gruss   = "\n\nMit freundlichen Grüßen\nStadt Altenwehr, Team Steuern und Abgaben"
	bescDog = "Ihr Steuerbescheid liegt bei. Er nennt die Höhe der Steuer, die Zahlungstermine am 15. Februar, 15. Mai, 15. August und 15. November und den Rechtsbehelf. Die Hundemarke senden wir Ihnen mit der Post zu."
)

// dogCases are the registrations of the last weeks.
func dogCases() []Case {
	return []Case{
		dogCase("f-001", "meike-harms", -1, "received", "",
			dogAnswers("meike-harms", true, dog{name: "Bente", breed: "Labrador Retriever", chip: "999000000000101", birth: Day(-120), since: -6, insurer: "Nordlicht Versicherung (Demo)"})),
		dogCase("f-002", "grosz-uemlaut", -2, "received", "",
			dogAnswers("grosz-uemlaut", false, dog{name: "Größe XXL", breed: "Deutsch Drahthaar", chip: "999000000000102", birth: Day(-900), since: -10, insurer: "Weser-Assekuranz (Demo)"})),
		dogCase("f-003", "lukas-petersen", -6, "in-review", cord,
			dogAnswers("lukas-petersen", true, dog{name: "Okka", breed: "Mischling", chip: "999000000000103", birth: "..2022", since: -9, insurer: "Weser-Assekuranz (Demo)"}),
			take(-5, cord)),
		due(dogCase("f-004", "jonas-brandt", -12, "question", harms,
			dogAnswers("jonas-brandt", true, dog{name: "Fiete", breed: "Border Collie", chip: "999000000000104", birth: Day(-200), since: -15, insurer: "Nordlicht Versicherung (Demo)"}),
			take(-11, harms),
			Step{Day: -10, Kind: StepRequest, By: harms, Subject: "Bitte reichen Sie den Sachkundenachweis nach", Status: "question", Slots: []string{"Sachkundenachweis (theoretische Prüfung)"}, DueIn: 14,
				Body: guten + "vielen Dank für die Anmeldung von Fiete. Nach Ihren Angaben halten Sie zum ersten Mal einen Hund. Bitte reichen Sie den Nachweis über die theoretische Sachkundeprüfung nach, am besten als PDF oder Foto. Die Anmeldung zur Steuer läuft unabhängig davon weiter." + gruss}), 4),
		due(dogCase("f-005", "maria-kowalska", -18, "in-review", harms,
			dogAnswers("maria-kowalska", true, dog{name: "Mila", breed: "Havaneser", birth: Day(-700), since: -25, insurer: "Nordlicht Versicherung (Demo)"}),
			take(-17, harms),
			Step{Day: -16, Kind: StepQuestion, By: harms, Subject: "Frage zur Chipnummer", Status: "question", DueIn: 14,
				Body: guten + "in Ihrer Anmeldung fehlt die Chipnummer von Mila. Sie steht im Heimtierausweis und hat 15 Ziffern. Können Sie uns die Nummer bitte mitteilen?" + gruss},
			answer(-14, "Guten Tag, entschuldigen Sie bitte, das hatte ich übersehen. Die Nummer lautet 999000000000105. Viele Grüße, Maria Kowalska")), 1),
		dogCase("f-006", "elke-tammen", -22, "handed-over", cord,
			dogAnswers("elke-tammen", true,
				dog{name: "Asta", breed: "Rauhaardackel", chip: "999000000000106", birth: Day(-2400), since: -28, insurer: "Weser-Assekuranz (Demo)"},
				dog{name: "Bruno", breed: "Rauhaardackel", chip: "999000000000107", birth: Day(-150), since: -28, insurer: "Weser-Assekuranz (Demo)"}),
			take(-21, cord), note(-21, cord, "Zwei Hunde, Satz 72 + 96 Euro. Zuzug laut Melderegister zum Monatsersten."),
			Step{Day: -20, Kind: StepStatus, By: cord, Status: "handed-over"}),
		dogCase("f-007", "paul-osei", -30, "granted", harms,
			dogAnswers("paul-osei", true, dog{name: "Kofi", breed: "Zwergpudel", chip: "999000000000108", birth: Day(-1000), since: -36, insurer: "Nordlicht Versicherung (Demo)"}),
			take(-29, harms), Step{Day: -28, Kind: StepStatus, By: harms, Status: "handed-over"},
			decision(-24, harms, "granted", "Bescheid über die Hundesteuer", guten+"Ihr Hund Kofi ist zur Hundesteuer angemeldet. "+bescDog+gruss, "Hundesteuerbescheid.pdf")),
		{
			ID: "f-008", Assistant: dogForm, Citizen: "hinnerk-lueders", Area: AreaHagenbuettel, Unit: FallbackUnit, Received: -3, Status: "received",
			Answers: dogAnswers("hinnerk-lueders", false, dog{name: "Pelle", breed: "Beagle", chip: "999000000000109", birth: Day(-500), since: -7, insurer: "Weser-Assekuranz (Demo)"}),
		},
	}
}

// dogCasesOld are closed registrations and the long ones.
func dogCasesOld() []Case {
	return []Case{
		dogCase("f-009", "hinrich-oltmanns", -75, "partly", harms,
			dogAnswers("hinrich-oltmanns", false,
				dog{name: "Senta", breed: "Deutscher Schäferhund", chip: "999000000000110", birth: "..2018", since: -90, insurer: "Weser-Assekuranz (Demo)"},
				dog{name: "Harro", breed: "Deutscher Schäferhund", chip: "999000000000111", birth: "..2019", since: -90, insurer: "Weser-Assekuranz (Demo)"}),
			take(-73, harms),
			Step{Day: -72, Kind: StepQuestion, By: harms, Subject: "Frage zum zweiten Hund", Status: "question", DueIn: 14,
				Body: guten + "Sie bitten um Ermäßigung für Harro, weil er den Hof bewacht. Wie weit ist der nächste Nachbar von Ihrem Wohnhaus entfernt?" + gruss},
			answer(-66, "Moin, bis zum nächsten Haus sind es gut 300 Meter. H. Oltmanns"),
			decision(-58, harms, "partly", "Bescheid über die Hundesteuer", guten+"beide Hunde sind zur Hundesteuer angemeldet. Die Ermäßigung für Wachhunde nach § 6 der Hundesteuersatzung können wir nur für einen Hund gewähren; für Senta bleibt es beim vollen Satz. "+bescDog+gruss, "Hundesteuerbescheid.pdf")),
		dogCase("f-010", "fatima-rahimi", -104, "withdrawn", cord,
			dogAnswers("fatima-rahimi", false, dog{name: "Luna", breed: "Mischling", birth: "..2021", since: -108, insurer: ""}),
			take(-103, cord),
			Step{Day: -102, Kind: StepQuestion, By: cord, Subject: "Frage zur Haftpflichtversicherung", Status: "question", DueIn: 14,
				Body: guten + "für Ihren Hund ist noch keine Haftpflichtversicherung angegeben. Haben Sie inzwischen eine Versicherung abgeschlossen? Für Hunde, die älter als sechs Monate sind, ist sie vorgeschrieben." + gruss},
			Step{Day: -97, Kind: StepWithdrawal, Subject: "Rücknahme", Body: "Guten Tag, Luna ist an die Vermittlerin zurückgegangen, weil unser Sohn eine Allergie hat. Ich ziehe die Anmeldung zurück. Fatima Rahimi", Status: "withdrawn"}),
		dogCase("f-011", "greta-siefken", -160, "granted", harms,
			dogAnswers("greta-siefken", true, dog{name: "Balu", breed: "American Staffordshire Terrier", chip: "999000000000112", birth: Day(-1900), since: -170, insurer: "Nordlicht Versicherung (Demo)", certificate: true, dangerous: true}),
			take(-159, harms),
			Step{Day: -157, Kind: StepRequest, By: harms, Subject: "Bitte reichen Sie Unterlagen nach", Status: "question", Slots: []string{"Erlaubnis des Landkreises", "Ergebnis des Wesenstests"}, DueIn: 21,
				Body: guten + "die Gefährlichkeit von Balu ist nach Ihren Angaben festgestellt. Bitte reichen Sie die Erlaubnis des Landkreises Weserheide und das Ergebnis des Wesenstests nach." + gruss},
			answer(-150, "Guten Tag, die Unterlagen sind angehängt. Freundliche Grüße, Greta Siefken", "Erlaubnis-Landkreis.pdf", "Wesenstest.pdf"),
			note(-149, harms, "Unterlagen vollständig, Satz für gefährliche Hunde (600 Euro)."),
			decision(-146, harms, "granted", "Bescheid über die Hundesteuer", guten+"Balu ist zur Hundesteuer angemeldet. Es gilt der Steuersatz für gefährliche Hunde von 600 Euro im Jahr. "+bescDog+gruss, "Hundesteuerbescheid.pdf")),
		dogCase("f-012", "mehmet-yildiz", -215, "granted", cord,
			dogAnswers("mehmet-yildiz", true, dog{name: "Zeytin", breed: "Kangal-Mischling", chip: "999000000000113", birth: Day(-800), since: -224, insurer: "Weser-Assekuranz (Demo)"}),
			take(-213, cord),
			decision(-209, cord, "granted", "Bescheid über die Hundesteuer", guten+"Ihr Hund Zeytin ist zur Hundesteuer angemeldet. Weil er aus dem Tierheim kommt, ermäßigt sich die Steuer im ersten Jahr um die Hälfte. "+bescDog+gruss, "Hundesteuerbescheid.pdf")),
		dogCase("f-013", "jonas-brandt", -290, "refused", harms,
			dogAnswers("jonas-brandt", false, dog{name: "Kuno", breed: "Golden Retriever", chip: "999000000000114", birth: Day(-600), since: -300, insurer: "Weser-Assekuranz (Demo)"}),
			take(-288, harms), note(-287, harms, "Hauptwohnung zum Anmeldetag laut Melderegister in einer anderen Gemeinde."),
			decision(-285, harms, "refused", "Ihre Anmeldung zur Hundesteuer", guten+"wir können Ihren Hund nicht anmelden, weil Sie am Tag der Anmeldung nicht in Altenwehr gewohnt haben. Zuständig ist die Gemeinde, in der Sie den Hund halten. Sobald Sie nach Altenwehr gezogen sind, melden Sie den Hund bitte hier an. Der Bescheid mit der Rechtsbehelfsbelehrung liegt bei."+gruss, "Bescheid.pdf")),
		archived(dogCase("f-014", "meike-harms", -402, "granted", harms,
			dogAnswers("meike-harms", true, dog{name: "Emma", breed: "Jack Russell Terrier", chip: "999000000000115", birth: Day(-3600), since: -409, insurer: "Nordlicht Versicherung (Demo)"}),
			take(-400, harms),
			decision(-396, harms, "granted", "Bescheid über die Hundesteuer", guten+"Ihr Hund Emma ist zur Hundesteuer angemeldet. "+bescDog+gruss, "Hundesteuerbescheid.pdf"))),
	}
}
