package assistant

import (
	"strconv"
	"strings"
	"time"
)

// PlaceName names the municipality of an area key; nil shows the key.
type PlaceName func(key string) (name string, ok bool)

// Section is one block of the summary: a step, or one item of a group.
type Section struct {
	Step  string
	Item  string // id of the item, "" outside a group
	Index int    // place of the item from 0, -1 outside a group
	Title string
	Items []SummaryItem
}

// SummaryItem is one answered or unanswered question.
type SummaryItem struct {
	Step   string // with Item and Index where the change link leads
	Item   string
	Index  int // -1 outside a group
	Field  string
	Label  string
	Value  string // for people; several lines are divided by "\n"
	Empty  bool   // Value is the word for "no answer"
	Files  []File
	Origin Origin // Source is "" when Empty
	Locked bool   // no change link
	// Notes are the consequences that hold, as text.
	Notes []string
}

// Summary returns all visible questions with their answers for the person to
// check. It can be called whether or not the answers are complete. A group
// without items gives one section without entries.
func (d *Definition) Summary(a Answers, l Lang, today time.Time, places PlaceName) []Section {
	a = d.prune(a, today)
	var out []Section
	for i := range d.Steps {
		st := &d.Steps[i]
		if !scopeOf(a, nil, today).holds(st.When) {
			continue
		}
		sec := Section{Step: st.ID, Index: -1, Title: st.Title.In(l)}
		if st.Group == nil {
			sec.fill(st, scopeOf(a, nil, today), a.Values, l, places)
			out = append(out, sec)
			continue
		}
		for n, it := range a.Groups[st.Group.ID] {
			s := Section{Step: st.ID, Item: it.ID, Index: n, Title: st.Group.ItemTitle.In(l) + " " + strconv.Itoa(n+1)}
			s.fill(st, scopeOf(a, it.Values, today), it.Values, l, places)
			out = append(out, s)
		}
		if len(a.Groups[st.Group.ID]) == 0 {
			out = append(out, sec)
		}
	}
	return out
}

func (s *Section) fill(st *Step, sc scope, values map[string]Answer, l Lang, places PlaceName) {
	for i := range st.Fields {
		f := &st.Fields[i]
		if !sc.holds(f.When) {
			continue
		}
		a := values[f.ID]
		label := f.Label
		if len(f.Short) > 0 {
			label = f.Short
		}
		it := SummaryItem{Step: s.Step, Item: s.Item, Index: s.Index, Field: f.ID, Label: label.In(l),
			Value: f.Display(a, l, places), Files: a.Files, Locked: f.Locked(a, sc.today)}
		if it.Value == "" {
			it.Value, it.Empty = words[l].orGerman().none, true
		} else {
			it.Origin = a.Origin
		}
		for _, t := range f.consequences(sc) {
			it.Notes = append(it.Notes, t.In(l))
		}
		s.Items = append(s.Items, it)
	}
}

// wordSet holds the few words that are part of a formatted value.
type wordSet struct{ yes, no, none string }

func (w wordSet) orGerman() wordSet {
	if w.yes == "" {
		return words[German]
	}
	return w
}

var words = map[Lang]wordSet{
	German:  {"Ja", "Nein", "Keine Angabe"},
	English: {"Yes", "No", "Not provided"},
	Simple:  {"Ja", "Nein", "Keine Angabe"},
}

// Display formats an answer for people in the language, "" when there is none.
func (f *Field) Display(a Answer, l Lang, places PlaceName) string {
	w := words[l].orGerman()
	switch a.Kind {
	case "", KindEmpty:
		if f.Type == TypeConsent {
			return w.no
		}
		return ""
	case KindBool:
		if a.Bool {
			return w.yes
		}
		return w.no
	case KindDate:
		return displayDate(a, l)
	case KindMoney:
		return FormatMoney(a.Cents, l)
	case KindNumber:
		return group(a.Text, l)
	case KindOptions:
		return f.labels(a.Options, l)
	case KindFiles:
		names := make([]string, len(a.Files))
		for i, file := range a.Files {
			names[i] = file.Name
		}
		return strings.Join(names, "\n")
	case KindRecord:
		return a.Label
	case KindRaw:
		if f.Type == TypeDate {
			return displayRawDate(a.Text, l)
		}
		return a.Text
	}
	switch f.Type {
	case TypeRadio, TypeSelect, TypeLookup:
		return f.labels([]string{a.Text}, l)
	case TypePlace:
		if o, ok := f.Option(a.Text); ok {
			return o.Label.In(l)
		}
		if places != nil {
			if name, ok := places(a.Text); ok {
				return name
			}
		}
	case TypeIBAN:
		return inFours(a.Text)
	}
	return a.Text
}

func (f *Field) labels(values []string, l Lang) string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if o, ok := f.Option(v); ok {
			v = o.Label.In(l)
		}
		out = append(out, v)
	}
	return strings.Join(out, "\n")
}

func displayDate(a Answer, l Lang) string {
	t, ok := a.day()
	switch {
	case !ok:
		return a.Text
	case l == English:
		return t.Format("2 January 2006")
	}
	return t.Format("02.01.2006")
}

// displayRawDate shows a partial date as month and year, and a date that cannot
// be read as it was entered.
func displayRawDate(raw string, l Lang) string {
	t, ok := lastPossible(raw)
	switch {
	case !ok:
		return strings.Trim(raw, ".")
	case dateParts(raw)[1] == "":
		return t.Format("2006")
	case l == English:
		return t.Format("January 2006")
	}
	return t.Format("01.2006")
}

// FormatMoney formats an amount in cents: "1.234,50 €", in English "€1,234.50".
// The space is a no-break space.
func FormatMoney(c int64, l Lang) string {
	s := group(plainMoney(c), l)
	if l != English {
		return s + "\u00a0€"
	}
	if r, neg := strings.CutPrefix(s, "-"); neg {
		return "-€" + r
	}
	return "€" + s
}

// group writes a plain decimal with the separators of the language.
func group(s string, l Lang) string {
	sep, point := ".", ","
	if l == English {
		sep, point = ",", "."
	}
	sign := ""
	if r, neg := strings.CutPrefix(s, "-"); neg {
		s, sign = r, "-"
	}
	whole, frac, hasFrac := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + sep + whole[i:]
	}
	if hasFrac {
		whole += point + frac
	}
	return sign + whole
}

func inFours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
