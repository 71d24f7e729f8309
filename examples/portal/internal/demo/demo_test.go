package demo_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/xzufi"
)

var base = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)

// catalogue imports the transfer messages into memory.
func catalogue(t *testing.T, w demo.World) *xzufi.Catalogue {
	t.Helper()
	c := xzufi.New(xzufi.NewMemStore(), &xzufi.Options{Now: func() time.Time { return base }})
	areas := []xzufi.Area{}
	for _, a := range demo.Areas() {
		areas = append(areas, xzufi.Area{Key: a.Key, Name: a.Name, Kind: a.Kind, Postcodes: a.Postcodes, Inhabitants: a.Inhabitants, Parents: a.Parents})
	}
	if err := c.SetAreas(t.Context(), areas); err != nil {
		t.Fatal(err)
	}
	files := []xzufi.File{}
	names, open := w.Messages()
	for _, name := range names {
		f, err := open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		files = append(files, xzufi.File{Name: name, Reader: f})
	}
	r, err := c.Import(t.Context(), "demo", files...)
	if err != nil {
		t.Fatal(err)
	}
	if r.ErrorCount != 0 || len(r.Warnings) != 0 || r.DanglingCount != 0 || r.Unknown != 0 {
		t.Fatalf("errors %v, warnings %v, dangling %v, unknown %d", r.Errors, r.Warnings, r.Dangling, r.Unknown)
	}
	return c
}

func id(o demo.ObjectID) xzufi.ID {
	return xzufi.ID{Agency: o.Agency, Scheme: o.Scheme, Value: o.Value}
}

func TestMessagesReadWithoutAnyFault(t *testing.T) {
	t.Parallel()
	for _, w := range demo.Worlds() {
		t.Run(w.ID, func(t *testing.T) {
			t.Parallel()
			c := catalogue(t, w)
			checkAssistants(t, c, w)
			for _, u := range w.OfficeUnits {
				if o, err := c.Office(t.Context(), id(u.Office)); err != nil || o.Name.For("de") == "" {
					t.Errorf("office %v: %v", u.Office, err)
				}
			}
			for _, o := range w.Wanted {
				if _, err := c.Service(t.Context(), id(o), demo.AreaAltenwehr); err != nil {
					t.Errorf("wanted service %v: %v", o, err)
				}
			}
			if w.ID != demo.RootUnit {
				return
			}
			for _, f := range demo.Fees() {
				if _, err := c.Service(t.Context(), id(f.Service), demo.AreaAltenwehr); err != nil {
					t.Errorf("fee %s: %v", f.ID, err)
				}
			}
		})
	}
}

// checkAssistants asks for every form whether it is on offer for its service,
// and whether a unit of the world stands behind the office.
func checkAssistants(t *testing.T, c *xzufi.Catalogue, w demo.World) {
	t.Helper()
	for _, s := range w.AssistantServices {
		l, err := c.Service(t.Context(), id(s.Service), demo.AreaAltenwehr)
		if err != nil || l.Title.For("de") == "" {
			t.Errorf("service of %s: %q, %v", s.Assistant, l.Title.For("de"), err)
		}
		r, err := c.Responsible(t.Context(), id(s.Service), demo.AreaAltenwehr)
		if err != nil || len(r.Offices) != 1 || len(r.Online) != 1 {
			t.Fatalf("responsible for %s: %d offices, %d online, %v", s.Assistant, len(r.Offices), len(r.Online), err)
		}
		if !slices.ContainsFunc(w.OfficeUnits, func(u demo.OfficeUnit) bool { return id(u.Office) == r.Offices[0].Office.ID }) {
			t.Errorf("office %v has no unit", r.Offices[0].Office.ID)
		}
		if got := r.Online[0].Online.Parameters["assistent"]; got != s.Assistant {
			t.Errorf("online service of %s names %q", s.Assistant, got)
		}
	}
}

func TestFormsOfWorlds(t *testing.T) {
	t.Parallel()
	for _, w := range demo.Worlds() {
		if w.Forms() == nil {
			continue
		}
		set, err := assistant.Load(w.Forms())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range w.AssistantServices {
			if _, ok := set.Latest(s.Assistant); !ok {
				t.Errorf("%s: no form %s", w.ID, s.Assistant)
			}
		}
	}
}

// The amounts are written three times: in the messages, in the tables here and
// in the form. The messages and the tables must agree.
func TestDogTaxIsThatOfTheCatalogue(t *testing.T) {
	t.Parallel()
	c := catalogue(t, demo.Altenwehr())
	dog := id(demo.AssistantServices()[0].Service)
	for _, tax := range demo.DogTaxes() {
		l, err := c.Service(t.Context(), dog, tax.Area)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, cost := range l.Costs {
			for _, a := range cost.Amounts {
				got = append(got, strings.Replace(a.Value, ".", "", 1))
			}
		}
		for _, want := range []int64{tax.First, tax.Second, tax.Further, tax.Dangerous} {
			if !slices.Contains(got, cents(want)) {
				t.Errorf("%s: %d is not among %v", tax.Area, want, got)
			}
		}
	}
}

func cents(n int64) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func TestPeopleAndUnitsFitTogether(t *testing.T) {
	t.Parallel()
	checkPeople(t, demo.Weserheide())
	units, staff := checkPeople(t, demo.Altenwehr())
	statuses := map[postkorb.Status]bool{}
	for _, c := range demo.Cases() {
		statuses[postkorb.Status(c.Status)] = true
		checkCase(t, c, units, staff)
	}
	for _, s := range []postkorb.Status{
		postkorb.StatusReceived, postkorb.StatusInReview, postkorb.StatusQuestion, postkorb.StatusPaymentOpen, postkorb.StatusHandedOver,
		postkorb.StatusGranted, postkorb.StatusRefused, postkorb.StatusPartly, postkorb.StatusWithdrawn, postkorb.StatusDone, postkorb.StatusConfirmed,
	} {
		if !statuses[s] {
			t.Errorf("no case is %s", s)
		}
		delete(statuses, s)
	}
	if len(statuses) != 0 {
		t.Errorf("unknown states %v", statuses)
	}
}

// checkPeople reports units, grants and covers that do not fit together.
func checkPeople(t *testing.T, w demo.World) (units, staff map[string]bool) {
	t.Helper()
	units, staff = map[string]bool{}, map[string]bool{}
	roles := map[string]bool{}
	for _, u := range w.Units {
		if units[u.ID] || u.Parent != "" && !units[u.Parent] {
			t.Errorf("unit %s: twice, or its parent %q comes later", u.ID, u.Parent)
		}
		units[u.ID] = true
	}
	for _, r := range w.Roles {
		roles[r.ID] = true
	}
	for _, s := range w.Staff {
		if staff[s.ID] || !units[s.Unit] {
			t.Errorf("staff %s: twice, or unit %q unknown", s.ID, s.Unit)
		}
		staff[s.ID] = true
		for _, g := range s.Grants {
			if !roles[g.Role] || !units[g.Unit] {
				t.Errorf("staff %s: grant %+v", s.ID, g)
			}
		}
	}
	for _, v := range w.Substitutions {
		if !staff[v.For] || !staff[v.By] {
			t.Errorf("substitution %+v", v)
		}
	}
	for _, u := range w.OfficeUnits {
		if !units[u.Unit] {
			t.Errorf("office %v: unit %q", u.Office, u.Unit)
		}
	}
	if !units[w.Root] || !units[w.Fallback] || !staff[w.Granter] {
		t.Errorf("%s: root %q, fallback %q, granter %q", w.ID, w.Root, w.Fallback, w.Granter)
	}
	return units, staff
}

func checkCase(t *testing.T, c demo.Case, units, staff map[string]bool) {
	t.Helper()
	if !units[c.Unit] || c.Assignee != "" && !staff[c.Assignee] {
		t.Errorf("%s: unit %q, assignee %q", c.ID, c.Unit, c.Assignee)
	}
	if !slices.ContainsFunc(demo.Citizens(), func(p demo.Citizen) bool { return p.ID == c.Citizen }) {
		t.Errorf("%s: citizen %q", c.ID, c.Citizen)
	}
	last, state := c.Received, "received"
	if c.Fee > 0 {
		state = "payment-open"
	}
	for _, s := range c.Steps {
		if s.Day < last || s.Day > 0 || s.By != "" && !staff[s.By] {
			t.Errorf("%s: step %+v", c.ID, s)
		}
		last = s.Day
		if s.Status != "" {
			state = s.Status
		}
	}
	if state != c.Status {
		t.Errorf("%s: the steps end in %s, the case is %s", c.ID, state, c.Status)
	}
}

func TestAnswersAreComplete(t *testing.T) {
	t.Parallel()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range demo.Cases() {
		if seen[c.ID] {
			t.Errorf("%s twice", c.ID)
		}
		seen[c.ID] = true
		d, ok := set.Latest(c.Assistant)
		if !ok {
			t.Fatalf("%s: no assistant %s", c.ID, c.Assistant)
		}
		at := base.AddDate(0, 0, int(c.Received))
		a := fill(t, d, c.AnswersOn(base), at)
		if errs := d.Complete(a, at); len(errs) > 0 {
			t.Errorf("%s: %+v", c.ID, errs)
		}
		if got := d.FeeFor(a, at); got != c.Fee {
			t.Errorf("%s: fee %d, the form says %d", c.ID, c.Fee, got)
		}
	}
}

// fill posts the answers as a person would, step by step.
func fill(t *testing.T, d *assistant.Definition, answers map[string]any, at time.Time) assistant.Answers {
	t.Helper()
	a, used := d.Start(), 0
	for _, st := range d.Steps {
		in := assistant.Input{Step: st.ID, Now: at}
		if st.Group == nil {
			var n int
			in.Form, n = form(st.Fields, answers)
			used += n
			a, _ = d.Apply(a, in)
			continue
		}
		items, _ := answers[st.Group.ID].([]map[string]any)
		if items == nil {
			continue
		}
		used++
		for _, item := range items {
			var n int
			a, in.Item, _ = d.NewItem(a, st.ID, at)
			if in.Form, n = form(st.Fields, item); n != len(item) {
				t.Errorf("%s: %v has fields that the form does not", d.ID, item)
			}
			a, _ = d.Apply(a, in)
		}
		in.Item = ""
		a, _ = d.Apply(a, in)
	}
	if used != len(answers) {
		t.Logf("%s: %d of %d answers are used", d.ID, used, len(answers))
	}
	return a
}

func form(fields []assistant.Field, answers map[string]any) (url.Values, int) {
	out, used := url.Values{}, 0
	for i := range fields {
		f := &fields[i]
		v, ok := answers[f.ID]
		if !ok {
			continue
		}
		used++
		switch v := v.(type) {
		case string:
			keys := f.Keys()
			if len(keys) != 3 {
				out.Set(keys[0], v)
				continue
			}
			parts := strings.Split(v, "-")
			if strings.HasPrefix(v, "..") {
				parts = []string{v[2:], "", ""}
			}
			out.Set(keys[0], parts[2])
			out.Set(keys[1], parts[1])
			out.Set(keys[2], parts[0])
		case bool:
			out.Set(f.Keys()[0], map[bool]string{true: "yes", false: "no"}[v])
		case []string:
			out[f.Keys()[0]] = v
		}
	}
	return out, used
}
