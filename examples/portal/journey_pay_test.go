package portal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// guest logs in for one application and wants no account.
func guest(v *visitor, intro *page) *page {
	v.t.Helper()
	p := bundid(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis")
	if strings.HasPrefix(p.url.Path, "/konto/einrichten") {
		p = p.form("ohne").send()
	}
	return p.want()
}

// TestJourneyGuestPays orders and pays a certificate without an account.
func TestJourneyGuestPays(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	v := newVisitor(t, c.portal.URL())
	intro := guest(v, v.get("/antrag/neu/geburtsurkunde?ort=033990004004"))
	check := walk(intro.form("Antrag beginnen").send(), map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	page := check.agree("Weiter zur Zahlung").send().want("Gebühr bezahlen", "24,50", "Kassenzeichen")
	ref := reference.FindString(page.text())
	back := card(page.form("Jetzt bezahlen").send(), "paid").form("Zurück zum Portal").send().want(ref, "Bezahlt", "Zahlungsbestätigung")
	back.follow("Zahlungsbestätigung").want(ref, "24,50", "Kreditkarte", "Kassenzeichen")
	back.follow("Zum Antrag").want(ref, "Eingegangen")
	newVisitor(t, c.portal.URL()).get(back.url.Path).wantNot(ref, "24,50")
	desk(newVisitor(t, c.portal.URL()), "Heike Janßen").want(ref).follow(ref).want("Übernehmen", "MEIKE")
}

// TestJourneyBornElsewhere: this portal says clearly what it cannot send.
func TestJourneyBornElsewhere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v := s.person("Meike Harms: Online-Ausweis")
	begin := func() *page {
		return v.get("/antrag/neu/geburtsurkunde?ort=033990004004").form("Antrag beginnen").send().want("Geburtsort")
	}

	// A place of the demo with a registry office of its own.
	p := begin().form("eiter").set("geburtsort.gemeinde-suche", "Flecken Lohmoor").send()
	p.want("Dafür ist eine andere Stelle zuständig", "Für Flecken Lohmoor bearbeiten wir diesen Antrag nicht", "Zuständige Stelle", "Lohmoor", "Ihr Entwurf bleibt bis").
		wantNot("Weiter zur Zahlung", "Sie wohnen")
	v.get(p.url.Path + "?lang=de-simple").wantNot("Sie wohnen")
	v.get(p.url.Path + "?lang=de").follow("Ort ändern").want("Geburtsort")

	// A place that nobody knows here.
	far := begin().form("eiter").set("geburtsort.gemeinde-suche", "München").send()
	far.wantStatus(422, "Diesen Ort kennen wir hier nicht", "beim Standesamt des Geburtsortes")
	v.get("/antraege").wantNot("Zahlung offen")
}

// TestJourneyPlatformBooks: where the payment platform books, the record is
// sent along and the portal writes no booking of its own.
func TestJourneyPlatformBooks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "verfahren.json")
	raw, err := json.Marshal(map[string]any{"procedures": []map[string]any{{"name": "URKUNDEN", "salt": testSalt, "books": "platform", "record": "{ref}/{account}/{reference}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCounter(t, func(cfg *portal.Config) { cfg.PaymentFile = file; cfg.SweepEvery(100 * time.Millisecond) })
	v := c.visitor()
	page := c.order(v)
	ref := reference.FindString(page.text())
	card(page.form("Jetzt bezahlen").send(), "paid").form("Zurück zum Portal").send().want("Bezahlt")
	i := slices.IndexFunc(c.transactions(), func(x paymentsim.Transaction) bool { return x.State == paymentsim.StatePaid })
	if i < 0 {
		t.Fatalf("%+v", c.transactions())
	}
	tx := c.transactions()[i]
	if want := kassenzeichen.FindString(page.text()) + "/12220.331100/" + ref; tx.Record != want {
		t.Errorf("record %q, want %q", tx.Record, want)
	}
	c.until("the delivery", func() bool { return len(folders(t, filepath.Join(c.data, "uebergabe"))) > 0 })
	till := newVisitor(t, c.portal.URL())
	desk(till, "Holger Tapken")
	till.get("/amt/kasse").want("24,50", tx.TxID).wantNot("herunterladen")
	if got := folders(t, filepath.Join(c.data, "kasse")); len(got) != 0 {
		t.Errorf("own files of bookings: %v", got)
	}
}

// TestJourneyNeverPaid: who does not pay is reminded once; later the
// application lapses, but not while the service cannot say whether money came.
func TestJourneyNeverPaid(t *testing.T) {
	t.Parallel()
	c := newCounter(t, func(cfg *portal.Config) { cfg.SweepEvery(100 * time.Millisecond) })
	v := c.visitor()
	never, late := c.order(v), c.order(v)
	refs := []string{reference.FindString(never.text()), reference.FindString(late.text())}
	const day = 24 * time.Hour
	c.ahead.Add(int64(3*day + time.Hour))
	v = c.visitor()
	thread := func(p *page) *page {
		return v.get("/antraege/" + strings.TrimPrefix(p.url.Path, "/bezahlen/")).want().follow("Nachrichten im Postkorb lesen").want()
	}
	c.until("the reminder", func() bool { return strings.Contains(thread(never).text(), "Erinnerung: Zahlung offen") })
	thread(never).want("10.12.2026")

	// Somebody pays at the last moment, and the service says nothing.
	c.ahead.Add(int64(27*day - 65*time.Minute))
	v = c.visitor()
	pay := v.get(late.url.Path).form("Jetzt bezahlen").send()
	if err := c.sim.Misbehave(paymentsim.FaultStatus500); err != nil {
		t.Fatal(err)
	}
	card(pay, "silent")
	c.ahead.Add(int64(10 * time.Minute))
	v = c.visitor()
	c.until("the end of the other", func() bool { return strings.Contains(thread(never).text(), "Ihr Antrag ist verfallen") })
	v.get("/antraege").want(refs[0], "Zurückgezogen", refs[1], "Zahlung offen")
	v.get(never.url.Path).want("Dieser Antrag ist beendet").wantNot("Jetzt bezahlen", "Erneut bezahlen")
	if n := strings.Count(thread(never).text(), "Erinnerung: Zahlung offen"); n != 1 {
		t.Errorf("reminded %d times", n)
	}
	if err := c.sim.Misbehave(""); err != nil {
		t.Fatal(err)
	}
	c.ahead.Add(int64(2 * time.Minute))
	v = c.visitor()
	c.until("the payment", func() bool {
		return strings.Contains(v.get(late.url.Path).want().text(), "Ihre Zahlung ist bestätigt")
	})
	till := newVisitor(t, c.portal.URL())
	desk(till, "Holger Tapken")
	till.get("/amt/kasse").want("Es ist nichts zu erstatten")
}

// TestProceduresRecord: a record that the platform would refuse with each
// payment is refused at the start.
func TestProceduresRecord(t *testing.T) {
	t.Parallel()
	for record, fine := range map[string]bool{"{ref}/{account}/{reference}": true, "BUCHE 12220.331100 ({ref})": true,
		"{ref};{account}": false, "{kassenzeichen}": false, "Gebühr {ref}": false, strings.Repeat("x", 400): false, "": false} {
		file := filepath.Join(t.TempDir(), "verfahren.json")
		raw, err := json.Marshal(map[string]any{"procedures": []map[string]any{{"name": "URKUNDEN", "salt": testSalt, "books": "platform", "record": record}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := portal.ReadProcedures(file); (err == nil) != fine {
			t.Errorf("%q: %v", record, err)
		}
	}
}
