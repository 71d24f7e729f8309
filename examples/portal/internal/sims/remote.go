package sims

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// ErrAway says that the set in the other process does not answer as it should.
var ErrAway = errors.New("sims: the simulators do not answer")

// maxAnswer bounds what is read from a set in another process.
const maxAnswer = 32 << 20

// Dial returns the control of a set in another process. The address is that
// of its control page or of its description. Nothing is asked yet.
func Dial(address string) (Control, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("sims: the address of the simulators must be like http://localhost:8088")
	}
	base := strings.TrimSuffix(strings.TrimSuffix(address, "beschreibung.json"), "/")
	return &remote{base: base, client: &http.Client{Timeout: 10 * time.Second}}, nil
}

type remote struct {
	base   string
	client *http.Client
}

// call asks the control server; in may be nil for reading.
func (r *remote) call(ctx context.Context, path string, in, out any) error {
	method, body := http.MethodGet, io.Reader(nil)
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		method, body = http.MethodPost, bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return ErrAway
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnprocessableEntity && path == "/api/portale":
		return ErrPortal
	case res.StatusCode == http.StatusUnprocessableEntity:
		return ErrUnknown
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: status %d", ErrAway, res.StatusCode)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("%w: not a description", ErrAway)
	}
	return nil
}

func (r *remote) Description(ctx context.Context) (d Description, err error) {
	err = r.call(ctx, "/beschreibung.json", nil, &d)
	return d, err
}

func (r *remote) Register(ctx context.Context, p Portal) (a Access, err error) {
	err = r.call(ctx, "/api/portale", p, &a)
	return a, err
}

func (r *remote) Faults(ctx context.Context) (g []Group, err error) {
	err = r.call(ctx, "/api/stoerungen", nil, &g)
	return g, err
}

func (r *remote) Misbehave(ctx context.Context, simulator, fault string) error {
	return r.call(ctx, "/api/stoerung", disturbance{simulator, fault}, nil)
}

func (r *remote) Calm(ctx context.Context) error { return r.call(ctx, "/api/aus", struct{}{}, nil) }

func (r *remote) Forget(ctx context.Context) error {
	return r.call(ctx, "/api/leeren", struct{}{}, nil)
}

func (r *remote) Mails(ctx context.Context) (m []mailsim.Mail, err error) {
	err = r.call(ctx, "/api/mails", nil, &m)
	return m, err
}

func (r *remote) ClearMails(ctx context.Context) error {
	return r.call(ctx, "/api/mails/leeren", struct{}{}, nil)
}

func (r *remote) Transactions(ctx context.Context) (t []paymentsim.Transaction, err error) {
	err = r.call(ctx, "/api/zahlungen", nil, &t)
	return t, err
}

func (r *remote) SetOffset(ctx context.Context, d time.Duration) error {
	return r.call(ctx, "/api/uhr", shift{int64(d)}, nil)
}
