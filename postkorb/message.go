package postkorb

import "time"

// MessageID names a message. It is unique over all threads.
type MessageID string

// Kind says what a message is.
type Kind string

// The kinds of message.
const (
	KindSubmission      Kind = "submission"       // what the citizen applied for; only from a citizen
	KindInformation     Kind = "information"      // nothing to do for the reader
	KindQuestion        Kind = "question"         // waits for an answer
	KindAnswer          Kind = "answer"           // answers a question or a document request
	KindDocumentRequest Kind = "document-request" // a checklist of documents; only from the administration
	KindDecision        Kind = "decision"         // carries a decision; only from the administration
	KindStatus          Kind = "status"           // a step on the status ladder
)

func (k Kind) known() bool {
	switch k {
	case KindSubmission, KindInformation, KindQuestion, KindAnswer, KindDocumentRequest, KindDecision, KindStatus:
		return true
	}
	return false
}

// Message is one contribution to a thread. Its words never change; slots,
// attachments given for slots and the two times of reading do.
type Message struct {
	ID          MessageID
	Thread      ThreadID
	Seq         int64 // sequence of its "sent" event; orders the messages of a thread
	Kind        Kind
	From        Party
	Subject     string
	Body        string // plain text
	InReplyTo   MessageID
	Status      Status // with KindStatus
	Slots       []Slot // with KindDocumentRequest
	Attachments []Attachment
	DueAt       time.Time // zero: no date
	CreatedAt   time.Time
	Key         string // idempotency key of the caller, unique per thread

	// OpenedAt is when the other side first opened the message, ConfirmedAt
	// when it said so on purpose. Zero: not yet.
	OpenedAt    time.Time
	ConfirmedAt time.Time
}

// Unread reports whether the message waits to be opened by a side.
func (m Message) Unread(side PartyKind) bool {
	return m.OpenedAt.IsZero() && m.toCitizen() == (side == PartyCitizen)
}

func (m Message) toCitizen() bool { return m.From.Kind.administration() }

// SlotState says how far a requested document has come.
type SlotState string

// The states of a slot.
const (
	SlotOpen     SlotState = "open"
	SlotReceived SlotState = "received"
	SlotAccepted SlotState = "accepted"
	SlotRejected SlotState = "rejected"
)

// Slot is one line in the checklist of a document request.
type Slot struct {
	ID         string // unique in the message; made up if empty
	Label      string
	State      SlotState
	Reason     string // why it was rejected; read by the citizen
	Attachment string // id of the attachment that fills it, found in Message.Attachments
}

// Attachment refers to a document that the caller keeps elsewhere. The
// postkorb never sees its bytes.
type Attachment struct {
	ID        string
	Name      string // file name without a path
	MediaType string
	Size      int64  // bytes
	SHA256    string // lower case hex
	BlobKey   string // where the caller finds the bytes
	Slot      string // slot it was given for; empty: part of the message itself
}

// Draft is what a caller wants to send.
type Draft struct {
	Kind        Kind
	From        Party
	Subject     string
	Body        string
	InReplyTo   MessageID // required with KindAnswer
	Status      Status    // required with KindStatus
	Slots       []Slot    // required with KindDocumentRequest
	Attachments []Attachment
	DueAt       time.Time // with KindQuestion and KindDocumentRequest
	Key         string    // idempotency key; empty: every call sends
	NoNotice    bool      // do not tell the citizen by notice
}

// EventType says what happened.
type EventType string

// The types of event.
const (
	EventCreated      EventType = "created"
	EventSent         EventType = "sent"
	EventOpened       EventType = "opened"
	EventConfirmed    EventType = "confirmed"
	EventAnswered     EventType = "answered" // Message is the question, Detail the id of the answer
	EventSlotFilled   EventType = "slot-filled"
	EventSlotAccepted EventType = "slot-accepted"
	EventSlotRejected EventType = "slot-rejected"
	EventStatus       EventType = "status"   // Detail is the new status
	EventArchived     EventType = "archived" // Detail is "archived" or "restored"
	EventClosed       EventType = "closed"
	EventReopened     EventType = "reopened"
	EventMoved        EventType = "moved" // Detail is the new unit
	EventNoticeQueued EventType = "notice-queued"
	EventNoticeSent   EventType = "notice-sent"
	EventNoticeFailed EventType = "notice-failed"
)

// Event is one line in the record of a thread. Events are only ever appended;
// Seq counts 1, 2, 3, ... without a gap in each thread.
type Event struct {
	Seq     int64
	Thread  ThreadID
	Message MessageID // empty when the event concerns the whole thread
	Type    EventType
	By      Party
	At      time.Time
	Detail  string // a code or an id, never a sentence
}
