package xmlsec

import (
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

const maxInclusive = 16

// Verify checks the signature sig, a child of parent, with keys. It returns
// what was signed: parent without sig, from its canonical bytes. Every error
// is an *Error.
func Verify(parent, sig *xmlstrict.Element, keys []crypto.PublicKey) (*xmlstrict.Element, error) {
	if sig.Parent != parent || !sig.Is(DSig, "Signature") {
		return nil, fail(Form)
	}
	parts, ok := sig.Elements()
	if !ok || len(parts) < 2 || len(parts) > 3 ||
		!parts[0].Is(DSig, "SignedInfo") || !parts[1].Is(DSig, "SignatureValue") {
		return nil, fail(Form)
	}
	if len(parts) == 3 && !harmlessKeyInfo(parts[2]) {
		return nil, fail(Form)
	}
	// The algorithms must be known before anything can be verified; the rest
	// is read again from the bytes that were.
	unverified, err := readSignedInfo(parts[0])
	if err != nil {
		return nil, err
	}
	value, err := decodeBase64(parts[1])
	if err != nil {
		return nil, err
	}
	canonical := xmlstrict.Canonical(parts[0], unverified.inclusive, nil)
	if !anyVerifies(unverified.signature, keys, canonical, value) {
		return nil, fail(Signature)
	}
	again, err := xmlstrict.Parse(canonical, xmlstrict.DefaultLimits(), nil)
	if err != nil {
		return nil, &Error{Reason: Content, Err: err}
	}
	info, err := readSignedInfo(again)
	if err != nil {
		return nil, err
	}
	return referenced(parent, sig, info)
}

// referenced checks the digest of parent and returns it re-read.
func referenced(parent, sig *xmlstrict.Element, info signedInfo) (*xmlstrict.Element, error) {
	id, ok := parent.Attr("ID")
	if !ok || id == "" || info.uri != "#"+id {
		return nil, fail(Reference)
	}
	signed := xmlstrict.Canonical(parent, info.refInclusive, sig)
	if len(signed) == 0 {
		return nil, fail(Content)
	}
	h := info.digest.New()
	h.Write(signed)
	if subtle.ConstantTimeCompare(h.Sum(nil), info.digestValue) != 1 {
		return nil, fail(Digest)
	}
	limits := xmlstrict.DefaultLimits()
	// Canonical form may write declarations again that an ancestor shared.
	limits.Bytes *= 2
	root, err := xmlstrict.Parse(signed, limits, nil)
	if err != nil {
		return nil, &Error{Reason: Content, Err: err}
	}
	if root.Space != parent.Space || root.Local != parent.Local {
		return nil, fail(Content)
	}
	return root, nil
}

func anyVerifies(a signatureAlgorithm, keys []crypto.PublicKey, signed, value []byte) bool {
	h := a.hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	for _, k := range keys {
		if a.verifies(k, digest, value) {
			return true
		}
	}
	return false
}

type signedInfo struct {
	signature    signatureAlgorithm
	inclusive    []string
	uri          string
	refInclusive []string
	digest       crypto.Hash
	digestValue  []byte
}

func readSignedInfo(e *xmlstrict.Element) (signedInfo, error) {
	var info signedInfo
	parts, ok := e.Elements()
	if !ok || len(parts) != 3 || !parts[0].Is(DSig, "CanonicalizationMethod") ||
		!parts[1].Is(DSig, "SignatureMethod") || !parts[2].Is(DSig, "Reference") {
		return info, fail(Form)
	}
	var err error
	if info.inclusive, err = exclusive(parts[0]); err != nil {
		return info, err
	}
	name, err := bareAlgorithm(parts[1])
	if err != nil {
		return info, err
	}
	if info.signature, ok = signatureAlgorithms[name]; !ok {
		return info, fail(Algorithm)
	}
	return info, readReference(parts[2], &info)
}

func readReference(e *xmlstrict.Element, info *signedInfo) error {
	parts, ok := e.Elements()
	if !ok || len(parts) != 3 || !parts[0].Is(DSig, "Transforms") ||
		!parts[1].Is(DSig, "DigestMethod") || !parts[2].Is(DSig, "DigestValue") {
		return fail(Form)
	}
	if info.uri, ok = e.Attr("URI"); !ok {
		return fail(Reference)
	}
	if _, typed := e.Attr("Type"); typed {
		return fail(Form)
	}
	transforms, ok := parts[0].Elements()
	if !ok || len(transforms) != 2 || !transforms[0].Is(DSig, "Transform") || !transforms[1].Is(DSig, "Transform") {
		return fail(Algorithm)
	}
	first, err := bareAlgorithm(transforms[0])
	if err != nil {
		return err
	}
	if first != Enveloped {
		return fail(Algorithm)
	}
	if info.refInclusive, err = exclusive(transforms[1]); err != nil {
		return err
	}
	name, err := bareAlgorithm(parts[1])
	if err != nil {
		return err
	}
	if info.digest, ok = digestAlgorithms[name]; !ok {
		return fail(Algorithm)
	}
	info.digestValue, err = decodeBase64(parts[2])
	return err
}

// exclusive accepts exclusive canonicalisation without comments, with an
// optional prefix list.
func exclusive(e *xmlstrict.Element) ([]string, error) {
	name, _ := e.Attr("Algorithm")
	if name != ExclusiveC14 {
		return nil, fail(Algorithm)
	}
	parts, ok := e.Elements()
	switch {
	case !ok || len(parts) > 1:
		return nil, fail(Form)
	case len(parts) == 0:
		return nil, nil
	case !parts[0].Is(ExclusiveC14, "InclusiveNamespaces") || len(parts[0].Children) > 0:
		return nil, fail(Form)
	}
	list, _ := parts[0].Attr("PrefixList")
	prefixes := strings.Fields(list)
	if len(prefixes) > maxInclusive {
		return nil, fail(Form)
	}
	return prefixes, nil
}

// bareAlgorithm returns the Algorithm of an element that has no parameters.
func bareAlgorithm(e *xmlstrict.Element) (string, error) {
	if len(e.Children) > 0 {
		return "", fail(Form)
	}
	name, ok := e.Attr("Algorithm")
	if !ok {
		return "", fail(Algorithm)
	}
	return name, nil
}

// harmlessKeyInfo allows hints that are ignored, and nothing that points
// elsewhere.
func harmlessKeyInfo(e *xmlstrict.Element) bool {
	parts, ok := e.Elements()
	if !ok || !e.Is(DSig, "KeyInfo") {
		return false
	}
	for _, p := range parts {
		if p.Space != DSig || p.Local != "X509Data" && p.Local != "KeyValue" && p.Local != "KeyName" {
			return false
		}
	}
	return true
}

func decodeBase64(e *xmlstrict.Element) ([]byte, error) {
	text, ok := e.Text()
	if !ok {
		return nil, fail(Form)
	}
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, text)
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 {
		return nil, fail(Form)
	}
	return raw, nil
}
