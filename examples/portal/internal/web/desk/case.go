package desk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
)

func (p *Pages) registerCase(c *web.Core) {
	c.Handle("GET /amt/vorgang/{id}", p.member(p.show))
	c.Handle("GET /amt/vorgang/{id}/nachricht/{nachricht}", p.inCase(permRead, p.message))
	c.Handle("GET /amt/vorgang/{id}/datei/{file}", p.withFile(p.download))
	c.Handle("GET /amt/vorgang/{id}/kopie.pdf", p.inCase(permRead, p.copyPDF))
	c.Handle("GET /amt/vorgang/{id}/daten.json", p.inCase(permRead, p.payload))
}

// head is the top of every page of a case.
type head struct {
	ID, URL, Reference, Service, Unit, Handler string
	Status                                     badge
	Received, Due, ClosedAt                    time.Time
	Overdue, Test, Full                        bool
}

type pair struct{ Label, Value string }

type answer struct {
	Label, Value string
	Empty        bool
	Mark         badge // where the value comes from
	Files        []attachment
}

type section struct {
	Title string
	Items []answer
}

type attachment struct{ Name, URL, Meta, State string }

type order struct {
	Amount          int64
	State           badge
	CreatedAt, Paid time.Time
	Method, Ref     string
	Items           []orderItem
}

type orderItem struct {
	Text     string
	Quantity int
	Amount   int64
}

type event struct {
	When               time.Time
	Title, Text, State string
}

type noteRow struct {
	Author, Body string
	When         time.Time
}

// caseData is what the page of a case shows. With an envelope only, all but
// the head, the orders and the actions stay empty.
type caseData struct {
	Head        head
	Identity    []pair
	Sections    []section
	NoForm      bool // the version of the assistant is gone
	Documents   []attachment
	ShowOrders  bool
	Orders      []order
	Tries       []tryRow
	Unpaid      bool // nothing may be done before the fee is paid
	Deliveries  []delivery
	Messages    []message
	Log         []event
	Notes       []noteRow
	Reminders   []reminderRow
	Why         []string
	Envelope    []pair
	Parts       []participation
	History     []period
	Actions     []web.Link
	Take, Give  bool
	Version     int64
	Stand       int64
	Key         string
	DataURL     string
	CopyURL     string
	ShowContent bool
}

// show shows a case as far as the person may read it.
func (p *Pages) show(v *visit) error {
	f, err := p.open(v)
	if err != nil {
		return err
	}
	full := f.full
	if !full && len(f.own(v)) > 0 {
		return p.showPart(v, f)
	}
	d := caseData{Head: p.head(v, f, full), Version: f.Version, ShowContent: full, Actions: p.actions(v, f), Key: newKey()}
	if v.may.allowed(permPayment, f.obj) {
		if d.Orders, err = p.orders(v, f); err != nil {
			return err
		}
		if d.Tries, err = p.tries(v, f); err != nil {
			return err
		}
		d.ShowOrders = true
	}
	d.Why = p.why(v, f)
	if !full {
		if d.Envelope, err = p.envelope(v, f); err != nil {
			return err
		}
	}
	if full {
		if err := p.content(v, f, &d); err != nil {
			return err
		}
	}
	return v.Render("desk/case", web.View{Title: v.T("desk.case.title", "reference", f.Reference), Data: d, Noindex: true,
		Crumbs: []web.Crumb{{Label: v.T("desk.nav.inbox"), URL: "/amt/eingang"}, {Label: f.Reference}}})
}

func (p *Pages) head(v *visit, f *file, full bool) head {
	h := head{ID: f.ID, URL: casePath(f.ID), Reference: f.Reference, Service: f.Title, Received: f.ReceivedAt, Full: full}
	if !full {
		return h
	}
	h.Unit, h.Status, h.Due, h.ClosedAt, h.Test = p.UnitName(f.LeadUnit), statusBadge(v.Request, f.Status), f.DueAt, f.ClosedAt, f.Test
	h.Overdue = !f.Closed() && !f.DueAt.IsZero() && v.Now().After(f.DueAt)
	if f.Assignee != "" {
		h.Handler = p.PersonName(f.Assignee)
	}
	return h
}

// content fills what only those see who may read the case.
func (p *Pages) content(v *visit, f *file, d *caseData) error {
	ctx := v.Context()
	d.DataURL = casePath(f.ID, "daten.json")
	if p.CopyPDF != nil {
		d.CopyURL = casePath(f.ID, "kopie.pdf")
	}
	d.Identity = identity(v, f.Application)
	var err error
	if d.Sections, d.NoForm, err = p.sections(v, f); err != nil {
		return err
	}
	files, err := p.Applications.Files(ctx, f.ID)
	if err != nil {
		return err
	}
	for _, up := range files {
		d.Documents = append(d.Documents, attachment{Name: up.Name, URL: casePath(f.ID, "datei", up.ID), Meta: web.FormatSize(v.Lang, up.Size)})
	}
	if d.Deliveries, err = p.deliveries(v, f); err != nil {
		return err
	}
	if d.Messages, err = p.messages(v, f); err != nil {
		return err
	}
	log, err := p.Applications.Log(ctx, f.ID)
	if err != nil {
		return err
	}
	d.Log, d.Stand = p.events(v, log), lastEntry(log)
	notes, err := p.Applications.Notes(ctx, f.ID)
	if err != nil {
		return err
	}
	for _, n := range notes {
		d.Notes = append(d.Notes, noteRow{Author: p.PersonName(n.Person), Body: n.Body, When: n.CreatedAt})
	}
	list, err := p.Applications.Reminders(ctx, v.may.visible(permRead), "", f.ID)
	if err != nil {
		return err
	}
	if d.Reminders, err = p.reminderRows(v, list); err != nil {
		return err
	}
	for _, part := range f.parts {
		d.Parts = append(d.Parts, p.participation(v, f, part))
	}
	if d.History, err = p.history(v, f); err != nil {
		return err
	}
	d.Unpaid = p.Applications.Prepaid(f.Application)
	process := v.may.allowed(permProcess, f.obj) && !f.Closed() && !d.Unpaid
	d.Take = process && f.Assignee == ""
	d.Give = process && f.Assignee == v.person()
	return nil
}

func lastEntry(log []antrag.LogEntry) int64 {
	if len(log) == 0 {
		return 0
	}
	return log[len(log)-1].ID
}

// identity says how the applicant was identified.
func identity(v *visit, a antrag.Application) []pair {
	if a.Level == 0 {
		return []pair{{v.T("desk.identity.how"), v.T("desk.identity.none")}, {v.T("desk.identity.name"), a.Applicant}, {v.T("desk.identity.mail"), a.Mail}}
	}
	return []pair{
		{v.T("desk.identity.how"), v.T("desk.identity.bundid")},
		{v.T("desk.identity.level"), levelText(v, a.Level)},
		{v.T("desk.identity.means"), meansText(v, a.Means)},
		{v.T("desk.identity.at"), web.FormatTime(v.Lang, a.AuthnAt)},
		{v.T("desk.identity.name"), a.Applicant},
		{v.T("desk.identity.mail"), a.Mail},
	}
}

func levelText(v *visit, level int) string { return v.T("desk.level." + web.LevelKey(level)) }

func meansText(v *visit, means string) string {
	if key := "desk.means." + means; v.Core.Texts.Has(key) {
		return v.T(key)
	}
	return means
}

// sections shows the answers as the citizen saw them, each with its origin.
func (p *Pages) sections(v *visit, f *file) (out []section, gone bool, err error) {
	def, answers, err := p.Applications.AnswersOf(f.Application)
	if errors.Is(err, antrag.ErrNotFound) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	lang := assistant.German
	if v.Lang == web.English {
		lang = assistant.English
	}
	// The answers are judged on the day of receipt: a condition such as "under
	// 18" must not hide tomorrow what was asked yesterday.
	for _, s := range def.Summary(answers, lang, f.ReceivedAt.In(p.Applications.Today().Location()), p.PlaceName) {
		sec := section{Title: s.Title}
		for _, it := range s.Items {
			a := answer{Label: it.Label, Value: it.Value, Empty: it.Empty, Mark: provenance(v, it)}
			for _, up := range it.Files {
				a.Files = append(a.Files, attachment{Name: up.Name, URL: casePath(f.ID, "datei", up.ID), Meta: web.FormatSize(v.Lang, up.Size)})
			}
			sec.Items = append(sec.Items, a)
		}
		out = append(out, sec)
	}
	return out, false, nil
}

func provenance(v *visit, it assistant.SummaryItem) badge {
	if it.Empty {
		return badge{}
	}
	switch it.Origin.Source {
	case assistant.BundID:
		// Below substantial the person told the account so, and nobody checked it.
		if it.Origin.Level < 3 {
			return badge{v.T("desk.origin.bundid-low", "level", levelText(v, it.Origin.Level)), "neutral"}
		}
		return badge{v.T("desk.origin.bundid", "level", levelText(v, it.Origin.Level)), "success"}
	case assistant.Account:
		return badge{v.T("desk.origin.account"), "info"}
	case assistant.Changed:
		return badge{v.T("desk.origin.changed"), "warning"}
	case assistant.Looked:
		return badge{v.T("desk.origin.lookup"), "success"}
	}
	return badge{v.T("desk.origin.typed"), "neutral"}
}

func (p *Pages) orders(v *visit, f *file) ([]order, error) {
	list, err := p.Applications.OrdersOf(v.Context(), f.Application)
	if err != nil {
		return nil, err
	}
	kinds := map[payment.State]string{payment.StatePaid: "success", payment.StateOpen: "warning", payment.StateChecking: "info", payment.StateAborted: "warning", payment.StateFailed: "danger"}
	var out []order
	for _, o := range list {
		n := order{Amount: o.Total.Minor, CreatedAt: o.CreatedAt, Paid: o.PaidAt, Method: o.Method, Ref: o.Ref,
			State: badge{v.T("desk.payment." + string(o.State)), kinds[o.State]}}
		for _, it := range o.Items {
			n.Items = append(n.Items, orderItem{Text: it.Text, Quantity: it.Quantity, Amount: it.Amount.Minor})
		}
		out = append(out, n)
	}
	return out, nil
}

// events tells what happened, with the names of the staff.
func (p *Pages) events(v *visit, log []antrag.LogEntry) []event {
	out := make([]event, 0, len(log))
	for _, e := range log {
		title := e.Action
		if key := "desk.log." + e.Action; v.Core.Texts.Has(key) {
			title = v.T(key)
		}
		switch e.Action {
		case "status", "decided", "backoffice-status", "backoffice-decided":
			title += ": " + v.T("desk.status."+e.Detail)
		case "assigned":
			if e.Detail == "" {
				title = v.T("desk.log.returned")
			} else {
				title += ": " + p.PersonName(e.Detail)
			}
		case "received":
			title += ": " + p.UnitName(e.Detail)
		case "reminder":
			title += ": " + dayText(v.Lang, e.Detail)
		case "involved", "involvement-ended", "transferred":
			title += ": " + p.partText(v, e)
		}
		who := v.T("desk.actor." + e.ActorKind)
		if strings.HasPrefix(e.Action, "backoffice-") {
			who = v.T("desk.actor.backoffice")
		}
		if e.ActorKind == "staff" && e.Actor != "" {
			who = p.PersonName(e.Actor)
		}
		out = append(out, event{When: e.At, Title: title, Text: who, State: "done"})
	}
	return out
}

// party is the unit that answers, with the person who acts for it.
func (p *Pages) party(v *visit, f *file) postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyUnit, ID: f.LeadUnit, Person: v.person(), Name: p.UnitName(f.LeadUnit)}
}

// reader is the inbox on the handle that only reads, so that pages do not wait
// for those who write.
func (p *Pages) reader() *postkorb.Inbox {
	return p.Applications.Inbox.With(postkorbsql.New(p.Applications.DB.Read))
}

func (p *Pages) thread(ctx context.Context, f *file) ([]postkorb.Message, error) {
	return p.reader().Messages(ctx, postkorb.ThreadID(f.Thread))
}
