package xzufi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/xzufi"
)

func sid(v string) xzufi.ID { return xzufi.ID{Agency: "A1", Scheme: "lb", Value: v} }

func catalogue(t *testing.T, objects ...string) *xzufi.Catalogue {
	t.Helper()
	c := xzufi.New(xzufi.NewMemStore(), &xzufi.Options{Now: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }})
	if err := c.SetAreas(context.Background(), town()); err != nil {
		t.Fatal(err)
	}
	load(t, c, objects...)
	return c
}

// who renders a responsibility as "office@entry area(*inherited)/role".
func who(t *testing.T, c *xzufi.Catalogue, area string) string {
	t.Helper()
	r, err := c.Responsible(context.Background(), sid("1"), area)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range r.Offices {
		s := o.Office.Name.For("de") + "@" + o.EntryArea
		if o.Inherited {
			s += "*"
		}
		out = append(out, s+"/"+o.Role)
	}
	for _, o := range r.Online {
		out = append(out, fmt.Sprint("online:", o.Online.ID.Value, "@", o.EntryArea))
	}
	if r.Ambiguous {
		out = append(out, "ambiguous")
	}
	for _, u := range r.Unresolved {
		out = append(out, "unresolved:"+u.Value)
	}
	return strings.Join(out, " ")
}

func embedded(service string, areas ...string) string {
	s := `<zustaendigkeit><leistungID schemeAgencyID="A1">` + service + `</leistungID>`
	for _, a := range areas {
		s += "<gebietID>" + a + "</gebietID>"
	}
	return s + "</zustaendigkeit>"
}

func TestResponsibleInherits(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Eins", "", ""),
		office("land", "Land", ""), office("kreis", "Kreis", ""), office("samt", "Samt", ""), office("a", "Alt", ""), office("b", "Beta", embedded("1", "039990003003")),
		responsible("z1", "land", "1", "030000000000", "01"), responsible("z2", "kreis", "1", "03999", "02"), responsible("z3", "samt", "1", "039995401000", "01"),
		responsible("z4", "a", "1", "039990003003", "01"), responsible("z4b", "a", "1", "03999003", "01"),
		responsible("z5", "kreis", "1", "03", "03"))
	for area, want := range map[string]string{
		"039995401001": "Samt@039995401*/01 Kreis@03*/03",
		"039995401":    "Samt@039995401/01 Kreis@03*/03",
		"039990003003": "Alt@039990003003/01 Beta@039990003003/ Kreis@03*/03 ambiguous", // embedded and apart are one tie
		"03999003":     "Alt@039990003003/01 Beta@039990003003/ Kreis@03*/03 ambiguous", // by Gemeindeschlüssel
		"039990007007": "Kreis@03999*/02 Kreis@03*/03",                                  // not registered: the prefix decides
		"03998":        "Land@03*/01 Kreis@03*/03",
		"05":           "",
	} {
		if got := who(t, c, area); got != want {
			t.Errorf("%s: got %q, want %q", area, got, want)
		}
	}
}

func TestResponsibleParentsAreData(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Eins", "", ""), office("samt", "Samt", ""), office("kreis", "Kreis", ""),
		responsible("z1", "samt", "1", "039995401", "01"), responsible("z2", "kreis", "1", "03999", "01"))
	areas := town()
	areas[5].Parents = []string{"039995401"} // the town hands its tasks to the Samtgemeinde
	if err := c.SetAreas(context.Background(), areas); err != nil {
		t.Fatal(err)
	}
	if got := who(t, c, "039990003003"); got != "Samt@039995401*/01" {
		t.Errorf("got %q", got)
	}
}

func TestResponsibleSkipsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	expired := strings.Replace(responsible("z3", "ended", "1", "03999", "01"), "</rolle>", "</rolle><gueltigkeit><ende>2026-05-31</ende></gueltigkeit>", 1)
	lastDay := strings.Replace(responsible("z4", "today", "1", "03", "01"), "</rolle>", "</rolle><gueltigkeit><ende>2026-06-01</ende></gueltigkeit>", 1)
	c := catalogue(t, service("1", "Eins", "", ""), office("gone", "Gone", ""), office("ended", "Ended", ""), office("today", "Today", ""),
		responsible("z1", "never", "1", "039995401001", "01"), responsible("z2", "gone", "1", "039995401", "01"), expired, lastDay)
	if got := who(t, c, "039995401001"); got != "Gone@039995401*/01 unresolved:never" {
		t.Errorf("got %q", got)
	}
	load(t, c, `<loesche klasse="Organisationseinheit"><id schemeAgencyID="A1">gone</id></loesche>`)
	if got := who(t, c, "039995401001"); got != "Today@03*/01 unresolved:never unresolved:gone" {
		t.Errorf("after delete: got %q", got)
	}
	load(t, c, `<loesche klasse="Leistung"><id schemeAgencyID="A1">1</id></loesche>`)
	if _, err := c.Responsible(context.Background(), sid("1"), "03"); !errors.Is(err, xzufi.ErrNotFound) {
		t.Errorf("deleted service: %v", err)
	}
	load(t, c, service("1", "Eins", "", "")) // it comes back with all that refers to it
	if got := who(t, c, "05"); got != "" {
		t.Errorf("elsewhere: %q", got)
	}
	if got := who(t, c, "03"); got != "Today@03/01" {
		t.Errorf("back again: %q", got)
	}
}

func TestResponsibleEverywhere(t *testing.T) {
	t.Parallel()
	c := catalogue(t, service("1", "Eins", "", ""), office("bund", "Bund", embedded("1")), office("bund2", "Bund2", embedded("1", "000000000000")))
	if got := who(t, c, "03"); got != "Bund2@00*/" {
		t.Errorf("got %q", got)
	}
}

func TestOnlineServices(t *testing.T) {
	t.Parallel()
	online := func(id string) string {
		return `<schreibe><onlinedienst><id schemeAgencyID="A1">` + id + `</id></onlinedienst></schreibe>`
	}
	c := catalogue(t, service("1", "Hund", "", ""), online("land"), online("town"), responsible("o1", "land", "1", "03", ""), responsible("o2", "town", "1", "039990003003", ""))
	for area, want := range map[string]string{"039990003003": "online:town@039990003003", "039995401001": "online:land@03", "05": ""} {
		if got := who(t, c, area); got != want {
			t.Errorf("%s: got %q, want %q", area, got, want)
		}
		res, err := c.Search(context.Background(), xzufi.Query{Text: "Hund", Area: area})
		if err != nil || len(res.Hits) != 1 || res.Hits[0].Online != (want != "") {
			t.Errorf("%s: online in search: %+v, %v", area, res, err)
		}
	}
}

func TestServiceMergesTheAreasAdditions(t *testing.T) {
	t.Parallel()
	add := func(id, area, text string) string {
		return `<schreibe><spezialisierung><id schemeAgencyID="A1">` + id + `</id><leistungID schemeAgencyID="A1">1</leistungID><gueltigkeitGebietID>` + area +
			`</gueltigkeitGebietID><modulText><inhalt languageCode="de">` + text + `</inhalt><leikaTextmodul><code>16</code></leikaTextmodul></modulText><modulKosten><beschreibung>` + text + `</beschreibung></modulKosten></spezialisierung></schreibe>`
	}
	c := catalogue(t, add("s1", "039995401001", "Gemeinde"), add("s2", "03", "Land"), add("s3", "039995401", "Samt"), service("1", "Eins", "", ""))
	for area, want := range map[string]string{
		"":             "03:land: 06:land:",
		"039995401001": "03:land: 06:land: 16:land:03=Land 16:municipality:039995401=Samt 16:municipality:039995401001=Gemeinde",
		"039990003003": "03:land: 06:land: 16:land:03=Land",
		"05":           "03:land: 06:land:",
	} {
		l, err := c.Service(context.Background(), sid("1"), area)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range l.Modules {
			s := m.Code + ":" + string(m.Origin) + ":" + m.OriginArea
			if m.OriginArea != "" {
				s += "=" + m.Text.For("de")
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %q, want %q", area, s, want)
		}
		if area == "039995401001" && (len(l.Costs) != 3 || l.Costs[2].OriginArea != area) {
			t.Errorf("costs: %+v", l.Costs)
		}
	}
	if _, err := c.Service(context.Background(), sid("7"), ""); !errors.Is(err, xzufi.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := c.Service(context.Background(), xzufi.ID{Agency: "A1", Value: "1"}, ""); err != nil {
		t.Errorf("without scheme: %v", err)
	}
}

func TestListAndKeys(t *testing.T) {
	t.Parallel()
	extra := func(s, x string) string { return strings.Replace(s, "</leistung>", x+"</leistung>", 1) }
	cat := `<kategorie><id>k1</id><bezeichnung languageCode="de">Tiere</bezeichnung></kategorie>`
	leika := `<referenzLeiKa><code>99000000000001</code></referenzLeiKa>`
	c := catalogue(t, service("1", "Ärztliche Hilfe", "", ""), extra(service("2", "Abfall", "", ""), cat+leika),
		extra(service("3", "Zaun", "", ""), cat+leika+"<gueltigkeitGebietID>039990003003</gueltigkeitGebietID>"), service("4", "3D-Modell", "", ""),
		extra(service("5", "Vorbei", "", ""), "<gueltigkeit><ende>2026-01-01</ende></gueltigkeit>"), service("6", "Öl", "", ""), service("7", "Ofen", "", ""))
	list := func(q xzufi.ListQuery) string {
		hits, next, err := c.List(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, h := range hits {
			out += h.Title + ","
		}
		if next != "" {
			q.After = next
			more, _, err := c.List(context.Background(), q)
			if err != nil || len(more) == 0 {
				t.Fatal(err)
			}
			out += ">" + more[0].Title
		}
		return out
	}
	for name, tt := range map[string]struct {
		q    xzufi.ListQuery
		want string
	}{
		"all":      {xzufi.ListQuery{}, "3D-Modell,Abfall,Ärztliche Hilfe,Ofen,Öl,Zaun,"},
		"pages":    {xzufi.ListQuery{Limit: 2}, "3D-Modell,Abfall,>Ärztliche Hilfe"},
		"letter":   {xzufi.ListQuery{Letter: "a"}, "Abfall,Ärztliche Hilfe,"},
		"other":    {xzufi.ListQuery{Letter: "#"}, "3D-Modell,"},
		"category": {xzufi.ListQuery{Category: xzufi.ID{Agency: "A1", Value: "k1"}.String()}, "Abfall,Zaun,"},
		"area":     {xzufi.ListQuery{Area: "039995401001", Letter: "Z"}, ""},
	} {
		if got := list(tt.q); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	cats, err := c.Categories(context.Background(), "de")
	if err != nil || len(cats) != 1 || cats[0].Count != 2 || cats[0].Name != "Tiere" {
		t.Errorf("categories: %v, %v", cats, err)
	}
	letters, err := c.Letters(context.Background(), "de")
	if err != nil || fmt.Sprint(letters) != "[{A 2} {O 2} {Z 1} {# 1}]" {
		t.Errorf("letters: %v, %v", letters, err)
	}
	for area, want := range map[string]string{"": "2", "039990003003": "3", "05": "2"} {
		if id, err := c.ByLeika(context.Background(), "99000000000001", area); err != nil || id.Value != want {
			t.Errorf("by key in %q: %v, %v", area, id, err)
		}
	}
	if _, err := c.ByLeika(context.Background(), "1", ""); !errors.Is(err, xzufi.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
	var ie *xzufi.InvalidError
	if _, _, err := c.List(context.Background(), xzufi.ListQuery{After: "!"}); !errors.As(err, &ie) {
		t.Errorf("bad cursor: %v", err)
	}
}

func TestOffices(t *testing.T) {
	t.Parallel()
	var objects []string
	for i := range 5 {
		objects = append(objects, office(fmt.Sprint("o", i), fmt.Sprint("Bürgerbüro ", i), "<uebergeordneteOrganisationseinheitID schemeID=\"oe\">o0</uebergeordneteOrganisationseinheitID>"))
	}
	c := catalogue(t, append(objects, office("x", "Bauamt", ""))...)
	got, next, err := c.Offices(context.Background(), xzufi.OfficeQuery{Text: "buergerbuero", Limit: 3, Parent: "A1/oe/o0"})
	if err != nil || len(got) != 3 || next == "" {
		t.Fatal(got, next, err)
	}
	got, next, err = c.Offices(context.Background(), xzufi.OfficeQuery{Text: "buergerbuero", Limit: 3, After: next})
	if err != nil || len(got) != 2 || next != "" || got[0].ID.Value != "o3" {
		t.Fatal(got, next, err)
	}
}
