package fachsim

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// messageType is the media type of what a citizen sends after the application.
const messageType = "application/vnd.stadttor.message+json"

// Limits, in bytes and numbers.
const (
	maxPart       = 128 << 20
	maxSubmission = 64 << 20
	maxBlobs      = 512 << 20
	maxFiles      = 5000
)

// Part is an attachment as it was announced.
type Part struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
}

// Submission is a delivery as it was taken.
type Submission struct {
	ID          string `json:"id"`
	Key         string `json:"key"`
	Destination string `json:"destination"`
	Subject     string `json:"subject"`
	Reference   string `json:"reference"`
	MediaType   string `json:"mediaType"`
	Payload     []byte `json:"payload"`
	Attachments []Part `json:"attachments"`

	// Receipt and At are what the portal was told.
	Receipt string    `json:"-"`
	At      time.Time `json:"-"`
}

// same reports whether two deliveries ask for the same thing.
func (a Submission) same(b Submission) bool {
	a.ID, a.Receipt, a.At = b.ID, b.Receipt, b.At
	return reflect.DeepEqual(a, b)
}

type submission struct {
	Submission
	message *message // nil for an application
}

// message is the payload of what follows an application.
type message struct {
	Kind      string    `json:"kind"`
	InReplyTo string    `json:"inReplyTo"`
	Subject   string    `json:"subject"`
	Body      string    `json:"body"`
	Slot      string    `json:"slot"`
	At        time.Time `json:"at"`
}

// file is a case in this office: an application and what followed.
type file struct {
	id        string // in addresses
	reference string
	taken     []*submission // the application first
	acked     bool
	withdrawn bool
	outcome   string
}

// Submissions returns what was taken, in that order.
func (s *Server) Submissions() []Submission {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Submission
	for _, f := range s.order {
		for _, t := range f.taken {
			c := t.Submission
			c.Payload, c.Attachments = bytes.Clone(c.Payload), append([]Part(nil), c.Attachments...)
			out = append(out, c)
		}
	}
	return out
}

var hexForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// begin checks the head of a request and plays the faults that come before
// anything is taken. A false answer was given.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, faultKey string) (auth, digest string, ok bool) {
	auth, digest, ok = s.verify(r)
	if !ok {
		w.Header().Set("Connection", "close")
		s.refuse(w, "", http.StatusUnauthorized, "credentials")
		return "", "", false
	}
	switch s.Fault() {
	case faultSlow:
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxPart)) // the end of the connection shows only after the body
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Minute):
		}
		return "", "", false
	case faultAnswerHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html><title>Wartung</title><p>Dieses Verfahren wird gerade gewartet.</p>")
		return "", "", false
	case faultAnswer500Once:
		s.mu.Lock()
		again := s.failed[faultKey]
		s.failed[faultKey] = true
		s.mu.Unlock()
		if !again {
			s.refuse(w, auth, http.StatusInternalServerError, "error")
			return "", "", false
		}
	}
	return auth, digest, true
}

func (s *Server) refuse(w http.ResponseWriter, auth string, status int, code string) {
	s.log.Info("refused", "status", status, "code", code)
	s.answer(w, auth, status, []byte(`{"code":"`+code+`"}`))
}

// read reads a body and checks its digest. A false answer was given.
func (s *Server) read(w http.ResponseWriter, r *http.Request, auth, digest string, limit int64) ([]byte, bool) {
	h := sha256.New()
	raw, err := io.ReadAll(io.TeeReader(http.MaxBytesReader(w, r.Body, limit), h))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		s.refuse(w, auth, http.StatusRequestEntityTooLarge, "too-large")
	case err != nil:
		s.refuse(w, auth, http.StatusBadRequest, "cut")
	case fmt.Sprintf("%x", h.Sum(nil)) != digest:
		s.refuse(w, auth, http.StatusUnprocessableEntity, "digest")
	default:
		return raw, true
	}
	return nil, false
}

func (s *Server) takePart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("digest")
	auth, digest, ok := s.begin(w, r, "part "+name)
	if !ok {
		return
	}
	if digest != name || !hexForm.MatchString(name) {
		s.refuse(w, auth, http.StatusUnprocessableEntity, "digest")
		return
	}
	raw, ok := s.read(w, r, auth, digest, maxPart)
	if !ok {
		return
	}
	s.mu.Lock()
	_, known := s.blobs[name]
	full := !known && s.blobBytes+int64(len(raw)) > maxBlobs
	if !known && !full {
		s.blobs[name] = raw
		s.blobBytes += int64(len(raw))
	}
	s.mu.Unlock()
	if full {
		s.refuse(w, auth, http.StatusServiceUnavailable, "full")
		return
	}
	s.answer(w, auth, http.StatusOK, []byte(`{"sha256":"`+name+`"}`))
}

func (s *Server) takeSubmission(w http.ResponseWriter, r *http.Request) {
	auth, digest, ok := s.begin(w, r, r.PathValue("key"))
	if !ok {
		return
	}
	raw, ok := s.read(w, r, auth, digest, maxSubmission)
	if !ok {
		return
	}
	var in struct {
		Version int `json:"version"`
		Submission
	}
	if err := json.Unmarshal(raw, &in); err != nil || !utf8.Valid(raw) || in.Version != 1 || !in.complete() || sum256([]byte(in.Key)) != r.PathValue("key") {
		s.refuse(w, auth, http.StatusUnprocessableEntity, "syntax")
		return
	}
	taken, status, code := s.keep(in.Submission)
	if status != http.StatusOK {
		s.refuse(w, auth, status, code)
		return
	}
	s.log.Info("taken", "key", taken.Key)
	if s.Fault() == faultAnswerCut {
		cut(w)
		return
	}
	body, err := json.Marshal(map[string]any{"receipt": taken.Receipt, "at": taken.At})
	if err != nil {
		s.refuse(w, auth, http.StatusInternalServerError, "error")
		return
	}
	s.answer(w, auth, http.StatusOK, body)
}

// complete reports whether nothing is missing or outlandish.
func (a Submission) complete() bool {
	for _, t := range []string{a.Key, a.MediaType, a.Reference, a.Destination} {
		if t == "" || len(t) > 1024 || strings.ContainsRune(t, 0) {
			return false
		}
	}
	for _, p := range a.Attachments {
		if !hexForm.MatchString(p.SHA256) || p.Name == "" || p.Size < 0 {
			return false
		}
	}
	return len(a.Attachments) <= 1000
}

// keep takes a delivery once, or says why not.
func (s *Server) keep(in Submission) (*submission, int, string) {
	var m *message
	if in.MediaType == messageType {
		m = new(message)
		if err := json.Unmarshal(in.Payload, m); err != nil || m.Kind == "" {
			return nil, http.StatusUnprocessableEntity, "message"
		}
	} else if in.MediaType == "application/json" && !json.Valid(in.Payload) {
		return nil, http.StatusUnprocessableEntity, "payload"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.byKey[in.Key]; ok {
		if !first.same(in) {
			return nil, http.StatusConflict, "exists"
		}
		return first, http.StatusOK, ""
	}
	for _, p := range in.Attachments {
		if b, ok := s.blobs[p.SHA256]; !ok || int64(len(b)) != p.Size {
			return nil, http.StatusUnprocessableEntity, "attachment"
		}
	}
	f := s.files[in.Reference]
	switch {
	case f == nil && m != nil:
		return nil, http.StatusTooEarly, "early"
	case f == nil && len(s.files) >= maxFiles:
		return nil, http.StatusServiceUnavailable, "full"
	case f == nil:
		f = &file{id: sum256([]byte(in.Reference))[:16], reference: in.Reference}
		s.files[in.Reference] = f
		s.order = append(s.order, f)
	}
	t := &submission{Submission: in, message: m}
	t.At = s.now()
	t.Receipt = "E-" + strings.ToUpper(sum256([]byte(in.Key)))[:12]
	f.taken = append(f.taken, t)
	f.withdrawn = f.withdrawn || m != nil && m.Kind == "withdrawal"
	s.byKey[in.Key] = t
	return t, http.StatusOK, ""
}

// cut begins an answer and hangs up.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{\"receipt\":\"E-")) // it is to fail
	_ = conn.Close()
}
