package xzufitest

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

var (
	things = strings.Fields(`Hund Gewerbe Wohnsitz Geburt Ehe Grundstück Müll Straßen Führungs Reise Personal Kinder Schul
		Bau Garten Wasser Strom Fischerei Jagd Vereins Markt Friedhofs Park Bewohner Schwerbehinderten Eltern Pflege Sport`)
	kinds = strings.Fields(`Steuer Urkunde Anmeldung Ausweis Bescheinigung Genehmigung Erlaubnis Zulassung Beitrag Gebühr
		Befreiung Verlängerung Abmeldung Auskunft Förderung`)
	doings = strings.Fields(`beantragen anmelden abmelden verlängern ändern bezahlen erhalten anzeigen mitteilen bestellen`)
	filler = strings.Fields(`Wenn Sie in der Gemeinde wohnen müssen Sie den Antrag rechtzeitig stellen Dafür brauchen Sie einen
		gültigen Ausweis und die Bescheinigung Ihrer Behörde Die Gebühr richtet sich nach der Satzung Wir prüfen die Unterlagen
		innerhalb von zwei Wochen und senden Ihnen den Bescheid Gegen den Bescheid können Sie Widerspruch erheben`)
)

// Title returns the title that the i-th service of [WriteDelivery] has.
func Title(i int) string {
	return things[i%len(things)] + strings.ToLower(kinds[(i/len(things))%len(kinds)]) + " " + doings[i%len(doings)]
}

// WriteDelivery writes a transfer message with the given number of services,
// each with about 400 words, a specialisation and two responsibilities, and
// one office for ten services. The same number gives the same bytes.
func WriteDelivery(w io.Writer, services int) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		`<x:transfer.operation.040501 xmlns:x="http://xoev.de/schemata/xzufi/2_2_0" xzufiVersion="2.2.0" produktbezeichnung="generator">`+
		`<x:nachrichtenkopf><x:nachrichtUUID>0</x:nachrichtUUID></x:nachrichtenkopf><x:transaktionID>1</x:transaktionID><x:transaktionPosition>1</x:transaktionPosition>`)
	for i := range services {
		writeService(b, i)
		if i%10 == 0 {
			fmt.Fprintf(b, "\n<x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"G1\" schemeID=\"oe\">%d</x:id><x:name><x:name languageCode=\"de\">Amt für %s %d</x:name></x:name></x:organisationseinheit></x:schreibe>",
				i/10, things[i%len(things)], i/10)
		}
		for k, area := range []string{"03", "0399900" + fmt.Sprintf("%02d", i%5)} {
			fmt.Fprintf(b, "\n<x:schreibe><x:zustaendigkeitTransferObjekt><x:uebergeordnetesObjektID schemeAgencyID=\"G1\">%d</x:uebergeordnetesObjektID>"+
				"<x:zustaendigkeit><x:id schemeAgencyID=\"G1\" schemeID=\"ZustaendigkeitOrganisationseinheit\">%d-%d</x:id><x:leistungID schemeAgencyID=\"G1\">%d</x:leistungID>"+
				"<x:gebietID>%s</x:gebietID><x:rolle><code>01</code></x:rolle></x:zustaendigkeit></x:zustaendigkeitTransferObjekt></x:schreibe>", i/10, i, k, i, area)
		}
	}
	fmt.Fprint(b, "\n</x:transfer.operation.040501>\n")
	return b.Flush()
}

func writeService(b *bufio.Writer, i int) {
	fmt.Fprintf(b, "\n<x:schreibe><x:leistung><x:id schemeAgencyID=\"G1\" schemeID=\"lb\">%d</x:id><x:referenzLeiKa><code>99%012d</code></x:referenzLeiKa>", i, i)
	module := func(code, text string) {
		fmt.Fprintf(b, "<x:modulText><x:inhalt languageCode=\"de\">%s</x:inhalt><x:leikaTextmodul listURI=\"urn:de:xzufi:codeliste:leistungstextmodulleika\"><code>%s</code></x:leikaTextmodul></x:modulText>", text, code)
	}
	module("03", Title(i))
	for m, code := range []string{"05", "06", "08", "09", "11", "16"} {
		var words []string
		for k := range 65 {
			words = append(words, filler[(i*7+m*13+k*(1+i%3))%len(filler)])
		}
		words = append(words, things[(i+m)%len(things)]+strings.ToLower(kinds[(i*m)%len(kinds)]))
		module(code, "&lt;p&gt;"+strings.Join(words, " ")+".&lt;/p&gt;")
	}
	fmt.Fprintf(b, "<x:modulBegriffImKontext><x:begriffImKontext><x:begriff languageCode=\"de\">%s%d</x:begriff></x:begriffImKontext></x:modulBegriffImKontext></x:leistung></x:schreibe>",
		kinds[i%len(kinds)], i)
	fmt.Fprintf(b, "\n<x:schreibe><x:spezialisierung><x:id schemeAgencyID=\"G1\" schemeID=\"sp\">s%d</x:id><x:leistungID schemeAgencyID=\"G1\">%d</x:leistungID><x:gueltigkeitGebietID>03999</x:gueltigkeitGebietID>"+
		"<x:modulText><x:inhalt languageCode=\"de\">Bei uns im Landkreis.</x:inhalt><x:leikaTextmodul><code>16</code></x:leikaTextmodul></x:modulText></x:spezialisierung></x:schreibe>", i, i)
}
