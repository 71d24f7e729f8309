// Package wastesim is "Abfallwirtschaft Weserheide", an invented waste company
// with a portal of its own, for trying out and for tests: a member of the
// Portalverbund that does not run Stadttor. It has a small search interface
// with field names of its own and a few pages for people, and it can be made
// to misbehave. It keeps nothing that is sent to it.
package wastesim

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Name is the company's name.
const Name = "Abfallwirtschaft Weserheide"

// Options are the settings of the company. All are optional.
type Options struct {
	// Addr is where to listen; default a free port of this machine.
	Addr string
	// BaseURL is how browsers reach it; default http://localhost with the port.
	BaseURL string
	Now     func() time.Time // default time.Now
	Logger  *slog.Logger     // default: none; sees paths and codes only
}

// Fault is a way in which the company misbehaves.
type Fault struct {
	Code string // what Misbehave takes
}

// The faults, all of the search interface; the pages stay.
const (
	FaultHang    = "hang"          // never answers
	FaultHTML    = "html"          // a web page instead of data
	Fault500     = "status500"     // an error
	FaultHuge    = "huge"          // an answer of many megabytes
	FaultForeign = "foreign-links" // hits that lead to other hosts
	FaultScript  = "script"        // titles with markup and script in them
	FaultCut     = "cut"           // ends in the middle of the answer
)

// faults is the list that a tester sees, in this order.
var faults = []Fault{{FaultHang}, {FaultHTML}, {Fault500}, {FaultHuge}, {FaultForeign}, {FaultScript}, {FaultCut}}

// Server is the running company. It may be used concurrently.
type Server struct {
	URL string

	opts Options
	log  *slog.Logger
	mux  *http.ServeMux
	http *http.Server
	done chan struct{} // closed when the server ends, for hanging answers
	once sync.Once

	mu    sync.Mutex
	fault string
	asked int
}

// New returns the company as a handler for the root of BaseURL, without a
// listener.
func New(opts Options) (*Server, error) {
	u, err := url.Parse(opts.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("wastesim: BaseURL is not an address")
	}
	s := &Server{URL: strings.TrimSuffix(opts.BaseURL, "/"), opts: opts, log: opts.Logger, mux: http.NewServeMux(), done: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	s.routes()
	return s, nil
}

// Start listens and serves until Close.
func Start(opts Options) (*Server, error) {
	if opts.Addr == "" {
		opts.Addr = "localhost:0"
	}
	listener, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("wastesim: listen: %w", err)
	}
	if opts.BaseURL == "" {
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("wastesim: listen: %w", err), listener.Close())
		}
		opts.BaseURL = "http://localhost:" + port
	}
	s, err := New(opts)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
	go func() {
		if err := s.http.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("waste company ended", "cause", err.Error())
		}
	}()
	return s, nil
}

// Close ends the company at once.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.done) })
	if s.http == nil {
		return nil
	}
	return s.http.Close()
}

// Faults lists all faults with which a tester can try a portal.
func (s *Server) Faults() []Fault { return slices.Clone(faults) }

// Fault is the active fault, empty for none.
func (s *Server) Fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// ErrFault says that there is no such fault.
var ErrFault = errors.New("wastesim: unknown fault")

// Misbehave turns on a fault; the empty code turns all off.
func (s *Server) Misbehave(code string) error {
	if code != "" && !slices.Contains(faults, Fault{code}) {
		return ErrFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = code
	return nil
}

// Asked counts the searches.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	s.mux.ServeHTTP(w, r)
}
