package account

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

type threadLine struct {
	URL, Subject, Reference, Office, Status string
	Updated                                 time.Time
	Unread                                  int
	Closed                                  bool
}

type inboxData struct {
	frame
	Archive         bool
	Folders         []tab
	Threads         []threadLine
	FirstURL, After string
}

func (p *Pages) inbox(r *web.Request) error {
	if r.Session.LoggedIn() && r.Session.Account == "" {
		return r.Render("account/postkorb-gast", web.View{Title: r.T("account.inbox.title"), Noindex: true, Data: p.frame(r, "inbox"),
			Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.inbox.title", ""))})
	}
	a, done, err := p.holder(r)
	if done {
		return err
	}
	archived := r.URL.Query().Get("ordner") == "archiv"
	after := r.URL.Query().Get("nach")
	threads, next, err := p.Reader.Threads(r.Context(), postkorb.ThreadQuery{Owner: a.ID, Archived: &archived, After: postkorb.Cursor(after)})
	var invalid *postkorb.InvalidError
	if errors.As(err, &invalid) {
		return web.ErrBadRequest
	}
	if err != nil {
		return err
	}
	base := "/postkorb"
	if archived {
		base = "/postkorb?ordner=archiv"
	}
	d := inboxData{frame: p.frame(r, "inbox"), Archive: archived, Folders: []tab{
		{Label: r.T("account.inbox.folder"), URL: "/postkorb", Current: !archived},
		{Label: r.T("account.inbox.archive"), URL: "/postkorb?ordner=archiv", Current: archived},
	}}
	for _, t := range threads {
		d.Threads = append(d.Threads, threadLine{URL: "/postkorb/" + string(t.ID), Subject: t.Subject, Reference: t.Reference, Office: p.Applications.UnitName(t.Unit),
			Status: string(shown(t.Status)), Updated: t.UpdatedAt, Unread: t.UnreadCitizen, Closed: t.Closed})
	}
	if after != "" {
		d.FirstURL = base
	}
	if next != "" {
		q := url.Values{"nach": {string(next)}}
		if archived {
			q.Set("ordner", "archiv")
		}
		d.After = "/postkorb?" + q.Encode()
	}
	return r.Render("account/postkorb", web.View{Title: r.T("account.inbox.title"), Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.inbox.title", ""))})
}

// slotView is one line of a document request.
type slotView struct {
	ID, FieldID, Label, State, Reason string
	File                              document
	URL                               string // where a document is sent to, empty: none is taken
	Error                             string
}

// messageView is one message for the page.
type messageView struct {
	ID, From, Subject, Body string
	When, Due               time.Time
	Overdue                 bool
	Own, Unread             bool
	Status                  string // of a message that only tells the status
	Attachments             []document
	Slots                   []slotView
	Answerable              bool
	Answered                bool
}

type threadData struct {
	frame
	Thread          postkorb.Thread
	Title           string
	Office, CaseURL string
	Status          string
	Archived        bool
	Messages        []messageView
	Closed          bool
	Questions       []choice // open questions, the latest first
	Question        string   // the one that the form answers
	Form            form
	URL             string
}

// ownThread returns a thread of the account with its case; the case is zero
// for a thread about something else.
func (p *Pages) ownThread(r *web.Request) (t postkorb.Thread, a antrag.Application, k konto.Account, done bool, err error) {
	if k, done, err = p.holder(r); done {
		return t, a, k, true, err
	}
	t, err = p.Reader.Thread(r.Context(), postkorb.ThreadID(r.PathValue("thread")))
	if err == nil && t.Owner != k.ID {
		err = postkorb.ErrNotFound
	}
	if err != nil {
		return t, a, k, true, problem(err)
	}
	a, err = p.Applications.OwnedThread(r.Context(), k.ID, string(t.ID))
	if errors.Is(err, antrag.ErrNotFound) {
		return t, antrag.Application{}, k, false, nil
	}
	return t, a, k, err != nil, err
}

func (p *Pages) thread(r *web.Request) error {
	t, a, _, done, err := p.ownThread(r)
	if done {
		return err
	}
	ms, err := p.Reader.Messages(r.Context(), t.ID)
	if err != nil {
		return err
	}
	if r.Method == "GET" {
		var unread []postkorb.MessageID
		for _, m := range ms {
			if m.Unread(postkorb.PartyCitizen) {
				unread = append(unread, m.ID)
			}
		}
		if err := p.Applications.Opened(r.Context(), p.citizen(r), unread); err != nil {
			return problem(err)
		}
	}
	return p.showThread(r, t, a, ms, newForm(), "", nil, nil)
}

// citizen is the person of the session as a party of a conversation.
func (p *Pages) citizen(r *web.Request) postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyCitizen, ID: r.Session.Account, Name: r.Session.Name}
}

func (p *Pages) showThread(r *web.Request, t postkorb.Thread, a antrag.Application, ms []postkorb.Message, f form, question string, slotErrors map[string]string, errs []web.FieldError) error {
	d := threadData{frame: p.frame(r, "inbox"), Thread: t, Office: p.Applications.UnitName(t.Unit), Status: string(shown(t.Status)),
		Archived: t.Archived(p.citizen(r)), Closed: t.Closed || (a.ID != "" && a.Closed()), Form: f, URL: "/postkorb/" + string(t.ID)}
	if a.ID != "" {
		d.CaseURL = "/antraege/" + a.ID
	}
	answered := map[postkorb.MessageID]bool{}
	for _, m := range ms {
		if m.Kind == postkorb.KindAnswer {
			answered[m.InReplyTo] = true
		}
	}
	for _, m := range ms {
		v := p.messageView(r, a, m, slotErrors, d.Closed)
		v.Answered = answered[m.ID]
		v.Answerable = !d.Closed && a.ID != "" && m.From.Kind != postkorb.PartyCitizen && (m.Kind == postkorb.KindQuestion || m.Kind == postkorb.KindDocumentRequest)
		if v.Answerable {
			d.Questions = append(d.Questions, choice{Value: string(m.ID), Label: r.T("account.reply.to", "subject", v.Subject, "date", web.FormatDate(r.Lang, m.CreatedAt))})
			if m.Kind == postkorb.KindQuestion && !v.Answered || d.Question == "" {
				d.Question = string(m.ID)
			}
		}
		d.Messages = append(d.Messages, v)
	}
	slices.Reverse(d.Questions)
	if question != "" {
		d.Question = question
	}
	d.Title = t.Subject
	if a.ID != "" {
		d.Title = p.title(r, a)
	}
	return r.Render("account/nachricht", web.View{Title: r.T("account.inbox.title") + ": " + d.Title + ", " + t.Reference, Noindex: true, Data: d, Errors: errs,
		Crumbs: crumbs(r, crumb(r, "account.inbox.title", "/postkorb"), web.Crumb{Label: d.Title})})
}

func (p *Pages) messageView(r *web.Request, a antrag.Application, m postkorb.Message, slotErrors map[string]string, closed bool) messageView {
	v := messageView{ID: "nachricht-" + string(m.ID), From: m.From.Name, Subject: m.Subject, Body: m.Body, When: m.CreatedAt, Due: m.DueAt,
		Overdue: !m.DueAt.IsZero() && m.DueAt.Before(r.Now()), Own: m.From.Kind == postkorb.PartyCitizen, Unread: m.Unread(postkorb.PartyCitizen)}
	if v.Own {
		v.From = r.T("account.message.you")
	} else if v.From == "" {
		v.From = r.Core.Town
	}
	if m.Kind == postkorb.KindStatus {
		v.Status = string(shown(m.Status))
	} else if v.Subject == "" {
		v.Subject = r.T("account.kind." + string(m.Kind))
	}
	for _, at := range m.Attachments {
		if at.Slot == "" {
			v.Attachments = append(v.Attachments, attached(r, a, at))
		}
	}
	for _, s := range m.Slots {
		sv := slotView{ID: s.ID, FieldID: "datei-" + s.ID, Label: s.Label, State: slotState(s.State), Reason: s.Reason, Error: slotErrors[s.ID]}
		if !closed && a.ID != "" && s.State != postkorb.SlotAccepted {
			sv.URL = "/postkorb/" + string(m.Thread) + "/nachweis/" + string(m.ID) + "/" + url.PathEscape(s.ID)
		}
		for _, at := range m.Attachments {
			if at.ID == s.Attachment {
				sv.File = attached(r, a, at)
			}
		}
		v.Slots = append(v.Slots, sv)
	}
	return v
}

func attached(r *web.Request, a antrag.Application, at postkorb.Attachment) document {
	d := document{Name: at.Name, Meta: web.FormatSize(r.Lang, at.Size)}
	if a.ID != "" {
		d.URL = fileURL(a, at.ID)
	}
	return d
}

// slotState is the code of the badge of a requested document.
func slotState(s postkorb.SlotState) string {
	switch s {
	case postkorb.SlotReceived:
		return "file.scanning" // somebody looks at it
	case postkorb.SlotAccepted:
		return "file.accepted"
	case postkorb.SlotRejected:
		return "file.rejected"
	}
	return "file.missing"
}

func (p *Pages) archive(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	t, _, _, done, err := p.ownThread(r)
	if done {
		return err
	}
	away := r.PostFormValue("aktion") != "zurueckholen"
	if err := p.Inbox.Archive(r.Context(), t.ID, p.citizen(r), away); err != nil {
		return problem(err)
	}
	if away {
		r.Flash("success", "account.archive.done")
		return r.Redirect("/postkorb")
	}
	r.Flash("success", "account.archive.back")
	return r.Redirect("/postkorb/" + string(t.ID))
}
