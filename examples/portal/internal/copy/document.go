// Package copy makes the copy of an application (Kopie des Antrags) that a
// person keeps: everything that was declared, with its provenance, the time
// of receipt and the digest of what was handed over. [Build] collects it once
// for the page and for the PDF, [PDF] draws it.
package copy

import (
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
)

// Document is what a copy says, in words of one language. It holds no
// references to stored state and may be used concurrently once it is built.
type Document struct {
	Lang       string // language of the texts: de, en or de-simple
	Kind       string // what this paper is, "Kopie Ihres Antrags"
	Title      string // of the application
	Town       string
	Office     string
	Reference  string
	ReceivedAt time.Time // also the date of creation of the PDF
	Applicant  string
	// Facts stand at the top: reference, receipt, office, fee.
	Facts []Item
	// Sections are the answers in the order of the questions.
	Sections []Section
	// Files are the uploads that went along.
	Files      []File
	FilesTitle string
	NoFiles    string // sentence that stands instead of the list
	// Declaration is what the person agreed to when sending.
	Declaration      []string
	DeclarationTitle string
	Privacy          string
	// Proof says who sent it by which login, and the digest.
	Proof      []Item
	ProofTitle string
	ProofNote  string

	PageLabel string // "Seite {page} von {pages}"
	HashLabel string
	// MissingNote is added when the font lacks a character.
	MissingNote string
}

// Section is one block of answers.
type Section struct {
	Title string
	Items []Item
}

// Item is one answer or fact.
type Item struct {
	Label, Value string
	// Source says where the value came from, empty when it was typed.
	Source string
	// Empty means that Value is the word for no answer.
	Empty bool
	Notes []string
}

// File is one upload.
type File struct {
	ID, Name, Size, SHA256 string
}

// Extras are the things a copy needs that are not in the application itself.
type Extras struct {
	Lang   string // language of texts; empty: that of the applicant
	Town   string
	Office string        // public name of the office in charge
	Files  []antrag.File // of the case; those that came later are left out
	Places assistant.PlaceName
}

// berlin is the time zone in which days are counted.
var berlin = clock.Berlin

// Build collects the copy of an application. The texts function gives the
// sentences of the language in Extras.Lang; what is judged by the day is
// judged by the day of receipt, so that a copy never changes.
func Build(texts func(key string, pairs ...any) string, app antrag.Application, def *assistant.Definition, ans assistant.Answers, x Extras) Document {
	lang := x.Lang
	if lang == "" {
		lang = app.Lang
	}
	l, day := assistant.Lang(lang), app.ReceivedAt.In(berlin)
	d := Document{
		Lang: lang, Kind: texts("copy.kind"), Title: def.Title.In(l), Town: x.Town, Office: x.Office,
		Reference: app.Reference, ReceivedAt: app.ReceivedAt, Applicant: app.Applicant,
		FilesTitle: texts("copy.files"), NoFiles: texts("copy.files.none"),
		DeclarationTitle: texts("copy.declaration"), Privacy: def.Declaration.Privacy.In(l),
		ProofTitle: texts("copy.proof"), ProofNote: texts("copy.proof.note"),
		PageLabel: texts("copy.page"), HashLabel: texts("copy.hash.file"), MissingNote: texts("copy.missing"),
	}
	d.Facts = []Item{
		{Label: texts("copy.reference"), Value: app.Reference},
		{Label: texts("copy.received"), Value: web.FormatTime(lang, app.ReceivedAt)},
	}
	if x.Office != "" {
		d.Facts = append(d.Facts, Item{Label: texts("copy.office"), Value: x.Office})
	}
	if app.Applicant != "" {
		d.Facts = append(d.Facts, Item{Label: texts("copy.applicant"), Value: app.Applicant})
	}
	if fee := def.FeeFor(ans, day); fee > 0 {
		d.Facts = append(d.Facts, Item{Label: texts("copy.fee"), Value: web.FormatMoney(lang, fee)})
	}
	for _, s := range def.Summary(ans, l, day, x.Places) {
		d.Sections = append(d.Sections, section(texts, s))
	}
	for _, p := range def.Declaration.Points {
		d.Declaration = append(d.Declaration, p.In(l))
	}
	for _, f := range x.Files {
		if f.Draft != app.Draft {
			continue // it came later, from the citizen or from the staff
		}
		d.Files = append(d.Files, File{ID: f.ID, Name: f.Name, Size: web.FormatSize(lang, f.Size), SHA256: f.SHA256})
	}
	d.Proof = proof(texts, lang, app)
	return d
}

func section(texts func(key string, pairs ...any) string, s assistant.Section) Section {
	out := Section{Title: s.Title}
	for _, it := range s.Items {
		out.Items = append(out.Items, Item{Label: it.Label, Value: it.Value, Empty: it.Empty,
			Source: SourceText(texts, it.Origin), Notes: it.Notes})
	}
	return out
}

// SourceText says in words where an answer came from; what the person typed
// needs none.
func SourceText(texts func(key string, pairs ...any) string, o assistant.Origin) string {
	switch o.Source {
	case assistant.BundID:
		return texts("copy.source.bundid." + web.LevelKey(o.Level))
	case assistant.Account:
		return texts("copy.source.account")
	case assistant.Changed:
		return texts("copy.source.changed")
	case assistant.Looked:
		return texts("copy.source.lookup")
	}
	return ""
}

func proof(texts func(key string, pairs ...any) string, lang string, app antrag.Application) []Item {
	var out []Item
	if app.Level > 0 {
		out = append(out,
			Item{Label: texts("copy.login"), Value: texts("means." + app.Means)},
			Item{Label: texts("copy.level"), Value: texts("level." + web.LevelKey(app.Level))})
		if !app.AuthnAt.IsZero() {
			out = append(out, Item{Label: texts("copy.authn"), Value: web.FormatTime(lang, app.AuthnAt)})
		}
	} else {
		out = append(out, Item{Label: texts("copy.login"), Value: texts("means.")})
	}
	out = append(out, Item{Label: texts("copy.form"), Value: app.Assistant + ", " + texts("copy.version", "n", app.AssistantVersion)})
	return append(out, Item{Label: texts("copy.hash"), Value: app.ContentHash})
}

// FileName is the name under which the PDF is saved.
func (d Document) FileName() string {
	return "kopie-" + strings.ToLower(d.Reference) + ".pdf"
}
