package fachsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Signed bodies that no portal sends: taken or refused, and what is taken can be
// shown.
func FuzzSubmission(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"key":"k","destination":"d","reference":"r","mediaType":"application/json","payload":"e30=","attachments":[]}`,
		`{"version":1,"key":"k","destination":"d","reference":"r","mediaType":"application/json","payload":"eyJ2YWx1ZXMiOnsiIjp7InZhbHVlIjpbXX19fQ=="}`,
		`{"version":1,"key":"k","destination":"d","reference":"r","mediaType":"application/vnd.stadttor.message+json","payload":"eyJraW5kIjoiYSJ9"}`,
		`{`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := New(Options{Secret: bytes.Repeat([]byte("g"), 32), Manual: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var doc struct{ Key string }
		_ = json.Unmarshal(raw, &doc) // whatever it is
		r := httptest.NewRequest(http.MethodPut, "/eingaenge/"+sum256([]byte(doc.Key)), bytes.NewReader(raw))
		signedReply(r, s.opts.Secret, raw, time.Now())
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		taken := s.Submissions()
		if (w.Code == http.StatusOK) != (len(taken) == 1) {
			t.Fatalf("answered %d, kept %d", w.Code, len(taken))
		}
		if len(taken) == 0 {
			return
		}
		s.Write(taken[0].Reference, Reply{ID: "1", Kind: "decision", Status: "granted"})
		for _, path := range []string{"/", "/hunderegister", "/vorgaenge/" + s.order[0].id} {
			w = httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	})
}
