package portal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
)

// neighbourPort is where the second portal of the demo is, counted from the
// first simulator.
const neighbourPort = 6

// memberKreis is the name of the Landkreis in the Portalverbund of the demo.
const memberKreis = "landkreis"

// neighbour is the portal of the Landkreis: a second portal in the same
// process, with data, people, catalogue and sessions of its own. Both use the
// same simulators and the same clock.
type neighbour struct {
	portal *Portal
	url    string // known before the portal has started
	done   chan error
	ended  chan error // nil until it runs
}

// NeighbourURL is the address of the second portal of the demo, empty without
// one.
func (p *Portal) NeighbourURL() string {
	if p.beside == nil {
		return ""
	}
	return p.beside.url
}

// startNeighbour begins to open the second portal; awaitNeighbour waits for
// it. Opening takes seconds at the first start, so it runs beside the rest.
func (p *Portal) startNeighbour(ctx context.Context) error {
	if p.cfg.Mode != Demo || p.cfg.Alone || p.world.ID != demo.RootUnit || p.cfg.Simulators != "" {
		return nil
	}
	addr, err := nextPort(p.cfg.SimListen, neighbourPort)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("portal: cannot listen on %s for the portal of the Landkreis: %w", addr, err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	// The simulators are on localhost as well: only the town's own portal is
	// another site for the browser.
	n := &neighbour{url: "http://" + net.JoinHostPort("localhost", port), done: make(chan error, 1)}
	p.beside = n
	cfg := Config{
		World: demo.RootKreis, Listen: addr, PublicURL: n.url, Data: filepath.Join(p.cfg.Data, "landkreis"), Keys: p.ring().Folder,
		SimListen: p.cfg.SimListen, Logger: p.cfg.Logger, Now: p.clock.Now, Alone: true,
		listener: listener, simulators: p.sims.set, testerURL: p.URL() + "/test",
	}
	go func() {
		var err error
		n.portal, err = New(ctx, cfg)
		n.done <- err
	}()
	p.closers = append(p.closers, n.close)
	return nil
}

// awaitNeighbour waits until the second portal can serve and makes both
// members of each other's Portalverbund.
func (p *Portal) awaitNeighbour() error {
	if p.beside == nil {
		return nil
	}
	err := <-p.beside.done
	p.beside.done <- err // for close
	if err != nil {
		return fmt.Errorf("portal: the portal of the Landkreis: %w", err)
	}
	if err := p.network.setMember(memberKreis, p.beside.url); err != nil {
		return err
	}
	return p.beside.portal.network.setMember(p.world.ID, p.URL())
}

// runNeighbour serves the second portal until ctx ends.
func (p *Portal) runNeighbour(ctx context.Context) {
	if n := p.beside; n != nil {
		n.ended = make(chan error, 1)
		go func() { n.ended <- n.portal.Run(ctx, nil) }()
	}
}

// neighbourEnded waits for the second portal to have ended.
func (p *Portal) neighbourEnded() error {
	if p.beside == nil || p.beside.ended == nil {
		return nil
	}
	return <-p.beside.ended
}

func (n *neighbour) close() error {
	if err := <-n.done; err != nil || n.portal == nil {
		return nil // reported when it was awaited; New has cleaned up
	}
	return n.portal.Close()
}

// resetNeighbour builds the second portal anew.
func (p *Portal) resetNeighbour(ctx context.Context) error {
	if p.beside == nil || p.beside.portal == nil {
		return nil
	}
	if p.beside.portal.seeding == nil {
		return errors.New("portal: the portal of the Landkreis has no demo")
	}
	return p.beside.portal.seeding.Reset(ctx)
}
