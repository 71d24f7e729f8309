package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // label and mask hash of OAEP only, never of a signature
	_ "crypto/sha256"
	_ "crypto/sha512"
	"math/big"
)

// Names of algorithms.
const (
	DSig         = "http://www.w3.org/2000/09/xmldsig#"
	Enc          = "http://www.w3.org/2001/04/xmlenc#"
	Enc11        = "http://www.w3.org/2009/xmlenc11#"
	ExclusiveC14 = "http://www.w3.org/2001/10/xml-exc-c14n#"
	Enveloped    = DSig + "enveloped-signature"
	RSASHA256    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	PSSSHA256    = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	SHA256       = Enc + "sha256"
)

type family int

const (
	pkcs1 family = iota
	pss
	ecdsaFamily
)

type signatureAlgorithm struct {
	family family
	hash   crypto.Hash
}

// signatureAlgorithms is the whole list: nothing with SHA-1, MD5 or HMAC.
var signatureAlgorithms = map[string]signatureAlgorithm{
	RSASHA256: {pkcs1, crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": {pkcs1, crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": {pkcs1, crypto.SHA512},
	PSSSHA256: {pss, crypto.SHA256},
	"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": {pss, crypto.SHA384},
	"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": {pss, crypto.SHA512},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":    {ecdsaFamily, crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":    {ecdsaFamily, crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":    {ecdsaFamily, crypto.SHA512},
}

var digestAlgorithms = map[string]crypto.Hash{
	SHA256: crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	Enc + "sha512": crypto.SHA512,
}

// oaepDigests are the label hashes. SHA-1 is sound here: OAEP needs no
// collision resistance, and it is the default of the standard.
var oaepDigests = map[string]crypto.Hash{
	DSig + "sha1": crypto.SHA1,
	SHA256:        crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	Enc + "sha512": crypto.SHA512,
}

var maskHashes = map[string]crypto.Hash{
	Enc11 + "mgf1sha1":   crypto.SHA1,
	Enc11 + "mgf1sha256": crypto.SHA256,
	Enc11 + "mgf1sha384": crypto.SHA384,
	Enc11 + "mgf1sha512": crypto.SHA512,
}

var contentKeySizes = map[string]int{
	Enc11 + "aes128-gcm": 16,
	Enc11 + "aes192-gcm": 24,
	Enc11 + "aes256-gcm": 32,
}

// verifies reports whether key made sig over digest. A key of another type
// than the algorithm names never does.
func (a signatureAlgorithm) verifies(key crypto.PublicKey, digest, sig []byte) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch a.family {
		case pkcs1:
			return rsa.VerifyPKCS1v15(k, a.hash, digest, sig) == nil
		case pss:
			// RFC 9231, 2.3.9: the salt is as long as the hash.
			opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return rsa.VerifyPSS(k, a.hash, digest, sig, opts) == nil
		}
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		if a.family != ecdsaFamily || len(sig) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
		return ecdsa.Verify(k, digest, r, s)
	}
	return false
}
