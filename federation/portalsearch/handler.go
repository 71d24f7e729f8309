package portalsearch

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stadttor/stadttor/federation"
)

// Limits of the handler.
const (
	maxQuery  = 1000 // bytes of the text
	maxBudget = 5 * time.Second
	atOnce    = 32 // questions answered at the same time
)

// caching lets others keep an answer for a minute and use it longer while the
// portal cannot be reached (RFC 5861).
const caching = "public, max-age=60, stale-while-revalidate=240, stale-if-error=3600"

// Handler answers searches of other portals with what search finds; it must
// give absolute addresses and only the portal's own services. search gets a
// context that ends when the asker stops waiting, at the latest after 5 s. The
// handler takes GET and HEAD, reads and sets no cookie, and answers 400 to what
// it cannot read, 405, 503 when search fails or too many ask at the same time.
func Handler(search func(ctx context.Context, q federation.Query) ([]federation.Hit, error)) http.Handler {
	slots := make(chan struct{}, atOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "method")
			return
		}
		q, ok := read(r)
		if !ok {
			refuse(w, http.StatusBadRequest, "query")
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, "busy")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), q.Budget)
		defer cancel()
		found, err := search(ctx, q)
		if err != nil {
			code := "failed"
			if errors.Is(err, context.DeadlineExceeded) {
				code = "timeout"
			}
			refuse(w, http.StatusServiceUnavailable, code)
			return
		}
		write(w, found[:min(len(found), q.Limit)])
	})
}

// read takes a query from a request.
func read(r *http.Request) (federation.Query, bool) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return federation.Query{}, false
	}
	q := federation.Query{Text: strings.TrimSpace(values.Get("q")), Area: values.Get("ort"), Lang: values.Get("sprache"), Limit: 20, Budget: maxBudget}
	if len(q.Text) > maxQuery || !utf8.ValidString(q.Text) || strings.ContainsRune(q.Text, 0) {
		return q, false
	}
	if len(q.Area) > 12 || strings.Trim(q.Area, "0123456789") != "" {
		return q, false
	}
	if q.Lang == "" {
		q.Lang = "de"
	}
	if len(q.Lang) > 20 || strings.Trim(q.Lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return q, false
	}
	if s := values.Get("anzahl"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return q, false
		}
		q.Limit = min(n, maxHits)
	}
	if s := r.Header.Get(HeaderBudget); s != "" {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil || n < 1 {
			return q, false
		}
		q.Budget = min(time.Duration(n)*time.Millisecond, maxBudget)
	}
	return q, true
}

func write(w http.ResponseWriter, found []federation.Hit) {
	a := answer{Version: version, Hits: []hit{}}
	for _, h := range found {
		a.Hits = append(a.Hits, hit{Key: h.Key, Area: h.Area, Title: h.Title, Lang: h.TitleLang, Teaser: h.Teaser, URL: h.URL, Online: h.Online})
	}
	body, err := json.Marshal(a)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "failed")
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", caching)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // the asker may be gone
}

// refuse answers with a code for machines.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"error":"` + code + `"}`))
}
