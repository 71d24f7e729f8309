package find

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// perPage is the number of services on a page of results.
const perPage = 10

// pageNumber reads a page's number; anything else is the first page.
func pageNumber(r *web.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("seite"))
	if err != nil || n < 1 || n > 1000 {
		return 1
	}
	return n
}

// hitView is one service in a list.
type hitView struct {
	Title  phrase
	Teaser string
	URL    string
	Online bool
	Office *link
}

func (p *Pages) hit(r *web.Request, h xzufi.Hit, place string, office bool) (hitView, error) {
	v := hitView{Title: phrase{h.Title, foreign(r, h.TitleLang)}, Teaser: h.Teaser, URL: servicePath(h.ID), Online: h.Online}
	if place == "" || !office {
		return v, nil
	}
	who, err := p.Catalogue.Responsible(r.Context(), h.ID, place)
	if err != nil && !errors.Is(err, xzufi.ErrNotFound) {
		return v, err
	}
	if len(who.Offices) > 0 {
		o := who.Offices[0].Office
		name := pick(r, o.Name)
		v.Office = &link{Label: name.Text, Lang: name.Lang, URL: officePath(o.ID)}
	}
	return v, nil
}

func (p *Pages) search(r *web.Request) error {
	query := clip(r.URL.Query().Get("q"))
	place, err := p.place(r)
	if err != nil {
		return err
	}
	page := pageNumber(r)
	res, err := p.Catalogue.Search(r.Context(), xzufi.Query{Text: query, Area: place.Key, Lang: catalogueLang(r), Limit: perPage, Offset: (page - 1) * perPage})
	var invalid *xzufi.InvalidError
	if errors.As(err, &invalid) {
		err = nil
	}
	if err != nil {
		return err
	}
	if len(res.Hits) == 0 && res.Total > 0 {
		return web.ErrNotFound // a page behind the last one
	}
	hits := make([]hitView, 0, len(res.Hits))
	for _, h := range res.Hits {
		v, err := p.hit(r, h, place.Key, true)
		if err != nil {
			return err
		}
		hits = append(hits, v)
	}
	state, title := "found", r.T("find.search.title", "query", query)
	switch {
	case query == "":
		state, title = "ask", r.T("find.search.empty.title")
	case res.Total == 0:
		state = "none"
	}
	suggestion := ""
	if res.Suggestion != "" && res.Suggestion != query {
		suggestion = "/suche?q=" + url.QueryEscape(res.Suggestion)
	}
	base := "/suche?q=" + url.QueryEscape(query)
	return r.Render("find/search", web.View{Title: title, Search: query, Noindex: true, Crumbs: crumbs(r, r.T("find.search.crumb")),
		Data: map[string]any{"State": state, "Query": query, "Total": res.Total, "Hits": hits, "Suggestion": res.Suggestion, "SuggestionURL": suggestion,
			"Pager": pager(r, base+"&seite=", page, perPage, res.Total), "PlaceName": place.Name, "Next": r.SelfPath(), "General": "/antrag/neu/" + generalAssistant}})
}

// pager is the argument of the part "pagination".
func pager(r *web.Request, base string, page, size, total int) map[string]any {
	last := (total + size - 1) / size
	if last <= 1 {
		return map[string]any{}
	}
	m := map[string]any{"Text": r.T("find.pages", "from", (page-1)*size+1, "to", min(page*size, total), "total", total)}
	if page > 1 {
		m["PrevURL"] = base + strconv.Itoa(page-1)
	}
	if page < last {
		m["NextURL"] = base + strconv.Itoa(page+1)
	}
	var pages []map[string]any
	for n := max(1, page-2); n <= min(last, page+2); n++ {
		pages = append(pages, map[string]any{"Label": strconv.Itoa(n), "URL": base + strconv.Itoa(n), "Current": n == page})
	}
	m["Pages"] = pages
	return m
}
