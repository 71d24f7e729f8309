package desk_test

import (
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
)

// The hidden fields of a form tell a unit that was asked one question neither
// how often the case was changed nor how long its log is.
func TestQuestionTellsNoHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fx := newFixture(t, w)
	w.involve(fx, "frage", antrag.ScopeQuestion, time.Time{})
	form := w.as("p-stsub").form("/amt/vorgang/" + fx.a.ID + "/beteiligung/frage/antwort")
	if form.Get("version") != "1" || form.Get("stand") != "0" {
		t.Errorf("version %s, stand %s", form.Get("version"), form.Get("stand"))
	}
	form = w.as("p-clerk").form("/amt/vorgang/" + fx.a.ID + "/vermerk")
	if form.Get("version") == "1" || form.Get("stand") == "0" {
		t.Errorf("the lead: version %s, stand %s", form.Get("version"), form.Get("stand"))
	}
}
