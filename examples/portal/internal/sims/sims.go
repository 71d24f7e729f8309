// Package sims runs the outside systems of the demo together: the login of the
// citizens, that of the staff, mail, payment, a back office and a foreign
// member of the federation, each on an origin of its own, and a page to
// disturb them. One set serves several portals.
package sims

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/fachsim"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
	"github.com/stadttor/stadttor/examples/portal/internal/wastesim"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// Codes of the simulators.
const (
	BundID     = "bundid"
	OpenID     = "openid"
	Mail       = "mail"
	Payment    = "pmpayment"
	BackOffice = "fachverfahren"
	Waste      = "abfall"
)

// The ports after the first; the one left out is that of the second portal.
const (
	portBundID = iota
	portOpenID
	portMail
	portPayment
	portBackOffice
	portWaste
	PortNeighbour // of the portal of the Landkreis, which is no simulator
	portControl
)

// Options say how a set runs.
type Options struct {
	// Listen is the address of the first simulator; the others follow on the
	// next ports. Port 0 takes free ports. Default localhost:8081.
	Listen string
	// Host is the name by which browsers and portals reach the simulators.
	// Default localhost.
	Host string
	// Keys are where the simulators keep their keys.
	Keys keys.Ring
	// Portals are registered from the beginning.
	Portals []Portal
	Now     func() time.Time // default time.Now
	// SetOffset shifts the clock behind Now. Without it the clock is set elsewhere.
	SetOffset func(time.Duration)
	Logger    *slog.Logger // default: none
}

// Set is all simulators. It may be used concurrently.
type Set struct {
	BundID  *bundidsim.Server
	OpenID  *oidcsim.Server
	Mail    *mailsim.Server
	Payment *paymentsim.Server
	Office  *fachsim.Server // the back office
	Waste   *wastesim.Server

	opts    Options
	log     *slog.Logger
	seed    []byte // of the secrets
	control string // address of the control page
	entries []entry
	closers []func() error

	mu      sync.Mutex
	portals []Portal
}

// entry is how one simulator is disturbed and emptied.
type entry struct {
	code, address string
	gate          *gate    // nil for what speaks no HTTP
	own           []string // faults of its own
	set           func(code string) error
	active        func() string
	forget        func()
}

// Start starts all simulators. ctx bounds the start only.
func Start(ctx context.Context, opts Options) (set *Set, err error) {
	if opts.Listen == "" {
		opts.Listen = "localhost:8081"
	}
	if opts.Host == "" {
		opts.Host = "localhost"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Set{opts: opts, log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err, set = errors.Join(err, s.Close()), nil
		}
	}()
	for _, start := range []func(context.Context) error{s.startBundID, s.startOpenID, s.startMail, s.startPayment, s.startOffice, s.startWaste, s.startControl} {
		if err := start(ctx); err != nil {
			return nil, err
		}
	}
	for _, p := range opts.Portals {
		if _, err := s.Register(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close ends all simulators.
func (s *Set) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// serve opens the port of a simulator; build gets the address under which it
// is reached.
func (s *Set) serve(ctx context.Context, port int, build func(base string) (http.Handler, error)) (string, error) {
	addr, err := nextPort(s.opts.Listen, port)
	if err != nil {
		return "", err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("sims: cannot listen on %s: %w", addr, err)
	}
	base := "http://" + net.JoinHostPort(s.opts.Host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	h, err := build(base)
	if err != nil {
		return "", errors.Join(err, l.Close())
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("a simulator ended", "cause", err.Error())
		}
	}()
	s.closers = append(s.closers, func() error {
		err := srv.Close()
		<-done
		return err
	})
	return base, nil
}

// add opens a simulator behind a gate.
func (s *Set) add(ctx context.Context, port int, e entry, build func(base string) (http.Handler, error)) error {
	e.gate = &gate{}
	base, err := s.serve(ctx, port, func(base string) (http.Handler, error) {
		h, err := build(base)
		e.gate.next = h
		return e.gate, err
	})
	e.address = base
	s.entries = append(s.entries, e)
	return err
}

func (s *Set) startBundID(ctx context.Context) error {
	pair, err := s.opts.Keys.Get("simulator-bundid")
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(pair.Key)
	if err != nil {
		return err
	}
	s.seed = raw
	e := entry{code: BundID, own: codes(bundidsim.Faults(), bundidsim.Fault.String),
		set: func(code string) error {
			for _, f := range append(bundidsim.Faults(), bundidsim.FaultNone) {
				if f.String() == code || code == "" && f == bundidsim.FaultNone {
					s.BundID.Misbehave(f)
					return nil
				}
			}
			return ErrUnknown
		},
		active: func() string {
			if f := s.BundID.Fault(); f != bundidsim.FaultNone {
				return f.String()
			}
			return ""
		}}
	return s.add(ctx, portBundID, e, func(base string) (http.Handler, error) {
		s.BundID = bundidsim.New(&bundidsim.Options{BaseURL: base, Keys: &bundidsim.Keys{Key: pair.Key, Certificate: pair.Certificate},
			SPMetadata: s.metadata, Now: s.opts.Now, Logger: s.opts.Logger})
		return s.BundID, nil
	})
}

func (s *Set) startOpenID(ctx context.Context) error {
	pair, err := s.opts.Keys.Get("simulator-openid")
	if err != nil {
		return err
	}
	e := entry{code: OpenID, own: codes(oidcsim.Faults(), func(f oidcsim.Fault) string { return string(f) }),
		set:    func(code string) error { s.OpenID.SetFault(oidcsim.Fault(code)); return nil },
		active: func() string { return string(s.OpenID.Fault()) }}
	return s.add(ctx, portOpenID, e, func(base string) (http.Handler, error) {
		s.OpenID, err = oidcsim.New(oidcsim.Options{BaseURL: base, SigningKey: pair.Key, People: everybody(), Now: s.opts.Now, Logger: s.opts.Logger})
		return s.OpenID, err
	})
}

func (s *Set) startMail(context.Context) error {
	addr, err := nextPort(s.opts.Listen, portMail)
	if err != nil {
		return err
	}
	if s.Mail, err = mailsim.Start(addr, s.opts.Now, s.log); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Mail.Close)
	s.entries = append(s.entries, entry{code: Mail, address: s.Mail.Addr, own: codes(mailsim.Faults(), func(f mailsim.Fault) string { return string(f) }),
		set:    func(code string) error { s.Mail.SetFault(mailsim.Fault(code)); return nil },
		active: func() string { return string(s.Mail.Fault()) }, forget: s.Mail.Clear})
	return nil
}

func (s *Set) startPayment(ctx context.Context) error {
	e := entry{code: Payment, set: func(code string) error { return s.Payment.Misbehave(code) },
		active: func() string { return s.Payment.Fault() }, forget: func() { s.Payment.Forget() }}
	e.own = codes((*paymentsim.Server)(nil).Faults(), func(f paymentsim.Fault) string { return f.Code })
	return s.add(ctx, portPayment, e, func(base string) (http.Handler, error) {
		var err error
		s.Payment, err = paymentsim.New(&paymentsim.Options{BaseURL: base, Merchants: s.merchants(), InsecureAllowHTTP: true, Now: s.opts.Now, Logger: s.opts.Logger})
		if err == nil {
			s.closers = append(s.closers, s.Payment.Close)
		}
		return s.Payment, err
	})
}

func (s *Set) startOffice(ctx context.Context) error {
	e := entry{code: BackOffice, set: func(code string) error { return s.Office.Misbehave(code) },
		active: func() string { return s.Office.Fault() }, forget: func() { s.Office.Forget() }}
	e.own = codes((*fachsim.Server)(nil).Faults(), func(f fachsim.Fault) string { return f.Code })
	return s.add(ctx, portBackOffice, e, func(base string) (http.Handler, error) {
		var err error
		s.Office, err = fachsim.New(fachsim.Options{BaseURL: base, Secret: []byte(s.secret("fachverfahren")), Now: s.opts.Now, Logger: s.opts.Logger})
		if err == nil {
			s.closers = append(s.closers, s.Office.Close)
		}
		return s.Office, err
	})
}

func (s *Set) startWaste(ctx context.Context) error {
	e := entry{code: Waste, set: func(code string) error { return s.Waste.Misbehave(code) },
		active: func() string { return s.Waste.Fault() }}
	e.own = codes((*wastesim.Server)(nil).Faults(), func(f wastesim.Fault) string { return f.Code })
	return s.add(ctx, portWaste, e, func(base string) (http.Handler, error) {
		var err error
		s.Waste, err = wastesim.New(wastesim.Options{BaseURL: base, Now: s.opts.Now, Logger: s.opts.Logger})
		if err == nil {
			s.closers = append(s.closers, s.Waste.Close)
		}
		return s.Waste, err
	})
}

// secret is a secret of the demo: random for each set of keys, the same after
// a restart, so that portals that know it go on.
func (s *Set) secret(of string) string {
	m := hmac.New(sha256.New, s.seed)
	m.Write([]byte("stadttor demo secret " + of))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil))
}

func codes[T any](all []T, code func(T) string) []string {
	var out []string
	for _, f := range all {
		out = append(out, code(f))
	}
	return out
}

// nextPort returns the address n ports after address; port 0 stays 0.
func nextPort(address string, n int) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("sims: address of the simulators: %w", err)
	}
	p, err := strconv.Atoi(port)
	if err != nil || p < 0 || p+n > 65535 {
		return "", errors.New("sims: address of the simulators has no usable port")
	}
	if p == 0 {
		return address, nil
	}
	return net.JoinHostPort(host, strconv.Itoa(p+n)), nil
}
