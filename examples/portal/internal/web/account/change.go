package account

import (
	"errors"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

func (p *Pages) withdrawPage(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	if a.Closed() {
		r.Flash("info", "account.case.closed")
		return r.Redirect("/antraege/" + a.ID)
	}
	return r.Render("account/zurueckziehen", web.View{Title: r.T("account.withdraw.title"), Noindex: true,
		Data: caseData{frame: p.frame(r, "applications"), Application: a, Title: p.title(r, a), URL: "/antraege/" + a.ID},
		Crumbs: crumbs(r, crumb(r, "account.applications.title", "/antraege"), web.Crumb{Label: a.Reference, URL: "/antraege/" + a.ID},
			crumb(r, "account.withdraw.title", ""))})
}

func (p *Pages) withdraw(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	a, done, err := p.own(r)
	if done {
		return err
	}
	_, err = p.Applications.Withdraw(r.Context(), a.Owner, a.ID)
	switch {
	case errors.Is(err, antrag.ErrClosed), errors.Is(err, postkorb.ErrClosed):
		r.Flash("info", "account.case.closed")
	case err != nil:
		return problem(err)
	default:
		r.Flash("success", "account.withdraw.done", "reference", a.Reference)
	}
	return r.Redirect("/antraege/" + a.ID)
}

// form is a form for a message with files.
type form struct {
	Key, Text            string
	TextError, FileError string
	Accept               string
	MaxFile              int64
	MaxText              int
}

func newForm() form {
	return form{Key: newKey(), Accept: accept(), MaxFile: maxFile, MaxText: maxText}
}

type supplementData struct {
	frame
	Application antrag.Application
	Title, URL  string
	Form        form
}

func (p *Pages) supplementPage(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	if a.Closed() {
		r.Flash("info", "account.case.closed")
		return r.Redirect("/antraege/" + a.ID)
	}
	return p.showSupplement(r, a, newForm(), nil)
}

func (p *Pages) showSupplement(r *web.Request, a antrag.Application, f form, errs []web.FieldError) error {
	d := supplementData{frame: p.frame(r, "applications"), Application: a, Title: p.title(r, a), URL: "/antraege/" + a.ID, Form: f}
	return r.Render("account/ergaenzen", web.View{Title: r.T("account.supplement.title"), Noindex: true, Data: d, Errors: errs,
		Crumbs: crumbs(r, crumb(r, "account.applications.title", "/antraege"), web.Crumb{Label: a.Reference, URL: d.URL}, crumb(r, "account.supplement.title", ""))})
}

func (p *Pages) supplement(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	in, err := p.readUpload(r, a.Owner, "dateien", maxFiles, func(v map[string]string) bool {
		return goodKey(v["schluessel"]) && textProblem(v["text"]) == "" && !a.Closed()
	})
	if err != nil {
		return err
	}
	f, errs, err := p.checkMessage(r, a.Owner, &in)
	if err != nil {
		return err
	}
	if len(errs) > 0 {
		return p.showSupplement(r, a, f, errs)
	}
	err = p.once(r, a, &in, func() (postkorb.Message, error) {
		return p.Applications.Supplement(r.Context(), a.Owner, a.ID, r.T("account.supplement.subject"), in.values["text"], in.values["schluessel"], in.files)
	})
	switch {
	case errors.Is(err, antrag.ErrClosed), errors.Is(err, postkorb.ErrClosed):
		r.Flash("info", "account.case.closed")
	case err != nil:
		return problem(err)
	default:
		r.Flash("success", "account.supplement.done")
	}
	return r.Redirect("/antraege/" + a.ID)
}

// checkMessage says what is wrong with a posted message; then nothing of its
// files is kept.
func (p *Pages) checkMessage(r *web.Request, owner string, in *posted) (form, []web.FieldError, error) {
	f := newForm()
	if key := in.values["schluessel"]; goodKey(key) {
		f.Key = key
	} else {
		if err := p.discard(r.Context(), owner, in.files); err != nil {
			return f, nil, err
		}
		return f, nil, web.ErrBadRequest
	}
	f.Text = cleanText(in.values["text"])
	var errs []web.FieldError
	if key := textProblem(in.values["text"]); key != "" && !in.tooLarge {
		f.TextError = r.T(key, "n", maxText)
		errs = append(errs, web.FieldError{Field: "text", Text: f.TextError})
	}
	if in.fileError != "" {
		f.FileError = r.T("account.error."+in.fileError, "n", maxFiles)
		errs = append(errs, web.FieldError{Field: "dateien", Text: f.FileError})
	}
	if len(errs) == 0 {
		return f, nil, nil
	}
	return f, errs, p.discard(r.Context(), owner, in.files)
}

// once sends a message unless one with the same key was sent; then the files
// that came with the repetition go away again.
func (p *Pages) once(r *web.Request, a antrag.Application, in *posted, send func() (postkorb.Message, error)) error {
	_, err := send()
	if errors.Is(err, antrag.ErrTwice) {
		return p.discard(r.Context(), a.Owner, in.files)
	}
	if err != nil {
		return errors.Join(err, p.discard(r.Context(), a.Owner, in.files))
	}
	return nil
}
