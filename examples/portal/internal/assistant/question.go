package assistant

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Question is one field as a page shows it.
type Question struct {
	Field *Field
	// Visible is false for a question that depends on an answer of the same
	// page; the page may draw it for a script to reveal, or leave it out.
	Visible bool
	Answer  Answer
	// Locked questions are shown as text with their origin, without an input.
	Locked bool
	// Consequences are the texts to show with the answer.
	Consequences []Text
}

// Questions returns the fields of a step, or of one item of a group step, in
// their order with the present answers. It returns nil when the step is not
// visible. An unknown item gives the empty questions of a new one.
func (d *Definition) Questions(a Answers, step, item string, today time.Time) []Question {
	a = d.prune(a, today)
	st := d.Step(step)
	if st == nil || !scopeOf(a, nil, today).holds(st.When) {
		return nil
	}
	values, sc := a.Values, scopeOf(a, nil, today)
	if st.Group != nil {
		it, _ := a.Item(st.Group.ID, item)
		values, sc = it.Values, scopeOf(a, it.Values, today)
	}
	out := make([]Question, 0, len(st.Fields))
	for i := range st.Fields {
		f := &st.Fields[i]
		q := Question{Field: f, Visible: sc.holds(f.When), Answer: values[f.ID]}
		q.Locked = f.Locked(q.Answer, today)
		if q.Visible {
			q.Consequences = f.consequences(sc)
		}
		out = append(out, q)
	}
	return out
}

func (f *Field) consequences(sc scope) []Text {
	var out []Text
	for i := range f.Consequences {
		if sc.holds(&f.Consequences[i].When) {
			out = append(out, f.Consequences[i].Text)
		}
	}
	return out
}

// Form returns what the inputs of the question show, by their names; posting it
// unchanged gives the same answer.
func (q Question) Form() url.Values {
	keys, out := q.Field.Keys(), url.Values{}
	a := q.Answer
	switch {
	case a.IsEmpty() || a.Kind == KindFiles:
	case q.Field.Type == TypeDate:
		parts := dateParts(a.Text)
		if t, ok := a.day(); ok && a.Kind == KindDate {
			parts = [3]string{strconv.Itoa(t.Day()), strconv.Itoa(int(t.Month())), t.Format("2006")}
		}
		for i, k := range keys {
			out.Set(k, parts[i])
		}
	case a.Kind == KindOptions:
		out[keys[0]] = append([]string(nil), a.Options...)
	case a.Kind == KindBool && a.Bool:
		out.Set(keys[0], "yes")
	case a.Kind == KindBool:
		out.Set(keys[0], "no")
	case a.Kind == KindMoney:
		out.Set(keys[0], strings.Replace(plainMoney(a.Cents), ".", ",", 1))
	case a.Kind == KindNumber:
		out.Set(keys[0], strings.Replace(a.Text, ".", ",", 1))
	default:
		out.Set(keys[0], a.Text)
	}
	return out
}

// Input returns what one input shows, for instance "person.geburtsdatum.day".
func (q Question) Input(key string) string { return q.Form().Get(key) }

// Chosen reports whether the option is chosen; for yesno and consent the values
// are "yes" and "no".
func (q Question) Chosen(value string) bool {
	for _, v := range q.Form()[q.Field.ID] {
		if v == value {
			return true
		}
	}
	return false
}
