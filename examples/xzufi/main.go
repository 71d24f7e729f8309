// Command xzufi shows the catalogue of services alone: it imports transfer
// messages of XZuFi 2.2, searches in them and says who is responsible where.
//
//	go run ./examples/xzufi                                   # a message of its own
//	go run ./examples/xzufi -search Wohnung message.xml ...   # yours
//
// Nothing is stored.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stadttor/stadttor/xzufi"
)

//go:embed message.xml
var message string

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("xzufi", flag.ContinueOnError)
	flags.SetOutput(out)
	search := flags.String("search", "hundesteur", "what to search for; a slip of the pen is forgiven")
	postcode := flags.String("postcode", "27898", "where")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := xzufi.New(xzufi.NewMemStore(), nil)
	err := c.SetAreas(ctx, []xzufi.Area{
		{Key: "03", Name: "Niedersachsen", Kind: "Land"},
		{Key: "033995401", Name: "Lohmoor", Kind: "Samtgemeinde"},
		{Key: "033995401002", Name: "Hagenbüttel", Kind: "Gemeinde", Postcodes: []string{"27898"}},
		{Key: "033990004004", Name: "Altenwehr", Kind: "Gemeinde", Postcodes: []string{"27898", "27899"}},
	})
	if err != nil {
		return err
	}
	if err := load(ctx, out, c, flags.Args()); err != nil {
		return err
	}
	places, err := c.Places(ctx, *postcode)
	if err != nil {
		return err
	}
	res, err := c.Search(ctx, xzufi.Query{Text: *search})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%q finds %d\n", *search, len(res.Hits))
	for _, h := range res.Hits {
		fmt.Fprintf(out, "  %s (%s)\n", h.Title, h.ID.Value)
		for _, p := range places {
			who, err := c.Responsible(ctx, h.ID, p.Key)
			if errors.Is(err, xzufi.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			for _, o := range who.Offices {
				fmt.Fprintf(out, "    in %s: %s\n", p.Name, o.Office.Name.For("de"))
			}
		}
	}
	return nil
}

// load imports files, or the message of this program, twice: the second time
// nothing changes.
func load(ctx context.Context, out io.Writer, c *xzufi.Catalogue, names []string) error {
	if len(names) > 0 {
		var files []xzufi.File
		for _, name := range names {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			files = append(files, xzufi.File{Name: filepath.Base(name), Reader: f})
		}
		report, err := c.Import(ctx, "files", files...)
		fmt.Fprintf(out, "imported: new %d, published %v\n", report.New, report.Published)
		return err
	}
	for range 2 {
		report, err := c.Import(ctx, "own", xzufi.File{Name: "message.xml", Reader: strings.NewReader(message)})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "imported: new %d, unchanged %d, published %v\n", report.New, report.Unchanged, report.Published)
	}
	return nil
}
