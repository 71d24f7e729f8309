// Package web is the ground under the portal's pages: sessions, languages,
// rendering, security headers, and the one place where an error becomes a
// page. The pages themselves are in its sub-packages.
package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Core is what all pages share. Its fields are set once before the first
// request. It may be used concurrently.
type Core struct {
	Log      *slog.Logger
	Now      func() time.Time
	Texts    *Texts
	Renderer *Renderer
	Sessions *Sessions

	Public     *url.URL // public address of the portal
	Demo       bool     // simulators run and the banner shows
	PortalName string
	Town       string
	// TesterURL is where the demo's pages for testers are. Default: /test.
	TesterURL string

	// Nav returns the main navigation of the citizens' pages.
	Nav func(r *Request) []Link
	// StaffNav returns the navigation of the staff's pages.
	StaffNav func(r *Request) []Link
	// StaffBanner names whom the employee represents, empty else.
	StaffBanner func(r *Request) string
	// Staff resolves an employee for the layout.
	Staff func(ctx context.Context, person string) (StaffView, bool)
	// PlaceName resolves an area key for the layout.
	PlaceName func(ctx context.Context, key string) (string, bool)
	// Unread counts the unread messages of an account.
	Unread func(ctx context.Context, account string) int
	// FormOrigins are further origins that forms may be sent to: login and
	// payment providers.
	FormOrigins []string

	mux    *http.ServeMux
	routes []string
}

// Request is one request with what the core knows of it.
type Request struct {
	*http.Request
	Core    *Core
	W       http.ResponseWriter
	Lang    string
	ID      string   // error number that people can name and the log holds
	Session *Session // nil when there is none; see NeedSession
	Staff   *Session // session of an employee, only under /amt
	Expired bool     // a session cookie came whose time is over
}

// Handler answers a request or returns an error that becomes a page.
type Handler func(r *Request) error

// Error is an answer other than success: a status and a text key of the form
// error.<code>. It may carry a cause for the log.
type Error struct {
	Status int
	Code   string
	Cause  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return "web: " + e.Code + ": " + e.Cause.Error()
	}
	return "web: " + e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// The answers that many pages need.
var (
	ErrNotFound   = &Error{Status: http.StatusNotFound, Code: "not-found"}
	ErrBadRequest = &Error{Status: http.StatusBadRequest, Code: "bad-request"}
	ErrCharacters = &Error{Status: http.StatusBadRequest, Code: "characters"}
	ErrTooLarge   = &Error{Status: http.StatusRequestEntityTooLarge, Code: "too-large"}
	ErrForbidden  = &Error{Status: http.StatusForbidden, Code: "forbidden"}
	ErrConflict   = &Error{Status: http.StatusConflict, Code: "conflict"}
	ErrGone       = &Error{Status: http.StatusGone, Code: "gone"}
	ErrOrigin     = &Error{Status: http.StatusForbidden, Code: "origin"}
	ErrExpired    = &Error{Status: http.StatusUnauthorized, Code: "expired"}
)

// Routes lists the patterns that were registered, for tests and the tester.
func (c *Core) Routes() []string { return slices.Clone(c.routes) }

// Handle registers a page. The pattern is one of http.ServeMux with method.
func (c *Core) Handle(pattern string, h Handler) {
	if c.mux == nil {
		c.mux = http.NewServeMux()
	}
	c.routes = append(c.routes, pattern)
	c.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) { c.serve(w, hr, h) }))
}

// HandleRaw registers a handler that needs no session and no language.
func (c *Core) HandleRaw(pattern string, h http.Handler) {
	if c.mux == nil {
		c.mux = http.NewServeMux()
	}
	c.routes = append(c.routes, pattern)
	c.mux.Handle(pattern, h)
}

// Handler returns the portal's handler with all protections around the
// registered pages.
func (c *Core) Handler(crossOrigin ...string) http.Handler {
	c.HandleRaw("GET /static/", c.Renderer.serveStatic())
	c.mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		c.serve(w, hr, func(*Request) error { return ErrNotFound })
	}))
	cop := http.NewCrossOriginProtection()
	for _, pattern := range crossOrigin {
		cop.AddInsecureBypassPattern(pattern) // named exceptions: answers of login and payment providers
	}
	cop.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		c.serve(w, hr, func(*Request) error { return ErrOrigin })
	}))
	inner := cop.Handler(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		if _, pattern := c.mux.Handler(hr); pattern == "/" || pattern == "" {
			if allow := c.allowed(hr); allow != "" {
				w.Header().Set("Allow", allow)
				c.serve(w, hr, func(*Request) error { return &Error{Status: http.StatusMethodNotAllowed, Code: "method"} })
				return
			}
		}
		c.mux.ServeHTTP(w, hr)
	}))
	return c.headers(inner)
}

// allowed names the methods that the address would take.
func (c *Core) allowed(hr *http.Request) string {
	var methods []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		if m == hr.Method {
			continue
		}
		probe := hr.Clone(hr.Context())
		probe.Method = m
		if _, pattern := c.mux.Handler(probe); pattern != "/" && pattern != "" {
			methods = append(methods, m)
		}
	}
	return strings.Join(methods, ", ")
}

func (c *Core) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setDeadlines(w, r)
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", c.policy(nil))
		if c.Public != nil && c.Public.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		if !strings.HasPrefix(r.URL.Path, "/static/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// How long a peer may take: for a form, and for what can hold files.
const (
	formTime     = 2 * time.Minute
	transferTime = 30 * time.Minute
)

// setDeadlines ends what a slow or silent peer would else hold for ever. A
// request without a body gets the long time: reading that times out in the
// middle of a download would cancel it.
func setDeadlines(w http.ResponseWriter, r *http.Request) {
	now, read := time.Now(), formTime // the wall clock: the network knows no other
	if r.ContentLength == 0 || strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		read = transferTime
	}
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(now.Add(read)) // without a connection, as in a test, there is none
	_ = conn.SetWriteDeadline(now.Add(transferTime))
}

func (c *Core) policy(forms []string) string {
	form := append([]string{"'self'"}, c.FormOrigins...)
	return "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'none'; form-action " +
		strings.Join(append(form, forms...), " ") + "; base-uri 'none'; frame-ancestors 'none'"
}

// cleanText reports whether s is valid UTF-8 without NUL.
func cleanText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func (c *Core) serve(w http.ResponseWriter, hr *http.Request, h Handler) {
	r := &Request{Request: hr, Core: c, W: w, Lang: German, ID: rand.Text()[:10]}
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			c.Log.LogAttrs(hr.Context(), slog.LevelError, "page panicked", slog.String("id", r.ID), slog.String("path", routeOf(hr)), slog.Any("panic", v))
			c.fail(r, &Error{Status: http.StatusInternalServerError, Code: "internal"})
		}
	}()
	if !cleanText(hr.URL.Path) {
		c.fail(r, ErrCharacters)
		return
	}
	query, err := url.ParseQuery(hr.URL.RawQuery)
	if err != nil {
		c.fail(r, ErrBadRequest)
		return
	}
	for _, values := range query {
		if slices.ContainsFunc(values, func(s string) bool { return !cleanText(s) }) {
			c.fail(r, ErrCharacters)
			return
		}
	}
	c.chooseLang(r, query)
	if err := c.loadSessions(r); err != nil {
		c.fail(r, err)
		return
	}
	if err := h(r); err != nil {
		c.fail(r, err)
	}
}

func (c *Core) loadSessions(r *Request) (err error) {
	if strings.HasPrefix(r.URL.Path, "/amt") {
		r.Staff, r.Expired, err = c.Sessions.load(r.Request, StaffSession)
		return err
	}
	r.Session, r.Expired, err = c.Sessions.load(r.Request, CitizenSession)
	return err
}

func (c *Core) chooseLang(r *Request, query url.Values) {
	if l := query.Get("lang"); slices.Contains(languages, l) {
		r.Lang = l
		http.SetCookie(r.W, &http.Cookie{Name: "stadttor_sprache", Value: l, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: c.Sessions.Secure, SameSite: http.SameSiteLaxMode})
		return
	}
	if k, err := r.Cookie("stadttor_sprache"); err == nil && slices.Contains(languages, k.Value) {
		r.Lang = k.Value
		return
	}
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case German:
			return
		case English:
			r.Lang = English
			return
		}
	}
}

// T translates a key into the page's language.
func (r *Request) T(key string, pairs ...any) string { return r.Core.Texts.Get(r.Lang, key, pairs...) }

// Now is the portal's time, in UTC with microseconds.
func (r *Request) Now() time.Time { return r.Core.Now().UTC().Truncate(time.Microsecond) }

// NeedSession returns the visitor's session and makes one when there is none.
func (r *Request) NeedSession() *Session {
	if r.Session == nil {
		r.Session = r.Core.Sessions.create(CitizenSession)
	}
	return r.Session
}

// Change marks the session as changed; it is written before the answer goes out.
func (r *Request) Change() { r.NeedSession().dirty = true }

// Flash says something on the next page.
func (r *Request) Flash(kind, key string, pairs ...any) {
	f := Flash{Kind: kind, Text: r.T(key, pairs...)}
	if r.Staff != nil {
		r.Staff.Flash = append(r.Staff.Flash, f)
		r.Staff.dirty = true
		return
	}
	s := r.NeedSession()
	s.Flash = append(s.Flash, f)
	s.dirty = true
}

// Renew replaces the session by a new one with a new key and keeps place and
// language: at login and at logout, against session fixation.
func (r *Request) Renew() (*Session, error) {
	old := r.Session
	s := r.Core.Sessions.create(CitizenSession)
	if old != nil {
		s.Place = old.Place
		if err := r.Core.Sessions.end(r.Context(), r.W, old); err != nil {
			return nil, err
		}
	}
	r.Session = s
	return s, nil
}

// End ends the visitor's session; nothing of it stays.
func (r *Request) End() error {
	err := r.Core.Sessions.end(r.Context(), r.W, r.Session)
	r.Session = nil
	return err
}

// RenewStaff starts a new session of an employee.
func (r *Request) RenewStaff() (*Session, error) {
	if r.Staff != nil {
		if err := r.Core.Sessions.end(r.Context(), r.W, r.Staff); err != nil {
			return nil, err
		}
	}
	r.Staff = r.Core.Sessions.create(StaffSession)
	return r.Staff, nil
}

// EndStaff ends the session of an employee.
func (r *Request) EndStaff() error {
	err := r.Core.Sessions.end(r.Context(), r.W, r.Staff)
	r.Staff = nil
	return err
}

// ChangeStaff marks the employee's session as changed.
func (r *Request) ChangeStaff() {
	if r.Staff != nil {
		r.Staff.dirty = true
	}
}

// save writes the sessions; it must run before the first byte of the answer.
func (r *Request) save() error {
	if err := r.Core.Sessions.save(r.Context(), r.W, r.Session); err != nil {
		return err
	}
	return r.Core.Sessions.save(r.Context(), r.W, r.Staff)
}

// maxForm bounds a form without files.
const maxForm = 1 << 20

// Form parses a form of at most 1 MiB and refuses NUL and wrong UTF-8. After
// it, PostFormValue may be used.
func (r *Request) Form() error {
	if err := r.RawForm(); err != nil {
		return err
	}
	for name, values := range r.PostForm {
		if !cleanText(name) || slices.ContainsFunc(values, func(s string) bool { return !cleanText(s) }) {
			return ErrCharacters
		}
	}
	return nil
}

// RawForm parses a form of at most 1 MiB and leaves the check of characters
// to the caller, who can then name the field.
func (r *Request) RawForm() error {
	r.Body = http.MaxBytesReader(r.W, r.Body, maxForm)
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(maxForm)
		if err == nil && r.MultipartForm != nil && r.PostForm == nil {
			r.PostForm = url.Values(r.MultipartForm.Value)
		}
	} else {
		err = r.ParseForm()
	}
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return ErrTooLarge
	case err != nil:
		return ErrBadRequest
	}
	return nil
}

// Redirect answers with 303 to an address of the portal itself.
func (r *Request) Redirect(to string) error {
	if !localPath(to) {
		to = "/"
	}
	if err := r.save(); err != nil {
		return err
	}
	http.Redirect(r.W, r.Request, to, http.StatusSeeOther)
	return nil
}

// RedirectOut answers with 303 to an address outside, for example a login
// provider; the caller vouches for it.
func (r *Request) RedirectOut(to string) error {
	if err := r.save(); err != nil {
		return err
	}
	http.Redirect(r.W, r.Request, to, http.StatusSeeOther)
	return nil
}

// localPath reports whether an address stays on this portal.
func localPath(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t\x00") {
		return false
	}
	u, err := url.Parse(p)
	return err == nil && u.Host == "" && u.Scheme == ""
}

// LocalPath returns p when it stays on this portal, else the fallback.
func LocalPath(p, fallback string) string {
	if localPath(p) {
		return p
	}
	return fallback
}

// Render answers with a page.
func (r *Request) Render(page string, v View) error {
	d := r.layout(v, strings.HasPrefix(page, "desk/") || strings.HasPrefix(page, "bis/"))
	body, err := r.Core.Renderer.execute(page, d)
	if err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	h := r.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", htmlLang(r.Lang))
	h.Add("Vary", "Accept-Language, Cookie")
	if len(v.Forms) > 0 {
		h.Set("Content-Security-Policy", r.Core.policy(v.Forms))
	}
	status := v.Status
	if status == 0 {
		status = http.StatusOK
		if len(v.Errors) > 0 {
			status = http.StatusUnprocessableEntity
		}
	}
	r.W.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, err = r.W.Write(body)
		if err != nil {
			r.Core.Log.LogAttrs(r.Context(), slog.LevelDebug, "client went away", slog.String("id", r.ID))
		}
	}
	return nil
}

func (r *Request) layout(v View, staff bool) *layoutData {
	c := r.Core
	d := &layoutData{View: v, Lang: r.Lang, HTMLLang: htmlLang(r.Lang), PortalName: c.PortalName, Town: c.Town,
		Path: r.URL.Path, Demo: c.Demo, Query: v.Search}
	if c.Public != nil {
		d.CanonicalURL = c.Public.JoinPath(r.URL.Path).String()
	}
	for _, l := range languages {
		d.LangLinks = append(d.LangLinks, LangLink{Lang: l, HTMLLang: htmlLang(l), Name: c.Texts.Get(l, "lang.name"), URL: langURL(r, l), Current: l == r.Lang})
	}
	if c.Demo {
		d.SimURL = cmp.Or(c.TesterURL, "/test")
	}
	if staff {
		r.staffLayout(d)
		return d
	}
	if c.Nav != nil {
		d.Nav = c.Nav(r)
	}
	if s := r.Session; s != nil {
		if len(s.Flash) > 0 {
			d.Flash, s.Flash, s.dirty = s.Flash, nil, true
		}
		if s.LoggedIn() {
			d.User = &UserView{Name: s.Name, Level: r.T("level." + levelKey(s.Level))}
			d.ExpiresAt, d.Now, d.Extend = c.Sessions.until(s), r.Now(), "/konto"
			if r.Method == http.MethodGet {
				d.Extend = selfPath(r)
			}
			if s.Account != "" && c.Unread != nil {
				d.User.UnreadCount = c.Unread(r.Context(), s.Account)
			}
		}
	}
	if key := r.PlaceKey(); key != "" && c.PlaceName != nil {
		if name, ok := c.PlaceName(r.Context(), key); ok {
			d.Place = &PlaceView{Name: name, Key: key, ChangeURL: "/ort?weiter=" + url.QueryEscape(selfPath(r))}
		}
	}
	return d
}

func (r *Request) staffLayout(d *layoutData) {
	c := r.Core
	if r.Staff == nil {
		return
	}
	if c.StaffNav != nil {
		d.Nav = c.StaffNav(r)
	}
	if c.Staff != nil {
		if v, ok := c.Staff(r.Context(), r.Staff.Person); ok {
			d.StaffUser = &v
		}
	}
	if c.StaffBanner != nil {
		d.Banner = c.StaffBanner(r)
	}
	if len(r.Staff.Flash) > 0 {
		d.Flash, r.Staff.Flash, r.Staff.dirty = r.Staff.Flash, nil, true
	}
	d.ExpiresAt = c.Sessions.until(r.Staff)
}

// langURL stays on the same page; a page that answers a form is left by its
// address alone.
func langURL(r *Request, lang string) string { return withLang(r.URL, lang) }

// selfPath is the address of this page for a way back, without the language.
func selfPath(r *Request) string {
	path, q := ownPath(r.URL), r.URL.Query()
	q.Del("lang")
	if r.Method != http.MethodGet || len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// ownPath is the path of an address as it was written. Read, "/%2Fx.example"
// would be "//x.example", and a link to that leads to another site.
func ownPath(u *url.URL) string { return LocalPath(u.EscapedPath(), "/") }

// SelfPath is the address of this page for a way back.
func (r *Request) SelfPath() string { return selfPath(r) }

// PlaceKey is the area key that the visitor chose: the one in the address if
// it names a place, else the one of the session.
func (r *Request) PlaceKey() string {
	if key := r.URL.Query().Get("ort"); key != "" && len(key) <= 12 && strings.Trim(key, "0123456789") == "" {
		if r.Core.PlaceName == nil {
			return key
		}
		if _, ok := r.Core.PlaceName(r.Context(), key); ok {
			return key
		}
	}
	if r.Session != nil {
		return r.Session.Place
	}
	return ""
}

// LevelKey is the text key part of a trust level.
func LevelKey(level int) string { return levelKey(level) }

func levelKey(level int) string {
	switch level {
	case 1:
		return "basis"
	case 2:
		return "niedrig"
	case 3:
		return "substantiell"
	case 4:
		return "hoch"
	}
	return "none"
}

// fail turns an error into a page and one log line without personal data.
func (c *Core) fail(r *Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return
		}
		e = &Error{Status: http.StatusInternalServerError, Code: "internal", Cause: err}
	}
	if e.Status >= 500 {
		cause := "none"
		if e.Cause != nil {
			cause = e.Cause.Error()
		}
		c.Log.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("id", r.ID), slog.String("path", routeOf(r.Request)), slog.String("cause", cause))
	}
	if e.Status == http.StatusTooManyRequests {
		r.W.Header().Set("Retry-After", "60")
	}
	page := "error/error"
	if strings.HasPrefix(r.URL.Path, "/amt") && r.Staff != nil {
		page = "desk/error"
	}
	v := View{Title: r.T("error." + e.Code + ".title"), Status: e.Status, Noindex: true,
		Data: map[string]any{"Code": e.Code, "Status": e.Status, "ID": r.ID}}
	if renderErr := r.Render(page, v); renderErr != nil {
		c.Log.LogAttrs(r.Context(), slog.LevelError, "error page failed", slog.String("id", r.ID), slog.String("cause", renderErr.Error()))
		http.Error(r.W, "Das hat leider nicht geklappt. Fehlernummer: "+r.ID, http.StatusInternalServerError)
	}
}

// routeOf is what the log may know of an address: the pattern, never the
// values in it.
func routeOf(r *http.Request) string {
	if r.Pattern != "" {
		return r.Pattern
	}
	return r.Method + " (unmatched)"
}

// Set keeps a small value in the session.
func (r *Request) Set(key, value string) {
	s := r.NeedSession()
	if s.Values == nil {
		s.Values = map[string]string{}
	}
	if value == "" {
		delete(s.Values, key)
	} else {
		s.Values[key] = value
	}
	s.dirty = true
}

// Get reads a small value of the session.
func (r *Request) Get(key string) string {
	if r.Session == nil {
		return ""
	}
	return r.Session.Values[key]
}
