package find

import (
	"errors"
	"html/template"
	"net/mail"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// officeView is an office as the pages show it.
type officeView struct {
	Name, Description    phrase
	URL                  string
	Addresses            []addressView
	Hours                rich
	Phones, Faxes, Mails []contactView
	Websites             []link
	Why                  string
	Criteria             rich
	Contact              bool // only a contact point
}

type addressView struct {
	Kind          string
	Building      phrase
	Street, Place string
	Accessibility phrase
	// Lift and Wheelchair are text keys, empty when nothing is known.
	Lift, Wheelchair string
}

type contactView struct {
	Text, Note string
	Mail       string       // mailto address
	Host       string       // what follows the @, so that the address may break there
	URL        template.URL // of digits only, so its scheme tel is safe
}

func (p *Pages) officeView(r *web.Request, o xzufi.Organisationseinheit) officeView {
	v := officeView{Name: pick(r, o.Name), Description: pick(r, o.Description), URL: officePath(o.ID), Hours: pickRich(r, o.OpeningHours)}
	v.Description.Text = plainText(v.Description.Text)
	for _, a := range o.Addresses {
		v.Addresses = append(v.Addresses, addressOf(r, a))
	}
	for _, c := range o.Communications {
		v.contact(r, c)
	}
	for _, l := range links(r, o.Websites) {
		if !slices.ContainsFunc(v.Websites, func(w link) bool { return w.URL == l.URL }) {
			v.Websites = append(v.Websites, l)
		}
	}
	return v
}

func addressOf(r *web.Request, a xzufi.Address) addressView {
	v := addressView{Building: pick(r, a.Building), Accessibility: pick(r, a.Accessibility), Place: strings.TrimSpace(a.Postcode + " " + a.Place)}
	v.Street = strings.TrimSpace(a.Street + " " + a.HouseNumber)
	if v.Street == "" && a.Postbox != "" {
		v.Street = r.T("find.office.postbox", "number", a.Postbox)
	}
	switch a.Type {
	case xzufi.AddressVisitors, xzufi.AddressHouse:
		v.Kind = r.T("find.office.visit")
	case xzufi.AddressPost, xzufi.AddressPostbox, xzufi.AddressDelivery, xzufi.AddressLargeReceiver:
		v.Kind = r.T("find.office.post")
	default:
		v.Kind = r.T("find.office.address")
	}
	v.Lift = tristate(a.Lift, "find.office.lift")
	v.Wheelchair = tristate(a.Wheelchair, "find.office.wheelchair")
	return v
}

func tristate(t xzufi.Tristate, key string) string {
	switch t {
	case xzufi.Yes:
		return key + ".yes"
	case xzufi.No:
		return key + ".no"
	}
	return ""
}

func (v *officeView) contact(r *web.Request, c xzufi.Communication) {
	value := strings.TrimSpace(c.Value)
	entry := contactView{Text: value, Note: c.Note}
	switch c.Channel {
	case xzufi.ChannelPhone:
		entry.URL = template.URL("tel:" + digits(value))
		v.Phones = append(v.Phones, entry)
	case xzufi.ChannelFax:
		v.Faxes = append(v.Faxes, entry)
	case xzufi.ChannelMail:
		if _, err := mail.ParseAddress(value); err == nil {
			entry.Mail = "mailto:" + value
			local, host, _ := strings.Cut(value, "@")
			entry.Text, entry.Host = local+"@", host
			v.Mails = append(v.Mails, entry)
		}
	case xzufi.ChannelWeb:
		if u, ok := webLink(value); ok {
			v.Websites = append(v.Websites, link{Label: u.Host, URL: u.String(), External: true})
		}
	}
}

// digits makes a telephone number fit for a link.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if (c >= '0' && c <= '9') || c == '+' {
			return c
		}
		return -1
	}, s)
}

// officeGroup is one administration and its offices.
type officeGroup struct {
	Head   officeView
	Others []officeView
}

func (p *Pages) offices(r *web.Request) error {
	all, err := p.allOffices(r, xzufi.OfficeQuery{})
	if err != nil {
		return err
	}
	parent := map[string]string{}
	for _, o := range all {
		parent[o.ID.Loose()] = o.Parent.Loose()
		if o.Parent.IsZero() {
			parent[o.ID.Loose()] = ""
		}
	}
	root := func(id string) string {
		for range 20 {
			up, ok := parent[id]
			if !ok || up == "" {
				return id
			}
			if _, known := parent[up]; !known {
				return id
			}
			id = up
		}
		return id
	}
	groups := map[string]*officeGroup{}
	var order []string
	for _, o := range all {
		key := o.ID.Loose()
		if root(key) == key {
			groups[key] = &officeGroup{Head: p.officeView(r, o)}
			order = append(order, key)
		}
	}
	for _, o := range all {
		if key := root(o.ID.Loose()); key != o.ID.Loose() && groups[key] != nil {
			groups[key].Others = append(groups[key].Others, p.officeView(r, o))
		}
	}
	var list []*officeGroup
	for _, key := range order {
		list = append(list, groups[key])
	}
	title := r.T("find.offices.title")
	return r.Render("find/offices", web.View{Title: title, Crumbs: crumbs(r, r.T("find.nav.offices")), Data: map[string]any{"Groups": list}})
}

func (p *Pages) allOffices(r *web.Request, q xzufi.OfficeQuery) ([]xzufi.Organisationseinheit, error) {
	q.Limit = 200
	var out []xzufi.Organisationseinheit
	for {
		list, next, err := p.Catalogue.Offices(r.Context(), q)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
		if next == "" {
			return out, nil
		}
		q.After = next
	}
}

func (p *Pages) office(r *web.Request) error {
	id := xzufi.ID{Agency: r.PathValue("agency"), Value: r.PathValue("value")}
	o, err := p.Catalogue.Office(r.Context(), id)
	var invalid *xzufi.InvalidError
	if errors.Is(err, xzufi.ErrNotFound) || errors.As(err, &invalid) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	services, err := p.officeServices(r, o)
	if err != nil {
		return err
	}
	below, err := p.allOffices(r, xzufi.OfficeQuery{Parent: o.ID.String()})
	if err != nil {
		return err
	}
	var children []link
	for _, c := range below {
		n := pick(r, c.Name)
		children = append(children, link{Label: n.Text, Lang: n.Lang, URL: officePath(c.ID)})
	}
	between := []web.Crumb{{Label: r.T("find.nav.offices"), URL: "/einrichtungen"}}
	var above *link
	if !o.Parent.IsZero() {
		if up, err := p.Catalogue.Office(r.Context(), o.Parent); err == nil {
			n := pick(r, up.Name)
			above = &link{Label: n.Text, Lang: n.Lang, URL: officePath(up.ID)}
		}
	}
	v := p.officeView(r, o)
	return r.Render("find/office", web.View{Title: v.Name.Text, Crumbs: crumbs(r, v.Name.Text, between...),
		Data: map[string]any{"Office": v, "Services": services, "Children": children, "Above": above}})
}

// officeServices are the services that an office is responsible for.
func (p *Pages) officeServices(r *web.Request, o xzufi.Organisationseinheit) ([]link, error) {
	all, err := p.all(r.Context(), xzufi.ListQuery{Lang: catalogueLang(r)})
	if err != nil {
		return nil, err
	}
	mine := map[string]bool{}
	for _, z := range o.Responsibilities {
		mine[z.Leistung.Loose()] = true
	}
	var out []link
	for _, h := range all {
		if mine[h.ID.Loose()] {
			out = append(out, link{Label: h.Title, Lang: foreign(r, h.TitleLang), URL: servicePath(h.ID)})
		}
	}
	return out, nil
}
