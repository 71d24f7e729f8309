package portal_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// outage is a portal whose surroundings fail for ten minutes at a time. Portal
// and simulators have one clock, which the test moves on.
type outage struct {
	crowd
	t     *testing.T
	url   string
	set   *sims.Set
	books *books
	ahead atomic.Int64
	data  string
	done  []application
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	dir, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	o := &outage{t: t}
	begin := time.Now()
	now := func() time.Time { return testClock(begin).Add(time.Duration(o.ahead.Load())) }
	if o.set, err = sims.Start(t.Context(), sims.Options{Listen: "localhost:0", Now: now, Keys: keys.Ring{Folder: dir, Demo: true, Now: now}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.set.Close() })
	p := start(t, func(c *portal.Config) {
		c.Simulators, c.Now = o.set.Description().Control, now
		c.SweepEvery(300 * time.Millisecond)
		o.data = c.Data
	})
	o.url = p.URL()
	o.books = openBooks(t, "", o.data, o.set)
	return o
}

// visitor is somebody who is not logged in yet.
func (o *outage) visitor(t *testing.T, persona string) *stubborn {
	return &stubborn{visitor: newVisitor(t, o.url), c: &o.crowd, persona: persona}
}

// fail breaks systems, all until they are told to work again.
func (o *outage) fail(systems ...string) {
	o.t.Helper()
	for _, s := range systems {
		if err := o.set.Misbehave(s, sims.FaultDown); err != nil {
			o.t.Fatal(s, err)
		}
	}
}

// tenMinutes lets the time of the outage pass, while the portal goes on trying,
// and ends it.
func (o *outage) tenMinutes() {
	o.t.Helper()
	for range 4 {
		o.ahead.Add(int64(150 * time.Second))
		pause(350 * time.Millisecond) // more than one sweep
	}
	if err := o.set.Calm(); err != nil {
		o.t.Fatal(err)
	}
}

// settled waits until everything is done, without anybody's help.
func (o *outage) settled(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; pause(100 * time.Millisecond) {
		left := o.books.pending()
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never done:\n%s", strings.Join(left, "\n"))
		}
		o.ahead.Add(int64(time.Minute))
	}
}

// keep notes what the visitor was told.
func (o *outage) keep(s *stubborn) {
	o.done = append(o.done, s.now)
	s.now = application{}
}

// unpaid sends an application and stands before the payment.
func (o *outage) unpaid(t *testing.T, persona string) *stubborn {
	t.Helper()
	s := o.visitor(t, persona)
	s.now.cents = 2450
	s.begin("/antrag/neu/geburtsurkunde?ort=033990004004")
	s.submit("Weiter zur Zahlung", func(p *page) *page {
		return walk(p, map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	})
	return s
}

// leave goes to the payment service and returns the page and the payment there.
func (o *outage) leave(s *stubborn) (p *page, txid string) {
	s.t.Helper()
	p = s.get("/bezahlen/" + s.now.id).form("Jetzt bezahlen").send().want("24,50")
	all := o.set.Payment.Transactions()
	i := slices.IndexFunc(all, func(tx paymentsim.Transaction) bool {
		return strings.Contains(p.url.String(), tx.PayURL) || tx.PayURL == p.url.String()
	})
	if i < 0 {
		s.t.Fatalf("no payment at %s", p.url)
	}
	return p, all[i].TxID
}

// TestOutage breaks each system outside for ten minutes, at each point where
// the portal needs it. Nobody sees an error of the portal's own; afterwards
// everything is done once, without anybody's help.
func TestOutage(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	for _, tt := range []struct {
		name  string
		run   func(*outage, *testing.T)
		short bool // with -short too
	}{
		{"BundID at the login", (*outage).noLogin, false},
		{"OpenID before the login", (*outage).noStaffLogin, true},
		{"OpenID in the middle of the login", (*outage).noStaffToken, true},
		{"mail", (*outage).noMail, false},
		{"pmPayment before the payment", (*outage).noPayPage, false},
		{"pmPayment after the payment", (*outage).noAnswerAboutPayment, true},
		{"pmPayment, no callback and no return", (*outage).silentPayment, false},
		{"Fachverfahren at the delivery", (*outage).noDelivery, true},
		{"Fachverfahren at the look-up", (*outage).noLookUp, false},
		{"waste company at the search", (*outage).noMember, true},
		{"folder of the finance system", (*outage).noFinanceFolder, false},
		{"everything at once", (*outage).nothingWorks, true},
	} {
		if testing.Short() && !tt.short {
			continue
		}
		if !t.Run(tt.name, func(t *testing.T) {
			tt.run(o, t)
			o.settled(t)
		}) {
			return // what follows would report the same again
		}
	}
	o.books.proveAll(o.done)
}

const (
	hinnerk = "Hinnerk Lüders: Online-Ausweis"
	joerg   = "Jörg-Änne Größler: Online-Ausweis"
	meike   = "Meike Harms: Online-Ausweis"
)

func (o *outage) noLogin(t *testing.T) {
	s := o.visitor(t, joerg)
	s.begin("/antrag/neu/hund-anmelden?ort=033990004004")
	draft := s.now.draft

	other := o.visitor(t, joerg) // the same person in another browser
	page := other.get("/anmelden").form("Mit BundID anmelden").send().want("BundID")
	o.fail(sims.BundID)
	other.visitor.t = hopeful{t}
	if err := try(func() { page.form("Weiter").send() }); err == nil {
		t.Fatal("BundID is not down")
	}
	other.visitor.t = t
	s.get("/antrag/" + draft).want() // who is logged in stays so
	other.get("/").want()
	other.get("/anmelden").want("Mit BundID anmelden")
	o.tenMinutes()
	if p := page.form("Weiter").send(); p.status >= 500 { // the old window
		t.Errorf("the old request: %d\n%s", p.status, clip(p.text()))
	}
	s.get("/antrag/" + draft) // by now the strong session has ended
	s.login()
	s.get("/antrag/" + draft).want("Schritt")
	s.dog()
	o.keep(s)
}

func (o *outage) noStaffLogin(t *testing.T) {
	v := newVisitor(t, o.url)
	o.fail(sims.OpenID)
	p := v.get("/amt/eingang").want("Mit dem Anmeldedienst anmelden").form("Mit dem Anmeldedienst anmelden").send()
	p.wantStatus(http.StatusServiceUnavailable)
	o.tenMinutes()
	desk(v, "Wiebke Harms")
}

func (o *outage) noStaffToken(t *testing.T) {
	v := newVisitor(t, o.url)
	p := v.get("/amt/eingang").form("Mit dem Anmeldedienst anmelden").send()
	v.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/amt/oidc/") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	back := p.form("Wiebke Harms").send()
	v.client.CheckRedirect = nil
	to := back.header.Get("Location")
	if to == "" {
		t.Fatalf("no way back: %d", back.status)
	}
	o.fail(sims.OpenID)
	v.get(to).wantStatus(http.StatusServiceUnavailable)
	o.tenMinutes()
	if p := v.get(to); p.status >= 500 { // reload of the page
		t.Errorf("the old answer: %d", p.status)
	}
	desk(v, "Wiebke Harms")
}

func (o *outage) noMail(t *testing.T) {
	s := o.visitor(t, joerg)
	o.fail(sims.Mail)
	n := len(o.set.Mail.Mails())
	s.dog()
	o.keep(s)
	o.tenMinutes()
	o.settled(t)
	if len(o.set.Mail.Mails()) <= n {
		t.Error("no mail came")
	}
}

func (o *outage) noPayPage(t *testing.T) {
	s := o.unpaid(t, meike)
	o.fail(sims.Payment)
	for range 2 {
		s.get("/bezahlen/"+s.now.id).form("Jetzt bezahlen").send().wantStatus(http.StatusServiceUnavailable, "Der Bezahldienst antwortet nicht", "nichts verloren")
	}
	o.tenMinutes()
	s.login()
	s.pay()
	o.keep(s)
}

func (o *outage) noAnswerAboutPayment(t *testing.T) {
	s := o.unpaid(t, hinnerk)
	_, txid := o.leave(s)
	tx := func() paymentsim.Transaction {
		all := o.set.Payment.Transactions()
		return all[slices.IndexFunc(all, func(x paymentsim.Transaction) bool { return x.TxID == txid })]
	}()
	o.fail(sims.Payment)
	if err := o.set.Payment.Pay(txid, "paid"); err != nil { // and the callback comes
		t.Fatal(err)
	}
	s.now.paid = true
	s.get(tx.RedirectURL).want().wantNot("Ihre Zahlung ist bestätigt")
	s.get("/bezahlen/" + s.now.id).want("24,50")
	o.tenMinutes()
	o.settled(t)
	s.login()
	s.get("/bezahlen/" + s.now.id).want("Ihre Zahlung ist bestätigt")
	o.keep(s)
}

func (o *outage) silentPayment(t *testing.T) {
	s := o.unpaid(t, meike)
	_, txid := o.leave(s)
	if err := o.set.Payment.Pay(txid, "silent"); err != nil {
		t.Fatal(err)
	}
	s.now.paid = true
	o.fail(sims.Payment)
	s.get("/bezahlen/" + s.now.id).want("24,50")
	o.tenMinutes()
	o.keep(s)
}

func (o *outage) noDelivery(t *testing.T) {
	s := o.visitor(t, joerg)
	o.fail(sims.BackOffice)
	s.dog()
	// What is written meanwhile waits for the application.
	s.get("/antraege/"+s.now.id+"/ergaenzen").form("senden").set("text", "Noch etwas").send().want()
	ref := s.now.ref
	o.keep(s)
	o.tenMinutes()
	o.settled(t)
	var keys []string
	for _, x := range o.set.Office.Submissions() {
		if x.Reference == ref {
			keys = append(keys, x.Key[:strings.Index(x.Key, "-")])
		}
	}
	if !slices.Equal(keys, []string{"antrag", "nachricht"}) {
		t.Errorf("the office got %v", keys)
	}
}

func (o *outage) noLookUp(t *testing.T) {
	s := o.visitor(t, meike)
	s.begin("/antrag/neu/hund-abmelden?ort=033990004004")
	step := s.get("/antrag/" + s.now.draft).want()
	for !strings.HasSuffix(step.url.Path, "/hund") {
		step = step.form("weiter").send().want()
	}
	step.want("Emma")
	o.fail(sims.BackOffice)
	s.get(step.url.Path).want("antwortet gerade nicht", "Ich gebe den Hund selbst an").wantNot("Emma")
	o.tenMinutes()
	s.login()
	s.get(step.url.Path).want("Emma", "Wanda")
}

func (o *outage) noMember(t *testing.T) {
	v := newVisitor(t, o.url)
	const words = "/suche?q=Sperrm%C3%BCll"
	waitFor(t, func() *page { return v.get(words) }, "Abfallwirtschaft")
	o.fail(sims.Waste)
	begin := time.Now()
	v.get("/suche?q=Sperrm%C3%BCll+Abholung").want("Nicht erreichbar: Abfallwirtschaft")
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the search took %v", took)
	}
	o.tenMinutes()
	waitFor(t, func() *page { return v.get("/suche?q=Sperrm%C3%BCll+Abholung") }, "Abfallwirtschaft")
}

func (o *outage) noFinanceFolder(t *testing.T) {
	folder := filepath.Join(o.data, "kasse")
	if err := os.Rename(folder, folder+"-weg"); err != nil {
		t.Fatal(err)
	}
	s := o.unpaid(t, hinnerk)
	s.pay()
	o.keep(s)
	o.tenMinutes()
	if err := os.Rename(folder+"-weg", folder); err != nil {
		t.Fatal(err)
	}
}

// nothingWorks: who is logged in can go on and send, and a guest too.
func (o *outage) nothingWorks(t *testing.T) {
	a, b := o.visitor(t, joerg), o.visitor(t, "")
	a.login()
	o.fail(sims.BundID, sims.OpenID, sims.Mail, sims.Payment, sims.BackOffice, sims.Waste)
	a.dog()
	b.library()
	o.keep(a)
	o.keep(b)
	b.get("/suche?q=Hund").want("Hund anmelden")
	o.tenMinutes()
}
