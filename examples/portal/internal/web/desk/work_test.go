package desk_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

func wantRedirect(t *testing.T, resp answer, to string) {
	t.Helper()
	if resp.code != http.StatusSeeOther || resp.location != to {
		t.Fatalf("answer = %d to %q, want 303 to %q\n%.400s", resp.code, resp.location, to, resp.body)
	}
}

// The way of a case from the incoming tray to the decision.
func TestWayOfACase(t *testing.T) {
	t.Parallel()
	wayOfACase(t, newWorld(t))
}

func wayOfACase(t *testing.T, w *world) {
	t.Helper()
	a := w.submit("antrag", "dienst-bb", "Jörg", "Maß")
	b := w.as("p-clerk")
	path := "/amt/vorgang/" + a.ID
	wantRedirect(t, b.post(path+"/uebernehmen", b.form(path)), path)
	page := b.get(path)
	if !strings.Contains(page.body, "Sie haben den Vorgang übernommen.") || !strings.Contains(page.body, "zurueckgeben") || strings.Contains(page.body, "uebernehmen") {
		t.Error("the case does not look taken")
	}
	if !strings.Contains(b.get("/amt/meine").body, a.Reference) {
		t.Error("the case is not among my cases")
	}
	wantRedirect(t, b.post(path+"/rueckfrage", with(b.form(path+"/rueckfrage"), "betreff", "Frage", "text", "Zeile 1\r\nZeile 2 <b>", "frist-day", "9", "frist-month", "3", "frist-year", "2026")), path)
	q := w.messages(a, postkorb.KindQuestion)
	if len(q) != 1 || q[0].Body != "Zeile 1\nZeile 2 <b>" || q[0].DueAt.IsZero() || q[0].From.Person != "p-clerk" || w.reload(a).Status != postkorb.StatusQuestion {
		t.Fatalf("question = %+v", q)
	}
	wantRedirect(t, b.post(path+"/nachforderung", with(b.form(path+"/nachforderung"), "betreff", "Bitte", "unterlagen", "Ausweis\r\n\r\n  Foto \n")), path)
	req := w.messages(a, postkorb.KindDocumentRequest)[0]
	if len(req.Slots) != 2 || req.Slots[1].Label != "Foto" {
		t.Fatalf("slots = %+v", req.Slots)
	}
	up, err := w.apps.Upload(t.Context(), "konto-1", "", "", "a.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4 x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.apps.Provide(t.Context(), "konto-1", a.ID, req.ID, req.Slots[0].ID, up); err != nil {
		t.Fatal(err)
	}
	review := path + "/unterlage/" + string(req.ID) + "/" + req.Slots[0].ID
	if resp := b.post(review, with(b.form(review), "urteil", "nein")); resp.code != http.StatusUnprocessableEntity || !strings.Contains(resp.body, "Grund der Ablehnung") {
		t.Errorf("rejecting without a reason = %d", resp.code)
	}
	form := with(b.form(review), "urteil", "ja")
	wantRedirect(t, b.post(review, form), path)
	wantRedirect(t, b.post(review, form), path)
	wantRedirect(t, b.post(path+"/status", with(b.form(path+"/status"), "status", "in-review", "text", "Wir sehen es uns an.")), path)
	wantRedirect(t, b.post(path+"/vermerk", with(b.form(path+"/vermerk"), "text", "Intern")), path)
	wantRedirect(t, b.post(path+"/wiedervorlage", with(b.form(path+"/wiedervorlage"), "tag-day", "2", "tag-month", "3", "tag-year", "2026", "anlass", "Anrufen")), path)
	if body := b.get("/amt/wiedervorlagen").body; !strings.Contains(body, "Anrufen") || !strings.Contains(body, "fällig") {
		t.Error("the reminder does not show")
	}
	rem, _ := w.apps.Reminders(t.Context(), w.visibleAll(), "p-clerk", a.ID)
	wantRedirect(t, b.post(path+"/wiedervorlage/"+rem[0].ID+"/erledigt", url.Values{"zurueck": {"liste"}}), "/amt/wiedervorlagen")
	if strings.Contains(b.get("/amt/wiedervorlagen").body, "Anrufen") {
		t.Error("the reminder still shows")
	}
	wantRedirect(t, b.upload(path+"/bescheid", with(b.form(path+"/bescheid"), "ergebnis", "partly", "betreff", "Bescheid", "text", "Teils."), "Bescheid ä.pdf", []byte("%PDF-1.4 y")), path)
	done := w.reload(a)
	if done.Status != postkorb.StatusPartly || !done.Closed() {
		t.Errorf("status = %s", done.Status)
	}
	dec := w.messages(a, postkorb.KindDecision)
	if len(dec) != 1 || len(dec[0].Attachments) != 1 || dec[0].Attachments[0].Name != "Bescheid ä.pdf" {
		t.Fatalf("decision = %+v", dec)
	}
	file := b.get(path + "/datei/" + dec[0].Attachments[0].ID)
	if file.body != "%PDF-1.4 y" || !strings.HasPrefix(file.header.Get("Content-Disposition"), `attachment; filename="Bescheid _.pdf"; filename*=UTF-8''Bescheid%20%C3%A4.pdf`) ||
		file.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(file.header.Get("Content-Security-Policy"), "sandbox") || file.header.Get("Cache-Control") != "no-store" {
		t.Errorf("file = %q %v", file.body, file.header)
	}
	page = b.get(path)
	for _, want := range []string{"Teils.", "Noch nicht geöffnet", "Entschieden: teilweise", "Zeile 2 &lt;b&gt;", "Unterlage angenommen"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the case lacks %q", want)
		}
	}
	for _, closed := range []string{"/rueckfrage", "/nachforderung", "/bescheid"} {
		if resp := b.get(path + closed); resp.code != http.StatusConflict || !strings.Contains(resp.body, "Der Vorgang ist abgeschlossen.") {
			t.Errorf("%s of a closed case = %d", closed, resp.code)
		}
	}
	if !strings.Contains(b.get("/amt/abgeschlossen").body, a.Reference) || strings.Contains(b.get("/amt/eingang").body, a.Reference) {
		t.Error("the case is in the wrong list")
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submit("antrag", "dienst-bb", "Jörg", "Maß")
	b := w.as("p-clerk")
	if resp := b.get("/amt/vorgang/" + a.ID + "/kopie.pdf"); resp.body != "%PDF-1.4 "+a.Reference || resp.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("copy = %d %q", resp.code, resp.body)
	}
	if resp := b.get("/amt/vorgang/" + a.ID + "/daten.json"); resp.body != string(a.Payload) || !strings.HasPrefix(resp.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("data = %d %q", resp.code, resp.body)
	}
	// A file of another case is none of this one.
	other := w.submit("antrag", "dienst-st", "Ina", "Fremd")
	up, err := w.apps.Upload(t.Context(), "konto-1", "", other.ID, "b.pdf", nil, 1<<20, strings.NewReader("%PDF-1.4 z"))
	if err != nil {
		t.Fatal(err)
	}
	if resp := b.get("/amt/vorgang/" + a.ID + "/datei/" + up.ID); resp.code != http.StatusNotFound {
		t.Errorf("foreign file = %d", resp.code)
	}
	sub := w.messages(other, postkorb.KindSubmission)[0]
	if resp := b.get("/amt/vorgang/" + a.ID + "/nachricht/" + string(sub.ID)); resp.code != http.StatusNotFound {
		t.Errorf("foreign message = %d", resp.code)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("p-head")
	for kind, want := range map[string]postkorb.Status{"urkunde": postkorb.StatusDone, "anzeige": postkorb.StatusConfirmed} {
		a := w.submit(kind, "dienst-bb", "Eva", "Test")
		path := "/amt/vorgang/" + a.ID
		if kind == "urkunde" {
			if _, err := w.apps.Orders.Apply(t.Context(), payment.OrderID(a.ID), payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1500), At: w.now(), Method: "Karte", ProviderRef: "x"}); err != nil {
				t.Fatal(err)
			}
			if page := b.get(path).body; !strings.Contains(page, "15,00 €") || !strings.Contains(page, "Bezahlt") {
				t.Error("the payment does not show")
			}
			if page := w.as("p-clerk").get(path).body; strings.Contains(page, "15,00 €") {
				t.Error("the payment shows without the right to it")
			}
		}
		form := with(b.form(path+"/bescheid"), "betreff", "Fertig", "text", "Bitte sehr.")
		if resp := b.post(path+"/bescheid", with(form, "ergebnis", "granted")); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: result of another kind = %d", kind, resp.code)
		}
		wantRedirect(t, b.post(path+"/bescheid", with(form, "ergebnis", string(want))), path)
		if got := w.reload(a).Status; got != want {
			t.Errorf("%s ends as %s", kind, got)
		}
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submit("antrag", "dienst-bb", "Eva", "Test")
	path := "/amt/vorgang/" + a.ID
	b := w.as("p-post")
	form := b.form(path + "/zuweisen")
	for _, bad := range []string{"", "p-other", "p-auditor", "' OR 1=1 --"} {
		if resp := b.post(path+"/zuweisen", with(form, "person", bad)); resp.code != http.StatusUnprocessableEntity {
			t.Errorf("assign to %q = %d", bad, resp.code)
		}
	}
	wantRedirect(t, b.post(path+"/zuweisen", with(form, "person", "p-mate")), path)
	if got := w.reload(a).Assignee; got != "p-mate" {
		t.Errorf("assignee = %q", got)
	}
	// Somebody else's case is not taken away and not given back.
	clerk := w.as("p-clerk")
	if resp := clerk.post(path+"/uebernehmen", clerk.form(path+"/vermerk")); resp.code != http.StatusConflict {
		t.Errorf("taking away = %d", resp.code)
	}
	if resp := clerk.post(path+"/zurueckgeben", clerk.form(path+"/vermerk")); resp.code != http.StatusForbidden {
		t.Errorf("giving back = %d", resp.code)
	}
	mate := w.as("p-mate")
	wantRedirect(t, mate.post(path+"/zurueckgeben", mate.form(path)), path)
	if got := w.reload(a).Assignee; got != "" {
		t.Errorf("assignee = %q", got)
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submit("antrag", "dienst-bb", "Eva", "Test")
	path := "/amt/vorgang/" + a.ID
	one, two := w.as("p-clerk"), w.as("p-mate")
	first, second := one.form(path+"/status"), two.form(path+"/status")
	wantRedirect(t, one.post(path+"/status", with(first, "status", "handed-over")), path)
	resp := two.post(path+"/status", with(second, "status", "payment-open", "text", "Mein langer Text"))
	if resp.code != http.StatusConflict {
		t.Fatalf("second clerk = %d", resp.code)
	}
	for _, want := range []string{"Inzwischen wurde etwas geändert", "Status geändert: An Fachverfahren übergeben", "Name p-clerk", "Mein langer Text"} {
		if !strings.Contains(resp.body, want) {
			t.Errorf("the page of the conflict lacks %q", want)
		}
	}
	if strings.Contains(resp.body, "Eingegangen bei") {
		t.Error("the page of the conflict shows what was there before")
	}
	// The same wish of another person is no second click of one's own.
	if resp := two.post(path+"/status", with(second, "status", "handed-over")); resp.code != http.StatusConflict {
		t.Errorf("same status by somebody else = %d", resp.code)
	}
	if got := w.reload(a).Status; got != postkorb.StatusHandedOver {
		t.Errorf("status = %s", got)
	}
}

// A second click does nothing and leads to the same place, one after the
// other and at the same time.
func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("p-clerk")
	tests := []struct {
		path string
		form []string
		kind postkorb.Kind
	}{
		{"rueckfrage", []string{"betreff", "B", "text", "T"}, postkorb.KindQuestion},
		{"nachforderung", []string{"betreff", "B", "unterlagen", "U"}, postkorb.KindDocumentRequest},
		{"mitteilung", []string{"betreff", "B", "text", "T"}, ""},
		{"bescheid", []string{"betreff", "B", "text", "T", "ergebnis", "granted"}, postkorb.KindDecision},
		{"status", []string{"status", "handed-over"}, ""},
		{"vermerk", []string{"text", "Nur einmal"}, ""},
		{"wiedervorlage", []string{"anlass", "Nur einmal", "tag-day", "1", "tag-month", "4", "tag-year", "2026"}, ""},
	}
	for _, tt := range tests {
		a := w.submit("antrag", "dienst-bb", "Eva", "Test")
		path := "/amt/vorgang/" + a.ID
		form := with(b.form(path+"/"+tt.path), tt.form...)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				twin := &browser{w: w, cookies: map[string]string{}}
				for k, v := range b.cookies {
					twin.cookies[k] = v
				}
				if resp := twin.post(path+"/"+tt.path, form); resp.code != http.StatusSeeOther || resp.location != path {
					t.Errorf("%s = %d to %q", tt.path, resp.code, resp.location)
				}
			})
		}
		wg.Wait()
		wantRedirect(t, b.post(path+"/"+tt.path, form), path)
		if tt.kind != "" {
			if n := len(w.messages(a, tt.kind)); n != 1 {
				t.Errorf("%s sent %d messages", tt.path, n)
			}
		}
		log, err := w.apps.Log(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(log) != 2 {
			t.Errorf("%s left %d entries in the log, want 2", tt.path, len(log))
		}
	}
}

func (w *world) visibleAll() antrag.Visible {
	return func(q *antragQuery) *antragQuery { return q }
}

// Nasty input in every field: nothing breaks, nothing runs, nothing is lost.
func TestNastyInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("p-clerk")
	forms := map[string][]string{
		"rueckfrage": {"betreff", "text"}, "nachforderung": {"betreff", "unterlagen"}, "mitteilung": {"betreff", "text"}, "bescheid": {"betreff", "text", "ergebnis"},
		"status": {"status", "text"}, "vermerk": {"text"}, "wiedervorlage": {"anlass", "tag-day", "tag-month", "tag-year"},
	}
	a := w.submit("antrag", "dienst-bb", "Eva", "Test")
	path := "/amt/vorgang/" + a.ID
	fixed := []string{"status", "ergebnis", "tag-day", "tag-month", "tag-year"}
	good := map[string]string{"status": "handed-over", "ergebnis": "granted", "tag-day": "1", "tag-month": "4", "tag-year": "2026"}
	value := func(field string) string {
		if v, ok := good[field]; ok {
			return v
		}
		return "Gut"
	}
	for name, fields := range forms {
		for _, field := range append([]string{"version", "stand", "key"}, fields...) {
			for what, nasty := range map[string]string{"NUL": "a\x00b", "UTF-8": "a\xffb"} {
				form := b.form(path + "/" + name)
				for _, f := range fields {
					form.Set(f, value(f))
				}
				form.Set(field, nasty)
				if resp := b.post(path+"/"+name, form); resp.code != http.StatusBadRequest {
					t.Errorf("%s, %s in %s = %d", name, what, field, resp.code)
				}
			}
		}
		for _, field := range fields {
			codes := []string{"", strings.Repeat("ü", 10_001), "a\x07b"}
			for _, f := range fixed {
				if f == field {
					codes = append(codes, "'; DROP TABLE portal_applications; --", "<script>alert(1)</script>", "99")
				}
			}
			for _, nasty := range codes {
				if field == "text" && name == "status" && nasty == "" {
					continue // may be empty
				}
				form := b.form(path + "/" + name)
				for _, f := range fields {
					form.Set(f, value(f))
				}
				form.Set(field, nasty)
				resp := b.post(path+"/"+name, form)
				if resp.code != http.StatusUnprocessableEntity {
					t.Errorf("%s, %.20q in %s = %d", name, nasty, field, resp.code)
				}
				if strings.Contains(resp.body, "<script>alert") {
					t.Errorf("%s: %s runs in the page", name, field)
				}
				if id := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(field, "-day"), "-month"), "-year"); !strings.Contains(resp.body, `href="#`+id+`"`) || !strings.Contains(resp.body, `id="`+id+`"`) {
					t.Errorf("%s: the summary does not lead to %s", name, id)
				}
			}
		}
	}
	if now := w.reload(a); now.Version != a.Version {
		t.Error("a bad form changed the case")
	}
	evil := `<script>alert(1)</script>'; DROP TABLE portal_notes; -- "`
	for _, name := range []string{"vermerk", "mitteilung", "rueckfrage", "nachforderung"} {
		wantRedirect(t, b.post(path+"/"+name, with(b.form(path+"/"+name), "betreff", evil, "text", evil, "unterlagen", evil)), path)
	}
	page := b.get(path).body
	if strings.Contains(page, "<script>alert") || strings.Count(page, "&lt;script&gt;alert(1)") < 6 {
		t.Error("texts are not shown as they were entered")
	}
	for _, path := range []string{"/amt/eingang?nach=x", "/amt/eingang?nach=YSBi", "/amt/eingang?status=%00"} {
		if resp := b.get(path); resp.code != http.StatusBadRequest {
			t.Errorf("%s = %d", path, resp.code)
		}
	}
	for _, path := range []string{"/amt/eingang?status='%20OR%201=1", "/amt/eingang?dienst=%27", "/amt/eingang?suche=x", "/amt/vorgang/'%20OR%20'1'='1", "/amt/vorgang/%3Cscript%3E"} {
		if resp := b.get(path); resp.code != http.StatusOK && resp.code != http.StatusNotFound {
			t.Errorf("%s = %d", path, resp.code)
		}
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("p-clerk")
	a := w.submit("antrag", "dienst-bb", "Eva", "Test")
	path := "/amt/vorgang/" + a.ID + "/mitteilung"
	big := append([]byte("%PDF-1.4 "), bytes.Repeat([]byte{'x'}, 50<<20)...)
	tests := []struct {
		name    string
		file    string
		content []byte
		code    int
		text    string
	}{
		{"too large", "a.pdf", big, http.StatusUnprocessableEntity, "größer als 50 MB"},
		{"far too large", "a.pdf", bytes.Repeat(big, 3), http.StatusRequestEntityTooLarge, ""},
		{"no PDF", "a.pdf", []byte("<html><script>alert(1)</script>"), http.StatusUnprocessableEntity, "PDF-Datei"},
		{"wrong ending", "a.exe", []byte("%PDF-1.4 x"), http.StatusUnprocessableEntity, "PDF-Datei"},
		{"empty", "a.pdf", nil, http.StatusUnprocessableEntity, "leer"},
		{"no name", "..", []byte("%PDF-1.4 x"), http.StatusUnprocessableEntity, "Dateiname"},
	}
	for _, tt := range tests {
		resp := b.upload(path, with(b.form(path), "betreff", "Bleibt stehen", "text", "Text"), tt.file, tt.content)
		if resp.code != tt.code || !strings.Contains(resp.body, tt.text) {
			t.Errorf("%s = %d", tt.name, resp.code)
		}
		if tt.code == http.StatusUnprocessableEntity && !strings.Contains(resp.body, "Bleibt stehen") {
			t.Errorf("%s: what was entered is lost", tt.name)
		}
	}
	// A form with a mistake leaves no document behind.
	if resp := b.upload(path, with(b.form(path), "betreff", "", "text", "Text"), "a.pdf", []byte("%PDF-1.4 x")); resp.code != http.StatusUnprocessableEntity {
		t.Errorf("mistake = %d", resp.code)
	}
	keys, err := w.apps.Blobs.Keys(t.Context())
	if err != nil || len(keys) != 0 {
		t.Errorf("%d documents were left behind, %v", len(keys), err)
	}
	wantRedirect(t, b.upload(path, with(b.form(path), "betreff", "B", "text", "Text"), `x\..\Größe "1".pdf`, []byte("%PDF-1.4 x")), "/amt/vorgang/"+a.ID)
	if body := b.get("/amt/vorgang/" + a.ID).body; !strings.Contains(body, "Größe 1.pdf") {
		t.Error("the document does not show")
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 60 {
		w.submit("antrag", "dienst-bb", "Nr", fmt.Sprint(i))
	}
	b := w.as("p-clerk")
	seen := map[string]bool{}
	path, pages := "/amt/eingang", 0
	for path != "" {
		pages++
		resp := b.get(path)
		if !strings.Contains(resp.body, "Vorgänge: 60<") {
			t.Error("the count is wrong")
		}
		for _, part := range strings.Split(resp.body, `href="/amt/vorgang/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			if seen[id] {
				t.Errorf("case %s is on two pages", id)
			}
			seen[id] = true
		}
		path = ""
		if _, rest, ok := strings.Cut(resp.body, `rel="next"`); ok {
			_ = rest
			i := strings.Index(resp.body, `rel="next"`)
			head := resp.body[:i]
			head = head[strings.LastIndex(head, `href="`)+6:]
			path, _, _ = strings.Cut(head, `"`)
		}
	}
	if len(seen) != 60 || pages != 3 {
		t.Errorf("%d cases on %d pages", len(seen), pages)
	}
}
