package find

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
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
	// Provider is the name of the member that offers it, empty for this portal;
	// its page is then on another site.
	Provider phrase
	// Also are others that offer the same.
	Also []link
}

func (p *Pages) hit(r *web.Request, h xzufi.Hit, place string, office bool) (hitView, error) {
	v := hitView{Title: phrase{h.Title, foreign(r, h.TitleLang)}, Teaser: h.Teaser, URL: servicePath(h.ID), Online: h.Online}
	if place == "" || !office {
		return v, nil
	}
	o, err := p.officeFor(r.Context(), r.Now(), h.ID, place)
	if err != nil {
		return v, err
	}
	if o.found {
		name := pick(r, o.name)
		v.Office = &link{Label: name.Text, Lang: name.Lang, URL: officePath(o.id)}
	}
	return v, nil
}

// Members' hits join the first hits of this portal; from each list come at
// most so many.
const (
	ownJoined     = 50
	membersJoined = 10
)

func (p *Pages) search(r *web.Request) error {
	query := clip(r.URL.Query().Get("q"))
	place, err := p.place(r)
	if err != nil {
		return err
	}
	page := pageNumber(r)
	res, err := p.found(r, query, place.Key, (page-1)*perPage)
	if err != nil {
		return err
	}
	if len(res.hits) == 0 && res.total > 0 {
		return web.ErrNotFound // a page behind the last one
	}
	state, title := "found", r.T("find.search.title", "query", query)
	switch {
	case query == "":
		state, title = "ask", r.T("find.search.empty.title")
	case res.total == 0:
		state = "none"
	}
	suggestion := ""
	if res.suggestion != "" && res.suggestion != query {
		suggestion = "/suche?q=" + url.QueryEscape(res.suggestion)
	}
	base := "/suche?q=" + url.QueryEscape(query)
	return r.Render("find/search", web.View{Title: title, Search: query, Noindex: true, Crumbs: crumbs(r, r.T("find.search.crumb")),
		Data: map[string]any{"State": state, "Query": query, "Total": res.total, "Hits": res.hits, "Suggestion": res.suggestion, "SuggestionURL": suggestion, "Missing": res.missing,
			"Pager": pager(r, base+"&seite=", page, perPage, res.total), "PlaceName": place.Name, "Next": r.SelfPath(), "General": "/antrag/neu/" + generalAssistant}})
}

// found is a page of results.
type found struct {
	hits       []hitView
	total      int
	suggestion string
	missing    []string // members that did not answer
}

// found searches this portal and its members at the same time. The merged list
// holds the first ownJoined own hits and the members' hits; what lies behind it
// are further own hits, so position i is there the own hit i minus the number
// of members' hits. Members' answers are kept for a minute, so that the next
// page fits this one; if a member vanishes between two pages, a hit may move
// over their border.
func (p *Pages) found(r *web.Request, query, place string, from int) (found, error) {
	var f found
	n := p.network()
	answers := make(chan federation.Answer, 1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if n != nil && query != "" {
		q := federation.Query{Text: query, Area: place, Lang: catalogueLang(r), Limit: membersJoined}
		go func() { answers <- n.Searcher.Search(ctx, q) }()
	} else {
		answers <- federation.Answer{}
	}
	ask := xzufi.Query{Text: query, Area: place, Lang: catalogueLang(r), Limit: ownJoined}
	res, err := p.ownHits(r, ask)
	if err != nil {
		return f, err
	}
	members := <-answers
	if n == nil {
		n = &Network{}
	}
	list, err := p.join(r.Context(), n, res.Hits, members.Rankings, place)
	if err != nil {
		return f, err
	}
	for _, id := range members.Missing() {
		if m, ok := n.member(id); ok {
			f.missing = append(f.missing, m.Name)
		}
	}
	theirs := len(list) - len(res.Hits)
	f.total, f.suggestion = res.Total+theirs, res.Suggestion
	to := from + perPage
	for i := from; i < min(to, len(list)); i++ {
		v, err := p.joinedView(r, n, list[i], place)
		if err != nil {
			return f, err
		}
		f.hits = append(f.hits, v)
	}
	if to <= len(list) || len(res.Hits) == res.Total {
		return f, nil
	}
	ask.Offset = max(from, len(list)) - theirs
	ask.Limit = to - max(from, len(list))
	if res, err = p.ownHits(r, ask); err != nil {
		return f, err
	}
	for _, h := range res.Hits {
		v, err := p.hit(r, h, place, true)
		if err != nil {
			return f, err
		}
		f.hits = append(f.hits, v)
	}
	return f, nil
}

// ownHits searches the portal's own catalogue. What it cannot search has no
// hits.
func (p *Pages) ownHits(r *web.Request, q xzufi.Query) (xzufi.Result, error) {
	res, err := p.Catalogue.Search(r.Context(), q)
	var invalid *xzufi.InvalidError
	if errors.As(err, &invalid) {
		err = nil
	}
	return res, err
}

// joinedView is a hit of the merged list as the page shows it.
func (p *Pages) joinedView(r *web.Request, n *Network, j joined, place string) (hitView, error) {
	var v hitView
	if j.own != nil {
		var err error
		if v, err = p.hit(r, *j.own, place, true); err != nil {
			return v, err
		}
	} else {
		m, _ := n.member(j.Member)
		v = hitView{Title: phrase{j.Title, foreign(r, orGerman(j.TitleLang))}, Teaser: j.Teaser, URL: m.deepLink(r, j.URL), Online: j.Online, Provider: phrase{Text: m.Name}}
		if r.Lang == web.English {
			v.Provider.Lang = web.German
		}
	}
	for _, o := range j.Also {
		if l, ok := n.outside(r, o.Member, o.URL); ok {
			v.Also = append(v.Also, l)
		} else if o.Member == n.Own.ID {
			v.Also = append(v.Also, link{Label: p.Town, URL: o.URL})
		}
	}
	return v, nil
}

// missing reports that the catalogue does not have what was asked for.
func missing(err error) bool {
	var invalid *xzufi.InvalidError
	return errors.Is(err, xzufi.ErrNotFound) || errors.As(err, &invalid)
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
