package pmpayment_test

import (
	"context"
	"fmt"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsim"
	"github.com/stadttor/stadttor/payment/pmpayment"
)

func Example() {
	sim, err := paymentsim.Start(&paymentsim.Options{Merchants: []paymentsim.Merchant{
		{AGS: "03399004", Procedure: "URKUNDE", Salt: "secret", Name: "Stadt Altenwehr"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	provider, err := pmpayment.New(pmpayment.Config{
		BaseURL: sim.URL, AGS: "03399004",
		Procedures:        map[string]pmpayment.Procedure{"URKUNDE": {Salt: "secret"}},
		InsecureAllowHTTP: true, // the simulator is on this machine
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	attempt := payment.Attempt{
		Tenant: "03399004", Procedure: "URKUNDE", TxID: "URKUNDE.1",
		Amount: payment.EUR(2450), Text: "2026-000123",
	}
	started, err := provider.Start(ctx, attempt)
	fmt.Println(started.ProviderRef, err)
	before, err := provider.LookUp(ctx, attempt)
	fmt.Println(before.State, err)
	if err := sim.Pay("URKUNDE.1", paymentsim.CardPaid); err != nil { // the payer, on the pay page
		fmt.Println(err)
		return
	}
	after, err := provider.LookUp(ctx, attempt)
	fmt.Println(after.State, after.Amount, err)
	// Output:
	// URKUNDE.1 <nil>
	// checking <nil>
	// paid 24.50 EUR <nil>
}
