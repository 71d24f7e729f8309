package seed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
)

// person is a citizen with what the cases need to know.
type person struct {
	demo.Citizen
	account string // id of the account, empty without one
	attrs   []konto.Attribute
}

// owner is under whom drafts and cases are kept.
func (p person) owner() string {
	if p.account != "" {
		return p.account
	}
	return "gast:demo-" + p.ID
}

// accounts makes the accounts. Who is also a persona of the login simulator is
// linked with it; the marks of the others are invented and fit nobody.
func (r *run) accounts(ctx context.Context, base time.Time) (map[string]person, error) {
	first, last := map[string]time.Time{}, map[string]time.Time{}
	for _, c := range demo.Cases() {
		at := r.working(base, c.ID, c.Received)
		if f, ok := first[c.Citizen]; !ok || at.Before(f) {
			first[c.Citizen] = at
		}
		if at.After(last[c.Citizen]) {
			last[c.Citizen] = at
		}
	}
	accounts := &konto.Service{DB: r.DB, Now: r.clock.now}
	out := map[string]person{}
	for _, c := range demo.Citizens() {
		p := person{Citizen: c}
		if c.Account == "" {
			out[c.ID] = p
			continue
		}
		begin, ok := first[c.ID]
		if !ok {
			begin, last[c.ID] = base.Add(-time.Hour), base.Add(-time.Hour)
		}
		r.clock.set(begin.Add(-25 * time.Minute))
		p.attrs = attributes(c, r.clock.now())
		a, err := accounts.Create(ctx, konto.Account{BPK2: r.mark(c.ID), ConsentText: "demo", Level: c.Level, Means: c.Means, Mail: c.Mail, Lang: c.Lang, Attributes: p.attrs})
		if err != nil {
			return nil, fmt.Errorf("seed: account: %w", err)
		}
		r.clock.set(last[c.ID].Add(-10 * time.Minute))
		if _, err := accounts.Refresh(ctx, a.ID, c.Level, c.Means, "", nil); err != nil {
			return nil, fmt.Errorf("seed: account: %w", err)
		}
		p.account = a.ID
		out[c.ID] = p
	}
	return out, nil
}

// mark is the person mark by which a login finds the account.
func (r *run) mark(citizen string) string {
	personas := r.Personas
	if personas == nil {
		personas = bundidsim.Personas()
	}
	for _, p := range personas {
		if p.ID != citizen {
			continue
		}
		for _, l := range p.Logins {
			if m := p.BPK2(r.EntityID, l); m != "" {
				return m
			}
		}
	}
	return "erfunden-" + citizen
}

// attributes are what the login gave. An EU identity brings the least that
// the states have agreed on; a user name proves nothing of what it says.
func attributes(c demo.Citizen, at time.Time) []konto.Attribute {
	birth := c.Birth
	if year, ok := strings.CutPrefix(birth, ".."); ok {
		birth = year + "-00-00"
	}
	pairs := []string{bundid.AttrGivenName, c.FirstName, bundid.AttrSurname, c.LastName, bundid.AttrBirthdate, birth}
	if c.Means != string(bundid.MeansEIDAS) {
		pairs = append(pairs, bundid.AttrPostalAddress, c.Street, bundid.AttrPostalCode, c.Postcode, bundid.AttrLocalityName, c.Place)
	}
	var out []konto.Attribute
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, konto.Attribute{Name: pairs[i], Value: pairs[i+1], Level: c.Level, Source: c.Means, At: at})
	}
	return append(out, konto.Attribute{Name: bundid.AttrMail, Value: c.Mail, Level: 1, Source: c.Means, At: at})
}
