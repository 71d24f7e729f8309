// Package konto keeps the portal accounts of citizens (Bürgerkonten): created
// with consent, linked with BundID by the person mark bPK2, holding the data
// that BundID gave with source, date and level. An account is for a natural
// person. It can be unlinked and deleted.
package konto

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

// Errors of this package.
var (
	ErrNotFound = errors.New("konto: account not found")
	ErrMail     = errors.New("konto: not an e-mail address")
)

// Attribute is one stored fact about the person.
type Attribute struct {
	Name   string    `json:"name"` // URN of the attribute
	Value  string    `json:"value"`
	Level  int       `json:"level"`  // trust level of this value, 0 to 4
	Source string    `json:"source"` // means by which it came
	At     time.Time `json:"at"`
}

// Account is one Bürgerkonto.
type Account struct {
	ID          string
	BPK2        string // empty once unlinked
	ConsentAt   time.Time
	ConsentText string // version of the text that was agreed to
	CreatedAt   time.Time
	UpdatedAt   time.Time
	LoginAt     time.Time
	Level       int
	Means       string
	Mailbox     string // handle of the federal mailbox, may be empty
	Mail        string // for notices
	Notify      bool
	Lang        string
	Attributes  []Attribute
}

// Attribute returns a stored fact.
func (a Account) Attribute(name string) (Attribute, bool) {
	for _, at := range a.Attributes {
		if at.Name == name {
			return at, true
		}
	}
	return Attribute{}, false
}

type row struct {
	bun.BaseModel `bun:"table:portal_accounts"`
	ID            string    `bun:"id,pk"`
	BPK2          string    `bun:"bpk2,nullzero"`
	ConsentAt     time.Time `bun:"consent_at"`
	ConsentText   string    `bun:"consent_text"`
	CreatedAt     time.Time `bun:"created_at"`
	UpdatedAt     time.Time `bun:"updated_at"`
	LoginAt       time.Time `bun:"login_at"`
	Level         int       `bun:"level"`
	Means         string    `bun:"means"`
	Mailbox       string    `bun:"mailbox"`
	Mail          string    `bun:"mail"`
	Notify        bool      `bun:"notify"`
	Lang          string    `bun:"lang"`
	Attributes    string    `bun:"attributes"`
	Version       int64     `bun:"version"`
}

// Service holds the rules of accounts. It may be used concurrently.
type Service struct {
	DB  *database.DB
	Now func() time.Time
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (a Account) row() (*row, error) {
	raw, err := json.Marshal(a.Attributes)
	if err != nil {
		return nil, err
	}
	return &row{ID: a.ID, BPK2: a.BPK2, ConsentAt: a.ConsentAt, ConsentText: a.ConsentText, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
		LoginAt: a.LoginAt, Level: a.Level, Means: a.Means, Mailbox: a.Mailbox, Mail: a.Mail, Notify: a.Notify, Lang: a.Lang, Attributes: string(raw), Version: 1}, nil
}

func (r *row) account() (Account, error) {
	a := Account{ID: r.ID, BPK2: r.BPK2, ConsentAt: r.ConsentAt.UTC(), ConsentText: r.ConsentText, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		LoginAt: r.LoginAt.UTC(), Level: r.Level, Means: r.Means, Mailbox: r.Mailbox, Mail: r.Mail, Notify: r.Notify, Lang: r.Lang}
	return a, json.Unmarshal([]byte(r.Attributes), &a.Attributes)
}

// Account returns an account, or ErrNotFound.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	return s.find(ctx, "id = ?", id)
}

// Linked returns the account that is linked with a person mark.
func (s *Service) Linked(ctx context.Context, bpk2 string) (Account, error) {
	if bpk2 == "" {
		return Account{}, ErrNotFound
	}
	return s.find(ctx, "bpk2 = ?", bpk2)
}

func (s *Service) find(ctx context.Context, where, arg string) (Account, error) {
	var r row
	err := s.DB.Read.NewSelect().Model(&r).Where(where, arg).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, ErrNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("konto: read: %w", err)
	}
	return r.account()
}

// Create makes an account after the person agreed. Created twice for the
// same mark, for example from two tabs, it returns the first one.
func (s *Service) Create(ctx context.Context, a Account) (Account, error) {
	now := s.now()
	a.ID = rand.Text()
	a.CreatedAt, a.UpdatedAt, a.LoginAt, a.ConsentAt = now, now, now, now
	a.Notify = a.Mail != ""
	r, err := a.row()
	if err != nil {
		return Account{}, err
	}
	res, err := s.DB.Write.NewInsert().Model(r).On("CONFLICT (bpk2) DO NOTHING").Exec(ctx)
	if err != nil {
		return Account{}, fmt.Errorf("konto: create: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return s.Linked(ctx, a.BPK2)
	}
	return a, nil
}

// Refresh stores what a login brought. A value that came with a lower level
// than the stored one does not replace it; a mail address that the person
// entered here stays.
func (s *Service) Refresh(ctx context.Context, id string, level int, means, mailbox string, attrs []Attribute) (Account, error) {
	return s.edit(ctx, id, func(a *Account) error {
		now := s.now()
		a.LoginAt, a.Level, a.Means = now, level, means
		if mailbox != "" {
			a.Mailbox = mailbox
		}
		for _, n := range attrs {
			found := false
			for i, old := range a.Attributes {
				if old.Name == n.Name {
					found = true
					if n.Level >= old.Level || old.Value == n.Value {
						n.Level = max(n.Level, levelIfSame(old, n))
						a.Attributes[i] = n
					}
				}
			}
			if !found {
				a.Attributes = append(a.Attributes, n)
			}
		}
		return nil
	})
}

func levelIfSame(old, n Attribute) int {
	if old.Value == n.Value {
		return old.Level
	}
	return 0
}

// SetContact changes where notices go. An empty address switches them off.
func (s *Service) SetContact(ctx context.Context, id, address string, notify bool, lang string) (Account, error) {
	address = strings.TrimSpace(address)
	if address != "" {
		parsed, err := mail.ParseAddress(address)
		if err != nil || parsed.Address != address || len(address) > 254 || strings.ContainsAny(address, "\r\n") {
			return Account{}, ErrMail
		}
	}
	return s.edit(ctx, id, func(a *Account) error {
		a.Mail, a.Notify, a.Lang = address, notify && address != "", lang
		return nil
	})
}

// Unlink ends the link with BundID and forgets the data that came from it.
// The applications stay with the account id; a later login starts a new account.
func (s *Service) Unlink(ctx context.Context, id string) error {
	_, err := s.edit(ctx, id, func(a *Account) error {
		a.BPK2, a.Mailbox, a.Attributes, a.Level, a.Means = "", "", nil, 0, ""
		return nil
	})
	return err
}

// Delete removes the account. What was sent to the administration stays
// there under its own retention.
func (s *Service) Delete(ctx context.Context, id string) error {
	_, err := s.DB.Write.NewDelete().Model((*row)(nil)).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("konto: delete: %w", err)
	}
	return nil
}

func (s *Service) edit(ctx context.Context, id string, change func(*Account) error) (Account, error) {
	var out Account
	err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r row
		q := tx.NewSelect().Model(&r).Where("id = ?", id)
		if s.DB.Postgres() {
			q = q.For("UPDATE")
		}
		if err := q.Scan(ctx); errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		} else if err != nil {
			return fmt.Errorf("konto: read: %w", err)
		}
		a, err := r.account()
		if err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		a.UpdatedAt = s.now()
		n, err := a.row()
		if err != nil {
			return err
		}
		n.Version = r.Version + 1
		if _, err := tx.NewUpdate().Model(n).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("konto: write: %w", err)
		}
		out = a
		return nil
	})
	return out, err
}
