package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stadttor/stadttor/federation/webhook"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func sign(secret []byte, text string) string {
	h := hmac.New(sha512.New, secret)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// office is the smallest back office that keeps the protocol.
type office struct {
	mu    sync.Mutex
	parts map[string]bool
	taken map[string][]byte // bodies by path
	calls int
	// before may answer in place of the office; true means it did.
	before func(w http.ResponseWriter, r *http.Request) bool
	// after may spoil what the office would answer.
	after func(w http.ResponseWriter, status int, body []byte) bool
}

func newOffice() *office { return &office{parts: map[string]bool{}, taken: map[string][]byte{}} }

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.calls++
	before := o.before
	o.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	stamp, sig := r.Header.Get("callback-timestamp"), r.Header.Get("callback-authentication")
	sum := sha256.Sum256(body)
	if sig != sign(secret, stamp+"."+r.Method+"."+r.URL.EscapedPath()+"."+digest(body)) || r.Header.Get("stadttor-sender") != "altenwehr" ||
		r.Header.Get("content-digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status, answer := o.take(r, body)
	if o.after != nil && o.after(w, status, []byte(answer)) {
		return
	}
	w.Header().Set("callback-timestamp", stamp)
	w.Header().Set("callback-authentication", sign(secret, fmt.Sprintf("%s.%d.%s.%s", stamp, status, sig, digest([]byte(answer)))))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (o *office) take(r *http.Request, body []byte) (int, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	path := r.URL.Path
	switch {
	case len(path) > 10 && path[:10] == "/anhaenge/":
		if path[10:] != digest(body) {
			return http.StatusUnprocessableEntity, `{"code":"digest"}`
		}
		o.parts[digest(body)] = true
		return http.StatusOK, `{"sha256":"` + digest(body) + `"}`
	case r.Method == http.MethodPost:
		return http.StatusOK, `{"echo":` + string(body) + `}`
	}
	var doc struct {
		Key         string
		Attachments []struct{ SHA256 string }
	}
	if err := json.Unmarshal(body, &doc); err != nil || "/eingaenge/"+digest([]byte(doc.Key)) != path {
		return http.StatusUnprocessableEntity, `{"code":"syntax"}`
	}
	for _, a := range doc.Attachments {
		if !o.parts[a.SHA256] {
			return http.StatusUnprocessableEntity, `{"code":"attachment"}`
		}
	}
	if first, ok := o.taken[path]; ok && digest(first) != digest(body) {
		return http.StatusConflict, `{"code":"exists"}`
	}
	o.taken[path] = body
	return http.StatusOK, `{"receipt":"E-` + path[11:23] + `","at":"2026-03-29T01:00:00Z","new":1}`
}

func (o *office) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.taken)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func transport(t *testing.T, address string, change func(*webhook.Config)) *webhook.Transport {
	t.Helper()
	cfg := webhook.Config{URL: address, Sender: "altenwehr", Secret: secret, InsecureAllowHTTP: true, Timeout: 5 * time.Second, MaxAnswer: 10_000}
	if change != nil {
		change(&cfg)
	}
	tr, err := webhook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}
