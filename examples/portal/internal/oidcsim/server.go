// Package oidcsim is an OpenID Connect provider for trying out and for tests:
// it stands for the login service of an administration. It shows a page to
// choose an employee, asks for no password, and is strict about everything it
// is sent: authorization code flow with PKCE S256, state and nonce, exact
// redirect addresses, codes that live for a minute and are taken once.
//
// It follows OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0,
// RFC 6749, RFC 7636 and RFC 9207, as far as that flow needs them.
package oidcsim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is a portal that is registered with the provider.
type Client struct {
	ID, Secret   string
	RedirectURIs []string // compared byte for byte
	// PostLogoutURIs are where a person may be led after logging out.
	PostLogoutURIs []string
	// People are who may log in to this portal; default those of the provider.
	People []Person
}

// Person is an employee who can log in.
type Person struct {
	Sub    string // never changes
	Name   string
	Mail   string
	Groups []string
	Title  string
	// Department is the heading under which the person is listed; empty means
	// the first group.
	Department string
}

// Options are the settings of a provider.
type Options struct {
	// Addr is where to listen; default a free port on the loopback address.
	Addr string
	// BaseURL is the issuer; default http://localhost with the port.
	BaseURL string
	Clients []Client
	People  []Person
	Now     func() time.Time // default time.Now
	Logger  *slog.Logger     // default: none; sees ids and codes only
	// SigningKey signs the ID tokens; default a new RSA key.
	SigningKey *rsa.PrivateKey
}

// Fault is a way in which the provider misbehaves.
type Fault string

// The faults.
const (
	FaultNone      Fault = ""
	FaultDown      Fault = "down"      // answers 503 to everything
	FaultNonce     Fault = "nonce"     // ID token with another nonce
	FaultAudience  Fault = "audience"  // ID token for another client
	FaultIssuer    Fault = "issuer"    // ID token of another issuer
	FaultSignature Fault = "signature" // ID token signed with an unpublished key
	FaultExpired   Fault = "expired"   // ID token whose time is over
)

// Faults lists the faults with which a tester can try a portal; FaultDown is for
// tests, a tester cuts the line instead.
func Faults() []Fault {
	return []Fault{FaultNonce, FaultAudience, FaultIssuer, FaultSignature, FaultExpired}
}

// The times of the provider.
const (
	codeLife    = 60 * time.Second
	requestLife = 10 * time.Minute
	tokenLife   = 5 * time.Minute
	maxPending  = 10_000
)

// Server is a running provider. It may be used concurrently.
type Server struct {
	URL string // issuer

	opts   Options
	log    *slog.Logger
	now    func() time.Time
	signer jose.Signer
	wrong  jose.Signer
	keys   jose.JSONWebKeySet
	mux    *http.ServeMux
	http   *http.Server

	mu       sync.Mutex
	fault    Fault
	clients  map[string]Client
	requests map[string]request
	codes    map[string]grant
	tokens   map[string]grant
}

// request is a login that waits for the choice of a person.
type request struct {
	client, redirect, state, nonce, challenge, scope string
	until                                            time.Time
}

// grant is what a code or an access token stands for.
type grant struct {
	request
	person Person
	authAt time.Time
	used   bool
	token  string // access token that came of the code
}

// New returns a provider as a handler, without a listener. BaseURL is required.
func New(opts Options) (*Server, error) {
	u, err := url.Parse(opts.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("oidcsim: BaseURL is not an address")
	}
	s := &Server{URL: strings.TrimSuffix(opts.BaseURL, "/"), opts: opts, log: opts.Logger, now: opts.Now,
		clients: map[string]Client{}, requests: map[string]request{}, codes: map[string]grant{}, tokens: map[string]grant{}}
	for _, c := range opts.Clients {
		if err := s.SetClient(c); err != nil {
			return nil, err
		}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	key := opts.SigningKey
	if key == nil {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("oidcsim: key: %w", err)
		}
	}
	if err := s.useKey(key); err != nil {
		return nil, err
	}
	s.routes()
	return s, nil
}

// Start listens and serves until Close.
func Start(opts Options) (*Server, error) {
	addr := opts.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("oidcsim: listen: %w", err)
	}
	if opts.BaseURL == "" {
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		opts.BaseURL = "http://localhost:" + port
	}
	s, err := New(opts)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10}
	go s.http.Serve(ln)
	return s, nil
}

// Close stops serving.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// SetFault makes the provider misbehave from now on.
func (s *Server) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Fault is how the provider misbehaves now.
func (s *Server) Fault() Fault { return s.currentFault() }

func (s *Server) currentFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

func (s *Server) routes() {
	base := ""
	if u, err := url.Parse(s.URL); err == nil {
		base = u.Path
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET "+base+"/.well-known/openid-configuration", s.discovery)
	s.mux.HandleFunc("GET "+base+"/jwks", s.jwks)
	s.mux.HandleFunc("GET "+base+"/authorize", s.authorize)
	s.mux.HandleFunc("POST "+base+"/authorize", s.authorize)
	s.mux.HandleFunc("POST "+base+"/anmelden", s.choose)
	s.mux.HandleFunc("POST "+base+"/token", s.token)
	s.mux.HandleFunc("GET "+base+"/userinfo", s.userinfo)
	s.mux.HandleFunc("POST "+base+"/userinfo", s.userinfo)
	s.mux.HandleFunc("GET "+base+"/abmelden", s.endSession)
	s.mux.HandleFunc("POST "+base+"/abmelden", s.endSession)
	s.mux.HandleFunc("GET "+base+"/stil.css", s.style)
	s.mux.HandleFunc("GET "+base+"/{$}", s.home)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if s.currentFault() == FaultDown {
		http.Error(w, "temporarily unavailable", http.StatusServiceUnavailable)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	s.mux.ServeHTTP(w, r)
}

// SetClient registers a portal, or changes one that is registered.
func (s *Server) SetClient(c Client) error {
	if c.ID == "" || c.Secret == "" || len(c.RedirectURIs) == 0 {
		return errors.New("oidcsim: a client needs id, secret and redirect addresses")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = c
	return nil
}

func (s *Server) client(id string) (Client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	return c, ok
}

// people are who may log in to a client; without one, everybody.
func (s *Server) people(client string) []Person {
	if c, ok := s.client(client); ok && c.People != nil {
		return c.People
	}
	return s.opts.People
}

func (s *Server) person(client, sub string) (Person, bool) {
	for _, p := range s.people(client) {
		if p.Sub == sub {
			return p, true
		}
	}
	return Person{}, false
}

// sweep removes what nobody will ask for any more; the caller holds the lock.
func (s *Server) sweep(now time.Time) {
	for k, v := range s.requests {
		if now.After(v.until) {
			delete(s.requests, k)
		}
	}
	for k, v := range s.codes {
		if now.After(v.until.Add(tokenLife)) { // a code that was used stays a while to be recognised
			delete(s.codes, k)
		}
	}
	for k, v := range s.tokens {
		if now.After(v.until) {
			delete(s.tokens, k)
		}
	}
}
