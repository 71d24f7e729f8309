package portal

import (
	"context"
	"path/filepath"

	"github.com/stadttor/stadttor/examples/portal/internal/seed"
)

// seeder builds the demo world through the portal's own rules.
func (p *Portal) seeder() *seed.Seeder {
	c := &p.parts
	return &seed.Seeder{DB: p.db, Applications: c.applications, Authority: c.authority, Editor: c.editor,
		Folder: filepath.Join(p.cfg.Data, "uebergabe"), EntityID: p.URL(), Now: p.clock.Now, Progress: p.cfg.Progress,
		ClearHandOvers: p.clearHandOvers, ClearMails: p.sims.mail.Clear, SetOffset: p.clock.SetOffset}
}

func (p *Portal) seed(ctx context.Context) error { return p.seeder().Run(ctx) }
func (p *Portal) composeTester()                 {}
