// Command federation shows the way to a back office and back, alone: an
// application is put into the outbox, goes out over the webhook protocol, its
// first answer is lost, it is recognised when it comes again, and the decision
// comes back and has its effect once.
//
//	go run ./examples/federation         # open the address, press the button
//	go run ./examples/federation -auto   # decides by itself
//
// Everything lives in memory. A real program uses federationsql, https, and a
// secret of its own for each back office. The back office in office.go is the
// whole other side of the protocol: a vendor can begin there.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does all of it and writes what happens.
func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("federation", flag.ContinueOnError)
	flags.SetOutput(out)
	auto := flags.Bool("auto", false, "decide without a browser")
	wait := flags.Duration("wait", 15*time.Minute, "how long to wait for the decision")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()
	secret := []byte(rand.Text() + rand.Text())

	replies := make(chan federation.Reply, 10)
	portalAddress, closePortal, err := serve(receiver(secret, replies))
	if err != nil {
		return err
	}
	defer closePortal()
	o := newOffice(secret, portalAddress+"/antworten")
	officeAddress, closeOffice, err := serve(o)
	if err != nil {
		return err
	}
	defer closeOffice()

	id, err := send(ctx, out, officeAddress, secret)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the office has %d application(s)\n", o.count())
	if *auto {
		for range 2 { // the office repeats what it is not sure of
			if err := o.decide(ctx, "antrag-1", "granted"); err != nil {
				return err
			}
		}
	} else {
		fmt.Fprintf(out, "decide at %s\n", officeAddress)
	}
	select {
	case r := <-replies:
		fmt.Fprintf(out, "%s from %s for %s: %s, %d file(s)\n", r.Kind, r.Source, r.Reference, r.Status, len(r.Attachments))
	case <-ctx.Done():
		return fmt.Errorf("no decision for %s: %w", id, ctx.Err())
	}
	fmt.Fprintf(out, "%d more effects\n", len(replies))
	return nil
}

// send puts an application into the outbox and works until it is delivered.
func send(ctx context.Context, out io.Writer, address string, secret []byte) (string, error) {
	transport, err := webhook.New(webhook.Config{URL: address, Sender: "altenwehr", Secret: secret, InsecureAllowHTTP: true})
	if err != nil {
		return "", err
	}
	proof := []byte("Sachkundenachweis (made up)")
	sum := sha256.Sum256(proof)
	outbox := federation.New(federation.NewMemStore(), &federation.Options{
		Transports: map[string]federation.Transport{"steuern": transport},
		OpenPart: func(context.Context, federation.Part) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(proof)), nil
		},
		Backoff: []time.Duration{100 * time.Millisecond},
	})
	d, err := outbox.Enqueue(ctx, federation.Delivery{
		Key: "antrag-1", Destination: "steuern:hunde", Subject: "hund-anmelden", Reference: "AW-2026-000123",
		Payload: federation.Payload{MediaType: "application/json", Body: []byte(`{"name":"Fiete"}`)},
		Attachments: []federation.Part{{Name: "Nachweis.txt", MediaType: "text/plain", SHA256: hex.EncodeToString(sum[:]),
			Size: int64(len(proof)), BlobKey: "1"}},
	})
	if err != nil {
		return "", err
	}
	for d.State != federation.StateDelivered {
		if d.State == federation.StateFailed {
			return "", fmt.Errorf("given up: %s", d.LastError)
		}
		due, err := outbox.Due(ctx, time.Now(), 100)
		if err != nil {
			return "", err
		}
		for _, id := range due {
			if err := outbox.Deliver(ctx, id); err != nil {
				return "", err
			}
			if d, err = outbox.Get(ctx, id); err != nil {
				return "", err
			}
			fmt.Fprintf(out, "attempt %d: %s %s\n", d.Attempts, d.State, d.LastError)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	fmt.Fprintf(out, "receipt %s\n", d.Receipt.ID)
	return d.ID, nil
}

// receiver takes replies; each has its effect once.
func receiver(secret []byte, effects chan<- federation.Reply) http.Handler {
	inlet := federation.NewInlet(federation.NewReplyMemStore(), nil)
	mux := http.NewServeMux()
	mux.Handle("/antworten", webhook.NewReceiver(webhook.ReceiverConfig{Source: "steuern:hunde", Secret: secret,
		Take: func(ctx context.Context, r federation.Reply) error {
			if r.Key != "antrag-1" {
				return &webhook.RefusedError{Code: "foreign"}
			}
			first, err := inlet.Take(ctx, r)
			if first {
				effects <- r
			}
			return err
		}}))
	return mux
}

// serve listens on a free port of the loopback address.
func serve(h http.Handler) (string, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go s.Serve(l) // ends with Close
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}
