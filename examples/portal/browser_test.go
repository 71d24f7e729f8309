package portal_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
)

// TestBrowserJourneys drives two portals and their simulators with Chromium, by
// keyboard only and without JavaScript, and looks at every page with axe-core. It takes
// minutes and needs more than Go, so it runs when PORTAL_TEST_BROWSER is set;
// with the value "required" a missing browser is an error.
//
// With SCREENSHOTS=folder it also makes the pictures of the README.
func TestBrowserJourneys(t *testing.T) {
	wish := os.Getenv("PORTAL_TEST_BROWSER")
	if wish == "" {
		t.Skip("PORTAL_TEST_BROWSER is not set: the journeys in a browser are skipped")
	}
	missing := t.Skipf
	if wish == "required" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed: the journeys in a browser cannot run")
	}
	chromium := findChromium()
	if chromium == "" {
		missing("no Chromium is installed: the journeys in a browser cannot run")
	}
	folder, err := filepath.Abs(filepath.Join("..", "..", ".ci", "browser"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"playwright-core", "axe-core"} {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", module)); err != nil {
			missing("%s is not installed: run npm ci in .ci/browser first", module)
		}
	}

	p := start(t, func(c *portal.Config) { c.Alone = false }) // with the portal of the Landkreis
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	args := []string{filepath.Join(folder, "run.mjs"), p.URL()}
	if shots := os.Getenv("SCREENSHOTS"); shots != "" {
		if shots, err = filepath.Abs(shots); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--shots="+shots)
	}
	cmd := exec.CommandContext(ctx, node, args...)
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
}

func findChromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
