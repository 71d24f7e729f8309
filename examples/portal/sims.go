package portal

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
)

// simClient is the portal's name at the simulated OpenID provider.
const simClient = "stadttor-portal"

// simulators are the outside systems of the demo, each with an origin of its
// own: on localhost, while the portal is on 127.0.0.1, so that browsers treat
// them as other sites, as in life.
type simulators struct {
	bundid *bundidsim.Server
	oidc   *oidcsim.Server
	mail   *mailsim.Server
	secret string // of the portal at the OpenID provider
}

func (s *simulators) metadata() []byte {
	if s.bundid == nil {
		return nil
	}
	return s.bundid.Metadata()
}

func (p *Portal) startSimulators(ring keys.Ring) error {
	log := p.cfg.Logger
	pair, err := ring.Get("simulator-bundid")
	if err != nil {
		return err
	}
	p.sims.bundid, err = bundidsim.Start(&bundidsim.Options{Addr: p.cfg.SimListen, Keys: &bundidsim.Keys{Key: pair.Key, Certificate: pair.Certificate},
		SPMetadata: func(context.Context, string) ([]byte, error) { return p.parts.login.Metadata() }, Now: p.clock.Now, Logger: log})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.sims.bundid.Close)

	if pair, err = ring.Get("simulator-openid"); err != nil {
		return err
	}
	addr, err := nextPort(p.cfg.SimListen, 1)
	if err != nil {
		return err
	}
	p.sims.secret = rand.Text()
	p.sims.oidc, err = oidcsim.Start(oidcsim.Options{Addr: addr, SigningKey: pair.Key, People: simPeople(), Now: p.clock.Now, Logger: log,
		Clients: []oidcsim.Client{{ID: simClient, Secret: p.sims.secret, RedirectURIs: []string{p.URL() + "/amt/oidc/antwort"}, PostLogoutURIs: []string{p.URL() + "/amt/anmelden"}}}})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.sims.oidc.Close)

	if addr, err = nextPort(p.cfg.SimListen, 2); err != nil {
		return err
	}
	if p.sims.mail, err = mailsim.Start(addr, p.clock.Now, log); err != nil {
		return err
	}
	p.closers = append(p.closers, p.sims.mail.Close)
	return nil
}

func simPeople() []oidcsim.Person {
	departments := map[string]string{}
	parents := map[string]string{}
	for _, u := range demo.Units() {
		departments[u.ID], parents[u.ID] = u.Name, u.Parent
	}
	var out []oidcsim.Person
	for _, s := range demo.StaffMembers() {
		top := s.Unit
		for parents[top] != "" && parents[top] != demo.RootUnit {
			top = parents[top]
		}
		out = append(out, oidcsim.Person{Sub: s.Sub, Name: s.Name, Mail: s.Mail, Title: s.Function, Groups: []string{s.Unit}, Department: departments[top]})
	}
	return out
}

// health adds two addresses: live answers while the process runs, ready also asks the database, so that
// a load balancer sends nobody to an instance that cannot answer.
func (p *Portal) health() {
	p.core.HandleRaw("GET /healthz/live", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }))
	p.core.HandleRaw("GET /healthz/ready", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := p.db.Read.PingContext(ctx); err != nil {
			answer(w, http.StatusServiceUnavailable, "database")
			return
		}
		answer(w, http.StatusOK, "ok")
	}))
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

// clearHandOvers empties the folder of hand-overs at a reset.
func (p *Portal) clearHandOvers() error {
	folder := filepath.Join(p.cfg.Data, "uebergabe")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
