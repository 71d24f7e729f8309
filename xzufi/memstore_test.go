package xzufi_test

import (
	"testing"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufitest"
)

func TestMemStore(t *testing.T) {
	xzufitest.TestStore(t, func(*testing.T) xzufi.Store { return xzufi.NewMemStore() })
}
