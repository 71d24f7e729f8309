package assistant_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

func FuzzApply(f *testing.F) {
	f.Add("hund-anmelden", "ort", "", "ort.plz=27899&ort.gemeinde=033990004004")
	f.Add("hund-anmelden", "person", "", "person.vorname=%00&person.geburtsdatum.day=3&person.geburtsdatum.year=1985")
	f.Add("hund-anmelden", "hunde", "1", "name=Bello&gefaehrlich=yes&gefaehrlich_seit.day=31&chip=%ff")
	f.Add("hund-anmelden", "zahlung", "", "zahlung.art=sepa&zahlung.iban=DE02+1203+0000+0000+2020+51&zahlung.mandat=yes")
	f.Add("allgemeines-anliegen", "antwort", "", "antwort.art=telefon&antwort.telefon=%2B49+%280%29+4999")
	f.Add("buechereiausweis", "nutzung", "", "nutzung.bereiche=buecher&nutzung.bereiche=x")
	set, err := assistant.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, step, item, query string) {
		d, ok := set.Latest(id)
		if !ok {
			return
		}
		form, _ := url.ParseQuery(query)
		a, _, _ := d.NewItem(d.Prefill(d.Start(), loginValues(4), today), "hunde", today)
		in := assistant.Input{Step: step, Item: item, Form: form, Now: today}
		once, errs := d.Apply(a, in)
		for _, e := range errs {
			if e.Code == "" {
				t.Errorf("error without code: %+v", e)
			}
		}
		doc := asJSON(t, once)
		if again, _ := d.Apply(once, in); asJSON(t, again) != doc {
			t.Errorf("twice is not once:\n%s\n%s", doc, asJSON(t, again))
		}
		for _, v := range once.Values {
			if !utf8.ValidString(v.Text) {
				t.Errorf("stored text is not UTF-8: %q", v.Text)
			}
		}
		for _, l := range assistant.Langs() {
			d.Summary(once, l, today, nil)
		}
		if p, err := d.Payload(once, today); err == nil && !json.Valid(p.JSON) {
			t.Errorf("payload %s", p.JSON)
		}
	})
}

func FuzzLoad(f *testing.F) {
	// Small seeds: the definitions of the portal are too large to mutate.
	f.Add(wrap(`{"id":"s","title":@S@,"fields":[{"id":"f","type":"radio","label":@F@,` + abc + `}]}`))
	f.Add(wrap(`{"id":"g","title":@G@,"group":{"id":"t","min":0,"max":2,"itemTitle":@T@},"fields":[
		{"id":"f","type":"date","label":@F@,"min":"today-1y","prefill":{"bundid":"x"}}]},
		{"id":"s","title":@S@,"when":{"not":{"field":"t","op":"count","value":1}},"fields":[{"id":"n","type":"number","label":@N@,"max":"5"}]}`))
	f.Add([]byte(`{"id":"x","steps":[{"fields":[{"when":{"not":{"all":[{}]}}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := assistant.Parse("fuzz.json", data)
		if err != nil {
			if _, ok := errors.AsType[*assistant.LoadError](err); !ok {
				t.Fatalf("not a LoadError: %v", err)
			}
			return
		}
		a := d.Start()
		for i := range d.Steps {
			a, _ = d.Apply(a, assistant.Input{Step: d.Steps[i].ID, Form: form("f", "x"), Now: today})
		}
		d.Complete(a, today)
		d.Tasks(a, today)
		d.Summary(a, assistant.Simple, today, nil)
	})
}
