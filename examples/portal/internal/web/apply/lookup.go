package apply

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
)

// Person is who is looked up in a register: verified attributes of the present
// login, never anything that was typed. Some people have one name only, and of
// some the day of birth is not known: then parts of Birth are zeros.
type Person struct{ FamilyName, GivenNames, Birth string }

// lookupTime is how long a person waits for a register at most.
const lookupTime = 3 * time.Second

// lookupLevel is the trust level that each of the attributes must have.
const lookupLevel = 3

// verified returns the person of the present login; ok is false when the login,
// the family name or the birth date is not trusted enough.
func verified(level int, attrs []konto.Attribute) (Person, bool) {
	get := func(name string) string {
		for _, a := range attrs {
			if a.Name == name && a.Level >= lookupLevel {
				return strings.TrimSpace(a.Value)
			}
		}
		return ""
	}
	who := Person{FamilyName: get(bundid.AttrSurname), GivenNames: get(bundid.AttrGivenName), Birth: birthOf(get(bundid.AttrBirthdate))}
	return who, level >= lookupLevel && who.FamilyName != "" && who.Birth != ""
}

// birthOf writes a birth date of which parts may be unknown as 1958-00-00.
func birthOf(s string) string {
	if len(s) == len("1958") || len(s) == len("1958-05") {
		s += "-00-00"[:len(time.DateOnly)-len(s)]
	}
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' || strings.Trim(s, "0123456789-") != "" {
		return ""
	}
	return s
}

// subject stands for the person of the present login in the answers of this
// draft; empty when the login says too little.
func (v *visit) subject() string {
	if v.person == (Person{}) {
		return ""
	}
	return assistant.Subject(v.draft.ID, v.person.FamilyName, v.person.GivenNames, v.person.Birth)
}

// lookUp asks the register of a field about the person of the present login.
// What is asked and what comes back is not logged.
func (p *Pages) lookUp(v *visit, f *assistant.Field) assistant.Lookup {
	out := assistant.Lookup{State: assistant.LookupWeak, Subject: v.subject()}
	if out.Subject == "" {
		return out
	}
	if p.LookUp == nil {
		out.State = assistant.LookupFailed
		return out
	}
	ctx, cancel := context.WithTimeout(v.Context(), lookupTime)
	defer cancel()
	offers, err := p.LookUp(ctx, f.Source, v.person)
	if err != nil {
		v.Core.Log.LogAttrs(v.Context(), slog.LevelWarn, "register did not answer", slog.String("id", v.ID), slog.String("source", f.Source))
		out.State = assistant.LookupFailed
		return out
	}
	out.Offers, out.State = offers, assistant.LookupFound
	if len(f.Offered(out)) == 0 {
		out.State = assistant.LookupNone
	}
	return out
}

// lookups asks for those fields of a posted page whose choice has to be
// compared with what the register offers now.
func (p *Pages) lookups(v *visit, st *assistant.Step, in *posted) map[string]assistant.Lookup {
	out := map[string]assistant.Lookup{}
	for i := range st.Fields {
		f := &st.Fields[i]
		if f.Type != assistant.TypeLookup {
			continue
		}
		chosen := in.Get(f.ID)
		had, _ := v.draft.Answers.Value(f.ID)
		if _, own := f.Option(chosen); own || chosen == "" || (had.Kind == assistant.KindRecord && had.Text == chosen) {
			out[f.ID] = assistant.Lookup{Subject: v.subject()}
			continue
		}
		out[f.ID] = p.lookUp(v, f)
	}
	return out
}

// lookupField draws the records that can be chosen, the field's own options
// below them, and says why there are none.
func (p *Pages) lookupField(v *visit, q assistant.Question, out *fieldView) {
	l := p.lookUp(v, q.Field)
	var opts []map[string]any
	had := q.Answer
	for _, o := range q.Field.Offered(l) {
		opts = append(opts, map[string]any{"Value": o.Value, "Label": o.Label, "Hint": v.facts(o.Facts), "Checked": had.Kind == assistant.KindRecord && had.Text == o.Value})
	}
	listed := slices.ContainsFunc(opts, func(o map[string]any) bool { return o["Value"] == had.Text })
	if had.Kind == assistant.KindRecord && !listed && l.State == assistant.LookupFailed {
		// It was offered before; that the register is silent now takes nothing away.
		opts = append(opts, map[string]any{"Value": had.Text, "Label": had.Label, "Hint": v.facts(had.Facts), "Checked": true})
	}
	none := len(opts) == 0
	for _, o := range options(q, v.lang()) {
		if none && had.IsEmpty() && len(q.Field.Options) == 1 {
			o["Checked"] = true // the only way there is
		}
		opts = append(opts, o)
	}
	out.Part, out.Args["Options"] = "radios", opts
	switch l.State {
	case assistant.LookupNone:
		out.Before, out.BeforeKind = v.T("apply.lookup.none"), "info"
	case assistant.LookupFailed:
		out.Before, out.BeforeKind = v.T("apply.lookup.failed"), "warning"
	case assistant.LookupWeak:
		out.Before, out.BeforeKind = v.T("apply.lookup.weak"), "info"
	}
}

// facts is the line under a record.
func (v *visit) facts(list []assistant.Fact) string {
	var out []string
	for _, f := range list {
		if key := "apply.fact." + f.Key; v.Core.Texts.Has(key) && f.Value != "" {
			out = append(out, v.T(key, "value", f.Value))
		}
	}
	return strings.Join(out, ", ")
}
