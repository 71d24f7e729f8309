package portal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// simulators are the outside systems of the demo, each with an origin of its
// own: on localhost, while the portal is on 127.0.0.1, so that browsers treat
// them as other sites, as in life. They run in this process or in another.
type simulators struct {
	set     *sims.Set    // nil when they run in another process
	control sims.Control // nil in production
	desc    sims.Description
	access  sims.Access
}

// metadata are those of the login of the citizens.
func (s *simulators) metadata() []byte {
	if s.control == nil {
		return nil
	}
	return []byte(s.desc.BundID.Metadata)
}

// startSimulators starts the simulators, or finds those that run elsewhere,
// and tells them of this portal.
func (p *Portal) startSimulators(ctx context.Context, ring keys.Ring) error {
	me := sims.Portal{ID: p.world.ID, URL: p.URL()}
	var err error
	switch {
	case p.cfg.Simulators != "":
		if p.sims.control, err = sims.Dial(p.cfg.Simulators); err != nil {
			return &ConfigError{"PORTAL_SIMULATORS", "must be the address of simulators, like http://localhost:8088"}
		}
	case p.cfg.simulators != nil: // those of another portal in this process
		p.sims.set = p.cfg.simulators
	default:
		p.sims.set, err = sims.Start(ctx, sims.Options{Listen: p.cfg.SimListen, Keys: ring, Now: p.clock.Now, Logger: p.cfg.Logger})
		if err != nil {
			return err
		}
		p.closers = append(p.closers, p.sims.set.Close)
	}
	if p.sims.set != nil {
		p.sims.control = sims.Local(p.sims.set)
		me.Metadata = func() ([]byte, error) { return p.parts.login.Metadata() }
	}
	if p.sims.access, err = p.announce(ctx, me); err != nil {
		return err
	}
	if p.sims.desc, err = p.sims.control.Description(ctx); err != nil {
		return err
	}
	return p.sims.control.SetOffset(ctx, p.clock.Offset())
}

// announceTime is how long a portal waits for simulators that start at the
// same time.
const announceTime = 10 * time.Second

func (p *Portal) announce(ctx context.Context, me sims.Portal) (sims.Access, error) {
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	defer cancel()
	for {
		a, err := p.sims.control.Register(ctx, me)
		if !errors.Is(err, sims.ErrAway) {
			return a, err
		}
		select {
		case <-ctx.Done():
			return a, &ConfigError{"PORTAL_SIMULATORS", "names an address where no simulators answer"}
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// forgetOutside empties what a reset has to empty besides the portal itself.
func (p *Portal) forgetOutside() {
	if p.cfg.simulators != nil {
		return // whoever started them empties them
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(p.sims.control.Forget(ctx), p.sims.control.SetOffset(ctx, 0), p.calls.Forget(ctx)); err != nil {
		p.cfg.Logger.Warn("simulators cannot be emptied", "cause", err.Error())
	}
}

// clearHandOvers empties the folders of hand-overs at a reset.
func (p *Portal) clearHandOvers() error {
	return errors.Join(clearFolder(filepath.Join(p.cfg.Data, "uebergabe")), clearFolder(p.tillFolder()))
}

func clearFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
