package assistant_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

func TestBuiltin(t *testing.T) {
	t.Parallel()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range set.All() {
		ids = append(ids, d.ID)
	}
	if got := strings.Join(ids, " "); got != "allgemeines-anliegen buechereiausweis geburtsurkunde hund-abmelden hund-anmelden meldebescheinigung" {
		t.Errorf("definitions: %s", got)
	}
	if d, ok := set.ForService("hund-anmelden"); !ok || d.ID != "hund-anmelden" {
		t.Error("service has no definition")
	}
	if _, ok := set.ForService(""); ok {
		t.Error("an empty service has a definition")
	}
}

func TestLoadVersions(t *testing.T) {
	t.Parallel()
	step := `{"id":"s","title":@S@,"fields":[{"id":"f","type":"text","label":@F@}]}`
	version := func(v string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(string(wrap(step)), `"version":"1"`, `"version":"`+v+`"`, 1))}
	}
	set, err := assistant.Load(fstest.MapFS{"a.json": version("2"), "b.json": version("10"), "c.txt": version("11")},
		fstest.MapFS{"d.json": version("2")})
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := set.Latest("test"); d.Version != "10" {
		t.Errorf("latest is %s", d.Version)
	}
	if _, ok := set.Version("test", "2"); !ok {
		t.Error("version 2 is gone")
	}
	_, err = assistant.Load(fstest.MapFS{"a.json": version("2"), "b.json": version("2"), "c.json": {Data: []byte("{")}})
	le, ok := errors.AsType[*assistant.LoadError](err)
	if !ok || len(le.Problems) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	field := func(s string) string {
		return `{"id":"s","title":@S@,"fields":[{"id":"a","type":"yesno","label":@A@},{"id":"n","type":"number","label":@N@},
			{"id":"d","type":"date","label":@D@},{"id":"r","type":"radio","label":@R@,` + abc + `},` + s + `]}`
	}
	cond := func(s string) string { return field(`{"id":"f","type":"text","label":@F@,"when":` + s + `}`) }
	for _, tt := range []struct{ name, steps, want string }{
		{"no step", ``, "steps: there must be one"},
		{"no field", `{"id":"s","title":@S@,"fields":[]}`, "fields: there must be one"},
		{"no text", field(`{"id":"f","type":"text","label":{"de":"x","en":"y"}}`), `label: no text in "de-simple"`},
		{"foreign language", field(`{"id":"f","type":"text","label":{"de":"x","en":"y","de-simple":"z","fr":"f"}}`), `unknown language "fr"`},
		{"unknown key", field(`{"id":"f","type":"text","label":@F@,"requird":true}`), `unknown field "requird"`},
		{"key twice", field(`{"id":"f","id":"g","type":"text","label":@F@}`), `key "id" is there twice`},
		{"field twice", field(`{"id":"a","type":"text","label":@F@}`), `id "a" is there twice`},
		{"input twice", field(`{"id":"d.day","type":"text","label":@F@}`), `input "d.day" also belongs to "d"`},
		{"type", field(`{"id":"f","type":"colour","label":@F@}`), `unknown "colour"`},
		{"no options", field(`{"id":"f","type":"select","label":@F@}`), "options: there must be one"},
		{"options elsewhere", field(`{"id":"f","type":"text","label":@F@,` + abc + `}`), `not for type "text"`},
		{"pattern", field(`{"id":"f","type":"text","label":@F@,"pattern":"(?=x)"}`), "want an RE2 expression"},
		{"bound", field(`{"id":"f","type":"date","label":@F@,"min":"yesterday"}`), `"yesterday" does not fit`},
		{"bound of text", field(`{"id":"f","type":"text","label":@F@,"max":"3"}`), `does not fit type "text"`},
		{"prefill of file", field(`{"id":"f","type":"file","label":@F@,"prefill":{"bundid":"x"}}`), `prefill: not for type "file"`},
		{"lock without bundid", field(`{"id":"f","type":"text","label":@F@,"prefill":{"account":"x","lockLevel":3}}`), "lockLevel"},
		{"itself", cond(`{"field":"f","op":"notempty"}`), `"f" is not an earlier field`},
		{"later", field(`{"id":"f","type":"text","label":@F@,"when":{"field":"g","op":"notempty"}},{"id":"g","type":"text","label":@G@,"when":{"field":"f","op":"notempty"}}`), `"g" is not an earlier field`},
		{"two forms", cond(`{"field":"a","op":"notempty","not":{"field":"a","op":"empty"}}`), "want exactly one"},
		{"no form", cond(`{}`), "want exactly one"},
		{"empty all", cond(`{"all":[]}`), "want exactly one"},
		{"deep", cond(`{"all":[{"any":[{"not":{"field":"a","op":"eq","value":"yes"}}]}]}`), `when.all[0].any[0].not: op "eq"`},
		{"yesno as text", cond(`{"field":"a","op":"eq","value":"yes"}`), "does not fit"},
		{"number as text", cond(`{"field":"n","op":"lt","value":"3"}`), "does not fit"},
		{"foreign option", cond(`{"field":"r","op":"eq","value":"z"}`), "does not fit"},
		{"foreign option in", cond(`{"field":"r","op":"in","value":["a","z"]}`), "does not fit"},
		{"in of nothing", cond(`{"field":"r","op":"in","value":[]}`), "does not fit"},
		{"before a number", cond(`{"field":"d","op":"before","value":3}`), "does not fit"},
		{"count of text", cond(`{"field":"r","op":"count","value":1}`), "does not fit"},
		{"unknown op", cond(`{"field":"r","op":"like","value":"a"}`), "does not fit"},
		{"empty with value", cond(`{"field":"r","op":"empty","value":"a"}`), "does not fit"},
		{"step looks at itself", `{"id":"s","title":@S@,"when":{"field":"f","op":"empty"},"fields":[{"id":"f","type":"text","label":@F@}]}`, `"f" is not an earlier field`},
		{"item from outside", `{"id":"g","title":@G@,"group":{"id":"tiere","min":0,"max":2,"itemTitle":@T@},"fields":[{"id":"name","type":"text","label":@N@}]},
			{"id":"s","title":@S@,"when":{"field":"name","op":"empty"},"fields":[{"id":"f","type":"text","label":@F@}]}`, `"name" is not an earlier field`},
		{"group compared", `{"id":"g","title":@G@,"group":{"id":"tiere","min":0,"max":2,"itemTitle":@T@},"fields":[{"id":"name","type":"text","label":@N@}]},
			{"id":"s","title":@S@,"when":{"field":"tiere","op":"eq","value":"x"},"fields":[{"id":"f","type":"text","label":@F@}]}`, "does not fit the group"},
		{"group bounds", `{"id":"g","title":@G@,"group":{"id":"tiere","min":3,"max":2,"itemTitle":@T@},"fields":[{"id":"name","type":"text","label":@N@}]}`, "want 0 <= min <= max"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := assistant.Parse("x.json", wrap(tt.steps))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := assistant.Parse("x.json", []byte(`{"id":"X","version":"0","title":{},"lead":{},"level":2,"audience":"all",
		"massgeblicherOrt":"nowhere","outcome":"luck","processing":{},"steps":[],"declaration":{"points":[],"privacy":{}}}`))
	le, ok := errors.AsType[*assistant.LoadError](err)
	if !ok {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range le.Problems {
		seen[p.Path] = true
	}
	for _, path := range []string{"id", "version", "title", "lead", "level", "audience", "massgeblicherOrt",
		"outcome", "processing", "steps", "declaration.points", "declaration.privacy"} {
		if !seen[path] {
			t.Errorf("no fault at %s", path)
		}
	}
}
