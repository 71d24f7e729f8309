package staff_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stadttor/stadttor/examples/portal/internal/staff"
)

// A provider whose answer has no end must neither hang the portal nor fill
// its memory.
func TestLoginEndlessAnswer(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	l := &staff.Login{Issuer: srv.URL, ClientID: "x", ClientSecret: "x", RedirectURL: "http://127.0.0.1/cb"}
	_, _, err := l.Start(t.Context())
	wantReason(t, err, staff.ReasonUnavailable)
	srv.CloseClientConnections()
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}
