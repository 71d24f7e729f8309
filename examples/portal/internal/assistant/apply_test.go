package assistant_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

const abc = `"options":[{"value":"a","label":@A@},{"value":"b","label":@B@},{"value":"c","label":@C@}]`

func TestApplyTypes(t *testing.T) {
	t.Parallel()
	req := `"required":true`
	for _, tt := range []struct {
		name, typ, more string
		in              []string // alternating key and value
		want            string   // kind:value, "" for none
		err             assistant.Code
	}{
		{"text", "text", "", []string{"f", "  Ännchen\tvon Tharau "}, "text:Ännchen von Tharau", ""},
		{"text composed", "text", "", []string{"f", "Mu\u0308ller"}, "text:Müller", ""},
		{"text emoji", "text", "", []string{"f", "Hund 🐕"}, "text:Hund 🐕", ""},
		{"text required", "text", req, []string{"f", " \u00a0 "}, "", assistant.CodeRequired},
		{"text required missing", "text", req, nil, "", assistant.CodeRequired},
		{"text optional", "text", "", nil, "", ""},
		{"text nul", "text", "", []string{"f", "a\x00b"}, "", assistant.CodeControl},
		{"text newline", "text", "", []string{"f", "a\nb"}, "", assistant.CodeControl},
		{"text right to left override", "text", "", []string{"f", "a\u202eb"}, "", assistant.CodeControl},
		{"text not utf8", "text", "", []string{"f", "a\xffb"}, "", assistant.CodeNotUTF8},
		{"text too long", "text", `"maxLen":3`, []string{"f", "äöüß"}, "text:äöüß", assistant.CodeTooLong},
		{"text just fits", "text", `"maxLen":4`, []string{"f", "äöüß"}, "text:äöüß", ""},
		{"text huge", "text", "", []string{"f", strings.Repeat("a", 1<<20)}, "", assistant.CodeTooLong},
		{"pattern", "text", `"pattern":"[0-9]{3}"`, []string{"f", "1234"}, "text:1234", assistant.CodePattern},
		{"pattern line end", "text", `"pattern":"[0-9]{3}"`, []string{"f", "123"}, "text:123", ""},
		{"compact", "text", `"pattern":"[0-9]{3}","compact":true`, []string{"f", "1 2-3"}, "text:123", ""},
		{"textarea", "textarea", "", []string{"f", "a\r\nb\rc"}, "text:a\nb\nc", ""},
		{"number", "number", "", []string{"f", "1 234"}, "number:1234", ""},
		{"number thousands", "number", "", []string{"f", "1.234"}, "number:1234", ""},
		{"number decimals", "number", `"decimals":2`, []string{"f", "-1.234,50"}, "number:-1234.5", ""},
		{"number English", "number", `"decimals":2`, []string{"f", "1,234.5"}, "number:1234.5", ""},
		{"number too precise", "number", `"decimals":1`, []string{"f", "1,25"}, "raw:1,25", assistant.CodeNumber},
		{"number words", "number", "", []string{"f", "drei"}, "raw:drei", assistant.CodeNumber},
		{"number bad groups", "number", "", []string{"f", "1.23.4"}, "raw:1.23.4", assistant.CodeNumber},
		{"number infinite", "number", "", []string{"f", "1e9"}, "raw:1e9", assistant.CodeNumber},
		{"number range", "number", `"min":"1","max":"5"`, []string{"f", "6"}, "number:6", assistant.CodeRange},
		{"number lowest", "number", `"min":"1","max":"5"`, []string{"f", "1"}, "number:1", ""},
		{"money", "money", "", []string{"f", "15"}, "money:1500", ""},
		{"money sign", "money", "", []string{"f", "1.234,5 €"}, "money:123450", ""},
		{"money dot", "money", "", []string{"f", "15.00"}, "money:1500", ""},
		{"money three decimals", "money", "", []string{"f", "1,234"}, "raw:1,234", assistant.CodeNumber},
		{"money range", "money", `"max":"10"`, []string{"f", "10,01"}, "money:1001", assistant.CodeRange},
		{"date", "date", "", []string{"f.day", "3", "f.month", "03", "f.year", "2020"}, "date:2020-03-03", ""},
		{"date leap", "date", "", []string{"f.day", "29", "f.month", "2", "f.year", "2024"}, "date:2024-02-29", ""},
		{"date no leap", "date", "", []string{"f.day", "29", "f.month", "2", "f.year", "2023"}, "raw:29.2.2023", assistant.CodeDateInvalid},
		{"date short year", "date", "", []string{"f.day", "3", "f.month", "3", "f.year", "85"}, "raw:3.3.85", assistant.CodeDateInvalid},
		{"date partly", "date", "", []string{"f.year", "1985"}, "raw:..1985", assistant.CodeDateInvalid},
		{"date partial allowed", "date", `"partial":true`, []string{"f.year", "1985"}, "raw:..1985", ""},
		{"date partial month", "date", `"partial":true`, []string{"f.month", "7", "f.year", "1985"}, "raw:.7.1985", ""},
		{"date day without month", "date", `"partial":true`, []string{"f.day", "7", "f.year", "1985"}, "raw:7..1985", assistant.CodeDateInvalid},
		{"date partial in future", "date", `"partial":true,"max":"today"`, []string{"f.year", "2027"}, "raw:..2027", assistant.CodeDateFuture},
		{"date partial this year", "date", `"partial":true,"max":"today"`, []string{"f.year", "2026"}, "raw:..2026", ""},
		{"date future", "date", `"max":"today"`, []string{"f.day", "2", "f.month", "3", "f.year", "2026"}, "date:2026-03-02", assistant.CodeDateFuture},
		{"date today", "date", `"max":"today"`, []string{"f.day", "1", "f.month", "3", "f.year", "2026"}, "date:2026-03-01", ""},
		{"date past", "date", `"min":"today-30y"`, []string{"f.day", "28", "f.month", "2", "f.year", "1996"}, "date:1996-02-28", assistant.CodeDatePast},
		{"date fixed bound", "date", `"min":"2000-01-01"`, []string{"f.day", "31", "f.month", "12", "f.year", "1999"}, "date:1999-12-31", assistant.CodeRange},
		{"date required", "date", req, []string{"f.day", "", "f.month", " "}, "", assistant.CodeRequired},
		{"yes", "yesno", req, []string{"f", "yes"}, "bool:true", ""},
		{"no is an answer", "yesno", req, []string{"f", "no"}, "bool:false", ""},
		{"yesno other", "yesno", "", []string{"f", "maybe"}, "", assistant.CodeOption},
		{"consent", "consent", req, []string{"f", "yes"}, "bool:true", ""},
		{"consent missing", "consent", req, nil, "", assistant.CodeRequired},
		{"consent refused", "consent", req, []string{"f", "no"}, "", assistant.CodeRequired},
		{"radio", "radio", abc, []string{"f", "b"}, "text:b", ""},
		{"radio foreign", "radio", abc, []string{"f", "z"}, "", assistant.CodeOption},
		{"select", "select", abc, []string{"f", "c"}, "text:c", ""},
		{"checkboxes", "checkboxes", abc, []string{"f", "c", "f", "a", "f", "c", "f", ""}, "options:a,c", ""},
		{"checkboxes foreign", "checkboxes", abc, []string{"f", "a", "f", "z"}, "", assistant.CodeOption},
		{"checkboxes few", "checkboxes", abc + `,"min":"2"`, []string{"f", "a"}, "options:a", assistant.CodeTooFew},
		{"checkboxes many", "checkboxes", abc + `,"max":"1"`, []string{"f", "a", "f", "b"}, "options:a,b", assistant.CodeTooMany},
		{"iban", "iban", "", []string{"f", "IBAN: de02 1203.0000 0000 2020 51"}, "text:DE02120300000000202051", ""},
		{"iban check digits", "iban", "", []string{"f", "DE03120300000000202051"}, "text:DE03120300000000202051", assistant.CodeIBAN},
		{"iban short", "iban", "", []string{"f", "DE0212030000000020205"}, "text:DE0212030000000020205", assistant.CodeIBAN},
		{"iban letters", "iban", "", []string{"f", "FR14 2004 1010 0505 0001 3M02 606"}, "text:FR1420041010050500013M02606", ""},
		{"iban only word", "iban", req, []string{"f", "IBAN"}, "", assistant.CodeRequired},
		{"email", "email", "", []string{"f", " a.b+c@Example.ORG "}, "text:a.b+c@example.org", ""},
		{"email no dot", "email", "", []string{"f", "a@localhost"}, "text:a@localhost", assistant.CodeEmail},
		{"email two at", "email", "", []string{"f", "a@b@example.org"}, "text:a@b@example.org", assistant.CodeEmail},
		{"email header", "email", "", []string{"f", "a@example.org\r\nBcc: b@example.org"}, "", assistant.CodeControl},
		{"phone", "phone", "", []string{"f", "+49 (0) 4999 / 12-34 56"}, "text:+494999123456", ""},
		{"phone international", "phone", "", []string{"f", "0049 4999 123456"}, "text:+494999123456", ""},
		{"phone local", "phone", "", []string{"f", "(04999) 123456"}, "text:04999123456", ""},
		{"phone no area", "phone", "", []string{"f", "123456"}, "text:123456", assistant.CodePhone},
		{"phone letters", "phone", "", []string{"f", "0800 HUND"}, "text:0800HUND", assistant.CodePhone},
		{"postcode", "postcode", "", []string{"f", "D-27 899"}, "text:27899", ""},
		{"postcode short", "postcode", "", []string{"f", "2789"}, "text:2789", assistant.CodePostcode},
		{"place", "place", "", []string{"f", "0339 9000 4004"}, "text:033990004004", ""},
		{"place word", "place", "", []string{"f", "Altenwehr"}, "", assistant.CodeOption},
		{"place not listed", "place", `"options":[{"value":"033990004004","label":@A@}]`, []string{"f", "033990004005"}, "text:033990004005", assistant.CodeOption},
		{"file is never posted", "file", "", []string{"f", "f1"}, "", ""},
		{"file required", "file", req, nil, "", assistant.CodeRequired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := oneField(t, tt.typ, tt.more)
			in := assistant.Input{Step: "s", Form: form(tt.in...), Now: today}
			a, errs := d.Apply(d.Start(), in)
			want := ""
			if tt.err != "" {
				want = "f=" + string(tt.err)
			}
			if diff := cmp.Diff(want, codes(errs)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, show(a.Values["f"])); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			again := d.Questions(a, "s", "", today)[0].Form()
			b, _ := d.Apply(a, assistant.Input{Step: "s", Form: again, Now: today.AddDate(0, 0, 1)})
			if diff := cmp.Diff(asJSON(t, a), asJSON(t, b)); diff != "" {
				t.Errorf("posting what is shown changes the answer:\n%s", diff)
			}
		})
	}
}

func show(a assistant.Answer) string {
	switch a.Kind {
	case "":
		return ""
	case assistant.KindBool:
		if a.Bool {
			return "bool:true"
		}
		return "bool:false"
	case assistant.KindMoney:
		return "money:" + strconv.FormatInt(a.Cents, 10)
	case assistant.KindOptions:
		return "options:" + strings.Join(a.Options, ",")
	}
	return string(a.Kind) + ":" + a.Text
}

func TestApplyVisibility(t *testing.T) {
	t.Parallel()
	d := define(t, `{"id":"s","title":@S@,"fields":[
		{"id":"art","type":"radio","label":@A@,"required":true,`+abc+`},
		{"id":"mehr","type":"text","label":@M@,"required":true,"when":{"field":"art","op":"eq","value":"a"}}]},
		{"id":"z","title":@Z@,"when":{"field":"mehr","op":"notempty"},"fields":[{"id":"ende","type":"text","label":@E@}]}`)
	in := func(kv ...string) assistant.Input { return assistant.Input{Step: "s", Form: form(kv...), Now: today} }

	a, errs := d.Apply(d.Start(), in("art", "a"))
	if got := codes(errs); got != "mehr=required!" {
		t.Errorf("a question that only just appeared: got %q", got)
	}
	if _, errs = d.Apply(a, in("art", "a")); codes(errs) != "mehr=required" {
		t.Errorf("the second time it is a mistake: got %q", codes(errs))
	}
	a, errs = d.Apply(a, in("art", "a", "mehr", "x"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	a = post(t, d, a, "z", "", form("ende", "gut"))
	b, errs := d.Apply(a, in("art", "b", "mehr", "heimlich"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if got := asJSON(t, b.Values); strings.Contains(got, "mehr") || strings.Contains(got, "ende") {
		t.Errorf("invisible values are stored: %s", got)
	}
	if _, ok := a.Value("ende"); !ok {
		t.Error("the answers passed in were changed")
	}
	if _, errs := d.Apply(b, assistant.Input{Step: "z", Form: form("ende", "x"), Now: today}); codes(errs) != "=gone" {
		t.Errorf("a step that is not visible: got %q", codes(errs))
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	d := define(t, `{"id":"g","title":@G@,"group":{"id":"tiere","min":1,"max":2,"itemTitle":@Tier@},"fields":[
		{"id":"name","type":"text","label":@N@,"required":true}]},
		{"id":"z","title":@Z@,"when":{"field":"tiere","op":"count","value":2},"fields":[{"id":"ende","type":"text","label":@E@}]}`)
	a := d.Start()
	if _, errs := d.Apply(a, assistant.Input{Step: "g", Now: today}); codes(errs) != "tiere=too_few" {
		t.Errorf("empty list: %q", codes(errs))
	}
	a, one, _ := d.NewItem(a, "g", today)
	a, two, _ := d.NewItem(a, "g", today)
	if _, _, errs := d.NewItem(a, "g", today); codes(errs) != "tiere=too_many" {
		t.Errorf("full list: %q", codes(errs))
	}
	a = post(t, d, a, "g", two, form("name", "Zwei"))
	if errs := d.Complete(a, today); len(errs) != 1 || errs[0].Item != one || errs[0].Code != assistant.CodeRequired {
		t.Errorf("errors %+v", errs)
	}
	if next, _ := d.Next(a, "g", today); next != "z" {
		t.Errorf("next is %q", next)
	}
	a = d.RemoveItem(a, "g", one, today)
	if it, at := a.Item("tiere", two); at != 0 || it.Values["name"].Text != "Zwei" {
		t.Errorf("the wrong item is gone: %+v", a.Groups)
	}
	if _, ok := d.Next(a, "g", today); ok {
		t.Error("step z is still there")
	}
	a, three, _ := d.NewItem(a, "g", today)
	if three == one || three == two {
		t.Errorf("id %q is used again", three)
	}
	if _, errs := d.Apply(a, assistant.Input{Step: "g", Item: one, Form: form("name", "x"), Now: today}); codes(errs) != "tiere=gone" {
		t.Errorf("removed item: %q", codes(errs))
	}
	if qs := d.Questions(a, "g", "new", today); len(qs) != 1 || !qs[0].Visible {
		t.Errorf("questions of a new item: %+v", qs)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	d := oneField(t, "file", `"maxFiles":2,"maxBytes":100,"accept":["application/pdf"],"required":true`)
	at := assistant.FilePlace{Step: "s", Field: "f"}
	file := assistant.File{ID: "1", Name: "A\u0308.pdf", MediaType: "application/pdf", Size: 100, SHA256: "00"}
	a, errs := d.AddFile(d.Start(), at, file, today)
	if errs != nil || a.Values["f"].Files[0].Name != "Ä.pdf" {
		t.Fatalf("%v %+v", errs, a.Values)
	}
	for _, tt := range []struct {
		file assistant.File
		want string
	}{
		{assistant.File{ID: "2", Name: "x", MediaType: "text/html", Size: 1}, "f=file_type"},
		{assistant.File{ID: "2", Name: "x", MediaType: "application/pdf", Size: 101}, "f=file_too_big"},
		{assistant.File{ID: "2", Name: "a\x00", MediaType: "application/pdf", Size: 1}, "f=control_chars"},
	} {
		if b, errs := d.AddFile(a, at, tt.file, today); codes(errs) != tt.want || len(b.Files()) != 1 {
			t.Errorf("%+v: %q, files %v", tt.file, codes(errs), b.Files())
		}
	}
	file.ID = "2"
	a, _ = d.AddFile(a, at, file, today)
	file.ID = "3"
	if _, errs := d.AddFile(a, at, file, today); codes(errs) != "f=too_many" {
		t.Errorf("third file: %q", codes(errs))
	}
	a = post(t, d, a, "s", "", form("f", ""))
	a = d.RemoveFile(d.RemoveFile(a, at, "1", today), at, "2", today)
	if len(a.Values) != 0 || codes(d.Complete(a, today)) != "f=required" {
		t.Errorf("after removing: %+v", a)
	}
	at.Field = "g"
	if _, errs := d.AddFile(a, at, file, today); codes(errs) != "g=gone" {
		t.Errorf("unknown field: %q", codes(errs))
	}
}
