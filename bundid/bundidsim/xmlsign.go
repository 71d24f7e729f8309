package bundidsim

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

const (
	methodRSA   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	methodPSS   = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	methodC14N  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	methodHash  = "http://www.w3.org/2001/04/xmlenc#sha256"
	methodInner = nsDSig + "enveloped-signature"
	nsEnc       = "http://www.w3.org/2001/04/xmlenc#"
	nsEnc11     = "http://www.w3.org/2009/xmlenc11#"
)

// canonical returns the exclusive canonical form of a copy of e, with the
// namespaces of its surroundings.
func canonical(e *etree.Element, prefixes string) ([]byte, error) {
	ctx, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	detached, err := etreeutils.NSDetatch(ctx, e)
	if err != nil {
		return nil, err
	}
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(detached)
}

// openSignature checks the digest and returns what the signature covers.
func openSignature(root, sig *etree.Element) (method string, signed, value []byte, ok bool) {
	info := child(sig, nsDSig, "SignedInfo")
	ref := child(info, nsDSig, "Reference")
	if ref == nil || ref.SelectAttrValue("URI", "") != "#"+root.SelectAttrValue("ID", "") {
		return "", nil, nil, false
	}
	if alg := child(info, nsDSig, "CanonicalizationMethod"); alg == nil || alg.SelectAttrValue("Algorithm", "") != methodC14N {
		return "", nil, nil, false
	}
	signed, err := canonical(info, "")
	if err != nil {
		return "", nil, nil, false
	}
	without := root.Copy()
	for _, c := range without.ChildElements() {
		if isElement(c, nsDSig, "Signature") {
			without.RemoveChild(c)
		}
	}
	body, err := canonical(without, "")
	if err != nil {
		return "", nil, nil, false
	}
	sum := sha256.Sum256(body)
	want, err := base64.StdEncoding.DecodeString(text(child(ref, nsDSig, "DigestValue")))
	if err != nil || subtle.ConstantTimeCompare(sum[:], want) != 1 {
		return "", nil, nil, false
	}
	value, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text(child(sig, nsDSig, "SignatureValue"))), ""))
	alg := child(info, nsDSig, "SignatureMethod")
	if err != nil || alg == nil {
		return "", nil, nil, false
	}
	return alg.SelectAttrValue("Algorithm", ""), signed, value, true
}

// sign puts a signature after the Issuer of e, the root of its document.
func (s *Server) sign(e *etree.Element) error {
	body, err := canonical(e, "xsd")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	method := methodPSS
	var opts crypto.SignerOpts = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	if s.opts.Signature == SignatureRSASHA256 {
		method, opts = methodRSA, crypto.SHA256
	}
	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", nsDSig)
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", methodC14N)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", method)
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+e.SelectAttrValue("ID", ""))
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", methodInner)
	exclusive := transforms.CreateElement("ds:Transform")
	exclusive.CreateAttr("Algorithm", methodC14N)
	list := exclusive.CreateElement("ec:InclusiveNamespaces")
	list.CreateAttr("xmlns:ec", methodC14N)
	list.CreateAttr("PrefixList", "xsd")
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", methodHash)
	ref.CreateElement("ds:DigestValue").SetText(encode64(sum[:]))
	e.InsertChildAt(1, sig)
	signed, err := canonical(info, "")
	if err != nil {
		return err
	}
	digest := sha256.Sum256(signed)
	value, err := s.opts.Keys.Key.Sign(rand.Reader, digest[:], opts)
	if err != nil {
		return err
	}
	sig.CreateElement("ds:SignatureValue").SetText(encode64(value))
	data := sig.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(encode64(s.opts.Keys.Certificate.Raw))
	return nil
}

// encrypt wraps an assertion for the service provider: AES-256-GCM, the key
// with RSA-OAEP and SHA-256 for label and mask.
func encrypt(plain []byte, to *rsa.PublicKey) (*etree.Element, error) {
	key, nonce := make([]byte, 32), make([]byte, 12)
	rand.Read(key)
	rand.Read(nonce)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, to, key, nil)
	if err != nil {
		return nil, err
	}
	out := etree.NewElement("saml2:EncryptedAssertion")
	data := out.CreateElement("xenc:EncryptedData")
	data.CreateAttr("xmlns:xenc", nsEnc)
	data.CreateAttr("Id", "_"+randomHex(16))
	data.CreateAttr("Type", nsEnc+"Element")
	data.CreateElement("xenc:EncryptionMethod").CreateAttr("Algorithm", nsEnc11+"aes256-gcm")
	info := data.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsDSig)
	wrap := info.CreateElement("xenc:EncryptedKey")
	wrap.CreateAttr("Id", "_"+randomHex(16))
	method := wrap.CreateElement("xenc:EncryptionMethod")
	method.CreateAttr("Algorithm", nsEnc11+"rsa-oaep")
	method.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", methodHash)
	mask := method.CreateElement("xenc11:MGF")
	mask.CreateAttr("xmlns:xenc11", nsEnc11)
	mask.CreateAttr("Algorithm", nsEnc11+"mgf1sha256")
	wrap.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(encode64(wrapped))
	value := data.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue")
	value.SetText(encode64(gcm.Seal(nonce, nonce, plain, nil)))
	return out, nil
}
