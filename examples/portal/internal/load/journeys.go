package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// journey is one thing that people come for.
type journey struct {
	name   string
	weight int
	walk   func(b *browser, dice *rand.Rand) error
}

// mix is the crowd, in parts of a hundred.
func mix() []journey {
	return []journey{
		{"search", 60, search},
		{"library", 14, library},
		{"certificate", 8, certificate},
		{"inbox", 8, inbox},
		{"clerk", 10, clerk},
	}
}

func pick(dice *rand.Rand) journey {
	n := dice.IntN(100)
	for _, j := range mix() {
		if n -= j.weight; n < 0 {
			return j
		}
	}
	return mix()[0]
}

var words = []string{"Hund anmelden", "hundesteur", "Geburtsurkunde", "Personalausweis verlängern", "Sperrmüll", "Wohngeld", "umziehen", "Gewerbe", "Führerschein", "Bücherei"}

const altenwehr = "033990004004"

// search looks around, as most visitors do.
func search(b *browser, dice *rand.Rand) error {
	if _, err := b.get("start", "/"); err != nil {
		return err
	}
	word := words[dice.IntN(len(words))]
	found, err := b.get("search", "/suche?ort="+altenwehr+"&q="+strings.ReplaceAll(word, " ", "+"))
	if err != nil {
		return err
	}
	var services []string
	for _, l := range found.links {
		if strings.HasPrefix(l.url, "/dienstleistung/") {
			services = append(services, l.url)
		}
	}
	if len(services) == 0 {
		return fmt.Errorf("nothing found for %q", word)
	}
	if _, err := b.get("service", services[dice.IntN(len(services))]); err != nil {
		return err
	}
	_, err = b.get("list", "/dienstleistungen")
	return err
}

// answers are what people write into the forms, by the name of the field.
var answers = map[string]string{
	"person.vorname": "Lena", "person.nachname": "Probst", "person.email": "lena.probst@mail.example",
	"person.geburtsdatum-day": "4", "person.geburtsdatum-month": "5", "person.geburtsdatum-year": "1988",
	"benachrichtigung": "", "person.strasse": "Deichweg 7", "person.plz": "27899", "person.ort": "Altenwehr",
}

// steps fills an assistant until the page to check the answers.
func steps(b *browser, p *page, more map[string]string) (*page, error) {
	all := map[string]string{}
	for k, v := range answers {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	for range 12 {
		if strings.HasSuffix(p.url.Path, "/pruefen") {
			return p, nil
		}
		before := p.url.Path
		next, err := b.send("step", p, "weiter", all)
		if err != nil {
			return nil, err
		}
		if next.url.Path == before {
			return nil, fmt.Errorf("stuck at the step %s", before[strings.LastIndexByte(before, '/')+1:])
		}
		p = next
	}
	return nil, errors.New("no end of the steps")
}

// library applies for a library card without a login.
func library(b *browser, _ *rand.Rand) error {
	p, err := b.get("intro", "/antrag/neu/buechereiausweis")
	if err != nil {
		return err
	}
	if p, err = b.send("begin", p, "Antrag beginnen", nil); err != nil {
		return err
	}
	if p, err = steps(b, p, nil); err != nil {
		return err
	}
	p, err = b.send("submit", p, "Antrag absenden", nil)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(p.url.Path, "/gesendet") {
		return errors.New("not sent: " + p.url.Path)
	}
	return nil
}

// errBusy says that everybody on offer is logged in elsewhere.
var errBusy = errors.New("everybody is busy")

// login goes through the simulated account as one of the people on offer.
// Nobody is two visitors at once: the portal would take a form that the same
// person begins twice within seconds for a double click. p is a page with the
// button to log in.
func login(b *browser, p *page, guests bool) (*page, error) {
	p, err := b.send("login", p, "Mit BundID anmelden", nil)
	if err != nil {
		return nil, err
	}
	if p, err = b.send("login", p, "Weiter", nil); err != nil {
		return nil, err
	}
	var people []string
	for _, f := range p.forms {
		for _, x := range f.buttons {
			if strings.Contains(x.text, ": ") && (guests || !strings.Contains(x.text, "Gast")) {
				people = append(people, x.text)
			}
		}
	}
	if len(people) == 0 {
		return nil, errors.New("nobody to log in as at " + p.url.Path)
	}
	person, ok := b.be(people)
	if !ok {
		return nil, errBusy
	}
	for _, words := range []string{person, "Daten übermitteln", "Weiter zum Onlinedienst"} {
		if p, err = b.send("login", p, words, nil); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(p.url.Path, "/konto/einrichten") {
		return b.send("login", p, "einrichten", answers)
	}
	return p, nil
}

// certificate orders a birth certificate and pays for it.
func certificate(b *browser, _ *rand.Rand) error {
	p, err := b.get("intro", "/antrag/neu/geburtsurkunde?ort="+altenwehr)
	if err != nil {
		return err
	}
	if p, err = b.follow("login", p, "Mit BundID anmelden"); err != nil {
		return err
	}
	if p, err = login(b, p, true); err != nil {
		return err
	}
	if p, err = b.send("begin", p, "Antrag beginnen", nil); err != nil {
		return err
	}
	if p, err = steps(b, p, birth); err != nil {
		return err
	}
	if p, err = b.send("submit", p, "Weiter zur Zahlung", nil); err != nil {
		return err
	}
	if p, err = b.send("pay", p, "Jetzt bezahlen", nil); err != nil {
		return err
	}
	if p, err = payAtProvider(b, p); err != nil {
		return err
	}
	if !strings.Contains(p.body, "Bezahlt") {
		return errors.New("not paid: " + p.url.Path)
	}
	return nil
}

// inbox logs in and reads.
func inbox(b *browser, _ *rand.Rand) error {
	p, err := b.get("login", "/anmelden")
	if err != nil {
		return err
	}
	if _, err = login(b, p, false); err != nil {
		return err
	}
	if p, err = b.get("inbox", "/postkorb"); err != nil {
		return err
	}
	for _, l := range p.links {
		if strings.HasPrefix(l.url, "/postkorb/") {
			if _, err := b.get("thread", l.url); err != nil {
				return err
			}
			break
		}
	}
	_, err = b.get("cases", "/antraege")
	return err
}

// clerk looks through the list of new cases and opens one.
func clerk(b *browser, dice *rand.Rand) error {
	p, err := b.get("desk", "/amt/eingang")
	if err != nil {
		return err
	}
	if p, err = b.send("desk", p, "Mit dem Anmeldedienst anmelden", nil); err != nil {
		return err
	}
	staff := []string{"Wiebke Harms", "Tomke Ehlers", "Svenja Meiners", "Renate Folkerts", "Heike Janßen"}
	if p, err = b.send("desk", p, staff[dice.IntN(len(staff))], nil); err != nil {
		return err
	}
	for _, l := range p.links {
		if strings.HasPrefix(l.url, "/amt/vorgang/") {
			if _, err := b.get("case", l.url); err != nil {
				return err
			}
			break
		}
	}
	_, err = b.get("desk", "/amt/eingang")
	return err
}

// birth is what people say about the certificate that they want.
var birth = map[string]string{
	"geburtsort.gemeinde-suche": "Altenwehr", "urkunde.fuer": "selbst", "bestellung.art": "geburtsurkunde", "bestellung.anzahl": "2", "zustellung.an": "selbst",
}

// payAtProvider pays with the first test card and comes back.
func payAtProvider(b *browser, p *page) (*page, error) {
	var err error
	for _, words := range []string{"bezahlen", "Zurück zum"} {
		if p, err = b.send("pay", p, words, map[string]string{"karte": "paid"}); err != nil {
			return nil, err
		}
	}
	return p, nil
}
