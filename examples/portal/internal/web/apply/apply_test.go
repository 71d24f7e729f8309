package apply_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/payment"
)

var person = []string{"person.vorname", "Jürgen", "person.nachname", "Şahin", "person.geburtsdatum-day", "3", "person.geburtsdatum-month", "4", "person.geburtsdatum-year", "1980",
	"person.strasse", "Am Wehr 1", "person.plz", "27899", "person.ort", "Altenwehr", "person.email", "j.sahin@example.org"}

var dog = []string{"name", "Bruno", "rasse", "Dackel", "chip", "276 0981 0000 0001", "geburt-month", "5", "geburt-year", "2023",
	"seit-day", "1", "seit-month", "2", "seit-year", "2026", "versicherung", "yes", "versicherer", "Erfundene AG", "gefaehrlich", "no"}

func TestDogsFromStartToReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.get("/antrag/neu/hund-anmelden").is(http.StatusOK, "Hund anmelden", "/anmelden?weiter=%2Fantrag%2Fneu%2Fhund-anmelden&amp;stufe=1").not("Antrag beginnen")
	b.post("/antrag/neu/hund-anmelden").to("/antrag/neu/hund-anmelden")
	b.login(4, "konto1")
	b.get("/antrag/neu/hund-anmelden?ort=033990004004").is(http.StatusOK, "Antrag beginnen", "Das brauchen Sie")
	d := b.begin("hund-anmelden", "ort", "033990004004")
	if again := b.begin("hund-anmelden", "ort", "033990004004"); again != d {
		t.Errorf("a second click made a second draft")
	}
	b.get(d).to(d + "/ort")
	b.get(d+"/ort").is(http.StatusOK, "Schritt 1 von 5", `value="033990004004" checked`)
	b.post(d+"/ort", "ort.plz", "D-2789", "ort.gemeinde", "033990004004").is(http.StatusUnprocessableEntity, "Postleitzahl: Eine Postleitzahl hat fünf Ziffern", `value="2789"`, `aria-invalid="true"`, "erster Hund 72 €", "<title>Fehler:")
	b.post(d+"/ort", "ort.plz", "27899", "ort.gemeinde", "033990004004").to(d + "/person")
	b.get(d+"/person").is(http.StatusOK, "Schritt 2 von 5")
	b.post(d+"/person", person...).to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Noch kein Eintrag")
	b.post(d+"/hunde").is(http.StatusUnprocessableEntity, "mindestens 1")

	page := b.get(d+"/hunde/neu").is(http.StatusOK, "Hund 1").not("Versicherungsunternehmen", "Wann wurde das festgestellt?")
	state := page.state()
	// An answer makes questions appear: they are asked, not reported.
	first := append([]string{"schritt-stand", state}, dog...)
	fresh := b.post(d+"/hunde/neu", without(first, "versicherer")...).to(d + "/hunde/1?neu=1#versicherer")
	b.get(strings.TrimSuffix(fresh.Location, "#versicherer")).is(http.StatusOK, "weitere Fragen", "Versicherungsunternehmen", `value="Bruno"`)
	b.post(d+"/hunde/1", "versicherung", "yes").is(http.StatusUnprocessableEntity, "Versicherungsunternehmen: Bitte füllen", "Name des Hundes: Bitte füllen")
	b.upload(d+"/hunde/1", []file{{"sachkunde", "Nachweis ä.pdf", pdf}}, dog...).to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Hund 1", "Bruno", "Nachweis ä.pdf", "Weiterer Eintrag: Hund")

	second := b.get(d + "/hunde/neu").state()
	b.post(d+"/hunde/neu", append([]string{"schritt-stand", second}, dog...)...).to(d + "/hunde")
	b.post(d+"/hunde/neu", append([]string{"schritt-stand", second}, dog...)...).to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Hund 2").not("Hund 3")
	b.post(d + "/hunde/2/entfernen").to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Hund 1", "Hund 2 ist entfernt").not(`id="eintrag-2"`)
	b.post(d + "/hunde").to(d + "/zahlung")
	b.post(d+"/hunde/1", append(without(dog, "versicherung"), "versicherung", "no")...).to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Bitte schließen Sie eine Haftpflichtversicherung ab").not("Erfundene AG")

	b.post(d+"/zahlung", "zahlung.art", "sepa").to(d + "/zahlung?neu=1")
	b.get(d+"/zahlung").is(http.StatusOK, "IBAN", "Kontoinhaberin")
	b.post(d+"/zahlung", "zahlung.art", "sepa", "zahlung.iban", "DE02 1203 0000 0000 2020 52", "zahlung.inhaber", "J. Şahin", "zahlung.mandat", "yes").
		is(http.StatusUnprocessableEntity, "IBAN: Diese IBAN stimmt nicht", "DE02120300000000202052")
	b.post(d+"/zahlung", "zahlung.art", "sepa", "zahlung.iban", "de02 1203 0000 0000 2020 51", "zahlung.inhaber", "J. Şahin", "zahlung.mandat", "yes").to(d + "/pruefen")
	check := b.get(d+"/pruefen").is(http.StatusOK, "Angaben prüfen", "Jürgen", "Şahin", "DE02 1203 0000 0000 2020 51", d+"/hunde/1?zurueck=pruefen", "erster Hund 72 €", "Nachweis ä.pdf", "Antrag absenden")

	b.get(d+"/person?zurueck=pruefen").is(http.StatusOK, `name="schritt-zurueck" value="pruefen"`)
	b.post(d+"/person", append([]string{"schritt-zurueck", "pruefen"}, person...)...).to(d + "/pruefen")
	b.post(d+"/absenden", "stand", check.state(), "erklaerung", "yes").to(d + "/pruefen") // the draft changed since
	check = b.get(d+"/pruefen").is(http.StatusOK, "haben sich inzwischen geändert")
	b.post(d+"/absenden", "stand", check.state()).is(http.StatusUnprocessableEntity, "Bitte bestätigen Sie die Erklärung")
	b.post(d+"/absenden", "stand", check.state(), "erklaerung", "yes").to(d + "/gesendet")
	sent := b.get(d+"/gesendet").is(http.StatusOK, "Ihr Antrag ist eingegangen", "02.03.2026, 10:00 Uhr", "/kopie.pdf", "/postkorb")
	ref := regexp.MustCompile(`AW-26-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(sent.Body)
	if ref == "" {
		t.Fatal("no reference on the page")
	}
	b.post(d+"/absenden", "stand", check.state(), "erklaerung", "yes").to(d + "/gesendet")
	b.get(d+"/gesendet").is(http.StatusOK, ref)
	for _, p := range []string{"", "/ort", "/person", "/hunde", "/hunde/1", "/hunde/neu", "/pruefen"} {
		b.get(d + p).to(d + "/gesendet")
	}
	b.post(d+"/ort", "ort.plz", "27897").to(d + "/gesendet")
	apps, err := w.apps.ListOwned(t.Context(), "konto1")
	if err != nil || len(apps) != 1 || apps[0].Reference != ref || apps[0].Level != 4 || apps[0].Means != "eID" || apps[0].LeadUnit != "fb1-steuern" {
		t.Errorf("applications %+v, %v", apps, err)
	}
}

func without(pairs []string, name string) []string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != name {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return out
}

func TestCertificateNeedsHigherLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.attrs = []konto.Attribute{{Name: "urn:oid:2.5.4.42", Value: "Sabine", Level: 4, Source: "eID"}, {Name: "urn:oid:2.5.4.4", Value: "Thormählen", Level: 4, Source: "eID"},
		{Name: "urn:oid:1.2.40.0.10.2.1.1.55", Value: "1985-03-27", Level: 4, Source: "eID"}, {Name: "urn:oid:2.5.4.17", Value: "27899", Level: 1, Source: "Benutzername"}}
	b := w.browser()
	b.login(4, "konto1")
	d := b.begin("meldebescheinigung")
	b.get(d+"/person").is(http.StatusOK, "Verifiziert mit BundID (Online-Ausweis)", `value="27.03.1985" readonly`, "Aus Ihrem BundID-Konto (Benutzername und Passwort)").not(`name="person.vorname"`)
	// Locked answers cannot be posted away.
	b.post(d+"/person", person...).to(d + "/bescheinigung")
	b.get(d+"/pruefen").is(http.StatusOK, "Sabine", "ist noch offen", "#aendern-bescheinigung").not("Jürgen")
	b.post(d+"/bescheinigung", "bescheinigung.zweck", "sonstiges", "bescheinigung.art", "einfach", "bescheinigung.fuer", "ich")
	body := b.get(d + "/bescheinigung").Body
	values := regexp.MustCompile(`name="(bescheinigung\.(?:art|fuer))" value="([^"]+)"`).FindAllStringSubmatch(body, -1)
	zweck := regexp.MustCompile(`<option value="([a-z]+)"`).FindAllStringSubmatch(body, -1)
	form := []string{"bescheinigung.zweck", zweck[0][1]}
	done := map[string]bool{}
	for _, m := range values {
		if !done[m[1]] {
			done[m[1]] = true
			form = append(form, m[1], m[2])
		}
	}
	b.post(d+"/bescheinigung", form...).to(d + "/zustellung")
	art := regexp.MustCompile(`name="zustellung.art" value="([^"]+)"`).FindStringSubmatch(b.get(d + "/zustellung").Body)
	b.post(d+"/zustellung", "zustellung.art", art[1]).to(d + "/pruefen")

	// The same person comes back with a weaker login: the draft is kept.
	b.login(1, "konto1")
	page := b.get(d+"/pruefen").is(http.StatusOK, "stufe=3", "9,00").not(">Antrag absenden<")
	b.post(d+"/absenden", "stand", page.state(), "erklaerung", "yes").is(http.StatusForbidden, "Bitte melden Sie sich stärker an", "stufe=3", "noch nicht abgesendet")
	if apps, _ := w.apps.ListOwned(t.Context(), "konto1"); len(apps) != 0 {
		t.Fatalf("sent with a level that is too low: %v", apps)
	}
	b.login(3, "konto1")
	page = b.get(d+"/pruefen").is(http.StatusOK, "Antrag absenden")
	b.post(d+"/absenden", "stand", page.state(), "erklaerung", "yes").to(d + "/gesendet")
	b.get(d+"/gesendet").is(http.StatusOK, "9,00", "Sie erhalten eine Rechnung")
	apps, err := w.apps.ListOwned(t.Context(), "konto1")
	if err != nil || len(apps) != 1 || apps[0].Area != "033990004004" {
		t.Fatalf("applications %+v, %v", apps, err)
	}
	orders, err := w.apps.Orders.ByReference(t.Context(), apps[0].Reference)
	if err != nil || len(orders) != 1 || orders[0].State != payment.StateOpen || orders[0].Total != payment.EUR(900) {
		t.Errorf("orders %+v, %v", orders, err)
	}
}

func TestLibraryCardWithoutLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.get("/antrag/neu/buechereiausweis").is(http.StatusOK, "Antrag beginnen", "15,00").not("/anmelden?weiter=%2Fantrag")
	d := b.begin("buechereiausweis")
	b.post(d+"/person", person...).to(d + "/nutzung")
	b.get(d+"/nutzung").is(http.StatusOK, "kein Konto")
	b.post(d+"/nutzung", "nutzung.ordnung", "yes").to(d + "/pruefen")
	page := b.get(d+"/pruefen").is(http.StatusOK, "15,00", "Keine Angabe")
	b.post(d+"/absenden", "stand", page.state(), "erklaerung", "yes").to(d + "/gesendet")
	b.get(d+"/gesendet").is(http.StatusOK, "Bitte notieren Sie die Vorgangsnummer", "Sie erhalten eine Rechnung").not("Zum Postkorb")

	// A minor needs the parents and pays nothing.
	w.advance(time.Minute)
	d = b.begin("buechereiausweis")
	young := append(without(person, "person.geburtsdatum-year"), "person.geburtsdatum-year", "2015")
	b.post(d+"/person", young...).to(d + "/eltern")
	b.get(d+"/pruefen").is(http.StatusOK, "kostenlos")
}

func TestOwnersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	d := b.begin("buechereiausweis")
	other.begin("ort-suchen")
	for _, p := range []string{"", "/person", "/pruefen", "/gesendet", "/datei/x", "/andere-stelle", "/eltern/neu"} {
		other.get(d + p).is(http.StatusNotFound)
		b.get("/antrag/UNBEKANNT" + p).is(http.StatusNotFound)
	}
	other.post(d+"/person", person...).is(http.StatusNotFound)
	other.post(d+"/absenden", "erklaerung", "yes").is(http.StatusNotFound)
	other.post(d + "/datei/x/entfernen").is(http.StatusNotFound)
	b.get(d + "/gibtesnicht").is(http.StatusNotFound)
	b.get(d + "/person/1").is(http.StatusNotFound)
	b.get(d + "/eltern").to(d) // a step that is not asked
	b.get("/antrag/neu/gibtesnicht").is(http.StatusNotFound)
}

func TestExpiredSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, member := w.browser(), w.browser()
	dg := guest.begin("buechereiausweis")
	member.login(4, "konto1")
	dm := member.begin("hund-anmelden")
	w.advance(25 * time.Hour)
	guest.get(dg+"/person").is(http.StatusUnauthorized, "ohne Konto begonnen", "/antrag/neu/buechereiausweis")
	member.get(dm + "/ort").to("/anmelden?weiter=%2Fantrag%2F")
	member.post(dm+"/ort", "ort.plz", "27899").is(http.StatusUnauthorized)
	member.post(dm+"/absenden", "erklaerung", "yes").is(http.StatusUnauthorized, "Ihr Entwurf ist gespeichert", "pruefen")
	member.login(4, "konto1")
	member.get(dm + "/ort").is(http.StatusOK)
	w.browser().get("/antrag/UNBEKANNT/ort").is(http.StatusNotFound)
}

func TestElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.login(4, "konto1")
	d := b.begin("hund-anmelden")
	b.post(d+"/ort", "ort.plz", "27897", "ort.gemeinde", "033995401003").to(d + "/andere-stelle")
	b.get(d+"/andere-stelle").is(http.StatusOK, "andere Stelle zuständig", "Osterwede", "/einrichtung/")
	b.get(d + "/pruefen").to(d + "/andere-stelle")
	b.post(d+"/absenden", "stand", "2", "erklaerung", "yes").is(http.StatusSeeOther)
	b.post(d+"/ort", "ort.plz", "27899", "ort.gemeinde", "033990004004").to(d + "/person")
	b.get(d + "/andere-stelle").to(d)
}

func TestTwoWindows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.login(4, "konto1")
	d := b.begin("hund-anmelden")
	old := b.get(d + "/ort").state()
	b.post(d+"/ort", "schritt-stand", old, "ort.plz", "27899", "ort.gemeinde", "033990004004").to(d + "/person")
	page := b.post(d+"/ort", "schritt-stand", old, "ort.plz", "27897", "ort.gemeinde", "033990004004").
		is(http.StatusConflict, "in einem anderen Fenster geändert", `value="27897"`, "neu laden")
	b.get(d+"/ort").is(http.StatusOK, `value="27899"`)
	b.post(d+"/ort", "schritt-stand", page.state(), "ort.plz", "27897", "ort.gemeinde", "033990004004").to(d + "/person")
	// The same answers again are no conflict.
	b.post(d+"/ort", "schritt-stand", old, "ort.plz", "27897", "ort.gemeinde", "033990004004").to(d + "/person")
}

func TestSaveAndBackKeepInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.login(4, "konto1")
	d := b.begin("hund-anmelden")
	b.post(d+"/ort", "ort.plz", "1", "schritt-aktion", "speichern").to(d + "/ort")
	b.get(d+"/ort").is(http.StatusOK, "Ihre Angaben sind gespeichert", `name="ort.plz" type="text" value="1"`)
	b.post(d+"/person", "person.vorname", "Ayşe", "schritt-aktion", "zurueck").to(d + "/ort")
	b.get(d+"/person").is(http.StatusOK, `value="Ayşe"`)
	b.post(d+"/hunde/neu", "name", "Rex", "schritt-aktion", "zurueck").to(d + "/hunde")
	b.get(d+"/hunde").is(http.StatusOK, "Rex")
	b.get("/antrag/neu/hund-anmelden").is(http.StatusOK, "schon begonnen", d)
	b.post(d+"/hunde", "schritt-aktion", "speichern").to(d + "/hunde")
}

func TestPlaceSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	d := b.begin("ort-suchen")
	b.post(d+"/wo", "wo-suche", "Nirgendwo").is(http.StatusUnprocessableEntity, "Diesen Ort kennen wir nicht", `value="Nirgendwo"`)
	b.post(d+"/wo", "wo-suche", "27898").is(http.StatusUnprocessableEntity, "Mehrere Gemeinden passen", "Stadt Altenwehr", "Hagenbüttel", `name="wo" value="033995401002"`)
	b.post(d+"/wo", "wo-suche", "27898", "wo-suche-alt", "27898", "wo", "033995401002").to(d + "/pruefen")
	b.get(d+"/pruefen").is(http.StatusOK, "Hagenbüttel")
	b.post(d+"/wo", "wo-suche", "27899", "wo-suche-alt", "Hagenbüttel", "wo", "033995401002").to(d + "/pruefen")
	b.get(d+"/pruefen").is(http.StatusOK, "Stadt Altenwehr")
	b.post(d+"/wo", "wo", "999999999999").is(http.StatusUnprocessableEntity, "Ort des Vorfalls: Bitte wählen")
	b.post(d+"/wo", "wo-suche", "27899", "zahl", "9").is(http.StatusUnprocessableEntity, "Anzahl: Bitte geben Sie einen Wert von 1 bis 5 ein")
}
