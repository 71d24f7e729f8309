package copy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/copy"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

var received = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func texts(t testing.TB, lang string) func(string, ...any) string {
	t.Helper()
	all, err := web.LoadTexts(os.DirFS(filepath.Join("..", "web", "lang")))
	if err != nil {
		t.Fatal(err)
	}
	return func(key string, pairs ...any) string { return all.Get(lang, key, pairs...) }
}

// document is the copy of a library card with the letters that go wrong first.
func document(t testing.TB, lang string) copy.Document {
	t.Helper()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	def, _ := set.Latest("buechereiausweis")
	a := def.Prefill(def.Start(), []assistant.PrefillValue{{Attr: "urn:oid:2.5.4.42", Value: "Łukasz Ğülşen ẞabine", Level: 4, Source: assistant.BundID}}, received)
	form := url.Values{"person.nachname": {"Świątek-İnönü-Őrsi-Groß"}, "person.geburtsdatum.day": {"3"}, "person.geburtsdatum.month": {"4"}, "person.geburtsdatum.year": {"1980"},
		"person.strasse": {strings.Repeat("Donaudampfschifffahrtsgesellschaftsstraße", 2) + " 1 🐕"}, "person.plz": {"27899"}, "person.ort": {"Altenwehr"}, "person.email": {"l@example.org"}}
	a, errs := def.Apply(a, assistant.Input{Step: "person", Form: form, Now: received})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	a, errs = def.Apply(a, assistant.Input{Step: "nutzung", Form: url.Values{"nutzung.ordnung": {"yes"}}, Now: received})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	app := antrag.Application{ID: "A", Draft: "D", Reference: "AW-26-K7Q2-M4XD", Assistant: def.ID, AssistantVersion: def.Version, Applicant: "Łukasz Świątek", Lang: lang,
		Level: 4, Means: "eID", AuthnAt: received.Add(-time.Minute), ReceivedAt: received, Answers: string(raw), ContentHash: strings.Repeat("ab12", 16)}
	files := []antrag.File{{ID: "L", Name: "Bescheid.pdf", Size: 1, SHA256: strings.Repeat("ef56", 16)}, {ID: "F", Draft: "D", Name: "Nachweis für ẞ.pdf", Size: 123456, SHA256: strings.Repeat("cd34", 16), MediaType: "application/pdf"}}
	return copy.Build(texts(t, lang), app, def, a, copy.Extras{Lang: lang, Town: "Stadt Altenwehr", Office: "Stadtbücherei Altenwehr", Files: files})
}

func TestBuild(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"de", "en", "de-simple"} {
		d := document(t, lang)
		if s := fmt.Sprintf("%+v", d); strings.Contains(s, "⟦") || strings.Contains(s, "{") && strings.Contains(s, "{n}") {
			t.Errorf("%s: a text is missing: %s", lang, s)
		}
	}
	d := document(t, "de")
	if len(d.Files) != 1 || d.Files[0].ID != "F" {
		t.Errorf("files: %+v, want only what was sent with the application", d.Files)
	}
	want := []copy.Item{{Label: "Vorgangsnummer", Value: "AW-26-K7Q2-M4XD"}, {Label: "Eingegangen am", Value: "02.03.2026, 10:00 Uhr"},
		{Label: "Zuständige Stelle", Value: "Stadtbücherei Altenwehr"}, {Label: "Antrag von", Value: "Łukasz Świątek"}, {Label: "Gebühr", Value: "15,00\u00a0€"}}
	got := append([]copy.Item(nil), d.Facts...)
	for i := range got {
		got[i].Value = strings.ReplaceAll(got[i].Value, " €", "\u00a0€")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := d.Sections[0].Items[0]
	if first.Value != "Łukasz Ğülşen ẞabine" || !strings.Contains(first.Source, "Verifiziert mit BundID") {
		t.Errorf("first answer %+v", first)
	}
	if d.FileName() != "kopie-aw-26-k7q2-m4xd.pdf" {
		t.Errorf("file name %q", d.FileName())
	}
}

func TestPDFIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	d := document(t, "de")
	var first bytes.Buffer
	for i := range 3 {
		var b bytes.Buffer
		if err := copy.PDF(&b, d); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
		} else if !bytes.Equal(first.Bytes(), b.Bytes()) {
			t.Fatal("two copies of one document differ")
		}
	}
	for _, s := range []string{"%PDF-1.", "/Lang (de)", "/CreationDate (D:20260302"} {
		if !bytes.Contains(first.Bytes(), []byte(s)) {
			t.Errorf("no %q in the file", s)
		}
	}
}

// TestPDFText reads the file with another program, where there is one.
func TestPDFText(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed: the text of the PDF is not checked")
	}
	d := document(t, "de")
	d.Sections = append(d.Sections, copy.Section{Title: "Lang", Items: []copy.Item{{Label: "Beschreibung", Value: strings.Repeat("Ein Satz über die Sache. ", 400) + "Ende."}}})
	name := filepath.Join(t.TempDir(), "kopie.pdf")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := copy.PDF(f, d); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, err := exec.CommandContext(t.Context(), tool, "-layout", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, s := range []string{"Stadt Altenwehr", "Kopie Ihres Antrags", "Büchereiausweis beantragen", "AW-26-K7Q2-M4XD", "Łukasz Ğülşen ẞabine", "Świątek-İnönü-Őrsi-Groß",
		"Verifiziert mit BundID", "Keine Angabe", "Nachweis für ẞ.pdf", "02.03.2026, 10:00 Uhr", "Online-Ausweis", "Ende.", "Seite 1 von ", "durch * ersetzt"} {
		if !strings.Contains(text, s) {
			t.Errorf("no %q in the text", s)
		}
	}
	if strings.Contains(text, "{nb}") || strings.Contains(text, "\ufffd") {
		t.Error("the text has a placeholder left or a broken letter")
	}
}

func BenchmarkPDF(b *testing.B) {
	d := document(b, "de")
	for b.Loop() {
		if err := copy.PDF(&bytes.Buffer{}, d); err != nil {
			b.Fatal(err)
		}
	}
}
