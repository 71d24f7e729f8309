package assistant

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// checker collects the faults of one definition.
type checker struct {
	file     string
	problems []Problem
	ids      map[string]bool   // every field and group id of the definition
	keys     map[string]string // form input names of one page -> field
	known    map[string]*Field // fields outside groups that came before
	item     map[string]*Field // fields of the present group that came before
	groups   map[string]bool   // groups that came before
}

func (c *checker) fault(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{File: c.file, Path: path, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &LoadError{Problems: c.problems}
}

var (
	slug     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,59}$`)
	fieldID  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,3}$`)
	token    = regexp.MustCompile(`^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*$`)
	media    = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]+$`)
	optionID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,59}$`)
	// anyDay stands for today where only the form of an expression matters.
	anyDay = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
)

func (c *checker) definition(d *Definition) {
	c.ids, c.known, c.groups = map[string]bool{}, map[string]*Field{}, map[string]bool{}
	if !slug.MatchString(d.ID) {
		c.fault("id", "want small letters, digits and hyphens")
	}
	if versionNumber(d.Version) == 0 {
		c.fault("version", "want a whole number from 1")
	}
	c.text("title", d.Title, true)
	c.text("lead", d.Lead, true)
	c.text("processing", d.Processing, true)
	if !slices.Contains([]int{0, 1, 3, 4}, d.Level) {
		c.fault("level", "want 0, 1, 3 or 4")
	}
	if !slices.Contains([]Audience{Citizen, Organisation, Both}, d.Audience) {
		c.fault("audience", "unknown %q", d.Audience)
	}
	if !slices.Contains([]Outcome{Decision, Notification, Certificate}, d.Outcome) {
		c.fault("outcome", "unknown %q", d.Outcome)
	}
	if len(d.Steps) == 0 {
		c.fault("steps", "there must be one")
	}
	steps := map[string]bool{}
	for i := range d.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		if steps[d.Steps[i].ID] {
			c.fault(path+".id", "step %q is there twice", d.Steps[i].ID)
		}
		steps[d.Steps[i].ID] = true
		c.step(path, &d.Steps[i])
	}
	if f := c.known[d.MassgeblicherOrt]; d.MassgeblicherOrt != Residence && (f == nil || f.Type != TypePlace) {
		c.fault("massgeblicherOrt", "%q is neither %q nor a place field", d.MassgeblicherOrt, Residence)
	}
	if d.Fee != nil {
		c.fee(d.Fee)
	}
	if len(d.Declaration.Points) == 0 {
		c.fault("declaration.points", "there must be one")
	}
	for i, p := range d.Declaration.Points {
		c.text(fmt.Sprintf("declaration.points[%d]", i), p, true)
	}
	c.text("declaration.privacy", d.Declaration.Privacy, true)
}

func (c *checker) text(path string, t Text, required bool) {
	if len(t) == 0 && !required {
		return
	}
	for _, l := range Langs() {
		switch s := t[l]; {
		case strings.TrimSpace(s) == "":
			c.fault(path, "no text in %q", l)
		case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
			c.fault(path, "text in %q is not clean UTF-8", l)
		}
	}
	for _, l := range slices.Sorted(maps.Keys(t)) {
		if !slices.Contains(Langs(), l) {
			c.fault(path, "unknown language %q", l)
		}
	}
}

func (c *checker) step(path string, st *Step) {
	if !slug.MatchString(st.ID) {
		c.fault(path+".id", "want small letters, digits and hyphens")
	}
	c.text(path+".title", st.Title, true)
	c.text(path+".lead", st.Lead, false)
	c.item, c.keys = nil, map[string]string{}
	c.condition(path+".when", st.When)
	if len(st.Fields) == 0 {
		c.fault(path+".fields", "there must be one")
	}
	if g := st.Group; g != nil {
		c.id(path+".group.id", g.ID)
		if g.Max < 1 || g.Max > 50 || g.Min < 0 || g.Min > g.Max {
			c.fault(path+".group", "want 0 <= min <= max, 1 <= max <= 50")
		}
		c.text(path+".group.itemTitle", g.ItemTitle, true)
		c.item = map[string]*Field{}
	}
	for i := range st.Fields {
		f := &st.Fields[i]
		fp := fmt.Sprintf("%s.fields[%d]", path, i)
		c.condition(fp+".when", f.When) // before the field is known: it cannot look at itself
		c.field(fp, f, st.Group != nil)
		if st.Group != nil {
			c.item[f.ID] = f
		} else {
			c.known[f.ID] = f
		}
		for j := range f.Consequences {
			cp := fmt.Sprintf("%s.consequences[%d]", fp, j)
			c.condition(cp+".when", &f.Consequences[j].When)
			c.text(cp+".text", f.Consequences[j].Text, true)
		}
	}
	c.item = nil
	if st.Group != nil {
		c.groups[st.Group.ID] = true
	}
}

func (c *checker) id(path, id string) {
	if !fieldID.MatchString(id) {
		c.fault(path, "%q: want small letters, digits, underscores, parts divided by dots", id)
	}
	if c.ids[id] {
		c.fault(path, "id %q is there twice", id)
	}
	c.ids[id] = true
}

func (c *checker) field(path string, f *Field, inGroup bool) {
	c.id(path+".id", f.ID)
	for _, k := range f.Keys() {
		if other, dup := c.keys[k]; dup {
			c.fault(path+".id", "input %q also belongs to %q", k, other)
		}
		c.keys[k] = f.ID
	}
	if !slices.Contains([]Type{TypeText, TypeTextarea, TypeNumber, TypeMoney, TypeDate, TypeYesNo, TypeRadio,
		TypeCheckboxes, TypeSelect, TypeIBAN, TypeEmail, TypePhone, TypePostcode, TypePlace, TypeFile, TypeConsent, TypeLookup}, f.Type) {
		c.fault(path+".type", "unknown %q", f.Type)
	}
	c.text(path+".label", f.Label, true)
	c.text(path+".short", f.Short, false)
	c.text(path+".help", f.Help, false)
	c.text(path+".purpose", f.Purpose, false)
	for _, code := range slices.Sorted(maps.Keys(f.Errors)) {
		t := f.Errors[code]
		if !slices.Contains(codes, code) {
			c.fault(path+".errors", "unknown code %q", code)
		}
		c.text(path+".errors."+string(code), t, true)
	}
	c.options(path, f)
	c.bounds(path, f)
	c.texts(path, f)
	if f.Autocomplete != "" && !token.MatchString(f.Autocomplete) {
		c.fault(path+".autocomplete", "not a token list")
	}
	if p := f.Prefill; p != nil {
		switch {
		case inGroup:
			c.fault(path+".prefill", "not in a group")
		case f.Type == TypeFile || f.Type == TypeConsent || f.Type == TypeCheckboxes || f.Type == TypeLookup:
			c.fault(path+".prefill", "not for type %q", f.Type)
		case p.BundID == "" && p.Account == "":
			c.fault(path+".prefill", "names no attribute")
		case !slices.Contains([]int{0, 1, 3, 4}, p.LockLevel) || (p.LockLevel > 0 && p.BundID == ""):
			c.fault(path+".prefill.lockLevel", "want 0, 1, 3 or 4, and a BundID attribute to lock")
		}
	}
	if (f.Type == TypeLookup) != (f.Source != "") || (f.Type == TypeLookup && (inGroup || !slug.MatchString(f.Source))) {
		c.fault(path+".source", "a lookup names its source, stands in no group, and nothing else has one")
	}
	isFile := f.Type == TypeFile
	if !isFile && (len(f.Accept) > 0 || f.MaxFiles != 0 || f.MaxBytes != 0) {
		c.fault(path, "accept, maxFiles and maxBytes are for files")
	}
	if f.MaxFiles < 0 || f.MaxFiles > 50 || f.MaxBytes < 0 || f.MaxBytes > 1<<30 {
		c.fault(path, "want at most 50 files and 1 GB")
	}
	for _, m := range f.Accept {
		if !media.MatchString(m) {
			c.fault(path+".accept", "%q is not a media type", m)
		}
	}
}

func (c *checker) options(path string, f *Field) {
	takes := f.Type == TypeRadio || f.Type == TypeCheckboxes || f.Type == TypeSelect || f.Type == TypeLookup
	if takes && len(f.Options) == 0 {
		c.fault(path+".options", "there must be one")
	}
	if !takes && f.Type != TypePlace && len(f.Options) > 0 {
		c.fault(path+".options", "not for type %q", f.Type)
	}
	seen := map[string]bool{}
	for i, o := range f.Options {
		op := fmt.Sprintf("%s.options[%d]", path, i)
		if !optionID.MatchString(o.Value) || (f.Type == TypePlace && !digits(o.Value, 8, 12)) {
			c.fault(op+".value", "%q is not allowed as a value", o.Value)
		}
		if seen[o.Value] {
			c.fault(op+".value", "%q is there twice", o.Value)
		}
		seen[o.Value] = true
		c.text(op+".label", o.Label, true)
		c.text(op+".help", o.Help, false)
	}
}

func (c *checker) bounds(path string, f *Field) {
	for _, bound := range [][2]string{{"min", f.Min}, {"max", f.Max}} {
		name, b := bound[0], bound[1]
		if b == "" {
			continue
		}
		ok := false
		switch f.Type {
		case TypeNumber, TypeMoney, TypeCheckboxes:
			_, ok = parseDecimal(b)
		case TypeDate:
			_, err := dateExpr(b, anyDay)
			ok = err == nil
		}
		if !ok {
			c.fault(path+"."+name, "%q does not fit type %q", b, f.Type)
		}
	}
	if f.Decimals < 0 || f.Decimals > fraction || (f.Decimals > 0 && f.Type != TypeNumber) {
		c.fault(path+".decimals", "want 0 to %d, for a number", fraction)
	}
	if f.Partial && f.Type != TypeDate {
		c.fault(path+".partial", "is for dates")
	}
}

func (c *checker) texts(path string, f *Field) {
	free := f.Type == TypeText || f.Type == TypeTextarea
	if f.MaxLen < 0 || f.MaxLen > 20000 || (f.MaxLen > 0 && !free && f.Type != TypeEmail) {
		c.fault(path+".maxLen", "want up to 20000, for a text")
	}
	if f.Compact && f.Type != TypeText {
		c.fault(path+".compact", "is for a text of one line")
	}
	if f.Pattern == "" {
		return
	}
	re, err := regexp.Compile(`\A(?:` + f.Pattern + `)\z`)
	if err != nil || !free {
		c.fault(path+".pattern", "want an RE2 expression, for a text")
		return
	}
	f.pattern = re
}

// condition checks the form, the references and the types of a condition.
func (c *checker) condition(path string, cond *Condition) {
	if cond == nil {
		return
	}
	forms := 0
	for _, b := range []bool{cond.Field != "" || cond.Op != "", len(cond.All) > 0, len(cond.Any) > 0, cond.Not != nil} {
		if b {
			forms++
		}
	}
	if forms != 1 || (cond.Value != nil && cond.Field == "") {
		c.fault(path, "want exactly one of field with op, all, any, not")
		return
	}
	for i := range cond.All {
		c.condition(fmt.Sprintf("%s.all[%d]", path, i), &cond.All[i])
	}
	for i := range cond.Any {
		c.condition(fmt.Sprintf("%s.any[%d]", path, i), &cond.Any[i])
	}
	if cond.Not != nil {
		c.condition(path+".not", cond.Not)
	}
	if cond.Field == "" {
		return
	}
	if c.groups[cond.Field] {
		c.groupComparison(path, cond)
		return
	}
	f := c.item[cond.Field]
	if f == nil {
		f = c.known[cond.Field]
	}
	if f == nil {
		c.fault(path, "%q is not an earlier field", cond.Field)
		return
	}
	if !fits(cond, f) {
		c.fault(path, "op %q with this value does not fit %q of type %q", cond.Op, f.ID, f.Type)
	}
}

func (c *checker) groupComparison(path string, cond *Condition) {
	switch cond.Op {
	case OpCount:
		if wholeCount(cond.Value) {
			return
		}
	case OpEmpty, OpNotEmpty:
		if cond.Value == nil {
			return
		}
	}
	c.fault(path, "op %q with this value does not fit the group %q", cond.Op, cond.Field)
}

func wholeCount(v any) bool {
	n, ok := conditionNumber(v)
	return ok && n >= 0 && n%fromCents(100) == 0
}

// fits reports whether operator and value suit the type of the field.
func fits(c *Condition, f *Field) bool {
	str, isString := c.Value.(string)
	_, isNumber := c.Value.(json.Number)
	switch c.Op {
	case OpEmpty, OpNotEmpty:
		return c.Value == nil
	case OpCount:
		return (f.Type == TypeCheckboxes || f.Type == TypeFile) && wholeCount(c.Value)
	case OpLt, OpGt:
		_, ok := conditionNumber(c.Value)
		return (f.Type == TypeNumber || f.Type == TypeMoney) && ok
	case OpBefore, OpAfter:
		_, err := dateExpr(str, anyDay)
		return f.Type == TypeDate && isString && err == nil
	case OpIn:
		list, ok := c.Value.([]any)
		texts := stringList(c.Value)
		if !ok || len(list) == 0 || len(texts) != len(list) {
			return false
		}
		return !slices.ContainsFunc(texts, func(s string) bool { return !f.textual(s, true) })
	case OpEq, OpNe:
		switch f.Type {
		case TypeYesNo, TypeConsent:
			_, ok := c.Value.(bool)
			return ok
		case TypeNumber, TypeMoney:
			_, ok := conditionNumber(c.Value)
			return isNumber && ok
		case TypeDate:
			_, err := dateExpr(str, anyDay)
			return isString && err == nil
		}
		return isString && f.textual(str, false)
	}
	return false
}

// textual reports whether the field's answer can be compared with the text.
func (f *Field) textual(s string, list bool) bool {
	switch f.Type {
	case TypeRadio, TypeSelect, TypeLookup:
		_, ok := f.Option(s)
		return ok
	case TypeCheckboxes:
		_, ok := f.Option(s)
		return list && ok
	case TypePlace:
		_, ok := f.Option(s)
		return digits(s, 8, 12) && (ok || len(f.Options) == 0)
	case TypeText, TypeTextarea, TypePostcode, TypeEmail, TypePhone, TypeIBAN:
		return s != ""
	}
	return false
}
