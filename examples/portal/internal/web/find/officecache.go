package find

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stadttor/stadttor/xzufi"
)

// How long and how many offices are remembered for lists. An editor who moves
// a service sees it in lists after that time; for the place that the visitor
// chose, the service's own page always asks the catalogue.
const (
	officesFresh = 10 * time.Second
	officesKept  = 4096
)

// officeNames remembers which office stands beside a service in lists. A page
// of results would otherwise resolve ten responsibilities. The zero value is
// empty; it may be used concurrently.
type officeNames struct {
	mu   sync.Mutex
	kept map[officeKey]keptOffice
}

type officeKey struct{ service, area string }

type keptOffice struct {
	id     xzufi.ID
	name   xzufi.Text // never changed
	found  bool
	online bool // whether it can be applied for online there
	at     time.Time
}

// officeFor returns the office beside a service, false when none is
// responsible.
func (p *Pages) officeFor(ctx context.Context, now time.Time, service xzufi.ID, area string) (keptOffice, error) {
	key := officeKey{service.String(), area}
	c := &p.offered
	c.mu.Lock()
	o, ok := c.kept[key]
	c.mu.Unlock()
	if age := now.Sub(o.at); ok && age >= 0 && age < officesFresh {
		return o, nil
	}
	who, err := p.Catalogue.Responsible(ctx, service, area)
	if err != nil && !errors.Is(err, xzufi.ErrNotFound) {
		return keptOffice{}, err
	}
	o = keptOffice{at: now, online: len(who.Online) > 0}
	if len(who.Offices) > 0 {
		first := who.Offices[0].Office
		o.id, o.name, o.found = first.ID, first.Name, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= officesKept {
		c.kept = map[officeKey]keptOffice{}
	}
	c.kept[key] = o
	return o, nil
}
