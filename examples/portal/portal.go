// Package portal is the reference portal: the six components composed into a
// complete service portal of a town. Whoever builds a portal of their own
// starts here and replaces texts, templates and styles through Config.
package portal

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/seed"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

//go:embed internal/web/templates internal/web/static internal/web/lang
var embedded embed.FS

// Portal is a running portal. It may be used concurrently.
type Portal struct {
	cfg      Config
	world    demo.World
	clock    *clock.Clock
	listener net.Listener
	public   *url.URL
	db       *database.DB
	core     *web.Core
	handler  http.Handler
	parts    parts
	sims     simulators
	till     *till           // nil when nothing is paid online
	calls    *calls.Recorder // nil but in the demo
	seeding  *seed.Seeder
	closers  []func() error
	network  *network
	beside   *neighbour // nil: none
	started  bool
}

// New opens everything that a portal needs and, in the demo, builds its first
// data and starts the simulators. Every wrong setting is an error here.
func New(ctx context.Context, cfg Config) (p *Portal, err error) {
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Mode == Demo && cfg.open() {
		cfg.Progress("Achtung: Die Demo ist auch von anderen Rechnern erreichbar, mit Testseiten, ohne Passwörter.")
	}
	p = &Portal{cfg: cfg, clock: clock.New(cfg.Now)}
	if p.world, err = demo.WorldOf(cfg.World); err != nil {
		return nil, &ConfigError{"PORTAL_WORLD", "is no world of the demo"}
	}
	if err := p.cfg.checkMembers(p.world); err != nil {
		return nil, err
	}
	p.parts.world = p.world
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
			p = nil
		}
	}()
	if p.listener = cfg.listener; p.listener != nil {
		// opened by the portal that started this one
	} else if p.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return p, fmt.Errorf("portal: cannot listen on %s: %w", cfg.Listen, err)
	}
	p.closers = append(p.closers, func() error {
		if p.started {
			return nil // the server closed it
		}
		return p.listener.Close()
	})
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://" + p.listener.Addr().String()
		p.cfg.PublicURL = cfg.PublicURL
	}
	if p.public, err = url.Parse(strings.TrimSuffix(cfg.PublicURL, "/")); err != nil {
		return p, err
	}
	if p.db, err = database.Open(ctx, cfg.DatabaseURL, cfg.Data); err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.db.Close)
	release, err := p.db.Alone(ctx)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := p.migrate(ctx); err != nil {
		return p, err
	}
	if cfg.Mode == Demo {
		p.calls = calls.New(p.db.Write, p.db.Read, p.clock.Now, cfg.Logger)
		p.closers = append(p.closers, p.calls.Close)
	}
	if err := p.compose(ctx); err != nil {
		return p, err
	}
	return p, nil
}

// overlay looks a file up in the first system that has it.
type overlay []fs.FS

func (o overlay) Open(name string) (fs.File, error) {
	for _, system := range o {
		if f, err := system.Open(name); err == nil {
			return f, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir joins the folders, so that an own portal can add files.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	seen := map[string]bool{}
	var all []fs.DirEntry
	var found bool
	for _, system := range o {
		entries, err := fs.ReadDir(system, name)
		if err != nil {
			continue
		}
		found = true
		for _, e := range entries {
			if !seen[e.Name()] {
				seen[e.Name()] = true
				all = append(all, e)
			}
		}
	}
	if !found {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return all, nil
}

func layers(own fs.FS, folder string) (fs.FS, error) {
	base, err := fs.Sub(embedded, "internal/web/"+folder)
	if err != nil || own == nil {
		return base, err
	}
	return overlay{own, base}, nil
}

// URL is the public address of the portal, without a slash at the end.
func (p *Portal) URL() string { return p.public.String() }

// Handler returns the portal's pages.
func (p *Portal) Handler() http.Handler { return p.handler }

// Run serves and works in the background until ctx ends; then it finishes
// what runs. ready, if not nil, is called once the portal answers.
func (p *Portal) Run(ctx context.Context, ready func()) error {
	if err := p.parts.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("portal: background work: %w", err)
	}
	p.started = true
	srv := &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	rights, stopRights := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRights()
	go p.followRights(rights)
	beside, stopBeside := context.WithCancel(ctx)
	defer stopBeside()
	p.runNeighbour(beside)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(p.listener) }()
	if ready != nil {
		ready()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if e := srv.Shutdown(end); e != nil {
		err = errors.Join(err, e)
	}
	if e := p.parts.jobs.Stop(end); e != nil {
		err = errors.Join(err, fmt.Errorf("portal: background work did not end in time: %w", e))
	}
	stopBeside()
	return errors.Join(err, p.neighbourEnded())
}

// followRights brings changes of rights, and of the demo's clock, that another
// instance made to this one within a second.
func (p *Portal) followRights(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.followClock(ctx)
			if err := p.parts.authority.Refresh(ctx); err != nil && ctx.Err() == nil {
				p.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "rights cannot be read", slog.String("cause", err.Error()))
			}
		}
	}
}

// Close frees what New opened. It is called after Run has returned.
func (p *Portal) Close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		if err := p.closers[i](); err != nil {
			errs = append(errs, err)
		}
	}
	p.closers = nil
	return errors.Join(errs...)
}
