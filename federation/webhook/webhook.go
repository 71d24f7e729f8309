package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stadttor/stadttor/federation"
)

// MinSecret is the shortest shared secret, in bytes.
const MinSecret = 32

// Config describes the back office. URL, Sender and Secret are required.
type Config struct {
	// URL is the address under which the paths of the protocol lie. https only.
	URL string
	// Sender tells the back office whose secret it is: 1 to 64 ASCII letters,
	// digits, dots, hyphens or underscores.
	Sender string
	// Secret signs both ways. At least [MinSecret] bytes of random.
	Secret []byte
	// Client makes the calls; it is copied and follows no redirects. Default: a
	// client of its own with 10 s to connect.
	Client *http.Client
	// Now reports the real time, for time stamps; not that of a demo clock,
	// since the other side has a clock of its own. Default: time.Now.
	Now func() time.Time
	// Timeout bounds a submission and a query. An attachment has a second more
	// for each 256 KiB. Default: 30 s.
	Timeout time.Duration
	// MaxAnswer bounds an answer in bytes. Default: 1 MiB.
	MaxAnswer int64
	// InsecureAllowHTTP admits addresses without TLS: everything is signed
	// then, but anyone on the way can read it. For tests and for demos.
	InsecureAllowHTTP bool
}

// Transport implements [federation.Transport]. It is safe for concurrent use.
type Transport struct {
	cfg  Config
	base *url.URL
	http http.Client
}

var _ federation.Transport = (*Transport)(nil)

var (
	senderForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	queryForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
)

// New returns a transport to the back office. Everything wrong in the
// configuration is an error here.
func New(cfg Config) (*Transport, error) {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("webhook: the address is not an absolute one without query and user")
	case u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP):
		return nil, errors.New("webhook: the address is not https")
	case !senderForm.MatchString(cfg.Sender):
		return nil, errors.New("webhook: the sender is missing or has other characters than ASCII letters, digits, . _ -")
	case len(cfg.Secret) < MinSecret:
		return nil, errors.New("webhook: the secret is too short")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	cfg.Secret = slices.Clone(cfg.Secret)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxAnswer <= 0 {
		cfg.MaxAnswer = 1 << 20
	}
	t := &Transport{cfg: cfg, base: u}
	if cfg.Client != nil {
		t.http = *cfg.Client
	} else {
		t.http.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second,
			MaxIdleConnsPerHost: 8, ForceAttemptHTTP2: true,
		}
	}
	t.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return t, nil
}

// submission is what is put for a delivery.
type submission struct {
	Version     int              `json:"version"`
	ID          string           `json:"id"`
	Key         string           `json:"key"`
	Destination string           `json:"destination"`
	Subject     string           `json:"subject"`
	Reference   string           `json:"reference"`
	MediaType   string           `json:"mediaType"`
	Payload     []byte           `json:"payload"`
	Attachments []submissionPart `json:"attachments"`
}

type submissionPart struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
}

// Deliver implements [federation.Transport]: first every attachment, then the
// submission. The receipt is that of a signed answer. All errors are a
// [*federation.TransportError].
func (t *Transport) Deliver(ctx context.Context, d federation.Delivery, open func(ctx context.Context, p federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	s := submission{Version: 1, ID: d.ID, Key: d.Key, Destination: d.Destination, Subject: d.Subject, Reference: d.Reference,
		MediaType: d.Payload.MediaType, Payload: d.Payload.Body, Attachments: []submissionPart{}}
	sent := map[federation.Part]bool{}
	for _, p := range d.Attachments {
		s.Attachments = append(s.Attachments, submissionPart{Name: p.Name, MediaType: p.MediaType, SHA256: p.SHA256, Size: p.Size})
		same := federation.Part{SHA256: p.SHA256, Size: p.Size, BlobKey: p.BlobKey}
		if sent[same] {
			continue
		}
		if err := t.putPart(ctx, p, open); err != nil {
			return federation.Receipt{}, err
		}
		sent[same] = true
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return federation.Receipt{}, refused(federation.ReasonRejected, err)
	}
	answer, err := t.exchange(ctx, call{method: http.MethodPut, path: "/eingaenge/" + hexDigest([]byte(d.Key)),
		mediaType: "application/json", digest: hexDigest(raw), body: bytes.NewReader(raw), size: int64(len(raw)), timeout: t.cfg.Timeout})
	if err != nil {
		return federation.Receipt{}, err
	}
	return parseReceipt(answer)
}

// parseReceipt reads the answer to a submission. It is signed, but a back
// office can err too.
func parseReceipt(raw []byte) (federation.Receipt, error) {
	var doc struct {
		Receipt string    `json:"receipt"`
		At      time.Time `json:"at"`
	}
	if err := decode(raw, &doc); err != nil {
		return federation.Receipt{}, failed(federation.ReasonNotAnAnswer, err)
	}
	if doc.Receipt == "" || len(doc.Receipt) > 1024 || doc.At.IsZero() {
		return federation.Receipt{}, failed(federation.ReasonNotAnAnswer, errNoReceipt)
	}
	return federation.Receipt{ID: doc.Receipt, At: doc.At.UTC().Truncate(time.Microsecond)}, nil
}

// putPart streams one attachment, under its digest.
func (t *Transport) putPart(ctx context.Context, p federation.Part, open func(ctx context.Context, p federation.Part) (io.ReadCloser, error)) error {
	r, err := open(ctx, p)
	if err != nil {
		var te *federation.TransportError
		if errors.As(err, &te) {
			return err
		}
		return failed(federation.ReasonAttachment, err)
	}
	c := newChecker(ctx, r, p)
	defer c.Close()
	var body io.Reader = c
	if p.Size == 0 {
		// A body of length 0 is never read by the client: check it here.
		if _, err := io.Copy(io.Discard, c); err != nil {
			return c.judge(err)
		}
		body = nil
	}
	answer, err := t.exchange(ctx, call{method: http.MethodPut, path: "/anhaenge/" + p.SHA256, mediaType: "application/octet-stream",
		digest: p.SHA256, body: body, size: p.Size, timeout: t.cfg.Timeout + time.Duration(p.Size>>18)*time.Second})
	if err != nil {
		return c.judge(err)
	}
	var doc struct {
		SHA256 string `json:"sha256"`
	}
	if err := decode(answer, &doc); err != nil || doc.SHA256 != p.SHA256 {
		return failed(federation.ReasonNotAnAnswer, errors.Join(err, errOtherPart))
	}
	return nil
}

// Query asks the back office: in is sent as JSON, the answer is read into out,
// a pointer. Name has lower-case ASCII letters, digits and hyphens. The answer
// must be signed for just this question. Errors are a
// [*federation.TransportError]; permanent ones will not get better by asking
// again. What is asked and answered is kept and logged nowhere.
func (t *Transport) Query(ctx context.Context, name string, in, out any) error {
	if !queryForm.MatchString(name) {
		return refused(federation.ReasonRejected, errors.New("webhook: not a name of a query"))
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return refused(federation.ReasonRejected, err)
	}
	answer, err := t.exchange(ctx, call{method: http.MethodPost, path: "/abfragen/" + name, mediaType: "application/json",
		digest: hexDigest(raw), body: bytes.NewReader(raw), size: int64(len(raw)), timeout: t.cfg.Timeout})
	if err != nil {
		return err
	}
	if err := decode(answer, out); err != nil {
		return failed(federation.ReasonNotAnAnswer, err)
	}
	return nil
}

// Details of errors, for logs.
var (
	errNoReceipt = errors.New("webhook: the answer has no receipt")
	errOtherPart = errors.New("webhook: the answer names another attachment")
	errUnsigned  = errors.New("webhook: the answer is not signed for this request")
	errTooLong   = errors.New("webhook: the answer is too long")
	errCut       = errors.New("webhook: the answer is cut off")
	errDepth     = errors.New("webhook: the document is nested too deeply")
	errTwice     = errors.New("webhook: the document has a name twice")
	errText      = errors.New("webhook: the document has a NUL byte or is not UTF-8")
	errSyntax    = errors.New("webhook: the document is not JSON")
)

func failed(reason federation.Reason, err error) error {
	return &federation.TransportError{Reason: reason, Err: err}
}

func refused(reason federation.Reason, err error) error {
	return &federation.TransportError{Reason: reason, Permanent: true, Err: err}
}

// maxDepth bounds the nesting of documents.
const maxDepth = 16

// decode reads one JSON document strictly: UTF-8, no NUL, no name twice, not
// nested deeply, nothing after it. Unknown names are ignored.
func decode(raw []byte, out any) error {
	if err := checkJSON(raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return errSyntax // the detail may hold foreign text
	}
	return nil
}

func checkJSON(raw []byte) error {
	if !utf8.Valid(raw) {
		return errText
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := checkValue(dec, maxDepth); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errSyntax
	}
	return nil
}

func checkValue(dec *json.Decoder, depth int) error {
	if depth < 0 {
		return errDepth
	}
	tok, err := dec.Token()
	if err != nil {
		return errSyntax
	}
	switch v := tok.(type) {
	case string:
		if strings.IndexByte(v, 0) >= 0 {
			return errText
		}
	case json.Delim:
		return checkInside(dec, v, depth)
	}
	return nil
}

func checkInside(dec *json.Decoder, open json.Delim, depth int) error {
	names := map[string]bool{}
	for dec.More() {
		if open == '{' {
			tok, err := dec.Token()
			name, ok := tok.(string)
			if err != nil || !ok {
				return errSyntax
			}
			// Unmarshal does not heed the case of names, in all of Unicode: there
			// is a long s that is an s to it. Upper case first joins those.
			name = strings.ToLower(strings.ToUpper(name))
			if names[name] {
				return errTwice
			}
			names[name] = true
		}
		if err := checkValue(dec, depth-1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return errSyntax
	}
	return nil
}
