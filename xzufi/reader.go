package xzufi

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"strings"
	"unicode/utf8"
)

// ReaderOptions bounds and widens what a [Reader] accepts. The zero value is
// the safe choice.
type ReaderOptions struct {
	// Namespaces adds namespaces to the known ones: namespace to version,
	// such as "2.2". An entry here wins.
	Namespaces map[string]string
	// InsecureAnyNamespace reads an unknown namespace as version 2.2. It is
	// for a test delivery of a producer whose namespace is not known yet.
	InsecureAnyNamespace bool
	// MaxDepth bounds nesting. Default: 40.
	MaxDepth int
	// MaxObject bounds one object, in bytes of XML. Default: 4 MiB.
	MaxObject int
	// MaxAttributes bounds the attributes of one element. Default: 40.
	MaxAttributes int
	// MapArea turns an area identifier into an area key, for producers whose
	// gebietID is not a Regionalschlüssel. Default: the value as it is.
	MapArea func(ID) string
}

// Namespaces returns the namespaces known without options and their versions.
// Those of 2.1.0 and 2.2.0 are confirmed; the others are candidates that no
// public source confirms.
func Namespaces() map[string]string {
	return map[string]string{
		"http://xoev.de/schemata/xzufi/2_1":    "2.1",
		"http://xoev.de/schemata/xzufi/2_1_0":  "2.1",
		"http://xoev.de/schemata/xzufi/2_2":    "2.2",
		"http://xoev.de/schemata/xzufi/2_2_0":  "2.2",
		"http://xoev.de/schemata/xzufi/2_3_0":  "2.3",
		"http://xoev.de/schemata/xzufi/2_3_1":  "2.3",
		"urn:xoev-de:fim:standard:xzufi_2.2.0": "2.2",
		"urn:xoev-de:fim:standard:xzufi_2.3.0": "2.3",
		"urn:xoev-de:fim:standard:xzufi_2.3.1": "2.3",
	}
}

// Header is what a message says about itself.
type Header struct {
	// Message is the local name of the root element.
	Message   string
	Namespace string
	// Version is "2.1", "2.2" or "2.3", from the namespace.
	Version string
	// Declared is the attribute xzufiVersion, Product and Manufacturer name
	// the producing software.
	Declared, Product, Manufacturer string
}

// Reader reads transfer messages one object at a time: its memory is bounded
// by ReaderOptions.MaxObject, whatever the length of the message. It is not
// safe for concurrent use.
type Reader struct {
	in      *guardedReader
	dec     *xml.Decoder
	opts    ReaderOptions
	known   map[string]string
	header  Header
	started bool
	stack   []frame
	ns      *scope
	failed  error
}

type frame struct {
	name  xml.Name
	ns    *scope
	write bool // inside schreibe
	found bool // schreibe held an object
	line  int
	col   int
}

// NewReader reads from r, which it does not close.
func NewReader(r io.Reader, opts *ReaderOptions) *Reader {
	o := ReaderOptions{}
	if opts != nil {
		o = *opts
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 40
	}
	if o.MaxObject <= 0 {
		o.MaxObject = 4 << 20
	}
	if o.MaxAttributes <= 0 {
		o.MaxAttributes = 40
	}
	if o.MapArea == nil {
		o.MapArea = func(id ID) string { return id.Value }
	}
	known := Namespaces()
	maps.Copy(known, o.Namespaces)
	in := &guardedReader{r: bufio.NewReaderSize(r, 64<<10), max: o.MaxObject}
	return &Reader{in: in, dec: xml.NewDecoder(in), opts: o, known: known}
}

// Header returns what the message says about itself. It is complete after the
// first call of [Reader.Next].
func (r *Reader) Header() Header { return r.header }

// Next returns the next operation, io.EOF after the last one, or an
// *[ReadError]. After an error whose Fatal is false the next call goes on
// behind the object. An empty document gives io.EOF.
func (r *Reader) Next() (Operation, error) {
	if r.failed != nil {
		return Operation{}, r.failed
	}
	for {
		r.in.left = r.opts.MaxObject
		tok, line, col, err := r.token()
		if err != nil {
			return Operation{}, r.fail(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			op, done, err := r.open(t, line, col)
			if err != nil {
				return Operation{}, r.fail(err)
			}
			if done {
				return op, nil
			}
		case xml.CharData:
			if len(r.stack) == 0 && len(bytes.TrimSpace(t)) > 0 {
				return Operation{}, r.fail(&ReadError{Line: line, Column: col, Reason: ReasonSyntax})
			}
		case xml.EndElement:
			top := r.stack[len(r.stack)-1]
			r.stack = r.stack[:len(r.stack)-1]
			r.ns = top.ns
			if top.write && !top.found {
				return Operation{}, &ReadError{Line: top.line, Column: top.col, Reason: ReasonEmpty, Element: top.name.Local}
			}
		}
	}
}

// fail remembers an error that ends the reading.
func (r *Reader) fail(err error) error {
	if err == io.EOF {
		r.failed = err
		return err
	}
	var re *ReadError
	if errors.As(err, &re) && !re.Fatal() {
		return err
	}
	r.failed = err
	return err
}

// token reads one token and says where it begins.
func (r *Reader) token() (xml.Token, int, int, error) {
	line, col := r.dec.InputPos()
	tok, err := r.dec.Token()
	if err != nil {
		return nil, 0, 0, r.classify(err)
	}
	switch t := tok.(type) {
	case xml.Directive:
		return nil, 0, 0, &ReadError{Line: line, Column: col, Reason: ReasonDoctype}
	case xml.StartElement:
		if len(t.Attr) > r.opts.MaxAttributes {
			return nil, 0, 0, &ReadError{Line: line, Column: col, Reason: ReasonAttributes, Element: t.Name.Local}
		}
	}
	return tok, line, col, nil
}

func (r *Reader) classify(err error) error {
	line, col := r.dec.InputPos()
	e := &ReadError{Line: line, Column: col, Reason: ReasonSyntax}
	var syntax *xml.SyntaxError
	switch {
	case r.in.reason != 0:
		e.Reason = r.in.reason
	case r.in.err != nil && r.in.err != io.EOF:
		e.Reason, e.err = ReasonRead, r.in.err
	case err == io.EOF:
		if len(r.stack) == 0 {
			return io.EOF
		}
		e.Reason = ReasonTruncated
	case r.in.err == io.EOF:
		e.Reason = ReasonTruncated
	case errors.As(err, &syntax):
		if strings.Contains(syntax.Msg, "invalid UTF-8") {
			e.Reason = ReasonEncoding
		}
	case strings.Contains(err.Error(), "encoding"):
		// encoding/xml refuses a declared encoding it has no reader for.
		e.Reason = ReasonEncoding
	}
	return e
}

// open handles a start element outside any object.
func (r *Reader) open(t xml.StartElement, line, col int) (Operation, bool, error) {
	if len(r.stack) == 0 {
		if err := r.root(t, line, col); err != nil {
			return Operation{}, false, err
		}
	}
	if len(r.stack) >= r.opts.MaxDepth {
		return Operation{}, false, &ReadError{Line: line, Column: col, Reason: ReasonDepth, Element: t.Name.Local}
	}
	parent := len(r.stack) - 1
	inWrite := parent >= 0 && r.stack[parent].write
	if r.own(t.Name) {
		class, isObject := objectClass(t.Name.Local)
		if isObject || inWrite {
			if inWrite {
				r.stack[parent].found = true
			}
			e, err := r.tree(t, line, col)
			if err != nil {
				return Operation{}, false, err
			}
			op, err := r.decode(class, e)
			return op, err == nil, err
		}
		if t.Name.Local == "loesche" {
			e, err := r.tree(t, line, col)
			if err != nil {
				return Operation{}, false, err
			}
			op, err := r.decodeDelete(e)
			return op, err == nil, err
		}
	}
	r.stack = append(r.stack, frame{name: t.Name, ns: r.ns, line: line, col: col,
		write: r.own(t.Name) && t.Name.Local == "schreibe"})
	r.ns = r.ns.with(t.Attr)
	return Operation{}, false, nil
}

func (r *Reader) root(t xml.StartElement, line, col int) error {
	if r.started {
		return &ReadError{Line: line, Column: col, Reason: ReasonSyntax, Element: t.Name.Local}
	}
	r.started = true
	version, ok := r.known[t.Name.Space]
	if !ok {
		if !r.opts.InsecureAnyNamespace {
			return &ReadError{Line: line, Column: col, Reason: ReasonNamespace, Element: t.Name.Local, Namespace: t.Name.Space}
		}
		version = "2.2"
		r.known[t.Name.Space] = version
	}
	r.header = Header{Message: t.Name.Local, Namespace: t.Name.Space, Version: version}
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "xzufiVersion":
			r.header.Declared = a.Value
		case "produktbezeichnung":
			r.header.Product = a.Value
		case "produkthersteller":
			r.header.Manufacturer = a.Value
		}
	}
	return nil
}

// own reports whether a name is XZuFi's: in a known namespace, or in none, as
// the content of code elements is.
func (r *Reader) own(n xml.Name) bool {
	if n.Space == "" {
		return true
	}
	_, ok := r.known[n.Space]
	return ok
}

// tree reads the element that start opened, to its end.
func (r *Reader) tree(start xml.StartElement, line, col int) (*element, error) {
	type level struct {
		e  *element
		ns *scope
	}
	make1 := func(t xml.StartElement, line, col int, up *scope) level {
		ns := up.with(t.Attr)
		e := &element{name: t.Name, attrs: append([]xml.Attr(nil), t.Attr...), line: line, col: col}
		for _, a := range e.attrs {
			if a.Name.Space == xsiNamespace && a.Name.Local == "type" {
				e.xsiType = ns.resolve(a.Value)
			}
		}
		return level{e, ns}
	}
	stack := []level{make1(start, line, col, r.ns)}
	for {
		tok, line, col, err := r.token()
		if err != nil {
			if err == io.EOF {
				l, c := r.dec.InputPos()
				err = &ReadError{Line: l, Column: c, Reason: ReasonTruncated}
			}
			return nil, err
		}
		top := &stack[len(stack)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			if len(r.stack)+len(stack) >= r.opts.MaxDepth {
				return nil, &ReadError{Line: line, Column: col, Reason: ReasonDepth, Element: t.Name.Local}
			}
			l := make1(t, line, col, top.ns)
			top.e.nodes = append(top.e.nodes, node{elem: l.e})
			stack = append(stack, l)
		case xml.EndElement:
			if len(stack) == 1 {
				return top.e, nil
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if n := len(top.e.nodes); n > 0 && top.e.nodes[n-1].elem == nil {
				top.e.nodes[n-1].text += string(t)
			} else {
				top.e.nodes = append(top.e.nodes, node{text: string(t)})
			}
		}
	}
}

// guardedReader hands bytes to the decoder one by one: so positions are exact,
// a token cannot grow beyond the bound, and bad bytes stop at once.
type guardedReader struct {
	r      *bufio.Reader
	max    int
	left   int
	begun  bool
	reason Reason
	err    error
	check  int // bytes of the current character still to come
}

var errRefused = errors.New("xzufi: input refused")

// Read exists because xml.NewDecoder asks for an io.Reader; it is not used.
func (g *guardedReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := g.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// ReadByte implements io.ByteReader.
func (g *guardedReader) ReadByte() (byte, error) {
	if g.reason != 0 {
		return 0, errRefused
	}
	if !g.begun {
		g.begun = true
		if bom, _ := g.r.Peek(3); string(bom) == "\ufeff" {
			_, _ = g.r.Discard(3)
		}
	}
	if g.check == 0 && g.r.Buffered() > 0 {
		if p, _ := g.r.Peek(1); p[0] > 0 && p[0] < utf8.RuneSelf {
			_, _ = g.r.Discard(1)
			return p[0], g.count()
		}
	}
	if g.check == 0 {
		if reason, err := g.look(); err != nil {
			g.reason, g.err = reason, err
			return 0, err
		}
	}
	b, err := g.r.ReadByte()
	if err != nil {
		g.err = err
		return 0, err
	}
	g.check--
	return b, g.count()
}

// look checks the next character and sets the number of its bytes.
func (g *guardedReader) look() (Reason, error) {
	p, err := g.r.Peek(1)
	if len(p) == 0 {
		if err == nil {
			err = io.EOF
		}
		return 0, err
	}
	if p[0] == 0 {
		return ReasonNUL, errRefused
	}
	g.check = 1
	if p[0] < utf8.RuneSelf {
		return 0, nil
	}
	p, err = g.r.Peek(utf8.UTFMax)
	if c, size := utf8.DecodeRune(p); c != utf8.RuneError || size > 1 {
		g.check = size
		return 0, nil
	}
	if err == io.EOF && !utf8.FullRune(p) {
		return ReasonTruncated, errRefused
	}
	if err != nil && err != io.EOF {
		return 0, err
	}
	return ReasonEncoding, errRefused
}

func (g *guardedReader) count() error {
	g.left--
	if g.left < 0 {
		g.reason = ReasonSize
		return errRefused
	}
	return nil
}
