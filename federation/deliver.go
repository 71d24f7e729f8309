package federation

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// recordTimeout bounds noting the outcome after the caller's context ended.
const recordTimeout = 10 * time.Second

// maxRetryAfter bounds how long a recipient may put a delivery off.
const maxRetryAfter = 24 * time.Hour

// Deliver makes one attempt to send a delivery. It claims the row by a lease,
// calls the transport and notes the outcome: delivered, queued again for
// later, or failed. It is safe to repeat and to run at the same time for the
// same id: what is not due, claimed by another, or finished is left alone.
//
// An outcome that was noted is no error, whatever it is; read it with
// [Outbox.Get]. Errors are [ErrNotFound] and those of the store. If ctx ends
// during an attempt the delivery is queued again, never given up. Deliver must
// not be called inside a transaction.
func (o *Outbox) Deliver(ctx context.Context, id string) error {
	d, err := o.store.Get(ctx, id)
	if err != nil {
		return err
	}
	now := o.now()
	if (d.State != StateQueued && d.State != StateSending) || d.NextAt.After(now) {
		return nil
	}
	if d.Attempts >= o.o.MaxAttempts {
		// Only workers that vanished lead here: no outcome was ever noted.
		d.State, d.NextAt, d.LastError = StateFailed, time.Time{}, string(ReasonInterrupted)
		return ignoreConflict(o.store.Update(ctx, d))
	}
	d.State, d.NextAt = StateSending, now.Add(o.o.Lease)
	d.Attempts++
	if err := o.store.Update(ctx, d); err != nil {
		return ignoreConflict(err)
	}
	d.Version++

	receipt, err := o.attempt(ctx, d)
	o.settle(&d, receipt, err, ctx.Err() != nil)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := o.store.Update(record, d); err != nil {
		if errors.Is(err, ErrConflict) {
			// The lease ended and another worker took over; the transport
			// recognises the key, so its outcome counts.
			o.o.Logger.WarnContext(record, "federation: lease lost", "delivery", d.ID, "attempt", d.Attempts)
			return nil
		}
		return err
	}
	o.o.Logger.InfoContext(record, "federation: attempt made", "delivery", d.ID, "attempt", d.Attempts,
		"state", string(d.State), "error", d.LastError)
	return nil
}

func ignoreConflict(err error) error {
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// attempt calls the transport within the time allowed.
func (o *Outbox) attempt(ctx context.Context, d Delivery) (Receipt, error) {
	t := o.transport(d.Destination)
	if t == nil {
		return Receipt{}, &TransportError{Reason: ReasonNoTransport, Permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, o.o.Timeout)
	defer cancel()
	receipt, err := t.Deliver(ctx, d.Clone(), o.open)
	if err != nil && ctx.Err() != nil {
		var te *TransportError
		if !errors.As(err, &te) || !te.Permanent {
			err = &TransportError{Reason: ReasonTimeout, Err: err}
		}
	}
	return receipt, err
}

// transport returns nil if none serves the destination.
func (o *Outbox) transport(destination string) Transport {
	if o.o.Route != nil {
		return o.o.Transports[o.o.Route(destination)]
	}
	if t := o.o.Transports[destination]; t != nil {
		return t
	}
	scheme, _, _ := strings.Cut(destination, ":")
	return o.o.Transports[scheme]
}

func (o *Outbox) open(ctx context.Context, p Part) (io.ReadCloser, error) {
	if o.o.OpenPart == nil {
		return nil, &TransportError{Reason: ReasonAttachment, Permanent: true}
	}
	r, err := o.o.OpenPart(ctx, p)
	if err != nil {
		var te *TransportError
		if errors.As(err, &te) {
			return nil, err
		}
		return nil, &TransportError{Reason: ReasonAttachment, Err: err}
	}
	return r, nil
}

// settle writes the outcome of an attempt into d.
func (o *Outbox) settle(d *Delivery, receipt Receipt, err error, stopped bool) {
	now := o.now()
	if err == nil {
		// A receipt that no database takes must not make us send again.
		if receipt.At.IsZero() || !keepable(receipt.At) {
			receipt.At = now
		}
		receipt.ID = storable(receipt.ID)
		receipt.At = receipt.At.UTC().Truncate(time.Microsecond)
		d.State, d.DeliveredAt, d.NextAt = StateDelivered, now, time.Time{}
		d.LastError, d.Receipt = "", receipt
		return
	}
	var failure *TransportError
	if !errors.As(err, &failure) || failure == nil {
		failure = &TransportError{Err: err}
	}
	if d.LastError = storable(string(failure.Reason)); d.LastError == "" {
		d.LastError = string(ReasonUnknown)
	}
	switch {
	case failure.Permanent:
		d.State, d.NextAt = StateFailed, time.Time{}
	case stopped:
		// Being shut down says nothing about the delivery.
		d.State, d.NextAt, d.LastError = StateQueued, now, string(ReasonInterrupted)
		d.Attempts--
	case d.Attempts >= o.o.MaxAttempts:
		d.State, d.NextAt = StateFailed, time.Time{}
	default:
		pause := o.o.Backoff[min(d.Attempts, len(o.o.Backoff))-1]
		pause = max(pause, min(failure.RetryAfter, maxRetryAfter))
		d.State, d.NextAt = StateQueued, now.Add(pause)
	}
}

// storable makes foreign text fit for every store.
func storable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
