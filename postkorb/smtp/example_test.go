package smtp_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/smtp"
)

func ExampleNewNotifier() {
	sender, err := smtp.New(smtp.Options{Addr: "mail.stadt.example:587", From: "Stadt Musterhausen <no-reply@stadt.example>"})
	if err != nil {
		fmt.Println(err)
		return
	}
	addresses := map[string]string{} // in life: the accounts
	notifier := smtp.NewNotifier(sender, func(_ context.Context, n postkorb.Notice) (smtp.Mail, error) {
		to, ok := addresses[n.Owner]
		if !ok {
			return smtp.Mail{}, &postkorb.NotifyError{Code: "no-address", Permanent: true}
		}
		return smtp.Mail{To: to, Subject: "Neue Nachricht", Text: "In Ihrem Postkorb liegt eine neue Nachricht."}, nil
	})
	err = notifier.Notify(context.Background(), postkorb.Notice{ID: "n1", Owner: "acc-1"})
	var failed *postkorb.NotifyError
	fmt.Println(errors.As(err, &failed), failed.Code, failed.Permanent)
	// Output: true no-address true
}

func ExampleSender_Send_injection() {
	sender, err := smtp.New(smtp.Options{Addr: "127.0.0.1:1025", From: "no-reply@stadt.example", InsecurePlaintext: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sender.Send(context.Background(), smtp.Mail{
		To: "erika@buerger.example", Subject: "Hallo\r\nBcc: alle@buerger.example", Text: "x", MessageID: "n1",
	})
	fmt.Println(err)
	// Output: smtp: invalid subject
}
