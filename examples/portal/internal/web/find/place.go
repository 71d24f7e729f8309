package find

import (
	"net/url"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// maxQuery bounds what is looked up and shown again of a search.
const maxQuery = 200

func clip(s string) string {
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > maxQuery {
		return strings.TrimSpace(string(runes[:maxQuery]))
	}
	return s
}

func (p *Pages) placePage(r *web.Request) error {
	q := r.URL.Query()
	return p.showPlaces(r, clip(q.Get("q")), q.Has("q"), web.LocalPath(q.Get("weiter"), "/"), nil)
}

// showPlaces shows the field for a place and what was found.
func (p *Pages) showPlaces(r *web.Request, query string, asked bool, next string, errs []web.FieldError) error {
	ctx := r.Context()
	var found []xzufi.Area
	var err error
	if query != "" {
		if found, err = p.Catalogue.Places(ctx, query); err != nil {
			return err
		}
	}
	title := r.T("find.place.title")
	state := "ask"
	switch {
	case len(found) == 1:
		state = "one"
	case len(found) > 1:
		state, title = "several", r.T("find.place.several.title")
	case query != "":
		state = "none"
	case asked:
		errs = append(errs, web.FieldError{Field: "ort-suche", Text: r.T("find.place.empty")})
	}
	all, err := p.municipalities(ctx)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		found = all
	}
	now, err := p.place(r)
	if err != nil {
		return err
	}
	options := make([]map[string]any, 0, len(found))
	for _, a := range found {
		options = append(options, map[string]any{"Value": a.Key, "Label": a.Name, "Hint": p.placeHint(r, a), "Checked": a.Key == now.Key})
	}
	fieldError := ""
	for _, e := range errs {
		fieldError = e.Text
	}
	return r.Render("find/place", web.View{Title: title, Noindex: true, Errors: errs,
		Crumbs: crumbs(r, title),
		Data:   map[string]any{"State": state, "Query": query, "Next": next, "Options": options, "Found": found, "Now": now.Name, "Error": fieldError}})
}

// placeHint tells two places with the same postcode apart.
func (p *Pages) placeHint(r *web.Request, a xzufi.Area) string {
	parts := []string{strings.Join(a.Postcodes, ", ")}
	path, err := p.Catalogue.Path(r.Context(), a.Key)
	if err == nil && len(path) > 1 && len(path[1].Key) > 2 {
		parts = append(parts, path[1].Name)
	}
	return strings.Join(parts, ", ")
}

func (p *Pages) choosePlace(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	next := web.LocalPath(r.PostFormValue("weiter"), "/")
	if r.PostFormValue("ohne") != "" {
		if r.Session != nil {
			r.Session.Place = ""
			r.Change()
		}
		return r.Redirect(withoutPlace(next))
	}
	key := r.PostFormValue("key")
	if _, ok := p.PlaceName(r.Context(), key); !ok {
		field := "key"
		if all, err := p.municipalities(r.Context()); err == nil && len(all) == 0 {
			field = "ort-suche"
		}
		return p.showPlaces(r, clip(r.PostFormValue("q")), false, next, []web.FieldError{{Field: field, Text: r.T("find.place.choose")}})
	}
	r.NeedSession().Place = key
	r.Change()
	return r.Redirect(withoutPlace(next))
}

// withoutPlace removes a place from an address, since it would win over the
// one that was just chosen.
func withoutPlace(next string) string {
	u, err := url.Parse(next)
	if err != nil {
		return "/"
	}
	q := u.Query()
	if !q.Has("ort") {
		return next
	}
	q.Del("ort")
	u.RawQuery = q.Encode()
	return u.String()
}

func crumbs(r *web.Request, last string, between ...web.Crumb) []web.Crumb {
	out := []web.Crumb{{Label: r.T("find.nav.start"), URL: "/"}}
	out = append(out, between...)
	return append(out, web.Crumb{Label: last})
}
