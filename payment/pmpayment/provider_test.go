package pmpayment_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsim"
	"github.com/stadttor/stadttor/payment/pmpayment"
)

const salt = "demo-salt-0001"

func attempt() payment.Attempt {
	return payment.Attempt{
		ID: "attempt-1", Order: "order-1", Tenant: "03404000", Procedure: "URKUNDE", TxID: "URKUNDE.7f3c",
		Amount: payment.EUR(4250), Text: "Geburtsurkunde 2026-000123",
		NotifyURL: "https://portal.example.org/notify?zahlung=attempt-1",
		ReturnURL: "https://portal.example.org/return?zahlung=attempt-1",
	}
}

func config(base string) pmpayment.Config {
	return pmpayment.Config{
		BaseURL: base, AGS: "03404000", InsecureAllowHTTP: true,
		Procedures: map[string]pmpayment.Procedure{
			"URKUNDE": {Salt: salt, OldSalt: "old-salt"},
			"HUND":    {Salt: "hund-salt"},
		},
	}
}

func newProvider(t *testing.T, c pmpayment.Config) *pmpayment.Provider {
	t.Helper()
	p, err := pmpayment.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// service is a service that answers as it is told.
func service(t *testing.T, h http.HandlerFunc) *pmpayment.Provider {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newProvider(t, config(s.URL))
}

func wantReason(t *testing.T, name string, err error, reason payment.ProviderReason) {
	t.Helper()
	var e *payment.ProviderError
	if !errors.As(err, &e) || e.Reason != reason {
		t.Errorf("%s: %v, want %s", name, err, reason)
		return
	}
	for _, secret := range []string{salt, "attempt-1", "Geburtsurkunde", "127.0.0.1", "geheim"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %q tells too much", name, err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*pmpayment.Config){
		"no base":             func(c *pmpayment.Config) { c.BaseURL = "" },
		"http":                func(c *pmpayment.Config) { c.BaseURL, c.InsecureAllowHTTP = "http://localhost", false },
		"file":                func(c *pmpayment.Config) { c.BaseURL = "file:///tmp" },
		"user in base":        func(c *pmpayment.Config) { c.BaseURL = "https://a:b@localhost" },
		"query in base":       func(c *pmpayment.Config) { c.BaseURL = "https://localhost?a=b" },
		"no ags":              func(c *pmpayment.Config) { c.AGS = "" },
		"ags with slash":      func(c *pmpayment.Config) { c.AGS = "../x" },
		"no procedures":       func(c *pmpayment.Config) { c.Procedures = nil },
		"no salt":             func(c *pmpayment.Config) { c.Procedures = map[string]pmpayment.Procedure{"A": {}} },
		"bar in procedure":    func(c *pmpayment.Config) { c.Procedures = map[string]pmpayment.Procedure{"A|B": {Salt: "x"}} },
		"pay host with path":  func(c *pmpayment.Config) { c.PayHosts = []string{"localhost/x"} },
		"pay host with users": func(c *pmpayment.Config) { c.PayHosts = []string{"a@localhost"} },
	}
	for name, change := range tests {
		c := config("https://localhost")
		change(&c)
		if _, err := pmpayment.New(c); !errors.Is(err, pmpayment.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), salt) {
			t.Errorf("%s: salt in %q", name, err)
		}
	}
}

func TestStartSends(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*payment.Attempt)
		want   url.Values
	}{
		{"six values", func(a *payment.Attempt) {
			a.TxID, a.NotifyURL, a.ReturnURL = "", "https://portal.example.org/notify?id=1", "https://portal.example.org/return?id=1"
		}, url.Values{
			"ags": {"03404000"}, "amount": {"4250"}, "procedure": {"URKUNDE"}, "desc": {"Geburtsurkunde 2026-000123"},
			"notifyURL": {"https://portal.example.org/notify?id=1"}, "redirectURL": {"https://portal.example.org/return?id=1"},
			"hash": {"3e58133aeab7dcbb5a091501951a305f46dc6dd1360b541365d94c76d48c51ad"},
		}},
		{"no addresses", func(a *payment.Attempt) { a.NotifyURL, a.ReturnURL = "", "" }, url.Values{
			"ags": {"03404000"}, "amount": {"4250"}, "procedure": {"URKUNDE"}, "desc": {"Geburtsurkunde 2026-000123"}, "txid": {"URKUNDE.7f3c"},
			"hash": {hash(salt, "03404000", "4250", "URKUNDE", "Geburtsurkunde 2026-000123", "URKUNDE.7f3c")},
		}},
	}
	for _, tt := range tests {
		p := service(t, func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil || r.Method != "POST" || r.URL.Path != "/payment/secure" || r.URL.RawQuery != "" {
				t.Error(err, r.Method, r.URL)
			}
			if diff := cmp.Diff(tt.want, r.PostForm); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
			fmt.Fprintf(w, `{"url":"http://%s/p/1","txid":"URKUNDE.7f3c"}`, r.Host)
		})
		a := attempt()
		tt.change(&a)
		got, err := p.Start(t.Context(), a)
		if err != nil || got.ProviderRef != "URKUNDE.7f3c" || !strings.HasSuffix(got.PayURL, "/p/1") {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

func TestStartRefusesBadAttempts(t *testing.T) {
	t.Parallel()
	p := service(t, func(http.ResponseWriter, *http.Request) { t.Error("asked the service") })
	tests := map[string]func(*payment.Attempt){
		"unknown procedure":   func(a *payment.Attempt) { a.Procedure = "FREMD" },
		"another town":        func(a *payment.Attempt) { a.Tenant = "03404001" },
		"dollars":             func(a *payment.Attempt) { a.Amount.Currency = "USD" },
		"no currency":         func(a *payment.Attempt) { a.Amount.Currency = "" },
		"nothing":             func(a *payment.Attempt) { a.Amount.Minor = 0 },
		"less than nothing":   func(a *payment.Attempt) { a.Amount.Minor = -1 },
		"no text":             func(a *payment.Attempt) { a.Text = "" },
		"text of 28":          func(a *payment.Attempt) { a.Text = strings.Repeat("x", 28) },
		"umlaut":              func(a *payment.Attempt) { a.Text = "Gebühr" },
		"bar in text":         func(a *payment.Attempt) { a.Text = "a|b" },
		"line end in text":    func(a *payment.Attempt) { a.Text = "a\r\nb" },
		"semicolon in record": func(a *payment.Attempt) { a.Record = "a;b" },
		"long record":         func(a *payment.Attempt) { a.Record = strings.Repeat("x", 501) },
		"slash in txid":       func(a *payment.Attempt) { a.TxID = "../1" },
		"bar in address":      func(a *payment.Attempt) { a.NotifyURL = "https://portal.example.org/?a=b|c" },
		"relative address":    func(a *payment.Attempt) { a.ReturnURL = "/return" },
		"script":              func(a *payment.Attempt) { a.ReturnURL = "javascript:alert(1)" },
		"NUL in address":      func(a *payment.Attempt) { a.ReturnURL = "https://portal.example.org/\x00" },
	}
	for name, change := range tests {
		a := attempt()
		change(&a)
		_, err := p.Start(t.Context(), a)
		var e *payment.ProviderError
		if !errors.As(err, &e) || e.Temporary || e.Reason != payment.ReasonRefused && e.Reason != payment.ReasonMismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	strict := config("https://localhost")
	strict.InsecureAllowHTTP = false
	a := attempt()
	a.NotifyURL = "http://portal.example.org/notify"
	_, err := newProvider(t, strict).Start(t.Context(), a)
	wantReason(t, "http callback", err, payment.ReasonRefused)
}

func TestStartDoubtsAnswers(t *testing.T) {
	t.Parallel()
	answer := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.ReplaceAll(s, "HOST", r.Host))
		}
	}
	tests := []struct {
		name   string
		serve  http.HandlerFunc
		reason payment.ProviderReason
	}{
		{"refused", answer(`{"Error":"geheim"}`), payment.ReasonRefused},
		{"page", answer(`<!DOCTYPE html><p>geheim`), payment.ReasonNotAnswer},
		{"nothing", answer(``), payment.ReasonNotAnswer},
		{"half", answer(`{"url":"http://HOST/p"}`), payment.ReasonNotAnswer},
		{"another txid", answer(`{"url":"http://HOST/p","txid":"URKUNDE.7f3d"}`), payment.ReasonMismatch},
		{"another host", answer(`{"url":"http://evil.example/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"host as user", answer(`{"url":"http://HOST@evil.example/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"user before host", answer(`{"url":"http://a:b@HOST/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"another port", answer(`{"url":"http://127.0.0.1:1/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"script", answer(`{"url":"javascript:alert(1)","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"backslash", answer(`{"url":"http://evil.example\\@HOST/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"no scheme", answer(`{"url":"//HOST/p","txid":"URKUNDE.7f3c"}`), payment.ReasonMismatch},
		{"huge", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat(" ", 65<<10)) }, payment.ReasonTooLarge},
		{"500", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "geheim", 500) }, payment.ReasonStatus},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/payment/secure" {
				t.Error("followed a redirect")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, payment.ReasonStatus},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, payment.ReasonCut},
		{"cut in the middle", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"url":`)
		}, payment.ReasonCut},
	}
	for _, tt := range tests {
		_, err := service(t, tt.serve).Start(t.Context(), attempt())
		wantReason(t, tt.name, err, tt.reason)
	}
}

func TestPayHosts(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"url":"https://WWW.pay.example/p","txid":"URKUNDE.7f3c"}`)
	}))
	defer s.Close()
	c := config(s.URL)
	c.PayHosts = []string{"www.pay.example"}
	if got, err := newProvider(t, c).Start(t.Context(), attempt()); err != nil || got.PayURL == "" {
		t.Error(got, err)
	}
}

func TestNoAnswerAtAll(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	p := newProvider(t, config(s.URL))
	_, err := p.Start(t.Context(), attempt())
	wantReason(t, "closed", err, payment.ReasonUnreachable)
	_, err = p.LookUp(t.Context(), attempt())
	wantReason(t, "closed", err, payment.ReasonUnreachable)

	stop := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer slow.Close()
	defer close(stop)
	c := config(slow.URL)
	c.Timeout = 20 * time.Millisecond
	_, err = newProvider(t, c).LookUp(t.Context(), attempt())
	wantReason(t, "slow", err, payment.ReasonTimeout)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newProvider(t, c).LookUp(ctx, attempt()); err == nil {
		t.Error("works with a cancelled context")
	}
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		code   int
		body   string
		method string
		state  payment.State
		reason payment.ProviderReason
	}{
		{"paid", 200, `{"status":1,"timestamp":"2026-01-01 12:00:05"}`, "paypal", payment.StatePaid, ""},
		{"paid as text", 200, `{"status":"1"}`, "", payment.StatePaid, ""},
		{"in progress", 200, `{"status":-1}`, "", payment.StateChecking, ""},
		{"aborted", 200, `{"status":0}`, "", payment.StateAborted, ""},
		{"failed", 200, `{"status":0}`, "creditCard", payment.StateFailed, ""},
		{"unknown", 404, `{"Error":"unbekannt"}`, "", "", payment.ReasonUnknownTransaction},
		{"gateway does not find it", 404, `<html>404</html>`, "", "", payment.ReasonStatus},
		{"gateway does not find it in json", 404, `{"message":"no route"}`, "", "", payment.ReasonStatus},
		{"error", 200, `{"Error":"geheim"}`, "", "", payment.ReasonRefused},
		{"page", 200, `<html>geheim</html>`, "", "", payment.ReasonNotAnswer},
		{"new status", 200, `{"status":7}`, "", "", payment.ReasonNotAnswer},
		{"huge", 200, `{"status":1,"x":"` + strings.Repeat("x", 65<<10) + `"}`, "", "", payment.ReasonTooLarge},
		{"500 with a paid status", 500, `{"status":1}`, "", "", payment.ReasonStatus},
		{"302 with a paid status", 302, `{"status":1}`, "", "", payment.ReasonStatus},
	}
	for _, tt := range tests {
		p := service(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/payment/status/03404000/URKUNDE.7f3c" || r.Method != "GET" {
				t.Error(r.Method, r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tt.code)
			fmt.Fprint(w, tt.body)
		})
		a := attempt()
		a.Method = tt.method
		got, err := p.LookUp(t.Context(), a)
		if tt.reason != "" {
			wantReason(t, tt.name, err, tt.reason)
			if got != (payment.Snapshot{}) {
				t.Errorf("%s: %+v", tt.name, got)
			}
			continue
		}
		want := payment.Snapshot{State: tt.state, Amount: a.Amount, Method: tt.method, ProviderRef: "URKUNDE.7f3c"}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tt.name, err, diff)
		}
	}
}

func TestAgainstSimulatorFaults(t *testing.T) {
	t.Parallel()
	sim, err := paymentsim.Start(&paymentsim.Options{
		Merchants: []paymentsim.Merchant{{AGS: "03404000", Procedure: "URKUNDE", Salt: salt, Name: "Stadt Altenwehr"}},
		Slow:      time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	c := config(sim.URL)
	c.Timeout = time.Second
	p := newProvider(t, c)
	a := attempt()
	a.NotifyURL, a.ReturnURL = "", ""
	if _, err := p.Start(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		fault         string
		start, status payment.ProviderReason
	}{
		{paymentsim.FaultStartHTML, payment.ReasonNotAnswer, ""},
		{paymentsim.FaultStartHuge, payment.ReasonTooLarge, ""},
		{paymentsim.FaultStart500, payment.ReasonStatus, ""},
		{paymentsim.FaultStartCut, payment.ReasonCut, ""},
		{paymentsim.FaultStartSlow, payment.ReasonTimeout, ""},
		{paymentsim.FaultStatusHTML, "", payment.ReasonNotAnswer},
		{paymentsim.FaultStatusHuge, "", payment.ReasonTooLarge},
		{paymentsim.FaultStatus500, "", payment.ReasonStatus},
		{paymentsim.FaultStatusSlow, "", payment.ReasonTimeout},
		{paymentsim.FaultStatusText, "", ""},
	}
	for i, tt := range tests {
		if err := sim.Misbehave(tt.fault); err != nil {
			t.Fatal(err)
		}
		again := a
		again.TxID = fmt.Sprintf("URKUNDE.%d", i)
		if _, err := p.Start(t.Context(), again); tt.start != "" {
			wantReason(t, tt.fault, err, tt.start)
		} else if err != nil {
			t.Errorf("%s: start %v", tt.fault, err)
		}
		if got, err := p.LookUp(t.Context(), a); tt.status != "" {
			wantReason(t, tt.fault, err, tt.status)
		} else if err != nil || got.State != payment.StateChecking {
			t.Errorf("%s: status %v %v", tt.fault, got, err)
		}
	}
	if err := sim.Misbehave(""); err != nil {
		t.Fatal(err)
	}
	a.TxID = "URKUNDE.other"
	_, err = p.LookUp(t.Context(), a)
	wantReason(t, "unknown", err, payment.ReasonUnknownTransaction)
	wrong := config(sim.URL)
	wrong.Procedures["URKUNDE"] = pmpayment.Procedure{Salt: "wrong"}
	_, err = newProvider(t, wrong).Start(t.Context(), a)
	wantReason(t, "wrong salt", err, payment.ReasonRefused)
}
