package seed

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// letter draws a one-page PDF as an attachment of a seeded case. It says that
// it is a sample, so that nobody takes it for a document.
func letter(name, from, to, reference, body string, at time.Time) ([]byte, error) {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCatalogSort(true)
	p.SetCreationDate(at.UTC().Truncate(time.Second))
	p.SetModificationDate(at.UTC().Truncate(time.Second))
	p.SetLang("de")
	title := strings.ReplaceAll(strings.TrimSuffix(name, path.Ext(name)), "-", " ")
	p.SetTitle(title, true)
	p.SetMargins(25, 25, 25)
	p.AddPage()
	// The fonts of every reader know Latin-1 only; other letters become dots.
	plain := p.UnicodeTranslatorFromDescriptor("")
	write := func(style string, size, gap float64, text string) {
		p.SetFont("Helvetica", style, size)
		p.MultiCell(0, size*0.5, plain(text), "", "L", false)
		p.Ln(gap)
	}
	write("B", 11, 2, "MUSTER – Schriftstück der Demo-Stadt, ohne Rechtswirkung")
	write("", 10, 8, from)
	write("", 10, 8, to)
	write("", 10, 6, at.In(berlin).Format("02.01.2006")+"\nAktenzeichen "+reference)
	write("B", 13, 4, title)
	write("", 10, 0, body)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("seed: %s: %w", name, err)
	}
	return out.Bytes(), nil
}
