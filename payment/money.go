package payment

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Money is an amount in the smallest unit of its currency (cents for EUR). The
// zero value is no amount at all: it has no currency.
type Money struct {
	Minor    int64  // smallest units; may be negative in calculations
	Currency string // ISO 4217, three capital letters
}

// EUR returns an amount of euro cents.
func EUR(cents int64) Money { return Money{Minor: cents, Currency: "EUR"} }

// IsZero reports whether this is the zero value, not an amount of nothing.
func (m Money) IsZero() bool { return m == Money{} }

// Add returns m + o. Errors: ErrCurrency, ErrOverflow.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrCurrency
	}
	sum := m.Minor + o.Minor
	if (sum > m.Minor) != (o.Minor > 0) {
		return Money{}, ErrOverflow
	}
	return Money{Minor: sum, Currency: m.Currency}, nil
}

// Sub returns m - o. Errors: ErrCurrency, ErrOverflow.
func (m Money) Sub(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrCurrency
	}
	diff := m.Minor - o.Minor
	if (diff < m.Minor) != (o.Minor > 0) {
		return Money{}, ErrOverflow
	}
	return Money{Minor: diff, Currency: m.Currency}, nil
}

// Mul returns m taken n times. Error: ErrOverflow.
func (m Money) Mul(n int) (Money, error) {
	hi, lo := bits.Mul64(magnitude(m.Minor), magnitude(int64(n)))
	negative := (m.Minor < 0) != (n < 0)
	switch {
	case hi != 0, lo > 1<<63, lo == 1<<63 && !negative:
		return Money{}, ErrOverflow
	case negative:
		return Money{Minor: -int64(lo), Currency: m.Currency}, nil // -(1<<63) wraps onto itself
	}
	return Money{Minor: int64(lo), Currency: m.Currency}, nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Cmp returns -1, 0 or 1 as m is less than, equal to or more than o. Error:
// ErrCurrency.
func (m Money) Cmp(o Money) (int, error) {
	switch {
	case m.Currency != o.Currency:
		return 0, ErrCurrency
	case m.Minor < o.Minor:
		return -1, nil
	case m.Minor > o.Minor:
		return 1, nil
	}
	return 0, nil
}

// String returns the technical form, "15.00 EUR": a point, no grouping, as many
// decimals as the currency has. How people read amounts is up to the caller.
func (m Money) String() string {
	digits := strconv.FormatUint(magnitude(m.Minor), 10)
	n := decimals(m.Currency)
	if len(digits) <= n {
		digits = strings.Repeat("0", n+1-len(digits)) + digits
	}
	if n > 0 {
		digits = digits[:len(digits)-n] + "." + digits[len(digits)-n:]
	}
	if m.Minor < 0 {
		digits = "-" + digits
	}
	if m.Currency == "" {
		return digits
	}
	return digits + " " + m.Currency
}

// ParseMoney reads what String writes, and nothing else: the currency is
// required and has exactly its own number of decimals. The error is an
// *InvalidError or ErrOverflow.
func ParseMoney(s string) (Money, error) {
	bad := &InvalidError{Field: "money", Rule: RuleSyntax}
	number, currency, ok := strings.Cut(s, " ")
	if !ok || !validCurrency(currency) {
		return Money{}, bad
	}
	number, negative := strings.CutPrefix(number, "-")
	n := decimals(currency)
	whole, fraction, point := strings.Cut(number, ".")
	if whole == "" || point != (n > 0) || len(fraction) != n || (len(whole) > 1 && whole[0] == '0') {
		return Money{}, bad
	}
	var minor uint64
	for _, c := range []byte(whole + fraction) {
		if c < '0' || c > '9' {
			return Money{}, bad
		}
		hi, lo := bits.Mul64(minor, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 {
			return Money{}, ErrOverflow
		}
		minor = sum
	}
	switch {
	case negative && minor == 0:
		return Money{}, bad
	case minor > math.MaxInt64 && !(negative && minor == 1<<63):
		return Money{}, ErrOverflow
	case negative:
		return Money{Minor: -int64(minor), Currency: currency}, nil
	}
	return Money{Minor: int64(minor), Currency: currency}, nil
}

func validCurrency(c string) bool {
	if len(c) != 3 {
		return false
	}
	for i := range 3 {
		if c[i] < 'A' || c[i] > 'Z' {
			return false
		}
	}
	return true
}

// decimals returns how many decimals a currency has. The exceptions from two
// are those of ISO 4217 as remembered; towns charge in EUR.
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}
