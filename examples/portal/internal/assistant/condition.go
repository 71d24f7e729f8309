package assistant

import (
	"encoding/json"
	"slices"
	"time"
)

// Op is an operator of a [Condition].
type Op string

// The operators. An empty answer satisfies only empty and ne.
const (
	OpEq       Op = "eq"       // same text, option, number, amount, day, yes (true) or no (false)
	OpNe       Op = "ne"       // exactly not eq, so it also holds for an empty answer
	OpIn       Op = "in"       // one of the texts; checkboxes: at least one of the chosen
	OpEmpty    Op = "empty"    // no answer
	OpNotEmpty Op = "notempty" // an answer
	OpLt       Op = "lt"       // number or amount in euros less than
	OpGt       Op = "gt"       // number or amount in euros greater than
	OpBefore   Op = "before"   // day before, "2006-01-02" or relative: "today", "today-18y", "today+14d"
	OpAfter    Op = "after"    // day after
	OpCount    Op = "count"    // at least so many items, chosen checkboxes or files
)

// Condition is one expression of the condition language: exactly one of a
// comparison (Field, Op and the operator's Value), All, Any and Not. Evaluation
// has no side effects, always ends and cannot fail.
type Condition struct {
	Field string `json:"field,omitempty"`
	Op    Op     `json:"op,omitempty"`
	// Value is a JSON string, number, boolean or list of strings, as the
	// operator and the field's type want it.
	Value any         `json:"value,omitempty"`
	All   []Condition `json:"all,omitempty"`
	Any   []Condition `json:"any,omitempty"`
	Not   *Condition  `json:"not,omitempty"`
}

// scope is what a condition can see.
type scope struct {
	values map[string]Answer
	item   map[string]Answer // of the present item, nil outside a group
	groups map[string][]Item
	today  time.Time
}

func (s scope) answer(field string) Answer {
	if v, ok := s.item[field]; ok {
		return v
	}
	return s.values[field]
}

// holds evaluates the condition; nil holds always.
func (s scope) holds(c *Condition) bool {
	switch {
	case c == nil:
		return true
	case len(c.All) > 0:
		for i := range c.All {
			if !s.holds(&c.All[i]) {
				return false
			}
		}
		return true
	case len(c.Any) > 0:
		for i := range c.Any {
			if s.holds(&c.Any[i]) {
				return true
			}
		}
		return false
	case c.Not != nil:
		return !s.holds(c.Not)
	}
	return s.compare(c)
}

func (s scope) compare(c *Condition) bool {
	v := s.answer(c.Field)
	count := len(s.groups[c.Field]) + len(v.Options) + len(v.Files)
	day, isDay := v.day()
	empty := v.IsEmpty() || (v.Kind == KindRaw && !isDay)
	switch c.Op {
	case OpEmpty:
		return empty && len(s.groups[c.Field]) == 0
	case OpNotEmpty:
		return !empty || len(s.groups[c.Field]) > 0
	case OpNe:
		return empty || !s.equal(v, c.Value)
	case OpCount:
		n, ok := conditionNumber(c.Value)
		return ok && fromCents(int64(count)*100) >= n
	}
	if empty {
		return false
	}
	switch c.Op {
	case OpEq:
		return s.equal(v, c.Value)
	case OpIn:
		list := stringList(c.Value)
		if v.Kind == KindOptions {
			return slices.ContainsFunc(v.Options, func(o string) bool { return slices.Contains(list, o) })
		}
		return slices.Contains(list, v.Text)
	case OpLt, OpGt:
		have, ok1 := v.number()
		want, ok2 := conditionNumber(c.Value)
		return ok1 && ok2 && ((c.Op == OpLt && have < want) || (c.Op == OpGt && have > want))
	case OpBefore, OpAfter:
		str, _ := c.Value.(string)
		want, err := dateExpr(str, s.today)
		return isDay && err == nil && ((c.Op == OpBefore && day.Before(want)) || (c.Op == OpAfter && day.After(want)))
	}
	return false
}

func (s scope) equal(v Answer, want any) bool {
	switch v.Kind {
	case KindBool:
		b, ok := want.(bool)
		return ok && v.Bool == b
	case KindNumber, KindMoney:
		have, ok1 := v.number()
		n, ok2 := conditionNumber(want)
		return ok1 && ok2 && have == n
	case KindDate, KindRaw:
		str, _ := want.(string)
		have, ok := v.day()
		day, err := dateExpr(str, s.today)
		return ok && err == nil && have.Equal(day)
	}
	str, ok := want.(string)
	return ok && v.Text == str
}

// day returns the day of a date; of a partial date the last day it can mean.
func (a Answer) day() (time.Time, bool) {
	switch a.Kind {
	case KindDate:
		t, err := time.Parse(isoDay, a.Text)
		return t, err == nil
	case KindRaw:
		return lastPossible(a.Text)
	}
	return time.Time{}, false
}

func (a Answer) number() (decimal, bool) {
	switch a.Kind {
	case KindNumber:
		return parseDecimal(a.Text)
	case KindMoney:
		return fromCents(a.Cents), true
	}
	return 0, false
}

// conditionNumber reads a number from a definition, which is decoded with
// json.Number so that nothing is rounded.
func conditionNumber(v any) (decimal, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	return parseDecimal(n.String())
}

func stringList(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
