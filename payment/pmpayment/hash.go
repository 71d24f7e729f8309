package pmpayment

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// separator stands between the values under a hash. A value that contains it
// would be ambiguous and is refused.
const separator = "|"

// hashOf is HMAC-SHA256 over the values, in lower-case hex. The bytes of the
// salt are the key as they are.
func hashOf(salt string, values []string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(strings.Join(values, separator)))
	return hex.EncodeToString(mac.Sum(nil))
}

// sameHash compares in constant time; what came must be lower-case hex as well.
func sameHash(want, got string) bool {
	return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1
}

// ambiguous reports whether a value contains the separator.
func ambiguous(values []string) bool {
	for _, v := range values {
		if strings.Contains(v, separator) {
			return true
		}
	}
	return false
}
