package portal

import (
	"errors"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/staff"
	"github.com/stadttor/stadttor/rbac"
)

func bare(t *testing.T, data, mode string) *Portal {
	t.Helper()
	db, err := database.Open(t.Context(), "", data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := database.Migrate(t.Context(), db.Write); err != nil {
		t.Fatal(err)
	}
	return &Portal{cfg: Config{Mode: mode}, db: db, clock: clock.New(nil)}
}

// The demo empties a database that is not seeded: it must never get that of a
// production portal, nor production the people of a demo.
func TestDatabaseKeepsItsMode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, second string }{{Demo, Production}, {Production, Demo}} {
		t.Run(c.first, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			for _, step := range []struct {
				mode    string
				refused bool
			}{{c.first, false}, {c.first, false}, {c.second, true}, {c.first, false}} {
				var refused *ConfigError
				err := bare(t, data, step.mode).keepModesApart(t.Context())
				if errors.As(err, &refused) != step.refused || !step.refused && err != nil {
					t.Errorf("%s in a database of %s: %v", step.mode, c.first, err)
				}
				if step.refused && !strings.Contains(err.Error(), c.first) {
					t.Errorf("does not name the mode: %v", err)
				}
			}
		})
	}
}

func TestDatabaseWithDataAndWithoutModeIsRefused(t *testing.T) {
	t.Parallel()
	p := bare(t, t.TempDir(), Demo)
	if _, err := p.db.Write.ExecContext(t.Context(), `INSERT INTO portal_accounts (id, consent_at, consent_text, created_at, updated_at, login_at, level, means, mailbox, mail, notify, lang, attributes, version)
		VALUES ('x', '2026-01-01', '', '2026-01-01', '2026-01-01', '2026-01-01', 1, '', '', '', FALSE, 'de', '[]', 1)`); err != nil {
		t.Fatal(err)
	}
	var refused *ConfigError
	if err := p.keepModesApart(t.Context()); !errors.As(err, &refused) {
		t.Errorf("was taken: %v", err)
	}
	if err := database.SetSetting(t.Context(), p.db.Write, "demo.seeded", "1"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{Production, Demo} { // in this order: taken once, it is the demo's
		p.cfg.Mode = mode
		if err := p.keepModesApart(t.Context()); (err == nil) != (mode == Demo) {
			t.Errorf("a seeded database in %s: %v", mode, err)
		}
	}
}

func TestProductionKnowsNobodyOfTheDemo(t *testing.T) {
	t.Parallel()
	const issuer = "https://op.example"
	store := rbac.NewMemStore()
	const tenant = "altenwehr"
	authority := rbac.New(store, tenant, nil)
	src := rbac.Source{Tenant: tenant, Units: []rbac.Unit{{ID: "stadt", Name: "Stadt"}}, Persons: []rbac.Person{{ID: "7f3a"}, {ID: "9c1b", Inactive: true}}}
	if _, err := store.Save(t.Context(), src, 0, rbac.Change{Actor: "setup"}); err != nil {
		t.Fatal(err)
	}
	if err := authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := &Portal{cfg: Config{Mode: Production}, parts: parts{authority: authority, staff: &staff.Login{Issuer: issuer}}}
	for subject, want := range map[string]bool{demo.StaffMembers()[0].Sub: false, demo.StaffMembers()[0].ID: false, "7f3a": true, "9c1b": false, "": false} {
		if _, ok := p.person(t.Context(), issuer, subject); ok != want {
			t.Errorf("%q: %v", subject, ok)
		}
	}
	if _, ok := p.person(t.Context(), "https://other.example", "7f3a"); ok {
		t.Error("another issuer was taken")
	}
}
