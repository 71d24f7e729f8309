// Command postkorb shows the secure inbox alone: a citizen sends something in,
// the office asks for a document, a notice goes out, the citizen answers, and
// the decision arrives. Nothing is stored.
//
//	go run ./examples/postkorb
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stadttor/stadttor/postkorb"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bell stands for the mail server: a notice says that there is something to
// read, never what.
type bell struct{ out io.Writer }

// Notify implements postkorb.Notifier.
func (b bell) Notify(_ context.Context, n postkorb.Notice) error {
	_, err := fmt.Fprintf(b.out, "  mail to the owner of %s: there is something to read\n", n.Owner)
	return err
}

func run(ctx context.Context, out io.Writer) error {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	inbox := postkorb.New(postkorb.NewMemStore(), &postkorb.Options{Now: func() time.Time { return now }, Notifier: bell{out}})
	citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "account-1", Name: "Meike Harms"}
	office := postkorb.Party{Kind: postkorb.PartyUnit, ID: "steuern", Person: "p-harms", Name: "Steuern und Abgaben"}

	thread, _, err := inbox.Open(ctx, postkorb.Thread{Owner: citizen.ID, Subject: "Hund anmelden", Unit: office.ID},
		postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Body: "Ich melde Emma an."})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "sent in:", thread.Subject)

	now = now.Add(time.Hour)
	request, err := inbox.Send(ctx, thread.ID, postkorb.Draft{Kind: postkorb.KindDocumentRequest, From: office,
		Body: "Bitte reichen Sie den Nachweis nach.", Slots: []postkorb.Slot{{ID: "nachweis", Label: "Sachkundenachweis"}}})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "the office asks for:", request.Slots[0].Label)
	if err := ring(ctx, inbox, now); err != nil {
		return err
	}

	now = now.Add(24 * time.Hour)
	if err := inbox.MarkOpened(ctx, request.ID, citizen); err != nil {
		return err
	}
	file := postkorb.Attachment{ID: "a-1", Name: "sachkunde.pdf", MediaType: "application/pdf", BlobKey: "blobs/a-1"}
	if err := inbox.FillSlot(ctx, request.ID, "nachweis", citizen, file); err != nil {
		return err
	}
	if err := inbox.ReviewSlot(ctx, request.ID, "nachweis", office, true, ""); err != nil {
		return err
	}
	if request, err = inbox.Message(ctx, request.ID); err != nil {
		return err
	}
	fmt.Fprintln(out, "the document is:", request.Slots[0].State)

	now = now.Add(24 * time.Hour)
	if _, err := inbox.Send(ctx, thread.ID, postkorb.Draft{Kind: postkorb.KindDecision, From: office, Body: "Ihr Bescheid."}); err != nil {
		return err
	}
	if _, err := inbox.SetStatus(ctx, thread.ID, office, postkorb.StatusGranted, ""); err != nil {
		return err
	}
	if err := ring(ctx, inbox, now); err != nil {
		return err
	}
	unread, err := inbox.Unread(ctx, citizen.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "unread:", unread)

	events, err := inbox.Events(ctx, thread.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "what happened:")
	for _, e := range events {
		fmt.Fprintf(out, "  %d %s by %s\n", e.Seq, e.Type, e.By.Kind)
	}
	return nil
}

// ring sends the notices that are due, as a job of a portal does.
func ring(ctx context.Context, inbox *postkorb.Inbox, now time.Time) error {
	due, err := inbox.Due(ctx, now, 10)
	if err != nil {
		return err
	}
	for _, id := range due {
		if err := inbox.Notify(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
