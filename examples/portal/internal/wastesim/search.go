package wastesim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// offer is a service of the company.
type offer struct {
	title, short, path, words string
	online                    bool
}

// area is the district that the company serves.
const area = "03399"

func postcodes() []string { return []string{"27897", "27898", "27899"} }

func offers() []offer {
	return []offer{
		{"Sperrmüll anmelden", "Wir holen große Dinge aus dem Haushalt bei Ihnen ab. Eine Abholung im Jahr ist kostenfrei.", "/sperrmuell", "sperrgut sofa möbel matratze schrank bulky waste", true},
		{"Sperrmüll als Express-Abholung", "Abholung innerhalb von drei Werktagen, 45,00 Euro.", "/sperrmuell?express=ja", "sperrgut eilig sofa möbel bulky waste express", true},
		{"Mülltonne bestellen oder tauschen", "Restmüll, Bio und Papier: neue Behälter, andere Größen.", "/behaelter", "abfallbehälter tonne restmüll biotonne papiertonne abfall müll bin", false},
		{"Abfuhrtermine", "Wann welche Tonne geleert wird.", "/abfuhrtermine", "abfallkalender abfuhrkalender leerung tonne abfall müll", false},
		{"Wertstoffhof", "Öffnungszeiten und was wir annehmen.", "/wertstoffhof", "recyclinghof grünschnitt elektrogeräte schadstoffe schrott abfall müll recycling", false},
		{"Abfallgebühren", "Was die Leerung der Tonnen kostet.", "/gebuehren", "müllgebühren kosten abfall müll fees", false},
	}
}

// hit is what the interface answers; its names are the company's own.
type hit struct {
	Titel   string `json:"titel"`
	Kurz    string `json:"kurz"`
	Adresse string `json:"adresse"`
	Leika   string `json:"leika,omitempty"`
	Gebiet  string `json:"gebiet"`
	Online  bool   `json:"online"`
}

// find lists the offers for the words of a query, those with all words in
// their title first.
func (s *Server) find(query, postcode string) []hit {
	found := []hit{}
	if postcode != "" && !slices.Contains(postcodes(), postcode) {
		return found
	}
	words := strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return found
	}
	var second []hit
	for _, o := range offers() {
		title := strings.ToLower(o.title)
		in := func(text string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
		}
		h := hit{Titel: o.title, Kurz: o.short, Adresse: s.URL + o.path, Gebiet: area, Online: o.online}
		switch {
		case in(title):
			found = append(found, h)
		case in(title + " " + o.words):
			second = append(second, h)
		}
	}
	return append(found, second...)
}

// search is GET /api/leistungen?suche=&plz=.
func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.asked++
	s.mu.Unlock()
	query, postcode := r.URL.Query().Get("suche"), r.URL.Query().Get("plz")
	if len(query) > 500 || len(postcode) > 5 {
		http.Error(w, `{"fehler":"anfrage"}`, http.StatusBadRequest)
		return
	}
	found := s.find(query, postcode)
	switch fault {
	case FaultHang:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		return
	case FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Wartung</title><h1>Wir warten unsere Anlage.</h1>")
		return
	case Fault500:
		http.Error(w, "Datenbank nicht erreichbar", http.StatusInternalServerError)
		return
	case FaultForeign:
		for i := range found {
			found[i].Adresse = "https://abfall.boese.example/anmelden"
		}
	case FaultScript:
		for i := range found {
			found[i].Titel = "<script>alert(1)</script><b>" + found[i].Titel + "</b><img src=x onerror=alert(1)>"
		}
	}
	body, err := json.Marshal(map[string]any{"treffer": found})
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "max-age=60")
	switch fault {
	case FaultHuge:
		_, _ = io.WriteString(w, `{"treffer":[`)
		line := []byte(`{"titel":"` + strings.Repeat("Müll", 2000) + `","adresse":"` + s.URL + `/"},`)
		for range 4000 { // 32 MB, unless the other side has had enough
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	case FaultCut:
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	default:
		_, _ = w.Write(body)
	}
}
