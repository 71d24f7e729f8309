package portal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadHandOvers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "geheim"), []byte(strings.Repeat("x", 40)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kurz"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	const good = `{"name":"Steuern","destination":"steuern:hunde","kind":"webhook","assistants":["hund-anmelden"],"lookups":["hunde"],` +
		`"url":"https://steuern.example","sender":"altenwehr","secretFile":"geheim"}`
	folder := `{"name":"Ablage B","destination":"b","kind":"dropfolder","assistants":["x"],"folder":"` + filepath.ToSlash(dir) + `"}`
	for _, c := range []struct{ name, body, want string }{
		{"good", "[" + good + "," + folder + "]", ""},
		{"no JSON", "[", "not a list"},
		{"unknown name", `[{"adresse":"x"}]`, "not a list"},
		{"more after it", "[" + good + "] []", "goes on"},
		{"nothing", "[]", "names no"},
		{"twice", "[" + good + "," + good + "]", "twice"},
		{"register twice", "[" + good + "," + strings.NewReplacer("steuern:hunde", "kasse:x", "hund-anmelden", "y").Replace(good) + "]", "twice"},
		{"one office twice", "[" + good + "," + strings.NewReplacer("steuern:hunde", "steuern:x", "hund-anmelden", "y", `"hunde"`, `"z"`).Replace(good) + "]", "twice"},
		{"no assistant", "[" + strings.Replace(good, `["hund-anmelden"]`, "[]", 1) + "]", "no assistant"},
		{"no name", "[" + strings.Replace(good, `"Steuern"`, `""`, 1) + "]", "name"},
		{"own drop", "[" + strings.Replace(good, "steuern:hunde", "ablage:x", 1) + "]", "destination"},
		{"unknown kind", "[" + strings.Replace(good, `"webhook"`, `"fax"`, 1) + "]", "kind"},
		{"no TLS", "[" + strings.Replace(good, "https://", "http://", 1) + "]", "https"},
		{"no sender", "[" + strings.Replace(good, `"altenwehr"`, `""`, 1) + "]", "sender"},
		{"no secret", "[" + strings.Replace(good, `,"secretFile":"geheim"`, "", 1) + "]", "secret"},
		{"two secrets", "[" + strings.Replace(good, `"secretFile"`, `"secretEnv":"X","secretFile"`, 1) + "]", "secret"},
		{"secret file missing", "[" + strings.Replace(good, `"geheim"`, `"fehlt"`, 1) + "]", "secret"},
		{"secret short", "[" + strings.Replace(good, `"geheim"`, `"kurz"`, 1) + "]", "shorter"},
		{"folder missing", "[" + strings.Replace(folder, filepath.ToSlash(dir), filepath.ToSlash(dir)+"/fehlt", 1) + "]", "folder"},
		{"folder with address", "[" + strings.Replace(folder, `"kind"`, `"url":"https://x.example","kind"`, 1) + "]", "webhook"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "-")+".json")
			if err := os.WriteFile(file, []byte(c.body), 0o600); err != nil {
				t.Fatal(err)
			}
			list, err := readHandOvers(file, false)
			switch {
			case c.want == "" && (err != nil || len(list) != 2 || len(list[0].secret) != 40):
				t.Errorf("got %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "PORTAL_HANDOVERS")):
				t.Errorf("got %v", err)
			case err != nil && strings.Contains(err.Error(), "xxx"):
				t.Error("the error tells the secret")
			}
		})
	}
	if _, err := readHandOvers(filepath.Join(dir, "fehlt.json"), false); err == nil {
		t.Error("a missing file is no error")
	}
}
