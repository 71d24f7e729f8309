package portal_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

// elsewhere starts simulators as the program of that name does.
func elsewhere(t *testing.T) *sims.Set {
	t.Helper()
	dir, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	now := func() time.Time { return time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC).Add(time.Since(begin)) }
	set, err := sims.Start(t.Context(), sims.Options{Listen: "localhost:0", Now: now, Keys: keys.Ring{Folder: dir, Demo: true, Now: now}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

// TestSimulatorsElsewhere lets two portals share one set of simulators.
func TestSimulatorsElsewhere(t *testing.T) {
	t.Parallel()
	set := elsewhere(t)
	control := set.Description().Control
	town := start(t, func(c *portal.Config) { c.Simulators = control + "/beschreibung.json" })
	kreis := start(t, func(c *portal.Config) { c.Simulators, c.World = control, "weserheide" })
	if n := len(set.Description().Portals); n != 2 {
		t.Errorf("%d portals are known to the simulators", n)
	}

	// Each has a login of its own, for citizens and for staff.
	consent(bundid(newVisitor(t, town.URL()).get("/anmelden"), "Meike Harms: Online-Ausweis"))
	consent(bundid(newVisitor(t, kreis.URL()).get("/anmelden"), "Meike Harms: Online-Ausweis"))
	desk(newVisitor(t, town.URL()), "Wiebke Harms")
	desk(newVisitor(t, kreis.URL()), "Frauke Bohlken")

	// The tester's pages reach the simulators all the same.
	v := newVisitor(t, town.URL())
	v.get("/test/stoerungen").want("Kein Simulator ist gestört.")
	v.post("/test/stoerungen", url.Values{"simulator": {sims.Waste}, "stoerung": {"hang"}}).want("Die Störung ist eingestellt.", "Gestörte Simulatoren: 1")
	if set.Waste.Fault() != "hang" {
		t.Error("the simulator was not disturbed")
	}
	v.post("/test/zuruecksetzen", url.Values{"ja": {"yes"}}).want("wieder im ersten Zustand")
	if set.Waste.Fault() != "" {
		t.Error("a reset leaves the fault")
	}
}

func TestSimulatorsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost:8088", "ftp://localhost", "http://"} {
		p, err := portal.New(t.Context(), portal.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Simulators: address, Alone: true})
		var wrong *portal.ConfigError
		if !errors.As(err, &wrong) || wrong.Setting != "PORTAL_SIMULATORS" {
			t.Errorf("%s: %v", address, err)
		}
		if p != nil {
			p.Close()
		}
	}
}

// TestTesterLooksIntoCases opens what happened to a case of the demo.
func TestTesterLooksIntoCases(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	v := newVisitor(t, p.URL())
	list := v.get("/test/vorgaenge").want("Alles zu diesem Vorgang")
	ref := reference.FindString(list.text())
	for _, lang := range []string{"de", "en"} {
		v.get("/test/vorgaenge/"+ref+"?lang="+lang).wantStatus(http.StatusOK, ref)
	}
	for _, path := range []string{"/test", "/test/drehbuch", "/test/karten", "/test/zahlungen", "/test/buchungen", "/test/aufrufe", "/test/rueckrufe", "/test/uebergaben"} {
		v.get(path).wantStatus(http.StatusOK)
	}
	v.get("/test/drehbuch").want("Geburtsurkunde bestellen", "callback-forged")
	if body := v.get("/test/vorgaenge/" + ref).body; strings.Contains(body, "@example") {
		t.Error("the page shows addresses of people")
	}
}
