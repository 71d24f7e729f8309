package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of the header fields. The first two have the form of the callbacks of
// FIT-Connect; the digest is that of RFC 9530.
const (
	headerSignature = "Callback-Authentication"
	headerTimestamp = "Callback-Timestamp"
	headerDigest    = "Content-Digest"
	headerSender    = "Stadttor-Sender"
)

// Limits of the time stamps of requests.
const (
	maxAge  = 5 * time.Minute
	maxSkew = time.Minute
)

// mac is the signature over fields joined by dots. No field but the last may
// hold a dot that an attacker chooses; paths are fixed by both sides.
func mac(secret []byte, fields ...string) string {
	h := hmac.New(sha512.New, secret)
	h.Write([]byte(strings.Join(fields, ".")))
	return hex.EncodeToString(h.Sum(nil))
}

// equal compares two signatures in constant time on the decoded bytes.
func equal(got, want string) bool {
	a, errA := hex.DecodeString(got)
	b, errB := hex.DecodeString(want)
	return errA == nil && errB == nil && len(a) == sha512.Size && hmac.Equal(a, b)
}

func hexDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// contentDigest is the header field for a digest in hexadecimal.
func contentDigest(digest string) string {
	raw, err := hex.DecodeString(digest)
	if err != nil {
		return ""
	}
	return "sha-256=:" + base64.StdEncoding.EncodeToString(raw) + ":"
}

// claimedDigest reads the header field; only one SHA-256 is understood.
func claimedDigest(h http.Header) (string, bool) {
	s, ok := strings.CutPrefix(h.Get(headerDigest), "sha-256=:")
	if !ok {
		return "", false
	}
	s, ok = strings.CutSuffix(s, ":")
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if !ok || err != nil || len(raw) != sha256.Size {
		return "", false
	}
	return hex.EncodeToString(raw), true
}

// signRequest adds the header fields of a request. It returns the signature,
// which the answer must name.
func signRequest(h http.Header, secret []byte, method, path, digest string, now time.Time) string {
	stamp := strconv.FormatInt(now.Unix(), 10)
	sig := mac(secret, stamp, method, path, digest)
	h.Set(headerTimestamp, stamp)
	h.Set(headerDigest, contentDigest(digest))
	h.Set(headerSignature, sig)
	return sig
}

// checkRequest verifies the head of a request and returns its signature and
// the digest its body must have. Nothing of the body is needed.
func checkRequest(r *http.Request, secret []byte, now time.Time) (sig, digest string, ok bool) {
	stamp := r.Header.Get(headerTimestamp)
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return "", "", false
	}
	digest, ok = claimedDigest(r.Header)
	if !ok {
		return "", "", false
	}
	sig = r.Header.Get(headerSignature)
	if !equal(sig, mac(secret, stamp, r.Method, r.URL.EscapedPath(), digest)) {
		return "", "", false
	}
	age := now.Sub(time.Unix(sec, 0))
	if age > maxAge || age < -maxSkew {
		return "", "", false
	}
	return sig, digest, true
}

// signAnswer signs an answer and binds it to the request by its signature.
func signAnswer(h http.Header, secret []byte, status int, request string, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(headerTimestamp, stamp)
	h.Set(headerSignature, mac(secret, stamp, strconv.Itoa(status), request, hexDigest(body)))
}

// checkAnswer reports whether an answer is signed for just this request. Its
// time stamp needs no window, since the request had one.
func checkAnswer(h http.Header, secret []byte, status int, request string, body []byte) bool {
	stamp := h.Get(headerTimestamp)
	if _, err := strconv.ParseInt(stamp, 10, 64); err != nil {
		return false
	}
	return equal(h.Get(headerSignature), mac(secret, stamp, strconv.Itoa(status), request, hexDigest(body)))
}
