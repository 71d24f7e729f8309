package postkorb

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ThreadID names a thread. It is opaque; the caller may choose it when opening.
type ThreadID string

// PartyKind says on which side of the conversation somebody stands.
type PartyKind string

// The kinds of party. PartyUnit and PartySystem both speak for the administration.
const (
	PartyCitizen PartyKind = "citizen"
	PartyUnit    PartyKind = "unit"
	PartySystem  PartyKind = "system"
)

func (k PartyKind) known() bool {
	return k == PartyCitizen || k == PartyUnit || k == PartySystem
}

// administration reports whether the party speaks for the administration.
func (k PartyKind) administration() bool { return k == PartyUnit || k == PartySystem }

// Party is who speaks or acts.
type Party struct {
	Kind   PartyKind
	ID     string // account id of the citizen (empty for a guest), id of the unit
	Person string // id of the staff person who acts; never shown to citizens
	Name   string // how the party is called towards the other side
}

// Public returns the party without the person who acted, fit to be shown to
// citizens.
func (p Party) Public() Party {
	p.Person = ""
	return p
}

// Thread is one conversation about one Antrag or concern.
type Thread struct {
	ID        ThreadID
	Owner     string // account id of the citizen, empty for guests
	Reference string // reference of the case, free text
	Subject   string
	Service   string // key of the service, free text
	Unit      string // id of the unit that answers
	Status    Status // processing status, empty when the thread has none
	CreatedAt time.Time
	UpdatedAt time.Time // last message, status or slot; reading does not move it
	Version   int64     // grows with every write
	Closed    bool      // takes no more messages

	Seq           int64   // number of the last event
	UnreadCitizen int     // messages of the administration that the citizen has not opened
	UnreadDesk    int     // messages of the citizen that no unit has opened
	Labels        []Label // who put which label, ordered by reader kind, reader id and name
}

// Archived reports whether the reader has put the thread away.
func (t Thread) Archived(reader Party) bool {
	return slices.Contains(t.Labels, labelOf(reader, LabelArchived))
}

// Unread returns how many messages wait for a side: PartyCitizen, or for any
// other kind the desk.
func (t Thread) Unread(side PartyKind) int {
	if side == PartyCitizen {
		return t.UnreadCitizen
	}
	return t.UnreadDesk
}

// LabelName names a label that a reader puts on a thread.
type LabelName string

// LabelArchived says that the reader has put the thread away.
const LabelArchived LabelName = "archived"

// Label is a mark that one reader has put on a thread. Units share their
// labels; the owner's are seen by nobody else.
type Label struct {
	Kind   PartyKind
	Reader string // account id or unit id
	Name   LabelName
}

func labelOf(p Party, name LabelName) Label {
	return Label{Kind: p.Kind, Reader: p.ID, Name: name}
}

// CompareLabels orders labels by kind, reader and name.
func CompareLabels(a, b Label) int {
	if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
		return c
	}
	if c := strings.Compare(a.Reader, b.Reader); c != 0 {
		return c
	}
	return strings.Compare(string(a.Name), string(b.Name))
}

// Cursor marks a place in a list of threads. It is opaque, safe in a URL, and
// empty before the first and after the last page.
type Cursor string

func cursorOf(t Thread) Cursor {
	raw := strconv.FormatInt(t.UpdatedAt.UnixMicro(), 10) + ":" + string(t.ID)
	return Cursor(base64.RawURLEncoding.EncodeToString([]byte(raw)))
}

// decode returns the place; the zero time for the empty cursor.
func (c Cursor) decode() (time.Time, ThreadID, error) {
	if c == "" {
		return time.Time{}, "", nil
	}
	bad := &InvalidError{Field: "after", Rule: RuleUnknown}
	if len(c) > 2*maxID {
		return time.Time{}, "", bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil {
		return time.Time{}, "", bad
	}
	micros, id, ok := strings.Cut(string(raw), ":")
	if !ok {
		return time.Time{}, "", bad
	}
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || n < 0 || n > maxMicros || checkID("after", id) != nil {
		return time.Time{}, "", bad
	}
	return time.UnixMicro(n).UTC(), ThreadID(id), nil
}

// maxMicros is the end of the year 9999: both databases take it.
const maxMicros = 253402300799999999

// ThreadQuery says which threads to list, newest first. Exactly one of Owner
// and Units must be given; an empty list of units that is not nil finds
// nothing.
type ThreadQuery struct {
	Owner      string
	Units      []string
	Reference  string // only threads with this reference; empty: any
	Closed     *bool  // nil: both
	Archived   *bool  // as labelled by the owner, or by one of the units; nil: both
	UnreadOnly bool   // only with messages that wait for the asking side
	After      Cursor // place where the previous page ended
	Limit      int    // default 20, at most 200
}
