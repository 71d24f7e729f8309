package assistant

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxKept is the longest text in bytes that is kept to be corrected.
const maxKept = 64 << 10

// fault is a [FieldError] without its place.
type fault struct {
	code   Code
	params map[string]string
}

func params(kv ...any) map[string]string {
	out := make(map[string]string, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		out[fmt.Sprint(kv[i])] = fmt.Sprint(kv[i+1])
	}
	return out
}

// clean brings foreign text into the one form that is stored, or refuses it.
// Characters that people cannot see and do not mean are removed; those that can
// turn text around on the screen are refused like control characters.
func clean(s string, lines bool) (string, *fault) {
	if !utf8.ValidString(s) {
		return "", &fault{code: CodeNotUTF8}
	}
	if len(s) > maxKept {
		return "", &fault{CodeTooLong, params("max", maxKept, "length", utf8.RuneCountInString(s))}
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t' || (unicode.Is(unicode.Zs, r) && r != ' '):
			b.WriteByte(' ')
		case r == '\n' && lines:
			b.WriteRune(r)
		case r == '\u00ad' || r == '\u200b' || r == '\ufeff':
		case unicode.Is(unicode.Cc, r), r == '\u2028', r == '\u2029',
			r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r >= '\ufdd0' && r <= '\ufdef', r&0xfffe == 0xfffe:
			return "", &fault{code: CodeControl}
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(norm.NFC.String(b.String())), nil
}

// read turns what was posted into an answer. A zero Answer means nothing was
// entered. It finds only what cannot be read at all; whether an answer is
// acceptable is for [Field.check].
func (f *Field) read(form map[string][]string) (Answer, *fault) {
	keys := f.Keys()
	if f.Type == TypeCheckboxes {
		return f.readOptions(form[keys[0]])
	}
	var parts [3]string
	for i, k := range keys {
		s, p := clean(first(form[k]), f.Type == TypeTextarea)
		if p != nil {
			return Answer{}, p
		}
		parts[i] = s
	}
	if f.Type == TypeDate {
		return f.readDate(parts), nil
	}
	return f.readText(parts[0])
}

func first(v []string) string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

func (f *Field) readDate(parts [3]string) Answer {
	for i := range parts {
		// People write "3."; the dot divides the parts of a raw date.
		parts[i] = strings.ReplaceAll(strings.Trim(parts[i], ". "), ".", "-")
	}
	if parts == [3]string{} {
		return Answer{}
	}
	if day, ok := readDate(parts); ok {
		return Answer{Kind: KindDate, Text: day.Format(isoDay)}
	}
	return Answer{Kind: KindRaw, Text: strings.Join(parts[:], ".")}
}

func (f *Field) readOptions(posted []string) (Answer, *fault) {
	chosen := make(map[string]bool, len(posted))
	for _, v := range posted {
		if v == "" {
			continue // the hidden input that makes "none" posted
		}
		if _, ok := f.Option(v); !ok {
			return Answer{}, &fault{code: CodeOption}
		}
		chosen[v] = true
	}
	if len(chosen) == 0 {
		return Answer{}, nil
	}
	a := Answer{Kind: KindOptions}
	for _, o := range f.Options {
		if chosen[o.Value] {
			a.Options = append(a.Options, o.Value)
		}
	}
	return a, nil
}

// readText reads the value of the types with one input.
func (f *Field) readText(s string) (Answer, *fault) {
	if s == "" {
		return Answer{}, nil
	}
	text := func(s string) (Answer, *fault) {
		if s == "" { // only characters that do not count were entered
			return Answer{}, nil
		}
		return Answer{Kind: KindText, Text: s}, nil
	}
	raw := Answer{Kind: KindRaw, Text: s}
	switch f.Type {
	case TypeYesNo, TypeConsent:
		if s != "yes" && s != "no" {
			return Answer{}, &fault{code: CodeOption}
		}
		if f.Type == TypeConsent && s == "no" {
			return Answer{}, nil
		}
		return Answer{Kind: KindBool, Bool: s == "yes"}, nil
	case TypeRadio, TypeSelect, TypeLookup:
		if _, ok := f.Option(s); !ok {
			return Answer{}, &fault{code: CodeOption}
		}
	case TypePlace:
		s = strings.ReplaceAll(s, " ", "")
		if !digits(s, 8, 12) {
			return Answer{}, &fault{code: CodeOption}
		}
	case TypeNumber:
		d, places, ok := readDecimal(s)
		if !ok || places > f.Decimals {
			return raw, nil
		}
		return Answer{Kind: KindNumber, Text: d.String()}, nil
	case TypeMoney:
		d, places, ok := readDecimal(trimMoneySigns(s))
		if !ok || places > 2 {
			return raw, nil
		}
		return Answer{Kind: KindMoney, Cents: cents(d)}, nil
	case TypeText:
		if f.Compact {
			s = without(s, ".-/")
		}
	case TypeIBAN:
		return text(normalIBAN(s))
	case TypeEmail:
		return text(normalEmail(s))
	case TypePhone:
		return text(normalPhone(s))
	case TypePostcode:
		return text(normalPostcode(s))
	}
	return text(s)
}

// check says what is wrong with an answer to a visible field, nil when nothing.
func (f *Field) check(a Answer, today time.Time) *fault {
	if a.IsEmpty() || (f.Type == TypeConsent && !a.Bool) {
		if f.Required {
			return &fault{code: CodeRequired}
		}
		return nil
	}
	if a.Kind == KindRaw {
		return f.checkRaw(a, today)
	}
	if f.Type == TypeLookup {
		return f.checkLookup(a)
	}
	if a.Kind != f.Type.kind() {
		return &fault{code: CodeRequired} // the type changed between two versions
	}
	switch f.Type {
	case TypeNumber, TypeMoney:
		n, ok := a.number()
		if !ok {
			return &fault{CodeNumber, params("decimals", f.Decimals)}
		}
		return f.checkRange(n)
	case TypeDate:
		return f.checkDate(a, today)
	case TypeCheckboxes:
		return f.checkCount(a)
	case TypeFile:
		return f.checkFiles(a.Files)
	case TypeRadio, TypeSelect:
		if _, ok := f.Option(a.Text); !ok {
			return &fault{code: CodeOption}
		}
	case TypePlace:
		if _, listed := f.Option(a.Text); !digits(a.Text, 8, 12) || (len(f.Options) > 0 && !listed) {
			return &fault{code: CodeOption}
		}
	case TypeYesNo, TypeConsent:
	default:
		return f.checkText(a.Text)
	}
	return nil
}

func (f *Field) checkRaw(a Answer, today time.Time) *fault {
	switch f.Type {
	case TypeDate:
		if last, ok := lastPossible(a.Text); ok && f.Partial {
			return f.partialRange(last, a.Text, today)
		}
		return &fault{code: CodeDateInvalid}
	case TypeMoney:
		return &fault{CodeNumber, params("decimals", 2)}
	case TypeNumber:
		return &fault{CodeNumber, params("decimals", f.Decimals)}
	}
	return &fault{code: CodePattern}
}

// partialRange refuses a partial date only when none of its days is allowed.
func (f *Field) partialRange(last time.Time, raw string, today time.Time) *fault {
	begin := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	if dateParts(raw)[1] == "" {
		begin = time.Date(last.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if p := f.dateRange(begin, today); p != nil && p.code != CodeDatePast {
		return p
	}
	if p := f.dateRange(last, today); p != nil && p.code == CodeDatePast {
		return p
	}
	return nil
}

func (f *Field) checkText(s string) *fault {
	if n := utf8.RuneCountInString(s); n > f.Limit() {
		return &fault{CodeTooLong, params("max", f.Limit(), "length", n)}
	}
	bad := false
	var code Code
	switch f.Type {
	case TypeIBAN:
		bad, code = !validIBAN(s), CodeIBAN
	case TypeEmail:
		bad, code = !validEmail(s), CodeEmail
	case TypePhone:
		bad, code = !validPhone(s), CodePhone
	case TypePostcode:
		bad, code = !validPostcode(s), CodePostcode
	default:
		bad, code = f.pattern != nil && !f.pattern.MatchString(s), CodePattern
	}
	if bad {
		return &fault{code: code}
	}
	return nil
}

func (f *Field) checkRange(n decimal) *fault {
	p := &fault{CodeRange, map[string]string{}}
	bad := false
	if lo, ok := parseDecimal(f.Min); ok {
		p.params["min"] = f.Min
		bad = n < lo
	}
	if hi, ok := parseDecimal(f.Max); ok {
		p.params["max"] = f.Max
		bad = bad || n > hi
	}
	if bad {
		return p
	}
	return nil
}

func (f *Field) checkDate(a Answer, today time.Time) *fault {
	day, ok := a.day()
	if !ok {
		return &fault{code: CodeDateInvalid}
	}
	return f.dateRange(day, today)
}

// dateRange calls a day outside the bounds too late or too early when the bound
// moves with today, and out of range otherwise.
func (f *Field) dateRange(day, today time.Time) *fault {
	if hi, err := dateExpr(f.Max, today); err == nil && day.After(hi) {
		code := CodeRange
		if strings.HasPrefix(f.Max, "today") {
			code = CodeDateFuture
		}
		return &fault{code, params("max", hi.Format(isoDay))}
	}
	if lo, err := dateExpr(f.Min, today); err == nil && day.Before(lo) {
		code := CodeRange
		if strings.HasPrefix(f.Min, "today") {
			code = CodeDatePast
		}
		return &fault{code, params("min", lo.Format(isoDay))}
	}
	return nil
}

func (f *Field) checkCount(a Answer) *fault {
	for _, v := range a.Options {
		if _, ok := f.Option(v); !ok {
			return &fault{code: CodeOption}
		}
	}
	n := fromCents(int64(len(a.Options)) * 100)
	if lo, ok := parseDecimal(f.Min); ok && n < lo {
		return &fault{CodeTooFew, params("min", f.Min)}
	}
	if hi, ok := parseDecimal(f.Max); ok && n > hi {
		return &fault{CodeTooMany, params("max", f.Max)}
	}
	return nil
}

func (t Type) kind() Kind {
	switch t {
	case TypeNumber:
		return KindNumber
	case TypeMoney:
		return KindMoney
	case TypeDate:
		return KindDate
	case TypeYesNo, TypeConsent:
		return KindBool
	case TypeCheckboxes:
		return KindOptions
	case TypeFile:
		return KindFiles
	}
	return KindText
}
