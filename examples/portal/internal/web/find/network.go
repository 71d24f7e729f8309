package find

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/xzufi"
)

// Network is the Portalverbund as this portal knows it. It does not change;
// another one may take its place.
type Network struct {
	// Own is this portal, as its members see it.
	Own federation.Member
	// Members are the others, in their order.
	Members []NetworkMember
	// Searcher asks them.
	Searcher *federation.Searcher
}

// NetworkMember is a member with what the pages say of it.
type NetworkMember struct {
	federation.Member
	// Offers says what it offers, by language of the page.
	Offers map[string]string
	// Links are its services if it has a fixed list.
	Links []federation.Hit
	// Portal marks one that runs this software: links to it carry place and
	// language.
	Portal bool
	// Aliases are hosts that stand in catalogues for the member's URL; links to
	// them lead there. For a demo whose members have no name in the net.
	Aliases []string
}

// network is the current one, nil without members.
func (p *Pages) network() *Network {
	if p.Network == nil {
		return nil
	}
	return p.Network()
}

// member finds a member by its id.
func (n *Network) member(id string) (NetworkMember, bool) {
	if n != nil {
		for _, m := range n.Members {
			if m.ID == id {
				return m, true
			}
		}
	}
	return NetworkMember{}, false
}

// Address is where a link of the catalogue leads: an alias of a member leads
// to the member.
func (n *Network) Address(u *url.URL) *url.URL {
	if n == nil {
		return u
	}
	for _, m := range n.Members {
		if slices.Contains(m.Aliases, u.Host) {
			if base, err := url.Parse(m.URL); err == nil {
				to := *u
				to.Scheme, to.Host = base.Scheme, base.Host
				return &to
			}
		}
	}
	return u
}

// outside is a link to a member with its name as text.
func (n *Network) outside(r *web.Request, member, address string) (link, bool) {
	m, ok := n.member(member)
	if !ok {
		return link{}, false
	}
	l := link{Label: m.Name, URL: m.deepLink(r, address), External: true}
	if r.Lang == web.English {
		l.Lang = web.German // names of members are not translated
	}
	return l, true
}

// deepLink adds place and language for a portal of this software. Nothing
// about the person goes along.
func (m NetworkMember) deepLink(r *web.Request, address string) string {
	u, err := url.Parse(address)
	if err != nil || !m.Portal {
		return address
	}
	q := u.Query()
	if key := r.PlaceKey(); key != "" {
		q.Set("ort", key)
	}
	q.Set("lang", r.Lang)
	u.RawQuery = q.Encode()
	return u.String()
}

// memberView is a member on the page of the Portalverbund.
type memberView struct {
	Name, Kind, Offers, Host, URL string
	Where                         []string
	Links                         []link
	External                      bool
}

// networkPage lists who takes part, with what and where.
func (p *Pages) networkPage(r *web.Request) error {
	n := p.network()
	var views []memberView
	if n != nil {
		for _, m := range n.Members {
			u, err := url.Parse(m.URL)
			if err != nil {
				return err
			}
			v := memberView{Name: m.Name, Kind: r.T("find.network.kind." + m.Kind), Offers: m.Offers[r.Lang], Host: u.Host, URL: m.deepLink(r, m.URL)}
			if v.Offers == "" {
				v.Offers = m.Offers[web.German]
			}
			if v.Where, err = p.regions(r, m.Regions); err != nil {
				return err
			}
			for _, h := range m.Links {
				v.Links = append(v.Links, link{Label: h.Title, URL: h.URL, Lang: foreign(r, orGerman(h.TitleLang)), External: true})
			}
			views = append(views, v)
		}
	}
	title := r.T("find.network.title")
	return r.Render("find/network", web.View{Title: title, Crumbs: crumbs(r, title), Data: map[string]any{"Members": views, "Town": p.Town}})
}

// regions are the names of areas; those that the catalogue does not know are
// left out.
func (p *Pages) regions(r *web.Request, keys []string) ([]string, error) {
	var out []string
	for _, key := range keys {
		path, err := p.Catalogue.Path(r.Context(), key)
		if err != nil {
			return nil, err
		}
		for _, a := range path {
			if a.Key == key {
				out = append(out, a.Name)
			}
		}
	}
	return out, nil
}

// joined is a hit of the merged list: one of this portal, or one of a member.
type joined struct {
	federation.Hit
	own *xzufi.Hit // nil: of a member alone
}

// ownWeight lets the two best hits of this portal stand before the best of a
// member.
const ownWeight = 1.02

// join merges the first hits of this portal with those of the members. The
// members' hits are few and stand among the first; behind the merged list
// follow the portal's other hits in their order. A service that a member has
// too becomes one with the own hit and keeps that one's place: a member with a
// small catalogue finds it soon, which says little.
func (p *Pages) join(ctx context.Context, n *Network, own []xzufi.Hit, members []federation.Ranking, place string) ([]joined, error) {
	same := make([][]federation.Ranking, len(own))
	lists := make([]federation.Ranking, 1, 1+len(members))
	for _, l := range members {
		rest := l
		rest.Hits = nil
		for _, h := range l.Hits {
			i, err := p.sameService(ctx, own, h, place)
			if err != nil {
				return nil, err
			}
			if i < 0 {
				rest.Hits = append(rest.Hits, h)
				continue
			}
			one := l
			one.Hits = []federation.Hit{h}
			same[i] = append(same[i], one)
		}
		lists = append(lists, rest)
	}
	mine := federation.Ranking{Member: n.Own, Position: -1, Weight: ownWeight}
	index := map[string]*xzufi.Hit{}
	for i := range own {
		// The path as key: own hits are all different, whatever their titles.
		path := servicePath(own[i].ID)
		index[path] = &own[i]
		mine.Hits = append(mine.Hits, n.unite(federation.Hit{Member: n.Own.ID, Key: path, Title: own[i].Title, URL: path}, same[i]))
	}
	lists[0] = mine
	var out []joined
	for _, h := range federation.Merge(lists) {
		j := joined{Hit: h}
		if h.Member == n.Own.ID {
			j.own = index[h.Key]
		}
		out = append(out, j)
	}
	return out, nil
}

// unite makes one hit of an own one and those of members for the same service:
// the most local one with the others beside it. Only a member that names the
// Leistungsschlüssel can come before the own hit.
func (n *Network) unite(own federation.Hit, theirs []federation.Ranking) federation.Hit {
	if len(theirs) == 0 {
		return own
	}
	key := own.Key
	own.Area = theirs[0].Hits[0].Area
	group := []federation.Ranking{{Member: n.Own, Position: -1, Hits: []federation.Hit{own}}}
	for _, l := range theirs {
		h := l.Hits[0]
		if h.Key == "" {
			// The title alone proves nothing: such a hit stands beside the own one,
			// however local its member is.
			l.Member.Regions = nil
		}
		h.Key, h.Area = key, own.Area
		l.Hits = []federation.Hit{h}
		group = append(group, l)
	}
	return federation.Merge(group)[0]
}

// sameService finds the own hit that is the same service of the same office as
// a member's, -1 for none. Only what a member names is looked up, not every own
// hit.
func (p *Pages) sameService(ctx context.Context, own []xzufi.Hit, theirs federation.Hit, place string) (int, error) {
	i := -1
	if theirs.Key != "" {
		id, err := p.Catalogue.ByLeika(ctx, theirs.Key, place)
		if err != nil && !missing(err) {
			return -1, err
		}
		if err == nil {
			i = slices.IndexFunc(own, func(h xzufi.Hit) bool { return h.ID.Agency == id.Agency && h.ID.Value == id.Value })
		}
	} else {
		i = slices.IndexFunc(own, func(h xzufi.Hit) bool { return strings.EqualFold(h.Title, theirs.Title) })
	}
	if i < 0 || place == "" {
		return i, nil
	}
	who, err := p.Catalogue.Responsible(ctx, own[i].ID, place)
	if err != nil && !missing(err) {
		return -1, err
	}
	if len(who.Offices) > 0 && who.Offices[0].EntryArea != theirs.Area {
		return -1, nil // the office here is another
	}
	return i, nil
}
