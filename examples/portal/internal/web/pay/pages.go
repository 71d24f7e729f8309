// Package pay has the pages on which citizens pay what has to be paid before
// an application goes out, and the two addresses that the payment service
// calls. What it calls with is a hint: the portal asks the service itself
// before anything changes.
package pay

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/payment"
)

// Pages are the pages for paying. All fields are set before the first request.
type Pages struct {
	Applications *antrag.Service
	// Callback reads what the payment service sent, without believing it;
	// nil: nothing can be paid online.
	Callback func(attempt payment.Attempt, r *http.Request) (payment.Hint, error)
	// Origins are those of the pay pages, to which the form may lead.
	Origins []string
	Town    string
	Logger  *slog.Logger
	// Record keeps calls for the tester's page; optional.
	Record func(http.Handler) http.Handler
}

// The addresses that are given to the payment service. Other sites post to
// them, so they are exempt from the protection against cross-site requests:
// they need no session and change nothing by what they are told.
const (
	NotifyPath = "/zahlung/rueckruf"
	ReturnPath = "/zahlung/zurueck"
	// Attempt is the parameter that names the attempt in both addresses.
	Attempt = "zahlung"
)

// askTime is how long a page waits for the payment service to say what has
// become of a payment. After it the background work goes on asking.
const askTime = 3 * time.Second

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /bezahlen/{id}", p.page)
	c.Handle("POST /bezahlen/{id}", p.begin)
	c.Handle("POST /bezahlen/{id}/pruefen", p.ask)
	c.Handle("GET /bezahlen/{id}/bestaetigung", p.receipt)
	c.HandleRaw("POST "+NotifyPath, p.record(p.notify))
	c.Handle("GET "+ReturnPath, p.back)
	c.Handle("POST "+ReturnPath, p.back)
}

// own returns an application of the visitor. For everybody else it does not
// exist; who is not logged in may do so first.
func (p *Pages) own(r *web.Request) (a antrag.Application, done bool, err error) {
	keys := []string{login.Before(r)}
	if r.Session != nil {
		keys = append(keys, r.Session.Owner)
	}
	for _, key := range keys {
		if key == "" {
			continue
		}
		a, err = p.Applications.OwnedBy(r.Context(), key, r.PathValue("id"))
		if err == nil || !errors.Is(err, antrag.ErrNotFound) {
			return a, err != nil, err
		}
	}
	if done, err := login.Require(r); done {
		return a, true, err
	}
	return a, true, web.ErrNotFound
}

type line struct {
	Text  string
	Cents int64
}

type payData struct {
	Title, Office, Town string
	Application         antrag.Application
	Lines               []line
	Order               payment.Order
	State, Text         string
	Button              string
	Check, Down, Off    bool
	Guest, Paid, Closed bool
	Case                string
	Method              string
	At                  time.Time
}

// view collects what the pages say about the order of a case.
func (p *Pages) view(r *web.Request, a antrag.Application) (payData, error) {
	lang := assistant.Lang(r.Lang)
	o, err := p.Applications.OrderOf(r.Context(), a)
	if errors.Is(err, payment.ErrNotFound) {
		return payData{}, web.ErrNotFound
	}
	if err != nil {
		return payData{}, err
	}
	d := payData{Title: a.Title, Office: p.Applications.UnitName(a.LeadUnit), Town: p.Town, Application: a, Order: o, State: string(o.State),
		Text: r.T("pay.text." + string(o.State)), Guest: a.Account == "", Paid: o.State == payment.StatePaid, Closed: a.Closed(), Case: "/antraege/" + a.ID,
		Method: p.Applications.MethodText(r.Lang, o.Method), At: o.PaidAt}
	if def, ok := p.Applications.Definition(a.Assistant, a.AssistantVersion); ok {
		d.Title = def.Title.In(lang)
	}
	for _, it := range o.Items {
		d.Lines = append(d.Lines, line{p.Applications.ItemText(a, it, lang), it.Amount.Minor * int64(it.Quantity)})
	}
	if d.Closed || !p.Applications.Prepaid(a) {
		return d, nil
	}
	live, resume, err := p.Applications.LiveAttempt(r.Context(), a)
	if err != nil {
		return payData{}, err
	}
	switch {
	case p.Callback == nil:
		d.Off = true
	case resume:
		// Some services cannot tell a payer who is thinking from one who has
		// paid: the same page again is never a second payment.
		d.Button, d.Check = r.T("pay.button.resume"), true
		if o.State == payment.StateOpen {
			// The service was not asked yet or did not answer: who has paid must
			// not read that nothing was paid.
			d.State, d.Text = string(payment.StateChecking), r.T("pay.text."+string(payment.StateChecking))
		}
	case o.State == payment.StateChecking:
		d.Check = true
	case o.State == payment.StateOpen:
		d.Button, d.Check = r.T("pay.button"), live
	case o.State == payment.StateAborted, o.State == payment.StateFailed:
		d.Button = r.T("pay.button.again")
	}
	return d, nil
}

func crumbs(r *web.Request, a antrag.Application) []web.Crumb {
	return []web.Crumb{{Label: r.T("account.crumb.home"), URL: "/"}, {Label: r.T("account.applications.title"), URL: "/antraege"},
		{Label: a.Reference, URL: "/antraege/" + a.ID}, {Label: r.T("pay.crumb")}}
}

func (p *Pages) page(r *web.Request) error { return p.show(r, false) }

func (p *Pages) show(r *web.Request, down bool) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	d, err := p.view(r, a)
	if err != nil {
		return err
	}
	d.Down = down
	v := web.View{Title: r.T("pay.title") + " – " + d.Title, Noindex: true, Data: d, Crumbs: crumbs(r, a), Forms: p.Origins}
	if down {
		v.Status = http.StatusServiceUnavailable
	}
	return r.Render("pay/bezahlen", v)
}

// begin leads to the pay page. A second click, or a second window, leads to
// the same one.
func (p *Pages) begin(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	a, done, err := p.own(r)
	if done {
		return err
	}
	here := antrag.PayPath(a.ID)
	if p.Callback == nil || a.Closed() || !p.Applications.Prepaid(a) {
		return r.Redirect(here)
	}
	to, err := p.Applications.BeginPayment(r.Context(), a)
	var provider *payment.ProviderError
	switch {
	case errors.Is(err, payment.ErrNotPayable):
		return r.Redirect(here)
	case errors.As(err, &provider):
		return p.show(r, true)
	case err != nil:
		return err
	case to == "": // the service does not know yet what became of the last attempt
		return r.Redirect(here)
	}
	return r.RedirectOut(to)
}

// ask asks the payment service now.
func (p *Pages) ask(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	a, done, err := p.own(r)
	if done {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTime)
	defer cancel()
	p.Applications.AskLive(ctx, a)
	return r.Redirect(antrag.PayPath(a.ID))
}

// receipt is the Zahlungsbestätigung to print.
func (p *Pages) receipt(r *web.Request) error {
	a, done, err := p.own(r)
	if done {
		return err
	}
	d, err := p.view(r, a)
	if err != nil {
		return err
	}
	if !d.Paid && d.Order.State != payment.StateRefunded {
		return r.Redirect(antrag.PayPath(a.ID))
	}
	return r.Render("pay/bestaetigung", web.View{Title: r.T("pay.receipt.title") + ", " + a.Reference, Noindex: true, Data: d, Crumbs: crumbs(r, a)})
}

// back is where the browser comes to from the pay page. The request comes
// from another site and so without a session: it leads on to the page of the
// case, which asks for one.
func (p *Pages) back(r *web.Request) error {
	var attempt payment.Attempt
	var err error
	p.record(func(w http.ResponseWriter, req *http.Request) {
		attempt, err = p.take(w, req)
		p.decided(req.Context(), attempt, err)
		w.WriteHeader(http.StatusSeeOther)
	}).ServeHTTP(silent{r.W}, r.Request)
	if errors.Is(err, payment.ErrNotFound) || p.Callback == nil {
		return r.Render("pay/zurueck", web.View{Title: r.T("pay.return.title"), Noindex: true})
	}
	if attempt.ID == "" && err != nil {
		return err
	}
	return r.Redirect(antrag.PayPath(url.PathEscape(string(attempt.Order))))
}

// silent lets the log of calls see how a call was taken while the page is
// still to be written.
type silent struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (silent) WriteHeader(int) {}
