package xmlstrict

import (
	"bytes"
	"slices"
	"strings"
)

// Canonical writes the element in exclusive canonical form without comments
// (W3C xml-exc-c14n, 18 July 2002). inclusive is the InclusiveNamespaces
// PrefixList ("#default" for the default namespace); the element skip and all
// below it is left out, as the enveloped-signature transform demands.
func Canonical(e *Element, inclusive []string, skip *Element) []byte {
	c := canonicalizer{skip: skip}
	for _, p := range inclusive {
		if p == "#default" {
			p = ""
		}
		if !slices.Contains(c.inclusive, p) {
			c.inclusive = append(c.inclusive, p)
		}
	}
	c.element(e)
	return c.out.Bytes()
}

type canonicalizer struct {
	out       bytes.Buffer
	inclusive []string
	skip      *Element
	rendered  []Decl // stack of declarations already written by ancestors
}

func (c *canonicalizer) element(e *Element) {
	mark := len(c.rendered)
	defer func() { c.rendered = c.rendered[:mark] }()
	c.out.WriteByte('<')
	c.name(e.Prefix, e.Local)
	c.declarations(e)
	c.attributes(e)
	c.out.WriteByte('>')
	for _, n := range e.Children {
		switch {
		case n.Element == nil:
			textEscaper.WriteString(&c.out, n.Text)
		case n.Element != c.skip:
			c.element(n.Element)
		}
	}
	c.out.WriteString("</")
	c.name(e.Prefix, e.Local)
	c.out.WriteByte('>')
}

func (c *canonicalizer) name(prefix, local string) {
	if prefix != "" {
		c.out.WriteString(prefix)
		c.out.WriteByte(':')
	}
	c.out.WriteString(local)
}

// declarations writes the namespaces that the element visibly uses or that
// are on the prefix list, unless an ancestor in the output already did.
func (c *canonicalizer) declarations(e *Element) {
	var used []Decl
	add := func(prefix string, listed bool) {
		if prefix == "xml" {
			return
		}
		uri, bound := e.lookup(prefix)
		if listed && !bound {
			return
		}
		if current, ok := c.current(prefix); current == uri && (ok || uri == "") {
			return
		}
		d := Decl{Prefix: prefix, URI: uri}
		if !slices.Contains(used, d) {
			used = append(used, d)
		}
	}
	add(e.Prefix, false)
	for i := range e.Attrs {
		if p := e.Attrs[i].Prefix; p != "" {
			add(p, false)
		}
	}
	for _, p := range c.inclusive {
		add(p, true)
	}
	slices.SortFunc(used, func(a, b Decl) int { return strings.Compare(a.Prefix, b.Prefix) })
	for _, d := range used {
		if d.Prefix == "" {
			c.out.WriteString(` xmlns="`)
		} else {
			c.out.WriteString(` xmlns:` + d.Prefix + `="`)
		}
		attrEscaper.WriteString(&c.out, d.URI)
		c.out.WriteByte('"')
	}
	c.rendered = append(c.rendered, used...)
}

func (c *canonicalizer) current(prefix string) (string, bool) {
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].Prefix == prefix {
			return c.rendered[i].URI, true
		}
	}
	return "", false
}

func (c *canonicalizer) attributes(e *Element) {
	attrs := e.Attrs
	if len(attrs) > 1 {
		attrs = slices.Clone(attrs)
		slices.SortFunc(attrs, func(a, b Attr) int {
			if n := strings.Compare(a.Space, b.Space); n != 0 {
				return n
			}
			return strings.Compare(a.Local, b.Local)
		})
	}
	for i := range attrs {
		c.out.WriteByte(' ')
		c.name(attrs[i].Prefix, attrs[i].Local)
		c.out.WriteString(`="`)
		attrEscaper.WriteString(&c.out, attrs[i].Value)
		c.out.WriteByte('"')
	}
}

var (
	textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;",
		"\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)
