package pmpayment

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/payment"
)

// Provider speaks the classic interface of pmPayment for one municipality. It
// implements [payment.Provider] and is safe for concurrent use.
type Provider struct {
	config Config
	base   *url.URL
	hosts  map[string]bool // of pay pages
}

var _ payment.Provider = (*Provider)(nil)

// New returns a provider. The error is ErrConfig.
func New(c Config) (*Provider, error) {
	c, base, err := c.check()
	if err != nil {
		return nil, err
	}
	p := &Provider{config: c, base: base, hosts: map[string]bool{hostPort(base): true}}
	for _, host := range c.PayHosts {
		u := &url.URL{Scheme: "https", Host: host}
		p.hosts[hostPort(u)] = true
	}
	return p, nil
}

// Tenant is the municipality's key, which an attempt keeps as its Tenant.
func (p *Provider) Tenant() string { return p.config.AGS }

// Start opens the pay page. It takes the procedure, the amount in euros, the
// text (at most 27 characters of the SEPA set), record, txid and the two
// addresses from the attempt; empty ones of record, txid and addresses are left
// out. A text that does not fit is an error: cutting is up to the caller, who
// knows what must stay whole.
func (p *Provider) Start(ctx context.Context, a payment.Attempt) (payment.Started, error) {
	form, err := p.startForm(a)
	if err != nil {
		return payment.Started{}, err
	}
	req, err := http.NewRequest(http.MethodPost, p.base.JoinPath("payment", "secure").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return payment.Started{}, fail(payment.ReasonRefused, false)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	code, raw, err := p.do(ctx, req)
	if err != nil {
		return payment.Started{}, err
	}
	if code != http.StatusOK {
		return payment.Started{}, failStatus(code)
	}
	answer, err := parseStart(raw)
	switch {
	case errors.Is(err, errRefused):
		return payment.Started{}, fail(payment.ReasonRefused, false)
	case err != nil:
		return payment.Started{}, fail(payment.ReasonNotAnswer, true)
	case a.TxID != "" && answer.txid != a.TxID, !plainID(answer.txid), len(answer.txid) > maxTxID:
		return payment.Started{}, fail(payment.ReasonMismatch, false)
	case !p.payPage(answer.url):
		return payment.Started{}, fail(payment.ReasonMismatch, false)
	}
	return payment.Started{PayURL: answer.url, ProviderRef: answer.txid}, nil
}

// startForm writes the fields of a start with their hash.
func (p *Provider) startForm(a payment.Attempt) (url.Values, error) {
	procedure, ok := p.config.Procedures[a.Procedure]
	switch {
	case !ok, a.Tenant != "" && a.Tenant != p.config.AGS:
		return nil, fail(payment.ReasonMismatch, false)
	case a.Amount.Currency != "EUR", a.Amount.Minor < 1:
		return nil, fail(payment.ReasonRefused, false)
	case a.Text == "", len(a.Text) > maxDesc, !sepa(a.Text):
		return nil, fail(payment.ReasonRefused, false)
	case len(a.Record) > maxRecord, !sepa(a.Record):
		return nil, fail(payment.ReasonRefused, false)
	case a.TxID != "" && !plainID(a.TxID), len(a.TxID) > maxTxID:
		return nil, fail(payment.ReasonRefused, false)
	case !p.ownAddress(a.NotifyURL), !p.ownAddress(a.ReturnURL):
		return nil, fail(payment.ReasonRefused, false)
	}
	fields := []struct{ name, value string }{ // the order is that of the hash
		{"ags", p.config.AGS}, {"amount", strconv.FormatInt(a.Amount.Minor, 10)}, {"procedure", a.Procedure},
		{"desc", a.Text}, {"accountingRecord", a.Record}, {"txid", a.TxID},
		{"notifyURL", a.NotifyURL}, {"redirectURL", a.ReturnURL},
	}
	form := url.Values{}
	var values []string
	for _, f := range fields {
		if f.value != "" { // how an empty field is hashed is not known
			form.Set(f.name, f.value)
			values = append(values, f.value)
		}
	}
	if ambiguous(values) {
		return nil, fail(payment.ReasonRefused, false)
	}
	form.Set("hash", hashOf(procedure.Salt, values))
	return form, nil
}

// ownAddress allows the callback addresses we give away, or none.
func (p *Provider) ownAddress(address string) bool {
	if address == "" {
		return true
	}
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxURL && plain(address) && p.config.secure(u)
}

// payPage allows the addresses that a payer may be sent to.
func (p *Provider) payPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxURL && plain(address) && p.config.secure(u) && p.hosts[hostPort(u)]
}

// hostPort is host and port of an address, in lower case, with the usual port
// filled in.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		if port = "443"; u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Status is what the service tells about a payment.
type Status struct {
	Code      int       // 1 paid, 0 failed or aborted, -1 in progress
	Timestamp string    // when the payment began, as it came: no zone
	StartedAt time.Time // the same, read in Config.Location; zero if it cannot be read
}

// Status asks for a payment by its transaction id. It proves what [Provider.LookUp]
// makes a Snapshot of.
func (p *Provider) Status(ctx context.Context, ags, txid string) (Status, error) {
	if !plainID(ags) || !plainID(txid) || len(ags) > maxTxID || len(txid) > maxTxID {
		return Status{}, fail(payment.ReasonRefused, false)
	}
	req, err := http.NewRequest(http.MethodGet, p.base.JoinPath("payment", "status", ags, txid).String(), nil)
	if err != nil {
		return Status{}, fail(payment.ReasonRefused, false)
	}
	code, raw, err := p.do(ctx, req)
	if err != nil {
		return Status{}, err
	}
	if code == http.StatusNotFound {
		// Only what comes from the service itself counts: a gateway's page would
		// make us start a payment a second time.
		if m, err := members(raw); err == nil && (text(m, "Error") != "" || text(m, "error") != "") {
			return Status{}, fail(payment.ReasonUnknownTransaction, false)
		}
	}
	if code != http.StatusOK {
		return Status{}, failStatus(code)
	}
	s, err := parseStatus(raw, p.config.Location)
	switch {
	case errors.Is(err, errRefused):
		return Status{}, fail(payment.ReasonRefused, true)
	case err != nil:
		return Status{}, fail(payment.ReasonNotAnswer, true)
	}
	return s, nil
}

// LookUp asks what has become of an attempt, with the tenant and transaction id
// that were stored when it began. The interface tells no amount: it is that of
// the attempt, which the service accepted under its hash. Nor does it tell when
// the money came or what with: At stays zero, Method is what the attempt has.
// Without a method, a payment that is over counts as aborted.
func (p *Provider) LookUp(ctx context.Context, a payment.Attempt) (payment.Snapshot, error) {
	ags, txid := a.Tenant, a.TxID
	if ags == "" {
		ags = p.config.AGS
	}
	if txid == "" {
		txid = a.ProviderRef
	}
	s, err := p.Status(ctx, ags, txid)
	if err != nil {
		return payment.Snapshot{}, err
	}
	return payment.Snapshot{State: stateOf(s.Code, a.Method), Amount: a.Amount, Method: a.Method, ProviderRef: txid}, nil
}

// stateOf translates a status.
func stateOf(code int, method string) payment.State {
	switch {
	case code == 1:
		return payment.StatePaid
	case code == -1:
		return payment.StateChecking
	case method == "":
		return payment.StateAborted
	}
	return payment.StateFailed
}

// do sends a request and reads the limited answer.
func (p *Provider) do(ctx context.Context, req *http.Request) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	req.Header.Set("Accept", "application/json")
	resp, err := p.config.Client.Do(req.WithContext(ctx))
	if err != nil {
		return 0, nil, failSend(err)
	}
	defer resp.Body.Close() // an error here would concern a body that was read
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(raw) > maxAnswer {
		return 0, nil, fail(payment.ReasonTooLarge, true)
	}
	if err != nil {
		return 0, nil, failSend(err)
	}
	return resp.StatusCode, raw, nil
}
