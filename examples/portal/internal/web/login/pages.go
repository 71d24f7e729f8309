// Package login has the pages around the login with BundID: what it is, the
// way there and back, the consent to a portal account (Bürgerkonto), one page
// per cause of a failure, and the logout.
package login

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// Pages are the pages of the login. All fields are set before the first
// request.
type Pages struct {
	Provider     *bundid.ServiceProvider
	Accounts     *konto.Service
	Applications *antrag.Service
	Sessions     *web.Sessions
}

// Register adds the pages to the core. The answer of BundID is posted from
// another origin: Core.Handler must be given "POST /saml/acs" as exception.
func (p *Pages) Register(c *web.Core) {
	c.Handle("GET /anmelden", p.choose)
	c.Handle("POST /anmelden", p.start)
	c.Handle("POST /saml/acs", p.receive)
	c.Handle("GET /anmelden/abschluss/{ticket}", p.finish)
	c.Handle("GET /anmelden/fehler", p.failed)
	c.Handle("GET /konto/einrichten", p.consentPage)
	c.Handle("POST /konto/einrichten", p.consent)
	c.Handle("POST /abmelden", p.logout)
	c.Handle("GET /abgemeldet", p.loggedOut)
	c.HandleRaw("GET /saml/metadata", http.HandlerFunc(p.metadata))
}

// Address is where somebody logs in and then goes on; level 0 asks for none
// in particular.
func Address(next string, level int, expired bool) string {
	q := url.Values{}
	if next != "" {
		q.Set("weiter", next)
	}
	if level > 0 {
		q.Set("stufe", strconv.Itoa(level))
	}
	if expired {
		q.Set("grund", "abgelaufen")
	}
	if len(q) == 0 {
		return "/anmelden"
	}
	return "/anmelden?" + q.Encode()
}

// Require answers for a page that needs a login when nobody is logged in: a
// page leads to the login and back, a form says that the session is over.
// When done is false, somebody is logged in and the page goes on.
func Require(r *web.Request) (done bool, err error) {
	if r.Session.LoggedIn() {
		return false, nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true, web.ErrExpired
	}
	return true, r.Redirect(Address(r.SelfPath(), 0, r.Expired))
}

// maxWay bounds the address to go on with, which is kept with the request.
const maxWay = 1000

// way returns the local address to go on with. The pages of the login itself
// are no place to go back to.
func way(s, fallback string) string {
	s = web.LocalPath(s, fallback)
	path, _, _ := strings.Cut(s, "?")
	if len(s) > maxWay || path == "/anmelden" || strings.HasPrefix(path, "/anmelden/") || path == "/abmelden" || path == "/abgemeldet" || strings.HasPrefix(path, "/saml/") {
		return fallback
	}
	return s
}

// levelOf reads a trust level; what is none counts as none asked for.
func levelOf(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < int(bundid.LevelBasis) || n > int(bundid.LevelHoch) {
		return 0
	}
	return n
}

type chooseData struct {
	Next             string
	Level, Present   string // words, empty: none
	LevelNumber      int
	Expired, TooLow  bool
	LoggedIn, Enough bool
	Draft            bool
}

func (p *Pages) choose(r *web.Request) error {
	q := r.URL.Query()
	next, level := way(q.Get("weiter"), ""), levelOf(q.Get("stufe"))
	d := chooseData{Next: next, LevelNumber: level, Expired: q.Get("grund") == "abgelaufen",
		Draft: strings.HasPrefix(next, "/antrag/")}
	if level > 0 {
		d.Level = r.T("level." + web.LevelKey(level))
	}
	if r.Session.LoggedIn() {
		d.LoggedIn, d.Present = true, r.T("level."+web.LevelKey(r.Session.Level))
		d.Enough = r.Session.Level >= max(level, 1)
		d.TooLow = !d.Enough
	}
	return r.Render("login/anmelden", web.View{Title: r.T("login.title"), Crumbs: crumbs(r, "login.title"), Data: d, Noindex: true})
}

func crumbs(r *web.Request, key string) []web.Crumb {
	return []web.Crumb{{Label: r.T("login.crumb.home"), URL: "/"}, {Label: r.T(key)}}
}

// state is what comes back with the answer. It never leaves the portal.
type state struct {
	Next  string `json:"w"`
	Level int    `json:"s,omitempty"`
	Once  bool   `json:"e,omitempty"` // temporary login
	Lang  string `json:"l,omitempty"`
}

func readState(s string) state {
	st := state{}
	if json.Unmarshal([]byte(s), &st) != nil {
		st = state{}
	}
	st.Next = way(st.Next, "")
	return st
}

// attributes are those that forms are prefilled with; none is required, so
// that nobody is turned away for a missing one.
func attributes(once bool) []bundid.RequestedAttribute {
	names := []string{bundid.AttrGivenName, bundid.AttrSurname, bundid.AttrBirthdate, bundid.AttrPostalAddress,
		bundid.AttrPostalCode, bundid.AttrLocalityName, bundid.AttrMail}
	if !once {
		names = append(names, bundid.AttrBPK2, bundid.AttrPostkorbHandle)
	}
	out := make([]bundid.RequestedAttribute, len(names))
	for i, n := range names {
		out[i] = bundid.RequestedAttribute{Name: n}
	}
	return out
}

type forwardData struct {
	Method, URL string
	Fields      []field
	Next        string
}

type field struct{ Name, Value string }

func (p *Pages) start(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	st := state{Next: way(r.PostFormValue("weiter"), ""), Level: levelOf(r.PostFormValue("stufe")), Once: r.PostFormValue("art") == "einmalig", Lang: r.Lang}
	raw, err := json.Marshal(st)
	if err != nil {
		return err
	}
	lang := "de"
	if r.Lang == web.English {
		lang = "en"
	}
	to, err := p.Provider.Start(r.Context(), bundid.LoginRequest{Level: max(bundid.Level(st.Level), bundid.LevelBasis),
		Attributes: attributes(st.Once), Lang: lang, State: string(raw)})
	if err != nil {
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "unavailable", Cause: err}
	}
	http.SetCookie(r.W, to.Cookie)
	u, err := url.Parse(to.URL)
	if err != nil {
		return err
	}
	d := forwardData{Method: strings.ToLower(to.Method), URL: to.URL, Next: Address(st.Next, st.Level, false)}
	for _, name := range []string{"SAMLRequest", "RelayState"} {
		if v := to.Form.Get(name); v != "" {
			d.Fields = append(d.Fields, field{name, v})
		}
	}
	return r.Render("login/weiterleitung", web.View{Title: r.T("login.forward.title"), Data: d, Noindex: true, Forms: []string{u.Scheme + "://" + u.Host}})
}

// receive takes the answer. It comes from another site without the portal's
// cookies, so all else happens at the next page, which the browser gets.
func (p *Pages) receive(r *web.Request) error {
	ticket, err := p.Provider.Receive(r.Context(), r.Request)
	if err != nil {
		return p.refuse(r, err)
	}
	return r.Redirect("/anmelden/abschluss/" + url.PathEscape(ticket))
}

func (p *Pages) logout(r *web.Request) error {
	if err := r.End(); err != nil {
		return err
	}
	return r.Redirect("/abgemeldet")
}

func (p *Pages) loggedOut(r *web.Request) error {
	why := r.URL.Query().Get("nach")
	if why != "geloescht" && why != "getrennt" {
		why = ""
	}
	return r.Render("login/abgemeldet", web.View{Title: r.T("login.out.title"), Data: map[string]any{"Why": why}, Noindex: true})
}

func (p *Pages) metadata(w http.ResponseWriter, r *http.Request) {
	raw, err := p.Provider.Metadata()
	if err != nil {
		http.Error(w, "metadata are not available", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(raw) // an error here means that the client went away
}
