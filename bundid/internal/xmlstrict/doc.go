// Package xmlstrict parses the small part of XML that SAML messages need into
// an immutable tree, once, and writes that tree in exclusive canonical form.
//
// It is a tokenizer of its own, not a layer over encoding/xml, because the
// latter hides what a signature check must know: whether a line break in an
// attribute was written literally (then it is a space) or as a reference,
// whether a name had two colons, and which prefix an element used.
//
// Refused, each with its own [Reason]: document type declarations, processing
// instructions, comments, CDATA sections, entity references beyond the five
// built in, names outside ASCII, undeclared prefixes, relative namespace
// names, duplicate attributes, duplicate or namespaced ID attributes, and
// anything beyond the limits.
package xmlstrict
