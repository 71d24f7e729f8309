package wastesim

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText []byte

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what a page shows; one template serves all of them.
type page struct {
	Company, Title string
	Text           []string
	Offers         []pageOffer
	Form           *form
	Done           string // the day of the collection
	Express        bool
}

type pageOffer struct{ Title, Short, URL string }

// form is the registration of bulky waste.
type form struct {
	Street, Place, What string
	Express             bool
	Errors              []fieldError
}

type fieldError struct{ Field, Text string }

// Error returns the message at a field.
func (f *form) Error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// Places are where the company collects.
func (f *form) Places() []string {
	return []string{"Altenwehr", "Flecken Lohmoor", "Hagenbüttel", "Klein Rehde", "Osterwede"}
}

// fixed are the pages with nothing but text.
var fixed = map[string]page{
	"/behaelter": {Title: "Mülltonne bestellen oder tauschen", Text: []string{
		"Sie brauchen eine größere, eine kleinere oder eine weitere Tonne? Rufen Sie uns an: 04299 557-900.",
		"Wir bringen neue Tonnen innerhalb von zwei Wochen und nehmen alte mit. Der Tausch ist einmal im Jahr kostenfrei."}},
	"/abfuhrtermine": {Title: "Abfuhrtermine", Text: []string{
		"Restmüll und Bio leeren wir alle zwei Wochen im Wechsel, Papier alle vier Wochen.",
		"Stellen Sie die Tonne bis sechs Uhr an die Straße."}},
	"/wertstoffhof": {Title: "Wertstoffhof", Text: []string{
		"Am Wertstoffhof 1, 27899 Altenwehr. Geöffnet montags bis freitags von 8 bis 17 Uhr, samstags von 9 bis 13 Uhr.",
		"Wir nehmen Grünschnitt, Elektrogeräte, Schrott, Papier und Schadstoffe aus Haushalten an."}},
	"/gebuehren": {Title: "Abfallgebühren", Text: []string{
		"Eine Restmülltonne mit 80 Litern kostet 118,80 Euro im Jahr, mit 120 Litern 160,20 Euro.",
		"Eine Sperrmüllabholung im Jahr ist kostenfrei. Die Express-Abholung kostet 45,00 Euro. Alle Beträge sind erfunden."}},
}

func (s *Server) routes() {
	s.mux.HandleFunc("GET /api/leistungen", s.search)
	s.mux.HandleFunc("GET /stil.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(styleText)
	})
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		p := page{Title: "Willkommen", Text: []string{"Wir entsorgen den Abfall im Landkreis Weserheide: für Altenwehr und die Samtgemeinde Lohmoor."}}
		for _, o := range offers() {
			p.Offers = append(p.Offers, pageOffer{o.title, o.short, o.path})
		}
		s.render(w, http.StatusOK, p)
	})
	for path, p := range fixed {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { s.render(w, http.StatusOK, p) })
	}
	s.mux.HandleFunc("GET /sperrmuell", func(w http.ResponseWriter, r *http.Request) {
		s.render(w, http.StatusOK, page{Title: "Sperrmüll anmelden", Form: &form{Express: r.URL.Query().Get("express") == "ja"}})
	})
	s.mux.HandleFunc("POST /sperrmuell", s.register)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.render(w, http.StatusNotFound, page{Title: "Diese Seite gibt es nicht", Text: []string{"Bitte beginnen Sie auf der Startseite."}})
	})
}

// register answers a registration and forgets it.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.render(w, http.StatusBadRequest, page{Title: "Das hat nicht geklappt", Text: []string{"Ihre Angaben sind nicht lesbar angekommen. Bitte versuchen Sie es noch einmal."}})
		return
	}
	f := &form{Street: strings.TrimSpace(r.PostFormValue("strasse")), Place: r.PostFormValue("ort"), What: strings.TrimSpace(r.PostFormValue("was")), Express: r.PostFormValue("express") == "ja"}
	for _, c := range []struct {
		field, value, text string
		max                int
	}{
		{"strasse", f.Street, "Bitte nennen Sie Straße und Hausnummer.", 100},
		{"ort", f.Place, "Bitte wählen Sie Ihren Ort.", 40},
		{"was", f.What, "Bitte schreiben Sie, was wir abholen sollen.", 1000},
	} {
		if c.value == "" || !utf8.ValidString(c.value) || strings.ContainsRune(c.value, 0) {
			f.Errors = append(f.Errors, fieldError{c.field, c.text})
		} else if utf8.RuneCountInString(c.value) > c.max {
			f.Errors = append(f.Errors, fieldError{c.field, "Das ist zu lang. Bitte fassen Sie sich kürzer."})
		}
	}
	if len(f.Errors) > 0 {
		s.render(w, http.StatusUnprocessableEntity, page{Title: "Sperrmüll anmelden", Form: f})
		return
	}
	days := 28
	if f.Express {
		days = 3
	}
	s.render(w, http.StatusOK, page{Title: "Ihr Sperrmüll ist angemeldet", Done: workday(s.opts.Now().AddDate(0, 0, days)).Format("02.01.2006"), Express: f.Express})
}

// workday is the day itself or the Monday after a weekend.
func workday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

func (s *Server) render(w http.ResponseWriter, status int, p page) {
	p.Company = Name
	var buf bytes.Buffer
	if err := pageTemplate.Execute(&buf, p); err != nil {
		s.log.Error("page of the waste company failed", "cause", err.Error())
		http.Error(w, "Das hat leider nicht geklappt.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}
