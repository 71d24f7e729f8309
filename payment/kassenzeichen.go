package payment

import (
	"strconv"
	"strings"
)

// Length of what Kassenzeichen writes behind the prefix.
const (
	serialDigits = 8
	checkDigits  = 2
	maxPrefix    = 8
)

// maxRemittance is the length that all known providers take: pmPayment,
// XBezahldienste and ePayBL allow 27 characters.
const maxRemittance = 27

// Kassenzeichen writes a number of an assigned range: a prefix (A-Z, 0-9, at
// most 8; small letters become capitals, everything else is left out), eight
// digits or more, and two check digits after ISO 7064 MOD 97-10, which tell
// every single wrong digit, every letter taken for another letter and every
// swap of neighbouring digits. The scheme is an example: finance systems have
// ranges of their own, and [Order].Ref takes any text. A negative number gives
// an empty string.
func Kassenzeichen(prefix string, n int64) string {
	if n < 0 {
		return ""
	}
	prefix = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return -1
	}, prefix)
	prefix = prefix[:min(len(prefix), maxPrefix)]
	digits := strconv.FormatInt(n, 10)
	body := prefix + strings.Repeat("0", max(0, serialDigits-len(digits))) + digits
	check := strconv.Itoa(98 - mod97(body+"00"))
	return body + strings.Repeat("0", checkDigits-len(check)) + check
}

// ValidKassenzeichen reports whether s is written as Kassenzeichen writes, with
// the right check digits.
func ValidKassenzeichen(s string) bool {
	if len(s) < serialDigits+checkDigits || len(s) > maxRemittance+maxPrefix {
		return false
	}
	for i := range len(s) {
		digit := s[i] >= '0' && s[i] <= '9'
		if !digit && (i >= maxPrefix || i >= len(s)-serialDigits-checkDigits || s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return mod97(s) == 1
}

// mod97 reads letters as 10 to 35, as ISO 7064 does.
func mod97(s string) int {
	rest := 0
	for i := range len(s) {
		if c := s[i]; c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}

// Remittance makes the text for the payer's bank statement: the Kassenzeichen,
// a blank and as much of text as fits into 27 characters. Of text it keeps
// letters, digits, blank and hyphen after writing umlauts and accents out; of
// the Kassenzeichen all that SEPA knows. A Kassenzeichen is never cut: one that
// is longer than 27 is left out, for half of it would lead money astray.
func Remittance(kassenzeichen, text string) string {
	first := keep(kassenzeichen, sepaCharacters)
	if len(first) > maxRemittance {
		first = ""
	}
	rest := keep(text, plainCharacters)
	if first != "" && rest != "" {
		first += " "
	}
	room := max(0, maxRemittance-len(first))
	return strings.TrimSpace(first + rest[:min(room, len(rest))])
}

const (
	plainCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789- "
	sepaCharacters  = plainCharacters + "':?,(+.)/"
)

// keep writes a text with the allowed characters only, with single blanks.
func keep(s, allowed string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune(allowed, r) {
			b.WriteRune(r)
			continue
		}
		switch plain := transliterate(r); {
		case plain != "":
			b.WriteString(plain)
		case r == '_' || r == '/' || r == '\u2013' || r == '\u2014':
			b.WriteByte('-')
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// transliterations of the letters of DIN 91379 that towns meet most, as memory
// has them.
var transliterations = func() map[rune]string {
	m := map[rune]string{
		'\u00e4': "ae", '\u00f6': "oe", '\u00fc': "ue", '\u00df': "ss", '\u00c4': "Ae", '\u00d6': "Oe", '\u00dc': "Ue", '\u1e9e': "SS",
		'\u00e6': "ae", '\u00c6': "Ae", '\u0153': "oe", '\u0152': "Oe", '\u00fe': "th", '\u00de': "Th", '\u20ac': "EUR",
	}
	for plain, letters := range map[string]string{
		"a": "àáâãåāăą", "A": "ÀÁÂÃÅĀĂĄ", "c": "çćĉċč", "C": "ÇĆĈĊČ", "d": "ďđð", "D": "ĎĐÐ",
		"e": "èéêëēĕėęě", "E": "ÈÉÊËĒĔĖĘĚ", "g": "ĝğġģ", "G": "ĜĞĠĢ", "h": "ĥħ", "H": "ĤĦ",
		"i": "ìíîïĩīĭįı", "I": "ÌÍÎÏĨĪĬĮİ", "j": "ĵ", "J": "Ĵ", "k": "ķ", "K": "Ķ", "l": "ĺļľŀł", "L": "ĹĻĽĿŁ",
		"n": "ñńņňŉ", "N": "ÑŃŅŇ", "o": "òóôõøōŏő", "O": "ÒÓÔÕØŌŎŐ", "r": "ŕŗř", "R": "ŔŖŘ",
		"s": "śŝşšș", "S": "ŚŜŞŠȘ", "t": "ţťŧț", "T": "ŢŤŦȚ", "u": "ùúûũūŭůűų", "U": "ÙÚÛŨŪŬŮŰŲ",
		"w": "ŵ", "W": "Ŵ", "y": "ýÿŷ", "Y": "ÝŸŶ", "z": "źżž", "Z": "ŹŻŽ",
	} {
		for _, r := range letters {
			m[r] = plain
		}
	}
	return m
}()

func transliterate(r rune) string { return transliterations[r] }
