package postkorb_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stadttor/stadttor/postkorb"
)

func Example() {
	ctx := context.Background()
	inbox := postkorb.New(postkorb.NewMemStore(), &postkorb.Options{
		Now: func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) },
	})
	citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1", Name: "Erika Beispiel"}
	unit := postkorb.Party{Kind: postkorb.PartyUnit, ID: "steueramt", Person: "p-7", Name: "Steueramt"}

	thread, _, err := inbox.Open(ctx,
		postkorb.Thread{Owner: "acc-1", Subject: "Hundesteuer", Unit: "steueramt"},
		postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Body: "Ich melde Bello an."})
	if err != nil {
		fmt.Println(err)
		return
	}
	question, err := inbox.Send(ctx, thread.ID, postkorb.Draft{
		Kind: postkorb.KindQuestion, From: unit, Body: "Seit wann halten Sie den Hund?",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	unread, _ := inbox.Unread(ctx, "acc-1")
	fmt.Println("unread:", unread)

	_ = inbox.MarkOpened(ctx, question.ID, citizen)
	_, _ = inbox.Send(ctx, thread.ID, postkorb.Draft{
		Kind: postkorb.KindAnswer, From: citizen, InReplyTo: question.ID, Body: "Seit Januar.",
	})
	events, _ := inbox.Events(ctx, thread.ID)
	for _, e := range events {
		fmt.Println(e.Seq, e.Type, e.By.Kind)
	}
	// Output:
	// unread: 1
	// 1 created citizen
	// 2 sent citizen
	// 3 sent unit
	// 4 notice-queued system
	// 5 opened citizen
	// 6 sent citizen
	// 7 answered citizen
}

// Documents are asked for with a checklist, and each line has a life of its own.
func ExampleInbox_FillSlot() {
	ctx := context.Background()
	inbox := postkorb.New(postkorb.NewMemStore(), nil)
	citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: "acc-1"}
	unit := postkorb.Party{Kind: postkorb.PartyUnit, ID: "wohngeldstelle"}

	_, request, err := inbox.Open(ctx,
		postkorb.Thread{Owner: "acc-1", Subject: "Wohngeld", Unit: "wohngeldstelle"},
		postkorb.Draft{
			Kind: postkorb.KindDocumentRequest, From: unit,
			Slots: []postkorb.Slot{{ID: "lease", Label: "Mietvertrag"}, {ID: "income", Label: "Einkommensnachweis"}},
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	file := postkorb.Attachment{ID: "a1", Name: "mietvertrag.pdf", MediaType: "application/pdf", BlobKey: "blobs/7f"}
	_ = inbox.FillSlot(ctx, request.ID, "lease", citizen, file)
	_ = inbox.ReviewSlot(ctx, request.ID, "lease", unit, false, "Seite 2 fehlt.")

	request, _ = inbox.Message(ctx, request.ID)
	for _, s := range request.Slots {
		fmt.Println(s.Label, s.State, s.Reason)
	}
	// Output:
	// Mietvertrag rejected Seite 2 fehlt.
	// Einkommensnachweis open
}

type printer struct{}

func (printer) Notify(_ context.Context, n postkorb.Notice) error {
	fmt.Println("you have mail,", n.Owner)
	return nil
}

// A plain loop is enough to send notices; any scheduler will do as well.
func ExampleInbox_Notify() {
	ctx := context.Background()
	inbox := postkorb.New(postkorb.NewMemStore(), &postkorb.Options{Notifier: printer{}})
	_, _, err := inbox.Open(ctx, postkorb.Thread{Owner: "acc-1", Subject: "Hundesteuer"},
		postkorb.Draft{Kind: postkorb.KindInformation, From: postkorb.Party{Kind: postkorb.PartySystem}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // in life: for range ticker.C
		ids, err := inbox.Due(ctx, time.Now(), 100)
		if err != nil {
			fmt.Println(err)
		}
		for _, id := range ids {
			if err := inbox.Notify(ctx, id); err != nil {
				fmt.Println(err)
			}
		}
	}
	// Output: you have mail, acc-1
}
