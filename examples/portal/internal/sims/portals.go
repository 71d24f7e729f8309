package sims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/oidcsim"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// Portal is a portal that uses the simulators. For a Stadttor portal ID and
// URL are enough.
type Portal struct {
	// ID is its name, which its client at the OpenID provider has as well. If
	// it is a world of the demo, only the staff of that world may log in.
	ID string `json:"id"`
	// URL is its public address without a slash at the end.
	URL string `json:"url"`
	// EntityID is its name at BundID; default URL.
	EntityID string `json:"entityID,omitempty"`
	// MetadataURL is where its SAML metadata are; default /saml/metadata.
	MetadataURL string `json:"metadataURL,omitempty"`
	// RedirectURIs are where the OpenID provider may lead to; default
	// /amt/oidc/antwort.
	RedirectURIs []string `json:"redirectURIs,omitempty"`
	// PostLogoutURIs are where it may lead to afterwards; default /amt/anmelden.
	PostLogoutURIs []string `json:"postLogoutURIs,omitempty"`
	// Metadata returns the metadata of a portal in the same process, which
	// need not be asked over HTTP.
	Metadata func() ([]byte, error) `json:"-"`
}

// Access is what one portal needs to know about itself.
type Access struct {
	ID           string `json:"id"`
	URL          string `json:"url"`
	ClientID     string `json:"clientID"`
	ClientSecret string `json:"clientSecret"`
}

// Merchant is a procedure of the payment service.
type Merchant struct {
	AGS       string `json:"ags"`
	Procedure string `json:"procedure"`
	Salt      string `json:"salt"`
	Name      string `json:"name"`
}

// Member is a foreign member of the federation.
type Member struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Description is everything that a portal needs to use a set.
type Description struct {
	BundID struct {
		URL      string `json:"url"`
		Metadata string `json:"metadata"`
	} `json:"bundid"`
	OpenID struct {
		Issuer string `json:"issuer"`
	} `json:"openid"`
	Mail struct {
		Addr string `json:"addr"` // host:port, without TLS
	} `json:"mail"`
	Payment struct {
		URL       string     `json:"url"`
		Merchants []Merchant `json:"merchants"`
	} `json:"pmpayment"`
	BackOffice struct {
		URL    string `json:"url"`
		Secret string `json:"secret"` // shared, for signatures of both sides
	} `json:"backOffice"`
	Members []Member `json:"members"`
	Control string   `json:"control"` // page with which a tester disturbs them
	Portals []Access `json:"portals"`
}

// ErrPortal says that a portal cannot be registered as it is.
var ErrPortal = errors.New("sims: a portal needs an id and addresses of its own origin")

// maxPortals bounds a set.
const maxPortals = 50

// Register makes a portal known to all simulators, or changes one that is
// known by its address.
func (s *Set) Register(p Portal) (Access, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.HasSuffix(p.URL, "/") || u.RawQuery != "" || p.ID == "" || len(p.ID) > 60 {
		return Access{}, ErrPortal
	}
	if p.EntityID == "" {
		p.EntityID = p.URL
	}
	if p.MetadataURL == "" {
		p.MetadataURL = p.URL + "/saml/metadata"
	}
	if p.RedirectURIs == nil {
		p.RedirectURIs = []string{p.URL + "/amt/oidc/antwort"}
	}
	if p.PostLogoutURIs == nil {
		p.PostLogoutURIs = []string{p.URL + "/amt/anmelden"}
	}
	for _, a := range append(append([]string{p.MetadataURL}, p.RedirectURIs...), p.PostLogoutURIs...) {
		if own, err := url.Parse(a); err != nil || own.Host == "" || (own.Scheme != "http" && own.Scheme != "https") {
			return Access{}, ErrPortal
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.portals, func(o Portal) bool { return o.URL == p.URL })
	switch {
	case i >= 0:
		s.portals[i] = p
	case len(s.portals) >= maxPortals:
		return Access{}, ErrPortal
	default:
		s.portals = append(s.portals, p)
	}
	c := oidcsim.Client{ID: clientID(p), Secret: s.secret("openid " + clientID(p)), People: staff(p.ID)}
	for _, o := range s.portals { // portals with one id are one client at several addresses
		if o.ID == p.ID {
			c.RedirectURIs = append(c.RedirectURIs, o.RedirectURIs...)
			c.PostLogoutURIs = append(c.PostLogoutURIs, o.PostLogoutURIs...)
		}
	}
	if err := s.OpenID.SetClient(c); err != nil {
		return Access{}, err
	}
	// The back office is that of the town; without the town, of whoever came first.
	isTown := func(o Portal) bool { return o.ID == demo.Worlds()[0].ID }
	if isTown(p) || s.portals[0].URL == p.URL && !slices.ContainsFunc(s.portals, isTown) {
		if err := s.Office.SetPortal(p.URL); err != nil {
			return Access{}, ErrPortal
		}
	}
	return s.access(p), nil
}

func (s *Set) access(p Portal) Access {
	return Access{ID: p.ID, URL: p.URL, ClientID: clientID(p), ClientSecret: s.secret("openid " + clientID(p))}
}

func clientID(p Portal) string { return "stadttor-" + p.ID }

// Description says how a portal uses the set.
func (s *Set) Description() Description {
	var d Description
	d.BundID.URL, d.BundID.Metadata = s.BundID.URL, string(s.BundID.Metadata())
	d.OpenID.Issuer = s.OpenID.URL
	d.Mail.Addr = s.Mail.Addr
	d.Payment.URL = s.Payment.URL
	for _, m := range s.merchants() {
		d.Payment.Merchants = append(d.Payment.Merchants, Merchant(m))
	}
	d.BackOffice.URL, d.BackOffice.Secret = s.Office.URL, s.secret("fachverfahren")
	d.Members = []Member{{ID: Waste, URL: s.Waste.URL}}
	d.Control = s.control
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.portals {
		d.Portals = append(d.Portals, s.access(p))
	}
	return d
}

// metadata finds the metadata of a service provider.
func (s *Set) metadata(ctx context.Context, entityID string) ([]byte, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.portals, func(p Portal) bool { return p.EntityID == entityID })
	var p Portal
	if i >= 0 {
		p = s.portals[i]
	}
	s.mu.Unlock()
	if i < 0 {
		return nil, nil
	}
	if p.Metadata != nil {
		return p.Metadata()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.MetadataURL, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("sims: metadata of the portal: status %d", res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}

// merchants are the procedures of the administrations of the demo.
func (s *Set) merchants() []paymentsim.Merchant {
	var out []paymentsim.Merchant
	for _, w := range demo.Worlds() {
		if w.AGS == "" {
			continue
		}
		for _, procedure := range []string{"URKUNDEN", "MELDEWESEN", "ALLGEMEIN"} {
			out = append(out, paymentsim.Merchant{AGS: w.AGS, Procedure: procedure, Salt: s.secret("pmpayment " + w.AGS + " " + procedure), Name: w.Town})
		}
	}
	return out
}

// everybody is the staff of all administrations of the demo.
func everybody() []oidcsim.Person {
	var out []oidcsim.Person
	for _, w := range demo.Worlds() {
		out = append(out, people(w)...)
	}
	return out
}

// staff are who may log in to a portal: of a world of the demo its own, of any
// other portal everybody.
func staff(id string) []oidcsim.Person {
	for _, w := range demo.Worlds() {
		if w.ID == id {
			return people(w)
		}
	}
	return nil
}

func people(w demo.World) []oidcsim.Person {
	departments, parents := map[string]string{}, map[string]string{}
	for _, u := range w.Units {
		departments[u.ID], parents[u.ID] = u.Name, u.Parent
	}
	out := []oidcsim.Person{}
	for _, m := range w.Staff {
		top := m.Unit
		for parents[top] != "" && parents[top] != w.Root {
			top = parents[top]
		}
		out = append(out, oidcsim.Person{Sub: m.Sub, Name: m.Name, Mail: m.Mail, Title: m.Function, Groups: []string{m.Unit}, Department: departments[top]})
	}
	return out
}
