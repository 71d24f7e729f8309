// Package mailsim is a mail server that delivers nothing: it takes every
// mail of the demo and keeps the latest for a page to show. It speaks enough
// of SMTP (RFC 5321) for a client that follows the rules and refuses what
// breaks them.
package mailsim

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

// Limits of the server.
const (
	keep     = 500
	maxBytes = 1 << 20
	idle     = time.Minute
)

// Mail is one mail that was taken.
type Mail struct {
	ID        int
	At        time.Time
	From, To  string
	Subject   string
	MessageID string
	Text      string
	Problems  []string // rules of mail that it breaks
}

// Server is the mail server. It may be used concurrently.
type Server struct {
	Addr string // host:port

	listener net.Listener
	now      func() time.Time
	log      *slog.Logger
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	mails []Mail
	next  int
	seen  map[string]bool // Message-IDs, so that a retry is not shown twice
	fault Fault
}

// Fault is a way in which the server misbehaves.
type Fault string

// The faults.
const (
	FaultNone      Fault = ""
	FaultDown      Fault = "down"      // hangs up on everybody at once
	FaultSlow      Fault = "slow"      // waits longer than any client before it greets
	FaultTemporary Fault = "temporary" // refuses every mail with a temporary error
	FaultPermanent Fault = "permanent" // refuses every receiver for good
)

// Faults lists all faults with which a tester can try a portal.
func Faults() []Fault { return []Fault{FaultDown, FaultSlow, FaultTemporary, FaultPermanent} }

// slowTime is how long FaultSlow waits; the client has gone by then.
const slowTime = 2 * time.Minute

// Start listens on addr; port 0 takes a free port.
func Start(addr string, now func() time.Time, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: l.Addr().String(), listener: l, now: now, log: log, conns: map[net.Conn]bool{}, seen: map[string]bool{}}
	s.wg.Go(s.accept)
	return s, nil
}

// Close stops the server and waits for its connections to end.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// SetFault makes the server misbehave from now on.
func (s *Server) SetFault(f Fault) { s.mu.Lock(); s.fault = f; s.mu.Unlock() }

// Fault is how the server misbehaves now.
func (s *Server) Fault() Fault { s.mu.Lock(); defer s.mu.Unlock(); return s.fault }

// Mails returns what was taken, the latest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Mail, 0, len(s.mails))
	for i := len(s.mails) - 1; i >= 0; i-- {
		out = append(out, s.mails[i])
	}
	return out
}

// Clear forgets all mails.
func (s *Server) Clear() {
	s.mu.Lock()
	s.mails, s.seen = nil, map[string]bool{}
	s.mu.Unlock()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			defer func() {
				c.Close()
				s.mu.Lock()
				delete(s.conns, c)
				s.mu.Unlock()
			}()
			s.serve(c)
		})
	}
}

// serve speaks with one client until it quits or is silent for too long.
func (s *Server) serve(c net.Conn) {
	t := textproto.NewConn(c)
	say := func(code int, text string) bool { return t.PrintfLine("%d %s", code, text) == nil }
	switch s.Fault() {
	case FaultDown:
		return
	case FaultSlow:
		s.wait(c)
		return
	}
	if !say(220, "mailsim ESMTP") {
		return
	}
	var from string
	var to []string
	for {
		c.SetDeadline(time.Now().Add(idle))
		line, err := t.ReadLine()
		if err != nil || len(line) > 1000 {
			return
		}
		verb, arg, _ := strings.Cut(line, " ")
		ok := true
		switch verb = strings.ToUpper(verb); {
		case verb == "EHLO":
			ok = t.PrintfLine("250-mailsim\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE %d", maxBytes) == nil
		case verb == "HELO", verb == "NOOP":
			ok = say(250, "ok")
		case verb == "RSET":
			from, to = "", nil
			ok = say(250, "ok")
		case verb == "QUIT":
			say(221, "bye")
			return
		case s.Fault() == FaultTemporary:
			ok = say(451, "4.3.0 down for a test")
		case verb == "RCPT" && s.Fault() == FaultPermanent:
			ok = say(550, "5.1.1 nobody of that name, for a test")
		case verb == "MAIL":
			if from, ok = address(arg, "FROM:"); !ok {
				from, ok = "", say(501, "5.1.7 sender?")
				break
			}
			ok = say(250, "ok")
		case verb == "RCPT":
			a, valid := address(arg, "TO:")
			if from == "" || !valid || len(to) == 20 {
				ok = say(503, "5.5.1 not now")
				break
			}
			to = append(to, a)
			ok = say(250, "ok")
		case verb == "DATA":
			if len(to) == 0 {
				ok = say(503, "5.5.1 no receiver")
				break
			}
			if ok = say(354, "go on"); !ok {
				return
			}
			err := s.take(t, from, to)
			from, to = "", nil
			if err != nil {
				ok = say(554, "5.6.0 "+err.Error())
				break
			}
			ok = say(250, "2.0.0 taken")
		default:
			ok = say(500, "5.5.1 unknown command")
		}
		if !ok {
			return
		}
	}
}

// wait says nothing until the client hangs up or the time is over.
func (s *Server) wait(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(slowTime))
	io.Copy(io.Discard, c)
}

func address(arg, prefix string) (string, bool) {
	if len(arg) < len(prefix) || !strings.EqualFold(arg[:len(prefix)], prefix) {
		return "", false
	}
	a, _, _ := strings.Cut(strings.TrimSpace(arg[len(prefix):]), " ")
	a = strings.TrimSuffix(strings.TrimPrefix(a, "<"), ">")
	return a, strings.Contains(a, "@") && len(a) <= 254
}

var errTooBig = errors.New("too big")

func (s *Server) take(t *textproto.Conn, from string, to []string) error {
	dot := t.DotReader()
	raw, err := io.ReadAll(io.LimitReader(dot, maxBytes+1))
	if err != nil {
		return errors.New("broken")
	}
	if len(raw) > maxBytes {
		io.Copy(io.Discard, dot)
		return errTooBig
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return errors.New("not a mail")
	}
	out := Mail{At: s.now(), From: from, To: strings.Join(to, ", "), MessageID: m.Header.Get("Message-Id"), Problems: problems(m.Header)}
	out.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		out.Problems = append(out.Problems, "Subject cannot be decoded")
	}
	if out.Text, err = text(textproto.MIMEHeader(m.Header), m.Body, 0); err != nil {
		out.Problems = append(out.Problems, "text cannot be read")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.MessageID != "" && s.seen[out.MessageID] {
		return nil // a receiver drops what it already has
	}
	s.seen[out.MessageID] = true
	s.next++
	out.ID = s.next
	s.mails = append(s.mails, out)
	if len(s.mails) > keep {
		s.mails = s.mails[len(s.mails)-keep:]
	}
	return nil
}

func problems(h mail.Header) []string {
	var out []string
	for _, name := range []string{"Date", "From", "To", "Subject", "Message-Id"} {
		if len(h[name]) != 1 {
			out = append(out, name+" must stand once")
		}
	}
	if h.Get("Auto-Submitted") != "auto-generated" {
		out = append(out, "Auto-Submitted is missing (RFC 3834)")
	}
	return out
}

// text returns the plain text of a mail.
func text(h textproto.MIMEHeader, body io.Reader, depth int) (string, error) {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		media = "text/plain"
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	if strings.HasPrefix(media, "multipart/") && depth < 3 {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return "", err
			}
			if s, err := text(p.Header, p, depth+1); err == nil && s != "" {
				return s, nil
			}
		}
	}
	if media != "text/plain" {
		return "", nil
	}
	raw, err := io.ReadAll(body)
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), err
}
