// Package account has the citizens' own pages: Mein Konto, Meine Anträge,
// Entwürfe and Postkorb.
//
// Everything is looked up with the owner of the session; what belongs to
// somebody else answers like what does not exist.
package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/postkorb"
)

// Pages are the citizens' own pages. All fields are set before the first
// request.
type Pages struct {
	Accounts     *konto.Service
	Applications *antrag.Service
	Inbox        *postkorb.Inbox // writes
	Reader       *postkorb.Inbox // reads, on the read handle
	Sessions     *web.Sessions
	// CopyPDF draws the copy of an application; nil: no PDF is offered.
	CopyPDF func(ctx context.Context, a antrag.Application, lang string) ([]byte, error)
}

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /konto", p.overview)
	c.Handle("GET /konto/daten", p.data)
	c.Handle("POST /konto/daten", p.setContact)
	c.Handle("GET /konto/daten/export", p.export)
	c.Handle("GET /konto/trennen", p.unlinkPage)
	c.Handle("POST /konto/trennen", p.unlink)
	c.Handle("GET /konto/loeschen", p.deletePage)
	c.Handle("POST /konto/loeschen", p.delete)
	c.Handle("GET /antraege", p.list)
	c.Handle("GET /antraege/{id}", p.show)
	c.Handle("GET /antraege/{id}/kopie", p.copy)
	c.Handle("GET /antraege/{id}/kopie.pdf", p.copyPDF)
	c.Handle("GET /antraege/{id}/datei/{file}", p.download)
	c.Handle("GET /antraege/{id}/zurueckziehen", p.withdrawPage)
	c.Handle("POST /antraege/{id}/zurueckziehen", p.withdraw)
	c.Handle("GET /antraege/{id}/ergaenzen", p.supplementPage)
	c.Handle("POST /antraege/{id}/ergaenzen", p.supplement)
	c.Handle("GET /entwuerfe", p.drafts)
	c.Handle("GET /entwuerfe/{id}/loeschen", p.deleteDraftPage)
	c.Handle("POST /entwuerfe/{id}/loeschen", p.deleteDraft)
	c.Handle("GET /postkorb", p.inbox)
	c.Handle("GET /postkorb/{thread}", p.thread)
	c.Handle("POST /postkorb/{thread}/antwort", p.answer)
	c.Handle("POST /postkorb/{thread}/nachweis/{message}/{slot}", p.provide)
	c.Handle("POST /postkorb/{thread}/archiv", p.archive)
}

// tab is one entry of the navigation over the pages of this package.
type tab struct {
	Label, URL string
	Current    bool
	Count      int
}

// frame is what all pages of this package show.
type frame struct {
	Tabs  []tab
	Guest bool // no account: logged in without one, or not logged in
}

func (p *Pages) frame(r *web.Request, current string) frame {
	f := frame{Guest: r.Session == nil || r.Session.Account == ""}
	for _, t := range []struct{ key, url string }{
		{"overview", "/konto"}, {"applications", "/antraege"}, {"drafts", "/entwuerfe"}, {"inbox", "/postkorb"}, {"data", "/konto/daten"},
	} {
		if f.Guest && t.key == "data" {
			continue
		}
		f.Tabs = append(f.Tabs, tab{Label: r.T("account.tab." + t.key), URL: t.url, Current: t.key == current})
	}
	return f
}

// crumbs begins with the start page and ends with the page itself.
func crumbs(r *web.Request, links ...web.Crumb) []web.Crumb {
	return append([]web.Crumb{{Label: r.T("account.crumb.home"), URL: "/"}}, links...)
}

func crumb(r *web.Request, key, url string) web.Crumb { return web.Crumb{Label: r.T(key), URL: url} }

// holder returns the account of the session. Guests are sent to the overview,
// which says what an account would be for.
func (p *Pages) holder(r *web.Request) (a konto.Account, done bool, err error) {
	if done, err := login.Require(r); done {
		return a, true, err
	}
	if r.Session.Account == "" {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return a, true, r.Redirect("/konto")
		}
		return a, true, web.ErrForbidden
	}
	a, err = p.Accounts.Account(r.Context(), r.Session.Account)
	if errors.Is(err, konto.ErrNotFound) {
		if err := r.End(); err != nil {
			return a, true, err
		}
		return a, true, web.ErrExpired
	}
	return a, err != nil, err
}

// owner is the key of what the visitor has begun and sent, empty when the
// visitor is not known at all.
func owner(r *web.Request) string {
	if r.Session == nil {
		return ""
	}
	return r.Session.Owner
}

// own returns an application of the visitor. For everybody else it does not
// exist; who is not logged in may do so first.
func (p *Pages) own(r *web.Request) (a antrag.Application, done bool, err error) {
	id := r.PathValue("id")
	for _, key := range []string{owner(r), login.Before(r)} {
		if key == "" {
			continue
		}
		a, err = p.Applications.OwnedBy(r.Context(), key, id)
		if err == nil || !errors.Is(err, antrag.ErrNotFound) {
			return a, err != nil, err
		}
	}
	if done, err := login.Require(r); done {
		return a, true, err
	}
	return a, true, web.ErrNotFound
}

// problem turns an error of the rules into an answer.
func problem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, antrag.ErrNotFound), errors.Is(err, postkorb.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, antrag.ErrConflict), errors.Is(err, postkorb.ErrConflict):
		return web.ErrConflict
	}
	return err
}
