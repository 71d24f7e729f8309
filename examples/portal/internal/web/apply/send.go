package apply

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// send hands the application in. A second click finds the draft sent and
// shows the same confirmation.
func (p *Pages) send(v *visit) error {
	if err := v.Form(); err != nil {
		return err
	}
	if !v.enough() {
		return p.stepUp(v)
	}
	if rev := v.PostForm.Get(inputRevision); rev != strconv.FormatInt(v.draft.Rev, 10) {
		// What was on the screen is not what would be sent.
		v.Flash("warning", "apply.check.changed")
		return v.Redirect(v.path(pageCheck))
	}
	if len(v.missing()) > 0 {
		return p.checkPage(v, nil)
	}
	if v.PostForm.Get(inputDeclare) != "yes" {
		return p.checkPage(v, []web.FieldError{{Field: inputDeclare, Text: v.T("apply.check.declare.error")}})
	}
	s := v.Session
	who := antrag.Applicant{Owner: s.Owner, Account: s.Account, Lang: v.Lang, Test: p.Test}
	if s.LoggedIn() {
		who.Level, who.Means, who.AuthnAt = s.Level, s.Means, s.AuthnAt
	}
	if s.Account != "" && p.Accounts != nil {
		acc, err := p.Accounts.Account(v.Context(), s.Account)
		if err != nil && !errors.Is(err, konto.ErrNotFound) {
			return err
		}
		who.Mail = acc.Mail
	}
	a, err := p.Applications.Submit(v.Context(), v.draft.ID, who)
	switch {
	case errors.Is(err, antrag.ErrLevel):
		return p.stepUp(v)
	case errors.Is(err, antrag.ErrNoUnit):
		return v.Redirect(v.path(pageElsewhere))
	case errors.Is(err, antrag.ErrNotPayable):
		return p.checkPage(v, nil)
	case errors.Is(err, antrag.ErrIncomplete), errors.Is(err, antrag.ErrConflict):
		v.Flash("warning", "apply.check.changed")
		return v.Redirect(v.path(pageCheck))
	case err != nil:
		return answerTo(err)
	case p.Applications.Prepaid(a):
		return v.Redirect(antrag.PayPath(a.ID))
	}
	return v.Redirect(v.path(pageSent))
}

// enough reports whether the login reaches the level of the service.
func (v *visit) enough() bool {
	return v.def.Level == 0 || (v.Session.LoggedIn() && v.Session.Level >= v.def.Level)
}

// stepUp says that a stronger login is needed; the draft stays.
func (p *Pages) stepUp(v *visit) error {
	level := 0
	if v.Session.LoggedIn() {
		level = v.Session.Level
	}
	d := map[string]any{"Form": v.def.Title.In(v.lang()), "Need": v.T("level." + web.LevelKey(v.def.Level)), "Have": v.T("level." + web.LevelKey(level)),
		"Login": v.login(), "BackURL": v.path(pageCheck), "Expires": v.draft.ExpiresAt, "Now": v.Now()}
	return v.Render("apply/stepup", web.View{Title: v.T("apply.stepup.title"), Noindex: true, Status: http.StatusForbidden, Data: d})
}

// sent is the confirmation. It can be opened again as long as the draft is
// kept.
func (p *Pages) sent(v *visit) error {
	a, err := p.Applications.OwnedBy(v.Context(), v.Session.Owner, v.draft.Application)
	if err != nil {
		return answerTo(err)
	}
	if p.Applications.Prepaid(a) {
		return v.Redirect(antrag.PayPath(a.ID)) // nothing was received yet
	}
	mail := ""
	if a.Account != "" && p.Accounts != nil {
		acc, err := p.Accounts.Account(v.Context(), a.Account)
		if err != nil && !errors.Is(err, konto.ErrNotFound) {
			return err
		}
		if acc.Notify {
			mail = acc.Mail
		}
	}
	office := ""
	if p.Unit != nil {
		if u, err := p.Unit(v.Context(), a.Service, a.Area); err == nil && u.ID == a.LeadUnit {
			office = u.Name
		}
	}
	if office == "" && p.Applications.UnitName != nil {
		office = p.Applications.UnitName(a.LeadUnit)
	}
	day := a.ReceivedAt.In(v.today.Location())
	d := map[string]any{
		"Form": v.def.Title.In(v.lang()), "Reference": a.Reference, "ReceivedAt": a.ReceivedAt, "Office": office, "ID": a.ID,
		"Offices": p.offices(v, a.Service, a.Area), "Processing": v.def.Processing.In(v.lang()), "Next": v.T("apply.next." + string(v.def.Outcome)),
		"Account": a.Account != "", "Mail": mail, "Fee": v.def.FeeFor(v.draft.Answers, day), "Now": v.Now(),
		"Prepaid": p.Applications.Payable != nil && v.def.Fee != nil && v.def.Fee.Prepaid,
		"Copy":    "/antraege/" + a.ID + "/kopie", "PDF": "/antraege/" + a.ID + "/kopie.pdf", "Case": "/antraege/" + a.ID,
	}
	return v.Render("apply/sent", web.View{Title: v.T("apply.sent.title"), Noindex: true, Data: d})
}
