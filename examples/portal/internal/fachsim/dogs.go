package fachsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Holder is who keeps a dog, as the register writes it.
type Holder struct {
	Family string `json:"familienname"`
	Given  string `json:"vornamen"`
	// Birth is 2006-01-02, with zeros for what is not known.
	Birth string `json:"geburtsdatum"`
}

// Dog is an entry of the register.
type Dog struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Breed         string `json:"rasse"`
	Chip          string `json:"chip"`
	Kassenzeichen string `json:"kassenzeichen"`
	Since         string `json:"seit"` // 2006-01-02
	Area          string `json:"gemeinde"`
	Holder        Holder `json:"halter"`
	Until         string `json:"-"` // end of the tax, empty while it runs
	Registration  string `json:"-"` // reference of the case, if there was one
}

// DemoDogs are the dogs of the demo's people. All of it is invented.
func DemoDogs() []Dog {
	const altenwehr, lohmoor, hagenbuettel, osterwede = "033990004004", "033995401001", "033995401002", "033995401003"
	d := func(n int, name, breed, since, area, family, given, birth string) Dog {
		return Dog{ID: fmt.Sprintf("HR-%d", n), Name: name, Breed: breed, Chip: fmt.Sprintf("99900000000%04d", n), Kassenzeichen: fmt.Sprintf("HST-%06d", 47000+n),
			Since: since, Area: area, Holder: Holder{Family: family, Given: given, Birth: birth}}
	}
	return []Dog{
		d(1001, "Emma", "Jack Russell Terrier", "2025-02-01", altenwehr, "Harms", "Meike Sophie", "1987-11-02"),
		d(1002, "Wanda", "Labrador Retriever", "2019-06-01", altenwehr, "Harms", "Meike Sophie", "1987-11-02"),
		d(1003, "Rufus", "Airedale Terrier", "2021-09-01", osterwede, "Okafor", "Sabine", "1979-06-25"),
		d(1004, "Bella", "Deutsch Kurzhaar", "2017-04-01", hagenbuettel, "Lüders", "Hinnerk", "1968-01-09"),
		d(1005, "Anton", "Deutsch Kurzhaar", "2022-05-01", hagenbuettel, "Lüders", "Hinnerk", "1968-01-09"),
		d(1006, "Momo", "Mischling", "2023-01-01", altenwehr, "Ehlers", "Thorsten", "1972-09-21"),
		d(1007, "Ömchen", "Rauhaardackel", "2018-11-01", hagenbuettel, "Größler", "Jörg-Änne", "1981-10-19"),
		d(1008, "Tashi", "Tibet-Terrier", "2020-03-01", altenwehr, "Mayarani", "", "1990-02-11"),
		d(1009, "Pamuk", "Kangal-Mischling", "2016-08-01", osterwede, "Yıldızeli", "Fatma", "1958-00-00"),
		d(1010, "Joris", "Kooikerhondje", "2024-07-01", altenwehr, "van Buuren", "Pieter", "1983-05-14"),
		d(1011, "Kofi", "Zwergpudel", "2026-01-01", altenwehr, "Osei", "Paul", "1990-10-18"),
		d(1012, "Zeytin", "Kangal-Mischling", "2025-08-01", altenwehr, "Yıldız", "Mehmet", "1991-06-25"),
		d(1013, "Senta", "Deutscher Schäferhund", "2025-11-01", altenwehr, "Oltmanns", "Hinrich", "1946-00-00"),
		d(1014, "Balu", "American Staffordshire Terrier", "2025-09-01", altenwehr, "Siefken", "Greta", "1968-06-11"),
		// Same name, another person: a look-up must not mix them up.
		d(1015, "Käpt'n", "Leonberger", "2020-10-01", lohmoor, "Harms", "Meike", "1961-04-19"),
	}
}

// folded makes names comparable: identity documents write in capitals, with and
// without ẞ, and dots on capital letters of other languages.
func folded(s string) string {
	s = strings.NewReplacer("ẞ", "ss", "ß", "ss", "İ", "i", "ı", "i", "-", " ").Replace(s)
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

func (h Holder) is(o Holder) bool {
	return folded(h.Family) == folded(o.Family) && folded(h.Given) == folded(o.Given) && whole(h.Birth) == whole(o.Birth)
}

// whole writes zeros for the parts of a day that are not known.
func whole(day string) string {
	for len(day) == 4 || len(day) == 7 {
		day += "-00"
	}
	return day
}

// Dogs returns the register, ended entries too.
func (s *Server) Dogs() []Dog {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dogs)
}

// lookUp answers the question "hunde": the dogs that somebody keeps now, with
// the holder, so that the portal can see whom it is told about.
func (s *Server) lookUp(w http.ResponseWriter, r *http.Request) {
	auth, digest, ok := s.begin(w, r, "look-up "+r.PathValue("name"))
	if !ok {
		return
	}
	raw, ok := s.read(w, r, auth, digest, 64<<10)
	if !ok {
		return
	}
	var who Holder
	if r.PathValue("name") != "hunde" {
		s.refuse(w, auth, http.StatusNotFound, "unknown")
		return
	}
	if err := json.Unmarshal(raw, &who); err != nil || who.Family == "" || who.Birth == "" {
		s.refuse(w, auth, http.StatusUnprocessableEntity, "syntax")
		return
	}
	fault := s.Fault()
	switch fault {
	case faultLookupHuge:
		endless(w)
		return
	case faultAnswerCut:
		cut(w)
		return
	}
	found := []Dog{}
	s.mu.Lock()
	for _, d := range s.dogs {
		if d.Until == "" && d.Holder.is(who) != (fault == faultLookupForeign) && len(found) < 50 {
			found = append(found, d)
		}
	}
	s.mu.Unlock()
	body, err := json.Marshal(map[string]any{"hunde": found})
	if err != nil {
		s.refuse(w, auth, http.StatusInternalServerError, "error")
		return
	}
	s.answer(w, auth, http.StatusOK, body)
}

// endless writes until the other side has had enough.
func endless(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	chunk := strings.Repeat(`{"name":"Bello"},`, 4096)
	if _, err := io.WriteString(w, `{"hunde":[`); err != nil {
		return
	}
	for range 4096 {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

// form is the payload of an application, as far as the register needs it.
type form struct {
	Definition string               `json:"definition"`
	Values     map[string]formValue `json:"values"`
	Groups     map[string][]struct {
		ID     string               `json:"id"`
		Values map[string]formValue `json:"values"`
	} `json:"groups"`
}

type formValue struct {
	Type  string     `json:"type"`
	Value any        `json:"value"`
	Facts []formFact `json:"facts"`
}

type formFact struct{ Key, Value string }

func (v formValue) text() string {
	s, _ := v.Value.(string)
	return s
}

// decided brings the register up to date after a decision; the caller holds the
// lock.
func (s *Server) decided(f *file, outcome string, now time.Time) {
	if outcome == "refused" || len(f.taken) == 0 {
		return
	}
	var doc form
	if json.Unmarshal(f.taken[0].Payload, &doc) != nil {
		return
	}
	text := func(id string) string { return doc.Values[id].text() }
	who := Holder{Family: text("person.nachname"), Given: text("person.vorname"), Birth: text("person.geburtsdatum")}
	switch doc.Definition {
	case "hund-anmelden":
		for _, it := range doc.Groups["hunde"] {
			s.dogs = append(s.dogs, Dog{ID: fmt.Sprintf("HR-%d", s.nextDog), Name: it.Values["name"].text(), Breed: it.Values["rasse"].text(),
				Chip: it.Values["chip"].text(), Kassenzeichen: fmt.Sprintf("HST-%06d", 47000+s.nextDog), Since: it.Values["seit"].text(),
				Area: text("ort.gemeinde"), Holder: who, Registration: f.reference})
			s.nextDog++
		}
	case "hund-abmelden":
		id, mark := text("hund"), folded(text("hund_kennung"))
		until := text("seit")
		if until == "" {
			until = now.Format(time.DateOnly)
		}
		for i := range s.dogs {
			d := &s.dogs[i]
			if d.Until == "" && (d.ID == id || mark != "" && d.Holder.is(who) && (folded(d.Chip) == mark || folded(d.Kassenzeichen) == mark)) {
				d.Until = until
			}
		}
	}
}
