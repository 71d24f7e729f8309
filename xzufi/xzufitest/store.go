// Package xzufitest helps those who implement or use package xzufi: a
// conformance suite for stores and a generator of deliveries.
package xzufitest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stadttor/stadttor/xzufi"
)

// TestStore checks that a store keeps the contract of [xzufi.Store]. open
// gives a fresh, empty store for each call.
func TestStore(t *testing.T, open func(t *testing.T) xzufi.Store) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, xzufi.Store){
		"EmptyAtFirst":                    testEmpty,
		"AreasAreReplacedAtOnce":          testAreas,
		"StagedIsInvisible":               testStaged,
		"PublishReplaces":                 testReplace,
		"PublishOnStaleBaseIsRefused":     testConflict,
		"LaterRecordOfARunWins":           testLaterWins,
		"TombstonesHide":                  testTombstones,
		"SelectionByEachCondition":        testSelection,
		"PagesFollowEachOther":            testPages,
		"PartsAreAsAsked":                 testParts,
		"MatchFindsTermsInTheirField":     testMatch,
		"MatchSeesOnlyCurrent":            testMatchCurrent,
		"BatchTooLongIsRefused":           testBatch,
		"NothingIsShared":                 testAliasing,
		"TextAndLargeBodiesComeBack":      testText,
		"RunNumbersAreUnique":             testRuns,
		"ConcurrentPublishersOneWins":     testConcurrent,
		"CancelledContext":                testCancelled,
		"AbandonedRunsDoNotDisturb":       testAbandoned,
		"EmptyListsOfASelectionFindNoOne": testEmptyLists,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, open(t))
		})
	}
}

var at = time.Date(2026, 3, 1, 12, 30, 15, 123456000, time.UTC)

func rec(class xzufi.Class, value, hash string) xzufi.Record {
	r := xzufi.Record{Class: class, ID: xzufi.ID{Agency: "A1", Scheme: "s", Value: value}, Source: "src", Hash: hash, At: at,
		Body: []byte(`{"v":"` + hash + `"}`), Raw: []byte("<x>" + hash + "</x>")}
	if class == xzufi.ClassLeistung {
		r.Card, r.Words = []byte(`{"c":1}`), "Wort Wörter"
		r.Terms = [3][]string{{"alpha", "beta"}, {"gamma"}, {"alpha", "delta1"}}
	}
	return r
}

func publish(t *testing.T, s xzufi.Store, revision string, recs ...xzufi.Record) {
	t.Helper()
	ctx := context.Background()
	h, err := s.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run, err := s.Begin(ctx, "src", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stage(ctx, run, recs); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(ctx, run, h.Objects, revision); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, s xzufi.Store, sel xzufi.Selection) []xzufi.Record {
	t.Helper()
	out, err := s.Find(context.Background(), sel)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func values(recs []xzufi.Record) string {
	var out []string
	for _, r := range recs {
		out = append(out, string(r.Class)+":"+r.ID.Value+"="+r.Hash)
	}
	return strings.Join(out, " ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func testEmpty(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	h, err := s.Head(ctx)
	if err != nil || h != (xzufi.Head{}) {
		t.Errorf("Head: got %v, %v", h, err)
	}
	areas, err := s.Areas(ctx)
	if err != nil || len(areas) != 0 {
		t.Errorf("Areas: got %v, %v", areas, err)
	}
	if got := find(t, s, xzufi.Selection{}); len(got) != 0 {
		t.Errorf("Find: got %v", got)
	}
	m, err := s.Match(ctx, nil)
	if err != nil || len(m) != 0 {
		t.Errorf("Match: got %v, %v", m, err)
	}
}

func testAreas(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	first := []xzufi.Area{{Key: "03", Name: "Land"}, {Key: "039990001001", Name: "Übermühle 🏡", Kind: "Stadt",
		Postcodes: []string{"27898", "01234"}, Parents: []string{"03"}, Inhabitants: 12}}
	if err := s.SetAreas(ctx, first, "r1"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Areas(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("areas (-want +got):\n%s", d)
	}
	if err := s.SetAreas(ctx, []xzufi.Area{{Key: "05", Name: "B"}, {Key: "04", Name: "A"}}, "r2"); err != nil {
		t.Fatal(err)
	}
	if got, _ = s.Areas(ctx); len(got) != 2 || got[0].Key != "04" {
		t.Errorf("areas after the second call: %v", got)
	}
	if h, _ := s.Head(ctx); h != (xzufi.Head{Areas: "r2"}) {
		t.Errorf("head: %v", h)
	}
}

func testStaged(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"))
	run, err := s.Begin(ctx, "src", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stage(ctx, run, []xzufi.Record{rec(xzufi.ClassLeistung, "1", "b"), rec(xzufi.ClassOnlinedienst, "2", "b")}); err != nil {
		t.Fatal(err)
	}
	expect(t, "before", values(find(t, s, xzufi.Selection{})), "Leistung:1=a")
	if h, _ := s.Head(ctx); h.Objects != "r1" {
		t.Errorf("head moved: %v", h)
	}
	if err := s.Publish(ctx, run, "r1", "r2"); err != nil {
		t.Fatal(err)
	}
	expect(t, "after", values(find(t, s, xzufi.Selection{})), "Leistung:1=b Onlinedienst:2=b")
}

func testReplace(t *testing.T, s xzufi.Store) {
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"), rec(xzufi.ClassLeistung, "2", "a"), rec(xzufi.ClassOnlinedienst, "1", "a"))
	publish(t, s, "r2", rec(xzufi.ClassLeistung, "2", "b"))
	publish(t, s, "r3", rec(xzufi.ClassLeistung, "2", "c"))
	expect(t, "objects", values(find(t, s, xzufi.Selection{})), "Leistung:1=a Leistung:2=c Onlinedienst:1=a")
}

func testConflict(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	run, err := s.Begin(ctx, "src", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stage(ctx, run, []xzufi.Record{rec(xzufi.ClassLeistung, "1", "late")}); err != nil {
		t.Fatal(err)
	}
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "early"))
	if err := s.Publish(ctx, run, "", "r2"); !errors.Is(err, xzufi.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	expect(t, "objects", values(find(t, s, xzufi.Selection{})), "Leistung:1=early")
}

func testLaterWins(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	run, _ := s.Begin(ctx, "src", at)
	old := rec(xzufi.ClassLeistung, "1", "a")
	old.Terms = [3][]string{{"old"}, nil, nil}
	for _, batch := range [][]xzufi.Record{{old, rec(xzufi.ClassLeistung, "2", "a")}, {rec(xzufi.ClassLeistung, "1", "b"), rec(xzufi.ClassLeistung, "1", "c")}} {
		if err := s.Stage(ctx, run, batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Publish(ctx, run, "", "r1"); err != nil {
		t.Fatal(err)
	}
	expect(t, "objects", values(find(t, s, xzufi.Selection{})), "Leistung:1=c Leistung:2=a")
	m, err := s.Match(ctx, []xzufi.Probe{{Field: xzufi.FieldTitle, Terms: []string{"old"}}})
	if err != nil || len(m[0]) != 0 {
		t.Errorf("replaced record still found: %v, %v", m, err)
	}
}

func testTombstones(t *testing.T, s xzufi.Store) {
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"), rec(xzufi.ClassLeistung, "2", "a"))
	gone := xzufi.Record{Class: xzufi.ClassLeistung, ID: xzufi.ID{Agency: "A1", Scheme: "s", Value: "1"}, Source: "src", Deleted: true, At: at}
	publish(t, s, "r2", gone)
	expect(t, "without", values(find(t, s, xzufi.Selection{})), "Leistung:2=a")
	all := find(t, s, xzufi.Selection{Tombstones: true})
	if len(all) != 2 || !all[0].Deleted || !all[0].At.Equal(at) {
		t.Errorf("with tombstones: %v", all)
	}
	m, err := s.Match(context.Background(), []xzufi.Probe{{Field: xzufi.FieldTitle, Terms: []string{"alpha"}}})
	if err != nil || len(m[0]) != 1 {
		t.Errorf("tombstone found by search: %v, %v", m, err)
	}
	publish(t, s, "r3", rec(xzufi.ClassLeistung, "1", "back"))
	expect(t, "again", values(find(t, s, xzufi.Selection{})), "Leistung:1=back Leistung:2=a")
}

func testSelection(t *testing.T, s xzufi.Store) {
	z := rec(xzufi.ClassZustaendigkeit, "9", "z")
	z.Services = []string{"A1/1", "A1/2"}
	z.Source = "other"
	noScheme := rec(xzufi.ClassLeistung, "1", "b")
	noScheme.ID.Scheme = "" // same loose key
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"), noScheme, rec(xzufi.ClassLeistung, "2", "a"), z)
	for name, c := range map[string]struct {
		sel  xzufi.Selection
		want string
	}{
		"class":    {xzufi.Selection{Class: xzufi.ClassZustaendigkeit}, "Zustaendigkeit:9=z"},
		"keys":     {xzufi.Selection{Keys: []string{"A1/s/2", "A1/s/9", "A1/s/77"}}, "Leistung:2=a Zustaendigkeit:9=z"},
		"loose":    {xzufi.Selection{Loose: []string{"A1/1"}}, "Leistung:1=b Leistung:1=a"},
		"services": {xzufi.Selection{Services: []string{"A1/2", "A1/1"}}, "Zustaendigkeit:9=z"},
		"source":   {xzufi.Selection{Source: "other"}, "Zustaendigkeit:9=z"},
		"all":      {xzufi.Selection{Class: xzufi.ClassLeistung, Loose: []string{"A1/1"}, Keys: []string{"A1/s/1"}, Source: "src"}, "Leistung:1=a"},
		"none":     {xzufi.Selection{Class: xzufi.ClassOnlinedienst}, ""},
	} {
		expect(t, name, values(find(t, s, c.sel)), c.want)
	}
	got := find(t, s, xzufi.Selection{Class: xzufi.ClassZustaendigkeit})
	if d := cmp.Diff([]string{"A1/1", "A1/2"}, got[0].Services); d != "" {
		t.Errorf("services (-want +got):\n%s", d)
	}
}

func testPages(t *testing.T, s xzufi.Store) {
	var recs []xzufi.Record
	for i := range 7 {
		recs = append(recs, rec(xzufi.ClassLeistung, fmt.Sprint(i%4, "-", i), "x"), rec(xzufi.ClassOnlinedienst, fmt.Sprint("Ä", i), "x"))
	}
	// Upper case, lower case and signs: the order is that of bytes everywhere.
	recs = append(recs, rec(xzufi.ClassLeistung, "a", "x"), rec(xzufi.ClassLeistung, "B", "x"), rec(xzufi.ClassLeistung, "_", "x"))
	publish(t, s, "r1", recs...)
	whole := find(t, s, xzufi.Selection{})
	var paged []xzufi.Record
	sel := xzufi.Selection{Limit: 3}
	for {
		page := find(t, s, sel)
		paged = append(paged, page...)
		if len(page) < 3 {
			break
		}
		sel.After = &page[2]
	}
	expect(t, "pages", values(paged), values(whole))
	for i := 1; i < len(whole); i++ {
		a, b := whole[i-1], whole[i]
		if a.Class > b.Class || a.Class == b.Class && a.ID.String() >= b.ID.String() {
			t.Errorf("order: %v before %v", a.ID, b.ID)
		}
	}
	if len(whole) != len(recs) {
		t.Errorf("got %d records, want %d", len(whole), len(recs))
	}
}

func testParts(t *testing.T, s xzufi.Store) {
	r := rec(xzufi.ClassLeistung, "1", "a")
	publish(t, s, "r1", r)
	r.Terms = [3][]string{}
	for part, want := range map[xzufi.Part]func(xzufi.Record) xzufi.Record{
		xzufi.PartKey:  func(r xzufi.Record) xzufi.Record { r.Card, r.Words, r.Body, r.Raw = nil, "", nil, nil; return r },
		xzufi.PartCard: func(r xzufi.Record) xzufi.Record { r.Body, r.Raw = nil, nil; return r },
		xzufi.PartBody: func(r xzufi.Record) xzufi.Record { r.Card, r.Words = nil, ""; return r },
	} {
		got := find(t, s, xzufi.Selection{Part: part})
		if d := cmp.Diff([]xzufi.Record{want(r)}, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); d != "" {
			t.Errorf("part %v (-want +got):\n%s", part, d)
		}
	}
}

func testMatch(t *testing.T, s xzufi.Store) {
	other := rec(xzufi.ClassLeistung, "2", "a")
	other.Terms = [3][]string{{"and"}, {"not", "or"}, {"near", "1e5", "123abc", "u00ff"}}
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"), other)
	probes := []xzufi.Probe{
		{Field: xzufi.FieldTitle, Terms: []string{"alpha"}},
		{Field: xzufi.FieldSynonym, Terms: []string{"alpha"}},
		{Field: xzufi.FieldText, Terms: []string{"alpha", "near"}},
		{Field: xzufi.FieldTitle, Terms: []string{"alph"}},
		{Field: xzufi.FieldTitle, Terms: []string{"and", "beta", "alpha"}},
		{Field: xzufi.FieldSynonym, Terms: []string{"or"}},
		{Field: xzufi.FieldText, Terms: []string{"1e5"}},
		{Field: xzufi.FieldText, Terms: []string{"123abc"}},
		{Field: xzufi.FieldText, Terms: []string{"123"}},
		{Field: xzufi.FieldText, Terms: []string{"u00ff"}},
	}
	got, err := s.Match(context.Background(), probes)
	if err != nil {
		t.Fatal(err)
	}
	one, two := "A1/s/1", "A1/s/2"
	want := [][]string{{one}, nil, {one, two}, nil, {one, two}, {two}, {two}, {two}, nil, {two}}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("match (-want +got):\n%s", d)
	}
	var many []xzufi.Probe
	for range 450 {
		many = append(many, probes[0])
	}
	got, err = s.Match(context.Background(), many)
	if err != nil || len(got) != 450 || len(got[449]) != 1 {
		t.Errorf("450 probes: %d results, %v", len(got), err)
	}
}

func testMatchCurrent(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"))
	changed := rec(xzufi.ClassLeistung, "1", "b")
	changed.Terms = [3][]string{{"omega"}, nil, nil}
	run, _ := s.Begin(ctx, "src", at)
	if err := s.Stage(ctx, run, []xzufi.Record{changed}); err != nil {
		t.Fatal(err)
	}
	probes := []xzufi.Probe{{Field: xzufi.FieldTitle, Terms: []string{"alpha"}}, {Field: xzufi.FieldTitle, Terms: []string{"omega"}}}
	got, err := s.Match(ctx, probes)
	if err != nil || len(got[0]) != 1 || len(got[1]) != 0 {
		t.Errorf("before: %v, %v", got, err)
	}
	if err := s.Publish(ctx, run, "r1", "r2"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err = s.Match(ctx, probes)
		if err != nil || len(got[0]) != 0 || len(got[1]) != 1 {
			t.Errorf("after: %v, %v", got, err)
		}
		if _, err := s.Begin(ctx, "src", at); err != nil { // may clean up
			t.Fatal(err)
		}
	}
}

func testBatch(t *testing.T, s xzufi.Store) {
	run, _ := s.Begin(context.Background(), "src", at)
	var e *xzufi.InvalidError
	if err := s.Stage(context.Background(), run, make([]xzufi.Record, xzufi.MaxBatch+1)); !errors.As(err, &e) {
		t.Errorf("got %v, want *InvalidError", err)
	}
	if err := s.Stage(context.Background(), run, nil); err != nil {
		t.Errorf("empty batch: %v", err)
	}
}

func testAliasing(t *testing.T, s xzufi.Store) {
	r := rec(xzufi.ClassSpezialisierung, "1", "a")
	r.Services = []string{"A1/1"}
	publish(t, s, "r1", r)
	r.Body[0], r.Services[0] = '#', "changed"
	got := find(t, s, xzufi.Selection{Part: xzufi.PartBody})
	if got[0].Body[0] == '#' || got[0].Services[0] == "changed" {
		t.Error("the store shares what was staged")
	}
	got[0].Body[0], got[0].Services[0] = '#', "changed"
	if again := find(t, s, xzufi.Selection{Part: xzufi.PartBody}); again[0].Body[0] == '#' || again[0].Services[0] == "changed" {
		t.Error("the store shares what was found")
	}
}

func testText(t *testing.T, s xzufi.Store) {
	r := rec(xzufi.ClassLeistung, `ä'"\%_;--/🏛`, "a")
	r.ID.Agency = "Ä ? ?0"
	r.Body = []byte(strings.Repeat("ü?\\'", 300_000))
	r.Raw = []byte{0, 1, 255}
	r.Source = "Quelle ' ?"
	publish(t, s, "r1", r)
	got := find(t, s, xzufi.Selection{Part: xzufi.PartBody, Source: r.Source, Keys: []string{r.ID.String()}})
	if len(got) != 1 || string(got[0].Body) != string(r.Body) || string(got[0].Raw) != string(r.Raw) || got[0].ID != r.ID {
		t.Errorf("did not come back: %d records", len(got))
	}
}

func testRuns(t *testing.T, s xzufi.Store) {
	seen := map[int64]bool{}
	for range 5 {
		run, err := s.Begin(context.Background(), "src", at)
		if err != nil || seen[run] {
			t.Fatalf("run %d twice, %v", run, err)
		}
		seen[run] = true
	}
}

func testConcurrent(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	var wg sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wg.Add(1)
		go func() {
			defer wg.Done()
			run, err := s.Begin(ctx, "src", at)
			if err == nil {
				err = s.Stage(ctx, run, []xzufi.Record{rec(xzufi.ClassLeistung, "1", fmt.Sprint(i))})
			}
			if err == nil {
				err = s.Publish(ctx, run, "", fmt.Sprint("r", i))
			}
			results[i] = err
		}()
	}
	wg.Wait()
	won := -1
	for i, err := range results {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, xzufi.ErrConflict):
			t.Errorf("publisher %d: got %v, want ErrConflict", i, err)
		}
	}
	expect(t, "objects", values(find(t, s, xzufi.Selection{})), fmt.Sprint("Leistung:1=", won))
}

func testCancelled(t *testing.T, s xzufi.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, e1 := s.Head(ctx)
	_, e2 := s.Areas(ctx)
	_, e3 := s.Begin(ctx, "src", at)
	_, e4 := s.Find(ctx, xzufi.Selection{})
	_, e5 := s.Match(ctx, []xzufi.Probe{{Terms: []string{"a"}}})
	for i, err := range []error{e1, e2, e3, e4, e5, s.SetAreas(ctx, nil, "r"), s.Stage(ctx, 1, []xzufi.Record{rec(xzufi.ClassLeistung, "1", "a")}), s.Publish(ctx, 1, "", "r")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: got %v, want context.Canceled", i, err)
		}
	}
}

func testAbandoned(t *testing.T, s xzufi.Store) {
	ctx := context.Background()
	for i := range 3 {
		run, err := s.Begin(ctx, "src", at)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Stage(ctx, run, []xzufi.Record{rec(xzufi.ClassLeistung, "1", fmt.Sprint("lost", i))}); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "kept"))
	publish(t, s, "r2", rec(xzufi.ClassLeistung, "2", "kept"))
	expect(t, "objects", values(find(t, s, xzufi.Selection{})), "Leistung:1=kept Leistung:2=kept")
}

func testEmptyLists(t *testing.T, s xzufi.Store) {
	publish(t, s, "r1", rec(xzufi.ClassLeistung, "1", "a"))
	for i, sel := range []xzufi.Selection{{Keys: []string{}}, {Loose: []string{}}, {Services: []string{}}} {
		if got := find(t, s, sel); len(got) != 0 {
			t.Errorf("selection %d: got %v", i, got)
		}
	}
}
