// Package portalsearch lets one portal search the services of another: a
// client that is a [federation.Source], and the handler that answers it.
//
// The protocol is this project's own: GET <portal>/api/v1/dienstleistungen with
// q (text), ort (ARS or a prefix), sprache (BCP 47) and anzahl (1 to 50), and
// the header Stadttor-Budget-Ms with the milliseconds for which somebody waits.
// The answer is JSON, {"version":1,"hits":[{"key","area","title","lang",
// "teaser","url","online"}]}. A portal answers with its own services only,
// never with those of its members, so that two portals do not ask each other
// in circles. A new version of the format gets a new path; unknown fields are
// ignored.
//
// Nothing personal goes over the line: no cookie, no address of the visitor, no
// credentials. Answers are foreign input: limited in size and number here, and
// cleaned by [federation.Searcher].
package portalsearch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/federation"
)

const (
	// Path is where a portal answers, after its address.
	Path = "/api/v1/dienstleistungen"
	// HeaderBudget says for how many milliseconds the asker waits.
	HeaderBudget = "Stadttor-Budget-Ms"

	version   = 1
	maxHits   = 50
	mediaType = "application/json"
)

// Config says which portal to ask.
type Config struct {
	// URL is the portal's address, https, without the path of the search.
	URL string
	// Client makes the requests. Redirects are never followed, whatever it
	// says. Default: a client without proxy of its own and a timeout of 10 s.
	// An operator who takes members from others should give one whose dialer
	// refuses private addresses.
	Client *http.Client
	// MaxAnswer bounds an answer in bytes. Default 1 MiB.
	MaxAnswer int64
	// InsecureAllowHTTP permits a URL with http, for tests and demos.
	InsecureAllowHTTP bool
}

// Source asks another portal. It is safe for concurrent use.
type Source struct {
	address string
	client  *http.Client
	max     int64
}

// ErrConfig says that the address cannot be used.
var ErrConfig = errors.New("portalsearch: URL must be an absolute https address without query")

// New returns a source that asks the portal at cfg.URL.
func New(cfg Config) (*Source, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		(u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP)) {
		return nil, ErrConfig
	}
	s := &Source{address: strings.TrimSuffix(cfg.URL, "/") + Path, max: cfg.MaxAnswer}
	client := http.Client{Timeout: 10 * time.Second}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &client
	if s.max <= 0 {
		s.max = 1 << 20
	}
	return s, nil
}

// Search implements [federation.Source]. Its errors are
// [*federation.SourceError].
func (s *Source) Search(ctx context.Context, q federation.Query) ([]federation.Hit, error) {
	values := url.Values{"q": {q.Text}, "sprache": {q.Lang}, "anzahl": {strconv.Itoa(min(max(q.Limit, 1), maxHits))}}
	if q.Area != "" {
		values.Set("ort", q.Area)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"?"+values.Encode(), nil)
	if err != nil {
		return nil, fail(federation.ReasonUnknown, err)
	}
	req.Header.Set("Accept", mediaType)
	if q.Budget > 0 {
		req.Header.Set(HeaderBudget, strconv.FormatInt(max(q.Budget.Milliseconds(), 1), 10))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fail(network(err), err)
	}
	defer resp.Body.Close()
	if reason := refusal(resp.StatusCode); reason != "" {
		return nil, fail(reason, nil)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != mediaType {
		return nil, fail(federation.ReasonMalformed, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, s.max+1))
	if err != nil {
		return nil, fail(network(err), err)
	}
	if int64(len(body)) > s.max {
		return nil, fail(federation.ReasonTooLarge, nil)
	}
	return parse(body)
}

func fail(reason federation.Reason, err error) error {
	return &federation.SourceError{Reason: reason, Err: err}
}

// refusal is the reason behind a status, empty for 200.
func refusal(status int) federation.Reason {
	switch {
	case status == http.StatusOK:
		return ""
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return federation.ReasonBusy
	case status >= 500:
		return federation.ReasonUnreachable
	case status >= 400:
		return federation.ReasonRejected
	}
	return federation.ReasonMalformed // a redirect, or no content
}

// network tells a silence from a broken line.
func network(err error) federation.Reason {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return federation.ReasonTimeout
	}
	return federation.ReasonUnreachable
}

// answer is what goes over the line.
type answer struct {
	Version int   `json:"version"`
	Hits    []hit `json:"hits"`
}

type hit struct {
	Key    string `json:"key,omitempty"`
	Area   string `json:"area,omitempty"`
	Title  string `json:"title"`
	Lang   string `json:"lang,omitempty"`
	Teaser string `json:"teaser,omitempty"`
	URL    string `json:"url"`
	Online bool   `json:"online,omitempty"`
}

// parse reads an answer. What stands in the hits is checked by the searcher.
func parse(body []byte) ([]federation.Hit, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fail(federation.ReasonMalformed, nil)
	}
	if a.Version != version {
		return nil, fail(federation.ReasonMalformed, nil)
	}
	var hits []federation.Hit
	for _, h := range a.Hits {
		if len(hits) == maxHits {
			break
		}
		hits = append(hits, federation.Hit{Key: h.Key, Area: h.Area, Title: h.Title, TitleLang: h.Lang, Teaser: h.Teaser, URL: h.URL, Online: h.Online})
	}
	return hits, nil
}
