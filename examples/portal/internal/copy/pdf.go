package copy

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"
)

//go:embed fonts/FiraSans-Regular.ttf
var regular []byte

//go:embed fonts/FiraSans-SemiBold.ttf
var semibold []byte

// Measures in millimetres on A4, sizes in points.
const (
	left, top, right, bottom = 20.0, 30.0, 20.0, 22.0
	width                    = 210.0 - left - right
	labelWidth               = 62.0
	gap                      = 4.0
	textSize, smallSize      = 10.0, 8.0
	line, smallLine          = 5.0, 4.0
)

// paper draws one document.
type paper struct {
	*fpdf.Fpdf
	glyphs  glyphs
	missing bool
}

// PDF draws the document. The same document gives the same bytes. The file
// carries title and language; it is not tagged (PDF/UA), so the page of the
// copy is the accessible version.
func PDF(w io.Writer, d Document) error {
	g, err := readGlyphs(regular)
	if err != nil {
		return err
	}
	p := &paper{Fpdf: fpdf.New("P", "mm", "A4", ""), glyphs: g}
	p.SetCatalogSort(true)
	p.SetCreationDate(d.ReceivedAt.UTC().Truncate(time.Second))
	p.SetModificationDate(d.ReceivedAt.UTC().Truncate(time.Second))
	p.SetTitle(p.clean(d.Kind+": "+d.Title+" ("+d.Reference+")"), true)
	p.SetAuthor(p.clean(d.Town), true)
	p.SetSubject(p.clean(d.Title), true)
	p.SetCreator("Stadttor", true)
	p.SetProducer("Stadttor", true)
	p.SetLang(htmlLang(d.Lang))
	p.AddUTF8FontFromBytes("fira", "", regular)
	p.AddUTF8FontFromBytes("fira", "B", semibold)
	p.SetMargins(left, top, right)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(true, bottom)
	p.AliasNbPages("{nb}")
	p.frame(d)
	p.AddPage()
	p.body(d)
	if err := p.Output(w); err != nil {
		return fmt.Errorf("copy: pdf: %w", err)
	}
	return nil
}

func htmlLang(lang string) string {
	if lang == "en" {
		return "en"
	}
	return "de"
}

// frame sets what stands on every page.
func (p *paper) frame(d Document) {
	p.SetHeaderFunc(func() {
		p.SetY(12)
		p.SetTextColor(20, 24, 31)
		p.SetFont("fira", "B", 11)
		p.CellFormat(width/2, 6, p.clean(d.Town), "", 0, "L", false, 0, "")
		p.SetFont("fira", "", smallSize+1)
		p.SetTextColor(70, 76, 85)
		p.CellFormat(width/2, 6, p.clean(d.Kind), "", 0, "R", false, 0, "")
		p.SetDrawColor(20, 80, 140)
		p.SetLineWidth(0.6)
		p.Line(left, 20, left+width, 20)
		p.SetY(top - 4)
	})
	p.SetFooterFunc(func() {
		p.SetY(-15)
		p.SetFont("fira", "", smallSize)
		p.SetTextColor(70, 76, 85)
		page := strings.NewReplacer("{page}", strconv.Itoa(p.PageNo()), "{pages}", "{nb}").Replace(d.PageLabel)
		p.CellFormat(width*3/4, 5, p.clean(d.Title+" · "+d.Reference), "", 0, "L", false, 0, "")
		p.CellFormat(width/4, 5, page, "", 0, "R", false, 0, "")
	})
}

func (p *paper) body(d Document) {
	p.SetTextColor(20, 24, 31)
	p.SetFont("fira", "B", 18)
	p.MultiCell(width, 8, p.clean(d.Title), "", "L", false)
	p.Ln(3)
	p.items(d.Facts)
	for _, s := range d.Sections {
		p.heading(s.Title)
		p.items(s.Items)
	}
	p.heading(d.FilesTitle)
	p.files(d)
	p.heading(d.DeclarationTitle)
	for _, s := range d.Declaration {
		p.text("– "+s, textSize, line)
	}
	p.text(d.Privacy, textSize, line)
	p.heading(d.ProofTitle)
	p.items(d.Proof)
	p.text(d.ProofNote, smallSize, smallLine)
	if p.missing {
		p.text(d.MissingNote, smallSize, smallLine)
	}
}

// room starts a new page when h does not fit on this one.
func (p *paper) room(h float64) {
	if p.GetY()+h > 297-bottom {
		p.AddPage()
	}
}

func (p *paper) heading(s string) {
	p.room(24)
	p.Ln(4)
	p.SetTextColor(20, 80, 140)
	p.SetFont("fira", "B", 13)
	p.MultiCell(width, 7, p.clean(s), "", "L", false)
	p.SetTextColor(20, 24, 31)
	p.Ln(1)
}

func (p *paper) text(s string, size, h float64) {
	if s == "" {
		return
	}
	p.SetFont("fira", "", size)
	p.MultiCell(width, h, p.clean(s), "", "L", false)
	p.Ln(1)
}

// items draws facts and answers in two columns. A value longer than a page
// goes below its label over the whole width, where it may break.
func (p *paper) items(list []Item) {
	for _, it := range list {
		p.SetFont("fira", "B", textSize)
		labels := p.wrap(it.Label, labelWidth)
		p.SetFont("fira", "", textSize)
		values := p.wrap(it.Value, width-labelWidth-gap)
		h := float64(max(len(labels), len(values)))*line + 2
		if extra := len(it.Notes); it.Source != "" || extra > 0 {
			h += smallLine * float64(extra+1)
		}
		if h > 150 {
			p.long(it)
			continue
		}
		p.room(h)
		y := p.GetY()
		p.SetFont("fira", "B", textSize)
		p.lines(labels, left, y)
		p.SetFont("fira", "", textSize)
		if it.Empty {
			p.SetTextColor(90, 96, 105)
		}
		p.lines(values, left+labelWidth+gap, y)
		p.SetTextColor(20, 24, 31)
		p.SetXY(left, y+float64(max(len(labels), len(values)))*line)
		p.remarks(it, left+labelWidth+gap)
		p.rule()
	}
}

func (p *paper) long(it Item) {
	p.room(20)
	p.SetFont("fira", "B", textSize)
	p.MultiCell(width, line, p.clean(it.Label), "", "L", false)
	p.SetFont("fira", "", textSize)
	for _, l := range p.wrap(it.Value, width) {
		p.CellFormat(width, line, l, "", 1, "L", false, 0, "")
	}
	p.remarks(it, left)
	p.rule()
}

func (p *paper) remarks(it Item, x float64) {
	p.SetFont("fira", "", smallSize)
	p.SetTextColor(70, 76, 85)
	for _, s := range append([]string{it.Source}, it.Notes...) {
		if s == "" {
			continue
		}
		p.SetX(x)
		p.MultiCell(left+width-x, smallLine, p.clean(s), "", "L", false)
	}
	p.SetTextColor(20, 24, 31)
}

func (p *paper) rule() {
	y := p.GetY() + 1
	p.SetDrawColor(205, 209, 215)
	p.SetLineWidth(0.2)
	p.Line(left, y, left+width, y)
	p.SetXY(left, y+1.5)
}

func (p *paper) lines(list []string, x, y float64) {
	for i, s := range list {
		p.SetXY(x, y+float64(i)*line)
		p.CellFormat(0, line, s, "", 0, "L", false, 0, "")
	}
}

func (p *paper) files(d Document) {
	if len(d.Files) == 0 {
		p.text(d.NoFiles, textSize, line)
		return
	}
	for _, f := range d.Files {
		p.room(14)
		p.SetFont("fira", "", textSize)
		p.MultiCell(width, line, p.clean(f.Name+" ("+f.Size+")"), "", "L", false)
		p.SetFont("fira", "", smallSize)
		p.SetTextColor(70, 76, 85)
		p.MultiCell(width, smallLine, p.clean(d.HashLabel+": "+f.SHA256), "", "L", false)
		p.SetTextColor(20, 24, 31)
		p.rule()
	}
}

// wrap divides a text into lines that fit; words that are too long are cut.
func (p *paper) wrap(s string, w float64) []string {
	var out []string
	for _, para := range strings.Split(p.clean(s), "\n") {
		cur := ""
		for _, word := range strings.Split(para, " ") {
			for p.GetStringWidth(word) > w {
				if cur != "" {
					out, cur = append(out, cur), ""
				}
				n := p.fit(word, w)
				out, word = append(out, word[:n]), word[n:]
			}
			next := word
			if cur != "" {
				next = cur + " " + word
			}
			if p.GetStringWidth(next) > w {
				out, cur = append(out, cur), word
				continue
			}
			cur = next
		}
		out = append(out, cur)
	}
	return out
}

// fit returns how many bytes of a word fit into a width, at least one letter.
func (p *paper) fit(word string, w float64) int {
	sum := 0.0
	for i, r := range word {
		sum += p.GetStringWidth(string(r))
		if sum > w && i > 0 {
			return i
		}
	}
	return len(word)
}

// clean makes a text drawable: composed letters, spaces instead of tabs and
// carriage returns, and a sign for what the font does not have.
func (p *paper) clean(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(norm.NFC.String(s), "\r\n", "\n"), "\t", " ")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || p.glyphs.has(r):
			return r
		case r == '\r' || r < ' ':
			return ' '
		case r == '\u200b' || r == '\u00ad':
			return -1
		}
		p.missing = true
		return '*'
	}, s)
}
