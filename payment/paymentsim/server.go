package paymentsim

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

// Merchant is one procedure (Verfahren) of one municipality that may take money.
type Merchant struct {
	AGS       string // official municipality key
	Procedure string // name of the procedure
	Salt      string // secret shared with the portal
	Name      string // of the municipality, on the pay page
}

// Options are the settings of a simulator. Without merchants every start is
// refused; the rest has defaults.
type Options struct {
	// Addr is where Start listens. Default: a free port on loopback.
	Addr string
	// BaseURL is the address browsers use, without a trailing slash. Default
	// for Start: http://localhost with the port of Addr; for New:
	// http://localhost:8084.
	BaseURL string
	// Merchants who may start payments.
	Merchants []Merchant
	// Life is how long the payer may think. Default: 30 minutes.
	Life time.Duration
	// Pauses are the waits before a notify is repeated that was not answered
	// with 200, by the clock Now; afterwards the simulator gives up. Default: 5
	// seconds, 30 seconds, 2 minutes. An empty list that is not nil: none.
	Pauses []time.Duration
	// Slow is how long the slow faults let a caller wait. Default: 30 seconds.
	Slow time.Duration
	// InsecureAllowHTTP takes callback addresses with http on any host; else
	// only on this machine (localhost, 127.0.0.0/8, ::1).
	InsecureAllowHTTP bool
	// Location is the zone of the times in answers. Default: Europe/Berlin, UTC
	// if that is not known here.
	Location *time.Location
	// Client sends the notifies; its redirect rule is replaced by none. Default:
	// a new one.
	Client *http.Client
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// Logger receives what happens: ids and codes. Default: discard.
	Logger *slog.Logger
}

// Server is the simulated payment service. It is an http.Handler and safe for
// concurrent use.
type Server struct {
	// URL is the address browsers use and drivers are given, without a trailing
	// slash.
	URL string

	opts      Options
	merchants map[[2]string]Merchant // by AGS and procedure
	client    *http.Client
	log       *slog.Logger
	mux       *http.ServeMux
	http      *http.Server
	httpDone  chan struct{}

	ctx      context.Context
	cancel   context.CancelFunc
	wake     chan struct{}
	loopDone chan struct{}
	slots    chan struct{} // bounds notifies under way
	sending  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	fault    string
	order    []*transaction // oldest first
	byTxID   map[string]*transaction
	byKey    map[string]*transaction
	queue    []push
	refusals []Refusal
}

const (
	maxTransactions = 10_000
	maxRefusals     = 100
	notifyTimeout   = 10 * time.Second
	maxForm         = 64 << 10
)

// New returns a simulator for mounting at the root of BaseURL. It sends
// notifies on its own until it is closed. It fails if BaseURL is no address or
// a merchant is incomplete or listed twice.
func New(opts *Options) (*Server, error) {
	s := &Server{
		merchants: map[[2]string]Merchant{}, wake: make(chan struct{}, 1), loopDone: make(chan struct{}),
		slots:  make(chan struct{}, 16),
		byTxID: map[string]*transaction{}, byKey: map[string]*transaction{},
	}
	if opts != nil {
		s.opts = *opts
	}
	s.defaults()
	if u, err := url.Parse(s.opts.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(u.Path, "/") {
		return nil, errors.New("paymentsim: BaseURL is not an address without trailing slash")
	}
	for _, m := range s.opts.Merchants {
		key := [2]string{m.AGS, m.Procedure}
		if _, twice := s.merchants[key]; twice || m.AGS == "" || m.Procedure == "" || m.Salt == "" {
			return nil, errors.New("paymentsim: merchant incomplete or listed twice")
		}
		s.merchants[key] = m
	}
	s.URL = s.opts.BaseURL
	s.routes()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.loop()
	return s, nil
}

func (s *Server) defaults() {
	o := &s.opts
	if o.BaseURL == "" {
		o.BaseURL = "http://localhost:8084"
	}
	if o.Life <= 0 {
		o.Life = 30 * time.Minute
	}
	if o.Pauses == nil {
		o.Pauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute}
	}
	if o.Slow <= 0 {
		o.Slow = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.UTC
		if berlin, err := time.LoadLocation("Europe/Berlin"); err == nil {
			o.Location = berlin
		}
	}
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &client
	if s.log = o.Logger; s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
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
		return nil, fmt.Errorf("paymentsim: listen: %w", err)
	}
	if o.BaseURL == "" {
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("paymentsim: listen: %w", err), listener.Close())
		}
		o.BaseURL = "http://localhost:" + port
	}
	s, err := New(&o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.http = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: s.opts.Slow + 30*time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	s.httpDone = make(chan struct{})
	go func() {
		defer close(s.httpDone)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("paymentsim: server ended", "error", err)
		}
	}()
	return s, nil
}

// Close stops sending notifies and ends the server that Start began. It may be
// called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	<-s.loopDone
	s.sending.Wait()
	if s.http == nil {
		return nil
	}
	err := s.http.Close()
	<-s.httpDone
	return err
}
