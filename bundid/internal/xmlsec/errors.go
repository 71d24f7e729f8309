package xmlsec

// Reason says which rule a signature or ciphertext broke.
type Reason int

// The reasons.
const (
	Form       Reason = iota + 1 // elements missing, superfluous or in the wrong order
	Algorithm                    // not on the list of allowed algorithms
	Reference                    // does not refer to the signature's parent
	Digest                       // digest differs
	Signature                    // no key verifies the signature
	Decryption                   // no key opens the ciphertext
	Content                      // verified or decrypted bytes are no acceptable document
)

var reasonNames = [...]string{
	Form: "form", Algorithm: "algorithm", Reference: "reference", Digest: "digest",
	Signature: "signature", Decryption: "decryption", Content: "content",
}

// Error is returned for every refusal. It carries no content.
type Error struct {
	Reason Reason
	Err    error // reason below, may be nil
}

// Error implements error.
func (e *Error) Error() string {
	if e.Reason > 0 && int(e.Reason) < len(reasonNames) {
		return "xml security: " + reasonNames[e.Reason]
	}
	return "xml security: unknown"
}

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }

func fail(r Reason) error { return &Error{Reason: r} }
