package assistant

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// digits reports whether s has only digits, from lo to hi of them.
func digits(s string, lo, hi int) bool {
	if len(s) < lo || len(s) > hi {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// without removes spaces and the given characters. What then stands together is
// composed again, so that reading the result once more changes nothing.
func without(s, cut string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(cut, r) {
			return -1
		}
		return r
	}, s))
}

// trimPrefixes removes the prefix however often it is there.
func trimPrefixes(s, prefix string) string {
	for strings.HasPrefix(s, prefix) {
		s = s[len(prefix):]
	}
	return s
}

func normalIBAN(s string) string {
	return trimPrefixes(norm.NFC.String(strings.ToUpper(without(s, ".-/:"))), "IBAN")
}

// ibanLengths holds the lengths in the SEPA area (ISO 13616 registry).
var ibanLengths = map[string]int{
	"AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
	"EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28,
	"IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
	"NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
	"VA": 22,
}

// validIBAN checks country, length and the check digits (ISO 7064 MOD 97-10).
// Only the SEPA area is known: direct debits from elsewhere are not possible.
func validIBAN(s string) bool {
	if len(s) < 4 || ibanLengths[s[:2]] != len(s) || !digits(s[2:4], 2, 2) {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

func normalEmail(s string) string {
	s = trimPrefixes(without(s, ""), "mailto:")
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[:i] + strings.ToLower(s[i:])
	}
	return norm.NFC.String(s)
}

// validEmail takes addresses that mail servers commonly deliver to: ASCII, no
// quoted local part, a domain with at least one dot (narrower than RFC 5321).
func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 64 || len(domain) > 253 || !strings.Contains(domain, ".") {
		return false
	}
	for _, part := range strings.Split(local, ".") {
		if part == "" || strings.IndexFunc(part, func(r rune) bool {
			return !asciiWord(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
		}) >= 0 {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' ||
			strings.IndexFunc(l, func(r rune) bool { return !asciiWord(r) && r != '-' }) >= 0 {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(top) >= 2 && !digits(top, 1, 63)
}

func asciiWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func normalPhone(s string) string {
	s = without(s, "")
	s = strings.Replace(s, "(0)", "", 1) // as in +49 (0) 441
	s = without(s, "()-/.\u2010\u2011\u2012\u2013")
	if r, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + r
	}
	return s
}

// validPhone wants an international number (E.164: at most 15 digits) or a
// German one with its area code.
func validPhone(s string) bool {
	if r, ok := strings.CutPrefix(s, "+"); ok {
		return digits(r, 7, 15) && r[0] != '0'
	}
	return digits(s, 6, 15) && s[0] == '0'
}

func normalPostcode(s string) string {
	return trimPrefixes(norm.NFC.String(strings.ToUpper(without(s, "-."))), "D")
}

// validPostcode knows German postcodes only; the lowest is 01067.
func validPostcode(s string) bool { return digits(s, 5, 5) && s >= "01000" }
