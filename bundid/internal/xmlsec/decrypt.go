package xmlsec

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"strings"

	"github.com/stadttor/stadttor/bundid/internal/xmlstrict"
)

// maxEncryptedKeys bounds the private key operations one message can cause.
const maxEncryptedKeys = 4

// Decrypt opens an EncryptedAssertion: one EncryptedData with AES-GCM, its key
// wrapped with RSA-OAEP inside it or beside it. All failures to decrypt look
// alike. Every error is an *Error.
func Decrypt(container *xmlstrict.Element, keys []crypto.Decrypter) ([]byte, error) {
	children, ok := container.Elements()
	if !ok || len(children) == 0 || !children[0].Is(Enc, "EncryptedData") {
		return nil, fail(Form)
	}
	data, err := readEncryptedData(children[0])
	if err != nil {
		return nil, err
	}
	wrapped := append(data.keys, children[1:]...)
	if len(wrapped) == 0 || len(wrapped) > maxEncryptedKeys {
		return nil, fail(Form)
	}
	for _, w := range wrapped {
		k, err := readEncryptedKey(w)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			contentKey, err := key.Decrypt(rand.Reader, k.ciphertext, &k.options)
			if err != nil || len(contentKey) != data.keySize {
				continue
			}
			if plain, ok := openGCM(contentKey, data.ciphertext); ok {
				return plain, nil
			}
		}
	}
	return nil, fail(Decryption)
}

func openGCM(key, sealed []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	gcm, err := cipher.NewGCM(block) // 96-bit nonce, 128-bit tag
	if err != nil || len(sealed) < gcm.NonceSize()+gcm.Overhead() {
		return nil, false
	}
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	return plain, err == nil && len(plain) > 0
}

type encryptedData struct {
	keySize    int
	keys       []*xmlstrict.Element
	ciphertext []byte
}

func readEncryptedData(e *xmlstrict.Element) (encryptedData, error) {
	var d encryptedData
	parts, ok := e.Elements()
	if !ok || len(parts) < 2 || len(parts) > 3 || !parts[0].Is(Enc, "EncryptionMethod") {
		return d, fail(Form)
	}
	if typ, ok := e.Attr("Type"); ok && typ != Enc+"Element" {
		return d, fail(Form)
	}
	name, err := bareAlgorithm(parts[0])
	if err != nil {
		return d, err
	}
	if d.keySize, ok = contentKeySizes[name]; !ok {
		return d, fail(Algorithm)
	}
	if len(parts) == 3 {
		if d.keys, err = readKeyInfo(parts[1]); err != nil {
			return d, err
		}
	}
	d.ciphertext, err = cipherValue(parts[len(parts)-1])
	return d, err
}

// readKeyInfo returns the EncryptedKeys. A RetrievalMethod may name a key
// beside the data in this document; those are tried anyway.
func readKeyInfo(e *xmlstrict.Element) ([]*xmlstrict.Element, error) {
	parts, ok := e.Elements()
	if !ok || !e.Is(DSig, "KeyInfo") {
		return nil, fail(Form)
	}
	var keys []*xmlstrict.Element
	for _, p := range parts {
		switch {
		case p.Is(Enc, "EncryptedKey"):
			keys = append(keys, p)
		case p.Is(DSig, "RetrievalMethod"):
			uri, _ := p.Attr("URI")
			if !strings.HasPrefix(uri, "#") || len(p.Children) > 0 {
				return nil, fail(Form)
			}
		case p.Is(DSig, "KeyName"), p.Is(DSig, "X509Data"):
		default:
			return nil, fail(Form)
		}
	}
	return keys, nil
}

type encryptedKey struct {
	options    rsa.OAEPOptions
	ciphertext []byte
}

func readEncryptedKey(e *xmlstrict.Element) (encryptedKey, error) {
	var k encryptedKey
	parts, ok := e.Elements()
	if !ok || !e.Is(Enc, "EncryptedKey") || len(parts) < 2 || !parts[0].Is(Enc, "EncryptionMethod") {
		return k, fail(Form)
	}
	var err error
	if k.options, err = oaepOptions(parts[0]); err != nil {
		return k, err
	}
	rest := parts[1:]
	if rest[0].Is(DSig, "KeyInfo") && len(rest) > 1 {
		rest = rest[1:]
	}
	if k.ciphertext, err = cipherValue(rest[0]); err != nil {
		return k, err
	}
	for _, p := range rest[1:] {
		if !p.Is(Enc, "ReferenceList") && !p.Is(Enc, "CarriedKeyName") {
			return k, fail(Form)
		}
	}
	return k, nil
}

// oaepOptions reads label hash and mask hash apart: the first algorithm fixes
// the mask to SHA-1 whatever the digest, the second names both.
func oaepOptions(method *xmlstrict.Element) (rsa.OAEPOptions, error) {
	opts := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	name, _ := method.Attr("Algorithm")
	if name != Enc+"rsa-oaep-mgf1p" && name != Enc11+"rsa-oaep" {
		return opts, fail(Algorithm)
	}
	parts, ok := method.Elements()
	if !ok || len(parts) > 3 {
		return opts, fail(Form)
	}
	for i, p := range parts {
		for _, earlier := range parts[:i] {
			if earlier.Is(p.Space, p.Local) {
				return opts, fail(Form)
			}
		}
		algorithm, _ := p.Attr("Algorithm")
		switch {
		case p.Is(DSig, "DigestMethod"):
			if opts.Hash, ok = oaepDigests[algorithm]; !ok {
				return opts, fail(Algorithm)
			}
		case p.Is(Enc11, "MGF") && name == Enc11+"rsa-oaep":
			if opts.MGFHash, ok = maskHashes[algorithm]; !ok {
				return opts, fail(Algorithm)
			}
		case p.Is(Enc, "OAEPparams"):
			label, err := decodeBase64(p)
			if err != nil {
				return opts, err
			}
			opts.Label = label
		default:
			return opts, fail(Form)
		}
	}
	return opts, nil
}

func cipherValue(e *xmlstrict.Element) ([]byte, error) {
	parts, ok := e.Elements()
	if !ok || !e.Is(Enc, "CipherData") || len(parts) != 1 || !parts[0].Is(Enc, "CipherValue") {
		return nil, fail(Form)
	}
	return decodeBase64(parts[0])
}
