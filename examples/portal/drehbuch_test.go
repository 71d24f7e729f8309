package portal

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

var updateScript = flag.Bool("update-script", false, "write the faults of the simulators into TESTDREHBUCH.md")

// scriptFaults begins the part of the test script that is made of the texts
// of the simulators.
const scriptFaults = "## Störungen der Simulatoren"

// faultScript is one test for each fault of each simulator.
func faultScript(groups []sims.Group) string {
	var b strings.Builder
	b.WriteString(scriptFaults + "\n\nSchalten Sie unter [Störungen](/test/stoerungen) immer nur eine Störung ein und danach wieder aus. " +
		"Kein Test darf etwas verlieren oder doppelt tun; jeder Fehler steht als Code bei der Übergabe, der Zahlung oder unter [Aufrufe](/test/aufrufe), ohne Angaben zu Personen.\n")
	n := 0
	for _, g := range groups {
		text := sims.Texts()[g.Code]
		fmt.Fprintf(&b, "\n### %s\n\n%s So prüfen Sie: %s\n\n", text.Name["de"], text.Text["de"], text.How["de"])
		for _, f := range g.Faults {
			n++
			x := text.Faults[f.Code]
			fmt.Fprintf(&b, "- **S-%02d** `%s: %s` %s. %s Erwartet: %s\n", n, g.Code, f.Code, x.Title["de"], x.What["de"], x.Expect["de"])
		}
	}
	return b.String()
}

// TestScript holds that no fault is without a test in the script, and that the
// script says of it what the tester's page says.
func TestScript(t *testing.T) {
	t.Parallel()
	set, err := sims.Start(t.Context(), sims.Options{Listen: "localhost:0", Keys: keys.Ring{Folder: t.TempDir(), Demo: true, Now: time.Now}})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	want := faultScript(set.Faults())
	written, made, _ := strings.Cut(script, scriptFaults)
	if *updateScript {
		if err := os.WriteFile("TESTDREHBUCH.md", []byte(strings.TrimRight(written, "\n")+"\n\n"+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if scriptFaults+made != want {
		t.Errorf("TESTDREHBUCH.md does not describe the faults as the simulators do; run go test -run TestScript -update-script")
	}
	for _, g := range set.Faults() {
		for _, f := range g.Faults {
			if !strings.Contains(script, "`"+g.Code+": "+f.Code+"`") {
				t.Errorf("no test for %s: %s", g.Code, f.Code)
			}
		}
	}
	for _, c := range paymentsim.Cards() {
		if last := c.Number[len(c.Number)-4:]; !strings.Contains(written, last) {
			t.Errorf("no test for the card %s", c.Number)
		}
	}
	for _, part := range []string{"## A Hund anmelden", "## B Geburtsurkunde", "## C Hund abmelden", "## D Beteiligung", "## E Abgabe", "## F Poststelle", "## G Landkreis", "## H Zwei Instanzen"} {
		if !strings.Contains(written, part) {
			t.Errorf("%s is missing", part)
		}
	}
}
