// Package fachsim is an invented back-office system (Fachverfahren) of the tax
// office, for trying out and for tests: it takes applications over the
// project's webhook protocol, shows them on pages of its own to a clerk, keeps a
// register of dogs that can be asked, and sends replies back until the portal
// has taken them.
//
// It shares no code with package webhook: two readings of the protocol find
// each other's mistakes. Everything is in memory. There is no login.
package fachsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options are the settings of a simulator.
type Options struct {
	// Addr is where Start listens; default a free port on the loopback address.
	Addr string
	// BaseURL is the address by which others reach the simulator; Start makes
	// one of the port, New needs none.
	BaseURL string
	// Secret is shared with the portal, at least 32 bytes.
	Secret []byte
	// PortalURL is the public address of the portal; replies go to
	// /schnittstelle/fachverfahren/antworten under it. Empty: they wait until
	// [Server.SetPortal].
	PortalURL string
	// Name is the heading of the pages; default "Fachverfahren Steuern".
	Name string
	// Now is the time of the office: of what is written and of pauses. Time
	// stamps of signatures use Clock.
	Now func() time.Time // default time.Now
	// Clock is the real time; default time.Now.
	Clock func() time.Time
	// Dogs fill the register; default [DemoDogs].
	Dogs []Dog
	// Pauses lie between attempts to send a reply; the last repeats. Default:
	// 2 s, 5 s, 15 s, 60 s, 5 min.
	Pauses []time.Duration
	// Manual leaves sending to [Server.Flush]. For tests.
	Manual bool
	Client *http.Client // default: one with a timeout of 10 s
	Logger *slog.Logger // default: none; sees ids and codes only
}

// repliesPath is where the portal takes replies.
const repliesPath = "/schnittstelle/fachverfahren/antworten"

// Server is a running simulator. It may be used concurrently.
type Server struct {
	URL string

	opts   Options
	log    *slog.Logger
	client *http.Client
	mux    *http.ServeMux
	pages  http.Handler
	http   *http.Server
	stop   context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	sending sync.Mutex // one reply at a time leaves the house

	mu     sync.Mutex
	portal string
	fault  string
	state
}

// state is everything that Forget empties.
type state struct {
	blobs     map[string][]byte // attachments by digest
	blobBytes int64
	files     map[string]*file // by reference
	order     []*file          // as they came
	byKey     map[string]*submission
	replies   []*reply // as they were written
	replyIDs  map[string]bool
	failed    map[string]bool // keys that were answered 500 once
	dogs      []Dog
	nextDog   int
}

func (s *Server) empty() state {
	dogs := s.opts.Dogs
	if dogs == nil {
		dogs = DemoDogs()
	}
	return state{blobs: map[string][]byte{}, files: map[string]*file{}, byKey: map[string]*submission{},
		replyIDs: map[string]bool{}, failed: map[string]bool{}, dogs: append([]Dog(nil), dogs...), nextDog: 2001}
}

// New returns a simulator as a handler, without a listener. It begins to send
// replies until Close.
func New(opts Options) (*Server, error) {
	if len(opts.Secret) < 32 {
		return nil, errors.New("fachsim: the secret is too short")
	}
	if opts.Name == "" {
		opts.Name = "Fachverfahren Steuern"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if len(opts.Pauses) == 0 {
		opts.Pauses = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}
	}
	s := &Server{URL: strings.TrimSuffix(opts.BaseURL, "/"), opts: opts, log: opts.Logger,
		done: make(chan struct{}), wake: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	own := http.Client{Timeout: 10 * time.Second}
	if opts.Client != nil {
		own = *opts.Client
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &own
	if err := s.SetPortal(opts.PortalURL); err != nil {
		return nil, err
	}
	s.state = s.empty()
	s.routes()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.run(ctx)
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
		return nil, fmt.Errorf("fachsim: listen: %w", err)
	}
	if opts.BaseURL == "" {
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			return nil, errors.Join(err, ln.Close())
		}
		opts.BaseURL = "http://localhost:" + port
	}
	s, err := New(opts)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go s.http.Serve(ln)
	return s, nil
}

// Close stops serving and sending. It may be called once.
func (s *Server) Close() error {
	s.stop()
	<-s.done
	if s.http == nil {
		return nil
	}
	return s.http.Close()
}

// SetPortal says where replies go: the public address of the portal.
func (s *Server) SetPortal(address string) error {
	if address != "" {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("fachsim: the portal has no usable address")
		}
		address = strings.TrimSuffix(address, "/") + repliesPath
	}
	s.mu.Lock()
	s.portal = address
	s.mu.Unlock()
	s.nudge()
	return nil
}

// Forget empties everything and fills the register again.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = s.empty()
}

func (s *Server) now() time.Time { return s.opts.Now().UTC().Truncate(time.Microsecond) }

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("PUT /anhaenge/{digest}", s.takePart)
	s.mux.HandleFunc("PUT /eingaenge/{key}", s.takeSubmission)
	s.mux.HandleFunc("POST /abfragen/{name}", s.lookUp)

	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", s.listPage)
	pages.HandleFunc("GET /vorgaenge/{file}", s.filePage)
	pages.HandleFunc("GET /vorgaenge/{file}/anlagen/{message}/{part}", s.download)
	pages.HandleFunc("POST /vorgaenge/{file}", s.act)
	pages.HandleFunc("GET /hunderegister", s.dogPage)
	pages.HandleFunc("GET /ausgang", s.outPage)
	pages.HandleFunc("POST /ausgang", s.sendNow)
	pages.HandleFunc("GET /stil.css", style)
	pages.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.problem(w, http.StatusNotFound, "Diese Seite gibt es nicht", "Bitte beginnen Sie auf der Seite Eingänge.")
	})
	s.pages = http.NewCrossOriginProtection().Handler(pages)
	s.mux.Handle("/", s.pages)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}
