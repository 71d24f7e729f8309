package federation

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// State is where a [Delivery] stands. The values are stable codes.
type State string

// States of a delivery.
const (
	// StateQueued waits for its next attempt.
	StateQueued State = "queued"
	// StateSending is claimed by a worker until its lease ends.
	StateSending State = "sending"
	// StateDelivered has a receipt.
	StateDelivered State = "delivered"
	// StateFailed was given up and needs a person, see [Outbox.Retry].
	StateFailed State = "failed"
	// StateCancelled was withdrawn before it was delivered.
	StateCancelled State = "cancelled"
)

// Payload is the structured data of a delivery.
type Payload struct {
	MediaType string
	Body      []byte
}

// Part is an attachment. The content lies outside the outbox and is opened
// through [Options].OpenPart.
type Part struct {
	// Name is the file name as the sender gave it: foreign input, for display.
	Name, MediaType string
	// SHA256 is the digest of the content, 64 lower-case hexadecimal digits.
	SHA256 string
	// Size is the length of the content in bytes.
	Size int64
	// BlobKey finds the content again; only the caller understands it.
	BlobKey string
}

// Receipt is the recipient's proof that it took a delivery.
type Receipt struct {
	ID string
	At time.Time
}

// Delivery is one application on its way to one back office.
type Delivery struct {
	ID string
	// Key is the stable key by which the recipient recognises a repetition.
	Key string
	// Destination names the recipient; it chooses the transport.
	Destination string
	// Subject is the key of the service, Reference that of the case.
	Subject, Reference string
	// Payload is empty in lists, see [Outbox.List].
	Payload     Payload
	Attachments []Part

	State State
	// Attempts counts the attempts begun since it was queued or retried.
	Attempts int
	// NextAt is the time of the next attempt if queued, the end of the lease if
	// sending, otherwise zero.
	NextAt, CreatedAt, DeliveredAt time.Time
	// LastError is the code of the last failure, a [Reason], or empty.
	LastError string
	Receipt   Receipt
	// Version counts the changes, from 1.
	Version int64
}

// Clone returns a copy that shares nothing with d.
func (d Delivery) Clone() Delivery {
	d.Payload.Body = slices.Clone(d.Payload.Body)
	d.Attachments = slices.Clone(d.Attachments)
	return d
}

// sameContent reports whether two deliveries ask for the same thing.
func (d Delivery) sameContent(e Delivery) bool {
	return d.Key == e.Key && d.Destination == e.Destination && d.Subject == e.Subject &&
		d.Reference == e.Reference && d.Payload.MediaType == e.Payload.MediaType &&
		string(d.Payload.Body) == string(e.Payload.Body) && slices.Equal(d.Attachments, e.Attachments)
}

// Limits of a delivery.
const (
	maxText        = 1024
	maxAttachments = 1000
)

// validate refuses what a store or a transport could not carry faithfully.
func (d Delivery) validate(maxPayload int64) error {
	for _, f := range []struct {
		field, value string
		required     bool
	}{
		{"id", d.ID, false}, {"key", d.Key, true}, {"destination", d.Destination, true},
		{"subject", d.Subject, false}, {"reference", d.Reference, false},
		{"media type", d.Payload.MediaType, true},
	} {
		if err := checkText(f.field, f.value, f.required); err != nil {
			return err
		}
	}
	if int64(len(d.Payload.Body)) > maxPayload {
		return &InvalidError{Field: "payload", Rule: RuleTooLong}
	}
	if len(d.Attachments) > maxAttachments {
		return &InvalidError{Field: "attachments", Rule: RuleTooLong}
	}
	for _, p := range d.Attachments {
		if err := p.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (p Part) validate() error {
	for _, f := range []struct {
		field, value string
		required     bool
	}{
		{"attachment name", p.Name, true}, {"attachment media type", p.MediaType, true},
		{"attachment blob key", p.BlobKey, true},
	} {
		if err := checkText(f.field, f.value, f.required); err != nil {
			return err
		}
	}
	if raw, err := hex.DecodeString(p.SHA256); err != nil || len(raw) != 32 || p.SHA256 != strings.ToLower(p.SHA256) {
		return &InvalidError{Field: "attachment sha256", Rule: RuleSyntax}
	}
	if p.Size < 0 {
		return &InvalidError{Field: "attachment size", Rule: RuleSyntax}
	}
	return nil
}

func checkText(field, value string, required bool) error {
	if value == "" && required {
		return &InvalidError{Field: field, Rule: RuleRequired}
	}
	return checkLong(field, value, maxText)
}

func checkLong(field, value string, limit int) error {
	switch {
	case len(value) > limit:
		return &InvalidError{Field: field, Rule: RuleTooLong}
	case !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0:
		return &InvalidError{Field: field, Rule: RuleText}
	}
	return nil
}
