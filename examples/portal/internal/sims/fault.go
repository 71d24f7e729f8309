package sims

import (
	"errors"
	"slices"
)

// ErrUnknown says that there is no such simulator or fault.
var ErrUnknown = errors.New("sims: unknown simulator or fault")

// Fault is one way in which a simulator can misbehave.
type Fault struct {
	Code string `json:"code"`
}

// Group is one simulator with its faults.
type Group struct {
	Code    string  `json:"code"`
	Name    string  `json:"name"` // German
	Address string  `json:"address"`
	HTTP    bool    `json:"http"` // the address can be opened in a browser
	Faults  []Fault `json:"faults"`
	Active  string  `json:"active"` // code of the fault, or empty
}

// codes are the faults of a simulator: those of the network first, then its
// own. Where both have a code, it is the simulator's own.
func (e *entry) codes() []string {
	var out []string
	if e.gate != nil {
		out = slices.DeleteFunc(gateFaults(), func(c string) bool { return slices.Contains(e.own, c) })
	}
	return append(out, e.own...)
}

func (e *entry) misbehave(fault string) error {
	if fault != "" && !slices.Contains(e.codes(), fault) {
		return ErrUnknown
	}
	own := ""
	if slices.Contains(e.own, fault) {
		own, fault = fault, ""
	}
	if e.gate != nil {
		e.gate.set(fault)
	}
	return e.set(own)
}

func (e *entry) fault() string {
	if e.gate != nil {
		if f := e.gate.get(); f != "" {
			return f
		}
	}
	return e.active()
}

// Faults lists all simulators with all faults and with what each does now.
func (s *Set) Faults() []Group {
	var out []Group
	for i := range s.entries {
		e := &s.entries[i]
		g := Group{Code: e.code, Name: Texts()[e.code].Name["de"], Address: e.address, HTTP: e.gate != nil, Active: e.fault()}
		for _, c := range e.codes() {
			g.Faults = append(g.Faults, Fault{c})
		}
		out = append(out, g)
	}
	return out
}

// Misbehave gives a simulator a fault, which it keeps until it gets another or
// the empty one. Faults of the login of citizens concern one answer only.
func (s *Set) Misbehave(simulator, fault string) error {
	for i := range s.entries {
		if s.entries[i].code == simulator {
			return s.entries[i].misbehave(fault)
		}
	}
	return ErrUnknown
}

// Calm ends all faults.
func (s *Set) Calm() error {
	var errs []error
	for i := range s.entries {
		errs = append(errs, s.entries[i].misbehave(""))
	}
	return errors.Join(errs...)
}

// Forget empties all simulators and ends all faults. Portals stay registered.
func (s *Set) Forget() error {
	for i := range s.entries {
		if f := s.entries[i].forget; f != nil {
			f()
		}
	}
	return s.Calm()
}
