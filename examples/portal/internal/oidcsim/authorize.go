package oidcsim

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize checks an authentication request (OpenID Connect Core 3.1.2). An
// unknown client or address is told to the person, every other mistake to the
// client.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, http.StatusBadRequest, "Die Anfrage ist nicht lesbar.")
		return
	}
	q := r.Form
	for name, values := range q {
		if len(values) > 1 { // RFC 6749, 3.1: no parameter twice
			s.problem(w, http.StatusBadRequest, "Die Anfrage enthält den Parameter „"+name+"“ mehrfach.")
			return
		}
	}
	c, ok := s.client(q.Get("client_id"))
	if !ok {
		s.problem(w, http.StatusBadRequest, "Diese Anwendung ist beim Anmeldedienst nicht bekannt (client_id).")
		return
	}
	if !slices.Contains(c.RedirectURIs, q.Get("redirect_uri")) {
		s.problem(w, http.StatusBadRequest, "Die Rücksprungadresse ist nicht hinterlegt (redirect_uri).")
		return
	}
	req := request{client: c.ID, redirect: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), scope: q.Get("scope")}
	if code, text := checkRequest(q); code != "" {
		s.refuse(w, r, req, code, text)
		return
	}
	now := s.now()
	req.until = now.Add(requestLife)
	id := rand.Text()
	s.mu.Lock()
	s.sweep(now)
	full := len(s.requests) >= maxPending
	if !full {
		s.requests[id] = req
	}
	s.mu.Unlock()
	if full {
		s.refuse(w, r, req, "temporarily_unavailable", "too many open logins")
		return
	}
	s.render(w, http.StatusOK, req.redirect, page{Title: "Anmeldedienst der Verwaltung (Simulator)", Request: id, Groups: s.groups(c.ID), Client: c.ID})
}

// checkRequest returns an error code with its description, or nothing.
func checkRequest(q url.Values) (code, text string) {
	switch {
	case q.Has("request"):
		return "request_not_supported", "request objects are not supported"
	case q.Has("request_uri"):
		return "request_uri_not_supported", "request objects are not supported"
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "response_type must be code"
	case q.Has("response_mode") && q.Get("response_mode") != "query":
		return "invalid_request", "response_mode must be query"
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return "invalid_scope", "scope must contain openid"
	case q.Get("state") == "":
		return "invalid_request", "state is required"
	case q.Get("nonce") == "":
		return "invalid_request", "nonce is required"
	case q.Get("code_challenge_method") != "S256":
		return "invalid_request", "code_challenge_method must be S256"
	case len(q.Get("code_challenge")) != 43 || strings.Trim(q.Get("code_challenge"), base64url) != "":
		return "invalid_request", "code_challenge is not a SHA-256 value"
	case len(q.Get("state")) > 2000 || len(q.Get("nonce")) > 500:
		return "invalid_request", "state or nonce is too long"
	case q.Get("prompt") == "none":
		return "login_required", "nobody is logged in"
	}
	return "", ""
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// refuse tells the client an error.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, req request, code, text string) {
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "authentication request refused", slog.String("client", req.client), slog.String("error", code))
	v := url.Values{"error": {code}, "error_description": {text}}
	s.back(w, r, req, v)
}

// back leads the browser to the client.
func (s *Server) back(w http.ResponseWriter, r *http.Request, req request, v url.Values) {
	u, err := url.Parse(req.redirect)
	if err != nil {
		s.problem(w, http.StatusBadRequest, "Die Rücksprungadresse ist nicht lesbar.")
		return
	}
	q := u.Query()
	for k, vs := range v {
		q[k] = vs
	}
	if req.state != "" {
		q.Set("state", req.state)
	}
	q.Set("iss", s.URL) // RFC 9207
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

// choose takes the person's choice and gives the client a code.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		s.problem(w, http.StatusForbidden, "Bitte wählen Sie auf der Seite des Anmeldedienstes.")
		return
	}
	if err := r.ParseForm(); err != nil {
		s.problem(w, http.StatusBadRequest, "Die Anfrage ist nicht lesbar.")
		return
	}
	now := s.now()
	id := r.PostForm.Get("anfrage")
	s.mu.Lock()
	req, ok := s.requests[id]
	delete(s.requests, id)
	s.mu.Unlock()
	if !ok || now.After(req.until) {
		s.problem(w, http.StatusGone, "Diese Anmeldung ist abgelaufen. Bitte beginnen Sie im Portal noch einmal.")
		return
	}
	if r.PostForm.Has("abbrechen") {
		s.refuse(w, r, req, "access_denied", "the person canceled")
		return
	}
	p, ok := s.person(req.client, r.PostForm.Get("person"))
	if !ok {
		s.refuse(w, r, req, "access_denied", "nobody was chosen")
		return
	}
	req.until = now.Add(codeLife)
	code := rand.Text()
	s.mu.Lock()
	s.sweep(now)
	s.codes[code] = grant{request: req, person: p, authAt: now}
	s.mu.Unlock()
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "person logged in", slog.String("client", req.client), slog.String("sub", p.Sub))
	s.back(w, r, req, url.Values{"code": {code}})
}

// endSession ends the login; there is none to end, since every login asks.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, http.StatusBadRequest, "Die Anfrage ist nicht lesbar.")
		return
	}
	p := page{Title: "Sie sind abgemeldet", LoggedOut: true}
	if back := r.Form.Get("post_logout_redirect_uri"); back != "" {
		c, ok := s.client(r.Form.Get("client_id"))
		if !ok || !slices.Contains(c.PostLogoutURIs, back) {
			s.problem(w, http.StatusBadRequest, "Die Rücksprungadresse ist nicht hinterlegt (post_logout_redirect_uri).")
			return
		}
		u, err := url.Parse(back)
		if err != nil {
			s.problem(w, http.StatusBadRequest, "Die Rücksprungadresse ist nicht lesbar.")
			return
		}
		if st := r.Form.Get("state"); st != "" {
			q := u.Query()
			q.Set("state", st)
			u.RawQuery = q.Encode()
		}
		p.Back = u.String()
	}
	s.render(w, http.StatusOK, "", p)
}
