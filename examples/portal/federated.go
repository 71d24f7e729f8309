package portal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/web/find"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/portalsearch"
	"github.com/stadttor/stadttor/xzufi"
)

// searchBudget is how long a page waits for the members; the portal's own
// catalogue is searched meanwhile and never cut.
const searchBudget = 300 * time.Millisecond

// network is the Portalverbund. In the demo some members get their address only
// when they run; then it is built anew.
type network struct {
	p       *Portal
	file    memberFile
	mu      sync.Mutex
	urls    map[string]string // by member
	current atomic.Pointer[find.Network]
}

// composeNetwork reads who takes part.
func (p *Portal) composeNetwork() error {
	file, err := p.cfg.readMembers(p.world)
	if err != nil {
		return err
	}
	p.network = &network{p: p, file: file, urls: map[string]string{}}
	if p.cfg.Members == "" { // the demo's own
		for _, m := range p.sims.desc.Members {
			p.network.urls[m.ID] = m.URL
		}
	}
	return p.network.build()
}

// setMember says where a member of the demo runs. It may be called at any time.
func (n *network) setMember(id, address string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.urls[id] = address
	return n.build()
}

// get returns the current state, nil when nobody takes part.
func (n *network) get() *find.Network { return n.current.Load() }

// build makes the searcher anew. Its cache starts empty.
func (n *network) build() error {
	p := n.p
	own := n.file.Own
	if own.ID == "" {
		own.ID = "portal"
	}
	next := &find.Network{Own: federation.Member{ID: own.ID, Name: p.cfg.Town, URL: p.URL(), Regions: own.Regions}}
	demo := p.cfg.Mode == Demo
	var all []federation.Participant
	for _, m := range n.file.Members {
		if address := n.urls[m.ID]; address != "" {
			m.URL = address
		}
		if m.URL == "" {
			continue // does not run yet
		}
		source, err := n.source(m)
		if err != nil {
			return &ConfigError{"PORTAL_MEMBERS", "has a member " + m.ID + " with an address that cannot be used"}
		}
		all = append(all, federation.Participant{Member: m.member(), Source: source, Weight: m.Weight})
		next.Members = append(next.Members, m.shown())
	}
	if len(all) == 0 {
		n.current.Store(nil)
		return nil
	}
	var err error
	next.Searcher, err = federation.NewSearcher(all, &federation.SearchOptions{Budget: searchBudget, Now: p.clock.Now, InsecureAllowHTTP: demo, Logger: p.cfg.Logger})
	if err != nil {
		return &ConfigError{"PORTAL_MEMBERS", "cannot be used: " + err.Error()}
	}
	n.current.Store(next)
	return nil
}

// source is the way to search a member.
func (n *network) source(m memberEntry) (federation.Source, error) {
	client := n.p.calls.Client(m.ID, 10*time.Second) // follows no redirects
	switch m.Source {
	case sourcePortal:
		return portalsearch.New(portalsearch.Config{URL: m.URL, Client: client, InsecureAllowHTTP: n.p.cfg.Mode == Demo})
	case sourceWaste:
		return &wasteSource{address: strings.TrimSuffix(m.URL, "/") + "/api/leistungen", client: client, postcode: n.p.postcode}, nil
	}
	return federation.Links(m.hits()), nil
}

// postcode is one of an area; empty if it has none.
func (p *Portal) postcode(ctx context.Context, area string) string {
	if area == "" {
		return ""
	}
	a, err := p.parts.catalogue.Area(ctx, area)
	if err != nil || len(a.Postcodes) == 0 {
		return ""
	}
	return a.Postcodes[0]
}

// wasteSource searches the waste company, which is no Stadttor portal: an
// example of how a foreign interface becomes a member.
type wasteSource struct {
	address  string
	client   *http.Client
	postcode func(ctx context.Context, area string) string
}

// maxForeign bounds a foreign answer in bytes.
const maxForeign = 1 << 20

// Search implements federation.Source.
func (s *wasteSource) Search(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
	values := url.Values{"suche": {q.Text}}
	if code := s.postcode(ctx, q.Area); code != "" {
		values.Set("plz", code)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"?"+values.Encode(), nil)
	if err != nil {
		return nil, &federation.SourceError{Reason: federation.ReasonUnknown, Err: err}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &federation.SourceError{Reason: federation.ReasonTimeout, Err: err}
		}
		return nil, &federation.SourceError{Reason: federation.ReasonUnreachable, Err: err}
	}
	defer resp.Body.Close()
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return nil, &federation.SourceError{Reason: federation.ReasonBusy}
	case resp.StatusCode >= 500:
		return nil, &federation.SourceError{Reason: federation.ReasonUnreachable}
	case resp.StatusCode >= 400:
		return nil, &federation.SourceError{Reason: federation.ReasonRejected}
	case resp.StatusCode != http.StatusOK || err != nil || kind != "application/json":
		return nil, &federation.SourceError{Reason: federation.ReasonMalformed, Err: err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxForeign+1))
	if err != nil {
		return nil, &federation.SourceError{Reason: federation.ReasonUnreachable, Err: err}
	}
	if len(body) > maxForeign {
		return nil, &federation.SourceError{Reason: federation.ReasonTooLarge}
	}
	return parseWaste(body)
}

func parseWaste(body []byte) ([]federation.Hit, error) {
	var a struct {
		Treffer []struct {
			Titel, Kurz, Adresse, Leika, Gebiet string
			Online                              bool
		}
	}
	if err := json.Unmarshal(body, &a); err != nil || a.Treffer == nil {
		return nil, &federation.SourceError{Reason: federation.ReasonMalformed}
	}
	var hits []federation.Hit
	for _, t := range a.Treffer {
		hits = append(hits, federation.Hit{Title: t.Titel, TitleLang: "de", Teaser: t.Kurz, URL: t.Adresse, Key: t.Leika, Area: t.Gebiet, Online: t.Online})
	}
	return hits, nil
}

// handleSearch lets other portals search this one.
func (p *Portal) handleSearch() {
	p.core.HandleRaw("GET "+portalsearch.Path, portalsearch.Handler(p.ownServices))
}

// ownServices finds the services for which an office of this administration is
// responsible: the catalogue also knows those of others, and they speak for
// themselves.
func (p *Portal) ownServices(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
	area := q.Area
	own := p.network.file.Own.Regions
	for _, region := range own {
		if area == "" || strings.HasPrefix(region, area) {
			area = region // a wider question is about what holds here
			break
		}
	}
	res, err := p.parts.catalogue.Search(ctx, xzufi.Query{Text: q.Text, Area: area, Lang: q.Lang, Limit: 2 * q.Limit})
	if err != nil {
		if badQuery(err) {
			return nil, nil
		}
		return nil, err
	}
	var hits []federation.Hit
	for _, h := range res.Hits {
		if len(hits) == q.Limit {
			break
		}
		at, ok, err := p.ownOffice(ctx, h.ID, area)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		l, err := p.parts.catalogue.Service(ctx, h.ID, area)
		if err != nil {
			return nil, err
		}
		key := ""
		if len(l.LeikaKeys) > 0 {
			key = l.LeikaKeys[0]
		}
		hits = append(hits, federation.Hit{Key: key, Area: at, Title: h.Title, TitleLang: h.TitleLang, Teaser: h.Teaser, Online: h.Online,
			URL: p.URL() + "/dienstleistung/" + url.PathEscape(h.ID.Agency) + "/" + url.PathEscape(h.ID.Value)})
	}
	return hits, nil
}

// ownOffice reports whether an office of this administration is responsible for
// a service, and for which area.
func (p *Portal) ownOffice(ctx context.Context, service xzufi.ID, area string) (string, bool, error) {
	if area == "" {
		return "", true, nil // nobody said where this portal is responsible
	}
	who, err := p.parts.catalogue.Responsible(ctx, service, area)
	if err != nil {
		if badQuery(err) {
			return "", false, nil
		}
		return "", false, err
	}
	for _, o := range who.Offices {
		for _, m := range p.world.OfficeUnits {
			if m.Office.Agency == o.Office.ID.Agency && m.Office.Value == o.Office.ID.Value {
				return strings.TrimFunc(o.EntryArea, func(r rune) bool { return r < '0' || r > '9' }), true, nil
			}
		}
	}
	return "", false, nil
}

// badQuery reports that the catalogue has no answer to such a question.
func badQuery(err error) bool {
	var invalid *xzufi.InvalidError
	return errors.Is(err, xzufi.ErrNotFound) || errors.As(err, &invalid)
}
