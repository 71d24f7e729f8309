package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/account"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login/logintest"
	"github.com/stadttor/stadttor/postkorb"
)

const pdf = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"

type world struct {
	*logintest.Portal
	t *testing.T
}

func start(t *testing.T) world {
	t.Helper()
	p := logintest.Start(t, func(p *logintest.Portal) {
		(&account.Pages{Accounts: p.Accounts, Applications: p.Applications, Inbox: p.Inbox, Reader: p.Reader, Sessions: p.Core.Sessions,
			CopyPDF: func(_ context.Context, a antrag.Application, lang string) ([]byte, error) {
				return []byte(pdf + a.Reference + lang), nil
			}}).Register(p.Core)
		p.Core.Handle("GET /test/anmelden", func(r *web.Request) error { // a login without the way over BundID
			s, err := r.Renew()
			if err != nil {
				return err
			}
			q := r.URL.Query()
			s.Level, s.Means, s.Name, s.Account, s.AuthnAt = 1, "Benutzername", "Jonas Brandt", q.Get("konto"), r.Now()
			if s.Guest = s.Account == ""; !s.Guest {
				s.Owner = s.Account
			}
			r.Change()
			return r.Redirect("/konto")
		})
		p.Core.Handle("GET /test/besuch", func(r *web.Request) error {
			r.Change()
			return r.Redirect("/test/sitzung")
		})
	})
	return world{p, t}
}

// holder returns a browser of a person with an account.
func (w world) holder(mark string) (*logintest.Browser, string) {
	w.t.Helper()
	a, err := w.Accounts.Create(w.t.Context(), konto.Account{BPK2: mark, ConsentText: "x", Level: 1, Means: "Benutzername", Mail: "j@example.org", Lang: "de",
		Attributes: []konto.Attribute{{Name: "urn:oid:2.5.4.4", Value: "Brandt <b>", Level: 4, Source: "eID", At: w.Now()}, {Name: "urn:oid:1.2.40.0.10.2.1.1.55", Value: "1958-00-00", Level: 1, Source: "Benutzername", At: w.Now()}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Browser(w.t).Get("/test/anmelden?konto=" + a.ID), a.ID
}

func (w world) want(b *logintest.Browser, path string, status int, texts ...string) {
	w.t.Helper()
	if b.At.Path != path || b.Status != status {
		w.t.Fatalf("at %s with %d, want %s with %d: %s", b.At.Path, b.Status, path, status, b.Text())
	}
	for _, s := range texts {
		if !strings.Contains(b.Text(), s) {
			w.t.Errorf("%s lacks %q: %s", path, s, b.Text())
		}
	}
}

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) messages(a antrag.Application) []postkorb.Message {
	w.t.Helper()
	ms, err := w.Reader.Messages(w.t.Context(), postkorb.ThreadID(a.Thread))
	w.must(err)
	return ms
}

var clerk = antrag.Actor{Kind: "staff", ID: "p1", Unit: "steuern"}

func TestApplicationPages(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt & <i>Söhne</i>")
	path := "/antraege/" + a.ID
	w.want(b.Get("/konto"), "/konto", 200, "Guten Tag, Jonas Brandt", a.Reference, "Hund <b>anmelden</b>", "eine ungelesene Nachricht")
	w.want(b.Get("/antraege"), "/antraege", 200, "Laufende Anträge", "Eingegangen")
	w.want(b.Get(path), path, 200, a.Reference, "liegt beim zuständigen Amt", "Voraussichtlich bis", "15,00", "Offen", "Sie erhalten eine Rechnung")
	w.want(b.Get(path+"/kopie"), path+"/kopie", 200, a.ContentHash, "Brandt & <i>Söhne</i>", "von Ihnen eingegeben")
	if b.Get(path + "/kopie.pdf"); b.Status != 200 || b.Body != pdf+a.Reference+"de" || !strings.HasPrefix(b.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("PDF: %d %q", b.Status, b.Header)
	}
	_, err := w.Applications.Ask(t.Context(), clerk, a.ID, 0, "Frage", "Wie heißt der Hund?", w.Now().Add(72*time.Hour), "k")
	w.must(err)
	w.want(b.Get("/antraege"), "/antraege", 200, "Das Amt hat eine Frage an Sie")

	w.want(b.Get(path+"/zurueckziehen"), path+"/zurueckziehen", 200, "nicht rückgängig")
	w.want(b.Submit("/zurueckziehen"), path, 200, "ist zurückgezogen", "Zurückgezogen", "Entfallen")
	w.want(b.Post(path+"/zurueckziehen", nil), path, 200, "Der Vorgang ist abgeschlossen")
	w.want(b.Get(path+"/ergaenzen"), path, 200)
	w.want(b.Get("/antraege"), "/antraege", 200, "Abgeschlossene Anträge")
	w.want(b.Get("/postkorb/"+a.Thread), "/postkorb/"+a.Thread, 200, "Dieser Vorgang ist abgeschlossen")
}

func TestSupplementWithFiles(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt")
	path := "/antraege/" + a.ID
	key := b.Get(path + "/ergaenzen").Value("schluessel")
	form := url.Values{"schluessel": {key}, "text": {"Anbei."}}
	file := logintest.File{Field: "dateien", Name: "Übersicht ß.pdf", Content: pdf}

	w.want(b.PostFiles(path+"/ergaenzen", url.Values{"schluessel": {key}, "text": {" "}}, file), path+"/ergaenzen", 422, "Schreiben Sie bitte einen Text")
	w.want(b.PostFiles(path+"/ergaenzen", form, logintest.File{Field: "dateien", Name: "x.pdf", Content: "<html><script>1</script>"}), path+"/ergaenzen", 422, "Diese Art von Datei")
	w.want(b.PostFiles(path+"/ergaenzen", form, file, logintest.File{Field: "dateien", Name: "y.pdf"}), path+"/ergaenzen", 422, "Die Datei ist leer")
	w.want(b.PostFiles(path+"/ergaenzen", url.Values{"schluessel": {key}, "text": {"a\x00b"}}, file), path+"/ergaenzen", 422, "Zeichen, die wir nicht verarbeiten")
	w.want(b.PostFiles(path+"/ergaenzen", url.Values{"schluessel": {key}, "text": {strings.Repeat("ä", 5001)}}), path+"/ergaenzen", 422, "höchstens 5000 Zeichen")
	if b.PostFiles(path+"/ergaenzen", url.Values{"text": {"ohne"}}, file); b.Status != http.StatusBadRequest {
		t.Errorf("without a key: %d", b.Status)
	}
	if b.Post(path+"/ergaenzen", form); b.Status != http.StatusBadRequest {
		t.Errorf("not a form with files: %d", b.Status)
	}
	var n int
	w.must(w.DB.Read.NewSelect().Table("portal_files").ColumnExpr("count(*)").Scan(t.Context(), &n))
	if n != 0 {
		t.Errorf("%d files of refused forms are kept", n)
	}

	w.want(b.PostFiles(path+"/ergaenzen", form, file), path, 200, "Ihre Nachricht ist beim Amt", "Übersicht ß.pdf")
	w.want(b.PostFiles(path+"/ergaenzen", form, file), path, 200)
	files, err := w.Applications.Files(t.Context(), a.ID)
	w.must(err)
	if len(files) != 1 || len(w.messages(a)) != 3 {
		t.Fatalf("%d files, %d messages after a second click", len(files), len(w.messages(a)))
	}
	b.Get(path + "/datei/" + files[0].ID)
	if d := b.Header.Get("Content-Disposition"); b.Body != pdf || d != `attachment; filename="_bersicht _.pdf"; filename*=UTF-8''%C3%9Cbersicht%20%C3%9F.pdf` {
		t.Errorf("download: %d %q %q", b.Status, d, b.Header.Get("Content-Type"))
	}
	if csp := b.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || b.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("download is not private: %v", b.Header)
	}

	hidden := w.Upload(antrag.StaffOwner("p1"), "intern.pdf", pdf)
	_, err = w.DB.Write.NewUpdate().Table("portal_files").Set("application = ?", a.ID).Where("id = ?", hidden.ID).Exec(t.Context())
	w.must(err)
	if b.Get(path + "/datei/" + hidden.ID); b.Status != http.StatusNotFound {
		t.Errorf("a file that the staff keeps to itself: %d", b.Status)
	}
}

func TestInboxAnswerAndDocuments(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt")
	ctx, path := t.Context(), "/postkorb/"+a.Thread
	_, err := w.Applications.Ask(ctx, clerk, a.ID, 0, "", "Wie heißt\nder <b>Hund</b>?", w.Now().Add(72*time.Hour), "k1")
	w.must(err)
	w.want(b.Get("/postkorb"), "/postkorb", 200, "ungelesen", "Rückfrage an Sie", a.Reference)
	w.want(b.Get(path), path, 200, "Neu", "Wie heißt der <b>Hund</b>?", "Bitte antworten Sie bis", "Frage an Sie", "Antworten")
	if n, err := w.Reader.Unread(ctx, id); err != nil || n != 0 {
		t.Errorf("unread after opening: %d, %v", n, err)
	}
	form := url.Values{"schluessel": {b.Value("schluessel")}, "frage": {b.Value("frage")}, "text": {"Er heißt <i>Fiete</i>."}}
	file := logintest.File{Field: "dateien", Name: "fiete.pdf", Content: pdf}
	w.want(b.PostFiles(path+"/antwort", url.Values{"schluessel": form["schluessel"], "frage": form["frage"]}), path+"/antwort", 422, "Schreiben Sie bitte einen Text")

	var wg sync.WaitGroup
	second, first := *b, *b
	for _, c := range []*logintest.Browser{&first, &second} {
		wg.Go(func() { c.PostFiles(path+"/antwort", form, file) })
	}
	wg.Wait()
	w.want(b.Get(path), path, 200, "Er heißt <i>Fiete</i>.", "In Bearbeitung", "fiete.pdf")
	answers := 0
	for _, m := range w.messages(a) {
		if m.Kind == postkorb.KindAnswer {
			answers++
		}
	}
	files, err := w.Applications.Files(ctx, a.ID)
	w.must(err)
	if answers != 1 || len(files) != 1 {
		t.Errorf("%d answers with %d files after a double click", answers, len(files))
	}
	if b.PostFiles(path+"/antwort", url.Values{"schluessel": {strings.Repeat("A", 26)}, "frage": {"unbekannt"}, "text": {"x"}}); b.Status != http.StatusBadRequest {
		t.Errorf("answer to nothing: %d", b.Status)
	}

	_, err = w.Applications.Request(ctx, clerk, a.ID, 0, "Nachforderung", "Bitte", []string{"Sachkundenachweis", "Impfpass"}, w.Now().Add(72*time.Hour), "k2")
	w.must(err)
	ms := w.messages(a)
	req := ms[len(ms)-2]
	slot := path + "/nachweis/" + string(req.ID) + "/" + req.Slots[0].ID
	field := "datei-" + req.Slots[0].ID
	w.want(b.Get(path), path, 200, "Fehlt noch", "Sachkundenachweis hochladen")
	w.want(b.PostFiles(slot, nil), slot, 422, "Sachkundenachweis: Wählen Sie bitte eine Datei aus")
	w.want(b.PostFiles(slot, nil, logintest.File{Field: field, Name: "x.exe", Content: "MZ"}), slot, 422, "Diese Art von Datei")
	for range 2 { // twice: the same document once more changes nothing
		w.want(b.PostFiles(slot, nil, logintest.File{Field: field, Name: "nachweis.pdf", Content: pdf}), path, 200, "wird geprüft")
	}
	if files, err = w.Applications.Files(ctx, a.ID); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
	_, err = w.Applications.Review(ctx, clerk, a.ID, req.ID, req.Slots[0].ID, false, "Die zweite Seite fehlt.")
	w.must(err)
	w.want(b.Get(path), path, 200, "Abgelehnt", "Die zweite Seite fehlt.", "durch eine andere Datei ersetzen")
	w.want(b.PostFiles(slot, nil, logintest.File{Field: field, Name: "beide.pdf", Content: pdf + "2"}), path, 200)
	_, err = w.Applications.Review(ctx, clerk, a.ID, req.ID, req.Slots[0].ID, true, "")
	w.must(err)
	w.want(b.PostFiles(slot, nil, logintest.File{Field: field, Name: "noch.pdf", Content: pdf}), path, 200, "schon angenommen")

	w.want(b.Get(path).Submit("/archiv", "aktion", "archivieren"), "/postkorb", 200, "Ihr Postkorb ist leer")
	w.want(b.Get("/postkorb?ordner=archiv"), "/postkorb", 200, a.Reference)
	w.want(b.Get(path).Submit("/archiv", "aktion", "zurueckholen"), path, 200)
	if b.Get("/postkorb?nach=quatsch"); b.Status != http.StatusBadRequest {
		t.Errorf("bad cursor: %d", b.Status)
	}
}

func TestUploadTooLarge(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt")
	path := "/antraege/" + a.ID + "/ergaenzen"
	key := b.Get(path).Value("schluessel")
	big := logintest.File{Field: "dateien", Name: "groß.pdf", Content: pdf + strings.Repeat("x", 50<<20)}
	w.want(b.PostFiles(path, url.Values{"schluessel": {key}, "text": {"Bleibt stehen."}}, big), path, 422, "größer als 50 MB", "Bleibt stehen.")
}

func TestOtherPeople(t *testing.T) {
	t.Parallel()
	w := start(t)
	_, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt")
	d := w.Draft(id, "Jonas", "Brandt")
	_, err := w.Applications.Request(t.Context(), clerk, a.ID, 0, "N", "B", []string{"X"}, time.Time{}, "k")
	w.must(err)
	ms := w.messages(a)
	req := ms[len(ms)-2]
	f := w.Upload(id, "x.pdf", pdf)
	other, _ := w.holder("m2")
	guest := w.Browser(t).Get("/test/anmelden")
	nobody := w.Browser(t)
	gets := []string{"/antraege/" + a.ID, "/antraege/" + a.ID + "/kopie", "/antraege/" + a.ID + "/kopie.pdf", "/antraege/" + a.ID + "/datei/" + f.ID,
		"/antraege/" + a.ID + "/zurueckziehen", "/antraege/" + a.ID + "/ergaenzen", "/entwuerfe/" + d.ID + "/loeschen", "/postkorb/" + a.Thread}
	for _, path := range gets {
		if other.Get(path); other.Status != http.StatusNotFound {
			t.Errorf("GET %s of somebody else: %d", path, other.Status)
		}
		guest.Get(path)
		if guest.Status != http.StatusNotFound && guest.At.Path != "/konto" {
			t.Errorf("GET %s as guest: %d at %s", path, guest.Status, guest.At)
		}
		if nobody.Get(path); nobody.At.Path != "/anmelden" || nobody.Value("weiter") != path {
			t.Errorf("GET %s without login: %d at %s", path, nobody.Status, nobody.At)
		}
	}
	posts := []string{"/antraege/" + a.ID + "/zurueckziehen", "/antraege/" + a.ID + "/ergaenzen", "/entwuerfe/" + d.ID + "/loeschen", "/postkorb/" + a.Thread + "/antwort",
		"/postkorb/" + a.Thread + "/archiv", "/postkorb/" + a.Thread + "/nachweis/" + string(req.ID) + "/" + req.Slots[0].ID}
	for _, path := range posts {
		if other.Post(path, nil); other.Status != http.StatusNotFound {
			t.Errorf("POST %s of somebody else: %d", path, other.Status)
		}
		if guest.Post(path, nil); guest.Status != http.StatusNotFound && guest.Status != http.StatusForbidden {
			t.Errorf("POST %s as guest: %d", path, guest.Status)
		}
		if nobody.Post(path, nil); nobody.Status != http.StatusUnauthorized {
			t.Errorf("POST %s without login: %d", path, nobody.Status)
		}
	}
	own := w.Send("m2-other", "", "Eve", "Evil")
	if other.Get("/antraege/" + own.ID); other.Status != http.StatusNotFound {
		t.Errorf("application of a guest: %d", other.Status)
	}
}

func TestGuestSeesWhatWasJustSent(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.Browser(t).Get("/test/besuch")
	owner := b.Owner()
	a := w.Send(owner, "", "Clara", "Voß")
	w.Draft(owner, "Clara", "Voß")
	path := "/antraege/" + a.ID
	w.want(b.Get(path), path, 200, "Antrag ohne Konto", "Sie haben keinen Postkorb", a.Reference)
	w.want(b.Get(path+"/kopie"), path+"/kopie", 200, a.ContentHash)
	w.want(b.Get("/antraege"), "/antraege", 200, "ohne Konto")
	w.want(b.Get("/entwuerfe"), "/entwuerfe", 200, "Sie haben hier kein Konto")
	w.want(b.Get("/postkorb"), "/anmelden", 200)

	b.WithAccount("jonas-brandt/Benutzername") // what was sent before stays in sight, the draft goes along
	w.want(b.Get(path), path, 200, a.Reference)
	w.want(b.Get("/entwuerfe"), "/entwuerfe", 200, "Weiter ausfüllen")

	g := w.Browser(t).Get("/test/anmelden")
	w.want(g.Get("/konto"), "/konto", 200, "ohne Konto", "noch keinen Antrag")
	w.want(g.Get("/postkorb"), "/postkorb", 200, "Einen Postkorb gibt es nur mit Konto")
	w.want(g.Get("/konto/daten"), "/konto", 200)
}

func TestDataAndEnd(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	a := w.Send(id, id, "Jonas", "Brandt")
	d := w.Draft(id, "Jonas", "Brandt")
	w.want(b.Get("/konto/daten"), "/konto/daten", 200, "Brandt <b>", "1958", "Online-Ausweis", "hoch", "Herkunft")
	w.want(b.Post("/konto/daten", url.Values{"email": {"a\r\nBcc: x@y.de"}, "benachrichtigung": {"yes"}}), "/konto/daten", 422, "name@example.org")
	w.want(b.Post("/konto/daten", url.Values{"email": {""}, "benachrichtigung": {"yes"}}), "/konto/daten", 422, "schalten Sie die Benachrichtigung aus")
	w.want(b.Post("/konto/daten", url.Values{"email": {"neu@example.org"}, "benachrichtigung": {"yes"}, "sprache": {"en"}}), "/konto/daten", 200, "sind gespeichert")
	if got, err := w.Accounts.Account(t.Context(), id); err != nil || got.Mail != "neu@example.org" || !got.Notify || got.Lang != "en" {
		t.Errorf("contact: %+v, %v", got, err)
	}
	var x struct {
		Account      map[string]any
		Applications []struct {
			Reference string
			Declared  map[string]any
		}
		Drafts, Threads []any
	}
	b.Get("/konto/daten/export")
	w.must(json.NewDecoder(bytes.NewReader([]byte(b.Body))).Decode(&x))
	if len(x.Applications) != 1 || x.Applications[0].Reference != a.Reference || len(x.Applications[0].Declared) == 0 || len(x.Drafts) != 1 || len(x.Threads) != 1 {
		t.Errorf("export: %s", b.Body)
	}
	w.want(b.Get("/entwuerfe/"+d.ID+"/loeschen").Submit("/loeschen"), "/entwuerfe", 200, "ist gelöscht")
	w.want(b.Post("/entwuerfe/"+d.ID+"/loeschen", nil), "/entwuerfe/"+d.ID+"/loeschen", 404)

	d = w.Draft(id, "Jonas", "Brandt")
	phone := w.Browser(t).Get("/test/anmelden?konto=" + id)
	w.want(b.Get("/konto/loeschen"), "/konto/loeschen", 200, "Das bleibt, und warum")
	w.want(b.Submit("/konto/loeschen"), "/abgemeldet", 200, "Ihr Konto ist gelöscht")
	w.want(phone.Get("/konto"), "/anmelden", 200, "abgelaufen")
	if _, err := w.Accounts.Account(t.Context(), id); err == nil {
		t.Error("the account is still there")
	}
	if _, err := w.Applications.Draft(t.Context(), id, d.ID); err == nil {
		t.Error("the draft is still there")
	}
	if _, err := w.Applications.OwnedBy(t.Context(), id, a.ID); err != nil {
		t.Errorf("the application went away: %v", err)
	}

	b, id = w.holder("m3")
	w.want(b.Get("/konto/trennen").Submit("/konto/trennen"), "/abgemeldet", 200, "getrennt")
	if got, err := w.Accounts.Account(t.Context(), id); err != nil || got.BPK2 != "" || got.Mail != "" || got.Notify || len(got.Attributes) != 0 {
		t.Errorf("unlinked: %+v, %v", got, err)
	}
}

func TestAllLanguages(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, id := w.holder("m1")
	guest := w.Browser(t).Get("/test/anmelden")
	a := w.Send(id, id, "Jonas", "Brandt")
	d := w.Draft(id, "Jonas", "Brandt")
	_, err := w.Applications.Request(t.Context(), clerk, a.ID, 0, "N", "B", []string{"X"}, w.Now().Add(-time.Hour), "k")
	w.must(err)
	_, err = w.Applications.Ask(t.Context(), clerk, a.ID, 0, "F", "B", time.Time{}, "k2")
	w.must(err)
	c := w.Send(id, id, "Jonas", "Zweiter")
	f := w.Upload(antrag.StaffOwner("p1"), "Bescheid.pdf", pdf)
	_, err = w.Applications.Decide(t.Context(), clerk, c.ID, 0, postkorb.StatusPartly, "Bescheid", "Text", "k3", []antrag.File{f})
	w.must(err)
	pages := map[*logintest.Browser][]string{guest: {"/konto", "/antraege", "/entwuerfe", "/postkorb"}, b: {"/konto", "/konto/daten", "/konto/trennen", "/konto/loeschen",
		"/antraege", "/antraege/" + a.ID, "/antraege/" + c.ID, "/antraege/" + a.ID + "/kopie", "/antraege/" + a.ID + "/zurueckziehen", "/antraege/" + a.ID + "/ergaenzen",
		"/entwuerfe", "/entwuerfe/" + d.ID + "/loeschen", "/postkorb", "/postkorb?ordner=archiv", "/postkorb/" + a.Thread, "/postkorb/" + c.Thread}}
	for b, paths := range pages {
		for _, lang := range []string{"de", "en", "de-simple"} {
			for _, path := range paths {
				join := "?"
				if strings.Contains(path, "?") {
					join = "&"
				}
				b.Get(path + join + "lang=" + lang)
				if b.Status != 200 || strings.Contains(b.Body, "⟦") || strings.Contains(b.Body, "no value") || strings.Count(b.Body, "<h1") != 1 {
					t.Errorf("%s in %s is not complete: %d", path, lang, b.Status)
				}
			}
		}
	}
	w.want(b.Get("/antraege/"+c.ID+"?lang=de"), "/antraege/"+c.ID, 200, "Entscheidung", "Bescheid.pdf", "Entschieden: teilweise")
	if b.Get("/antraege/" + c.ID + "/datei/" + f.ID); b.Status != 200 || b.Body != pdf {
		t.Errorf("decision: %d", b.Status)
	}
}
