package bundid

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// sealedLogin is the plaintext of a Ticket.
type sealedLogin struct {
	Login   Login
	Browser []byte
	Cookie  string
}

// seal stores the login so that only the holder of the returned ticket can
// read it.
func (sp *ServiceProvider) seal(ctx context.Context, l Login, asked pendingRequest, now time.Time) (string, error) {
	plain, err := json.Marshal(sealedLogin{Login: l, Browser: asked.Browser, Cookie: asked.Cookie})
	if err != nil {
		return "", fmt.Errorf("bundid: receive: %w", err)
	}
	ticket := sp.newRandomID()
	id, aead, err := ticketKeys(ticket)
	if err != nil {
		return "", fmt.Errorf("bundid: receive: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed := aead.Seal(nonce, nonce, plain, []byte(id))
	record := Ticket{ID: id, ExpiresAt: now.Add(ticketLife), Sealed: sealed}
	if err := sp.store.PutTicket(ctx, record); err != nil {
		return "", fmt.Errorf("bundid: receive: %w", err)
	}
	return ticket, nil
}

// ticketKeys derives the name under which a ticket is stored and its cipher.
// Neither can be turned back into the ticket or into the other.
func ticketKeys(ticket string) (id string, aead cipher.AEAD, err error) {
	name, err := hkdf.Key(sha256.New, []byte(ticket), nil, "bundid ticket id", 32)
	if err != nil {
		return "", nil, err
	}
	key, err := hkdf.Key(sha256.New, []byte(ticket), nil, "bundid ticket key", 32)
	if err != nil {
		return "", nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", nil, err
	}
	aead, err = cipher.NewGCM(block)
	return base64.RawURLEncoding.EncodeToString(name), aead, err
}

// Finish takes a ticket of [ServiceProvider.Receive], once, and returns the
// login if r comes from the browser that [ServiceProvider.Start] gave its
// cookie to. Give the citizen a new session id afterwards. A refused ticket
// yields a *ResponseError with ReasonTicket or ReasonBrowser; in both cases the
// ticket is used up. Other errors are those of the store.
func (sp *ServiceProvider) Finish(ctx context.Context, ticket string, r *http.Request) (*Login, error) {
	now := sp.now()
	l, err := sp.finish(ctx, ticket, r, now)
	var re *ResponseError
	if errors.As(err, &re) {
		sp.log.WarnContext(ctx, "bundid: ticket refused", "reason", re.Reason.String())
	}
	return l, err
}

func (sp *ServiceProvider) finish(ctx context.Context, ticket string, r *http.Request, now time.Time) (*Login, error) {
	if len(ticket) != base64.RawURLEncoding.EncodedLen(32) {
		return nil, refuse(ReasonTicket)
	}
	id, aead, err := ticketKeys(ticket)
	if err != nil {
		return nil, fmt.Errorf("bundid: finish: %w", err)
	}
	record, err := sp.store.TakeTicket(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(ReasonTicket)
	}
	if err != nil {
		return nil, fmt.Errorf("bundid: finish: %w", err)
	}
	n := aead.NonceSize()
	if !now.Before(record.ExpiresAt) || len(record.Sealed) < n {
		return nil, refuse(ReasonTicket)
	}
	plain, err := aead.Open(nil, record.Sealed[:n], record.Sealed[n:], []byte(id))
	if err != nil {
		return nil, refuse(ReasonTicket)
	}
	var s sealedLogin
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, fmt.Errorf("bundid: finish: stored login: %w", err)
	}
	if !sameBrowser(r, s) {
		return nil, refuse(ReasonBrowser)
	}
	return &s.Login, nil
}

// sameBrowser compares every cookie of the name: a sibling host can add one,
// but not the right one.
func sameBrowser(r *http.Request, s sealedLogin) bool {
	same := 0
	for _, c := range r.CookiesNamed(s.Cookie) {
		same |= subtle.ConstantTimeCompare(digest(c.Value), s.Browser)
	}
	return same == 1
}

// Purge removes requests, used assertions and tickets whose time is over. Call
// it every few minutes.
func (sp *ServiceProvider) Purge(ctx context.Context) error {
	if err := sp.store.Purge(ctx, sp.now()); err != nil {
		return fmt.Errorf("bundid: purge: %w", err)
	}
	return nil
}
