package portal_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

var payRows = []faultRow{
	{sims.Payment, sims.FaultDown, false, payAway("unreachable")}, {sims.Payment, sims.FaultSlow, true, payAway("timeout")},
	{sims.Payment, sims.FaultHTML, false, payAway("200")}, {sims.Payment, sims.FaultHuge, false, payAway("200")}, {sims.Payment, sims.FaultStatus, false, payAway("500")},
	{sims.Payment, "callback-lost", false, payCallback()},
	{sims.Payment, "callback-twice", false, payCallback("taken", "taken")},
	{sims.Payment, "callback-forged", false, payCallback("amount")},
	{sims.Payment, "callback-foreign", false, payCallback("txid")},
	{sims.Payment, "callback-early", false, payEarly},
	{sims.Payment, "redirect-bad-hash", false, payBadHash},
	{sims.Payment, "status-text", false, payCallback("taken")},
	{sims.Payment, "start-html", false, payStart("200")}, {sims.Payment, "start-slow", true, payStart("timeout")}, {sims.Payment, "start-huge", false, payStart("200")},
	{sims.Payment, "start-500", false, payStart("500")}, {sims.Payment, "start-cut", false, payStart("200")},
	{sims.Payment, "status-html", false, payStatus("200")}, {sims.Payment, "status-slow", true, payStatus("timeout")}, {sims.Payment, "status-huge", false, payStatus("200")},
	{sims.Payment, "status-500", false, payStatus("500")},
	{sims.Payment, "pending-forever", false, payPending},
	{sims.Payment, "late-success", false, payLate},
}

// bill is an application that waits for its payment.
type bill struct {
	s       *stage
	v       *visitor
	page    *page
	ref, id string
	sign    string // the Kassenzeichen
}

var kassenzeichen = regexp.MustCompile(`\bAW26[0-9A-Z-]+`)

// order goes the script B up to the page to pay.
func (s *stage) order(v *visitor) *bill {
	s.t.Helper()
	intro := v.get("/antrag/neu/geburtsurkunde?ort=033990004004").want("15,00", "Substantiell")
	check := walk(intro.form("Antrag beginnen").send(), map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	page := check.want("24,50", "Standesamt").agree("Weiter zur Zahlung").send().want("Gebühr bezahlen", "Offen", "24,50", "Kassenzeichen")
	b := &bill{s: s, v: v, page: page, ref: reference.FindString(page.text()), sign: kassenzeichen.FindString(page.text()), id: strings.TrimPrefix(page.url.Path, "/bezahlen/")}
	if b.ref == "" || b.sign == "" {
		s.t.Fatalf("no reference or Kassenzeichen\n%s", clip(page.text()))
	}
	v.get("/antraege").want(b.ref, "Zahlung offen")
	b.deliveries(0)
	return b
}

func (s *stage) bill() *bill {
	s.t.Helper()
	return s.order(s.person("Meike Harms: Online-Ausweis"))
}

func (b *bill) now() *page { b.s.t.Helper(); return b.v.get(b.page.url.Path).want(b.ref, b.sign) }

// pay begins and pays with a card; the browser goes back if it can.
func (b *bill) pay(button, code string) *page {
	b.s.t.Helper()
	return returned(card(b.now().form(button).send(), code))
}

func returned(p *page) *page {
	if strings.Contains(p.body, "Zurück zum Portal") {
		return p.form("Zurück zum Portal").send()
	}
	return p
}

// attempts are the states of the attempts to pay, the oldest first.
func (b *bill) attempts() []string {
	b.s.t.Helper()
	body := b.s.test.get("/test/zahlungen").want().body
	_, orders, _ := strings.Cut(body, "<tr><th scope=\"row\"><a class=\"mono\" href=\"/test/vorgaenge/"+b.ref+"\"")
	row, _, _ := strings.Cut(orders, "</tr>")
	var out []string
	for _, m := range regexp.MustCompile(`: ([a-z]+) ×`).FindAllStringSubmatch(row, -1) {
		out = append(out, m[1])
	}
	return out
}

func (b *bill) deliveries(want int) {
	b.s.t.Helper()
	if n := strings.Count(b.s.test.get("/test/uebergaben").want().body, "antrag-"+b.id+"<"); n != want {
		b.s.t.Errorf("%d deliveries, want %d", n, want)
	}
}

// open holds that nothing has come of a payment yet.
func (b *bill) open() {
	b.s.t.Helper()
	b.now().wantNot("Ihre Zahlung ist bestätigt", "Fehlgeschlagen")
	b.v.get("/antraege/" + b.id).want("Zahlung offen").wantNot("Eingangsbestätigung")
	b.deliveries(0)
	live := 0
	for _, st := range b.attempts() {
		switch st {
		case "created", "started":
			live++
		case "paid", "surplus":
			b.s.t.Errorf("attempts %v", b.attempts())
		}
	}
	if live > 1 {
		b.s.t.Errorf("%d payments are open", live)
	}
}

// paid holds that everything came of a payment, once.
func (b *bill) paid() {
	b.s.t.Helper()
	s := b.s
	s.until("the payment of "+b.ref, func() bool { return strings.Contains(b.now().text(), "Ihre Zahlung ist bestätigt") })
	thread := b.v.get("/antraege/"+b.id).want("Eingegangen", "Bezahlt").follow("Nachrichten im Postkorb lesen")
	for _, words := range []string{"Zahlungsbestätigung", "Eingangsbestätigung"} {
		if n := len(regexp.MustCompile(`>\s*`+words+`\s*<`).FindAllString(thread.body, -1)); n != 1 {
			s.t.Errorf("%s: %d times\n%s", words, n, clip(thread.text()))
		}
	}
	b.deliveries(1)
	n := 0
	for _, st := range b.attempts() {
		if st == "paid" {
			n++
		}
	}
	if n != 1 || slices.Contains(b.attempts(), "surplus") {
		s.t.Errorf("attempts %v", b.attempts())
	}
	s.until("the booking of "+b.ref, func() bool { return b.bookings() > 0 })
	if n := b.bookings(); n != 2 { // one line for each account
		s.t.Errorf("%d lines are booked", n)
	}
}

// bookings counts the lines of a payment in all files for the finance system.
func (b *bill) bookings() int {
	b.s.t.Helper()
	n := 0
	for _, m := range regexp.MustCompile(`href="(/test/buchungen/\d+)"`).FindAllStringSubmatch(b.s.test.get("/test/buchungen").want().body, -1) {
		n += strings.Count(b.s.test.get(m[1]).body, b.ref)
	}
	return n
}

// called holds that the log of calls names a case and an outcome, and nobody.
func (b *bill) called(outcome string) {
	b.s.t.Helper()
	p := b.s.test.get("/test/aufrufe?vorgang="+b.ref).want("pmpayment", b.ref)
	if !regexp.MustCompile(`>\s*` + outcome + `\s*<`).MatchString(p.body) {
		b.s.t.Errorf("no outcome %q\n%s", outcome, clip(p.text()))
	}
	p.wantNot("HARMS", "Meike", b.sign)
}

// later moves the time on and logs in again: a login with the identity card
// does not last.
func (b *bill) later(d time.Duration) {
	b.s.t.Helper()
	b.s.later(d)
	b.v = b.s.person("Meike Harms: Online-Ausweis")
}

// again tries until the service works with the portal again.
func (b *bill) again(button string) *page {
	b.s.t.Helper()
	for range 5 {
		p := b.now().form(button).send()
		if "http://"+p.url.Host != b.s.url {
			return p
		}
		b.s.later(time.Minute) // until then the first try is left alone
	}
	b.s.t.Fatalf("the payment cannot be begun\n%s", clip(b.now().text()))
	return nil
}

// payAway: the service does not answer at all.
func payAway(outcome string) func(*stage, string) {
	return func(s *stage, fault string) {
		running, b := s.bill(), s.bill()
		done := card(running.now().form("Jetzt bezahlen").send(), "silent") // nobody has told the portal
		_ = done
		s.set(sims.Payment, fault)
		b.page.form("Jetzt bezahlen").send().wantStatus(http.StatusServiceUnavailable, "Der Bezahldienst antwortet nicht", "nichts verloren", "Offen")
		b.open()
		b.called(outcome)
		running.now().want("Wird geprüft")
		running.open()
		s.calm()
		s.later(time.Minute)
		running.paid()
		returned(card(b.again("ezahl"), "paid"))
		b.paid()
	}
}

// payStart: the payment cannot be begun.
func payStart(outcome string) func(*stage, string) {
	return func(s *stage, fault string) {
		b := s.bill()
		s.set(sims.Payment, fault)
		b.page.form("Jetzt bezahlen").send().wantStatus(http.StatusServiceUnavailable, "Der Bezahldienst antwortet nicht", "nichts verloren")
		b.open()
		if fault != "start-cut" { // the head of that answer came
			b.called(outcome)
		}
		s.calm()
		returned(card(b.again("ezahl"), "paid"))
		b.paid()
	}
}

// payCallback: what the service calls with does not matter for the result, and
// is noted with a code.
func payCallback(codes ...string) func(*stage, string) {
	return func(s *stage, fault string) {
		other := s.order(s.person("Sabine Okafor: ELSTER"))
		other.now().form("Jetzt bezahlen").send()
		b := s.bill()
		s.set(sims.Payment, fault)
		pay := card(b.now().form("Jetzt bezahlen").send(), "paid")
		var got []string
		if len(codes) > 0 {
			s.until("the callbacks", func() bool { got = s.callbacks(b.ref); return len(got) >= len(codes) })
		}
		for _, code := range codes {
			if !slices.Contains(got, code) {
				s.t.Errorf("callbacks %v, want %v", got, codes)
			}
		}
		if len(codes) == 0 && len(s.callbacks(b.ref)) > 0 {
			s.t.Errorf("callbacks %v", s.callbacks(b.ref))
		}
		returned(pay)
		b.paid()
		s.calm()
		other.open()
		other.now().want("Wird geprüft", "Zahlung fortsetzen")
	}
}

// payEarly: "paid" comes before anybody has paid.
func payEarly(s *stage, fault string) {
	b := s.bill()
	s.set(sims.Payment, fault)
	pay := b.now().form("Jetzt bezahlen").send().want("Womit möchten Sie bezahlen?")
	s.until("the callback", func() bool { return len(s.callbacks(b.ref)) > 0 })
	b.open()
	returned(card(pay, "paid"))
	b.paid()
}

// payBadHash: the way back proves nothing, and the person is at the right page.
func payBadHash(s *stage, fault string) {
	b := s.bill()
	s.set(sims.Payment, fault)
	back := b.pay("Jetzt bezahlen", "paid").want(b.ref)
	if back.url.Path != b.page.url.Path {
		s.t.Errorf("came back to %s", back.url)
	}
	s.until("the way back in the log", func() bool { return slices.Contains(s.callbacks(b.ref), "signature") })
	b.paid()
}

// payStatus: nobody says what has become of the payment.
func payStatus(outcome string) func(*stage, string) {
	return func(s *stage, fault string) {
		b := s.bill()
		s.set(sims.Payment, fault)
		b.pay("Jetzt bezahlen", "paid").want("Wird geprüft").wantNot("Sie haben noch nicht bezahlt")
		b.now().form("Stand jetzt abfragen").send().want("Wird geprüft")
		b.open()
		b.called(outcome)
		s.calm()
		b.later(5 * time.Minute)
		b.paid()
	}
}

func payPending(s *stage, fault string) {
	b := s.bill()
	s.set(sims.Payment, fault)
	b.pay("Jetzt bezahlen", "paid").want("Wird geprüft")
	b.later(5 * time.Minute)
	b.now().form("Stand jetzt abfragen").send().want("Wird geprüft")
	b.open()
	s.calm()
	b.later(10 * time.Minute)
	b.paid()
}

// payLate: failed first, paid in the end; in between somebody pays again.
func payLate(s *stage, fault string) {
	b, again := s.bill(), s.bill()
	s.set(sims.Payment, fault)
	b.pay("Jetzt bezahlen", "paid").want("Fehlgeschlagen", "Erneut bezahlen")
	again.pay("Jetzt bezahlen", "paid").want("Fehlgeschlagen")
	s.calm()
	again.pay("Erneut bezahlen", "paid").want("Bezahlt")
	b.later(5 * time.Minute)
	b.paid()
	s.until("what was paid too much", func() bool { return slices.Contains(again.attempts(), "surplus") })
	if got := again.attempts(); len(got) != 2 || !slices.Contains(got, "paid") {
		s.t.Errorf("attempts %v", got)
	}
	s.until("the booking", func() bool { return again.bookings() > 0 })
	if n := again.bookings(); n != 2 {
		s.t.Errorf("%d lines are booked", n)
	}
	till := s.browser()
	desk(till, "Holger Tapken")
	till.get("/amt/kasse").want(again.ref).form("Als erledigt vermerken").send().want("als erledigt vermerkt")
}
