package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/rbac"
)

// why says in words by which rights the person sees the case, or the piece of
// it: the role, and since when and why the unit has to do with it.
func (p *Pages) why(v *visit, f *file) []string {
	var out []string
	add := func(perm string, obj rbac.Object, unit func(id string) string) {
		for _, r := range v.may.policy.Explain(v.may.at, v.person(), perm, obj).Reasons {
			if s := p.roleText(v, r) + " " + unit(r.Unit); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	switch {
	case f.full:
		add(permRead, f.obj.all, func(id string) string { return p.unitText(v, f, id) })
	case f.envelope:
		add(permEnvelope, f.obj.all, func(id string) string { return p.unitText(v, f, id) })
	}
	if !f.full {
		for _, part := range f.own(v) {
			add(permRead, v.may.unit(part.Unit), func(string) string { return p.pieceText(v, part) })
		}
	}
	return out
}

// roleText names the role that grants, and for whom it is held.
func (p *Pages) roleText(v *visit, r rbac.Reason) string {
	src := v.may.policy.Source()
	name := r.Role
	if i := slices.IndexFunc(src.Roles, func(x rbac.Role) bool { return x.ID == r.Role }); i >= 0 {
		name = src.Roles[i].Name
	}
	if r.Substitution == "" {
		return v.T("desk.why.own", "role", name, "scope", p.UnitName(r.Scope))
	}
	i := slices.IndexFunc(src.Substitutions, func(x rbac.Substitution) bool { return x.ID == r.Substitution })
	if i < 0 || src.Substitutions[i].Until.IsZero() {
		return v.T("desk.why.substitution", "role", name, "scope", p.UnitName(r.Scope), "name", p.PersonName(r.For))
	}
	// The validity ends before this instant; people name the last day.
	last := src.Substitutions[i].Until.Add(-time.Second)
	return v.T("desk.why.substitution.until", "role", name, "scope", p.UnitName(r.Scope), "name", p.PersonName(r.For), "until", web.FormatDate(v.Lang, last))
}

// unitText says what a unit has to do with the whole case.
func (p *Pages) unitText(v *visit, f *file, id string) string {
	i := slices.IndexFunc(f.units, func(u antrag.Involvement) bool { return u.Unit == id })
	if i < 0 {
		return ""
	}
	u := f.units[i]
	since := web.FormatDate(v.Lang, u.StartedAt)
	if u.Kind == "lead" {
		return v.T("desk.why.lead", "unit", p.UnitName(id), "since", since)
	}
	for _, part := range f.parts {
		if part.Unit == id && !part.Limited() && part.Open(v.may.at) {
			return v.T("desk.why.involved", "unit", p.UnitName(id), "since", since, "name", p.PersonName(part.StartedBy), "reason", v.T("desk.involve.reason."+string(part.Reason))) +
				p.untilText(v, part)
		}
	}
	return v.T("desk.why.case", "unit", p.UnitName(id), "since", since)
}

// pieceText says which piece of the case a unit sees, and why.
func (p *Pages) pieceText(v *visit, part antrag.Participation) string {
	args := []any{"unit", p.UnitName(part.Unit), "since", web.FormatDate(v.Lang, part.StartedAt), "name", p.PersonName(part.StartedBy), "reason", v.T("desk.involve.reason." + string(part.Reason))}
	if part.Scope == antrag.ScopeQuestion {
		return v.T("desk.why.question", args...) + p.untilText(v, part)
	}
	var names []string
	for _, d := range part.Documents {
		names = append(names, d.Name)
	}
	return v.T("desk.why.documents", append(args, "files", strings.Join(names, ", "))...) + p.untilText(v, part)
}

func (p *Pages) untilText(v *visit, part antrag.Participation) string {
	if part.EndsAt.IsZero() {
		return ""
	}
	return " " + v.T("desk.why.until", "until", web.FormatDate(v.Lang, part.EndsAt))
}

// period is a time in which a unit led a case or took part in it.
type period struct {
	Unit, Part, By, Reason, Ending string
	Since, Until                   time.Time
}

// history tells which units had to do with the case, the earliest first.
func (p *Pages) history(v *visit, f *file) ([]period, error) {
	moves, err := p.Applications.Transfers(v.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	lead := period{Unit: p.UnitName(f.LeadUnit), Part: v.T("desk.unit.lead"), Since: f.ReceivedAt}
	if len(moves) > 0 {
		lead.Unit = p.UnitName(moves[0].From)
	}
	var out []period
	for _, m := range moves {
		lead.Until, lead.Ending = m.At, v.T("desk.transfer.ending")
		out = append(out, lead)
		lead = period{Unit: p.UnitName(m.To), Part: v.T("desk.unit.lead"), Since: m.At, By: p.PersonName(m.Person), Reason: v.T("desk.transfer.reason." + string(m.Reason))}
		if m.Note != "" {
			lead.Reason += ": " + m.Note
		}
	}
	out = append(out, lead)
	for _, part := range f.parts {
		n := period{Unit: p.UnitName(part.Unit), Part: v.T("desk.unit.involved") + ": " + v.T("desk.involve.scope."+string(part.Scope)), Since: part.StartedAt, Until: part.EndedAt,
			By: p.PersonName(part.StartedBy), Reason: v.T("desk.involve.reason." + string(part.Reason))}
		if part.Note != "" {
			n.Reason += ": " + part.Note
		}
		if part.Ending != "" {
			n.Ending = v.T("desk.involve.ending." + string(part.Ending))
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b period) int { return a.Since.Compare(b.Since) })
	return out, nil
}

// partText tells an entry of the log about involvements and hand-overs, whose
// detail is made of codes.
func (p *Pages) partText(v *visit, e antrag.LogEntry) string {
	code := strings.Fields(e.Detail)
	if len(code) != 3 {
		return e.Detail
	}
	switch e.Action {
	case "involved":
		return p.UnitName(code[0]) + " (" + v.T("desk.involve.scope."+code[1]) + "; " + v.T("desk.involve.reason."+code[2]) + ")"
	case "involvement-ended":
		return p.UnitName(code[0]) + " (" + v.T("desk.involve.scope."+code[1]) + "; " + v.T("desk.involve.ending."+code[2]) + ")"
	}
	return p.UnitName(code[0]) + " → " + p.UnitName(code[1]) + " (" + v.T("desk.transfer.reason."+code[2]) + ")"
}

// envelope is what those see besides reference, service and date who decide
// where a case belongs: the place, and how many documents of which kind there
// are. It names nobody: who may not read a case need not know whose it is.
func (p *Pages) envelope(v *visit, f *file) ([]pair, error) {
	var out []pair
	if p.PlaceName != nil && f.Area != "" {
		if name, ok := p.PlaceName(f.Area); ok {
			out = append(out, pair{v.T("desk.envelope.place"), name})
		}
	}
	files, err := p.Applications.Files(v.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, up := range files {
		count[fileKind(up.MediaType)]++
	}
	var kinds []string
	for _, kind := range []string{"pdf", "image", "other"} {
		if n := count[kind]; n > 0 {
			kinds = append(kinds, v.T("desk.envelope.kind."+kind)+": "+strconv.Itoa(n))
		}
	}
	if len(kinds) == 0 {
		kinds = []string{v.T("desk.documents.none")}
	}
	return append(out, pair{v.T("desk.documents"), strings.Join(kinds, ", ")}), nil
}

func fileKind(media string) string {
	switch {
	case media == "application/pdf":
		return "pdf"
	case strings.HasPrefix(media, "image/"):
		return "image"
	}
	return "other"
}
