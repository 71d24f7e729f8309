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
		Sims: p.sims.control, Calls: p.calls, Notices: p.notices, Script: script,
		RealNow: real, Offset: p.clock.Offset, SetOffset: p.setClock, Reset: p.seeding.Reset}
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

// notices are those about a case. Their receivers are nobody's business.
func (p *Portal) notices(ctx context.Context, application string) ([]tester.Notice, error) {
	var rows []struct {
		ID        string    `bun:"id"`
		State     string    `bun:"state"`
		LastError string    `bun:"last_error"`
		Attempts  int       `bun:"attempts"`
		CreatedAt time.Time `bun:"created_at"`
	}
	err := p.db.Read.NewSelect().TableExpr("postkorb_notices AS n").Column("n.id", "n.state", "n.last_error", "n.attempts", "n.created_at").
		Join("JOIN portal_applications AS a ON a.thread = n.thread_id").Where("a.id = ?", application).Order("n.created_at", "n.id").Scan(ctx, &rows)
	var out []tester.Notice
	for _, n := range rows {
		out = append(out, tester.Notice{ID: n.ID, State: n.State, LastError: n.LastError, Attempts: n.Attempts, Created: n.CreatedAt.UTC()})
	}
	return out, err
}

// setClock shifts the clock of portal and simulators and keeps the shift over
// a restart.
func (p *Portal) setClock(ctx context.Context, d time.Duration) error {
	if err := database.SetSetting(ctx, p.db.Write, settingClock, d.String()); err != nil {
		return err
	}
	p.clock.SetOffset(d)
	return p.sims.control.SetOffset(ctx, d)
}
