// Package tester has the pages of the demo that are for testers: people to
// log in as, the simulators and their faults, caught mails, the clock, and the
// way back to the first state. In production the pages do not exist.
package tester

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
)

// Pages are the tester's pages. All fields are set before the first request;
// those said to be optional may be nil.
type Pages struct {
	// DB reads the cases, for their envelopes only.
	DB       bun.IDB
	Accounts *konto.Service
	Outbox   *federation.Outbox
	World    demo.World
	// Sims are the simulators, in this process or in another; optional.
	Sims sims.Control
	// Calls are the calls from and to outside systems; optional.
	Calls *calls.Recorder
	// Replies are what back offices wrote about a case; optional.
	Replies func(ctx context.Context, reference string) ([]federation.ReplyRecord, error)
	// Payments are the latest orders with their attempts; a reference narrows
	// them to one case. Optional.
	Payments func(ctx context.Context, reference string, limit int) ([]Payment, error)
	// Batches are the files for the finance system; BatchFile opens one.
	// Optional.
	Batches   func(ctx context.Context) ([]Batch, error)
	BatchFile func(ctx context.Context, n int64) (name, media string, content []byte, err error)
	// Notices are those about a case, without their receivers; optional.
	Notices func(ctx context.Context, application string) ([]Notice, error)
	// Script is the test script, in Markdown.
	Script string
	// EntityID is the portal's name at the login provider.
	EntityID string
	// RealNow is the wall clock, Offset how far the portal's clock is from it.
	RealNow func() time.Time
	Offset  func() time.Duration
	// SetOffset sets the portal's clock and keeps it over a restart.
	SetOffset func(ctx context.Context, d time.Duration) error
	// Reset builds the demo world anew.
	Reset func(ctx context.Context) error

	core *web.Core
}

// Register adds the pages to the core; in production it adds none.
func (p *Pages) Register(c *web.Core) {
	if !c.Demo {
		return
	}
	p.core = c
	c.Handle("GET /test", p.index)
	c.Handle("GET /test/vorgaenge", p.cases)
	c.Handle("GET /test/uebergaben", p.deliveries)
	c.Handle("GET /test/vorgaenge/{reference}", p.trace)
	c.Handle("GET /test/stoerungen", p.faults)
	c.Handle("POST /test/stoerungen", p.setFault)
	c.Handle("POST /test/stoerungen/aus", p.calm)
	c.Handle("GET /test/karten", p.cards)
	c.Handle("GET /test/zahlungen", p.payments)
	c.Handle("GET /test/buchungen", p.bookings)
	c.Handle("GET /test/buchungen/{nummer}", p.bookingFile)
	c.Handle("GET /test/aufrufe", p.outgoing)
	c.Handle("GET /test/rueckrufe", p.incoming)
	c.Handle("GET /test/drehbuch", p.script)
	c.Handle("GET /test/mails", p.mails)
	c.Handle("GET /test/mails/{id}", p.mail)
	c.Handle("POST /test/mails/leeren", p.clearMails)
	c.Handle("GET /test/uhr", p.clock)
	c.Handle("POST /test/uhr", p.setClock)
	c.Handle("GET /test/zuruecksetzen", p.resetPage)
	c.Handle("POST /test/zuruecksetzen", p.reset)
	c.Handle("GET /test/adressen", p.routes)
	c.Handle("GET /test/adressen.json", p.routesJSON)
}

// done are the codes of what was just done. They stand in the address, since
// setting the clock or a reset may end the session.
var done = map[string]bool{"uhr": true, "mails": true, "stoerung": true, "aus": true, "zurueck": true}

// tab is one link of a row of them.
type tab struct {
	Label, URL string
	Current    bool
	Count      int
}

// tabs are the pages that every page leads to.
var tabs = []struct{ page, path string }{
	{"index", "/test"}, {"script", "/test/drehbuch"}, {"cards", "/test/karten"}, {"faults", "/test/stoerungen"}, {"cases", "/test/vorgaenge"},
	{"payments", "/test/zahlungen"}, {"bookings", "/test/buchungen"}, {"deliveries", "/test/uebergaben"}, {"calls", "/test/aufrufe"},
	{"callbacks", "/test/rueckrufe"}, {"mails", "/test/mails"}, {"clock", "/test/uhr"}, {"routes", "/test/adressen"}, {"reset", "/test/zuruecksetzen"},
}

func pathOf(page string) string {
	for _, t := range tabs {
		if t.page == page {
			return t.path
		}
	}
	return "/test"
}

// show answers with one of the tester's pages. data gets the entries that
// all of them have.
func (p *Pages) show(r *web.Request, page, path string, v web.View, data map[string]any) error {
	v.Title = r.T("tester." + page + ".title")
	v.Noindex = true
	if path != "/test" {
		v.Crumbs = []web.Crumb{{Label: r.T("tester.index.title"), URL: "/test"}, {Label: v.Title}}
	}
	var row []tab
	for _, t := range tabs {
		row = append(row, tab{Label: r.T("tester.tab." + t.page), URL: t.path, Current: t.path == path})
	}
	if data == nil {
		data = map[string]any{}
	}
	data["Tabs"] = row
	if code := r.URL.Query().Get("ok"); done[code] {
		data["Done"] = r.T("tester.done." + code)
	}
	v.Data = data
	return r.Render("tester/"+page, v)
}
