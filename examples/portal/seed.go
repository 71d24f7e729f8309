package portal

import (
	"context"
	_ "embed"
	"errors"
	"path/filepath"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/seed"
	"github.com/stadttor/stadttor/examples/portal/internal/web/tester"
)

// seeder builds the demo world through the portal's own rules.
func (p *Portal) seeder() *seed.Seeder {
	c := &p.parts
	return &seed.Seeder{DB: p.db, World: p.world, Applications: c.applications, Authority: c.authority, Editor: c.editor,
		Folder: filepath.Join(p.cfg.Data, "uebergabe"), EntityID: p.URL(), Now: p.clock.Now, Progress: p.cfg.Progress,
		ClearHandOvers: p.clearHandOvers, ClearMails: p.forgetOutside, SetOffset: p.clock.SetOffset}
}

func (p *Portal) seed(ctx context.Context) error {
	p.seeding = p.seeder()
	return p.seeding.Run(ctx)
}

// composeTester adds the tester's pages; production does not have them.
func (p *Portal) composeTester() {
	if p.cfg.Mode != Demo || p.cfg.testerURL != "" {
		return
	}
	real := p.cfg.Now
	if real == nil {
		real = time.Now
	}
	pages := &tester.Pages{DB: p.db.Read, Accounts: p.parts.accounts, Outbox: p.parts.outbox, World: p.world, EntityID: p.URL(),
		Sims: p.sims.control, Calls: p.calls, Script: script,
		Notices: p.notices, Replies: p.repliesTo, Payments: p.payments, Batches: p.batches, BatchFile: p.batchFile,
		RealNow: real, Offset: p.clock.Offset, SetOffset: p.setClock, Reset: p.reset}
	pages.Register(p.core)
}

// reset builds the demo anew, both portals of it.
func (p *Portal) reset(ctx context.Context) error {
	return errors.Join(p.seeding.Reset(ctx), p.resetNeighbour(ctx))
}

// script tells testers what to try and what to expect.
//
//go:embed TESTDREHBUCH.md
var script string

// setClock shifts the clock of portal and simulators and keeps the shift over
// a restart.
func (p *Portal) setClock(ctx context.Context, d time.Duration) error {
	if err := database.SetSetting(ctx, p.db.Write, settingClock, d.String()); err != nil {
		return err
	}
	p.clock.SetOffset(d)
	return p.sims.control.SetOffset(ctx, d)
}
