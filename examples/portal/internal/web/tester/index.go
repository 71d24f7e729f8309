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
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// simulator is one outside system of the demo.
type simulator struct {
	Name, Text, Address string
	Link                bool // the address can be opened in a browser
	State, Kind         string
}

// The states of a simulator.
const (
	stateUp     = "up"
	stateDown   = "down"   // on purpose
	stateSilent = "silent" // does not answer
)

// probeTime bounds how long the page waits for a simulator.
const probeTime = time.Second

// simulators asks all simulators at once whether they answer.
func (p *Pages) simulators(r *web.Request) []simulator {
	kinds := map[string]string{stateUp: "success", stateDown: "warning", stateSilent: "danger"}
	var list []simulator
	var probes []func(context.Context) string
	add := func(key, address string, link bool, probe func(context.Context) string) {
		list = append(list, simulator{Name: r.T("tester.sim." + key), Text: r.T("tester.sim." + key + ".text"), Address: address, Link: link})
		probes = append(probes, probe)
	}
	if s := p.BundID; s != nil {
		add("bundid", s.URL, true, func(ctx context.Context) string { return probeHTTP(ctx, s.URL+"/") })
	}
	if s := p.Staff; s != nil {
		add("oidc", s.URL, true, func(ctx context.Context) string { return probeHTTP(ctx, s.URL+"/.well-known/openid-configuration") })
	}
	if s := p.Mail; s != nil {
		add("mail", s.Addr, false, func(ctx context.Context) string {
			if s.Down() {
				return stateDown
			}
			return probeTCP(ctx, s.Addr)
		})
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	var wg sync.WaitGroup
	for i, probe := range probes {
		wg.Go(func() {
			state := probe(ctx)
			list[i].State, list[i].Kind = state, kinds[state]
		})
	}
	wg.Wait()
	for i := range list {
		list[i].State = r.T("tester.sim.state." + list[i].State)
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
	if p.BundID == nil {
		return nil, nil
	}
	var out []persona
	for _, s := range p.BundID.Personas() {
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

func colleagues(r *web.Request) []colleague {
	units, roles, names := map[string]string{}, map[string]string{}, map[string]string{}
	for _, u := range demo.Units() {
		units[u.ID] = u.Name
	}
	for _, x := range demo.Roles() {
		roles[x.ID] = x.Name
	}
	staff := demo.StaffMembers()
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
		for _, v := range demo.Substitutions() {
			if v.By == s.ID && v.FromDay <= 0 && v.UntilDay > 0 {
				c.Notes = append(c.Notes, r.T("tester.staff.substitute", "name", names[v.For]))
			}
		}
		out = append(out, c)
	}
	return out
}

// fault is one way in which a simulator can be made to fail.
type fault struct{ Value, Label string }

func (p *Pages) index(r *web.Request) error {
	people, err := p.personas(r)
	if err != nil {
		return err
	}
	data := map[string]any{
		"Simulators": p.simulators(r), "Personas": people, "Staff": colleagues(r),
		"Now": r.Now(), "Shifted": p.Offset != nil && p.Offset() != 0,
		"HasMail": p.Mail != nil, "MailDown": p.Mail != nil && p.Mail.Down(),
	}
	var bundid, oidc []fault
	if p.BundID != nil {
		for _, f := range bundidsim.Faults() {
			bundid = append(bundid, fault{f.String(), r.T("tester.fault.bundid." + f.String())})
		}
	}
	if p.Staff != nil {
		for _, f := range oidcsim.Faults() {
			oidc = append(oidc, fault{string(f), r.T("tester.fault.oidc." + string(f))})
		}
	}
	data["BundIDFaults"], data["OIDCFaults"] = bundid, oidc
	return p.show(r, "index", "/test", web.View{}, data)
}

// setFault makes a simulator fail. An unknown fault is a bad request: the
// page offers none.
func (p *Pages) setFault(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	value := r.PostFormValue("wert")
	switch art := r.PostFormValue("art"); {
	case art == "mail" && p.Mail != nil && (value == "an" || value == "aus"):
		p.Mail.SetDown(value == "an")
	case art == "bundid" && p.BundID != nil:
		f, ok := bundidFault(value)
		if !ok {
			return web.ErrBadRequest
		}
		p.BundID.Misbehave(f)
	case art == "amt" && p.Staff != nil:
		f, ok := oidcFault(value)
		if !ok {
			return web.ErrBadRequest
		}
		p.Staff.SetFault(f)
	default:
		return web.ErrBadRequest
	}
	return r.Redirect("/test?ok=stoerung")
}

func bundidFault(code string) (bundidsim.Fault, bool) {
	for _, f := range append(bundidsim.Faults(), bundidsim.FaultNone) {
		if f.String() == code {
			return f, true
		}
	}
	return bundidsim.FaultNone, false
}

func oidcFault(code string) (oidcsim.Fault, bool) {
	if code == "none" {
		return oidcsim.FaultNone, true
	}
	for _, f := range oidcsim.Faults() {
		if string(f) == code {
			return f, true
		}
	}
	return oidcsim.FaultNone, false
}
