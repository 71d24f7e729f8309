// Package logintest runs the pages of the login, and others beside them, on
// real sockets with the simulated BundID, and walks through them like a
// browser without scripts.
package logintest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/bundid/bundidsql"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/examples/portal/internal/web/login"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
)

// Making a key takes long, so all tests of one package share two.
var (
	idpKeys = sync.OnceValue(newKeys)
	spKeys  = sync.OnceValue(newKeys)
)

func newKeys() *bundidsim.Keys {
	keys, err := bundidsim.GenerateKeys(time.Now())
	if err != nil {
		panic(err)
	}
	return keys
}

// Portal is a running portal with a simulated BundID.
type Portal struct {
	URL          string
	DB           *database.DB
	Core         *web.Core
	Sim          *bundidsim.Server
	Login        *login.Pages
	Accounts     *konto.Service
	Applications *antrag.Service
	Inbox        *postkorb.Inbox // writes
	Reader       *postkorb.Inbox // reads

	t  *testing.T
	mu sync.Mutex
	at time.Time
}

// Now is the portal's clock.
func (p *Portal) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// Advance moves the clock.
func (p *Portal) Advance(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.at.Add(d)
}

func inAll(s string) string { return fmt.Sprintf(`{"de": %q, "en": %q, "de-simple": %q}`, s, s, s) }

// Assistant is the id of the one form that the portal has: given name and
// family name, for a fee of 15 euros.
const Assistant = "dienst"

var assistants = sync.OnceValue(func() *assistant.Set {
	raw := `{"id": "dienst", "version": "1", "title": ` + inAll("Hund <b>anmelden</b>") + `, "lead": ` + inAll("x") + `, "level": 0, "audience": "citizen",
"fee": {"cents": 1500, "note": ` + inAll("x") + `}, "massgeblicherOrt": "residence", "outcome": "decision", "processing": ` + inAll("x") + `,
"steps": [{"id": "person", "title": ` + inAll("Zur Person") + `, "fields": [
{"id": "person.vorname", "type": "text", "label": ` + inAll("Vorname") + `, "required": true, "prefill": {"bundid": "urn:oid:2.5.4.42"}},
{"id": "person.nachname", "type": "text", "label": ` + inAll("Nachname") + `, "required": true, "prefill": {"bundid": "urn:oid:2.5.4.4"}}]}],
"declaration": {"points": [` + inAll("Es stimmt.") + `], "privacy": ` + inAll("x") + `}}`
	set, err := assistant.Load(fstest.MapFS{"dienst.json": {Data: []byte(raw)}})
	if err != nil {
		panic(err)
	}
	return set
})

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Start runs a portal with the pages of the login and those that register
// adds. The test must run in a folder beside lang, templates and static.
func Start(t *testing.T, register ...func(*Portal)) *Portal {
	t.Helper()
	ctx := t.Context()
	p := &Portal{t: t, at: time.Now().UTC()}
	p.DB = must(database.Open(ctx, "", t.TempDir()))(t)
	t.Cleanup(func() { p.DB.Close() })
	for _, err := range []error{database.Migrate(ctx, p.DB.Write), postkorbsql.Migrate(ctx, p.DB.Write), paymentsql.Migrate(ctx, p.DB.Write),
		federationsql.Migrate(ctx, p.DB.Write), bundidsql.Migrate(ctx, p.DB.Write)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	texts := must(web.LoadTexts(os.DirFS("../lang")))(t)
	renderer := must(web.NewRenderer(os.DirFS("../templates"), os.DirFS("../static"), texts))(t)
	p.Core = &web.Core{Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), Now: p.Now, Texts: texts, Renderer: renderer,
		Sessions: &web.Sessions{DB: p.DB, Now: p.Now, Limits: web.DefaultSessionLimits()}, PortalName: "Serviceportal", Town: "Stadt Altenwehr",
		Unread: func(ctx context.Context, account string) int {
			n, err := p.Reader.Unread(ctx, account)
			if err != nil {
				t.Error(err)
			}
			return n
		}}
	p.compose(texts)
	srv := httptest.NewUnstartedServer(nil)
	p.URL = "http://" + srv.Listener.Addr().String()
	p.Core.Public = must(url.Parse(p.URL))(t)
	p.Sim = must(bundidsim.Start(&bundidsim.Options{Keys: idpKeys(), Now: p.Now,
		SPMetadata: func(context.Context, string) ([]byte, error) { return p.Login.Provider.Metadata() }}))(t)
	t.Cleanup(func() { p.Sim.Close() })
	k := spKeys()
	provider := must(bundid.New(bundid.Config{EntityID: p.URL, ACSURL: p.URL + "/saml/acs", IDPMetadata: p.Sim.Metadata(),
		SigningKey: k.Key, SigningCertificate: k.Certificate, DecryptionKeys: []bundid.DecryptionKey{{Key: k.Key, Certificate: k.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr", OnlineServiceID: "BMI-A0000", Now: p.Now, InsecureAllowHTTP: true}, bundidsql.New(p.DB.Write)))(t)
	p.Login = &login.Pages{Provider: provider, Accounts: p.Accounts, Applications: p.Applications, Sessions: p.Core.Sessions}
	p.Login.Register(p.Core)
	p.Core.Handle("GET /test/sitzung", func(r *web.Request) error {
		if r.Session != nil {
			io.WriteString(r.W, r.Session.Owner)
		}
		return nil
	})
	for _, add := range register {
		add(p)
	}
	srv.Config.Handler = p.Core.Handler("POST /saml/acs")
	srv.Start()
	t.Cleanup(srv.Close)
	return p
}

func (p *Portal) compose(texts *web.Texts) {
	p.Accounts = &konto.Service{DB: p.DB, Now: p.Now}
	p.Inbox = postkorb.New(postkorbsql.New(p.DB.Write), &postkorb.Options{Now: p.Now})
	p.Reader = p.Inbox.With(postkorbsql.New(p.DB.Read))
	p.Applications = antrag.New(antrag.Config{DB: p.DB, Now: p.Now, Blobs: must(blob.NewFiles(p.t.TempDir()))(p.t), Inbox: p.Inbox,
		Orders: payment.New(paymentsql.New(p.DB.Write), &payment.Options{Now: p.Now}),
		Outbox: federation.New(federationsql.New(p.DB.Write), &federation.Options{Now: p.Now}),
		Definition: func(id, version string) (*assistant.Definition, bool) {
			if version == "" {
				return assistants().Latest(id)
			}
			return assistants().Version(id, version)
		},
		Unit: func(context.Context, string, string) (antrag.Unit, error) {
			return antrag.Unit{ID: "steuern", Name: "Team Steuern"}, nil
		},
		UnitName:    func(string) string { return "Team Steuern" },
		Destination: func(string) string { return "ablage" },
		Text:        texts.Get,
	})
}

// Draft begins an application that is complete.
func (p *Portal) Draft(owner, given, family string) antrag.Draft {
	p.t.Helper()
	ctx := p.t.Context()
	def, _ := assistants().Latest(Assistant)
	d := must(p.Applications.StartDraft(ctx, owner, def, "dienst", ""))(p.t)
	answers, errs := def.Apply(d.Answers, assistant.Input{Step: "person", Now: p.Now(), Form: url.Values{"person.vorname": {given}, "person.nachname": {family}}})
	if len(errs) > 0 {
		p.t.Fatalf("draft: %v", errs)
	}
	d.Answers = answers
	return must(p.Applications.SaveDraft(ctx, d))(p.t)
}

// Send begins and sends an application; account is empty for a guest.
func (p *Portal) Send(owner, account, given, family string) antrag.Application {
	p.t.Helper()
	d := p.Draft(owner, given, family)
	return must(p.Applications.Submit(p.t.Context(), d.ID, antrag.Applicant{Owner: owner, Account: account, Lang: "de", Level: 1, Means: "Benutzername"}))(p.t)
}

// Upload stores a file of an owner that belongs to nothing yet.
func (p *Portal) Upload(owner, name, content string) antrag.File {
	p.t.Helper()
	return must(p.Applications.Upload(p.t.Context(), owner, "", "", name, nil, 1<<20, strings.NewReader(content)))(p.t)
}
