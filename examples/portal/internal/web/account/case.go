package account

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// step is one entry of the status timeline.
type step struct {
	When               time.Time
	Title, Text, State string
}

type document struct{ Name, URL, Meta, State string }

type order struct {
	Items       []payment.Item
	Total       int64
	Status      string // code after "payment."
	Label       string // instead of the code
	PaidAt      time.Time
	Ref, Method string
	Open        bool
	PayURL      string // where it is paid online
	ReceiptURL  string // of the Zahlungsbestätigung
}

type caseData struct {
	frame
	Application      antrag.Application
	Closed           bool
	LoggedIn         bool
	Title, Office    string
	Steps            []step
	Next, Expected   string
	Action           string
	ThreadURL        string
	Own, FromOffice  []document
	Decision         []document
	Unread, Messages int
	Orders           []order
	PDF              bool
	URL              string
	Involved         []string // further offices that see the whole application
}

func (p *Pages) show(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	ms, err := p.Reader.Messages(r.Context(), postkorb.ThreadID(a.Thread))
	if err != nil {
		return err
	}
	d := caseData{frame: p.frame(r, "applications"), Application: a, Closed: a.Closed(), LoggedIn: r.Session.LoggedIn(), Title: p.title(r, a), Office: p.Applications.UnitName(a.LeadUnit),
		PDF: p.CopyPDF != nil, URL: "/antraege/" + a.ID, Next: r.T("account.next." + string(a.Status))}
	d.Steps = timeline(r, a, ms, p.Applications.HeldBack(a))
	involved, err := p.Applications.WholeUnits(r.Context(), a.ID)
	if err != nil {
		return err
	}
	for _, unit := range involved {
		d.Involved = append(d.Involved, p.Applications.UnitName(unit))
	}
	if !a.Closed() && !a.DueAt.IsZero() {
		if a.DueAt.After(r.Now()) {
			d.Expected = r.T("account.case.expected", "date", web.FormatDate(r.Lang, a.DueAt))
		} else {
			d.Expected = r.T("account.case.late")
		}
	}
	if needsAction(a) {
		d.Action = r.T("account.action." + string(a.Status))
	}
	if a.Account != "" && r.Session.LoggedIn() && a.Account == r.Session.Account {
		d.ThreadURL = "/postkorb/" + a.Thread
	}
	for _, m := range ms {
		if m.Kind == postkorb.KindStatus {
			continue
		}
		d.Messages++
		if m.Unread(postkorb.PartyCitizen) {
			d.Unread++
		}
	}
	if err := p.documents(r, a, ms, &d); err != nil {
		return err
	}
	if err := p.orders(r, a, &d); err != nil {
		return err
	}
	return r.Render("account/antrag", web.View{Title: r.T("account.tab.applications") + ": " + d.Title + ", " + a.Reference, Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.applications.title", "/antraege"), web.Crumb{Label: a.Reference})})
}

// shown is what a status means to the citizen: the hand-over to another
// office is work in progress.
func shown(st postkorb.Status) postkorb.Status {
	if st == postkorb.StatusHandedOver {
		return postkorb.StatusInReview
	}
	return st
}

// timeline tells the way of a case in the citizen's words, oldest first, and
// what comes next. With paidFirst it was received only when it was paid.
func timeline(r *web.Request, a antrag.Application, ms []postkorb.Message, paidFirst bool) []step {
	last := postkorb.StatusReceived
	out := []step{{When: a.ReceivedAt, Title: r.T("status.received"), Text: r.T("account.step.text.received"), State: "done"}}
	if paidFirst && len(ms) > 0 {
		last = postkorb.StatusPaymentOpen
		out[0] = step{When: ms[0].CreatedAt, Title: r.T("pay.step.sent"), Text: r.T("pay.step.text"), State: "done"}
	}
	for _, m := range ms {
		if m.Kind != postkorb.KindStatus || shown(m.Status) == last {
			continue
		}
		last = shown(m.Status)
		st := step{When: m.CreatedAt, Title: r.T("status." + string(last)), Text: m.Body, State: "done"}
		if st.Text == "" && r.Core.Texts.Has("account.step.text."+string(last)) {
			st.Text = r.T("account.step.text." + string(last))
		}
		out = append(out, st)
	}
	if a.Closed() {
		return out
	}
	out[len(out)-1].State = "current"
	end := step{Title: r.T("account.step.end"), State: "open"}
	if a.DueAt.After(r.Now()) {
		end.Text = r.T("account.case.expected", "date", web.FormatDate(r.Lang, a.DueAt))
	}
	return append(out, end)
}

// documents sorts the files of a case by who sees them in which place. What
// the staff keeps in the case without having sent it is not among them.
func (p *Pages) documents(r *web.Request, a antrag.Application, ms []postkorb.Message, d *caseData) error {
	files, err := p.Applications.Files(r.Context(), a.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Owner == a.Owner {
			d.Own = append(d.Own, document{f.Name, fileURL(a, f.ID), web.FormatSize(r.Lang, f.Size), ""})
		}
	}
	for _, m := range ms {
		if m.From.Kind == postkorb.PartyCitizen {
			continue
		}
		for _, at := range m.Attachments {
			if at.Slot != "" {
				continue // a document of the citizen
			}
			doc := document{at.Name, fileURL(a, at.ID), web.FormatSize(r.Lang, at.Size), ""}
			if m.Kind == postkorb.KindDecision {
				d.Decision = append(d.Decision, doc)
			} else {
				d.FromOffice = append(d.FromOffice, doc)
			}
		}
	}
	return nil
}

func fileURL(a antrag.Application, file string) string {
	return "/antraege/" + a.ID + "/datei/" + file
}

func (p *Pages) orders(r *web.Request, a antrag.Application, d *caseData) error {
	orders, err := p.Applications.OrdersOf(r.Context(), a)
	if err != nil {
		return err
	}
	for _, o := range orders {
		v := order{Items: o.Items, Total: o.Total.Minor, Status: string(o.State), PaidAt: o.PaidAt, Ref: o.Ref, Method: o.Method}
		if o.State == payment.StateCancelled {
			v.Label = r.T("account.payment.cancelled")
		}
		v.Open = o.State == payment.StateOpen || o.State == payment.StateAborted || o.State == payment.StateFailed
		if string(o.ID) == a.ID && (o.State == payment.StatePaid || o.State == payment.StateRefunded) && o.Ref != "" {
			v.ReceiptURL = antrag.PayPath(a.ID) + "/bestaetigung"
		}
		if !a.Closed() && p.Applications.Prepaid(a) {
			v.PayURL = antrag.PayPath(a.ID)
		}
		d.Orders = append(d.Orders, v)
	}
	return nil
}

// declared is one answer in the copy with its provenance.
type declared struct {
	Label, Value, Origin string
	Empty                bool
}

type declaredSection struct {
	Title string
	Items []declared
}

type copyData struct {
	Application           antrag.Application
	Title, Office, Place  string
	Level, Means, URL     string
	Sections              []declaredSection
	Files                 []antrag.File
	Declaration           string
	PDF, LoggedIn, NoForm bool
}

// copy is the copy of the declaration: everything as it was sent.
func (p *Pages) copy(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	d := copyData{Application: a, Title: p.title(r, a), Office: p.Applications.UnitName(a.LeadUnit), PDF: p.CopyPDF != nil, URL: "/antraege/" + a.ID,
		Level: r.T("level.none"), LoggedIn: r.Session.LoggedIn()}
	if a.Level > 0 {
		d.Level, d.Means = r.T("level."+web.LevelKey(a.Level)), means(r, a.Means)
	}
	if r.Core.PlaceName != nil && a.Area != "" {
		d.Place, _ = r.Core.PlaceName(r.Context(), a.Area)
	}
	def, ans, err := p.Applications.AnswersOf(a)
	if errors.Is(err, antrag.ErrNotFound) {
		d.NoForm = true
	} else if err != nil {
		return err
	}
	if !d.NoForm {
		lang := assistant.Lang(r.Lang)
		places := func(key string) (string, bool) {
			if r.Core.PlaceName == nil {
				return "", false
			}
			return r.Core.PlaceName(r.Context(), key)
		}
		for _, s := range def.Summary(ans, lang, a.ReceivedAt, places) {
			sec := declaredSection{Title: s.Title}
			for _, it := range s.Items {
				sec.Items = append(sec.Items, declared{Label: it.Label, Value: it.Value, Empty: it.Empty, Origin: origin(r, it)})
			}
			d.Sections = append(d.Sections, sec)
		}
	}
	files, err := p.Applications.Files(r.Context(), a.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Owner == a.Owner && f.Draft == a.Draft {
			d.Files = append(d.Files, f)
		}
	}
	return r.Render("account/kopie", web.View{Title: r.T("account.copy.title", "reference", a.Reference), Noindex: true, Data: d,
		Crumbs: crumbs(r, crumb(r, "account.applications.title", "/antraege"), web.Crumb{Label: a.Reference, URL: d.URL}, crumb(r, "account.copy.crumb", ""))})
}

// origin says where an answer came from.
func origin(r *web.Request, it assistant.SummaryItem) string {
	switch {
	case it.Empty:
		return ""
	case it.Origin.Source == assistant.BundID:
		return r.T("account.origin.bundid", "level", r.T("account.level."+web.LevelKey(it.Origin.Level)), "date", web.FormatDate(r.Lang, it.Origin.At))
	case it.Origin.Source == assistant.Account:
		return r.T("account.origin.account")
	case it.Origin.Source == assistant.Changed:
		return r.T("account.origin.changed")
	case it.Origin.Source == assistant.Looked:
		return r.T("account.origin.lookup")
	}
	return r.T("account.origin.typed")
}

func (p *Pages) copyPDF(r *web.Request) error {
	if p.CopyPDF == nil {
		return web.ErrNotFound
	}
	a, done, err := p.own(r)
	if done {
		return err
	}
	body, err := p.CopyPDF(r.Context(), a, r.Lang)
	if err != nil {
		return problem(err)
	}
	return attach(r, "antrag-"+a.Reference+".pdf", "application/pdf", body)
}

// download sends a file of the citizen, or one that came in a message. What
// the staff has put into the case for itself is not found.
func (p *Pages) download(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	f, err := p.Applications.FileIn(r.Context(), a.ID, r.PathValue("file"))
	if err != nil {
		return problem(err)
	}
	if f.Owner != a.Owner {
		ms, err := p.Reader.Messages(r.Context(), postkorb.ThreadID(a.Thread))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(ms, func(m postkorb.Message) bool {
			return slices.ContainsFunc(m.Attachments, func(at postkorb.Attachment) bool { return at.ID == f.ID })
		}) {
			return web.ErrNotFound
		}
	}
	body, err := p.Applications.OpenFile(r.Context(), f)
	if errors.Is(err, antrag.ErrNotFound) {
		return web.ErrGone
	}
	if err != nil {
		return err
	}
	defer body.Close()
	privateHeader(r, f.Name, f.MediaType, f.Size)
	r.W.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(r.W, body); err != nil {
		r.Core.Log.LogAttrs(r.Context(), slog.LevelWarn, "download broke off", slog.String("id", r.ID))
	}
	return nil
}

func privateHeader(r *web.Request, name, media string, size int64) {
	if mt, _, err := mime.ParseMediaType(media); err != nil || mt == "" {
		media = "application/octet-stream"
	}
	h := r.W.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", disposition(name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
}

// disposition follows RFC 6266: a name in ASCII for old programs and the real
// one in UTF-8.
func disposition(name string) string {
	plain := strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || strings.ContainsRune(`"\%/`, c) {
			return '_'
		}
		return c
	}, name)
	var b strings.Builder
	for _, c := range []byte(name) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!#$&+^`|", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + b.String()
}
