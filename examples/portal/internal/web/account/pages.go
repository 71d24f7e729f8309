// Package account has the citizens' own pages: Mein Konto, Meine Anträge,
// Entwürfe and Postkorb.
//
// Everything is looked up with the owner of the session; what belongs to
// somebody else answers like what does not exist.
package account

import (
	"context"
	"sync"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

// Pages are the citizens' own pages. All fields are set before the first
// request.
type Pages struct {
	Accounts     *konto.Service
	Applications *antrag.Service
	Inbox        *postkorb.Inbox // writes
	Reader       *postkorb.Inbox // reads, on the read handle
	Sessions     *web.Sessions
	// CopyPDF draws the copy of an application; nil: no PDF is offered.
	CopyPDF func(ctx context.Context, a antrag.Application, lang string) ([]byte, error)

	sending keyLocks
}

// keyLocks lets one post with the same key run after the other, so that the
// second sees what the first has done.
type keyLocks struct {
	mu   sync.Mutex
	busy map[string]*keyLock
}

type keyLock struct {
	sync.Mutex
	users int
}

func (k *keyLocks) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.busy == nil {
		k.busy = map[string]*keyLock{}
	}
	l := k.busy[key]
	if l == nil {
		l = &keyLock{}
		k.busy[key] = l
	}
	l.users++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(k.busy, key)
		}
	}
}

// Register adds the pages to the core.
func (p *Pages) Register(c *web.Core) {
}
