package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		card string
		want []string
		not  string
	}{
		{"paid", []string{"order fee-2026-000123: 24.50 EUR", "pay at http://localhost:", ": paid\n", "12201.4311000", "11101.4421000"}, ""},
		{"silent", []string{": paid\n", "12201.4311000", "11101.4421000"}, ""},
		{"aborted", []string{"attempt ended: "}, "12201.4311000"},
	}
	for _, tt := range tests {
		t.Run(tt.card, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := run(t.Context(), &out, []string{"-auto", "-card", tt.card, "-wait", "1m"}); err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in %s", want, out.String())
				}
			}
			if tt.not != "" && strings.Contains(out.String(), tt.not) {
				t.Errorf("%q in %s", tt.not, out.String())
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-unknown"}); err == nil {
		t.Error("takes an unknown flag")
	}
	if err := run(t.Context(), &out, []string{"-auto", "-card", "gold"}); err == nil {
		t.Error("takes an unknown card")
	}
}
