package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsql"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/jobs"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/staff"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/stadttor/stadttor/postkorb/smtp"
	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/rbac/rbacsql"
	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufisql"
	"github.com/uptrace/bun"
)

// parts are the components and services, wired together.
type parts struct {
	world        demo.World
	blobs        blob.Store
	catalogue    *xzufi.Catalogue // reads
	editor       *xzufi.Catalogue // writes
	inbox        *postkorb.Inbox
	orders       *payment.Service
	checkout     *payment.Checkout // nil when nothing is paid online
	ledger       *payment.Ledger
	outbox       *federation.Outbox
	authority    *rbac.Authority
	assistants   *assistant.Set
	accounts     *konto.Service
	applications *antrag.Service
	login        *bundid.ServiceProvider
	logins       *bundidsql.Store
	staff        *staff.Login
	jobs         *jobs.Engine
	handOvers    handOvers
}

func (p *Portal) migrate(ctx context.Context) error {
	for _, m := range []func(context.Context) error{
		func(ctx context.Context) error { return database.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return bundidsql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return postkorbsql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return paymentsql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return xzufisql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return rbacsql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return federationsql.Migrate(ctx, p.db.Write) },
		func(ctx context.Context) error { return jobs.Migrate(ctx, p.db) },
	} {
		if err := m(ctx); err != nil {
			return err
		}
	}
	return nil
}

// compose wires the parts in the order of their needs.
func (p *Portal) compose(ctx context.Context) error {
	if err := p.keepModesApart(ctx); err != nil {
		return err
	}
	if err := p.loadClock(ctx); err != nil {
		return err
	}
	if err := p.composeCore(); err != nil {
		return err
	}
	ring := p.ring()
	if p.cfg.Mode == Demo {
		if err := p.startSimulators(ctx, ring); err != nil {
			return err
		}
	}
	if err := p.startNeighbour(ctx); err != nil {
		return err
	}
	if err := p.composeStores(ctx); err != nil {
		return err
	}
	if err := p.composeNetwork(); err != nil {
		return err
	}
	if err := p.composeLogin(ring); err != nil {
		return err
	}
	if err := p.composeApplications(); err != nil {
		return err
	}
	if err := p.composeTill(); err != nil {
		return err
	}
	if err := p.composeJobs(ctx); err != nil {
		return err
	}
	if p.cfg.Mode == Demo {
		if err := p.seed(ctx); err != nil {
			return err
		}
	}
	if err := p.parts.authority.Refresh(ctx); err != nil {
		return err
	}
	if err := p.composePages(); err != nil {
		return err
	}
	return p.awaitNeighbour()
}

// settingMode is the mode that a database belongs to, settingSeeded the version
// of the demo in it.
const (
	settingMode   = "portal.mode"
	settingSeeded = "demo.seeded"
)

// keepModesApart ties a database to the mode of its first start. The demo
// empties a database that it does not find seeded, and production must know
// neither the demo's people nor their rights.
func (p *Portal) keepModesApart(ctx context.Context) error {
	of, err := database.Setting(ctx, p.db.Read, settingMode)
	if err != nil {
		return err
	}
	if of == "" {
		return p.claim(ctx)
	}
	if of != p.cfg.Mode {
		return &ConfigError{"PORTAL_DATABASE_URL", "names the database of a portal in another mode (" + of + "); every mode needs its own"}
	}
	return nil
}

// claim marks a database that has no mode yet. One with people or cases in it
// must at least be a whole demo, for the demo.
func (p *Portal) claim(ctx context.Context) error {
	seeded, err := database.Setting(ctx, p.db.Read, settingSeeded)
	if err != nil {
		return err
	}
	if p.cfg.Mode == Demo && seeded != "" {
		return database.SetSetting(ctx, p.db.Write, settingMode, Demo)
	}
	for _, table := range []string{"portal_accounts", "portal_applications"} {
		used, err := p.db.Read.NewSelect().Table(table).Exists(ctx)
		if err != nil {
			return err
		}
		if used {
			return &ConfigError{"PORTAL_DATABASE_URL", "names a database with data that does not say of which mode; take an empty one"}
		}
	}
	return database.SetSetting(ctx, p.db.Write, settingMode, p.cfg.Mode)
}

// settingClock is how far a tester set the clock, as a duration.
const settingClock = "clock.offset"

// loadClock sets the clock as a tester left it. Production has no such clock.
func (p *Portal) loadClock(ctx context.Context) error {
	if p.cfg.Mode != Demo {
		return nil
	}
	v, err := database.Setting(ctx, p.db.Read, settingClock)
	if err != nil || v == "" {
		return err
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return fmt.Errorf("portal: the clock's setting cannot be read")
	}
	p.clock.SetOffset(d)
	return nil
}

func (p *Portal) ring() keys.Ring {
	folder := p.cfg.Keys
	if folder == "" {
		folder = filepath.Join(p.cfg.Data, "keys")
	}
	return keys.Ring{Folder: folder, Demo: p.cfg.Mode == Demo, Now: p.clock.Now,
		Progress: func(name string) { p.cfg.Progress("Erzeuge Schlüssel " + name + " …") }}
}

func (p *Portal) composeCore() error {
	lang, err := layers(nil, "lang")
	if err != nil {
		return err
	}
	texts, err := web.LoadTexts(lang, p.cfg.Texts)
	if err != nil {
		return err
	}
	templates, err := layers(p.cfg.Templates, "templates")
	if err != nil {
		return err
	}
	look := p.cfg.Static
	if look == nil {
		look = p.world.Static()
	}
	static, err := layers(look, "static")
	if err != nil {
		return err
	}
	renderer, err := web.NewRenderer(templates, static, texts)
	if err != nil {
		return err
	}
	p.core = &web.Core{
		Log: p.cfg.Logger, Now: p.clock.Now, Texts: texts, Renderer: renderer,
		Sessions: &web.Sessions{DB: p.db, Now: p.clock.Now, Secure: p.public.Scheme == "https", Limits: web.DefaultSessionLimits()},
		Public:   p.public, Demo: p.cfg.Mode == Demo, TesterURL: p.cfg.testerURL, PortalName: p.cfg.PortalName, Town: p.cfg.Town,
	}
	return nil
}

func (p *Portal) composeStores(ctx context.Context) error {
	c, log := &p.parts, p.cfg.Logger
	if err := p.composeHandOvers(); err != nil {
		return err
	}
	var err error
	if c.blobs, err = blob.Open(ctx, p.cfg.BlobURL, p.cfg.Data); err != nil {
		return err
	}
	if c.assistants, err = p.forms(); err != nil {
		return err
	}
	c.catalogue = xzufi.New(xzufisql.New(p.db.Read), &xzufi.Options{Now: p.clock.Now, Logger: log})
	c.editor = c.catalogue.With(xzufisql.New(p.db.Write))
	sender, err := p.mailer()
	if err != nil {
		return err
	}
	c.accounts = &konto.Service{DB: p.db, Now: p.clock.Now}
	c.inbox = postkorb.New(postkorbsql.New(p.db.Write), &postkorb.Options{Now: p.clock.Now, Logger: log, Notifier: smtp.NewNotifier(sender, p.notice)})
	c.orders = payment.New(paymentsql.New(p.db.Write), &payment.Options{Now: p.clock.Now})
	folder := filepath.Join(p.cfg.Data, "uebergabe")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("portal: folder for hand-overs: %w", err)
	}
	drop, err := dropfolder.New(folder, &dropfolder.Options{Now: p.clock.Now})
	if err != nil {
		return err
	}
	transports, err := p.transports(drop)
	if err != nil {
		return err
	}
	if transports[transportTill], err = p.tillTransport(); err != nil {
		return fmt.Errorf("portal: folder of the treasury: %w", err)
	}
	c.outbox = federation.New(federationsql.New(p.db.Write), &federation.Options{Now: p.clock.Now, Logger: log,
		Transports: transports,
		OpenPart: func(ctx context.Context, part federation.Part) (io.ReadCloser, error) {
			return c.blobs.Open(ctx, part.BlobKey)
		}})
	c.authority = rbac.New(rbacsql.New(p.db.Write), p.world.ID, &rbac.Options{Now: p.clock.Now, Logger: log})
	return nil
}

// forms are the form assistants of the world.
func (p *Portal) forms() (*assistant.Set, error) {
	if own := p.world.Forms(); own != nil {
		return assistant.Load(own)
	}
	return assistant.Builtin()
}

func (p *Portal) mailer() (*smtp.Sender, error) {
	o := smtp.Options{Addr: p.cfg.SMTP, From: p.cfg.Town + " <" + p.cfg.MailFrom + ">", Now: p.clock.Now}
	if p.sims.control != nil {
		o.Addr, o.InsecurePlaintext = p.sims.desc.Mail.Addr, true // the catch-all server of the demo on this machine
	}
	return smtp.New(o)
}

// notice finds whom a notice is for. It has nothing to say but that there is
// something to read.
func (p *Portal) notice(ctx context.Context, n postkorb.Notice) (smtp.Mail, error) {
	a, err := p.parts.accounts.Account(ctx, n.Owner)
	if errors.Is(err, konto.ErrNotFound) || (err == nil && (!a.Notify || a.Mail == "")) {
		return smtp.Mail{}, &postkorb.NotifyError{Code: "no-address", Permanent: true}
	}
	if err != nil {
		return smtp.Mail{}, err
	}
	t := p.core.Texts
	return smtp.Mail{To: a.Mail, MessageID: n.ID, Subject: t.Get(a.Lang, "mail.notice.subject"),
		Text: t.Get(a.Lang, "mail.notice.body", "portal", p.cfg.PortalName+" "+p.cfg.Town, "url", p.URL()+"/postkorb", "town", p.cfg.Town)}, nil
}

func (p *Portal) composeLogin(ring keys.Ring) error {
	sign, err := ring.Get("saml-signatur")
	if err != nil {
		return err
	}
	decrypt, err := ring.Get("saml-verschluesselung")
	if err != nil {
		return err
	}
	metadata := p.sims.metadata()
	if p.cfg.BundIDMetadata != "" {
		if metadata, err = os.ReadFile(p.cfg.BundIDMetadata); err != nil {
			return &ConfigError{"PORTAL_BUNDID_METADATA", "cannot be read"}
		}
	}
	c := &p.parts
	c.logins = bundidsql.New(p.db.Write)
	c.login, err = bundid.New(bundid.Config{
		EntityID: p.URL(), ACSURL: p.URL() + "/saml/acs", IDPMetadata: metadata,
		SigningKey: sign.Key, SigningCertificate: sign.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: decrypt.Key, Certificate: decrypt.Certificate}},
		OrganizationDisplayName: p.cfg.Town, OnlineServiceID: p.cfg.OnlineServiceID,
		Now: p.clock.Now, Logger: p.cfg.Logger, InsecureAllowHTTP: p.public.Scheme == "http",
	}, c.logins)
	if err != nil {
		return err
	}
	c.staff = &staff.Login{Issuer: p.cfg.StaffIssuer, ClientID: p.cfg.StaffClient, ClientSecret: p.cfg.StaffSecret,
		RedirectURL: p.URL() + "/amt/oidc/antwort", Person: p.person, Now: p.clock.Now}
	if p.sims.control != nil {
		c.staff.Issuer, c.staff.ClientID, c.staff.ClientSecret = p.sims.desc.OpenID.Issuer, p.sims.access.ClientID, p.sims.access.ClientSecret
		c.staff.HTTP = p.calls.Client(sims.OpenID, 10*time.Second)
	}
	return nil
}

// person finds the employee whom the provider names.
func (p *Portal) person(_ context.Context, issuer, subject string) (string, bool) {
	if issuer != p.parts.staff.Issuer {
		return "", false
	}
	if p.cfg.Mode != Demo {
		return p.member(subject)
	}
	for _, s := range p.world.Staff {
		if s.Sub == subject {
			return s.ID, true
		}
	}
	return "", false
}

// member finds an employee of production: a person of the rights whose id is
// the provider's. The people of the demo are nobody there.
func (p *Portal) member(subject string) (string, bool) {
	for _, person := range p.parts.authority.Policy().Source().Persons {
		if person.ID == subject && !person.Inactive {
			return person.ID, true
		}
	}
	return "", false
}

func (p *Portal) composeApplications() error {
	c := &p.parts
	c.applications = antrag.New(antrag.Config{
		DB: p.db, Now: p.clock.Now, Blobs: c.blobs, Inbox: c.inbox, Orders: c.orders, Outbox: c.outbox,
		Definition:  c.definition,
		Unit:        c.unit,
		UnitName:    p.world.UnitName,
		KnownUnit:   func(id string) bool { _, ok := c.authority.Policy().Unit(id); return ok },
		Destination: c.handOvers.destination, TwoWay: c.handOvers.twoWay,
		Inlet:   federation.NewInlet(federationsql.NewReplies(p.db.Write), &federation.InletOptions{Now: p.clock.Now, Logger: p.cfg.Logger}),
		Replies: func(db bun.IDB) federation.ReplyStore { return federationsql.NewReplies(db) },
		Text:    p.core.Texts.Get,
	})
	return nil
}

func (c *parts) definition(id, version string) (*assistant.Definition, bool) {
	if version == "" {
		return c.assistants.Latest(id)
	}
	return c.assistants.Version(id, version)
}

// unit asks the catalogue who is responsible and finds the unit behind that
// office. An office of another administration has no unit here; what nobody
// is responsible for goes to the mail room (Poststelle).
func (c *parts) unit(ctx context.Context, service, area string) (antrag.Unit, error) {
	fallback := antrag.Unit{ID: c.world.Fallback, Name: c.world.UnitName(c.world.Fallback)}
	id, err := xzufi.ParseID(service)
	if err != nil || area == "" {
		return fallback, nil
	}
	r, err := c.catalogue.Responsible(ctx, id, area)
	if errors.Is(err, xzufi.ErrNotFound) {
		return fallback, nil
	}
	if err != nil {
		return antrag.Unit{}, err
	}
	for _, o := range r.Offices {
		for _, m := range c.world.OfficeUnits {
			if m.Office.Agency == o.Office.ID.Agency && m.Office.Value == o.Office.ID.Value {
				return antrag.Unit{ID: m.Unit, Name: o.Office.Name.For("de")}, nil
			}
		}
	}
	if len(r.Offices) > 0 {
		return antrag.Unit{}, antrag.ErrNoUnit
	}
	return fallback, nil
}

func (p *Portal) composeJobs(ctx context.Context) error {
	c := &p.parts
	steps := []jobs.Step{
		{Name: antrag.StepNotice, Due: c.inbox.Due, Do: c.inbox.Notify},
		{Name: antrag.StepDelivery, Due: c.outbox.Due, Do: p.deliver},
	}
	chores := []jobs.Chore{
		{Name: "sessions", Every: 10 * time.Minute, Do: p.core.Sessions.Purge},
		{Name: "drafts", Every: time.Hour, Do: c.applications.PurgeDrafts},
		{Name: "files", Every: time.Hour, Do: c.applications.PurgeFiles},
		{Name: "involvements", Every: time.Minute, Do: c.applications.EndDue},
		{Name: "once", Every: time.Hour, Do: c.applications.PurgeOnce},
		{Name: "logins", Every: 10 * time.Minute, Do: func(ctx context.Context) error { return c.logins.Purge(ctx, p.clock.Now()) }},
	}
	paySteps, payChores := p.tillJobs()
	steps, chores = append(steps, paySteps...), append(chores, payChores...)
	for i := range steps {
		steps[i].Every = p.cfg.sweep
	}
	engine, err := jobs.New(ctx, p.db, p.clock.Now, p.cfg.Logger, steps, chores)
	if err != nil {
		return err
	}
	c.jobs = engine
	c.applications.Wake = engine.Wake
	return nil
}
