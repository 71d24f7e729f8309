package postkorb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of single fields, in bytes, and of lists.
const (
	maxID          = 200
	maxLine        = 500
	maxReason      = 4000
	maxSlots       = 50
	maxAttachments = 100
)

// checkText lets line breaks and tabs through and refuses what a database or a
// reader would choke on.
func checkText(field, s string, limit int) error {
	if len(s) > limit {
		return &InvalidError{Field: field, Rule: RuleTooLong}
	}
	if !utf8.ValidString(s) {
		return &InvalidError{Field: field, Rule: RuleText}
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return &InvalidError{Field: field, Rule: RuleText}
		}
	}
	return nil
}

// checkLine is checkText for what has to fit in one line.
func checkLine(field, s string, limit int) error {
	if err := checkText(field, s, limit); err != nil {
		return err
	}
	if strings.ContainsAny(s, "\r\n\t\u2028\u2029") {
		return &InvalidError{Field: field, Rule: RuleText}
	}
	return nil
}

func checkID(field, s string) error { return checkLine(field, s, maxID) }

func checkThread(t Thread) error {
	if t.Subject == "" {
		return &InvalidError{Field: "subject", Rule: RuleRequired}
	}
	for _, f := range []struct{ name, value string }{
		{"thread.id", string(t.ID)}, {"owner", t.Owner}, {"reference", t.Reference},
		{"service", t.Service}, {"unit", t.Unit}, {"status", string(t.Status)},
	} {
		if err := checkID(f.name, f.value); err != nil {
			return err
		}
	}
	return checkLine("subject", t.Subject, maxLine)
}

func checkParty(p Party) error {
	if !p.Kind.known() {
		return &InvalidError{Field: "party.kind", Rule: RuleUnknown}
	}
	if p.Kind == PartyUnit && p.ID == "" {
		return &InvalidError{Field: "party.id", Rule: RuleRequired}
	}
	if err := checkID("party.id", p.ID); err != nil {
		return err
	}
	if err := checkID("party.person", p.Person); err != nil {
		return err
	}
	return checkLine("party.name", p.Name, maxLine)
}

func (in *Inbox) checkDraft(d Draft, asked *Message) error {
	if !d.Kind.known() {
		return &InvalidError{Field: "kind", Rule: RuleUnknown}
	}
	if err := checkParty(d.From); err != nil {
		return err
	}
	if err := checkKind(d, asked); err != nil {
		return err
	}
	if err := checkLine("subject", d.Subject, maxLine); err != nil {
		return err
	}
	if err := checkText("body", d.Body, in.opts.MaxBody); err != nil {
		return err
	}
	if err := checkID("key", d.Key); err != nil {
		return err
	}
	if y := d.DueAt.UTC().Year(); y < 1 || y > 9999 {
		return &InvalidError{Field: "due_at", Rule: RuleUnknown}
	}
	if err := checkSlots(d.Slots); err != nil {
		return err
	}
	return checkAttachments(d.Attachments)
}

// checkKind says which parties may send a kind and which fields it takes.
func checkKind(d Draft, asked *Message) error {
	citizen := d.From.Kind == PartyCitizen
	forbidden := func(field string) error { return &InvalidError{Field: field, Rule: RuleForbidden} }
	switch {
	case d.Kind == KindSubmission && !citizen,
		(d.Kind == KindDocumentRequest || d.Kind == KindDecision) && citizen,
		d.Kind == KindStatus && citizen && d.Status != StatusWithdrawn:
		return forbidden("from")
	case (d.Kind == KindStatus) != (d.Status != ""):
		if d.Status == "" {
			return &InvalidError{Field: "status", Rule: RuleRequired}
		}
		return forbidden("status")
	case d.Kind == KindDocumentRequest && len(d.Slots) == 0:
		return &InvalidError{Field: "slots", Rule: RuleRequired}
	case d.Kind != KindDocumentRequest && len(d.Slots) > 0:
		return forbidden("slots")
	case !d.DueAt.IsZero() && d.Kind != KindQuestion && d.Kind != KindDocumentRequest:
		return forbidden("due_at")
	case d.InReplyTo != "" && asked == nil:
		return &InvalidError{Field: "in_reply_to", Rule: RuleReference}
	}
	if d.Kind != KindAnswer {
		return nil
	}
	if asked == nil {
		return &InvalidError{Field: "in_reply_to", Rule: RuleRequired}
	}
	// One answers the other side, and only what asked for an answer.
	if asked.toCitizen() != citizen || (asked.Kind != KindQuestion && asked.Kind != KindDocumentRequest) {
		return &InvalidError{Field: "in_reply_to", Rule: RuleReference}
	}
	return nil
}

func checkSlots(slots []Slot) error {
	if len(slots) > maxSlots {
		return &InvalidError{Field: "slots", Rule: RuleTooMany}
	}
	seen := map[string]bool{}
	for _, s := range slots {
		if err := checkID("slot.id", s.ID); err != nil {
			return err
		}
		if s.ID != "" && seen[s.ID] {
			return &InvalidError{Field: "slot.id", Rule: RuleDuplicate}
		}
		seen[s.ID] = true
		if strings.TrimSpace(s.Label) == "" {
			return &InvalidError{Field: "slot.label", Rule: RuleRequired}
		}
		if err := checkLine("slot.label", s.Label, maxLine); err != nil {
			return err
		}
	}
	return nil
}

func checkAttachments(as []Attachment) error {
	if len(as) > maxAttachments {
		return &InvalidError{Field: "attachments", Rule: RuleTooMany}
	}
	seen := map[string]bool{}
	for _, a := range as {
		if err := checkAttachment("attachments", a); err != nil {
			return err
		}
		if seen[a.ID] {
			return &InvalidError{Field: "attachments.id", Rule: RuleDuplicate}
		}
		seen[a.ID] = true
	}
	return nil
}

func checkAttachment(field string, a Attachment) error {
	for _, f := range []struct {
		name, value string
		required    bool
	}{
		{".id", a.ID, true}, {".name", a.Name, true}, {".media_type", a.MediaType, false},
		{".sha256", a.SHA256, false}, {".slot", a.Slot, false},
	} {
		if f.required && f.value == "" {
			return &InvalidError{Field: field + f.name, Rule: RuleRequired}
		}
		limit := maxID
		if f.name == ".name" {
			limit = 255
		}
		if err := checkLine(field+f.name, f.value, limit); err != nil {
			return err
		}
	}
	if strings.ContainsAny(a.Name, `/\`) {
		return &InvalidError{Field: field + ".name", Rule: RuleText}
	}
	if a.Size < 0 {
		return &InvalidError{Field: field + ".size", Rule: RuleUnknown}
	}
	return checkLine(field+".blob_key", a.BlobKey, 1000)
}
