package fachsim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/fachsim"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
	"github.com/stadttor/stadttor/federation/webhook"
)

var secret = []byte("ein gemeinsames Geheimnis der Demo, 32+")

// house is a simulator and the portal's side of it.
type house struct {
	sim    *fachsim.Server
	out    *webhook.Transport
	portal *httptest.Server

	mu      sync.Mutex
	now     time.Time
	replies []federation.Reply
	err     error // of the next Take
	refused int
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) taken() []federation.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]federation.Reply(nil), h.replies...)
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 3, 30, 9, 0, 0, 0, time.UTC)}
	inlet := federation.NewInlet(federation.NewReplyMemStore(), nil)
	mux := http.NewServeMux()
	mux.Handle("/schnittstelle/fachverfahren/antworten", webhook.NewReceiver(webhook.ReceiverConfig{Source: "steuern", Secret: secret,
		Take: func(ctx context.Context, r federation.Reply) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			switch {
			case h.err != nil:
				return h.err
			case r.Key != "antrag-"+r.Reference:
				h.refused++
				return &webhook.RefusedError{Code: "foreign"}
			case r.Status == "verschollen":
				h.refused++
				return &webhook.RefusedError{Code: "status"}
			}
			first, err := inlet.Take(ctx, r)
			if first {
				h.replies = append(h.replies, r)
			}
			return err
		}}))
	h.portal = httptest.NewServer(mux)
	t.Cleanup(h.portal.Close)
	var err error
	h.sim, err = fachsim.Start(fachsim.Options{Secret: secret, PortalURL: h.portal.URL, Now: h.clock, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	h.out = transport(t, h.sim.URL, secret)
	return h
}

func transport(t *testing.T, address string, secret []byte) *webhook.Transport {
	t.Helper()
	out, err := webhook.New(webhook.Config{URL: address, Sender: "altenwehr", Secret: secret, InsecureAllowHTTP: true,
		Timeout: 300 * time.Millisecond, MaxAnswer: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const registration = `{"definition":"hund-anmelden","values":{"person.vorname":{"type":"text","value":"Nadia"},
"person.nachname":{"type":"text","value":"Karimova"},"person.geburtsdatum":{"type":"date","value":"1992-07-07"},
"ort.gemeinde":{"type":"place","value":"033995401001"}},"groups":{"hunde":[{"id":"1","values":{"name":{"type":"text","value":"<b>Otto</b>"},
"seit":{"type":"date","value":"2026-03-01"},"gefaehrlich":{"type":"yesno","value":false}}}]}}`

func application(ref string) federation.Delivery {
	return federation.Delivery{ID: "d-" + ref, Key: "antrag-" + ref, Destination: "steuern:hunde", Reference: ref, Subject: "hund-anmelden",
		Payload:     federation.Payload{MediaType: "application/json", Body: []byte(registration)},
		Attachments: []federation.Part{federationtest.Part("Übung \"1\".pdf", "application/pdf", "one")}}
}

func (h *house) deliver(t *testing.T, d federation.Delivery) {
	t.Helper()
	if _, err := h.out.Deliver(t.Context(), d, federationtest.Open); err != nil {
		t.Fatal(err)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	federationtest.TestTransport(t, func(t *testing.T) federation.Transport {
		sim, err := fachsim.Start(fachsim.Options{Secret: secret, Manual: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := sim.Close(); err != nil {
				t.Error(err)
			}
		})
		out, err := webhook.New(webhook.Config{URL: sim.URL, Sender: "altenwehr", Secret: secret, InsecureAllowHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		return out
	})
}

func reasonOf(err error) (federation.Reason, bool) {
	var te *federation.TransportError
	if !errors.As(err, &te) {
		return "", false
	}
	return te.Reason, te.Permanent
}

func TestDeliveryFaults(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		reason federation.Reason
		taken  int // although no receipt came
	}{
		"answer-unsigned": {federation.ReasonNotAnAnswer, 0},
		"answer-html":     {federation.ReasonNotAnAnswer, 0},
		"answer-cut":      {federation.ReasonNotAnAnswer, 1},
		"answer-500-once": {federation.ReasonBusy, 0},
		"slow":            {federation.ReasonTimeout, 0},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			d := application("AW-1")
			if code == "answer-cut" {
				d.Attachments = nil
			}
			if err := h.sim.Misbehave(code); err != nil {
				t.Fatal(err)
			}
			r, err := h.out.Deliver(t.Context(), d, federationtest.Open)
			if reason, final := reasonOf(err); reason != c.reason || final || r.ID != "" {
				t.Errorf("Deliver = %v, %v", r, err)
			}
			if n := len(h.sim.Submissions()); n != c.taken {
				t.Errorf("%d submissions", n)
			}
			if err := h.sim.Misbehave(""); err != nil {
				t.Fatal(err)
			}
			h.deliver(t, d)
			if n := len(h.sim.Submissions()); n != 1 {
				t.Errorf("%d submissions after the repetition", n)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.deliver(t, application("AW-1"))
	other := application("AW-1")
	other.Subject = "anders"
	_, err := h.out.Deliver(t.Context(), other, federationtest.Open)
	if reason, final := reasonOf(err); reason != federation.ReasonRejected || !final {
		t.Errorf("other content: %v", err)
	}
	_, err = transport(t, h.sim.URL, bytes.Repeat([]byte("x"), 32)).Deliver(t.Context(), application("AW-2"), federationtest.Open)
	if reason, final := reasonOf(err); reason != federation.ReasonCredentials || !final {
		t.Errorf("wrong secret: %v", err)
	}
	early := application("AW-3")
	early.Payload = federation.Payload{MediaType: "application/vnd.stadttor.message+json", Body: []byte(`{"kind":"answer","body":"x"}`)}
	_, err = h.out.Deliver(t.Context(), early, federationtest.Open)
	if reason, final := reasonOf(err); reason != federation.ReasonBusy || final {
		t.Errorf("a message before its application: %v", err)
	}
	if n := len(h.sim.Submissions()); n != 1 {
		t.Errorf("%d submissions", n)
	}
	if err := h.sim.Misbehave("gibt es nicht"); !errors.Is(err, fachsim.ErrUnknownFault) {
		t.Errorf("Misbehave = %v", err)
	}
}

type answer struct {
	Hunde []struct {
		ID, Name string
		Halter   fachsim.Holder
	}
}

func (h *house) dogs(t *testing.T, family, given, birth string) ([]string, error) {
	t.Helper()
	var out answer
	err := h.out.Query(t.Context(), "hunde", fachsim.Holder{Family: family, Given: given, Birth: birth}, &out)
	var names []string
	for _, d := range out.Hunde {
		names = append(names, d.Name)
	}
	return names, err
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, c := range []struct {
		family, given, birth string
		want                 []string
	}{
		{"HARMS", "MEIKE SOPHIE", "1987-11-02", []string{"Emma", "Wanda"}},
		{"GRÖẞLER", "JÖRG-ÄNNE", "1981-10-19", []string{"Ömchen"}},
		{"YILDIZELİ", "FATMA", "1958-00-00", []string{"Pamuk"}},
		{"YILDIZELİ", "FATMA", "1958", []string{"Pamuk"}},
		{"MAYARANI", "", "1990-02-11", []string{"Tashi"}},
		{"Harms", "Meike", "1987-11-02", nil},
		{"Harms", "Meike Sophie", "1987-11-03", nil},
		{"Karimova", "Nadia", "1992-07-07", nil},
	} {
		got, err := h.dogs(t, c.family, c.given, c.birth)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.family, err, diff)
		}
	}
	if _, err := h.dogs(t, "", "", ""); err == nil {
		t.Error("a question about nobody was answered")
	}
	for code, reason := range map[string]federation.Reason{"lookup-huge": federation.ReasonNotAnAnswer, "slow": federation.ReasonTimeout,
		"answer-unsigned": federation.ReasonNotAnAnswer, "answer-cut": federation.ReasonNotAnAnswer, "answer-html": federation.ReasonNotAnAnswer} {
		if err := h.sim.Misbehave(code); err != nil {
			t.Fatal(err)
		}
		got, err := h.dogs(t, "HARMS", "MEIKE SOPHIE", "1987-11-02")
		if r, final := reasonOf(err); r != reason || final || len(got) > 0 {
			t.Errorf("%s: %v, %v", code, got, err)
		}
	}
	if err := h.sim.Misbehave("lookup-foreign"); err != nil {
		t.Fatal(err)
	}
	got, err := h.dogs(t, "HARMS", "MEIKE SOPHIE", "1987-11-02")
	if err != nil || len(got) == 0 || strings.Contains(strings.Join(got, " "), "Emma") {
		t.Errorf("foreign: %v, %v", got, err)
	}
}

// What a granted case does to the register.
func TestRegister(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.deliver(t, application("AW-1"))
	for range 2 { // the same click twice
		if !h.sim.Write("AW-1", fachsim.Reply{ID: "1", Kind: "decision", Status: "granted", Body: "Ja"}) {
			t.Fatal("no such case")
		}
	}
	if got, err := h.dogs(t, "Karimova", "Nadia", "1992-07-07"); err != nil || len(got) != 1 || got[0] != "<b>Otto</b>" {
		t.Errorf("after registering: %v, %v", got, err)
	}
	for ref, doc := range map[string]string{
		"AW-2": `{"definition":"hund-abmelden","values":{"hund":{"value":"HR-1001"},"seit":{"value":"2026-03-02"}}}`,
		"AW-3": `{"definition":"hund-abmelden","values":{"hund":{"value":"anderer"},"hund_kennung":{"value":"999000000001002"},
			"person.vorname":{"value":"Meike Sophie"},"person.nachname":{"value":"Harms"},"person.geburtsdatum":{"value":"1987-11-02"}}}`,
	} {
		d := application(ref)
		d.Payload.Body = []byte(doc)
		h.deliver(t, d)
		h.sim.Write(ref, fachsim.Reply{ID: "1", Kind: "decision", Status: "granted", Body: "Ja"})
	}
	if got, err := h.dogs(t, "Harms", "Meike Sophie", "1987-11-02"); err != nil || len(got) != 0 {
		t.Errorf("after deregistering: %v, %v", got, err)
	}
	h.sim.Forget()
	if got, err := h.dogs(t, "Harms", "Meike Sophie", "1987-11-02"); err != nil || len(got) != 2 {
		t.Errorf("after emptying: %v, %v", got, err)
	}
}

func TestRepliesUntilTaken(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.deliver(t, application("AW-1"))
	h.err = errors.New("the database is away")
	h.sim.Write("AW-1", fachsim.Reply{ID: "1", Kind: "receipt"})
	h.sim.Write("AW-1", fachsim.Reply{ID: "2", Kind: "question", Body: "Wie groß?"})
	for range 3 {
		h.sim.Flush(t.Context())
		h.advance(time.Hour)
	}
	if r := h.sim.Replies()[0]; r.State != fachsim.StateWaiting || r.Code != "busy" || r.Attempts != 3 {
		t.Errorf("while the portal is away: %+v", r)
	}
	h.mu.Lock()
	h.err = nil
	h.mu.Unlock()
	h.sim.Flush(t.Context())
	got := h.taken()
	if len(got) != 2 || got[0].Kind != federation.ReplyReceipt || got[1].Kind != federation.ReplyQuestion || got[1].Source != "steuern" || got[1].Body != "Wie groß?" {
		t.Errorf("taken: %+v", got)
	}
	if n := h.sim.Flush(t.Context()); n != 0 {
		t.Errorf("%d were sent again", n)
	}
}

func TestReplyFaults(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct{ before, after, refused int }{
		"reply-twice":    {1, 1, 0},
		"reply-forged":   {0, 1, 0},
		"reply-foreign":  {1, 1, 1},
		"reply-late":     {0, 1, 0},
		"status-unknown": {0, 0, 1},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			h.deliver(t, application("AW-1"))
			h.deliver(t, application("AW-2"))
			if err := h.sim.Misbehave(code); err != nil {
				t.Fatal(err)
			}
			h.sim.Write("AW-1", fachsim.Reply{ID: "1", Kind: "status", Status: "in-review"})
			h.sim.Flush(t.Context())
			if n := len(h.taken()); n != c.before {
				t.Errorf("%d taken while the fault is on", n)
			}
			if err := h.sim.Misbehave(""); err != nil {
				t.Fatal(err)
			}
			h.advance(10 * time.Minute)
			h.sim.Flush(t.Context())
			if n := len(h.taken()); n != c.after || h.refused != c.refused {
				t.Errorf("%d taken, %d refused", n, h.refused)
			}
		})
	}
}

func get(t *testing.T, address string) (string, *http.Response) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), resp
}

var (
	link = regexp.MustCompile(`href="(/vorgaenge/[^"]+)"`)
	once = regexp.MustCompile(`name="einmal" value="([^"]+)"`)
)

func TestPages(t *testing.T) {
	t.Parallel()
	h := open(t)
	if body, _ := get(t, h.sim.URL+"/"); !strings.Contains(body, "Noch ist nichts eingegangen") {
		t.Error("the empty list says nothing")
	}
	h.deliver(t, application("AW-1"))
	answerOf := application("AW-1")
	answerOf.Key, answerOf.Attachments = "nachricht-1", nil
	answerOf.Payload = federation.Payload{MediaType: "application/vnd.stadttor.message+json", Body: []byte(`{"kind":"answer","body":"Er ist <groß>."}`)}
	h.deliver(t, answerOf)
	body, _ := get(t, h.sim.URL+"/")
	path := link.FindStringSubmatch(body)[1]
	body, resp := get(t, h.sim.URL+path)
	for _, want := range []string{"AW-1", "&lt;b&gt;Otto&lt;/b&gt;", "01.03.2026", "Er ist &lt;groß&gt;.", "nein", "Antwort"} {
		if !strings.Contains(body, want) {
			t.Errorf("the case does not show %q", want)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	file, resp := get(t, h.sim.URL+path+"/anlagen/0/0")
	if cd := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(cd, "attachment") || !strings.Contains(file, "one äöü") {
		t.Errorf("attachment: %q, %d bytes", cd, len(file))
	}
	for _, missing := range []string{"/x", "/vorgaenge/x", path + "/anlagen/0/1", path + "/anlagen/-1/0"} {
		if _, resp := get(t, h.sim.URL+missing); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", missing, resp.StatusCode)
		}
	}
	for _, p := range []string{"/hunderegister", "/ausgang", "/stil.css"} {
		if _, resp := get(t, h.sim.URL+p); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", p, resp.StatusCode)
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.deliver(t, application("AW-1"))
	body, _ := get(t, h.sim.URL+"/")
	path := link.FindStringSubmatch(body)[1]
	body, _ = get(t, h.sim.URL+path)
	key := once.FindStringSubmatch(body)[1]
	post := func(want int, pairs ...string) string {
		t.Helper()
		form := url.Values{"einmal": {key}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).PostForm(h.sim.URL+path, form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%v: %d, %v", pairs, resp.StatusCode, err)
		}
		return string(raw)
	}
	for _, bad := range [][]string{{"aktion", "frage"}, {"aktion", "unterlagen", "text", "x"}, {"aktion", "stand", "stand", "x"},
		{"aktion", "auskunft"}, {"aktion", "bescheid", "text", "x"}, {"aktion", "x"}, {"aktion", "frage", "text", "a\x00"},
		{"aktion", "frage", "text", "x", "frist", "morgen"}} {
		if page := post(http.StatusUnprocessableEntity, bad...); !strings.Contains(page, `role="alert"`) {
			t.Errorf("%v: no summary of errors", bad)
		}
	}
	if n := len(h.sim.Replies()); n != 0 {
		t.Fatalf("%d replies of bad input", n)
	}
	post(http.StatusSeeOther, "aktion", "quittung")
	post(http.StatusSeeOther, "aktion", "quittung")
	post(http.StatusSeeOther, "aktion", "frage", "text", "Wie groß\r\nist er?", "frist", "2026-04-30")
	post(http.StatusSeeOther, "aktion", "unterlagen", "unterlagen", "Sachkundenachweis\r\n\r\nFoto")
	post(http.StatusSeeOther, "aktion", "stand", "stand", "in-review")
	post(http.StatusSeeOther, "aktion", "auskunft", "text", "Bis bald")
	upload(t, h.sim.URL+path, key)
	h.sim.Flush(t.Context())
	var kinds []federation.ReplyKind
	for _, r := range h.taken() {
		kinds = append(kinds, r.Kind)
		switch r.Kind {
		case federation.ReplyQuestion:
			if r.Body != "Wie groß\nist er?" || r.Due.Format(time.DateOnly) != "2026-04-30" {
				t.Errorf("question %+v", r)
			}
		case federation.ReplyDocumentRequest:
			if diff := cmp.Diff([]string{"Sachkundenachweis", "Foto"}, r.Documents); diff != "" {
				t.Error(diff)
			}
		case federation.ReplyDecision:
			if len(r.Attachments) != 1 || !bytes.HasPrefix(r.Attachments[0].Content, []byte("%PDF-")) || r.Status != "partly" {
				t.Errorf("decision %+v", r)
			}
		}
	}
	want := []federation.ReplyKind{federation.ReplyReceipt, federation.ReplyQuestion, federation.ReplyDocumentRequest,
		federation.ReplyStatus, federation.ReplyInformation, federation.ReplyDecision}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if body, _ := get(t, h.sim.URL+path); !strings.Contains(body, "entschieden: teilweise bewilligt") || !strings.Contains(body, "angekommen") {
		t.Error("the case does not show what became of it")
	}
}

// upload decides with a file; the empty file makes a plain one.
func upload(t *testing.T, address, key string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range map[string]string{"aktion": "bescheid", "einmal": key, "ergebnis": "partly", "text": "Größe (klein) \\ 5 €"} {
		if err := m.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address, m.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Request.URL.RawQuery, "bescheid") {
		t.Errorf("decision: %d", resp.StatusCode)
	}
}
