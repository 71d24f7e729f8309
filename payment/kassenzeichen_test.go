package payment_test

import (
	"strings"
	"testing"

	"github.com/stadttor/stadttor/payment"
	"pgregory.net/rapid"
)

func TestKassenzeichen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix string
		n      int64
		want   string
	}{
		{"AW26", 1, "AW260000000186"}, {"aw-26", 1, "AW260000000186"}, {"", 0, "0000000098"}, {"Ä", 0, "0000000098"},
		{"ABCDEFGHIJ", 123456789012, "ABCDEFGH12345678901288"}, {"X", -1, ""},
	} {
		got := payment.Kassenzeichen(c.prefix, c.n)
		if got != c.want || (got != "" && !payment.ValidKassenzeichen(got)) {
			t.Errorf("Kassenzeichen(%q, %d) = %q, valid %v, want %q", c.prefix, c.n, got, payment.ValidKassenzeichen(got), c.want)
		}
	}
	for _, s := range []string{"", "98", "AW260000000185", "aw260000000129", "AW26 0000000129", "AW26000000012A", "Ä0000000098", "AW260000000186\x00"} {
		if payment.ValidKassenzeichen(s) {
			t.Errorf("%q is said to be valid", s)
		}
	}
}

func TestPropertyKassenzeichenTellsTypos(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := []byte(payment.Kassenzeichen(rapid.StringMatching(`[A-Z0-9]{0,8}`).Draw(t, "prefix"), rapid.Int64Range(0, 1e12).Draw(t, "n")))
		i := rapid.IntRange(0, len(k)-2).Draw(t, "place")
		typo := append([]byte(nil), k...)
		switch digit := func(c byte) bool { return c <= '9' }; {
		case digit(k[i]) && digit(k[i+1]) && rapid.Bool().Draw(t, "swap"):
			typo[i], typo[i+1] = k[i+1], k[i]
		case digit(k[i]):
			typo[i] = byte(rapid.SampledFrom([]rune("0123456789")).Draw(t, "wrong digit"))
		default:
			typo[i] = byte(rapid.SampledFrom([]rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ")).Draw(t, "wrong letter"))
		}
		if payment.ValidKassenzeichen(string(typo)) != (string(typo) == string(k)) {
			t.Fatalf("%s for %s", typo, k)
		}
	})
}

func TestRemittance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ref, text, want string }{
		{"AW260000000186", "Geburtsurkunde", "AW260000000186 Geburtsurkun"},
		{"AW260000000186", "Größe_5/7", "AW260000000186 Groesse-5-7"},
		{"", "Überführung: Łódź & Çelik", "Ueberfuehrung Lodz Celik"},
		{"HH1.2200/1000", "", "HH1.2200/1000"},
		{"HH 1|2\n3", "x", "HH 1 2 3 x"},
		{"123456789012345678901234567", "Text", "123456789012345678901234567"},
		{"1234567890123456789012345678", "Text", "Text"},
		{"12345678901234567890123456", "Text", "12345678901234567890123456"},
		{"", "", ""}, {"", "🏰", ""}, {"A", "  b   c  ", "A b c"},
	} {
		if got := payment.Remittance(c.ref, c.text); got != c.want {
			t.Errorf("Remittance(%q, %q) = %q, want %q", c.ref, c.text, got, c.want)
		}
	}
}

func FuzzRemittance(f *testing.F) {
	f.Add("AW260000000186", "Größe")
	f.Fuzz(func(t *testing.T, ref, text string) {
		got := payment.Remittance(ref, text)
		if len(got) > 27 || strings.Trim(got, " ") != got || strings.ContainsFunc(got, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-':?,(+.)/ ", r)
		}) {
			t.Errorf("Remittance(%q, %q) = %q", ref, text, got)
		}
	})
}

func FuzzValidKassenzeichen(f *testing.F) {
	f.Add("AW260000000186")
	f.Fuzz(func(t *testing.T, s string) {
		if payment.ValidKassenzeichen(s) && strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
			t.Errorf("%q is said to be valid", s)
		}
	})
}
