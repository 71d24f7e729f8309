package portalsearch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/portalsearch"
)

func source(t *testing.T, address string, change ...func(*portalsearch.Config)) *portalsearch.Source {
	t.Helper()
	cfg := portalsearch.Config{URL: address, InsecureAllowHTTP: true}
	for _, c := range change {
		c(&cfg)
	}
	s, err := portalsearch.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := []federation.Hit{
		{Key: "99067004001000", Area: "03399", Title: "Jagdschein „neu“ 🏹", TitleLang: "de", Teaser: "<b>ä</b>\u2028", URL: "https://k.example/1?a=b&c=d", Online: true},
		{Title: "Kfz", URL: "https://k.example/2"},
	}
	var asked federation.Query
	var left time.Duration
	server := httptest.NewServer(portalsearch.Handler(func(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
		asked = q
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return want, nil
	}))
	defer server.Close()
	q := federation.Query{Text: "Jagd & Hund?#", Area: "033990004004", Lang: "en", Limit: 7, Budget: 300 * time.Millisecond}
	got, err := source(t, server.URL+"/").Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(q, asked); diff != "" {
		t.Error(diff)
	}
	if left > 300*time.Millisecond {
		t.Errorf("the budget was not heeded: %v left", left)
	}
}

func TestAnswersOfOthers(t *testing.T) {
	t.Parallel()
	const good = `{"version":1,"new":{},"hits":[{"title":"A","url":"https://a.example/"}]}`
	for name, c := range map[string]struct {
		status     int
		kind, body string
		want       federation.Reason
		hits       int
	}{
		"good":          {200, "application/json", good, "", 1},
		"charset":       {200, "application/json; charset=utf-8", good, "", 1},
		"no hits":       {200, "application/json", `{"version":1,"hits":[]}`, "", 0},
		"many":          {200, "application/json", `{"version":1,"hits":[` + strings.Repeat(`{"title":"A"},`, 99) + `{}]}`, "", 50},
		"html":          {200, "text/html", "<h1>Wartung</h1>", federation.ReasonMalformed, 0},
		"html as json":  {200, "application/json", "<h1>Wartung</h1>", federation.ReasonMalformed, 0},
		"cut":           {200, "application/json", good[:20], federation.ReasonMalformed, 0},
		"two answers":   {200, "application/json", good + good, federation.ReasonMalformed, 0},
		"other version": {200, "application/json", `{"version":2,"hits":[]}`, federation.ReasonMalformed, 0},
		"null":          {200, "application/json", `null`, federation.ReasonMalformed, 0},
		"list":          {200, "application/json", `[]`, federation.ReasonMalformed, 0},
		"wrong kind":    {200, "application/json", `{"version":1,"hits":[{"title":7}]}`, federation.ReasonMalformed, 0},
		"deep":          {200, "application/json", strings.Repeat("[", 100_000), federation.ReasonMalformed, 0},
		"huge":          {200, "application/json", `{"version":1,"hits":[{"title":"` + strings.Repeat("x", 1<<20) + `"}]}`, federation.ReasonTooLarge, 0},
		"empty":         {204, "application/json", "", federation.ReasonMalformed, 0},
		"redirect":      {302, "application/json", good, federation.ReasonMalformed, 0},
		"bad request":   {400, "application/json", good, federation.ReasonRejected, 0},
		"not found":     {404, "text/html", "", federation.ReasonRejected, 0},
		"too many":      {429, "application/json", "", federation.ReasonBusy, 0},
		"error":         {500, "application/json", good, federation.ReasonUnreachable, 0},
		"unavailable":   {503, "application/json", "", federation.ReasonBusy, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Content-Type", c.kind)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Set-Cookie", "a=b")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			hits, err := source(t, server.URL).Search(t.Context(), federation.Query{Text: "x"})
			var e *federation.SourceError
			if c.want == "" && (err != nil || len(hits) != c.hits) {
				t.Errorf("%d hits, %v", len(hits), err)
			}
			if c.want != "" && (!errors.As(err, &e) || e.Reason != c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	var e *federation.SourceError
	if _, err := source(t, address).Search(t.Context(), federation.Query{Text: "x"}); !errors.As(err, &e) || e.Reason != federation.ReasonUnreachable {
		t.Errorf("%v", err)
	}
	hang := make(chan struct{})
	server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(hang)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(20*time.Millisecond))
	defer cancel()
	if _, err := source(t, server.URL).Search(ctx, federation.Query{Text: "x"}); !errors.As(err, &e) || e.Reason != federation.ReasonTimeout {
		t.Errorf("%v", err)
	}
}

func TestNothingPersonalGoesAlong(t *testing.T) {
	t.Parallel()
	var cookies, asked int
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		cookies += len(r.Cookies())
		header = r.Header
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"version":1}`)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := source(t, server.URL, func(c *portalsearch.Config) { c.Client = &http.Client{Jar: jar} })
	for range 2 {
		if _, err := s.Search(t.Context(), federation.Query{Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if cookies != 0 || asked != 2 || header.Get("Referer") != "" || header.Get("Authorization") != "" {
		t.Errorf("%d cookies, headers %v", cookies, header)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "a.example", "http://a.example", "https://u:p@a.example", "https://a.example/?x=1", "https://a.example/#x", "ftp://a.example", "://"} {
		if _, err := portalsearch.New(portalsearch.Config{URL: address}); !errors.Is(err, portalsearch.ErrConfig) {
			t.Errorf("%q was taken", address)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	entered := make(chan struct{}, 64)
	h := portalsearch.Handler(func(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
		switch q.Text {
		case "fails":
			return nil, errors.New("geheim")
		case "waits":
			<-ctx.Done()
			return nil, ctx.Err()
		case "blocks":
			entered <- struct{}{}
			<-release
		}
		var hits []federation.Hit
		for i := range 80 {
			hits = append(hits, federation.Hit{Title: fmt.Sprint(i), URL: "https://a.example/"})
		}
		return hits, nil
	})
	ask := func(method, query, budget string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, portalsearch.Path+query, nil)
		if budget != "" {
			r.Header.Set(portalsearch.HeaderBudget, budget)
		}
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		method, query, budget string
		status, hits          int
	}{
		{"GET", "?q=x", "", 200, 20}, {"GET", "?q=x&anzahl=3", "100000", 200, 3}, {"GET", "?q=x&anzahl=1000", "", 200, 50}, {"GET", "", "", 200, 20},
		{"HEAD", "?q=x", "", 200, 20}, {"POST", "?q=x", "", 405, 0}, {"DELETE", "?q=x", "", 405, 0},
		{"GET", "?q=%00", "", 400, 0}, {"GET", "?q=%ff", "", 400, 0}, {"GET", "?q=" + strings.Repeat("x", 1001), "", 400, 0}, {"GET", "?q=%zz", "", 400, 0},
		{"GET", "?ort=03399x", "", 400, 0}, {"GET", "?ort=0339900040041", "", 400, 0}, {"GET", "?sprache=%3Cb%3E", "", 400, 0}, {"GET", "?anzahl=0", "", 400, 0}, {"GET", "?anzahl=x", "", 400, 0},
		{"GET", "?q=x", "0", 400, 0}, {"GET", "?q=x", "1e3", 400, 0}, {"GET", "?q=x", "99999999999999999999", 400, 0},
		{"GET", "?q=fails", "", 503, 0}, {"GET", "?q=waits", "5", 503, 0},
	} {
		w := ask(c.method, c.query, c.budget)
		if w.Code != c.status || strings.Count(w.Body.String(), `"title"`) != c.hits {
			t.Errorf("%s %s %s: status %d, %d hits", c.method, c.query, c.budget, w.Code, strings.Count(w.Body.String(), `"title"`))
		}
		if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), "geheim") {
			t.Errorf("%s %s: %v", c.method, c.query, w.Header())
		}
		if want := c.status != 200; (w.Header().Get("Cache-Control") == "no-store") != want {
			t.Errorf("%s %s: Cache-Control %s", c.method, c.query, w.Header().Get("Cache-Control"))
		}
	}
	done := make(chan struct{})
	for range 32 {
		go func() {
			ask("GET", "?q=blocks", "")
			done <- struct{}{}
		}()
	}
	for range 32 {
		<-entered
	}
	if w := ask("GET", "?q=x", ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: status %d", w.Code)
	}
	close(release)
	for range 32 {
		<-done
	}
	if w := ask("GET", "?q=x", ""); w.Code != http.StatusOK {
		t.Errorf("afterwards: status %d", w.Code)
	}
}
