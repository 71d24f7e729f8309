package pmpayment

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/stadttor/stadttor/payment"
)

// fail makes the error of a reason. What the service wrote and what the
// network library says stay out: both may hold addresses with ids.
func fail(reason payment.ProviderReason, temporary bool) error {
	return &payment.ProviderError{Reason: reason, Temporary: temporary}
}

// failStatus is for answers that are not 200.
func failStatus(code int) error {
	temporary := code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code == http.StatusNotFound
	return fail(payment.ReasonStatus, temporary)
}

// failSend is for requests without a whole answer.
func failSend(err error) error {
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return fail(payment.ReasonTimeout, true)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fail(payment.ReasonCut, true)
	}
	return fail(payment.ReasonUnreachable, true)
}

func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}
