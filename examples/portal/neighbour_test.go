package portal_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
)

// TestNeighbour goes from the town's portal to that of the Landkreis, applies
// there and finds that nobody else knows.
func TestNeighbour(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *portal.Config) { c.Alone = false })
	v := newVisitor(t, p.URL())

	// Found in the town, marked with who offers it.
	// A search that came too early for the other portal is answered without it;
	// its answer is there the next time.
	var found *page
	address := ""
	for end := time.Now().Add(30 * time.Second); address == "" && time.Now().Before(end); {
		found = v.get("/suche?q=Jagdschein&ort=033990004004").want("Jagdschein beantragen")
		address = regexp.MustCompile(`http://localhost:\d+/dienstleistung/[^"]*`).FindString(found.body)
	}
	if address == "" {
		t.Fatalf("no way to the other portal\n%s", clip(found.text()))
	}
	address = strings.ReplaceAll(address, "&amp;", "&")
	if !strings.Contains(address, "ort=033990004004") {
		t.Errorf("the place does not go along: %s", address)
	}
	found.want("Landkreis Weserheide")
	service := v.get(address).want("Kreisportal", "Landkreis Weserheide", "Jagdschein beantragen", "Stadt Altenwehr")
	kreis := service.url.Scheme + "://" + service.url.Host

	// Applied for there, with a login of its own.
	w := newVisitor(t, kreis)
	w.client = v.client
	intro := w.get(address).follow("Online-Antrag").want("Jagdschein beantragen")
	begun := consent(bundid(intro.follow("Mit BundID anmelden"), "Meike Harms: Online-Ausweis")).want("Jagdschein beantragen")
	check := walk(begun.form("Antrag beginnen").send(), map[string][]string{"jagdschein.art": {"verlaengern"}, "jagdschein.nummer": {"NI 4711"}})
	sent := check.agree("Antrag absenden").send().want("Ordnung, Jagd und Waffen")
	ref := reference.FindString(sent.text())
	if ref == "" {
		t.Fatalf("no reference\n%s", clip(sent.text()))
	}
	w.get("/antraege").want(ref)

	// The town knows neither the login nor the application.
	v.get("/antraege").want("Anmelden").wantNot(ref)
	consent(bundid(v.get("/anmelden"), "Meike Harms: Online-Ausweis"))
	v.get("/antraege").want().wantNot(ref)

	// Staff of the Landkreis see it, and only they may log in there.
	desk(newVisitor(t, kreis), "Frauke Bohlken").want(ref)
	newVisitor(t, kreis).get("/amt/eingang").form("Mit dem Anmeldedienst anmelden").send().want("Frauke Bohlken").wantNot("Wiebke Harms")
	newVisitor(t, p.URL()).get("/amt/eingang").form("Mit dem Anmeldedienst anmelden").send().want("Wiebke Harms").wantNot("Frauke Bohlken")

	// The neighbour finds services of the town.
	waitFor(t, func() *page { return w.get("/suche?q=Büchereiausweis&ort=033990004004") }, "Büchereiausweis beantragen")
	w.get("/test").wantStatus(404)
}
