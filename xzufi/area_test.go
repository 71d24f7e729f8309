package xzufi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/xzufi"
)

func TestNormalizeArea(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"030000000000": "03", "034590000000": "03459", "034595401000": "034595401", "034595401030": "034595401030",
		"031010000000": "03101", "000000000000": "00", " 03 ": "03", "03241001": "03241001", "8957653": "8957653", "": "", "x": "x",
	} {
		if got := xzufi.NormalizeArea(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func keys(areas []xzufi.Area) string {
	var out []string
	for _, a := range areas {
		out = append(out, a.Key)
	}
	return strings.Join(out, " ")
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	ctx := context.Background()
	if err := c.SetAreas(ctx, append(town(), xzufi.Area{Key: "031010000000", Name: "Großstadt", Kind: "kreisfreie Stadt", Postcodes: []string{"38100"}},
		xzufi.Area{Key: "039990009009", Name: "Bad Übersee (Mittelaue)", Postcodes: []string{"27891"}})); err != nil {
		t.Fatal(err)
	}
	const altenwehr, gruenhude, auestadt, gross, bad = "039995401001", "039995401002", "039990003003", "03101", "039990009009"
	for q, want := range map[string]string{
		"27898": altenwehr + " " + gruenhude, "altenwer": altenwehr, "Altenwehr": altenwehr, "ALTEN": altenwehr,
		"27899": gruenhude, "Grünhude": gruenhude, "gruenhude": gruenhude, "grunhude": gruenhude, "Gru\u0308nhude": gruenhude,
		"27898 Grünhude": gruenhude + " " + altenwehr, "2789": altenwehr + " " + auestadt + " " + bad + " " + gruenhude,
		"Grossstadt": gross, "großstadt": gross, "38100": gross, "Übersee": bad, "Bad Übersee": bad, "ubersee": "",
		"Niedersachsen": "", "Mittelaue": bad, "": "", "%": "", "99999": "", "'; DROP": "", "_": "", strings.Repeat("9", 9000): "",
	} {
		got, err := c.Places(ctx, q)
		if err != nil || keys(got) != want {
			t.Errorf("%.30q: got %q, %v, want %q", q, keys(got), err, want)
		}
	}
	var ie *xzufi.InvalidError
	for _, q := range []string{"a\x00", "\xff"} {
		if _, err := c.Places(ctx, q); !errors.As(err, &ie) || ie.Rule != xzufi.RuleText {
			t.Errorf("%q: got %v", q, err)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	ctx := context.Background()
	areas := town()
	areas[5].Parents = []string{"03999", "039995401"} // acts for a neighbour as well
	if err := c.SetAreas(ctx, areas); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"039995401001": "039995401001 039995401 03999 03", "039995401000": "039995401 03999 03",
		"039990003003": "039990003003 03999 039995401 03", "03999003": "039990003003 03999 039995401 03", "030000000000": "03",
	} {
		got, err := c.Path(ctx, key)
		if err != nil || keys(got) != want {
			t.Errorf("%s: got %q, %v, want %q", key, keys(got), err, want)
		}
	}
	if _, err := c.Path(ctx, "11"); !errors.Is(err, xzufi.ErrNotFound) {
		t.Errorf("unknown area: %v", err)
	}
	a, err := c.Area(ctx, "03999003")
	if err != nil || a.Name != "Auestadt" || a.Level() != xzufi.LevelGemeinde {
		t.Errorf("by Gemeindeschlüssel: %v, %v", a, err)
	}
	a.Postcodes[0] = "changed"
	if again, _ := c.Area(ctx, "03999003"); again.Postcodes[0] != "27890" {
		t.Error("an area is shared with its caller")
	}
}

func TestSetAreasRefuses(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	for name, tt := range map[string]struct {
		areas []xzufi.Area
		want  xzufi.Rule
	}{
		"no key":    {[]xzufi.Area{{Name: "A"}}, xzufi.RuleRequired},
		"no name":   {[]xzufi.Area{{Key: "03"}}, xzufi.RuleRequired},
		"twice":     {[]xzufi.Area{{Key: "03", Name: "A"}, {Key: "030000000000", Name: "B"}}, xzufi.RuleDuplicate},
		"self":      {[]xzufi.Area{{Key: "03", Name: "A", Parents: []string{"03"}}}, xzufi.RuleCycle},
		"cycle":     {[]xzufi.Area{{Key: "03", Name: "A", Parents: []string{"04"}}, {Key: "04", Name: "B", Parents: []string{"03"}}}, xzufi.RuleCycle},
		"NUL":       {[]xzufi.Area{{Key: "03", Name: "A\x00"}}, xzufi.RuleText},
		"not UTF-8": {[]xzufi.Area{{Key: "03", Name: "A", Postcodes: []string{"\xff"}}}, xzufi.RuleText},
	} {
		var ie *xzufi.InvalidError
		if err := c.SetAreas(context.Background(), tt.areas); !errors.As(err, &ie) || ie.Rule != tt.want {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

func TestParseIDGivesTheSameBack(t *testing.T) {
	t.Parallel()
	for _, id := range []xzufi.ID{{"L1", "s", "L1.LB.007"}, {"", "", "1"}, {"a/b", "urn:x?y#z", "ä %2F 🏛"}} {
		got, err := xzufi.ParseID(id.String())
		if d := cmp.Diff(id, got); err != nil || d != "" {
			t.Errorf("%v: %v %s", id, err, d)
		}
	}
	for _, s := range []string{"", "a", "a/b", "a/b/", "a/b/c/d", "a/b/%zz", "a/b/%00", "a/b/%ff", strings.Repeat("a", 9999)} {
		var ie *xzufi.InvalidError
		if _, err := xzufi.ParseID(s); !errors.As(err, &ie) {
			t.Errorf("%.20q: got %v", s, err)
		}
	}
}
