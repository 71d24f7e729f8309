package fachsim

import (
	"bytes"
	"fmt"
	"strings"
)

// plainPDF writes one page of text: a Bescheid to try things out with. Letters
// outside of Windows-1252 become question marks.
func plainPDF(title string, lines []string) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "BT /F1 16 Tf 70 770 Td (%s) Tj /F1 11 Tf 0 -30 Td 15 TL\n", pdfText(title))
	for _, l := range lines {
		for _, part := range wrapped(l, 84) {
			fmt.Fprintf(&text, "(%s) Tj T*\n", pdfText(part))
		}
	}
	text.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R /Lang (de-DE) >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()),
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return out.Bytes()
}

// pdfText is a string of a content stream: Latin 1 is the same in Windows-1252,
// and a few signs have another place there.
func pdfText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '(' || r == ')' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '€':
			b.WriteString("\\200")
		case r == '„':
			b.WriteString("\\204")
		case r == '“':
			b.WriteString("\\223")
		case r == '–':
			b.WriteString("\\226")
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r >= 0xa0 && r <= 0xff:
			fmt.Fprintf(&b, "\\%03o", r)
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// wrapped breaks a line at spaces.
func wrapped(line string, width int) []string {
	out := []string{""}
	for _, w := range strings.Fields(line) {
		last := &out[len(out)-1]
		switch {
		case *last == "":
			*last = w
		case len([]rune(*last))+1+len([]rune(w)) <= width:
			*last += " " + w
		default:
			out = append(out, w)
		}
	}
	return out
}
