package keys_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/keys"
)

func TestRing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := 0
	demo := keys.Ring{Folder: dir, Demo: true, Now: time.Now, Progress: func(string) { made++ }}
	first, err := demo.Get("a")
	if err != nil {
		t.Fatal(err)
	}
	again, err := demo.Get("a")
	if err != nil || !again.Key.Equal(first.Key) || made != 1 {
		t.Errorf("made %d times, %v", made, err)
	}
	if first.Key.N.BitLen() < 3072 {
		t.Errorf("%d bit", first.Key.N.BitLen())
	}
	info, err := os.Stat(filepath.Join(dir, "a.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	production := keys.Ring{Folder: dir, Now: time.Now}
	if _, err := production.Get("a"); !errors.Is(err, keys.ErrDemoKey) {
		t.Errorf("a demo key in production: %v", err)
	}
	if _, err := production.Get("missing"); err == nil {
		t.Error("production made a key")
	}
	for name, content := range map[string]string{"empty": "", "text": "hello", "half": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(filepath.Join(dir, name+".pem"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := demo.Get(name); err == nil {
			t.Errorf("%s was read as a key", name)
		}
	}
}
