package antrag_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

func TestUnpaid(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.payable()
		submit := func() antrag.Application {
			t.Helper()
			a, err := w.Submit(ctx, w.order(t, "k1", "1").ID, citizenWithLogin("k1"))
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		a, paid, pending := submit(), submit(), submit()
		invoice, err := w.Submit(ctx, w.fill(t, "k1").ID, citizenWithLogin("k1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Paid(ctx, paid.ID, payment.Snapshot{Amount: payment.EUR(1700)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Orders.Apply(ctx, payment.OrderID(pending.ID), payment.Snapshot{State: payment.StateChecking}); err != nil {
			t.Fatal(err)
		}
		after := func(days int, minutes time.Duration) {
			t.Helper()
			w.now = a.ReceivedAt.Add(time.Duration(days)*24*time.Hour + minutes*time.Minute)
			var wg sync.WaitGroup
			for range 4 { // instances that come at the same time
				wg.Go(func() {
					if err := w.Unpaid(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		want := func(a antrag.Application, keys ...string) {
			t.Helper()
			if diff := cmp.Diff(keys, w.subjects(t, a)); diff != "" {
				t.Error(diff)
			}
		}
		after(3, -1)
		want(a, "submission", "payment-open")
		for range 3 {
			after(3, 0)
		}
		want(a, "submission", "payment-open", "payment-reminder")
		after(30, -1)
		want(a, "submission", "payment-open", "payment-reminder")
		for range 3 {
			after(30, 0)
		}
		want(a, "submission", "payment-open", "payment-reminder", "payment-lapsed", "status:withdrawn")
		if a, err = w.OwnedBy(ctx, "k1", a.ID); err != nil || a.Status != postkorb.StatusWithdrawn || !a.Closed() {
			t.Errorf("%s, %v", a.Status, err)
		}
		if o, err := w.Orders.Order(ctx, payment.OrderID(a.ID)); err != nil || o.State != payment.StateCancelled {
			t.Errorf("order %s, %v", o.State, err)
		}
		log, err := w.Log(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, e := range log {
			actions = append(actions, e.Action)
		}
		if diff := cmp.Diff([]string{"sent", "payment-reminded", "lapsed"}, actions); diff != "" {
			t.Error(diff)
		}

		// What was paid, is being paid or needs no payment stays as it is.
		want(paid, "submission", "payment-open", "paid", "status:received", "receipt")
		want(pending, "submission", "payment-open")
		if invoice, err = w.OwnedBy(ctx, "k1", invoice.ID); err != nil || invoice.Closed() {
			t.Errorf("an application without prepayment is closed: %v", err)
		}

		// Money that comes after all is for the treasury.
		if _, err := w.Paid(ctx, pending.ID, payment.Snapshot{Amount: payment.EUR(1700)}); err != nil {
			t.Fatal(err)
		}
		after(60, 0)
		if pending, err = w.OwnedBy(ctx, "k1", pending.ID); err != nil || pending.Status != postkorb.StatusReceived {
			t.Errorf("%s, %v", pending.Status, err)
		}
	})
}

func TestUnpaidTermsOfTheTown(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		w.payable()
		w.UnpaidTerms = antrag.UnpaidTerms{Remind: time.Hour, Lapse: 2 * time.Hour}
		a, err := w.Submit(t.Context(), w.order(t, "k1", "1").ID, citizenWithLogin("k1"))
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(3 * time.Hour) // nobody worked in between: no reminder of what is over
		if err := w.Unpaid(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"submission", "payment-open", "payment-lapsed", "status:withdrawn"}, w.subjects(t, a)); diff != "" {
			t.Error(diff)
		}
	})
}
