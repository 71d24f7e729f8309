package tester

import (
	"regexp"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

func (p *Pages) mails(r *web.Request) error {
	var all []mailsim.Mail
	if p.Mail != nil {
		all = p.Mail.Mails()
	}
	return p.show(r, "mails", "/test/mails", web.View{}, map[string]any{"Mails": all, "Down": p.Mail != nil && p.Mail.Down()})
}

// address finds links in the text of a mail.
var address = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

func (p *Pages) mail(r *web.Request) error {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || p.Mail == nil {
		return web.ErrNotFound
	}
	for _, m := range p.Mail.Mails() {
		if m.ID == id {
			return p.show(r, "mail", "/test/mails/"+strconv.Itoa(id), web.View{}, map[string]any{"Mail": m, "Links": p.ownLinks(m.Text)})
		}
	}
	return web.ErrNotFound
}

// ownLinks are the links of a mail that lead to this portal.
func (p *Pages) ownLinks(text string) []string {
	var out []string
	for _, a := range address.FindAllString(text, 20) {
		if origin := p.core.Public.String(); a == origin || len(a) > len(origin) && a[:len(origin)+1] == origin+"/" {
			out = append(out, a)
		}
	}
	return out
}

func (p *Pages) clearMails(r *web.Request) error {
	if p.Mail == nil {
		return web.ErrNotFound
	}
	p.Mail.Clear()
	return r.Redirect("/test/mails?ok=mails")
}
