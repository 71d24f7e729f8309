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
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/tester"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/postkorb"
)

const entity = "http://127.0.0.1:8080"

var real = time.Date(2026, time.November, 23, 14, 0, 0, 0, time.UTC)

// world is a portal that has the tester's pages only.
type world struct {
	t       *testing.T
	db      *database.DB
	clock   *clock.Clock
	mail    *mailsim.Server
	outbox  *federation.Outbox
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

func newWorld(t *testing.T, demo bool) *world {
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
	if w.mail, err = mailsim.Start("127.0.0.1:0", w.clock.Now, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.mail.Close() })
	texts, err := web.LoadTexts(files(t, "../lang", "core.json", "layout.json", "tester.json"))
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(files(t, "../templates", "*.html", "parts/*.html", "tester/*.html", "error/*.html"), os.DirFS("../static"), texts)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := url.Parse(entity)
	core := &web.Core{Log: log, Now: w.clock.Now, Texts: texts, Renderer: renderer, Public: public, Demo: demo, PortalName: "Serviceportal", Town: "Stadt Altenwehr",
		Sessions: &web.Sessions{DB: w.db, Now: w.clock.Now, Limits: web.DefaultSessionLimits()}}
	w.outbox = federation.New(federationsql.New(w.db.Write), &federation.Options{Now: w.clock.Now})
	(&tester.Pages{
		DB: w.db.Read, Accounts: &konto.Service{DB: w.db, Now: w.clock.Now}, Outbox: w.outbox, Mail: w.mail, EntityID: entity,
		BundID:  bundidsim.New(&bundidsim.Options{BaseURL: "http://127.0.0.1:1", Now: w.clock.Now, Keys: &bundidsim.Keys{}}),
		RealNow: func() time.Time { return real }, Offset: w.clock.Offset,
		SetOffset: func(_ context.Context, d time.Duration) error { w.clock.SetOffset(d); return nil },
		Reset:     func(context.Context) error { w.resets++; return w.fail },
	}).Register(core)
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
	send(t, w.mail.Addr)
	for _, lang := range []string{"de", "en"} {
		w.page("/test", lang, "Wiebke Harms", "Meike Harms", "meike-harms", "wrong-audience", w.mail.Addr, "/healthz/live", "127.0.0.1:1")
		body := w.page("/test/vorgaenge", lang, "AW-26-2345-6789", "/amt/vorgang/FALL1", "/antraege/FALL1", "Wiebke Harms", "Meike Harms")
		if strings.Contains(strings.ToLower(body), "geheim") {
			t.Error("the list shows more than envelopes")
		}
		w.page("/test/mails", lang, "Neue Nachricht", "/test/mails/1")
		w.page("/test/mails/1", lang, "Guten Tag", `href="http://127.0.0.1:8080/postkorb"`)
		w.page("/test/uhr", lang, "2026")
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
	for _, path := range []string{"/test", "/test/uhr", "/test/mails", "/test/vorgaenge", "/test/uebergaben", "/test/adressen.json", "/test/zuruecksetzen"} {
		if status, _, _ := w.ask("GET", path, "de", nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/test/uhr", "/test/stoerung", "/test/zuruecksetzen"} {
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
	post := func(art, value string) int {
		status, _, _ := w.ask("POST", "/test/stoerung", "de", url.Values{"art": {art}, "wert": {value}})
		return status
	}
	if got := post("mail", "an"); got != 303 || !w.mail.Down() {
		t.Errorf("mail down: %d", got)
	}
	w.page("/test", "de", "Gestört (eingestellt)")
	if got := post("mail", "aus"); got != 303 || w.mail.Down() {
		t.Errorf("mail up: %d", got)
	}
	for _, f := range append(bundidsim.Faults(), bundidsim.FaultNone) {
		if got := post("bundid", f.String()); got != 303 {
			t.Errorf("%v: %d", f, got)
		}
	}
	for _, bad := range [][2]string{{"mail", "x"}, {"bundid", "x"}, {"amt", "down"}, {"", ""}} {
		if got := post(bad[0], bad[1]); got != 400 {
			t.Errorf("%v: %d", bad, got)
		}
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
	send(t, w.mail.Addr)
	if status, _, to := w.ask("POST", "/test/mails/leeren", "de", url.Values{}); status != 303 || to != "/test/mails?ok=mails" || len(w.mail.Mails()) != 0 {
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
