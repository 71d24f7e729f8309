package bundid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Binding is the way a request takes to the account.
type Binding int

// The bindings. POST is preferred: the request is long.
const (
	BindingPOST Binding = iota
	BindingRedirect
)

// LoginRequest says what a login is for.
type LoginRequest struct {
	// Level is the lowest level that suffices. Required.
	Level Level
	// Methods are the means to offer. Empty: the operator's default. Smart-eID
	// cannot be asked for. A temporary login cannot be switched off here.
	Methods []Means
	// Attributes are those to hand over. The level reached and the means are
	// always asked for as well. Asking for AttrBPK2 or AttrPostkorbHandle hides
	// means that have none, above all the temporary login.
	Attributes []RequestedAttribute
	// Lang is the language of the account's pages: de (default), en, ru, uk.
	Lang string
	// State comes back in the Login and in a ResponseError. It is kept on our
	// side and never sent; at most 2048 bytes.
	State string
	// BackURL is where the account's "back to the service" leads; it must have
	// the origin of Config.ACSURL. Without it, the citizen comes back with
	// ReasonCanceled.
	BackURL string
	// Binding is the way of the request. Default: POST.
	Binding Binding
}

// Redirect tells how to send the browser to the account. With Method POST,
// show a page with a form of Form's fields that posts to URL, with a button so
// that it works without scripts; with GET, redirect to URL. In both cases set
// Cookie first: it binds the answer to this browser. Add the origin of URL to
// the form-action of the page's Content-Security-Policy.
type Redirect struct {
	Method string
	URL    string
	Form   url.Values
	Cookie *http.Cookie
}

// pendingRequest is what we remember of a request, as Request.Data.
type pendingRequest struct {
	RelayState string
	Browser    []byte // hash of the cookie's value
	Cookie     string // name of the cookie
	Level      Level
	Attributes []RequestedAttribute
	State      string
}

const maxState = 2048

// Start begins a login: it stores a pending request and returns the way to the
// account. Errors are *RequestError for a bad request, ErrFull for a store
// that takes no more, and errors of the store or the signer.
func (sp *ServiceProvider) Start(ctx context.Context, lr LoginRequest) (*Redirect, error) {
	now := sp.now()
	if err := sp.checkLogin(&lr); err != nil {
		return nil, err
	}
	id, browser := "_"+sp.newRandomID(), sp.newRandomID()
	pending := pendingRequest{
		RelayState: sp.newRandomID(),
		Browser:    digest(browser),
		Cookie:     sp.cfg.CookieName + "-" + hex.EncodeToString(digest(id)[:6]),
		Level:      lr.Level,
		Attributes: lr.Attributes,
		State:      lr.State,
	}
	redirect, err := sp.encodeRequest(id, now, lr, pending.RelayState)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(pending)
	if err != nil {
		return nil, fmt.Errorf("bundid: start: %w", err)
	}
	record := Request{ID: id, CreatedAt: now, ExpiresAt: now.Add(sp.cfg.RequestLifetime), Data: data}
	err = sp.store.PutRequest(ctx, record)
	if errors.Is(err, ErrFull) {
		if err = sp.store.Purge(ctx, now); err == nil {
			err = sp.store.PutRequest(ctx, record)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("bundid: start: %w", err)
	}
	redirect.Cookie = &http.Cookie{
		Name: pending.Cookie, Value: browser, Path: "/", HttpOnly: true,
		Secure: !sp.cfg.InsecureAllowHTTP, SameSite: http.SameSiteLaxMode,
		MaxAge: int(sp.cfg.RequestLifetime / time.Second),
	}
	return redirect, nil
}

// checkLogin validates and completes lr.
func (sp *ServiceProvider) checkLogin(lr *LoginRequest) error {
	if lr.Level < LevelBasis || lr.Level > LevelHoch {
		return &RequestError{Field: "Level"}
	}
	for i, m := range lr.Methods {
		if !slices.Contains(requestableMeans, m) || slices.Contains(lr.Methods[:i], m) {
			return &RequestError{Field: "Methods"}
		}
	}
	if lr.Lang == "" {
		lr.Lang = "de"
	}
	if !slices.Contains([]string{"de", "en", "ru", "uk"}, lr.Lang) {
		return &RequestError{Field: "Lang"}
	}
	if len(lr.State) > maxState || !utf8.ValidString(lr.State) {
		return &RequestError{Field: "State"}
	}
	if lr.BackURL != "" {
		u, err := checkURL(lr.BackURL, sp.cfg.InsecureAllowHTTP)
		if err != nil || u.Scheme != sp.acs.Scheme || u.Host != sp.acs.Host {
			return &RequestError{Field: "BackURL"}
		}
	}
	if lr.Binding == BindingPOST && sp.idp.post == "" ||
		lr.Binding == BindingRedirect && sp.idp.redirect == "" ||
		lr.Binding != BindingPOST && lr.Binding != BindingRedirect {
		return &RequestError{Field: "Binding"}
	}
	attributes, ok := completeAttributes(lr.Attributes)
	if !ok {
		return &RequestError{Field: "Attributes"}
	}
	lr.Attributes = attributes
	return nil
}

// completeAttributes adds what the checks of the answer need. Asking for it
// hides no means.
func completeAttributes(asked []RequestedAttribute) ([]RequestedAttribute, bool) {
	var all []RequestedAttribute
	known := make(map[string]bool)
	for _, a := range asked {
		if !validAttributeName(a.Name) || known[a.Name] || len(asked) > 100 {
			return nil, false
		}
		known[a.Name] = true
		all = append(all, a)
	}
	for _, name := range []string{AttrQAALevel, AttrAssertionProvedBy} {
		if !known[name] {
			all = append(all, RequestedAttribute{Name: name})
		}
	}
	return all, true
}

func validAttributeName(name string) bool {
	oid, ok := strings.CutPrefix(name, "urn:oid:")
	return ok && oid != "" && len(name) <= 200 && strings.Trim(oid, "0123456789.") == ""
}

// newRandomID returns 256 random bits in letters that suit IDs, cookies and
// relay states alike (43 characters; a relay state may have 80).
func newRandomID() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func digest(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}
