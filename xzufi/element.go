package xzufi

import (
	"encoding/xml"
	"sort"
	"strconv"
	"strings"
)

const xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance"

// element is one object's tree; the reader holds one of them at a time.
type element struct {
	name      xml.Name
	attrs     []xml.Attr
	nodes     []node
	line, col int
	// xsiType is the resolved value of xsi:type.
	xsiType xml.Name
}

// node is either text or an element.
type node struct {
	text string
	elem *element
}

// scope resolves prefixes of values such as that of xsi:type.
type scope struct {
	prefix, uri string
	up          *scope
}

func (s *scope) with(attrs []xml.Attr) *scope {
	for _, a := range attrs {
		switch {
		case a.Name.Space == "xmlns":
			s = &scope{prefix: a.Name.Local, uri: a.Value, up: s}
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			s = &scope{uri: a.Value, up: s}
		}
	}
	return s
}

func (s *scope) resolve(qname string) xml.Name {
	prefix, local, ok := strings.Cut(strings.TrimSpace(qname), ":")
	if !ok {
		prefix, local = "", prefix
	}
	for ; s != nil; s = s.up {
		if s.prefix == prefix {
			return xml.Name{Space: s.uri, Local: local}
		}
	}
	return xml.Name{Local: local}
}

// attr returns an attribute by local name; XZuFi's own are unqualified.
func (e *element) attr(local string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.Name.Local == local && a.Name.Space != "xmlns" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// content is the element's text, trimmed. Markup that a producer forgot to
// escape is put back as markup.
func (e *element) content() string {
	if e == nil {
		return ""
	}
	if len(e.nodes) == 1 && e.nodes[0].elem == nil {
		return strings.TrimSpace(e.nodes[0].text)
	}
	var b strings.Builder
	for _, n := range e.nodes {
		if n.elem == nil {
			b.WriteString(n.text)
		} else {
			n.elem.markup(&b)
		}
	}
	return strings.TrimSpace(b.String())
}

func (e *element) markup(b *strings.Builder) {
	b.WriteString("<" + e.name.Local)
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local != "xmlns" {
			b.WriteString(" " + a.Name.Local + `="`)
			escape(b, a.Value)
			b.WriteByte('"')
		}
	}
	b.WriteByte('>')
	for _, n := range e.nodes {
		if n.elem != nil {
			n.elem.markup(b)
		} else {
			escape(b, n.text)
		}
	}
	b.WriteString("</" + e.name.Local + ">")
}

// canonical writes the tree so that equal content gives equal bytes.
func (e *element) canonical() []byte {
	var b strings.Builder
	e.write(&b, "", false)
	return []byte(b.String())
}

// write drops white space that only lays out elements; inside mixed content
// every space counts.
func (e *element) write(b *strings.Builder, outer string, mixed bool) {
	b.WriteString("<" + e.name.Local)
	if e.name.Space != outer {
		b.WriteString(` xmlns="`)
		escape(b, e.name.Space)
		b.WriteByte('"')
	}
	attrs := make([]xml.Attr, 0, len(e.attrs))
	for _, a := range e.attrs {
		if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
			attrs = append(attrs, a)
		}
	}
	sort.SliceStable(attrs, func(i, j int) bool {
		if attrs[i].Name.Space != attrs[j].Name.Space {
			return attrs[i].Name.Space < attrs[j].Name.Space
		}
		return attrs[i].Name.Local < attrs[j].Name.Local
	})
	for i, a := range attrs {
		b.WriteByte(' ')
		value := a.Value
		switch a.Name.Space {
		case "":
		case "xml", "http://www.w3.org/XML/1998/namespace":
			b.WriteString("xml:")
		default:
			p := "a" + strconv.Itoa(i)
			b.WriteString("xmlns:" + p + `="`)
			escape(b, a.Name.Space)
			b.WriteString(`" `)
			if a.Name.Space == xsiNamespace && a.Name.Local == "type" && e.xsiType.Space != "" {
				b.WriteString(`xmlns:t="`)
				escape(b, e.xsiType.Space)
				b.WriteString(`" `)
				value = "t:" + e.xsiType.Local
			}
			b.WriteString(p + ":")
		}
		b.WriteString(a.Name.Local + `="`)
		escape(b, value)
		b.WriteByte('"')
	}
	b.WriteByte('>')
	children := e.hasChildren()
	if children && !mixed {
		for _, n := range e.nodes {
			mixed = mixed || strings.TrimSpace(n.text) != ""
		}
	}
	for _, n := range e.nodes {
		switch {
		case n.elem != nil:
			n.elem.write(b, e.name.Space, mixed)
		case mixed:
			escape(b, n.text)
		case !children:
			escape(b, strings.TrimSpace(n.text))
		}
	}
	b.WriteString("</" + e.name.Local + ">")
}

func (e *element) hasChildren() bool {
	for _, n := range e.nodes {
		if n.elem != nil {
			return true
		}
	}
	return false
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "\r", "&#13;")

func escape(b *strings.Builder, s string) { _, _ = escaper.WriteString(b, s) }
