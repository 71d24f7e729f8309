package payment_test

import (
	"testing"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymenttest"
)

func TestMemStore(t *testing.T) {
	t.Parallel()
	paymenttest.TestStore(t, func(*testing.T) payment.Store { return payment.NewMemStore() })
}

func TestMemAttemptStore(t *testing.T) {
	t.Parallel()
	paymenttest.TestAttemptStore(t, func(*testing.T) payment.AttemptStore { return payment.NewMemAttemptStore() })
}

func TestMemBookingStore(t *testing.T) {
	t.Parallel()
	paymenttest.TestBookingStore(t, func(*testing.T) payment.BookingStore { return payment.NewMemBookingStore() })
}
