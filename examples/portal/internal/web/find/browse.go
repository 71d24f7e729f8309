package find

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// perList is the number of services on a page of the list from A to Z.
const perList = 30

// icons are the pictures of life situations by their German name.
var icons = map[string]string{
	"Abfall und Entsorgung": "recycle", "Ausweise und Dokumente": "id-card", "Bauen und Umwelt": "build",
	"Bildung und Kultur": "book", "Geburt und Familie": "baby", "Mobilität und Verkehr": "car",
	"Sicherheit und Ordnung": "shield", "Soziales und Gesundheit": "hands", "Steuern und Abgaben": "euro",
	"Tiere": "dog", "Wirtschaft und Gewerbe": "briefcase", "Wohnen und Umzug": "home",
}

func iconOf(name string) string {
	if i, ok := icons[name]; ok {
		return i
	}
	return "list"
}

// all lists the services of a query in the order of their titles.
func (p *Pages) all(ctx context.Context, q xzufi.ListQuery) ([]xzufi.Hit, error) {
	var out []xzufi.Hit
	q.Limit = 200
	for {
		hits, next, err := p.Catalogue.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, hits...)
		if next == "" {
			return out, nil
		}
		q.After = next
	}
}

type letter struct {
	Label, URL string
	Current    bool
}

func (p *Pages) services(r *web.Request) error {
	place, err := p.place(r)
	if err != nil {
		return err
	}
	all, err := p.all(r.Context(), xzufi.ListQuery{Area: place.Key, Lang: catalogueLang(r)})
	if err != nil {
		return err
	}
	chosen := strings.ToUpper(r.URL.Query().Get("buchstabe"))
	if len(chosen) > 1 || (chosen != "#" && (chosen < "A" || chosen > "Z")) {
		chosen = ""
	}
	counts := map[string]bool{}
	var list []xzufi.Hit
	for _, h := range all {
		l := initial(h.Title)
		counts[l] = true
		if chosen == "" || chosen == l {
			list = append(list, h)
		}
	}
	letters := []letter{{Label: r.T("find.az.all"), URL: "/dienstleistungen", Current: chosen == ""}}
	for _, l := range append(strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""), "#") {
		entry := letter{Label: l, Current: l == chosen}
		if counts[l] {
			entry.URL = "/dienstleistungen?buchstabe=" + url.QueryEscape(l)
		}
		if l != "#" || counts[l] {
			letters = append(letters, entry)
		}
	}
	page := pageNumber(r)
	if page > 1 && (page-1)*perList >= len(list) {
		return web.ErrNotFound
	}
	views, err := p.hits(r, list[(page-1)*perList:min(page*perList, len(list))], "")
	if err != nil {
		return err
	}
	title := r.T("find.az.title")
	if chosen != "" {
		title = r.T("find.az.letter", "letter", chosen)
	}
	base := "/dienstleistungen?seite="
	if chosen != "" {
		base = "/dienstleistungen?buchstabe=" + url.QueryEscape(chosen) + "&seite="
	}
	return r.Render("find/services", web.View{Title: title, Crumbs: crumbs(r, r.T("find.nav.services")),
		Data: map[string]any{"Letters": letters, "Hits": views, "Total": len(list), "Chosen": chosen, "Pager": pager(r, base, page, perList, len(list)), "PlaceName": place.Name, "Next": r.SelfPath()}})
}

// initial is the letter under which a title stands, by DIN 5007-1.
func initial(title string) string {
	c, _ := utf8.DecodeRuneInString(strings.ToUpper(title))
	switch {
	case c == 'Ä':
		return "A"
	case c == 'Ö':
		return "O"
	case c == 'Ü':
		return "U"
	case c >= 'A' && c <= 'Z':
		return string(c)
	}
	return "#"
}

func (p *Pages) hits(r *web.Request, in []xzufi.Hit, place string) ([]hitView, error) {
	out := make([]hitView, 0, len(in))
	for _, h := range in {
		v, err := p.hit(r, h, place, place != "")
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// situation is one life situation.
type situation struct {
	ID, Name, Lang, Icon, URL string
	Count                     int
	category                  string
}

// situations are the life situations that have services.
func (p *Pages) situations(r *web.Request) ([]situation, error) {
	german, err := p.Catalogue.Categories(r.Context(), web.German)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, c := range german {
		names[c.ID] = c.Name
	}
	cats := german
	if lang := catalogueLang(r); lang != web.German {
		if cats, err = p.Catalogue.Categories(r.Context(), lang); err != nil {
			return nil, err
		}
	}
	out := make([]situation, 0, len(cats))
	for _, c := range cats {
		id, err := xzufi.ParseID(c.ID)
		if err != nil || slices.ContainsFunc(out, func(s situation) bool { return s.ID == id.Value }) {
			continue
		}
		s := situation{ID: id.Value, Name: c.Name, Icon: iconOf(names[c.ID]), URL: "/lebenslagen/" + url.PathEscape(id.Value), Count: c.Count, category: c.ID}
		if r.Lang == web.Simple || (r.Lang != web.German && c.Name == names[c.ID]) {
			s.Lang = web.German
		}
		out = append(out, s)
	}
	return out, nil
}

func (p *Pages) situationsPage(r *web.Request) error {
	list, err := p.situations(r)
	if err != nil {
		return err
	}
	title := r.T("find.situations.title")
	return r.Render("find/situations", web.View{Title: title, Crumbs: crumbs(r, r.T("find.nav.situations")), Data: map[string]any{"Situations": list}})
}

func (p *Pages) situationPage(r *web.Request) error {
	list, err := p.situations(r)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s situation) bool { return s.ID == r.PathValue("id") })
	if i < 0 {
		return web.ErrNotFound
	}
	place, err := p.place(r)
	if err != nil {
		return err
	}
	found, err := p.all(r.Context(), xzufi.ListQuery{Category: list[i].category, Area: place.Key, Lang: catalogueLang(r)})
	if err != nil {
		return err
	}
	hits, err := p.hits(r, found, "")
	if err != nil {
		return err
	}
	online := slices.DeleteFunc(slices.Clone(hits), func(h hitView) bool { return !h.Online })
	rest := slices.DeleteFunc(hits, func(h hitView) bool { return h.Online })
	return r.Render("find/situation", web.View{Title: list[i].Name, Crumbs: crumbs(r, list[i].Name, web.Crumb{Label: r.T("find.nav.situations"), URL: "/lebenslagen"}),
		Data: map[string]any{"Situation": list[i], "Online": online, "Rest": rest, "Others": slices.Delete(list, i, i+1), "PlaceName": place.Name, "Next": r.SelfPath()}})
}
