package desk

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/rbac"
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
			needed(areaField(v, values, c, "frage", false))}
		if len(files) > 0 {
			var documents []option
			for _, up := range files {
				documents = append(documents, option{Value: up.ID, Label: up.Name, Hint: web.FormatSize(v.Lang, up.Size), Checked: slices.Contains(values["dokumente"], up.ID)})
			}
			m := choiceField(v, values, c, "checkboxes", "dokumente", documents)
			fields = append(fields, m)
		}
		return form{Fields: append(fields, choiceField(v, values, c, "radios", "warum", involveReasons(v)), areaField(v, values, c, "erlaeuterung", false),
			dayField(v, values, c, "ende", false))}
	})
}

// needed takes the word "optional" from a field that one of the choices above
// it needs; its hint says which.
func needed(field map[string]any) map[string]any {
	field["Required"] = true
	return field
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
		c.add("umfang", "desk.error.required.umfang")
	}
	if !slices.ContainsFunc(p.units(v, f, permRead), func(o option) bool { return o.Value == part.Unit }) {
		c.add("stelle", "desk.error.required.stelle")
	}
	if !slices.Contains(antrag.InvolveReasons(), part.Reason) {
		c.add("warum", "desk.error.required.warum")
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
		c.add("stelle", "desk.error.required.stelle")
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
