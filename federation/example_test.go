package federation_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
)

// A plain loop in place of a job engine: enqueue, then work off what is due.
func ExampleOutbox_Deliver() {
	dir, err := os.MkdirTemp("", "bauamt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	folder, err := dropfolder.New(dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	outbox := federation.New(federation.NewMemStore(), &federation.Options{
		Transports: map[string]federation.Transport{"bauamt": folder},
	})
	d, err := outbox.Enqueue(ctx, federation.Delivery{
		Key: "case-4711", Destination: "bauamt", Reference: "BAU-2026-4711",
		Payload: federation.Payload{MediaType: "application/json", Body: []byte(`{"plot":"12/3"}`)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.State)
	ids, err := outbox.Due(ctx, time.Now(), 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range ids {
		if err := outbox.Deliver(ctx, id); err != nil {
			fmt.Println(err)
		}
	}
	d, err = outbox.Get(ctx, d.ID)
	fmt.Println(d.State, d.Attempts, d.Receipt.ID == dropfolder.FolderName("case-4711"), err)
	// Output:
	// queued
	// delivered 1 true <nil>
}
