package assistant_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestSummaryGolden(t *testing.T) {
	t.Parallel()
	d, a := registration(t)
	for _, l := range assistant.Langs() {
		var b strings.Builder
		for _, s := range d.Summary(a, l, today, nil) {
			fmt.Fprintf(&b, "## %s [%s/%s/%d]\n", s.Title, s.Step, s.Item, s.Index)
			for _, it := range s.Items {
				lock := ""
				if it.Locked {
					lock = " locked"
				}
				fmt.Fprintf(&b, "%s: %s (%s%s)\n", it.Label, strings.ReplaceAll(it.Value, "\n", " | "), it.Origin.Source, lock)
				for _, n := range it.Notes {
					fmt.Fprintf(&b, "  > %s\n", n)
				}
			}
		}
		golden(t, "summary."+string(l)+".txt", b.String())
	}
}

func TestPayloadGolden(t *testing.T) {
	t.Parallel()
	d, a := registration(t)
	p, err := d.Payload(a, today)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "payload.json", string(p.JSON)+"\n"+p.SHA256+"\n")

	var b assistant.Answers
	if err := json.Unmarshal([]byte(asJSON(t, a)), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("answers through JSON (-want +got):\n%s", diff)
	}
	q, err := d.Payload(b, today)
	if err != nil || q.SHA256 != p.SHA256 {
		t.Errorf("hash changed: %v", err)
	}
}

func TestJourneyHund(t *testing.T) {
	t.Parallel()
	d, a := registration(t)
	if errs := d.Complete(a, today); len(errs) > 0 {
		t.Fatal(errs)
	}
	if got := d.Place(a, today); got != "033990004004" {
		t.Errorf("place %q", got)
	}
	if got := d.FeeFor(a, today); got != 0 {
		t.Errorf("fee %d", got)
	}
	var order []string
	for id, ok := d.Next(a, "", today); ok; id, ok = d.Next(a, id, today) {
		order = append(order, id)
	}
	if got := strings.Join(order, " "); got != "ort person hunde zahlung" {
		t.Errorf("order %s", got)
	}
	if prev, _ := d.Prev(a, "", today); prev != "zahlung" {
		t.Errorf("before the summary is %q", prev)
	}
	if _, ok := d.Prev(a, "ort", today); ok {
		t.Error("something is before the first step")
	}
	if _, ok := d.FirstOpen(a, today); ok {
		t.Error("a step is open")
	}
	if v := a.Values["person.vorname"]; v.Text != "Jördis" || v.Origin.Source != assistant.BundID {
		t.Errorf("locked name: %+v", v)
	}
	if v := a.Values["person.strasse"]; v.Origin.Source != assistant.Changed {
		t.Errorf("changed street: %+v", v)
	}

	danger := dog("Ännchen")
	danger.Set("gefaehrlich", "yes")
	b, errs := d.Apply(a, assistant.Input{Step: "hunde", Item: "2", Form: danger, Now: today})
	if got := codes(errs); got != "gefaehrlich_seit=required! erlaubnis=required!" {
		t.Errorf("dangerous dog: %q", got)
	}
	for _, s := range d.Tasks(b, today) {
		want := assistant.Done
		if s.Step.ID == "hunde" {
			want = assistant.Error
		}
		if s.State != want {
			t.Errorf("step %s is %s", s.Step.ID, s.State)
		}
	}
	for _, q := range d.Questions(b, "hunde", "2", today) {
		if q.Field.ID == "gefaehrlich" && len(q.Consequences) != 1 {
			t.Errorf("consequences %v", q.Consequences)
		}
	}
	if _, err := d.Payload(b, today); !errors.Is(err, assistant.ErrIncomplete) {
		t.Errorf("payload of incomplete answers: %v", err)
	}
	c := post(t, d, a, "zahlung", "", form("zahlung.art", "ueberweisung", "zahlung.iban", "DE02120300000000202051"))
	if _, ok := c.Values["zahlung.iban"]; ok {
		t.Error("the IBAN is still stored")
	}
}

func TestJourneyBuecherei(t *testing.T) {
	t.Parallel()
	d := builtin(t, "buechereiausweis")
	born := func(day, month, year string) assistant.Answers {
		a, _ := d.Apply(d.Start(), assistant.Input{Step: "person", Now: today, Form: form(
			"person.geburtsdatum.day", day, "person.geburtsdatum.month", month, "person.geburtsdatum.year", year)})
		return a
	}
	for _, tt := range []struct {
		day, month, year string
		fee              int64
	}{
		{"1", "3", "2008", 1500}, // eighteen today
		{"2", "3", "2008", 0},
		{"29", "2", "2008", 1500}, // eighteen today, there is no 29 February
		{"", "", "2008", 0},       // may be under age
		{"", "", "2007", 1500},
		{"x", "", "", 1500},
	} {
		a := born(tt.day, tt.month, tt.year)
		if got := d.FeeFor(a, today); got != tt.fee {
			t.Errorf("born %s.%s.%s: fee %d", tt.day, tt.month, tt.year, got)
		}
		if next, _ := d.Next(a, "person", today); (next == "eltern") != (tt.fee == 0) {
			t.Errorf("born %s.%s.%s: next %s", tt.day, tt.month, tt.year, next)
		}
	}
}

func TestJourneyMeldebescheinigung(t *testing.T) {
	t.Parallel()
	d := builtin(t, "meldebescheinigung")
	a := d.Prefill(d.Start(), loginValues(3), today)
	q := d.Questions(a, "person", "", today)
	f := form()
	for _, x := range q {
		for k, v := range x.Form() {
			f[k] = v
		}
	}
	a = post(t, d, a, "person", "", f)
	b := form("bescheinigung.zweck", "heirat", "bescheinigung.art", "einfach", "bescheinigung.fuer", "familie")
	a = post(t, d, a, "bescheinigung", "", b)
	a = post(t, d, a, "zustellung", "", form("zustellung.art", "post"))
	if got := codes(d.Complete(a, today)); got != "kinder=too_few" {
		t.Errorf("errors %q", got)
	}
	b.Set("bescheinigung.fuer", "selbst")
	a = post(t, d, a, "bescheinigung", "", b)
	if _, err := d.Payload(a, today); err != nil {
		t.Error(err)
	}
	if d.FeeFor(a, today) != 900 || d.Level != 3 {
		t.Error("fee or level")
	}
}

func TestJourneyAnliegen(t *testing.T) {
	t.Parallel()
	d := builtin(t, "allgemeines-anliegen")
	a := post(t, d, d.Start(), "anliegen", "", form("anliegen.betreff", "Laterne", "anliegen.beschreibung", "Sie ist aus.\r\nSeit Montag."))
	if _, errs := d.Apply(a, assistant.Input{Step: "antwort", Form: form("antwort.art", "telefon"), Now: today}); codes(errs) != "antwort.telefon=required!" {
		t.Errorf("errors %q", codes(errs))
	}
	a = post(t, d, a, "antwort", "", form("antwort.art", "postkorb"))
	a = post(t, d, a, "person", "", form("person.vorname", "Ada", "person.nachname", "Weser", "person.email", "ada@example.org"))
	for i := range 10 {
		a, _ = d.AddFile(a, assistant.FilePlace{Step: "anliegen", Field: "anliegen.anlagen"},
			assistant.File{ID: fmt.Sprint(i), Name: "bild.png", MediaType: "image/png", Size: 1}, today)
	}
	if _, err := d.Payload(a, today); err != nil || len(a.Files()) != 10 {
		t.Errorf("%v, %d files", err, len(a.Files()))
	}
}
