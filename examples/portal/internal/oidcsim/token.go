package oidcsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func (s *Server) useKey(key *rsa.PrivateKey) error {
	sum := sha256.Sum256(key.N.Bytes())
	id := hex.EncodeToString(sum[:8])
	s.keys = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Algorithm: string(jose.RS256), Use: "sig"}}}
	var err error
	if s.signer, err = newSigner(key, id); err != nil {
		return err
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("oidcsim: key: %w", err)
	}
	s.wrong, err = newSigner(other, id)
	return err
}

func newSigner(key *rsa.PrivateKey, id string) (jose.Signer, error) {
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client went away
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         s.URL,
		"authorization_endpoint":                         s.URL + "/authorize",
		"token_endpoint":                                 s.URL + "/token",
		"userinfo_endpoint":                              s.URL + "/userinfo",
		"jwks_uri":                                       s.URL + "/jwks",
		"end_session_endpoint":                           s.URL + "/abmelden",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"scopes_supported":                               []string{"openid", "profile", "email", "groups"},
		"claims_supported":                               []string{"sub", "name", "email", "groups", "title"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"ui_locales_supported":                           []string{"de"},
	})
}

func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.keys) }

func (s *Server) tokenError(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "token request refused", slog.String("error", code), slog.String("reason", text))
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
	}
	writeJSON(w, status, map[string]string{"error": code, "error_description": text})
}

// authenticate reads the client's secret from the header or from the form,
// never from both (RFC 6749, 2.3).
func (s *Server) authenticate(r *http.Request) (Client, bool) {
	id, secret, basic := r.BasicAuth()
	if basic {
		if r.PostForm.Has("client_secret") {
			return Client{}, false
		}
		var err1, err2 error
		id, err1 = url.QueryUnescape(id)
		secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil || (r.PostForm.Has("client_id") && r.PostForm.Get("client_id") != id) {
			return Client{}, false
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	c, ok := s.client(id)
	if !ok || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return Client{}, false
	}
	return c, true
}

// token gives tokens for a code (RFC 6749, 4.1.3; RFC 7636, 4.6).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); media != "application/x-www-form-urlencoded" {
		s.tokenError(w, r, http.StatusBadRequest, "invalid_request", "content type")
		return
	}
	if err := r.ParseForm(); err != nil || r.URL.RawQuery != "" {
		s.tokenError(w, r, http.StatusBadRequest, "invalid_request", "form")
		return
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			s.tokenError(w, r, http.StatusBadRequest, "invalid_request", "parameter twice")
			return
		}
	}
	c, ok := s.authenticate(r)
	if !ok {
		s.tokenError(w, r, http.StatusUnauthorized, "invalid_client", "client authentication")
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		s.tokenError(w, r, http.StatusBadRequest, "unsupported_grant_type", "grant_type")
		return
	}
	g, access, reason := s.redeem(r.PostForm, c)
	if reason != "" {
		s.tokenError(w, r, http.StatusBadRequest, "invalid_grant", reason)
		return
	}
	id, err := s.idToken(g, access)
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "ID token not signed")
		s.tokenError(w, r, http.StatusInternalServerError, "server_error", "signature")
		return
	}
	w.Header().Set("Pragma", "no-cache")
	writeJSON(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second), "id_token": id, "scope": g.scope})
}

// redeem takes a code. A code that comes twice ends the access that it gave.
func (s *Server) redeem(form url.Values, c Client) (g grant, access, reason string) {
	now := s.now()
	code := form.Get("code")
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.codes[code]
	switch {
	case !ok:
		return grant{}, "", "unknown code"
	case g.client != c.ID: // the code stays good for whom it was given to
		return grant{}, "", "code of another client"
	case g.used:
		delete(s.tokens, g.token)
		return grant{}, "", "code was used"
	}
	access = rand.Text()
	g.used, g.token = true, access
	s.codes[code] = g
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch v := form.Get("code_verifier"); {
	case now.After(g.until):
		return grant{}, "", "code is too old"
	case form.Get("redirect_uri") != g.redirect:
		return grant{}, "", "redirect_uri differs"
	case len(v) < 43 || len(v) > 128 || strings.Trim(v, base64url+".~") != "":
		return grant{}, "", "code_verifier"
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(g.challenge)) != 1:
		return grant{}, "", "code_verifier does not match"
	}
	t := g
	t.until = now.Add(tokenLife)
	s.tokens[access] = t
	return g, access, ""
}

func (s *Server) idToken(g grant, access string) (string, error) {
	now := s.now()
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{"iss": s.URL, "sub": g.person.Sub, "aud": g.client, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		"auth_time": g.authAt.Unix(), "nonce": g.nonce, "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16])}
	addClaims(claims, g)
	signer := s.signer
	switch s.currentFault() {
	case FaultNonce:
		claims["nonce"] = rand.Text()
	case FaultAudience:
		claims["aud"] = "somebody-else"
	case FaultIssuer:
		claims["iss"] = "https://issuer.invalid"
	case FaultExpired:
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-30*time.Minute).Unix()
	case FaultSignature:
		signer = s.wrong
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

func addClaims(claims map[string]any, g grant) {
	scopes := strings.Fields(g.scope)
	if slices.Contains(scopes, "profile") {
		claims["name"] = g.person.Name
		if g.person.Title != "" {
			claims["title"] = g.person.Title
		}
	}
	if slices.Contains(scopes, "email") && g.person.Mail != "" {
		claims["email"], claims["email_verified"] = g.person.Mail, true
	}
	if slices.Contains(scopes, "groups") && len(g.person.Groups) > 0 {
		claims["groups"] = g.person.Groups
	}
}

func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	g, found := s.tokens[access]
	s.mu.Unlock()
	if !ok || !found || s.now().After(g.until) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := map[string]any{"sub": g.person.Sub}
	addClaims(claims, g)
	writeJSON(w, http.StatusOK, claims)
}
