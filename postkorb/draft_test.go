package postkorb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/postkorb"
)

func TestDraftsThatAreRefused(t *testing.T) {
	t.Parallel()
	in := newInbox(&postkorb.Options{MaxBody: 100})
	_, sub := open(t, in, "t1")
	_, foreign := open(t, in, "t2")
	question := send(t, in, "t1", postkorb.Draft{Kind: postkorb.KindQuestion, From: unit})
	info := func(edit func(*postkorb.Draft)) postkorb.Draft {
		d := postkorb.Draft{Kind: postkorb.KindInformation, From: unit}
		edit(&d)
		return d
	}
	slot := func(s ...postkorb.Slot) postkorb.Draft {
		return postkorb.Draft{Kind: postkorb.KindDocumentRequest, From: unit, Slots: s}
	}
	file := func(a ...postkorb.Attachment) postkorb.Draft {
		return info(func(d *postkorb.Draft) { d.Attachments = a })
	}
	for _, c := range []struct {
		name  string
		draft postkorb.Draft
		field string
		rule  postkorb.Rule
	}{
		{"no kind", postkorb.Draft{From: unit}, "kind", postkorb.RuleUnknown},
		{"no party", postkorb.Draft{Kind: postkorb.KindInformation}, "party.kind", postkorb.RuleUnknown},
		{"a unit without id", info(func(d *postkorb.Draft) { d.From.ID = "" }), "party.id", postkorb.RuleRequired},
		{"a submission of the unit", postkorb.Draft{Kind: postkorb.KindSubmission, From: unit}, "from", postkorb.RuleForbidden},
		{"a decision of the citizen", postkorb.Draft{Kind: postkorb.KindDecision, From: citizen}, "from", postkorb.RuleForbidden},
		{"a status without one", postkorb.Draft{Kind: postkorb.KindStatus, From: unit}, "status", postkorb.RuleRequired},
		{"a status elsewhere", info(func(d *postkorb.Draft) { d.Status = postkorb.StatusDone }), "status", postkorb.RuleForbidden},
		{"an answer to nothing", postkorb.Draft{Kind: postkorb.KindAnswer, From: citizen}, "in_reply_to", postkorb.RuleRequired},
		{"an answer to a submission", postkorb.Draft{Kind: postkorb.KindAnswer, From: unit, InReplyTo: sub.ID}, "in_reply_to", postkorb.RuleReference},
		{"an answer to oneself", postkorb.Draft{Kind: postkorb.KindAnswer, From: unit, InReplyTo: question.ID}, "in_reply_to", postkorb.RuleReference},
		{"a reply to another thread", info(func(d *postkorb.Draft) { d.InReplyTo = foreign.ID }), "in_reply_to", postkorb.RuleReference},
		{"a reply to nothing", info(func(d *postkorb.Draft) { d.InReplyTo = "none" }), "in_reply_to", postkorb.RuleReference},
		{"NUL in the body", info(func(d *postkorb.Draft) { d.Body = "a\x00" }), "body", postkorb.RuleText},
		{"no UTF-8", info(func(d *postkorb.Draft) { d.Body = "\xff" }), "body", postkorb.RuleText},
		{"too long", info(func(d *postkorb.Draft) { d.Body = strings.Repeat("x", 101) }), "body", postkorb.RuleTooLong},
		{"two lines of subject", info(func(d *postkorb.Draft) { d.Subject = "a\nb" }), "subject", postkorb.RuleText},
		{"NUL in the key", info(func(d *postkorb.Draft) { d.Key = "\x00" }), "key", postkorb.RuleText},
		{"a date on an information", info(func(d *postkorb.Draft) { d.DueAt = start }), "due_at", postkorb.RuleForbidden},
		{"slots elsewhere", info(func(d *postkorb.Draft) { d.Slots = []postkorb.Slot{{Label: "x"}} }), "slots", postkorb.RuleForbidden},
		{"no slots", slot(), "slots", postkorb.RuleRequired},
		{"a slot without a label", slot(postkorb.Slot{Label: " "}), "slot.label", postkorb.RuleRequired},
		{"the same slot twice", slot(postkorb.Slot{ID: "a", Label: "x"}, postkorb.Slot{ID: "a", Label: "y"}), "slot.id", postkorb.RuleDuplicate},
		{"too many slots", slot(make([]postkorb.Slot, 51)...), "slots", postkorb.RuleTooMany},
		{"an attachment without a name", file(postkorb.Attachment{ID: "a"}), "attachments.name", postkorb.RuleRequired},
		{"an attachment with a path", file(postkorb.Attachment{ID: "a", Name: "../x"}), "attachments.name", postkorb.RuleText},
		{"the same attachment twice", file(postkorb.Attachment{ID: "a", Name: "x"}, postkorb.Attachment{ID: "a", Name: "y"}), "attachments.id", postkorb.RuleDuplicate},
		{"a negative size", file(postkorb.Attachment{ID: "a", Name: "x", Size: -1}), "attachments.size", postkorb.RuleUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := in.Send(t.Context(), "t1", c.draft)
			var got *postkorb.InvalidError
			if !errors.As(err, &got) || got.Field != c.field || got.Rule != c.rule {
				t.Errorf("error = %v, want %s: %s", err, c.field, c.rule)
			}
		})
	}
}

func TestThreadsThatAreRefused(t *testing.T) {
	t.Parallel()
	in := newInbox(nil)
	for _, c := range []struct {
		thread postkorb.Thread
		field  string
	}{
		{postkorb.Thread{Owner: "acc-1"}, "subject"},
		{postkorb.Thread{Owner: "acc-1", Subject: "a\nb"}, "subject"},
		{postkorb.Thread{Owner: "acc-1", Subject: "a", ID: "\x00"}, "thread.id"},
		{postkorb.Thread{Owner: "acc-1", Subject: "a", Reference: "\xff"}, "reference"},
		{postkorb.Thread{Owner: "acc-1", Subject: "a", Unit: strings.Repeat("x", 201)}, "unit"},
	} {
		_, _, err := in.Open(t.Context(), c.thread, postkorb.Draft{Kind: postkorb.KindInformation, From: citizen})
		var got *postkorb.InvalidError
		if !errors.As(err, &got) || got.Field != c.field {
			t.Errorf("error = %v, want %s", err, c.field)
		}
	}
	for what, err := range map[string]error{
		"MarkOpened": in.MarkOpened(t.Context(), "\x00", citizen),
		"Archive":    in.Archive(t.Context(), "\xff", citizen, true),
	} {
		if !errors.Is(err, postkorb.ErrNotFound) {
			t.Errorf("%s of an id that cannot be: %v", what, err)
		}
	}
}
