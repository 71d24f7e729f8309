package portal_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// counter is a portal with a payment service on a real socket. Time can be
// moved on for both.
type counter struct {
	t      *testing.T
	portal *portal.Portal
	sim    *paymentsim.Server
	ahead  atomic.Int64
	data   string
}

const testAGS, testSalt = "03399004", "ein-salz-fuer-den-test"

func newCounter(t *testing.T, change func(*portal.Config)) *counter {
	t.Helper()
	c := &counter{t: t}
	begin := time.Now()
	now := func() time.Time {
		return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin)).Add(time.Duration(c.ahead.Load()))
	}
	var err error
	c.sim, err = paymentsim.Start(&paymentsim.Options{Addr: "localhost:0", Now: now, Slow: 20 * time.Second,
		Merchants: []paymentsim.Merchant{{AGS: testAGS, Procedure: "URKUNDEN", Salt: testSalt, Name: "Stadt Altenwehr"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.sim.Close() })
	file := filepath.Join(t.TempDir(), "verfahren.json")
	raw, err := json.Marshal(map[string]any{"procedures": []map[string]any{{"name": "URKUNDEN", "salt": testSalt, "books": "portal"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	c.portal = start(t, func(cfg *portal.Config) {
		cfg.PaymentURL, cfg.PaymentAGS, cfg.PaymentFile, cfg.Now = c.sim.URL, testAGS, file, now
		if change != nil {
			change(cfg)
		}
		c.data = cfg.Data
	})
	return c
}

func (c *counter) until(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("%s does not happen", what)
}

// order fills the form and stands on the page to pay.
func (c *counter) order(v *visitor) *page {
	c.t.Helper()
	intro := v.get("/antrag/neu/geburtsurkunde?ort=033990004004").want("15,00", "Substantiell")
	if strings.Contains(intro.text(), "Mit BundID anmelden") && !strings.Contains(intro.text(), "Antrag beginnen") {
		intro = bundid(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis")
	}
	check := walk(intro.form("Antrag beginnen").send(), map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	check.want("24,50", "Standesamt", "Weiter zur Zahlung")
	return check.agree("Weiter zur Zahlung").send().want("Gebühr bezahlen", "Offen", "24,50", "7,50", "Porto", "Kassenzeichen")
}

// card pays with a card on the page of the service.
func card(p *page, code string) *page {
	p.v.t.Helper()
	p.want("Womit möchten Sie bezahlen?", "24,50")
	return p.form("bezahlen").set("karte", code).send()
}

func (c *counter) visitor() *visitor {
	v := newVisitor(c.t, c.portal.URL())
	consent(bundid(v.get("/anmelden"), "Meike Harms: Online-Ausweis"))
	return v
}

func (c *counter) transactions() []paymentsim.Transaction {
	return slices.DeleteFunc(c.sim.Transactions(), func(t paymentsim.Transaction) bool { return t.Amount != 2450 })
}

// state waits until the page says where the payment stands.
func (c *counter) state(p *page, words string) *page {
	c.t.Helper()
	var now *page
	c.until(words, func() bool { now = p.v.get(p.url.Path); return strings.Contains(now.text(), words) })
	return now
}

func TestPay(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); payWhole(t, newCounter(t, nil)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); payWhole(t, newCounter(t, onPostgres(t))) })
}

// payWhole is the whole way of one payment, seen from all sides.
func payWhole(t *testing.T, c *counter) {
	v := c.visitor()
	page := c.order(v)
	ref := reference.FindString(page.text())
	v.get("/antraege").want(ref, "Zahlung offen", "Zur Zahlung")
	mine := v.get("/antraege").follow("Geburtsurkunde bestellen").want("Gesendet, noch nicht bezahlt", "Zur Zahlung").wantNot("Rechnung")

	clerk := newVisitor(t, c.portal.URL())
	kase := desk(clerk, "Heike Janßen").want(ref).follow(ref).want("noch nicht bezahlt", "Zahlung offen").wantNot("Übernehmen", "Bescheid oder Ergebnis")

	// Nobody else sees it or can pay it; what is not there answers alike.
	stranger := newVisitor(t, c.portal.URL())
	consent(bundid(stranger.get("/anmelden"), "Jonas Brandt: Benutzername"))
	for _, path := range []string{"", "/bestaetigung"} {
		stranger.get(page.url.Path + path).wantStatus(404).wantNot(ref)
	}
	stranger.post(page.url.Path, nil).wantStatus(404)
	v.get("/bezahlen/gibtesnicht").wantStatus(404)

	// Two windows and a double click are one payment.
	one, two := page.form("Jetzt bezahlen").send(), page.form("Jetzt bezahlen").send()
	if one.url.String() != two.url.String() || len(c.transactions()) != 1 {
		t.Fatalf("two pay pages: %s %s", one.url, two.url)
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, c.sim.URL) {
		t.Errorf("the form may not lead to the service: %s", csp)
	}
	back := card(one, "paid").want("Die Zahlung ist gelungen").form("Zurück zum Portal").send().want("Bezahlt", "Zahlungsbestätigung")
	if back.url.Path != page.url.Path {
		t.Errorf("came back to %s", back.url)
	}
	tx := c.transactions()[0]
	if !strings.HasPrefix(tx.Desc, "AW26") || tx.Amount != 2450 {
		t.Errorf("%+v", tx)
	}
	back.follow("Zahlungsbestätigung").want(ref, "24,50", "Kreditkarte", "Standesamt", "Kassenzeichen", "MEIKE")
	v.post(page.url.Path, nil).want("Bezahlt") // nothing to pay twice
	thread := v.get("/postkorb").want(ref).follow("Geburtsurkunde bestellen").want("Zahlung offen", "Zahlungsbestätigung", "Eingangsbestätigung", "24,50")
	if n := strings.Count(thread.text(), "Eingangsbestätigung"); n > 2 {
		t.Errorf("the receipt is there %d times", n)
	}
	v.get(mine.url.Path).want("Eingegangen", "Bezahlt").wantNot("Zur Zahlung")

	kase = clerk.get(kase.url.Path).want("Übernehmen", "Eingegangen")
	kase.form("Übernehmen").send().want("In Bearbeitung")

	// The treasury sees it, and the finance system gets it once, in one file.
	c.until("hand-over of the application and of the booking", func() bool {
		return len(folders(t, filepath.Join(c.data, "kasse"))) == 1
	})
	till := newVisitor(t, c.portal.URL())
	desk(till, "Holger Tapken")
	kasse := till.get("/amt/kasse").want("Zu erstatten", "24,50", "Datei 1 herunterladen", tx.TxID).wantNot("Größmann", "HARMS")
	file := kasse.follow("Datei 1 herunterladen")
	if !strings.Contains(file.body, "12220.331100") || !strings.Contains(file.body, "11110.348700") || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("file of bookings: %v\n%s", file.header, file.body)
	}
	for _, path := range []string{"/amt/kasse", "/amt/kasse/buchungen/1"} {
		clerk.get(path).wantStatus(403)
	}
	till.get("/amt/kasse/buchungen/99").wantStatus(404)
	till.get("/amt/kasse/buchungen/x").wantStatus(404)
	till.post("/amt/kasse/erstattung/x", nil).wantStatus(404)
}

func folders(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestPayEnds(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	v := c.visitor()

	t.Run("aborted and paid again", func(t *testing.T) {
		page := c.order(v)
		back := card(page.form("Jetzt bezahlen").send(), "aborted").form("Zurück zum Portal").send().want("Abgebrochen", "Erneut bezahlen")
		back = card(back.form("Erneut bezahlen").send(), "declined").form("Zurück zum Portal").send().want("Fehlgeschlagen", "Erneut bezahlen")
		card(back.form("Erneut bezahlen").send(), "paypal").form("Zurück zum Portal").send().want("Bezahlt")
	})
	t.Run("callback lost", func(t *testing.T) {
		page := c.order(v)
		card(page.form("Jetzt bezahlen").send(), "callback-lost").form("Zurück zum Portal").send().want("Bezahlt")
	})
	t.Run("browser does not return", func(t *testing.T) {
		page := c.order(v)
		card(page.form("Jetzt bezahlen").send(), "no-return")
		c.state(page, "Ihre Zahlung ist bestätigt")
	})
	t.Run("both lost", func(t *testing.T) { // only the portal's own question finds it
		page := c.order(v)
		card(page.form("Jetzt bezahlen").send(), "silent")
		page.v.get(page.url.Path).want("Zahlung fortsetzen").wantNot("Ihre Zahlung ist bestätigt")
		c.ahead.Add(int64(time.Minute))
		c.state(page, "Ihre Zahlung ist bestätigt")
	})
	t.Run("pending", func(t *testing.T) {
		page := c.order(v)
		card(page.form("Jetzt bezahlen").send(), "paid-later").form("Zurück zum Portal").send().want("Wird geprüft", "Stand jetzt abfragen").wantNot("Jetzt bezahlen")
		v.get(page.url.Path).form("Stand jetzt abfragen").send().want("Wird geprüft")
		c.ahead.Add(int64(3 * time.Minute))
		c.state(page, "Ihre Zahlung ist bestätigt")
	})
	t.Run("withdrawn, then paid", func(t *testing.T) {
		var kasse *page
		page := c.order(v)
		ref := reference.FindString(page.text())
		pay := page.form("Jetzt bezahlen").send()
		mine := v.get("/antraege/" + strings.TrimPrefix(page.url.Path, "/bezahlen/"))
		mine.follow("zurückziehen").form("Antrag zurückziehen").send().want("Zurückgezogen")
		v.get(page.url.Path).want("Dieser Antrag ist beendet").wantNot("Jetzt bezahlen")
		card(pay, "paid").form("Zurück zum Portal").send().want("Dieser Antrag ist beendet")
		till := newVisitor(t, c.portal.URL())
		desk(till, "Holger Tapken")
		c.until("refund", func() bool { kasse = till.get("/amt/kasse"); return strings.Contains(kasse.text(), ref) })
		kasse.form("Als erledigt vermerken").send().want("als erledigt vermerkt", "Es ist nichts zu erstatten")
	})
}

// TestPayForged sends what a payment service would not: nothing of it changes
// anything.
func TestPayForged(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	v := c.visitor()
	page := c.order(v)
	page.form("Jetzt bezahlen").send()
	tx := c.transactions()[0]
	notify, err := url.Parse(tx.NotifyURL)
	if err != nil {
		t.Fatal(err)
	}
	send := func(address string, change func(url.Values)) int {
		t.Helper()
		f := url.Values{"ags": {tx.AGS}, "txid": {tx.TxID}, "amount": {"2450"}, "desc": {tx.Desc}, "status": {"1"}, "payment_method": {"creditCard"},
			"procedure": {tx.Procedure}, "created_at": {"2026-11-10 10:30:00"}}
		if change != nil {
			change(f)
		}
		res, err := http.PostForm(address, f)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, tt := range []struct {
		name   string
		status int
		change func(url.Values)
	}{
		{"a claim that fits is asked about", 200, nil},
		{"a cent more", 400, func(f url.Values) { f.Set("amount", "2451") }},
		{"foreign payment", 400, func(f url.Values) { f.Set("txid", "fremd") }},
		{"foreign town", 400, func(f url.Values) { f.Set("ags", "03403000") }},
		{"foreign procedure", 400, func(f url.Values) { f.Set("procedure", "GEWERBE") }},
		{"wrong hash", 400, func(f url.Values) { f.Set("hash", strings.Repeat("0", 64)) }},
		{"no number", 400, func(f url.Values) { f.Set("amount", "24,50") }},
		{"huge", 400, func(f url.Values) { f.Set("desc", strings.Repeat("x", 100<<10)) }},
		{"twice the same field", 400, func(f url.Values) { f.Add("amount", "1") }},
		{"zero byte", 400, func(f url.Values) { f.Set("desc", "\x00") }},
	} {
		if got := send(tx.NotifyURL, tt.change); got != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.status)
		}
	}
	other := *notify
	other.RawQuery = "zahlung=GIBTESNICHT"
	if got := send(other.String(), nil); got != 400 {
		t.Errorf("unknown attempt: %d", got)
	}
	res, err := http.Post(tx.NotifyURL, "text/html", strings.NewReader("<html>"))
	if err != nil || res.StatusCode != 400 {
		t.Errorf("a page instead of a form: %v %v", res, err)
	}
	res.Body.Close()
	v.get(page.url.Path).want("Zahlung fortsetzen").wantNot("Ihre Zahlung ist bestätigt")

	// The way back tells a stranger nothing.
	stranger := newVisitor(t, c.portal.URL())
	stranger.get("/zahlung/zurueck?zahlung=GIBTESNICHT").want("Zurück vom Bezahldienst")
	stranger.get("/zahlung/zurueck").want("Zurück vom Bezahldienst")
	stranger.get(tx.RedirectURL).wantNot(reference.FindString(page.text()), "HARMS", "24,50")

	// Paid, and said again and again: once.
	if err := c.sim.Pay(tx.TxID, "paid"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := send(tx.NotifyURL, nil); got != 200 {
				t.Errorf("again: %d", got)
			}
		})
	}
	wg.Wait()
	c.state(page, "Ihre Zahlung ist bestätigt")
	thread := v.get("/postkorb").follow("Geburtsurkunde bestellen")
	for _, words := range []string{"Zahlungsbestätigung", "Eingangsbestätigung"} {
		if n := strings.Count(thread.body, ">"+words+"<"); n > 1 {
			t.Errorf("%s: %d times", words, n)
		}
	}
}

// TestPayFaults disturbs the service in every way it knows: the page says what
// is the matter, nothing is lost, and afterwards everything goes on.
func TestPayFaults(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	for _, fault := range c.sim.Faults() {
		v := c.visitor() // a login of this level does not last
		page := c.order(v)
		if err := c.sim.Misbehave(fault.Code); err != nil {
			t.Fatal(err)
		}
		pay := page.form("Jetzt bezahlen").send()
		if fault.Where == "start" {
			pay.wantStatus(503, "Der Bezahldienst antwortet nicht", "nichts verloren")
			if err := c.sim.Misbehave(""); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				pay = v.get(page.url.Path).want("24,50").wantNot("Ihre Zahlung ist bestätigt").form("ezahl").send()
				if pay.status != http.StatusServiceUnavailable {
					break
				}
				c.ahead.Add(int64(time.Minute)) // until then the first try is left alone
			}
		}
		card(pay, "paid")
		v.get(page.url.Path).want("24,50")
		if err := c.sim.Misbehave(""); err != nil {
			t.Fatal(err)
		}
		if fault.Code == paymentsim.FaultPendingForever {
			continue // it stays so, and the page says it
		}
		found := false
		for end := time.Now().Add(30 * time.Second); !found && time.Now().Before(end); {
			now := v.get(page.url.Path)
			switch found = strings.Contains(now.text(), "Ihre Zahlung ist bestätigt"); {
			case found:
			case strings.Contains(now.text(), "Stand jetzt abfragen"):
				now.form("Stand jetzt abfragen").send()
			}
			if !found && fault.Code == paymentsim.FaultLateSuccess && c.ahead.Load()%int64(time.Hour) < int64(30*time.Minute) {
				c.ahead.Add(int64(4 * time.Minute)) // failed first; asked again later
				time.Sleep(6 * time.Second)
			}
			time.Sleep(50 * time.Millisecond)
		}
		if !found {
			t.Errorf("%s: the payment was not found\n%s", fault.Code, clip(v.get(page.url.Path).text()))
		}
	}
	till := newVisitor(t, c.portal.URL())
	desk(till, "Holger Tapken")
	till.get("/amt/kasse").want("Es ist nichts zu erstatten")
}

// TestPayHalfConfigured: half a configuration is refused at the start.
func TestPayHalfConfigured(t *testing.T) {
	t.Parallel()
	for i, cfg := range []portal.Config{{PaymentURL: "https://x.example"}, {PaymentURL: "https://x.example", PaymentAGS: "1"}, {PaymentURL: "https://x.example", PaymentAGS: "1", PaymentFile: "/gibt/es/nicht"}} {
		cfg.Listen, cfg.SimListen, cfg.Data, cfg.Alone = "127.0.0.1:0", "localhost:0", t.TempDir(), true
		cfg.Keys, _ = testKeys()
		p, err := portal.New(t.Context(), cfg)
		if err == nil {
			p.Close()
			t.Errorf("%d: started", i)
		} else if !strings.Contains(err.Error(), "PORTAL_PMPAYMENT") {
			t.Error(err)
		}
	}
}
