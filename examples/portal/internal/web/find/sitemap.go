package find

import (
	"encoding/xml"
	"net/http"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// fixedPages are the fixed pages with the names of their texts.
func fixedPages() []struct{ path, name string } {
	return []struct{ path, name string }{
		{"/hilfe", "help"}, {"/leichte-sprache", "simple"}, {"/gebaerdensprache", "sign"},
		{"/barrierefreiheit", "accessibility"}, {"/impressum", "imprint"}, {"/datenschutz", "privacy"},
	}
}

type sitemapURL struct {
	Loc string `xml:"loc"`
}

type sitemapSet struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []sitemapURL `xml:"url"`
}

func (p *Pages) sitemap(r *web.Request) error {
	if r.Core.Public == nil {
		return web.ErrNotFound
	}
	var set sitemapSet
	add := func(path string) {
		u := *r.Core.Public
		set.URLs = append(set.URLs, sitemapURL{Loc: u.String() + path})
	}
	for _, path := range []string{"/", "/dienstleistungen", "/lebenslagen", "/einrichtungen", "/barriere-melden", "/cookies", "/lizenzen"} {
		add(path)
	}
	for _, f := range fixedPages() {
		add(f.path)
	}
	situations, err := p.situations(r)
	if err != nil {
		return err
	}
	for _, s := range situations {
		add(s.URL)
	}
	services, err := p.all(r.Context(), xzufi.ListQuery{})
	if err != nil {
		return err
	}
	for _, h := range services {
		add(servicePath(h.ID))
	}
	offices, err := p.allOffices(r, xzufi.OfficeQuery{})
	if err != nil {
		return err
	}
	for _, o := range offices {
		add(officePath(o.ID))
	}
	body, err := xml.MarshalIndent(set, "", " ")
	if err != nil {
		return err
	}
	return plain(r, "application/xml; charset=utf-8", append([]byte(xml.Header), body...))
}

// robots keeps crawlers away from pages that belong to one person or that
// have no content of their own.
func (p *Pages) robots(r *web.Request) error {
	text := "User-agent: *\n"
	for _, path := range []string{"/amt", "/anmelden", "/antrag", "/antraege", "/entwuerfe", "/konto", "/postkorb", "/suche", "/ort", "/test"} {
		text += "Disallow: " + path + "\n"
	}
	if r.Core.Public != nil {
		text += "Sitemap: " + r.Core.Public.JoinPath("sitemap.xml").String() + "\n"
	}
	return plain(r, "text/plain; charset=utf-8", []byte(text))
}

// plain answers with something that is no page.
func plain(r *web.Request, mediaType string, body []byte) error {
	r.W.Header().Set("Content-Type", mediaType)
	r.W.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = r.W.Write(body) // the client may have gone away
	}
	return nil
}
