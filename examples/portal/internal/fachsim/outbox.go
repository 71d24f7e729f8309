package fachsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// State is where a reply stands. The values are stable codes.
type State string

// States of a reply.
const (
	// StateWaiting will be sent, again perhaps.
	StateWaiting State = "waiting"
	// StateTaken was taken by the portal.
	StateTaken State = "taken"
	// StateRefused was refused by the portal for good.
	StateRefused State = "refused"
)

// Attachment is a file that goes out with a reply.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	Content   []byte `json:"content"`
}

// Reply is what goes back to the portal.
type Reply struct {
	ID          string       `json:"id"`
	Key         string       `json:"key"`
	Reference   string       `json:"reference"`
	Kind        string       `json:"kind"`
	Subject     string       `json:"subject"`
	Body        string       `json:"body"`
	Status      string       `json:"status"`
	Due         string       `json:"due"` // 2006-01-02 or empty
	Documents   []string     `json:"documents"`
	InReplyTo   string       `json:"inReplyTo"`
	Attachments []Attachment `json:"attachments"`
	At          time.Time    `json:"at"`

	State    State  `json:"-"`
	Attempts int    `json:"-"`
	Code     string `json:"-"` // what became of the last attempt
}

type reply struct {
	Reply
	next  time.Time
	extra bool // made by a fault; holds nothing up
}

// Replies returns what was written so far, in that order, without the content
// of attachments.
func (s *Server) Replies() []Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Reply
	for _, r := range s.replies {
		c := r.Reply
		c.Documents, c.Attachments = slices.Clone(c.Documents), slices.Clone(c.Attachments)
		for i := range c.Attachments {
			c.Attachments[i].Content = nil
		}
		out = append(out, c)
	}
	return out
}

// Write puts a reply to the case into the outbox, as the buttons of the pages
// do. ID makes the click unrepeatable: a second reply with it is dropped. Key,
// Reference and At are set here; a decision changes the register of dogs. It
// reports whether there is such a case.
func (s *Server) Write(reference string, r Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[reference]
	if f == nil {
		return false
	}
	s.write(f, r)
	return true
}

// write is Write for who holds the lock.
func (s *Server) write(f *file, r Reply) {
	r.ID = "r-" + sum256([]byte(f.reference + "\x00" + r.ID))[:32]
	if s.replyIDs[r.ID] {
		return
	}
	s.replyIDs[r.ID] = true
	now := s.now()
	r.Key, r.Reference, r.At, r.State = f.taken[0].Key, f.reference, now, StateWaiting
	switch r.Kind {
	case "receipt":
		f.acked = true
	case "decision":
		f.outcome = r.Status
		s.decided(f, r.Status, now)
	}
	if s.fault == faultStatusUnknown && r.Status != "" {
		r.Status = "verschollen"
	}
	next := now
	if s.fault == faultReplyLate {
		next = now.Add(5 * time.Minute)
	}
	s.replies = append(s.replies, &reply{Reply: r, next: next})
	if s.fault == faultReplyForeign {
		foreign := r
		foreign.ID, foreign.Key = r.ID+"-f", "antrag-unbekannt"
		for _, o := range s.order {
			if o != f {
				foreign.Key = o.taken[0].Key
			}
		}
		s.replies = append(s.replies, &reply{Reply: foreign, next: next, extra: true})
	}
	s.nudge()
}

// nudge wakes the sender.
func (s *Server) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run sends what is due until ctx ends.
func (s *Server) run(ctx context.Context) {
	defer close(s.done)
	if s.opts.Manual {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
		s.Flush(ctx)
	}
}

// Flush sends every reply that is due once and returns how many the portal
// answered, whatever it said. Replies of one case leave in the order they were
// written.
func (s *Server) Flush(ctx context.Context) int {
	s.sending.Lock()
	defer s.sending.Unlock()
	answered := 0
	for again := true; again; {
		again = false
		for _, r := range s.due() {
			if ctx.Err() != nil {
				return answered
			}
			counts, settled := s.attempt(ctx, r)
			if counts {
				answered++
			}
			again = again || settled // the next of the same case may go
		}
	}
	return answered
}

// due lists the first waiting reply of each case, if its time has come.
func (s *Server) due() []*reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	held := map[string]bool{}
	var out []*reply
	for _, r := range s.replies {
		if r.State != StateWaiting || held[r.Reference] {
			continue
		}
		held[r.Reference] = !r.extra
		if !r.next.After(now) && s.portal != "" {
			out = append(out, r)
		}
	}
	return out
}

// attempt sends a reply once and notes what came of it.
func (s *Server) attempt(ctx context.Context, r *reply) (answered, settled bool) {
	s.mu.Lock()
	address, fault := s.portal, s.fault
	body, err := json.Marshal(struct {
		Version int `json:"version"`
		Reply
	}{1, r.Reply})
	s.mu.Unlock()
	if err != nil {
		return false, false
	}
	secret := s.opts.Secret
	if fault == faultReplyForged {
		secret = bytes.Repeat([]byte("falsch"), 8)
	}
	status, code := s.post(ctx, address, secret, body)
	if fault == faultReplyTwice && status == http.StatusOK {
		s.post(ctx, address, secret, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Attempts++
	r.Code = code
	switch status {
	case http.StatusOK:
		r.State = StateTaken
	case http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		r.State = StateRefused
	default:
		r.next = s.now().Add(s.opts.Pauses[min(r.Attempts, len(s.opts.Pauses))-1])
	}
	s.log.Info("reply sent", "id", r.ID, "status", status, "code", code)
	return status != 0, r.State != StateWaiting
}

// post sends one reply. Status 0: there was no answer that counts.
func (s *Server) post(ctx context.Context, address string, secret, body []byte) (status int, code string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, "address"
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Encoding", "identity")
	signedReply(req, secret, body, s.opts.Clock())
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, "unreachable"
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, "cut"
	}
	if !answeredBy(req, resp, secret, raw) {
		// Only the portal itself can take or refuse.
		return 0, fmt.Sprintf("unsigned-%d", resp.StatusCode)
	}
	var doc struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return 0, "not-an-answer"
	}
	return resp.StatusCode, doc.Code
}
