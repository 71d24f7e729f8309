package desk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/rbac"
)

var bbClerk = antrag.Actor{Kind: "staff", ID: "p-clerk", Unit: "bb"}

// involve lets the team of taxes take part in the case of a fixture. It gets
// the document of the fixture when documents are its scope.
func (w *world) involve(fx fixture, id string, scope antrag.Scope, ends time.Time) {
	w.t.Helper()
	p := antrag.Participation{ID: id, Unit: "st", Scope: scope, Reason: antrag.InvolveOther, Note: "Interne Erläuterung", EndsAt: ends}
	var docs []string
	switch scope {
	case antrag.ScopeQuestion:
		p.Question = "Wie hoch ist die Steuer?"
	case antrag.ScopeDocuments:
		docs = []string{fx.replace.Replace("{file}")}
	}
	if _, err := w.apps.Involve(w.t.Context(), bbClerk, fx.a.ID, 0, p, docs); err != nil {
		w.t.Fatal(err)
	}
}

// secrets are what nobody outside the lead learns from a limited involvement.
var secrets = []string{"Zoë", "Üblich", "a@example.org", "Geheimer Vermerk", "Nachsehen", "Interne Erläuterung", "daten.json", "kopie.pdf", "Bitte nachreichen", "Online-Ausweis",
	"Geheim.pdf", "Bürgerbüro öffnet", "/rueckfrage", "/vermerk", "/abgeben", "/beteiligen\"", "verlauf"}

// Every scope, every address, everybody who is not of the lead.
func TestScopeMatrix(t *testing.T) {
	t.Parallel()
	for _, scope := range []antrag.Scope{antrag.ScopeQuestion, antrag.ScopeDocuments, antrag.ScopeWhole} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fx := newFixture(t, w)
			if _, err := w.apps.Upload(t.Context(), "konto-1", "", fx.a.ID, "Geheim.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4\n")); err != nil {
				t.Fatal(err)
			}
			w.involve(fx, "part2", scope, time.Time{})
			replace := strings.NewReplacer("{beteiligung}", "part2", "{id}", "{id}")
			people := map[string]*browser{}
			for _, p := range []string{"p-other", "p-stsub", "p-none", "p-mail", "p-count"} {
				people[p] = w.as(p)
			}
			for _, pattern := range w.core.Routes() {
				if !strings.Contains(pattern, "/amt/vorgang/") || strings.HasSuffix(pattern, "/beenden") {
					continue // ending it is tested elsewhere
				}
				method, path, _ := strings.Cut(pattern, " ")
				path = fx.replace.Replace(replace.Replace(path))
				for person, b := range people {
					want := http.StatusNotFound
					if person == "p-other" || person == "p-stsub" {
						want = wantInScope(scope, pattern)
					}
					resp := b.do(method, path, strings.NewReader(""), "application/x-www-form-urlencoded")
					if resp.code != want {
						t.Errorf("%s as %s = %d, want %d", pattern, person, resp.code, want)
					}
					if resp.code == http.StatusNotFound {
						unknown := b.do(method, strings.ReplaceAll(path, fx.a.ID, "GIBTESNICHT"), strings.NewReader(""), "application/x-www-form-urlencoded")
						strip := func(a answer) string {
							return errorID.ReplaceAllString(strings.ReplaceAll(a.body, fx.a.ID, "GIBTESNICHT"), "")
						}
						if diff := cmp.Diff(strip(unknown), strip(resp)); diff != "" {
							t.Errorf("%s as %s differs from an unknown case:\n%s", pattern, person, diff)
						}
					}
				}
			}
			scopePages(t, w, fx, scope)
		})
	}
}

func wantInScope(scope antrag.Scope, pattern string) int {
	get := strings.HasPrefix(pattern, "GET ")
	if pattern == "GET /amt/vorgang/{id}" {
		return http.StatusOK
	}
	answer := strings.HasSuffix(pattern, "/antwort")
	switch scope {
	case antrag.ScopeQuestion:
		if answer && get {
			return http.StatusOK
		}
		if answer {
			return http.StatusBadRequest // may, but sent an empty form
		}
	case antrag.ScopeDocuments:
		if strings.HasSuffix(pattern, "/datei/{file}") {
			return http.StatusOK
		}
	case antrag.ScopeWhole:
		switch {
		case answer: // there is no question
			return http.StatusNotFound
		case slices.Contains([]string{"GET /amt/vorgang/{id}/nachricht/{nachricht}", "GET /amt/vorgang/{id}/datei/{file}", "GET /amt/vorgang/{id}/kopie.pdf",
			"GET /amt/vorgang/{id}/daten.json", "GET /amt/vorgang/{id}/vermerk"}, pattern):
			return http.StatusOK
		case pattern == "POST /amt/vorgang/{id}/vermerk":
			return http.StatusBadRequest
		}
		return http.StatusForbidden
	}
	return http.StatusNotFound
}

// scopePages reads what the pages say to the involved unit.
func scopePages(t *testing.T, w *world, fx fixture, scope antrag.Scope) {
	t.Helper()
	b := w.as("p-other")
	page, list, parts := b.get("/amt/vorgang/"+fx.a.ID).body, b.get("/amt/eingang").body, b.get("/amt/beteiligungen").body
	if !strings.Contains(list, fx.a.Reference) || !strings.Contains(parts, fx.a.Reference) {
		t.Error("the lists do not show the case")
	}
	if scope == antrag.ScopeWhole {
		if !strings.Contains(page, "Geheimer Vermerk") || !strings.Contains(list, "Üblich-Straßner") {
			t.Error("the whole case is not shown")
		}
		return
	}
	for _, secret := range append(secrets, "Was nun?") {
		for name, body := range map[string]string{"page": page, "list": list, "involvements": parts} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %q", name, secret)
			}
		}
	}
	if shown := strings.Contains(page, "Wie hoch ist die Steuer?"); shown != (scope == antrag.ScopeQuestion) {
		t.Errorf("question shown: %v", shown)
	}
	if shown := strings.Contains(page, "Nächweis.pdf"); shown != (scope == antrag.ScopeDocuments) {
		t.Errorf("document shown: %v", shown)
	}
	// A search or a filter must not tell what the envelope hides.
	for _, q := range []string{"Üblich", "strassner"} {
		if strings.Contains(b.get(b.post("/amt/suche", url.Values{"q": {q}}).location).body, ">"+fx.a.Reference+"<") {
			t.Errorf("search for %q finds the case", q)
		}
	}
	if strings.Contains(b.get("/amt/eingang?status="+string(fx.a.Status)).body, ">"+fx.a.Reference+"<") {
		t.Error("the filter tells the status")
	}
}

func TestQuestionAndAnswer(t *testing.T) {
	t.Parallel()
	questionAndAnswer(t, newWorld(t))
}

func TestQuestionAndAnswerOnPostgres(t *testing.T) {
	t.Parallel()
	questionAndAnswer(t, newWorldOn(t, postgres(t)))
}

func questionAndAnswer(t *testing.T, w *world) {
	t.Helper()
	fx := newFixture(t, w)
	path := "/amt/vorgang/" + fx.a.ID
	w.advance(time.Minute)
	lead, asked := w.as("p-clerk"), w.as("p-stsub") // a substitute of the other team
	form := with(lead.form(path+"/beteiligen"), "stelle", "st", "umfang", "question", "frage", "Wie hoch?\r\nUnd ab wann?", "warum", "expertise",
		"ende-day", "20", "ende-month", "3", "ende-year", "2026")
	for field, value := range map[string]string{"stelle": "fremd", "umfang": "alles", "frage": " ", "warum": "x", "ende-day": "1"} {
		if resp := lead.post(path+"/beteiligen", with(form, field, value)); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("%s=%q = %d", field, value, resp.code)
		}
	}
	for _, unit := range []string{"bb", "leer", ""} { // the lead, and where nobody reads cases
		if resp := lead.post(path+"/beteiligen", with(form, "stelle", unit)); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("unit %q = %d", unit, resp.code)
		}
	}
	for range 2 { // a second click
		wantRedirect(t, lead.post(path+"/beteiligen", form), path)
	}
	parts, err := w.apps.Participations(t.Context(), fx.a.ID)
	if err != nil || len(parts) != 2 {
		t.Fatalf("%d involvements, %v", len(parts), err)
	}
	if page := lead.get("/amt/beteiligungen").body; !strings.Contains(page, fx.a.Reference) || !strings.Contains(page, "läuft") {
		t.Error("the lead does not see that it runs")
	}
	page := asked.get(path).body
	if !strings.Contains(page, "Und ab wann?") || !strings.Contains(page, "Sie vertreten Name p-other mit der Rolle „Sachbearbeitung“") || !strings.Contains(page, "nur mit einer Frage") {
		t.Error("the question does not reach the substitute")
	}
	reply := path + "/beteiligung/" + parts[1].ID + "/antwort"
	answer := asked.form(reply)
	if resp := asked.upload(reply, with(answer, "antwort", ""), "a.pdf", []byte("%PDF-1.4\n")); resp.code != http.StatusUnprocessableEntity || !strings.Contains(resp.body, "Und ab wann?") {
		t.Errorf("empty answer = %d", resp.code)
	}
	open := asked.get(reply) // a second tab
	for range 2 {
		wantRedirect(t, asked.upload(reply, with(answer, "antwort", "Ab März."), "Tabelle.pdf", []byte("%PDF-1.4\n")), "/amt/beteiligungen")
	}
	if open.code != http.StatusOK || asked.get(reply).code != http.StatusNotFound || asked.get(path).code != http.StatusNotFound {
		t.Error("the access did not end with the answer")
	}
	if body := asked.get("/amt/eingang").body + asked.get("/amt/beteiligungen").body; strings.Contains(body, fx.a.Reference) {
		t.Error("the lists still show the case")
	}
	list := lead.get("/amt/beteiligungen").body + lead.get("/amt/eingang").body
	if strings.Count(list, "Antwort da") != 2 || !strings.Contains(lead.get("/amt/wiedervorlagen").body, "Antwort da: Steuern") {
		t.Error("the lead is not told")
	}
	page = lead.get(path).body
	for _, want := range []string{"Ab März.", "Tabelle.pdf", "gelesen", "Stelle beteiligt: Steuern (Eine Frage; fachliche Einschätzung)", "Beteiligung beendet: Steuern (Eine Frage; beantwortet)", "Name p-stsub"} {
		if !strings.Contains(page, want) {
			t.Errorf("the case lacks %q", want)
		}
	}
	wantRedirect(t, lead.post(path+"/beteiligung/"+parts[1].ID+"/gelesen", nil), path)
	if strings.Contains(lead.get("/amt/beteiligungen").body, fx.a.Reference) || strings.Contains(lead.get("/amt/wiedervorlagen").body, "Antwort da") {
		t.Error("the answer is still marked as new")
	}
	files, err := w.apps.Files(t.Context(), fx.a.ID)
	if err != nil || len(files) != 2 {
		t.Errorf("%d files, %v: a refused upload stayed", len(files), err)
	}
}

// However an involvement ends, the open tab shows nothing more.
func TestEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, fx fixture, b *browser){
		"by the lead": func(w *world, fx fixture, _ *browser) {
			path := "/amt/vorgang/" + fx.a.ID
			wantRedirect(w.t, w.as("p-mate").post(path+"/beteiligung/part2/beenden", nil), path)
		},
		"by the unit": func(w *world, fx fixture, b *browser) {
			wantRedirect(w.t, b.post("/amt/vorgang/"+fx.a.ID+"/beteiligung/part2/beenden", nil), "/amt/beteiligungen")
		},
		"on its date": func(w *world, _ fixture, _ *browser) { w.advance(time.Hour) },
		"with the case": func(w *world, fx fixture, _ *browser) {
			if _, err := w.apps.Withdraw(w.t.Context(), "konto-1", fx.a.ID); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		for _, scope := range []antrag.Scope{antrag.ScopeDocuments, antrag.ScopeWhole} {
			t.Run(name+"/"+string(scope), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				fx := newFixture(t, w)
				w.involve(fx, "part2", scope, w.now().Add(time.Hour))
				path := "/amt/vorgang/" + fx.a.ID
				b := w.as("p-other")
				file := fx.replace.Replace(path + "/datei/{file}")
				if b.get(path).code != http.StatusOK || b.get(file).code != http.StatusOK {
					t.Fatal("the involvement does not run")
				}
				end(w, fx, b)
				if b.get(path).code != http.StatusNotFound || b.get(file).code != http.StatusNotFound || strings.Contains(b.get("/amt/eingang").body, fx.a.Reference) {
					t.Error("the access did not end")
				}
				if page := w.as("p-head").get(path).body; !strings.Contains(page, "Beteiligung beendet: Steuern") || !strings.Contains(page, "Stelle beteiligt: Steuern") {
					t.Error("the history lost the involvement")
				}
			})
		}
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	path := "/amt/vorgang/" + fx.a.ID
	from, mate, to := w.as("p-clerk"), w.as("p-mate"), w.as("p-other")
	wantRedirect(t, from.post(path+"/uebernehmen", from.form(path)), path)
	form := with(from.form(path+"/abgeben"), "stelle", "st", "warum", "responsible", "hinweis", "Bitte schnell", "bleiben", "nein")
	late := mate.form(path + "/abgeben")
	for field, value := range map[string]string{"stelle": "bb", "warum": "x"} {
		if resp := from.post(path+"/abgeben", with(form, field, value)); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("%s=%q = %d", field, value, resp.code)
		}
	}
	for _, pairs := range [][]string{{"stelle", "leer"}, {"stelle", "nachbarstadt"}, {"warum", "other", "hinweis", ""}, {"bleiben", "ja"}} {
		if resp := from.post(path+"/abgeben", with(form, pairs...)); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("%v = %d", pairs, resp.code)
		}
	}
	for range 2 { // a second click
		wantRedirect(t, from.post(path+"/abgeben", form), "/amt/eingang")
	}
	if from.get(path).code != http.StatusNotFound || mate.post(path+"/abgeben", with(late, "stelle", "st", "warum", "topic")).code != http.StatusNotFound {
		t.Error("the unit so far still reaches the case")
	}
	page := to.get(path).body
	for _, want := range []string{"uebernehmen", "Vorgang abgegeben: Bürgerbüro → Steuern (andere Stelle ist zuständig)", "Bitte schnell", "„Steuern“ ist seit 02.03.2026 federführend"} {
		if !strings.Contains(page, want) {
			t.Errorf("the case lacks %q", want)
		}
	}
	if a := w.reload(fx.a); a.Assignee != "" || a.LeadUnit != "st" {
		t.Errorf("case = %s, %q", a.LeadUnit, a.Assignee)
	}
	told := w.messages(fx.a, postkorb.KindInformation)
	if last := told[len(told)-1]; !strings.Contains(last.Body, "Zuständig ist jetzt: Steuern") || strings.Contains(last.Body, "schnell") || len(told) != 2 {
		t.Errorf("messages to the citizen: %+v", told)
	}
	// Back, and the unit stays.
	form = with(to.form(path+"/abgeben"), "stelle", "bb", "warum", "topic", "bleiben", "ja", "bleibgrund", "Wir prüfen die Satzung.")
	wantRedirect(t, to.post(path+"/abgeben", form), path)
	page = to.get(path).body
	if !strings.Contains(page, "am ganzen Vorgang beteiligt") || strings.Contains(page, "/bescheid") || !strings.Contains(page, "Wir prüfen die Satzung.") {
		t.Error("the unit does not stay as one that reads")
	}
}

// Of several who hand a case over at once, one does; the others get the page
// of the conflict, or lost the case before they asked.
func TestTransferAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	path := "/amt/vorgang/" + fx.a.ID
	var wg sync.WaitGroup
	codes, ask := make([]int, 6), make([]func() answer, 6)
	for i := range ask {
		b := w.as([]string{"p-clerk", "p-mate", "p-head"}[i%3])
		form := with(b.form(path+"/abgeben"), "stelle", []string{"st", "eingang"}[i%2], "warum", "topic", "bleiben", "nein")
		ask[i] = func() answer { return b.post(path+"/abgeben", form) }
	}
	for i := range ask {
		wg.Go(func() { codes[i] = ask[i]().code })
	}
	wg.Wait()
	done := 0
	for _, code := range codes {
		switch code {
		case http.StatusSeeOther:
			done++
		case http.StatusConflict, http.StatusNotFound:
		default:
			t.Errorf("answer = %d", code)
		}
	}
	if done != 1 || len(w.messages(fx.a, postkorb.KindInformation)) != 2 {
		t.Errorf("codes = %v", codes)
	}
	// Who still sees the case learns what happened.
	auditor := w.as("p-post")
	form := with(auditor.form(path+"/abgeben"), "stelle", "bb", "warum", "topic", "hinweis", "Zu spät")
	if _, err := w.apps.HandOver(t.Context(), bbClerk, fx.a.ID, 0, antrag.Transfer{ID: "x", To: "bb", Reason: antrag.TransferTopic}, nil); err != nil {
		t.Fatal(err)
	}
	if resp := auditor.post(path+"/abgeben", form); resp.code != http.StatusConflict || !strings.Contains(resp.body, "Zu spät") {
		t.Errorf("late = %d", resp.code)
	}
}

// The mail room sees envelopes of what nobody is responsible for, and passes
// them on.
func TestMailRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pages.PlaceName = func(string) (string, bool) { return "Stadt Altenwehr", true }
	a := w.submit("antrag", "dienst-unklar", "Zoë", "Üblich-Straßner")
	if _, err := w.apps.Upload(t.Context(), "konto-1", "", a.ID, "Meine Krankheit.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4\n")); err != nil {
		t.Fatal(err)
	}
	path := "/amt/vorgang/" + a.ID
	b := w.as("p-mail")
	page := b.get(path).body
	for _, want := range []string{a.Reference, "Dienst antrag", "Stadt Altenwehr", "PDF: 1", "Abgeben", "Poststelle"} {
		if !strings.Contains(page, want) {
			t.Errorf("the envelope lacks %q", want)
		}
	}
	form := b.get(path + "/abgeben").body
	for _, secret := range []string{"Zoë", "Üblich", "Krankheit", "a@example.org", "bleiben", "/beteiligen"} {
		if strings.Contains(page+form, secret) {
			t.Errorf("the mail room sees %q", secret)
		}
	}
	if w.as("p-clerk").get(path).code != http.StatusNotFound {
		t.Error("another unit sees the case")
	}
	// It cannot stay, even if it says so.
	wantRedirect(t, b.post(path+"/abgeben", with(b.form(path+"/abgeben"), "stelle", "bb", "warum", "responsible", "bleiben", "ja", "bleibgrund", "Neugier")), "/amt/eingang")
	if b.get(path).code != http.StatusNotFound || strings.Contains(b.get("/amt/eingang").body, a.Reference) {
		t.Error("the mail room still sees the case")
	}
	if page := w.as("p-clerk").get(path); page.code != http.StatusOK || !strings.Contains(page.body, "Vorgang abgegeben: Poststelle → Bürgerbüro") || !strings.Contains(page.body, "Name p-mail") {
		t.Errorf("case = %d", page.code)
	}
}

func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	w.involve(fx, "part2", antrag.ScopeDocuments, w.now().Add(48*time.Hour))
	path := "/amt/vorgang/" + fx.a.ID
	for person, want := range map[string]string{
		"p-clerk": "Sie haben die Rolle „Sachbearbeitung“ für „Bürgerbüro“. „Bürgerbüro“ ist seit 02.03.2026 federführend.",
		"p-sub":   "Sie vertreten Name p-clerk mit der Rolle „Sachbearbeitung“ für „Bürgerbüro“ bis 03.03.2026. „Bürgerbüro“ ist seit 02.03.2026 federführend.",
		"p-post":  "Sie haben die Rolle „Poststelle“ für „Stadt“. „Bürgerbüro“ ist seit 02.03.2026 federführend.",
		"p-other": "Sie haben die Rolle „Sachbearbeitung“ für „Steuern“. „Steuern“ ist seit 02.03.2026 durch Name p-clerk beteiligt, nur mit diesen Dokumenten: Nächweis.pdf. Grund: anderer Grund. Die Beteiligung endet spätestens am 04.03.2026.",
	} {
		if page := w.as(person).get(path).body; !strings.Contains(page, "<li>"+want+"</li>") {
			i := max(0, strings.Index(page, "Warum sehe ich"))
			t.Errorf("%s is not told %q but:\n%.600s", person, want, page[i:])
		}
	}
	page := w.as("p-other").do(http.MethodGet, path+"?lang=en", nil, "").body
	if !strings.Contains(page, "with these documents only: Nächweis.pdf") {
		t.Error("no explanation in English")
	}
}

// What the lists show is what the rights say, whatever happened to a case.
func TestListsAgreeWithRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := []string{"p-clerk", "p-other", "p-stsub", "p-mail", "p-post"}
	browsers := map[string]*browser{}
	for _, person := range people {
		browsers[person] = w.as(person)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		a := w.submit("antrag", rapid.SampledFrom([]string{"dienst-bb", "dienst-st", "dienst-unklar"}).Draw(rt, "service"), "Kim", "Wahl")
		doc, err := w.apps.Upload(t.Context(), "konto-1", "", a.ID, "a.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4\n"))
		if err != nil {
			rt.Fatal(err)
		}
		for i := range rapid.IntRange(0, 5).Draw(rt, "steps") {
			randomStep(rt, w, a, doc.ID, fmt.Sprintf("r%d-%d", n, i))
		}
		for _, person := range people {
			full, some := w.seen(rt, a, person)
			b := browsers[person]
			list, page := b.get("/amt/eingang?dienst="+a.Service).body, b.get("/amt/vorgang/"+a.ID)
			row := strings.Contains(list, ">"+a.Reference+"<")
			now := w.reload(a)
			if open := !now.Closed(); row != (some && open) {
				rt.Fatalf("%s: listed %v, may see %v, open %v", person, row, some, open)
			}
			if (page.code == http.StatusOK) != some || strings.Contains(page.body, "a@example.org") != full {
				rt.Fatalf("%s: page %d, may see %v, content %v", person, page.code, some, full)
			}
		}
	})
}

// randomStep does something to a case; what the rules refuse does not matter.
func randomStep(rt *rapid.T, w *world, a antrag.Application, doc, id string) {
	unit := rapid.SampledFrom([]string{"bb", "st", "eingang"}).Draw(rt, "unit")
	ctx := w.t.Context()
	switch rapid.IntRange(0, 5).Draw(rt, "step") {
	case 0:
		_, _ = w.apps.HandOver(ctx, bbClerk, a.ID, 0, antrag.Transfer{ID: id, To: unit, Reason: antrag.TransferTopic}, nil)
	case 1:
		_, _ = w.apps.HandOver(ctx, bbClerk, a.ID, 0, antrag.Transfer{ID: id, To: unit, Reason: antrag.TransferTopic}, &antrag.Stay{ID: id, Reason: antrag.InvolveExpertise})
	case 2:
		parts, err := w.apps.Participations(ctx, a.ID)
		if err != nil {
			rt.Fatal(err)
		}
		for _, p := range parts {
			_ = w.apps.EndInvolvement(ctx, bbClerk, a.ID, p.ID)
		}
	case 3:
		w.advance(2 * time.Minute)
		if rapid.IntRange(0, 9).Draw(rt, "close") == 0 {
			_, _ = w.apps.Withdraw(ctx, "konto-1", a.ID)
		}
	default:
		p := antrag.Participation{ID: id, Unit: unit, Reason: antrag.InvolveExpertise}
		var docs []string
		switch p.Scope = rapid.SampledFrom([]antrag.Scope{antrag.ScopeWhole, antrag.ScopeDocuments, antrag.ScopeQuestion}).Draw(rt, "scope"); p.Scope {
		case antrag.ScopeDocuments:
			docs = []string{doc}
		case antrag.ScopeQuestion:
			p.Question = "?"
		}
		if rapid.Bool().Draw(rt, "dated") {
			p.EndsAt = w.now().Add(time.Minute)
		}
		_, _ = w.apps.Involve(ctx, bbClerk, a.ID, 0, p, docs)
	}
}

// seen reads the rights of a person from the rows, without any query of the
// pages: whether she reads the content, and whether she sees anything.
func (w *world) seen(rt *rapid.T, a antrag.Application, person string) (full, some bool) {
	ctx := w.t.Context()
	policy, at := w.pages.Policy(), w.now()
	check := func(perm, unit string) bool {
		return policy.Check(at, person, perm, rbac.Object{Tenant: "altenwehr", Units: []string{unit}})
	}
	now := w.reload(a)
	parts, err := w.apps.Participations(ctx, a.ID)
	if err != nil {
		rt.Fatal(err)
	}
	full, some = check("case.read", now.LeadUnit), check("case.read", now.LeadUnit) || check("case.readEnvelope", now.LeadUnit)
	for _, p := range parts {
		if !p.Open(at) {
			continue
		}
		if p.Scope == antrag.ScopeWhole {
			full, some = full || check("case.read", p.Unit), some || check("case.read", p.Unit) || check("case.readEnvelope", p.Unit)
		} else {
			some = some || check("case.read", p.Unit)
		}
	}
	return full, some
}
