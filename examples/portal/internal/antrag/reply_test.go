package antrag_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/postkorb"
)

const source = "steuern:hunde"

// backOffice makes the world one with a back office that listens, and hands an
// application in that it has taken.
func backOffice(t *testing.T, w *world) antrag.Application {
	t.Helper()
	w.Service.Destination = func(string) string { return source }
	w.TwoWay = func(d string) bool { return d == source }
	w.Replies = func(db bun.IDB) federation.ReplyStore { return federationsql.NewReplies(db) }
	w.Inlet = federation.NewInlet(federationsql.NewReplies(w.db.Write), &federation.InletOptions{Now: func() time.Time { return w.now }})
	d := w.fill(t, "konto")
	a, err := w.Submit(t.Context(), d.ID, antrag.Applicant{Owner: "konto", Account: "konto", Lang: "de", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) reply(a antrag.Application, id string, kind federation.ReplyKind) federation.Reply {
	return federation.Reply{ID: id, Source: source, Key: "antrag-" + a.ID, Reference: a.Reference, Kind: kind, Subject: "Betreff", Body: "Text mit ß und 🐕", At: w.now}
}

func (w *world) status(t *testing.T, a antrag.Application) antrag.Application {
	t.Helper()
	got, err := w.OwnedBy(t.Context(), "konto", a.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReplyOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		a := backOffice(t, w)
		r := w.reply(a, "r-1", federation.ReplyDecision)
		r.Status = "granted"
		r.Attachments = []federation.ReplyAttachment{{Name: "../Bescheid.pdf", MediaType: "text/html", Content: []byte("%PDF-1.7\n%")}}
		var firsts atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, first, err := w.Reply(t.Context(), r)
				if err != nil && !errors.Is(err, antrag.ErrConflict) {
					t.Error(err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		all.Wait()
		if _, first, err := w.Reply(t.Context(), r); first || err != nil {
			t.Errorf("once more: %v, %v", first, err)
		}
		if n := firsts.Load(); n != 1 {
			t.Errorf("%d times first", n)
		}
		if got := w.status(t, a); got.Status != postkorb.StatusGranted || !got.Closed() {
			t.Errorf("status %s", got.Status)
		}
		files, err := w.Files(t.Context(), a.ID)
		if err != nil || len(files) != 1 || files[0].Name != "Bescheid.pdf" || files[0].MediaType != "application/pdf" {
			t.Errorf("files %+v, %v", files, err)
		}
		var rows int
		if err := w.db.Read.NewSelect().Table("portal_files").ColumnExpr("count(*)").Scan(t.Context(), &rows); err != nil || rows != 1 {
			t.Errorf("%d files are left, %v", rows, err)
		}
		r.Body = "something else"
		if _, _, err := w.Reply(t.Context(), r); !errors.Is(err, federation.ErrExists) {
			t.Errorf("other content: %v", err)
		}
	})
}

func TestReplyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	a := backOffice(t, w)
	pdf := []federation.ReplyAttachment{{Name: "x.pdf", MediaType: "application/pdf", Content: []byte("<!DOCTYPE html><script>")}}
	for _, c := range []struct {
		name   string
		change func(*federation.Reply)
		want   antrag.ReplyReason
	}{
		{"other office", func(r *federation.Reply) { r.Source = "andere" }, antrag.ReplyForeign},
		{"other case", func(r *federation.Reply) { r.Reference = "AW-26-2222-2222" }, antrag.ReplyForeign},
		{"other key", func(r *federation.Reply) { r.Key = "antrag-X" }, antrag.ReplyForeign},
		{"no case", func(r *federation.Reply) { r.Reference, r.Key = "", "antrag-X" }, antrag.ReplyForeign},
		{"unknown status", func(r *federation.Reply) { r.Kind, r.Status = federation.ReplyStatus, "verschollen" }, antrag.ReplyStatus},
		{"end without decision", func(r *federation.Reply) { r.Kind, r.Status = federation.ReplyStatus, "granted" }, antrag.ReplyStatus},
		{"withdrawn by the office", func(r *federation.Reply) { r.Kind, r.Status = federation.ReplyDecision, "withdrawn" }, antrag.ReplyStatus},
		{"web page as PDF", func(r *federation.Reply) { r.Attachments = pdf }, antrag.ReplyAttachment},
		{"long id", func(r *federation.Reply) { r.ID = strings.Repeat("x", 200) }, antrag.ReplyInvalid},
		{"control characters", func(r *federation.Reply) { r.Body = "a\x07b" }, antrag.ReplyInvalid},
	} {
		r := w.reply(a, "id "+c.name, federation.ReplyInformation)
		c.change(&r)
		_, first, err := w.Reply(t.Context(), r)
		var refused *antrag.ReplyError
		if !errors.As(err, &refused) || refused.Reason != c.want || first {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if got := w.status(t, a); got.Version != a.Version || got.Status != a.Status {
		t.Errorf("the case changed: %+v", got)
	}
	ms, err := w.Inbox.Messages(t.Context(), postkorb.ThreadID(a.Thread))
	if err != nil || len(ms) != 2 {
		t.Errorf("%d messages, %v", len(ms), err)
	}
	var rows int
	if err := w.db.Read.NewSelect().Table("portal_files").ColumnExpr("count(*)").Scan(t.Context(), &rows); err != nil || rows != 0 {
		t.Errorf("%d files are left, %v", rows, err)
	}
	if list, err := w.Inlet.ByReference(t.Context(), a.Reference); len(list) != 0 || err != nil {
		t.Errorf("noted: %+v, %v", list, err)
	}
}

func TestReplyKinds(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		a := backOffice(t, w)
		take := func(kind federation.ReplyKind, change func(*federation.Reply)) {
			t.Helper()
			r := w.reply(a, string(kind), kind)
			if change != nil {
				change(&r)
			}
			if _, first, err := w.Reply(t.Context(), r); err != nil || !first {
				t.Fatalf("%s: %v, %v", kind, first, err)
			}
		}
		take(federation.ReplyReceipt, nil)
		if got := w.status(t, a); got.Status != postkorb.StatusHandedOver {
			t.Errorf("after the receipt: %s", got.Status)
		}
		take(federation.ReplyQuestion, func(r *federation.Reply) { r.Due = w.now.AddDate(0, 0, 7) })
		if got := w.status(t, a); got.Status != postkorb.StatusQuestion {
			t.Errorf("after the question: %s", got.Status)
		}
		ms, err := w.Inbox.Messages(t.Context(), postkorb.ThreadID(a.Thread))
		if err != nil {
			t.Fatal(err)
		}
		var asked postkorb.Message
		for _, m := range ms {
			if m.Kind == postkorb.KindQuestion {
				asked = m
			}
		}
		if !antrag.FromBackOffice(asked) || asked.From.Name == "" || asked.DueAt.IsZero() {
			t.Errorf("question: %+v", asked)
		}
		// Many clicks on many instances send one answer, which goes up once.
		var done atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := w.Answer(t.Context(), "konto", a.ID, asked.ID, "Weiß", "SCHLUESSEL", nil)
				switch {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, antrag.ErrTwice):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if done.Load() != 1 {
			t.Errorf("%d answers", done.Load())
		}
		sent, err := w.Outbox.ByReference(t.Context(), a.Reference)
		if err != nil || len(sent) != 2 {
			t.Fatalf("deliveries %+v, %v", sent, err)
		}
		message := sent[0] // both were made in the same moment
		if !strings.HasPrefix(message.Key, antrag.KeyMessage) {
			message = sent[1]
		}
		up, err := w.Outbox.Get(t.Context(), message.ID)
		if err != nil || !strings.Contains(string(up.Payload.Body), `"kind":"answer","inReplyTo":"question"`) {
			t.Errorf("upstream: %s, %v", up.Payload.Body, err)
		}
		take(federation.ReplyStatus, func(r *federation.Reply) { r.Status = "handed-over" })
		take(federation.ReplyDecision, func(r *federation.Reply) { r.Status = "refused" })
		take(federation.ReplyInformation, nil)
		r := w.reply(a, "late", federation.ReplyQuestion)
		var refused *antrag.ReplyError
		if _, _, err := w.Reply(t.Context(), r); !errors.As(err, &refused) || refused.Reason != antrag.ReplyClosed {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestWithdrawTellsTheOffice(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		only := func(a antrag.Application) federation.Delivery {
			t.Helper()
			list, err := w.Outbox.ByReference(t.Context(), a.Reference)
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0]
		}
		// Nobody has tried to send it: it never goes out.
		a := backOffice(t, w)
		if _, err := w.Withdraw(t.Context(), "konto", a.ID); err != nil {
			t.Fatal(err)
		}
		if d := only(a); d.State != federation.StateCancelled {
			t.Errorf("delivery is %s", d.State)
		}
		r := w.reply(a, "r", federation.ReplyReceipt)
		var refused *antrag.ReplyError
		if _, _, err := w.Reply(t.Context(), r); !errors.As(err, &refused) || refused.Reason != antrag.ReplyForeign {
			t.Errorf("about what never went out: %v", err)
		}
		// It may have arrived: the office learns that it is withdrawn.
		b := backOffice(t, w)
		if err := w.Outbox.Deliver(t.Context(), only(b).ID); err != nil { // fails: there is no transport
			t.Fatal(err)
		}
		if _, err := w.Withdraw(t.Context(), "konto", b.ID); err != nil {
			t.Fatal(err)
		}
		list, err := w.Outbox.ByReference(t.Context(), b.Reference)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		kinds := 0
		for _, d := range list {
			got, err := w.Outbox.Get(t.Context(), d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.State != federation.StateCancelled && strings.Contains(string(got.Payload.Body), `"kind":"withdrawal"`) {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%d withdrawals go out", kinds)
		}
	})
}

// TestHandOverTakesTheCaseFromTheOffice concerns a case that another unit leads
// now: the back office of the first one hears that, hears nothing else and has
// nothing more to say, until the case comes back.
func TestHandOverTakesTheCaseFromTheOffice(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		a := backOffice(t, w)
		list, err := w.Outbox.ByReference(t.Context(), a.Reference)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := w.Outbox.Deliver(t.Context(), list[0].ID); err != nil { // a try that may have arrived
			t.Fatal(err)
		}
		clerk := antrag.Actor{Kind: "staff", ID: "p-1", Unit: a.LeadUnit}
		if _, err := w.HandOver(t.Context(), clerk, a.ID, 0, antrag.Transfer{ID: "t1", To: "bau", Reason: antrag.TransferTopic}, nil); err != nil {
			t.Fatal(err)
		}
		kinds := func() (out []string) {
			list, err := w.Outbox.ByReference(t.Context(), a.Reference)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				got, err := w.Outbox.Get(t.Context(), d.ID)
				if err != nil {
					t.Fatal(err)
				}
				_, kind, _ := strings.Cut(string(got.Payload.Body), `{"kind":"`)
				kind, _, _ = strings.Cut(kind, `"`)
				out = append(out, kind)
			}
			return out
		}
		if got := kinds(); len(got) != 2 || !slices.Contains(got, "transfer") {
			t.Errorf("messages %q", got)
		}
		if _, err := w.Supplement(t.Context(), "konto", a.ID, "Nachtrag", "Text", "k1", nil); err != nil {
			t.Fatal(err)
		}
		if got := kinds(); len(got) != 2 {
			t.Errorf("the office hears more: %q", got)
		}
		r := w.reply(a, "r-1", federation.ReplyDecision)
		r.Status = "granted"
		var refused *antrag.ReplyError
		if _, first, err := w.Reply(t.Context(), r); !errors.As(err, &refused) || refused.Reason != antrag.ReplyMoved || first {
			t.Errorf("decides for another unit: %v, %v", first, err)
		}
		if got := w.status(t, a); got.Closed() {
			t.Errorf("status %s", got.Status)
		}
		if _, err := w.HandOver(t.Context(), clerk, a.ID, 0, antrag.Transfer{ID: "t2", To: a.LeadUnit, Reason: antrag.TransferResponsible}, nil); err != nil {
			t.Fatal(err)
		}
		if _, first, err := w.Reply(t.Context(), r); err != nil || !first {
			t.Errorf("after it came back: %v, %v", first, err)
		}
	})
}
