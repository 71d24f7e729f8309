package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/jobs"
	"github.com/stadttor/stadttor/examples/portal/internal/web/pay"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/payment/pmpayment"
	"github.com/stadttor/stadttor/xzufi"
)

// The sources that may write a booking. Each procedure has exactly one.
const (
	booksPortal   = "portal"   // the portal writes a file for the finance system
	booksPlatform = "platform" // the payment platform does, from the record that is sent along
)

// procedure is a Verfahren of the payment service and says for what it is
// used. Which methods of payment are offered hangs on it alone.
type procedure struct {
	Name    string `json:"name"`
	Salt    string `json:"salt"`
	OldSalt string `json:"oldSalt,omitempty"`
	// Services are the ids of the services it is for; none: all others.
	Services []string `json:"services,omitempty"`
	// From and To bound the amount in cents; 0: no bound.
	From int64 `json:"from,omitempty"`
	To   int64 `json:"to,omitempty"`
	// Books is "portal" or "platform".
	Books string `json:"books"`
	// Record is what the platform books by, with {ref}, {reference} and
	// {account}; only with "platform". Besides them it takes the characters of
	// SEPA, without a semicolon: the platform would refuse each payment otherwise.
	Record string `json:"record,omitempty"`
}

// till is the portal's way to be paid; nil when nothing is paid online.
type till struct {
	url, ags   string
	procedures []procedure
	provider   *pmpayment.Provider
}

// errProcedures says that the file of procedures cannot be used.
var errProcedures = errors.New("must list procedures, each with name, salt and books, and a record of the characters of SEPA where the platform books")

// readProcedures reads and checks the file of procedures.
func readProcedures(raw []byte) ([]procedure, error) {
	var file struct {
		Procedures []procedure `json:"procedures"`
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil || len(file.Procedures) == 0 {
		return nil, errProcedures
	}
	seen := map[string]bool{}
	for _, p := range file.Procedures {
		switch {
		case p.Name == "" || p.Salt == "" || seen[p.Name], p.From < 0, p.To < 0, p.To > 0 && p.To < p.From:
			return nil, errProcedures
		case !recordText.MatchString(fillRecord(p.Record, "", "", "")):
			return nil, errProcedures
		case p.Books == booksPortal && p.Record == "", p.Books == booksPlatform && p.Record != "":
		default:
			return nil, errProcedures
		}
		seen[p.Name] = true
	}
	return file.Procedures, nil
}

// recordText is what a record may be made of besides what is filled in.
var recordText = regexp.MustCompile(`^[A-Za-z0-9 /?:().,'+-]{0,300}$`)

// fillRecord makes the record of a payment.
func fillRecord(record, ref, reference, account string) string {
	return strings.NewReplacer("{ref}", ref, "{reference}", reference, "{account}", account).Replace(record)
}

// find chooses the procedure for an amount of a service: one that names the
// service before one for all.
func (t *till) find(service string, cents int64) (procedure, bool) {
	var general *procedure
	for i := range t.procedures {
		p := &t.procedures[i]
		if cents < p.From || (p.To > 0 && cents > p.To) {
			continue
		}
		if slices.Contains(p.Services, service) {
			return *p, true
		}
		if len(p.Services) == 0 && general == nil {
			general = p
		}
	}
	if general == nil {
		return procedure{}, false
	}
	return *general, true
}

// byName finds the procedure of an attempt.
func (t *till) byName(name string) (procedure, bool) {
	i := slices.IndexFunc(t.procedures, func(p procedure) bool { return p.Name == name })
	if i < 0 {
		return procedure{}, false
	}
	return t.procedures[i], true
}

// payTime is how long the payment service may take for one answer.
const payTime = 8 * time.Second

// checkPayment refuses half a configuration.
func (c *Config) checkPayment(bad func(setting, problem string)) {
	all := []struct{ name, value string }{{"PORTAL_PMPAYMENT_URL", c.PaymentURL}, {"PORTAL_PMPAYMENT_AGS", c.PaymentAGS}, {"PORTAL_PMPAYMENT_FILE", c.PaymentFile}}
	some := c.PaymentURL+c.PaymentAGS+c.PaymentFile != ""
	for _, s := range all {
		if some && s.value == "" {
			bad(s.name, "is needed to be paid online")
		}
	}
	if c.PaymentURL != "" && c.Mode == Production && !strings.HasPrefix(c.PaymentURL, "https://") {
		bad("PORTAL_PMPAYMENT_URL", "must be https in production")
	}
}

// openTill finds the payment service: that of the settings, in the demo the
// simulator. Nil means that nothing is paid online.
func (p *Portal) openTill() (*till, error) {
	t := &till{url: p.cfg.PaymentURL, ags: p.cfg.PaymentAGS}
	switch {
	case p.cfg.PaymentFile != "":
		raw, err := os.ReadFile(p.cfg.PaymentFile)
		if err == nil {
			t.procedures, err = readProcedures(raw)
		}
		if err != nil {
			return nil, &ConfigError{"PORTAL_PMPAYMENT_FILE", errProcedures.Error()}
		}
	case p.sims.control != nil && p.world.AGS != "":
		t.url, t.ags = p.sims.desc.Payment.URL, p.world.AGS
		for _, m := range p.sims.desc.Payment.Merchants {
			if m.AGS == t.ags {
				t.procedures = append(t.procedures, procedure{Name: m.Procedure, Salt: m.Salt, Services: demoServices(m.Procedure), Books: booksPortal})
			}
		}
	}
	if t.url == "" || len(t.procedures) == 0 {
		return nil, nil
	}
	known := map[string]pmpayment.Procedure{}
	for _, v := range t.procedures {
		known[v.Name] = pmpayment.Procedure{Salt: v.Salt, OldSalt: v.OldSalt}
	}
	var err error
	t.provider, err = pmpayment.New(pmpayment.Config{BaseURL: t.url, AGS: t.ags, Procedures: known, Query: pay.Attempt,
		Client: p.calls.Client("pmpayment", payTime), Timeout: payTime, InsecureAllowHTTP: p.cfg.Mode == Demo})
	if err != nil {
		return nil, &ConfigError{"PORTAL_PMPAYMENT_URL", "does not make a usable connection"}
	}
	return t, nil
}

// demoServices are the services that a procedure of the demo is for.
func demoServices(name string) []string {
	var values []string
	switch name {
	case "URKUNDEN":
		values = []string{"L100099.LB.1004", "L100099.LB.1005", "L100099.LB.1006"}
	case "MELDEWESEN":
		values = []string{"L100099.LB.1003"}
	}
	var out []string
	for _, v := range values {
		out = append(out, xzufi.ID{Agency: "L100099", Scheme: "Leistung", Value: v}.String())
	}
	return out
}

// composeTill makes applications payable.
func (p *Portal) composeTill() error {
	c := &p.parts
	t, err := p.openTill()
	if err != nil {
		return err
	}
	p.till = t
	c.applications.URL = p.URL()
	c.applications.Payable = func(service string, cents int64) bool {
		if t == nil {
			return false
		}
		_, ok := t.find(service, cents)
		return ok
	}
	if t == nil {
		return nil
	}
	address := func(path string, id payment.AttemptID) string {
		return p.URL() + path + "?" + url.Values{pay.Attempt: {string(id)}}.Encode()
	}
	c.checkout = payment.NewCheckout(c.orders, paymentsql.NewAttemptStore(p.db.Write), &payment.CheckoutOptions{
		Now: p.clock.Now, Logger: p.cfg.Logger, Timeout: payTime,
		Providers: map[string]payment.Provider{"pmpayment": t.provider},
		Route: func(o payment.Order) (string, string, error) {
			v, ok := t.find(p.serviceOfOrder(o), o.Total.Minor)
			if !ok {
				return "", "", payment.ErrNotPayable
			}
			return "pmpayment", v.Name, nil
		},
		Text:   func(o payment.Order) string { return payment.Remittance(o.Ref, o.Items[0].Text) },
		Record: p.record,
		URLs: func(id payment.AttemptID) (notify, ret string) {
			return address(pay.NotifyPath, id), address(pay.ReturnPath, id)
		},
	})
	c.ledger = payment.NewLedger(paymentsql.NewBookingStore(p.db.Write), &payment.LedgerOptions{Now: p.clock.Now})
	c.applications.Till = &antrag.Till{Checkout: c.checkout, Ledger: c.ledger, Logger: p.cfg.Logger,
		Books: func(a payment.Attempt) bool {
			v, ok := t.byName(a.Procedure)
			return !ok || v.Books == booksPortal
		}}
	return nil
}

// serviceOfOrder finds the service that an order is for.
func (p *Portal) serviceOfOrder(o payment.Order) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	service, err := p.parts.applications.ServiceOf(ctx, string(o.ID))
	if err != nil {
		return "" // then a procedure for all is used
	}
	return service
}

// record is what the payment platform books by, where it does.
func (p *Portal) record(o payment.Order) string {
	v, ok := p.till.find(p.serviceOfOrder(o), o.Total.Minor)
	if !ok || v.Books != booksPlatform {
		return ""
	}
	return fillRecord(v.Record, o.Ref, o.Reference, o.Items[0].Account)
}

// The finance system takes files of bookings from a folder.
const (
	transportTill   = "kasse"
	destinationTill = transportTill + ":buchungen"
)

func (p *Portal) tillFolder() string { return filepath.Join(p.cfg.Data, "kasse") }

func (p *Portal) tillTransport() (federation.Transport, error) {
	if err := os.MkdirAll(p.tillFolder(), 0o700); err != nil {
		return nil, err
	}
	return dropfolder.New(p.tillFolder(), &dropfolder.Options{Now: p.clock.Now})
}

// tillJobs is the background work of paying.
func (p *Portal) tillJobs() ([]jobs.Step, []jobs.Chore) {
	if p.till == nil {
		return nil, nil
	}
	c := &p.parts
	every := time.Hour
	if p.cfg.Mode == Demo {
		every = cmp.Or(p.cfg.sweep, time.Minute)
	}
	return []jobs.Step{{Name: antrag.StepPayment, Due: c.checkout.Due, Do: c.applications.Reconcile, Secret: true}},
		[]jobs.Chore{{Name: "buchungen", Every: every, Do: func(ctx context.Context) error { return c.applications.BookingsDue(ctx, destinationTill) }},
			{Name: "unbezahlt", Every: every, Do: c.applications.Unpaid}}
}

// composePay adds the pages for paying.
func (p *Portal) composePay() {
	pages := &pay.Pages{Applications: p.parts.applications, Town: p.cfg.Town, Logger: p.cfg.Logger}
	if p.till != nil {
		pages.Callback = func(_ payment.Attempt, r *http.Request) (payment.Hint, error) { return p.till.provider.Callback(r) }
		pages.Record = func(h http.Handler) http.Handler { return p.calls.In("pmpayment", h) }
		if u, err := url.Parse(p.till.url); err == nil {
			pages.Origins = []string{u.Scheme + "://" + u.Host}
		}
	}
	pages.Register(p.core)
}

// payPatterns are addresses that the payment service and the browsers that
// come from it post to.
var payPatterns = []string{"POST " + pay.NotifyPath, "POST " + pay.ReturnPath}
