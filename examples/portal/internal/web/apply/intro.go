package apply

import (
	"context"
	"errors"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// doubleClick is the time in which a second start means the first one.
const doubleClick = 10 * time.Second

// service finds the service of the catalogue that is applied for. A form for
// one service belongs to that service, whatever a link says; a general form
// serves the one that the link names.
func (p *Pages) service(ctx context.Context, def *assistant.Definition, asked, area string) (xzufi.Leistung, bool) {
	if p.Catalogue == nil {
		return xzufi.Leistung{}, false
	}
	try := func(id xzufi.ID) (xzufi.Leistung, bool) {
		l, err := p.Catalogue.Service(ctx, id, area)
		if err != nil {
			return xzufi.Leistung{}, false
		}
		return l, true
	}
	named := func() (xzufi.Leistung, bool) {
		agency, value, ok := strings.Cut(asked, "/")
		if !ok || agency == "" || value == "" || len(asked) > 400 {
			return xzufi.Leistung{}, false
		}
		return try(xzufi.ID{Agency: agency, Value: value})
	}
	own := func() (xzufi.Leistung, bool) {
		if p.Service == nil {
			return xzufi.Leistung{}, false
		}
		id, ok := p.Service(def.ID)
		if !ok {
			return xzufi.Leistung{}, false
		}
		return try(id)
	}
	first, second := own, named
	if def.Service == "" {
		first, second = named, own
	}
	if l, ok := first(); ok {
		return l, true
	}
	return second()
}

// intro says what the form is about and what it takes, before anything is
// asked.
func (p *Pages) intro(r *web.Request) error {
	def, ok := p.Assistants.Latest(r.PathValue("assistant"))
	if !ok {
		return web.ErrNotFound
	}
	area, asked, lang := r.PlaceKey(), r.URL.Query().Get("dienst"), assistant.Lang(r.Lang)
	level := 0
	if r.Session.LoggedIn() {
		level = r.Session.Level
	}
	data := map[string]any{
		"Def": def, "Title": def.Title.In(lang), "Lead": def.Lead.In(lang), "Processing": def.Processing.In(lang),
		"Audience": r.T("apply.audience." + string(def.Audience)), "Ask": asked, "Place": area, "Start": level >= def.Level,
		"Level": r.T("level." + web.LevelKey(def.Level)), "LoggedIn": level > 0, "Have": r.T("level." + web.LevelKey(level)),
		"Visitor": level > 0 && r.Session.Account == "" || level == 0 && def.Level == 0,
		"Login":   "/anmelden?weiter=" + url.QueryEscape(r.SelfPath()) + "&stufe=" + strconv.Itoa(def.Level),
		"Fee":     feeText(r, def), "Unpayable": p.unpayable(def, asked),
	}
	title := def.Title.In(lang)
	if l, ok := p.service(r.Context(), def, asked, area); ok {
		data["Service"] = r.T("apply.intro.service")
		name := l.Title.Pick(r.Lang)
		data["ServiceTitle"], data["ServiceLang"] = name.Text, foreign(r.Lang, name.Lang)
		data["ServiceURL"] = "/dienstleistung/" + url.PathEscape(l.ID.Agency) + "/" + url.PathEscape(l.ID.Value)
		data["Documents"], data["DocumentsLang"] = documents(l, r.Lang)
		data["General"] = def.Service == ""
	}
	var topics []string
	for _, s := range def.Tasks(def.Start(), p.Applications.Today()) {
		topics = append(topics, s.Step.Title.In(lang))
	}
	data["Topics"] = topics
	drafts, err := p.begun(r, def)
	if err != nil {
		return err
	}
	data["Drafts"] = drafts
	return r.Render("apply/intro", web.View{Title: r.T("apply.intro.page", "title", title), Noindex: true, Data: data,
		Crumbs: []web.Crumb{{Label: r.T("apply.home"), URL: "/"}, {Label: title}}})
}

// foreign returns a lang attribute for a text that is not in the language of
// the page.
func foreign(page, text string) string {
	if text == "" || text == page || (page == web.Simple && text == web.German) {
		return ""
	}
	return text
}

// documents is what the catalogue says is needed for a service.
func documents(l xzufi.Leistung, lang string) (text template.HTML, code string) {
	for _, m := range l.Modules {
		if m.Code == xzufi.ModuleDocuments {
			t := m.Text.Pick(lang)
			if strings.TrimSpace(t.Text) != "" {
				return web.CleanHTML(t.Text), foreign(lang, t.Lang)
			}
		}
	}
	return "", ""
}

// unpayable reports whether the fee of a form is due before sending although
// nothing can be paid online: then the form is not offered.
func (p *Pages) unpayable(def *assistant.Definition, service string) bool {
	f := def.Fee
	return f != nil && f.Prepaid && p.Applications.Payable != nil && !p.Applications.Payable(service, f.Cents)
}

func feeText(r *web.Request, def *assistant.Definition) string {
	if def.Fee == nil || def.Fee.Cents == 0 {
		return r.T("apply.fee.none")
	}
	s := web.FormatMoney(r.Lang, def.Fee.Cents)
	if note := def.Fee.Note.In(assistant.Lang(r.Lang)); note != "" {
		s += ", " + note
	}
	return s
}

// begun is a draft that can be continued.
type begun struct {
	URL              string
	Changed, Expires time.Time
}

func (p *Pages) begun(r *web.Request, def *assistant.Definition) ([]begun, error) {
	if r.Session == nil {
		return nil, nil
	}
	drafts, err := p.Applications.Drafts(r.Context(), r.Session.Owner)
	if err != nil {
		return nil, err
	}
	var out []begun
	for _, d := range drafts {
		if d.Assistant == def.ID {
			out = append(out, begun{"/antrag/" + d.ID, d.UpdatedAt, d.ExpiresAt})
		}
	}
	return out, nil
}

// start makes a draft and goes to its first page.
func (p *Pages) start(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	def, ok := p.Assistants.Latest(r.PathValue("assistant"))
	if !ok {
		return web.ErrNotFound
	}
	asked, area := r.PostForm.Get("dienst"), r.PostForm.Get("ort")
	if area == "" || len(area) > 12 || strings.Trim(area, "0123456789") != "" {
		area = r.PlaceKey()
	}
	if def.Level > 0 && (!r.Session.LoggedIn() || r.Session.Level < def.Level) {
		back := "/antrag/neu/" + url.PathEscape(def.ID)
		if asked != "" {
			back += "?dienst=" + url.QueryEscape(asked)
		}
		return r.Redirect(back)
	}
	s := r.NeedSession()
	service := def.Service
	if l, ok := p.service(r.Context(), def, asked, area); ok {
		service = l.ID.String()
	}
	d, err := p.draft(r, s.Owner, def, service, area)
	if err != nil {
		return err
	}
	r.Change()
	step, _ := def.Next(d.Answers, "", p.Applications.Today())
	return r.Redirect("/antrag/" + d.ID + "/" + step)
}

func (p *Pages) draft(r *web.Request, owner string, def *assistant.Definition, service, area string) (antrag.Draft, error) {
	drafts, err := p.Applications.Drafts(r.Context(), owner)
	if err != nil {
		return antrag.Draft{}, err
	}
	for _, d := range drafts {
		if d.Assistant == def.ID && d.Service == service && d.Rev == 1 && r.Now().Sub(d.CreatedAt) < doubleClick {
			return d, nil
		}
	}
	return p.Applications.StartDraft(r.Context(), owner, def, service, area)
}

// elsewhere reports whether an office of another administration is
// responsible.
func (p *Pages) elsewhere(v *visit) (bool, error) {
	if p.Unit == nil {
		return false, nil
	}
	_, err := p.Unit(v.Context(), v.draft.Service, p.area(v.Context(), v.def, v.draft.Answers, v.draft.Area, v.today))
	if errors.Is(err, antrag.ErrNoUnit) {
		return true, nil
	}
	return false, err
}
