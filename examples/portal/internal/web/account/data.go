package account

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/postkorb"
)

type fact struct{ Label, Value, Source, Level, At string }

type choice struct {
	Value, Label, Hint string
	Checked            bool
}

type dataPage struct {
	frame
	Facts       []fact
	Mailbox     bool
	ConsentAt   time.Time
	ConsentText string
	Login       time.Time
	Mail        string
	MailError   string
	Notify      bool
	Lang        string
	Langs       []choice
}

func (p *Pages) data(r *web.Request) error {
	a, done, err := p.holder(r)
	if done {
		return err
	}
	return p.showData(r, a, dataPage{Mail: a.Mail, Notify: a.Notify, Lang: a.Lang}, nil)
}

func (p *Pages) showData(r *web.Request, a konto.Account, d dataPage, errs []web.FieldError) error {
	d.frame = p.frame(r, "data")
	for _, at := range a.Attributes {
		f := fact{Label: login.AttributeName(r, at.Name), Value: login.AttributeValue(r, at), Source: means(r, at.Source), At: web.FormatDate(r.Lang, at.At)}
		f.Level = r.T("account.level." + web.LevelKey(at.Level))
		d.Facts = append(d.Facts, f)
	}
	d.Mailbox, d.ConsentAt, d.ConsentText, d.Login = a.Mailbox != "", a.ConsentAt, a.ConsentText, a.LoginAt
	for _, l := range []string{web.German, web.English, web.Simple} {
		d.Langs = append(d.Langs, choice{Value: l, Label: r.Core.Texts.Get(l, "lang.name")})
	}
	return r.Render("account/daten", web.View{Title: r.T("account.data.title"), Noindex: true, Data: d, Errors: errs,
		Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.data.title", ""))})
}

func (p *Pages) setContact(r *web.Request) error {
	a, done, err := p.holder(r)
	if done {
		return err
	}
	if err := r.Form(); err != nil {
		return err
	}
	d := dataPage{Mail: strings.TrimSpace(r.PostFormValue("email")), Notify: r.PostFormValue("benachrichtigung") == "yes", Lang: r.PostFormValue("sprache")}
	if d.Lang != web.German && d.Lang != web.English && d.Lang != web.Simple {
		d.Lang = a.Lang
	}
	switch {
	case d.Mail != "" && !login.ValidMail(d.Mail):
		d.MailError = r.T("account.data.mail.error")
	case d.Mail == "" && d.Notify:
		d.MailError = r.T("account.data.mail.missing")
	}
	if d.MailError == "" {
		_, err = p.Accounts.SetContact(r.Context(), a.ID, d.Mail, d.Notify, d.Lang)
		if errors.Is(err, konto.ErrMail) {
			d.MailError = r.T("account.data.mail.error")
		} else if err != nil {
			return err
		}
	}
	if d.MailError != "" {
		return p.showData(r, a, d, []web.FieldError{{Field: "email", Text: d.MailError}})
	}
	r.Flash("success", "account.data.saved")
	return r.Redirect("/konto/daten")
}

func (p *Pages) confirmation(r *web.Request, page, key string) error {
	return r.Render(page, web.View{Title: r.T(key), Noindex: true, Data: p.frame(r, "data"),
		Crumbs: crumbs(r, crumb(r, "account.overview.title", "/konto"), crumb(r, "account.data.title", "/konto/daten"), crumb(r, key, ""))})
}

func (p *Pages) unlinkPage(r *web.Request) error {
	if _, done, err := p.holder(r); done {
		return err
	}
	return p.confirmation(r, "account/trennen", "account.unlink.title")
}

// unlink ends the link with BundID. Nobody can open the account afterwards,
// so notices end as well and all its sessions.
func (p *Pages) unlink(r *web.Request) error {
	a, done, err := p.holder(r)
	if done {
		return err
	}
	if _, err := p.Accounts.SetContact(r.Context(), a.ID, "", false, a.Lang); err != nil {
		return err
	}
	if err := p.Accounts.Unlink(r.Context(), a.ID); err != nil {
		return err
	}
	return p.leave(r, a.ID, "getrennt")
}

func (p *Pages) deletePage(r *web.Request) error {
	if _, done, err := p.holder(r); done {
		return err
	}
	return p.confirmation(r, "account/loeschen", "account.delete.title")
}

// delete removes the account and its drafts. What was sent stays with the
// administration.
func (p *Pages) delete(r *web.Request) error {
	a, done, err := p.holder(r)
	if done {
		return err
	}
	for {
		drafts, err := p.Applications.Drafts(r.Context(), a.ID)
		if err != nil {
			return err
		}
		if len(drafts) == 0 {
			break
		}
		for _, d := range drafts {
			if err := p.Applications.DeleteDraft(r.Context(), a.ID, d.ID); err != nil && !errors.Is(err, antrag.ErrNotFound) {
				return err
			}
		}
	}
	if err := p.Accounts.Delete(r.Context(), a.ID); err != nil {
		return err
	}
	return p.leave(r, a.ID, "geloescht")
}

func (p *Pages) leave(r *web.Request, account, why string) error {
	if err := p.Sessions.EndOwner(r.Context(), account); err != nil {
		return err
	}
	if err := r.End(); err != nil {
		return err
	}
	return r.Redirect("/abgemeldet?nach=" + why)
}

// exported is the person's own data in a form that machines read.
type exported struct {
	Made         time.Time             `json:"made"`
	Account      exportedAccount       `json:"account"`
	Applications []exportedApplication `json:"applications"`
	Drafts       []exportedDraft       `json:"drafts"`
	Threads      []exportedThread      `json:"threads"`
}

type exportedAccount struct {
	CreatedAt   time.Time         `json:"createdAt"`
	LoginAt     time.Time         `json:"loginAt"`
	ConsentAt   time.Time         `json:"consentAt"`
	ConsentText string            `json:"consentText"`
	Mail        string            `json:"mail"`
	Notify      bool              `json:"notify"`
	Lang        string            `json:"lang"`
	Mailbox     string            `json:"bundidMailbox,omitempty"`
	Attributes  []konto.Attribute `json:"attributes"`
}

type exportedApplication struct {
	Reference   string          `json:"reference"`
	Title       string          `json:"title"`
	Service     string          `json:"service"`
	Status      string          `json:"status"`
	ReceivedAt  time.Time       `json:"receivedAt"`
	ClosedAt    time.Time       `json:"closedAt,omitzero"`
	ContentHash string          `json:"contentHash"`
	Declared    json.RawMessage `json:"declared,omitempty"`
	Files       []exportedFile  `json:"files,omitempty"`
}

type exportedFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type exportedDraft struct {
	Assistant string    `json:"assistant"`
	UpdatedAt time.Time `json:"updatedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	Answers   any       `json:"answers"`
}

type exportedThread struct {
	Subject   string            `json:"subject"`
	Reference string            `json:"reference"`
	Messages  []exportedMessage `json:"messages"`
}

type exportedMessage struct {
	From     string         `json:"from"`
	At       time.Time      `json:"at"`
	OpenedAt time.Time      `json:"openedAt,omitzero"`
	Kind     string         `json:"kind"`
	Subject  string         `json:"subject,omitempty"`
	Body     string         `json:"body,omitempty"`
	Files    []exportedFile `json:"files,omitempty"`
}

func (p *Pages) export(r *web.Request) error {
	a, done, err := p.holder(r)
	if done {
		return err
	}
	x := exported{Made: r.Now(), Account: exportedAccount{CreatedAt: a.CreatedAt, LoginAt: a.LoginAt, ConsentAt: a.ConsentAt, ConsentText: a.ConsentText,
		Mail: a.Mail, Notify: a.Notify, Lang: a.Lang, Mailbox: a.Mailbox, Attributes: a.Attributes}}
	if err := p.exportCases(r, a.ID, &x); err != nil {
		return err
	}
	if err := p.exportThreads(r, a.ID, &x); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	return attach(r, "meine-daten.json", "application/json", raw)
}

func (p *Pages) exportCases(r *web.Request, owner string, x *exported) error {
	apps, err := p.Applications.ListOwned(r.Context(), owner)
	if err != nil {
		return err
	}
	for _, short := range apps {
		a, err := p.Applications.OwnedBy(r.Context(), owner, short.ID)
		if err != nil {
			return problem(err)
		}
		e := exportedApplication{Reference: a.Reference, Title: a.Title, Service: a.Service, Status: string(a.Status), ReceivedAt: a.ReceivedAt,
			ClosedAt: a.ClosedAt, ContentHash: a.ContentHash}
		if json.Valid(a.Payload) {
			e.Declared = a.Payload
		}
		files, err := p.Applications.Files(r.Context(), a.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Owner == owner {
				e.Files = append(e.Files, exportedFile{f.Name, f.Size, f.SHA256})
			}
		}
		x.Applications = append(x.Applications, e)
	}
	drafts, err := p.Applications.Drafts(r.Context(), owner)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		x.Drafts = append(x.Drafts, exportedDraft{d.Assistant, d.UpdatedAt, d.ExpiresAt, d.Answers})
	}
	return nil
}

func (p *Pages) exportThreads(r *web.Request, owner string, x *exported) error {
	q := postkorb.ThreadQuery{Owner: owner, Limit: 200}
	for {
		threads, next, err := p.Reader.Threads(r.Context(), q)
		if err != nil {
			return err
		}
		for _, t := range threads {
			ms, err := p.Reader.Messages(r.Context(), t.ID)
			if err != nil {
				return err
			}
			e := exportedThread{Subject: t.Subject, Reference: t.Reference}
			for _, m := range ms {
				em := exportedMessage{From: m.From.Name, At: m.CreatedAt, OpenedAt: m.OpenedAt, Kind: string(m.Kind), Subject: m.Subject, Body: m.Body}
				for _, f := range m.Attachments {
					em.Files = append(em.Files, exportedFile{f.Name, f.Size, f.SHA256})
				}
				e.Messages = append(e.Messages, em)
			}
			x.Threads = append(x.Threads, e)
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

// attach answers with a private file: it is saved, never shown inside the
// portal's origin.
func attach(r *web.Request, name, media string, body []byte) error {
	privateHeader(r, name, media, int64(len(body)))
	r.W.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		r.W.Write(body) // an error here means that the browser went away
	}
	return nil
}
