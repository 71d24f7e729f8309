package login

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// What the session keeps of a login. It is encrypted with a key that only the
// browser has.
const (
	keyAttributes = "login.attributes" // of a guest; those of an account are stored there
	keyMark       = "login.bpk2"       // person mark of a guest
	keyMailbox    = "login.mailbox"
	keyNext       = "login.weiter" // where to go on after the consent
	keyBefore     = "login.before" // owner before the account, see Before
)

// Before is the key under which the visitor sent applications before the
// account of this session was opened, empty when there is none.
func Before(r *web.Request) string { return r.Get(keyBefore) }

// MayHaveAccount reports whether the guest of this session can still set up
// an account.
func MayHaveAccount(r *web.Request) bool {
	return r.Session.LoggedIn() && r.Session.Guest && r.Get(keyMark) != ""
}

// Attributes returns what is known of the person for prefilling: the stored
// attributes of an account, those of the login of a guest, none without a login.
func Attributes(r *web.Request, accounts *konto.Service) ([]konto.Attribute, error) {
	if !r.Session.LoggedIn() {
		return nil, nil
	}
	if r.Session.Account == "" {
		return pending(r), nil
	}
	a, err := accounts.Account(r.Context(), r.Session.Account)
	if errors.Is(err, konto.ErrNotFound) {
		return nil, nil
	}
	return a.Attributes, err
}

func pending(r *web.Request) []konto.Attribute {
	var out []konto.Attribute
	if raw := r.Get(keyAttributes); raw != "" {
		if json.Unmarshal([]byte(raw), &out) != nil {
			return nil
		}
	}
	return out
}

// personal drops the marks and keeps the facts about the person.
func personal(l *bundid.Login) []konto.Attribute {
	var out []konto.Attribute
	for _, a := range l.Attributes {
		switch a.Name {
		case bundid.AttrBPK2, bundid.AttrPostkorbHandle, bundid.AttrQAALevel, bundid.AttrAssertionProvedBy, bundid.AttrVersion:
			continue
		}
		out = append(out, konto.Attribute{Name: a.Name, Value: a.Value, Level: int(a.Level), Source: string(l.Means), At: l.AuthnInstant})
	}
	return out
}

func value(attrs []konto.Attribute, name string) string {
	for _, a := range attrs {
		if a.Name == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// finish is the first page in the person's own browser. It opens a new
// session, so that a key from before the login is worth nothing afterwards.
func (p *Pages) finish(r *web.Request) error {
	if r.Method != http.MethodGet {
		return web.ErrNotFound // a HEAD must not use the ticket up
	}
	l, err := p.Provider.Finish(r.Context(), r.PathValue("ticket"), r.Request)
	if err != nil {
		var re *bundid.ResponseError
		if errors.As(err, &re) && re.Reason == bundid.ReasonTicket && r.Session.LoggedIn() {
			return r.Redirect("/konto") // reload, or back after the login
		}
		return p.refuse(r, err)
	}
	st, attrs := readState(l.State), personal(l)
	account, err := p.Accounts.Linked(r.Context(), l.BPK2)
	if err != nil && !errors.Is(err, konto.ErrNotFound) {
		return err
	}
	same, err := p.samePerson(r, l, attrs)
	if err != nil {
		return err
	}
	if err := open(r, l, attrs, same); err != nil {
		return err
	}
	if !same {
		st.Next = ""
		r.Flash("warning", "login.other.person")
	}
	if account.ID != "" {
		return p.enter(r, l, attrs, account, st)
	}
	if l.BPK2 == "" {
		if st.Next == "" {
			st.Next = "/konto"
		}
		return r.Redirect(st.Next)
	}
	r.Set(keyNext, st.Next)
	return r.Redirect("/konto/einrichten")
}

// open renews the session. Whoever comes back as the same person, or was not
// logged in before, keeps what was begun.
func open(r *web.Request, l *bundid.Login, attrs []konto.Attribute, same bool) error {
	old := r.Session
	s, err := r.Renew()
	if err != nil {
		return err
	}
	if same && old != nil {
		s.Owner, s.Values = old.Owner, maps.Clone(old.Values)
	}
	s.Guest, s.Level, s.Means, s.AuthnAt = true, int(l.Level), string(l.Means), l.AuthnInstant
	s.Name = strings.TrimSpace(value(attrs, bundid.AttrGivenName) + " " + value(attrs, bundid.AttrSurname))
	if s.Name == "" {
		s.Name = r.T("login.nameless")
	}
	raw, err := json.Marshal(attrs)
	if err != nil {
		return err
	}
	r.Set(keyAttributes, string(raw))
	r.Set(keyMark, l.BPK2)
	r.Set(keyMailbox, l.PostkorbHandle)
	r.Change()
	return nil
}

// enter goes on with a known account.
func (p *Pages) enter(r *web.Request, l *bundid.Login, attrs []konto.Attribute, a konto.Account, st state) error {
	if _, err := p.Accounts.Refresh(r.Context(), a.ID, int(l.Level), string(l.Means), l.PostkorbHandle, attrs); err != nil {
		return err
	}
	if err := p.adopt(r.Context(), r, a.ID); err != nil {
		return err
	}
	if st.Next == "" {
		st.Next = "/konto"
	}
	return r.Redirect(st.Next)
}

// adopt turns the guest of this session into the holder of an account and
// hands over what the guest began.
func (p *Pages) adopt(ctx context.Context, r *web.Request, account string) error {
	s := r.Session
	if s.Owner != account {
		if err := p.Applications.Adopt(ctx, s.Owner, account); err != nil {
			return err
		}
		r.Set(keyBefore, s.Owner)
	}
	s.Account, s.Owner, s.Guest = account, account, false
	for _, k := range []string{keyAttributes, keyMark, keyMailbox, keyNext} {
		r.Set(k, "")
	}
	r.Change()
	return nil
}

// samePerson reports whether the one who logged in may go on with the present
// session. A person mark decides where both have one; a guest without mark is
// recognised by name and birth date, and in doubt counts as somebody else.
func (p *Pages) samePerson(r *web.Request, l *bundid.Login, attrs []konto.Attribute) (bool, error) {
	if !r.Session.LoggedIn() {
		return true, nil
	}
	if id := r.Session.Account; id != "" {
		a, err := p.Accounts.Account(r.Context(), id)
		if errors.Is(err, konto.ErrNotFound) {
			return false, nil
		}
		return err == nil && a.BPK2 != "" && a.BPK2 == l.BPK2, err
	}
	if mark := r.Get(keyMark); mark != "" && l.BPK2 != "" {
		return mark == l.BPK2, nil
	}
	old := pending(r)
	for _, name := range []string{bundid.AttrSurname, bundid.AttrBirthdate} {
		if v := antrag.Fold(value(attrs, name)); v == "" || v != antrag.Fold(value(old, name)) {
			return false, nil
		}
	}
	return antrag.Fold(value(attrs, bundid.AttrGivenName)) == antrag.Fold(value(old, bundid.AttrGivenName)), nil
}
