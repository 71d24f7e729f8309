package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
	"github.com/stadttor/stadttor/federation/webhook"
)

func TestTransport(t *testing.T) {
	t.Parallel()
	federationtest.TestTransport(t, func(t *testing.T) federation.Transport {
		return transport(t, serve(t, newOffice()), nil)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := webhook.Config{URL: "https://steuern.example/api/", Sender: "altenwehr", Secret: secret}
	if _, err := webhook.New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *webhook.Config){
		"no address": func(c *webhook.Config) { c.URL = "" },
		"relative":   func(c *webhook.Config) { c.URL = "/api" },
		"http":       func(c *webhook.Config) { c.URL = "http://steuern.example" },
		"ftp":        func(c *webhook.Config) { c.URL, c.InsecureAllowHTTP = "ftp://steuern.example", true },
		"user":       func(c *webhook.Config) { c.URL = "https://a:b@steuern.example" },
		"query":      func(c *webhook.Config) { c.URL = "https://steuern.example/?a=b" },
		"no sender":  func(c *webhook.Config) { c.Sender = "" },
		"bad sender": func(c *webhook.Config) { c.Sender = "a\r\nb" },
		"secret":     func(c *webhook.Config) { c.Secret = secret[:31] },
	} {
		c := good
		spoil(&c)
		if _, err := webhook.New(c); err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), string(secret[:31])) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
}

// judged checks the error of an attempt.
func judged(t *testing.T, err error, reason federation.Reason, final bool) *federation.TransportError {
	t.Helper()
	var te *federation.TransportError
	if !errors.As(err, &te) {
		t.Errorf("%v is no TransportError", err)
		return &federation.TransportError{}
	}
	if te.Reason != reason || te.Permanent != final {
		t.Errorf("reason %q, permanent %v; want %q, %v", te.Reason, te.Permanent, reason, final)
	}
	return te
}

// Everything that can answer in place of the office. None is a receipt.
func TestForeignAnswers(t *testing.T) {
	t.Parallel()
	status := func(code int, header ...string) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"receipt":"E-1","at":"2026-03-29T01:00:00Z"}`)
			return true
		}
	}
	for name, c := range map[string]struct {
		before func(w http.ResponseWriter, r *http.Request) bool
		reason federation.Reason
		final  bool
		after  time.Duration
	}{
		"unsigned":        {status(200), federation.ReasonNotAnAnswer, false, 0},
		"made up":         {status(200, "callback-timestamp", "1", "callback-authentication", strings.Repeat("ab", 64)), federation.ReasonNotAnAnswer, false, 0},
		"redirect":        {status(307, "Location", "https://elsewhere.example/"), federation.ReasonNotAnAnswer, false, 0},
		"bad request":     {status(400), federation.ReasonNotAnAnswer, false, 0},
		"not found":       {status(404), federation.ReasonNotAnAnswer, false, 0},
		"conflict":        {status(409), federation.ReasonNotAnAnswer, false, 0},
		"unprocessable":   {status(422), federation.ReasonNotAnAnswer, false, 0},
		"unauthorised":    {status(401), federation.ReasonCredentials, true, 0},
		"forbidden":       {status(403), federation.ReasonCredentials, true, 0},
		"too large":       {status(413), federation.ReasonTooLarge, true, 0},
		"too many":        {status(429, "Retry-After", "120"), federation.ReasonBusy, false, 2 * time.Minute},
		"early":           {status(425), federation.ReasonBusy, false, 0},
		"error":           {status(500), federation.ReasonBusy, false, 0},
		"unavailable":     {status(503, "Retry-After", "Sun, 29 Mar 2026 03:00:00 GMT"), federation.ReasonBusy, false, time.Hour},
		"unavailable old": {status(503, "Retry-After", "Sun, 29 Mar 2025 03:00:00 GMT"), federation.ReasonBusy, false, 0},
		"a long pause":    {status(503, "Retry-After", "99999999"), federation.ReasonBusy, false, 24 * time.Hour},
		"nonsense pause":  {status(503, "Retry-After", "-1"), federation.ReasonBusy, false, 0},
		"huge": {func(w http.ResponseWriter, _ *http.Request) bool {
			chunk := []byte(strings.Repeat("x", 4096))
			for range 1000 {
				if _, err := w.Write(chunk); err != nil {
					break
				}
			}
			return true
		}, federation.ReasonNotAnAnswer, false, 0},
		"cut in the head": {func(w http.ResponseWriter, _ *http.Request) bool { panic(http.ErrAbortHandler) }, federation.ReasonUnreachable, false, 0},
		"cut in the body": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"receipt":`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, federation.ReasonNotAnAnswer, false, 0},
		"slow": {func(_ http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return true
		}, federation.ReasonTimeout, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			o.before = c.before
			tr := transport(t, serve(t, o), func(cfg *webhook.Config) {
				cfg.Now = func() time.Time { return time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC) }
				if name == "slow" {
					cfg.Timeout = 50 * time.Millisecond
				}
			})
			d := federationtest.Sample("k")
			d.Attachments = nil
			r, err := tr.Deliver(t.Context(), d, federationtest.Open)
			te := judged(t, err, c.reason, c.final)
			if te.RetryAfter != c.after {
				t.Errorf("come back after %v, want %v", te.RetryAfter, c.after)
			}
			if r != (federation.Receipt{}) {
				t.Errorf("a receipt all the same: %v", r)
			}
			if strings.Contains(te.Error(), "E-1") {
				t.Error("the error holds foreign text")
			}
		})
	}
}

// What the office itself says, signed.
func TestSignedAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice()
	tr := transport(t, serve(t, o), nil)
	d := federationtest.Sample("k")
	if _, err := tr.Deliver(t.Context(), d, federationtest.Open); err != nil {
		t.Fatal(err)
	}
	d.Payload.Body = []byte("other")
	_, err := tr.Deliver(t.Context(), d, federationtest.Open)
	judged(t, err, federation.ReasonRejected, true)
	foreign := transport(t, serve(t, o), func(c *webhook.Config) { c.Secret = []byte(strings.Repeat("x", 32)) })
	_, err = foreign.Deliver(t.Context(), federationtest.Sample("l"), federationtest.Open)
	judged(t, err, federation.ReasonCredentials, true)
	if o.count() != 1 {
		t.Errorf("%d taken", o.count())
	}
}

// An answer that was signed for another request, or for another status, is none.
func TestAnswerOfAnother(t *testing.T) {
	t.Parallel()
	o := newOffice()
	var first http.Header
	o.after = func(w http.ResponseWriter, status int, body []byte) bool {
		if first == nil {
			return false
		}
		for k, v := range first {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return true
	}
	address := serve(t, o)
	keep := &keeper{}
	tr := transport(t, address, func(c *webhook.Config) { c.Client = &http.Client{Transport: keep} })
	var out any
	if err := tr.Query(t.Context(), "hunde", 1, &out); err != nil {
		t.Fatal(err)
	}
	first = keep.last
	judged(t, tr.Query(t.Context(), "katzen", 1, &out), federation.ReasonNotAnAnswer, false)
}

// keeper remembers the head of the last answer.
type keeper struct{ last http.Header }

func (k *keeper) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		k.last = resp.Header.Clone()
		k.last.Del("Content-Length")
	}
	return resp, err
}

func TestQuery(t *testing.T) {
	t.Parallel()
	tr := transport(t, serve(t, newOffice()), nil)
	var out struct {
		Echo struct{ Name string }
	}
	if err := tr.Query(t.Context(), "hunde", map[string]string{"name": "Größe"}, &out); err != nil || out.Echo.Name != "Größe" {
		t.Errorf("Query = %v, %+v", err, out)
	}
	for _, name := range []string{"", "../x", "Hunde", "a/b", strings.Repeat("a", 65)} {
		judged(t, tr.Query(t.Context(), name, 1, &out), federation.ReasonRejected, true)
	}
	judged(t, tr.Query(t.Context(), "hunde", func() {}, &out), federation.ReasonRejected, true)
	// Signed by the office, but nothing to rely on.
	for name, body := range map[string]string{"NUL": `"a\u0000"`, "deep": strings.Repeat("[", 20) + strings.Repeat("]", 20),
		"twice": `{"name":"a","Name":"b"}`, "other type": `{"name":[]}`} {
		if err := tr.Query(t.Context(), "hunde", rawJSON(body), &out); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			judged(t, err, federation.ReasonNotAnAnswer, false)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.Query(ctx, "hunde", 1, &out); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
