package tester_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/tester"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/postkorb"
)

const entity = "http://127.0.0.1:8080"

var real = time.Date(2026, time.November, 23, 14, 0, 0, 0, time.UTC)

const script = "# Titel\n\nErster **Absatz**,\ngeht weiter mit `code` und [Link](/test/uhr).\n\n## Teil Ä eins\n\n1. Klicken\n2. Sehen\n   und staunen\n\n- ein <b>Punkt</b>\n\n### Klein\n"

// folder of the simulators' keys, which take a second to make.
var folder = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "tester")
	if err != nil {
		panic(err)
	}
	return dir
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(folder())
	os.Exit(code)
}

// world is a portal that has the tester's pages only.
type world struct {
	t       *testing.T
	db      *database.DB
	clock   *clock.Clock
	sims    *sims.Set
	calls   *calls.Recorder
	outbox  *federation.Outbox
	pages   *tester.Pages
	handler http.Handler
	resets  int
	fail    error // of the next reset
}

func files(t *testing.T, dir string, patterns ...string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	for _, p := range patterns {
		names, err := fs.Glob(os.DirFS(dir), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(os.DirFS(dir), name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = &fstest.MapFile{Data: raw}
		}
	}
	return out
}

func newWorld(t *testing.T, inDemo bool) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, clock: clock.New(func() time.Time { return real })}
	var err error
	if w.db, err = database.Open(ctx, "", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	if err := errors.Join(database.Migrate(ctx, w.db.Write), federationsql.Migrate(ctx, w.db.Write)); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w.sims, err = sims.Start(ctx, sims.Options{Listen: "localhost:0", Now: w.clock.Now,
		Keys: keys.Ring{Folder: folder(), Demo: true, Now: w.clock.Now}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sims.Close() })
	w.calls = calls.New(w.db.Write, w.db.Read, w.clock.Now, log)
	t.Cleanup(func() { _ = w.calls.Close() })
	texts, err := web.LoadTexts(files(t, "../lang", "core.json", "layout.json", "tester.json"))
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(files(t, "../templates", "*.html", "parts/*.html", "tester/*.html", "error/*.html"), os.DirFS("../static"), texts)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := url.Parse(entity)
	core := &web.Core{Log: log, Now: w.clock.Now, Texts: texts, Renderer: renderer, Public: public, Demo: inDemo, PortalName: "Serviceportal", Town: "Stadt Altenwehr",
		Sessions: &web.Sessions{DB: w.db, Now: w.clock.Now, Limits: web.DefaultSessionLimits()}}
	w.outbox = federation.New(federationsql.New(w.db.Write), &federation.Options{Now: w.clock.Now})
	w.pages = &tester.Pages{
		DB: w.db.Read, Accounts: &konto.Service{DB: w.db, Now: w.clock.Now}, Outbox: w.outbox, EntityID: entity,
		World: demo.Altenwehr(), Sims: sims.Local(w.sims), Calls: w.calls, Script: script,
		Replies: func(_ context.Context, reference string) ([]federation.ReplyRecord, error) {
			return []federation.ReplyRecord{{Source: "steuern", ID: "r-1", Reference: reference, Kind: federation.ReplyQuestion, TakenAt: real}}, nil
		},
		Payments: func(_ context.Context, reference string, _ int) ([]tester.Payment, error) {
			return []tester.Payment{{Order: "o-1", Reference: "AW-26-2345-6789", Kassenzeichen: "4711", State: "paid", Cents: 2450, Created: real, Paid: real,
				Attempts: []tester.Attempt{{TxID: "tx-1", State: "paid", Asked: 2, Created: real, Ended: real}}}}, nil
		},
		Batches: func(context.Context) ([]tester.Batch, error) {
			return []tester.Batch{{Number: 7, Bookings: 3, Cents: 7350, Closed: real}}, nil
		},
		BatchFile: func(_ context.Context, n int64) (string, string, []byte, error) {
			if n != 7 {
				return "", "", nil, web.ErrNotFound
			}
			return "buchungen-7.csv", "text/csv; charset=utf-8", []byte("a;b\r\n"), nil
		},
		Notices: func(context.Context, string) ([]tester.Notice, error) {
			return []tester.Notice{{ID: "n-1", State: "sent", Attempts: 1, Created: real}}, nil
		},
		RealNow: func() time.Time { return real }, Offset: w.clock.Offset,
		SetOffset: func(_ context.Context, d time.Duration) error { w.clock.SetOffset(d); return nil },
		Reset:     func(context.Context) error { w.resets++; return w.fail },
	}
	w.pages.Register(core)
	core.HandleRaw("GET /healthz/live", http.NotFoundHandler())
	w.handler = core.Handler()
	return w
}

// ask sends a request and returns status, page and where it leads.
func (w *world) ask(method, path, lang string, form url.Values) (int, string, string) {
	w.t.Helper()
	req := httptest.NewRequest(method, entity+path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", lang)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.Code, string(body), rec.Header().Get("Location")
}

func (w *world) page(path, lang string, want ...string) string {
	w.t.Helper()
	status, body, _ := w.ask("GET", path, lang, nil)
	if status != http.StatusOK || strings.Contains(body, "⟦") || strings.Count(body, "<h1") != 1 {
		w.t.Errorf("%s (%s): %d, missing text or headings: %v", path, lang, status, regexp.MustCompile(`⟦[^⟧]*⟧`).FindAllString(body, -1))
	}
	for _, s := range want {
		if !strings.Contains(body, s) {
			w.t.Errorf("%s (%s): %q is missing", path, lang, s)
		}
	}
	return body
}

// give puts a case, an account and deliveries into the database.
func (w *world) give() antrag.Application {
	w.t.Helper()
	ctx := w.t.Context()
	p := bundidsim.Personas()[1]
	account, err := (&konto.Service{DB: w.db, Now: w.clock.Now}).Create(ctx, konto.Account{BPK2: p.BPK2(entity, p.Logins[0]), Lang: "de"})
	if err != nil {
		w.t.Fatal(err)
	}
	a := antrag.Application{ID: "FALL1", Reference: "AW-26-2345-6789", Draft: "d1", Title: "Hund anmelden", Owner: account.ID, Account: account.ID, Applicant: "Geheime Person",
		LeadUnit: "fb1-steuern", Assignee: "p-harms", Status: postkorb.StatusQuestion, Answers: `{"x":"geheim"}`, Payload: []byte("{}"), ReceivedAt: real, UpdatedAt: real, DueAt: real.AddDate(0, 0, 14), Version: 1}
	if _, err := w.db.Write.NewInsert().Model(&a).Exec(ctx); err != nil {
		w.t.Fatal(err)
	}
	for i := range 60 {
		if _, err := w.outbox.Enqueue(ctx, federation.Delivery{Key: fmt.Sprint("k", i), Destination: "ablage:hund", Subject: "s", Reference: fmt.Sprintf("AW-%03d", i), Payload: federation.Payload{MediaType: "application/json", Body: []byte(`{"geheim":1}`)}}); err != nil {
			w.t.Fatal(err)
		}
	}
	return a
}

func TestPagesInTwoLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.give()
	send(t, w.sims.Mail.Addr)
	for _, lang := range []string{"de", "en"} {
		w.page("/test", lang, "Wiebke Harms", "Meike Harms", "meike-harms", w.sims.Mail.Addr, "/healthz/live", w.sims.BundID.URL, "/test/drehbuch")
		body := w.page("/test/vorgaenge", lang, "AW-26-2345-6789", "/amt/vorgang/FALL1", "/antraege/FALL1", "/test/vorgaenge/AW-26-2345-6789", "Wiebke Harms", "Meike Harms")
		if strings.Contains(strings.ToLower(body), "geheim") {
			t.Error("the list shows more than envelopes")
		}
		w.page("/test/mails", lang, "Neue Nachricht", "/test/mails/1")
		w.page("/test/mails/1", lang, "Guten Tag", `href="http://127.0.0.1:8080/postkorb"`)
		w.page("/test/uhr", lang, "2026")
		w.page("/test/stoerungen", lang, "wrong-audience", "callback-forged", "foreign-links", w.sims.Description().Control)
		w.page("/test/karten", lang, "4")
		w.page("/test/zahlungen", lang, "tx-1: paid ×2", "4711")
		w.page("/test/buchungen", lang, "/test/buchungen/7")
		w.page("/test/aufrufe", lang)
		w.page("/test/rueckrufe", lang)
		w.page("/test/drehbuch", lang, `href="#teil-ae-eins"`)
		w.page("/test/adressen", lang, "/test/adressen.json", "/healthz/live")
		w.page("/test/zuruecksetzen", lang, `name="ja"`)
	}
	if body := w.page("/test/mails/1", "de"); strings.Contains(body, "href=\"https://anderswo.example") {
		t.Error("a link to elsewhere can be followed")
	}
}

func TestNothingOfItInProduction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	for _, path := range []string{"/test", "/test/uhr", "/test/mails", "/test/vorgaenge", "/test/uebergaben", "/test/adressen.json", "/test/zuruecksetzen", "/test/stoerungen", "/test/drehbuch", "/test/aufrufe", "/test/rueckrufe", "/test/karten", "/test/zahlungen", "/test/buchungen", "/test/buchungen/7"} {
		if status, _, _ := w.ask("GET", path, "de", nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/test/uhr", "/test/stoerungen", "/test/stoerungen/aus", "/test/zuruecksetzen"} {
		if status, _, _ := w.ask("POST", path, "de", url.Values{"ja": {"yes"}, "was": {"echt"}}); status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	if w.resets != 0 {
		t.Error("production was reset")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	exact := func(day, month, year, at string) url.Values {
		return url.Values{"was": {"genau"}, "datum-day": {day}, "datum-month": {month}, "datum-year": {year}, "zeit": {at}}
	}
	for _, tt := range []struct {
		name   string
		form   url.Values
		status int
		want   time.Duration // of the clock afterwards
	}{
		{"a day", url.Values{"was": {"plus"}, "tage": {"1"}}, 303, 24 * time.Hour},
		{"another fifteen", url.Values{"was": {"plus"}, "tage": {"15"}}, 303, 16 * 24 * time.Hour},
		{"other days", url.Values{"was": {"plus"}, "tage": {"2"}}, 400, 16 * 24 * time.Hour},
		{"exact", exact("24", "12", "2026", "15:00"), 303, 31 * 24 * time.Hour},
		{"exact in summer time", exact("23", "6", "2027", "16:00"), 303, 212 * 24 * time.Hour},
		{"exact in the past", exact("22", "11", "2026", "15.00"), 303, -24 * time.Hour},
		{"no date", exact("31", "2", "2027", "15:00"), 422, -24 * time.Hour},
		{"no time", exact("1", "2", "2027", "später"), 422, -24 * time.Hour},
		{"nothing", exact("", "", "", ""), 422, -24 * time.Hour},
		{"too far", exact("1", "2", "9999", "15:00"), 422, -24 * time.Hour},
		{"markup", exact("<b>", "2", "2027", "15:00"), 422, -24 * time.Hour},
		{"real", url.Values{"was": {"echt"}}, 303, 0},
		{"unknown", url.Values{"was": {"x"}}, 400, 0},
	} {
		status, body, to := w.ask("POST", "/test/uhr", "de", tt.form)
		if status != tt.status || w.clock.Offset() != tt.want {
			t.Errorf("%s: %d, offset %v", tt.name, status, w.clock.Offset())
		}
		if status == 303 && to != "/test/uhr?ok=uhr" || status == 422 && !strings.Contains(body, `href="#`) || strings.Contains(body, "<b>") {
			t.Errorf("%s: leads to %q", tt.name, to)
		}
	}
	w.page("/test/uhr?ok=uhr", "de", "Die Uhr ist gestellt.")
	if body := w.page("/test/uhr?ok=%3Cb%3E", "de"); strings.Contains(body, "alert-success") {
		t.Error("an unknown code says something")
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if status, body, _ := w.ask("POST", "/test/zuruecksetzen", "de", url.Values{}); status != 422 || w.resets != 0 || !strings.Contains(body, `href="#ja"`) {
		t.Errorf("without a yes: %d, %d resets", status, w.resets)
	}
	if status, _, to := w.ask("POST", "/test/zuruecksetzen", "de", url.Values{"ja": {"yes"}}); status != 303 || to != "/test?ok=zurueck" || w.resets != 1 {
		t.Errorf("reset: %d to %q, %d resets", status, to, w.resets)
	}
	w.fail = errors.New("broken")
	if status, body, _ := w.ask("POST", "/test/zuruecksetzen", "de", url.Values{"ja": {"yes"}}); status != 500 || strings.Contains(body, "broken") {
		t.Errorf("failed reset: %d", status)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	post := func(path string, form url.Values) int {
		status, _, _ := w.ask("POST", path, "de", form)
		return status
	}
	for _, g := range w.sims.Faults() {
		for _, f := range g.Faults {
			if got := post("/test/stoerungen", url.Values{"simulator": {g.Code}, "stoerung": {f.Code}}); got != 303 {
				t.Errorf("%s %s: %d", g.Code, f.Code, got)
			}
		}
	}
	n := len(w.sims.Faults())
	w.page("/test/stoerungen", "de", fmt.Sprintf("Gestörte Simulatoren: %d", n))
	w.page("/test", "de", "Gestört (eingestellt)")
	w.page("/test/mails", "de", "gestört")
	if got := post("/test/stoerungen", url.Values{"simulator": {"mail"}, "stoerung": {""}}); got != 303 || w.sims.Mail.Fault() != "" {
		t.Errorf("mail works again: %d", got)
	}
	for _, bad := range []url.Values{{}, {"simulator": {"mail"}}, {"simulator": {"mail"}, "stoerung": {"x"}}, {"simulator": {"x"}, "stoerung": {""}}, {"simulator": {"mail"}, "stoerung": {"callback-lost"}}} {
		if got := post("/test/stoerungen", bad); got != 400 {
			t.Errorf("%v: %d", bad, got)
		}
	}
	if got := post("/test/stoerungen/aus", url.Values{}); got != 303 {
		t.Errorf("all off: %d", got)
	}
	w.page("/test/stoerungen?ok=aus", "de", "Kein Simulator ist gestört.", "Alle Störungen sind ausgeschaltet.")
	w.sims.Close()
	w.page("/test", "de", "Antwortet nicht")
}

// TestSimulatorsElsewhere shows the same through the control interface, and
// says so when it does not answer.
func TestSimulatorsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	remote, err := sims.Dial(w.sims.Description().Control)
	if err != nil {
		t.Fatal(err)
	}
	w.pages.Sims = remote
	if status, _, _ := w.ask("POST", "/test/stoerungen", "de", url.Values{"simulator": {"pmpayment"}, "stoerung": {"status-html"}}); status != 303 || w.sims.Payment.Fault() != "status-html" {
		t.Errorf("%d, %q", status, w.sims.Payment.Fault())
	}
	send(t, w.sims.Mail.Addr)
	w.page("/test/mails", "de", "Neue Nachricht")
	w.page("/test/zahlungen", "de")
	w.sims.Close()
	w.page("/test/stoerungen", "de", "Die Simulatoren antworten nicht.")
	w.page("/test/zahlungen", "de", "Die Simulatoren antworten nicht.", "4711")
	w.page("/test", "de", "Es laufen keine Simulatoren.")
}

func TestCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	a := w.give()
	for i := range 60 {
		w.calls.Add(calls.Call{Direction: calls.Out, System: "pmpayment", Method: "GET", Host: "h", Path: fmt.Sprintf("/p%02d", i), Outcome: "200", Reference: a.Reference})
	}
	w.calls.Add(calls.Call{Direction: calls.In, System: "fachverfahren", Method: "POST", Host: "h", Path: "/in", Outcome: "422", Decision: "foreign"})
	body := w.page("/test/aufrufe?vorgang="+a.Reference, "de", "/p59", "/test/vorgaenge/"+a.Reference)
	m := regexp.MustCompile(`href="(/test/aufrufe\?[^"]*vor=[^"]*)"`).FindStringSubmatch(body)
	if m == nil || strings.Contains(body, "/in<") {
		t.Fatal("no next page, or calls of the other direction")
	}
	w.page(strings.ReplaceAll(m[1], "&amp;", "&"), "de", "/p00")
	w.page("/test/rueckrufe", "de", "/in", "foreign", "422")
	w.page("/test/aufrufe?vorgang=nichts", "de", "Keine Aufrufe")
	for _, bad := range []string{"vor=x", "vor=-1", "vorgang=" + strings.Repeat("x", 61)} {
		if status, _, _ := w.ask("GET", "/test/aufrufe?"+bad, "de", nil); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	a := w.give()
	if _, err := w.db.Write.NewInsert().Model(&antrag.LogEntry{Application: a.ID, At: real, ActorKind: "staff", Actor: "p-harms", Action: "asked", Detail: "x"}).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.outbox.Enqueue(t.Context(), federation.Delivery{Key: "key-of-it", Destination: "steuern:hunde", Subject: "s", Reference: a.Reference, Payload: federation.Payload{MediaType: "application/json", Body: []byte(`{"geheim":1}`)}}); err != nil {
		t.Fatal(err)
	}
	w.calls.Add(calls.Call{Direction: calls.Out, System: "pmpayment", Method: "POST", Path: "/payment/secure", Outcome: "timeout", Reference: a.Reference})
	for _, lang := range []string{"de", "en"} {
		body := w.page("/test/vorgaenge/"+a.Reference, lang, "asked", "key-of-it", "r-1", "tx-1", "timeout", "n-1", "/amt/vorgang/FALL1")
		if strings.Contains(strings.ToLower(body), "geheim") {
			t.Error("the page shows contents")
		}
	}
	for _, bad := range []string{"AW-0", "%00", strings.Repeat("x", 200)} {
		if status, _, _ := w.ask("GET", "/test/vorgaenge/"+bad, "de", nil); status != 404 && status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

func TestBookingFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if status, body, _ := w.ask("GET", "/test/buchungen/7", "de", nil); status != 200 || body != "a;b\r\n" {
		t.Errorf("%d %q", status, body)
	}
	for _, bad := range []string{"8", "0", "-1", "x", "99999999999999999999"} {
		if status, _, _ := w.ask("GET", "/test/buchungen/"+bad, "de", nil); status != 404 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	body := w.page("/test/drehbuch", "de", `<h2 id="teil-ae-eins">Teil Ä eins</h2>`, "<p>Erster <strong>Absatz</strong>, geht weiter mit <code>code</code> und <a href=\"/test/uhr\">Link</a>.</p>",
		"<ol><li>Klicken</li><li>Sehen und staunen</li></ol>", "<ul><li>ein &lt;b&gt;Punkt&lt;/b&gt;</li></ul>", `<h3 id="klein">Klein</h3>`)
	if strings.Contains(body, "Titel</h") {
		t.Error("the script's own title is there")
	}
}

func TestHandOversInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.page("/test/uebergaben", "de", "Keine Übergaben")
	w.give()
	next := regexp.MustCompile(`href="(/test/uebergaben\?nach=[^"]*)"`)
	first := w.page("/test/uebergaben", "de")
	m := next.FindStringSubmatch(first)
	if m == nil || strings.Contains(first, "geheim") {
		t.Fatal("the first page has no next one, or shows the content")
	}
	second := w.page(strings.ReplaceAll(m[1], "&amp;", "&"), "de")
	reference := regexp.MustCompile(`AW-\d{3}`)
	all := append(reference.FindAllString(first, -1), reference.FindAllString(second, -1)...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 60 || next.MatchString(second) {
		t.Errorf("%d of 60 hand-overs are shown", len(slices.Compact(all)))
	}
	w.page("/test/uebergaben?stand=failed", "de", "Keine Übergaben")
	w.page("/test/uebergaben?stand=unbekannt", "de", "AW-0")
	if status, _, _ := w.ask("GET", "/test/uebergaben?nach=x_y", "de", nil); status != 400 {
		t.Errorf("a wrong place in the list: %d", status)
	}
}

func TestMailsThatAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.page("/test/mails", "de", "Keine E-Mails")
	for _, path := range []string{"/test/mails/1", "/test/mails/x", "/test/mails/99999999999999999999"} {
		if status, _, _ := w.ask("GET", path, "de", nil); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	send(t, w.sims.Mail.Addr)
	if status, _, to := w.ask("POST", "/test/mails/leeren", "de", url.Values{}); status != 303 || to != "/test/mails?ok=mails" || len(w.sims.Mail.Mails()) != 0 {
		t.Errorf("clear: %d", status)
	}
}

func TestRoutesForMachines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	status, body, _ := w.ask("GET", "/test/adressen.json", "de", nil)
	var list []struct{ Method, Path, Area string }
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 {
		t.Fatalf("%d, %v", status, err)
	}
	if !slices.ContainsFunc(list, func(x struct{ Method, Path, Area string }) bool {
		return x.Method == "POST" && x.Path == "/test/uhr" && x.Area == "test"
	}) || !slices.ContainsFunc(list, func(x struct{ Method, Path, Area string }) bool {
		return x.Path == "/static/" && x.Area == "technical"
	}) {
		t.Errorf("%v", list)
	}
}

// send hands a mail to the server.
func send(t *testing.T, addr string) {
	t.Helper()
	text := "From: <portal@altenwehr.example>\r\nTo: <a@post.example>\r\nSubject: Neue Nachricht\r\nDate: Mon, 23 Nov 2026 14:00:00 +0000\r\nMessage-Id: <1@x>\r\n" +
		"Auto-Submitted: auto-generated\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag,\r\n" + entity + "/postkorb.\r\nhttps://anderswo.example/x\r\n"
	if err := smtp.SendMail(addr, nil, "portal@altenwehr.example", []string{"a@post.example"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
}
