package desk

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
)

func (p *Pages) registerInvolve(c *web.Core) {
	c.Handle("GET /amt/beteiligungen", p.member(p.involvements))
	c.Handle("GET /amt/vorgang/{id}/beteiligen", p.working(permInvolve, p.involveForm))
	c.Handle("POST /amt/vorgang/{id}/beteiligen", p.working(permInvolve, p.involve))
	c.Handle("POST /amt/vorgang/{id}/beteiligung/{beteiligung}/beenden", p.inPart(p.endPart))
	c.Handle("POST /amt/vorgang/{id}/beteiligung/{beteiligung}/gelesen", p.inPart(p.seenPart))
	c.Handle("GET /amt/vorgang/{id}/beteiligung/{beteiligung}/antwort", p.inPart(p.replyForm))
	c.Handle("POST /amt/vorgang/{id}/beteiligung/{beteiligung}/antwort", p.inPart(p.reply))
	c.Handle("GET /amt/vorgang/{id}/abgeben", p.inCase(permTransfer, p.transferForm))
	c.Handle("POST /amt/vorgang/{id}/abgeben", p.member(p.transferAgain(p.transfer)))
}

// own are the pieces of the case that are shown to the person because a unit
// in which she reads cases was asked for them. They count while they run.
func (f *file) own(v *visit) []antrag.Participation {
	var out []antrag.Participation
	for _, part := range f.parts {
		if part.Limited() && part.Open(v.may.at) && v.may.in(part.Unit, permRead) {
			out = append(out, part)
		}
	}
	return out
}

// withFile opens the case of the address for one document: all of them are for
// those who read the case, single ones for a unit that was shown them.
func (p *Pages) withFile(h func(*visit, *file) error) web.Handler {
	return p.member(func(v *visit) error {
		f, err := p.open(v)
		if err != nil {
			return err
		}
		shown := func(part antrag.Participation) bool {
			return slices.ContainsFunc(part.Documents, func(d antrag.File) bool { return d.ID == v.PathValue("file") })
		}
		if !f.full && !slices.ContainsFunc(f.own(v), shown) {
			return f.refuse()
		}
		return known(h(v, f))
	})
}

// inPart opens an involvement of the case of the address. Those who lead the
// case see each, others only what was shown to them.
func (p *Pages) inPart(h func(*visit, *file, antrag.Participation) error) web.Handler {
	return p.member(func(v *visit) error {
		f, err := p.open(v)
		if err != nil {
			if p.answeredBefore(v) {
				v.Flash("success", "desk.reply.done")
				return v.Redirect("/amt/beteiligungen")
			}
			return err
		}
		i := slices.IndexFunc(f.parts, func(part antrag.Participation) bool { return part.ID == v.PathValue("beteiligung") })
		if i < 0 {
			return web.ErrNotFound
		}
		part := f.parts[i]
		if !f.full && !v.may.in(part.Unit, permRead) {
			return f.refuse()
		}
		return known(h(v, f, part))
	})
}

// answeredBefore reports whether a form with an answer came a second time: the
// first one ended the person's access.
func (p *Pages) answeredBefore(v *visit) bool {
	if v.Method != "POST" || !strings.HasSuffix(v.URL.Path, "/antwort") {
		return false
	}
	parts, err := p.Applications.Participations(v.Context(), v.PathValue("id"))
	return err == nil && slices.ContainsFunc(parts, func(part antrag.Participation) bool {
		return part.ID == v.PathValue("beteiligung") && part.Ending == antrag.EndedByAnswer && part.EndedBy == v.person()
	})
}

// units are the units that a case may be given or shown to, with their place
// in the administration. A unit where nobody could work with it is left out.
func (p *Pages) units(v *visit, f *file, permissions ...string) []option {
	var out []option
	for _, u := range v.may.policy.Source().Units {
		if u.ID == f.LeadUnit || !slices.ContainsFunc(permissions, func(perm string) bool {
			return len(v.may.policy.Who(v.may.at, perm, v.may.unit(u.ID))) > 0
		}) {
			continue
		}
		out = append(out, option{Value: u.ID, Label: p.pathName(v.may.policy, u.ID)})
	}
	return out
}

// pathName names a unit below the top of the administration.
func (p *Pages) pathName(policy *rbac.Policy, unit string) string {
	path := policy.Path(unit)
	var names []string
	for i, u := range path {
		if i > 0 || len(path) == 1 {
			names = append(names, p.UnitName(u.ID))
		}
	}
	return strings.Join(names, " › ")
}

func (p *Pages) involveForm(v *visit, f *file) error {
	if f.Closed() {
		return p.ended(v, f)
	}
	return p.showInvolve(v, f, nil, nil)
}

func (p *Pages) showInvolve(v *visit, f *file, po *posted, c *check) error {
	files, err := p.Applications.Files(v.Context(), f.ID)
	if err != nil {
		return err
	}
	return p.showForm(v, f, "involve", po, c, func(values url.Values, c *check) form {
		var scopes []option
		for _, s := range []antrag.Scope{antrag.ScopeQuestion, antrag.ScopeDocuments, antrag.ScopeWhole} {
			if s != antrag.ScopeDocuments || len(files) > 0 {
				scopes = append(scopes, option{Value: string(s), Label: v.T("desk.involve.scope." + string(s)), Hint: v.T("desk.involve.scope." + string(s) + ".hint")})
			}
		}
		fields := []map[string]any{choiceField(v, values, c, "select", "stelle", p.units(v, f, permRead)), choiceField(v, values, c, "radios", "umfang", scopes),
			areaField(v, values, c, "frage", false)}
		if len(files) > 0 {
			var documents []option
			for _, up := range files {
				documents = append(documents, option{Value: up.ID, Label: up.Name, Hint: web.FormatSize(v.Lang, up.Size), Checked: slices.Contains(values["dokumente"], up.ID)})
			}
			m := choiceField(v, values, c, "checkboxes", "dokumente", documents)
			m["Required"] = false
			fields = append(fields, m)
		}
		return form{Fields: append(fields, choiceField(v, values, c, "radios", "warum", involveReasons(v)), areaField(v, values, c, "erlaeuterung", false),
			dayField(v, values, c, "ende", false))}
	})
}

func involveReasons(v *visit) []option {
	var out []option
	for _, r := range antrag.InvolveReasons() {
		out = append(out, option{Value: string(r), Label: v.T("desk.involve.reason." + string(r))})
	}
	return out
}

func (p *Pages) involve(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	part := antrag.Participation{ID: po.id(v, f, "involve"), Unit: po.values.Get("stelle"), Scope: antrag.Scope(po.values.Get("umfang")),
		Reason: antrag.InvolveReason(po.values.Get("warum")), Note: po.text("erlaeuterung")}
	var documents []string
	switch part.Scope {
	case antrag.ScopeWhole:
	case antrag.ScopeQuestion:
		part.Question = po.text("frage")
		c.text("frage", part.Question, true, maxBody)
	case antrag.ScopeDocuments:
		if documents = po.values["dokumente"]; len(documents) == 0 {
			c.add("dokumente", "desk.error.required.dokumente")
		}
	default:
		c.add("umfang", "desk.error.choice")
	}
	if !slices.ContainsFunc(p.units(v, f, permRead), func(o option) bool { return o.Value == part.Unit }) {
		c.add("stelle", "desk.error.choice")
	}
	if !slices.Contains(antrag.InvolveReasons(), part.Reason) {
		c.add("warum", "desk.error.choice")
	}
	c.text("erlaeuterung", part.Note, part.Reason == antrag.InvolveOther, maxBody)
	part.EndsAt = c.day(p, po, "ende", false)
	if len(c.errs) > 0 {
		return p.showInvolve(v, f, &po, c)
	}
	_, err = p.Applications.Involve(v.Context(), p.actor(v), f.ID, po.version, part, documents)
	if c.part(err) {
		return p.showInvolve(v, f, &po, c)
	}
	return p.finish(v, f, po, err, "desk.involve.done", func(antrag.Application) (bool, error) {
		parts, err := p.Applications.Participations(v.Context(), f.ID)
		return slices.ContainsFunc(parts, func(x antrag.Participation) bool { return x.ID == part.ID }), err
	})
}

// part adds what the rules of involvements refuse and reports whether err was
// that.
func (c *check) part(err error) bool {
	var bad *antrag.InvolveError
	if !errors.As(err, &bad) {
		return false
	}
	switch bad.Field {
	case "exists":
		c.add("stelle", "desk.involve.exists")
	case "documents":
		c.add("dokumente", "desk.error.required.dokumente")
	case "unit":
		c.add("stelle", "desk.error.choice")
	default:
		return false
	}
	return true
}

// endPart ends an involvement by hand: those who lead the case end each, the
// involved unit its own.
func (p *Pages) endPart(v *visit, f *file, part antrag.Participation) error {
	if err := v.Form(); err != nil {
		return err
	}
	if !v.may.allowed(permInvolve, f.obj) && !v.may.in(part.Unit, permProcess) {
		return web.ErrForbidden
	}
	if part.EndedAt.IsZero() { // a second click finds it ended
		if err := p.Applications.EndInvolvement(v.Context(), p.actor(v), f.ID, part.ID); err != nil && !errors.Is(err, antrag.ErrConflict) {
			return err
		}
	}
	return p.leave(v, "desk.involve.ended")
}

// leave goes back to the case, or to the involvements when it is not the
// person's any more.
func (p *Pages) leave(v *visit, flash string) error {
	v.Flash("success", flash)
	if _, err := p.open(v); errors.Is(err, web.ErrNotFound) {
		return v.Redirect("/amt/beteiligungen")
	} else if err != nil {
		return err
	}
	return v.Redirect(casePath(v.PathValue("id")))
}

// seenPart takes the mark of a new answer away.
func (p *Pages) seenPart(v *visit, f *file, part antrag.Participation) error {
	if err := v.Form(); err != nil {
		return err
	}
	if !v.may.allowed(permInvolve, f.obj) {
		return f.refuse()
	}
	if err := p.Applications.SeenAnswer(v.Context(), f.ID, part.ID); err != nil {
		return err
	}
	v.Flash("success", "desk.involve.seen")
	return v.Redirect(casePath(f.ID))
}

// answerable says whether the person may answer the question now.
func answerable(v *visit, part antrag.Participation) bool {
	return part.Scope == antrag.ScopeQuestion && part.Open(v.may.at) && v.may.in(part.Unit, permRead) && v.may.in(part.Unit, permProcess)
}

func (p *Pages) replyForm(v *visit, f *file, part antrag.Participation) error {
	if !answerable(v, part) {
		return p.noReply(v, f, part)
	}
	return p.showReply(part)(v, f, nil, nil)
}

// noReply tells somebody who knows of the question why it takes no answer.
func (p *Pages) noReply(v *visit, f *file, part antrag.Participation) error {
	if part.Scope == antrag.ScopeQuestion && !part.Open(v.may.at) {
		return web.ErrConflict
	}
	if part.Scope != antrag.ScopeQuestion {
		return web.ErrNotFound
	}
	return web.ErrForbidden
}

func (p *Pages) showReply(part antrag.Participation) func(*visit, *file, *posted, *check) error {
	return func(v *visit, f *file, po *posted, c *check) error {
		return p.showForm(v, f, "reply", po, c, func(values url.Values, c *check) form {
			quote := &message{Subject: v.T("desk.field.frage"), Body: part.Question}
			return form{Multipart: true, Quote: quote, Fields: []map[string]any{areaField(v, values, c, "antwort", true), fileField(v, c)}}
		})
	}
}

func (p *Pages) reply(v *visit, f *file, part antrag.Participation) error {
	if !answerable(v, part) {
		return p.noReply(v, f, part)
	}
	c := &check{v: v}
	po, files, err := p.postedFile(v, c)
	if err != nil {
		return err
	}
	c.text("antwort", po.text("antwort"), true, maxBody)
	if len(c.errs) > 0 {
		return errors.Join(p.drop(v, files), p.showReply(part)(v, f, &po, c))
	}
	err = p.Applications.AnswerInvolvement(v.Context(), p.actor(v), f.ID, part.ID, po.text("antwort"), files)
	if err != nil {
		if dropErr := p.drop(v, files); dropErr != nil {
			return errors.Join(err, dropErr)
		}
		if errors.Is(err, antrag.ErrConflict) {
			return p.tooLate(v, f, po)
		}
		return err
	}
	return p.leave(v, "desk.reply.done")
}

// answered restricts a list to the cases with an answer that the lead did not
// take note of.
func (r rights) answered() antrag.Visible {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return r.visible(permRead)(q).Where("EXISTS (SELECT 1 FROM portal_involvements AS n WHERE n.application = a.id AND n.ending = ? AND n.seen_at IS NULL)", antrag.EndedByAnswer)
	}
}

// Where the involvements themselves stand: of the units that were asked, and
// of those that lead the case now.
var (
	asked = rbacsql.Columns{CaseID: "i.id", InsecureOneTenant: true, InsecureNoExclusions: true,
		InvolvementTable: "portal_involvements", InvolvementCase: "id", InvolvementUnit: "unit", InvolvementEnded: "ended_at"}
	asking = rbacsql.Columns{CaseID: "i.application", InsecureOneTenant: true, InsecureNoExclusions: true,
		InvolvementTable: "portal_applications", InvolvementCase: "id", InvolvementUnit: "lead_unit"}
)

type partRow struct {
	Case row
	Part participation
}

// involvements lists what the person's units were asked for, and what they
// asked others for.
func (p *Pages) involvements(v *visit) error {
	toUs, err := p.Applications.ListParticipations(v.Context(), anyOf(v.may.conditions(asked, permRead)))
	if err != nil {
		return err
	}
	fromUs, err := p.Applications.ListParticipations(v.Context(), func(q *bun.SelectQuery) *bun.SelectQuery {
		return anyOf(v.may.conditions(asking, permInvolve))(q).Where("(i.ended_at IS NULL OR (i.ending = ? AND i.seen_at IS NULL))", antrag.EndedByAnswer)
	})
	if err != nil {
		return err
	}
	d := struct{ ToUs, FromUs []partRow }{}
	if d.ToUs, err = p.partRows(v, toUs); err != nil {
		return err
	}
	if d.FromUs, err = p.partRows(v, fromUs); err != nil {
		return err
	}
	return v.Render("desk/involvements", web.View{Title: v.T("desk.involve.list.title"), Data: d, Noindex: true})
}

func (p *Pages) partRows(v *visit, list []antrag.Participation) ([]partRow, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(list))
	for _, part := range list {
		ids = append(ids, part.Application)
	}
	var apps []antrag.Application
	q := p.Applications.DB.Read.NewSelect().Model(&apps).ExcludeColumn("payload", "answers").Where("a.id IN (?)", bun.List(ids))
	if err := v.may.reachable()(q).Scan(v.Context()); err != nil {
		return nil, err
	}
	rows, err := p.rows(v, apps)
	if err != nil {
		return nil, err
	}
	var out []partRow
	for _, part := range list {
		i := slices.IndexFunc(apps, func(a antrag.Application) bool { return a.ID == part.Application })
		if i >= 0 {
			out = append(out, partRow{rows[i], p.partHead(v, part)})
		}
	}
	return out, nil
}

// participation is one involvement as a page shows it.
type participation struct {
	Unit, Scope, Reason, Note, By, EndedBy, Question, Answer string
	Since, Until, Ended                                      time.Time
	State                                                    badge
	Documents, AnswerFiles                                   []attachment
	AnswerURL, EndURL, SeenURL                               string
	Running, Overdue                                         bool
}

func (p *Pages) partHead(v *visit, part antrag.Participation) participation {
	out := participation{Unit: p.UnitName(part.Unit), Scope: v.T("desk.involve.scope." + string(part.Scope)), Reason: v.T("desk.involve.reason." + string(part.Reason)),
		By: p.PersonName(part.StartedBy) + ", " + p.UnitName(part.ByUnit), Since: part.StartedAt, Until: part.EndsAt, Ended: part.EndedAt, Running: part.EndedAt.IsZero()}
	switch {
	case part.News():
		out.State = badge{v.T("desk.involve.news"), "warning"}
	case out.Running:
		out.State = badge{v.T("desk.involve.running"), "info"}
	default:
		out.State = badge{v.T("desk.involve.ending." + string(part.Ending)), "neutral"}
	}
	if part.EndedBy != "" {
		out.EndedBy = p.PersonName(part.EndedBy)
	}
	return out
}

// participation shows an involvement with what belongs to it; the caller has
// decided that the person may see it.
func (p *Pages) participation(v *visit, f *file, part antrag.Participation) participation {
	out := p.partHead(v, part)
	out.Note, out.Question, out.Answer = part.Note, part.Question, part.Answer
	path := func(action string) string { return casePath(f.ID, "beteiligung", url.PathEscape(part.ID), action) }
	lead := v.may.allowed(permInvolve, f.obj)
	if answerable(v, part) {
		out.AnswerURL = path("antwort")
	}
	if out.Running && (lead || v.may.in(part.Unit, permRead) && v.may.in(part.Unit, permProcess)) {
		out.EndURL = path("beenden")
	}
	if lead && part.News() {
		out.SeenURL = path("gelesen")
	}
	show := func(files []antrag.File) (out []attachment) {
		for _, up := range files {
			out = append(out, attachment{Name: up.Name, URL: casePath(f.ID, "datei", up.ID), Meta: web.FormatSize(v.Lang, up.Size)})
		}
		return out
	}
	out.Documents, out.AnswerFiles = show(part.Documents), show(part.AnswerFiles)
	return out
}

// showPart shows the envelope and the pieces that a unit of the person was
// shown, and nothing else.
func (p *Pages) showPart(v *visit, f *file) error {
	d := struct {
		Head  head
		Parts []participation
		Why   []string
	}{Head: p.head(v, f, false), Why: p.why(v, f)}
	for _, part := range f.own(v) {
		view := p.participation(v, f, part)
		view.Note = "" // written for those who read the case
		d.Parts = append(d.Parts, view)
	}
	return v.Render("desk/involved", web.View{Title: v.T("desk.case.title", "reference", f.Reference), Data: d, Noindex: true,
		Crumbs: []web.Crumb{{Label: v.T("desk.nav.involve"), URL: "/amt/beteiligungen"}, {Label: f.Reference}}})
}
