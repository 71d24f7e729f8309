package bundidsim

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stadttor/stadttor/bundid"
)

// Signature is the algorithm that signs assertions.
type Signature int

// The signatures. Accounts use the first; the second is for comparing with
// libraries that do not know it.
const (
	SignaturePSS       Signature = iota // RSASSA-PSS with SHA-256
	SignatureRSASHA256                  // RSASSA-PKCS1-v1_5 with SHA-256
)

// Keys is the key pair that signs assertions.
type Keys struct {
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
}

// GenerateKeys makes a new RSA key of 3072 bits with a self-signed certificate
// that is valid for ten years. It takes up to a few seconds.
func GenerateKeys(now time.Time) (*Keys, error) {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return nil, fmt.Errorf("bundidsim: generate key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("bundidsim: generate key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Simulator, nur zum Testen"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("bundidsim: generate key: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("bundidsim: generate key: %w", err)
	}
	return &Keys{Key: key, Certificate: cert}, nil
}

// Options are the settings of a simulator; nil and the zero value work, apart
// from SPMetadata.
type Options struct {
	// Addr is where Start listens. Default: a free port on loopback.
	Addr string
	// BaseURL is the address browsers use, without a trailing slash. Default
	// for Start: http://localhost with the port of Addr; for New:
	// http://localhost:8081.
	BaseURL string
	// SPMetadata returns the metadata of the registered service provider with
	// that entityID, nil for one that is not registered. It is asked at every
	// request, so providers may start later than the simulator and may change
	// their keys. Without it every request is refused.
	SPMetadata func(ctx context.Context, entityID string) ([]byte, error)
	// Personas are the people on offer. Default: Personas().
	Personas []Persona
	// Keys sign. Default: a new pair.
	Keys *Keys
	// Signature of assertions. Default: RSASSA-PSS.
	Signature Signature
	// SignResponse signs the Response as well.
	SignResponse bool
	// InsecurePlainAssertion leaves assertions unencrypted.
	InsecurePlainAssertion bool
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// Logger receives what happens, without data of personas. Default: discard.
	Logger *slog.Logger
}

// Server is the simulated account. It is an http.Handler and safe for
// concurrent use.
type Server struct {
	// URL is the address browsers use, without a trailing slash.
	URL string

	opts     Options
	personas []Persona
	log      *slog.Logger
	mux      *http.ServeMux
	http     *http.Server
	done     chan struct{}

	mu         sync.Mutex
	procedures map[string]*procedure
	seen       map[string]time.Time
	fault      Fault
	signIn     *choice
	last       string // last SAMLResponse, for FaultReplay
}

// procedure is one login under way.
type procedure struct {
	request authnRequest
	sp      serviceProvider
	relay   string
	choice  *choice
	created time.Time
}

// choice is a persona with one of its logins.
type choice struct {
	persona Persona
	login   Login
}

const (
	procedureLife = 30 * time.Minute
	maxProcedures = 10_000
	requestWindow = 5 * time.Minute
)

// New returns a simulator for mounting at the root of BaseURL. It panics if
// BaseURL is no address or a persona is listed twice.
func New(opts *Options) *Server {
	s := &Server{procedures: make(map[string]*procedure), seen: make(map[string]time.Time)}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.BaseURL == "" {
		s.opts.BaseURL = "http://localhost:8081"
	}
	if u, err := url.Parse(s.opts.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(u.Path, "/") {
		panic("bundidsim: BaseURL is not an address without trailing slash")
	}
	if s.opts.Keys == nil {
		keys, err := GenerateKeys(s.opts.Now())
		if err != nil {
			panic(err)
		}
		s.opts.Keys = keys
	}
	if s.personas = s.opts.Personas; s.personas == nil {
		s.personas = Personas()
	}
	known := make(map[string]bool)
	for _, p := range s.personas {
		if known[p.ID] {
			panic("bundidsim: persona listed twice")
		}
		known[p.ID] = true
	}
	if s.log = s.opts.Logger; s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.URL = s.opts.BaseURL
	s.routes()
	return s
}

// Start returns a simulator that listens on a port of its own.
func Start(opts *Options) (*Server, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("bundidsim: listen: %w", err)
	}
	if o.BaseURL == "" {
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("bundidsim: listen: %w", err), listener.Close())
		}
		o.BaseURL = "http://localhost:" + port
	}
	s := New(&o)
	s.http = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("bundidsim: server ended", "error", err)
		}
	}()
	return s, nil
}

// Close ends the server that Start began; without one it does nothing.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	err := s.http.Close()
	<-s.done
	return err
}

// SignInAs answers the next acceptable request at once, without any page, as
// the persona with one of its means. It fails if there is no such login.
func (s *Server) SignInAs(personaID string, means bundid.Means) error {
	for _, p := range s.personas {
		for _, l := range p.Logins {
			if p.ID == personaID && l.Means == means {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.signIn = &choice{persona: p, login: l}
				return nil
			}
		}
	}
	return errors.New("bundidsim: no such persona or means")
}

// Misbehave makes the next response wrong in one way.
func (s *Server) Misbehave(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Fault is what will be wrong with the next response.
func (s *Server) Fault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Personas returns the people on offer.
func (s *Server) Personas() []Persona { return append([]Persona(nil), s.personas...) }

// EntityID is the name of the simulated account.
func (s *Server) EntityID() string { return s.URL + "/idp" }

// now is the time of one operation.
func (s *Server) now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

// begin keeps a procedure and returns its number.
func (s *Server) begin(p *procedure) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.procedures {
		if p.created.Sub(old.created) > procedureLife {
			delete(s.procedures, id)
		}
	}
	if len(s.procedures) >= maxProcedures {
		return "", errors.New("bundidsim: too many procedures")
	}
	id := randomHex(16)
	s.procedures[id] = p
	return id, nil
}

// lookup returns a copy of the procedure.
func (s *Server) lookup(id string, now time.Time) (procedure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.procedures[id]
	if !ok || now.Sub(p.created) > procedureLife {
		return procedure{}, false
	}
	return *p, true
}

func (s *Server) choose(id string, c choice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.procedures[id]; ok {
		p.choice = &c
	}
}

// finish removes the procedure; only the first caller gets true.
func (s *Server) finish(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.procedures[id]
	delete(s.procedures, id)
	return ok
}

// firstUse notes a request ID and reports whether it is new.
func (s *Server) firstUse(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, at := range s.seen {
		if now.Sub(at) > 2*requestWindow {
			delete(s.seen, old)
		}
	}
	if _, ok := s.seen[id]; ok {
		return false
	}
	s.seen[id] = now
	return true
}

func (s *Server) takeFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fault
	s.fault = FaultNone
	return f
}

func (s *Server) takeSignIn() *choice {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.signIn
	s.signIn = nil
	return c
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// Metadata returns the account's EntityDescriptor.
func (s *Server) Metadata() []byte {
	var b bytes.Buffer
	sso := s.URL + "/idp/profile/SAML2/"
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="%s">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`, escape(s.EntityID()), encode64(s.opts.Keys.Certificate.Raw), escape(sso+"POST/SSO"), escape(sso+"Redirect/SSO"))
	return b.Bytes()
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(s string) string { return xmlEscaper.Replace(s) }
