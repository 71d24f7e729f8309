// Package desk has the pages of the staff (Sachbearbeitung): login, work
// lists, the case with all that may be done to it, and downloads.
//
// What somebody may see and do is decided in adapter.go alone. A case that
// may not be seen answers like one that does not exist, at every address.
package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/staff"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/rbac"
)

// Pages are the staff's pages. All fields are set before the first request;
// those said to be optional may be nil.
type Pages struct {
	Applications *antrag.Service
	Policy       func() *rbac.Policy // snapshot in use; nil denies everything
	Tenant       string
	Now          func() time.Time
	Login        *staff.Login
	// PersonName, UnitName and PersonUnit name people and units for the
	// staff; PersonUnit returns the id of the unit somebody belongs to.
	PersonName func(id string) string
	UnitName   func(id string) string
	PersonUnit func(id string) string
	// PlaceName names an area key; optional.
	PlaceName func(key string) (string, bool)
	// Deliveries are the hand-overs to back offices; optional.
	Deliveries *federation.Outbox
	// BackOffice names the back office behind a destination; optional.
	BackOffice func(destination string) string
	// CopyPDF draws the copy of an application; optional.
	CopyPDF func(ctx context.Context, a antrag.Application, lang string) ([]byte, error)
}

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /amt", p.home)
	c.Handle("GET /amt/{$}", p.home)
	c.Handle("GET /amt/anmelden", p.loginPage)
	c.Handle("POST /amt/anmelden", p.login)
	c.Handle("GET /amt/oidc/antwort", p.callback)
	c.Handle("POST /amt/abmelden", p.logout)
	p.registerLists(c)
	p.registerCase(c)
	p.registerActions(c)
	p.registerHandover(c)
	p.registerInvolve(c)
	p.registerTreasury(c)
}

// visit is a request of an employee who is logged in.
type visit struct {
	*web.Request
	may rights
}

func (v *visit) person() string { return v.may.person }

// member lets only employees in; everybody else is led to the login and back.
func (p *Pages) member(h func(*visit) error) web.Handler {
	return func(r *web.Request) error {
		if r.Staff == nil || r.Staff.Person == "" {
			return r.Redirect("/amt/anmelden?weiter=" + url.QueryEscape(wayBack(r)))
		}
		// What ends today ends before anything is decided, in an open tab too.
		if err := p.Applications.EndDue(r.Context()); err != nil {
			return err
		}
		return h(&visit{Request: r, may: p.rights(r.Staff.Person, r.Now())})
	}
}

// wayBack is where somebody goes on after the login: a page, never an action.
func wayBack(r *web.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.SelfPath()
	}
	if id := r.PathValue("id"); id != "" {
		return casePath(id)
	}
	return "/amt/eingang"
}

func casePath(id string, rest ...string) string {
	return "/amt/vorgang/" + url.PathEscape(id) + strings.Join(append([]string{""}, rest...), "/")
}

// file is a case that the person may at least see something of.
type file struct {
	antrag.Application
	obj            parties
	units          []antrag.Involvement
	full, envelope bool // whether content and envelope may be seen
	parts          []antrag.Participation
}

// open returns the case of the address, or web.ErrNotFound whether it does
// not exist or may not be seen.
func (p *Pages) open(v *visit) (*file, error) {
	a, err := p.Applications.Get(v.Context(), v.may.reachable(), v.PathValue("id"))
	if errors.Is(err, antrag.ErrNotFound) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	f := &file{Application: a}
	if f.obj, f.units, err = p.object(v.Context(), a); err != nil {
		return nil, err
	}
	if f.parts, err = p.Applications.Participations(v.Context(), a.ID); err != nil {
		return nil, err
	}
	f.full, f.envelope = v.may.allowed(permRead, f.obj), v.may.allowed(permEnvelope, f.obj)
	if !f.full && !f.envelope && len(f.own(v)) == 0 {
		return nil, web.ErrNotFound // it ended between the two reads
	}
	return f, nil
}

// inCase opens the case of the address for what needs a permission. Who sees
// the case but lacks the permission is told so; who was shown a piece of it
// only gets the answer of an unknown case to everything else.
func (p *Pages) inCase(permission string, h func(*visit, *file) error) web.Handler {
	return p.member(func(v *visit) error {
		f, err := p.open(v)
		if err != nil {
			return err
		}
		if !v.may.allowed(permission, f.obj) {
			return f.refuse()
		}
		return known(h(v, f))
	})
}

func (f *file) refuse() error {
	if f.full || f.envelope {
		return web.ErrForbidden
	}
	return web.ErrNotFound
}

// known turns the errors of the rules into answers.
func known(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, antrag.ErrNotFound), errors.Is(err, postkorb.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, antrag.ErrConflict), errors.Is(err, antrag.ErrClosed), errors.Is(err, antrag.ErrUnpaid), errors.Is(err, postkorb.ErrConflict), errors.Is(err, postkorb.ErrClosed):
		return web.ErrConflict
	case errors.Is(err, postkorb.ErrDenied):
		return web.ErrForbidden
	}
	return err
}

// Nav is the navigation of the staff's pages.
func (p *Pages) Nav(r *web.Request) []web.Link {
	if r.Staff == nil || r.Staff.Person == "" {
		return nil
	}
	links := []web.Link{
		{Label: r.T("desk.nav.inbox"), URL: "/amt/eingang"},
		{Label: r.T("desk.nav.mine"), URL: "/amt/meine"},
		{Label: r.T("desk.nav.reminders"), URL: "/amt/wiedervorlagen"},
		{Label: r.T("desk.nav.involve"), URL: "/amt/beteiligungen"},
		{Label: r.T("desk.nav.closed"), URL: "/amt/abgeschlossen"},
	}
	if p.seesTreasury(p.rights(r.Staff.Person, r.Now())) {
		links = append(links, web.Link{Label: r.T("desk.nav.till"), URL: "/amt/kasse"})
	}
	for i := range links {
		links[i].Current = r.URL.Path == links[i].URL
	}
	return links
}

// Banner says whom the employee represents now; empty when nobody.
func (p *Pages) Banner(r *web.Request) string {
	if r.Staff == nil || r.Staff.Person == "" {
		return ""
	}
	at := r.Now()
	var names []string
	for _, s := range p.policy().Source().Substitutions {
		if s.By == r.Staff.Person && !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until)) {
			names = append(names, p.PersonName(s.For))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return r.T("desk.banner", "names", strings.Join(names, ", "))
}
