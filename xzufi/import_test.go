package xzufi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
)

func file(s string) xzufi.File { return xzufi.File{Name: "a.xml", Reader: strings.NewReader(s)} }

func count(t *testing.T, got, want xzufi.Report) {
	t.Helper()
	ignore := cmpopts.IgnoreFields(xzufi.Report{}, "Run", "Source", "Published", "Errors", "Warnings", "Dangling", "Objects")
	if d := cmp.Diff(want, got, ignore); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

func titles(t *testing.T, c *xzufi.Catalogue) string {
	t.Helper()
	hits, _, err := c.List(context.Background(), xzufi.ListQuery{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range hits {
		out = append(out, h.Title)
	}
	return strings.Join(out, ",")
}

func TestImportIsIdempotent(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	objects := []string{service("1", "Eins", "", ""), service("2", "Zwei", "", ""), office("5", "Amt", ""), responsible("z", "5", "1", "03", "01")}
	count(t, load(t, c, objects...), xzufi.Report{New: 4})
	before, _ := c.Revision(context.Background())
	rep := load(t, c, objects...)
	count(t, rep, xzufi.Report{Unchanged: 4})
	after, _ := c.Revision(context.Background())
	if rep.Published || before != after {
		t.Error("an unchanged delivery moved the revision")
	}
	// Line ends and layout are no change.
	again, err := c.Import(context.Background(), "test", file(strings.ReplaceAll(strings.ReplaceAll(message(objects...), "\n", "\r\n"), "\t", "  ")))
	if err != nil {
		t.Fatal(err)
	}
	count(t, again, xzufi.Report{Unchanged: 4})
	count(t, load(t, c, service("1", "Eins!", "", ""), objects[1]), xzufi.Report{Changed: 1, Unchanged: 1})
	if got := titles(t, c); got != "Eins!,Zwei" {
		t.Errorf("got %s", got)
	}
}

func TestImportOrderCounts(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	del := `<loesche klasse="Leistung"><id schemeAgencyID="A1" schemeID="lb">1</id></loesche>`
	count(t, load(t, c, service("1", "A", "", ""), service("1", "B", "", "")), xzufi.Report{New: 1, Changed: 1})
	if got := titles(t, c); got != "B" {
		t.Errorf("later does not win: %s", got)
	}
	count(t, load(t, c, service("1", "C", "", ""), service("1", "B", "", "")), xzufi.Report{Changed: 2})
	if got := titles(t, c); got != "B" {
		t.Errorf("back to the old content: %s", got)
	}
	count(t, load(t, c, del, service("1", "D", "", "")), xzufi.Report{Deleted: 1, New: 1})
	count(t, load(t, c, service("1", "E", "", ""), del, del), xzufi.Report{Changed: 1, Deleted: 1, DeletedUnknown: 1})
	if got := titles(t, c); got != "" {
		t.Errorf("after delete: %s", got)
	}
	count(t, load(t, c, del), xzufi.Report{DeletedUnknown: 1})
	count(t, load(t, c, service("1", "F", "", "")), xzufi.Report{New: 1})
	// A delete notice may leave the scheme out; other classes stay.
	count(t, load(t, c, office("1", "Amt", "")), xzufi.Report{New: 1})
	count(t, load(t, c, `<loesche klasse="Leistung"><id schemeAgencyID="A1">1</id></loesche>`), xzufi.Report{Deleted: 1})
	if _, err := c.Office(context.Background(), xzufi.ID{Agency: "A1", Value: "1"}); err != nil {
		t.Errorf("office: %v", err)
	}
	count(t, load(t, c, `<loesche klasse="Organisationseinheit"><id schemeAgencyID="B9">1</id></loesche>`), xzufi.Report{DeletedUnknown: 1})
}

func TestImportReportsBadObjects(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	rep := load(t, c, service("1", "Eins", "", ""), "<schreibe><leistung/></schreibe>", "<schreibe><formular><id>1</id></formular></schreibe>",
		`<schreibe><onlinedienst><id>9</id><geaendertDatumZeit>nie</geaendertDatumZeit></onlinedienst></schreibe>`)
	count(t, rep, xzufi.Report{New: 2, ErrorCount: 1, Unknown: 1})
	if len(rep.Errors) != 1 || rep.Errors[0].Line != 9 || rep.Errors[0].File != "a.xml" || rep.Errors[0].Reason != xzufi.ReasonMissingID {
		t.Errorf("errors: %v", rep.Errors)
	}
	if len(rep.Warnings) != 1 || rep.Warnings[0].Line != 11 || rep.Warnings[0].Element != "geaendertDatumZeit" {
		t.Errorf("warnings: %v", rep.Warnings)
	}
}

func TestImportOfABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	load(t, c, service("1", "Eins", "", ""))
	_, err := c.Import(context.Background(), "test", file(message(service("2", "Zwei", "", ""))),
		xzufi.File{Name: "b.xml", Reader: strings.NewReader(message(service("3", "Drei", "", ""))[:600])})
	var re *xzufi.ReadError
	if !errors.As(err, &re) || re.File != "b.xml" || re.Reason != xzufi.ReasonTruncated {
		t.Errorf("got %v", err)
	}
	if got := titles(t, c); got != "Eins" {
		t.Errorf("got %s", got)
	}
}

func TestImportReportsDanglingReferences(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	rep := load(t, c, responsible("z1", "5", "1", "03", "01"), responsible("z2", "5", "2", "03", "01"), service("1", "Eins", "", ""))
	count(t, rep, xzufi.Report{New: 3, DanglingCount: 3})
	if len(rep.Dangling) != 2 || rep.Dangling[0].To.Value != "2" || rep.Dangling[1].To.Value != "5" || rep.Dangling[1].Line == 0 {
		t.Errorf("dangling: %+v", rep.Dangling)
	}
	// What came earlier is there.
	count(t, load(t, c, responsible("z3", "7", "1", "03", "01"), office("7", "Amt", "")), xzufi.Report{New: 2})
}

func TestImportFullSweepsWithinItsSource(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := xzufi.New(xzufi.NewMemStore(), &xzufi.Options{MaxLoss: 0.5})
	all := []string{service("1", "Eins", "", ""), service("2", "Zwei", "", ""), service("3", "Drei", "", "")}
	if _, err := c.ImportFull(ctx, "land", file(message(all...))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ImportFull(ctx, "town", file(message(service("t", "Vier", "", "")))); err != nil {
		t.Fatal(err)
	}
	rep, err := c.ImportFull(ctx, "land", file(message(all[:2]...)))
	if err != nil {
		t.Fatal(err)
	}
	count(t, rep, xzufi.Report{Unchanged: 2, Swept: 1})
	if got := titles(t, c); got != "Eins,Vier,Zwei" {
		t.Errorf("got %s", got)
	}
	// An object that cannot be read may be any of those not seen.
	rep, err = c.ImportFull(ctx, "land", file(message(all[0], "<schreibe><leistung/></schreibe>")))
	if err != nil {
		t.Fatal(err)
	}
	count(t, rep, xzufi.Report{Unchanged: 1, ErrorCount: 1, SweepSkipped: true})
}

func TestImportFullGuards(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := xzufi.NewMemStore()
	c := xzufi.New(store, nil)
	var all []string
	for _, v := range strings.Split("0123456789", "") {
		all = append(all, service(v, "T"+v, "", ""))
	}
	if _, err := c.ImportFull(ctx, "land", file(message(all...))); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		files []xzufi.File
		want  xzufi.GuardReason
	}{
		"no file":  {nil, xzufi.GuardEmpty},
		"empty":    {[]xzufi.File{file(message())}, xzufi.GuardEmpty},
		"no bytes": {[]xzufi.File{file("")}, xzufi.GuardEmpty},
		"loss":     {[]xzufi.File{file(message(all[:7]...))}, xzufi.GuardLoss},
	} {
		_, err := c.ImportFull(ctx, "land", tt.files...)
		var g *xzufi.GuardError
		if !errors.As(err, &g) || g.Reason != tt.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := titles(t, c); strings.Count(got, ",") != 9 {
		t.Errorf("something was deleted: %s", got)
	}
	if _, err := c.ImportFull(ctx, "land", file(message(all[:8]...))); err != nil {
		t.Errorf("a fifth may go: %v", err)
	}
	if _, err := xzufi.New(store, &xzufi.Options{InsecureNoGuard: true}).ImportFull(ctx, "land", file(message())); err != nil {
		t.Errorf("without guard: %v", err)
	}
	if got := titles(t, c); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestImportInManyBatches(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := xzufitest.WriteDelivery(&b, 700); err != nil {
		t.Fatal(err)
	}
	c := xzufi.New(xzufi.NewMemStore(), nil)
	for i, want := range []xzufi.Report{{New: 700*4 + 70}, {Unchanged: 700*4 + 70}} {
		rep, err := c.ImportFull(context.Background(), "gen", xzufi.File{Name: "g.xml", Reader: bytes.NewReader(b.Bytes())})
		if err != nil {
			t.Fatal(i, err)
		}
		count(t, rep, want)
	}
}

func TestImportRefusesBadSources(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "a\x00", "\xff"} {
		var ie *xzufi.InvalidError
		if _, err := xzufi.New(xzufi.NewMemStore(), nil).Import(context.Background(), s); !errors.As(err, &ie) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// Large objects are staged before a batch is full.
func TestImportBoundsABatchByItsSize(t *testing.T) {
	t.Parallel()
	s := &countingStore{Store: xzufi.NewMemStore()}
	var objects []string
	for i := range 8 {
		objects = append(objects, service(fmt.Sprint(i), "Titel", "", strings.Repeat("x ", 900_000)))
	}
	load(t, xzufi.New(s, nil), objects...)
	if s.stages < 2 || s.most > 4 {
		t.Errorf("%d batches, the largest of %d objects", s.stages, s.most)
	}
}

type countingStore struct {
	xzufi.Store
	stages, most int
}

func (s *countingStore) Stage(ctx context.Context, run int64, batch []xzufi.Record) error {
	s.stages++
	s.most = max(s.most, len(batch))
	return s.Store.Stage(ctx, run, batch)
}
