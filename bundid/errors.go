package bundid

import (
	"errors"
	"fmt"
)

// Errors of a [Store].
var (
	// ErrNotFound means that there is no such request or ticket (any more).
	ErrNotFound = errors.New("bundid: not found")
	// ErrExists means that the id is taken.
	ErrExists = errors.New("bundid: id already used")
	// ErrReplayed means that the assertion was used before.
	ErrReplayed = errors.New("bundid: assertion already used")
	// ErrFull means that the store takes no more pending requests for now. A
	// pending request is never dropped to make room for another.
	ErrFull = errors.New("bundid: too many pending requests")
)

// ConfigError is returned by [New] for a [Config] that cannot work.
type ConfigError struct {
	Field string // name of the field of Config
	Err   error  // what is wrong
}

// Error implements error. The text is safe for logs.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("bundid: config %s: %v", e.Field, e.Err)
}

// Unwrap returns what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// RequestError is returned by [ServiceProvider.Start] for a [LoginRequest]
// that cannot be sent.
type RequestError struct {
	Field string // name of the field of LoginRequest
}

// Error implements error. The text is safe for logs.
func (e *RequestError) Error() string {
	return fmt.Sprintf("bundid: login request: field %s is not valid", e.Field)
}

// Reason says which check a response failed. There is one value per check.
type Reason int

// The reasons of a [ResponseError], in the order of the checks. The first
// three groups mean a broken or forged message; the group from ReasonStatus on
// tells what the account reported; the last two concern the browser.
const (
	ReasonTransport         Reason = iota + 1 // not a POST with one SAMLResponse field
	ReasonTooLarge                            // larger than any honest response
	ReasonEncoding                            // not base64 of UTF-8
	ReasonXML                                 // not well-formed, or with comments, instructions, CDATA, entities
	ReasonDoctype                             // document type declaration
	ReasonLimit                               // too deep, too many elements or attributes
	ReasonDuplicateID                         // one ID twice, or an ID in a foreign namespace
	ReasonStructure                           // elements missing, superfluous or out of order
	ReasonAssertionCount                      // not exactly one assertion
	ReasonAssertionPosition                   // assertion elsewhere than in the Response
	ReasonSignaturePosition                   // signature elsewhere than right after the Issuer, or several
	ReasonUnsigned                            // neither response nor assertion signed
	ReasonSignatureForm                       // more than one reference, foreign parts in the signature
	ReasonAlgorithm                           // algorithm or transform not allowed
	ReasonReference                           // signature does not refer to its parent
	ReasonDigest                              // content was changed
	ReasonSignature                           // no pinned key made this signature
	ReasonEncryptionForm                      // encrypted assertion out of form, or too many keys
	ReasonDecryption                          // none of our keys opens the assertion

	ReasonVersion             // not SAML 2.0
	ReasonIssuer              // not the pinned account
	ReasonDestination         // sent for another address
	ReasonSubject             // no valid bearer confirmation
	ReasonRecipient           // confirmation for another address
	ReasonAudience            // made for another service
	ReasonConditions          // conditions missing or unknown
	ReasonNotYetValid         // from the future
	ReasonExpired             // too late
	ReasonWindow              // valid for longer than allowed, or without end
	ReasonAuthnStatement      // not exactly one statement, or from before the request
	ReasonAttributes          // attribute statement out of form
	ReasonDuplicateAttribute  // one attribute name twice
	ReasonLevelUnknown        // level is none of the known words
	ReasonReplay              // assertion used before
	ReasonInResponseTo        // no such open request: unsolicited, answered before or too late
	ReasonRelayState          // relay state is not that of the request
	ReasonLevelTooLow         // level below the one asked for
	ReasonAttributeNotPresent // a required attribute is missing in a successful answer

	ReasonStatus                   // account reports another error
	ReasonCanceled                 // citizen cancelled
	ReasonLevelUnavailable         // account cannot reach the level asked for
	ReasonRequiredAttributeMissing // account cannot deliver a required attribute

	ReasonTicket  // ticket unknown, used or too old
	ReasonBrowser // answer came to another browser than the one that asked
)

var reasonNames = [...]string{
	ReasonTransport: "transport", ReasonTooLarge: "too-large", ReasonEncoding: "encoding",
	ReasonXML: "xml", ReasonDoctype: "doctype", ReasonLimit: "limit", ReasonDuplicateID: "duplicate-id",
	ReasonStructure: "structure", ReasonAssertionCount: "assertion-count",
	ReasonAssertionPosition: "assertion-position", ReasonSignaturePosition: "signature-position",
	ReasonUnsigned: "unsigned", ReasonSignatureForm: "signature-form", ReasonAlgorithm: "algorithm",
	ReasonReference: "reference", ReasonDigest: "digest", ReasonSignature: "signature",
	ReasonEncryptionForm: "encryption-form", ReasonDecryption: "decryption", ReasonVersion: "version", ReasonIssuer: "issuer",
	ReasonDestination: "destination", ReasonSubject: "subject", ReasonRecipient: "recipient",
	ReasonAudience: "audience", ReasonConditions: "conditions", ReasonNotYetValid: "not-yet-valid",
	ReasonExpired: "expired", ReasonWindow: "window", ReasonAuthnStatement: "authn-statement",
	ReasonAttributes: "attributes", ReasonDuplicateAttribute: "duplicate-attribute",
	ReasonLevelUnknown: "level-unknown", ReasonReplay: "replay", ReasonInResponseTo: "in-response-to",
	ReasonRelayState: "relay-state", ReasonLevelTooLow: "level-too-low",
	ReasonAttributeNotPresent: "attribute-not-present", ReasonStatus: "status",
	ReasonCanceled: "canceled", ReasonLevelUnavailable: "level-unavailable",
	ReasonRequiredAttributeMissing: "required-attribute-missing", ReasonTicket: "ticket",
	ReasonBrowser: "browser",
}

// String returns a short code in lower case, for logs and as message key.
func (r Reason) String() string {
	if r > 0 && int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Status is what the account reported: SAML status codes and, where the
// account sent one, the code of the akdb status detail.
type Status struct {
	Code    string   // top level, a URI
	Subcode string   // second level, a URI, may be empty
	Details []string // codes of the status detail, for example IDP_REQUIRED_ATTRIBUTES_MISSING
}

// ResponseError is returned by [ServiceProvider.Receive] and
// [ServiceProvider.Finish] when a login does not come about. Show people one
// general sentence, or one of their own for ReasonCanceled,
// ReasonLevelTooLow, ReasonLevelUnavailable, ReasonRequiredAttributeMissing
// and ReasonAttributeNotPresent.
type ResponseError struct {
	Reason Reason
	Status Status // zero unless the account reported an error
	State  string // LoginRequest.State, if the request could be found
	Err    error  // cause below, may be nil; not for people
}

// Error returns a text without personal data.
func (e *ResponseError) Error() string { return "bundid: response refused: " + e.Reason.String() }

// Unwrap returns the cause below.
func (e *ResponseError) Unwrap() error { return e.Err }

// refuse builds the error of a failed check.
func refuse(r Reason) *ResponseError { return &ResponseError{Reason: r} }
