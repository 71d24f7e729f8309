package xmlstrict

import (
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func mustParse(t testing.TB, s string) *Element {
	t.Helper()
	e, err := Parse([]byte(s), DefaultLimits(), nil)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return e
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		in   string
		want Reason
	}{
		{"", Syntax}, {" ", Syntax}, {"x", Syntax}, {"<a>", Syntax}, {"<a></b>", Syntax}, {"<a/><b/>", Syntax},
		{"<a/>x", Syntax}, {"<a", Syntax}, {"<a b=>", Syntax}, {"<a b='1'c='2'/>", Syntax}, {"<a b/>", Syntax},
		{"<a b='<'/>", Syntax}, {"<a>]]></a>", Syntax}, {"</a>", Name}, {"<1a/>", Name}, {"<:a/>", Name},
		{"<a:/>", Name}, {"<a:b:c/>", Name}, {"<ä/>", Name}, {"< a/>", Name},
		{"<!DOCTYPE a><a/>", Doctype}, {"<a/><!DOCTYPE a>", Doctype}, {"<!ENTITY x ''>", Doctype},
		{"<?php ?><a/>", ProcessingInstruction}, {"<a><?x?></a>", ProcessingInstruction},
		{"<!-- x --><a/>", Comment}, {"<a><!----></a>", Comment}, {"<a/><!-- -->", Comment},
		{"<a><![CDATA[x]]></a>", CDATA}, {"<a>&x;</a>", Entity}, {"<a>&</a>", Entity}, {"<a>&#0;</a>", Entity},
		{"<a>&#xD800;</a>", Entity}, {"<a>&#x110000;</a>", Entity}, {"<a>&#1_0;</a>", Entity}, {"<a>&#+65;</a>", Entity},
		{"<a b='&c;'/>", Entity}, {"<p:a/>", Namespace}, {"<a p:b=''/>", Namespace}, {"<a xmlns:p=''/>", Namespace},
		{"<a xmlns='rel'/>", Namespace}, {"<a xmlns:xml='urn:x'/>", Namespace}, {"<a xmlns:xmlns='urn:x'/>", Namespace},
		{"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", Namespace},
		{"<a b='' b=''/>", DuplicateAttribute}, {"<a xmlns='urn:x' xmlns='urn:y'/>", DuplicateAttribute},
		{"<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/>", DuplicateAttribute},
		{"<a ID='x'><b ID='x'/></a>", DuplicateID}, {"<a ID='x'><b id='x'/></a>", DuplicateID},
		{"<a ID='x' Id='y'/>", DuplicateID}, {"<a xml:id='x'/>", DuplicateID}, {"<a ID='1'/>", DuplicateID}, {"<a ID=''/>", DuplicateID},
		{"<a>\x00</a>", Encoding}, {"<a>\xff</a>", Encoding}, {"<a>\uffff</a>", Encoding}, {"\ufeff<a/>", Syntax},
		{`<?xml version="1.1"?><a/>`, Encoding}, {`<?xml version="1.0" encoding="utf-16"?><a/>`, Encoding}, {`<?xml?><a/>`, Syntax},
		{strings.Repeat("<a>", 30), Limit}, {"<a>" + strings.Repeat("<b/>", 2000) + "</a>", Limit},
		{"<" + strings.Repeat("a", 200) + "/>", Limit}, {"<a>" + strings.Repeat("x", 300<<10) + "</a>", Limit},
	} {
		_, err := Parse([]byte(row.in), DefaultLimits(), nil)
		var se *SyntaxError
		if !errors.As(err, &se) || se.Reason != row.want {
			t.Errorf("%.40q: want %v, got %v", row.in, row.want, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, in, want string
		inclusive      []string
	}{
		{name: "empty element", in: `<a/>`, want: `<a></a>`},
		{name: "attributes sorted", in: `<a xmlns:q="urn:1" xmlns:p="urn:2" p:x="1" q:x="2" z="3" b="4"/>`,
			want: `<a xmlns:p="urn:2" xmlns:q="urn:1" b="4" z="3" q:x="2" p:x="1"></a>`},
		{name: "unused declaration dropped", in: `<a xmlns:x="urn:x"><b/></a>`, want: `<a><b></b></a>`},
		{name: "unused declaration on the list", in: `<a xmlns:x="urn:x"><b/></a>`, want: `<a xmlns:x="urn:x"><b></b></a>`, inclusive: []string{"x"}},
		{name: "declaration moves to its use", in: `<a xmlns:x="urn:x"><x:b/><x:c/></a>`, want: `<a><x:b xmlns:x="urn:x"></x:b><x:c xmlns:x="urn:x"></x:c></a>`},
		{name: "default undone", in: `<a xmlns="urn:x"><b xmlns=""><c/></b></a>`, want: `<a xmlns="urn:x"><b xmlns=""><c></c></b></a>`},
		{name: "needless undoing", in: `<a><b xmlns=""/></a>`, want: `<a><b></b></a>`},
		{name: "line ends", in: "<a b='1\r\n2\t3&#10;4&#13;'>x\r\ny\rz&#13;</a>", want: "<a b=\"1 2 3&#xA;4&#xD;\">x\ny\nz&#xD;</a>"},
		{name: "escapes", in: `<a b="&lt;&gt;&quot;&apos;&amp;">&lt;&gt;"'&amp;</a>`, want: `<a b="&lt;>&quot;'&amp;">&lt;&gt;"'&amp;</a>`},
		{name: "xml attributes", in: `<a xml:lang="de"/>`, want: `<a xml:lang="de"></a>`},
	} {
		if got := string(Canonical(mustParse(t, row.in), row.inclusive, nil)); got != row.want {
			t.Errorf("%s:\nwant %s\ngot  %s", row.name, row.want, got)
		}
	}
}

// TestCanonicalOfPart takes declarations from ancestors outside the output and
// leaves out the element to skip.
func TestCanonicalOfPart(t *testing.T) {
	t.Parallel()
	root := mustParse(t, `<p:a xmlns:p="urn:p" xmlns:x="urn:x"><p:b><s/>t<c/></p:b></p:a>`)
	children, _ := root.Elements()
	parts, _ := children[0].Elements()
	want := `<p:b xmlns:p="urn:p" xmlns:x="urn:x">t<c></c></p:b>`
	if got := string(Canonical(children[0], []string{"x", "y", "#default"}, parts[0])); got != want {
		t.Errorf("want %s\ngot  %s", want, got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<a/>`, `<?xml version="1.0" encoding="UTF-8"?><a b="c">d</a>`, `<p:a xmlns:p="urn:p" p:b="&#10;"><c xmlns="urn:c"/></p:a>`,
		"<a b='\r\n'>\r</a>", `<a xmlns="urn:x"><b xmlns=""/></a>`, `<!DOCTYPE a><a/>`, `<a>&lt;</a>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		root, err := Parse([]byte(s), DefaultLimits(), nil)
		if err != nil {
			return
		}
		once := Canonical(root, nil, nil)
		limits := DefaultLimits()
		limits.Bytes *= 10
		limits.DecodedBytes *= 10
		again, err := Parse(once, limits, nil)
		if err != nil {
			t.Fatalf("canonical form %q of %q is refused: %v", once, s, err)
		}
		if twice := Canonical(again, nil, nil); string(twice) != string(once) {
			t.Fatalf("not stable: %q, then %q", once, twice)
		}
		compareWithLibrary(t, s, string(once))
	})
}

// compareWithLibrary asks goxmldsig for a second opinion. encoding/xml keeps
// line breaks in attributes that were written literally, so those are left out.
func compareWithLibrary(t *testing.T, s, ours string) {
	if strings.ContainsAny(s, "\r\n\t") || strings.Contains(s, `xmlns=""`) || strings.Contains(s, "xmlns=''") {
		return
	}
	doc := etree.NewDocument()
	if doc.ReadFromString(s) != nil || doc.Root() == nil {
		return
	}
	theirs, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(doc.Root())
	if err != nil {
		return
	}
	if string(theirs) != ours {
		t.Fatalf("%q: ours %q, theirs %q", s, ours, theirs)
	}
}
