package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"message.xml"}} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, args); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		for _, want := range []string{"Hund anmelden (L1.LB.7)", "in Hagenbüttel: Steueramt der Samtgemeinde", "in Altenwehr: Steuern und Abgaben der Stadt"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in %s", want, out.String())
			}
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"missing.xml"}); err == nil {
		t.Error("takes a file that is not there")
	}
}
