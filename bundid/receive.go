package bundid

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	maxBody     = 512 << 10
	maxRelay    = 80
	ticketLife  = 2 * time.Minute
	maxValidity = 15 * time.Minute
)

// Receive handles the POST at [Config.ACSURL]: it makes all checks, consumes
// the request, and keeps the login under a one-time ticket for two minutes.
// Answer with status 303 to a GET page of your own that carries the ticket and
// calls [ServiceProvider.Finish]; the package documentation says why there are
// two steps. A refused response yields a *ResponseError; other errors are
// those of the store. Receive reads at most 512 KiB of the body.
func (sp *ServiceProvider) Receive(ctx context.Context, r *http.Request) (ticket string, err error) {
	now := sp.now()
	ticket, err = sp.receive(ctx, r, now)
	var re *ResponseError
	if errors.As(err, &re) {
		attrs := []any{"reason", re.Reason.String()}
		if re.Err != nil {
			attrs = append(attrs, "detail", re.Err.Error())
		}
		level := slog.LevelWarn
		if re.Reason >= ReasonStatus && re.Reason <= ReasonRequiredAttributeMissing {
			level = slog.LevelInfo // the citizen's or the account's decision, no attack
		}
		sp.log.Log(ctx, level, "bundid: response refused", attrs...)
	}
	return ticket, err
}

func (sp *ServiceProvider) receive(ctx context.Context, r *http.Request, now time.Time) (string, error) {
	raw, relay, refused := readForm(r)
	if refused != nil {
		return "", refused
	}
	resp, refused := sp.open(raw)
	if refused != nil {
		return "", refused
	}
	if resp.status.Code != statusSuccess {
		return "", sp.reported(ctx, resp, relay, now)
	}
	a, refused := sp.readAssertion(resp, now)
	if refused != nil {
		return "", refused
	}
	err := sp.store.UseAssertion(ctx, a.id, a.until.Add(sp.cfg.ClockSkew))
	if errors.Is(err, ErrReplayed) {
		return "", refuse(ReasonReplay)
	}
	if err != nil {
		return "", fmt.Errorf("bundid: receive: %w", err)
	}
	asked, created, err := sp.takeRequest(ctx, a.inResponseTo, relay, now)
	if err != nil {
		return "", err
	}
	if refused := sp.compare(a, asked, created); refused != nil {
		refused.State = asked.State
		return "", refused
	}
	return sp.seal(ctx, a.login(asked), asked, now)
}

// readForm reads the two fields of the POST binding from the body alone.
func readForm(r *http.Request) (raw []byte, relay string, refused *ResponseError) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil || media != "application/x-www-form-urlencoded" || r.Body == nil {
		return nil, "", refuse(ReasonTransport)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, "", &ResponseError{Reason: ReasonTransport, Err: err}
	}
	if len(body) > maxBody {
		return nil, "", refuse(ReasonTooLarge)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["SAMLResponse"]) != 1 || len(form["RelayState"]) > 1 || len(form) > 8 {
		return nil, "", refuse(ReasonTransport)
	}
	relay = form.Get("RelayState")
	if len(relay) > maxRelay {
		return nil, "", refuse(ReasonRelayState)
	}
	raw, err = base64.StdEncoding.Strict().DecodeString(form.Get("SAMLResponse"))
	if err != nil || len(raw) == 0 {
		return nil, "", refuse(ReasonEncoding)
	}
	return raw, relay, nil
}

// reported handles a response that says that the login failed. Such responses
// may come unsigned: nothing is granted, and the open request they answer is
// closed.
func (sp *ServiceProvider) reported(ctx context.Context, resp *response, relay string, now time.Time) error {
	asked, _, err := sp.takeRequest(ctx, resp.inResponseTo, relay, now)
	if err != nil {
		return err
	}
	return &ResponseError{Reason: resp.status.reason(), Status: resp.status, State: asked.State}
}

// takeRequest consumes the open request with this id.
func (sp *ServiceProvider) takeRequest(ctx context.Context, id, relay string, now time.Time) (pendingRequest, time.Time, error) {
	var p pendingRequest
	record, err := sp.store.TakeRequest(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return p, time.Time{}, refuse(ReasonInResponseTo)
	}
	if err != nil {
		return p, time.Time{}, fmt.Errorf("bundid: receive: %w", err)
	}
	if err := json.Unmarshal(record.Data, &p); err != nil {
		return p, time.Time{}, fmt.Errorf("bundid: receive: stored request: %w", err)
	}
	if !now.Before(record.ExpiresAt) {
		return p, time.Time{}, &ResponseError{Reason: ReasonInResponseTo, State: p.State}
	}
	if subtle.ConstantTimeCompare([]byte(relay), []byte(p.RelayState)) != 1 {
		return p, time.Time{}, refuse(ReasonRelayState)
	}
	return p, record.CreatedAt, nil
}

// compare holds the answer against what was asked.
func (sp *ServiceProvider) compare(a *assertion, asked pendingRequest, created time.Time) *ResponseError {
	// ForceAuthn was set, so a login from before the request is none.
	if a.authnInstant.Before(created.Add(-sp.cfg.ClockSkew)) {
		return refuse(ReasonAuthnStatement)
	}
	if a.level < asked.Level {
		return refuse(ReasonLevelTooLow)
	}
	for _, want := range asked.Attributes {
		if want.Required && !slices.ContainsFunc(a.attributes, func(got Attribute) bool { return got.Name == want.Name }) {
			return refuse(ReasonAttributeNotPresent)
		}
	}
	return nil
}
