package paymentsql_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// The provider is asked outside of the transaction; what it said is settled,
// booked and followed up inside of one.
func ExampleNewAttemptStore() {
	ctx := context.Background()
	handle, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	handle.SetMaxOpenConns(1)
	db := bun.NewDB(handle, sqlitedialect.New())
	defer func() { _ = db.Close() }()
	if err := paymentsql.Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	service := &till{paid: map[string]bool{}}
	orders := payment.New(paymentsql.New(db), nil)
	ledger := payment.NewLedger(paymentsql.NewBookingStore(db), nil)
	checkout := payment.NewCheckout(orders, paymentsql.NewAttemptStore(db), &payment.CheckoutOptions{
		Providers: map[string]payment.Provider{"till": service},
	})
	if _, err := orders.Open(ctx, payment.Order{ID: "o1", Items: []payment.Item{{ID: "1", Amount: payment.EUR(1500), Quantity: 1}}}); err != nil {
		fmt.Println(err)
		return
	}
	attempt, err := checkout.Begin(ctx, "o1")
	if err != nil {
		fmt.Println(err)
		return
	}
	service.pay(attempt)

	finding, err := checkout.Ask(ctx, string(attempt.ID))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		s, err := checkout.With(paymentsql.New(tx), paymentsql.NewAttemptStore(tx)).Settle(ctx, finding)
		if err != nil || !s.Paid {
			return err
		}
		_, _, err = ledger.With(paymentsql.NewBookingStore(tx)).Record(ctx, s.Order, s.Attempt)
		return err // and here release what was paid for
	})
	fmt.Println(err)
	booking, err := ledger.ByOrder(ctx, "o1")
	fmt.Println(booking.Total, booking.Method, err)
	// Output:
	// <nil>
	// 15.00 EUR creditcard <nil>
}
