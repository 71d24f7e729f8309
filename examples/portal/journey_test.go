package portal_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
)

// png is a small real picture, as a phone would send it.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

var reference = regexp.MustCompile(`AW-\d\d-[2-9A-Z]{4}-[2-9A-Z]{4}`)

// bundid goes through the federal account as a persona and comes back. p is
// the portal's page with the button to log in.
func bundid(p *page, who string) *page {
	p.v.t.Helper()
	p = p.form("Mit BundID anmelden").send().want("BundID")
	p = p.form("Weiter").send().want("BundID-Simulator")
	if "http://"+p.url.Host == p.v.base {
		p.v.t.Fatalf("the account is not on an origin of its own: %s", p.url)
	}
	p = p.form(who).send().want("Daten übermitteln")
	p = p.form("Daten übermitteln").send().want("Weiter zum Onlinedienst")
	p = p.form("Weiter zum Onlinedienst").send()
	if "http://"+p.url.Host != p.v.base {
		p.v.t.Fatalf("did not come back: %s\n%s", p.url, clip(p.text()))
	}
	return p
}

// consent agrees to a portal account where the person is asked.
func consent(p *page) *page {
	p.v.t.Helper()
	if !strings.HasPrefix(p.url.Path, "/konto/einrichten") {
		return p
	}
	return p.agree("einrichten").send()
}

// walk fills the steps of an assistant with the given answers until the page
// to check them. Fields that are not in answers keep what the page shows.
func walk(p *page, answers map[string][]string) *page {
	p.v.t.Helper()
	for range 20 {
		p.want()
		if strings.HasSuffix(p.url.Path, "/pruefen") {
			return p
		}
		f := p.form("eiter")
		for name := range f.names {
			if options := f.options[name]; len(options) > 0 && f.values.Get(name) == "" {
				f.set(name, first(options))
			}
			if v, ok := answers[name]; ok {
				f.set(name, v...)
			}
		}
		p = f.send()
	}
	p.v.t.Fatalf("no end of the steps at %s\n%s", p.url, clip(p.text()))
	return nil
}

// first is the first option that says something.
func first(options []string) string {
	for _, o := range options {
		if o != "" {
			return o
		}
	}
	return ""
}

func TestJourney(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		journey(t, start(t, nil))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		journey(t, start(t, onPostgres(t)))
	})
}

// journey is the whole way of one application, from the search to the decision.
func journey(t *testing.T, p *portal.Portal) {
	v := newVisitor(t, p.URL())

	// 1. Find.
	v.get("/").want("Hund anmelden", "Demo")
	choice := v.get("/ort?q=27898").want("Altenwehr", "Hagenbüttel")
	v.get("/ort?q=Altenwehr").want("Altenwehr")
	choice.form("Ort").set("key", "033990004004").send().want("Altenwehr")
	for _, q := range []string{"Hund+anmelden", "Hundesteuer", "hundesteur"} {
		v.get("/suche?q=" + q).want("Hund anmelden")
	}
	v.get("/suche?q=Geburtsurkunde").want("Geburtsurkunde bestellen")
	service := v.get("/suche?q=hundesteur").follow("Hund anmelden").want("Hund anmelden", "Das brauchen Sie", "Fristen", "72,00", "Marktplatz", "Öffnungszeiten", "Aufzug")

	// 2. Log in, where the service needs it.
	intro := service.follow("Online-Antrag").want("Hund anmelden")
	back := bundid(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis").want("Hund anmelden")

	// 3. Apply.
	step := back.form("Antrag beginnen").send().want("Schritt 1 von 5")
	step = step.form("weiter").send().want("Schritt 2 von 5", "Verifiziert mit BundID (Online-Ausweis)")
	step = step.form("weiter").send().want("Schritt 3 von 5", "Noch kein Eintrag")
	step.form("Speichern und weiter").send().wantStatus(422, "mindestens 1 Eintrag")
	list := step
	for _, name := range []string{"Bella", "Rübe <b>"} {
		words := "Eintrag hinzufügen"
		if name != "Bella" {
			words = "Weiterer Eintrag"
		}
		item := list.follow(words).want()
		item = item.form("Speichern und weiter").send().wantStatus(422, "Bitte prüfen Sie Ihre Angaben", "Name des Hundes: Bitte füllen Sie dieses Feld aus.")
		f := item.form("Speichern und weiter").set("name", name).set("rasse", "Mischling").
			set("geburt-day", "1").set("geburt-month", "2").set("geburt-year", "2023").
			set("seit-day", "3").set("seit-month", "05").set("seit-year", "2024").set("gefaehrlich", "no").set("versicherung", "yes").
			attach("sachkunde", "IMG_0001.PNG", "image/png", []byte(png))
		list = f.send().want()
		if !strings.HasSuffix(list.url.Path, "/hunde") { // a question that appeared by this answer
			list = list.form("Speichern und weiter").set("versicherer", "Weserheide Versicherung").send().want()
		}
		list.want(name, "IMG_0001.PNG")
	}
	pay := list.form("Speichern und weiter").send().want("Schritt 4 von 5")
	check := pay.form("Speichern und weiter").choose("zahlung.art", "ueberweisung").send().
		want("Angaben prüfen", "Bella", "Rübe <b>", "Keine Angabe", "Überweisung", "Steuern und Abgaben")
	check.form("Antrag absenden").send().wantStatus(422, "Bitte bestätigen Sie die Erklärung")

	// 4. Receive: sending again, reloading and going back is the same application.
	send := check.agree("Antrag absenden")
	sent := send.send().want("Steuern und Abgaben")
	ref := reference.FindString(sent.text())
	if ref == "" {
		t.Fatalf("no reference on the confirmation\n%s", clip(sent.text()))
	}
	if again := send.send().want(ref); again.url.Path != sent.url.Path {
		t.Errorf("sending again leads to %s", again.url)
	}
	v.get(check.url.String()).want(ref)
	copied := sent.follow("Kopie ansehen").want(ref, "Rübe <b>", "Online-Ausweis", "SHA-256")
	if pdf := copied.follow("PDF"); pdf.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(pdf.body, "%PDF-") {
		t.Errorf("PDF: %v", pdf.header)
	}
	if n := strings.Count(v.get("/antraege").want(ref).text(), ref); n != 1 {
		t.Errorf("%d applications in the list", n)
	}
	thread := v.get("/postkorb").want(ref).follow("Hund anmelden").want(ref, "Eingangsbestätigung")

	// 5. Work on it: only the unit that takes part sees it.
	clerk, other := newVisitor(t, p.URL()), newVisitor(t, p.URL())
	in := desk(clerk, "Wiebke Harms").want("Eingangskorb", ref)
	desk(other, "Maike Schröder").wantNot(ref, "Rübe", "HARMS")
	other.get("/amt/eingang?q=" + ref).want().wantNot("HARMS")
	kase := in.follow(ref).want(ref, "MEIKE SOPHIE", "Rübe <b>", "Online-Ausweis", "Warum sehe ich diesen Vorgang?")
	for _, path := range []string{"", "/kopie.pdf", "/daten.json", "/rueckfrage"} {
		other.get(kase.url.Path + path).wantStatus(404).wantNot(ref)
	}
	kase = kase.form("Übernehmen").send().want("In Bearbeitung")
	kase = kase.follow("Vermerk schreiben").form("Vermerk speichern").set("text", "Hund ist im Verein bekannt").send().want("Hund ist im Verein bekannt")
	kase = kase.follow("Wiedervorlage anlegen").form("Wiedervorlage speichern").set("anlass", "Nachweis da?").
		set("tag-day", "1").set("tag-month", "2").set("tag-year", "2027").send().want("01.02.2027")
	kase = kase.follow("Unterlagen nachfordern").form("Nachforderung senden").set("betreff", "Sachkundenachweis").
		set("text", "Bitte laden Sie den Nachweis für beide Hunde hoch.").set("unterlagen", "Nachweis Bella\nNachweis Rübe").
		set("frist-day", "1").set("frist-month", "2").set("frist-year", "2027").send().want("Rückfrage")
	clerk.get("/amt/wiedervorlagen").want("Nachweis da?")

	thread = v.get(thread.url.String()).want("Sachkundenachweis", "Nachweis Bella", "01.02.2027").wantNot("Hund ist im Verein bekannt")
	v.get("/antraege").want("Rückfrage an Sie")
	for _, slot := range []string{"Nachweis Bella", "Nachweis Rübe"} {
		f := thread.form(slot)
		for name := range f.names {
			if strings.HasPrefix(name, "datei") || strings.HasPrefix(name, "file") {
				f.attach(name, "nachweis.pdf", "application/pdf", []byte("%PDF-1.7\n%"))
			}
		}
		thread = f.send().want("nachweis.pdf")
	}
	kase = clerk.get(kase.url.String()).want("nachweis.pdf", "In Bearbeitung")
	for range 2 { // the first one that is left
		f := kase.follow("Prüfen").form("Ergebnis speichern")
		for name, options := range f.options {
			for _, o := range options {
				if o == "annehmen" || o == "ja" || o == "accept" {
					f.set(name, o)
				}
			}
		}
		kase = f.send().want("Die Prüfung ist gespeichert", "angenommen")
	}

	// Two tabs: the second change of an old state is refused and says so.
	tab := kase.follow("Rückfrage stellen")
	decide := kase.follow("Bescheid oder Ergebnis").form("Erteilen").set("ergebnis", "granted").set("betreff", "Hundesteuerbescheid").
		set("text", "Wir haben Ihre Hunde angemeldet.").attach("datei", "bescheid.pdf", "application/pdf", []byte("%PDF-1.7\n% Bescheid"))
	decide.send().want("Entschieden: bewilligt")
	tab.form("Rückfrage senden").set("betreff", "Noch etwas").set("text", "?").send().wantStatus(409)

	thread = v.get(thread.url.String()).want("Hundesteuerbescheid", "Entschieden: bewilligt")
	if got := thread.follow("bescheid.pdf"); got.body != "%PDF-1.7\n% Bescheid" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the decision's document: %q %v", got.body, got.header)
	}
	v.get("/antraege").want("Entschieden: bewilligt")

	// Notices went out and say nothing.
	mails := waitFor(t, func() *page { return v.get("/test/mails") }, "meike.harms@example.org")
	mails.wantNot(ref, "Hund anmelden", "Hundesteuerbescheid")

	// Somebody else's case does not exist.
	stranger := newVisitor(t, p.URL())
	consent(bundid(stranger.get("/anmelden"), "Jonas Brandt: Benutzername"))
	for _, address := range []string{thread.url.Path, copied.url.Path, check.url.Path} {
		stranger.get(address).wantStatus(404).wantNot(ref, "Rübe")
	}
}

func TestJourneyWithoutLoginAndStepUp(t *testing.T) {
	t.Parallel()
	p := start(t, nil)

	// The library card needs no login.
	guest := newVisitor(t, p.URL())
	send := libraryCard(guest)
	sent := send.send().want("Stadtbücherei", "15,00", "keinen Postkorb")
	ref := reference.FindString(sent.text())
	if ref == "" {
		t.Fatalf("no reference\n%s", clip(sent.text()))
	}
	newVisitor(t, p.URL()).get(sent.url.Path).wantStatus(401).wantNot(ref, "Größmann") // no session, no word about whether it exists

	// The certificate of residence needs a higher level than the user name
	// gives; the draft survives the step up.
	v := newVisitor(t, p.URL())
	consent(bundid(v.get("/anmelden"), "Meike Harms: Benutzername"))
	intro := v.get("/antrag/neu/meldebescheinigung?ort=033990004004").want("Substantiell")
	intro = bundid(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis")
	check := walk(intro.form("Antrag beginnen").send(), nil)
	unpaid := check.agree("Weiter zur Zahlung").send().want("9,00", "Jetzt bezahlen")
	ref = reference.FindString(unpaid.text())

	// It can be withdrawn.
	v.get("/antraege").want(ref)
	mine := unpaid.follow("Zum Antrag").want(ref, "zurückziehen")
	mine.follow("zurückziehen").form("Antrag zurückziehen").send().want("Zurückgezogen")
}

// waitFor asks for a page until it holds the words; what it waits for is
// background work of the portal itself.
func waitFor(t *testing.T, get func() *page, words string) *page {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		p := get().want()
		if strings.Contains(p.text(), words) {
			return p
		}
		select {
		case <-deadline:
			t.Fatalf("%s: %q never came\n%s", p.url, words, clip(p.text()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// desk logs an employee in and opens the list of new cases.
func desk(v *visitor, name string) *page {
	v.t.Helper()
	p := v.get("/amt/eingang").form("Mit dem Anmeldedienst anmelden").send().want("Anmeldedienst der Verwaltung (Simulator)")
	if "http://"+p.url.Host == v.base {
		v.t.Fatalf("the provider is not on an origin of its own: %s", p.url)
	}
	return p.form(name).send().want("Eingangskorb")
}
