package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stadttor/stadttor/federation"
)

// call is one signed request.
type call struct {
	method, path, mediaType, digest string
	body                            io.Reader
	size                            int64
	timeout                         time.Duration
}

// exchange makes a call and returns the body of an answer that succeeded and
// is signed for it. Everything else is a [*federation.TransportError].
func (t *Transport) exchange(ctx context.Context, c call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	u := *t.base
	u.Path += c.path
	req, err := http.NewRequestWithContext(ctx, c.method, u.String(), c.body)
	if err != nil {
		return nil, refused(federation.ReasonRejected, err)
	}
	req.ContentLength = c.size
	req.Header.Set("Content-Type", c.mediaType)
	req.Header.Set("Accept", "application/json")
	// The signature is over the bytes of the answer as they come.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set(headerSender, t.cfg.Sender)
	if req.GetBody != nil {
		// Every call is idempotent: a connection that died while idle may be
		// replaced without asking. The name alone, without a value, says so to
		// the client and is not sent.
		req.Header["X-Idempotency-Key"] = nil
	}
	sig := signRequest(req.Header, t.cfg.Secret, c.method, req.URL.EscapedPath(), c.digest, t.cfg.Now())
	resp, err := t.http.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err, federation.ReasonUnreachable)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.cfg.MaxAnswer+1))
	switch {
	case int64(len(body)) > t.cfg.MaxAnswer:
		// Signed or not, it cannot be checked; the status alone may still say
		// whether to come back.
		return nil, t.judge(resp, false, errTooLong)
	case err != nil && ctx.Err() == nil && !isTimeout(err):
		return nil, t.judge(resp, false, errors.Join(errCut, err))
	case err != nil:
		return nil, unanswered(ctx, err, federation.ReasonNotAnAnswer)
	}
	if signed := checkAnswer(resp.Header, t.cfg.Secret, resp.StatusCode, sig, body); !signed || resp.StatusCode/100 != 2 {
		return nil, t.judge(resp, signed, errUnsigned)
	}
	return body, nil
}

// unanswered names why no answer was read.
func unanswered(ctx context.Context, err error, otherwise federation.Reason) error {
	if ctx.Err() != nil {
		return failed(federation.ReasonTimeout, errors.Join(ctx.Err(), err))
	}
	if isTimeout(err) {
		return failed(federation.ReasonTimeout, err)
	}
	return failed(otherwise, err)
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// judge names an answer that is no success. What only the back office itself
// can say counts only if signed; anything between may ask to come back later.
func (t *Transport) judge(resp *http.Response, signed bool, detail error) error {
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		// Who does not share the secret cannot sign.
		return refused(federation.ReasonCredentials, nil)
	case code == http.StatusRequestEntityTooLarge:
		return refused(federation.ReasonTooLarge, nil)
	case code == http.StatusTooManyRequests || code == http.StatusTooEarly || code >= 500 || code == http.StatusRequestTimeout:
		return &federation.TransportError{Reason: federation.ReasonBusy, RetryAfter: t.retryAfter(resp.Header.Get("Retry-After"))}
	case signed && code == http.StatusConflict, signed && code/100 == 4:
		return refused(federation.ReasonRejected, nil)
	}
	return failed(federation.ReasonNotAnAnswer, detail)
}

// retryAfter reads the header field: seconds or a date, at most a day.
func (t *Transport) retryAfter(s string) time.Duration {
	const most = 24 * time.Hour
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, most)
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(at.Sub(t.cfg.Now()), 0), most)
	}
	return 0
}

// checker reads an attachment on its way and keeps back the last bytes unless
// the whole is what was announced: nothing else ever leaves completely. The
// HTTP client may still read while the caller asks how it went.
type checker struct {
	ctx  context.Context
	r    io.ReadCloser
	want string

	mu   sync.Mutex
	left int64
	sum  hash.Hash
	err  error // why reading ended before its time
	bad  bool  // the content is not what was announced
	shut bool
	// reading is set while r is read, which may take longer than the caller
	// waits.
	reading bool
}

var errContent = errors.New("webhook: the attachment is not what was announced")

func newChecker(ctx context.Context, r io.ReadCloser, p federation.Part) *checker {
	return &checker{ctx: ctx, r: r, want: p.SHA256, left: p.Size, sum: sha256.New()}
}

// Read implements [io.Reader].
func (c *checker) Read(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	if c.shut {
		return 0, errors.Join(io.ErrClosedPipe, c.r.Close())
	}
	c.left -= int64(n)
	c.sum.Write(p[:n])
	switch {
	case err != nil && err != io.EOF:
		c.err = err
		return n, err
	case c.left < 0, err == io.EOF && c.left > 0, c.left == 0 && hex.EncodeToString(c.sum.Sum(nil)) != c.want:
		c.bad = true
		return 0, errContent
	}
	return n, err
}

func (c *checker) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.bad:
		return errContent
	case c.shut:
		return io.ErrClosedPipe
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	}
	c.reading = true
	return nil
}

// Close implements [io.Closer]; it may be called twice, and while the HTTP
// client still reads: then the reader closes.
func (c *checker) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return nil
	}
	c.shut = true
	if c.reading {
		return nil
	}
	return c.r.Close()
}

// judge prefers what went wrong with the attachment to what became of the call.
func (c *checker) judge(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var te *federation.TransportError
	switch {
	case c.bad:
		return refused(federation.ReasonDigest, errContent)
	case c.ctx.Err() != nil:
		return failed(federation.ReasonTimeout, c.ctx.Err())
	case c.err != nil:
		return failed(federation.ReasonAttachment, c.err)
	case errors.As(err, &te):
		return err
	}
	return failed(federation.ReasonAttachment, err)
}
