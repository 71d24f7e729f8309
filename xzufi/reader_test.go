package xzufi_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
)

func readAll(t testing.TB, in string, opts *xzufi.ReaderOptions) ([]xzufi.Operation, []*xzufi.ReadError) {
	t.Helper()
	r := xzufi.NewReader(strings.NewReader(in), opts)
	var ops []xzufi.Operation
	var errs []*xzufi.ReadError
	for {
		op, err := r.Next()
		if err == io.EOF {
			return ops, errs
		}
		var re *xzufi.ReadError
		if errors.As(err, &re) {
			errs = append(errs, re)
			if re.Fatal() {
				if _, again := r.Next(); again != err {
					t.Errorf("after a fatal error: got %v, want the same again", again)
				}
				return ops, errs
			}
			continue
		}
		if err != nil {
			t.Fatalf("untyped error %T: %v", err, err)
		}
		ops = append(ops, op)
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	const ns = `xmlns="http://xoev.de/schemata/xzufi/2_2_0"`
	deep := strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50)
	tests := []struct {
		name, in string
		want     xzufi.Reason
		line     int
	}{
		{"truncated in an object", "<t " + ns + ">\n<schreibe><leistung><id>1", xzufi.ReasonTruncated, 2},
		{"truncated between objects", "<t " + ns + "><transaktionID></transaktionID>", xzufi.ReasonTruncated, 1},
		{"truncated in a tag", "<t " + ns + "><schrei", xzufi.ReasonTruncated, 1},
		{"truncated in a character", "<t " + ns + "><a>\xc3", xzufi.ReasonTruncated, 1},
		{"wrong end tag", "<t " + ns + ">\n\n<a></b></t>", xzufi.ReasonSyntax, 3},
		{"no XML", "Not found", xzufi.ReasonSyntax, 1},
		{"HTML error page", "<html><body><p>502<br></body></html>", xzufi.ReasonNamespace, 1},
		{"two roots", "<t " + ns + "></t><t " + ns + "></t>", xzufi.ReasonSyntax, 1},
		{"NUL", "<t " + ns + "><schreibe><leistung><id>1\x00</id></leistung></schreibe></t>", xzufi.ReasonNUL, 1},
		{"Latin-1 bytes", "<t " + ns + "><a>M\xfcll</a></t>", xzufi.ReasonEncoding, 1},
		{"Latin-1 declared", `<?xml version="1.0" encoding="ISO-8859-1"?><t ` + ns + "></t>", xzufi.ReasonEncoding, 1},
		{"UTF-16", "\xff\xfe<\x00t\x00", xzufi.ReasonEncoding, 1},
		{"doctype", "<!DOCTYPE t [<!ENTITY a \"b\">]><t " + ns + ">&a;</t>", xzufi.ReasonDoctype, 1},
		{"entity", "<t " + ns + "><schreibe><leistung><id>&a;</id></leistung></schreibe></t>", xzufi.ReasonSyntax, 1},
		{"namespace", `<t xmlns="http://xoev.de/schemata/xzufi/9_9_9"></t>`, xzufi.ReasonNamespace, 1},
		{"no namespace", "<t></t>", xzufi.ReasonNamespace, 1},
		{"depth", "<t " + ns + ">" + deep + "</t>", xzufi.ReasonDepth, 1},
		{"depth in an object", "<t " + ns + "><leistung>" + deep + "</leistung></t>", xzufi.ReasonDepth, 1},
		{"size", "<t " + ns + "><leistung><id>1</id><modulText>" + strings.Repeat("x", 2000) + "</modulText></leistung></t>", xzufi.ReasonSize, 1},
		{"size of an attribute", "<t " + ns + ` a="` + strings.Repeat("x", 2000) + `"></t>`, xzufi.ReasonSize, 1},
		{"size of a comment", "<t " + ns + "><!--" + strings.Repeat("x", 2000) + "--></t>", xzufi.ReasonSize, 1},
		{"attributes", "<t " + ns + "><a a='' b='' c='' d='' e='' f='' g=''></a></t>", xzufi.ReasonAttributes, 1},
		{"missing id", "<t " + ns + ">\n<schreibe>\n  <leistung></leistung></schreibe></t>", xzufi.ReasonMissingID, 3},
		{"empty id", "<t " + ns + "><schreibe><onlinedienst><id schemeAgencyID='A'> </id></onlinedienst></schreibe></t>", xzufi.ReasonMissingID, 1},
		{"specialisation of nothing", "<t " + ns + "><spezialisierung><id>1</id></spezialisierung></t>", xzufi.ReasonMissingID, 1},
		{"responsibility of nobody", "<t " + ns + "><zustaendigkeitTransferObjekt><zustaendigkeit><id>1</id><leistungID>1</leistungID></zustaendigkeit></zustaendigkeitTransferObjekt></t>", xzufi.ReasonMissingID, 1},
		{"class of a delete", "<t " + ns + "><loesche klasse='Gebiet'><id>1</id></loesche></t>", xzufi.ReasonClass, 1},
		{"delete without id", "<t " + ns + "><loesche klasse='Leistung'/></t>", xzufi.ReasonMissingID, 1},
		{"nothing to write", "<t " + ns + "><schreibe> </schreibe></t>", xzufi.ReasonEmpty, 1},
	}
	for _, tt := range tests {
		_, errs := readAll(t, tt.in, &xzufi.ReaderOptions{MaxObject: 1000, MaxAttributes: 6})
		if len(errs) != 1 || errs[0].Reason != tt.want || errs[0].Line != tt.line {
			t.Errorf("%s: got %v, want reason %v in line %d", tt.name, errs, tt.want, tt.line)
			continue
		}
		if s := errs[0].Error(); !strings.HasPrefix(s, "xzufi: ") || strings.ContainsAny(s, "\x00\n") {
			t.Errorf("%s: text %q", tt.name, s)
		}
	}
}

func TestReaderGoesOnBehindABadObject(t *testing.T) {
	t.Parallel()
	ops, errs := readAll(t, message(service("1", "Eins", "", ""), "<schreibe><leistung/></schreibe>", service("2", "Zwei", "", "")), nil)
	if len(ops) != 2 || len(errs) != 1 || ops[1].ID.Value != "2" {
		t.Errorf("got %d operations and %v", len(ops), errs)
	}
}

func TestReaderAcceptsNothing(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", " \r\n", "\ufeff", message(), `<?xml version="1.0"?>` + "\n"} {
		if ops, errs := readAll(t, in, nil); len(ops)+len(errs) != 0 {
			t.Errorf("%q: got %v, %v", in, ops, errs)
		}
	}
}

// The same service as different producers write it.
func TestReaderIgnoresWritingStyle(t *testing.T) {
	t.Parallel()
	const want = "http://xoev.de/schemata/xzufi/2_2_0"
	prefixed := `<z:t xmlns:z="` + want + `" xmlns:p3="http://www.w3.org/2001/XMLSchema-instance"><z:schreibe><z:leistung p3:type="z:LeistungErweitert">
		<z:id schemeID="lb" schemeAgencyID="A1">007</z:id><z:struktur p3:type="z:LeistungsstrukturObjekt"/>
		<z:modulText><z:leikaTextmodul><z:code>03</z:code></z:leikaTextmodul><z:inhalt languageCode="de-DE">&#220;ber&amp;Unter
Zwei</z:inhalt></z:modulText></z:leistung></z:schreibe></z:t>`
	plain := "\ufeff" + `<t xmlns="` + want + `" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><schreibe><leistung i:type="LeistungErweitert"><!-- c -->` +
		"\r\n" + `<id schemeAgencyID='A1'   schemeID='lb'>007</id><struktur i:type="LeistungsstrukturObjekt"></struktur>` +
		"<modulText><leikaTextmodul><code>03</code></leikaTextmodul><inhalt languageCode='de-DE'><![CDATA[Über&Unter]]>\r\nZwei </inhalt></modulText></leistung></schreibe></t>"
	a, errsA := readAll(t, prefixed, nil)
	b, errsB := readAll(t, plain, nil)
	if len(a) != 1 || len(b) != 1 || errsA != nil || errsB != nil {
		t.Fatalf("got %v %v, %v %v", a, errsA, b, errsB)
	}
	if d := cmp.Diff(string(a[0].Raw), string(b[0].Raw)); d != "" {
		t.Errorf("canonical XML differs:\n%s", d)
	}
	l := b[0].Leistung
	if l.Title.For("de") != "Über&Unter\nZwei" || l.Structure.Type != "LeistungsstrukturObjekt" || l.ID != (xzufi.ID{Agency: "A1", Scheme: "lb", Value: "007"}) {
		t.Errorf("got %+v", l)
	}
}

func TestReaderVersions(t *testing.T) {
	t.Parallel()
	for ns, version := range map[string]string{
		"http://xoev.de/schemata/xzufi/2_1_0": "2.1", "http://xoev.de/schemata/xzufi/2_2_0": "2.2",
		"http://xoev.de/schemata/xzufi/2_3_0": "2.3", "urn:example": "2.4",
	} {
		r := xzufi.NewReader(strings.NewReader(`<q:leistung.030104 xmlns:q="`+ns+`" xzufiVersion="2.2.0" produktbezeichnung="P" produkthersteller="H"><q:ergebnisLeistung><q:leistung><q:id schemeAgencyID="A">1</q:id></q:leistung></q:ergebnisLeistung></q:leistung.030104>`),
			&xzufi.ReaderOptions{Namespaces: map[string]string{"urn:example": "2.4"}})
		op, err := r.Next()
		if err != nil || op.ID.Value != "1" {
			t.Errorf("%s: %v, %v", ns, op, err)
		}
		want := xzufi.Header{Message: "leistung.030104", Namespace: ns, Version: version, Declared: "2.2.0", Product: "P", Manufacturer: "H"}
		if d := cmp.Diff(want, r.Header()); d != "" {
			t.Error(d)
		}
	}
	ops, errs := readAll(t, `<t xmlns="urn:new"><leistung><id>1</id></leistung></t>`, &xzufi.ReaderOptions{InsecureAnyNamespace: true})
	if len(ops) != 1 || errs != nil {
		t.Errorf("any namespace: %v, %v", ops, errs)
	}
}

func TestReaderDecodesAService(t *testing.T) {
	t.Parallel()
	in := message(`<schreibe><leistung>
	<id schemeAgencyID="A1" schemeID="lb">0012</id><idSekundaer schemeAgencyID="B">x</idSekundaer>
	<referenzLeiKa><code>99115005104000, 99115005104001</code></referenzLeiKa><referenzLeiKa><code>99000000000000</code></referenzLeiKa>
	<modulText><positionDarstellung>2</positionDarstellung><inhalt languageCode="de">&lt;p&gt;Volltext&lt;/p&gt;</inhalt><leikaTextmodul><code>06</code></leikaTextmodul></modulText>
	<modulText><positionDarstellung>1</positionDarstellung><inhalt languageCode="de">Bürgername</inhalt><leikaTextmodul><code>03</code></leikaTextmodul></modulText>
	<modulText><inhalt languageCode="de">Fachname</inhalt><inhalt languageCode="en">Technical</inhalt><leikaTextmodul><code>02</code></leikaTextmodul></modulText>
	<modulText><positionDarstellung>9</positionDarstellung><leikaTextmodul><code>99</code><name>Neu</name></leikaTextmodul>
	<weiterfuehrenderLink languageCode="de"><uri>https://b.example</uri><titel>B</titel><positionDarstellung>2</positionDarstellung></weiterfuehrenderLink>
	<weiterfuehrenderLink><uri>https://a.example</uri><positionDarstellung>1</positionDarstellung></weiterfuehrenderLink></modulText>
	<modulText><positionDarstellung>10</positionDarstellung><inhalt>Nicht <b>maskiert</b> &amp;amp; so</inhalt><leikaTextmodul><code>16</code></leikaTextmodul></modulText>
	<modulKosten><beschreibung languageCode="de">Gebühr</beschreibung><kosten><typ><code>1</code></typ><betrag>15.00</betrag><waehrung><code>EUR</code></waehrung></kosten></modulKosten>
	<modulFrist><beschreibung languageCode="de">Bald</beschreibung></modulFrist>
	<modulBearbeitungsdauer><dauer>2</dauer><einheit><code>Woche</code></einheit></modulBearbeitungsdauer>
	<modulFachlicheFreigabe><fachlichFreigegebenAm>2026-02-01</fachlichFreigegebenAm><fachlichFreigegebenDurch languageCode="de">Amt</fachlichFreigegebenDurch></modulFachlicheFreigabe>
	<typisierung><code>2/3</code></typisierung><informationsbereichSDG><code>0000000</code></informationsbereichSDG>
	<kategorie><id>k1</id><bezeichnung languageCode="de">Tiere</bezeichnung></kategorie>
	<gueltigkeitGebietID schemeID="ars">030000000000</gueltigkeitGebietID>
	<versionsinformation><geaendertDatumZeit>2026-02-01T10:00:00+01:00</geaendertDatumZeit><gueltigkeit><beginn>2026-01-01</beginn><ende>2026-12-31</ende></gueltigkeit></versionsinformation>
	<kennzeichenEA>ja</kennzeichenEA><neuesElement wert="1">bleibt</neuesElement><erstelltDatumZeit>gestern</erstelltDatumZeit>
	</leistung></schreibe>`)
	ops, errs := readAll(t, in, nil)
	if len(ops) != 1 || errs != nil {
		t.Fatal(ops, errs)
	}
	got := *ops[0].Leistung
	if !bytes.Contains(got.Raw, []byte(`<neuesElement wert="1">bleibt</neuesElement>`)) {
		t.Errorf("unknown element lost: %s", got.Raw)
	}
	if len(ops[0].Warnings) != 1 || ops[0].Warnings[0].Element != "erstelltDatumZeit" {
		t.Errorf("warnings: %v", ops[0].Warnings)
	}
	got.Raw = nil
	day := func(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 0, 0, 0, time.UTC) }
	de := func(s string) xzufi.Text { return xzufi.Text{{Lang: "de", Text: s}} }
	want := xzufi.Leistung{
		ID: xzufi.ID{Agency: "A1", Scheme: "lb", Value: "0012"}, SecondaryIDs: []xzufi.ID{{Agency: "B", Value: "x"}},
		LeikaKeys: []string{"99115005104000", "99115005104001", "99000000000000"},
		Title:     xzufi.Text{{Lang: "de", Text: "Bürgername"}, {Lang: "en", Text: "Technical"}}, FullText: de("<p>Volltext</p>"),
		Modules: []xzufi.Module{
			{Code: "02", Text: xzufi.Text{{Lang: "de", Text: "Fachname"}, {Lang: "en", Text: "Technical"}}},
			{Code: "03", Text: de("Bürgername"), Position: 1},
			{Code: "06", Text: de("<p>Volltext</p>"), Position: 2},
			{Code: "99", Name: "Neu", Position: 9, Links: []xzufi.Link{{URI: "https://a.example", Position: 1}, {URI: "https://b.example", Title: "B", Lang: "de", Position: 2}}},
			{Code: "16", Text: xzufi.Text{{Text: "Nicht <b>maskiert</b> &amp; so"}}, Position: 10},
		},
		Costs:      []xzufi.Cost{{Text: de("Gebühr"), Amounts: []xzufi.Amount{{Type: "1", Value: "15.00", Currency: "EUR"}}}},
		Deadlines:  []xzufi.Deadline{{Text: de("Bald")}},
		Processing: []xzufi.Processing{{Duration: "2", Unit: "Woche"}},
		Approval:   xzufi.Approval{On: day(2026, 2, 1, 0), By: de("Amt")},
		Typing:     []string{"2/3"}, Categories: []xzufi.Category{{ID: xzufi.ID{Agency: "A1", Value: "k1"}, Name: de("Tiere")}},
		Areas: []string{"03"}, ValidFrom: day(2026, 1, 1, 0), ValidUntil: day(2027, 1, 1, 0), Changed: day(2026, 2, 1, 9), SinglePOC: true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("service (-want +got):\n%s", d)
	}
}

func TestReaderDecodesOfficeOnlineAndDelete(t *testing.T) {
	t.Parallel()
	in := message(`<schreibe><organisationseinheit xsi:type="x:OrganisationseinheitErweitert"><id schemeAgencyID="A1" schemeID="oe">5</id>
	<name><name languageCode="de">Bürgeramt</name><name languageCode="en">Citizens</name></name>
	<anschrift><typ><code>002</code></typ><strasse>Weg</strasse><hausnummer>1a</hausnummer><postleitzahl>01234</postleitzahl><ort>Au</ort>
	<verwaltungspolitischeKodierung><gemeindeschluessel><code>03999003</code></gemeindeschluessel></verwaltungspolitischeKodierung>
	<infoBarrierefreiheit languageCode="de">Rampe</infoBarrierefreiheit><aufzug>true</aufzug><rollstuhlgerecht>false</rollstuhlgerecht></anschrift>
	<kommunikation><kanal><code>01</code></kanal><kennung>04299 1</kennung><zusatz>Zentrale</zusatz></kommunikation>
	<infoOeffnungszeitenText languageCode="de">Mo 8-12</infoOeffnungszeitenText><infoInternetadresse><uri>https://x.example</uri></infoInternetadresse>
	<zustaendigkeit><leistungID schemeAgencyID="A2">7</leistungID><gebietID>039990003003</gebietID><gebietID>03</gebietID></zustaendigkeit>
	<zustaendigkeit><gebietID>03</gebietID></zustaendigkeit></organisationseinheit></schreibe>`,
		`<schreibe><onlinedienst><id schemeAgencyID="A1">9</id><bezeichnung languageCode="de">Online</bezeichnung><link><typ><code>01</code></typ><link>https://o.example</link><titel>Start</titel></link>
	<vertrauensniveau><code>30</code></vertrauensniveau><parameter><name>n</name><wert>w</wert></parameter></onlinedienst></schreibe>`,
		`<loesche klasse="LeistungSpezialisierung"><id schemeAgencyID="A1">3</id></loesche>`,
		`<schreibe><formular><id>1</id></formular></schreibe>`)
	ops, errs := readAll(t, in, nil)
	if len(ops) != 4 || errs != nil {
		t.Fatal(ops, errs)
	}
	o := *ops[0].Organisationseinheit
	o.Raw = nil
	de := func(s string) xzufi.Text { return xzufi.Text{{Lang: "de", Text: s}} }
	id := xzufi.ID{Agency: "A1", Scheme: "oe", Value: "5"}
	want := xzufi.Organisationseinheit{ID: id, Name: xzufi.Text{{Lang: "de", Text: "Bürgeramt"}, {Lang: "en", Text: "Citizens"}},
		Addresses: []xzufi.Address{{Type: "002", Street: "Weg", HouseNumber: "1a", Postcode: "01234", Place: "Au", AreaKey: "03999003",
			Accessibility: de("Rampe"), Lift: xzufi.Yes, Wheelchair: xzufi.No}},
		Communications:   []xzufi.Communication{{Channel: "01", Value: "04299 1", Note: "Zentrale"}},
		OpeningHours:     de("Mo 8-12"),
		Websites:         []xzufi.Link{{URI: "https://x.example"}},
		Responsibilities: []xzufi.Zustaendigkeit{{Object: id, Leistung: xzufi.ID{Agency: "A2", Value: "7"}, Areas: []string{"039990003003", "03"}}},
	}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("office (-want +got):\n%s", d)
	}
	if len(ops[0].Warnings) != 1 {
		t.Errorf("warnings: %v", ops[0].Warnings)
	}
	d := *ops[1].Onlinedienst
	d.Raw = nil
	if diff := cmp.Diff(xzufi.Onlinedienst{ID: xzufi.ID{Agency: "A1", Value: "9"}, Title: de("Online"), TrustLevel: "30",
		Links: []xzufi.Link{{URI: "https://o.example", Title: "Start", Type: "01"}}, Parameters: map[string]string{"n": "w"}}, d); diff != "" {
		t.Errorf("online service (-want +got):\n%s", diff)
	}
	if del := ops[2]; !del.Delete || del.Class != xzufi.ClassSpezialisierung || del.ID != (xzufi.ID{Agency: "A1", Value: "3"}) {
		t.Errorf("delete: %+v", del)
	}
	if ops[3].Class != xzufi.ClassUnknown || ops[3].Element != "formular" || !bytes.Contains(ops[3].Raw, []byte("<id>1</id>")) {
		t.Errorf("unknown object: %+v", ops[3])
	}
}

// endless gives objects without end; the reader must not wait for one.
type endless struct {
	head, unit string
	at         int
	taken      int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		var src string
		if e.at < len(e.head) {
			src = e.head[e.at:]
		} else {
			src = e.unit[(e.at-len(e.head))%len(e.unit):]
		}
		k := copy(p[n:], src)
		n += k
		e.at += k
	}
	e.taken += n
	return n, nil
}

func TestReaderStreams(t *testing.T) {
	t.Parallel()
	e := &endless{head: strings.TrimSuffix(message(), "</x:transfer.operation.040501>"), unit: service("1", "Titel", "Wort", "Text")}
	r := xzufi.NewReader(e, nil)
	for i := range 100 {
		op, err := r.Next()
		if err != nil || op.ID.Value != "1" {
			t.Fatalf("object %d: %v, %v", i, op, err)
		}
	}
	if most := 100*len(e.unit) + 256<<10; e.taken > most {
		t.Errorf("took %d bytes for 100 objects of %d", e.taken, len(e.unit))
	}
}

func TestReaderKeepsTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("line cut")
	r := xzufi.NewReader(io.MultiReader(strings.NewReader(`<t xmlns="http://xoev.de/schemata/xzufi/2_2_0"><schreibe>`), errReader{broken}), nil)
	_, err := r.Next()
	var re *xzufi.ReadError
	if !errors.Is(err, broken) || !errors.As(err, &re) || re.Reason != xzufi.ReasonRead {
		t.Errorf("got %v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func FuzzReader(f *testing.F) {
	f.Add(message(service("1", "Titel", "Wort", "Text"), office("2", "Amt", "<zustaendigkeit><leistungID>1</leistungID></zustaendigkeit>"), responsible("3", "2", "1", "03", "01")))
	f.Add(message(`<loesche klasse="Leistung"><id>1</id></loesche>`, "<schreibe><formular/></schreibe>"))
	f.Add(`<t xmlns="http://xoev.de/schemata/xzufi/2_1_0" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><leistung i:type="x"><id xml:lang="de" i:nil="1">1</id> a <b> c </b></leistung></t>`)
	var b bytes.Buffer
	if err := xzufitest.WriteDelivery(&b, 2); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, in string) {
		opts := &xzufi.ReaderOptions{MaxObject: 1 << 20}
		ops, _ := readAll(t, in, opts)
		for _, op := range ops {
			if op.Class == xzufi.ClassUnknown {
				continue
			}
			// Canonical XML is a fixed point and means the same object. Reading
			// it declares prefixes the original may have inherited.
			again, errs := readAll(t, string(op.Raw), &xzufi.ReaderOptions{MaxAttributes: 1000, MaxDepth: 1000, MaxObject: 1 << 24, InsecureAnyNamespace: true})
			if len(again) != 1 || len(errs) != 0 || again[0].ID != op.ID || again[0].Class != op.Class || again[0].Delete != op.Delete {
				t.Fatalf("canonical XML reads differently: %v, %v\n%s", again, errs, op.Raw)
			}
			if !bytes.Equal(again[0].Raw, op.Raw) {
				t.Fatalf("canonical XML is not stable:\n%s\n%s", op.Raw, again[0].Raw)
			}
		}
	})
}

func BenchmarkReadTyped(b *testing.B) {
	var buf bytes.Buffer
	if err := xzufitest.WriteDelivery(&buf, 1000); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r := xzufi.NewReader(bytes.NewReader(buf.Bytes()), nil)
		for n = 0; ; n++ {
			if _, err := r.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}
