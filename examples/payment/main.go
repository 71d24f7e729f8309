// Command payment shows the component payment alone: it starts a simulated
// payment service, opens an order with two booking accounts, begins an attempt,
// waits until it is paid, and prints the file for the finance system.
//
//	go run ./examples/payment         # open the address, choose a card
//	go run ./examples/payment -auto   # pays by itself
//	go run ./examples/payment -auto -card silent  # no callback, no return: found out by asking
//
// Everything lives in memory. A real program uses paymentsql, https, and the
// address and secrets of the payment service it has a contract with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsim"
	"github.com/stadttor/stadttor/payment/pmpayment"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are those of the payment service, here made up.
const (
	town      = "03399004"
	procedure = "URKUNDE"
	salt      = "secret-of-the-procedure"
	orderID   = payment.OrderID("fee-2026-000123")
)

// run does all of it and writes what happens.
func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("payment", flag.ContinueOnError)
	flags.SetOutput(out)
	auto := flags.Bool("auto", false, "pay without a browser")
	card := flags.String("card", paymentsim.CardPaid, "test card for -auto")
	wait := flags.Duration("wait", 15*time.Minute, "how long to wait for the payer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()

	sim, err := paymentsim.Start(&paymentsim.Options{Merchants: []paymentsim.Merchant{
		{AGS: town, Procedure: procedure, Salt: salt, Name: "Stadt Altenwehr"},
	}})
	if err != nil {
		return err
	}
	defer sim.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newShop(sim.URL, "http://"+listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) // ends with Close
	defer server.Close()

	if err := s.open(ctx, out); err != nil {
		return err
	}
	attempt, err := s.checkout.Begin(ctx, orderID)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "pay at %s\n", attempt.PayURL)
	if *auto {
		if err := sim.Pay(attempt.TxID, *card); err != nil {
			return err
		}
	}
	return s.wait(ctx, out)
}

// shop is what a program has that takes money.
type shop struct {
	orders   *payment.Service
	checkout *payment.Checkout
	ledger   *payment.Ledger
	provider payment.Provider
	hints    chan struct{} // a callback came
	http.ServeMux
}

func newShop(service, own string) (*shop, error) {
	provider, err := pmpayment.New(pmpayment.Config{
		BaseURL: service, AGS: town,
		Procedures:        map[string]pmpayment.Procedure{procedure: {Salt: salt}},
		InsecureAllowHTTP: true, // the simulator is on this machine
	})
	if err != nil {
		return nil, err
	}
	orders := payment.New(payment.NewMemStore(), nil)
	s := &shop{
		orders: orders, provider: provider, hints: make(chan struct{}, 1),
		ledger: payment.NewLedger(payment.NewMemBookingStore(), nil),
		checkout: payment.NewCheckout(orders, payment.NewMemAttemptStore(), &payment.CheckoutOptions{
			Providers: map[string]payment.Provider{"pmpayment": provider},
			Route:     func(payment.Order) (string, string, error) { return "pmpayment", procedure, nil },
			Text:      func(o payment.Order) string { return payment.Remittance(o.Ref, o.Reference) },
			URLs: func(id payment.AttemptID) (string, string) {
				query := "?" + pmpayment.DefaultQuery + "=" + string(id)
				return own + "/notify" + query, own + "/return" + query
			},
			Pauses: []time.Duration{time.Second}, // a real one grows from seconds to minutes
		}),
	}
	s.HandleFunc("POST /notify", func(w http.ResponseWriter, r *http.Request) {
		if err := s.take(r); err != nil {
			http.Error(w, "", http.StatusBadRequest)
		}
	})
	s.HandleFunc("/return", func(w http.ResponseWriter, r *http.Request) {
		s.take(r) // whatever the browser says, the page is the same
		fmt.Fprintln(w, "Thank you. We are asking the payment service how it ended.")
	})
	return s, nil
}

// open opens an order whose items are booked on two accounts.
func (s *shop) open(ctx context.Context, out io.Writer) error {
	order, err := s.orders.Open(ctx, payment.Order{
		ID: orderID, Reference: "2026-000123", Ref: payment.Kassenzeichen("URK", 123),
		Items: []payment.Item{
			{ID: "first", Text: "Geburtsurkunde", Amount: payment.EUR(1500), Quantity: 1, Account: "12201.4311000"},
			{ID: "further", Text: "Geburtsurkunde, weitere", Amount: payment.EUR(750), Quantity: 1, Account: "12201.4311000"},
			{ID: "postage", Text: "Porto", Amount: payment.EUR(200), Quantity: 1, Account: "11101.4421000"},
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "order %s: %s\n", order.ID, order.Total)
	return nil
}

// take notes what a callback claims. It only brings the next question forward.
func (s *shop) take(r *http.Request) error {
	hint, err := s.provider.Callback(r)
	if err != nil {
		return err
	}
	if _, err := s.checkout.Take(r.Context(), hint); err != nil {
		return err
	}
	select {
	case s.hints <- struct{}{}:
	default:
	}
	return nil
}

// wait asks the service until the attempt has ended. A real program does this
// for all that is due, from whatever wakes its jobs.
func (s *shop) wait(ctx context.Context, out io.Writer) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		due, err := s.checkout.Due(ctx, time.Now(), 100)
		if err != nil {
			return err
		}
		for _, id := range due {
			result, err := s.checkout.Reconcile(ctx, id)
			switch {
			case err != nil:
				return err
			case result.Paid:
				fmt.Fprintf(out, "order %s: %s\n", result.Order.ID, result.Order.State)
				return s.book(ctx, out, result)
			case result.Ended:
				fmt.Fprintf(out, "attempt ended: %s\n", result.Attempt.State)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nobody paid: %w", ctx.Err())
		case <-s.hints:
		case <-ticker.C:
		}
	}
}

// book writes the booking record and hands it over in a file.
func (s *shop) book(ctx context.Context, out io.Writer, paid payment.Settlement) error {
	if _, _, err := s.ledger.Record(ctx, paid.Order, paid.Attempt); err != nil {
		return err
	}
	batch, _, err := s.ledger.Close(ctx)
	if err != nil {
		return err
	}
	file, err := s.ledger.File(ctx, batch.Number)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s:\n%s", file.Name, file.Content)
	return nil
}
