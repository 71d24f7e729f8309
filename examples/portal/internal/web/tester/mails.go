package tester

import (
	"regexp"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

func (p *Pages) mails(r *web.Request) error {
	all, err := p.caught(r)
	if err != nil {
		return err
	}
	return p.show(r, "mails", "/test/mails", web.View{}, map[string]any{"Mails": all, "Down": p.active(r, sims.Mail) != ""})
}

// caught are the mails of this portal and of others that use the same server.
func (p *Pages) caught(r *web.Request) ([]mailsim.Mail, error) {
	if p.Sims == nil {
		return nil, nil
	}
	return p.Sims.Mails(r.Context())
}

// address finds links in the text of a mail.
var address = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

func (p *Pages) mail(r *web.Request) error {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	all, err := p.caught(r)
	if err != nil {
		return err
	}
	for _, m := range all {
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
	if p.Sims == nil {
		return web.ErrNotFound
	}
	if err := p.Sims.ClearMails(r.Context()); err != nil {
		return err
	}
	return r.Redirect("/test/mails?ok=mails")
}
