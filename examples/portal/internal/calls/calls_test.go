package calls

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func recorder(t *testing.T) *Recorder {
	t.Helper()
	db, err := database.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := database.Migrate(t.Context(), db.Write); err != nil {
		t.Fatal(err)
	}
	r := New(db.Write, db.Read, func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { r.Close() })
	return r
}

func list(t *testing.T, r *Recorder, direction, reference string) []Call {
	t.Helper()
	out, err := r.List(t.Context(), direction, reference, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOutgoing(t *testing.T) {
	t.Parallel()
	r := recorder(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/away":
			http.Redirect(w, req, "/other", http.StatusFound)
		case "/hang":
			<-req.Context().Done()
		}
	}))
	defer srv.Close()
	c := r.Client("pmpayment", 5*time.Second)
	ctx := With(t.Context(), "AWH-1")
	get := func(ctx context.Context, path string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := c.Do(req); err == nil {
			res.Body.Close()
		}
	}
	get(ctx, "/a?name=Anna")
	get(t.Context(), "/away")
	short, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	get(short, "/hang")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	get(gone, "/a")

	host := srv.Listener.Addr().String()
	want := []Call{
		{Direction: Out, System: "pmpayment", Method: "GET", Host: host, Path: "/a", Outcome: OutcomeCanceled, At: noon},
		{Direction: Out, System: "pmpayment", Method: "GET", Host: host, Path: "/hang", Outcome: OutcomeTimeout, At: noon},
		{Direction: Out, System: "pmpayment", Method: "GET", Host: host, Path: "/away", Outcome: "302", At: noon},
		{Direction: Out, System: "pmpayment", Method: "GET", Host: host, Path: "/a", Outcome: "200", At: noon, Reference: "AWH-1"},
	}
	got := list(t, r, "", "")
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Call{}, "ID", "TookUS", "BaseModel")); d != "" {
		t.Error(d)
	}
	if got := list(t, r, Out, "AWH-1"); len(got) != 1 {
		t.Errorf("calls of the case: %d", len(got))
	}
}

func TestIncoming(t *testing.T) {
	t.Parallel()
	r := recorder(t)
	h := r.In("pmpayment", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		Decided(req.Context(), "amount", "AWH-2")
		w.WriteHeader(http.StatusBadRequest)
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/zahlung/rueckruf?zahlung=secret", nil))
	got := list(t, r, In, "")
	if w.Code != 400 || len(got) != 1 || got[0].Decision != "amount" || got[0].Reference != "AWH-2" || got[0].Outcome != "400" || got[0].Path != "/zahlung/rueckruf" {
		t.Errorf("%d, %+v", w.Code, got)
	}
	Decided(t.Context(), "nothing", "") // outside of a call
}

func TestManyAndForget(t *testing.T) {
	t.Parallel()
	r := recorder(t)
	for range 350 {
		r.Add(Call{Direction: Out, System: "x"})
	}
	if got, err := r.List(t.Context(), "", "", 0, 1000); err != nil || len(got) != 350 || r.Dropped() != 0 {
		t.Fatalf("%d, %v, dropped %d", len(got), err, r.Dropped())
	}
	if err := r.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := list(t, r, "", ""); len(got) != 0 {
		t.Errorf("%d calls left", len(got))
	}
	r.Close()
	r.Add(Call{}) // never blocks, not even after the end
	r.Flush(t.Context())
}

// TestNever is about a portal in production, which has no recorder.
func TestNever(t *testing.T) {
	t.Parallel()
	var r *Recorder
	r.Add(Call{})
	if r.Client("x", time.Second).Transport != nil || r.Close() != nil || r.Forget(t.Context()) != nil {
		t.Error("a nil recorder does something")
	}
}
