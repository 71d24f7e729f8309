package federation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"time"
)

// ReplyKind is what a back office wants with a [Reply]. The values are stable
// codes.
type ReplyKind string

// Kinds of replies.
const (
	// ReplyReceipt says that the office has taken the delivery into work. It is
	// more than the [Receipt] of the transport, which only says it arrived.
	ReplyReceipt ReplyKind = "receipt"
	// ReplyQuestion asks the applicant something.
	ReplyQuestion ReplyKind = "question"
	// ReplyDocumentRequest asks for the documents in [Reply].Documents.
	ReplyDocumentRequest ReplyKind = "document-request"
	// ReplyStatus tells the state of the work, in [Reply].Status.
	ReplyStatus ReplyKind = "status"
	// ReplyInformation tells something that needs no answer.
	ReplyInformation ReplyKind = "information"
	// ReplyDecision ends the work; [Reply].Status is the outcome.
	ReplyDecision ReplyKind = "decision"
)

// Reply is what a back office sends about a delivery it took.
type Reply struct {
	// ID is given by the back office; a repetition has the same.
	ID string
	// Source is the destination the reply comes from. The receiver of the
	// transport sets it from the secret that fitted, never from what was sent.
	Source string
	// Key is the [Delivery].Key that is answered, Reference the case.
	Key, Reference string
	Kind           ReplyKind
	// Subject and Body are plain text for the applicant.
	Subject, Body string
	// Status is a code of the two sides: the state for [ReplyStatus], the
	// outcome for [ReplyDecision], otherwise empty.
	Status string
	// Due is the day until which an answer is expected, zero if none.
	Due time.Time
	// Documents are the labels of the documents asked for.
	Documents []string
	// InReplyTo is the key of the message that is answered, or empty.
	InReplyTo   string
	Attachments []ReplyAttachment
	// At is when the back office wrote it.
	At time.Time
}

// ReplyAttachment is a file that comes with a reply, such as a Bescheid.
type ReplyAttachment struct {
	// Name is foreign input, for display.
	Name, MediaType string
	Content         []byte
}

// Clone returns a copy that shares nothing with r.
func (r Reply) Clone() Reply {
	r.Documents = slices.Clone(r.Documents)
	r.Attachments = slices.Clone(r.Attachments)
	for i := range r.Attachments {
		r.Attachments[i].Content = slices.Clone(r.Attachments[i].Content)
	}
	return r
}

// ReplyRecord is the envelope of a reply: enough to recognise a repetition and
// to show that it came, without anything that was written in it.
type ReplyRecord struct {
	Source, ID, Key, Reference string
	Kind                       ReplyKind
	// SHA256 is the digest over everything in the reply, 64 lower-case
	// hexadecimal digits.
	SHA256 string
	// Attachments is the number of files that came with it.
	Attachments int
	// At is when the back office wrote it, TakenAt when it was taken first.
	At, TakenAt time.Time
}

// Limits of a reply, in bytes and numbers.
const (
	maxReplyBody        = 64 << 10
	maxReplyDocuments   = 50
	maxReplyAttachments = 20
)

// Validate refuses what a receiver could not keep or show faithfully: an
// unknown kind, a missing id, key or time, NUL bytes, invalid UTF-8, texts and
// lists that are too long, times outside of the years 1 to 9999, documents where
// none are asked for. The error is an
// [*InvalidError].
func (r Reply) Validate() error {
	for _, f := range []struct {
		field, value string
		required     bool
	}{
		{"reply id", r.ID, true}, {"source", r.Source, true}, {"key", r.Key, true},
		{"reference", r.Reference, false}, {"reply subject", r.Subject, false},
		{"status", r.Status, r.Kind == ReplyStatus || r.Kind == ReplyDecision},
		{"in reply to", r.InReplyTo, false},
	} {
		if err := checkText(f.field, f.value, f.required); err != nil {
			return err
		}
	}
	if err := checkLong("reply body", r.Body, maxReplyBody); err != nil {
		return err
	}
	switch r.Kind {
	case ReplyQuestion, ReplyInformation:
		if r.Body == "" {
			return &InvalidError{Field: "reply body", Rule: RuleRequired}
		}
	case ReplyDocumentRequest:
		if len(r.Documents) == 0 {
			return &InvalidError{Field: "documents", Rule: RuleRequired}
		}
	case ReplyReceipt, ReplyStatus, ReplyDecision:
	default:
		return &InvalidError{Field: "kind", Rule: RuleSyntax}
	}
	switch {
	case r.At.IsZero():
		return &InvalidError{Field: "time", Rule: RuleRequired}
	case !keepable(r.At):
		return &InvalidError{Field: "time", Rule: RuleSyntax}
	case !keepable(r.Due):
		return &InvalidError{Field: "due", Rule: RuleSyntax}
	}
	return r.validateLists()
}

// keepable reports whether every database takes a time.
func keepable(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1 && y <= 9999
}

func (r Reply) validateLists() error {
	switch {
	case len(r.Documents) > 0 && r.Kind != ReplyDocumentRequest:
		return &InvalidError{Field: "documents", Rule: RuleSyntax}
	case len(r.Documents) > maxReplyDocuments:
		return &InvalidError{Field: "documents", Rule: RuleTooLong}
	case len(r.Attachments) > maxReplyAttachments:
		return &InvalidError{Field: "attachments", Rule: RuleTooLong}
	}
	for _, label := range r.Documents {
		if err := checkText("document", label, true); err != nil {
			return err
		}
	}
	for _, a := range r.Attachments {
		if err := checkText("attachment name", a.Name, true); err != nil {
			return err
		}
		if err := checkText("attachment media type", a.MediaType, true); err != nil {
			return err
		}
		if len(a.Content) == 0 {
			return &InvalidError{Field: "attachment content", Rule: RuleRequired}
		}
	}
	return nil
}

// Digest returns the SHA-256 over everything in the reply but its source, 64
// lower-case hexadecimal digits: two replies with the same digest say the same.
func (r Reply) Digest() string {
	h := sha256.New()
	for _, s := range []string{r.ID, r.Key, r.Reference, string(r.Kind), r.Subject, r.Body, r.Status,
		instant(r.Due), r.InReplyTo, instant(r.At)} {
		field(h, []byte(s))
	}
	count(h, len(r.Documents))
	for _, d := range r.Documents {
		field(h, []byte(d))
	}
	count(h, len(r.Attachments))
	for _, a := range r.Attachments {
		field(h, []byte(a.Name))
		field(h, []byte(a.MediaType))
		field(h, a.Content)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

// field writes a length in front, so that no two lists of fields look alike.
func field(h hash.Hash, b []byte) {
	count(h, len(b))
	h.Write(b)
}

func count(h hash.Hash, n int) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(n))
	h.Write(size[:])
}

// record returns the envelope.
func (r Reply) record(takenAt time.Time) ReplyRecord {
	return ReplyRecord{
		Source: r.Source, ID: r.ID, Key: r.Key, Reference: r.Reference, Kind: r.Kind, SHA256: r.Digest(),
		Attachments: len(r.Attachments), At: r.At.UTC().Truncate(time.Microsecond), TakenAt: takenAt,
	}
}
