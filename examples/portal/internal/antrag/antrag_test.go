package antrag_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

func all(q *bun.SelectQuery) *bun.SelectQuery { return q }

func (w *world) count(t testing.TB, table string) int {
	t.Helper()
	var n int
	if err := w.db.Read.NewSelect().TableExpr(table).ColumnExpr("COUNT(*)").Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSubmitWritesEverythingTogether(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "gast:1")
		woken := map[string]int{}
		w.Wake = func(_ context.Context, _ bun.Tx, step, _ string) error { woken[step]++; return nil }
		a, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "gast:1", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		if a.Applicant != "Jürgen Größmann" || a.ApplicantFolded != "juergen groessmann" || a.LeadUnit != "steuern" || a.Mail != "j@example.org" {
			t.Errorf("got %q %q %q %q", a.Applicant, a.ApplicantFolded, a.LeadUnit, a.Mail)
		}
		if _, ok := antrag.ParseReference(a.Reference); !ok {
			t.Errorf("reference %q is not valid", a.Reference)
		}
		msgs, err := w.Inbox.Messages(t.Context(), postkorb.ThreadID(a.Thread))
		if err != nil {
			t.Fatal(err)
		}
		var kinds []postkorb.Kind
		for _, m := range msgs {
			kinds = append(kinds, m.Kind)
		}
		if diff := cmp.Diff([]postkorb.Kind{postkorb.KindSubmission, postkorb.KindInformation}, kinds); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		th, err := w.Inbox.Thread(t.Context(), postkorb.ThreadID(a.Thread))
		if err != nil || th.Status != postkorb.StatusReceived {
			t.Errorf("thread status %q, %v", th.Status, err)
		}
		orders, err := w.OrdersOf(t.Context(), a)
		if err != nil || len(orders) != 1 || orders[0].Total != payment.EUR(1500) || orders[0].State != payment.StateOpen {
			t.Errorf("orders %+v, %v", orders, err)
		}
		deliveries, err := w.Outbox.ByReference(t.Context(), a.Reference)
		if err != nil || len(deliveries) != 1 || deliveries[0].Key != "antrag-"+a.ID || deliveries[0].State != federation.StateQueued {
			t.Errorf("deliveries %+v, %v", deliveries, err)
		}
		if woken[antrag.StepDelivery] != 1 || woken[antrag.StepNotice] != 1 {
			t.Errorf("woken %v", woken)
		}
		units, err := w.Units(t.Context(), a.ID)
		if err != nil || len(units) != 1 || units[0].Unit != "steuern" || units[0].Kind != "lead" {
			t.Errorf("units %+v, %v", units, err)
		}
	})
}

// A failure at the very last write must leave nothing behind.
func TestSubmitLeavesNothingWhenItFails(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "gast:1")
		broken := errors.New("broken")
		for _, failing := range []string{antrag.StepDelivery, antrag.StepNotice} {
			w.Wake = func(_ context.Context, _ bun.Tx, step, _ string) error {
				if step == failing {
					return broken
				}
				return nil
			}
			if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "gast:1"}); !errors.Is(err, broken) {
				t.Fatalf("got %v", err)
			}
			for _, table := range []string{"portal_applications", "portal_application_units", "portal_case_log", "postkorb_threads", "postkorb_messages", "payment_orders", "federation_deliveries"} {
				if n := w.count(t, table); n != 0 {
					t.Errorf("%s has %d rows", table, n)
				}
			}
		}
		w.Wake = nil
		if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "gast:1"}); err != nil {
			t.Errorf("after the failure: %v", err)
		}
	})
}

func TestSubmitTwiceAtOnceIsOneApplication(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "gast:1")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				a, err := w.Submit(context.Background(), d.ID, antrag.Applicant{Owner: "gast:1"})
				if err != nil {
					t.Error(err)
				}
				ids[i] = a.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("ids differ: %v", ids)
			}
		}
		if n := w.count(t, "portal_applications"); n != 1 {
			t.Errorf("%d applications", n)
		}
		if n := w.count(t, "federation_deliveries"); n != 1 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestSubmitRefusals(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		def, _ := w.set.Latest("meldebescheinigung")
		d, err := w.StartDraft(t.Context(), "a", def, "s", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "a", Level: 1}); !errors.Is(err, antrag.ErrLevel) {
			t.Errorf("level: %v", err)
		}
		if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "a", Level: 3}); !errors.Is(err, antrag.ErrIncomplete) {
			t.Errorf("incomplete: %v", err)
		}
		if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "b", Level: 3}); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("foreign owner: %v", err)
		}
		far := w.fill(t, "a")
		far.Area = "033995401002"
		if far, err = w.SaveDraft(t.Context(), far); err != nil {
			t.Fatal(err)
		}
		if def, _ := w.set.Latest("buechereiausweis"); def.Place(far.Answers, w.Today()) == "" {
			if _, err := w.Submit(t.Context(), far.ID, antrag.Applicant{Owner: "a"}); !errors.Is(err, antrag.ErrNoUnit) {
				t.Errorf("no unit: %v", err)
			}
		}
	})
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "gast:1")
		stale := d
		if _, err := w.SaveDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SaveDraft(t.Context(), stale); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("stale draft: %v", err)
		}
		if err := w.Adopt(t.Context(), "gast:1", "konto"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Draft(t.Context(), "gast:1", d.ID); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("the visitor still has the draft: %v", err)
		}
		got, err := w.Draft(t.Context(), "konto", d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Answers, got.Answers, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		w.now = w.now.Add(31 * 24 * time.Hour)
		if err := w.PurgeDrafts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, "portal_drafts"); n != 0 {
			t.Errorf("%d drafts left after 31 days", n)
		}
	})
}

func TestCaseFromQuestionToDecision(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := w.fill(t, "konto")
		a, err := w.Submit(ctx, d.ID, antrag.Applicant{Owner: "konto", Account: "konto", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		clerk := antrag.Actor{Kind: "staff", ID: "kern", Unit: "steuern"}
		old := a.Version
		if a, err = w.Take(ctx, clerk, a.ID, a.Version, "kern"); err != nil {
			t.Fatal(err)
		}
		if a.Status != postkorb.StatusInReview || a.Assignee != "kern" {
			t.Errorf("taken: %s %s", a.Status, a.Assignee)
		}
		if _, err := w.SetStatus(ctx, clerk, a.ID, old, postkorb.StatusDone, ""); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("old version: %v", err)
		}
		if a, err = w.Request(ctx, clerk, a.ID, a.Version, "Nachweis", "Bitte", []string{"Ausweis", "Foto"}, time.Time{}, "k1"); err != nil {
			t.Fatal(err)
		}
		if a.Status != postkorb.StatusQuestion {
			t.Errorf("status %s", a.Status)
		}
		msgs, err := w.Inbox.Messages(ctx, postkorb.ThreadID(a.Thread))
		if err != nil {
			t.Fatal(err)
		}
		var request postkorb.Message
		for _, m := range msgs {
			if m.Kind == postkorb.KindDocumentRequest {
				request = m
			}
		}
		for i, slot := range request.Slots {
			f, err := w.Upload(ctx, "konto", "", a.ID, "nachweis.pdf", nil, 1<<20, strings.NewReader("%PDF-1.7\nx"))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Provide(ctx, "konto", a.ID, request.ID, slot.ID, f); err != nil {
				t.Fatal(err)
			}
			if a, err = w.OwnedBy(ctx, "konto", a.ID); err != nil {
				t.Fatal(err)
			}
			want := postkorb.StatusQuestion
			if i == len(request.Slots)-1 {
				want = postkorb.StatusInReview
			}
			if a.Status != want {
				t.Errorf("after slot %d: %s, want %s", i, a.Status, want)
			}
		}
		if a, err = w.Decide(ctx, clerk, a.ID, a.Version, postkorb.StatusDone, "Fertig", "Ihr Ausweis liegt bereit.", "k2", nil); err != nil {
			t.Fatal(err)
		}
		if !a.Closed() {
			t.Error("not closed")
		}
		if _, err := w.Withdraw(ctx, "konto", a.ID); !errors.Is(err, antrag.ErrClosed) {
			t.Errorf("withdraw after the decision: %v", err)
		}
	})
}

func TestWithdrawCancelsWhatDidNotGoOut(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "konto")
		a, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "konto", Account: "konto"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Withdraw(t.Context(), "other", a.ID); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("foreign owner: %v", err)
		}
		if a, err = w.Withdraw(t.Context(), "konto", a.ID); err != nil || a.Status != postkorb.StatusWithdrawn {
			t.Fatalf("%s, %v", a.Status, err)
		}
		ds, _ := w.Outbox.ByReference(t.Context(), a.Reference)
		os, _ := w.OrdersOf(t.Context(), a)
		if len(ds) != 1 || ds[0].State != federation.StateCancelled || len(os) != 1 || os[0].State != payment.StateCancelled {
			t.Errorf("deliveries %+v, orders %+v", ds, os)
		}
	})
}

func TestListRestrictsAndPages(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		for range 7 { // all received at the same instant
			d := w.fill(t, "konto")
			if _, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "konto"}); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]bool{}
		q := antrag.Query{Limit: 3, Open: true}
		for range 4 {
			page, count, more, err := w.List(t.Context(), all, q)
			if err != nil || count != 7 {
				t.Fatalf("count %d, %v", count, err)
			}
			for _, a := range page {
				if seen[a.ID] {
					t.Errorf("%s twice", a.ID)
				}
				seen[a.ID] = true
				q.AfterTime, q.AfterID = a.ReceivedAt, a.ID
			}
			if !more {
				break
			}
		}
		if len(seen) != 7 {
			t.Errorf("saw %d of 7", len(seen))
		}
		nobody := func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("1 = 0") }
		for _, text := range []string{"", "größ", "GROESS", "%", "_", "' OR 1=1 --", "!"} {
			if _, count, _, err := w.List(t.Context(), nobody, antrag.Query{Text: text}); err != nil || count != 0 {
				t.Errorf("%q: %d, %v", text, count, err)
			}
			_, count, _, err := w.List(t.Context(), all, antrag.Query{Text: text})
			if want := map[string]int{"": 7, "größ": 7, "GROESS": 7}[text]; err != nil || count != want {
				t.Errorf("%q: %d, want %d, %v", text, count, want, err)
			}
		}
	})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01"
	for _, c := range []struct {
		name, file, body string
		want             antrag.UploadReason
	}{
		{"pdf", "bescheid.pdf", "%PDF-1.7\n", ""},
		{"photo of a phone", "IMG_0001.PNG", png, ""},
		{"wrong ending", "foto.pdf", png, antrag.UploadType},
		{"web page", "seite.txt", "<!DOCTYPE html><script>1</script>", antrag.UploadType},
		{"program", "x.pdf", "MZ\x90\x00", antrag.UploadType},
		{"empty", "x.pdf", "", antrag.UploadEmpty},
		{"no name", "../..", "%PDF-1.7\n", antrag.UploadName},
		{"too big", "x.pdf", "%PDF-1.7\n" + strings.Repeat("x", 2000), antrag.UploadTooBig},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Upload(t.Context(), "o", "d", "", c.file, nil, 1000, strings.NewReader(c.body))
			var up *antrag.UploadError
			errors.As(err, &up)
			var got antrag.UploadReason
			if up != nil {
				got = up.Reason
			} else if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	keys, err := w.blobs.Keys(t.Context())
	if err != nil || len(keys) != 2 {
		t.Errorf("%d blobs kept, want the 2 that were taken; %v", len(keys), err)
	}
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.pdf": "a.pdf", `C:\Users\x\Foto 1.jpg`: "Foto 1.jpg", "../../etc/passwd": "passwd", "a\x00b\n.pdf": "ab.pdf", "x\u202efdp.exe": "xfdp.exe", "...": "", "": "", "u\u0308.pdf": "ü.pdf",
	} {
		if got := antrag.CleanName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestReferenceFindsMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.fill(t, "o")
	a, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "o"})
	if err != nil {
		t.Fatal(err)
	}
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.SampledFrom([]int{6, 7, 8, 9, 11, 12, 13, 14}).Draw(rt, "place")
		symbol := alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(rt, "symbol")]
		wrong := []byte(a.Reference)
		wrong[at] = symbol
		_, ok := antrag.ParseReference(string(wrong))
		if ok != (string(wrong) == a.Reference) {
			rt.Errorf("%s of %s: ok %v", wrong, a.Reference, ok)
		}
	})
	for _, s := range []string{strings.ToLower(a.Reference), strings.ReplaceAll(a.Reference, "-", " "), strings.ReplaceAll(a.Reference, "-", "")} {
		if got, ok := antrag.ParseReference(s); !ok || got != a.Reference {
			t.Errorf("%q: %q %v", s, got, ok)
		}
	}
}

func TestPurgeFilesRemovesOnlyWhatBelongsToNothing(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		d := w.fill(t, "o")
		for _, c := range []struct{ draft, application string }{{"", ""}, {"gone", ""}, {d.ID, ""}, {"", "case"}} {
			if _, err := w.Upload(t.Context(), "o", c.draft, c.application, "a.pdf", nil, 1000, strings.NewReader("%PDF-1.7\n")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.PurgeFiles(t.Context()); err != nil || w.count(t, "portal_files") != 4 {
			t.Errorf("fresh uploads: %d left, %v", w.count(t, "portal_files"), err)
		}
		w.now = w.now.Add(25 * time.Hour)
		if err := w.PurgeFiles(t.Context()); err != nil || w.count(t, "portal_files") != 2 {
			t.Errorf("old uploads: %d left, %v", w.count(t, "portal_files"), err)
		}
		if keys, err := w.blobs.Keys(t.Context()); err != nil || len(keys) != 2 {
			t.Errorf("%d blobs left, %v", len(keys), err)
		}
	})
}
