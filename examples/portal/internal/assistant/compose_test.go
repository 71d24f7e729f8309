package assistant

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestCompose compares with a full implementation, for the scripts compose knows.
func TestCompose(t *testing.T) {
	t.Parallel()
	for r := rune(1); r < 0x2200; r++ {
		known := r < 0x530 || (r >= 0x1e00 && r < 0x2000)
		if s := string(r); known && compose(s) != norm.NFC.String(s) {
			t.Errorf("%U: got %+q, want %+q", r, compose(s), norm.NFC.String(s))
		}
	}
	letters := rapid.OneOf(rapid.RuneFrom([]rune("aeiouAEIOUsncdyzαιωυγиеАо \u00e4\u1e69")),
		rapid.Map(rapid.IntRange(0x300, 0x36f), func(i int) rune { return rune(i) }),
		rapid.Map(rapid.IntRange(0xc0, 0x24f), func(i int) rune { return rune(i) }),
		rapid.Map(rapid.IntRange(0x1e00, 0x1ffe), func(i int) rune { return rune(i) }))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(letters).Draw(t, "s")
		if got, want := compose(s), norm.NFC.String(s); got != want {
			t.Fatalf("%+q: got %+q, want %+q", s, got, want)
		}
	})
}

func TestDateExpr(t *testing.T) {
	t.Parallel()
	today := time.Date(2028, 2, 29, 22, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"today": "2028-02-29", "today-1y": "2027-02-28", "today-18y": "2010-02-28", "today-4y": "2024-02-29",
		"today+1m": "2028-03-29", "today+14d": "2028-03-14", "today-2m": "2027-12-29", "2000-01-31": "2000-01-31",
		"": "", "today-": "", "today-y": "", "today-18": "", "today*2d": "", "tomorrow": "", "2000-1-31": "", "today-+1y": "",
	} {
		got, err := dateExpr(in, today)
		if (err != nil) != (want == "") || (err == nil && got.Format(isoDay) != want) {
			t.Errorf("%q: %v %v, want %q", in, got, err, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0,5": "-0.5", "1.000.000": "1000000", "1,000,000": "", "12,3456": "12.3456", "0.125": "0.125",
		"1.500": "1500", "1.50": "1.5", "+7": "7", "1'000": "1000", "\u22127": "-7", "5,": "", ",5": "", "1.2.3": "",
		"1.234,5": "1234.5", "1,234.5": "1234.5", "12.34,5": "", "999999999999": "999999999999", "1000000000000": "",
		"--1": "", "١": "", ".": "", "-": "", "": "",
	} {
		d, _, ok := readDecimal(in)
		if ok != (want != "") || (ok && d.String() != want) {
			t.Errorf("%q: %s %v, want %q", in, d, ok, want)
		}
	}
	for cents, want := range map[int64][2]string{
		1500: {"15,00\u00a0€", "€15.00"}, 123456789: {"1.234.567,89\u00a0€", "€1,234,567.89"}, -5: {"-0,05\u00a0€", "-€0.05"},
	} {
		if de, en := FormatMoney(cents, German), FormatMoney(cents, English); de != want[0] || en != want[1] {
			t.Errorf("%d: %q %q", cents, de, en)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	day := func(s string) Answer { return Answer{Kind: KindDate, Text: s} }
	sc := scope{today: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), values: map[string]Answer{
		"t": {Kind: KindText, Text: "x"}, "n": {Kind: KindNumber, Text: "2.5"}, "m": {Kind: KindMoney, Cents: 1999},
		"y": {Kind: KindBool, Bool: true}, "d": day("2008-03-01"), "o": {Kind: KindOptions, Options: []string{"a", "b"}},
		"raw": {Kind: KindRaw, Text: "quatsch"}, "gone": {Kind: KindEmpty},
	}, groups: map[string][]Item{"g": {{}, {}}}}
	for in, want := range map[string]bool{
		`{"field":"t","op":"eq","value":"x"}`:                                true,
		`{"field":"t","op":"ne","value":"x"}`:                                false,
		`{"field":"none","op":"ne","value":"x"}`:                             true,
		`{"field":"none","op":"eq","value":"x"}`:                             false,
		`{"field":"gone","op":"empty"}`:                                      true,
		`{"field":"raw","op":"empty"}`:                                       true,
		`{"field":"raw","op":"notempty"}`:                                    false,
		`{"field":"t","op":"in","value":["y","x"]}`:                          true,
		`{"field":"o","op":"in","value":["b","c"]}`:                          true,
		`{"field":"o","op":"in","value":["c"]}`:                              false,
		`{"field":"o","op":"count","value":2}`:                               true,
		`{"field":"o","op":"count","value":3}`:                               false,
		`{"field":"g","op":"count","value":2}`:                               true,
		`{"field":"g","op":"empty"}`:                                         false,
		`{"field":"g","op":"notempty"}`:                                      true,
		`{"field":"n","op":"gt","value":2.4}`:                                true,
		`{"field":"n","op":"lt","value":2.5}`:                                false,
		`{"field":"n","op":"eq","value":2.50}`:                               true,
		`{"field":"m","op":"lt","value":20}`:                                 true,
		`{"field":"m","op":"eq","value":19.99}`:                              true,
		`{"field":"y","op":"eq","value":true}`:                               true,
		`{"field":"y","op":"eq","value":false}`:                              false,
		`{"field":"d","op":"after","value":"today-18y"}`:                     false,
		`{"field":"d","op":"before","value":"today-18y"}`:                    false,
		`{"field":"d","op":"eq","value":"today-18y"}`:                        true,
		`{"field":"d","op":"before","value":"2008-03-02"}`:                   true,
		`{"not":{"field":"t","op":"empty"}}`:                                 true,
		`{"all":[{"field":"t","op":"notempty"},{"field":"t","op":"empty"}]}`: false,
		`{"any":[{"field":"t","op":"notempty"},{"field":"t","op":"empty"}]}`: true,
		`{"field":"t","op":"lt","value":3}`:                                  false, // nonsense is false, never a panic
		`{"field":"t","op":"unknown"}`:                                       false,
	} {
		if got := sc.holds(readCondition(t, in)); got != want {
			t.Errorf("%s: got %v", in, got)
		}
	}
}

func readCondition(t *testing.T, s string) *Condition {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var c Condition
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return &c
}
