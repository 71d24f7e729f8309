package assistant

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Payload is the document that is handed over.
type Payload struct {
	// JSON is canonical: sorted keys, no spaces, one spelling per value.
	JSON []byte
	// SHA256 is the hash of JSON, hexadecimal.
	SHA256 string
}

type payloadDoc struct {
	Definition string                   `json:"definition"`
	Groups     map[string][]payloadItem `json:"groups"`
	Place      string                   `json:"place,omitempty"`
	Service    string                   `json:"service,omitempty"`
	Values     map[string]payloadValue  `json:"values"`
	Version    string                   `json:"version"`
}

type payloadItem struct {
	ID     string                  `json:"id"`
	Values map[string]payloadValue `json:"values"`
}

// payloadValue has its keys in alphabetical order, as the whole document.
type payloadValue struct {
	At *time.Time `json:"at,omitempty"`
	// Facts are what was shown of a looked-up record.
	Facts  []Fact `json:"facts,omitempty"`
	Level  int    `json:"level,omitempty"`
	Source Source `json:"source"`
	Type   Type   `json:"type"`
	Value  any    `json:"value"`
}

// Payload returns the document for the hand-over: the answers to the visible
// questions with type and origin, amounts as decimal strings, days as
// "2006-01-02", partial dates as "1980" or "1980-05". The same answers always
// give the same bytes. Answers that are not complete give [ErrIncomplete].
func (d *Definition) Payload(a Answers, today time.Time) (Payload, error) {
	if len(d.Complete(a, today)) > 0 {
		return Payload{}, ErrIncomplete
	}
	a = d.prune(a, today)
	doc := payloadDoc{Definition: d.ID, Version: d.Version, Service: d.Service, Place: d.Place(a, today),
		Values: map[string]payloadValue{}, Groups: map[string][]payloadItem{}}
	for i := range d.Steps {
		st := &d.Steps[i]
		if st.Group == nil {
			payloadValues(st, a.Values, doc.Values)
			continue
		}
		for _, it := range a.Groups[st.Group.ID] {
			p := payloadItem{ID: it.ID, Values: map[string]payloadValue{}}
			payloadValues(st, it.Values, p.Values)
			doc.Groups[st.Group.ID] = append(doc.Groups[st.Group.ID], p)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return Payload{}, fmt.Errorf("assistant: payload: %w", err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	sum := sha256.Sum256(out)
	return Payload{JSON: out, SHA256: hex.EncodeToString(sum[:])}, nil
}

func payloadValues(st *Step, from map[string]Answer, to map[string]payloadValue) {
	for i := range st.Fields {
		f := &st.Fields[i]
		a, ok := from[f.ID]
		if !ok || a.IsEmpty() {
			continue
		}
		v := payloadValue{Source: a.Origin.Source, Level: a.Origin.Level, Type: f.Type, Value: a.plain(), Facts: a.Facts}
		if !a.Origin.At.IsZero() {
			at := stamp(a.Origin.At)
			v.At = &at
		}
		to[f.ID] = v
	}
}

func (a Answer) plain() any {
	switch a.Kind {
	case KindNumber:
		return json.Number(a.Text)
	case KindMoney:
		return plainMoney(a.Cents)
	case KindBool:
		return a.Bool
	case KindOptions:
		return a.Options
	case KindFiles:
		return a.Files
	case KindRaw: // complete answers hold only partial dates as raw
		t, ok := lastPossible(a.Text)
		if !ok {
			return a.Text
		}
		if dateParts(a.Text)[1] == "" {
			return t.Format("2006")
		}
		return t.Format("2006-01")
	}
	return a.Text
}
