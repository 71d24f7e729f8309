// Package find has the pages on which citizens find what they need: start,
// place, search, lists, service and office pages, and the fixed pages that
// every portal must have.
package find

import (
	"context"
	"errors"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// Pages are the pages for finding and the fixed pages. All fields are set
// before the first request; those said to be optional may be nil.
type Pages struct {
	Catalogue  *xzufi.Catalogue
	Assistants *assistant.Set
	// Feedback keeps a report about a barrier and returns its reference;
	// optional, without it the form says that it is not available.
	Feedback func(ctx context.Context, page, body, mail string) (reference string, err error)
	// Town is the name of the town that runs the portal.
	Town string
	// Municipalities are the area keys of all places to choose from, in the
	// order in which they are listed; optional.
	Municipalities []string
	// Wanted are the services on the start page; optional, without it the
	// first ones with an online service are shown.
	Wanted []xzufi.ID
	// Reaches reports whether a general request about a service would reach
	// the office responsible in an area through this portal; optional,
	// without it every request does. service is an ID.String.
	Reaches func(ctx context.Context, service, area string) bool
	// Network returns the Portalverbund, nil for none; optional.
	Network func() *Network
	// Imprint is what the imprint and the privacy page need to know.
	Imprint Imprint

	offered officeNames
}

// Imprint names who runs the portal. Empty fields take those of the demo.
type Imprint struct {
	Address, Representative, Phone, Mail string
	// Officer is the mail address of the data protection officer.
	Officer string
}

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /{$}", p.start)
	c.Handle("GET /ort", p.placePage)
	c.Handle("POST /ort", p.choosePlace)
	c.Handle("GET /suche", p.search)
	c.Handle("GET /dienstleistungen", p.services)
	c.Handle("GET /dienstleistung/{agency}/{value}", p.service)
	c.Handle("GET /lebenslagen", p.situationsPage)
	c.Handle("GET /lebenslagen/{id}", p.situationPage)
	c.Handle("GET /einrichtungen", p.offices)
	c.Handle("GET /einrichtung/{agency}/{value}", p.office)
	for _, f := range fixedPages() {
		c.Handle("GET "+f.path, p.fixed(f.name))
	}
	c.Handle("GET /portalverbund", p.networkPage)
	c.Handle("GET /cookies", p.cookies)
	c.Handle("GET /lizenzen", p.licences)
	c.Handle("GET /barriere-melden", p.barrierForm)
	c.Handle("POST /barriere-melden", p.barrierSend)
	c.Handle("GET /barriere-melden/gesendet", p.barrierSent)
	c.Handle("GET /sitemap.xml", p.sitemap)
	c.Handle("GET /robots.txt", p.robots)
}

// Nav returns the main navigation of the citizens' pages.
func (p *Pages) Nav(r *web.Request) []web.Link {
	entries := []struct{ key, url, prefix string }{
		{"find.nav.start", "/", ""},
		{"find.nav.services", "/dienstleistungen", "/dienstleistung"},
		{"find.nav.situations", "/lebenslagen", "/lebenslagen"},
		{"find.nav.offices", "/einrichtungen", "/einrichtung"},
	}
	if r.Session.LoggedIn() {
		entries = append(entries,
			struct{ key, url, prefix string }{"find.nav.applications", "/antraege", "/antraege"},
			struct{ key, url, prefix string }{"find.nav.inbox", "/postkorb", "/postkorb"})
	}
	links := make([]web.Link, 0, len(entries))
	for _, e := range entries {
		current := r.URL.Path == e.url || (e.prefix != "" && strings.HasPrefix(r.URL.Path, e.prefix))
		links = append(links, web.Link{Label: r.T(e.key), URL: e.url, Current: current})
	}
	return links
}

// PlaceName returns the name of a municipality; false for areas that nobody
// can choose as their place.
func (p *Pages) PlaceName(ctx context.Context, key string) (string, bool) {
	a, err := p.Catalogue.Area(ctx, key)
	if err != nil || len(a.Postcodes) == 0 {
		return "", false
	}
	return a.Name, true
}

// place is the municipality that the visitor chose, the zero Area for none.
func (p *Pages) place(r *web.Request) (xzufi.Area, error) {
	key := r.PlaceKey()
	if key == "" {
		return xzufi.Area{}, nil
	}
	a, err := p.Catalogue.Area(r.Context(), key)
	if errors.Is(err, xzufi.ErrNotFound) || (err == nil && len(a.Postcodes) == 0) {
		return xzufi.Area{}, nil
	}
	return a, err
}

// municipalities are all places to choose from.
func (p *Pages) municipalities(ctx context.Context) ([]xzufi.Area, error) {
	var out []xzufi.Area
	for _, key := range p.Municipalities {
		a, err := p.Catalogue.Area(ctx, key)
		if errors.Is(err, xzufi.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
