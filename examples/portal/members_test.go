package portal

import (
	"errors"
	"testing"

	"github.com/stadttor/stadttor/federation"
)

func FuzzParseWaste(f *testing.F) {
	f.Add([]byte(`{"treffer":[{"titel":"Sperrmüll","kurz":"k","adresse":"https://a.example/","leika":"99","gebiet":"03399","online":true}]}`))
	f.Add([]byte(`{"treffer":null}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		hits, err := parseWaste(body)
		var e *federation.SourceError
		if err != nil && (!errors.As(err, &e) || e.Reason != federation.ReasonMalformed || hits != nil) {
			t.Fatalf("%d hits and %v", len(hits), err)
		}
	})
}
