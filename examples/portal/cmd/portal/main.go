// Command portal runs the reference portal.
//
// Without any setting it is the demo: SQLite and files in ./data, all outside
// systems simulated, reachable from this machine only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/stadttor/stadttor/examples/portal"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	cfg, check, err := configure(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	begin := time.Now()
	p, err := portal.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	if check {
		fmt.Println("Die Einstellungen sind in Ordnung.")
		return nil
	}
	return p.Run(ctx, func() {
		fmt.Printf("\n  Bereit nach %.1f Sekunden: %s\n", time.Since(begin).Seconds(), p.URL())
		if cfg.Mode != portal.Production {
			fmt.Printf("  Für Tester: %s/test\n", p.URL())
			if address := p.NeighbourURL(); address != "" {
				fmt.Printf("  Portal des Landkreises: %s\n", address)
			}
		}
		fmt.Println("  Beenden mit Strg+C")
	})
}

func configure(args []string) (portal.Config, bool, error) {
	var c portal.Config
	fs := flag.NewFlagSet("portal", flag.ContinueOnError)
	// The environment is no default of a flag: the help would print it, with the
	// passwords that addresses hold.
	text := func(p *string, name, env, usage string) {
		*p = os.Getenv(env)
		fs.Func(name, usage+" ("+env+")", func(s string) error { *p = s; return nil })
	}
	text(&c.Listen, "listen", "PORTAL_LISTEN", "address to serve on, default 127.0.0.1:8080")
	text(&c.SimListen, "sim-listen", "PORTAL_SIM_LISTEN", "address of the first simulator, default localhost:8081")
	text(&c.Simulators, "simulators", "PORTAL_SIMULATORS", "address of simulators in another process, empty: start own ones")
	text(&c.PublicURL, "public-url", "PORTAL_PUBLIC_URL", "address that browsers use; fixes the SAML entityID")
	text(&c.Mode, "mode", "PORTAL_MODE", "demo or production, default demo")
	text(&c.World, "world", "PORTAL_WORLD", "world of the demo: altenwehr or weserheide, default altenwehr")
	text(&c.Data, "data", "PORTAL_DATA", "folder for data, default ./data")
	text(&c.Keys, "keys", "PORTAL_KEYS", "folder of the private keys, default keys in the data folder")
	text(&c.DatabaseURL, "database-url", "PORTAL_DATABASE_URL", "postgres://..., empty: SQLite in the data folder")
	text(&c.BlobURL, "blob-url", "PORTAL_BLOB_URL", "s3://..., empty: files in the data folder")
	text(&c.HandOvers, "handovers", "PORTAL_HANDOVERS", "file that says which applications go to which back office")
	text(&c.Members, "members", "PORTAL_MEMBERS", "file with the members of the Portalverbund that the search asks")
	text(&c.BundIDMetadata, "bundid-metadata", "PORTAL_BUNDID_METADATA", "file with the metadata of BundID, production")
	text(&c.OnlineServiceID, "online-service-id", "PORTAL_ONLINE_SERVICE_ID", "BMI-ID of the connection, production")
	text(&c.StaffIssuer, "staff-issuer", "PORTAL_STAFF_ISSUER", "OpenID provider of the staff, production")
	text(&c.StaffClient, "staff-client", "PORTAL_STAFF_CLIENT", "client id at that provider")
	c.StaffSecret = os.Getenv("PORTAL_STAFF_SECRET") // a flag would show it to every user of the machine
	text(&c.SMTP, "smtp", "PORTAL_SMTP", "mail server host:port, production")
	text(&c.MailFrom, "mail-from", "PORTAL_MAIL_FROM", "sender of notices")
	text(&c.PaymentURL, "pmpayment-url", "PORTAL_PMPAYMENT_URL", "address of pmPayment; empty: nothing is paid online")
	text(&c.PaymentAGS, "pmpayment-ags", "PORTAL_PMPAYMENT_AGS", "key of the administration at pmPayment")
	text(&c.PaymentFile, "pmpayment-file", "PORTAL_PMPAYMENT_FILE", "JSON file with the procedures of pmPayment and their salts")
	text(&c.PortalName, "portal-name", "PORTAL_NAME", "name in the head of every page")
	text(&c.Town, "town", "PORTAL_TOWN", "town in the head of every page")
	fs.BoolVar(&c.Alone, "alone", false, "demo without the second portal, that of the Landkreis")
	check := fs.Bool("check-config", false, "check the settings, open everything and stop")
	verbose := fs.Bool("verbose", false, "log more")
	if err := fs.Parse(args); err != nil {
		return c, false, err
	}
	if fs.NArg() > 0 {
		return c, false, fmt.Errorf("portal: unknown argument %q", fs.Arg(0))
	}
	level := slog.LevelWarn // the demo's terminal shows what a person should see
	if c.Mode == portal.Production {
		level = slog.LevelInfo
	}
	if *verbose {
		level = slog.LevelDebug
	}
	c.Logger = slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	c.Progress = func(s string) { fmt.Println("  " + s) }
	return c, *check, nil
}
