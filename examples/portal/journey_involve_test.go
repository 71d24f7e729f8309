package portal_test

import (
	"strings"
	"testing"
	"time"
)

// clerk is somebody of the staff.
func (s *stage) clerk(name string) *visitor {
	s.t.Helper()
	v := s.browser()
	desk(v, name).want(name)
	return v
}

// ask lets another unit take part: f is the form with the scope chosen.
func involve(v *visitor, kase, unit, scope string) *form {
	v.t.Helper()
	f := v.get(kase).want().follow("Andere Stelle beteiligen").form("Beteiligen").choose("stelle", unit).set("umfang", scope)
	return f.set("warum", first(f.options["warum"])).set("erlaeuterung", "Bitte kurz prüfen")
}

// refused opens addresses that must not exist for somebody.
func refused(v *visitor, ref string, addresses ...string) {
	v.t.Helper()
	for _, a := range addresses {
		p := v.get(a)
		if p.status != 404 && p.status != 403 || strings.Contains(p.body, "Flocke") || strings.Contains(p.body, "HARMS") {
			v.t.Errorf("%s: status %d\n%s", a, p.status, clip(p.text()))
		}
		if p.status == 404 && ref != "" && strings.Contains(p.text(), ref) {
			v.t.Errorf("%s names the case", a)
		}
	}
}

// TestJourneyInvolve plays D of the test script: another unit takes part in the
// whole case, in one document, in one question, and for some time.
func TestJourneyInvolve(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	citizen := s.person("Meike Harms: Online-Ausweis")
	ref, id := s.register(citizen)
	kase := "/amt/vorgang/" + id
	lead, other, third := s.clerk("Wiebke Harms"), s.clerk("Svenja Meiners"), s.clerk("Olaf Behrens")
	lead.get("/amt/eingang").want(ref).follow(ref).form("Übernehmen").send().want("In Bearbeitung")
	refused(other, ref, kase, kase+"/kopie.pdf", kase+"/daten.json")

	// The whole case.
	involve(lead, kase, "buergerbuero", "whole").send().want("Die Stelle ist beteiligt.")
	other.get("/amt/beteiligungen").want(ref, "Steuern").follow(ref).want("Flocke", "Bürgerbüro", "Warum sehe ich diesen Vorgang?", "Bitte kurz prüfen").wantNot("Übernehmen")
	citizen.get("/antraege/" + id).want("Bürgerbüro")
	refused(third, ref, kase)
	lead.get(kase).form("Beteiligung beenden").send().want("Die Beteiligung ist beendet.", "von Hand beendet")
	refused(other, ref, kase)
	citizen.get("/antraege/" + id).wantNot("Bürgerbüro")
	lead.get(kase).want("Stelle beteiligt", "Beteiligung beendet")

	// One document.
	f := involve(lead, kase, "buergerbuero", "documents")
	f.set("dokumente", f.options["dokumente"][0]).send().want("Die Stelle ist beteiligt.")
	file := kase + "/datei/" + f.options["dokumente"][0]
	part := other.get(kase).want("Sie sehen einen Teil des Vorgangs", "nachweis.png").wantNot("Flocke", "HARMS", "MEIKE")
	if got := other.get(file); got.status != 200 || got.body != png {
		t.Errorf("the shown document: %d, %d bytes", got.status, len(got.body))
	}
	refused(other, "", kase+"/kopie.pdf", kase+"/daten.json", kase+"/rueckfrage", kase+"/abgeben")
	refused(third, ref, kase, file)
	citizen.get("/antraege/" + id).wantNot("Bürgerbüro") // stays within the administration
	part.form("Beteiligung beenden").send()
	refused(other, ref, kase, file)

	// One question, with an answer.
	involve(lead, kase, "buergerbuero", "question").set("frage", "Ist die Anschrift noch richtig?").send().want("Die Stelle ist beteiligt.")
	reply := other.get(kase).want("Ist die Anschrift noch richtig?").wantNot("Flocke", "HARMS").follow("Frage beantworten")
	refused(other, "", file, kase+"/kopie.pdf")
	send := reply.form("Antwort senden").set("antwort", "Ja, sie ist richtig.")
	send.send().want("Die Antwort ist gesendet")
	send.send().want() // a second click
	refused(other, ref, kase)
	lead.get("/amt/wiedervorlagen").want(ref, "Antwort")
	answered := lead.get(kase).want("Ja, sie ist richtig.", "Antwort da")
	if n := strings.Count(answered.text(), "Ja, sie ist richtig."); n != 1 {
		t.Errorf("answered %d times", n)
	}
	answered.form("Als gelesen kennzeichnen").send().want("als gelesen gekennzeichnet").wantNot("Antwort da")

	// Until tomorrow: two days later it is over.
	f = involve(lead, kase, "buergerbuero", "whole")
	f.set("ende-day", "11").set("ende-month", "11").set("ende-year", "2026").send().want("Die Stelle ist beteiligt.")
	other.get(kase).want("Flocke", "11.11.2026")
	s.later(48 * time.Hour)
	other, lead = s.clerk("Svenja Meiners"), s.clerk("Wiebke Harms")
	refused(other, ref, kase)
	lead.get(kase).want("durch Zeitablauf beendet")
}

// TestJourneyTransfer plays E of the test script.
func TestJourneyTransfer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	citizen := s.person("Meike Harms: Online-Ausweis")
	lead, other, third := s.clerk("Wiebke Harms"), s.clerk("Svenja Meiners"), s.clerk("Olaf Behrens")
	transfer := func(v *visitor, kase, unit string) *form {
		f := v.get(kase).want().follow("Abgeben").form("Abgeben").choose("stelle", unit)
		return f.set("warum", first(f.options["warum"])).set("hinweis", "Gehört zu Ihnen")
	}

	ref, id := s.register(citizen)
	kase := "/amt/vorgang/" + id
	give := transfer(lead, kase, "buergerbuero")
	give.send().want("Der Vorgang ist abgegeben.")
	give.send().want("Eingangskorb") // a second click
	refused(lead, ref, kase)
	other.get("/amt/eingang").want(ref).follow(ref).want("Flocke", "Gehört zu Ihnen")
	mine := citizen.get("/antraege/" + id).want("Bürgerbüro").follow("Nachrichten im Postkorb lesen")
	if n := strings.Count(mine.want("Bürgerbüro").text(), "Gehört zu Ihnen"); n != 0 {
		t.Error("the citizen reads the note of the staff")
	}

	// The old unit stays involved.
	_, id = s.register(citizen)
	kase = "/amt/vorgang/" + id
	transfer(lead, kase, "buergerbuero").set("bleiben", "ja").set("bleibgrund", "Wir setzen die Steuer fest").send().want("Der Vorgang ist abgegeben.")
	lead.get(kase).want("Flocke", "Warum sehe ich diesen Vorgang?", "Wir setzen die Steuer fest").wantNot("Übernehmen")
	other.get(kase).want("Flocke", "Übernehmen")

	// Two windows: one counts.
	_, id = s.register(citizen)
	kase = "/amt/vorgang/" + id
	one, two := transfer(lead, kase, "buergerbuero"), transfer(lead, kase, "gewerbe")
	one.send().want("Der Vorgang ist abgegeben.")
	if p := two.send(); p.status < 400 || strings.Contains(p.text(), "Der Vorgang ist abgegeben.") {
		t.Errorf("the second hand-over: %d\n%s", p.status, clip(p.text()))
	}
	other.get(kase).want("Flocke")
	refused(third, "", kase)
	refused(lead, "", kase)
}

// TestJourneyMailRoom plays F of the test script: what nobody is responsible
// for is seen by the mail room from outside only.
func TestJourneyMailRoom(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	citizen := s.person("Meike Harms: Online-Ausweis")
	begin := citizen.get("/antrag/neu/allgemeines-anliegen?ort=033990004004").want()
	check := walk(begin.form("Antrag beginnen").send(), map[string][]string{"anliegen.betreff": {"Bank am Deich"}, "anliegen.beschreibung": {"Die Bank am Deich ist zerbrochen."}})
	sent := check.agree("Antrag absenden").send().want()
	ref := reference.FindString(sent.text())
	_, rest, _ := strings.Cut(sent.link("Kopie"), "/antraege/")
	id, _, _ := strings.Cut(rest, "/")
	kase := "/amt/vorgang/" + id

	room, office := s.clerk("Uwe Hinrichs"), s.clerk("Maike Schröder")
	room.get("/amt/eingang").want(ref).wantNot("Bank am Deich", "HARMS").follow(ref).want(ref, "Allgemeines Anliegen").wantNot("Bank am Deich", "HARMS", "MEIKE", "Übernehmen")
	for _, path := range []string{"/kopie.pdf", "/daten.json", "/rueckfrage", "/bescheid", "/datei/x"} {
		if p := room.get(kase + path); p.status != 403 && p.status != 404 {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	refused(office, ref, kase)
	f := room.get(kase).follow("Abgeben").form("Abgeben").choose("stelle", "bauverwaltung")
	f.set("warum", first(f.options["warum"])).send().want("Der Vorgang ist abgegeben.")
	refused(room, ref, kase)
	office.get("/amt/eingang").want(ref).follow(ref).want("Bank am Deich", "MEIKE").form("Übernehmen").send().want("In Bearbeitung")
	citizen.get("/antraege/" + id).want("Bauverwaltung")
}
