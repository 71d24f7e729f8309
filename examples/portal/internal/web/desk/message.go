package desk

import (
	"errors"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

// message is one contribution to the conversation as the staff sees it.
type message struct {
	ID, Kind, From, Subject, Body string
	When, Due                     time.Time
	Own                           bool // of the administration
	BackOffice                    bool // written in a back office
	Unread                        bool // of the citizen, not opened yet
	OpenURL                       string
	Read                          string // when the other side opened it, in words
	Files                         []attachment
	Slots                         []slotRow
}

type slotRow struct {
	Label, Reason string
	State         badge
	File          *attachment
	ReviewURL     string
}

// messages shows the conversation, oldest first, without the bare steps of
// the status, which the timeline has.
func (p *Pages) messages(v *visit, f *file) ([]message, error) {
	list, err := p.thread(v.Context(), f)
	if err != nil {
		return nil, err
	}
	var out []message
	for _, m := range list {
		if m.Kind == postkorb.KindStatus && m.Body == "" {
			continue
		}
		out = append(out, p.messageView(v, f, m))
	}
	return out, nil
}

func (p *Pages) messageView(v *visit, f *file, m postkorb.Message) message {
	out := message{ID: string(m.ID), Kind: v.T("desk.kind." + string(m.Kind)), From: m.From.Name, Subject: m.Subject, Body: m.Body, When: m.CreatedAt, Due: m.DueAt,
		Own: m.From.Kind != postkorb.PartyCitizen}
	if m.Kind == postkorb.KindStatus {
		out.Subject = v.T("desk.status." + string(m.Status))
	}
	out.BackOffice = antrag.FromBackOffice(m)
	if m.From.Person != "" {
		out.From += " (" + p.PersonName(m.From.Person) + ")"
	}
	if out.From == "" {
		out.From = v.T("desk.actor.citizen")
	}
	out.Read = readText(v, m)
	if m.Unread(postkorb.PartyUnit) {
		out.Unread, out.OpenURL = true, casePath(f.ID, "nachricht", string(m.ID))
	}
	byID := map[string]attachment{}
	for _, a := range m.Attachments {
		n := attachment{Name: a.Name, URL: casePath(f.ID, "datei", a.ID), Meta: web.FormatSize(v.Lang, a.Size)}
		byID[a.ID] = n
		if a.Slot == "" {
			out.Files = append(out.Files, n)
		}
	}
	may := v.may.allowed(permMessage, f.obj)
	kinds := map[postkorb.SlotState]string{postkorb.SlotOpen: "warning", postkorb.SlotReceived: "info", postkorb.SlotAccepted: "success", postkorb.SlotRejected: "danger"}
	for _, s := range m.Slots {
		r := slotRow{Label: s.Label, Reason: s.Reason, State: badge{v.T("desk.slot." + string(s.State)), kinds[s.State]}}
		if a, ok := byID[s.Attachment]; ok && s.State != postkorb.SlotOpen {
			r.File = &a
		}
		if may && s.State == postkorb.SlotReceived {
			r.ReviewURL = casePath(f.ID, "unterlage", string(m.ID), s.ID)
		}
		out.Slots = append(out.Slots, r)
	}
	return out
}

func readText(v *visit, m postkorb.Message) string {
	if m.From.Kind == postkorb.PartyCitizen {
		return ""
	}
	switch {
	case !m.ConfirmedAt.IsZero():
		return v.T("desk.read.confirmed", "time", web.FormatTime(v.Lang, m.ConfirmedAt))
	case !m.OpenedAt.IsZero():
		return v.T("desk.read.opened", "time", web.FormatTime(v.Lang, m.OpenedAt))
	}
	return v.T("desk.read.not")
}

// messageIn returns a message of the case, or postkorb.ErrNotFound.
func (p *Pages) messageIn(v *visit, f *file, id string) (postkorb.Message, error) {
	m, err := p.reader().Message(v.Context(), postkorb.MessageID(id))
	if err != nil {
		return postkorb.Message{}, err
	}
	if m.Thread != postkorb.ThreadID(f.Thread) {
		return postkorb.Message{}, postkorb.ErrNotFound
	}
	return m, nil
}

// message shows one message. For the citizen it counts as opened when
// somebody reads it who works on the case; an auditor leaves no such trace.
func (p *Pages) message(v *visit, f *file) error {
	m, err := p.messageIn(v, f, v.PathValue("nachricht"))
	if err != nil {
		return err
	}
	if m.Unread(postkorb.PartyUnit) && v.may.allowed(permProcess, f.obj) {
		// Somebody else who opens it at the same moment has done the same.
		if err := p.Applications.Inbox.MarkOpened(v.Context(), m.ID, p.party(v, f)); err != nil && !errors.Is(err, postkorb.ErrConflict) {
			return err
		}
	}
	view := p.messageView(v, f, m)
	title := view.Subject
	if title == "" {
		title = view.Kind
	}
	return v.Render("desk/message", web.View{Title: title, Noindex: true, Data: struct {
		Head    head
		Title   string
		Message message
	}{p.head(v, f, true), title, view},
		Crumbs: []web.Crumb{{Label: v.T("desk.nav.inbox"), URL: "/amt/eingang"}, {Label: f.Reference, URL: casePath(f.ID)}, {Label: title}}})
}
