package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// office is a back office: the other side of the protocol of package webhook,
// in as few lines as it takes. It loses its first answer on purpose.
type office struct {
	secret []byte
	portal string // where replies go

	mu    sync.Mutex
	parts map[string][]byte // attachments by digest
	taken map[string][]byte // submissions by key
	lost  bool
}

func newOffice(secret []byte, portal string) *office {
	return &office{secret: secret, portal: portal, parts: map[string][]byte{}, taken: map[string][]byte{}}
}

func (o *office) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.taken)
}

// sum is a SHA-256 in hexadecimal.
func sum(b []byte) string {
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

// sign is the HMAC over the parts, joined by dots.
func (o *office) sign(parts ...string) string {
	h := hmac.New(sha512.New, o.secret)
	h.Write([]byte(strings.Join(parts, ".")))
	return hex.EncodeToString(h.Sum(nil))
}

// ServeHTTP implements http.Handler: a page for people, the rest is signed.
func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet:
		o.page(w)
		return
	case r.Method == http.MethodPost && r.URL.Path == "/entscheiden":
		if err := o.decide(r.Context(), r.PostFormValue("key"), "granted"); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "Entschieden. Das Programm endet jetzt.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	stamp, given := r.Header.Get("Callback-Timestamp"), r.Header.Get("Callback-Authentication")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	age := time.Since(time.Unix(seconds, 0))
	want := o.sign(stamp, r.Method, r.URL.EscapedPath(), sum(body))
	if err != nil || age > 5*time.Minute || age < -time.Minute || !hmac.Equal([]byte(given), []byte(want)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status, answer := o.take(r.URL.Path, body)
	if status == 0 { // as if a proxy had lost the answer
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Callback-Timestamp", now)
	w.Header().Set("Callback-Authentication", o.sign(now, strconv.Itoa(status), given, sum(answer)))
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the portal asks again
}

// take keeps an attachment or a submission; a repetition changes nothing.
func (o *office) take(path string, body []byte) (int, []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if name, ok := strings.CutPrefix(path, "/anhaenge/"); ok && name == sum(body) {
		o.parts[name] = body
		return http.StatusOK, []byte(`{"sha256":"` + name + `"}`)
	}
	var doc struct {
		Key         string `json:"key"`
		Attachments []struct {
			SHA256 string `json:"sha256"`
		} `json:"attachments"`
	}
	if err := json.Unmarshal(body, &doc); err != nil || path != "/eingaenge/"+sum([]byte(doc.Key)) {
		return http.StatusUnprocessableEntity, []byte(`{"code":"syntax"}`)
	}
	for _, a := range doc.Attachments {
		if _, ok := o.parts[a.SHA256]; !ok {
			return http.StatusUnprocessableEntity, []byte(`{"code":"attachment"}`)
		}
	}
	if first, ok := o.taken[doc.Key]; ok && !bytes.Equal(first, body) {
		return http.StatusConflict, []byte(`{"code":"exists"}`)
	}
	o.taken[doc.Key] = body
	if !o.lost {
		o.lost = true
		return 0, nil
	}
	return http.StatusOK, []byte(`{"receipt":"E-` + sum(body)[:12] + `","at":"2026-03-29T01:00:00Z"}`)
}

// decide sends the decision, the same for the same application.
func (o *office) decide(ctx context.Context, key, outcome string) error {
	body, err := json.Marshal(map[string]any{
		"version": 1, "id": "bescheid-" + key, "key": key, "reference": "AW-2026-000123", "kind": "decision", "subject": "Bescheid",
		"body": "Der Hund ist angemeldet.", "status": outcome, "at": "2026-03-30T08:00:00Z",
		"attachments": []map[string]any{{"name": "Bescheid.txt", "mediaType": "text/plain", "content": []byte("72 EUR")}},
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.portal, bytes.NewReader(body))
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Callback-Timestamp", stamp)
	r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
	r.Header.Set("Callback-Authentication", o.sign(stamp, r.Method, r.URL.EscapedPath(), sum(body)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	signed := o.sign(resp.Header.Get("Callback-Timestamp"), strconv.Itoa(resp.StatusCode), r.Header.Get("Callback-Authentication"), sum(answer))
	if resp.StatusCode != http.StatusOK || !hmac.Equal([]byte(resp.Header.Get("Callback-Authentication")), []byte(signed)) {
		return fmt.Errorf("the portal did not take the decision: %d", resp.StatusCode) // keep it and come back
	}
	return nil
}

func (o *office) page(w http.ResponseWriter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'")
	fmt.Fprint(w, `<!DOCTYPE html><html lang="de"><title>Fachverfahren</title><main><h1>Fachverfahren (Beispiel)</h1>`)
	for key := range o.taken {
		fmt.Fprintf(w, `<form method="post" action="/entscheiden"><p>%s <button name="key" value="%[1]s">Bewilligen</button></p></form>`, html.EscapeString(key))
	}
	fmt.Fprint(w, `</main></html>`)
}
