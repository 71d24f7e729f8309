package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// conn is an answer that notes until when its connection may be used.
type conn struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (c *conn) SetReadDeadline(t time.Time) error  { c.read = t; return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.write = t; return nil }

func TestSlowPeersAreCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct {
		name, method, media, body string
		read                      time.Duration
	}{
		{"page", "GET", "", "", 30 * time.Minute},
		{"page with a body", "GET", "", "x", 2 * time.Minute},
		{"form", "POST", "application/x-www-form-urlencoded", "a=b", 2 * time.Minute},
		{"files", "POST", "multipart/form-data; boundary=x", "--x--", 30 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, "https://portal.example/page", strings.NewReader(c.body))
			req.Header.Set("Content-Type", c.media)
			rec := &conn{ResponseRecorder: httptest.NewRecorder()}
			begin := time.Now()
			s.h.ServeHTTP(rec, req)
			end := time.Now()
			if rec.read.Before(begin.Add(c.read)) || rec.read.After(end.Add(c.read)) {
				t.Errorf("read until %v, want %v", rec.read.Sub(begin), c.read)
			}
			if rec.write.Before(begin.Add(30*time.Minute)) || rec.write.After(end.Add(30*time.Minute)) {
				t.Errorf("write until %v", rec.write.Sub(begin))
			}
		})
	}
}
