package xmlstrict

import "strings"

// XMLNamespace is what the prefix "xml" is bound to.
const XMLNamespace = "http://www.w3.org/XML/1998/namespace"

// Attr is one attribute that is not a namespace declaration.
type Attr struct {
	Prefix, Local, Space, Value string
}

// Decl is one namespace declaration; an empty Prefix is the default namespace.
type Decl struct {
	Prefix, URI string
}

// Node is one child: an element, or character data when Element is nil.
type Node struct {
	Element *Element
	Text    string
}

// Element is one element of a parsed document. Callers do not change it.
type Element struct {
	Prefix, Local, Space string
	Attrs                []Attr
	Decls                []Decl
	Children             []Node
	Parent               *Element
}

// Is reports whether the element has this expanded name.
func (e *Element) Is(space, local string) bool {
	return e != nil && e.Local == local && e.Space == space
}

// Attr returns the value of the attribute without namespace.
func (e *Element) Attr(local string) (string, bool) {
	return e.AttrNS("", local)
}

// AttrNS returns the value of the attribute with this expanded name.
func (e *Element) AttrNS(space, local string) (string, bool) {
	for i := range e.Attrs {
		if e.Attrs[i].Local == local && e.Attrs[i].Space == space {
			return e.Attrs[i].Value, true
		}
	}
	return "", false
}

// Elements returns the child elements; ok is false if there is character data
// other than white space between them.
func (e *Element) Elements() (children []*Element, ok bool) {
	ok = true
	for _, n := range e.Children {
		if n.Element != nil {
			children = append(children, n.Element)
		} else if strings.Trim(n.Text, " \t\r\n") != "" {
			ok = false
		}
	}
	return children, ok
}

// Text returns the character data of an element without child elements.
func (e *Element) Text() (string, bool) {
	switch len(e.Children) {
	case 0:
		return "", true
	case 1:
		return e.Children[0].Text, e.Children[0].Element == nil
	}
	return "", false
}

// Walk calls f for the element and all elements below it, in document order.
func (e *Element) Walk(f func(*Element)) {
	f(e)
	for _, n := range e.Children {
		if n.Element != nil {
			n.Element.Walk(f)
		}
	}
}

// lookup returns the namespace bound to prefix at this element.
func (e *Element) lookup(prefix string) (string, bool) {
	if prefix == "xml" {
		return XMLNamespace, true
	}
	for el := e; el != nil; el = el.Parent {
		for i := range el.Decls {
			if el.Decls[i].Prefix == prefix {
				return el.Decls[i].URI, true
			}
		}
	}
	return "", prefix == ""
}
