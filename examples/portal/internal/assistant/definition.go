package assistant

// Lang is a language of the portal.
type Lang string

// The languages every text of a definition exists in.
const (
	German  Lang = "de"
	English Lang = "en"
	Simple  Lang = "de-simple" // Leichte Sprache
)

// Langs returns the languages that every text must have, German first.
func Langs() []Lang { return []Lang{German, English, Simple} }

// Text is one text in all languages.
type Text map[Lang]string

// In returns the text in the language, in German when the language is missing.
// The zero Text gives "".
func (t Text) In(l Lang) string {
	if s, ok := t[l]; ok {
		return s
	}
	return t[German]
}

// Audience says for whom an assistant is.
type Audience string

// The audiences.
const (
	Citizen      Audience = "citizen"
	Organisation Audience = "organisation"
	Both         Audience = "both"
)

// Outcome is what the administration answers with; it decides the words for the
// end state (entschieden, bestätigt, erledigt).
type Outcome string

// The outcomes.
const (
	Decision     Outcome = "decision"     // Bescheid
	Notification Outcome = "notification" // Anzeige, is confirmed
	Certificate  Outcome = "certificate"  // document, is done
)

// Residence is the value of [Definition.MassgeblicherOrt] when the place of
// residence decides which office is responsible.
const Residence = "residence"

// Definition is one version of one form assistant. A released version does not
// change; drafts stay on the version they were begun with. Read only.
type Definition struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	// Service is the id of the Leistung in XZuFi; empty when the assistant
	// serves any service.
	Service string `json:"service,omitempty"`
	Title   Text   `json:"title"`
	Lead    Text   `json:"lead"`
	// Level is the trust level of the login that is needed: 0 none, 1 low,
	// 3 substantial, 4 high.
	Level    int      `json:"level"`
	Audience Audience `json:"audience"`
	Fee      *Fee     `json:"fee,omitempty"` // nil: no fee
	// MassgeblicherOrt is the id of the place field that decides which office
	// is responsible, or [Residence].
	MassgeblicherOrt string      `json:"massgeblicherOrt"`
	Outcome          Outcome     `json:"outcome"`
	Processing       Text        `json:"processing"` // usual time until the outcome
	Steps            []Step      `json:"steps"`
	Declaration      Declaration `json:"declaration"`
}

// Declaration is what the person declares when sending.
type Declaration struct {
	Points  []Text `json:"points"`
	Privacy Text   `json:"privacy"`
}

// Step is one page of questions about one topic.
type Step struct {
	ID    string     `json:"id"`
	Title Text       `json:"title"`
	Lead  Text       `json:"lead,omitempty"`
	When  *Condition `json:"when,omitempty"` // nil: always; may look at earlier steps only
	// Group makes the fields of the step those of one item of a list.
	Group  *Group  `json:"group,omitempty"`
	Fields []Field `json:"fields"`
}

// Group says that a step is asked once per item.
type Group struct {
	ID  string `json:"id"`
	Min int    `json:"min"`
	Max int    `json:"max"` // 1 to 50
	// ItemTitle names one item; the engine adds the number.
	ItemTitle Text `json:"itemTitle"`
}

// Type is the type of a field.
type Type string

// The types. An address is asked as single fields.
const (
	TypeText       Type = "text"
	TypeTextarea   Type = "textarea"
	TypeNumber     Type = "number"
	TypeMoney      Type = "money"
	TypeDate       Type = "date" // three inputs: id.day, id.month, id.year
	TypeYesNo      Type = "yesno"
	TypeRadio      Type = "radio"
	TypeCheckboxes Type = "checkboxes"
	TypeSelect     Type = "select"
	TypeIBAN       Type = "iban"
	TypeEmail      Type = "email"
	TypePhone      Type = "phone"
	TypePostcode   Type = "postcode"
	TypePlace      Type = "place" // area key of a municipality, 8 to 12 digits
	TypeFile       Type = "file"
	TypeConsent    Type = "consent"
	// TypeLookup is a choice among records that a register returns for the
	// person, beside the field's own options. Not in a group.
	TypeLookup Type = "lookup"
)

// Field is one question.
type Field struct {
	// ID is the name of the answer and of the form input. In a group it is
	// unique within the item and differs from the ids outside.
	ID       string     `json:"id"`
	Type     Type       `json:"type"`
	Label    Text       `json:"label"`
	Short    Text       `json:"short,omitempty"` // label in the summary, if it differs
	Help     Text       `json:"help,omitempty"`
	Purpose  Text       `json:"purpose,omitempty"` // why it is asked
	Required bool       `json:"required,omitempty"`
	When     *Condition `json:"when,omitempty"` // nil: always; may look at earlier fields only
	// MaxLen is the longest answer in characters; 0: 200, textarea 4000.
	MaxLen int `json:"maxLen,omitempty"`
	// Min and Max bound a number ("0", "12.5"), an amount in euros, a date
	// ("2000-01-31", "today", "today-18y", "today+14d") or the count of
	// chosen checkboxes; empty: unbounded.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Decimals is how many decimal places a number may have (0 to 4).
	Decimals int `json:"decimals,omitempty"`
	// Partial allows a date whose day or day and month are unknown.
	Partial bool `json:"partial,omitempty"`
	// Pattern is an RE2 expression that the whole normalised text must match.
	Pattern string `json:"pattern,omitempty"`
	// Compact removes spaces, dots, hyphens and slashes from a text before
	// anything else, for numbers that people write in groups.
	Compact bool     `json:"compact,omitempty"`
	Options []Option `json:"options,omitempty"`
	// Source names the register that a lookup asks.
	Source       string `json:"source,omitempty"`
	Autocomplete string `json:"autocomplete,omitempty"` // HTML token
	// NoProposal keeps a place field from proposing the place that was chosen
	// in the portal, for instance because a place of birth is asked.
	NoProposal bool         `json:"noProposal,omitempty"`
	Prefill    *PrefillRule `json:"prefill,omitempty"`
	// Accept lists the media types of files; empty: PDF, JPEG, PNG.
	Accept   []string `json:"accept,omitempty"`
	MaxFiles int      `json:"maxFiles,omitempty"` // 0: 1
	MaxBytes int64    `json:"maxBytes,omitempty"` // per file, 0: 50 MB
	// Consequences are shown with the question when their condition holds;
	// it may look at this field and at earlier ones.
	Consequences []Consequence `json:"consequences,omitempty"`
	// Errors replace the portal's general sentence for a code.
	Errors map[Code]Text `json:"errors,omitempty"`

	pattern matcher
}

type matcher interface{ MatchString(string) bool }

// Option is one choice of a radio, checkboxes or select field.
type Option struct {
	Value string `json:"value"`
	Label Text   `json:"label"`
	Help  Text   `json:"help,omitempty"`
}

// PrefillRule says from where a field is prefilled.
type PrefillRule struct {
	// BundID is the attribute's name, for instance "urn:oid:2.5.4.42".
	BundID string `json:"bundid,omitempty"`
	// Account is the key of the same fact in the portal's account.
	Account string `json:"account,omitempty"`
	// LockLevel locks the field when the value came from BundID with at
	// least this trust level; 0: never.
	LockLevel int `json:"lockLevel,omitempty"`
}

// Consequence is a text that is shown when a condition holds.
type Consequence struct {
	When Condition `json:"when"`
	Text Text      `json:"text"`
}

// DefaultMaxBytes is the greatest size of a file when the field does not say one.
const DefaultMaxBytes = 50 << 20

// Limit returns the longest answer in characters.
func (f *Field) Limit() int {
	switch {
	case f.MaxLen > 0:
		return f.MaxLen
	case f.Type == TypeTextarea:
		return 4000
	case f.Type == TypeEmail:
		return 254
	}
	return 200
}

// FileCount returns how many files the field takes.
func (f *Field) FileCount() int { return max(f.MaxFiles, 1) }

// FileBytes returns the greatest size of one file in bytes.
func (f *Field) FileBytes() int64 {
	if f.MaxBytes > 0 {
		return f.MaxBytes
	}
	return DefaultMaxBytes
}

// FileTypes returns the media types the field takes.
func (f *Field) FileTypes() []string {
	if len(f.Accept) > 0 {
		return append([]string(nil), f.Accept...)
	}
	return []string{"application/pdf", "image/jpeg", "image/png"}
}

// Option returns the option with the value.
func (f *Field) Option(value string) (Option, bool) {
	for _, o := range f.Options {
		if o.Value == value {
			return o, true
		}
	}
	return Option{}, false
}

// Keys returns the names of the form inputs of the field.
func (f *Field) Keys() []string {
	if f.Type == TypeDate {
		return []string{f.ID + ".day", f.ID + ".month", f.ID + ".year"}
	}
	return []string{f.ID}
}

// Step returns the step with the id, nil when there is none.
func (d *Definition) Step(id string) *Step {
	for i := range d.Steps {
		if d.Steps[i].ID == id {
			return &d.Steps[i]
		}
	}
	return nil
}

// Field returns the field of the step, nil when there is none.
func (s *Step) Field(id string) *Field {
	for i := range s.Fields {
		if s.Fields[i].ID == id {
			return &s.Fields[i]
		}
	}
	return nil
}
