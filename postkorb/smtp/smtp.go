// Package smtp sends the notices of a Postkorb by e-mail.
//
// A [Sender] hands one plain text to one address: encrypted unless told
// otherwise, in UTF-8, marked as automatic (RFC 3834), with a Message-ID that
// is derived from an id of the caller so that receivers can drop doubles. A
// [Notifier] makes a [postkorb.Notifier] of it. DKIM, SPF and DMARC are up to
// the mail server.
//
// Errors tell what to try again from what a person has to look at; their texts
// hold neither addresses nor what a server answered.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// Options are the settings of a Sender. Addr and From are required. The zero
// value of everything else is safe: STARTTLS is mandatory and certificates are
// verified.
type Options struct {
	// Addr is the mail server, "host:port".
	Addr string
	// From is the sender as recipients see it, "Stadt Musterhausen <no-reply@example.org>".
	From string
	// ReturnPath takes bounces; default: the address in From.
	ReturnPath string
	// Username and Password log in to the server, never without encryption.
	// Empty: no login.
	Username, Password string
	// ImplicitTLS begins with TLS (port 465) in place of STARTTLS.
	ImplicitTLS bool
	// TLSConfig replaces the settings for TLS; it is cloned. The name of the
	// server is filled in when empty.
	TLSConfig *tls.Config
	// InsecurePlaintext sends without encryption. It is for a catch-all server
	// on the same machine.
	InsecurePlaintext bool
	// Domain is the right side of Message-IDs; default: the domain of From.
	Domain string
	// HELO is how this host calls itself; default: its host name.
	HELO string
	// Timeout limits each single step towards the server; default 15 seconds.
	Timeout time.Duration
	// Now is the clock for the Date field; default time.Now.
	Now func() time.Time
}

// Mail is one message to one person.
type Mail struct {
	To        string // one address, with or without a name
	Subject   string
	Text      string // plain text
	MessageID string // id of the caller, letters, digits and "._-"; the same for every attempt
}

// Sender sends mail. It is safe for concurrent use and opens one connection for
// each mail.
type Sender struct {
	opts       Options
	host       string
	port       int
	from       *mail.Address
	returnPath string
}

// New returns a Sender, or an *InputError that names the wrong option.
func New(opts Options) (*Sender, error) {
	s := &Sender{opts: opts}
	host, port, err := net.SplitHostPort(opts.Addr)
	if err == nil {
		s.port, err = strconv.Atoi(port)
	}
	if err != nil || host == "" || s.port < 1 || s.port > 65535 || bad(host) {
		return nil, &InputError{Field: "addr"}
	}
	s.host = host
	if s.from, err = address(opts.From); err != nil {
		return nil, &InputError{Field: "from"}
	}
	s.returnPath = s.from.Address
	if opts.ReturnPath != "" {
		a, err := address(opts.ReturnPath)
		if err != nil {
			return nil, &InputError{Field: "return_path"}
		}
		s.returnPath = a.Address
	}
	if s.opts.Domain == "" {
		s.opts.Domain = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	}
	switch {
	case !validIDPart(s.opts.Domain):
		return nil, &InputError{Field: "domain"}
	case bad(opts.HELO):
		return nil, &InputError{Field: "helo"}
	case opts.InsecurePlaintext && (opts.Username != "" || opts.ImplicitTLS || opts.TLSConfig != nil):
		// A password in the clear, or two settings that contradict each other.
		return nil, &InputError{Field: "insecure_plaintext"}
	case (opts.Username == "") != (opts.Password == ""):
		return nil, &InputError{Field: "password"}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if opts.TLSConfig != nil {
		config = opts.TLSConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	s.opts.TLSConfig = config
	if s.opts.Timeout <= 0 {
		s.opts.Timeout = 15 * time.Second
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	return s, nil
}

// Send hands one mail to the server. When it returns nil the server has taken
// over. Errors: *InputError for a mail that can never be sent, *Error for
// everything on the way; when the context ends, *Error wraps its cause.
func (s *Sender) Send(ctx context.Context, m Mail) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	l := &line{ctx: ctx}
	defer l.close()
	client, err := s.client(l)
	if err != nil {
		return &Error{Stage: StageConnect, cause: err}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return failure(ctx, StageConnect, err)
	}
	err = client.SendWithSMTPClient(session, msg)
	if err != nil && !msg.IsDelivered() {
		return failure(ctx, StageSend, err)
	}
	// The mail is in the server's hands; how the farewell goes does not matter.
	_ = client.CloseWithSMTPClient(session)
	return nil
}

// line is the connection of one attempt. go-mail looks at the context while
// dialling only, and leaves the connection open when greeting, TLS or login
// fail; line mends both.
type line struct {
	ctx  context.Context
	conn net.Conn
	stop func() bool
}

func (l *line) opened(c net.Conn) {
	l.conn = c
	l.stop = context.AfterFunc(l.ctx, func() { _ = c.Close() })
}

func (l *line) close() {
	if l.conn != nil {
		l.stop()
		_ = l.conn.Close()
	}
}

func (s *Sender) client(l *line) (*gomail.Client, error) {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d interface {
			DialContext(context.Context, string, string) (net.Conn, error)
		} = &net.Dialer{}
		if s.opts.ImplicitTLS {
			d = &tls.Dialer{Config: s.opts.TLSConfig}
		}
		c, err := d.DialContext(ctx, network, addr)
		if err == nil {
			l.opened(c)
		}
		return c, err
	}
	policy := gomail.TLSMandatory
	if s.opts.InsecurePlaintext || s.opts.ImplicitTLS {
		policy = gomail.NoTLS // no STARTTLS
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTLSPolicy(policy), gomail.WithTimeout(s.opts.Timeout),
		gomail.WithTLSConfig(s.opts.TLSConfig), gomail.WithDialContextFunc(dial),
	}
	if s.opts.HELO != "" {
		options = append(options, gomail.WithHELO(s.opts.HELO))
	}
	if s.opts.Username != "" {
		// Named, because go-mail's own discovery takes a connection that we have
		// dialled with TLS for a plain one. New allows no login without TLS.
		options = append(options, gomail.WithUsername(s.opts.Username), gomail.WithPassword(s.opts.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(s.host, options...)
}

func (s *Sender) message(m Mail) (*gomail.Msg, error) {
	to, err := address(m.To)
	if err != nil {
		return nil, &InputError{Field: "to"}
	}
	switch {
	case m.Subject == "" || bad(m.Subject):
		return nil, &InputError{Field: "subject"}
	case m.Text == "" || !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		return nil, &InputError{Field: "text"}
	case !validIDPart(m.MessageID):
		return nil, &InputError{Field: "message_id"}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(s.from)
	if err := msg.EnvelopeFrom(s.returnPath); err != nil {
		return nil, &InputError{Field: "return_path"}
	}
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(s.opts.Now())
	msg.SetMessageIDWithValue(m.MessageID + "@" + s.opts.Domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All") // what Exchange understands
	msg.SetBodyString(gomail.TypeTextPlain, newlines(m.Text))
	return msg, nil
}

// newlines makes every line break a plain "\n"; the encoder writes CRLF.
func newlines(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

// address reads exactly one address and nothing that could begin a new field.
func address(s string) (*mail.Address, error) {
	if bad(s) {
		return nil, errors.New("smtp: bad address")
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, err
	}
	// Quoted-string escapes may bring control characters back in.
	if bad(a.Name) || bad(a.Address) || strings.ContainsAny(a.Address, "<> \t") {
		return nil, errors.New("smtp: bad address")
	}
	return a, nil
}

// bad reports what has no place in a header: line breaks above all.
func bad(s string) bool {
	if !utf8.ValidString(s) || len(s) > 900 {
		return true
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029'
	})
}

func validIDPart(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// InputError says which option or which field of a mail cannot be used: a line
// break in a header, no valid address, an empty text. Trying again is of no
// use. It never holds the value.
type InputError struct{ Field string }

// Error returns a text that is safe for logs.
func (e *InputError) Error() string { return "smtp: invalid " + e.Field }

// Stage says how far a failed attempt came.
type Stage string

// The stages of an attempt.
const (
	StageConnect Stage = "connect" // dialling, greeting, TLS, login
	StageSend    Stage = "send"    // sender, recipient, text
)

// Error says that the mail was not taken over by the server.
type Error struct {
	Stage Stage
	// Permanent means that this recipient or this text was refused for good.
	// When the server is unreachable, refuses our login or does not like us as
	// a sender, the recipient may still be all right: that is temporary.
	Permanent bool
	// Code is the server's reply, such as 451 or 550; 0 when there was none.
	Code int
	// Status is the enhanced status of RFC 3463, such as "5.1.1"; may be empty.
	Status string

	cause error
}

// Error returns a text that is safe for logs: no address, no server's words.
func (e *Error) Error() string {
	word := "temporary"
	if e.Permanent {
		word = "permanent"
	}
	return strings.TrimRight(fmt.Sprintf("smtp: %s failed (%s, code %d %s", e.Stage, word, e.Code, e.Status), " ") + ")"
}

// Unwrap returns the cause, whose text may hold addresses.
func (e *Error) Unwrap() error { return e.cause }

func failure(ctx context.Context, stage Stage, err error) *Error {
	e := &Error{Stage: stage, cause: err}
	if cause := context.Cause(ctx); cause != nil {
		e.cause = errors.Join(cause, err)
		return e
	}
	var se *gomail.SendError
	if errors.As(err, &se) {
		e.Code, e.Status = se.ErrorCode(), se.EnhancedStatusCode()
		e.Permanent = e.Code >= 500 && (se.Reason == gomail.ErrSMTPRcptTo ||
			se.Reason == gomail.ErrSMTPData || se.Reason == gomail.ErrSMTPDataClose)
	}
	return e
}
