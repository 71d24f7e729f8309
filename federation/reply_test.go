package federation_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
)

func TestReplyMemStore(t *testing.T) {
	t.Parallel()
	federationtest.TestReplyStore(t, func(*testing.T) federation.ReplyStore { return federation.NewReplyMemStore() })
}

func decision(id string) federation.Reply {
	return federation.Reply{ID: id, Source: "steuern", Key: "antrag-1", Reference: "AW-1", Kind: federation.ReplyDecision,
		Subject: "Bescheid", Body: "Grüße", Status: "granted", At: time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),
		Attachments: []federation.ReplyAttachment{{Name: "Bescheid.pdf", MediaType: "application/pdf", Content: []byte("%PDF")}}}
}

func TestInletTakesOnce(t *testing.T) {
	t.Parallel()
	in := federation.NewInlet(federation.NewReplyMemStore(), nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	firsts := 0
	for range 8 {
		wg.Go(func() {
			first, err := in.Take(context.Background(), decision("r1"))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts++
			}
		})
	}
	wg.Wait()
	if firsts != 1 {
		t.Errorf("%d were first", firsts)
	}
	other := decision("r1")
	other.Status = "refused"
	if first, err := in.Take(t.Context(), other); first || !errors.Is(err, federation.ErrExists) {
		t.Errorf("other content: %v, %v", first, err)
	}
	elsewhere := decision("r1")
	elsewhere.Source = "bauamt"
	if first, err := in.Take(t.Context(), elsewhere); !first || err != nil {
		t.Errorf("other source: %v, %v", first, err)
	}
	if list, err := in.ByReference(t.Context(), "AW-1"); err != nil || len(list) != 2 || list[0].Attachments != 1 {
		t.Errorf("ByReference = %v, %v", list, err)
	}
}

func TestReplyValidate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(r *federation.Reply)
		field string
		rule  federation.Rule
	}{
		"no id":               {func(r *federation.Reply) { r.ID = "" }, "reply id", federation.RuleRequired},
		"no source":           {func(r *federation.Reply) { r.Source = "" }, "source", federation.RuleRequired},
		"no key":              {func(r *federation.Reply) { r.Key = "" }, "key", federation.RuleRequired},
		"no time":             {func(r *federation.Reply) { r.At = time.Time{} }, "time", federation.RuleRequired},
		"no outcome":          {func(r *federation.Reply) { r.Status = "" }, "status", federation.RuleRequired},
		"unknown kind":        {func(r *federation.Reply) { r.Kind = "joke" }, "kind", federation.RuleSyntax},
		"empty question":      {func(r *federation.Reply) { r.Kind, r.Body = federation.ReplyQuestion, "" }, "reply body", federation.RuleRequired},
		"nothing asked for":   {func(r *federation.Reply) { r.Kind = federation.ReplyDocumentRequest }, "documents", federation.RuleRequired},
		"documents elsewhere": {func(r *federation.Reply) { r.Documents = []string{"Ausweis"} }, "documents", federation.RuleSyntax},
		"NUL":                 {func(r *federation.Reply) { r.Body = "a\x00" }, "reply body", federation.RuleText},
		"not UTF-8":           {func(r *federation.Reply) { r.Subject = "\xff" }, "reply subject", federation.RuleText},
		"long body":           {func(r *federation.Reply) { r.Body = strings.Repeat("a", 64<<10+1) }, "reply body", federation.RuleTooLong},
		"long subject":        {func(r *federation.Reply) { r.Subject = strings.Repeat("a", 1025) }, "reply subject", federation.RuleTooLong},
		"year 0":              {func(r *federation.Reply) { r.At = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, "time", federation.RuleSyntax},
		"year 10000":          {func(r *federation.Reply) { r.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "time", federation.RuleSyntax},
		"due in year 0":       {func(r *federation.Reply) { r.Due = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, "due", federation.RuleSyntax},
		"empty file":          {func(r *federation.Reply) { r.Attachments[0].Content = nil }, "attachment content", federation.RuleRequired},
		"nameless file":       {func(r *federation.Reply) { r.Attachments[0].Name = "" }, "attachment name", federation.RuleRequired},
		"many files": {func(r *federation.Reply) { r.Attachments = make([]federation.ReplyAttachment, 21) },
			"attachments", federation.RuleTooLong},
		"large files": {func(r *federation.Reply) { r.Attachments[0].Content = make([]byte, 11) }, "attachments", federation.RuleTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := federation.NewInlet(federation.NewReplyMemStore(), &federation.InletOptions{MaxAttachments: 10})
			r := decision("r1")
			if err := r.Validate(); err != nil {
				t.Fatal(err)
			}
			c.spoil(&r)
			first, err := in.Take(t.Context(), r)
			var invalid *federation.InvalidError
			if first || !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Rule != c.rule {
				t.Errorf("Take = %v, %v", first, err)
			}
			if list, err := in.ByReference(t.Context(), "AW-1"); err != nil || len(list) != 0 {
				t.Errorf("something was kept: %v, %v", list, err)
			}
		})
	}
}

// Two replies have the same digest exactly if everything in them is the same.
func TestReplyDigest(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"", "a", "b", "ab", "aa"})
	gen := rapid.Custom(func(t *rapid.T) federation.Reply {
		r := federation.Reply{ID: text.Draw(t, "id"), Key: text.Draw(t, "key"), Subject: text.Draw(t, "subject"), Body: text.Draw(t, "body"),
			Documents: rapid.SliceOfN(text, 0, 2).Draw(t, "documents")}
		for range rapid.IntRange(0, 2).Draw(t, "files") {
			r.Attachments = append(r.Attachments, federation.ReplyAttachment{Name: text.Draw(t, "name"), Content: []byte(text.Draw(t, "content"))})
		}
		return r
	})
	same := func(a, b federation.Reply) bool {
		if a.ID != b.ID || a.Key != b.Key || a.Subject != b.Subject || a.Body != b.Body ||
			strings.Join(a.Documents, ",") != strings.Join(b.Documents, ",") || len(a.Documents) != len(b.Documents) || len(a.Attachments) != len(b.Attachments) {
			return false
		}
		for i := range a.Attachments {
			if a.Attachments[i].Name != b.Attachments[i].Name || !bytes.Equal(a.Attachments[i].Content, b.Attachments[i].Content) {
				return false
			}
		}
		return true
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if (a.Digest() == b.Digest()) != same(a, b) {
			t.Fatalf("%+v and %+v", a, b)
		}
		if c := a.Clone(); c.Digest() != a.Digest() {
			t.Fatal("the copy differs")
		}
	})
}
