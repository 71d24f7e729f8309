package xzufi

import (
	"strconv"
	"strings"
	"time"
)

func objectClass(local string) (Class, bool) {
	switch local {
	case "leistung":
		return ClassLeistung, true
	case "spezialisierung":
		return ClassSpezialisierung, true
	case "organisationseinheit":
		return ClassOrganisationseinheit, true
	case "onlinedienst":
		return ClassOnlinedienst, true
	case "zustaendigkeitTransferObjekt":
		return ClassZustaendigkeit, true
	}
	return ClassUnknown, false
}

func knownClass(s string) (Class, bool) {
	for _, c := range []Class{ClassLeistung, ClassSpezialisierung, ClassOrganisationseinheit, ClassOnlinedienst, ClassZustaendigkeit} {
		if strings.EqualFold(string(c), s) {
			return c, true
		}
	}
	// Seen spelt with and without the prefix.
	if strings.EqualFold(s, "Spezialisierung") {
		return ClassSpezialisierung, true
	}
	return ClassUnknown, false
}

// decoder turns one tree into an object and collects what it left out.
type decoder struct {
	r        *Reader
	agency   string // of the object, for references that omit theirs
	warnings []Warning
}

func (r *Reader) decode(class Class, e *element) (Operation, error) {
	d := &decoder{r: r}
	raw := e.canonical()
	op := Operation{Class: class, Line: e.line, Column: e.col, Element: e.name.Local, Raw: raw}
	idHolder := e
	if class == ClassZustaendigkeit {
		if inner := d.child(e, "zustaendigkeit"); inner != nil {
			idHolder = inner
		}
	}
	op.ID = d.id(d.child(idHolder, "id"))
	d.agency = op.ID.Agency
	switch class {
	case ClassLeistung:
		op.Leistung = d.leistung(e, op.ID, raw)
	case ClassSpezialisierung:
		op.Spezialisierung = d.spezialisierung(e, op.ID, raw)
		if op.Spezialisierung.Leistung.IsZero() {
			return Operation{}, missing(e, "leistungID")
		}
	case ClassOrganisationseinheit:
		op.Organisationseinheit = d.organisation(e, op.ID, raw)
	case ClassOnlinedienst:
		op.Onlinedienst = d.onlinedienst(e, op.ID, raw)
	case ClassZustaendigkeit:
		z := d.zustaendigkeit(idHolder, op.ID)
		z.Object, z.Raw = d.id(d.child(e, "uebergeordnetesObjektID")), raw
		if z.Leistung.IsZero() || z.Object.IsZero() {
			return Operation{}, missing(e, "zustaendigkeit")
		}
		op.Zustaendigkeit = &z
	default:
		return op, nil
	}
	if op.ID.IsZero() {
		return Operation{}, missing(e, e.name.Local)
	}
	if err := op.ID.check("id"); err != nil {
		return Operation{}, &ReadError{Line: e.line, Column: e.col, Reason: ReasonValue, Element: e.name.Local}
	}
	op.Warnings = d.warnings
	return op, nil
}

func missing(e *element, local string) error {
	return &ReadError{Line: e.line, Column: e.col, Reason: ReasonMissingID, Element: local}
}

func (r *Reader) decodeDelete(e *element) (Operation, error) {
	d := &decoder{r: r}
	name := e.attr("klasse")
	if name == "" {
		name = d.code(d.child(e, "klasse"))
	}
	class, ok := knownClass(name)
	if !ok {
		return Operation{}, &ReadError{Line: e.line, Column: e.col, Reason: ReasonClass, Element: e.name.Local}
	}
	id := d.id(d.child(e, "id"))
	if id.IsZero() {
		return Operation{}, missing(e, "loesche")
	}
	return Operation{Delete: true, Class: class, ID: id, Line: e.line, Column: e.col, Element: e.name.Local, Raw: e.canonical()}, nil
}

// child returns the first child with one of the names, nil if there is none.
func (d *decoder) child(e *element, locals ...string) *element {
	if e == nil {
		return nil
	}
	for _, n := range e.nodes {
		if n.elem != nil && d.r.own(n.elem.name) {
			for _, l := range locals {
				if n.elem.name.Local == l {
					return n.elem
				}
			}
		}
	}
	return nil
}

func (d *decoder) children(e *element, locals ...string) []*element {
	var out []*element
	if e == nil {
		return nil
	}
	for _, n := range e.nodes {
		if n.elem != nil && d.r.own(n.elem.name) {
			for _, l := range locals {
				if n.elem.name.Local == l {
					out = append(out, n.elem)
				}
			}
		}
	}
	return out
}

func (d *decoder) value(e *element, locals ...string) string { return d.child(e, locals...).content() }

// code reads a code element, whose content may be qualified, unqualified or,
// against the rule, plain text.
func (d *decoder) code(e *element) string {
	if e == nil {
		return ""
	}
	if c := d.child(e, "code"); c != nil {
		return c.content()
	}
	if e.hasChildren() {
		return ""
	}
	return e.content()
}

func (d *decoder) codes(e *element, local string) []string {
	var out []string
	for _, c := range d.children(e, local) {
		// Several keys in one field, separated by commas, have been seen.
		for _, s := range strings.Split(d.code(c), ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func (d *decoder) id(e *element) ID {
	if e == nil {
		return ID{}
	}
	id := ID{Agency: e.attr("schemeAgencyID"), Scheme: e.attr("schemeID"), Value: strings.Join(strings.Fields(e.content()), " ")}
	if id.Agency == "" && id.Value != "" {
		id.Agency = d.agency
	}
	return id
}

func (d *decoder) ids(e *element, local string) []ID {
	var out []ID
	for _, c := range d.children(e, local) {
		if id := d.id(c); !id.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

func (d *decoder) areas(e *element, locals ...string) []string {
	var out []string
	for _, c := range d.children(e, locals...) {
		id := ID{Agency: c.attr("schemeAgencyID"), Scheme: c.attr("schemeID"), Value: c.content()}
		if key := NormalizeArea(d.r.opts.MapArea(id)); key != "" {
			out = append(out, key)
		}
	}
	return out
}

// text reads a repeated language text. A child of the same name (name/name) is
// looked into.
func (d *decoder) text(e *element, locals ...string) Text {
	var out Text
	for _, c := range d.children(e, locals...) {
		if inner := d.children(c, c.name.Local, "inhalt", "text"); len(inner) > 0 {
			out = append(out, d.text(c, c.name.Local, "inhalt", "text")...)
			continue
		}
		if s := c.content(); s != "" {
			out = append(out, LangText{Lang: c.attr("languageCode"), Text: s})
		}
	}
	return out
}

func (d *decoder) warn(e *element) {
	d.warnings = append(d.warnings, Warning{Line: e.line, Column: e.col, Element: e.name.Local})
}

func (d *decoder) time(e *element) time.Time {
	s := e.content()
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02", "2006-01-02Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	d.warn(e)
	return time.Time{}
}

// validity reads gueltigkeit (or the one in versionsinformation). The end date
// is the last valid day, so the instant returned is the day after.
func (d *decoder) validity(e *element) (from, until time.Time) {
	g := d.child(e, "gueltigkeit")
	if g == nil {
		v := d.child(e, "versionsinformation")
		if g = d.child(v, "gueltigkeit"); g == nil {
			g = v
		}
	}
	from = d.time(d.child(g, "beginn"))
	if end := d.child(g, "ende"); end != nil {
		if until = d.time(end); !until.IsZero() && len(end.content()) <= len("2006-01-02+01:00") {
			until = until.AddDate(0, 0, 1)
		}
	}
	return from, until
}

func (d *decoder) stamp(e *element, local string) time.Time {
	if c := d.child(e, local); c != nil {
		return d.time(c)
	}
	return d.time(d.child(d.child(e, "versionsinformation"), local))
}

func (d *decoder) int(e *element) int {
	if e == nil {
		return 0
	}
	n, err := strconv.Atoi(e.content())
	if err != nil && e.content() != "" {
		d.warn(e)
	}
	return n
}

func (d *decoder) bool(e *element) bool { return tristate(e.content()) == Yes }
