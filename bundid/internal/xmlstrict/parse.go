package xmlstrict

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Limits bound what one document may contain. Each must be positive.
type Limits struct {
	Bytes        int // length of the input
	Depth        int // nested elements
	Elements     int // elements in all
	Attributes   int // attributes and namespace declarations in all
	PerElement   int // attributes and namespace declarations of one element
	DecodedBytes int // length of character data and values in all
}

// DefaultLimits suits a SAML response several times as large as BundID sends.
func DefaultLimits() Limits {
	return Limits{
		Bytes: 256 << 10, Depth: 24, Elements: 1500,
		Attributes: 4000, PerElement: 32, DecodedBytes: 256 << 10,
	}
}

// Parse reads one document. IDs already in taken are refused; those found are
// added to it (nil is allowed). The returned error is always a *SyntaxError.
func Parse(data []byte, limits Limits, taken map[string]bool) (*Element, error) {
	if len(data) > limits.Bytes {
		return nil, &SyntaxError{Reason: Limit, Offset: limits.Bytes}
	}
	if taken == nil {
		taken = make(map[string]bool)
	}
	p := &parser{data: data, limits: limits, ids: taken}
	if !utf8.Valid(data) {
		return nil, p.fail(Encoding)
	}
	root, err := p.document()
	if err != nil {
		return nil, err
	}
	return root, nil
}

type parser struct {
	data            []byte
	pos             int
	limits          Limits
	elements, attrs int
	decoded         int
	ids             map[string]bool
}

func (p *parser) fail(r Reason) error { return &SyntaxError{Reason: r, Offset: p.pos} }

func (p *parser) has(prefix string) bool {
	return bytes.HasPrefix(p.data[p.pos:], []byte(prefix))
}

func (p *parser) space() bool {
	start := p.pos
	for p.pos < len(p.data) && isSpace(p.data[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// document reads the optional XML declaration and the root element.
func (p *parser) document() (*Element, error) {
	if p.has("<?xml") {
		if err := p.declaration(); err != nil {
			return nil, err
		}
	}
	p.space()
	if err := p.refuseMarkup(); err != nil {
		return nil, err
	}
	root, err := p.tree()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.data) {
		if err := p.refuseMarkup(); err != nil {
			return nil, err
		}
		return nil, p.fail(Syntax)
	}
	return root, nil
}

// declaration accepts XML 1.0 in UTF-8 and nothing else.
func (p *parser) declaration() error {
	end := bytes.Index(p.data[p.pos:], []byte("?>"))
	if end < 0 || end > 100 {
		return p.fail(Syntax)
	}
	fields := strings.Fields(string(p.data[p.pos+len("<?xml") : p.pos+end]))
	if len(fields) == 0 || !isSpace(p.data[p.pos+len("<?xml")]) {
		return p.fail(Syntax)
	}
	for i, f := range fields {
		f = strings.ToLower(strings.ReplaceAll(f, "'", `"`))
		switch {
		case i == 0 && f == `version="1.0"`:
		case i == 1 && f == `encoding="utf-8"`:
		case i >= 1 && i == len(fields)-1 && strings.HasPrefix(f, `standalone="`):
		default:
			return p.fail(Encoding)
		}
	}
	p.pos += end + len("?>")
	return nil
}

// refuseMarkup names the kind of markup that is never allowed.
func (p *parser) refuseMarkup() error {
	switch {
	case p.has("<!--"):
		return p.fail(Comment)
	case p.has("<![CDATA["):
		return p.fail(CDATA)
	case p.has("<!"):
		return p.fail(Doctype)
	case p.has("<?"):
		return p.fail(ProcessingInstruction)
	}
	return nil
}

// tree reads the root element without recursion.
func (p *parser) tree() (*Element, error) {
	root, empty, err := p.startTag(nil)
	if err != nil || empty {
		return root, err
	}
	current, depth := root, 1
	for {
		if err := p.text(current); err != nil {
			return nil, err
		}
		if err := p.refuseMarkup(); err != nil {
			return nil, err
		}
		if p.has("</") {
			if err := p.endTag(current); err != nil {
				return nil, err
			}
			if current = current.Parent; current == nil {
				return root, nil
			}
			depth--
			continue
		}
		if depth >= p.limits.Depth {
			return nil, p.fail(Limit)
		}
		child, empty, err := p.startTag(current)
		if err != nil {
			return nil, err
		}
		current.Children = append(current.Children, Node{Element: child})
		if !empty {
			current, depth = child, depth+1
		}
	}
}

// text reads character data up to the next "<" into the element.
func (p *parser) text(e *Element) error {
	n := bytes.IndexByte(p.data[p.pos:], '<')
	if n < 0 {
		p.pos = len(p.data)
		return p.fail(Syntax)
	}
	if n == 0 {
		return nil
	}
	raw := p.data[p.pos : p.pos+n]
	if bytes.Contains(raw, []byte("]]>")) {
		return p.fail(Syntax)
	}
	value, err := p.decode(raw, false)
	if err != nil {
		return err
	}
	p.pos += n
	e.Children = append(e.Children, Node{Text: value})
	return nil
}

func (p *parser) endTag(e *Element) error {
	p.pos += len("</")
	prefix, local, err := p.name()
	if err != nil {
		return err
	}
	p.space()
	if prefix != e.Prefix || local != e.Local || !p.has(">") {
		return p.fail(Syntax)
	}
	p.pos++
	return nil
}

// name reads prefix:local; at most one colon, ASCII letters only.
func (p *parser) name() (prefix, local string, err error) {
	first, err := p.ncName()
	if err != nil {
		return "", "", err
	}
	if !p.has(":") {
		return "", first, nil
	}
	p.pos++
	second, err := p.ncName()
	if err != nil {
		return "", "", err
	}
	if p.has(":") {
		return "", "", p.fail(Name)
	}
	return first, second, nil
}

const maxName = 128

func (p *parser) ncName() (string, error) {
	start := p.pos
	for p.pos < len(p.data) && isNameByte(p.data[p.pos], p.pos == start) {
		p.pos++
	}
	if p.pos == start {
		return "", p.fail(Name)
	}
	if p.pos-start > maxName {
		return "", p.fail(Limit)
	}
	return string(p.data[start:p.pos]), nil
}

func isNameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		return true
	case c >= '0' && c <= '9', c == '-', c == '.':
		return !first
	}
	return false
}
