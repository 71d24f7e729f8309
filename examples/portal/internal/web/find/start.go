package find

import "github.com/stadttor/stadttor/examples/portal/internal/web"

func (p *Pages) start(r *web.Request) error {
	return r.Render("find/start", web.View{Title: r.T("find.nav.start")})
}
