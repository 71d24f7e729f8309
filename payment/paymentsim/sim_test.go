package paymentsim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/payment/paymentsim"
)

const (
	ags       = "03404000"
	procedure = "URKUNDE"
	salt      = "demo-salt-0001"
)

// clock is a clock that is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// merchant is a portal written by hand: it starts payments and takes notifies.
type merchant struct {
	t      *testing.T
	sim    *paymentsim.Server
	clock  *clock
	server *httptest.Server
	got    chan url.Values // notifies, with the query of the address

	mu     sync.Mutex
	answer int
}

func newMerchant(t *testing.T, change func(*paymentsim.Options)) *merchant {
	t.Helper()
	m := &merchant{
		t: t, got: make(chan url.Values, 100), answer: http.StatusOK,
		clock: &clock{at: time.Date(2026, 1, 1, 11, 0, 5, 0, time.UTC)},
	}
	opts := &paymentsim.Options{
		Merchants: []paymentsim.Merchant{
			{AGS: ags, Procedure: procedure, Salt: salt, Name: "Stadt Altenwehr"},
			{AGS: "03399004", Procedure: "AMT", Salt: "other", Name: "Landkreis Weserheide"},
		},
		Now: m.clock.Now,
	}
	if change != nil {
		change(opts)
	}
	sim, err := paymentsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	m.sim = sim
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.got <- r.Form
		w.WriteHeader(m.answer)
	}))
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		m.server.Close()
	})
	return m
}

func (m *merchant) setAnswer(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = status
}

func (m *merchant) form(txid string) url.Values {
	return url.Values{
		"ags": {ags}, "amount": {"2450"}, "procedure": {procedure}, "desc": {"2026-000123 Urkunde"},
		"txid": {txid}, "notifyURL": {m.server.URL + "/notify?id=1"}, "redirectURL": {m.server.URL + "/return?id=1&x=%C3%A4"},
	}
}

// hash is written anew here, on purpose.
func hash(key string, values ...string) string {
	h := hmac.New(sha256.New, []byte(key))
	fmt.Fprint(h, strings.Join(values, "|"))
	return hex.EncodeToString(h.Sum(nil))
}

func signed(f url.Values) url.Values {
	var values []string
	for _, n := range []string{"ags", "amount", "procedure", "desc", "accountingRecord", "txid", "notifyURL", "redirectURL"} {
		if f.Has(n) {
			values = append(values, f.Get(n))
		}
	}
	f.Set("hash", hash(salt, values...))
	return f
}

type answer struct{ URL, TxID, Error string }

func (m *merchant) post(f url.Values) answer {
	m.t.Helper()
	resp, err := http.PostForm(m.sim.URL+"/payment/secure", f)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || resp.StatusCode != 200 {
		m.t.Fatal(resp.StatusCode, err)
	}
	return a
}

func (m *merchant) start(txid string) answer {
	m.t.Helper()
	a := m.post(signed(m.form(txid)))
	if a.Error != "" || a.TxID != txid || !strings.HasPrefix(a.URL, m.sim.URL+"/bezahlen/") {
		m.t.Fatalf("start = %+v", a)
	}
	return a
}

func get(t *testing.T, address string) (int, string) {
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
	return resp.StatusCode, string(raw)
}

func (m *merchant) status(txid string) string {
	m.t.Helper()
	_, body := get(m.t, m.sim.URL+"/payment/status/"+ags+"/"+txid)
	return body
}

func state(n string) string { return `{"status":` + n + `,"timestamp":"2026-01-01 12:00:05"}` }

func (m *merchant) notified() url.Values {
	m.t.Helper()
	select {
	case f := <-m.got:
		return f
	case <-time.After(20 * time.Second):
		m.t.Fatal("no notify")
		return nil
	}
}

func (m *merchant) pay(txid, card string) {
	m.t.Helper()
	if err := m.sim.Pay(txid, card); err != nil {
		m.t.Fatal(err)
	}
}

func TestStartIsChecked(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, nil)
	m.start("taken")
	tests := []struct {
		name   string
		change func(url.Values)
		after  func(url.Values) // after signing
		code   string
		answer string
	}{
		{"wrong salt", nil, func(f url.Values) { f.Set("hash", hash("wrong", "x")) }, paymentsim.RefusedHash, "ungültiger Hashwert"},
		{"capital hash", nil, func(f url.Values) { f.Set("hash", strings.ToUpper(f.Get("hash"))) }, paymentsim.RefusedHash, "ungültiger Hashwert"},
		{"amount altered by a cent", nil, func(f url.Values) { f.Set("amount", "2451") }, paymentsim.RefusedHash, "ungültiger Hashwert"},
		{"unknown ags", func(f url.Values) { f.Set("ags", "03404001") }, nil, paymentsim.RefusedMerchant, "ungültiger Hashwert"},
		{"unknown procedure", func(f url.Values) { f.Set("procedure", "FREMD") }, nil, paymentsim.RefusedMerchant, "ungültiger Hashwert"},
		{"procedure of another town", func(f url.Values) { f.Set("procedure", "AMT") }, nil, paymentsim.RefusedMerchant, "ungültiger Hashwert"},
		{"no hash", nil, func(f url.Values) { f.Del("hash") }, paymentsim.RefusedMissing, ""},
		{"no amount", func(f url.Values) { f.Del("amount") }, nil, paymentsim.RefusedMissing, ""},
		{"empty record", func(f url.Values) { f.Set("accountingRecord", "") }, nil, paymentsim.RefusedForm, ""},
		{"unknown field", nil, func(f url.Values) { f.Set("desk", "x") }, paymentsim.RefusedForm, ""},
		{"field twice", nil, func(f url.Values) { f.Add("amount", "1") }, paymentsim.RefusedForm, ""},
		{"bar in a value", func(f url.Values) { f.Set("redirectURL", "https://portal.example.org/?a=1|2") }, nil, paymentsim.RefusedForm, ""},
		{"amount zero", func(f url.Values) { f.Set("amount", "0") }, nil, paymentsim.RefusedAmount, ""},
		{"amount negative", func(f url.Values) { f.Set("amount", "-1") }, nil, paymentsim.RefusedAmount, ""},
		{"amount in euros", func(f url.Values) { f.Set("amount", "24.50") }, nil, paymentsim.RefusedAmount, ""},
		{"desc of 28", func(f url.Values) { f.Set("desc", strings.Repeat("x", 28)) }, nil, paymentsim.RefusedText, ""},
		{"desc with umlaut", func(f url.Values) { f.Set("desc", "Gebühr") }, nil, paymentsim.RefusedText, ""},
		{"record with semicolon", func(f url.Values) { f.Set("accountingRecord", "a;b") }, nil, paymentsim.RefusedText, ""},
		{"txid with slash", func(f url.Values) { f.Set("txid", "a/b") }, nil, paymentsim.RefusedTxID, ""},
		{"txid taken", func(f url.Values) { f.Set("txid", "taken") }, nil, paymentsim.RefusedDuplicate, ""},
		{"relative address", func(f url.Values) { f.Set("notifyURL", "/notify") }, nil, paymentsim.RefusedURL, ""},
		{"http to another machine", func(f url.Values) { f.Set("notifyURL", "http://portal.example.org/") }, nil, paymentsim.RefusedURL, ""},
		{"script as address", func(f url.Values) { f.Set("redirectURL", "javascript:alert(1)") }, nil, paymentsim.RefusedURL, ""},
	}
	for i, tt := range tests {
		f := m.form(fmt.Sprint("new-", i))
		if tt.change != nil {
			tt.change(f)
		}
		signed(f)
		if tt.after != nil {
			tt.after(f)
		}
		a := m.post(f)
		if a.Error == "" || tt.answer != "" && a.Error != tt.answer {
			t.Errorf("%s: answer %+v", tt.name, a)
		}
		if r := m.sim.Refusals(); len(r) == 0 || r[0].Code != tt.code {
			t.Errorf("%s: refused for %+v, want %s", tt.name, r, tt.code)
		}
	}
	if n := len(m.sim.Transactions()); n != 1 {
		t.Errorf("%d payments kept, want the first only", n)
	}
}

func TestStartWithoutOptionalFields(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, nil)
	f := m.form("")
	for _, n := range []string{"txid", "notifyURL", "redirectURL"} {
		f.Del(n)
	}
	f.Set("accountingRecord", "KZ4711 HH1.2200.1000")
	a := m.post(signed(f))
	if a.TxID == "" || a.URL == "" {
		t.Fatalf("answer %+v", a)
	}
	m.pay(a.TxID, paymentsim.CardPaid)
	if got := m.status(a.TxID); got != state("1") {
		t.Error(got)
	}
	if got, err := m.sim.Transaction(a.TxID); err != nil || got.Record != "KZ4711 HH1.2200.1000" || len(got.Callbacks) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, page := get(t, a.URL); !strings.Contains(page, "Schließen Sie diese Seite") {
		t.Error("no end without an address to return to")
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	tests := []struct {
		card             string
		now, later       string
		notifies, expect int
	}{
		{paymentsim.CardPaid, "1", "1", 1, 1},
		{paymentsim.CardDeclined, "0", "0", 1, 1},
		{paymentsim.CardAborted, "0", "0", 1, 1},
		{paymentsim.CardPending, "-1", "-1", 1, 1},
		{paymentsim.CardPayPal, "1", "1", 1, 1},
		{paymentsim.CardCallbackLost, "1", "1", 0, 0},
		{paymentsim.CardNoReturn, "1", "1", 1, 1},
		{paymentsim.CardSilent, "1", "1", 0, 0},
		{paymentsim.CardPaidLater, "-1", "1", 1, 2},
		{paymentsim.CardDeclinedLater, "-1", "0", 1, 2},
	}
	if len(tests) != len(paymentsim.Cards()) {
		t.Fatal("a card is not tested")
	}
	for _, tt := range tests {
		t.Run(tt.card, func(t *testing.T) {
			t.Parallel()
			m := newMerchant(t, nil)
			m.start("tx")
			if got := m.status("tx"); got != state("-1") {
				t.Errorf("before: %s", got)
			}
			m.pay("tx", tt.card)
			if got := m.status("tx"); got != state(tt.now) {
				t.Errorf("after: %s", got)
			}
			for range tt.notifies {
				if f := m.notified(); f.Get("status") != tt.now || f.Get("id") != "1" {
					t.Errorf("notify %v", f)
				}
			}
			m.clock.Add(2 * time.Minute)
			if got := m.status("tx"); got != state(tt.later) {
				t.Errorf("later: %s", got)
			}
			for range tt.expect - tt.notifies {
				if f := m.notified(); f.Get("status") != tt.later {
					t.Errorf("notify %v", f)
				}
			}
			if err := m.sim.Pay("tx", paymentsim.CardPaid); !errors.Is(err, paymentsim.ErrEnded) {
				t.Errorf("second choice: %v", err)
			}
		})
	}
}

func TestPayErrors(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, nil)
	m.start("tx")
	if err := m.sim.Pay("none", paymentsim.CardPaid); !errors.Is(err, paymentsim.ErrUnknownTransaction) {
		t.Error(err)
	}
	if err := m.sim.Pay("tx", "gold"); !errors.Is(err, paymentsim.ErrUnknownCard) {
		t.Error(err)
	}
	if err := m.sim.Misbehave("explode"); !errors.Is(err, paymentsim.ErrUnknownFault) {
		t.Error(err)
	}
	m.clock.Add(30 * time.Minute)
	if got := m.status("tx"); got != state("0") {
		t.Errorf("expired: %s", got)
	}
	if err := m.sim.Pay("tx", "0000000000000101"); !errors.Is(err, paymentsim.ErrEnded) {
		t.Error(err)
	}
	for _, path := range []string{"/payment/status/" + ags + "/none", "/payment/status/03404001/tx"} {
		if code, body := get(t, m.sim.URL+path); code != 404 || !strings.Contains(body, "Error") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	m.sim.Forget()
	if code, _ := get(t, m.sim.URL+"/payment/status/"+ags+"/tx"); code != 404 || len(m.sim.Transactions()) != 0 {
		t.Error("not forgotten")
	}
}

func TestNotifyFieldsAndRepeats(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, func(o *paymentsim.Options) { o.Pauses = []time.Duration{time.Second, time.Second} })
	m.setAnswer(http.StatusServiceUnavailable)
	m.start("tx")
	m.pay("tx", paymentsim.CardPaid)
	want := url.Values{
		"id": {"1"}, "ags": {ags}, "txid": {"tx"}, "amount": {"2450"}, "desc": {"2026-000123 Urkunde"}, "status": {"1"},
		"payment_method": {"creditCard"}, "procedure": {procedure}, "created_at": {"2026-01-01 12:00:05"},
	}
	if diff := cmp.Diff(want, m.notified()); diff != "" {
		t.Error(diff)
	}
	m.clock.Add(time.Second)
	m.notified()
	m.setAnswer(http.StatusOK)
	for range 2 { // the second one may be planned only now
		m.clock.Add(time.Second)
		select {
		case f := <-m.got:
			if diff := cmp.Diff(want, f); diff != "" {
				t.Error(diff)
			}
			return
		case <-time.After(3 * time.Second):
		}
	}
	t.Error("not repeated a second time")
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// browse pays on the page and returns the fields and the address of the return.
func (m *merchant) browse(a answer, choice url.Values) (string, url.Values) {
	m.t.Helper()
	code, page := get(m.t, a.URL)
	for _, part := range []string{"24,50", "Stadt Altenwehr", "2026-000123 Urkunde", `lang="de"`, "<fieldset>"} {
		if code != 200 || !strings.Contains(page, part) {
			m.t.Errorf("pay page %d without %q", code, part)
		}
	}
	resp, err := http.PostForm(a.URL, choice)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		m.t.Errorf("policy %q", csp)
	}
	fields := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(string(raw), -1) {
		fields.Add(f[1], html.UnescapeString(f[2]))
	}
	if len(fields) == 0 {
		return "", nil
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+m.server.URL) {
		m.t.Errorf("policy %q", csp)
	}
	action := regexp.MustCompile(`action="([^"]+)" id="zurueck"`).FindStringSubmatch(string(raw))
	if action == nil {
		m.t.Fatal("no way back")
	}
	return html.UnescapeString(action[1]), fields
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fault   string
		choice  url.Values
		status  string
		method  string
		key     string
		noReply bool
	}{
		{"paid", "", url.Values{"karte": {"paid"}}, "1", "creditCard", salt, false},
		{"paypal", "", url.Values{"karte": {"paypal"}}, "1", "paypal", salt, false},
		{"declined", "", url.Values{"karte": {"declined"}}, "0", "creditCard", salt, false},
		{"given up", "", url.Values{"karte": {"paid"}, "aktion": {"abbrechen"}}, "0", "", salt, false},
		{"does not return", "", url.Values{"karte": {"no-return"}}, "", "", "", true},
		{"bad hash", paymentsim.FaultRedirectBadHash, url.Values{"karte": {"paid"}}, "1", "creditCard", salt + "x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMerchant(t, nil)
			if err := m.sim.Misbehave(tt.fault); err != nil {
				t.Fatal(err)
			}
			address, got := m.browse(m.start("tx"), tt.choice)
			if tt.noReply {
				if got != nil {
					t.Error("the browser returns")
				}
				return
			}
			if address != m.server.URL+"/return?id=1&x=%C3%A4" {
				t.Errorf("returns to %s", address)
			}
			want := url.Values{
				"ags": {ags}, "txid": {"tx"}, "amount": {"2450"}, "desc": {"2026-000123 Urkunde"}, "status": {tt.status},
				"payment_method": {tt.method}, "created_at": {"2026-01-01 12:00:05"},
				"hash": {hash(tt.key, ags, "tx", "2450", "2026-000123 Urkunde", tt.status, tt.method, "2026-01-01 12:00:05")},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPagesOfUnknownPayments(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, nil)
	if code, page := get(t, m.sim.URL+"/bezahlen/unknown"); code != 404 || !strings.Contains(page, "gibt es nicht") {
		t.Error(code)
	}
	if code, page := get(t, m.sim.URL+"/"); code != 200 || !strings.Contains(page, "0000 0000 0000 0101") {
		t.Error(code)
	}
	for _, f := range []string{"sim.css", "zurueck.js"} {
		if code, _ := get(t, m.sim.URL+"/static/"+f); code != 200 {
			t.Errorf("%s: %d", f, code)
		}
	}
	a := m.start("tx")
	if code, page := get(t, a.URL+"/ergebnis"); code != 200 || !strings.Contains(page, "Womit möchten Sie bezahlen?") {
		t.Error("a result before the choice")
	}
	resp, err := http.PostForm(a.URL, url.Values{"karte": {"gold"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := m.status("tx"); got != state("-1") {
		t.Error(got)
	}
}

func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, fault string) *merchant {
		m := newMerchant(t, nil)
		m.start("other")
		a := m.start("tx")
		if err := m.sim.Misbehave(fault); err != nil {
			t.Fatal(err)
		}
		if fault == paymentsim.FaultCallbackEarly {
			get(t, a.URL)
			return m
		}
		m.pay("tx", paymentsim.CardPaid)
		return m
	}
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		m := begin(t, paymentsim.FaultCallbackLost)
		if got, err := m.sim.Transaction("tx"); err != nil || len(got.Callbacks) != 1 || got.Callbacks[0].Note != "callback-lost" || len(m.got) != 0 {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		m := begin(t, paymentsim.FaultCallbackTwice)
		if diff := cmp.Diff(m.notified(), m.notified()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("forged", func(t *testing.T) {
		t.Parallel()
		if f := begin(t, paymentsim.FaultCallbackForged).notified(); f.Get("amount") != "2451" || f.Get("txid") != "tx" {
			t.Error(f)
		}
	})
	t.Run("foreign", func(t *testing.T) {
		t.Parallel()
		if f := begin(t, paymentsim.FaultCallbackForeign).notified(); f.Get("txid") != "other" {
			t.Error(f)
		}
	})
	t.Run("early", func(t *testing.T) {
		t.Parallel()
		m := begin(t, paymentsim.FaultCallbackEarly)
		if f := m.notified(); f.Get("status") != "1" || m.status("tx") != state("-1") {
			t.Error(f)
		}
	})
	t.Run("pending forever", func(t *testing.T) {
		t.Parallel()
		m := begin(t, paymentsim.FaultPendingForever)
		if f := m.notified(); f.Get("status") != "-1" || m.status("tx") != state("-1") {
			t.Error(f)
		}
		if err := m.sim.Misbehave(""); err != nil || m.status("tx") != state("1") {
			t.Error("the truth does not come out")
		}
	})
	t.Run("late success", func(t *testing.T) {
		t.Parallel()
		m := begin(t, paymentsim.FaultLateSuccess)
		if f := m.notified(); f.Get("status") != "0" || m.status("tx") != state("0") {
			t.Error(f)
		}
		m.clock.Add(2 * time.Minute)
		if f := m.notified(); f.Get("status") != "1" || m.status("tx") != state("1") {
			t.Error(f)
		}
	})
}

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, func(o *paymentsim.Options) { o.Slow = time.Millisecond })
	m.start("tx")
	misbehave := func(code string) {
		t.Helper()
		if err := m.sim.Misbehave(code); err != nil || m.sim.Fault() != code {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"start", "status"} {
		ask := func() (int, string) {
			if part == "status" {
				return get(t, m.sim.URL+"/payment/status/"+ags+"/tx")
			}
			resp, err := http.PostForm(m.sim.URL+"/payment/secure", signed(m.form("never")))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(raw)
		}
		misbehave(part + "-html")
		if code, body := ask(); code != 200 || !strings.HasPrefix(body, "<!DOCTYPE html>") {
			t.Error(code, body)
		}
		misbehave(part + "-huge")
		if _, body := ask(); len(body) < 8<<20 {
			t.Error(len(body))
		}
		misbehave(part + "-500")
		if code, _ := ask(); code != 500 {
			t.Error(code)
		}
	}
	misbehave(paymentsim.FaultStatusSlow)
	if got := m.status("tx"); got != state("-1") {
		t.Error(got)
	}
	misbehave(paymentsim.FaultStatusText)
	if got := m.status("tx"); got != state(`"-1"`) {
		t.Error(got)
	}
	misbehave(paymentsim.FaultStartSlow)
	m.start("slow")
	misbehave(paymentsim.FaultStartCut)
	if resp, err := http.PostForm(m.sim.URL+"/payment/secure", signed(m.form("cut"))); err == nil {
		t.Errorf("answered %d", resp.StatusCode)
		resp.Body.Close()
	}
	misbehave("")
	if got := m.status("cut"); got != state("-1") {
		t.Errorf("the work was not done: %s", got)
	}
	if len(m.sim.Faults()) != 18 {
		t.Error("faults missing")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, nil)
	handler := http.Handler(m.sim)
	for i := range 10_001 {
		r := httptest.NewRequest(http.MethodPost, "/payment/secure", strings.NewReader(signed(m.form(fmt.Sprint("tx", i))).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
	all := m.sim.Transactions()
	if len(all) != 10_000 || all[0].TxID != "tx10000" || all[len(all)-1].TxID != "tx1" {
		t.Errorf("%d kept", len(all))
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	twice := paymentsim.Merchant{AGS: "1", Procedure: "P", Salt: "s"}
	for _, o := range []*paymentsim.Options{
		{BaseURL: "nowhere"}, {BaseURL: "http://localhost:1/"},
		{Merchants: []paymentsim.Merchant{{AGS: "1", Procedure: "P"}}}, {Merchants: []paymentsim.Merchant{twice, twice}},
	} {
		if s, err := paymentsim.Start(o); err == nil {
			t.Errorf("%+v accepted", o)
			s.Close()
		}
	}
	s, err := paymentsim.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

func Example() {
	sim, err := paymentsim.Start(&paymentsim.Options{
		Merchants: []paymentsim.Merchant{{AGS: "03399004", Procedure: "URKUNDE", Salt: "demo", Name: "Stadt Altenwehr"}},
		Now:       func() time.Time { return time.Date(2026, 1, 1, 11, 0, 5, 0, time.UTC) },
		Location:  time.UTC,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	resp, err := http.PostForm(sim.URL+"/payment/secure", url.Values{
		"ags": {"03399004"}, "amount": {"2450"}, "procedure": {"URKUNDE"}, "desc": {"2026-000123"}, "txid": {"URKUNDE.1"},
		"hash": {hash("demo", "03399004", "2450", "URKUNDE", "2026-000123", "URKUNDE.1")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(sim.Pay("URKUNDE.1", paymentsim.CardPayPal))
	for _, t := range sim.Transactions() {
		fmt.Println(t.TxID, t.Amount, t.State, t.Method)
	}
	// Output:
	// <nil>
	// URKUNDE.1 2450 paid paypal
}
