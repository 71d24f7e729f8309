// Command load sends a crowd of visitors to a running demo portal and prints
// how it bears them. It ends by itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/load"
)

func main() {
	var opts load.Options
	flag.StringVar(&opts.Portal, "portal", "http://127.0.0.1:8080", "address of the demo portal")
	flag.IntVar(&opts.Visitors, "visitors", 8, "visitors at the same time")
	flag.IntVar(&opts.Requests, "requests", 20_000, "requests at most")
	flag.DurationVar(&opts.Duration, "duration", 30*time.Second, "time at most")
	flag.Uint64Var(&opts.Seed, "seed", 1, "of the mix of journeys")
	warm := flag.Duration("warm", 3*time.Second, "time before anything is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, opts, *warm); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts load.Options, warm time.Duration) error {
	if warm > 0 {
		first := opts
		first.Duration, first.Seed = warm, opts.Seed+1
		if _, err := load.Run(ctx, first); err != nil {
			return err
		}
	}
	report, err := load.Run(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Print(report)
	if report.Errors > 0 {
		return fmt.Errorf("load: %d journeys failed", report.Errors)
	}
	return nil
}
