package bundidsim

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/bundid"
)

//go:embed pages/*.html static
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"means": meansLabel, "level": levelLabel, "asset": assetURL,
}).ParseFS(files, "pages/*.html"))

func meansLabel(m bundid.Means) string {
	switch m {
	case bundid.MeansEID:
		return "Online-Ausweis"
	case bundid.MeansElster:
		return "ELSTER-Zertifikat"
	case bundid.MeansBenutzername:
		return "Benutzername und Passwort"
	case bundid.MeansEIDAS:
		return "EU-Identität"
	case bundid.MeansFINK:
		return "Konto eines anderen Landes"
	}
	return string(m)
}

func levelLabel(l bundid.Level) string {
	switch l {
	case bundid.LevelBasis:
		return "Basisregistrierung"
	case bundid.LevelNiedrig:
		return "Niedrig"
	case bundid.LevelSubstantiell:
		return "Substantiell"
	case bundid.LevelHoch:
		return "Hoch"
	}
	return "ohne Angabe"
}

// assetURL adds a hash of the content, so that files can be cached for long.
func assetURL(name string) string {
	raw, err := files.ReadFile("static/" + name)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return "/idp/static/" + name + "?v=" + hex.EncodeToString(sum[:4])
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /idp", s.serveMetadata)
	s.mux.HandleFunc("POST /idp/profile/SAML2/POST/SSO", s.servePost)
	s.mux.HandleFunc("GET /idp/profile/SAML2/Redirect/SSO", s.serveRedirect)
	s.mux.HandleFunc("GET /idp/anmelden", s.serveChoice)
	s.mux.HandleFunc("POST /idp/anmelden", s.acceptChoice)
	s.mux.HandleFunc("GET /idp/uebermittlung", s.serveConsent)
	s.mux.HandleFunc("POST /idp/uebermittlung", s.acceptConsent)
	s.mux.HandleFunc("GET /idp/fehler", s.serveFault)
	s.mux.HandleFunc("GET /{$}", s.serveStart)
	s.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	static := http.StripPrefix("/idp/", http.FileServerFS(files))
	s.mux.HandleFunc("GET /idp/static/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		static.ServeHTTP(w, r)
	})
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// render writes a page. Targets are origins beside our own that its forms may
// post to.
func (s *Server) render(w http.ResponseWriter, status int, page string, data any, targets ...string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"base-uri 'none'; frame-ancestors 'none'; form-action "+strings.Join(append([]string{"'self'"}, targets...), " "))
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		s.log.Error("bundidsim: page", "error", err)
		http.Error(w, "Interner Fehler des Simulators", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	io.WriteString(w, b.String()) // an error here means that the browser went away
}

func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(s.Metadata())
}

func (s *Server) serveStart(w http.ResponseWriter, r *http.Request) {
	s.render(w, http.StatusOK, "start.html", s.personas)
}

func (s *Server) serveFault(w http.ResponseWriter, r *http.Request) {
	s.render(w, http.StatusBadRequest, "fehler.html", r.URL.Query().Get("idp.code"))
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, code string) {
	s.log.InfoContext(r.Context(), "bundidsim: request refused", "code", code)
	http.Redirect(w, r, s.URL+"/idp/fehler?idp.code="+url.QueryEscape(code), http.StatusSeeOther)
}

func (s *Server) servePost(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxRequest)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, codeMalformed)
		return
	}
	raw, err := base64.StdEncoding.DecodeString(r.PostForm.Get("SAMLRequest"))
	if err != nil {
		s.refuse(w, r, codeMalformed)
		return
	}
	s.serveRequest(w, r, raw, s.URL+r.URL.Path, "", r.PostForm.Get("RelayState"))
}

func (s *Server) serveRedirect(w http.ResponseWriter, r *http.Request) {
	packed, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("SAMLRequest"))
	if err != nil || r.URL.RawQuery == "" {
		s.refuse(w, r, codeMalformed)
		return
	}
	raw, ok := inflate(packed)
	if !ok {
		s.refuse(w, r, codeMalformed)
		return
	}
	s.serveRequest(w, r, raw, s.URL+r.URL.Path, r.URL.RawQuery, r.URL.Query().Get("RelayState"))
}

func (s *Server) serveRequest(w http.ResponseWriter, r *http.Request, raw []byte, destination, query, relay string) {
	now := s.now()
	request, sp, code := s.accept(r.Context(), raw, destination, query, now)
	if code != "" {
		s.refuse(w, r, code)
		return
	}
	p := &procedure{request: request, sp: sp, relay: relay, created: now}
	if c := s.takeSignIn(); c != nil {
		p.choice = c
		s.answer(w, r, *p)
		return
	}
	id, err := s.begin(p)
	if err != nil {
		http.Error(w, "Zu viele Vorgänge", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, s.URL+"/idp/anmelden?vorgang="+id, http.StatusSeeOther)
}

// offered reports whether a login suits the request.
func offered(r authnRequest, l Login) bool {
	switch {
	case l.Level < r.level:
		return false
	case !l.Guest && len(r.methods) > 0 && !slices.Contains(r.methods, l.Means):
		return false
	case l.Guest && (r.wants(bundid.AttrBPK2) || r.wants(bundid.AttrPostkorbHandle)):
		return false
	case l.Means == bundid.MeansFINK && r.requires(bundid.AttrPostkorbHandle):
		return false
	}
	return true
}

// offer is a persona with the logins that suit a request.
type offer struct {
	Persona Persona
	Logins  []Login
}

type page struct {
	Procedure    string
	Organization string
	BackURL      string
	Level        bundid.Level
	Offers       []offer
	Name         string
	Login        Login
	Values       []shown
	// of the last page
	Action, Response, Relay string
}

// shown is one line of the data page.
type shown struct{ Label, Text, Level string }

func (s *Server) page(id string, p procedure) page {
	out := page{Procedure: id, Organization: p.request.organization, Level: p.request.level}
	if u, err := url.Parse(p.request.backURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		out.BackURL = p.request.backURL
	}
	return out
}

func (s *Server) serveChoice(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("vorgang")
	p, ok := s.lookup(id, s.now())
	if !ok {
		s.refuse(w, r, codeExpired)
		return
	}
	data := s.page(id, p)
	for _, persona := range s.personas {
		o := offer{Persona: persona}
		for _, l := range persona.Logins {
			if offered(p.request, l) {
				o.Logins = append(o.Logins, l)
			}
		}
		if len(o.Logins) > 0 {
			data.Offers = append(data.Offers, o)
		}
	}
	s.render(w, http.StatusOK, "anmelden.html", data, origin(p.request.acs))
}

// form reads the procedure of a posted page.
func (s *Server) form(w http.ResponseWriter, r *http.Request) (string, procedure, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, codeExpired)
		return "", procedure{}, false
	}
	id := r.PostForm.Get("vorgang")
	p, ok := s.lookup(id, s.now())
	if !ok {
		s.refuse(w, r, codeExpired)
	}
	return id, p, ok
}

func (s *Server) acceptChoice(w http.ResponseWriter, r *http.Request) {
	id, p, ok := s.form(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("aktion") == "abbrechen" {
		s.cancel(w, r, id, p)
		return
	}
	personaID, key, _ := strings.Cut(r.PostForm.Get("wahl"), "/")
	for _, persona := range s.personas {
		for _, l := range persona.Logins {
			if persona.ID == personaID && l.Key() == key && offered(p.request, l) {
				s.choose(id, choice{persona: persona, login: l})
				http.Redirect(w, r, s.URL+"/idp/uebermittlung?vorgang="+id, http.StatusSeeOther)
				return
			}
		}
	}
	http.Redirect(w, r, s.URL+"/idp/anmelden?vorgang="+id, http.StatusSeeOther)
}

func (s *Server) serveConsent(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("vorgang")
	p, ok := s.lookup(id, s.now())
	if !ok || p.choice == nil {
		s.refuse(w, r, codeExpired)
		return
	}
	data := s.page(id, p)
	data.Name, data.Login = p.choice.persona.Name, p.choice.login
	for _, v := range s.values(p, *p.choice) {
		data.Values = append(data.Values, shown{Label: v.label, Text: v.text, Level: levelLabel(v.level)})
	}
	s.render(w, http.StatusOK, "uebermittlung.html", data, origin(p.request.acs))
}

func (s *Server) acceptConsent(w http.ResponseWriter, r *http.Request) {
	id, p, ok := s.form(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("aktion") == "abbrechen" {
		s.cancel(w, r, id, p)
		return
	}
	if p.choice == nil || !s.finish(id) {
		s.refuse(w, r, codeExpired)
		return
	}
	s.answer(w, r, p)
}

func (s *Server) cancel(w http.ResponseWriter, r *http.Request, id string, p procedure) {
	if !s.finish(id) {
		s.refuse(w, r, codeExpired)
		return
	}
	p.choice = nil
	s.answer(w, r, p)
}

// answer shows the page that posts the response to the service provider.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, p procedure) {
	fault := s.takeFault()
	raw, err := s.respond(p, fault, s.now())
	if err != nil {
		s.log.ErrorContext(r.Context(), "bundidsim: response", "error", err)
		http.Error(w, "Interner Fehler des Simulators", http.StatusInternalServerError)
		return
	}
	encoded := encode64(raw)
	s.mu.Lock()
	if fault == FaultReplay && s.last != "" {
		encoded = s.last
	}
	s.last = encoded
	s.mu.Unlock()
	s.log.InfoContext(r.Context(), "bundidsim: response", "fault", fault.String(), "canceled", p.choice == nil)
	data := s.page("", p)
	data.Action, data.Response, data.Relay = p.request.acs, encoded, p.relay
	s.render(w, http.StatusOK, "weiter.html", data, origin(p.request.acs))
}

// origin returns scheme, host and port of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
