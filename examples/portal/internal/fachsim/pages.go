package fachsim

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var styleText []byte

var pageTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"german": german, "day": day, "stateName": stateName, "kindName": kindName,
	"outcomeName": func(code string) string { return named(outcomes, code) },
	"items":       func(kv ...any) []any { return kv },
}).ParseFS(pageFiles, "pages/*.html"))

var berlin = func() *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.UTC // a system without time zones shows UTC
	}
	return l
}()

func german(t time.Time) string { return t.In(berlin).Format("02.01.2006, 15:04 Uhr") }

// day writes 2006-01-02 as people here do, with zeros for what is not known.
func day(iso string) string {
	year, rest, _ := strings.Cut(iso, "-")
	month, d, ok := strings.Cut(rest, "-")
	switch {
	case !ok:
		return iso
	case month == "00":
		return year
	case d == "00":
		return month + "." + year
	}
	return d + "." + month + "." + year
}

func stateName(s State) string {
	switch s {
	case StateTaken:
		return "angekommen"
	case StateRefused:
		return "vom Portal abgelehnt"
	}
	return "wartet"
}

func kindName(kind string) string {
	return map[string]string{"receipt": "Eingang quittiert", "question": "Rückfrage", "document-request": "Nachforderung",
		"status": "Stand", "information": "Auskunft", "decision": "Bescheid", "answer": "Antwort", "document": "Unterlage",
		"supplement": "Nachtrag", "withdrawal": "Rücknahme", "transfer": "Abgabe an eine andere Stelle", "paid": "Zahlung"}[kind]
}

// page is what every page shows.
type page struct {
	App, Title, View, Fault string
	Text                    string
	Files                   []fileRow
	File                    *fileView
	Dogs                    []Dog
	Replies                 []Reply
	Portal                  string
}

type fileRow struct {
	ID, Reference, Form string
	At                  time.Time
	Messages            int
	State               string
}

// fileView is a case on its page.
type fileView struct {
	ID, Reference, Receipt, Destination, Form, Key, State, Done string
	At                                                          time.Time
	Tables                                                      []table
	Parts                                                       []partView
	Messages                                                    []messageView
	Replies                                                     []Reply
	Entry                                                       entry
	Once                                                        string
	Statuses, Outcomes                                          []choice
}

type table struct {
	Title string
	Rows  []row
}

type row struct{ Label, Value string }

type partView struct {
	Part
	URL string
}

type messageView struct {
	Kind, Subject, Body, Slot string
	At                        time.Time
	Parts                     []partView
}

func (s *Server) render(w http.ResponseWriter, status int, p page) {
	p.App, p.Fault = s.opts.Name, s.Fault()
	var buf bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&buf, "layout.html", p); err != nil {
		s.log.Error("page", "cause", err.Error())
		http.Error(w, "page", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the browser went away
}

func (s *Server) problem(w http.ResponseWriter, status int, title, text string) {
	s.render(w, status, page{Title: title, Text: text})
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(styleText) // the browser went away
}

func (s *Server) listPage(w http.ResponseWriter, _ *http.Request) {
	p := page{Title: "Eingänge", View: "list"}
	s.mu.Lock()
	for i := len(s.order) - 1; i >= 0 && len(p.Files) < 200; i-- {
		f := s.order[i]
		p.Files = append(p.Files, fileRow{ID: f.id, Reference: f.reference, Form: formName(f.taken[0].Payload), At: f.taken[0].At,
			Messages: len(f.taken) - 1, State: f.state()})
	}
	s.mu.Unlock()
	s.render(w, http.StatusOK, p)
}

func (f *file) state() string {
	switch {
	case f.outcome != "":
		return "entschieden: " + strings.ToLower(named(outcomes, f.outcome))
	case f.withdrawn:
		return "zurückgenommen"
	case f.acked:
		return "in Bearbeitung"
	}
	return "neu"
}

func (s *Server) filePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.file(r.PathValue("file"))
	s.mu.Unlock()
	if f == nil {
		s.problem(w, http.StatusNotFound, "Diesen Vorgang gibt es nicht", "Vielleicht wurde der Simulator inzwischen geleert.")
		return
	}
	s.showFile(w, http.StatusOK, f, entry{Action: "-" + r.URL.Query().Get("erledigt")})
}

func (s *Server) showFile(w http.ResponseWriter, status int, f *file, in entry) {
	v := &fileView{Entry: in, Once: rand.Text(), Statuses: statuses, Outcomes: outcomes}
	if done, ok := strings.CutPrefix(in.Action, "-"); ok {
		v.Done = map[string]string{"quittung": "Der Eingang ist quittiert.", "frage": "Die Rückfrage ist geschrieben.", "unterlagen": "Die Nachforderung ist geschrieben.",
			"stand": "Der Stand ist gemeldet.", "auskunft": "Die Auskunft ist geschrieben.", "bescheid": "Der Bescheid ist erteilt."}[done]
	} else {
		v.Once = in.Once
	}
	s.mu.Lock()
	first := f.taken[0]
	v.ID, v.Reference, v.Receipt, v.Destination, v.Key, v.At, v.State = f.id, f.reference, first.Receipt, first.Destination, first.Key, first.At, f.state()
	v.Form, v.Tables = formName(first.Payload), tables(first.Payload)
	v.Parts = parts(f, 0)
	for i, t := range f.taken[1:] {
		m := messageView{At: t.At, Parts: parts(f, i+1)}
		if t.message != nil {
			m.Kind, m.Subject, m.Body, m.Slot = t.message.Kind, t.message.Subject, t.message.Body, t.message.Slot
		}
		v.Messages = append(v.Messages, m)
	}
	for _, r := range s.replies {
		if r.Reference == f.reference {
			v.Replies = append(v.Replies, r.Reply)
		}
	}
	s.mu.Unlock()
	title := "Vorgang " + v.Reference
	if len(in.Errors) > 0 {
		title = "Fehler: " + title
	}
	s.render(w, status, page{Title: title, View: "file", File: v})
}

func parts(f *file, n int) []partView {
	var out []partView
	for i, p := range f.taken[n].Attachments {
		out = append(out, partView{p, fmt.Sprintf("/vorgaenge/%s/anlagen/%d/%d", f.id, n, i)})
	}
	return out
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	n, errN := strconv.Atoi(r.PathValue("message"))
	i, errI := strconv.Atoi(r.PathValue("part"))
	s.mu.Lock()
	f := s.file(r.PathValue("file"))
	var p Part
	var raw []byte
	if f != nil && errN == nil && errI == nil && n >= 0 && n < len(f.taken) && i >= 0 && i < len(f.taken[n].Attachments) {
		p = f.taken[n].Attachments[i]
		raw = s.blobs[p.SHA256]
	}
	s.mu.Unlock()
	if p.SHA256 == "" {
		s.problem(w, http.StatusNotFound, "Diese Anlage gibt es nicht", "Vielleicht wurde der Simulator inzwischen geleert.")
		return
	}
	h := w.Header()
	// Never shown in place: the type is the sender's word.
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": p.Name}))
	_, _ = w.Write(raw) // the browser went away
}

func (s *Server) dogPage(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, page{Title: "Hunderegister", View: "dogs", Dogs: s.Dogs()})
}

func (s *Server) outPage(w http.ResponseWriter, _ *http.Request) {
	replies := s.Replies()
	slices.Reverse(replies)
	s.mu.Lock()
	portal := s.portal
	s.mu.Unlock()
	s.render(w, http.StatusOK, page{Title: "Postausgang", View: "out", Replies: replies[:min(len(replies), 200)], Portal: portal})
}

// sendNow brings waiting replies forward.
func (s *Server) sendNow(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	for _, p := range s.replies {
		if p.State == StateWaiting {
			p.next = s.now()
		}
	}
	s.mu.Unlock()
	if !s.opts.Manual {
		s.Flush(r.Context())
	}
	http.Redirect(w, r, "/ausgang", http.StatusSeeOther)
}

func formName(payload []byte) string {
	var doc form
	if json.Unmarshal(payload, &doc) != nil || doc.Definition == "" {
		return "Antrag"
	}
	if doc.Definition == "hund-anmelden" || doc.Definition == "hund-abmelden" {
		return "Hund " + strings.TrimPrefix(doc.Definition, "hund-")
	}
	return doc.Definition
}

// tables makes a payload readable: one table of the values, one for each part
// that repeats.
func tables(payload []byte) []table {
	var doc form
	if json.Unmarshal(payload, &doc) != nil {
		return nil
	}
	out := []table{{"Angaben", rows(doc.Values)}}
	for _, name := range slices.Sorted(maps.Keys(doc.Groups)) {
		for i, it := range doc.Groups[name] {
			out = append(out, table{fmt.Sprintf("%s %d", label(name), i+1), rows(it.Values)})
		}
	}
	return out
}

func rows(values map[string]formValue) []row {
	var out []row
	for _, id := range slices.Sorted(maps.Keys(values)) {
		v := values[id]
		out = append(out, row{label(id), shown(v)})
		for _, f := range v.Facts {
			out = append(out, row{label(id) + ": " + label(f.Key), f.Value})
		}
	}
	return out
}

// label writes the name of a field as a person would.
func label(id string) string {
	if i := strings.LastIndexByte(id, '.'); i >= 0 {
		id = id[i+1:]
	}
	if l, ok := labels[id]; ok {
		return l
	}
	id = strings.ReplaceAll(id, "_", " ")
	if id == "" {
		return "Feld"
	}
	r := []rune(id)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

var labels = map[string]string{"plz": "Postleitzahl", "gemeinde": "Gemeinde (Schlüssel)", "strasse": "Straße und Hausnummer", "email": "E-Mail-Adresse",
	"gefaehrlich": "Gefährlich", "gefaehrlich_seit": "Gefährlich seit", "hunde": "Hund", "chip": "Chipnummer", "geburt": "Geburtsdatum des Hundes",
	"iban": "IBAN", "art": "Zahlungsweise", "mandat": "SEPA-Mandat", "hund_kennung": "Kassenzeichen oder Chipnummer", "hund_name": "Name des Hundes",
	"neu_bei": "Neue Halterin oder neuer Halter", "neuer_ort": "Neuer Wohnort"}

func shown(v formValue) string {
	switch x := v.Value.(type) {
	case nil:
		return "–"
	case bool:
		if x {
			return "ja"
		}
		return "nein"
	case string:
		if t, err := time.Parse(time.DateOnly, x); err == nil {
			return t.Format("02.01.2006")
		}
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []any:
		if v.Type == "file" {
			return fmt.Sprintf("%d (siehe Anlagen)", len(x))
		}
		var all []string
		for _, e := range x {
			all = append(all, fmt.Sprint(e))
		}
		return strings.Join(all, ", ")
	}
	return fmt.Sprint(v.Value)
}
