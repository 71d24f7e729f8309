package webhook

import (
	"encoding/json"
	"testing"
)

// Whatever a back office signs: a receipt is complete or none.
func FuzzParseReceipt(f *testing.F) {
	for _, seed := range []string{`{"receipt":"E-1","at":"2026-03-29T01:00:00Z"}`, "", "{}", `{"receipt":"\u0000","at":"2026-03-29T01:00:00Z"}`,
		`{"receipt":"a","at":"0001-01-01T00:00:00Z"}`, "<html>", `{"a":{"a":{"a":[]}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseReceipt(raw)
		if (err == nil) != (r.ID != "" && !r.At.IsZero()) {
			t.Errorf("%+v, %v", r, err)
		}
		if checkJSON(raw) == nil && !json.Valid(raw) {
			t.Error("taken for JSON")
		}
	})
}
