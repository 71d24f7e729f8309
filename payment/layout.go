package payment

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Field names what a column of a booking file holds.
type Field string

// The fields of a booking file. There is one row for each line of a booking.
const (
	FieldBatch       Field = "batch"        // number of the file
	FieldPosition    Field = "position"     // of the booking in the file, from 1
	FieldLine        Field = "line"         // of the line in the booking, from 1
	FieldLines       Field = "lines"        // how many lines the booking has
	FieldBooking     Field = "booking"      // id of the booking
	FieldOrder       Field = "order"        // id of the order
	FieldReference   Field = "reference"    // of the case
	FieldRef         Field = "ref"          // Kassenzeichen
	FieldTenant      Field = "tenant"       // whom the provider acts for
	FieldProcedure   Field = "procedure"    // what the provider calls the kind of payment
	FieldMethod      Field = "method"       // how it was paid
	FieldProviderRef Field = "provider-ref" // the provider's id of the payment
	FieldTxID        Field = "txid"         // our id of the payment at the provider
	FieldAccount     Field = "account"      // of the line
	FieldText        Field = "text"         // of the line
	FieldAmount      Field = "amount"       // of the line, with the decimal sign
	FieldMinor       Field = "minor"        // of the line, in cents
	FieldTotal       Field = "total"        // of the booking, with the decimal sign
	FieldCurrency    Field = "currency"     // ISO 4217
	FieldPaid        Field = "paid"         // date of the payment
	FieldYear        Field = "year"         // calendar year of the payment
	FieldCreated     Field = "created"      // date of the booking
	FieldConstant    Field = "constant"     // the Text of the column
)

func (f Field) known() bool {
	switch f {
	case FieldBatch, FieldPosition, FieldLine, FieldLines, FieldBooking, FieldOrder, FieldReference, FieldRef, FieldTenant,
		FieldProcedure, FieldMethod, FieldProviderRef, FieldTxID, FieldAccount, FieldText, FieldAmount, FieldMinor,
		FieldTotal, FieldCurrency, FieldPaid, FieldYear, FieldCreated, FieldConstant:
		return true
	}
	return false
}

// Charset names how the characters of a file are written.
type Charset string

// The charsets of files. What Windows-1252 lacks is written without accents,
// else as a question mark.
const (
	CharsetUTF8        Charset = "UTF-8"
	CharsetWindows1252 Charset = "windows-1252"
)

// Column is one column of a file.
type Column struct {
	Title string // in the header line
	Field Field
	Text  string // for FieldConstant
}

// Layout is how an administration wants its booking files: CSV, since most
// finance systems import what is defined for them.
type Layout struct {
	Name      string // of the file; the number of the batch and ".csv" follow
	Digits    int    // of the number in the name, with leading zeros
	Columns   []Column
	Separator rune           // between fields
	Decimal   rune           // in amounts
	Date      string         // pattern, as of package time
	Location  *time.Location // of dates; nil: UTC
	CRLF      bool           // line ends of Windows
	Charset   Charset
	Header    bool   // first line with the titles
	Trailer   string // if set, the last line: this, then the number of bookings, of rows, and the sum
}

// DefaultLayout has the fields that a booking needs, for a spreadsheet or the
// import of a finance system in Germany: semicolons, decimal commas, dates like
// 31.12.2026 in UTC, header and trailer, UTF-8.
func DefaultLayout() Layout {
	return Layout{
		Name: "buchungen-", Digits: 6, Separator: ';', Decimal: ',', Date: "02.01.2006", CRLF: true,
		Charset: CharsetUTF8, Header: true, Trailer: "SUMME",
		Columns: []Column{
			{Title: "Datei", Field: FieldBatch}, {Title: "Satz", Field: FieldPosition}, {Title: "Zeile", Field: FieldLine},
			{Title: "Kassenzeichen", Field: FieldRef}, {Title: "Konto", Field: FieldAccount}, {Title: "Betrag", Field: FieldAmount},
			{Title: "Waehrung", Field: FieldCurrency}, {Title: "Buchungstext", Field: FieldText}, {Title: "Vorgang", Field: FieldReference},
			{Title: "Zahldatum", Field: FieldPaid}, {Title: "Haushaltsjahr", Field: FieldYear}, {Title: "Mandant", Field: FieldTenant},
			{Title: "Verfahren", Field: FieldProcedure}, {Title: "Zahlart", Field: FieldMethod}, {Title: "Zahlungsnummer", Field: FieldProviderRef},
			{Title: "Buchung", Field: FieldBooking},
		},
	}
}

// Check refuses layouts that no file can be written with. The error is an
// *InvalidError.
func (l Layout) Check() error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"layout.name", l.Name != "" && keep(l.Name, plainCharacters+"_.") == l.Name && !strings.ContainsAny(l.Name, " ")},
		{"layout.digits", l.Digits >= 0 && l.Digits <= 18},
		{"layout.columns", len(l.Columns) > 0 && len(l.Columns) <= 200},
		{"layout.separator", l.Separator == '\t' || (l.Separator >= ' ' && l.Separator < 0x7f && !strings.ContainsRune(`"-+.`, l.Separator) && !alphanumeric(l.Separator))},
		{"layout.decimal", (l.Decimal == ',' || l.Decimal == '.') && l.Decimal != l.Separator},
		{"layout.date", l.Date != ""},
		{"layout.charset", l.Charset == CharsetUTF8 || l.Charset == CharsetWindows1252},
	} {
		if !c.ok {
			return &InvalidError{Field: c.field, Rule: RuleSyntax}
		}
	}
	for _, c := range l.Columns {
		if !c.Field.known() {
			return &InvalidError{Field: "layout.columns", Rule: RuleUnknown}
		}
	}
	return nil
}

func alphanumeric(r rune) bool {
	return (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
}

// write makes the file of a batch. The same bookings give the same bytes.
func (l Layout) write(b Batch, bookings []Booking) (File, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.Comma, w.UseCRLF = l.Separator, l.CRLF
	if l.Header {
		titles := make([]string, len(l.Columns))
		for i, c := range l.Columns {
			titles[i] = inert(c.Title)
		}
		if err := w.Write(titles); err != nil {
			return File{}, fmt.Errorf("payment: writing a booking file: %w", err)
		}
	}
	rows := 0
	sum := Money{Currency: b.Sum.Currency}
	for _, k := range bookings {
		for i, line := range k.Lines {
			row := make([]string, len(l.Columns))
			for j, c := range l.Columns {
				row[j] = l.value(c, k, i)
			}
			if err := w.Write(row); err != nil {
				return File{}, fmt.Errorf("payment: writing a booking file: %w", err)
			}
			var err error
			if sum, err = sum.Add(line.Amount); err != nil {
				return File{}, err
			}
			rows++
		}
	}
	if sum != b.Sum || len(bookings) != b.Count {
		return File{}, &MismatchError{Want: b.Sum, Got: sum}
	}
	if l.Trailer != "" {
		if err := w.Write([]string{inert(l.Trailer), strconv.Itoa(b.Count), strconv.Itoa(rows), l.amount(sum)}); err != nil {
			return File{}, fmt.Errorf("payment: writing a booking file: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return File{}, fmt.Errorf("payment: writing a booking file: %w", err)
	}
	f := File{Name: fmt.Sprintf("%s%0*d.csv", l.Name, l.Digits, b.Number), MediaType: "text/csv; charset=" + strings.ToLower(string(l.Charset))}
	f.Content = buf.Bytes()
	if l.Charset == CharsetWindows1252 {
		f.Content = windows1252(buf.String())
	}
	return f, nil
}

// value is one field of a row.
func (l Layout) value(c Column, k Booking, line int) string {
	at := k.Lines[line]
	switch c.Field {
	case FieldBatch:
		return strconv.FormatInt(k.Batch, 10)
	case FieldPosition:
		return strconv.Itoa(k.Position)
	case FieldLine:
		return strconv.Itoa(line + 1)
	case FieldLines:
		return strconv.Itoa(len(k.Lines))
	case FieldAmount:
		return l.amount(at.Amount)
	case FieldMinor:
		return strconv.FormatInt(at.Amount.Minor, 10)
	case FieldTotal:
		return l.amount(k.Total)
	case FieldCurrency:
		return k.Total.Currency
	case FieldPaid:
		return l.date(k.PaidAt, l.Date)
	case FieldYear:
		return l.date(k.PaidAt, "2006")
	case FieldCreated:
		return l.date(k.CreatedAt, l.Date)
	}
	return inert(map[Field]string{
		FieldBooking: k.ID, FieldOrder: string(k.Order), FieldReference: k.Reference, FieldRef: k.Ref, FieldTenant: k.Tenant,
		FieldProcedure: k.Procedure, FieldMethod: k.Method, FieldProviderRef: k.ProviderRef, FieldTxID: k.TxID,
		FieldAccount: at.Account, FieldText: at.Text, FieldConstant: c.Text,
	}[c.Field])
}

func (l Layout) date(t time.Time, pattern string) string {
	if t.IsZero() {
		return ""
	}
	if l.Location != nil {
		return t.In(l.Location).Format(pattern)
	}
	return t.UTC().Format(pattern)
}

func (l Layout) amount(m Money) string {
	number, _, _ := strings.Cut(m.String(), " ")
	return strings.Replace(number, ".", string(l.Decimal), 1)
}

// inert writes a text so that no spreadsheet takes it for a formula, and on one
// line. Blanks and invisible characters may hide the sign, and there are wide
// forms of it.
func inert(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	visible := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf) })
	if first, _ := utf8.DecodeRuneInString(visible); strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20\u2212", first) && visible != "" {
		return "'" + s
	}
	return s
}

// windows1252 writes a text in that charset.
func windows1252(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		switch b, known := windows[r]; {
		case r < 0x80, r >= 0xa0 && r <= 0xff:
			out = append(out, byte(r))
		case known:
			out = append(out, b)
		case transliterate(r) != "":
			out = append(out, transliterate(r)...)
		default:
			out = append(out, '?')
		}
	}
	return out
}

// windows are the characters that Windows-1252 has where ISO 8859-1 has control
// characters.
var windows = map[rune]byte{
	'\u20ac': 0x80, '\u201a': 0x82, '\u0192': 0x83, '\u201e': 0x84, '\u2026': 0x85, '\u2020': 0x86, '\u2021': 0x87,
	'\u02c6': 0x88, '\u2030': 0x89, '\u0160': 0x8a, '\u2039': 0x8b, '\u0152': 0x8c, '\u017d': 0x8e, '\u2018': 0x91,
	'\u2019': 0x92, '\u201c': 0x93, '\u201d': 0x94, '\u2022': 0x95, '\u2013': 0x96, '\u2014': 0x97, '\u02dc': 0x98,
	'\u2122': 0x99, '\u0161': 0x9a, '\u203a': 0x9b, '\u0153': 0x9c, '\u017e': 0x9e, '\u0178': 0x9f,
}
