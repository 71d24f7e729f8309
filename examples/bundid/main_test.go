package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-auto"}); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, want := range []string{"Angemeldet", "STORK-QAA-Level-4", "eID", "Name: HARMS"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := run(ctx, &out, nil); err != nil { // Ctrl+C
		t.Error(err)
	}
	if err := run(t.Context(), &out, []string{"-unknown"}); err == nil {
		t.Error("takes an unknown flag")
	}
}
