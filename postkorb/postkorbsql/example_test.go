package postkorbsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// A message is written in one transaction with whatever else belongs to it.
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
	if err := postkorbsql.Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	inbox := postkorb.New(postkorbsql.New(db), nil)

	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		in := inbox.With(postkorbsql.New(tx))
		_, _, err := in.Open(ctx, postkorb.Thread{ID: "t1", Owner: "acc-1", Subject: "Wohngeld"},
			postkorb.Draft{Kind: postkorb.KindSubmission, From: postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1"}})
		if err != nil {
			return err
		}
		return errors.New("the application could not be stored")
	})
	fmt.Println(err)
	_, err = inbox.Thread(ctx, "t1")
	fmt.Println(errors.Is(err, postkorb.ErrNotFound))
	// Output:
	// the application could not be stored
	// true
}
