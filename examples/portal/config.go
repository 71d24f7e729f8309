package portal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// Modes of a portal.
const (
	Demo       = "demo"
	Production = "production"
)

// Config says how a portal runs. The zero value is the demo: SQLite and files
// in ./data, simulators inside, reachable from this machine only.
type Config struct {
	// Listen is the address to serve on. Default 127.0.0.1:8080.
	Listen string
	// SimListen is the address of the first simulator; the others follow on
	// the next ports. Port 0 takes free ports. Default localhost:8081.
	SimListen string
	// Simulators is the address of simulators in another process (the
	// program simulators). Default: the demo starts its own.
	Simulators string
	// PublicURL is how browsers reach the portal. It fixes the SAML entityID
	// and with it every person's bPK2, so it must never change. Default: http
	// and the listen address.
	PublicURL string
	// Mode is Demo or Production. Default Demo.
	Mode string
	// World is the administration of the demo: altenwehr, the town, or
	// weserheide, the Landkreis. Default altenwehr.
	World string
	// Alone leaves out the second portal of the demo, that of the Landkreis.
	Alone bool
	// Data is the folder for what the portal keeps itself. Default ./data.
	Data string
	// Keys is the folder of the private keys. Default: keys in Data.
	Keys string
	// DatabaseURL is postgres://... or empty for SQLite in Data.
	DatabaseURL string
	// BlobURL is s3://key:secret@host/bucket, file:///folder or empty for
	// files in Data.
	BlobURL string

	// BundIDMetadata is the file with BundID's metadata. Production only; the
	// demo takes those of its simulator.
	BundIDMetadata string
	// OnlineServiceID is the BMI-ID of the connection with BundID.
	OnlineServiceID string
	// StaffIssuer, StaffClient and StaffSecret name the OpenID provider of
	// the staff. Production only.
	StaffIssuer, StaffClient, StaffSecret string
	// SMTP is the mail server, host:port with STARTTLS. Production only.
	SMTP string
	// MailFrom is the sender of notices.
	MailFrom string

	// HandOvers is the file that says which applications go to which back
	// office. Default: all go to the folder uebergabe in Data, in the demo those
	// about dogs to the simulator of a back office.
	HandOvers string

	// Members is the file that lists the Portalverbund: this portal and the
	// members that its search asks. Default: none, in the demo those of the
	// world.
	Members string

	// PaymentURL, PaymentAGS and PaymentFile name pmPayment, the key of the
	// administration there, and the file of its procedures with their salts.
	// All or none; with none nothing is paid online. The demo takes its simulator.
	PaymentURL, PaymentAGS, PaymentFile string

	// PortalName and Town stand in the head of every page.
	PortalName, Town string
	// Texts, Templates and Static replace single texts, templates and static
	// files; the paths are those of the portal's own folders.
	Texts, Templates, Static fs.FS

	// Logger takes technical events without personal data. Default: none.
	Logger *slog.Logger
	// Now is the clock; the tester's page shifts it. Default time.Now.
	Now func() time.Time
	// Progress is told what is done while the portal starts.
	Progress func(string)

	simulators *sims.Set     // of another portal in this process
	listener   net.Listener  // on which to serve, already open
	testerURL  string        // of the pages for testers, when another portal has them
	sweep      time.Duration // how often is looked for what is due; 0: the defaults
}

// ConfigError says which setting cannot be used.
type ConfigError struct {
	Setting string // name of the environment variable
	Problem string
}

// Error implements error.
func (e *ConfigError) Error() string { return "portal: " + e.Setting + " " + e.Problem }

func (c *Config) defaults() {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Listen, "127.0.0.1:8080")
	set(&c.SimListen, "localhost:8081")
	set(&c.Mode, Demo)
	set(&c.Data, "data")
	if w, err := demo.WorldOf(c.World); err == nil {
		set(&c.PortalName, w.PortalName)
		set(&c.Town, w.Town)
		set(&c.MailFrom, w.MailFrom)
	}
	set(&c.OnlineServiceID, "BMI-A0000")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
}

// check names everything that is wrong at once.
func (c *Config) check() error {
	var problems []error
	bad := func(setting, problem string) { problems = append(problems, &ConfigError{setting, problem}) }
	if c.Mode != Demo && c.Mode != Production {
		bad("PORTAL_MODE", "must be demo or production")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		bad("PORTAL_LISTEN", "must be host:port")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		switch {
		case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
			bad("PORTAL_PUBLIC_URL", "must be an address like https://portal.example.de")
		case c.Mode == Production && (u.Scheme != "https" || u.Port() != ""):
			bad("PORTAL_PUBLIC_URL", "must be https without a port in production")
		}
	}
	if c.Mode == Production {
		c.checkProduction(bad)
	} else if _, port, err := net.SplitHostPort(c.SimListen); err != nil || port == "" {
		bad("PORTAL_SIM_LISTEN", "must be host:port")
	}
	c.checkPayment(bad)
	return errors.Join(problems...)
}

func (c *Config) checkProduction(bad func(setting, problem string)) {
	for _, need := range []struct{ name, value string }{
		{"PORTAL_PUBLIC_URL", c.PublicURL}, {"PORTAL_BUNDID_METADATA", c.BundIDMetadata},
		{"PORTAL_STAFF_ISSUER", c.StaffIssuer}, {"PORTAL_STAFF_CLIENT", c.StaffClient}, {"PORTAL_STAFF_SECRET", c.StaffSecret},
		{"PORTAL_SMTP", c.SMTP},
	} {
		if need.value == "" {
			bad(need.name, "is needed in production")
		}
	}
	if c.World != "" {
		bad("PORTAL_WORLD", "must be empty in production: it names a world of the demo")
	}
	if c.StaffIssuer != "" && !strings.HasPrefix(c.StaffIssuer, "https://") {
		bad("PORTAL_STAFF_ISSUER", "must be https in production")
	}
	if c.SimListen != "" && c.SimListen != "localhost:8081" {
		bad("PORTAL_SIM_LISTEN", "must be empty in production: there are no simulators")
	}
	if c.Simulators != "" {
		bad("PORTAL_SIMULATORS", "must be empty in production: there are no simulators")
	}
	if c.OnlineServiceID == "BMI-A0000" {
		bad("PORTAL_ONLINE_SERVICE_ID", "is needed in production")
	}
}

// open reports whether others than this machine can reach the portal.
func (c *Config) open() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || host == "localhost" {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// nextPort returns the address n ports after address; port 0 stays 0.
func nextPort(address string, n int) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return address, nil
	}
	var p int
	if _, err := fmt.Sscanf(port, "%d", &p); err != nil || p < 1 || p+n > 65535 {
		return "", &ConfigError{"PORTAL_SIM_LISTEN", "has no usable port"}
	}
	return net.JoinHostPort(host, fmt.Sprint(p+n)), nil
}
