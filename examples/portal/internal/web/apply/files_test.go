package apply_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

func TestUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	d := b.begin("ort-suchen")
	other.begin("ort-suchen")
	big := append(bytes.Clone(png), make([]byte, 3000)...)
	b.upload(d+"/wo", []file{{"foto", "groß.png", big}}, "wo-suche", "27899", "zahl", "3").
		is(http.StatusUnprocessableEntity, "Foto: Die Datei ist zu groß", `value="3"`, `href="#foto"`)
	b.upload(d+"/wo", []file{{"foto", "bild.png", []byte("<html><script>alert(1)</script>")}}, "wo-suche", "27899").
		is(http.StatusUnprocessableEntity, "Foto: Diese Datei hat keine erlaubte Art")
	b.upload(d+"/wo", []file{{"foto", "bild.png", pdf}}, "wo-suche", "27899").is(http.StatusUnprocessableEntity, "die Endung passt nicht")
	b.upload(d+"/wo", []file{{"foto", "leer.png", nil}}, "wo-suche", "27899").is(http.StatusUnprocessableEntity, "Foto: Die Datei ist leer")
	b.upload(d+"/wo", []file{{"foto", "a.png", png}, {"foto", "b.pdf", pdf}, {"foto", "c.png", png}}, "wo-suche", "27899").
		is(http.StatusUnprocessableEntity, "nicht so viele Dateien", "a.png", "b.pdf").not("c.png")
	b.upload(d+"/wo", []file{{"foto", "d.png", png}}, "wo-suche", "27899").is(http.StatusUnprocessableEntity, "nicht so viele Dateien")
	b.upload(d+"/wo", []file{{"unbekannt", "x.png", png}}, "wo-suche", "27899").to(d + "/pruefen")

	check := b.get(d+"/pruefen").is(http.StatusOK, "a.png", "b.pdf")
	link := regexp.MustCompile(d + `/datei/[A-Z0-9]+`).FindString(check.Body)
	got := b.get(link).is(http.StatusOK)
	if got.Body != string(png) || got.Header.Get("Content-Disposition") != `attachment; filename="a.png"; filename*=UTF-8''a.png` ||
		got.Header.Get("Content-Type") != "image/png" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("download: %v", got.Header)
	}
	other.get(link).is(http.StatusNotFound)
	other.post(link + "/entfernen").is(http.StatusNotFound)

	// Removing keeps what else was typed on the page.
	id := link[strings.LastIndex(link, "/")+1:]
	b.upload(d+"/wo", nil, "schritt-datei-entfernen", id, "wo-suche", "27899", "zahl", "77").to(d + "/wo")
	b.get(d+"/wo").is(http.StatusOK, `value="77"`, "b.pdf", "Die Datei ist entfernt").not("a.png")
	b.get(link).is(http.StatusNotFound)
	rest := regexp.MustCompile(d + `/datei/[A-Z0-9]+`).FindString(b.get(d + "/pruefen").Body)
	b.post(rest + "/entfernen").to(d + "/wo")
	b.post(rest + "/entfernen").is(http.StatusNotFound)

	b.upload(d+"/wo", []file{{"foto", "e.png", png}}, "schritt-aktion", "hochladen").to(d + "/wo")
	b.get(d+"/wo").is(http.StatusOK, "e.png")
	huge := bytes.Repeat([]byte("x"), 1<<20+10)
	b.upload(d+"/wo", nil, "zahl", string(huge)).is(http.StatusRequestEntityTooLarge)
	b.upload(d+"/wo", []file{{"foto", "riesig.png", append(bytes.Clone(png), make([]byte, 2<<20)...)}}).is(http.StatusUnprocessableEntity, "zu groß")
	raw, err := w.apps.Blobs.Keys(t.Context())
	if err != nil || len(raw) != 1 {
		t.Errorf("%d files are stored (%v), want the one that is left", len(raw), err)
	}
}

// hostile is what no field may choke on.
var hostile = []string{"a\x00b", "\xff\xfe", `<script>alert(1)</script>`, `'; DROP TABLE portal_drafts; --`, `{{.Data}}`, "../../etc/passwd",
	"\u202egnp.exe", strings.Repeat("ä", 5000), "\r\nSet-Cookie: x=1", "😀🐕"}

func TestHostileInputInEveryField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.login(4, "konto1")
	for _, def := range w.set.All() {
		d := b.begin(def.ID)
		for i := range def.Steps {
			st := &def.Steps[i]
			path := d + "/" + st.ID
			if st.Group != nil {
				path += "/neu"
			}
			for _, bad := range hostile {
				v := url.Values{"schritt-stand": {bad}, "schritt-zurueck": {bad}, bad: {bad}}
				for j := range st.Fields {
					for _, k := range st.Fields[j].Keys() {
						v.Set(strings.Replace(k, ".day", "-day", 1), bad)
						v.Set(k, bad)
						v.Set(k+"-suche", bad)
					}
					if st.Fields[j].Type == assistant.TypeDate {
						v.Set(st.Fields[j].ID+"-month", bad)
						v.Set(st.Fields[j].ID+"-year", bad)
					}
				}
				b.postForm(path, v).not("<script>alert", "DROP TABLE portal_drafts; --'")
			}
			b.post(path, "schritt-datei-entfernen", hostile[0], "schritt-datei-entfernen", hostile[1])
			b.get(path)
			b.upload(path, []file{{st.Fields[0].ID, hostile[6] + ".png", png}, {"sachkunde", "a\x00\"\r\n<b>.pdf", pdf}})
		}
		b.get(d + "/pruefen").not("<script>alert(1)")
	}
	for _, bad := range hostile {
		b.post("/antrag/neu/ort-suchen", "dienst", bad, "ort", bad)
		b.post("/antrag/neu/allgemeines-anliegen", "dienst", bad+"/"+bad)
		esc := url.PathEscape(bad)
		if len(esc) < 4000 {
			b.get("/antrag/neu/hund-anmelden?dienst=" + url.QueryEscape(bad) + "&ort=" + url.QueryEscape(bad))
			b.get("/antrag/" + esc)
			b.get("/antrag/" + esc + "/" + esc)
			b.post("/antrag/"+esc+"/"+esc+"/"+esc+"/entfernen", bad, bad)
		}
	}
}

func TestControlCharactersNameTheField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.login(4, "konto1")
	d := b.begin("hund-anmelden")
	b.post(d+"/person", append(without(person, "person.vorname"), "person.vorname", "a\x00b")...).is(http.StatusUnprocessableEntity, "Vorname: In der Eingabe stehen")
	b.post(d+"/person", append(without(person, "person.ort"), "person.ort", "\xff")...).is(http.StatusUnprocessableEntity, "Ort: In der Eingabe stehen Zeichen")
}

// TestEveryPageInEveryLanguage looks for missing texts; the browser checks
// each answer for them.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, lang := range []string{"de", "en", "de-simple"} {
		b := w.browser()
		b.lang = lang
		b.get("/antrag/neu/meldebescheinigung").is(http.StatusOK)
		b.login(4, "konto-"+lang)
		for _, def := range w.set.All() {
			b.get("/antrag/neu/" + def.ID).is(http.StatusOK)
			d := b.begin(def.ID)
			for i := range def.Steps {
				path := d + "/" + def.Steps[i].ID
				b.get(path)
				b.post(path)
				if def.Steps[i].Group != nil {
					b.get(path + "/neu")
					b.post(path + "/neu")
				}
			}
			b.get(d + "/pruefen").is(http.StatusOK)
			b.post(d+"/absenden", "stand", b.get(d+"/pruefen").state()).is(http.StatusUnprocessableEntity)
		}
		b.login(1, "konto-"+lang)
	}
}

// TestEveryCodeHasASentence covers what the pages above do not provoke.
func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	texts := loadTexts(t)
	for _, c := range []assistant.Code{assistant.CodeRequired, assistant.CodeTooLong, assistant.CodePattern, assistant.CodeDateInvalid, assistant.CodeDateFuture,
		assistant.CodeDatePast, assistant.CodeNumber, assistant.CodeRange, assistant.CodeIBAN, assistant.CodeEmail, assistant.CodePhone, assistant.CodePostcode,
		assistant.CodeOption, assistant.CodeFileType, assistant.CodeFileTooBig, assistant.CodeTooFew, assistant.CodeTooMany, assistant.CodeControl,
		assistant.CodeNotUTF8, assistant.CodeGone} {
		all := texts.Translations("apply.error." + string(c))
		for _, lang := range []string{"de", "en", "de-simple"} {
			if !strings.HasPrefix(all[lang], "{label}: ") {
				t.Errorf("%s in %s: %q does not name the question", c, lang, all[lang])
			}
		}
	}
}

// TestStepsDoNotCollide keeps the ids of steps apart from the pages of a draft.
func TestStepsDoNotCollide(t *testing.T) {
	t.Parallel()
	set, err := assistant.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, def := range set.All() {
		for _, st := range def.Steps {
			switch st.ID {
			case "pruefen", "absenden", "gesendet", "andere-stelle", "datei", "neu":
				t.Errorf("%s: step %q is the name of a page", def.ID, st.ID)
			}
		}
	}
}
