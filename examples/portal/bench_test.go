package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/examples/portal"
)

// BenchmarkSearch asks the running portal for a page of search results, as a
// browser does: real handlers, real SQLite, over a socket.
func BenchmarkSearch(b *testing.B) {
	p := start(b, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	queries := []string{"Hund+anmelden", "hundesteur", "Geburtsurkunde", "ausweis", "Sperrm%C3%BCll"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		res, err := client.Get(p.URL() + "/suche?ort=033990004004&q=" + queries[i%len(queries)])
		if err != nil {
			b.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
		res.Body.Close()
	}
}

// BenchmarkSubmit receives applications for a library card over HTTP, from the
// summary on: the one transaction that writes case, thread, payment order,
// delivery and jobs. Filling in the steps is not counted.
func BenchmarkSubmit(b *testing.B) {
	for _, db := range []string{"sqlite", "postgres"} {
		b.Run(db, func(b *testing.B) {
			var change func(*portal.Config)
			if db == "postgres" {
				change = onPostgres(b)
			}
			p := start(b, change)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				send := libraryCard(newVisitor(b, p.URL()))
				b.StartTimer()
				if sent := send.send(); reference.FindString(sent.text()) == "" {
					b.Fatal(fmt.Sprint(sent.status, " ", sent.url))
				}
			}
		})
	}
}

// libraryCard fills in the shortest assistant and returns the form that sends it.
func libraryCard(v *visitor) *form {
	v.t.Helper()
	step := v.get("/antrag/neu/buechereiausweis?ort=033990004004").want("Büchereiausweis").form("Antrag beginnen").send()
	check := walk(step, map[string][]string{
		"person.vorname": {"Jürgen"}, "person.nachname": {"Größmann"},
		"person.geburtsdatum-day": {"7"}, "person.geburtsdatum-month": {"2"}, "person.geburtsdatum-year": {"1970"},
		"person.strasse": {"Am Wehr 3"}, "person.plz": {"27899"}, "person.ort": {"Altenwehr"}, "person.email": {"j@example.org"},
		"nutzung.ordnung": {"yes"},
	})
	return check.agree("Antrag absenden")
}

// agree ticks every box of the form with the button.
func (p *page) agree(button string) *form {
	p.v.t.Helper()
	f := p.form(button)
	for name, options := range f.options {
		if !strings.HasPrefix(name, "_") {
			f.set(name, options[0])
		}
	}
	return f
}
