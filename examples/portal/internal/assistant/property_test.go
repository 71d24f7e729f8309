package assistant_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// entries are what people and attackers post.
var entries = []string{"", " ", "yes", "no", "1", "03", "12", "29", "1984", "2010", "2025", "85", "27899", "D 27899",
	"033990004004", "033995401002", "sepa", "ueberweisung", "DE02120300000000202051", "ada@example.org", "04999 123456",
	"Ännchen", "A\u0308", "<script>", "a\x00b", "\xff", "\u202e", "telefon", "postkorb", "familie", "selbst", "heirat",
	"sonstiges", "einfach", "post", "buecher", "276098102345678", "1,5", "IBAN", "..", "(", "0", "İ@İ.de", "a \u0301"}

func drawForm(t *rapid.T, fields []assistant.Field) url.Values {
	out := url.Values{}
	pick := rapid.SampledFrom(entries)
	for i := range fields {
		for _, k := range fields[i].Keys() {
			switch {
			case len(fields[i].Options) > 0 && rapid.Bool().Draw(t, "option"):
				out.Add(k, fields[i].Options[rapid.IntRange(0, len(fields[i].Options)-1).Draw(t, "value")].Value)
			case rapid.Bool().Draw(t, "posted"):
				out.Add(k, pick.Draw(t, "entry"))
			}
		}
	}
	return out
}

// visible checks that every stored value belongs to a visible question.
func visible(t *rapid.T, d *assistant.Definition, a assistant.Answers) {
	seen := map[string]bool{}
	for i := range d.Steps {
		st := &d.Steps[i]
		if st.Group == nil {
			for _, q := range d.Questions(a, st.ID, "", today) {
				seen[q.Field.ID] = q.Visible
			}
			continue
		}
		qs := d.Questions(a, st.ID, "", today)
		if items := a.Groups[st.Group.ID]; qs == nil && len(items) > 0 {
			t.Fatalf("items of the invisible step %s", st.ID)
		}
		for _, it := range a.Groups[st.Group.ID] {
			for _, q := range d.Questions(a, st.ID, it.ID, today) {
				if _, has := it.Values[q.Field.ID]; has && !q.Visible {
					t.Fatalf("invisible %s of item %s is stored", q.Field.ID, it.ID)
				}
			}
		}
	}
	for id := range a.Values {
		if !seen[id] {
			t.Fatalf("invisible %s is stored", id)
		}
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	_, full := registration(t)
	rapid.Check(t, func(rt *rapid.T) {
		all := set.All()
		d := all[rapid.IntRange(0, len(all)-1).Draw(rt, "definition")]
		var login []assistant.PrefillValue
		if level := rapid.SampledFrom([]int{0, 1, 3, 4}).Draw(rt, "level"); level > 0 {
			login = loginValues(level)
		}
		a := d.Start()
		if full.Definition == d.ID && rapid.Bool().Draw(rt, "full") {
			a = full
		}
		for range rapid.IntRange(0, 12).Draw(rt, "actions") {
			a = act(rt, d, a, login)
			visible(rt, d, a)
		}
		if len(d.Complete(a, today)) > 0 {
			return
		}
		p, err := d.Payload(a, today)
		if err != nil || !json.Valid(p.JSON) {
			rt.Fatalf("payload: %v %s", err, p.JSON)
		}
		var b assistant.Answers
		if err := json.Unmarshal([]byte(mustJSON(rt, a)), &b); err != nil {
			rt.Fatal(err)
		}
		if q, err := d.Payload(b, today); err != nil || q.SHA256 != p.SHA256 {
			rt.Fatalf("hash is not stable: %v", err)
		}
	})
}

func mustJSON(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func act(t *rapid.T, d *assistant.Definition, a assistant.Answers, login []assistant.PrefillValue) assistant.Answers {
	before := mustJSON(t, a)
	defer func() {
		if mustJSON(t, a) != before {
			t.Fatal("the answers passed in were changed")
		}
	}()
	st := &d.Steps[rapid.IntRange(0, len(d.Steps)-1).Draw(t, "step")]
	item := ""
	if st.Group != nil {
		switch rapid.IntRange(0, 3).Draw(t, "group action") {
		case 0:
			out, _, _ := d.NewItem(a, st.ID, today)
			return out
		case 1:
			if items := a.Groups[st.Group.ID]; len(items) > 0 {
				return d.RemoveItem(a, st.ID, rapid.SampledFrom(items).Draw(t, "item").ID, today)
			}
		case 2:
			if items := a.Groups[st.Group.ID]; len(items) > 0 {
				item = rapid.SampledFrom(items).Draw(t, "item").ID
			}
		}
	}
	pre := d.Prefill(a, login, today)
	if mustJSON(t, pre) != mustJSON(t, d.Prefill(pre, login, today.Add(time.Hour))) {
		t.Fatal("prefill twice is not once")
	}
	in := assistant.Input{Step: st.ID, Item: item, Form: drawForm(t, st.Fields), Prefill: login, Now: today}
	out, _ := d.Apply(pre, in)
	in.Now = today.Add(time.Minute)
	if again, _ := d.Apply(out, in); mustJSON(t, again) != mustJSON(t, out) {
		t.Fatalf("twice is not once:\n%s\n%s", mustJSON(t, out), mustJSON(t, again))
	}
	locked(t, d, pre, out)
	shown := url.Values{}
	for _, q := range d.Questions(out, st.ID, item, today) {
		for k, v := range q.Form() {
			shown[k] = v
		}
	}
	in.Form = shown
	if again, _ := d.Apply(out, in); mustJSON(t, again) != mustJSON(t, out) {
		t.Fatalf("posting what is shown changes the answers:\n%s\n%s", mustJSON(t, out), mustJSON(t, again))
	}
	return out
}

// locked checks that no post changed a locked answer.
func locked(t *rapid.T, d *assistant.Definition, before, after assistant.Answers) {
	for i := range d.Steps {
		for j := range d.Steps[i].Fields {
			f := &d.Steps[i].Fields[j]
			was, ok := before.Values[f.ID]
			if !ok || !f.Locked(was, today) {
				continue
			}
			if now, still := after.Values[f.ID]; still && mustJSON(t, now) != mustJSON(t, was) {
				t.Fatalf("locked %s changed to %s", f.ID, mustJSON(t, now))
			}
		}
	}
}
