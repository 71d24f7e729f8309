// Package apply has the pages that lead a citizen through a form assistant:
// introduction, one page per topic, check, sending and confirmation.
//
// A draft belongs to the owner of the session. A draft of somebody else
// answers like one that does not exist, at every address.
package apply

import (
	"context"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// Pages are the pages of the form assistants. All fields are set before the
// first request; those said to be optional may be nil.
type Pages struct {
	Applications *antrag.Service
	Assistants   *assistant.Set
	Accounts     *konto.Service
	// Attributes returns what the present login knows of the person.
	Attributes func(r *web.Request) ([]konto.Attribute, error)
	// Places finds municipalities by postcode or name.
	Places func(ctx context.Context, q string) ([]xzufi.Area, error)
	// PlaceName names an area key.
	PlaceName func(ctx context.Context, key string) (string, bool)
	// Unit resolves who of the staff is responsible for a service at a place;
	// antrag.ErrNoUnit means an office of another administration.
	Unit      func(ctx context.Context, service, area string) (antrag.Unit, error)
	Catalogue *xzufi.Catalogue
	// Service returns the service of the catalogue that an assistant belongs
	// to; optional.
	Service func(assistant string) (xzufi.ID, bool)
	// Test marks applications as tests.
	Test bool
}

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
}
