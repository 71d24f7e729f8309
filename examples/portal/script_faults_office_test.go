package portal_test

import (
	"regexp"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

var mailRows = []faultRow{
	{sims.Mail, "down", false, mailLater}, {sims.Mail, "slow", true, mailLater}, {sims.Mail, "temporary", false, mailLater}, {sims.Mail, "permanent", false, mailNever},
}

// message sends something to the citizen, who is told by mail.
func (s *stage) message() (v *visitor, ref, id string) {
	s.t.Helper()
	v = s.person("Meike Harms: Online-Ausweis")
	ref, id = s.register(v)
	v.get("/postkorb").want(ref)
	return v, ref, id
}

// mails counts the caught mails to the citizen.
func (s *stage) mails() int {
	s.t.Helper()
	return strings.Count(s.test.get("/test/mails").want().text(), "meike.harms@example.org")
}

// tried reports whether a mail was tried for a case.
func (s *stage) tried(ref string) bool {
	s.t.Helper()
	return notice.MatchString(s.test.get("/test/vorgaenge/" + ref).want(ref).text())
}

var notice = regexp.MustCompile(`Benachrichtigung ([a-z-]+) \S+ (?:· [a-z0-9-]+ )?· ×[1-9]`)

func mailLater(s *stage, fault string) {
	s.test.post("/test/mails/leeren", nil).want()
	s.set(sims.Mail, fault)
	v, ref, _ := s.message()
	v.get("/postkorb").follow("Hund anmelden").want("Eingangsbestätigung")
	s.until("the first try", func() bool { return s.tried(ref) })
	if n := s.mails(); n != 0 {
		s.t.Errorf("%d mails got through", n)
	}
	s.calm()
	s.until("the mail", func() bool { s.later(time.Minute); return s.mails() > 0 })
	s.later(2 * time.Hour)
	if n := s.mails(); n != 1 {
		s.t.Errorf("%d mails", n)
	}
}

func mailNever(s *stage, fault string) {
	s.test.post("/test/mails/leeren", nil).want()
	s.set(sims.Mail, fault)
	v, ref, _ := s.message()
	s.until("the only try", func() bool { return s.tried(ref) })
	s.calm()
	s.later(3 * time.Hour)
	second, ref2, _ := s.message()
	s.until("the mail about the next case", func() bool { return s.mails() > 0 })
	if n := s.mails(); n != 1 {
		s.t.Errorf("%d mails: one was sent again", n)
	}
	_ = v
	second.get("/postkorb").want(ref, ref2)
}

var officeRows = []faultRow{
	{sims.BackOffice, sims.FaultDown, false, officeAway}, {sims.BackOffice, "slow", true, officeAway}, {sims.BackOffice, sims.FaultHTML, false, officeAway},
	{sims.BackOffice, sims.FaultHuge, false, officeAway}, {sims.BackOffice, sims.FaultStatus, false, officeAway},
	{sims.BackOffice, "answer-unsigned", false, officeAnswer}, {sims.BackOffice, "answer-html", false, officeAnswer},
	{sims.BackOffice, "answer-cut", false, officeAnswer}, {sims.BackOffice, "answer-500-once", false, officeOnce},
	{sims.BackOffice, "reply-twice", false, replyTwice}, {sims.BackOffice, "reply-forged", false, replyForged},
	{sims.BackOffice, "reply-foreign", false, replyForeign}, {sims.BackOffice, "reply-late", false, replyLate},
	{sims.BackOffice, "status-unknown", false, replyUnknown},
	{sims.BackOffice, "lookup-huge", false, lookupOdd("antwortet gerade nicht")}, {sims.BackOffice, "lookup-foreign", false, lookupOdd("nichts gefunden")},
}

// register goes the script A up to the sent application.
func (s *stage) register(v *visitor) (ref, id string) {
	s.t.Helper()
	o := office{t: s.t}
	return o.register(v)
}

// delivered reports whether the office has taken the application, by the page
// for testers, and how often it was tried.
func (s *stage) delivered(id string) (done bool, failed string) {
	s.t.Helper()
	body := s.test.get("/test/uebergaben").want().body
	_, rest, found := strings.Cut(body, "antrag-"+id+"<")
	if !found {
		s.t.Fatal("no delivery")
	}
	row, _, _ := strings.Cut(rest, "</tr>")
	if m := regexp.MustCompile(`Fehler: <code>([^<]+)</code>`).FindStringSubmatch(row); m != nil {
		failed = m[1]
	}
	return strings.Contains(row, "Übergeben"), failed
}

// file opens the case at the office; nil when it is not there.
func (s *stage) file(ref string) *page {
	s.t.Helper()
	v := newVisitor(s.t, s.address(sims.BackOffice))
	p := v.get(v.base + "/").want()
	if !strings.Contains(p.text(), ref) {
		return nil
	}
	if n := strings.Count(p.text(), ref); n != 1 {
		s.t.Errorf("the office has the case %d times", n)
	}
	return p.follow(ref).want(ref)
}

// arrives waits until the application is at the office, once.
func (s *stage) arrives(ref, id string) *page {
	s.t.Helper()
	s.until("the delivery", func() bool {
		done, _ := s.delivered(id)
		if !done {
			s.later(time.Minute)
		}
		return done
	})
	f := s.file(ref)
	if f == nil {
		s.t.Fatalf("the office does not have %s", ref)
	}
	return f
}

// sent holds that the citizen's side is as it should be, whatever the office
// does.
func sent(v *visitor, ref, id string) {
	v.t.Helper()
	v.get("/antraege/"+id).want(ref, "Eingegangen").follow("Nachrichten im Postkorb lesen").want("Eingangsbestätigung")
}

// officeAway: the office does not answer at all.
func officeAway(s *stage, fault string) {
	v := s.person("Meike Harms: Online-Ausweis")
	s.set(sims.BackOffice, fault)
	ref, id := s.register(v)
	sent(v, ref, id)
	o := office{t: s.t}
	o.dogs(v).want("antwortet gerade nicht", "Ich gebe den Hund selbst an").wantNot("Emma", "Wanda")
	if fault == "slow" {
		s.calm() // the first try lasts on; the office has it all the same
	} else {
		s.until("an error of the delivery", func() bool { _, code := s.delivered(id); return code != "" })
		s.test.get("/test/aufrufe?vorgang="+ref).want("fachverfahren", ref).wantNot("HARMS", "Flocke")
		s.calm()
	}
	f := s.arrives(ref, id)
	f.form("Eingang quittieren").send().want("Der Eingang ist quittiert")
	v = s.person("Meike Harms: Online-Ausweis") // time has passed
	s.until("the receipt", func() bool { return strings.Contains(v.get("/antraege/"+id).want().text(), "In Bearbeitung") })
	o.dogs(v).want("Emma")
}

// officeAnswer: the office may have taken it, but does not say so.
func officeAnswer(s *stage, fault string) {
	v := s.person("Meike Harms: Online-Ausweis")
	s.set(sims.BackOffice, fault)
	ref, id := s.register(v)
	sent(v, ref, id)
	s.until("an error of the delivery", func() bool { _, code := s.delivered(id); return code != "" })
	if done, code := s.delivered(id); done {
		s.t.Errorf("delivered, with %q", code)
	}
	s.calm()
	s.arrives(ref, id)
}

func officeOnce(s *stage, fault string) {
	v := s.person("Meike Harms: Online-Ausweis")
	s.set(sims.BackOffice, fault)
	ref, id := s.register(v)
	s.arrives(ref, id)
}

// replies sets the stage for what the office answers.
func (s *stage) replies(fault string) (v *visitor, f *page, ref, id string) {
	s.t.Helper()
	v = s.person("Meike Harms: Online-Ausweis")
	ref, id = s.register(v)
	f = s.arrives(ref, id)
	s.set(sims.BackOffice, fault)
	return v, f, ref, id
}

func question(f *page, text string) *page {
	f.v.t.Helper()
	return f.form("Rückfrage senden").set("text", text).send().want("Die Rückfrage ist geschrieben")
}

// asked counts how often a question is in the Postkorb.
func asked(v *visitor, id, text string) int {
	v.t.Helper()
	return strings.Count(v.get("/antraege/"+id).want().follow("Nachrichten im Postkorb lesen").want().text(), text)
}

func replyTwice(s *stage, fault string) {
	v, f, ref, id := s.replies(fault)
	question(f, "Wie groß ist der Hund?")
	s.until("both replies", func() bool { return len(s.callbacks(ref)) >= 2 })
	if got := strings.Join(s.callbacks(ref), " "); got != "repeated taken" {
		s.t.Errorf("replies: %s", got)
	}
	if n := asked(v, id, "Wie groß ist der Hund?"); n != 1 {
		s.t.Errorf("asked %d times", n)
	}
}

// outcomes are the answers to what the office sent, the latest first.
func (s *stage) outcomes() []string {
	s.t.Helper()
	var out []string
	p := s.test.get("/test/rueckrufe").want()
	for _, m := range regexp.MustCompile(`(?s)/schnittstelle/fachverfahren.*?>\s*(\d{3})\s*<`).FindAllStringSubmatch(p.body, -1) {
		out = append(out, m[1])
	}
	return out
}

func replyForged(s *stage, fault string) {
	v, f, _, id := s.replies(fault)
	before := len(s.outcomes())
	question(f, "Ist er braun?")
	s.until("the refused reply", func() bool { return len(s.outcomes()) > before })
	if got := s.outcomes(); got[0] != "401" {
		s.t.Errorf("answers %v", got)
	}
	v.get("/antraege/" + id).want("Eingegangen")
	if n := asked(v, id, "Ist er braun?"); n != 0 {
		s.t.Errorf("asked %d times", n)
	}
	s.later(10 * time.Minute)
	s.calm()
	v = s.person("Meike Harms: Online-Ausweis")
	s.until("the same reply, signed rightly", func() bool { return asked(v, id, "Ist er braun?") == 1 })
}

func replyForeign(s *stage, fault string) {
	v, f, ref, id := s.replies(fault)
	before := len(s.outcomes())
	question(f, "Hat er eine Marke?")
	s.until("both replies", func() bool { return len(s.outcomes()) >= before+2 })
	if got := strings.Join(s.outcomes()[:2], " "); !strings.Contains(got, "422") || !strings.Contains(got, "200") {
		s.t.Errorf("answers %v", got)
	}
	if n := asked(v, id, "Hat er eine Marke?"); n != 1 {
		s.t.Errorf("asked %d times", n)
	}
	v.get("/antraege/"+id).want(ref, "Rückfrage")
}

func replyLate(s *stage, fault string) {
	v, f, _, id := s.replies(fault)
	question(f, "Wo wohnt er?")
	v.get("/antraege/" + id).want("Eingegangen")
	s.later(4 * time.Minute)
	if n := asked(v, id, "Wo wohnt er?"); n != 0 {
		s.t.Errorf("asked too early, %d times", n)
	}
	s.later(2 * time.Minute)
	s.calm()
	v = s.person("Meike Harms: Online-Ausweis")
	s.until("the reply", func() bool { return asked(v, id, "Wo wohnt er?") == 1 })
}

func replyUnknown(s *stage, fault string) {
	v, f, _, id := s.replies(fault)
	before := len(s.outcomes())
	f.form("Stand melden").set("stand", "in-review").send().want("Der Stand ist gemeldet")
	s.until("the refused reply", func() bool { return len(s.outcomes()) > before })
	if got := s.outcomes(); got[0] != "422" {
		s.t.Errorf("answers %v", got)
	}
	v.get("/antraege/" + id).want("Eingegangen")
	s.calm()
	s.file(reference.FindString(f.text())).want("vom Portal abgelehnt").form("Stand melden").set("stand", "in-review").send()
	s.until("a right state", func() bool { return strings.Contains(v.get("/antraege/"+id).want().text(), "In Bearbeitung") })
}

// lookupOdd: the register gives nothing that can be used.
func lookupOdd(words string) func(*stage, string) {
	return func(s *stage, fault string) {
		o := office{t: s.t}
		v := s.person("Meike Harms: Online-Ausweis")
		s.set(sims.BackOffice, fault)
		step := o.dogs(v).want(words, "Ich gebe den Hund selbst an").wantNot("Emma", "Rufus", "Käpt'n", "Senta")
		s.calm()
		v.get(step.url.String()).want("Emma", "Wanda")
	}
}
