package bundid

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// RequestSignature is the algorithm that signs our requests.
type RequestSignature int

// The signatures that accounts accept.
const (
	SignaturePSS       RequestSignature = iota // RSASSA-PSS with SHA-256, the default
	SignatureRSASHA256                         // RSASSA-PKCS1-v1_5 with SHA-256
)

// DecryptionKey opens assertions. Keep the old key beside the new one while
// the operator changes our metadata, which takes days.
type DecryptionKey struct {
	Key         crypto.Decrypter  // RSA, 2048 bit or more
	Certificate *x509.Certificate // of this key, for our metadata
}

// Config says who we are and whom we trust. EntityID, ACSURL, IDPMetadata,
// SigningKey, SigningCertificate, DecryptionKeys, OrganizationDisplayName and
// OnlineServiceID are required.
type Config struct {
	// EntityID is our name: an https URL without port. Its host must stay the
	// same for ever, because the bPK2 of every citizen depends on it.
	EntityID string
	// ACSURL is the address that the answers are posted to.
	ACSURL string
	// IDPMetadata is the account's EntityDescriptor. Its entityID, addresses
	// and signing keys are all that is ever trusted; get it over a safe way.
	IDPMetadata []byte

	// SigningKey signs requests; an RSA key, for example in an HSM.
	SigningKey crypto.Signer
	// SigningCertificate belongs to SigningKey.
	SigningCertificate *x509.Certificate
	// DecryptionKeys open assertions; the first stands in our metadata.
	DecryptionKeys []DecryptionKey
	// RequestSignature signs our requests. Default: RSASSA-PSS.
	RequestSignature RequestSignature

	// OrganizationDisplayName is shown to the citizen before data are handed
	// over; more than 50 characters may be cut.
	OrganizationDisplayName string
	// OnlineServiceID is the BMI-ID of the connection, "BMI-A..." or "BMI-B...".
	OnlineServiceID string

	// ClockSkew is how far clocks may differ. Default 60 seconds, at most 5
	// minutes.
	ClockSkew time.Duration
	// RequestLifetime is how long a citizen may take to log in. Default 30
	// minutes, at most 24 hours.
	RequestLifetime time.Duration
	// Now reports the current time. Default: time.Now.
	Now func() time.Time
	// Logger receives technical events without personal data. Default: discard.
	Logger *slog.Logger
	// CookieName is the first part of the name of the browser cookie. Default:
	// "__Host-bundid", or "bundid" with InsecureAllowHTTP.
	CookieName string
	// InsecureAllowHTTP allows http addresses, ports in EntityID and a cookie
	// without Secure. For a demo with a simulator on one machine only.
	InsecureAllowHTTP bool
}

const (
	defaultSkew     = time.Minute
	maxSkew         = 5 * time.Minute
	defaultLifetime = 30 * time.Minute
	maxLifetime     = 24 * time.Hour
	minRSABits      = 2048
)

// ServiceProvider starts logins and checks their answers. It is safe for
// concurrent use and holds no state of its own.
type ServiceProvider struct {
	cfg         Config
	idp         identityProvider
	acs         *url.URL
	decrypters  []crypto.Decrypter
	store       Store
	now         func() time.Time
	log         *slog.Logger
	newRandomID func() string
}

// New checks the configuration completely and returns a ServiceProvider that
// keeps its state in store. The error is a *ConfigError. A nil store panics.
func New(cfg Config, store Store) (*ServiceProvider, error) {
	if store == nil {
		panic("bundid: nil store")
	}
	cfg.DecryptionKeys = append([]DecryptionKey(nil), cfg.DecryptionKeys...)
	sp := &ServiceProvider{store: store, newRandomID: newRandomID}
	for _, check := range []func(*Config) error{
		sp.checkAddresses, sp.checkKeys, sp.checkDisplay, sp.setDefaults, sp.readIDP,
	} {
		if err := check(&cfg); err != nil {
			return nil, err
		}
	}
	sp.cfg = cfg
	return sp, nil
}

// With returns a copy that keeps its state in another store, for example one
// that writes in the caller's transaction. A nil store panics.
func (sp *ServiceProvider) With(store Store) *ServiceProvider {
	if store == nil {
		panic("bundid: nil store")
	}
	c := *sp
	c.store = store
	return &c
}

func (sp *ServiceProvider) checkAddresses(cfg *Config) error {
	entity, err := checkURL(cfg.EntityID, cfg.InsecureAllowHTTP)
	if err != nil {
		return &ConfigError{Field: "EntityID", Err: err}
	}
	if entity.Port() != "" && !cfg.InsecureAllowHTTP {
		return &ConfigError{Field: "EntityID", Err: errors.New("must not have a port")}
	}
	if sp.acs, err = checkURL(cfg.ACSURL, cfg.InsecureAllowHTTP); err != nil {
		return &ConfigError{Field: "ACSURL", Err: err}
	}
	return nil
}

// checkURL accepts an absolute https address with nothing hidden in it.
func checkURL(s string, allowHTTP bool) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.TrimSpace(s) != s || !printable(s):
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP):
		return nil, errors.New("must begin with https")
	case u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("must name a host and have neither user nor fragment")
	}
	return u, nil
}

// printable refuses control characters and broken UTF-8.
func printable(s string) bool {
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

func (sp *ServiceProvider) checkKeys(cfg *Config) error {
	if cfg.SigningKey == nil {
		return &ConfigError{Field: "SigningKey", Err: errors.New("missing")}
	}
	if err := checkRSA(cfg.SigningKey.Public()); err != nil {
		return &ConfigError{Field: "SigningKey", Err: err}
	}
	if err := belongs(cfg.SigningCertificate, cfg.SigningKey.Public()); err != nil {
		return &ConfigError{Field: "SigningCertificate", Err: err}
	}
	if cfg.RequestSignature != SignaturePSS && cfg.RequestSignature != SignatureRSASHA256 {
		return &ConfigError{Field: "RequestSignature", Err: errors.New("unknown")}
	}
	if len(cfg.DecryptionKeys) == 0 || len(cfg.DecryptionKeys) > 4 {
		return &ConfigError{Field: "DecryptionKeys", Err: errors.New("give one to four keys")}
	}
	for _, k := range cfg.DecryptionKeys {
		if k.Key == nil {
			return &ConfigError{Field: "DecryptionKeys", Err: errors.New("key missing")}
		}
		if err := checkRSA(k.Key.Public()); err != nil {
			return &ConfigError{Field: "DecryptionKeys", Err: err}
		}
		if err := belongs(k.Certificate, k.Key.Public()); err != nil {
			return &ConfigError{Field: "DecryptionKeys", Err: err}
		}
		sp.decrypters = append(sp.decrypters, k.Key)
	}
	return nil
}

func checkRSA(key crypto.PublicKey) error {
	k, ok := key.(*rsa.PublicKey)
	if !ok {
		return errors.New("must be an RSA key")
	}
	if k.N.BitLen() < minRSABits {
		return fmt.Errorf("must have %d bits or more", minRSABits)
	}
	return nil
}

func belongs(cert *x509.Certificate, key crypto.PublicKey) error {
	if cert == nil {
		return errors.New("certificate missing")
	}
	k, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || !k.Equal(key) {
		return errors.New("certificate is for another key")
	}
	return nil
}

// onlineServiceID is BMI-Axxxx or BMI-Bxxxxxxx (Anbindungsleitfaden 1.9); the
// length is left open, because only examples are published.
var onlineServiceID = regexp.MustCompile(`^BMI-[AB][0-9A-Za-z]{1,32}$`)

func (sp *ServiceProvider) checkDisplay(cfg *Config) error {
	name := strings.TrimSpace(cfg.OrganizationDisplayName)
	if name == "" || !printable(name) || len(name) > 400 {
		return &ConfigError{Field: "OrganizationDisplayName", Err: errors.New("missing or not printable")}
	}
	cfg.OrganizationDisplayName = name
	if !onlineServiceID.MatchString(cfg.OnlineServiceID) {
		return &ConfigError{Field: "OnlineServiceID", Err: errors.New(`must look like "BMI-A1234"`)}
	}
	return nil
}

func (sp *ServiceProvider) setDefaults(cfg *Config) error {
	if cfg.ClockSkew == 0 {
		cfg.ClockSkew = defaultSkew
	}
	if cfg.ClockSkew < 0 || cfg.ClockSkew > maxSkew {
		return &ConfigError{Field: "ClockSkew", Err: errors.New("must be between 0 and 5 minutes")}
	}
	if cfg.RequestLifetime == 0 {
		cfg.RequestLifetime = defaultLifetime
	}
	if cfg.RequestLifetime < time.Minute || cfg.RequestLifetime > maxLifetime {
		return &ConfigError{Field: "RequestLifetime", Err: errors.New("must be between 1 minute and 24 hours")}
	}
	if cfg.CookieName == "" {
		cfg.CookieName = "__Host-bundid"
		if cfg.InsecureAllowHTTP {
			cfg.CookieName = "bundid"
		}
	}
	secureName := strings.HasPrefix(cfg.CookieName, "__Host-") || strings.HasPrefix(cfg.CookieName, "__Secure-")
	probe := http.Cookie{Name: cfg.CookieName, Value: "x"}
	if probe.Valid() != nil || secureName && cfg.InsecureAllowHTTP {
		return &ConfigError{Field: "CookieName", Err: errors.New("not usable as a cookie name here")}
	}
	clock := cfg.Now
	if clock == nil {
		clock = time.Now
	}
	sp.now = func() time.Time { return stamp(clock()) }
	if sp.log = cfg.Logger; sp.log == nil {
		sp.log = slog.New(slog.DiscardHandler)
	}
	return nil
}
