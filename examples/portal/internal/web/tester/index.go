package tester

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// simulator is one outside system of the demo.
type simulator struct {
	Name, Text, Address string
	Link                bool // the address can be opened in a browser
	State, Kind, Fault  string
}

// The states of a simulator.
const (
	stateUp     = "up"
	stateDown   = "down"   // on purpose
	stateSilent = "silent" // does not answer
)

// probeTime bounds how long the page waits for a simulator.
const probeTime = time.Second

// simulators asks all simulators at once whether they answer, but for those
// that are disturbed on purpose. None are known when their control is silent.
func (p *Pages) simulators(r *web.Request) []simulator {
	if p.Sims == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), 3*probeTime)
	defer cancel()
	groups, err := p.Sims.Faults(ctx)
	if err != nil {
		return nil
	}
	kinds := map[string]string{stateUp: "success", stateDown: "warning", stateSilent: "danger"}
	list := make([]simulator, len(groups))
	probes, stop := context.WithTimeout(r.Context(), probeTime)
	defer stop()
	var wg sync.WaitGroup
	for i, g := range groups {
		t := sims.Texts()[g.Code]
		list[i] = simulator{Name: t.Name.For(r.Lang), Text: t.Text.For(r.Lang), Address: g.Address, Link: g.HTTP, State: stateDown}
		if g.Active != "" {
			list[i].Fault = t.Faults[g.Active].Title.For(r.Lang)
			continue
		}
		wg.Go(func() {
			if g.HTTP {
				list[i].State = probeHTTP(probes, g.Address+"/")
				return
			}
			list[i].State = probeTCP(probes, g.Address)
		})
	}
	wg.Wait()
	for i := range list {
		list[i].Kind, list[i].State = kinds[list[i].State], r.T("tester.sim.state."+list[i].State)
	}
	return list
}

func probeHTTP(ctx context.Context, address string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return stateSilent
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return stateSilent
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	if res.StatusCode >= 500 {
		return stateDown
	}
	return stateUp
}

func probeTCP(ctx context.Context, address string) string {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return stateSilent
	}
	c.Close()
	return stateUp
}

// persona is a person of the login simulator.
type persona struct {
	ID, Name, About string
	Logins          []personaLogin
	Cases           int  // of the account, if there is one
	Account         bool // linked with an account of the portal
}

type personaLogin struct {
	Means, Level string
	Guest        bool
}

func (p *Pages) personas(r *web.Request) ([]persona, error) {
	var out []persona
	for _, s := range bundidsim.Personas() {
		v := persona{ID: s.ID, Name: s.Name, About: s.About}
		for _, l := range s.Logins {
			v.Logins = append(v.Logins, personaLogin{Means: r.T("means." + string(l.Means)), Level: r.T("tester.level." + web.LevelKey(int(l.Level))), Guest: l.Guest})
		}
		id, err := p.account(r.Context(), s)
		if err != nil {
			return nil, err
		}
		if id != "" {
			v.Account = true
			n, err := p.DB.NewSelect().Table("portal_applications").Where("account = ?", id).Count(r.Context())
			if err != nil {
				return nil, err
			}
			v.Cases = int(n)
		}
		out = append(out, v)
	}
	return out, nil
}

// account is the id of the portal account that is linked with a persona.
func (p *Pages) account(ctx context.Context, s bundidsim.Persona) (string, error) {
	for _, l := range s.Logins {
		a, err := p.Accounts.Linked(ctx, s.BPK2(p.EntityID, l))
		if errors.Is(err, konto.ErrNotFound) {
			continue
		}
		return a.ID, err
	}
	return "", nil
}

// colleague is an employee of the demo town.
type colleague struct {
	Name, Function, Unit, Roles string
	Notes                       []string
}

func (p *Pages) colleagues(r *web.Request) []colleague {
	units, roles, names := map[string]string{}, map[string]string{}, map[string]string{}
	for _, u := range p.World.Units {
		units[u.ID] = u.Name
	}
	for _, x := range p.World.Roles {
		roles[x.ID] = x.Name
	}
	staff := p.World.Staff
	for _, s := range staff {
		names[s.ID] = s.Name
	}
	var out []colleague
	for _, s := range staff {
		c := colleague{Name: s.Name, Function: s.Function, Unit: units[s.Unit]}
		var held []string
		for _, g := range s.Grants {
			held = append(held, roles[g.Role]+" ("+units[g.Unit]+")")
			if g.FromDay != 0 || g.UntilDay != 0 {
				c.Notes = append(c.Notes, r.T("tester.staff.limited", "role", roles[g.Role]))
			}
		}
		c.Roles = strings.Join(held, ", ")
		for _, v := range p.World.Substitutions {
			if v.By == s.ID && v.FromDay <= 0 && v.UntilDay > 0 {
				c.Notes = append(c.Notes, r.T("tester.staff.substitute", "name", names[v.For]))
			}
		}
		out = append(out, c)
	}
	return out
}

// section is a group of the tester's pages.
type section struct {
	Title string
	Links []sectionLink
}

type sectionLink struct{ Label, Text, URL string }

// sections groups the pages by what a tester wants.
func sections(r *web.Request) []section {
	var out []section
	for _, s := range []struct {
		title string
		pages []string
	}{
		{"tester.section.try", []string{"script", "cards"}},
		{"tester.section.disturb", []string{"faults", "clock", "reset"}},
		{"tester.section.look", []string{"cases", "payments", "bookings", "deliveries", "calls", "callbacks", "mails"}},
		{"tester.section.technical", []string{"routes"}},
	} {
		one := section{Title: r.T(s.title)}
		for _, page := range s.pages {
			one.Links = append(one.Links, sectionLink{Label: r.T("tester.tab." + page), Text: r.T("tester.about." + page), URL: pathOf(page)})
		}
		out = append(out, one)
	}
	return out
}

func (p *Pages) index(r *web.Request) error {
	people, err := p.personas(r)
	if err != nil {
		return err
	}
	return p.show(r, "index", "/test", web.View{}, map[string]any{
		"Sections": sections(r), "Simulators": p.simulators(r), "Personas": people, "Staff": p.colleagues(r),
		"Now": r.Now(), "Shifted": p.Offset != nil && p.Offset() != 0,
	})
}
