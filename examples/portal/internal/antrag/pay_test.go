package antrag_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// order answers the questions of the birth certificate.
func (w *world) order(t testing.TB, owner, copies string) antrag.Draft {
	t.Helper()
	def, _ := w.set.Latest("geburtsurkunde")
	d, err := w.StartDraft(t.Context(), owner, def, "urkunde", "033990004004")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"geburtsort.gemeinde": "033990004004", "person.vorname": "Jürgen", "person.nachname": "Größmann", "person.geburtsdatum.day": "7", "person.geburtsdatum.month": "2",
		"person.geburtsdatum.year": "1970", "person.strasse": "Am Wehr 3", "person.plz": "27899", "person.ort": "Altenwehr", "person.email": "j@example.org", "bestellung.anzahl": copies,
	}
	for range 10 {
		step, ok := def.FirstOpen(d.Answers, w.Today())
		if !ok {
			break
		}
		form := url.Values{}
		for _, q := range def.Questions(d.Answers, step, "", w.Today()) {
			for _, key := range q.Field.Keys() {
				v, known := answers[key]
				if !known && len(q.Field.Options) > 0 {
					v = q.Field.Options[0].Value
				}
				form.Set(key, v)
			}
		}
		var errs []assistant.FieldError
		d.Answers, errs = def.Apply(d.Answers, assistant.Input{Step: step, Form: form, Now: w.Today()})
		for _, e := range errs {
			if !e.Fresh {
				t.Fatalf("step %s: %+v", step, e)
			}
		}
	}
	if d, err = w.SaveDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func citizenWithLogin(owner string) antrag.Applicant {
	return antrag.Applicant{Owner: owner, Account: owner, Lang: "de", Level: 3}
}

func (w *world) payable() { w.Payable = func(string, int64) bool { return true } }

func (w *world) subjects(t testing.TB, a antrag.Application) []string {
	t.Helper()
	ms, err := w.Inbox.Messages(t.Context(), postkorb.ThreadID(a.Thread))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range ms {
		if m.Kind == postkorb.KindStatus {
			out = append(out, "status:"+string(m.Status))
		} else {
			out = append(out, m.Key)
		}
	}
	return out
}

func TestPaidFirst(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.payable()
		a, err := w.Submit(ctx, w.order(t, "k1", "3").ID, citizenWithLogin("k1"))
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != postkorb.StatusPaymentOpen || !w.Prepaid(a) {
			t.Fatalf("status %s", a.Status)
		}
		o, err := w.Orders.Order(ctx, payment.OrderID(a.ID))
		if err != nil || o.Total != payment.EUR(1500+2*750+200) || len(o.Items) != 3 || o.Ref == "" || o.Items[2].Account == o.Items[0].Account {
			t.Fatalf("order %+v, %v", o, err)
		}
		if all, err := w.Outbox.ByReference(ctx, a.Reference); err != nil || len(all) != 0 {
			t.Fatalf("delivered before it was paid: %v %v", all, err)
		}
		if diff := cmp.Diff([]string{"submission", "payment-open"}, w.subjects(t, a)); diff != "" {
			t.Error(diff)
		}
		clerk := antrag.Actor{Kind: "staff", ID: "s1"}
		if _, err := w.Take(ctx, clerk, a.ID, 0, "s1"); !errors.Is(err, antrag.ErrUnpaid) {
			t.Errorf("taken before it was paid: %v", err)
		}
		if _, err := w.SetStatus(ctx, clerk, a.ID, 0, postkorb.StatusInReview, ""); !errors.Is(err, antrag.ErrUnpaid) {
			t.Errorf("moved before it was paid: %v", err)
		}
		if _, err := w.Decide(ctx, clerk, a.ID, 0, postkorb.StatusDone, "b", "t", "k", nil); !errors.Is(err, antrag.ErrUnpaid) {
			t.Errorf("decided before it was paid: %v", err)
		}

		// An altered cent changes nothing.
		w.now = w.now.Add(48 * time.Hour)
		var mismatch *payment.MismatchError
		if _, err := w.Paid(ctx, a.ID, payment.Snapshot{Amount: payment.EUR(o.Total.Minor - 1)}); !errors.As(err, &mismatch) {
			t.Errorf("a cent less: %v", err)
		}
		for range 3 {
			if a, err = w.Paid(ctx, a.ID, payment.Snapshot{Amount: o.Total, Method: "creditCard", ProviderRef: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if a.Status != postkorb.StatusReceived || !a.ReceivedAt.Equal(w.now) || !a.DueAt.Equal(w.now.AddDate(0, 0, 14)) {
			t.Errorf("%s, received %s, due %s", a.Status, a.ReceivedAt, a.DueAt)
		}
		if diff := cmp.Diff([]string{"submission", "payment-open", "paid", "status:received", "receipt"}, w.subjects(t, a)); diff != "" {
			t.Error(diff)
		}
		if all, err := w.Outbox.ByReference(ctx, a.Reference); err != nil || len(all) != 1 {
			t.Errorf("%d deliveries, %v", len(all), err)
		}
		if _, err := w.Take(ctx, clerk, a.ID, 0, "s1"); err != nil {
			t.Error(err)
		}
	})
}

func TestWithdrawnAndPaid(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.payable()
		a, err := w.Submit(ctx, w.order(t, "k1", "1").ID, citizenWithLogin("k1"))
		if err != nil {
			t.Fatal(err)
		}
		if a, err = w.Withdraw(ctx, "k1", a.ID); err != nil || w.Prepaid(a) {
			t.Fatal(err)
		}
		if o, err := w.Orders.Order(ctx, payment.OrderID(a.ID)); err != nil || o.State != payment.StateCancelled {
			t.Errorf("order %s, %v", o.State, err)
		}

		// The service knew already that money was on its way: it comes, and the
		// treasury has to send it back, once.
		b, err := w.Submit(ctx, w.order(t, "k1", "1").ID, citizenWithLogin("k1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Orders.Apply(ctx, payment.OrderID(b.ID), payment.Snapshot{State: payment.StateChecking}); err != nil {
			t.Fatal(err)
		}
		if b, err = w.Withdraw(ctx, "k1", b.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if b, err = w.Paid(ctx, b.ID, payment.Snapshot{Amount: payment.EUR(1700)}); err != nil || b.Status != postkorb.StatusWithdrawn {
				t.Fatalf("%s, %v", b.Status, err)
			}
		}
		open, err := w.Refunds(ctx, false)
		if err != nil || len(open) != 1 || open[0].Cents != 1700 || open[0].Reason != antrag.RefundClosed || open[0].Reference != b.Reference {
			t.Fatalf("%+v, %v", open, err)
		}
		for range 2 {
			if err := w.RefundDone(ctx, antrag.Actor{Kind: "staff", ID: "kasse"}, open[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.RefundDone(ctx, antrag.Actor{Kind: "staff", ID: "kasse"}, "x"); !errors.Is(err, antrag.ErrNotFound) {
			t.Error(err)
		}
		done, err := w.Refunds(ctx, true)
		if err != nil || len(done) != 1 || done[0].DoneBy != "kasse" {
			t.Errorf("%+v, %v", done, err)
		}
		log, err := w.Log(ctx, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range log {
			if strings.HasPrefix(e.Action, "refund-") {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d lines about the refund: %+v", n, log)
		}
	})
}

func TestNotPayable(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		w.Payable = func(string, int64) bool { return false }
		if _, err := w.Submit(t.Context(), w.order(t, "k1", "1").ID, citizenWithLogin("k1")); !errors.Is(err, antrag.ErrNotPayable) {
			t.Error(err)
		}
		// What is paid by invoice goes on.
		if a, err := w.Submit(t.Context(), w.fill(t, "k1").ID, citizenWithLogin("k1")); err != nil || a.Status != postkorb.StatusReceived {
			t.Errorf("%s, %v", a.Status, err)
		}
	})
}

func TestKassenzeichenAreUnique(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		w.payable()
		var mu sync.Mutex
		var refs []string
		var drafts []antrag.Draft
		for range 8 {
			drafts = append(drafts, w.order(t, "k1", "1"))
		}
		var wg sync.WaitGroup
		for _, d := range drafts {
			wg.Go(func() {
				a, err := w.Submit(t.Context(), d.ID, citizenWithLogin("k1"))
				if err != nil {
					t.Error(err)
					return
				}
				o, err := w.Orders.Order(t.Context(), payment.OrderID(a.ID))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				refs = append(refs, o.Ref)
			})
		}
		wg.Wait()
		slices.Sort(refs)
		if got := len(slices.Compact(refs)); got != 8 {
			t.Errorf("%d different of 8: %v", got, refs)
		}
	})
}
