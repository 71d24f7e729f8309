package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// childSettings are what a portal in a process of its own is told by the test.
type childSettings struct {
	Data, Keys, Database, Simulators string
	Begin                            int64 // when the clock of the test began, in nanoseconds
}

// childVariable tells the test binary to be a portal.
const childVariable = "PORTAL_TEST_CHILD"

// testClock begins at a time at which offices are open.
func testClock(begin time.Time) time.Time {
	return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin))
}

// child is a portal on the listener that the test opened, until the test closes
// its standard input. It reports whether this process is one.
func child() bool {
	raw := os.Getenv(childVariable)
	if raw == "" {
		return false
	}
	var s childSettings
	err := json.Unmarshal([]byte(raw), &s)
	if err == nil {
		err = runChild(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	return true
}

func runChild(s childSettings) error {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	begin := time.Unix(0, s.Begin)
	cfg := portal.Config{Data: s.Data, Keys: s.Keys, DatabaseURL: s.Database, Simulators: s.Simulators, Alone: true,
		Now: func() time.Time { return testClock(begin) }, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	cfg.ServeOn(l)
	cfg.SweepEvery(time.Second)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test, however that ends
		stop()
	}()
	p, err := portal.New(ctx, cfg)
	if err != nil {
		return err
	}
	if err := p.Run(ctx, nil); err != nil {
		return err
	}
	return p.Close()
}

// process is a portal that can be killed at any moment and started again on the
// same port and data. The simulators run in the test.
type process struct {
	t        *testing.T
	url      string
	settings childSettings
	listener *os.File
	log      *os.File
	set      *sims.Set
	ahead    atomic.Int64 // of the simulators' clock

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.Closer
}

func startProcess(t *testing.T, change func(*portal.Config)) *process {
	t.Helper()
	dir, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	p := &process{t: t}
	now := func() time.Time { return testClock(begin).Add(time.Duration(p.ahead.Load())) }
	if p.set, err = sims.Start(t.Context(), sims.Options{Listen: "localhost:0", Now: now, Keys: keys.Ring{Folder: dir, Demo: true, Now: now},
		SetOffset: func(d time.Duration) { p.ahead.Store(int64(d)) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.set.Close() })
	var cfg portal.Config
	if change != nil {
		change(&cfg)
	}
	p.settings = childSettings{Data: filepath.Join(t.TempDir(), "data"), Keys: dir, Database: cfg.DatabaseURL, Simulators: p.set.Description().Control, Begin: begin.UnixNano()}
	// The test keeps the port open while the portal is dead, so that nobody
	// else takes it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.url = "http://" + l.Addr().String()
	if p.listener, err = l.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if p.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.cmd != nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
		p.listener.Close()
		if t.Failed() {
			t.Logf("the portal's log ends with\n%s", p.tail(6000))
		}
		p.log.Close()
	})
	p.start()
	return p
}

func (p *process) tail(n int) []byte {
	raw, err := os.ReadFile(p.log.Name())
	if err != nil {
		return nil
	}
	return raw[max(0, len(raw)-n):]
}

func (p *process) start() {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := json.Marshal(p.settings)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = exec.Command(self)
	p.cmd.Env = append(os.Environ(), childVariable+"="+string(raw))
	p.cmd.ExtraFiles = []*os.File{p.listener}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if p.stdin, err = p.cmd.StdinPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// ready waits until the portal answers.
func (p *process) ready() {
	p.t.Helper()
	client := &http.Client{Timeout: 60 * time.Second}
	res, err := client.Get(p.url + "/healthz/ready")
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("the portal does not start again: %v %v", res, err)
	}
	res.Body.Close()
}

// kill ends the portal as a power cut does.
func (p *process) kill() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		p.t.Fatalf("the portal ended by itself: %v\n%s", err, p.tail(6000))
	}
	p.cmd.Wait()
	p.cmd = nil
}

// stop ends the portal in order.
func (p *process) stop() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("the portal does not end well: %v", err)
	}
	p.cmd = nil
}

// forward sets the clock of portal and simulators forward by minutes.
func (p *process) forward(v *visitor, d time.Duration) {
	p.t.Helper()
	at := testClock(time.Unix(0, p.settings.Begin)).Add(time.Duration(p.ahead.Load())).Add(d).In(clock.Berlin)
	v.post("/test/uhr", url.Values{"was": {"genau"}, "datum-day": {at.Format("2")}, "datum-month": {at.Format("1")}, "datum-year": {at.Format("2006")}, "zeit": {at.Format("15:04")}}).want("Die Uhr ist gestellt")
}

// persevering repeats each request, as it is, until an answer has come whole.
type persevering struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p persevering) RoundTrip(req *http.Request) (*http.Response, error) {
	end := time.Now().Add(time.Minute)
	for {
		try := req.Clone(req.Context())
		if req.GetBody != nil {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			try.Body = body
		}
		res, err := p.next.RoundTrip(try)
		if err == nil {
			var raw []byte
			raw, err = io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil {
				res.Body = io.NopCloser(bytes.NewReader(raw))
				return res, nil
			}
		}
		if time.Now().After(end) {
			return nil, err
		}
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// hopeful makes what a visitor does not find an error that can be caught, so
// that the visitor can try again.
type hopeful struct{ testing.TB }

type disappointed string

func (d disappointed) Error() string { return string(d) }

func (hopeful) Helper()                      {}
func (hopeful) Fatal(args ...any)            { panic(disappointed(fmt.Sprint(args...))) }
func (hopeful) Fatalf(text string, a ...any) { panic(disappointed(fmt.Sprintf(text, a...))) }
func (hopeful) Errorf(text string, a ...any) { panic(disappointed(fmt.Sprintf(text, a...))) }

func try(do func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case disappointed:
			err = r
		default:
			panic(r)
		}
	}()
	do()
	return nil
}

// application is what the portal acknowledged to a visitor.
type application struct {
	draft, ref, id string
	cents          int64 // to be paid first; 0: nothing
	paid           bool  // at the payment service, as the visitor saw it
}

// stubborn is a visitor who goes on whatever happens to the portal.
type stubborn struct {
	*visitor
	c       *crowd
	persona string
	now     application
	done    []application
	cause   error // of the last disappointment
}

// crowd is all visitors of one portal.
type crowd struct {
	sends, returns atomic.Int64 // what visitors are about to do
}

// crash is one run of the test.
type crash struct {
	crowd
	*process
}

func (c *crash) visitor(persona string) *stubborn {
	v := newVisitor(hopeful{c.t}, c.url)
	v.client.Transport = persevering{&http.Transport{}}
	v.client.Timeout = 90 * time.Second
	return &stubborn{visitor: v, c: &c.crowd, persona: persona}
}

func (s *stubborn) login() {
	if p := s.get("/antraege"); p.status == http.StatusOK && p.url.Path == "/antraege" {
		return
	}
	consent(bundid(s.get("/anmelden"), s.persona)).want()
}

// begin starts an assistant; from its first page on the draft must never get
// lost.
func (s *stubborn) begin(intro string) {
	if s.now.draft != "" {
		return
	}
	if s.persona != "" {
		s.login()
	}
	p := s.get(intro).form("Antrag beginnen").send().want()
	_, rest, ok := strings.Cut(p.url.Path, "/antrag/")
	if !ok {
		s.t.Fatalf("no draft at %s", p.url)
	}
	s.now.draft, _, _ = strings.Cut(rest, "/")
}

// sent notes the acknowledgement, if the page is one.
func (s *stubborn) sent(p *page) bool {
	ref := reference.FindString(p.text())
	if p.status != http.StatusOK || ref == "" {
		return false
	}
	s.now.ref = ref
	for _, prefix := range []string{"/bezahlen/", "/antraege/"} {
		p.each("a", func(n *html.Node) {
			href, _ := attr(n, "href")
			if _, rest, ok := strings.Cut(href, prefix); ok && s.now.id == "" {
				s.now.id, _, _ = strings.Cut(rest, "/")
			}
		})
		if _, rest, ok := strings.Cut(p.url.Path, prefix); ok {
			s.now.id, _, _ = strings.Cut(rest, "/")
		}
	}
	return true
}

// submit goes through the steps from wherever the draft is and sends it.
func (s *stubborn) submit(button string, steps func(p *page) *page) {
	if s.now.ref != "" {
		return
	}
	p := s.get("/antrag/" + s.now.draft)
	if s.persona != "" && p.status == http.StatusUnauthorized || strings.HasPrefix(p.url.Path, "/anmelden") {
		s.login()
		p = s.get("/antrag/" + s.now.draft)
	}
	if s.sent(p) {
		return
	}
	f := steps(p).agree(button)
	s.c.sends.Add(1)
	if p = f.send(); !s.sent(p) {
		s.t.Fatalf("no acknowledgement at %s: %d\n%s", p.url, p.status, clip(p.text()))
	}
}

// pay pays at the payment service and comes back.
func (s *stubborn) pay() {
	if s.now.paid {
		return
	}
	p := s.get("/bezahlen/" + s.now.id)
	if strings.HasPrefix(p.url.Path, "/anmelden") { // the session has ended
		s.login()
		p = s.get("/bezahlen/" + s.now.id)
	}
	p.want("24,50")
	if strings.Contains(p.text(), "Ihre Zahlung ist bestätigt") {
		s.now.paid = true
		return
	}
	var out *page
	for _, b := range []string{"Jetzt bezahlen", "Zahlung fortsetzen", "Erneut bezahlen"} {
		if strings.Contains(p.text(), b) {
			out = p.form(b).send()
			break
		}
	}
	if out == nil {
		s.t.Fatalf("no way to pay\n%s", clip(p.text()))
	}
	out.want("bezahlen")
	back := out.form("bezahlen").set("karte", "paid").send().want("gelungen")
	s.now.paid = true
	s.c.returns.Add(1)
	back.form("Zurück zum Portal").send()
}

func (s *stubborn) certificate() {
	s.now.cents = 2450
	s.begin("/antrag/neu/geburtsurkunde?ort=033990004004")
	s.submit("Weiter zur Zahlung", func(p *page) *page {
		return walk(p, map[string][]string{"geburtsort.gemeinde-suche": {"Altenwehr"}, "bestellung.anzahl": {"2"}})
	})
	s.pay()
}

func (s *stubborn) dog() {
	s.begin("/antrag/neu/hund-anmelden?ort=033990004004")
	s.submit("Antrag absenden", func(p *page) *page {
		for range 20 {
			p.want()
			switch {
			case strings.HasSuffix(p.url.Path, "/pruefen"):
				return p
			case strings.HasSuffix(p.url.Path, "/hunde") && strings.Contains(p.text(), "Noch kein Eintrag"):
				p = p.follow("Eintrag hinzufügen").form("Speichern und weiter").set("name", "Flocke").set("rasse", "Pudel").
					set("geburt-day", "1").set("geburt-month", "2").set("geburt-year", "2023").
					set("seit-day", "3").set("seit-month", "05").set("seit-year", "2024").set("gefaehrlich", "no").set("versicherung", "no").
					attach("sachkunde", "nachweis.png", "image/png", []byte(png)).send().want()
			default:
				f := p.form("eiter")
				for name, options := range f.options {
					if strings.HasPrefix(name, "_") {
						continue
					}
					if f.values.Get(name) == "" {
						f.set(name, first(options))
					}
					if name == "zahlung.art" {
						f.choose(name, "ueberweisung")
					}
				}
				p = f.send()
			}
		}
		s.t.Fatalf("no end of the steps at %s", p.url)
		return nil
	})
}

func (s *stubborn) library() {
	s.begin("/antrag/neu/buechereiausweis?ort=033990004004")
	s.submit("Antrag absenden", func(p *page) *page {
		return walk(p, map[string][]string{
			"person.vorname": {"Jürgen"}, "person.nachname": {"Größmann"},
			"person.geburtsdatum-day": {"7"}, "person.geburtsdatum-month": {"2"}, "person.geburtsdatum-year": {"1970"},
			"person.strasse": {"Am Wehr 3"}, "person.plz": {"27899"}, "person.ort": {"Altenwehr"}, "person.email": {"j@example.org"},
			"nutzung.ordnung": {"yes"},
		})
	})
}

// live repeats a journey until stop; what was begun is finished.
func (s *stubborn) live(stop func() bool, journey func(*stubborn)) error {
	tries := 0
	for !stop() || s.now.draft != "" {
		if err := try(func() { journey(s) }); err != nil {
			s.cause = err
			if tries++; tries > 60 {
				return fmt.Errorf("%s does not get on: %w", s.persona, err)
			}
			pause(50 * time.Millisecond)
			continue
		}
		s.done, s.now, tries = append(s.done, s.now), application{}, 0
	}
	return nil
}

func pause(d time.Duration) { <-time.After(d) }

// kills is how often the portal is killed.
func kills(t *testing.T) int {
	if v := os.Getenv("PORTAL_TEST_CRASHES"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatal("PORTAL_TEST_CRASHES must be a number")
		}
		return n
	}
	if testing.Short() {
		return 2
	}
	return 5
}

func TestCrash(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); crashes(t, nil) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); crashes(t, onPostgres(t)) })
}

// crashes kills the portal at moments at which something has just begun and
// proves afterwards that nothing is lost and nothing is there twice.
func crashes(t *testing.T, change func(*portal.Config)) {
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv("PORTAL_TEST_SEED"); v != "" {
		seed, _ = strconv.ParseUint(v, 10, 64)
	}
	t.Logf("PORTAL_TEST_SEED=%d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	c := &crash{process: startProcess(t, change)}
	c.ready()
	b := openBooks(t, c.settings.Database, c.settings.Data, c.set)

	var stopped atomic.Bool
	var wg sync.WaitGroup
	var all []*stubborn
	for persona, journey := range map[string]func(*stubborn){
		"Meike Harms: Online-Ausweis": (*stubborn).certificate, "Hinnerk Lüders: Online-Ausweis": (*stubborn).certificate,
		"Jörg-Änne Größler: Online-Ausweis": (*stubborn).dog, "": (*stubborn).library,
	} {
		s := c.visitor(persona)
		all = append(all, s)
		wg.Go(func() {
			if err := s.live(stopped.Load, journey); err != nil {
				t.Error(err)
			}
		})
	}
	// A minute each second, so that nobody waits long for a lease of the dead.
	hurry, still := context.WithCancel(t.Context())
	defer still()
	go c.hurry(hurry)
	c.killAtMoments(dice, kills(t))
	stopped.Store(true)
	wg.Wait()
	still()
	if t.Failed() {
		return
	}
	var done []application
	for _, s := range all {
		t.Logf("%q: %d applications, last disappointment: %.200v", s.persona, len(s.done), s.cause)
		done = append(done, s.done...)
	}
	c.settle(b)
	c.stop()
	if n := b.age(); n > 0 {
		t.Logf("%d files were begun and not finished", n)
	}
	c.start() // a day later, for what is left in folders
	c.ready()
	b.proveAll(done)
	c.stop()
}

// hurry lets the time of the test pass quickly.
func (c *crash) hurry(ctx context.Context) {
	tester := c.visitor("")
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			_ = try(func() { c.forward(tester.visitor, time.Minute) }) // once more in a second
		}
	}
}

// settle moves the clock on until nothing is left to do.
func (c *crash) settle(b *books) {
	c.t.Helper()
	tester := newVisitor(c.t, c.url)
	begin := time.Now()
	for end := begin.Add(90 * time.Second); ; pause(100 * time.Millisecond) {
		left := b.pending()
		if len(left) == 0 {
			c.t.Logf("settled after %v", time.Since(begin).Round(time.Millisecond))
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("never done:\n%s", strings.Join(left, "\n"))
		}
		c.forward(tester, 2*time.Minute)
	}
}

// moment is something that happens at an outside system or at a visitor.
type moment struct {
	name string
	past func() int
}

func (c *crash) moments() []moment {
	callbacks := func() (n int) {
		for _, tx := range c.set.Payment.Transactions() {
			n += len(tx.Callbacks)
		}
		return n
	}
	return []moment{
		{"submit", func() int { return int(c.sends.Load()) }},
		{"pay page", func() int { return len(c.set.Payment.Transactions()) }},
		{"callback", callbacks},
		{"return", func() int { return int(c.returns.Load()) }},
		{"delivery", func() int { return len(c.set.Office.Submissions()) }},
		{"mail", func() int { return len(c.set.Mail.Mails()) }},
		{"any", func() int { return int(time.Now().UnixNano() >> 20) }},
	}
}

func (c *crash) killAtMoments(dice *rand.Rand, n int) {
	moments := c.moments()
	var order []int
	for i := range n {
		if i%len(moments) == 0 {
			order = append(order, dice.Perm(len(moments))...)
		}
		m := moments[order[i]]
		past := m.past()
		happened := false
		for end := time.Now().Add(8 * time.Second); time.Now().Before(end); pause(time.Millisecond) {
			if happened = m.past() > past; happened {
				break
			}
		}
		delay := time.Duration(dice.IntN(30)) * time.Millisecond
		if m.name == "any" {
			delay = time.Duration(dice.IntN(400)) * time.Millisecond
		}
		pause(delay)
		c.kill()
		begin := time.Now()
		c.start()
		c.ready()
		c.t.Logf("killed %v after %s (%v), back after %v", delay, m.name, happened, time.Since(begin).Round(time.Millisecond))
	}
}
