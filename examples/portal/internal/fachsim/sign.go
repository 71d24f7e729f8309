package fachsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The header fields of the protocol.
const (
	fieldTime = "callback-timestamp"
	fieldAuth = "callback-authentication"
	fieldBody = "content-digest"
)

func sum256(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func hmac512(secret []byte, text string) []byte {
	h := hmac.New(sha512.New, secret)
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum(nil)
}

// verify checks the head of a request. It returns the signature and the digest
// that the body must have.
func (s *Server) verify(r *http.Request) (auth string, digest string, ok bool) {
	auth, stamp := r.Header.Get(fieldAuth), r.Header.Get(fieldTime)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return "", "", false
	}
	var encoded string
	if n, err := fmt.Sscanf(r.Header.Get(fieldBody), "sha-256=:%s", &encoded); n != 1 || err != nil || !strings.HasSuffix(encoded, ":") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, ":"))
	if err != nil {
		return "", "", false
	}
	digest = hex.EncodeToString(raw)
	given, err := hex.DecodeString(auth)
	if err != nil || !hmac.Equal(given, hmac512(s.opts.Secret, stamp+"."+r.Method+"."+r.URL.EscapedPath()+"."+digest)) {
		return "", "", false
	}
	age := s.opts.Clock().Unix() - seconds
	return auth, digest, age <= 5*60 && age >= -60
}

// answer writes JSON, signed for the request with this signature.
func (s *Server) answer(w http.ResponseWriter, auth string, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if auth != "" && s.Fault() != faultAnswerUnsigned {
		stamp := strconv.FormatInt(s.opts.Clock().Unix(), 10)
		h.Set(fieldTime, stamp)
		h.Set(fieldAuth, hex.EncodeToString(hmac512(s.opts.Secret, fmt.Sprintf("%s.%d.%s.%s", stamp, status, auth, sum256(body)))))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the portal will ask again
}

// signedReply adds the fields to a request of ours.
func signedReply(r *http.Request, secret, body []byte, now time.Time) {
	sum := sha256.Sum256(body)
	stamp := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set(fieldTime, stamp)
	r.Header.Set(fieldBody, "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	text := strings.Join([]string{stamp, r.Method, r.URL.EscapedPath(), hex.EncodeToString(sum[:])}, ".")
	r.Header.Set(fieldAuth, hex.EncodeToString(hmac512(secret, text)))
}

// answeredBy reports whether the portal's answer is signed for the request.
func answeredBy(r *http.Request, resp *http.Response, secret, body []byte) bool {
	stamp := resp.Header.Get(fieldTime)
	given, err := hex.DecodeString(resp.Header.Get(fieldAuth))
	text := fmt.Sprintf("%s.%d.%s.%s", stamp, resp.StatusCode, r.Header.Get(fieldAuth), sum256(body))
	return err == nil && stamp != "" && hmac.Equal(given, hmac512(secret, text))
}
