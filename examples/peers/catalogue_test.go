package peers_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/xzufi"
)

const xzufiNamespace = "http://xoev.de/schemata/xzufi/2_2_0"

// delivery is an XZuFi 2.2 file of about 7 MB: 600 services with twelve text
// modules in two languages, costs and deadlines, 300 offices, and 3,000
// responsibilities. The texts are invented and follow no rule of style.
var delivery = sync.OnceValue(func() string {
	r := rand.New(rand.NewPCG(5, 6))
	words := strings.Fields("Antrag Gebühr Behörde Nachweis Straße Wohnung Anmeldung Änderung Bescheid Frist " +
		"Unterlagen Ausweis Gemeinde persönlich schriftlich online innerhalb von zwei Wochen bei der zuständigen Stelle einreichen und vorlegen")
	text := func(n int) string {
		var s strings.Builder
		for s.Len() < n {
			s.WriteString(words[r.IntN(len(words))])
			s.WriteString(" ")
		}
		return strings.TrimSpace(s.String())
	}
	codes := []string{"02", "03", "05", "06", "07", "08", "09", "11", "14", "16", "22", "24"}
	var s strings.Builder
	s.WriteString(`<?xml version="1.0" encoding="UTF-8"?><xzufi:transfer.operation.040501 xmlns:xzufi="` + xzufiNamespace + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="2.2.0"><xzufi:transaktionID>1</xzufi:transaktionID>`)
	for i := range 600 {
		fmt.Fprintf(&s, `<xzufi:schreibe><xzufi:leistung><xzufi:id schemeAgencyID="L100099" schemeID="Leistung">L.%d</xzufi:id>`+
			`<xzufi:referenzLeiKa><code>%014d</code></xzufi:referenzLeiKa>`, i, 99000000000000+i)
		for pos, code := range codes {
			body := text(60)
			if pos > 1 {
				body = "&lt;p&gt;" + text(100+r.IntN(500)) + "&lt;/p&gt;"
			}
			fmt.Fprintf(&s, `<xzufi:modulText><xzufi:positionDarstellung>%d</xzufi:positionDarstellung><xzufi:inhalt languageCode="de">%s</xzufi:inhalt><xzufi:inhalt languageCode="en">%s</xzufi:inhalt>`+
				`<xzufi:leikaTextmodul listURI="urn:de:xzufi:codeliste:leistungstextmodulleika" listVersionID="20240216"><code>%s</code></xzufi:leikaTextmodul></xzufi:modulText>`, pos+1, body, text(60), code)
		}
		fmt.Fprintf(&s, `<xzufi:modulKosten><xzufi:beschreibung languageCode="de">%s</xzufi:beschreibung><xzufi:kosten><xzufi:typ><code>1</code></xzufi:typ><xzufi:betrag>%d.00</xzufi:betrag></xzufi:kosten></xzufi:modulKosten>`+
			`<xzufi:modulFrist><xzufi:beschreibung languageCode="de">%s</xzufi:beschreibung></xzufi:modulFrist>`+
			`<xzufi:gueltigkeitGebietID schemeAgencyID="A" schemeID="ARS">03</xzufi:gueltigkeitGebietID></xzufi:leistung></xzufi:schreibe>`, text(40), r.IntN(90), text(40))
	}
	for i := range 300 {
		fmt.Fprintf(&s, `<xzufi:schreibe><xzufi:organisationseinheit><xzufi:id schemeAgencyID="L100099" schemeID="OE">O.%d</xzufi:id>`+
			`<xzufi:name languageCode="de">%s</xzufi:name><xzufi:anschrift><xzufi:typ><code>002</code></xzufi:typ><xzufi:strasse>Alte Straße</xzufi:strasse><xzufi:hausnummer>%d</xzufi:hausnummer><xzufi:postleitzahl>27898</xzufi:postleitzahl><xzufi:ort>Altenwehr</xzufi:ort></xzufi:anschrift>`+
			`<xzufi:kommunikation><xzufi:kanal><code>01</code></xzufi:kanal><xzufi:kennung>04792 0000</xzufi:kennung></xzufi:kommunikation></xzufi:organisationseinheit></xzufi:schreibe>`, i, text(30), i)
	}
	for i := range 3000 {
		fmt.Fprintf(&s, `<xzufi:schreibe><xzufi:zustaendigkeitTransferObjekt><xzufi:uebergeordnetesObjektID schemeAgencyID="L100099" schemeID="OE">O.%d</xzufi:uebergeordnetesObjektID>`+
			`<xzufi:zustaendigkeit><xzufi:id schemeAgencyID="L100099" schemeID="Z">Z.%d</xzufi:id><xzufi:leistungID schemeAgencyID="L100099" schemeID="Leistung">L.%d</xzufi:leistungID>`+
			`<xzufi:gebietID schemeAgencyID="A" schemeID="ARS">039995401</xzufi:gebietID><xzufi:rolle><code>01</code></xzufi:rolle></xzufi:zustaendigkeit></xzufi:zustaendigkeitTransferObjekt></xzufi:schreibe>`, i%300, i, i%600)
	}
	s.WriteString(`</xzufi:transfer.operation.040501>`)
	return s.String()
})

// The structs that somebody would write by hand for encoding/xml. They hold
// what the delivery above holds, which is less than xzufi's types can.
type (
	plainText struct {
		Lang string `xml:"languageCode,attr"`
		Text string `xml:",chardata"`
	}
	plainID struct {
		Agency string `xml:"schemeAgencyID,attr"`
		Scheme string `xml:"schemeID,attr"`
		Value  string `xml:",chardata"`
	}
	plainCode struct {
		Code string `xml:"code"`
	}
	plainModule struct {
		Position int         `xml:"positionDarstellung"`
		Text     []plainText `xml:"inhalt"`
		Code     plainCode   `xml:"leikaTextmodul"`
	}
	plainCost struct {
		Text    []plainText `xml:"beschreibung"`
		Amounts []struct {
			Type  plainCode `xml:"typ"`
			Value string    `xml:"betrag"`
		} `xml:"kosten"`
	}
	plainLeistung struct {
		ID        plainID       `xml:"id"`
		LeikaKeys []plainCode   `xml:"referenzLeiKa"`
		Modules   []plainModule `xml:"modulText"`
		Costs     []plainCost   `xml:"modulKosten"`
		Deadlines []struct {
			Text []plainText `xml:"beschreibung"`
		} `xml:"modulFrist"`
		Areas []plainID `xml:"gueltigkeitGebietID"`
	}
	plainOffice struct {
		ID        plainID     `xml:"id"`
		Name      []plainText `xml:"name"`
		Addresses []struct {
			Type     plainCode `xml:"typ"`
			Street   string    `xml:"strasse"`
			Number   string    `xml:"hausnummer"`
			Postcode string    `xml:"postleitzahl"`
			Place    string    `xml:"ort"`
		} `xml:"anschrift"`
		Communications []struct {
			Channel plainCode `xml:"kanal"`
			Value   string    `xml:"kennung"`
		} `xml:"kommunikation"`
	}
	plainZustaendigkeit struct {
		Object plainID `xml:"uebergeordnetesObjektID"`
		Inner  struct {
			ID       plainID   `xml:"id"`
			Leistung plainID   `xml:"leistungID"`
			Areas    []plainID `xml:"gebietID"`
			Role     plainCode `xml:"rolle"`
		} `xml:"zustaendigkeit"`
	}
)

// reading is what both sides hand to the caller, one object at a time, cut
// down to what both know.
type reading struct {
	ID, LeiKa, Modules, Object, Leistung, Role, Place string
}

// readStadttor streams with xzufi.Reader.
func readStadttor(in string, each func(xzufi.Operation)) error {
	r := xzufi.NewReader(strings.NewReader(in), nil)
	for {
		op, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(op)
	}
}

// readPlain streams with encoding/xml, object by object.
func readPlain(in string, each func(any)) error {
	d := xml.NewDecoder(strings.NewReader(in))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Space != xzufiNamespace {
			continue
		}
		var object any
		switch start.Name.Local {
		case "leistung":
			object = new(plainLeistung)
		case "organisationseinheit":
			object = new(plainOffice)
		case "zustaendigkeitTransferObjekt":
			object = new(plainZustaendigkeit)
		default:
			continue
		}
		if err := d.DecodeElement(object, &start); err != nil {
			return err
		}
		each(object)
	}
}

func ours(op xzufi.Operation) reading {
	switch {
	case op.Leistung != nil:
		out := reading{ID: op.ID.Value, LeiKa: strings.Join(op.Leistung.LeikaKeys, " ")}
		for _, m := range op.Leistung.Modules {
			out.Modules += m.Code
			for _, t := range m.Text {
				out.Modules += t.Lang + t.Text
			}
		}
		return out
	case op.Organisationseinheit != nil:
		return reading{ID: op.ID.Value, Place: op.Organisationseinheit.Addresses[0].Place}
	case op.Zustaendigkeit != nil:
		z := op.Zustaendigkeit
		return reading{ID: z.ID.Value, Object: z.Object.Value, Leistung: z.Leistung.Value, Role: z.Role}
	}
	return reading{}
}

func theirs(object any) reading {
	switch o := object.(type) {
	case *plainLeistung:
		out := reading{ID: o.ID.Value}
		for _, k := range o.LeikaKeys {
			out.LeiKa += k.Code
		}
		for _, m := range o.Modules {
			out.Modules += m.Code.Code
			for _, t := range m.Text {
				out.Modules += t.Lang + t.Text
			}
		}
		return out
	case *plainOffice:
		return reading{ID: o.ID.Value, Place: o.Addresses[0].Place}
	case *plainZustaendigkeit:
		return reading{ID: o.Inner.ID.Value, Object: o.Object.Value, Leistung: o.Inner.Leistung.Value, Role: o.Inner.Role.Code}
	}
	return reading{}
}

// TestReadersAgree makes sure that both read the same objects, and that both
// refuse a file that ends in the middle.
func TestReadersAgree(t *testing.T) {
	t.Parallel()
	in := delivery()
	if n := len(in); n < 4<<20 {
		t.Errorf("the delivery has %d bytes, want several MB", n)
	}
	var a, b []reading
	if err := readStadttor(in, func(op xzufi.Operation) { a = append(a, ours(op)) }); err != nil {
		t.Fatal(err)
	}
	if err := readPlain(in, func(o any) { b = append(b, theirs(o)) }); err != nil {
		t.Fatal(err)
	}
	if len(a) != 600+300+3000 {
		t.Errorf("read %d objects", len(a))
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("(-encoding/xml +xzufi)\n%s", diff)
	}
	half := in[:len(in)/2]
	if err := readStadttor(half, func(xzufi.Operation) {}); err == nil {
		t.Error("xzufi takes half a file")
	}
	if err := readPlain(half, func(any) {}); err == nil {
		t.Error("encoding/xml takes half a file")
	}
}

func BenchmarkReadTyped(b *testing.B) {
	in := delivery()
	for _, side := range []struct {
		name string
		read func() error
	}{
		{"stadttor", func() error { return readStadttor(in, func(xzufi.Operation) {}) }},
		{"encoding-xml", func() error { return readPlain(in, func(any) {}) }},
	} {
		b.Run(side.name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if err := side.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
