package pay

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/payment"
)

// maxCallback bounds what the payment service may send.
const maxCallback = 16 << 10

// take reads a call of the payment service and asks the service itself
// whatever the call said. The attempt is returned when it is known, also with
// an error: of what was sent nothing else is used.
func (p *Pages) take(w http.ResponseWriter, r *http.Request) (payment.Attempt, error) {
	if p.Callback == nil {
		return payment.Attempt{}, payment.ErrNotFound
	}
	id := payment.AttemptID(r.URL.Query().Get(Attempt))
	attempt, err := p.Applications.Till.Checkout.Attempt(r.Context(), id)
	if err != nil {
		return payment.Attempt{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxCallback)
	hint, err := p.Callback(attempt, r)
	if err == nil {
		hint.Attempt = attempt.ID
		var now payment.Attempt
		if now, err = p.Applications.Till.Checkout.Take(r.Context(), hint); err == nil {
			attempt = now
		}
	}
	if err != nil {
		p.log().LogAttrs(r.Context(), slog.LevelWarn, "payment callback refused", slog.String("case", string(attempt.Order)), slog.String("code", code(err)))
		return attempt, err
	}
	if !attempt.State.Live() && hint.Claim != payment.StatePaid {
		return attempt, nil // what has ended is asked about on a schedule, not for whoever calls
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTime)
	defer cancel()
	if err := p.Applications.ReconcileSoon(ctx, string(attempt.ID)); err != nil {
		// The background work asks again.
		p.log().LogAttrs(r.Context(), slog.LevelWarn, "payment not settled at once", slog.String("case", string(attempt.Order)))
	}
	return attempt, nil
}

// notify is what the payment service calls when a payment has moved on. Any
// answer but 200 makes it call again, or gives it up: what fits and what is
// known already is 200, all else is 400 without a word.
func (p *Pages) notify(w http.ResponseWriter, r *http.Request) {
	attempt, err := p.take(w, r)
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		if code(err) == "internal" {
			status = http.StatusServiceUnavailable // it may call again
		}
	}
	p.decided(r.Context(), attempt, err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status) + "\n"))
}

// record keeps what a handler answers for the tester's page.
func (p *Pages) record(h http.HandlerFunc) http.Handler {
	if p.Record == nil {
		return h
	}
	return p.Record(h)
}

// decided notes what a call led to.
func (p *Pages) decided(ctx context.Context, a payment.Attempt, err error) {
	what := "taken"
	if err != nil {
		what = code(err)
	}
	calls.Decided(ctx, what, p.reference(ctx, a))
}

// code names what is wrong with a call, without anything that it said.
func code(err error) string {
	var hint *payment.HintError
	var provider *payment.ProviderError
	switch {
	case errors.As(err, &hint):
		return string(hint.Reason)
	case errors.As(err, &provider) && provider.Reason == payment.ReasonRefused:
		return "signature"
	case errors.As(err, &provider):
		return string(provider.Reason)
	case errors.Is(err, payment.ErrNotFound):
		return "unknown"
	}
	return "internal"
}

// reference is the case that an attempt is for, for the tester's page.
func (p *Pages) reference(ctx context.Context, a payment.Attempt) string {
	if a.Order == "" {
		return ""
	}
	o, err := p.Applications.Orders.Order(ctx, a.Order)
	if err != nil {
		return ""
	}
	return o.Reference
}

func (p *Pages) log() *slog.Logger {
	if p.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return p.Logger
}
