package assistant

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what is wrong with an answer.
type Code string

// The codes; in brackets what [FieldError.Params] holds.
const (
	CodeRequired    Code = "required"
	CodeTooLong     Code = "too_long" // max, length
	CodePattern     Code = "pattern"
	CodeDateInvalid Code = "date_invalid"
	CodeDateFuture  Code = "date_future" // max: latest day allowed
	CodeDatePast    Code = "date_past"   // min: earliest day allowed
	CodeNumber      Code = "number"      // decimals
	CodeRange       Code = "range"       // min, max: those that exist
	CodeIBAN        Code = "iban"
	CodeEmail       Code = "email"
	CodePhone       Code = "phone"
	CodePostcode    Code = "postcode"
	CodeOption      Code = "option"
	CodeFileType    Code = "file_type"    // accept
	CodeFileTooBig  Code = "file_too_big" // max in bytes
	CodeTooFew      Code = "too_few"      // min
	CodeTooMany     Code = "too_many"     // max
	CodeControl     Code = "control_chars"
	CodeNotUTF8     Code = "not_utf8"
	CodeLookup      Code = "lookup" // the register did not answer
	// CodeGone means that the step, item or field does not exist or is not
	// asked (any more): an old page was sent.
	CodeGone Code = "gone"
)

var codes = []Code{CodeRequired, CodeTooLong, CodePattern, CodeDateInvalid, CodeDateFuture,
	CodeDatePast, CodeNumber, CodeRange, CodeIBAN, CodeEmail, CodePhone, CodePostcode, CodeOption,
	CodeFileType, CodeFileTooBig, CodeTooFew, CodeTooMany, CodeControl, CodeNotUTF8, CodeLookup, CodeGone}

// FieldError is one thing the person has to put right. It never holds what the
// person entered.
type FieldError struct {
	Step  string // id of the step
	Item  string // id of the item, "" outside a group
	Field string // id of the field, or of the group for the number of its items
	Code  Code
	// Params are the numbers and days for the sentence; days as 2006-01-02.
	Params map[string]string
	// Fresh means that the question appeared only because of this very post
	// and was not on the page before: ask it, do not report a mistake.
	Fresh bool
}

// ErrIncomplete is returned by [Definition.Payload] when something is missing.
var ErrIncomplete = errors.New("assistant: answers are not complete")

// Problem is one fault in a definition.
type Problem struct {
	File string
	Path string // where in the document, for instance "steps[2].fields[0].when"
	Text string
}

// LoadError lists all faults found in the definitions.
type LoadError struct{ Problems []Problem }

// Error gives one fault per line.
func (e *LoadError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "assistant: %d faults in definitions", len(e.Problems))
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n%s: %s: %s", p.File, p.Path, p.Text)
	}
	return b.String()
}
