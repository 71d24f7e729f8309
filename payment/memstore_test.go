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
