package german

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Müll": "muell", "Mu\u0308ll": "muell", "STRASSE": "strasse", "Straße": "strasse", "STRAẞE": "strasse", "Café": "cafe", "Ærø": "aeroe",
		"Łódź": "lodz", "ﬁn": "fin", "Ａ": "a", "naïve": "naive", "собака": "собака", "": "", "É": "e",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := Fold(strings.Repeat("語", 100)); len(got) > MaxWord || !utf8.ValidString(got) {
		t.Errorf("long word: %d bytes", len(got))
	}
}

func TestTermsThatMeet(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{"Haus", "Häuser", "Haeuser", "HÄUSER"}, {"Steuer", "Steuern", "steuer"}, {"anmelden", "Anmeldung", "Anmeldungen"}, {"Straße", "Strasse", "Straßen"},
		{"Gebühr", "Gebuehren", "gebühren"}, {"Bauer", "Bauern"}, {"Quelle", "Quellen"}, {"Behörde", "Behoerden"},
	} {
		want := Term(Fold(group[0]))
		for _, w := range group[1:] {
			if got := Term(Fold(w)); got != want {
				t.Errorf("%q: got %q, want %q as for %q", w, got, want, group[0])
			}
		}
	}
	for _, pair := range [][2]string{{"Hund", "Hunger"}, {"Mutter", "Mütze"}, {"anmelden", "abmelden"}} {
		if Term(Fold(pair[0])) == Term(Fold(pair[1])) {
			t.Errorf("%q and %q meet", pair[0], pair[1])
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p>Der Hund&nbsp;bellt</p><br/>laut": "Hund bellt laut", "Kfz-Zulassung, § 3a Abs. 2": "Kfz Zulassung 3a Abs 2", "a &lt; b1": "b1",
		"2 < 3 und 4 > 1": "2 3 4 1", "Hunde\u00adsteuer": "Hundesteuer", "und der": "", "<unclosed Hund": "unclosed Hund", "&#xa0;x1&#xa0;": "x1",
	} {
		var got []string
		for _, w := range Words(in) {
			got = append(got, w.Surface)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: got %q, want %q", in, s, want)
		}
	}
}

func FuzzAnalyse(f *testing.F) {
	for _, s := range []string{"Hundesteuer", "<p>Häuser</p>", "ß\u0308", "🏛 x1", "a\u0308", "&lt;", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Words(s) {
			if w.Folded == "" || len(w.Folded) > MaxWord || !utf8.ValidString(w.Folded) || strings.ContainsAny(w.Surface, " \n\t\x00") {
				t.Fatalf("word %+v", w)
			}
			term := Term(w.Folded)
			if term == "" || len(term) > 2*MaxWord+1 {
				t.Fatalf("%+v: term %q", w, term)
			}
			for _, c := range []byte(term) {
				if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
					t.Fatalf("%+v: term %q", w, term)
				}
			}
		}
	})
}
