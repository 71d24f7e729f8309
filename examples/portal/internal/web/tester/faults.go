package tester

import (
	"errors"
	"slices"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// disturbed is a simulator with all ways to disturb it.
type disturbed struct {
	Code, Name, Text, Address string
	Link                      bool
	Faults                    []fault
}

type fault struct {
	Code, Title, What, Expect string
	Active                    bool
}

func (p *Pages) faults(r *web.Request) error {
	data := map[string]any{"Control": "", "Active": 0}
	var list []disturbed
	if p.Sims != nil {
		groups, err := p.Sims.Faults(r.Context())
		if errors.Is(err, sims.ErrAway) {
			data["Away"] = true
		} else if err != nil {
			return err
		}
		active := 0
		for _, g := range groups {
			t := sims.Texts()[g.Code]
			d := disturbed{Code: g.Code, Name: t.Name.For(r.Lang), Text: t.Text.For(r.Lang), Address: g.Address, Link: g.HTTP}
			for _, f := range g.Faults {
				x := t.Faults[f.Code]
				d.Faults = append(d.Faults, fault{Code: f.Code, Title: x.Title.For(r.Lang), What: x.What.For(r.Lang), Expect: x.Expect.For(r.Lang), Active: f.Code == g.Active})
			}
			if g.Active != "" {
				active++
			}
			list = append(list, d)
		}
		data["Active"] = active
		if d, err := p.Sims.Description(r.Context()); err == nil {
			data["Control"] = d.Control
		}
	}
	data["Simulators"] = list
	return p.show(r, "faults", "/test/stoerungen", web.View{}, data)
}

// setFault makes a simulator fail, or work again. An unknown fault is a bad
// request: the page offers none.
func (p *Pages) setFault(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	if p.Sims == nil || !r.PostForm.Has("stoerung") {
		return web.ErrBadRequest
	}
	err := p.Sims.Misbehave(r.Context(), r.PostFormValue("simulator"), r.PostFormValue("stoerung"))
	if errors.Is(err, sims.ErrUnknown) {
		return web.ErrBadRequest
	}
	if err != nil {
		return err
	}
	return r.Redirect("/test/stoerungen?ok=stoerung")
}

func (p *Pages) calm(r *web.Request) error {
	if p.Sims == nil {
		return web.ErrBadRequest
	}
	if err := p.Sims.Calm(r.Context()); err != nil {
		return err
	}
	return r.Redirect("/test/stoerungen?ok=aus")
}

// active is the fault of a simulator; empty if it has none or nobody knows.
func (p *Pages) active(r *web.Request, simulator string) string {
	if p.Sims == nil {
		return ""
	}
	groups, err := p.Sims.Faults(r.Context())
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(groups, func(g sims.Group) bool { return g.Code == simulator })
	if i < 0 {
		return ""
	}
	return groups[i].Active
}

// cards are the test cards of the payment service.
func (p *Pages) cards(r *web.Request) error {
	return p.show(r, "cards", "/test/karten", web.View{}, map[string]any{"Cards": paymentsim.Cards()})
}
