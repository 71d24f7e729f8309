package antrag

import (
	"crypto/rand"
	"math/big"
	"strings"
	"time"
)

// alphabet leaves out what is misread on paper or on the telephone.
const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newReference makes a reference number such as AW-26-K7Q2-M4XD: a prefix of
// the town, the year, seven random symbols and a check symbol. It is random,
// so that it tells nobody how many applications there are.
func newReference(at time.Time) (string, error) {
	var b strings.Builder
	for range 7 {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b.WriteByte(alphabet[n.Int64()])
	}
	s := b.String()
	s += string(checkSymbol(s))
	return "AW-" + at.Format("06") + "-" + s[:4] + "-" + s[4:], nil
}

// checkSymbol weighs each place differently, so that one wrong symbol and two
// swapped neighbours are noticed. The weights are odd and so invertible
// modulo 32; two neighbours differ by 2, which finds every swap but that of
// symbols 16 places apart.
func checkSymbol(s string) byte {
	sum := 0
	for i := range len(s) {
		sum += (2*i + 1) * strings.IndexByte(alphabet, s[i])
	}
	return alphabet[sum%len(alphabet)]
}

// ParseReference brings a reference that somebody typed into its written
// form; ok is false when it cannot be one.
func ParseReference(s string) (ref string, ok bool) {
	s = strings.ToUpper(strings.NewReplacer("-", "", " ", "", ".", "", "/", "").Replace(strings.TrimSpace(s)))
	if len(s) != 12 || !strings.HasPrefix(s, "AW") {
		return "", false
	}
	year, rest := s[2:4], s[4:]
	if strings.Trim(year, "0123456789") != "" || strings.Trim(rest, alphabet) != "" {
		return "", false
	}
	if checkSymbol(rest[:7]) != rest[7] {
		return "", false
	}
	return "AW-" + year + "-" + rest[:4] + "-" + rest[4:], true
}
