package assistant

import (
	"slices"
	"time"
)

// prune returns the answers to the questions that are visible, and nothing
// else. Conditions look only at earlier fields, so one pass suffices. Everything
// that reads or returns answers goes through here.
func (d *Definition) prune(a Answers, today time.Time) Answers {
	a = a.clone()
	out := a
	out.Values, out.Groups, out.Visited = map[string]Answer{}, map[string][]Item{}, nil
	sc := scope{values: out.Values, groups: out.Groups, today: today}
	for i := range d.Steps {
		st := &d.Steps[i]
		if !sc.holds(st.When) {
			continue
		}
		if slices.Contains(a.Visited, st.ID) {
			out.Visited = append(out.Visited, st.ID)
		}
		if st.Group == nil {
			copyVisible(st, sc, a.Values, out.Values)
			continue
		}
		items := a.Groups[st.Group.ID]
		kept := make([]Item, 0, len(items))
		for _, it := range items {
			in := sc
			in.item = map[string]Answer{}
			copyVisible(st, in, it.Values, in.item)
			kept = append(kept, Item{ID: it.ID, Values: in.item})
		}
		if len(kept) > 0 {
			out.Groups[st.Group.ID] = kept
		}
	}
	return out
}

// copyVisible copies the answers to the visible fields of a step; to is the
// map that sc sees.
func copyVisible(st *Step, sc scope, from, to map[string]Answer) {
	for i := range st.Fields {
		f := &st.Fields[i]
		if v, ok := from[f.ID]; ok && sc.holds(f.When) {
			to[f.ID] = v
		}
	}
}

// scopeOf returns what the fields of a step see; item is nil outside a group.
func scopeOf(a Answers, item map[string]Answer, today time.Time) scope {
	return scope{values: a.Values, item: item, groups: a.Groups, today: today}
}

// State is how far a step is.
type State string

// The states.
const (
	Todo  State = "todo"  // not posted yet
	Done  State = "done"  // posted, nothing wrong
	Error State = "error" // posted, and something is missing or wrong
)

// StepState is one entry of the list of tasks.
type StepState struct {
	Step   *Step
	State  State
	Number int // from 1, among the visible steps
}

// Tasks returns the visible steps in their order.
func (d *Definition) Tasks(a Answers, today time.Time) []StepState {
	a = d.prune(a, today)
	var out []StepState
	for i := range d.Steps {
		st := &d.Steps[i]
		if !scopeOf(a, nil, today).holds(st.When) {
			continue
		}
		s := StepState{Step: st, State: Todo, Number: len(out) + 1}
		if slices.Contains(a.Visited, st.ID) {
			s.State = Done
			if len(d.stepErrors(st, a, today)) > 0 {
				s.State = Error
			}
		}
		out = append(out, s)
	}
	return out
}

// Next returns the visible step after the step; ok is false after the last one,
// when the summary follows. For "" it returns the first step.
func (d *Definition) Next(a Answers, step string, today time.Time) (id string, ok bool) {
	return d.neighbour(a, step, 1, today)
}

// Prev returns the visible step before the step; ok is false before the first
// one. For "" (the summary) it returns the last step.
func (d *Definition) Prev(a Answers, step string, today time.Time) (id string, ok bool) {
	return d.neighbour(a, step, -1, today)
}

func (d *Definition) neighbour(a Answers, step string, dir int, today time.Time) (string, bool) {
	// A step that is no longer visible still has a place in the order.
	at := slices.IndexFunc(d.Steps, func(s Step) bool { return s.ID == step })
	if at < 0 && dir < 0 {
		at = len(d.Steps)
	}
	sc := scopeOf(d.prune(a, today), nil, today)
	for i := at + dir; i >= 0 && i < len(d.Steps); i += dir {
		if sc.holds(d.Steps[i].When) {
			return d.Steps[i].ID, true
		}
	}
	return "", false
}

// FirstOpen returns the first visible step that is not done; ok is false when
// all are, and the summary can be shown.
func (d *Definition) FirstOpen(a Answers, today time.Time) (id string, ok bool) {
	for _, s := range d.Tasks(a, today) {
		if s.State != Done {
			return s.Step.ID, true
		}
	}
	return "", false
}

// Complete checks all visible steps against the day and returns everything that
// is missing or wrong, in the order of the questions; nil means ready to send.
func (d *Definition) Complete(a Answers, today time.Time) []FieldError {
	a = d.prune(a, today)
	var out []FieldError
	for i := range d.Steps {
		if st := &d.Steps[i]; scopeOf(a, nil, today).holds(st.When) {
			out = append(out, d.stepErrors(st, a, today)...)
		}
	}
	return out
}

// stepErrors checks one visible step; a is pruned.
func (d *Definition) stepErrors(st *Step, a Answers, today time.Time) []FieldError {
	if st.Group == nil {
		return fieldErrors(st, "", scopeOf(a, nil, today), a.Values)
	}
	items := a.Groups[st.Group.ID]
	out := countErrors(st, len(items))
	for _, it := range items {
		out = append(out, fieldErrors(st, it.ID, scopeOf(a, it.Values, today), it.Values)...)
	}
	return out
}

func countErrors(st *Step, n int) []FieldError {
	g := st.Group
	switch {
	case n < g.Min:
		return []FieldError{{Step: st.ID, Field: g.ID, Code: CodeTooFew, Params: params("min", g.Min)}}
	case n > g.Max:
		return []FieldError{{Step: st.ID, Field: g.ID, Code: CodeTooMany, Params: params("max", g.Max)}}
	}
	return nil
}

func fieldErrors(st *Step, item string, sc scope, values map[string]Answer) []FieldError {
	var out []FieldError
	for i := range st.Fields {
		f := &st.Fields[i]
		if !sc.holds(f.When) {
			continue
		}
		if p := f.check(values[f.ID], sc.today); p != nil {
			out = append(out, FieldError{Step: st.ID, Item: item, Field: f.ID, Code: p.code, Params: p.params})
		}
	}
	return out
}

// Place returns the area key that decides which office is responsible. For
// [Residence] it is empty and the portal takes the person's residence.
func (d *Definition) Place(a Answers, today time.Time) string {
	if d.MassgeblicherOrt == Residence {
		return ""
	}
	v, _ := d.prune(a, today).Value(d.MassgeblicherOrt)
	return v.Text
}
