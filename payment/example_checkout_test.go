package payment_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/stadttor/stadttor/payment"
)

// kiosk is the smallest provider: one that always says paid.
type kiosk struct{}

func (kiosk) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	return payment.Started{PayURL: "https://kiosk.example/" + a.TxID, ProviderRef: a.TxID}, nil
}

func (kiosk) LookUp(_ context.Context, a payment.Attempt) (payment.Snapshot, error) {
	return payment.Snapshot{State: payment.StatePaid, Amount: a.Amount, Method: "coins"}, nil
}

func (kiosk) Callback(r *http.Request) (payment.Hint, error) {
	return payment.Hint{Attempt: payment.AttemptID(r.URL.Query().Get("attempt"))}, nil
}

// A payment from the page to the confirmation.
func ExampleCheckout() {
	ctx := context.Background()
	orders := payment.New(payment.NewMemStore(), nil)
	n := 0
	checkout := payment.NewCheckout(orders, payment.NewMemAttemptStore(), &payment.CheckoutOptions{
		Providers: map[string]payment.Provider{"kiosk": kiosk{}},
		NewID:     func() string { n++; return fmt.Sprint("id-", n) }, // leave this out: ids must be random
	})
	order, err := orders.Open(ctx, payment.Order{
		ID: "fee-1", Ref: payment.Kassenzeichen("AW26", 1), Reference: "2026-000123",
		Items: []payment.Item{{ID: "1", Text: "Geburtsurkunde", Amount: payment.EUR(1500), Quantity: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	attempt, err := checkout.Begin(ctx, order.ID)
	fmt.Println(attempt.State, attempt.PayURL, err)
	fmt.Println(attempt.Text)

	// Somebody calls back. That is only a reason to ask.
	attempt, err = checkout.Take(ctx, payment.Hint{Attempt: attempt.ID, Claim: payment.StatePaid})
	fmt.Println(attempt.State, err)
	_, err = checkout.Take(ctx, payment.Hint{Attempt: attempt.ID, Amount: payment.EUR(1)})
	fmt.Println(err)

	settlement, err := checkout.Reconcile(ctx, string(attempt.ID))
	fmt.Println(settlement.Paid, settlement.Order.State, settlement.Order.Method, err)
	_, err = checkout.Begin(ctx, order.ID)
	fmt.Println(err)
	// Output:
	// started https://kiosk.example/id-2 <nil>
	// AW260000000186 2026-000123
	// started <nil>
	// payment: hint refused: amount
	// true paid coins <nil>
	// payment: order is not payable
}

// A fee and its postage are booked on two accounts and handed over in a file.
func ExampleLedger() {
	ctx := context.Background()
	layout := payment.Layout{
		Name: "kasse-", Digits: 4, Separator: ';', Decimal: ',', Date: "02.01.2006", Charset: payment.CharsetUTF8, Trailer: "SUMME",
		Columns: []payment.Column{
			{Field: payment.FieldRef}, {Field: payment.FieldAccount}, {Field: payment.FieldAmount}, {Field: payment.FieldText}, {Field: payment.FieldPaid},
		},
	}
	ledger := payment.NewLedger(payment.NewMemBookingStore(), &payment.LedgerOptions{Layout: &layout})
	order := payment.Order{
		ID: "fee-1", Ref: payment.Kassenzeichen("AW26", 1), Total: payment.EUR(1700), State: payment.StatePaid,
		PaidAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		Items: []payment.Item{
			{ID: "1", Text: "Geburtsurkunde", Amount: payment.EUR(1500), Quantity: 1, Account: "12201.4311000"},
			{ID: "2", Text: "Porto", Amount: payment.EUR(200), Quantity: 1, Account: "12201.4461000"},
		},
	}
	for range 2 {
		_, first, err := ledger.Record(ctx, order, payment.Attempt{})
		fmt.Println(first, err)
	}
	batch, closed, err := ledger.Close(ctx)
	fmt.Println(batch.Name, closed, err)
	fmt.Printf("%s", batch.Content)
	// Output:
	// true <nil>
	// false <nil>
	// kasse-0001.csv true <nil>
	// AW260000000186;12201.4311000;15,00;Geburtsurkunde;01.03.2026
	// AW260000000186;12201.4461000;2,00;Porto;01.03.2026
	// SUMME;1;2;17,00
}
