package postkorbsql

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stadttor/stadttor/postkorb"
	"github.com/uptrace/bun"
)

type threadRow struct {
	bun.BaseModel `bun:"table:postkorb_threads,alias:t"`

	ID            string `bun:",pk"`
	Owner         string
	Reference     string
	Subject       string
	Service       string
	Unit          string
	Status        string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
	Closed        bool
	Seq           int64
	UnreadCitizen int
	UnreadDesk    int
}

func threadToRow(t postkorb.Thread) *threadRow {
	return &threadRow{
		ID: string(t.ID), Owner: t.Owner, Reference: t.Reference, Subject: t.Subject, Service: t.Service,
		Unit: t.Unit, Status: string(t.Status), CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(),
		Version: t.Version, Closed: t.Closed, Seq: t.Seq, UnreadCitizen: t.UnreadCitizen, UnreadDesk: t.UnreadDesk,
	}
}

func (r *threadRow) thread() postkorb.Thread {
	return postkorb.Thread{
		ID: postkorb.ThreadID(r.ID), Owner: r.Owner, Reference: r.Reference, Subject: r.Subject, Service: r.Service,
		Unit: r.Unit, Status: postkorb.Status(r.Status), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		Version: r.Version, Closed: r.Closed, Seq: r.Seq, UnreadCitizen: r.UnreadCitizen, UnreadDesk: r.UnreadDesk,
	}
}

type labelRow struct {
	bun.BaseModel `bun:"table:postkorb_labels,alias:l"`

	ThreadID string `bun:",pk"`
	Kind     string `bun:",pk"`
	Reader   string `bun:",pk"`
	Name     string `bun:",pk"`
}

func labelToRow(id postkorb.ThreadID, l postkorb.Label) *labelRow {
	return &labelRow{ThreadID: string(id), Kind: string(l.Kind), Reader: l.Reader, Name: string(l.Name)}
}

func (r *labelRow) label() postkorb.Label {
	return postkorb.Label{Kind: postkorb.PartyKind(r.Kind), Reader: r.Reader, Name: postkorb.LabelName(r.Name)}
}

type messageRow struct {
	bun.BaseModel `bun:"table:postkorb_messages,alias:m"`

	ID             string `bun:",pk"`
	ThreadID       string
	Seq            int64
	Kind           string
	FromKind       string
	FromID         string
	FromPerson     string
	FromName       string
	Subject        string
	Body           string
	InReplyTo      string
	Status         string
	Slots          string
	Attachments    string
	DueAt          time.Time `bun:",nullzero"`
	CreatedAt      time.Time
	IdempotencyKey string
	OpenedAt       time.Time `bun:",nullzero"`
	ConfirmedAt    time.Time `bun:",nullzero"`
}

func messageToRow(m postkorb.Message) (*messageRow, error) {
	slots, err := json.Marshal(slotsToJSON(m.Slots))
	if err != nil {
		return nil, fmt.Errorf("postkorbsql: slots: %w", err)
	}
	attachments, err := json.Marshal(attachmentsToJSON(m.Attachments))
	if err != nil {
		return nil, fmt.Errorf("postkorbsql: attachments: %w", err)
	}
	return &messageRow{
		ID: string(m.ID), ThreadID: string(m.Thread), Seq: m.Seq, Kind: string(m.Kind),
		FromKind: string(m.From.Kind), FromID: m.From.ID, FromPerson: m.From.Person, FromName: m.From.Name,
		Subject: m.Subject, Body: m.Body, InReplyTo: string(m.InReplyTo), Status: string(m.Status),
		Slots: string(slots), Attachments: string(attachments), DueAt: utc(m.DueAt), CreatedAt: utc(m.CreatedAt),
		IdempotencyKey: m.Key, OpenedAt: utc(m.OpenedAt), ConfirmedAt: utc(m.ConfirmedAt),
	}, nil
}

func (r *messageRow) message() (postkorb.Message, error) {
	var slots []slotJSON
	if err := json.Unmarshal([]byte(r.Slots), &slots); err != nil {
		return postkorb.Message{}, fmt.Errorf("postkorbsql: slots of %s: %w", r.ID, err)
	}
	var attachments []attachmentJSON
	if err := json.Unmarshal([]byte(r.Attachments), &attachments); err != nil {
		return postkorb.Message{}, fmt.Errorf("postkorbsql: attachments of %s: %w", r.ID, err)
	}
	return postkorb.Message{
		ID: postkorb.MessageID(r.ID), Thread: postkorb.ThreadID(r.ThreadID), Seq: r.Seq, Kind: postkorb.Kind(r.Kind),
		From:    postkorb.Party{Kind: postkorb.PartyKind(r.FromKind), ID: r.FromID, Person: r.FromPerson, Name: r.FromName},
		Subject: r.Subject, Body: r.Body, InReplyTo: postkorb.MessageID(r.InReplyTo), Status: postkorb.Status(r.Status),
		Slots: slotsFromJSON(slots), Attachments: attachmentsFromJSON(attachments), DueAt: utc(r.DueAt),
		CreatedAt: utc(r.CreatedAt), Key: r.IdempotencyKey, OpenedAt: utc(r.OpenedAt), ConfirmedAt: utc(r.ConfirmedAt),
	}, nil
}

// slotJSON and attachmentJSON are what lies in the database; renaming a field of
// the exported types must not change it.
type slotJSON struct {
	ID         string `json:"id"`
	Label      string `json:"label"`
	State      string `json:"state"`
	Reason     string `json:"reason,omitempty"`
	Attachment string `json:"attachment,omitempty"`
}

type attachmentJSON struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type,omitempty"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256,omitempty"`
	BlobKey   string `json:"blob_key,omitempty"`
	Slot      string `json:"slot,omitempty"`
}

func slotsToJSON(in []postkorb.Slot) []slotJSON {
	out := make([]slotJSON, len(in))
	for i, s := range in {
		out[i] = slotJSON{ID: s.ID, Label: s.Label, State: string(s.State), Reason: s.Reason, Attachment: s.Attachment}
	}
	return out
}

func slotsFromJSON(in []slotJSON) []postkorb.Slot {
	if len(in) == 0 {
		return nil
	}
	out := make([]postkorb.Slot, len(in))
	for i, s := range in {
		out[i] = postkorb.Slot{ID: s.ID, Label: s.Label, State: postkorb.SlotState(s.State), Reason: s.Reason, Attachment: s.Attachment}
	}
	return out
}

func attachmentsToJSON(in []postkorb.Attachment) []attachmentJSON {
	out := make([]attachmentJSON, len(in))
	for i, a := range in {
		out[i] = attachmentJSON(a)
	}
	return out
}

func attachmentsFromJSON(in []attachmentJSON) []postkorb.Attachment {
	if len(in) == 0 {
		return nil
	}
	out := make([]postkorb.Attachment, len(in))
	for i, a := range in {
		out[i] = postkorb.Attachment(a)
	}
	return out
}

type eventRow struct {
	bun.BaseModel `bun:"table:postkorb_events,alias:e"`

	ThreadID  string `bun:",pk"`
	Seq       int64  `bun:",pk"`
	MessageID string
	Type      string
	ByKind    string
	ByID      string
	ByPerson  string
	ByName    string
	At        time.Time
	Detail    string
}

func eventToRow(e postkorb.Event) *eventRow {
	return &eventRow{
		ThreadID: string(e.Thread), Seq: e.Seq, MessageID: string(e.Message), Type: string(e.Type),
		ByKind: string(e.By.Kind), ByID: e.By.ID, ByPerson: e.By.Person, ByName: e.By.Name, At: e.At.UTC(), Detail: e.Detail,
	}
}

func (r *eventRow) event() postkorb.Event {
	return postkorb.Event{
		Seq: r.Seq, Thread: postkorb.ThreadID(r.ThreadID), Message: postkorb.MessageID(r.MessageID),
		Type: postkorb.EventType(r.Type), At: r.At.UTC(), Detail: r.Detail,
		By: postkorb.Party{Kind: postkorb.PartyKind(r.ByKind), ID: r.ByID, Person: r.ByPerson, Name: r.ByName},
	}
}

type noticeRow struct {
	bun.BaseModel `bun:"table:postkorb_notices,alias:n"`

	ID        string `bun:",pk"`
	ThreadID  string
	MessageID string
	Owner     string
	Reason    string
	CreatedAt time.Time
	State     string
	Attempts  int
	NextAt    time.Time
	Lease     string
	LastError string
}

func noticeToRow(q postkorb.QueuedNotice) *noticeRow {
	n := q.Notice
	return &noticeRow{
		ID: n.ID, ThreadID: string(n.Thread), MessageID: string(q.Message), Owner: n.Owner, Reason: string(n.Reason),
		CreatedAt: n.CreatedAt.UTC(), State: string(q.State), Attempts: q.Attempts, NextAt: q.NextAt.UTC(),
		Lease: q.Lease, LastError: q.LastError,
	}
}

func (r *noticeRow) notice() postkorb.QueuedNotice {
	return postkorb.QueuedNotice{
		Notice: postkorb.Notice{
			ID: r.ID, Owner: r.Owner, Thread: postkorb.ThreadID(r.ThreadID),
			Reason: postkorb.NoticeReason(r.Reason), CreatedAt: r.CreatedAt.UTC(),
		},
		Message: postkorb.MessageID(r.MessageID), State: postkorb.NoticeState(r.State), Attempts: r.Attempts,
		NextAt: r.NextAt.UTC(), Lease: r.Lease, LastError: r.LastError,
	}
}

// utc leaves the zero time alone: it stands for NULL.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
