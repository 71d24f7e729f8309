package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/stadttor/stadttor/payment"
)

func Example() {
	ctx := context.Background()
	service := payment.New(payment.NewMemStore(), nil)
	order, err := service.Open(ctx, payment.Order{
		ID: "fee-2026-000123", Reference: "2026-000123",
		Items: []payment.Item{
			{ID: "1", Text: "Meldebescheinigung", Amount: payment.EUR(500), Quantity: 2},
			{ID: "2", Text: "Porto", Amount: payment.EUR(95), Quantity: 1},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.State, order.Total)

	// What the provider answered when asked:
	order, err = service.Apply(ctx, order.ID, payment.Snapshot{
		State: payment.StatePaid, Amount: payment.EUR(1095), Method: "creditcard", ProviderRef: "tx-1",
	})
	fmt.Println(order.State, order.Method, err)

	events, _ := service.Events(ctx, order.ID)
	for _, e := range events {
		fmt.Println(e.Seq, e.Type, e.To)
	}
	// Output:
	// open 10.95 EUR
	// paid creditcard <nil>
	// 1 opened open
	// 2 moved paid
}

// An amount that is not the one asked for changes nothing and wants a person.
func ExampleService_Apply_mismatch() {
	ctx := context.Background()
	service := payment.New(payment.NewMemStore(), nil)
	order, err := service.Open(ctx, payment.Order{
		ID: "o1", Items: []payment.Item{{ID: "1", Amount: payment.EUR(1500), Quantity: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = service.Apply(ctx, order.ID, payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1)})
	var mismatch *payment.MismatchError
	fmt.Println(errors.As(err, &mismatch), err)
	// Output: true payment: order o1: amount 0.01 EUR, expected 15.00 EUR
}

func ExampleMoney_Mul() {
	total, err := payment.EUR(1250).Mul(3)
	fmt.Println(total, err)
	_, err = payment.EUR(9_000_000_000_000_000_000).Add(payment.EUR(9_000_000_000_000_000_000))
	fmt.Println(err)
	// Output:
	// 37.50 EUR <nil>
	// payment: amount out of range
}
