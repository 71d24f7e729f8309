package assistant

import (
	"net/url"
	"time"
)

// Input is what one page posts.
type Input struct {
	Step string // id of the step
	// Item is the id of the item of a group step whose fields are posted. Empty
	// on a group step means that the person is done with the list.
	Item string
	Form url.Values
	// Prefill is the same list that goes to [Definition.Prefill]. It must be
	// here too: a locked field must not become open by posting it at the very
	// moment it appears.
	Prefill []PrefillValue
	// Lookups are the outcomes for the lookup fields of the step, by field.
	Lookups map[string]Lookup
	Now     time.Time // in the authority's zone; its day is the present day
}

// Apply reads the answers of one step (or one item) from a form. The returned
// answers are to be stored even when there are errors: they then hold what was
// entered, as far as it may be kept, so that the page can be shown again.
//
// Fields that are not visible, locked fields and files are never taken from
// the form. Applying the same input twice gives the same answers as once. A
// step or item that does not exist or is not visible gives [CodeGone] and the
// answers as they were.
func (d *Definition) Apply(a Answers, in Input) (Answers, []FieldError) {
	before := d.prune(a, in.Now)
	st := d.Step(in.Step)
	if st == nil || !scopeOf(before, nil, in.Now).holds(st.When) {
		return before, gone(in.Step, in.Item, "")
	}
	after := before.clone()
	if st.Group == nil {
		if in.Item != "" {
			return before, gone(in.Step, in.Item, "")
		}
		errs := applyFields(st, in, scopeOf(before, nil, in.Now), scopeOf(after, nil, in.Now), after.Values)
		after.visit(st.ID)
		return d.prune(after, in.Now), errs
	}
	if in.Item == "" {
		after.visit(st.ID)
		return d.prune(after, in.Now), d.stepErrors(st, after, in.Now)
	}
	old, at := before.Item(st.Group.ID, in.Item)
	if at < 0 {
		return before, gone(in.Step, in.Item, st.Group.ID)
	}
	values := after.Groups[st.Group.ID][at].Values
	errs := applyFields(st, in, scopeOf(before, old.Values, in.Now), scopeOf(after, values, in.Now), values)
	return d.prune(after, in.Now), errs
}

func gone(step, item, field string) []FieldError {
	return []FieldError{{Step: step, Item: item, Field: field, Code: CodeGone}}
}

// applyFields writes the posted answers into values, field by field, so that a
// condition already sees the answers posted above it.
func applyFields(st *Step, in Input, was, now scope, values map[string]Answer) []FieldError {
	var errs []FieldError
	for i := range st.Fields {
		f := &st.Fields[i]
		if !now.holds(f.When) {
			delete(values, f.ID)
			continue
		}
		prefillField(f, values, in.Prefill, in.Now)
		e := FieldError{Step: st.ID, Item: in.Item, Field: f.ID}
		e.Fresh = !was.holds(f.When) && !posted(f, in.Form)
		var p *fault
		if !e.Fresh && f.Type != TypeFile && !f.Locked(values[f.ID], in.Now) {
			var v Answer
			if f.Type == TypeLookup {
				v, p = f.readLookup(in.Form, in.Lookups[f.ID], values[f.ID])
			} else {
				v, p = f.read(in.Form)
			}
			if p == nil {
				put(values, f.ID, v, in.Now)
			}
		}
		if p == nil {
			p = f.check(values[f.ID], in.Now)
		}
		if p != nil {
			e.Code, e.Params = p.code, p.params
			errs = append(errs, e)
		}
	}
	return errs
}

func posted(f *Field, form url.Values) bool {
	for _, k := range f.Keys() {
		if _, ok := form[k]; ok {
			return true
		}
	}
	return false
}

// put stores what the person entered and keeps account of its origin.
func put(values map[string]Answer, id string, v Answer, now time.Time) {
	old, had := values[id]
	if v.Kind == "" {
		if !had || old.Origin.Source == Typed || old.Origin.Source == Looked {
			delete(values, id)
			return
		}
		v.Kind = KindEmpty
	}
	if had && v.same(old) {
		return
	}
	v.Origin = Origin{Source: Typed, At: stamp(now)}
	if v.Kind == KindRecord {
		v.Origin.Source = Looked
	} else if had && old.Origin.Source != Typed && old.Origin.Source != Looked {
		v.Origin.Source = Changed
	}
	values[id] = v
}
