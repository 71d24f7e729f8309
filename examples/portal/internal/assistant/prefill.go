package assistant

import (
	"time"
)

// PrefillValue is one fact known about the person.
type PrefillValue struct {
	Attr   string // BundID attribute name or key of the portal's account
	Value  string // dates as "2006-01-02", with unknown parts "1980-00-00" or "1980"
	Level  int    // trust level of this value: 0, 1, 3, 4
	Source Source // [BundID] or [Account]
}

// Prefill fills the visible fields that have a rule. It never touches what the
// person typed or changed (removing counts as changing), prefers BundID to the
// account and a higher level to a lower one, and refreshes what it filled itself
// when the new value is at least as good. Doing it twice changes nothing, so it
// is called before every page: fields that became visible get their value then.
func (d *Definition) Prefill(a Answers, values []PrefillValue, now time.Time) Answers {
	a = d.prune(a, now)
	sc := scopeOf(a, nil, now)
	for i := range d.Steps {
		st := &d.Steps[i]
		if st.Group != nil || !sc.holds(st.When) {
			continue
		}
		for j := range st.Fields {
			if f := &st.Fields[j]; sc.holds(f.When) {
				prefillField(f, a.Values, values, now)
			}
		}
	}
	return d.prune(a, now)
}

func prefillField(f *Field, to map[string]Answer, values []PrefillValue, now time.Time) {
	best := Answer{}
	for _, v := range values {
		if !f.Prefill.takes(v) {
			continue
		}
		n, ok := f.attribute(v.Value)
		if !ok {
			continue
		}
		n.Origin = Origin{Source: v.Source, Level: v.Level, At: stamp(now)}
		if best.IsEmpty() || better(n.Origin, best.Origin) {
			best = n
		}
	}
	if best.IsEmpty() {
		return
	}
	if old, had := to[f.ID]; had {
		o := old.Origin
		if o.Source == Typed || o.Source == Changed || better(o, best.Origin) {
			return
		}
		if old.same(best) && o.Source == best.Origin.Source && o.Level == best.Origin.Level {
			return
		}
	}
	to[f.ID] = best
}

func (r *PrefillRule) takes(v PrefillValue) bool {
	if r == nil || v.Attr == "" {
		return false
	}
	return (v.Source == BundID && v.Attr == r.BundID) || (v.Source == Account && v.Attr == r.Account)
}

// better reports whether a is strictly the better origin for a prefilled value.
func better(a, b Origin) bool {
	if a.Source != b.Source {
		return a.Source == BundID
	}
	return a.Level > b.Level
}

// attribute reads the value of an account's attribute as an answer.
func (f *Field) attribute(s string) (Answer, bool) {
	form := map[string][]string{f.ID: {s}}
	if f.Type == TypeDate {
		raw, ok := attributeDate(s)
		if !ok {
			return Answer{}, false
		}
		form = map[string][]string{}
		parts := dateParts(raw)
		for i, k := range f.Keys() {
			form[k] = []string{parts[i]}
		}
	}
	a, p := f.read(form)
	return a, p == nil && !a.IsEmpty()
}

// Locked reports whether the person may not change the answer: it came from
// BundID with at least the level that the field's rule names, and it is a full
// and acceptable answer. A partial birth date or a value the field refuses is
// open, otherwise nobody could correct it.
func (f *Field) Locked(a Answer, today time.Time) bool {
	r := f.Prefill
	return r != nil && r.LockLevel > 0 && a.Origin.Source == BundID && a.Origin.Level >= r.LockLevel &&
		!a.IsEmpty() && a.Kind != KindRaw && f.check(a, today) == nil
}
