package portal_test

import (
	"strings"
	"testing"
)

// What was withdrawn while somebody stood on the pay page, and is then not
// paid, asks for no money any more.
func TestWithdrawnThenAborted(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	v := c.visitor()
	order := c.order(v)
	pay := order.form("Jetzt bezahlen").send()
	at := "/antraege/" + strings.TrimPrefix(order.url.Path, "/bezahlen/")
	v.get(at).follow("zurückziehen").form("Antrag zurückziehen").send().want("Zurückgezogen")
	card(pay, "aborted").form("Zurück zum Portal").send().want("Dieser Antrag ist beendet")
	c.until("cancelled", func() bool { return strings.Contains(v.get(at).text(), "Entfallen") })
}
