package webhook

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/stadttor/stadttor/federation"
)

// ReceiverConfig describes who may send replies and what becomes of them.
// Source, Secret and Take are required.
type ReceiverConfig struct {
	// Source is the destination whose back office has the secret; it becomes
	// [federation.Reply].Source.
	Source string
	// Secret signs both ways. At least [MinSecret] bytes.
	Secret []byte
	// Now reports the real time, for time stamps. Default: time.Now.
	Now func() time.Time
	// MaxBody bounds a reply with its attachments in base64, in bytes.
	// Default: 32 MiB.
	MaxBody int64
	// Timeout bounds reading a reply. Default: 60 s.
	Timeout time.Duration
	// Take keeps a reply, at best in one transaction with its effects; no error
	// for a repetition. [*RefusedError] and [*federation.InvalidError] become
	// 422, [federation.ErrExists] 409, anything else 503: then the back office
	// comes back.
	Take func(ctx context.Context, r federation.Reply) error
	// Logger receives ids and codes only. Default: discard.
	Logger *slog.Logger
}

// RefusedError is how [ReceiverConfig].Take refuses a reply for good: the back
// office gets the code and does not come back with it.
type RefusedError struct {
	// Code is a stable code without personal data, such as "closed".
	Code string
}

// Error names the code.
func (e *RefusedError) Error() string { return "webhook: reply refused: " + e.Code }

// Codes in the answers of a receiver.
const (
	codeTaken       = "taken"
	codeCredentials = "credentials"
	codeTooLarge    = "too-large"
	codeSyntax      = "syntax"
	codeDigest      = "digest"
	codeExists      = "exists"
	codeBusy        = "busy"
	codeMethod      = "method"
)

type receiver struct{ cfg ReceiverConfig }

// NewReceiver returns the handler that takes replies. Give it the path that the
// back office calls; the path is signed, so a proxy in front must not change
// it. It panics if the configuration is incomplete.
func NewReceiver(cfg ReceiverConfig) http.Handler {
	switch {
	case cfg.Source == "":
		panic("webhook: receiver without source")
	case len(cfg.Secret) < MinSecret:
		panic("webhook: receiver with too short a secret")
	case cfg.Take == nil:
		panic("webhook: receiver without Take")
	}
	cfg.Secret = slices.Clone(cfg.Secret)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 32 << 20
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 60 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &receiver{cfg: cfg}
}

// ServeHTTP implements [http.Handler].
func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		rc.answer(w, r, "", http.StatusMethodNotAllowed, codeMethod, "")
		return
	}
	// The signature covers the digest of the body: who lacks the secret cannot
	// make us read one.
	sig, digest, ok := checkRequest(r, rc.cfg.Secret, rc.cfg.Now())
	if !ok {
		rc.answer(w, r, "", http.StatusUnauthorized, codeCredentials, "")
		return
	}
	// The server in front may have no deadline for bodies; not every one can.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(rc.cfg.Timeout))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rc.cfg.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		rc.answer(w, r, sig, http.StatusRequestEntityTooLarge, codeTooLarge, "")
		return
	case err != nil:
		rc.answer(w, r, sig, http.StatusBadRequest, codeSyntax, "")
		return
	case subtle.ConstantTimeCompare([]byte(hexDigest(raw)), []byte(digest)) != 1:
		rc.answer(w, r, sig, http.StatusUnprocessableEntity, codeDigest, "")
		return
	}
	reply, err := ParseReply(bytes.NewReader(raw))
	if err != nil {
		rc.answer(w, r, sig, http.StatusUnprocessableEntity, codeOf(err), "")
		return
	}
	reply.Source = rc.cfg.Source
	if err := reply.Validate(); err != nil {
		rc.answer(w, r, sig, http.StatusUnprocessableEntity, codeOf(err), reply.ID)
		return
	}
	rc.take(w, r, sig, reply)
}

func (rc *receiver) take(w http.ResponseWriter, r *http.Request, sig string, reply federation.Reply) {
	err := rc.cfg.Take(r.Context(), reply)
	var no *RefusedError
	var invalid *federation.InvalidError
	switch {
	case err == nil:
		rc.answer(w, r, sig, http.StatusOK, codeTaken, reply.ID)
	case errors.As(err, &no):
		rc.answer(w, r, sig, http.StatusUnprocessableEntity, no.Code, reply.ID)
	case errors.As(err, &invalid):
		rc.answer(w, r, sig, http.StatusUnprocessableEntity, codeOf(err), reply.ID)
	case errors.Is(err, federation.ErrExists):
		rc.answer(w, r, sig, http.StatusConflict, codeExists, reply.ID)
	default:
		w.Header().Set("Retry-After", "30")
		rc.answer(w, r, sig, http.StatusServiceUnavailable, codeBusy, reply.ID)
	}
}

// codeOf is the code of a reply that cannot be read.
func codeOf(err error) string {
	var invalid *federation.InvalidError
	if errors.As(err, &invalid) {
		return "invalid-" + string(invalid.Rule)
	}
	switch {
	case errors.Is(err, errText):
		return "invalid-" + string(federation.RuleText)
	case errors.Is(err, errTooLong):
		return codeTooLarge
	}
	return codeSyntax
}

// answer writes a code, signed if the request was.
func (rc *receiver) answer(w http.ResponseWriter, r *http.Request, sig string, status int, code, id string) {
	body, err := json.Marshal(struct {
		Code string `json:"code"`
	}{code})
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	level := slog.LevelInfo
	if status >= 400 {
		level = slog.LevelWarn
	}
	rc.cfg.Logger.Log(r.Context(), level, "reply", "source", rc.cfg.Source, "id", logged(id), "status", status, "code", code)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if sig != "" {
		signAnswer(h, rc.cfg.Secret, status, sig, body, rc.cfg.Now())
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked went away and will come back
}

// logged shortens an id: it comes from outside.
func logged(id string) string {
	if len(id) > 64 {
		return id[:64]
	}
	return id
}

type replyDoc struct {
	ID          string      `json:"id"`
	Key         string      `json:"key"`
	Reference   string      `json:"reference"`
	Kind        string      `json:"kind"`
	Subject     string      `json:"subject"`
	Body        string      `json:"body"`
	Status      string      `json:"status"`
	Due         string      `json:"due"`
	Documents   []string    `json:"documents"`
	InReplyTo   string      `json:"inReplyTo"`
	At          time.Time   `json:"at"`
	Attachments []replyPart `json:"attachments"`
}

type replyPart struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	Content   []byte `json:"content"`
}

// ParseReply reads the JSON form of a reply, at most 64 MiB of it. It has no
// source yet and is not validated. Errors name what is wrong with the document,
// never what is in it; a day that is none gives a [*federation.InvalidError].
func ParseReply(r io.Reader) (federation.Reply, error) {
	const most = 64 << 20
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return federation.Reply{}, err
	}
	if len(raw) > most {
		return federation.Reply{}, errTooLong
	}
	var doc replyDoc
	if err := decode(raw, &doc); err != nil {
		return federation.Reply{}, err
	}
	reply := federation.Reply{ID: doc.ID, Key: doc.Key, Reference: doc.Reference, Kind: federation.ReplyKind(doc.Kind),
		Subject: doc.Subject, Body: doc.Body, Status: doc.Status, Documents: doc.Documents, InReplyTo: doc.InReplyTo,
		At: doc.At.UTC().Truncate(time.Microsecond)}
	if doc.Due != "" {
		due, err := time.Parse(time.DateOnly, doc.Due)
		if err != nil {
			return federation.Reply{}, &federation.InvalidError{Field: "due", Rule: federation.RuleSyntax}
		}
		reply.Due = due
	}
	for _, a := range doc.Attachments {
		reply.Attachments = append(reply.Attachments, federation.ReplyAttachment{Name: a.Name, MediaType: a.MediaType, Content: a.Content})
	}
	return reply, nil
}
