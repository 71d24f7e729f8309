package portal_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/fachsim"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// pair is two portals on one database and one folder, behind a proxy that sends
// every request to any of them.
type pair struct {
	crowd
	t     *testing.T
	url   string
	set   *sims.Set
	books *books
	ahead atomic.Int64
	begin time.Time
	both  [2]*instance

	mu   sync.Mutex
	dice *rand.Rand
}

// instance is one of the two.
type instance struct {
	url  string
	stop func()
	gone atomic.Bool
}

func newPair(t *testing.T) *pair {
	t.Helper()
	database := onPostgres(t)
	dir := filepath.Join(t.TempDir(), "keys") // none yet: both make them
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv("PORTAL_TEST_SEED"); v != "" {
		seed, _ = strconv.ParseUint(v, 10, 64)
	}
	t.Logf("PORTAL_TEST_SEED=%d", seed)
	p := &pair{t: t, dice: rand.New(rand.NewPCG(seed, 2)), begin: time.Now()}
	simKeys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return testClock(p.begin).Add(time.Duration(p.ahead.Load())) }
	p.set, err = sims.Start(t.Context(), sims.Options{Listen: "localhost:0", Now: now, Keys: keys.Ring{Folder: simKeys, Demo: true, Now: now},
		SetOffset: func(d time.Duration) { p.ahead.Store(int64(d)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.set.Close() })
	var listeners [2]net.Listener
	for i := range p.both {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		p.both[i] = &instance{url: "http://" + listeners[i].Addr().String()}
	}
	proxy := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(proxy.Close)
	p.url = proxy.URL

	data := filepath.Join(t.TempDir(), "data")
	var cfg portal.Config
	database(&cfg)
	var wg sync.WaitGroup
	for i := range p.both {
		wg.Go(func() {
			p.both[i].start(p, listeners[i], portal.Config{DatabaseURL: cfg.DatabaseURL, Data: data, Keys: dir})
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	p.books = openBooks(t, cfg.DatabaseURL, data, p.set)
	return p
}

// start runs the instance.
func (in *instance) start(p *pair, l net.Listener, cfg portal.Config) {
	cfg.Listen, cfg.PublicURL, cfg.Simulators, cfg.Alone = "127.0.0.1:0", p.url, p.set.Description().Control, true
	cfg.Now = func() time.Time { return testClock(p.begin) }
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.ServeOn(l)
	ctx, stop := context.WithCancel(context.Background())
	one, err := portal.New(ctx, cfg)
	if err != nil {
		stop()
		l.Close()
		p.t.Errorf("both start at once: %v", err)
		return
	}
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() { done <- one.Run(ctx, func() { close(ready) }) }()
	<-ready
	in.stop = sync.OnceFunc(func() {
		in.gone.Store(true)
		stop()
		if err := <-done; err != nil {
			p.t.Errorf("run: %v", err)
		}
		if err := one.Close(); err != nil {
			p.t.Errorf("close: %v", err)
		}
	})
	p.t.Cleanup(in.stop)
}

// any chooses one of the two.
func (p *pair) any() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dice.IntN(2)
}

// serve sends a request to any instance that runs.
func (p *pair) serve(w http.ResponseWriter, r *http.Request) {
	i := p.any()
	if p.both[i].gone.Load() {
		i = 1 - i
	}
	to, err := url.Parse(p.both[i].url)
	if err != nil {
		http.Error(w, "proxy", http.StatusInternalServerError)
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(to); pr.Out.Host = pr.In.Host }}).ServeHTTP(w, r)
}

func (p *pair) visitor(persona string) *stubborn {
	return &stubborn{visitor: newVisitor(p.t, p.url), c: &p.crowd, persona: persona}
}

// twice sends a form to both instances at the same moment, as a double click
// behind a load balancer does.
func (p *pair) twice(f *form) *page {
	p.t.Helper()
	v := f.p.v
	old := v.client.Transport
	both := &doubling{to: [2]string{p.both[0].url, p.both[1].url}}
	v.client.Transport = both
	out := f.send()
	v.client.Transport = old
	for _, status := range both.statuses {
		if status >= 500 {
			p.t.Errorf("%s twice at once: status %d", f.action, status)
		}
	}
	if len(both.statuses) != 2 {
		p.t.Fatalf("%s was not sent twice: %v", f.action, both.statuses)
	}
	return out
}

// doubling sends a POST to two addresses at once and returns the answer that
// leads on.
type doubling struct {
	to       [2]string
	statuses []int
}

// RoundTrip implements http.RoundTripper.
func (d *doubling) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost || len(d.statuses) > 0 {
		return http.DefaultTransport.RoundTrip(req)
	}
	var answers [2]*http.Response
	var errs [2]error
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			again := req.Clone(req.Context())
			body, err := req.GetBody()
			if err != nil {
				errs[i] = err
				return
			}
			again.Body, again.Host = body, req.URL.Host
			to, err := url.Parse(d.to[i])
			if err != nil {
				errs[i] = err
				return
			}
			again.URL.Host = to.Host
			answers[i], errs[i] = http.DefaultTransport.RoundTrip(again)
		})
	}
	wg.Wait()
	best := 0
	for i, a := range answers {
		if errs[i] != nil {
			return nil, errs[i]
		}
		d.statuses = append(d.statuses, a.StatusCode)
		if a.StatusCode < answers[best].StatusCode {
			best = i
		}
	}
	_, _ = io.Copy(io.Discard, answers[1-best].Body)
	answers[1-best].Body.Close()
	answers[best].Request = req
	return answers[best], nil
}

func (p *pair) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pause(30 * time.Millisecond) {
		if ok() {
			return
		}
	}
	p.t.Fatalf("%s does not happen", what)
}

// TestInstances runs two portals on one PostgreSQL behind any order of
// requests, without a sticky session. Everything is done once.
func TestInstances(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	var done []application

	// What is sent to both at once is one thing.
	dogs := p.visitor("Jörg-Änne Größler: Online-Ausweis")
	dogs.login()
	begin := p.twice(dogs.get("/antrag/neu/hund-anmelden?ort=033990004004").form("Antrag beginnen")).want()
	_, rest, _ := strings.Cut(begin.url.Path, "/antrag/")
	dogs.now.draft, _, _ = strings.Cut(rest, "/")
	p.sendTwice(dogs)
	done = append(done, dogs.now)

	cert := p.visitor("Hinnerk Lüders: Online-Ausweis")
	cert.now.cents = 2450
	cert.begin("/antrag/neu/geburtsurkunde?ort=033990004004")
	check := walk(cert.get("/antrag/"+cert.now.draft), map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	if !cert.sent(p.twice(check.agree("Weiter zur Zahlung"))) {
		t.Fatal("not sent")
	}
	p.twice(cert.get("/bezahlen/" + cert.now.id).form("Jetzt bezahlen")).want("24,50")
	if n := len(p.set.Payment.Transactions()); n != 1 {
		t.Fatalf("%d payments", n)
	}
	cert.pay()
	done = append(done, cert.now)

	p.conversation(dogs)
	p.decide(cert)

	// Clock and rights follow within seconds, on both.
	tester := newVisitor(t, p.url)
	tester.post("/test/uhr", url.Values{"was": {"genau"}, "datum-day": {"10"}, "datum-month": {"11"}, "datum-year": {"2026"}, "zeit": {"13:37"}}).want("Die Uhr ist gestellt")
	for _, in := range p.both {
		v := newVisitor(t, in.url)
		p.until("the clock of both", func() bool { return strings.Contains(v.get("/test").text(), "13:3") })
	}

	// One goes while visitors are in the middle.
	var wg sync.WaitGroup
	var stopped atomic.Bool
	crowd := []*stubborn{p.visitor("Meike Harms: Online-Ausweis"), p.visitor("Nadia Karimova: Online-Ausweis"), p.visitor("")}
	for i, journey := range []func(*stubborn){(*stubborn).certificate, (*stubborn).dog, (*stubborn).library} {
		s := crowd[i]
		s.visitor.t = hopeful{t}
		s.client.Transport = persevering{&http.Transport{}}
		wg.Go(func() {
			if err := s.live(stopped.Load, journey); err != nil {
				t.Error(err)
			}
		})
	}
	p.until("some applications", func() bool { return p.sends.Load() > 4 })
	p.both[p.any()].stop()
	n := p.sends.Load()
	p.until("some more applications", func() bool { return p.sends.Load() > n+3 })
	stopped.Store(true)
	wg.Wait()
	for _, s := range crowd {
		done = append(done, s.done...)
		if s.cause != nil {
			t.Logf("%s was disappointed: %.300v", s.persona, s.cause)
		}
	}
	if t.Failed() {
		return
	}
	p.settle()
	p.books.proveAll(done)
	t.Logf("%d applications", len(done))
}

// sendTwice sends an application for a dog, each form of it to both at once.
func (p *pair) sendTwice(s *stubborn) {
	p.t.Helper()
	page := s.get("/antrag/" + s.now.draft).want()
	for range 20 {
		if strings.HasSuffix(page.url.Path, "/pruefen") {
			break
		}
		if strings.HasSuffix(page.url.Path, "/hunde") && strings.Contains(page.text(), "Noch kein Eintrag") {
			f := page.follow("Eintrag hinzufügen").form("Speichern und weiter").set("name", "Flocke").set("rasse", "Pudel").
				set("geburt-day", "1").set("geburt-month", "2").set("geburt-year", "2023").
				set("seit-day", "3").set("seit-month", "05").set("seit-year", "2024").set("gefaehrlich", "no").set("versicherung", "no").
				attach("sachkunde", "nachweis.png", "image/png", []byte(png))
			page = p.twice(f).want("Flocke")
			if n := strings.Count(page.text(), "nachweis.png"); n != 1 {
				p.t.Errorf("the file is there %d times", n)
			}
			page.wantNot("Hund 2")
			continue
		}
		f := page.form("eiter")
		for name, options := range f.options {
			if f.values.Get(name) == "" && !strings.HasPrefix(name, "_") {
				f.set(name, first(options))
			}
			if name == "zahlung.art" {
				f.choose(name, "ueberweisung")
			}
		}
		page = p.twice(f).want()
	}
	if !s.sent(p.twice(page.agree("Antrag absenden"))) {
		p.t.Fatal("not sent")
	}
}

// conversation is question, answer and document between the office and the
// citizen, each click at both instances at once.
func (p *pair) conversation(s *stubborn) {
	p.t.Helper()
	ref := s.now.ref
	of := func() []fachsim.Submission {
		return slices.DeleteFunc(p.set.Office.Submissions(), func(x fachsim.Submission) bool { return x.Reference != ref })
	}
	p.until("the delivery", func() bool { return len(of()) == 1 })
	if !p.set.Office.Write(ref, fachsim.Reply{ID: "f", Kind: "question", Subject: "Farbe", Body: "Welche Farbe hat der Hund?"}) {
		p.t.Fatal("no such case")
	}
	p.until("the question", func() bool { return strings.Contains(s.get("/antraege/"+s.now.id).text(), "Rückfrage") })
	thread := s.get("/antraege/" + s.now.id).follow("Nachrichten im Postkorb lesen").want("Welche Farbe")
	thread = p.twice(thread.form("Antwort senden").set("text", "Weiß wie Schnee")).want("Weiß wie Schnee")
	if n := strings.Count(thread.text(), "Weiß wie Schnee"); n != 1 {
		p.t.Errorf("the answer is there %d times", n)
	}
	if !p.set.Office.Write(ref, fachsim.Reply{ID: "u", Kind: "document-request", Subject: "Bitte nachreichen", Documents: []string{"Versicherungsschein"}}) {
		p.t.Fatal("no such case")
	}
	p.until("the request", func() bool { return strings.Contains(s.get(thread.url.Path).text(), "Versicherungsschein") })
	f := s.get(thread.url.Path).form("Versicherungsschein")
	for name := range f.names {
		if strings.HasPrefix(name, "datei-") {
			f.attach(name, "schein.png", "image/png", []byte(png))
		}
	}
	thread = p.twice(f)
	thread = s.get(thread.url.Path).want("schein.png")
	if n := len(rows[string](p.books, "SELECT id FROM portal_files WHERE name = 'schein.png' AND application = ?", s.now.id)); n != 1 {
		p.t.Errorf("the document is there %d times", n)
	}
	p.until("answer and document at the office", func() bool { return len(of()) == 3 })
}

// decide is the staff's way through a case that was paid.
func (p *pair) decide(s *stubborn) {
	p.t.Helper()
	clerk := newVisitor(p.t, p.url)
	p.until("the payment", func() bool {
		return strings.Contains(s.get("/bezahlen/"+s.now.id).text(), "Ihre Zahlung ist bestätigt")
	})
	kase := desk(clerk, "Heike Janßen").want(s.now.ref).follow(s.now.ref).want("Übernehmen")
	kase = p.twice(kase.form("Übernehmen"))
	kase = clerk.get(kase.url.Path).want("In Bearbeitung")
	note := kase.follow("Vermerk schreiben").form("Vermerk speichern").set("text", "Im Register gefunden")
	kase = p.twice(note)
	kase = clerk.get(strings.TrimSuffix(kase.url.Path, "/vermerk")).want("Im Register gefunden")
	if n := len(rows[string](p.books, "SELECT id FROM portal_notes WHERE body = 'Im Register gefunden'")); n != 1 {
		p.t.Errorf("the note is there %d times", n)
	}
	decide := kase.follow("Bescheid oder Ergebnis").form("Erteilen").set("ergebnis", "done").set("betreff", "Ihre Urkunden").set("text", "Sie kommen mit der Post.")
	p.twice(decide)
	clerk.get(kase.url.Path).want("Ihre Urkunden")
	thread := s.get("/antraege/" + s.now.id).want("Erledigt").follow("Nachrichten im Postkorb lesen").want("Ihre Urkunden")
	if n := strings.Count(thread.text(), "Sie kommen mit der Post."); n != 1 {
		p.t.Errorf("the result is there %d times", n)
	}
}

// settle moves the clock on until nothing is left to do.
func (p *pair) settle() {
	p.t.Helper()
	tester := newVisitor(p.t, p.url)
	for end := time.Now().Add(time.Minute); ; pause(100 * time.Millisecond) {
		left := p.books.pending()
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("never done:\n%s", strings.Join(left, "\n"))
		}
		at := testClock(p.begin).Add(time.Duration(p.ahead.Load()) + 2*time.Minute).In(clock.Berlin)
		tester.post("/test/uhr", url.Values{"was": {"genau"}, "datum-day": {at.Format("2")}, "datum-month": {at.Format("1")}, "datum-year": {at.Format("2006")}, "zeit": {at.Format("15:04")}}).want()
	}
}
