// Package xmlsec verifies enveloped XML signatures and decrypts XML
// encryption, over trees of package xmlstrict, in the one narrow form that the
// BundID profile allows.
//
// A signature has exactly one Reference, to its parent, with the transforms
// enveloped-signature and exclusive canonicalisation in this order. Keys come
// from the caller; KeyInfo is never used to find one. What the signature
// covers is returned as the canonical bytes parsed once more, and only that
// tree may be read.
//
// Standards: XML Signature 1.1, RFC 9231 (sha256-rsa-MGF1 and relatives),
// Exclusive XML Canonicalization 1.0, XML Encryption 1.1.
package xmlsec
