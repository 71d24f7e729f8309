package fachsim

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// maxForm bounds what a clerk sends, the upload included.
const maxForm = 12 << 20

// outcomes are the ends of a case, by code.
var outcomes = []choice{{"granted", "Bewilligt"}, {"refused", "Abgelehnt"}, {"partly", "Teilweise bewilligt"}, {"confirmed", "Bestätigt"}}

// statuses are the states that can be reported, by code.
var statuses = []choice{{"in-review", "In Prüfung"}, {"handed-over", "In Bearbeitung"}, {"done", "Erledigt"}}

type choice struct{ Code, Name string }

func named(all []choice, code string) string {
	for _, c := range all {
		if c.Code == code {
			return c.Name
		}
	}
	return ""
}

// act does what the clerk asks for and leads back to the case.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		s.problem(w, http.StatusBadRequest, "Das hat nicht geklappt", "Die Angaben sind nicht lesbar angekommen, oder die Datei ist größer als 10 MB.")
		return
	}
	defer func() {
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll() // the system empties its folder too
		}
	}()
	in := entry{Action: r.PostFormValue("aktion"), Once: r.PostFormValue("einmal"), Subject: field(r, "betreff"), Body: field(r, "text"),
		Documents: field(r, "unterlagen"), Due: field(r, "frist"), Status: field(r, "stand"), Outcome: field(r, "ergebnis")}
	reply, errs := in.reply()
	if in.Action == "bescheid" && len(errs) == 0 {
		file, err := s.letter(r, in)
		if err != "" {
			errs = append(errs, fieldError{"bescheid-datei", err})
		}
		reply.Attachments = []Attachment{file}
	}
	in.Errors = errs
	s.mu.Lock()
	f := s.file(r.PathValue("file"))
	if f != nil && len(errs) == 0 {
		s.write(f, reply)
	}
	s.mu.Unlock()
	switch {
	case f == nil:
		s.problem(w, http.StatusNotFound, "Diesen Vorgang gibt es nicht", "Vielleicht wurde der Simulator inzwischen geleert.")
	case len(errs) > 0:
		s.showFile(w, http.StatusUnprocessableEntity, f, in)
	default:
		http.Redirect(w, r, "/vorgaenge/"+f.id+"?erledigt="+in.Action, http.StatusSeeOther)
	}
}

// file finds a case by its place in addresses; the caller holds the lock.
func (s *Server) file(id string) *file {
	for _, f := range s.order {
		if f.id == id {
			return f
		}
	}
	return nil
}

func field(r *http.Request, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
}

// entry is what the clerk filled in.
type entry struct {
	Action, Once, Subject, Body, Documents, Due, Status, Outcome string
	Errors                                                       []fieldError
}

type fieldError struct{ Field, Text string }

// Error returns the message at a field.
func (e entry) Error(field string) string {
	for _, f := range e.Errors {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// In returns what was entered for an action, so that forms do not fill each
// other.
func (e entry) In(action string) entry {
	if e.Action != action {
		return entry{}
	}
	return e
}

// reply makes a reply of an entry, or says what is missing.
func (e entry) reply() (Reply, []fieldError) {
	r := Reply{ID: e.Action + "-" + e.Once, Subject: e.Subject, Body: e.Body}
	c := checks{action: e.Action}
	c.text("betreff", e.Subject, 200, false, "Betreff")
	c.text("text", e.Body, 8000, false, "Text")
	switch e.Action {
	case "quittung":
		r.Kind, r.Subject = "receipt", "Eingang quittiert"
	case "frage":
		r.Kind, r.Due = "question", c.day("frist", e.Due)
		c.text("text", e.Body, 8000, true, "Frage")
	case "unterlagen":
		r.Kind, r.Due = "document-request", c.day("frist", e.Due)
		for line := range strings.SplitSeq(e.Documents, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				r.Documents = append(r.Documents, line)
			}
		}
		if len(r.Documents) == 0 || len(r.Documents) > 20 {
			c.add("unterlagen", "Nennen Sie mindestens eine und höchstens 20 Unterlagen, eine in jeder Zeile.")
		}
		c.text("unterlagen", e.Documents, 4000, true, "Unterlagen")
	case "stand":
		r.Kind, r.Status = "status", e.Status
		if named(statuses, e.Status) == "" {
			c.add("stand", "Wählen Sie einen Stand.")
		}
	case "auskunft":
		r.Kind = "information"
		c.text("text", e.Body, 8000, true, "Text")
	case "bescheid":
		r.Kind, r.Status = "decision", e.Outcome
		if named(outcomes, e.Outcome) == "" {
			c.add("ergebnis", "Wählen Sie ein Ergebnis.")
		}
		c.text("text", e.Body, 8000, true, "Text")
	default:
		c.add("betreff", "Diese Aktion gibt es nicht.")
	}
	if r.Subject == "" {
		r.Subject = defaultSubjects[e.Action]
	}
	return r, c.errs
}

var defaultSubjects = map[string]string{"frage": "Rückfrage zu Ihrem Antrag", "unterlagen": "Bitte reichen Sie Unterlagen nach",
	"stand": "Neuer Stand", "auskunft": "Auskunft zu Ihrem Antrag", "bescheid": "Ihr Bescheid"}

// checks collects errors; fields carry the action, since several forms are on
// the page.
type checks struct {
	action string
	errs   []fieldError
}

func (c *checks) add(field, text string) {
	name := c.action + "-" + field
	for _, e := range c.errs {
		if e.Field == name {
			return
		}
	}
	c.errs = append(c.errs, fieldError{name, text})
}

func (c *checks) text(field, value string, most int, required bool, label string) {
	switch {
	case value == "" && required:
		c.add(field, "Füllen Sie das Feld „"+label+"“ aus.")
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		c.add(field, "Im Feld „"+label+"“ stehen Zeichen, die nicht möglich sind.")
	case utf8.RuneCountInString(value) > most:
		c.add(field, "Das Feld „"+label+"“ ist zu lang.")
	}
}

// day reads a day as browsers send it.
func (c *checks) day(field, value string) string {
	if value == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		c.add(field, "Geben Sie die Frist als Tag an, zum Beispiel 2026-04-30.")
		return ""
	}
	return value
}

// letter is the uploaded Bescheid, or a plain one.
func (s *Server) letter(r *http.Request, in entry) (Attachment, string) {
	if r.MultipartForm != nil && len(r.MultipartForm.File["datei"]) > 0 && r.MultipartForm.File["datei"][0].Size > 0 {
		head := r.MultipartForm.File["datei"][0]
		f, err := head.Open()
		if err != nil {
			return Attachment{}, "Die Datei ist nicht lesbar angekommen."
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, maxForm))
		if err != nil || !strings.HasPrefix(string(raw), "%PDF-") {
			return Attachment{}, "Wählen Sie eine PDF-Datei."
		}
		return Attachment{Name: "Bescheid.pdf", MediaType: "application/pdf", Content: raw}, ""
	}
	lines := append([]string{s.opts.Name + " (Simulator, alles erfunden)", "Datum: " + german(s.now()), "Ergebnis: " + named(outcomes, in.Outcome), ""},
		strings.Split(in.Body, "\n")...)
	return Attachment{Name: "Bescheid.pdf", MediaType: "application/pdf", Content: plainPDF("Bescheid", lines)}, ""
}
