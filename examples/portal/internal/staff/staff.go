// Package staff logs employees in with OpenID Connect (authorization code with
// PKCE). It holds no session: what has to be remembered between the two steps
// is an [Attempt], which the caller keeps in the browser's session.
package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// AttemptLife is how long a login may take.
const AttemptLife = 10 * time.Minute

// Reason says why a login did not succeed.
type Reason string

// The reasons.
const (
	ReasonUnavailable Reason = "unavailable" // the provider does not answer
	ReasonState       Reason = "state"       // the answer belongs to no login of this browser
	ReasonExpired     Reason = "expired"     // the login took too long
	ReasonIssuer      Reason = "issuer"      // another provider answered
	ReasonCanceled    Reason = "canceled"    // the person or the provider refused
	ReasonProvider    Reason = "provider"    // the provider reports an error
	ReasonCode        Reason = "code"        // the provider did not take the code
	ReasonToken       Reason = "token"       // the ID token is not valid
	ReasonNonce       Reason = "nonce"       // the ID token belongs to another login
	ReasonUnknown     Reason = "unknown"     // nobody of the staff
)

// Error says why a login did not succeed. Its text is safe for logs; the
// cause may hold text of the provider.
type Error struct {
	Reason Reason
	Err    error
}

// Error implements error.
func (e *Error) Error() string { return "staff: login failed: " + string(e.Reason) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Login is the portal's side of the login of employees. All fields but HTTP
// and Now are required and are set before the first use. It may be used
// concurrently. The provider is asked for its configuration at the first
// login, so the portal can start before it.
type Login struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string // address of the callback page
	// Person finds the employee; ok is false when there is none.
	Person func(ctx context.Context, issuer, subject string) (id string, ok bool)
	// HTTP asks the provider; default: a client that gives up after ten seconds.
	HTTP *http.Client
	// Now is the clock; default time.Now.
	Now func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
	logout   string
}

// Attempt is what must be remembered of a login that has begun. It is secret
// to the browser that began it and may be used once.
type Attempt struct {
	State, Nonce, Verifier string
	At                     time.Time
}

// Identity is an employee who has logged in.
type Identity struct {
	Person  string
	Issuer  string
	Subject string
	AuthnAt time.Time
}

func (l *Login) now() time.Time {
	if l.Now != nil {
		return l.Now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

func (l *Login) client() *http.Client {
	c := http.Client{Timeout: 10 * time.Second}
	if l.HTTP != nil {
		c = *l.HTTP
	}
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = limited{next}
	return &c
}

// discover returns the provider's configuration. A failure is not kept: the
// next login asks again.
func (l *Login) discover(ctx context.Context) (*oidc.Provider, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.provider != nil {
		return l.provider, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, l.client()), l.Issuer)
	if err != nil {
		return nil, &Error{Reason: ReasonUnavailable, Err: err}
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, &Error{Reason: ReasonUnavailable, Err: err}
	}
	l.provider, l.logout = p, more.EndSession
	return p, nil
}

func (l *Login) config(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: l.ClientID, ClientSecret: l.ClientSecret, RedirectURL: l.RedirectURL,
		Endpoint: p.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

// Start begins a login: the browser is sent to address, and the attempt is
// kept for Callback. Error: *Error with ReasonUnavailable.
func (l *Login) Start(ctx context.Context) (address string, a Attempt, err error) {
	p, err := l.discover(ctx)
	if err != nil {
		return "", Attempt{}, err
	}
	a = Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), At: l.now()}
	return l.config(p).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// Callback ends a login with the query of the callback page. The caller must
// have removed the attempt from the session before, so that it is used once.
// Errors are *Error.
func (l *Login) Callback(ctx context.Context, query url.Values, a Attempt) (Identity, error) {
	if a.State == "" || len(query["state"]) != 1 || subtle.ConstantTimeCompare([]byte(a.State), []byte(query.Get("state"))) != 1 {
		return Identity{}, &Error{Reason: ReasonState}
	}
	now := l.now()
	if now.Sub(a.At) > AttemptLife || now.Before(a.At.Add(-time.Minute)) {
		return Identity{}, &Error{Reason: ReasonExpired}
	}
	// RFC 9207: the answer names who gives it, against mix-up of providers.
	if query.Has("iss") && query.Get("iss") != l.Issuer {
		return Identity{}, &Error{Reason: ReasonIssuer}
	}
	switch query.Get("error") {
	case "":
	case "access_denied", "login_required", "interaction_required":
		return Identity{}, &Error{Reason: ReasonCanceled}
	default:
		return Identity{}, &Error{Reason: ReasonProvider}
	}
	if len(query["code"]) != 1 || query.Get("code") == "" {
		return Identity{}, &Error{Reason: ReasonCode}
	}
	p, err := l.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, l.client())
	token, err := l.config(p).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500 {
			return Identity{}, &Error{Reason: ReasonCode, Err: err}
		}
		return Identity{}, &Error{Reason: ReasonUnavailable, Err: err}
	}
	return l.identify(ctx, p, token, a)
}

// maxAge bounds how old an ID token may be that was asked for just now.
const maxAge = 5 * time.Minute

func (l *Login) identify(ctx context.Context, p *oidc.Provider, token *oauth2.Token, a Attempt) (Identity, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, &Error{Reason: ReasonToken}
	}
	id, err := p.Verifier(&oidc.Config{ClientID: l.ClientID, Now: l.now, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.PS256}}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, &Error{Reason: ReasonToken, Err: err}
	}
	var claims struct {
		Party  string `json:"azp"`
		AuthAt int64  `json:"auth_time"`
	}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, &Error{Reason: ReasonToken, Err: err}
	}
	now := l.now()
	if (len(id.Audience) > 1 || claims.Party != "") && claims.Party != l.ClientID || id.Subject == "" ||
		now.Sub(id.IssuedAt) > maxAge || id.IssuedAt.Sub(now) > maxAge {
		return Identity{}, &Error{Reason: ReasonToken}
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return Identity{}, &Error{Reason: ReasonNonce}
	}
	person, ok := l.Person(ctx, id.Issuer, id.Subject)
	if !ok || person == "" {
		return Identity{}, &Error{Reason: ReasonUnknown}
	}
	who := Identity{Person: person, Issuer: id.Issuer, Subject: id.Subject, AuthnAt: now}
	if claims.AuthAt > 0 {
		who.AuthnAt = time.Unix(claims.AuthAt, 0).UTC()
	}
	return who, nil
}

// LogoutURL is where the person can log out of the provider as well; empty
// when the provider is not known yet or offers none. back is where the
// provider leads afterwards.
func (l *Login) LogoutURL(back string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logout == "" {
		return ""
	}
	u, err := url.Parse(l.logout)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	q := u.Query()
	q.Set("client_id", l.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}

// Origin is the provider's origin: a form that begins a login leads there.
func (l *Login) Origin() string {
	u, err := url.Parse(l.Issuer)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
