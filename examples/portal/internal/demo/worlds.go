package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// World is one administration of the demo: what its portal is called, who
// works there, what it offers. Two worlds share the areas and the citizens.
type World struct {
	ID         string // tenant, in lower case
	Town       string // as in the head of every page
	PortalName string
	MailFrom   string
	AGS        string // official key of the administration, for payments
	Root       string // top of the tree of units
	Fallback   string // unit that receives what nobody is responsible for
	Imprint    Imprint

	Units             []Unit
	OfficeUnits       []OfficeUnit
	Roles             []Role
	Staff             []Staff
	Substitutions     []Substitution
	AssistantServices []AssistantService
	Wanted            []ObjectID
	Cases             bool // whether a year of cases is built
	Granter           string
	messages          []string // of the catalogue
	forms             string   // folder of own form assistants, empty: those that come with the portal
	theme             string   // folder of own static files, empty: none
}

// Imprint names who runs a portal.
type Imprint struct{ Address, Representative, Phone, Mail, Officer string }

// Worlds returns the worlds of the demo, the first is the default.
func Worlds() []World { return []World{Altenwehr(), Weserheide()} }

// WorldOf returns the world with an id; the empty id is the first.
func WorldOf(id string) (World, error) {
	for _, w := range Worlds() {
		if w.ID == id || id == "" {
			return w, nil
		}
	}
	return World{}, fmt.Errorf("demo: no world %q", id)
}

// Altenwehr is the town.
func Altenwehr() World {
	return World{
		ID: RootUnit, Town: "Stadt Altenwehr", PortalName: "Serviceportal", MailFrom: "serviceportal@altenwehr.example", AGS: "03399004",
		Root: RootUnit, Fallback: FallbackUnit, Cases: true, Granter: "p-kruse",
		Units: Units(), OfficeUnits: OfficeUnits(), Roles: Roles(), Staff: StaffMembers(), Substitutions: Substitutions(),
		AssistantServices: AssistantServices(), Wanted: WantedServices(),
		messages: []string{"01-leistungen-land.xml", "02-leistungen-kurz.xml", "03-altenwehr.xml", "04-lohmoor.xml", "05-landkreis.xml"},
	}
}

// Messages opens the transfer messages of the catalogue in the order in which
// they are imported. The caller closes them.
func (w World) Messages() (names []string, open func(name string) (fs.File, error)) {
	return slices.Clone(w.messages), func(name string) (fs.File, error) {
		f, err := messages.Open("xzufi/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			return messages.Open("xzufi-" + w.ID + "/" + name)
		}
		return f, err
	}
}

// Forms holds the form assistants of a world with some of its own; nil means
// those that come with the portal.
func (w World) Forms() fs.FS {
	return folder(forms, w.forms)
}

// Static holds the static files of a world that replace those of the portal;
// nil means none.
func (w World) Static() fs.FS { return folder(themes, w.theme) }

func folder(system fs.FS, name string) fs.FS {
	if name == "" {
		return nil
	}
	sub, err := fs.Sub(system, name)
	if err != nil {
		panic("demo: " + err.Error()) // the folder is embedded
	}
	return sub
}

// Unit returns a unit by its id.
func (w World) Unit(id string) (Unit, bool) {
	i := slices.IndexFunc(w.Units, func(u Unit) bool { return u.ID == id })
	if i < 0 {
		return Unit{}, false
	}
	return w.Units[i], true
}

// UnitName is the name of a unit, or the id of an unknown one.
func (w World) UnitName(id string) string {
	if u, ok := w.Unit(id); ok {
		return u.Name
	}
	return id
}

// Person returns an employee by the id in the portal.
func (w World) Person(id string) (Staff, bool) {
	i := slices.IndexFunc(w.Staff, func(s Staff) bool { return s.ID == id })
	if i < 0 {
		return Staff{}, false
	}
	return w.Staff[i], true
}

// PersonName is the name of an employee, or the id of an unknown one.
func (w World) PersonName(id string) string {
	if s, ok := w.Person(id); ok {
		return s.Name
	}
	return id
}

// PersonUnit is where an employee works; empty for an unknown one.
func (w World) PersonUnit(id string) string {
	s, _ := w.Person(id)
	return s.Unit
}
