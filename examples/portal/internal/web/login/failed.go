package login

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// causes are the pages of a login that did not come about, with the status of
// each.
var causes = map[string]int{
	"abgebrochen": http.StatusOK,
	"niveau":      http.StatusForbidden,
	"angabe":      http.StatusForbidden,
	"abgelaufen":  http.StatusGone,
	"browser":     http.StatusForbidden,
	"bundid":      http.StatusBadGateway,
	"technik":     http.StatusBadRequest,
}

// causeOf says for people what the reason means. What only a broken or forged
// message can cause is one page with an error number.
func causeOf(reason bundid.Reason) string {
	switch reason {
	case bundid.ReasonCanceled:
		return "abgebrochen"
	case bundid.ReasonLevelTooLow, bundid.ReasonLevelUnavailable:
		return "niveau"
	case bundid.ReasonRequiredAttributeMissing, bundid.ReasonAttributeNotPresent:
		return "angabe"
	case bundid.ReasonExpired, bundid.ReasonReplay, bundid.ReasonInResponseTo, bundid.ReasonRelayState, bundid.ReasonTicket:
		return "abgelaufen"
	case bundid.ReasonBrowser:
		return "browser"
	case bundid.ReasonStatus:
		return "bundid"
	}
	return "technik"
}

// refuse leads to the page of the cause, by a redirect: the answer came
// without the cookies that say who was logged in before and in which language.
func (p *Pages) refuse(r *web.Request, err error) error {
	var re *bundid.ResponseError
	if !errors.As(err, &re) {
		return err
	}
	st := readState(re.State)
	r.Core.Log.LogAttrs(r.Context(), slog.LevelWarn, "login failed", slog.String("id", r.ID), slog.String("reason", re.Reason.String()))
	q := url.Values{"grund": {causeOf(re.Reason)}, "nr": {r.ID}}
	if st.Next != "" {
		q.Set("weiter", st.Next)
	}
	if st.Level > 0 {
		q.Set("stufe", string(rune('0'+st.Level)))
	}
	return r.Redirect("/anmelden/fehler?" + q.Encode())
}

type failedData struct {
	Cause, Level, Number string
	Next, Again          string
	Draft, LoggedIn      bool
}

// number returns an error number as the core makes them, else nothing.
func number(s string) string {
	if len(s) == 10 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" {
		return s
	}
	return ""
}

func (p *Pages) failed(r *web.Request) error {
	q := r.URL.Query()
	cause := q.Get("grund")
	status, ok := causes[cause]
	if !ok {
		return web.ErrNotFound
	}
	next, level := way(q.Get("weiter"), ""), levelOf(q.Get("stufe"))
	d := failedData{Cause: cause, Number: number(q.Get("nr")), Next: next, Again: Address(next, level, false),
		Draft: strings.HasPrefix(next, "/antrag/"), LoggedIn: r.Session.LoggedIn()}
	if level > 0 {
		d.Level = r.T("level." + web.LevelKey(level))
	}
	return r.Render("login/fehler", web.View{Title: r.T("login.failed." + cause + ".title"), Data: d, Noindex: true, Status: status})
}
