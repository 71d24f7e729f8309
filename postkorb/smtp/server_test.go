package smtp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// received is one mail as the server got it.
type received struct {
	From, To string // as in MAIL FROM and RCPT TO
	Header   textproto.MIMEHeader
	Raw      string
	TLS      bool
	Login    string
}

// server is a small SMTP server on a socket of its own.
type server struct {
	Addr  string
	Roots *x509.CertPool

	implicit bool
	starttls bool
	auth     bool
	silence  func()            // called on connecting; then the server says nothing
	replies  map[string]string // verb -> reply in place of the usual one; "" hangs up

	listener net.Listener
	config   *tls.Config
	mu       sync.Mutex
	mails    []received
	wg       sync.WaitGroup
}

func startServer(t *testing.T, s *server) *server {
	t.Helper()
	s.config, s.Roots = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener, s.Addr = l, l.Addr().String()
	if s.implicit {
		s.listener = tls.NewListener(l, s.config)
	}
	s.wg.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = s.listener.Close()
		s.wg.Wait()
	})
	return s
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test only"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func (s *server) Mails() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

func (s *server) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) }
	var m received
	m.TLS = s.implicit
	if s.silence != nil {
		s.silence()
		_, _ = in.ReadByte() // until the client gives up
		return
	}
	if reply, ok := s.replies["CONNECT"]; ok {
		say(reply)
		return
	}
	say("220 test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if reply, ok := s.replies[verb]; ok {
			if reply == "" {
				return
			}
			say(reply)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-test")
			if s.starttls && !m.TLS {
				say("250-STARTTLS")
			}
			if s.auth {
				say("250-AUTH PLAIN")
			}
			say("250-ENHANCEDSTATUSCODES")
			say("250 SMTPUTF8")
		case "STARTTLS":
			say("220 go ahead")
			secure := tls.Server(c, s.config)
			if secure.Handshake() != nil {
				return
			}
			c, in, m.TLS = secure, bufio.NewReader(secure), true
		case "AUTH":
			raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			m.Login = strings.ReplaceAll(string(raw), "\x00", "/")
			say("235 2.7.0 welcome")
		case "MAIL":
			m.From = rest
			say("250 2.1.0 ok")
		case "RCPT":
			m.To = rest
			say("250 2.1.5 ok")
		case "DATA":
			say("354 go on")
			raw := readData(in)
			if reply, ok := s.replies["DOT"]; ok {
				if reply == "" {
					return
				}
				say(reply)
				continue
			}
			m.Raw = raw
			m.Header, _ = textproto.NewReader(bufio.NewReader(strings.NewReader(raw))).ReadMIMEHeader()
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			say("250 2.0.0 taken over")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func readData(in *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}
