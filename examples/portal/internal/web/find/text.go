package find

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// catalogueLang is the language to ask the catalogue for: it has no Leichte
// Sprache.
func catalogueLang(r *web.Request) string {
	if r.Lang == web.Simple {
		return web.German
	}
	return r.Lang
}

// foreign is the value of the lang attribute for a text of the catalogue,
// empty when the text is in the page's language.
func foreign(r *web.Request, lang string) string {
	lang, _, _ = strings.Cut(strings.ReplaceAll(lang, "_", "-"), "-")
	lang = strings.ToLower(lang)
	if lang == r.Lang {
		return ""
	}
	return lang
}

// phrase is a short text with the language it is in, if that is not the
// page's.
type phrase struct{ Text, Lang string }

func pick(r *web.Request, t xzufi.Text) phrase {
	lt := t.Pick(catalogueLang(r))
	if lt.Text == "" {
		return phrase{}
	}
	return phrase{Text: lt.Text, Lang: foreign(r, lt.Lang)}
}

// rich is a text of the catalogue that may hold HTML, made safe.
type rich struct {
	HTML template.HTML
	Lang string
}

func pickRich(r *web.Request, t xzufi.Text) rich {
	p := pick(r, t)
	return rich{HTML: web.CleanHTML(p.Text), Lang: p.Lang}
}

// link is an address with its text.
type link struct {
	Label, URL, Lang string
	External         bool
}

func servicePath(id xzufi.ID) string {
	return "/dienstleistung/" + url.PathEscape(id.Agency) + "/" + url.PathEscape(id.Value)
}

func officePath(id xzufi.ID) string {
	return "/einrichtung/" + url.PathEscape(id.Agency) + "/" + url.PathEscape(id.Value)
}

// webLink takes an address of the catalogue only if it is one of the web.
func webLink(uri string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return nil, false
	}
	return u, true
}

func links(r *web.Request, in []xzufi.Link) []link {
	var out []link
	for _, l := range in {
		u, ok := webLink(l.URI)
		if !ok {
			continue
		}
		label := l.Title
		if label == "" {
			label = u.Host
		}
		out = append(out, link{Label: label, URL: u.String(), Lang: foreign(r, orGerman(l.Lang)), External: true})
	}
	return out
}

func orGerman(lang string) string {
	if lang == "" {
		return web.German
	}
	return lang
}

// areaOf names an area in the genitive or what stands for it in the page's
// language: "der Stadt Altenwehr".
func areaOf(r *web.Request, a xzufi.Area) string {
	kind := strings.ToLower(a.Kind)
	key := "find.of." + kind
	if !r.Core.Texts.Has(key) {
		key = "find.of.other"
	}
	return r.T(key, "name", strings.TrimPrefix(a.Name, a.Kind+" "))
}

// levelName is the part of a text key and of the level badge for a trust
// level.
func levelName(level int) string {
	switch {
	case level <= 0:
		return "none"
	case level <= 2:
		return "low"
	case level == 3:
		return "substantial"
	}
	return "high"
}
