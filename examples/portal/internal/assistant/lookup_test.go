package assistant_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

var now = time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)

const lookupStep = `{"id":"s","title":@S@,"fields":[
	{"id":"hund","type":"lookup","source":"hunde","label":@L@,"required":true,"options":[{"value":"anderer","label":@O@}]},
	{"id":"name","type":"text","label":@N@,"required":true,"when":{"field":"hund","op":"eq","value":"anderer"}}]}`

func lookupDefinition(t *testing.T) *assistant.Definition {
	t.Helper()
	d, err := assistant.Parse("test.json", wrap(lookupStep))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func found(subject string) map[string]assistant.Lookup {
	return map[string]assistant.Lookup{"hund": {State: assistant.LookupFound, Subject: subject, Offers: []assistant.Offer{
		{Value: "H-1", Label: "Bella, Labrador", Facts: []assistant.Fact{{Key: "name", Value: "Bella"}}},
		{Value: "H-1", Label: "twice"}, {Value: "anderer", Label: "like an own option"}, {Value: "", Label: "no id"}, {Value: "bad\u202e", Label: "turned"},
	}}}
}

func TestLookupTakesOnlyWhatWasOffered(t *testing.T) {
	t.Parallel()
	d, subject := lookupDefinition(t), assistant.Subject("draft", "Harms", "Meike", "1987-11-02")
	if got := d.Lookups()[0].Offered(found(subject)["hund"]); len(got) != 1 || got[0].Label != "Bella, Labrador" {
		t.Fatalf("offered: %+v", got)
	}
	for _, c := range []struct {
		name, value string
		lookups     map[string]assistant.Lookup
		want        assistant.Code
		kind        assistant.Kind
	}{
		{"offered", "H-1", found(subject), "", assistant.KindRecord},
		{"of somebody else", "H-2", found(subject), assistant.CodeOption, ""},
		{"without subject", "H-1", found(""), assistant.CodeOption, ""},
		{"source down", "H-1", map[string]assistant.Lookup{"hund": {State: assistant.LookupFailed, Subject: subject}}, assistant.CodeLookup, ""},
		{"nobody asked", "H-1", nil, assistant.CodeOption, ""},
		{"nothing chosen", "", found(subject), assistant.CodeRequired, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, errs := d.Apply(d.Start(), assistant.Input{Step: "s", Form: url.Values{"hund": {c.value}}, Lookups: c.lookups, Now: now})
			var got assistant.Code
			if len(errs) > 0 {
				got = errs[0].Code
			}
			if v, _ := a.Value("hund"); got != c.want || v.Kind != c.kind {
				t.Errorf("code %q, kind %q", got, v.Kind)
			}
		})
	}
}

func TestLookupStaysWithItsPerson(t *testing.T) {
	t.Parallel()
	d, mine := lookupDefinition(t), assistant.Subject("draft", "Harms")
	form := url.Values{"hund": {"H-1"}}
	a, errs := d.Apply(d.Start(), assistant.Input{Step: "s", Form: form, Lookups: found(mine), Now: now})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	v, _ := a.Value("hund")
	want := assistant.Answer{Kind: assistant.KindRecord, Text: "H-1", Label: "Bella, Labrador", Facts: []assistant.Fact{{Key: "name", Value: "Bella"}},
		Subject: mine, Origin: assistant.Origin{Source: assistant.Looked, At: now.UTC()}}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	if errs := d.Complete(a, now); len(errs) > 0 {
		t.Errorf("complete: %v", errs)
	}
	if got := d.Steps[0].Fields[0].Display(v, assistant.German, nil); got != "Bella, Labrador" {
		t.Errorf("shown as %q", got)
	}
	// The same choice stays although the register does not answer now.
	kept, errs := d.Apply(a, assistant.Input{Step: "s", Form: form, Now: now,
		Lookups: map[string]assistant.Lookup{"hund": {State: assistant.LookupFailed, Subject: mine}}})
	if diff := cmp.Diff(a, kept); diff != "" || len(errs) > 0 {
		t.Error(diff, errs)
	}
	if diff := cmp.Diff(a, d.DropForeign(a, mine)); diff != "" {
		t.Error(diff)
	}
	for _, subject := range []string{"", assistant.Subject("draft", "Petersen"), assistant.Subject("other", "Harms")} {
		other := d.DropForeign(a, subject)
		if _, ok := other.Value("hund"); ok {
			t.Errorf("%q sees the record of somebody else", subject)
		}
		if len(d.Complete(other, now)) == 0 {
			t.Error("complete without a dog")
		}
	}
	// One's own words instead.
	own, errs := d.Apply(a, assistant.Input{Step: "s", Form: url.Values{"hund": {"anderer"}, "name": {"Rex"}}, Now: now})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if v, _ := own.Value("hund"); v.Kind != assistant.KindText || v.Origin.Source != assistant.Typed || len(v.Facts) != 0 {
		t.Errorf("own words: %+v", v)
	}
	if len(d.Complete(own, now)) > 0 {
		t.Error("own words are not complete")
	}
}
