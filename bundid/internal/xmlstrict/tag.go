package xmlstrict

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// startTag reads a start tag or an empty-element tag.
func (p *parser) startTag(parent *Element) (e *Element, empty bool, err error) {
	if !p.has("<") {
		return nil, false, p.fail(Syntax)
	}
	p.pos++
	if p.elements++; p.elements > p.limits.Elements {
		return nil, false, p.fail(Limit)
	}
	e = &Element{Parent: parent}
	if e.Prefix, e.Local, err = p.name(); err != nil {
		return nil, false, err
	}
	for {
		separated := p.space()
		switch {
		case p.has(">"):
			p.pos++
			return e, false, p.resolve(e)
		case p.has("/>"):
			p.pos += len("/>")
			return e, true, p.resolve(e)
		case !separated:
			return nil, false, p.fail(Syntax)
		}
		if err := p.attribute(e); err != nil {
			return nil, false, err
		}
	}
}

// attribute reads name="value" and sorts it into attributes and declarations.
func (p *parser) attribute(e *Element) error {
	if p.attrs++; p.attrs > p.limits.Attributes || len(e.Attrs)+len(e.Decls) >= p.limits.PerElement {
		return p.fail(Limit)
	}
	prefix, local, err := p.name()
	if err != nil {
		return err
	}
	p.space()
	if !p.has("=") {
		return p.fail(Syntax)
	}
	p.pos++
	p.space()
	if !p.has(`"`) && !p.has("'") {
		return p.fail(Syntax)
	}
	quote := p.data[p.pos]
	p.pos++
	n := bytes.IndexByte(p.data[p.pos:], quote)
	if n < 0 || bytes.IndexByte(p.data[p.pos:p.pos+n], '<') >= 0 {
		return p.fail(Syntax)
	}
	value, err := p.decode(p.data[p.pos:p.pos+n], true)
	if err != nil {
		return err
	}
	p.pos += n + 1
	switch {
	case prefix == "xmlns":
		return p.declare(e, local, value)
	case prefix == "" && local == "xmlns":
		return p.declare(e, "", value)
	}
	e.Attrs = append(e.Attrs, Attr{Prefix: prefix, Local: local, Value: value})
	return nil
}

// declare adds a namespace declaration. Relative names are refused, because
// canonicalisation of them is undefined.
func (p *parser) declare(e *Element, prefix, uri string) error {
	for _, d := range e.Decls {
		if d.Prefix == prefix {
			return p.fail(DuplicateAttribute)
		}
	}
	switch {
	case prefix == "xml" || prefix == "xmlns" || uri == XMLNamespace || uri == "http://www.w3.org/2000/xmlns/":
		return p.fail(Namespace)
	case uri == "" && prefix != "":
		return p.fail(Namespace)
	case uri != "" && !absolute(uri):
		return p.fail(Namespace)
	}
	e.Decls = append(e.Decls, Decl{Prefix: prefix, URI: uri})
	return nil
}

func absolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || rest == "" || strings.ContainsAny(uri, " \t\r\n") {
		return false
	}
	for i := range len(scheme) {
		if !isNameByte(scheme[i], i == 0) && scheme[i] != '+' {
			return false
		}
	}
	return scheme != ""
}

// resolve binds prefixes and checks uniqueness of attributes and IDs.
func (p *parser) resolve(e *Element) error {
	var ok bool
	if e.Space, ok = e.lookup(e.Prefix); !ok {
		return p.fail(Namespace)
	}
	for i := range e.Attrs {
		a := &e.Attrs[i]
		if a.Prefix != "" {
			if a.Space, ok = e.lookup(a.Prefix); !ok {
				return p.fail(Namespace)
			}
		}
		for _, b := range e.Attrs[:i] {
			if a.Local == b.Local && a.Space == b.Space {
				return p.fail(DuplicateAttribute)
			}
		}
	}
	return p.identify(e)
}

// identify takes every spelling of an ID attribute as an ID: two readers that
// disagree about which one counts are how wrapping attacks begin.
func (p *parser) identify(e *Element) error {
	found := false
	for _, a := range e.Attrs {
		if !strings.EqualFold(a.Local, "id") {
			continue
		}
		if a.Space != "" || found || p.ids[a.Value] || !isNCName(a.Value) {
			return p.fail(DuplicateID)
		}
		found = true
		p.ids[a.Value] = true
	}
	return nil
}

func isNCName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		if !isNameByte(s[i], i == 0) {
			return false
		}
	}
	return true
}

// decode resolves references and normalises line ends and, in attributes,
// white space (XML 1.0, sections 2.11 and 3.3.3).
func (p *parser) decode(raw []byte, attribute bool) (string, error) {
	if p.decoded += len(raw); p.decoded > p.limits.DecodedBytes {
		return "", p.fail(Limit)
	}
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '&':
			end := bytes.IndexByte(raw[i:], ';')
			if end < 0 || end > 12 {
				return "", p.fail(Entity)
			}
			r, ok := reference(string(raw[i+1 : i+end]))
			if !ok {
				return "", p.fail(Entity)
			}
			b.WriteRune(r)
			i += end + 1
		case c == '\r':
			if attribute {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
			if i++; i < len(raw) && raw[i] == '\n' {
				i++
			}
		case attribute && (c == '\t' || c == '\n'):
			b.WriteByte(' ')
			i++
		default:
			r, size := utf8.DecodeRune(raw[i:])
			if !isChar(r) {
				return "", p.fail(Encoding)
			}
			b.Write(raw[i : i+size])
			i += size
		}
	}
	return b.String(), nil
}

// reference resolves the inside of &...; for the five built-in entities and
// character numbers.
func reference(s string) (rune, bool) {
	switch s {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(s, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || strings.ContainsAny(digits, "_+") || n > utf8.MaxRune || !isChar(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// isChar follows XML 1.0, production [2].
func isChar(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < 0x20, r == 0xFFFE, r == 0xFFFF, r >= 0xD800 && r <= 0xDFFF:
		return false
	}
	return r <= utf8.MaxRune
}
