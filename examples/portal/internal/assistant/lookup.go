package assistant

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// LookupState says what came of asking the source of a lookup field.
type LookupState string

// The states of a lookup.
const (
	LookupFound  LookupState = "found"
	LookupNone   LookupState = "none"   // the source knows nothing of this person
	LookupFailed LookupState = "failed" // the source did not answer, or not in a way that can be used
	LookupWeak   LookupState = "weak"   // the login says too little about the person, so nobody was asked
)

// Fact is one looked-up fact as it was shown; Key is a code of the source.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Offer is one record that a source returned for the person.
type Offer struct {
	Value string // the source's id of the record
	Label string
	Facts []Fact
}

// Lookup is the outcome of one question to a source, for one person.
type Lookup struct {
	State  LookupState
	Offers []Offer
	// Subject stands for the person whom the source was asked about, see
	// [Subject]. An answer is worth nothing for anybody else.
	Subject string
}

// Subject turns the attributes by which a person is looked up into a value that
// can be stored with the answer and compared, but tells nothing. salt is that
// of the draft, so that two drafts of one person cannot be joined by it.
func Subject(salt string, attributes ...string) string {
	sum := sha256.Sum256([]byte(salt + "\x00" + strings.Join(attributes, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// maxOffers is how many records one question shows.
const maxOffers = 50

// Offered returns the records that can be chosen: with an id, each once, none
// that looks like one of the field's own options.
func (f *Field) Offered(l Lookup) []Offer {
	var out []Offer
	for _, o := range l.Offers {
		id, p := clean(o.Value, false)
		_, own := f.Option(id)
		if p != nil || id == "" || id != o.Value || own || len(id) > 100 || len(out) == maxOffers ||
			slices.ContainsFunc(out, func(e Offer) bool { return e.Value == id }) {
			continue
		}
		out = append(out, o)
	}
	return out
}

// readLookup takes the choice of a record. What the field already holds for
// this person stays without the source being asked again; everything else must
// be offered now.
func (f *Field) readLookup(form map[string][]string, l Lookup, had Answer) (Answer, *fault) {
	s, p := clean(first(form[f.ID]), false)
	if p != nil || s == "" {
		return Answer{}, p
	}
	if _, ok := f.Option(s); ok {
		return Answer{Kind: KindText, Text: s}, nil
	}
	if had.Kind == KindRecord && had.Text == s && l.Subject != "" && had.Subject == l.Subject {
		return had.clone(), nil
	}
	if l.State == LookupFailed {
		return Answer{}, &fault{code: CodeLookup}
	}
	for _, o := range f.Offered(l) {
		if o.Value == s && l.Subject != "" {
			return Answer{Kind: KindRecord, Text: s, Label: o.Label, Facts: slices.Clone(o.Facts), Subject: l.Subject}, nil
		}
	}
	return Answer{}, &fault{code: CodeOption}
}

// DropForeign removes answers to lookups that were given for somebody else than
// subject: two people can share a browser, and the register's records of one
// are a secret to the other. An empty subject removes all of them.
func (d *Definition) DropForeign(a Answers, subject string) Answers {
	foreign := func(v Answer) bool { return v.Kind == KindRecord && (subject == "" || v.Subject != subject) }
	if !slices.ContainsFunc(d.Lookups(), func(f *Field) bool { return foreign(a.Values[f.ID]) }) {
		return a
	}
	a = a.clone()
	for _, f := range d.Lookups() {
		if foreign(a.Values[f.ID]) {
			delete(a.Values, f.ID)
		}
	}
	return a
}

// Lookups returns the lookup fields of the definition.
func (d *Definition) Lookups() []*Field {
	var out []*Field
	for i := range d.Steps {
		for j := range d.Steps[i].Fields {
			if f := &d.Steps[i].Fields[j]; f.Type == TypeLookup {
				out = append(out, f)
			}
		}
	}
	return out
}

// checkLookup judges a stored choice. It cannot tell whether the record is
// still there: the back office does when it takes the application.
func (f *Field) checkLookup(a Answer) *fault {
	if a.Kind == KindRecord && a.Text != "" && a.Subject != "" {
		return nil
	}
	if _, ok := f.Option(a.Text); ok && a.Kind == KindText {
		return nil
	}
	return &fault{code: CodeOption}
}
