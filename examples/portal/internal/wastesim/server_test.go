package wastesim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/wastesim"
)

func start(t *testing.T) *wastesim.Server {
	t.Helper()
	s, err := wastesim.Start(wastesim.Options{Now: func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, address string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 3<<20))
	return resp.StatusCode, string(body), err
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ query, postcode, first string }{
		{"sperrmüll", "27899", "Sperrmüll anmelden"},
		{"Mülltonne", "", "Mülltonne bestellen oder tauschen"},
		{"sofa", "27897", "Sperrmüll anmelden"},
		{"sperrmüll", "10115", ""},
		{"hundesteuer", "27899", ""},
		{"", "27899", ""},
	} {
		_, body, err := get(t, s.URL+"/api/leistungen?"+url.Values{"suche": {c.query}, "plz": {c.postcode}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Treffer []struct{ Titel, Adresse string }
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		first := ""
		if len(a.Treffer) > 0 {
			first = a.Treffer[0].Titel
			if !strings.HasPrefix(a.Treffer[0].Adresse, s.URL+"/") {
				t.Errorf("%s: address %s", c.query, a.Treffer[0].Adresse)
			}
		}
		if first != c.first {
			t.Errorf("%q at %q: first hit %q, want %q", c.query, c.postcode, first, c.first)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	if err := s.Misbehave("nonsense"); err == nil {
		t.Error("an unknown fault was taken")
	}
	address := s.URL + "/api/leistungen?suche=sperrm%C3%BCll"
	for _, f := range s.Faults() {
		if err := s.Misbehave(f.Code); err != nil || s.Fault() != f.Code {
			t.Fatal(err, s.Fault())
		}
		if f.Code == wastesim.FaultHang {
			ctx, cancel := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := s.Asked()
			ended := make(chan error, 1)
			go func() {
				resp, err := http.DefaultClient.Do(req)
				if err == nil {
					resp.Body.Close()
				}
				ended <- err
			}()
			for s.Asked() == before {
				runtime.Gosched() // until the question has arrived
			}
			cancel()
			if err := <-ended; err == nil {
				t.Error("a hanging company answered")
			}
			continue
		}
		status, body, err := get(t, address)
		good := map[string]bool{
			wastesim.FaultHTML: strings.Contains(body, "<h1>"), wastesim.Fault500: status == http.StatusInternalServerError,
			wastesim.FaultHuge: len(body) == 3<<20, wastesim.FaultForeign: strings.Contains(body, "boese.example"),
			wastesim.FaultScript: strings.Contains(body, "script"), wastesim.FaultCut: err != nil || !json.Valid([]byte(body)),
		}
		if !good[f.Code] {
			t.Errorf("%s: status %d, %d bytes, %v", f.Code, status, len(body), err)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	for path, want := range map[string]string{"/": "Unsere Leistungen", "/sperrmuell?express=ja": "checked", "/behaelter": "Tonne", "/stil.css": "--bg"} {
		if status, body, err := get(t, s.URL+path); err != nil || status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %v", path, status, err)
		}
	}
	if status, _, _ := get(t, s.URL+"/nichts"); status != http.StatusNotFound {
		t.Errorf("unknown page: %d", status)
	}
	for _, c := range []struct {
		form   url.Values
		status int
		want   string
	}{
		{url.Values{"strasse": {"Am Deich 1"}, "ort": {"Altenwehr"}, "was": {"Sofa"}}, http.StatusOK, "21.12.2026"},
		{url.Values{"strasse": {"Am Deich 1"}, "ort": {"Altenwehr"}, "was": {"Sofa"}, "express": {"ja"}}, http.StatusOK, "45,00 Euro"},
		{url.Values{"strasse": {"<b>"}, "ort": {"Altenwehr"}}, http.StatusUnprocessableEntity, "&lt;b&gt;"},
		{url.Values{"strasse": {"\x00"}, "ort": {"Altenwehr"}, "was": {"Sofa"}}, http.StatusUnprocessableEntity, "strasse-fehler"},
	} {
		resp, err := http.PostForm(s.URL+"/sperrmuell", c.form)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%v: status %d, %v", c.form, resp.StatusCode, err)
		}
	}
}
