package desk

import (
	"net/url"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/rbac/rbacsql"
)

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
