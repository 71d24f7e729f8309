package demo

import (
	"maps"
	"slices"
	"time"
)

// Day is a number of days from the base date of the demo; negative is past.
// In answers it stands for a date that moves with the base date.
type Day int

// On returns the calendar date of the day as "2006-01-02".
func (d Day) On(base time.Time) string { return base.AddDate(0, 0, int(d)).Format(time.DateOnly) }

// StepKind says what happened in a case.
type StepKind string

// The kinds. The citizen does not see StepNote, StepAssign, StepInvolve and
// StepReply.
const (
	StepStatus      StepKind = "status"      // Status is set
	StepQuestion    StepKind = "question"    // the office asks
	StepAnswer      StepKind = "answer"      // the citizen answers the last question or request
	StepRequest     StepKind = "request"     // Nachforderung: the office asks for the documents in Slots
	StepInformation StepKind = "information" // the office informs
	StepDecision    StepKind = "decision"    // the office decides; Status says how
	StepWithdrawal  StepKind = "withdrawal"  // the citizen withdraws
	StepPaid        StepKind = "paid"        // the fee has been paid
	StepNote        StepKind = "note"        // internal note
	StepAssign      StepKind = "assign"      // Body is the staff id
	StepInvolve     StepKind = "involve"     // another unit is asked, see Involve; Body is the question
	StepReply       StepKind = "reply"       // By answers the last question to another unit
)

// Step is one thing that happened after receipt.
type Step struct {
	Day     Day // from the base date, at working hours
	Kind    StepKind
	By      string // staff id; empty for the citizen and for the system
	Subject string
	Body    string // plain text
	Status  string // of the case from here on; empty leaves it
	Slots   []string
	Files   []string // names of attached documents; the seeder makes the bytes
	DueIn   int      // days in which an answer is wanted
	Involve Involve  // of StepInvolve
}

// Involve says which unit is asked to take part and with what.
type Involve struct {
	Unit, Scope, Reason string   // codes of package antrag
	Note                string   // the reason in words
	Documents           []string // names of files of the case
}

// Case is one seeded application.
type Case struct {
	ID        string // stable
	Assistant string
	Citizen   string         // id of a [Citizen]
	Area      string         // place that decides who is responsible
	Unit      string         // unit at receipt
	Assignee  string         // staff id, empty while nobody has taken it
	Received  Day            // 0 is shortly before the base date
	Status    string         // state at the base date, a code of the Postkorb
	Fee       int64          // in cents, 0 without a fee
	Paid      bool           // of Fee
	DueDay    Day            // Wiedervorlage, 0 for none; negative is overdue
	Answers   map[string]any // by field id; groups are []map[string]any, see [Case.AnswersOn]
	Steps     []Step         // in order of time
	// Archived is true when the citizen has put the thread away.
	Archived bool
}

// AnswersOn returns a copy of the answers with every [Day] turned into a date.
// Values are string, bool, []string and, for a group, []map[string]any.
func (c Case) AnswersOn(base time.Time) map[string]any { return resolve(c.Answers, base) }

func resolve(in map[string]any, base time.Time) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range maps.All(in) {
		switch v := v.(type) {
		case Day:
			out[k] = v.On(base)
		case []string:
			out[k] = slices.Clone(v)
		case []map[string]any:
			items := make([]map[string]any, len(v))
			for i, item := range v {
				items[i] = resolve(item, base)
			}
			out[k] = items
		default:
			out[k] = v
		}
	}
	return out
}

// Cases returns about 40 cases in every state over 14 months, without order.
func Cases() []Case {
	return slices.Concat(dogCases(), dogCasesOld(), residenceCases(), residenceCasesOld(), libraryCases(), enquiryCases(), enquiryCasesOld())
}

// person fills the fields that every assistant asks.
func person(id string) map[string]any {
	c := citizen(id)
	return map[string]any{
		"person.vorname": c.FirstName, "person.nachname": c.LastName, "person.geburtsdatum": c.Birth,
		"person.strasse": c.Street, "person.plz": c.Postcode, "person.ort": c.Place, "person.email": c.Mail,
	}
}

// dog describes one dog. Chip numbers start with 999, the code that ISO 11784
// keeps for test transponders.
type dog struct {
	name, breed, chip string
	birth             any // Day or partial date
	since             Day
	insurer           string // empty: not insured
	certificate       bool   // the answers announce a Sachkundenachweis
	dangerous         bool
}

// dogAnswers fills "hund-anmelden". The IBAN is the sample of the banks'
// documentation; it belongs to nobody.
func dogAnswers(id string, sepa bool, dogs ...dog) map[string]any {
	c := citizen(id)
	a := person(id)
	a["ort.plz"], a["ort.gemeinde"] = c.Postcode, c.Area
	list := make([]map[string]any, 0, len(dogs))
	for _, d := range dogs {
		item := map[string]any{
			"name": d.name, "rasse": d.breed, "geburt": d.birth, "seit": d.since,
			"versicherung": d.insurer != "", "gefaehrlich": d.dangerous,
		}
		if d.chip != "" {
			item["chip"] = d.chip
		}
		if d.insurer != "" {
			item["versicherer"] = d.insurer
		}
		if d.dangerous {
			item["gefaehrlich_seit"] = d.since
			item["erlaubnis"] = d.certificate
		}
		list = append(list, item)
	}
	a["hunde"] = list
	a["zahlung.art"] = "ueberweisung"
	if sepa {
		a["zahlung.art"], a["zahlung.iban"] = "sepa", "DE89370400440532013000"
		a["zahlung.inhaber"], a["zahlung.mandat"] = c.Name(), true
	}
	return a
}

// residenceAnswers fills "meldebescheinigung".
func residenceAnswers(id, purpose, kind, delivery string) map[string]any {
	a := person(id)
	a["bescheinigung.zweck"], a["bescheinigung.art"] = purpose, kind
	a["bescheinigung.fuer"], a["zustellung.art"] = "selbst", delivery
	return a
}

// libraryAnswers fills "buechereiausweis".
func libraryAnswers(id string, areas ...string) map[string]any {
	a := person(id)
	a["nutzung.bereiche"], a["nutzung.ordnung"] = areas, true
	return a
}

// enquiryAnswers fills "allgemeines-anliegen".
func enquiryAnswers(id, service, subject, text string) map[string]any {
	c := citizen(id)
	a := map[string]any{
		"person.vorname": c.FirstName, "person.nachname": c.LastName, "person.email": c.Mail,
		"anliegen.betreff": subject, "anliegen.beschreibung": text, "antwort.art": "postkorb",
	}
	if service != "" {
		a["anliegen.dienstleistung"] = service
	}
	return a
}

// Short forms of steps that many cases share.

func take(d Day, by string) Step {
	return Step{Day: d, Kind: StepAssign, By: by, Body: by, Status: "in-review"}
}

func due(c Case, d Day) Case {
	c.DueDay = d
	return c
}

func archived(c Case) Case {
	c.Archived = true
	return c
}

func note(d Day, by, body string) Step { return Step{Day: d, Kind: StepNote, By: by, Body: body} }

func paid(d Day) Step { return Step{Day: d, Kind: StepPaid, Status: "received"} }

func answer(d Day, body string, files ...string) Step {
	return Step{Day: d, Kind: StepAnswer, Subject: "Antwort", Body: body, Status: "in-review", Files: files}
}

func decision(d Day, by, status, subject, body string, files ...string) Step {
	return Step{Day: d, Kind: StepDecision, By: by, Subject: subject, Body: body, Status: status, Files: files}
}
