package find

import (
	"html/template"
	"regexp"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// proseLink is [text](address) with an address on this portal, on the web, or
// of mail.
var proseLink = regexp.MustCompile(`\[([^\[\]]+)\]\(((?:/|https://|mailto:|tel:)[^\s()"]*)\)`)

// prose turns the text of a fixed page into HTML. A town writes such a text
// into a file of texts, so the rules are few: an empty line ends a paragraph,
// "## " begins a heading, "- " an item of a list, **bold** is bold and
// [text](address) is a link. Everything else is shown as it stands.
func prose(s string) template.HTML {
	var b strings.Builder
	for block := range strings.SplitSeq(s, "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case block == "":
		case strings.HasPrefix(block, "### "):
			b.WriteString("<h3>" + inline(block[4:]) + "</h3>\n")
		case strings.HasPrefix(block, "## "):
			b.WriteString("<h2>" + inline(block[3:]) + "</h2>\n")
		case strings.HasPrefix(block, "- "):
			b.WriteString("<ul>\n")
			for item := range strings.SplitSeq(block, "\n") {
				b.WriteString("<li>" + inline(strings.TrimPrefix(strings.TrimSpace(item), "- ")) + "</li>\n")
			}
			b.WriteString("</ul>\n")
		default:
			b.WriteString("<p>" + strings.ReplaceAll(inline(block), "\n", "<br>\n") + "</p>\n")
		}
	}
	return template.HTML(b.String())
}

var proseBold = regexp.MustCompile(`\*\*([^*]+)\*\*`)

func inline(s string) string {
	s = template.HTMLEscapeString(s)
	s = proseBold.ReplaceAllString(s, "<strong>$1</strong>")
	return proseLink.ReplaceAllString(s, `<a href="$2">$1</a>`)
}

// facts are what the texts of the fixed pages may mention.
func (p *Pages) facts(r *web.Request) []any {
	or := func(s, fallback string) string {
		if s == "" {
			return fallback
		}
		return s
	}
	i := p.Imprint
	host := ""
	if r.Core.Public != nil {
		host = r.Core.Public.String()
	}
	return []any{"town", p.Town, "portal", r.Core.PortalName, "url", host,
		"address", or(i.Address, "Marktplatz 1, 27899 Altenwehr"), "head", or(i.Representative, "Bürgermeisterin Henrike Wulfers"),
		"phone", or(i.Phone, "04299 555-0"), "tel", digits(or(i.Phone, "04299 555-0")), "mail", or(i.Mail, "rathaus@altenwehr.example"), "officer", or(i.Officer, "datenschutz@altenwehr.example")}
}

// fixed shows one fixed page: its title and text are find.<name>.title and
// find.<name>.text.
func (p *Pages) fixed(name string) web.Handler {
	return func(r *web.Request) error {
		title := r.T("find." + name + ".title")
		return r.Render("find/fixed", web.View{Title: title, Crumbs: crumbs(r, title), Data: p.fixedData(r, name)})
	}
}

func (p *Pages) fixedData(r *web.Request, name string) map[string]any {
	demo := ""
	if r.Core.Demo && r.Core.Texts.Has("find."+name+".demo") {
		demo = r.T("find." + name + ".demo")
	}
	return map[string]any{"Name": name, "Text": prose(r.T("find."+name+".text", p.facts(r)...)), "DemoNote": demo}
}

// cookie is one line of the page about cookies.
type cookie struct{ Name, Purpose, Lifetime string }

func (p *Pages) cookies(r *web.Request) error {
	prefix := ""
	if r.Core.Sessions.Secure {
		prefix = "__Host-"
	}
	var rows []cookie
	for _, c := range []struct{ key, name string }{
		{"session", prefix + "stadttor"}, {"language", "stadttor_sprache"}, {"login", prefix + "bundid"}, {"staff", prefix + "stadttor_amt"},
	} {
		rows = append(rows, cookie{c.name, r.T("find.cookies." + c.key + ".purpose"), r.T("find.cookies." + c.key + ".lifetime")})
	}
	title := r.T("find.cookies.title")
	data := p.fixedData(r, "cookies")
	data["Cookies"] = rows
	return r.Render("find/fixed", web.View{Title: title, Crumbs: crumbs(r, title), Data: data})
}

func (p *Pages) licences(r *web.Request) error {
	title := r.T("find.licences.title")
	data := p.fixedData(r, "licences")
	data["Modules"] = builtModules()
	return r.Render("find/fixed", web.View{Title: title, Crumbs: crumbs(r, title), Data: data})
}
