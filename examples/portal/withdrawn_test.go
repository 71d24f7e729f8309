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

// Whoever knows the address of the return can call it as often as they like:
// for a payment that has ended without money nobody is asked again.
func TestReturnAfterTheEndAsksNobody(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil)
	v := c.visitor()
	order := c.order(v)
	card(order.form("Jetzt bezahlen").send(), "aborted").form("Zurück zum Portal").send().want("Abgebrochen")
	asked := func() int { return strings.Count(v.get("/test/aufrufe").body, "/payment/status/") }
	before := asked()
	if before == 0 {
		t.Fatal("no call is listed")
	}
	for range 5 {
		newVisitor(t, c.portal.URL()).get(c.transactions()[0].RedirectURL)
	}
	if after := asked(); after > before+1 { // one may have been on its way into the list
		t.Errorf("asked %d times more", after-before)
	}
}
