package bundid_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidtest"
)

func TestMemStore(t *testing.T) {
	t.Parallel()
	bundidtest.TestStore(t, func(*testing.T) bundid.Store { return bundid.NewMemStore(0) })
}

// TestFloodEvictsNobody fills the store: the newcomer is refused, the first
// citizen's request stays.
func TestFloodEvictsNobody(t *testing.T) {
	t.Parallel()
	s := bundid.NewMemStore(2)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(id string) error {
		return s.PutRequest(t.Context(), bundid.Request{ID: id, CreatedAt: at, ExpiresAt: at.Add(time.Hour)})
	}
	for _, id := range []string{"_a", "_b"} {
		if err := put(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("_c"); !errors.Is(err, bundid.ErrFull) {
		t.Errorf("want ErrFull, got %v", err)
	}
	if _, err := s.TakeRequest(t.Context(), "_a"); err != nil {
		t.Errorf("the first request is gone: %v", err)
	}
}
