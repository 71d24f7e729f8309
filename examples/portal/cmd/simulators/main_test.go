package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

func TestRun(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "localhost:0", "-keys", t.TempDir(), "-portal", "http://127.0.0.1:8080, weserheide=http://127.0.0.1:8087/"}, w, io.Discard)
		w.Close()
		done <- err
	}()
	var out bytes.Buffer
	address := regexp.MustCompile(`http://localhost:\d+/beschreibung\.json`)
	buf := make([]byte, 4096)
	for !strings.Contains(out.String(), "Strg+C") {
		n, err := r.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
	}
	res, err := http.Get(address.FindString(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var d sims.Description
	if err := json.NewDecoder(res.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	if len(d.Portals) != 2 || d.Portals[0].ID != "altenwehr" || d.Portals[1].ID != "weserheide" || d.Portals[1].URL != "http://127.0.0.1:8087" {
		t.Errorf("%+v", d.Portals)
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("does not end")
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"x"}, {"-portal", "localhost"}, {"-portal", "=http://a.test"}, {"-listen", "nonsense"}, {"-nonsense"}} {
		if err := run(t.Context(), append(args, "-keys"+"="+t.TempDir()), io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}
