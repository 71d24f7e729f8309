package pmpayment

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Known addresses of the service.
const (
	Production = "https://payment.govconnect.de"
	Test       = "https://payment-test.govconnect.de"
)

// Procedure holds the secrets of one procedure (Verfahren), as agreed with the
// operator of the service.
type Procedure struct {
	Salt string // signs and verifies
	// OldSalt verifies returns too, while a new salt is being introduced.
	OldSalt string
}

// Config describes one municipality at the service.
type Config struct {
	// BaseURL is the address of the service, such as Production. Start and
	// status are derived from it.
	BaseURL string
	// AGS is the municipality's official key (Amtlicher Gemeindeschlüssel).
	AGS string
	// Procedures by name. Which methods of payment a procedure offers is set at
	// the service; a request cannot choose.
	Procedures map[string]Procedure
	// Query names the parameter of the callback addresses that holds the
	// attempt's id. Default: "zahlung".
	Query string
	// PayHosts are hosts, with a port if it is not the usual one, that pay pages
	// may have besides that of BaseURL.
	PayHosts []string
	// Client sends the requests; redirects are never followed. Default: a new
	// client.
	Client *http.Client
	// Timeout of one request with its answer. Default: 10 seconds.
	Timeout time.Duration
	// Location is the zone that times of the service are read in. Default:
	// Europe/Berlin, which New must be able to load.
	Location *time.Location
	// InsecureAllowHTTP takes http for the service, the pay page and the
	// callbacks: for simulators on the same machine.
	InsecureAllowHTTP bool
}

// ErrConfig says that a Config cannot work; the text says which field.
var ErrConfig = errors.New("pmpayment: configuration")

// DefaultQuery is the default of Config.Query.
const DefaultQuery = "zahlung"

// check refuses what could only fail later, and fills in defaults.
func (c Config) check() (Config, *url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(c.BaseURL, "/"))
	if err != nil || !c.secure(base) || base.RawQuery != "" || base.Fragment != "" {
		return c, nil, fmt.Errorf("%w: base url", ErrConfig)
	}
	if !plainID(c.AGS) || len(c.AGS) > maxTxID {
		return c, nil, fmt.Errorf("%w: ags", ErrConfig)
	}
	if len(c.Procedures) == 0 {
		return c, nil, fmt.Errorf("%w: no procedures", ErrConfig)
	}
	for name, p := range c.Procedures {
		if name == "" || len(name) > maxTxID || !sepaOrID(name) || p.Salt == "" {
			return c, nil, fmt.Errorf("%w: procedure without usable name or salt", ErrConfig)
		}
	}
	for _, host := range c.PayHosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || host == "" {
			return c, nil, fmt.Errorf("%w: pay host", ErrConfig)
		}
	}
	if c.Location == nil {
		if c.Location, err = time.LoadLocation("Europe/Berlin"); err != nil {
			return c, nil, fmt.Errorf("%w: no time zone data for Europe/Berlin", ErrConfig)
		}
	}
	if c.Query == "" {
		c.Query = DefaultQuery
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	client := http.Client{}
	if c.Client != nil {
		client = *c.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	c.Client, c.Procedures = &client, maps.Clone(c.Procedures)
	return c, base, nil
}

// secure reports whether an address may be used at all.
func (c Config) secure(u *url.URL) bool {
	return u.Hostname() != "" && u.User == nil && u.Opaque == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && c.InsecureAllowHTTP)
}

// sepaOrID allows the underscore, which names of procedures have.
func sepaOrID(s string) bool { return plainID(s) || sepa(s) }
