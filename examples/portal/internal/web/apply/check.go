package apply

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/copy"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// inputDeclare and inputRevision belong to the form that sends.
const (
	inputDeclare  = "erklaerung"
	inputRevision = "stand"
)

// rowView is one answer on the page that shows all of them.
type rowView struct {
	Label, Value, Source string
	Empty, Locked        bool
	Files                []map[string]any
	Notes                []string
}

type sectionView struct {
	Title, Anchor, Change string
	List, ListAnchor      string // of the whole list, with its first entry
	Rows                  []rowView
}

// check shows everything that will be sent.
func (p *Pages) check(v *visit) error { return p.checkPage(v, nil) }

func (p *Pages) checkPage(v *visit, declare []web.FieldError) error {
	away, err := p.elsewhere(v)
	if err != nil {
		return err
	}
	if away {
		return v.Redirect(v.path(pageElsewhere))
	}
	missing := v.missing()
	errs := append(missing, declare...)
	office, err := p.office(v)
	if err != nil {
		return err
	}
	lang, fee := v.lang(), v.def.FeeFor(v.draft.Answers, v.today)
	level := 0
	if v.Session.LoggedIn() {
		level = v.Session.Level
	}
	back := v.path()
	if step, ok := v.def.Prev(v.draft.Answers, "", v.today); ok {
		back = v.path(step)
	}
	total := len(v.def.Tasks(v.draft.Answers, v.today)) + 1
	var points []string
	for _, t := range v.def.Declaration.Points {
		points = append(points, t.In(lang))
	}
	prepaid := p.Applications.Payable != nil && v.def.Prepaid(v.draft.Answers, v.today)
	d := map[string]any{
		"Prepaid": prepaid, "Unpayable": prepaid && !p.Applications.Payable(v.draft.Service, fee),
		"Form": v.def.Title.In(lang), "Sections": p.sections(v), "BackURL": back, "Step": total, "Total": total, "Office": office,
		"Points": points, "Privacy": v.def.Declaration.Privacy.In(lang), "Processing": v.def.Processing.In(lang),
		"Next": v.T("apply.next." + string(v.def.Outcome)), "Fee": fee, "FeeLines": feeLines(v), "HasFee": v.def.Fee != nil, "Action": v.path(pageSend),
		"Revision": v.draft.Rev, "Level": v.T("level." + web.LevelKey(v.def.Level)),
		"TooLow": level < v.def.Level, "Login": v.login(), "Declare": inputDeclare, "DeclareError": firstError(declare), "Now": v.Now(),
		"Expires": v.draft.ExpiresAt, "Visitor": v.Session.Account == "",
	}
	return v.Render("apply/check", web.View{Title: v.T("apply.check.title") + " – " + v.def.Title.In(lang), Noindex: true, Errors: errs, Data: d,
		Status: checkStatus(v, len(errs))})
}

// checkStatus is 200 for somebody who just looks at an unfinished draft.
func checkStatus(v *visit, errs int) int {
	if errs > 0 && v.Method == http.MethodPost {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

func firstError(errs []web.FieldError) string {
	if len(errs) == 0 {
		return ""
	}
	return errs[0].Text
}

// login is the way to a login that is good enough to send, and back.
func (v *visit) login() string {
	return "/anmelden?weiter=" + url.QueryEscape(v.path(pageCheck)) + "&stufe=" + strconv.Itoa(v.def.Level)
}

// missing is what is open or wrong, one line for each section, linked to it.
func (v *visit) missing() []web.FieldError {
	var out []web.FieldError
	seen, todo := map[string]bool{}, map[string]bool{}
	for _, s := range v.def.Tasks(v.draft.Answers, v.today) {
		if s.State == assistant.Todo { // nobody saw its questions yet: one line says that
			todo[s.Step.ID] = true
			out = append(out, web.FieldError{Field: anchor(s.Step.ID, ""), Text: v.T("apply.check.todo", "step", s.Step.Title.In(v.lang()))})
		}
	}
	for _, e := range v.def.Complete(v.draft.Answers, v.today) {
		if todo[e.Step] {
			continue
		}
		text := sentence(v.Request, v.def, e)
		if st := v.def.Step(e.Step); e.Item != "" && st != nil && st.Group != nil {
			_, at := v.draft.Answers.Item(st.Group.ID, e.Item)
			text = st.Group.ItemTitle.In(v.lang()) + " " + itoa(at+1) + ", " + text
		}
		if !seen[text] {
			seen[text] = true
			out = append(out, web.FieldError{Field: anchor(e.Step, e.Item), Text: text})
		}
	}
	return out
}

// anchor is the id of the link that leads to a section's questions.
func anchor(step, item string) string {
	if item == "" {
		return "aendern-" + step
	}
	return "aendern-" + step + "-" + item
}

func (p *Pages) sections(v *visit) []sectionView {
	var out []sectionView
	listed := map[string]bool{}
	for _, s := range v.def.Summary(v.draft.Answers, v.lang(), v.today, p.place(v.Context())) {
		sec := sectionView{Title: s.Title, Anchor: anchor(s.Step, s.Item), Change: v.path(s.Step, s.Item) + "?zurueck=" + pageCheck}
		if s.Item != "" && !listed[s.Step] {
			listed[s.Step] = true
			sec.ListAnchor = anchor(s.Step, "")
			sec.List = v.path(s.Step) + "?zurueck=" + pageCheck
		}
		for _, it := range s.Items {
			row := rowView{Label: it.Label, Value: it.Value, Empty: it.Empty, Locked: it.Locked, Notes: it.Notes, Source: copy.SourceText(v.T, it.Origin)}
			for _, f := range it.Files {
				row.Files = append(row.Files, map[string]any{"Name": f.Name, "URL": v.path(partFile, f.ID), "Meta": web.FormatSize(v.Lang, f.Size)})
			}
			sec.Rows = append(sec.Rows, row)
		}
		out = append(out, sec)
	}
	return out
}

type feeLine struct {
	Text  string
	Cents int64
}

// feeLines are the positions of a fee that has several.
func feeLines(v *visit) []feeLine {
	lines := v.def.FeeLines(v.draft.Answers, v.today)
	if len(lines) < 2 {
		return nil
	}
	out := make([]feeLine, 0, len(lines))
	for _, l := range lines {
		text := l.Text.In(v.lang())
		if l.Quantity > 1 {
			text = strconv.Itoa(l.Quantity) + " × " + text
		}
		out = append(out, feeLine{text, l.Sum()})
	}
	return out
}

// office is the public name of who is responsible, empty when unknown.
func (p *Pages) office(v *visit) (string, error) {
	if p.Unit == nil {
		return "", nil
	}
	u, err := p.Unit(v.Context(), v.draft.Service, p.area(v.Context(), v.def, v.draft.Answers, v.draft.Area, v.today))
	if errors.Is(err, antrag.ErrNoUnit) {
		return "", nil
	}
	return u.Name, err
}

// officeView is an office of the catalogue.
type officeView struct {
	Name, Body, URL, Phone, Mail string // Body is the administration it belongs to
}

// offices are those that the catalogue holds responsible.
func (p *Pages) offices(v *visit, service, area string) []officeView {
	id, err := xzufi.ParseID(service)
	if err != nil || p.Catalogue == nil {
		return nil
	}
	found, err := p.Catalogue.Responsible(v.Context(), id, area)
	if err != nil {
		return nil // the page says whom to ask instead
	}
	var out []officeView
	for _, o := range found.Offices {
		if o.Role == xzufi.RoleContact && len(out) > 0 {
			continue
		}
		view := officeView{Name: o.Office.Name.For(v.Lang), URL: "/einrichtung/" + url.PathEscape(o.Office.ID.Agency) + "/" + url.PathEscape(o.Office.ID.Value)}
		view.Body = p.body(v, o.Office)
		for _, c := range o.Office.Communications {
			switch {
			case c.Channel == xzufi.ChannelPhone && view.Phone == "":
				view.Phone = c.Value
			case c.Channel == xzufi.ChannelMail && view.Mail == "":
				view.Mail = c.Value
			}
		}
		out = append(out, view)
	}
	return out
}

// body is the name of the administration at the top of an office.
func (p *Pages) body(v *visit, o xzufi.Organisationseinheit) string {
	name := ""
	for range 5 { // offices stand in a tree of a few levels
		if o.Parent.IsZero() {
			break
		}
		up, err := p.Catalogue.Office(v.Context(), o.Parent)
		if err != nil {
			break
		}
		o, name = up, up.Name.For(v.Lang)
	}
	return name
}

// other says which office of another administration is responsible.
func (p *Pages) other(v *visit) error {
	away, err := p.elsewhere(v)
	if err != nil {
		return err
	}
	if !away {
		return v.Redirect(v.path())
	}
	area := p.area(v.Context(), v.def, v.draft.Answers, v.draft.Area, v.today)
	name, _ := p.place(v.Context())(area)
	d := map[string]any{"Form": v.def.Title.In(v.lang()), "Place": name, "Offices": p.offices(v, v.draft.Service, area), "Now": v.Now(),
		"Change": v.placeStep(), "Expires": v.draft.ExpiresAt}
	return v.Render("apply/elsewhere", web.View{Title: v.T("apply.elsewhere.title"), Noindex: true, Data: d})
}

// placeStep is the page that asks for the place that decides.
func (v *visit) placeStep() string {
	want := v.def.MassgeblicherOrt
	if want == assistant.Residence {
		want = "person.plz"
	}
	for _, s := range v.def.Tasks(v.draft.Answers, v.today) {
		if s.Step.Field(want) != nil {
			return v.path(s.Step.ID)
		}
	}
	return "/ort?weiter=" + url.QueryEscape(v.path())
}
