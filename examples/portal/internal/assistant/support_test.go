package assistant_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// today is the day of all tests, in the evening so that zones would show.
var today = time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("CET", 3600))

var textMark = regexp.MustCompile(`@([^@]*)@`)

// wrap makes a definition around steps; @x@ stands for a text.
func wrap(steps string) []byte {
	s := `{"id":"test","version":"1","title":@T@,"lead":@L@,"level":0,"audience":"both",
	"massgeblicherOrt":"residence","outcome":"decision","processing":@P@,
	"steps":[` + steps + `],"declaration":{"points":[@D@],"privacy":@V@}}`
	return []byte(textMark.ReplaceAllString(s, `{"de":"$1","en":"$1","de-simple":"$1"}`))
}

func define(t testing.TB, steps string) *assistant.Definition {
	t.Helper()
	d, err := assistant.Parse("test.json", wrap(steps))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// oneField defines one step "s" with one field "f" and more keys of it.
func oneField(t testing.TB, typ, more string) *assistant.Definition {
	t.Helper()
	if more != "" {
		more = "," + more
	}
	return define(t, `{"id":"s","title":@S@,"fields":[{"id":"f","type":"`+typ+`","label":@F@`+more+`}]}`)
}

func builtin(t testing.TB, id string) *assistant.Definition {
	t.Helper()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d, ok := set.Latest(id)
	if !ok {
		t.Fatalf("no definition %q", id)
	}
	return d
}

func form(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	return v
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// codes lists field=code of the errors.
func codes(errs []assistant.FieldError) string {
	var out []string
	for _, e := range errs {
		s := e.Field + "=" + string(e.Code)
		if e.Fresh {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// post applies and fails when there are errors.
func post(t testing.TB, d *assistant.Definition, a assistant.Answers, step, item string, f url.Values) assistant.Answers {
	t.Helper()
	out, errs := d.Apply(a, assistant.Input{Step: step, Item: item, Form: f, Now: today})
	if len(errs) > 0 {
		t.Fatalf("step %s: %+v", step, errs)
	}
	return out
}

func dog(name string) url.Values {
	return form("name", name, "rasse", "Mischling", "chip", "276 0981-0234 5678", "geburt.month", "4",
		"geburt.year", "2021", "seit.day", "03", "seit.month", "9", "seit.year", "2025",
		"versicherung", "yes", "versicherer", "Weser Versicherung", "gefaehrlich", "no")
}

// loginValues are the attributes of an invented person with an ID card.
func loginValues(level int) []assistant.PrefillValue {
	v := func(attr, value string) assistant.PrefillValue {
		return assistant.PrefillValue{Attr: attr, Value: value, Level: level, Source: assistant.BundID}
	}
	return []assistant.PrefillValue{
		v("urn:oid:2.5.4.42", "Jördis"), v("urn:oid:2.5.4.4", "Äppelmann"),
		v("urn:oid:1.2.40.0.10.2.1.1.55", "1984-02-29"), v("urn:oid:2.5.4.16", "Deichweg 7"),
		v("urn:oid:2.5.4.17", "27899"), v("urn:oid:2.5.4.7", "Altenwehr"),
		v("urn:oid:0.9.2342.19200300.100.1.3", "joerdis@example.org"),
	}
}

// registration fills the leading journey.
func registration(t testing.TB) (*assistant.Definition, assistant.Answers) {
	t.Helper()
	d := builtin(t, "hund-anmelden")
	a := d.Prefill(d.Start(), loginValues(4), today)
	a = post(t, d, a, "ort", "", form("ort.plz", "D-27899", "ort.gemeinde", "033990004004"))
	a = post(t, d, a, "person", "", form("person.strasse", "Deichweg 9", "person.plz", "27899",
		"person.ort", "Altenwehr", "person.email", "joerdis@example.org"))
	for _, name := range []string{"Bello", "Ännchen"} {
		var id string
		a, id, _ = d.NewItem(a, "hunde", today)
		a = post(t, d, a, "hunde", id, dog(name))
	}
	a, errs := d.AddFile(a, assistant.FilePlace{Step: "hunde", Item: "1", Field: "sachkunde"},
		assistant.File{ID: "f1", Name: "Nachweis.pdf", MediaType: "application/pdf", Size: 1234, SHA256: "ab"}, today)
	if errs != nil {
		t.Fatal(errs)
	}
	a = post(t, d, a, "hunde", "", nil)
	a = post(t, d, a, "zahlung", "", form("zahlung.art", "sepa", "zahlung.iban", "de02 1203 0000 0000 2020 51",
		"zahlung.inhaber", "Jördis Äppelmann", "zahlung.mandat", "yes"))
	return d, a
}
