package xmlstrict

import "fmt"

// Reason says why a document was refused.
type Reason int

// The reasons, one per rule.
const (
	Syntax Reason = iota + 1
	Encoding
	Doctype
	ProcessingInstruction
	Comment
	CDATA
	Entity
	Name
	Namespace
	DuplicateAttribute
	DuplicateID
	Limit
)

var reasonNames = [...]string{
	Syntax: "syntax", Encoding: "encoding", Doctype: "doctype",
	ProcessingInstruction: "processing instruction", Comment: "comment", CDATA: "cdata section",
	Entity: "entity reference", Name: "name", Namespace: "namespace",
	DuplicateAttribute: "duplicate attribute", DuplicateID: "duplicate id", Limit: "limit exceeded",
}

// String returns the reason in words that are safe for logs.
func (r Reason) String() string {
	if r > 0 && int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// SyntaxError is returned for every refused document. It holds no content.
type SyntaxError struct {
	Reason Reason
	Offset int // byte offset where reading stopped
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("xml refused at byte %d: %s", e.Offset, e.Reason)
}
