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

// An order is moved in one transaction with whatever follows from it.
func ExampleNew() {
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
	service := payment.New(paymentsql.New(db), nil)
	order, err := service.Open(ctx, payment.Order{
		ID: "o1", Items: []payment.Item{{ID: "1", Amount: payment.EUR(1500), Quantity: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := service.With(paymentsql.New(tx)).Apply(ctx, order.ID,
			payment.Snapshot{State: payment.StatePaid, Amount: payment.EUR(1500)})
		return err // and here release what was paid for
	})
	order, _ = service.Order(ctx, order.ID)
	fmt.Println(order.State, order.Total, err)
	// Output: paid 15.00 EUR <nil>
}
