package mailsim_test

import (
	"context"
	"errors"
	"log/slog"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/postkorb/smtp"
)

func start(t *testing.T) *mailsim.Server {
	t.Helper()
	s, err := mailsim.Start("127.0.0.1:0", time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTakesWhatTheSenderSends(t *testing.T) {
	t.Parallel()
	s := start(t)
	sender, err := smtp.New(smtp.Options{Addr: s.Addr, From: "Stadt Altenwehr <portal@altenwehr.example>", InsecurePlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	m := smtp.Mail{To: "anna@example.org", Subject: "Neue Nachricht für Sie – Größe", Text: "Guten Tag,\n\nneue Nachricht.\n", MessageID: "n1"}
	for range 2 { // a retry has the same id and is not shown twice
		if err := sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Mails()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	if got[0].Subject != m.Subject || got[0].To != m.To || strings.TrimSpace(got[0].Text) != strings.TrimSpace(m.Text) || len(got[0].Problems) != 0 {
		t.Errorf("got %+v", got[0])
	}
	m.MessageID = "n2"
	for _, f := range mailsim.Faults() {
		s.SetFault(f)
		ctx, stop := t.Context(), func() {}
		if f == mailsim.FaultSlow {
			ctx, stop = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		err = sender.Send(ctx, m)
		stop()
		var fail *smtp.Error
		if !errors.As(err, &fail) || fail.Permanent != (f == mailsim.FaultPermanent) {
			t.Errorf("%s: %v", f, err)
		}
	}
	s.SetFault(mailsim.FaultNone)
	s.Clear()
	if len(s.Mails()) != 0 {
		t.Error("not cleared")
	}
}

func TestRefusesWhatBreaksTheRules(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		name  string
		lines []string
		code  int
	}{
		{"unknown", []string{"BREW"}, 500},
		{"receiver first", []string{"RCPT TO:<a@b.example>"}, 503},
		{"sender without an address", []string{"MAIL FROM:<nobody>"}, 501},
		{"no receiver", []string{"MAIL FROM:<a@b.example>", "DATA"}, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := textproto.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, _, err := conn.ReadResponse(220); err != nil {
				t.Fatal(err)
			}
			for i, l := range c.lines {
				conn.PrintfLine("%s", l)
				want := 250
				if i == len(c.lines)-1 {
					want = c.code
				}
				if code, _, _ := conn.ReadResponse(0); code != want {
					t.Errorf("%s: %d, want %d", l, code, want)
				}
			}
		})
	}
}
