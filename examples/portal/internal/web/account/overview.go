package account

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/postkorb"
)

// line is one application in a list.
type line struct {
	URL, Title, Reference, Office, Status string
	Received, Updated                     time.Time
	Action                                string // what the citizen has to do, empty: nothing
	Closed                                bool
	PayURL                                string // where an open fee is paid
}

// needsAction reports whether a case waits for the citizen.
func needsAction(a antrag.Application) bool {
	return !a.Closed() && (a.Status == postkorb.StatusQuestion || a.Status == postkorb.StatusPaymentOpen)
}

// title is the name of the service in the language of the page.
func (p *Pages) title(r *web.Request, a antrag.Application) string {
	if def, ok := p.Applications.Definition(a.Assistant, a.AssistantVersion); ok {
		return def.Title.In(assistant.Lang(r.Lang))
	}
	return a.Title
}

func (p *Pages) lines(r *web.Request) ([]line, error) {
	var apps []antrag.Application
	for _, key := range []string{owner(r), login.Before(r)} {
		if key == "" {
			continue
		}
		more, err := p.Applications.ListOwned(r.Context(), key)
		if err != nil {
			return nil, err
		}
		apps = append(apps, more...)
	}
	out := make([]line, 0, len(apps))
	for _, a := range apps {
		l := line{URL: "/antraege/" + a.ID, Title: p.title(r, a), Reference: a.Reference, Office: p.Applications.UnitName(a.LeadUnit),
			Status: string(a.Status), Received: a.ReceivedAt, Updated: a.UpdatedAt, Closed: a.Closed()}
		if needsAction(a) {
			l.Action = r.T("account.action." + string(a.Status))
		}
		if l.Action != "" && p.Applications.Prepaid(a) {
			l.PayURL = antrag.PayPath(a.ID)
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b line) int {
		if (a.Action != "") != (b.Action != "") {
			if a.Action != "" {
				return -1
			}
			return 1
		}
		return b.Received.Compare(a.Received)
	})
	return out, nil
}

type overviewData struct {
	frame
	Name, Level, Means string
	LoggedIn           bool
	MayHaveAccount     bool
	Applications       []line
	Open               int
	Drafts             []draftLine
	DraftCount, Unread int
	Mail               string
	Notify             bool
}

func (p *Pages) overview(r *web.Request) error {
	if done, err := login.Require(r); done {
		return err
	}
	s := r.Session
	d := overviewData{frame: p.frame(r, "overview"), Name: s.Name, Level: r.T("level." + web.LevelKey(s.Level)),
		Means: means(r, s.Means), LoggedIn: true, MayHaveAccount: login.MayHaveAccount(r)}
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if !l.Closed {
			d.Open++
		}
	}
	d.Applications = lines[:min(len(lines), 4)]
	drafts, err := p.draftLines(r)
	if err != nil {
		return err
	}
	d.DraftCount = len(drafts)
	d.Drafts = drafts[:min(len(drafts), 3)]
	if s.Account != "" {
		a, done, err := p.holder(r)
		if done {
			return err
		}
		d.Mail, d.Notify = a.Mail, a.Notify
		if d.Unread, err = p.Reader.Unread(r.Context(), s.Account); err != nil {
			return err
		}
	}
	return r.Render("account/konto", web.View{Title: r.T("account.overview.title"), Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.overview.title", ""))})
}

// means names how somebody logged in; what the provider invents later is
// shown as it came.
func means(r *web.Request, m string) string {
	if r.Core.Texts.Has("means." + m) {
		return r.T("means." + m)
	}
	return m
}

type listData struct {
	frame
	LoggedIn bool
	Open     []line
	Closed   []line
}

func (p *Pages) list(r *web.Request) error {
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	if len(lines) == 0 { // a visitor who has just sent something may see that
		if done, err := login.Require(r); done {
			return err
		}
	}
	d := listData{frame: p.frame(r, "applications"), LoggedIn: r.Session.LoggedIn()}
	for _, l := range lines {
		if l.Closed {
			d.Closed = append(d.Closed, l)
		} else {
			d.Open = append(d.Open, l)
		}
	}
	return r.Render("account/antraege", web.View{Title: r.T("account.applications.title"), Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.applications.title", ""))})
}

// draftLine is one draft in a list.
type draftLine struct {
	ID, URL, Title     string
	Saved, Expires     time.Time
	DeleteURL, Heading string
}

func (p *Pages) draftTitle(r *web.Request, d antrag.Draft) string {
	if def, ok := p.Applications.Definition(d.Assistant, d.Version); ok {
		return def.Title.In(assistant.Lang(r.Lang))
	}
	return d.Assistant
}

func (p *Pages) draftLines(r *web.Request) ([]draftLine, error) {
	key := owner(r)
	if key == "" {
		return nil, nil
	}
	drafts, err := p.Applications.Drafts(r.Context(), key)
	if err != nil {
		return nil, err
	}
	out := make([]draftLine, 0, len(drafts))
	for _, d := range drafts {
		out = append(out, draftLine{ID: d.ID, URL: "/antrag/" + d.ID, Title: p.draftTitle(r, d), Saved: d.UpdatedAt, Expires: d.ExpiresAt,
			DeleteURL: "/entwuerfe/" + d.ID + "/loeschen"})
	}
	return out, nil
}

func (p *Pages) drafts(r *web.Request) error {
	lines, err := p.draftLines(r)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		if done, err := login.Require(r); done {
			return err
		}
	}
	d := struct {
		frame
		LoggedIn bool
		Drafts   []draftLine
	}{p.frame(r, "drafts"), r.Session.LoggedIn(), lines}
	return r.Render("account/entwuerfe", web.View{Title: r.T("account.drafts.title"), Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.drafts.title", ""))})
}

// ownDraft returns a draft of the visitor that was not sent.
func (p *Pages) ownDraft(r *web.Request) (antrag.Draft, bool, error) {
	if key := owner(r); key != "" {
		d, err := p.Applications.Draft(r.Context(), key, r.PathValue("id"))
		switch {
		case err == nil && d.Application == "":
			return d, false, nil
		case err == nil:
			return d, true, web.ErrNotFound
		case !errors.Is(err, antrag.ErrNotFound):
			return d, true, err
		}
	}
	if done, err := login.Require(r); done {
		return antrag.Draft{}, true, err
	}
	return antrag.Draft{}, true, web.ErrNotFound
}

func (p *Pages) deleteDraftPage(r *web.Request) error {
	dr, done, err := p.ownDraft(r)
	if done {
		return err
	}
	return r.Render("account/entwurf-loeschen", web.View{Title: r.T("account.draft.delete.title"), Noindex: true,
		Data:   draftLine{ID: dr.ID, Title: p.draftTitle(r, dr), Saved: dr.UpdatedAt, Expires: dr.ExpiresAt},
		Crumbs: crumbs(r, crumb(r, "account.drafts.title", "/entwuerfe"), crumb(r, "account.draft.delete.title", ""))})
}

func (p *Pages) deleteDraft(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	dr, done, err := p.ownDraft(r)
	if done {
		return err
	}
	if err := p.Applications.DeleteDraft(r.Context(), owner(r), dr.ID); err != nil && !errors.Is(err, antrag.ErrNotFound) {
		return err
	}
	r.Flash("success", "account.draft.deleted", "title", p.draftTitle(r, dr))
	return r.Redirect("/entwuerfe")
}

// limitText cuts nothing: it reports whether a text fits, counted as people
// count.
func limitText(s string, n int) bool { return len([]rune(strings.ReplaceAll(s, "\r\n", "\n"))) <= n }
