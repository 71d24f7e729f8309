package portal_test

import (
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/load"
)

// TestLoad sends a small crowd. It proves that every journey of the crowd comes
// to its end, not how fast: that is what cmd/load is for.
func TestLoad(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	report, err := load.Run(t.Context(), load.Options{Portal: p.URL(), Visitors: 3, Requests: 400, Duration: time.Minute, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	if report.Errors > 0 || report.Requests < 200 {
		t.Errorf("%v", report)
	}
	for _, name := range []string{"search", "library", "certificate", "inbox", "clerk"} {
		if report.Journeys[name] == 0 {
			t.Errorf("nobody came to the end of the journey %s\n%v", name, report)
		}
	}
	t.Log(report)
}
