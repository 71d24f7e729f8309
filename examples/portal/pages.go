package portal

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/copy"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/account"
	"github.com/stadttor/stadttor/examples/portal/internal/web/apply"
	"github.com/stadttor/stadttor/examples/portal/internal/web/desk"
	"github.com/stadttor/stadttor/examples/portal/internal/web/find"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/xzufi"
)

// composePages gives every page what it needs and builds the handler.
func (p *Portal) composePages() error {
	c, core := &p.parts, p.core
	reader := c.inbox.With(postkorbsql.New(p.db.Read))

	finding := &find.Pages{Catalogue: c.catalogue, Assistants: c.assistants, Feedback: p.feedback, Town: p.cfg.Town,
		Municipalities: municipalities(), Reaches: c.reaches, Wanted: p.wanted(), Imprint: find.Imprint(p.world.Imprint), Network: p.network.get}
	finding.Register(core)
	p.handleSearch()
	(&login.Pages{Provider: c.login, Accounts: c.accounts, Applications: c.applications, Sessions: core.Sessions}).Register(core)
	(&apply.Pages{Applications: c.applications, Assistants: c.assistants, Accounts: c.accounts, Catalogue: c.catalogue,
		Attributes: func(r *web.Request) ([]konto.Attribute, error) { return login.Attributes(r, c.accounts) },
		Places:     c.catalogue.Places, PlaceName: finding.PlaceName, Unit: c.unit, Service: p.serviceOf, LookUp: p.lookUp}).Register(core)
	(&account.Pages{Accounts: c.accounts, Applications: c.applications, Inbox: c.inbox, Reader: reader, Sessions: core.Sessions, CopyPDF: p.copyPDF}).Register(core)
	work := &desk.Pages{Applications: c.applications, Policy: c.authority.Policy, Tenant: p.world.ID, Now: p.clock.Now, Login: c.staff,
		PersonName: p.world.PersonName, UnitName: p.world.UnitName, PersonUnit: p.world.PersonUnit, Deliveries: c.outbox, BackOffice: c.handOvers.name, CopyPDF: p.copyPDF,
		PlaceName: func(key string) (string, bool) { return finding.PlaceName(context.Background(), key) }}
	work.Register(core)
	p.handleReplies()
	p.composePay()
	p.composeTester()
	p.health()

	core.Nav, core.PlaceName = finding.Nav, finding.PlaceName
	core.StaffNav, core.StaffBanner = work.Nav, work.Banner
	core.Staff = func(_ context.Context, id string) (web.StaffView, bool) {
		return web.StaffView{Name: p.world.PersonName(id), Unit: p.world.UnitName(p.world.PersonUnit(id))}, true
	}
	core.Unread = func(ctx context.Context, owner string) int {
		n, err := reader.Unread(ctx, owner)
		if err != nil {
			p.cfg.Logger.Warn("unread messages cannot be counted", "cause", err.Error())
		}
		return n
	}
	// The answers of the login provider and of the payment service come from other sites by design.
	p.handler = core.Handler(append([]string{"POST /saml/acs"}, payPatterns...)...)
	return nil
}

// copyPDF draws the copy of an application in a language.
func (p *Portal) copyPDF(ctx context.Context, a antrag.Application, lang string) ([]byte, error) {
	def, answers, err := p.parts.applications.AnswersOf(a)
	if err != nil {
		return nil, err
	}
	texts := func(key string, pairs ...any) string { return p.core.Texts.Get(lang, key, pairs...) }
	files, err := p.declaredFiles(ctx, a.ID, answers)
	if err != nil {
		return nil, err
	}
	doc := copy.Build(texts, a, def, answers, copy.Extras{Town: p.cfg.Town, Office: p.world.UnitName(a.LeadUnit), Lang: lang, Files: files, Places: placeName})
	var out bytes.Buffer
	if err := copy.PDF(&out, doc); err != nil {
		return nil, fmt.Errorf("portal: copy: %w", err)
	}
	return out.Bytes(), nil
}

// declaredFiles are the uploads that the answers name; what came to the case
// later is not part of the declaration.
func (p *Portal) declaredFiles(ctx context.Context, id string, answers assistant.Answers) ([]antrag.File, error) {
	all, err := p.parts.applications.Files(ctx, id)
	if err != nil {
		return nil, err
	}
	declared := answers.Files()
	return slices.DeleteFunc(all, func(f antrag.File) bool {
		return !slices.ContainsFunc(declared, func(d assistant.File) bool { return d.ID == f.ID })
	}), nil
}

func placeName(key string) (string, bool) {
	for _, a := range demo.Areas() {
		if a.Key == key {
			return a.Name, true
		}
	}
	return "", false
}

// municipalities are the places where people live.
func municipalities() []string {
	var out []string
	for _, a := range demo.Areas() {
		if len(a.Postcodes) > 0 {
			out = append(out, a.Key)
		}
	}
	return out
}

func (p *Portal) wanted() []xzufi.ID {
	var out []xzufi.ID
	for _, o := range p.world.Wanted {
		out = append(out, catalogueID(o))
	}
	return out
}

func catalogueID(o demo.ObjectID) xzufi.ID {
	return xzufi.ID{Agency: o.Agency, Scheme: o.Scheme, Value: o.Value}
}

// serviceOf finds the service of the catalogue that an assistant is for.
func (p *Portal) serviceOf(id string) (xzufi.ID, bool) {
	for _, s := range p.world.AssistantServices {
		if s.Assistant == id {
			return catalogueID(s.Service), true
		}
	}
	return xzufi.ID{}, false
}

// reaches reports whether an application about a service can be received here.
func (c *parts) reaches(ctx context.Context, service, area string) bool {
	_, err := c.unit(ctx, service, area)
	return err == nil
}
