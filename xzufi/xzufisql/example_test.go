package xzufisql_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/stadttor/stadttor/xzufi/xzufisql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// A delivery is imported in a transaction together with something else.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "xzufi")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "c.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		log.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	db := bun.NewDB(raw, sqlitedialect.New())
	defer func() { _ = db.Close() }()

	ctx := context.Background()
	if err := xzufisql.Migrate(ctx, db); err != nil {
		log.Fatal(err)
	}
	catalogue := xzufi.New(xzufisql.New(db), nil)
	const delivery = `<t xmlns="http://xoev.de/schemata/xzufi/2_2_0"><schreibe><leistung><id schemeAgencyID="L1">7</id>
		<modulText><inhalt languageCode="de">Müllabfuhr</inhalt><leikaTextmodul><code>03</code></leikaTextmodul></modulText></leistung></schreibe></t>`
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// Whatever else belongs to it, on the same tx.
		_, err := catalogue.With(xzufisql.New(tx)).Import(ctx, "land", xzufi.File{Name: "d.xml", Reader: strings.NewReader(delivery)})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := catalogue.Search(ctx, xzufi.Query{Text: "muellabfuhr"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Total, res.Hits[0].Title)
	// Output: 1 Müllabfuhr
}
