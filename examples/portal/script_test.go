package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// TestScriptDog plays A of the test script from the delivery on: everything
// that the office does, it does on its own pages. The steps before are those
// of the journey.
func TestScriptDog(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.test.get("/test/stoerungen").want("Kein Simulator ist gestört.")
	v := s.person("Meike Harms: Online-Ausweis")
	ref, id := s.register(v)                                                                                                 // A1 to A6
	v.get("/antraege/"+id).want("Eingegangen").follow("Nachrichten im Postkorb lesen").want("Eingangsbestätigung", ref)      // A6
	s.until("the mail", func() bool { return s.mails() == 1 })                                                               // A6
	f := s.arrives(ref, id)                                                                                                  // A7
	s.test.get("/test/uebergaben").want("steuern:hunde", "Übergeben", "Empfangsquittung")                                    // A7
	s.test.get("/test/aufrufe?vorgang="+ref).want("fachverfahren", ref).wantNot("HARMS", "Flocke")                           // A7
	f.form("Eingang quittieren").send().want("Der Eingang ist quittiert")                                                    // A8
	s.until("A8", func() bool { return strings.Contains(v.get("/antraege/"+id).want().text(), "In Bearbeitung") })           // A8
	f.form("Nachforderung senden").set("unterlagen", "Sachkundenachweis").set("frist", "2026-11-24").send().want("Nachford") // A9
	var thread *page
	s.until("A9", func() bool {
		thread = v.get("/antraege/" + id).want().follow("Nachrichten im Postkorb lesen").want()
		return strings.Contains(thread.text(), "Sachkundenachweis")
	})
	thread.want("24.11.2026")
	clerk := s.clerk("Wiebke Harms")
	clerk.get("/amt/vorgang/"+id).want("aus dem Fachverfahren", "Sachkundenachweis")
	up := thread.form("Sachkundenachweis") // A10
	for name := range up.names {
		if strings.HasPrefix(name, "datei-") {
			up.attach(name, "kunde.pdf", "application/pdf", []byte("%PDF-1.7\n%"))
		}
	}
	up.send().want("kunde.pdf")
	s.until("A10", func() bool { return strings.Contains(s.file(ref).text(), "kunde.pdf") })
	s.file(ref).form("Bescheid erteilen").set("ergebnis", "granted").set("text", "Die Steuer beträgt 72,00 € im Jahr.").send().want("Der Bescheid ist erteilt") // A11
	s.until("A11", func() bool { return strings.Contains(v.get("/antraege/"+id).want().text(), "Entschieden: bewilligt") })
	if pdf := v.get("/antraege/" + id).follow("Bescheid.pdf"); !strings.HasPrefix(pdf.body, "%PDF-") {
		t.Errorf("the decision: %v", pdf.header)
	}
	dogs := newVisitor(t, s.address(sims.BackOffice))
	dogs.get(dogs.base + "/hunderegister").want("Flocke")
	clerk.get("/amt/abgeschlossen").want(ref).follow(ref).want("Entschieden: bewilligt", "Empfangsquittung", "Bescheid aus dem Fachverfahren") // A12
	trace := s.test.get("/test/vorgaenge/"+ref).want(ref, "antrag-"+id)
	if in := s.callbacks(ref); slices.Contains(in, "internal") || len(in) < 3 {
		t.Errorf("replies %v", in)
	}
	trace.wantNot("HARMS", "Flocke")

	// Wrong entries: a reply without a signature changes nothing.
	res, err := http.Post(s.url+"/schnittstelle/fachverfahren/antworten", "application/json", strings.NewReader(`{"id":"x","reference":"`+ref+`","kind":"status","status":"received"}`))
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a signature: %v %v", res, err)
	}
	res.Body.Close()
	v.get("/antraege/" + id).want("Entschieden: bewilligt")
}

// TestScriptCertificate plays B of the test script.
func TestScriptCertificate(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v := s.browser()
	v.get("/suche?q=Geburtsurkunde").follow("Geburtsurkunde bestellen").want("15,00", "7,50", "2,00") // B1
	consent(bundid(v.get("/anmelden"), "Hinnerk Lüders: Online-Ausweis"))
	intro := v.get("/antrag/neu/geburtsurkunde?ort=033990004004").want("Substantiell")
	check := walk(intro.form("Antrag beginnen").send(), map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"3"}})
	toPay := check.want("15,00", "2 × Geburtsurkunde", "Porto", "2,00", "32,00", "Standesamt").agree("Weiter zur Zahlung").send().want("Gebühr bezahlen", "32,00", "Kassenzeichen") // B5, B6
	b := &bill{s: s, v: v, page: toPay, ref: reference.FindString(toPay.text()), sign: kassenzeichen.FindString(toPay.text()), id: strings.TrimPrefix(toPay.url.Path, "/bezahlen/")}
	b.deliveries(0)
	v.get("/antraege/" + b.id).follow("Nachrichten im Postkorb lesen").want("Zahlung offen").wantNot("Eingangsbestätigung")
	pay := func(button, code string) *page {
		p := b.now().form(button).send().want("Womit möchten Sie bezahlen?", "32,00")
		return returned(p.form("bezahlen").set("karte", code).send())
	}
	pay("Jetzt bezahlen", "aborted").want("Abgebrochen", "Erneut bezahlen")                            // B7
	pay("Erneut bezahlen", "declined").want("Fehlgeschlagen", "Erneut bezahlen")                       // B8
	pay("Erneut bezahlen", "paid").want("Bezahlt").follow("Zahlungsbestätigung").want("32,00", b.sign) // B9
	b.paid()                                                                                           // B10, B11
	if got := b.attempts(); len(got) != 3 {
		t.Errorf("attempts %v", got)
	}
	if got := s.callbacks(b.ref); len(got) < 3 || slices.ContainsFunc(got, func(c string) bool { return c != "taken" }) {
		t.Errorf("callbacks %v", got)
	}
	clerk := s.clerk("Heike Janßen")
	kase := clerk.get("/amt/eingang").follow(b.ref).form("Übernehmen").send().want("In Bearbeitung") // B12
	kase.follow("Bescheid oder Ergebnis").form("Erteilen").set("ergebnis", "done").set("betreff", "Ihre Urkunden").set("text", "Die Urkunden sind in der Post.").send().want("Erledigt")
	v.get("/antraege/" + b.id).want("Erledigt").follow("Nachrichten im Postkorb lesen").want("Ihre Urkunden")
	till := s.clerk("Holger Tapken") // B13
	till.get("/amt/kasse").want("32,00").wantNot("LÜDERS", "Hinnerk")

	// Wrong entries: a made-up attempt and a callback that comes again.
	unknown := s.test.post("/zahlung/rueckruf?zahlung=erfunden", url.Values{"status": {"1"}})
	if unknown.status != http.StatusBadRequest || len(unknown.body) > 40 {
		t.Errorf("unknown attempt: %d %q", unknown.status, unknown.body)
	}
	if got := decisions(s.test.get("/test/rueckrufe").want()); len(got) == 0 || got[0] != "unknown" {
		t.Errorf("decisions %v", got)
	}
}

// TestScriptCards plays B-K of the test script: each card ends as it says.
func TestScriptCards(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const confirmed, failed = "Ihre Zahlung ist bestätigt", "Fehlgeschlagen"
	for _, c := range []struct {
		card, at, end string
		after         time.Duration
	}{
		{"paid", "Bezahlt", confirmed, 0}, {"paypal", "Bezahlt", confirmed, 0}, {"declined", failed, failed, 0}, {"aborted", "Abgebrochen", "Abgebrochen", 0},
		{"pending", "Wird geprüft", "Wird geprüft", 10 * time.Minute}, {"callback-lost", "Bezahlt", confirmed, 0}, {"no-return", "", confirmed, 0},
		{"silent", "", confirmed, 2 * time.Minute}, {"paid-later", "Wird geprüft", confirmed, 4 * time.Minute}, {"declined-later", "Wird geprüft", failed, 4 * time.Minute},
	} {
		if testing.Short() && c.after > 0 {
			continue
		}
		b := s.bill()
		if p := b.pay("Jetzt bezahlen", c.card); c.at != "" {
			p.want(c.at)
		}
		if c.after > 0 {
			b.later(c.after)
		}
		s.until(c.card+": "+c.end, func() bool { return strings.Contains(b.now().text(), c.end) })
		switch c.end {
		case confirmed:
			b.paid()
		case "Wird geprüft":
			b.open()
		default:
			b.deliveries(0)
			b.pay("Erneut bezahlen", "paid").want("Bezahlt")
			b.paid()
		}
		fromService := regexp.MustCompile(`/zahlung/rueckruf<`).MatchString(s.test.get("/test/rueckrufe?vorgang=" + b.ref).want().body)
		if lost := c.card == "callback-lost" || c.card == "silent"; lost == fromService {
			t.Errorf("%s: the service called: %v", c.card, fromService)
		}
	}
}

// TestScriptMembersCalled: what members were asked is in the log of calls.
func TestScriptMembersCalled(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.bulkyAgain()
	s.test.get("/test/aufrufe").want("abfall", "/api/leistungen").wantNot("Sperrm")
	s.browser().get("/portalverbund").want("Abfallwirtschaft Weserheide", "Samtgemeinde Lohmoor")
}
