package find

import (
	"crypto/rand"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// Bounds of a report, in characters.
const (
	maxReport = 4000
	maxPage   = 500
	maxMail   = 254
)

// Keys of small values in the session: the form that was sent last and what
// came of it, so that a second click makes no second report.
const (
	sentForm      = "barriere-formular"
	sentReference = "barriere-nummer"
)

// report is what somebody tells about a barrier.
type report struct{ Page, Body, Mail, Form string }

func (p *Pages) barrierForm(r *web.Request) error {
	page := r.URL.Query().Get("seite")
	if page == "" {
		page = p.cameFrom(r)
	}
	if utf8.RuneCountInString(page) > maxPage {
		page = ""
	}
	return p.showReport(r, report{Page: page, Form: rand.Text()}, nil)
}

// cameFrom is the page of this portal from which the visitor came.
func (p *Pages) cameFrom(r *web.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" || u.Host != r.Host || !utf8.ValidString(u.Path) || strings.ContainsRune(u.Path, 0) {
		return ""
	}
	return web.LocalPath(u.Path, "")
}

func (p *Pages) showReport(r *web.Request, v report, errs []web.FieldError) error {
	problems := map[string]string{}
	for _, e := range errs {
		problems[e.Field] = e.Text
	}
	title := r.T("find.barrier.title")
	return r.Render("find/barrier", web.View{Title: title, Crumbs: crumbs(r, title), Errors: errs,
		Data: map[string]any{"Report": v, "Problems": problems, "MaxReport": maxReport, "Intro": prose(r.T("find.barrier.text", p.facts(r)...))}})
}

func (p *Pages) barrierSend(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	v := report{Page: strings.TrimSpace(r.PostFormValue("seite")), Body: strings.TrimSpace(r.PostFormValue("text")),
		Mail: strings.TrimSpace(r.PostFormValue("mail")), Form: r.PostFormValue("formular")}
	if v.Form == "" || len(v.Form) > 64 {
		v.Form = rand.Text()
	}
	if errs := checkReport(r, v); len(errs) > 0 {
		return p.showReport(r, v, errs)
	}
	if r.Get(sentForm) == v.Form {
		return r.Redirect("/barriere-melden/gesendet")
	}
	if p.Feedback == nil {
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "unavailable"}
	}
	reference, err := p.Feedback(r.Context(), v.Page, v.Body, v.Mail)
	if err != nil {
		return err
	}
	r.Set(sentForm, v.Form)
	r.Set(sentReference, reference)
	return r.Redirect("/barriere-melden/gesendet")
}

func checkReport(r *web.Request, v report) []web.FieldError {
	var errs []web.FieldError
	bad := func(field, key string, pairs ...any) {
		errs = append(errs, web.FieldError{Field: field, Text: r.T(key, pairs...)})
	}
	if utf8.RuneCountInString(v.Page) > maxPage {
		bad("seite", "find.barrier.error.page", "n", maxPage)
	}
	switch n := utf8.RuneCountInString(v.Body); {
	case n == 0:
		bad("text", "find.barrier.error.empty")
	case n > maxReport:
		bad("text", "find.barrier.error.long", "n", maxReport)
	}
	if v.Mail != "" {
		a, err := mail.ParseAddress(v.Mail)
		if err != nil || a.Address != v.Mail || len(v.Mail) > maxMail || !strings.Contains(v.Mail, ".") {
			bad("mail", "find.barrier.error.mail")
		}
	}
	return errs
}

func (p *Pages) barrierSent(r *web.Request) error {
	reference := r.Get(sentReference)
	if reference == "" {
		return r.Redirect("/barriere-melden")
	}
	title := r.T("find.barrier.sent.title")
	return r.Render("find/barrier-sent", web.View{Title: title, Noindex: true, Crumbs: crumbs(r, title), Data: map[string]any{"Reference": reference}})
}
