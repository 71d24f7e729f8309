package assistant_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

const nameRule = `"prefill":{"bundid":"oid:name","account":"name","lockLevel":3},"required":true`

func value(attr, v string, level int, s assistant.Source) []assistant.PrefillValue {
	return []assistant.PrefillValue{{Attr: attr, Value: v, Level: level, Source: s}}
}

func TestPrefillLock(t *testing.T) {
	t.Parallel()
	d := oneField(t, "text", nameRule)
	for _, tt := range []struct {
		name   string
		values []assistant.PrefillValue
		want   string
		source assistant.Source
		locked bool
	}{
		{"high", value("oid:name", "Ada", 4, assistant.BundID), "Ada", assistant.BundID, true},
		{"just enough", value("oid:name", "Ada", 3, assistant.BundID), "Ada", assistant.BundID, true},
		{"low", value("oid:name", "Ada", 1, assistant.BundID), "Evil", assistant.Changed, false},
		{"account never locks", value("name", "Ada", 4, assistant.Account), "Evil", assistant.Changed, false},
		{"wrong source", value("name", "Ada", 4, assistant.BundID), "Evil", assistant.Typed, false},
		{"unusable", value("oid:name", "A\x00", 4, assistant.BundID), "Evil", assistant.Typed, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := d.Prefill(d.Start(), tt.values, today)
			if diff := cmp.Diff(asJSON(t, a), asJSON(t, d.Prefill(a, tt.values, today.Add(time.Hour)))); diff != "" {
				t.Errorf("twice is not once:\n%s", diff)
			}
			if got := d.Questions(a, "s", "", today)[0].Locked; got != tt.locked {
				t.Errorf("locked %v, want %v", got, tt.locked)
			}
			a = post(t, d, a, "s", "", form("f", "Evil"))
			v := a.Values["f"]
			if v.Text != tt.want || v.Origin.Source != tt.source {
				t.Errorf("got %+v", v)
			}
			after := d.Prefill(a, tt.values, today)
			if diff := cmp.Diff(asJSON(t, a), asJSON(t, after)); diff != "" {
				t.Errorf("prefill overwrites what was entered:\n%s", diff)
			}
		})
	}
}

func TestPrefillAtTheMomentOfPosting(t *testing.T) {
	t.Parallel()
	d := define(t, `{"id":"s","title":@S@,"fields":[{"id":"an","type":"yesno","label":@A@},
		{"id":"f","type":"text","label":@F@,"when":{"field":"an","op":"eq","value":true},`+nameRule+`}]}`)
	login := value("oid:name", "Ada", 4, assistant.BundID)
	a, errs := d.Apply(d.Start(), assistant.Input{Step: "s", Form: form("an", "yes", "f", "Evil"), Prefill: login, Now: today})
	if len(errs) > 0 || a.Values["f"].Text != "Ada" {
		t.Errorf("%v %+v", errs, a.Values["f"])
	}
	a, errs = d.Apply(d.Start(), assistant.Input{Step: "s", Form: form("an", "yes"), Prefill: login, Now: today})
	if len(errs) > 0 || a.Values["f"].Text != "Ada" {
		t.Errorf("not on the page: %v %+v", errs, a.Values["f"])
	}
}

func TestPrefillRefresh(t *testing.T) {
	t.Parallel()
	d := oneField(t, "text", nameRule)
	steps := []struct {
		values []assistant.PrefillValue
		want   string
		level  int
	}{
		{value("name", "Alt", 0, assistant.Account), "Alt", 0},
		{value("oid:name", "Eins", 1, assistant.BundID), "Eins", 1},
		{value("oid:name", "Vier", 4, assistant.BundID), "Vier", 4},
		{value("oid:name", "Drei", 3, assistant.BundID), "Vier", 4},
		{value("name", "Alt", 4, assistant.Account), "Vier", 4},
		{value("oid:name", "Neu", 4, assistant.BundID), "Neu", 4},
		{nil, "Neu", 4},
	}
	a := d.Start()
	for i, s := range steps {
		a = d.Prefill(a, s.values, today)
		if v := a.Values["f"]; v.Text != s.want || v.Origin.Level != s.level {
			t.Errorf("step %d: %+v", i, v)
		}
	}
}

func TestPrefillRemovedStaysRemoved(t *testing.T) {
	t.Parallel()
	d := oneField(t, "text", `"prefill":{"account":"name"}`)
	values := value("name", "Ada", 0, assistant.Account)
	a := post(t, d, d.Prefill(d.Start(), values, today), "s", "", form("f", ""))
	a = d.Prefill(a, values, today)
	if _, ok := a.Value("f"); ok || a.Values["f"].Kind != assistant.KindEmpty {
		t.Errorf("%+v", a.Values["f"])
	}
	p, err := d.Payload(a, today)
	if err != nil || string(p.JSON) != `{"definition":"test","groups":{},"values":{},"version":"1"}` {
		t.Errorf("%v %s", err, p.JSON)
	}
}

func TestPrefillBirthDate(t *testing.T) {
	t.Parallel()
	d := oneField(t, "date", `"partial":true,"max":"today","prefill":{"bundid":"b","lockLevel":3}`)
	for _, tt := range []struct {
		in, want string
		locked   bool
	}{
		{"1984-02-29", "date:1984-02-29", true},
		{"1984-02-00", "raw:.02.1984", false},
		{"1984-00-00", "raw:..1984", false},
		{"1984", "raw:..1984", false},
		{"1984-05", "raw:.05.1984", false},
		{"0000-00-00", "", false},
		{"1984-02-30", "raw:30.02.1984", false},
		{"2030-01-01", "date:2030-01-01", false}, // refused by the field, so it stays open
		{"unbekannt", "", false},
		{"29.02.1984", "", false},
	} {
		values := value("b", tt.in, 4, assistant.BundID)
		a := d.Prefill(d.Start(), values, today)
		q := d.Questions(a, "s", "", today)[0]
		if show(q.Answer) != tt.want || q.Locked != tt.locked {
			t.Errorf("%s: %s, locked %v", tt.in, show(q.Answer), q.Locked)
		}
		b, _ := d.Apply(a, assistant.Input{Step: "s", Form: q.Form(), Now: today})
		if diff := cmp.Diff(a.Values, b.Values); diff != "" {
			t.Errorf("%s: unchanged post changes the answer:\n%s", tt.in, diff)
		}
	}
}
