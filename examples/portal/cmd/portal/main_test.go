package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// No t.Parallel here: environment and standard error belong to the process.
func TestConfigure(t *testing.T) {
	t.Setenv("PORTAL_DATABASE_URL", "postgres://portal:geheim@db.example/portal")
	t.Setenv("PORTAL_TOWN", "Umgebung")
	c, check, err := configure([]string{"-town", "Flagge", "-check-config"})
	if err != nil || !check || c.Town != "Flagge" || c.DatabaseURL != "postgres://portal:geheim@db.example/portal" {
		t.Errorf("%q %q %v, %v", c.Town, c.DatabaseURL, check, err)
	}

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	_, _, err = configure([]string{"-unknown"})
	os.Stderr = stderr
	w.Close()
	help, readErr := io.ReadAll(r)
	if err == nil || readErr != nil || !strings.Contains(string(help), "PORTAL_DATABASE_URL") {
		t.Fatalf("%v, %v: %s", err, readErr, help)
	}
	if strings.Contains(string(help), "geheim") {
		t.Errorf("the help tells a password: %s", help)
	}
}
