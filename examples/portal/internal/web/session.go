package web

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

// SessionKind separates the citizens' sessions from those of the staff.
type SessionKind string

// The kinds of sessions; each has a cookie of its own.
const (
	CitizenSession SessionKind = "citizen"
	StaffSession   SessionKind = "staff"
)

// Session is what the portal remembers of one browser. Its content lies in
// the database encrypted with a key that only the browser's cookie holds.
type Session struct {
	ID   string      `json:"-"` // digest of the cookie's token; safe to store, useless to a thief
	Kind SessionKind `json:"-"`

	Account string    `json:"account,omitempty"` // portal account of a citizen
	Guest   bool      `json:"guest,omitempty"`   // logged in without an account
	Level   int       `json:"level,omitempty"`   // trust level reached, 1 to 4
	Means   string    `json:"means,omitempty"`
	AuthnAt time.Time `json:"authn_at,omitzero"`
	Name    string    `json:"name,omitempty"`
	Person  string    `json:"person,omitempty"` // staff
	Place   string    `json:"place,omitempty"`  // area key chosen by the citizen
	Flash   []Flash   `json:"flash,omitempty"`
	// Owner is the key under which drafts and applications of this visitor
	// are kept: the account, or a random key while nobody is logged in.
	Owner string `json:"owner"`
	// Values holds small things of single pages, for example the attributes
	// of a login that waits for consent.
	Values map[string]string `json:"values,omitempty"`

	CreatedAt time.Time `json:"-"`
	SeenAt    time.Time `json:"-"`
	ExpiresAt time.Time `json:"-"`

	token string
	dirty bool
	fresh bool
}

// Flash is a message for the next page.
type Flash struct{ Kind, Text string }

// LoggedIn reports whether a citizen is logged in.
func (s *Session) LoggedIn() bool { return s != nil && (s.Account != "" || s.Guest) && s.Level > 0 }

// SessionLimits are the idle and total times of one trust level.
type SessionLimits struct{ Idle, Total time.Duration }

// DefaultSessionLimits follow TR-03160-1 by level; index 0 is a visitor who
// is not logged in.
func DefaultSessionLimits() map[int]SessionLimits {
	return map[int]SessionLimits{
		0: {24 * time.Hour, 7 * 24 * time.Hour},
		1: {60 * time.Minute, 12 * time.Hour},
		2: {60 * time.Minute, 12 * time.Hour},
		3: {30 * time.Minute, 2 * time.Hour},
		4: {5 * time.Minute, 30 * time.Minute},
	}
}

// staffLimits end a working day's session.
var staffLimits = SessionLimits{60 * time.Minute, 10 * time.Hour}

// Sessions keeps sessions in the database. It may be used concurrently.
type Sessions struct {
	DB     *database.DB
	Now    func() time.Time
	Secure bool // cookies only over TLS, with the __Host- prefix
	Limits map[int]SessionLimits
}

var errNoSession = errors.New("web: no session")

type sessionRow struct {
	bun.BaseModel `bun:"table:portal_sessions"`
	ID            string    `bun:"id,pk"`
	Kind          string    `bun:"kind"`
	Owner         string    `bun:"owner"`
	CreatedAt     time.Time `bun:"created_at"`
	SeenAt        time.Time `bun:"seen_at"`
	ExpiresAt     time.Time `bun:"expires_at"`
	Data          []byte    `bun:"data"`
}

func (ss *Sessions) cookieName(kind SessionKind) string {
	name := "stadttor"
	if kind == StaffSession {
		name = "stadttor_amt"
	}
	if ss.Secure {
		return "__Host-" + name
	}
	return name
}

func (ss *Sessions) limits(s *Session) SessionLimits {
	if s.Kind == StaffSession {
		return staffLimits
	}
	if l, ok := ss.Limits[s.Level]; ok {
		return l
	}
	return ss.Limits[0]
}

func sessionKeys(token string) (id string, key []byte, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 32 {
		return "", nil, errNoSession
	}
	key, err = hkdf.Key(sha256.New, raw, nil, "stadttor session content", 32)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(append([]byte("stadttor session id"), raw...))
	return base64.RawURLEncoding.EncodeToString(sum[:]), key, nil
}

// load reads the session that the request's cookie names. expired is true
// when there was one and its time is over.
func (ss *Sessions) load(r *http.Request, kind SessionKind) (s *Session, expired bool, err error) {
	c, err := r.Cookie(ss.cookieName(kind))
	if err != nil {
		return nil, false, nil
	}
	id, key, err := sessionKeys(c.Value)
	if err != nil {
		return nil, false, nil
	}
	var row sessionRow
	err = ss.DB.Read.NewSelect().Model(&row).Where("id = ?", id).Where("kind = ?", string(kind)).Scan(r.Context())
	if errors.Is(err, sql.ErrNoRows) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	plain, err := open(key, row.Data)
	if err != nil {
		return nil, false, nil
	}
	s = &Session{}
	if err := json.Unmarshal(plain, s); err != nil {
		return nil, false, nil
	}
	s.ID, s.Kind, s.token = id, kind, c.Value
	s.CreatedAt, s.SeenAt, s.ExpiresAt = row.CreatedAt.UTC(), row.SeenAt.UTC(), row.ExpiresAt.UTC()
	now := ss.Now()
	if now.After(s.ExpiresAt) {
		return nil, true, nil
	}
	if now.Sub(s.SeenAt) > 20*time.Second || now.Before(s.SeenAt) {
		s.dirty = true
	}
	return s, false, nil
}

// create makes an empty session; it is written by save.
func (ss *Sessions) create(kind SessionKind) *Session {
	raw := make([]byte, 32)
	rand.Read(raw)
	token := base64.RawURLEncoding.EncodeToString(raw)
	id, _, _ := sessionKeys(token)
	now := ss.Now()
	return &Session{ID: id, Kind: kind, Owner: "gast:" + rand.Text(), CreatedAt: now, SeenAt: now, token: token, dirty: true, fresh: true}
}

// until is when the session ends after this request, which prolongs it if it
// is written.
func (ss *Sessions) until(s *Session) time.Time {
	if !s.dirty {
		return s.ExpiresAt
	}
	l := ss.limits(s)
	at := ss.Now().UTC().Truncate(time.Microsecond).Add(l.Idle)
	if end := s.CreatedAt.Add(l.Total); end.Before(at) {
		return end
	}
	return at
}

// save writes a changed session and sets its cookie when it is new.
func (ss *Sessions) save(ctx context.Context, w http.ResponseWriter, s *Session) error {
	if s == nil || !s.dirty {
		return nil
	}
	now := ss.Now().UTC().Truncate(time.Microsecond)
	s.ExpiresAt = ss.until(s)
	s.SeenAt = now
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	id, key, err := sessionKeys(s.token)
	if err != nil {
		return err
	}
	sealed, err := seal(key, plain)
	if err != nil {
		return err
	}
	row := &sessionRow{ID: id, Kind: string(s.Kind), Owner: s.Owner, CreatedAt: s.CreatedAt.UTC(), SeenAt: now, ExpiresAt: s.ExpiresAt.UTC(), Data: sealed}
	if s.fresh {
		if _, err := ss.DB.Write.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		http.SetCookie(w, &http.Cookie{Name: ss.cookieName(s.Kind), Value: s.token, Path: "/", HttpOnly: true, Secure: ss.Secure, SameSite: http.SameSiteLaxMode})
	} else if _, err := ss.DB.Write.NewUpdate().Model(row).Column("owner", "seen_at", "expires_at", "data").WherePK().Exec(ctx); err != nil {
		return err
	}
	s.dirty, s.fresh = false, false
	return nil
}

// end deletes the session and its cookie.
func (ss *Sessions) end(ctx context.Context, w http.ResponseWriter, s *Session) error {
	if s == nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: ss.cookieName(s.Kind), Value: "", Path: "/", MaxAge: -1, HttpOnly: true, Secure: ss.Secure, SameSite: http.SameSiteLaxMode})
	s.dirty = false
	if s.fresh {
		return nil
	}
	_, err := ss.DB.Write.NewDelete().Model((*sessionRow)(nil)).Where("id = ?", s.ID).Exec(ctx)
	return err
}

// EndOwner deletes every session of one account or person.
func (ss *Sessions) EndOwner(ctx context.Context, owner string) error {
	_, err := ss.DB.Write.NewDelete().Model((*sessionRow)(nil)).Where("owner = ?", owner).Exec(ctx)
	return err
}

// Purge deletes sessions whose time is over.
func (ss *Sessions) Purge(ctx context.Context) error {
	_, err := ss.DB.Write.NewDelete().Model((*sessionRow)(nil)).Where("expires_at < ?", ss.Now().UTC().Add(-time.Hour)).Exec(ctx)
	return err
}

func seal(key, plain []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(nil, nil, plain, nil), nil
}

func open(key, sealed []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, nil, sealed, nil)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
