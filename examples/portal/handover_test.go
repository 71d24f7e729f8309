package portal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/fachsim"
)

// office is a portal with a back office on a real socket. Time can be moved on
// for both.
type office struct {
	t      *testing.T
	portal *portal.Portal
	sim    *fachsim.Server
	ahead  atomic.Int64
}

func newOffice(t *testing.T, change func(*portal.Config)) *office {
	t.Helper()
	o := &office{t: t}
	begin := time.Now()
	now := func() time.Time {
		return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin)).Add(time.Duration(o.ahead.Load()))
	}
	secret := strings.Repeat("geheim-", 6)
	sim, err := fachsim.Start(fachsim.Options{Addr: "localhost:0", Secret: []byte(secret), Now: now, Pauses: []time.Duration{200 * time.Millisecond, 9 * time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	o.sim = sim
	dir := t.TempDir()
	file := filepath.Join(dir, "uebergaben.json")
	raw, err := json.Marshal([]map[string]any{{"name": "Fachverfahren Steuern", "destination": "steuern:hunde", "kind": "webhook",
		"assistants": []string{"hund-anmelden", "hund-abmelden"}, "lookups": []string{"hunde"}, "url": sim.URL, "sender": "altenwehr", "secretFile": "geheim"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{file: string(raw), filepath.Join(dir, "geheim"): secret + "\n"} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.portal = start(t, func(c *portal.Config) {
		c.HandOvers, c.Now = file, now
		if change != nil {
			change(c)
		}
	})
	if err := sim.SetPortal(o.portal.URL()); err != nil {
		t.Fatal(err)
	}
	return o
}

// until waits for something that happens in the background.
func (o *office) until(what string, ok func() bool) {
	o.t.Helper()
	// A message that is tried in the moment in which the application arrives
	// comes again after the first pause of the outbox, half a minute.
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if ok() {
			return
		}
	}
	o.t.Fatalf("%s does not happen", what)
}

// of lists what the office got for a case.
func (o *office) of(ref string) []fachsim.Submission {
	return slices.DeleteFunc(o.sim.Submissions(), func(s fachsim.Submission) bool { return s.Reference != ref })
}

// write sends a reply and waits until the portal has answered.
func (o *office) write(ref string, r fachsim.Reply) fachsim.Reply {
	o.t.Helper()
	if !o.sim.Write(ref, r) {
		o.t.Fatalf("the office has no case %s", ref)
	}
	var got fachsim.Reply
	o.until("an answer to "+r.ID, func() bool {
		all := slices.DeleteFunc(o.sim.Replies(), func(x fachsim.Reply) bool { return x.Reference != ref })
		got = all[len(all)-1]
		return got.Attempts > 0
	})
	return got
}

// citizen is logged in with an account and stands on the start page.
func (o *office) citizen(persona string) *visitor {
	o.t.Helper()
	v := newVisitor(o.t, o.portal.URL())
	consent(bundid(v.get("/anmelden"), persona)).want()
	return v
}

func (o *office) clerk() *visitor {
	o.t.Helper()
	v := newVisitor(o.t, o.portal.URL())
	desk(v, "Wiebke Harms").want()
	return v
}

// register hands in the registration of a dog.
func (o *office) register(v *visitor) (ref, id string) {
	o.t.Helper()
	v.get("/ort?q=27899").form("Stadt Altenwehr übernehmen").send().want()
	step := v.get("/antrag/neu/hund-anmelden").form("Antrag beginnen").send().want()
	for !strings.HasSuffix(step.url.Path, "/hunde") {
		step = step.form("weiter").send().want()
	}
	f := step.follow("Eintrag hinzufügen").form("Speichern und weiter").set("name", "Flocke").set("rasse", "Pudel").
		set("geburt-day", "1").set("geburt-month", "2").set("geburt-year", "2023").
		set("seit-day", "3").set("seit-month", "05").set("seit-year", "2024").set("gefaehrlich", "no").set("versicherung", "no").
		attach("sachkunde", "nachweis.png", "image/png", []byte(png))
	list := f.send().want()
	for !strings.HasSuffix(list.url.Path, "/hunde") {
		list = list.form("Speichern und weiter").send().want()
	}
	pay := list.form("Speichern und weiter").send().want("Zahlung")
	return o.send(pay.form("Speichern und weiter").choose("zahlung.art", "ueberweisung").send())
}

// send hands in what stands on the page to check.
func (o *office) send(check *page) (ref, id string) {
	o.t.Helper()
	sent := check.want("Angaben prüfen").agree("Antrag absenden").send().want()
	if ref = reference.FindString(sent.text()); ref == "" {
		o.t.Fatalf("no reference\n%s", clip(sent.text()))
	}
	link := sent.link("Kopie")
	_, rest, _ := strings.Cut(link, "/antraege/")
	id, _, _ = strings.Cut(rest, "/")
	return ref, id
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		wholeWay(newOffice(t, nil))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		wholeWay(newOffice(t, onPostgres(t)))
	})
}

// wholeWay is an application that the office takes, asks about and decides,
// without anybody opening the portal.
func wholeWay(o *office) {
	t := o.t
	v := o.citizen("Meike Harms: Online-Ausweis")
	ref, id := o.register(v)
	o.until("the delivery", func() bool { return len(o.of(ref)) == 1 })
	if first := o.of(ref)[0]; first.Key != "antrag-"+id || first.Destination != "steuern:hunde" || len(first.Attachments) != 1 || first.MediaType != "application/json" {
		t.Fatalf("delivered %+v", first)
	}

	if r := o.write(ref, fachsim.Reply{ID: "q", Kind: "receipt", Subject: "Eingang quittiert"}); r.State != fachsim.StateTaken {
		t.Fatalf("receipt: %+v", r)
	}
	v.get("/antraege/" + id).want("In Bearbeitung")
	clerk := o.clerk()
	clerk.get("/amt/vorgang/"+id).want("Vom Fachverfahren übernommen", "Fachverfahren Steuern", "Empfangsquittung")

	// A question and its answer.
	o.write(ref, fachsim.Reply{ID: "f", Kind: "question", Subject: "Farbe", Body: "Welche Farbe hat der Hund?", Due: "2026-11-24"})
	thread := v.get("/antraege/"+id).want("Rückfrage").follow("Nachrichten im Postkorb lesen").want("Welche Farbe hat der Hund?", "24.11.2026")
	again := thread.form("Antwort senden").set("text", "Weiß wie Schnee")
	again.send().want()
	again.send().want() // a second click is the same answer
	o.until("the answer", func() bool { return len(o.of(ref)) == 2 })
	if up := o.of(ref)[1]; up.MediaType != "application/vnd.stadttor.message+json" || !strings.Contains(string(up.Payload), "Weiß wie Schnee") || !strings.Contains(string(up.Payload), `"kind":"answer"`) {
		t.Fatalf("answer: %s", up.Payload)
	}
	clerk.get("/amt/vorgang/"+id).want("aus dem Fachverfahren", "Rückfrage aus dem Fachverfahren", "Nachricht zum Antrag")

	// A document that is missing.
	o.write(ref, fachsim.Reply{ID: "u", Kind: "document-request", Subject: "Bitte nachreichen", Documents: []string{"Versicherungsschein"}, Due: "2026-11-30"})
	thread = v.get(thread.url.String()).want("Versicherungsschein")
	f := thread.form("Versicherungsschein")
	for name := range f.names {
		if strings.HasPrefix(name, "datei-") {
			f.attach(name, "schein.png", "image/png", []byte(png))
		}
	}
	f.send().want("schein.png")
	o.until("the document", func() bool { return len(o.of(ref)) == 3 })
	if up := o.of(ref)[2]; len(up.Attachments) != 1 || !strings.Contains(string(up.Payload), "Versicherungsschein") {
		t.Fatalf("document: %+v", up)
	}

	// The decision ends the case on both sides.
	pdf := []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n")
	if r := o.write(ref, fachsim.Reply{ID: "b", Kind: "decision", Status: "granted", Subject: "Hundesteuerbescheid", Body: "Die Steuer beträgt 72,00 € im Jahr.",
		Attachments: []fachsim.Attachment{{Name: "Bescheid.pdf", MediaType: "application/pdf", Content: pdf}}}); r.State != fachsim.StateTaken {
		t.Fatalf("decision: %+v", r)
	}
	done := v.get("/antraege/"+id).want("bewilligt", "Bescheid.pdf")
	if got := v.get(done.link("Bescheid.pdf")); got.status != 200 || got.body != string(pdf) {
		t.Fatalf("Bescheid: %d, %d bytes", got.status, len(got.body))
	}
	clerk.get("/amt/vorgang/"+id).want("Bescheid aus dem Fachverfahren", "Entschieden: bewilligt")

	// What comes later is refused, but for information.
	if r := o.write(ref, fachsim.Reply{ID: "f2", Kind: "question", Body: "Noch etwas?"}); r.State != fachsim.StateRefused || r.Code != "closed" {
		t.Fatalf("after the end: %+v", r)
	}
	if r := o.write(ref, fachsim.Reply{ID: "i", Kind: "information", Body: "Die Marke liegt bereit."}); r.State != fachsim.StateTaken {
		t.Fatalf("information: %+v", r)
	}
}

// dogs opens the question which dog is meant.
func (o *office) dogs(v *visitor) *page {
	o.t.Helper()
	v.get("/ort?q=27899").form("Stadt Altenwehr übernehmen").send().want()
	step := v.get("/antrag/neu/hund-abmelden").form("Antrag beginnen").send().want()
	for !strings.HasSuffix(step.url.Path, "/hund") {
		step = step.form("weiter").send().want()
	}
	return step
}

// finish answers the last questions and hands the application in.
func (o *office) finish(step *page) (ref, id string) {
	o.t.Helper()
	return o.send(step.want("Grund der Abmeldung").form("Speichern und weiter").set("grund", "verstorben").
		set("seit-day", "2").set("seit-month", "11").set("seit-year", "2026").send())
}

func TestDeregisterOwnDogs(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := o.citizen("Meike Harms: Online-Ausweis")
	step := o.dogs(v).want("Emma, Jack Russell Terrier", "Wanda, Labrador Retriever", "Chipnummer 999000000001001", "Ich gebe den Hund selbst an").
		wantNot("Käpt'n", "Rufus", "Senta")

	// Only what was offered is taken, whatever is sent.
	forged := step.form("Speichern und weiter")
	forged.values.Set("hund", "HR-1003")
	forged.send().wantStatus(422, "nicht mehr angeboten")

	f := step.form("Speichern und weiter").set("hund", "HR-1002").send()
	draft := f.url.Path[:strings.LastIndex(f.url.Path, "/")]
	ref, id := o.finish(f)
	v.get("/antraege/"+id+"/kopie").want("Wanda, Labrador Retriever", "aus dem Register des Amtes")
	o.until("the delivery", func() bool { return len(o.of(ref)) == 1 })
	if body := string(o.of(ref)[0].Payload); !strings.Contains(body, `"value":"HR-1002"`) || !strings.Contains(body, `"facts":[`) || strings.Contains(body, "subject") {
		t.Errorf("payload: %s", body)
	}
	o.clerk().get("/amt/vorgang/"+id).want("Wanda, Labrador Retriever", "aus dem Register, ausgewählt")
	o.write(ref, fachsim.Reply{ID: "b", Kind: "decision", Status: "granted", Subject: "Bescheid", Body: "Der Hund ist abgemeldet."})
	o.dogs(v).want("Emma").wantNot("Wanda")
	_ = draft

	// Somebody with nothing in the register is not stuck.
	other := o.citizen("Renate Wulff: Konto")
	step = o.dogs(other).want("nichts gefunden")
	step = step.form("Speichern und weiter").set("hund", "anderer").send()
	for !strings.HasSuffix(step.url.Path, "/ende") {
		fill := step.form("Speichern und weiter").set("hund_name", "Struppi").set("hund_kennung", "HST-000001")
		step = fill.send()
	}
	ref, _ = o.finish(step)
	o.until("the delivery", func() bool { return len(o.of(ref)) == 1 })
}

func TestLookupOfTheLoginOnly(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := o.citizen("Meike Harms: Online-Ausweis")
	step := o.dogs(v)
	step.form("Speichern und weiter").set("hund", "HR-1002").send().want("Grund")
	v.get(step.url.String()).want("Wanda")

	// The same account with a login that proves too little: the register is not
	// asked, and what was chosen is hidden.
	low := o.citizen("Meike Harms: Benutzername")
	weak := low.get(step.url.String()).want("nur nach einer Anmeldung").wantNot("Emma", "Wanda")
	forged := weak.form("Speichern und weiter")
	forged.values.Set("hund", "HR-1001")
	forged.send().wantStatus(422)

	// Without an account it works too.
	guest := newVisitor(t, o.portal.URL())
	p := bundid(guest.get("/anmelden"), "Meike Harms: Online-Ausweis")
	if strings.HasPrefix(p.url.Path, "/konto/einrichten") {
		p = p.form("ohne").send()
	}
	p.want()
	o.dogs(guest).want("Emma", "Wanda")
}

func TestLookupFaults(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := o.citizen("Meike Harms: Online-Ausweis")
	step := o.dogs(v).want("Emma")
	for fault, words := range map[string]string{"lookup-huge": "antwortet gerade nicht", "lookup-foreign": "nichts gefunden", "answer-html": "antwortet gerade nicht",
		"answer-unsigned": "antwortet gerade nicht", "answer-cut": "antwortet gerade nicht", "slow": "antwortet gerade nicht"} {
		if err := o.sim.Misbehave(fault); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		v.get(step.url.String()).want(words, "Ich gebe den Hund selbst an").wantNot("Emma", "Rufus", "Käpt'n")
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("%s: the page came after %s", fault, took)
		}
		forged := step.form("Speichern und weiter")
		forged.values.Set("hund", "HR-1003")
		forged.send().wantStatus(422)
	}
	if err := o.sim.Misbehave(""); err != nil {
		t.Fatal(err)
	}
	v.get(step.url.String()).want("Emma", "Wanda")
}

// Whatever the office does wrong, the case keeps a right state and the staff can
// see what is the matter.
func TestFaultsOfTheOffice(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v, clerk := o.citizen("Meike Harms: Online-Ausweis"), o.clerk()
	for fault, words := range map[string]string{"answer-unsigned": "nicht erkennbar vom Fachverfahren", "answer-html": "nicht erkennbar vom Fachverfahren",
		"answer-cut": "Letzter Fehler", "answer-500-once": "Letzter Fehler"} {
		if err := o.sim.Misbehave(fault); err != nil {
			t.Fatal(err)
		}
		ref, id := o.register(v)
		address := "/amt/vorgang/" + id
		waitFor(t, func() *page { return clerk.get(address) }, words).want("Jetzt erneut übergeben")
		// What the citizen writes meanwhile does not overtake.
		v.get("/antraege/"+id+"/ergaenzen").form("senden").set("text", "Noch etwas").send().want()
		if err := o.sim.Misbehave(""); err != nil {
			t.Fatal(err)
		}
		clerk.get(address).form("Jetzt erneut übergeben").send().want("Die Übergabe wird erneut versucht.")
		o.until("the delivery and what waited for it", func() bool { return len(o.of(ref)) == 2 })
		if got := o.of(ref); got[0].Key != "antrag-"+id || !strings.HasPrefix(got[1].Key, "nachricht-") {
			t.Errorf("%s: %+v", fault, got)
		}
		o.until("the receipts of both", func() bool {
			text := clerk.get(address).want().text()
			return strings.Count(text, "Empfangsquittung: ") == 2 && !strings.Contains(text, "Letzter Fehler") && !strings.Contains(text, "Jetzt erneut übergeben")
		})
	}

	ref, id := o.register(v)
	o.until("the delivery", func() bool { return len(o.of(ref)) == 1 })
	address := "/amt/vorgang/" + id
	question := func(fault, text string) fachsim.Reply {
		t.Helper()
		if err := o.sim.Misbehave(fault); err != nil {
			t.Fatal(err)
		}
		return o.write(ref, fachsim.Reply{ID: fault, Kind: "question", Subject: "Frage", Body: text})
	}
	if r := question("reply-forged", "gefälscht"); r.State != fachsim.StateWaiting {
		t.Errorf("forged: %+v", r)
	}
	clerk.get(address).wantNot("gefälscht")
	o.ahead.Add(int64(10 * time.Minute)) // the office comes back with it, signed rightly now
	if err := o.sim.Misbehave(""); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() *page { return clerk.get(address) }, "gefälscht")
	question("reply-twice", "doppelt")
	question("reply-foreign", "fremd")
	if text := clerk.get(address).want("doppelt", "fremd").text(); strings.Count(text, "doppelt") != 1 || strings.Count(text, "fremd") != 1 {
		t.Errorf("a reply counts twice\n%s", clip(text))
	}
	if err := o.sim.Misbehave("status-unknown"); err != nil {
		t.Fatal(err)
	}
	if r := o.write(ref, fachsim.Reply{ID: "s", Kind: "status", Status: "in-review"}); r.State != fachsim.StateRefused || r.Code != "status" {
		t.Errorf("unknown state: %+v", r)
	}
	clerk.get(address).want("Rückfrage offen")
}

func TestWithdrawHandedOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := o.citizen("Meike Harms: Online-Ausweis")
	withdraw := func(id string) {
		t.Helper()
		v.get("/antraege/" + id + "/zurueckziehen").form("Antrag zurückziehen").send().want("Zurückgezogen")
	}
	ref, id := o.register(v)
	o.until("the delivery", func() bool { return len(o.of(ref)) == 1 })
	withdraw(id)
	o.until("the withdrawal", func() bool { return len(o.of(ref)) == 2 })
	if up := o.of(ref)[1]; !strings.Contains(string(up.Payload), `"kind":"withdrawal"`) {
		t.Errorf("withdrawal: %s", up.Payload)
	}
	if r := o.write(ref, fachsim.Reply{ID: "q", Kind: "receipt"}); r.State != fachsim.StateRefused || r.Code != "closed" {
		t.Errorf("receipt after the withdrawal: %+v", r)
	}
}
