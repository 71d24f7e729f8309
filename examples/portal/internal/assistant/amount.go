package assistant

import (
	"strconv"
	"strings"
)

// fraction is the number of decimal places kept when numbers are compared.
const fraction = 4

// decimal is a number in ten-thousandths.
type decimal int64

// readDecimal reads a number as people in Germany and abroad write it: comma or
// dot for decimals, the other one (or spaces) for thousands. A single dot before
// three digits divides thousands: "1.500" is one thousand five hundred.
func readDecimal(s string) (d decimal, places int, ok bool) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "\u2212", "-").Replace(s)
	sign := decimal(1)
	if r, neg := strings.CutPrefix(s, "-"); neg {
		s, sign = r, -1
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	whole, frac := s, ""
	comma, dot := strings.LastIndexByte(s, ','), strings.LastIndexByte(s, '.')
	switch {
	case comma >= 0 && comma > dot:
		whole, frac = s[:comma], s[comma+1:]
		whole, ok = ungroup(whole, '.')
	case dot >= 0 && comma >= 0:
		whole, frac = s[:dot], s[dot+1:]
		whole, ok = ungroup(whole, ',')
	case dot >= 0 && (strings.Count(s, ".") > 1 || (len(s)-dot-1 == 3 && dot <= 3 && s[0] != '0')):
		whole, ok = ungroup(s, '.')
	case dot >= 0:
		whole, frac, ok = s[:dot], s[dot+1:], true
	default:
		ok = true
	}
	if !ok || whole == "" || len(whole) > 12 || len(frac) > fraction ||
		((comma >= 0 || dot >= 0) && frac == "" && whole+frac == s) {
		return 0, 0, false
	}
	places = len(frac)
	if (comma >= 0 || dot >= 0) && places == 0 && (strings.HasSuffix(s, ",") || strings.HasSuffix(s, ".")) {
		return 0, 0, false
	}
	digits := whole + frac + strings.Repeat("0", fraction-places)
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, 0, false
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	return sign * decimal(n), places, true
}

// ungroup removes the separator of thousands, ok false when it stands elsewhere
// than before groups of three.
func ungroup(s string, sep byte) (string, bool) {
	parts := strings.Split(s, string(sep))
	for i, p := range parts {
		if (i > 0 && len(p) != 3) || (i == 0 && len(parts) > 1 && (p == "" || len(p) > 3)) {
			return "", false
		}
	}
	return strings.Join(parts, ""), true
}

// parseDecimal reads the plain form of definitions and stored answers.
func parseDecimal(s string) (decimal, bool) {
	t := strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(t, ".")
	if whole == "" || len(whole) > 12 || len(frac) > fraction || (point && frac == "") {
		return 0, false
	}
	digits := whole + frac + strings.Repeat("0", fraction-len(frac))
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, false
	}
	if t != s {
		n = -n
	}
	return decimal(n), true
}

// String gives the shortest plain form, "12.5".
func (d decimal) String() string {
	s := d.fixed(fraction)
	s = strings.TrimRight(s, "0")
	return strings.TrimSuffix(s, ".")
}

// fixed gives the plain form with the decimal places, cutting off the rest.
func (d decimal) fixed(places int) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	s := strconv.FormatInt(int64(d), 10)
	if len(s) <= fraction {
		s = strings.Repeat("0", fraction+1-len(s)) + s
	}
	whole, frac := s[:len(s)-fraction], s[len(s)-fraction:]
	if places == 0 {
		return sign + whole
	}
	return sign + whole + "." + frac[:places]
}

func cents(d decimal) int64          { return int64(d / 100) }
func fromCents(c int64) decimal      { return decimal(c * 100) }
func plainMoney(c int64) string      { return fromCents(c).fixed(2) }
func trimMoneySigns(s string) string { return strings.TrimSpace(moneySigns.Replace(s)) }

var moneySigns = strings.NewReplacer("€", "", "EUR", "", "Euro", "", "eur", "", "euro", "")
