package webhook_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/webhook"
)

const goodReply = `{"version":1,"id":"r-1","key":"antrag-1","reference":"AW-1","kind":"document-request","subject":"Bitte",
"body":"Größe?","due":"2026-04-12","documents":["Nachweis"],"inReplyTo":"nachricht-1","future":{"a":1},
"attachments":[{"name":"a.txt","mediaType":"text/plain","content":"aGk="}],"at":"2026-03-29T03:00:00.1234567+02:00"}`

var noon = time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)

// letter is a request to a receiver, before it is spoilt.
type letter struct {
	secret                   []byte
	method, path, body, sent string
	at                       time.Time
}

func (l letter) request() *http.Request {
	r := httptest.NewRequest(l.method, l.path, strings.NewReader(l.body))
	sum := sha256.Sum256([]byte(l.sent))
	stamp := fmt.Sprint(l.at.Unix())
	r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	r.Header.Set("Callback-Timestamp", stamp)
	r.Header.Set("Callback-Authentication", sign(l.secret, stamp+"."+l.method+"./antworten."+digest([]byte(l.sent))))
	return r
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(l *letter)
		head   func(h http.Header)
		take   error
		status int
		code   string
	}{
		"good":             {status: 200, code: "taken"},
		"a little late":    {spoil: func(l *letter) { l.at = noon.Add(-5 * time.Minute) }, status: 200, code: "taken"},
		"a little ahead":   {spoil: func(l *letter) { l.at = noon.Add(time.Minute) }, status: 200, code: "taken"},
		"too old":          {spoil: func(l *letter) { l.at = noon.Add(-5*time.Minute - time.Second) }, status: 401, code: "credentials"},
		"from tomorrow":    {spoil: func(l *letter) { l.at = noon.Add(2 * time.Minute) }, status: 401, code: "credentials"},
		"wrong secret":     {spoil: func(l *letter) { l.secret = []byte("other") }, status: 401, code: "credentials"},
		"another path":     {spoil: func(l *letter) { l.path = "/anderswo" }, status: 401, code: "credentials"},
		"altered":          {spoil: func(l *letter) { l.body = strings.Replace(l.body, "Bitte", "Bitt3", 1) }, status: 422, code: "digest"},
		"no signature":     {head: func(h http.Header) { h.Del("Callback-Authentication") }, status: 401, code: "credentials"},
		"short signature":  {head: func(h http.Header) { h.Set("Callback-Authentication", "ab") }, status: 401, code: "credentials"},
		"no time":          {head: func(h http.Header) { h.Del("Callback-Timestamp") }, status: 401, code: "credentials"},
		"no digest":        {head: func(h http.Header) { h.Del("Content-Digest") }, status: 401, code: "credentials"},
		"another method":   {spoil: func(l *letter) { l.method = http.MethodPut }, status: 405, code: "method"},
		"too large":        {spoil: func(l *letter) { l.body += strings.Repeat(" ", 2000); l.sent = l.body }, status: 413, code: "too-large"},
		"not JSON":         {spoil: func(l *letter) { l.body = "<html>"; l.sent = l.body }, status: 422, code: "syntax"},
		"two documents":    {spoil: func(l *letter) { l.body += "{}"; l.sent = l.body }, status: 422, code: "syntax"},
		"nothing":          {spoil: func(l *letter) { l.body = ""; l.sent = "" }, status: 422, code: "syntax"},
		"deep":             {spoil: func(l *letter) { l.body = strings.Repeat("[", 100); l.sent = l.body }, status: 422, code: "syntax"},
		"a name twice":     {spoil: func(l *letter) { l.body = `{"id":"a",` + l.body[1:]; l.sent = l.body }, status: 422, code: "syntax"},
		"twice, disguised": {spoil: func(l *letter) { l.body = `{"\u017ftatus":"a","status":"",` + l.body[1:]; l.sent = l.body }, status: 422, code: "syntax"},
		"year 0":           {spoil: func(l *letter) { l.body = strings.Replace(l.body, "2026-03-29", "0000-03-29", 1); l.sent = l.body }, status: 422, code: "invalid-syntax"},
		"NUL":              {spoil: func(l *letter) { l.body = strings.Replace(l.body, "Bitte", `\u0000`, 1); l.sent = l.body }, status: 422, code: "invalid-bad-text"},
		"not UTF-8":        {spoil: func(l *letter) { l.body = strings.Replace(l.body, "Bitte", "\xff", 1); l.sent = l.body }, status: 422, code: "invalid-bad-text"},
		"bad base64":       {spoil: func(l *letter) { l.body = strings.Replace(l.body, "aGk=", "***", 1); l.sent = l.body }, status: 422, code: "syntax"},
		"no day":           {spoil: func(l *letter) { l.body = strings.Replace(l.body, "2026-04-12", "2026-02-30", 1); l.sent = l.body }, status: 422, code: "invalid-syntax"},
		"unknown kind":     {spoil: func(l *letter) { l.body = strings.Replace(l.body, "document-request", "joke", 1); l.sent = l.body }, status: 422, code: "invalid-syntax"},
		"no id":            {spoil: func(l *letter) { l.body = strings.Replace(l.body, "r-1", "", 1); l.sent = l.body }, status: 422, code: "invalid-required"},
		"refused":          {take: &webhook.RefusedError{Code: "closed"}, status: 422, code: "closed"},
		"refused, invalid": {take: &federation.InvalidError{Field: "x", Rule: federation.RuleTooLong}, status: 422, code: "invalid-too-long"},
		"id used":          {take: federation.ErrExists, status: 409, code: "exists"},
		"not now":          {take: errors.New("pq: secret detail"), status: 503, code: "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			var got []federation.Reply
			h := webhook.NewReceiver(webhook.ReceiverConfig{Source: "steuern:hunde", Secret: secret, MaxBody: 1500,
				Now: func() time.Time { return noon }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
				Take: func(_ context.Context, r federation.Reply) error { got = append(got, r); return c.take }})
			l := letter{secret: secret, method: http.MethodPost, path: "/antworten", body: goodReply, sent: goodReply, at: noon}
			if c.spoil != nil {
				c.spoil(&l)
			}
			req := l.request()
			if c.head != nil {
				c.head(req.Header)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != c.status || w.Body.String() != `{"code":"`+c.code+`"}` {
				t.Errorf("answered %d %s, want %d %s", w.Code, w.Body, c.status, c.code)
			}
			if calls := len(got); (calls == 1) != (c.status == 200 || c.take != nil) {
				t.Errorf("Take was called %d times", calls)
			}
			answered(t, w, req, c.status)
			if s := log.String(); strings.Contains(s, "Bitt") || strings.Contains(s, "detail") || !strings.Contains(s, "code="+c.code) {
				t.Errorf("log %s", s)
			}
		})
	}
}

// answered checks that an answer is signed exactly if the request was.
func answered(t *testing.T, w *httptest.ResponseRecorder, req *http.Request, status int) {
	t.Helper()
	got := w.Header().Get("Callback-Authentication")
	if status == 401 || status == 405 {
		if got != "" {
			t.Error("a stranger got a signature")
		}
		return
	}
	want := sign(secret, fmt.Sprintf("%s.%d.%s.%s", w.Header().Get("Callback-Timestamp"), w.Code, req.Header.Get("Callback-Authentication"), digest(w.Body.Bytes())))
	if got != want {
		t.Error("the answer is not signed for this request")
	}
}

// A stranger cannot make the receiver read.
func TestReceiverReadsNothingOfStrangers(t *testing.T) {
	t.Parallel()
	h := webhook.NewReceiver(webhook.ReceiverConfig{Source: "s", Secret: secret, Take: func(context.Context, federation.Reply) error { return nil }})
	r := letter{secret: []byte("other"), method: http.MethodPost, path: "/antworten", at: time.Now()}.request()
	r.Body = io.NopCloser(unreadable{t})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("answered %d", w.Code)
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestParseReply(t *testing.T) {
	t.Parallel()
	got, err := webhook.ParseReply(strings.NewReader(goodReply))
	if err != nil {
		t.Fatal(err)
	}
	want := federation.Reply{ID: "r-1", Key: "antrag-1", Reference: "AW-1", Kind: federation.ReplyDocumentRequest, Subject: "Bitte", Body: "Größe?",
		Due: time.Date(2026, 4, 12, 0, 0, 0, 0, time.UTC), Documents: []string{"Nachweis"}, InReplyTo: "nachricht-1",
		Attachments: []federation.ReplyAttachment{{Name: "a.txt", MediaType: "text/plain", Content: []byte("hi")}},
		At:          time.Date(2026, 3, 29, 1, 0, 0, 123456000, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{goodReply, "", "{}", `{"at":"x"}`, `{"due":"0000-00-00"}`, "[[[[", `{"id":"\ud800"}`, `{"attachments":[{"content":"="}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := webhook.ParseReply(bytes.NewReader(raw))
		if err != nil {
			return
		}
		r.Source = "s"
		if r.Validate() == nil && len(r.Clone().Digest()) != 64 {
			t.Error("no digest")
		}
	})
}
