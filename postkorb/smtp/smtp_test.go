package smtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/smtp"
)

const from = "Stadt Überlingen-Süd <no-reply@stadt.example>"

func sender(t *testing.T, o smtp.Options) *smtp.Sender {
	t.Helper()
	if o.From == "" {
		o.From = from
	}
	o.HELO = "portal.example"
	o.Now = func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }
	s, err := smtp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plain(t *testing.T, srv *server) *smtp.Sender {
	t.Helper()
	return sender(t, smtp.Options{Addr: srv.Addr, InsecurePlaintext: true})
}

func hello() smtp.Mail {
	return smtp.Mail{
		To: "Jörg Möller <joerg@buerger.example>", Subject: "Neue Nachricht in Ihrem Postkorb – 🏰",
		Text: "Guten Tag,\nSie haben Post. Größe ß.\r\n.\nBitte melden Sie sich an.", MessageID: "N0TICE-1",
	}
}

func TestSendCarriesEverything(t *testing.T) {
	t.Parallel()
	srv := startServer(t, &server{})
	if err := plain(t, srv).Send(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	mails := srv.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	m := mails[0]
	if !strings.HasPrefix(m.From, "FROM:<no-reply@stadt.example>") || m.To != "TO:<joerg@buerger.example>" {
		t.Errorf("envelope = %q %q", m.From, m.To)
	}
	decode := func(field string) string {
		s, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(field))
		if err != nil {
			t.Errorf("%s: %v", field, err)
		}
		return s
	}
	for field, want := range map[string]string{
		"Message-Id": "<N0TICE-1@stadt.example>", "Auto-Submitted": "auto-generated",
		"X-Auto-Response-Suppress": "All", "Date": "Sun, 01 Mar 2026 08:00:00 +0000",
		"Subject": hello().Subject, "X-Mailer": "", "User-Agent": "",
		"From": `Stadt Überlingen-Süd <no-reply@stadt.example>`, "To": `Jörg Möller <joerg@buerger.example>`,
	} {
		if got := decode(field); got != want {
			t.Errorf("%s = %q, want %q", field, got, want)
		}
	}
	if ct := m.Header.Get("Content-Type"); !strings.EqualFold(ct, "text/plain; charset=UTF-8") {
		t.Errorf("Content-Type = %q", ct)
	}
	_, body, _ := strings.Cut(m.Raw, "\r\n\r\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	want := "Guten Tag,\r\nSie haben Post. Größe ß.\r\n.\r\nBitte melden Sie sich an."
	if diff := cmp.Diff(want, strings.TrimRight(string(text), "\r\n")); err != nil || diff != "" {
		t.Errorf("text (-want +got), %v:\n%s", err, diff)
	}
	for _, r := range m.Raw {
		if r > 126 {
			t.Fatalf("raw mail holds %q", r)
		}
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		server *server
		opts   func(*server) smtp.Options
		ok     bool
		tls    bool
		login  string
	}{
		{"STARTTLS by default", &server{starttls: true},
			func(s *server) smtp.Options { return smtp.Options{TLSConfig: &tls.Config{RootCAs: s.Roots}} }, true, true, ""},
		{"with login", &server{starttls: true, auth: true}, func(s *server) smtp.Options {
			return smtp.Options{TLSConfig: &tls.Config{RootCAs: s.Roots}, Username: "u", Password: "p"}
		}, true, true, "/u/p"},
		{"implicit", &server{implicit: true, auth: true}, func(s *server) smtp.Options {
			return smtp.Options{TLSConfig: &tls.Config{RootCAs: s.Roots}, ImplicitTLS: true, Username: "u", Password: "p"}
		}, true, true, "/u/p"},
		{"plain when told so", &server{starttls: true},
			func(*server) smtp.Options { return smtp.Options{InsecurePlaintext: true} }, true, false, ""},
		{"no STARTTLS offered", &server{}, func(*server) smtp.Options { return smtp.Options{} }, false, false, ""},
		{"unknown certificate", &server{starttls: true}, func(*server) smtp.Options { return smtp.Options{} }, false, false, ""},
		{"unknown certificate, implicit", &server{implicit: true},
			func(*server) smtp.Options { return smtp.Options{ImplicitTLS: true} }, false, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := startServer(t, c.server)
			o := c.opts(srv)
			o.Addr = srv.Addr
			err := sender(t, o).Send(t.Context(), hello())
			mails := srv.Mails()
			if !c.ok {
				var failed *smtp.Error
				if !errors.As(err, &failed) || failed.Permanent || failed.Stage != smtp.StageConnect || len(mails) != 0 {
					t.Errorf("error = %v, %d mails; want a temporary one while connecting", err, len(mails))
				}
				return
			}
			if err != nil || len(mails) != 1 || mails[0].TLS != c.tls || mails[0].Login != c.login {
				t.Errorf("error = %v, mails = %+v", err, mails)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		replies   map[string]string
		stage     smtp.Stage
		permanent bool
		code      int
		status    string
	}{
		{"mailbox unknown", map[string]string{"RCPT": "550 5.1.1 joerg@buerger.example unknown"}, smtp.StageSend, true, 550, "5.1.1"},
		{"greylisted", map[string]string{"RCPT": "451 4.7.1 later"}, smtp.StageSend, false, 451, "4.7.1"},
		{"refused at DATA", map[string]string{"DATA": "554 5.6.0 no"}, smtp.StageSend, true, 554, "5.6.0"},
		{"refused after the text", map[string]string{"DOT": "552 5.3.4 too big"}, smtp.StageSend, true, 552, "5.3.4"},
		{"put off after the text", map[string]string{"DOT": "452 4.3.1 disk full"}, smtp.StageSend, false, 452, "4.3.1"},
		{"sender not liked", map[string]string{"MAIL": "553 5.7.1 who are you"}, smtp.StageSend, false, 553, "5.7.1"},
		{"hangs up at RCPT", map[string]string{"RCPT": ""}, smtp.StageSend, false, 0, ""},
		{"hangs up after the text", map[string]string{"DOT": ""}, smtp.StageSend, false, 0, ""},
		{"busy at once", map[string]string{"CONNECT": "421 4.3.2 busy"}, smtp.StageConnect, false, 0, ""},
		{"refuses at once", map[string]string{"CONNECT": "554 5.7.1 go away"}, smtp.StageConnect, false, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := plain(t, startServer(t, &server{replies: c.replies})).Send(t.Context(), hello())
			var got *smtp.Error
			if !errors.As(err, &got) {
				t.Fatalf("error = %v, want *smtp.Error", err)
			}
			if got.Stage != c.stage || got.Permanent != c.permanent || got.Code != c.code || got.Status != c.status {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(err.Error(), "joerg") || strings.Contains(err.Error(), "who are you") {
				t.Errorf("text tells too much: %s", err)
			}
		})
	}
}

func TestFarewellDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, replies := range []map[string]string{{"QUIT": ""}, {"QUIT": "500 what"}, {"RSET": ""}, {"RSET": "421 bye"}} {
		srv := startServer(t, &server{replies: replies})
		if err := plain(t, srv).Send(t.Context(), hello()); err != nil || len(srv.Mails()) != 1 {
			t.Errorf("%v: error = %v, %d mails; want success with one", replies, err, len(srv.Mails()))
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := startServer(t, &server{silence: cancel})
	err := plain(t, srv).Send(ctx, hello())
	var failed *smtp.Error
	if !errors.As(err, &failed) || failed.Permanent || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want a temporary one because the context ended", err)
	}
}

func TestInputIsRefused(t *testing.T) {
	t.Parallel()
	srv := startServer(t, &server{})
	s := plain(t, srv)
	for _, c := range []struct {
		field string
		edit  func(*smtp.Mail)
	}{
		{"to", func(m *smtp.Mail) { m.To = "" }},
		{"to", func(m *smtp.Mail) { m.To = "a@b.example\r\nBcc: c@d.example" }},
		{"to", func(m *smtp.Mail) { m.To = "a@b.example, c@d.example" }},
		{"to", func(m *smtp.Mail) { m.To = "\"x\\\r\nBcc: c@d.example\" <a@b.example>" }},
		{"to", func(m *smtp.Mail) { m.To = "=?utf-8?q?x=0D=0ABcc:_c@d.example?= <a@b.example>" }},
		{"to", func(m *smtp.Mail) { m.To = "\"a> RCPT\"@b.example" }},
		{"subject", func(m *smtp.Mail) { m.Subject = "" }},
		{"subject", func(m *smtp.Mail) { m.Subject = "x\nBcc: c@d.example" }},
		{"subject", func(m *smtp.Mail) { m.Subject = "x\rBcc: c@d.example" }},
		{"subject", func(m *smtp.Mail) { m.Subject = "x\x00" }},
		{"subject", func(m *smtp.Mail) { m.Subject = "x\u2028y" }},
		{"text", func(m *smtp.Mail) { m.Text = "" }},
		{"text", func(m *smtp.Mail) { m.Text = "\xff" }},
		{"message_id", func(m *smtp.Mail) { m.MessageID = "" }},
		{"message_id", func(m *smtp.Mail) { m.MessageID = "a>\r\nBcc: x" }},
		{"message_id", func(m *smtp.Mail) { m.MessageID = "a..b" }},
	} {
		m := hello()
		c.edit(&m)
		var input *smtp.InputError
		if err := s.Send(t.Context(), m); !errors.As(err, &input) || input.Field != c.field {
			t.Errorf("%+v: error = %v, want field %s", m, err, c.field)
		}
	}
	if n := len(srv.Mails()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	ok := smtp.Options{Addr: "mail.example:25", From: from}
	if _, err := smtp.New(ok); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field string
		edit  func(*smtp.Options)
	}{
		{"addr", func(o *smtp.Options) { o.Addr = "mail.example" }},
		{"addr", func(o *smtp.Options) { o.Addr = ":25" }},
		{"addr", func(o *smtp.Options) { o.Addr = "mail.example:0" }},
		{"from", func(o *smtp.Options) { o.From = "nobody" }},
		{"from", func(o *smtp.Options) { o.From = "x\r\nBcc: y <a@b.example>" }},
		{"return_path", func(o *smtp.Options) { o.ReturnPath = "<>" }},
		{"domain", func(o *smtp.Options) { o.Domain = "a b" }},
		{"helo", func(o *smtp.Options) { o.HELO = "a\r\nMAIL" }},
		{"password", func(o *smtp.Options) { o.Username = "u" }},
		{"insecure_plaintext", func(o *smtp.Options) { o.InsecurePlaintext, o.Username, o.Password = true, "u", "p" }},
		{"insecure_plaintext", func(o *smtp.Options) { o.InsecurePlaintext, o.ImplicitTLS = true, true }},
	} {
		o := ok
		c.edit(&o)
		var input *smtp.InputError
		if _, err := smtp.New(o); !errors.As(err, &input) || input.Field != c.field {
			t.Errorf("%s: error = %v", c.field, err)
		}
	}
}

func TestNotifier(t *testing.T) {
	t.Parallel()
	notice := postkorb.Notice{ID: "NOTICE7", Owner: "acc-1", Thread: "t1", Reason: postkorb.NoticeMessage}
	compose := func(context.Context, postkorb.Notice) (smtp.Mail, error) {
		m := hello()
		m.MessageID = ""
		return m, nil
	}
	t.Run("sends", func(t *testing.T) {
		t.Parallel()
		srv := startServer(t, &server{})
		if err := smtp.NewNotifier(plain(t, srv), compose).Notify(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
		if got := srv.Mails()[0].Header.Get("Message-Id"); got != "<NOTICE7@stadt.example>" {
			t.Errorf("Message-ID = %q", got)
		}
		odd := notice
		odd.ID = "notice:7/ä"
		for range 2 {
			if err := smtp.NewNotifier(plain(t, srv), compose).Notify(t.Context(), odd); err != nil {
				t.Fatal(err)
			}
		}
		mails := srv.Mails()
		if a, b := mails[1].Header.Get("Message-Id"), mails[2].Header.Get("Message-Id"); a != b || len(a) != len("<@stadt.example>")+32 {
			t.Errorf("Message-IDs of one notice = %q, %q", a, b)
		}
	})
	for _, c := range []struct {
		name      string
		replies   map[string]string
		compose   func(context.Context, postkorb.Notice) (smtp.Mail, error)
		code      string
		permanent bool
	}{
		{"refused", map[string]string{"RCPT": "550 5.1.1 unknown"}, compose, "smtp-550", true},
		{"put off", map[string]string{"RCPT": "450 4.2.1 later"}, compose, "smtp-450", false},
		{"unreachable", map[string]string{"CONNECT": "554 no"}, compose, "smtp-connect", false},
		{"bad address", nil, func(context.Context, postkorb.Notice) (smtp.Mail, error) { return smtp.Mail{To: "x"}, nil }, "invalid-to", true},
		{"no address", nil, func(context.Context, postkorb.Notice) (smtp.Mail, error) {
			return smtp.Mail{}, &postkorb.NotifyError{Code: "no-address", Permanent: true}
		}, "no-address", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := startServer(t, &server{replies: c.replies})
			err := smtp.NewNotifier(plain(t, srv), c.compose).Notify(t.Context(), notice)
			var ne *postkorb.NotifyError
			if !errors.As(err, &ne) || ne.Code != c.code || ne.Permanent != c.permanent {
				t.Errorf("error = %#v, want code %s, permanent %v", err, c.code, c.permanent)
			}
		})
	}
}
