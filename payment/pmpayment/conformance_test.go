package pmpayment_test

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsim"
	"github.com/stadttor/stadttor/payment/paymenttest"
)

// The driver keeps the contract of providers, against the simulator.
func TestProvider(t *testing.T) {
	t.Parallel()
	paymenttest.TestProvider(t, func(t *testing.T) paymenttest.ProviderHarness {
		sim, err := paymentsim.Start(&paymentsim.Options{
			Merchants: []paymentsim.Merchant{{AGS: "03404000", Procedure: "URKUNDE", Salt: salt, Name: "Stadt Altenwehr"}},
			Slow:      time.Minute, InsecureAllowHTTP: true, Pauses: []time.Duration{},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sim.Close() })
		c := config(sim.URL)
		c.Timeout = time.Second
		return paymenttest.ProviderHarness{
			Provider: newProvider(t, c),
			Attempt: func(*testing.T) payment.Attempt {
				a := attempt()
				a.ID, a.TxID = payment.AttemptID(rand.Text()), rand.Text()
				a.NotifyURL, a.ReturnURL = "http://127.0.0.1:1/n?zahlung="+string(a.ID), "http://127.0.0.1:1/r?zahlung="+string(a.ID)
				return a
			},
			End: func(t *testing.T, a payment.Attempt, _ payment.Started, outcome payment.State) {
				card := map[payment.State]string{
					payment.StatePaid: paymentsim.CardPaid, payment.StateAborted: paymentsim.CardAborted,
					payment.StateFailed: paymentsim.CardDeclined, payment.StateChecking: paymentsim.CardPending,
				}[outcome]
				if err := sim.Pay(a.TxID, card); err != nil {
					t.Fatal(err)
				}
			},
			Callback: func(_ *testing.T, a payment.Attempt, _ payment.Started, outcome payment.State, forged bool) *http.Request {
				f := fields(a)
				switch outcome {
				case payment.StateAborted:
					f.Set("status", "0")
					f.Del("payment_method")
				case payment.StateFailed:
					f.Set("status", "0")
				case payment.StateChecking:
					f.Set("status", "-1")
				}
				if forged {
					f.Set("amount", strconv.FormatInt(a.Amount.Minor+1, 10))
				}
				return request("zahlung="+string(a.ID), f)
			},
			Break: func(t *testing.T, call paymenttest.Call, trouble paymenttest.Trouble) {
				if trouble == paymenttest.TroubleDown {
					if err := sim.Close(); err != nil {
						t.Fatal(err)
					}
					return
				}
				fault := map[paymenttest.Trouble]string{
					paymenttest.TroubleHTML: paymentsim.FaultStartHTML, paymenttest.TroubleHuge: paymentsim.FaultStartHuge,
					paymenttest.TroubleSlow: paymentsim.FaultStartSlow, paymenttest.TroubleStatus: paymentsim.FaultStart500,
				}[trouble]
				if call == paymenttest.CallLookUp {
					fault = map[paymenttest.Trouble]string{
						paymenttest.TroubleHTML: paymentsim.FaultStatusHTML, paymenttest.TroubleHuge: paymentsim.FaultStatusHuge,
						paymenttest.TroubleSlow: paymentsim.FaultStatusSlow, paymenttest.TroubleStatus: paymentsim.FaultStatus500,
					}[trouble]
				}
				if err := sim.Misbehave(fault); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
