package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, want := range []string{"sent in: Hund anmelden", "the document is: accepted", "mail to the owner of account-1", "unread: 2", "created by citizen"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}
