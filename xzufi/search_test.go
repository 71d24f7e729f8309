package xzufi_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
)

func found(t testing.TB, c *xzufi.Catalogue, q string) string {
	t.Helper()
	res, err := c.Search(context.Background(), xzufi.Query{Text: q})
	if err != nil {
		t.Fatalf("%.40q: %v", q, err)
	}
	var out []string
	for _, h := range res.Hits {
		out = append(out, h.ID.Value)
	}
	return strings.Join(out, " ")
}

func TestSearchRanks(t *testing.T) {
	t.Parallel()
	c := catalogue(t,
		service("text", "Allgemeines", "", "Hier steht auch etwas zur Hundesteuer."),
		service("synonym", "Abgabe für Tiere", "Hundesteuer", ""),
		service("title", "Hundesteuer bezahlen", "", ""),
		service("long", "Hundesteuer bei Umzug in eine andere Gemeinde", "", ""),
		service("prefix", "Hundesteuermarke", "", ""),
		service("both", "Wohnung anmelden", "", "Auch ein Hund ist anzumelden."),
		service("one", "Gewerbe anmelden", "", ""),
		service("all", "Hund anmelden", "", ""),
		service("noise", "Garten", "", "Man kann ihn anmelden."),
	)
	for q, want := range map[string]string{
		"Hundesteuer":     "title long prefix synonym text", // title before synonym before text, exact before prefix
		"hundesteur":      "title long synonym text",        // mistyped
		"Hund anmelden":   "all both one",                   // all words before some; some in a text only is noise
		"anmelden Hund":   "all both one",
		"Hundesteuermark": "prefix",
		"steuer":          "title long synonym text",
	} {
		if got := found(t, c, q); got != want {
			t.Errorf("%q: got %q, want %q", q, got, want)
		}
	}
}

func TestSearchMatched(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Hundesteuer bezahlen", "", ""), service("2", "Grundsteuer bezahlen", "", ""))
	for q, want := range map[string]string{"hundesteur": "Hundesteuer", "grundsteuer": "Grundsteuer"} {
		res, err := c.Search(context.Background(), xzufi.Query{Text: q})
		if err != nil || len(res.Hits) == 0 || res.Hits[0].Matched != want {
			t.Errorf("%q: %+v, %v", q, res, err)
		}
	}
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	var objects []string
	for _, v := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		objects = append(objects, service(v, "Antrag "+v+v, "", ""))
	}
	c := catalogue(t, objects...)
	var got []string
	for offset := 0; ; offset += 10 {
		res, err := c.Search(context.Background(), xzufi.Query{Text: "Antrag", Limit: 10, Offset: offset})
		if err != nil || res.Total != 26 {
			t.Fatal(res, err)
		}
		if len(res.Hits) == 0 {
			break
		}
		for _, h := range res.Hits {
			got = append(got, h.ID.Value)
		}
	}
	if s := strings.Join(got, ""); s != "abcdefghijklmnopqrstuvwxyz" {
		t.Errorf("got %s", s)
	}
	if res, err := c.Search(context.Background(), xzufi.Query{Text: "Antrag", Limit: -1, Offset: -5}); err != nil || len(res.Hits) != 20 {
		t.Errorf("negative numbers: %d hits, %v", len(res.Hits), err)
	}
}

func TestSearchSuggests(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Geburtsurkunde", "", ""), service("2", "Führungszeugnis", "", ""))
	for q, want := range map[string]string{"gebohrtsurgunde": "Geburtsurkunde", "Fürunkszeuknis": "Führungszeugnis", "qqqqqqqq": "", "Xy": ""} {
		res, err := c.Search(context.Background(), xzufi.Query{Text: q})
		if err != nil || res.Total != 0 || res.Suggestion != want {
			t.Errorf("%q: got %+v, %v, want suggestion %q", q, res, err, want)
			continue
		}
		if want != "" && found(t, c, res.Suggestion) == "" {
			t.Errorf("%q: the suggestion %q finds nothing", q, res.Suggestion)
		}
	}
}

func TestSearchLanguageAndArea(t *testing.T) {
	t.Parallel()
	en := `<schreibe><leistung><id schemeAgencyID="A1" schemeID="lb">1</id><modulText><inhalt languageCode="de">Hund anmelden</inhalt>
	<inhalt languageCode="en">Register a dog</inhalt><leikaTextmodul><code>03</code></leikaTextmodul></modulText><gueltigkeitGebietID>039995401</gueltigkeitGebietID></leistung></schreibe>`
	c := catalogue(t, en)
	res, err := c.Search(context.Background(), xzufi.Query{Text: "dog", Lang: "en", Area: "039995401001"})
	if err != nil || len(res.Hits) != 1 || res.Hits[0].Title != "Register a dog" || res.Hits[0].TitleLang != "en" {
		t.Errorf("got %+v, %v", res, err)
	}
	res, err = c.Search(context.Background(), xzufi.Query{Text: "dog", Area: "039990003003"})
	if err != nil || res.Total != 0 {
		t.Errorf("elsewhere: got %+v, %v", res, err)
	}
}

// Hostile are queries that must not break any store.
var hostile = []string{
	`"`, `'`, `''';--`, `NEAR(a b)`, `a AND`, `OR`, `NOT x`, `title:hund`, `{title}:x`, `hund*`, `^hund`, `-hund`, `(`, `)`, `a + b`, `:*`, `!`, `&`, `|`, `<->`, `\`, `%`, `_`,
	`hund" OR "1"="1`, `$1`, `?`, `?0`, strings.Repeat("a", 10_000), strings.Repeat("hund ", 3000), strings.Repeat(`"`, 10_000), "ß", "ẞ", "\u0308", "🐕", "狗", "собака", "\u202e", "ﬁ", "İ", "K", "ﷺ",
	"und", "der die das", "1", "007", " \t\n", "<b>Hund</b>", "&amp;", "<", "a<b", "Hund\u00adesteuer", "\u200b", strings.Repeat("ß", 500),
}

func TestSearchSurvivesHostileQueries(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Hundesteuer", "собака 狗", "1 2 3"))
	for _, q := range hostile {
		found(t, c, q)
	}
	for _, q := range []string{"собака", "狗", "hund OR x", `"hund"`, "<b>Hund</b>", "Hund\u00adesteuer"} {
		if found(t, c, q) != "1" {
			t.Errorf("%q found nothing", q)
		}
	}
	var ie *xzufi.InvalidError
	for _, q := range []xzufi.Query{{Text: "a\x00b"}, {Text: "\xff"}, {Text: "a", Area: "\x00"}, {Text: "a", Lang: "\xff"}} {
		if _, err := c.Search(context.Background(), q); !errors.As(err, &ie) || ie.Rule != xzufi.RuleText {
			t.Errorf("%+v: got %v", q, err)
		}
	}
	if res, err := xzufi.New(xzufi.NewMemStore(), nil).Search(context.Background(), xzufi.Query{Text: "hund"}); err != nil || res.Total != 0 {
		t.Errorf("empty catalogue: %v, %v", res, err)
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range hostile {
		if len(q) < 200 {
			f.Add("Hundesteuer", q)
		}
	}
	f.Add("Geburtsurkunde beantragen", "gebrutsurkunde")
	f.Fuzz(func(t *testing.T, title, q string) {
		var b bytes.Buffer
		b.WriteString(`<leistung xmlns="http://xoev.de/schemata/xzufi/2_2_0"><id>1</id><modulText><inhalt>`)
		for _, r := range title {
			if r > ' ' && r != '<' && r != '&' && r != '>' && r != 0xFFFE && r != 0xFFFF {
				b.WriteRune(r)
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(`</inhalt><leikaTextmodul>03</leikaTextmodul></modulText></leistung>`)
		c := xzufi.New(xzufi.NewMemStore(), nil)
		if _, err := c.Import(context.Background(), "f", xzufi.File{Reader: &b}); err != nil {
			t.Skip("no XML")
		}
		_, err := c.Search(context.Background(), xzufi.Query{Text: q})
		var ie *xzufi.InvalidError
		if err != nil && !errors.As(err, &ie) {
			t.Fatal(err)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	var buf bytes.Buffer
	if err := xzufitest.WriteDelivery(&buf, 3000); err != nil {
		b.Fatal(err)
	}
	c := xzufi.New(xzufi.NewMemStore(), nil)
	if _, err := c.Import(context.Background(), "gen", xzufi.File{Reader: &buf}); err != nil {
		b.Fatal(err)
	}
	for _, q := range []string{"Hundesteuer", "hundesteur", "Geburtsurkunde beantragen", "steuer", "qqqqqqqqq"} {
		found(b, c, q)
		b.Run(strings.ReplaceAll(q, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				found(b, c, q)
			}
		})
	}
}
