package desk

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/staff"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// Names of what the session remembers of a login that has begun.
const (
	keyState    = "oidc.state"
	keyNonce    = "oidc.nonce"
	keyVerifier = "oidc.verifier"
	keyBegan    = "oidc.began"
	keyTarget   = "oidc.target"
)

func (p *Pages) home(r *web.Request) error {
	if r.Staff == nil || r.Staff.Person == "" {
		return r.Redirect("/amt/anmelden")
	}
	return r.Redirect("/amt/eingang")
}

// target is the page of the staff to go to after the login.
func target(path string) string {
	path = web.LocalPath(path, "")
	if path != "/amt" && !strings.HasPrefix(path, "/amt/") || strings.HasPrefix(path, "/amt/anmelden") || strings.HasPrefix(path, "/amt/oidc") {
		return "/amt/eingang"
	}
	return path
}

type loginData struct {
	Target    string
	Reason    string // why the last login did not succeed
	Expired   bool
	LoggedOut bool
	LogoutURL string
}

func (p *Pages) loginPage(r *web.Request) error {
	if r.Staff != nil && r.Staff.Person != "" {
		return r.Redirect(target(r.URL.Query().Get("weiter")))
	}
	d := loginData{Target: target(r.URL.Query().Get("weiter")), Expired: r.Expired, LoggedOut: r.URL.Query().Get("abgemeldet") == "1"}
	if d.LoggedOut {
		d.Expired = false
		if r.Core.Public != nil {
			d.LogoutURL = p.Login.LogoutURL(r.Core.Public.JoinPath("/amt/anmelden").String())
		}
	}
	return p.showLogin(r, d, 0)
}

func (p *Pages) showLogin(r *web.Request, d loginData, status int) error {
	return r.Render("desk/login", web.View{Title: r.T("desk.login.title"), Data: d, Noindex: true, Status: status, Forms: []string{p.Login.Origin()}})
}

func (p *Pages) login(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	to := target(r.PostFormValue("weiter"))
	address, attempt, err := p.Login.Start(r.Context())
	if err != nil {
		return p.loginFailed(r, to, err)
	}
	s, err := r.RenewStaff()
	if err != nil {
		return err
	}
	s.Values = map[string]string{keyState: attempt.State, keyNonce: attempt.Nonce, keyVerifier: attempt.Verifier,
		keyBegan: attempt.At.Format(time.RFC3339Nano), keyTarget: to}
	r.ChangeStaff()
	return r.RedirectOut(address)
}

func (p *Pages) callback(r *web.Request) error {
	if r.Staff != nil && r.Staff.Person != "" {
		return r.Redirect("/amt/eingang") // the answer came twice, for example by going back
	}
	var attempt staff.Attempt
	to := "/amt/eingang"
	if r.Staff != nil {
		v := r.Staff.Values
		attempt = staff.Attempt{State: v[keyState], Nonce: v[keyNonce], Verifier: v[keyVerifier]}
		attempt.At, _ = time.Parse(time.RFC3339Nano, v[keyBegan]) // without a time it is too old
		to = target(v[keyTarget])
		if err := r.EndStaff(); err != nil { // an attempt is used once
			return err
		}
	}
	who, err := p.Login.Callback(r.Context(), r.URL.Query(), attempt)
	if err != nil {
		return p.loginFailed(r, to, err)
	}
	s, err := r.RenewStaff()
	if err != nil {
		return err
	}
	s.Person, s.Owner, s.Name, s.AuthnAt = who.Person, "amt:"+who.Person, p.PersonName(who.Person), who.AuthnAt
	r.ChangeStaff()
	return r.Redirect(to)
}

// loginFailed shows the login page again with what went wrong.
func (p *Pages) loginFailed(r *web.Request, to string, err error) error {
	var e *staff.Error
	if !errors.As(err, &e) {
		return err
	}
	level, status := slog.LevelInfo, http.StatusForbidden
	switch e.Reason {
	case staff.ReasonUnavailable, staff.ReasonProvider:
		level, status = slog.LevelWarn, http.StatusServiceUnavailable
	case staff.ReasonState, staff.ReasonExpired, staff.ReasonCanceled:
		status = http.StatusBadRequest
	}
	r.Core.Log.LogAttrs(r.Context(), level, "staff login failed", slog.String("id", r.ID), slog.String("reason", string(e.Reason)))
	return p.showLogin(r, loginData{Target: to, Reason: string(e.Reason)}, status)
}

func (p *Pages) logout(r *web.Request) error {
	if r.Staff != nil {
		if err := r.EndStaff(); err != nil {
			return err
		}
	}
	return r.Redirect("/amt/anmelden?abgemeldet=1")
}
