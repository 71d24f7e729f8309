// Package keys keeps the portal's private keys as PEM files. In the demo they
// are made on the first start; in production they must be there.
package keys

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// demoName marks certificates that the demo made for itself; production
// refuses them.
const demoName = "Stadttor Demo"

// bits follows TR-02102: RSA with 3072 bit or more.
const bits = 3072

// ErrDemoKey says that a key of the demo was found in production.
var ErrDemoKey = errors.New("keys: a key of the demo must not be used in production")

// Pair is a private key with its certificate.
type Pair struct {
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
}

// Ring is a folder of key pairs.
type Ring struct {
	Folder string
	// Demo allows to make missing keys; without it they are an error and
	// keys of the demo are refused.
	Demo bool
	Now  func() time.Time
	// Progress is told before a key is made, which can take a second.
	Progress func(name string)
}

// Get reads <name>.pem, or makes it in the demo.
func (r Ring) Get(name string) (Pair, error) {
	path := filepath.Join(r.Folder, name+".pem")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !r.Demo {
			return Pair{}, fmt.Errorf("keys: %s is missing", filepath.Base(path))
		}
		return r.make(name, path)
	}
	if err != nil {
		return Pair{}, fmt.Errorf("keys: %s cannot be read", filepath.Base(path))
	}
	p, err := parse(raw)
	if err != nil {
		return Pair{}, fmt.Errorf("keys: %s: %w", filepath.Base(path), err)
	}
	if !r.Demo && isDemo(p.Certificate) {
		return Pair{}, ErrDemoKey
	}
	return p, nil
}

func isDemo(c *x509.Certificate) bool {
	return len(c.Subject.Organization) == 1 && c.Subject.Organization[0] == demoName
}

func parse(raw []byte) (Pair, error) {
	var p Pair
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return Pair{}, errors.New("not a PKCS #8 key")
			}
			var ok bool
			if p.Key, ok = k.(*rsa.PrivateKey); !ok {
				return Pair{}, errors.New("not an RSA key")
			}
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Pair{}, errors.New("not a certificate")
			}
			p.Certificate = c
		}
	}
	if p.Key == nil || p.Certificate == nil {
		return Pair{}, errors.New("a key and its certificate are needed")
	}
	if !p.Key.PublicKey.Equal(p.Certificate.PublicKey) {
		return Pair{}, errors.New("the certificate belongs to another key")
	}
	return p, nil
}

func (r Ring) make(name, path string) (Pair, error) {
	if r.Progress != nil {
		r.Progress(name)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return Pair{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, err
	}
	now := r.Now()
	tmpl := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{Organization: []string{demoName}, CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(20, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return Pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Pair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.MkdirAll(r.Folder, 0o700); err != nil {
		return Pair{}, fmt.Errorf("keys: folder: %w", err)
	}
	tmp := path + ".neu"
	if err := os.WriteFile(tmp, out, 0o600); err != nil {
		return Pair{}, fmt.Errorf("keys: %s cannot be written", filepath.Base(path))
	}
	return Pair{Key: key, Certificate: cert}, os.Rename(tmp, path)
}
