package desk_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/postkorb"
)

// fixture is a case with everything that an address can name.
type fixture struct {
	a       antrag.Application
	replace *strings.Replacer
}

func newFixture(t *testing.T, w *world) fixture {
	t.Helper()
	ctx := t.Context()
	a := w.submit("antrag", "dienst-bb", "Zoë", "Üblich-Straßner")
	clerk := antrag.Actor{Kind: "staff", ID: "p-clerk", Unit: "bb"}
	if _, err := w.apps.Request(ctx, clerk, a.ID, 0, "Bitte nachreichen", "", []string{"Nachweis"}, w.now().AddDate(0, 0, 7), "k-request"); err != nil {
		t.Fatal(err)
	}
	req := w.messages(a, postkorb.KindDocumentRequest)[0]
	up, err := w.apps.Upload(ctx, "konto-1", "", "", "Nächweis.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4\n<script>alert(1)</script>"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.apps.Provide(ctx, "konto-1", a.ID, req.ID, req.Slots[0].ID, up); err != nil {
		t.Fatal(err)
	}
	if err := w.apps.AddReminder(ctx, clerk, a.ID, "rem1", w.now(), "Nachsehen"); err != nil {
		t.Fatal(err)
	}
	if err := w.apps.AddNote(ctx, clerk, a.ID, "note1", "Geheimer Vermerk"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.apps.Involve(ctx, clerk, a.ID, 0, antrag.Participation{ID: "part1", Unit: "st", Scope: antrag.ScopeQuestion, Question: "Was nun?", Reason: antrag.InvolveExpertise}, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.apps.EndInvolvement(ctx, clerk, a.ID, "part1"); err != nil {
		t.Fatal(err)
	}
	sent, err := w.apps.Outbox.ByReference(ctx, a.Reference)
	if err != nil || len(sent) == 0 {
		t.Fatal(sent, err)
	}
	return fixture{a: w.reload(a), replace: strings.NewReplacer("{uebergabe}", sent[0].ID, "{beteiligung}", "part1", "{id}", a.ID, "{file}", up.ID, "{nachricht}", string(req.ID), "{feld}", req.Slots[0].ID, "{erinnerung}", "rem1")}
}

var errorID = regexp.MustCompile(`<code>[A-Z0-9]+</code>`)

// Every address below a case, for everybody: who may not see the case gets the
// answer that an unknown case gets; who may see it but not act is told so.
func TestVisibilityMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	reading := map[string]bool{"GET /amt/vorgang/{id}": true, "GET /amt/vorgang/{id}/nachricht/{nachricht}": true, "GET /amt/vorgang/{id}/datei/{file}": true,
		"GET /amt/vorgang/{id}/kopie.pdf": true, "GET /amt/vorgang/{id}/daten.json": true}
	people := map[string]*browser{}
	for _, p := range []string{"p-clerk", "p-head", "p-other", "p-auditor", "p-post", "p-count", "p-admin", "p-none", "p-unknown", ""} {
		if people[p] = w.browser(); p != "" {
			people[p] = w.as(p)
		}
	}
	want := func(person, pattern string, get bool) int {
		assign := strings.HasSuffix(pattern, "/zuweisen") || strings.HasSuffix(pattern, "/abgeben")
		part := strings.Contains(pattern, "/{beteiligung}/") // one that has ended
		if part && strings.HasSuffix(pattern, "/antwort") && (person == "p-clerk" || person == "p-head" || person == "p-auditor") {
			return http.StatusConflict
		}
		switch person {
		case "":
			return http.StatusSeeOther
		case "p-auditor":
			if reading[pattern] {
				return http.StatusOK
			}
			return http.StatusForbidden
		case "p-post":
			if pattern == "GET /amt/vorgang/{id}" || assign && get {
				return http.StatusOK
			}
			if assign {
				return http.StatusBadRequest // may, but sent an empty form
			}
			return http.StatusForbidden
		case "p-clerk":
			if strings.HasSuffix(pattern, "/zuweisen") {
				return http.StatusForbidden
			}
			fallthrough
		case "p-head":
			if get {
				return http.StatusOK
			}
			if strings.Contains(pattern, "erledigt") || strings.HasSuffix(pattern, "/erneut") || part {
				return http.StatusSeeOther
			}
			return http.StatusBadRequest
		}
		return http.StatusNotFound
	}
	checked := 0
	for _, pattern := range w.core.Routes() {
		if !strings.Contains(pattern, "/amt/vorgang/") {
			continue
		}
		checked++
		method, path, _ := strings.Cut(pattern, " ")
		for person, b := range people {
			if person == "p-clerk" && strings.Contains(pattern, "erledigt") {
				continue // would end the reminder; tested elsewhere
			}
			resp := b.do(method, fx.replace.Replace(path), strings.NewReader(""), "application/x-www-form-urlencoded")
			if resp.code != want(person, pattern, method == http.MethodGet) {
				t.Errorf("%s as %q = %d, want %d", pattern, person, resp.code, want(person, pattern, method == http.MethodGet))
			}
			if resp.code == http.StatusNotFound {
				unknown := b.do(method, strings.ReplaceAll(fx.replace.Replace(path), fx.a.ID, "GIBTESNICHT"), strings.NewReader(""), "application/x-www-form-urlencoded")
				strip := func(a answer) string {
					return errorID.ReplaceAllString(strings.ReplaceAll(a.body, fx.a.ID, "GIBTESNICHT"), "")
				}
				if diff := cmp.Diff(strip(unknown), strip(resp)); unknown.code != resp.code || diff != "" {
					t.Errorf("%s as %q differs from an unknown case:\n%s", pattern, person, diff)
				}
			}
			if person == "" && !strings.HasPrefix(resp.location, "/amt/anmelden?weiter=%2Famt%2Fvorgang%2F") {
				t.Errorf("%s without login leads to %q", pattern, resp.location)
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d addresses were checked", checked)
	}
	if now := w.reload(fx.a); now.Version != fx.a.Version {
		t.Error("somebody changed the case")
	}
}

func TestListsShowOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	ref := fx.a.Reference
	tests := []struct {
		person              string
		listed, name, count string
	}{
		{"p-clerk", "yes", "yes", "1"}, {"p-auditor", "yes", "yes", "1"}, {"p-sub", "yes", "yes", "1"},
		{"p-post", "yes", "no", "1"}, {"p-count", "yes", "no", "1"}, {"p-other", "no", "no", "0"}, {"p-admin", "no", "no", "0"}, {"p-none", "no", "no", "0"},
	}
	for _, tt := range tests {
		t.Run(tt.person, func(t *testing.T) {
			t.Parallel()
			b := w.as(tt.person)
			yes := func(s string, sub string) string {
				if strings.Contains(s, sub) {
					return "yes"
				}
				return "no"
			}
			list := b.get("/amt/eingang").body
			if got := yes(list, ">"+ref+"<"); got != tt.listed {
				t.Errorf("listed = %s, want %s", got, tt.listed)
			}
			if got := yes(list, "Üblich-Straßner"); got != tt.name {
				t.Errorf("name shown = %s, want %s", got, tt.name)
			}
			if yes(list, "Vorgänge: "+tt.count+"<") != "yes" {
				t.Errorf("count is not %s", tt.count)
			}
			if tt.listed == "no" && strings.Contains(list, "dienst-bb") {
				t.Error("the filter names a service of hidden cases")
			}
			for text, want := range map[string]string{"Ublich-": "no", "üBLICH": tt.name, "strassner": tt.name, strings.ToLower(strings.ReplaceAll(ref, "-", " ")): tt.listed, "Nachweis": "no", "%": "no", ref[6:10]: tt.name} {
				resp := b.post("/amt/suche", url.Values{"q": {text}})
				if strings.Contains(resp.location, "blich") || strings.Contains(resp.location, ref) {
					t.Errorf("search leads to %q", resp.location)
				}
				if got := yes(b.get(resp.location).body, ">"+ref+"<"); got != want {
					t.Errorf("search %q = %s, want %s", text, got, want)
				}
			}
			// An envelope must not answer what it does not show.
			for _, q := range []string{"status=in-review", "bearbeitung=niemand"} {
				if got := yes(b.get("/amt/eingang?"+q).body, ">"+ref+"<"); got != tt.name {
					t.Errorf("%s = %s, want %s", q, got, tt.name)
				}
			}
		})
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	page := w.as("p-post").get("/amt/vorgang/" + fx.a.ID).body
	for _, secret := range []string{"Zoë", "Üblich", "a@example.org", "Geheimer Vermerk", "Nachsehen", "Nächweis", "Nachweis", "daten.json", "Name p-clerk", "/rueckfrage", "/vermerk", "Online-Ausweis"} {
		if strings.Contains(page, secret) {
			t.Errorf("the envelope shows %q", secret)
		}
	}
	for _, want := range []string{fx.a.Reference, "Dienst antrag", "/zuweisen", "Poststelle"} {
		if !strings.Contains(page, want) {
			t.Errorf("the envelope lacks %q", want)
		}
	}
}

func TestAuditorSeesWithoutButtons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	page := w.as("p-auditor").get("/amt/vorgang/" + fx.a.ID).body
	for _, want := range []string{"Zoë", "Geheimer Vermerk", "verifiziert (BundID, Vertrauensniveau hoch)", "selbst eingegeben", "Online-Ausweis", "Rechnungsprüfung"} {
		if !strings.Contains(page, want) {
			t.Errorf("the auditor does not see %q", want)
		}
	}
	for _, action := range []string{"uebernehmen", "/rueckfrage", "/bescheid", "/status", "/vermerk\"", "/unterlage/", "erledigt"} {
		if strings.Contains(page, action) {
			t.Errorf("the auditor is offered %q", action)
		}
	}
	// An auditor who reads leaves the citizen's message unopened.
	sub := w.messages(fx.a, postkorb.KindSubmission)[0]
	path := "/amt/vorgang/" + fx.a.ID + "/nachricht/" + string(sub.ID)
	if resp := w.as("p-auditor").get(path); resp.code != http.StatusOK {
		t.Errorf("message = %d", resp.code)
	}
	if !w.messages(fx.a, postkorb.KindSubmission)[0].OpenedAt.IsZero() {
		t.Error("reading by the auditor counts as opening")
	}
	if resp := w.as("p-clerk").get(path); resp.code != http.StatusOK {
		t.Errorf("message = %d", resp.code)
	}
	if w.messages(fx.a, postkorb.KindSubmission)[0].OpenedAt.IsZero() {
		t.Error("reading by the clerk does not count as opening")
	}
}

func TestSubstitution(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	b := w.as("p-sub")
	page := b.get("/amt/vorgang/" + fx.a.ID)
	if page.code != http.StatusOK || !strings.Contains(page.body, "Sie vertreten: Name p-clerk") || !strings.Contains(page.body, "Sie vertreten Name p-clerk mit der Rolle „Sachbearbeitung“") {
		t.Errorf("page of the substitute = %d", page.code)
	}
	w.advance(25 * 60 * 60 * 1e9)
	b = w.as("p-sub")
	if got := b.get("/amt/vorgang/" + fx.a.ID); got.code != http.StatusNotFound || strings.Contains(got.body, "Sie vertreten") {
		t.Errorf("after the substitution = %d", got.code)
	}
}

// A unit that no longer takes part sees the case no more.
func TestEndedInvolvement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	b := w.as("p-clerk")
	if _, err := w.apps.DB.Write.NewUpdate().Table("portal_application_units").Set("ended_at = ?", w.now()).Where("application = ?", fx.a.ID).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if resp := b.get("/amt/vorgang/" + fx.a.ID); resp.code != http.StatusNotFound {
		t.Errorf("case = %d", resp.code)
	}
	if resp := b.get("/amt/wiedervorlagen"); strings.Contains(resp.body, "Nachsehen") {
		t.Error("the reminder still shows")
	}
}

// Whoever may only count cases sees that there are some, and no way in.
func TestListOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	if list := w.as("p-count").get("/amt/eingang").body; strings.Contains(list, "/amt/vorgang/") || !strings.Contains(list, fx.a.Reference) {
		t.Error("the list is not one of envelopes without links")
	}
}

func TestNoPolicyDeniesAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	b := w.as("p-clerk")
	w.mu.Lock()
	w.none = true
	w.mu.Unlock()
	if list := b.get("/amt/eingang"); list.code != http.StatusOK || strings.Contains(list.body, fx.a.Reference) {
		t.Errorf("list = %d", list.code)
	}
	if resp := b.get("/amt/vorgang/" + fx.a.ID); resp.code != http.StatusNotFound {
		t.Errorf("case = %d", resp.code)
	}
}
