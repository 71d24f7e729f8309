package smtp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stadttor/stadttor/postkorb"
)

// Notifier is a [postkorb.Notifier] that sends each notice as a mail.
type Notifier struct {
	sender  *Sender
	compose func(ctx context.Context, n postkorb.Notice) (Mail, error)
}

var _ postkorb.Notifier = (*Notifier)(nil)

// NewNotifier returns a Notifier. compose looks up the address of the owner and
// chooses the words in the owner's language; an empty Mail.MessageID becomes
// the id of the notice (or a hash of it, where the id has other characters than
// a Message-ID may have). A *postkorb.NotifyError of compose, such as one with
// the code "no-address", is passed on. NewNotifier panics when an argument is
// nil.
func NewNotifier(s *Sender, compose func(ctx context.Context, n postkorb.Notice) (Mail, error)) *Notifier {
	if s == nil || compose == nil {
		panic("smtp: nil sender or compose")
	}
	return &Notifier{sender: s, compose: compose}
}

// Notify implements [postkorb.Notifier]. What a server refuses for good and what
// can never be sent is permanent. The codes are "smtp-" with the reply of the
// server, "smtp-connect", "smtp-send", "timeout" and "invalid-" with the field.
func (n *Notifier) Notify(ctx context.Context, notice postkorb.Notice) error {
	m, err := n.compose(ctx, notice)
	if err != nil {
		return err
	}
	if m.MessageID == "" {
		m.MessageID = messageID(notice.ID)
	}
	err = n.sender.Send(ctx, m)
	var input *InputError
	var failed *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &input):
		return &postkorb.NotifyError{Code: "invalid-" + input.Field, Permanent: true, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &postkorb.NotifyError{Code: "timeout", Err: err}
	case errors.As(err, &failed):
		code := "smtp-" + string(failed.Stage)
		if failed.Code != 0 {
			code = fmt.Sprintf("smtp-%d", failed.Code)
		}
		return &postkorb.NotifyError{Code: code, Permanent: failed.Permanent, Err: err}
	}
	return err
}

func messageID(notice string) string {
	if validIDPart(notice) {
		return notice
	}
	sum := sha256.Sum256([]byte(notice))
	return hex.EncodeToString(sum[:16])
}
