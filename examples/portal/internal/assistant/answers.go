package assistant

import (
	"maps"
	"slices"
	"time"
)

// Source says where a value came from.
type Source string

// The sources.
const (
	Typed   Source = "typed"   // entered by the person
	BundID  Source = "bundid"  // attribute of the federal account
	Account Source = "account" // stored in the portal's account
	Changed Source = "changed" // was prefilled, then changed by the person
	Looked  Source = "lookup"  // chosen among the records of a register
)

// Origin is the provenance of one value.
type Origin struct {
	Source Source    `json:"source"`
	Level  int       `json:"level,omitempty"` // trust level of a prefilled value
	At     time.Time `json:"at"`              // when the value last changed, UTC, microseconds
}

// Kind says which part of an [Answer] holds the value.
type Kind string

// The kinds.
const (
	KindText    Kind = "text"    // Text; also options of radio and select, place, IBAN ...
	KindNumber  Kind = "number"  // Text, a decimal like "12.5"
	KindMoney   Kind = "money"   // Cents
	KindDate    Kind = "date"    // Text, "2006-01-02"
	KindBool    Kind = "bool"    // Bool
	KindOptions Kind = "options" // Options, in the order of the definition
	KindFiles   Kind = "files"   // Files
	KindRecord  Kind = "record"  // Text is the id of a looked-up record; with Label, Facts and Subject
	// KindRaw is Text that could not be read as the field's type, kept so that
	// the person can correct it. A date is kept as "day.month.year"; for a
	// partial date ("..1980") of a field that allows it this is a full answer.
	// Conditions see other raw values as empty.
	KindRaw Kind = "raw"
	// KindEmpty remembers that the person removed a prefilled value.
	KindEmpty Kind = "empty"
)

// File is a reference to an uploaded file; the bytes are kept elsewhere.
type File struct {
	ID        string `json:"id"`
	MediaType string `json:"mediaType"` // found from the bytes, never the browser's word
	Name      string `json:"name"`
	SHA256    string `json:"sha256"` // hexadecimal
	Size      int64  `json:"size"`
}

// Answer is one value with its provenance.
type Answer struct {
	Kind    Kind     `json:"kind"`
	Text    string   `json:"text,omitempty"`
	Cents   int64    `json:"cents,omitempty"`
	Bool    bool     `json:"bool,omitempty"`
	Options []string `json:"options,omitempty"`
	Files   []File   `json:"files,omitempty"`
	// Label and Facts are what the person was shown of a looked-up record,
	// Subject stands for the person it was offered to.
	Label   string `json:"label,omitempty"`
	Facts   []Fact `json:"facts,omitempty"`
	Subject string `json:"subject,omitempty"`
	Origin  Origin `json:"origin"`
}

// IsEmpty reports whether there is no value.
func (a Answer) IsEmpty() bool { return a.Kind == "" || a.Kind == KindEmpty }

// same reports whether two answers hold the same value, whatever their origin.
func (a Answer) same(b Answer) bool {
	return a.Kind == b.Kind && a.Text == b.Text && a.Cents == b.Cents && a.Bool == b.Bool &&
		slices.Equal(a.Options, b.Options) && slices.Equal(a.Files, b.Files) &&
		a.Label == b.Label && slices.Equal(a.Facts, b.Facts) && a.Subject == b.Subject
}

func (a Answer) clone() Answer {
	a.Options, a.Files, a.Facts = slices.Clone(a.Options), slices.Clone(a.Files), slices.Clone(a.Facts)
	return a
}

// Item is one entry of a repeatable group.
type Item struct {
	ID     string            `json:"id"` // stable within the answers, never used twice
	Values map[string]Answer `json:"values,omitempty"`
}

// Answers is the document that a draft stores. It is written by encoding/json
// and read back unchanged. Begin with [Definition.Start].
type Answers struct {
	Definition string            `json:"definition"`
	Version    string            `json:"version"`
	Values     map[string]Answer `json:"values,omitempty"`
	Groups     map[string][]Item `json:"groups,omitempty"`
	Visited    []string          `json:"visited,omitempty"` // ids of the steps that were posted
	LastItem   int               `json:"lastItem,omitempty"`
}

// Start returns empty answers for the definition.
func (d *Definition) Start() Answers {
	return Answers{Definition: d.ID, Version: d.Version}
}

// Value returns the answer of a field outside the groups.
func (a Answers) Value(field string) (Answer, bool) {
	v, ok := a.Values[field]
	return v, ok && !v.IsEmpty()
}

// Item returns the item of a group and its place, -1 when there is none.
func (a Answers) Item(group, item string) (Item, int) {
	for i, it := range a.Groups[group] {
		if it.ID == item {
			return it, i
		}
	}
	return Item{}, -1
}

// Files returns every file the answers refer to, in no special order; the
// portal uses it to remove what nobody refers to any more.
func (a Answers) Files() []File {
	var out []File
	for _, v := range a.Values {
		out = append(out, v.Files...)
	}
	for _, items := range a.Groups {
		for _, it := range items {
			for _, v := range it.Values {
				out = append(out, v.Files...)
			}
		}
	}
	return out
}

func (a Answers) clone() Answers {
	a.Values = cloneValues(a.Values)
	a.Visited = slices.Clone(a.Visited)
	groups := maps.Clone(a.Groups)
	for id, items := range groups {
		items = slices.Clone(items)
		for i := range items {
			items[i].Values = cloneValues(items[i].Values)
		}
		groups[id] = items
	}
	a.Groups = groups
	return a
}

func cloneValues(m map[string]Answer) map[string]Answer {
	if m == nil {
		return nil
	}
	out := make(map[string]Answer, len(m))
	for k, v := range m {
		out[k] = v.clone()
	}
	return out
}

func (a *Answers) visit(step string) {
	if !slices.Contains(a.Visited, step) {
		a.Visited = append(a.Visited, step)
	}
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
