package postkorb_test

import (
	"testing"

	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbtest"
)

func TestMemStore(t *testing.T) {
	t.Parallel()
	postkorbtest.TestStore(t, func(*testing.T) postkorb.Store { return postkorb.NewMemStore() })
}
