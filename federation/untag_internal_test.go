package federation

import (
	"strings"
	"testing"
)

// A member must not make us work in the square of what it sends.
func TestUntagOnce(t *testing.T) {
	s := strings.Repeat("<script></script>", 900)
	if n := testing.AllocsPerRun(3, func() { untag(s) }); n > 50 {
		t.Errorf("%v allocations for %d bytes", n, len(s))
	}
}
