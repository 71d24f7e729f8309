package xzufi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/xzufi"
)

// town is a small Samtgemeinde with two members and a town of its own.
func town() []xzufi.Area {
	return []xzufi.Area{
		{Key: "03", Name: "Niedersachsen", Kind: "Land"},
		{Key: "03999", Name: "Mittelaue", Kind: "Landkreis"},
		{Key: "039995401", Name: "Altenwehr", Kind: "Samtgemeinde"},
		{Key: "039995401001", Name: "Altenwehr", Kind: "Gemeinde", Postcodes: []string{"27898"}},
		{Key: "039995401002", Name: "Grünhude", Kind: "Gemeinde", Postcodes: []string{"27898", "27899"}},
		{Key: "039990003003", Name: "Auestadt", Kind: "Stadt", Postcodes: []string{"27890"}},
	}
}

func message(objects ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<x:transfer.operation.040501 xmlns:x="http://xoev.de/schemata/xzufi/2_2_0" xmlns="http://xoev.de/schemata/xzufi/2_2_0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="2.2">
<nachrichtenkopf><nachrichtUUID>1</nachrichtUUID></nachrichtenkopf><transaktionID>t</transaktionID><transaktionPosition>1</transaktionPosition>
` + strings.Join(objects, "\n") + `
</x:transfer.operation.040501>`
}

func service(id, title, synonym, text string) string {
	return `<schreibe><leistung><id schemeAgencyID="A1" schemeID="lb">` + id + `</id>
	<modulText><inhalt languageCode="de">` + title + `</inhalt><leikaTextmodul listURI="urn:x"><code xmlns="">03</code></leikaTextmodul></modulText>
	<modulText><inhalt languageCode="de">` + text + `</inhalt><leikaTextmodul><code>06</code></leikaTextmodul></modulText>
	<modulBegriffImKontext><begriffImKontext><begriff languageCode="de">` + synonym + `</begriff></begriffImKontext></modulBegriffImKontext>
	</leistung></schreibe>`
}

func office(id, name, inside string) string {
	return `<schreibe><organisationseinheit><id schemeAgencyID="A1" schemeID="oe">` + id + `</id><name><name languageCode="de">` + name +
		`</name></name>` + inside + `</organisationseinheit></schreibe>`
}

func responsible(id, object, service, area, role string) string {
	return `<schreibe><zustaendigkeitTransferObjekt><uebergeordnetesObjektID schemeAgencyID="A1">` + object + `</uebergeordnetesObjektID>
	<zustaendigkeit><id schemeAgencyID="A1" schemeID="ZustaendigkeitOrganisationseinheit">` + id + `</id><leistungID schemeAgencyID="A1">` + service + `</leistungID><gebietID>` + area + `</gebietID><rolle><code>` + role + `</code></rolle></zustaendigkeit></zustaendigkeitTransferObjekt></schreibe>`
}

func load(t testing.TB, c *xzufi.Catalogue, objects ...string) xzufi.Report {
	t.Helper()
	rep, err := c.Import(context.Background(), "test", xzufi.File{Name: "a.xml", Reader: strings.NewReader(message(objects...))})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestSearchFindsWhatPeopleType(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	load(t, c,
		service("1", "Hundesteuer: Hund anmelden", "Hundehaltung", "Wer einen Hund hält, zahlt Steuer. Auch Häuser und Straßen stehen hier."),
		service("2", "Geburtsurkunde beantragen", "Abstammungsurkunde", "Sie brauchen eine Urkunde über die Geburt."),
		service("3", "Wohnsitz anmelden", "Ummeldung", "Beim Einzug in eine Wohnung."),
		service("4", "Müllabfuhr", "Abfallentsorgung; Straßenreinigung", "Die Gemeinde holt den Abfall ab."),
	)
	tests := []struct{ query, want string }{
		{"Hundesteuer", "1"}, {"hundesteur", "1"}, {"hundestuer", "1"}, {"hundessteuer", "1"}, {"HUNDESTEUER", "1"},
		{"Hund anmelden", "1"}, {"Hundeanmeldung", "1"}, {"Steuer", "1"}, {"hunde", "1"},
		{"Geburtsurkunde", "2"}, {"geburtsurk", "2"}, {"Urkunde", "2"}, {"geburts urkunde", "2"}, {"gebrutsurkunde", "2"},
		{"Müllabfuhr", "4"}, {"muellabfuhr", "4"}, {"mullabfuhr", "4"}, {"Mu\u0308llabfuhr", "4"}, {"MÜLLABFUHR", "4"},
		{"strasse", "4"}, {"Straßenreinigung", "4"}, {"strassenreinigung", "4"}, {"Haus", "1"}, {"haeuser", "1"},
		{"Wohnsitz", "3"}, {"wie kann ich meinen Wohnsitz anmelden?", "3"},
	}
	for _, tt := range tests {
		res, err := c.Search(context.Background(), xzufi.Query{Text: tt.query})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) == 0 || res.Hits[0].ID.Value != tt.want {
			t.Errorf("%q: got %+v, want %s first", tt.query, res, tt.want)
		}
	}
}
