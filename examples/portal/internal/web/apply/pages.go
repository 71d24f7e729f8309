// Package apply has the pages that lead a citizen through a form assistant:
// introduction, one page per topic, check, sending and confirmation.
//
// A draft belongs to the owner of the session. A draft of somebody else
// answers like one that does not exist, at every address.
package apply

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// Pages are the pages of the form assistants. All fields are set before the
// first request; those said to be optional may be nil.
type Pages struct {
	Applications *antrag.Service
	Assistants   *assistant.Set
	Accounts     *konto.Service
	// Attributes returns what the present login knows of the person; optional.
	Attributes func(r *web.Request) ([]konto.Attribute, error)
	// Places finds municipalities by postcode or name.
	Places func(ctx context.Context, q string) ([]xzufi.Area, error)
	// PlaceName names an area key.
	PlaceName func(ctx context.Context, key string) (string, bool)
	// Unit resolves who of the staff is responsible for a service at a place;
	// antrag.ErrNoUnit means an office of another administration.
	Unit      func(ctx context.Context, service, area string) (antrag.Unit, error)
	Catalogue *xzufi.Catalogue
	// Service returns the service of the catalogue that an assistant belongs
	// to; optional.
	Service func(assistant string) (xzufi.ID, bool)
	// LookUp asks a register for the records of a person; nil: no register
	// answers. The person gets only records that are theirs.
	LookUp func(ctx context.Context, source string, who Person) ([]assistant.Offer, error)
	// Test marks applications as tests.
	Test bool
}

// The parts of addresses that are not steps of an assistant.
const (
	pageCheck     = "pruefen"
	pageSend      = "absenden"
	pageSent      = "gesendet"
	pageElsewhere = "andere-stelle"
	partFile      = "datei"
	partNew       = "neu"
)

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /antrag/neu/{assistant}", p.intro)
	c.Handle("POST /antrag/neu/{assistant}", p.start)
	c.Handle("GET /antrag/{draft}", p.on(p.resume))
	c.Handle("GET /antrag/{draft}/{step}", p.on(p.getStep))
	c.Handle("POST /antrag/{draft}/{step}", p.on(p.postStep))
	c.Handle("GET /antrag/{draft}/{step}/{item}", p.on(p.getItem))
	c.Handle("POST /antrag/{draft}/{step}/{item}", p.on(p.postItem))
	c.Handle("POST /antrag/{draft}/{step}/{item}/entfernen", p.on(p.remove))
}

// visit is a request for a draft of the session's owner.
type visit struct {
	*web.Request
	draft   antrag.Draft
	def     *assistant.Definition
	today   time.Time
	prefill []assistant.PrefillValue
	means   map[string]string // attribute -> means it came by
	person  Person            // of the present login, zero when it says too little
}

// lang is the language of the definition's texts.
func (v *visit) lang() assistant.Lang { return assistant.Lang(v.Lang) }

// path is an address of the draft.
func (v *visit) path(parts ...string) string {
	s := "/antrag/" + url.PathEscape(v.draft.ID)
	for _, part := range parts {
		if part != "" {
			s += "/" + url.PathEscape(part)
		}
	}
	return s
}

// on opens the draft that the address names. What was sent shows its
// confirmation at every address.
func (p *Pages) on(do func(*visit) error) web.Handler {
	return func(r *web.Request) error {
		if r.Session == nil {
			return p.withoutSession(r)
		}
		d, err := p.Applications.Draft(r.Context(), r.Session.Owner, r.PathValue("draft"))
		if err != nil {
			return answerTo(err)
		}
		def, ok := p.Assistants.Version(d.Assistant, d.Version)
		if !ok {
			return web.ErrGone
		}
		v := &visit{Request: r, draft: d, def: def, today: p.Applications.Today()}
		if d.Application != "" && r.PathValue("item") == "" && r.PathValue("step") == pageSent {
			return p.sent(v)
		}
		if d.Application != "" && r.PathValue("step") != partFile {
			return r.Redirect(v.path(pageSent))
		}
		if err := p.known(v); err != nil {
			return err
		}
		v.draft.Answers = def.DropForeign(v.draft.Answers, v.subject())
		return do(v)
	}
}

// withoutSession answers when nobody can be asked whose draft it is: who
// began it logged in logs in again, a visitor's draft is out of reach.
func (p *Pages) withoutSession(r *web.Request) error {
	id, visitor, err := p.Applications.StartedBy(r.Context(), r.PathValue("draft"))
	if err != nil {
		return answerTo(err)
	}
	back := "/antrag/" + url.PathEscape(r.PathValue("draft"))
	if r.PathValue("step") == pageSend {
		back += "/" + pageCheck
	}
	switch {
	case !visitor && r.Method == http.MethodGet:
		return r.Redirect("/anmelden?weiter=" + url.QueryEscape(back))
	case !visitor && r.PathValue("step") != pageSend:
		return web.ErrExpired
	}
	return r.Render("apply/expired", web.View{Title: r.T("apply.expired.title"), Noindex: true, Status: http.StatusUnauthorized,
		Data: map[string]any{"Visitor": visitor, "Login": "/anmelden?weiter=" + url.QueryEscape(back), "Again": "/antrag/neu/" + url.PathEscape(id)}})
}

// answerTo turns the errors of applications into pages.
func answerTo(err error) error {
	switch {
	case errors.Is(err, antrag.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, antrag.ErrConflict):
		return web.ErrConflict
	}
	return err
}

// known collects what the login and the account know of the person.
func (p *Pages) known(v *visit) error {
	if !v.Session.LoggedIn() {
		return nil
	}
	v.means = map[string]string{}
	if p.Attributes != nil {
		attrs, err := p.Attributes(v.Request)
		if err != nil {
			return err
		}
		if who, ok := verified(v.Session.Level, attrs); ok {
			v.person = who
		}
		for _, a := range attrs {
			v.means[a.Name] = a.Source
			v.prefill = append(v.prefill, assistant.PrefillValue{Attr: a.Name, Value: a.Value, Level: a.Level, Source: assistant.BundID})
		}
	}
	if v.Session.Account == "" || p.Accounts == nil {
		return nil
	}
	acc, err := p.Accounts.Account(v.Context(), v.Session.Account)
	switch {
	case errors.Is(err, konto.ErrNotFound):
		return nil
	case err != nil:
		return err
	case acc.Mail != "":
		v.prefill = append(v.prefill, assistant.PrefillValue{Attr: "email", Value: acc.Mail, Source: assistant.Account})
	}
	return nil
}

// resume goes on where the person left off.
func (p *Pages) resume(v *visit) error {
	if step, open := v.def.FirstOpen(v.draft.Answers, v.today); open {
		return v.Redirect(v.path(step))
	}
	return v.Redirect(v.path(pageCheck))
}

// place names an area key; it has the form that definitions want.
func (p *Pages) place(ctx context.Context) assistant.PlaceName {
	return func(key string) (string, bool) {
		if p.PlaceName == nil {
			return "", false
		}
		return p.PlaceName(ctx, key)
	}
}

// area is the place that decides which office is responsible: the one that
// the form asks for, else the residence that was entered, else the one that
// was chosen in the portal.
func (p *Pages) area(ctx context.Context, def *assistant.Definition, a assistant.Answers, chosen string, today time.Time) string {
	if key := def.Place(a, today); key != "" {
		return key
	}
	if def.MassgeblicherOrt != assistant.Residence || p.Places == nil {
		return chosen
	}
	code, _ := a.Value("person.plz")
	if code.Kind != assistant.KindText || code.Text == "" {
		return chosen
	}
	found, err := p.Places(ctx, code.Text)
	if err != nil || len(found) == 0 {
		return chosen
	}
	if len(found) == 1 {
		return found[0].Key
	}
	town, _ := a.Value("person.ort")
	for _, f := range found {
		if name := antrag.Fold(town.Text); name != "" && strings.HasSuffix(antrag.Fold(f.Name), name) {
			return f.Key
		}
	}
	for _, f := range found {
		if f.Key == chosen {
			return chosen
		}
	}
	return found[0].Key
}
