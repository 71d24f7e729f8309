// Command simulators runs the outside systems of the demo alone, for several
// portals or for a portal of another make: the login of citizens and staff,
// mail, payment, a back office, a foreign member of the federation, and a page
// to disturb each of them.
//
//	go run ./examples/portal/cmd/simulators
//	PORTAL_SIMULATORS=http://localhost:8088 go run ./examples/portal/cmd/portal
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
	"github.com/stadttor/stadttor/examples/portal/internal/keys"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	fs := flag.NewFlagSet("simulators", flag.ContinueOnError)
	fs.SetOutput(errs)
	listen := fs.String("listen", "localhost:8081", "address of the first simulator; the others follow on the next ports")
	host := fs.String("host", "localhost", "name by which browsers and portals reach the simulators")
	folder := fs.String("keys", "data/keys", "folder of the keys; missing ones are made")
	verbose := fs.Bool("verbose", false, "log more")
	var portals []sims.Portal
	fs.Func("portal", "portals that are known from the beginning: address, or name=address; several with commas. Stadttor portals announce themselves", func(s string) error {
		for i, one := range strings.Split(s, ",") {
			p, err := parsePortal(strings.TrimSpace(one), len(portals)+i)
			if err != nil {
				return err
			}
			portals = append(portals, p)
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("simulators: unknown argument %q", fs.Arg(0))
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	clk := clock.New(nil) // portals shift it when their testers do
	set, err := sims.Start(ctx, sims.Options{Listen: *listen, Host: *host, Portals: portals, Now: clk.Now, SetOffset: clk.SetOffset,
		Logger: slog.New(slog.NewJSONHandler(errs, &slog.HandlerOptions{Level: level})),
		Keys: keys.Ring{Folder: *folder, Demo: true, Now: clk.Now,
			Progress: func(name string) { fmt.Fprintf(out, "  Erzeuge Schlüssel %s …\n", name) }}})
	if err != nil {
		return err
	}
	announce(out, set)
	<-ctx.Done()
	return set.Close()
}

// parsePortal reads address or name=address. The first is the town by default.
func parsePortal(s string, n int) (sims.Portal, error) {
	p := sims.Portal{ID: "altenwehr", URL: s}
	if n > 0 {
		p.ID = fmt.Sprintf("portal-%d", n+1)
	}
	if id, address, ok := strings.Cut(s, "="); ok && !strings.Contains(id, "/") {
		p.ID, p.URL = id, address
	}
	p.URL = strings.TrimSuffix(p.URL, "/")
	if p.ID == "" || !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
		return p, errors.New("must be an address like http://127.0.0.1:8080")
	}
	return p, nil
}

func announce(out io.Writer, set *sims.Set) {
	d := set.Description()
	fmt.Fprintln(out, "\n  Die Simulatoren laufen:")
	for _, g := range set.Faults() {
		fmt.Fprintf(out, "    %-52s %s\n", g.Name, g.Address)
	}
	fmt.Fprintf(out, "\n  Störungen ein- und ausschalten:  %s\n", d.Control)
	fmt.Fprintf(out, "  Beschreibung für Portale:        %s/beschreibung.json\n", d.Control)
	fmt.Fprintf(out, "  Portal damit starten:            PORTAL_SIMULATORS=%s go run ./examples/portal/cmd/portal\n", d.Control)
	for _, p := range d.Portals {
		fmt.Fprintf(out, "  Bekanntes Portal:                %s (%s)\n", p.URL, p.ID)
	}
	fmt.Fprintln(out, "  Beenden mit Strg+C")
}
