package find

import (
	"errors"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// tile is one service on the start page.
type tile struct {
	Title, Teaser phrase
	URL, Icon     string
	Online        bool
}

// tiles is how many services the start page shows.
const tiles = 6

func (p *Pages) start(r *web.Request) error {
	place, err := p.place(r)
	if err != nil {
		return err
	}
	wanted, err := p.wanted(r, place.Key)
	if err != nil {
		return err
	}
	list, err := p.situations(r)
	if err != nil {
		return err
	}
	return r.Render("find/start", web.View{Data: map[string]any{"Wanted": wanted, "Situations": list, "PlaceName": place.Name, "Next": r.SelfPath()}})
}

// wanted are the services that people ask for most, as far as they hold at
// the place.
func (p *Pages) wanted(r *web.Request, place string) ([]tile, error) {
	hits, err := p.all(r.Context(), xzufi.ListQuery{Area: place, Lang: catalogueLang(r)})
	if err != nil {
		return nil, err
	}
	here := map[string]xzufi.Hit{}
	ids := p.Wanted
	for _, h := range hits {
		here[h.ID.Loose()] = h
		if len(p.Wanted) == 0 && h.Online {
			ids = append(ids, h.ID)
		}
	}
	var out []tile
	for _, id := range ids {
		h, ok := here[id.Loose()]
		if !ok || len(out) == tiles {
			continue
		}
		l, err := p.Catalogue.Service(r.Context(), h.ID, "")
		if errors.Is(err, xzufi.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		t := tile{Title: pick(r, l.Title), Teaser: pick(r, l.Teaser), URL: servicePath(h.ID), Icon: "doc", Online: h.Online}
		if len(l.Categories) > 0 {
			t.Icon = iconOf(l.Categories[0].Name.For(web.German))
		}
		out = append(out, t)
	}
	return out, nil
}
