package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-auto", "-wait", "1m"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"attempt 1: queued busy", "attempt 2: delivered", "receipt E-", "the office has 1 application(s)",
		"decision from steuern:hunde for AW-2026-000123: granted, 1 file(s)", "0 more effects"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	if err := run(t.Context(), &out, []string{"-unknown"}); err == nil {
		t.Error("takes an unknown flag")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, &out, []string{"-auto"}); err == nil {
		t.Error("goes on after its end")
	}
}

func TestOffice(t *testing.T) {
	t.Parallel()
	o := newOffice(bytes.Repeat([]byte("x"), 32), "http://127.0.0.1:1/antworten")
	o.taken[`<a>`] = nil
	w := httptest.NewRecorder()
	o.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if s := w.Body.String(); !strings.Contains(s, "&lt;a&gt;") || strings.Contains(s, "<a>") {
		t.Errorf("page %s", s)
	}
	w = httptest.NewRecorder()
	o.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/eingaenge/x", strings.NewReader("{}")))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a stranger got %d", w.Code)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := o.decide(ctx, "k", "granted"); err == nil {
		t.Error("a decision that nobody took")
	}
}
