package payment_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/stadttor/stadttor/payment"
	"pgregory.net/rapid"
)

func TestMoneyText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		money payment.Money
		want  string
	}{
		{payment.EUR(1500), "15.00 EUR"},
		{payment.EUR(0), "0.00 EUR"},
		{payment.EUR(5), "0.05 EUR"},
		{payment.EUR(-5), "-0.05 EUR"},
		{payment.EUR(-123456), "-1234.56 EUR"},
		{payment.EUR(math.MaxInt64), "92233720368547758.07 EUR"},
		{payment.EUR(math.MinInt64), "-92233720368547758.08 EUR"},
		{payment.Money{Minor: 500, Currency: "JPY"}, "500 JPY"},
		{payment.Money{Minor: 1500, Currency: "KWD"}, "1.500 KWD"},
	} {
		if got := c.money.String(); got != c.want {
			t.Errorf("String() = %q, want %q", got, c.want)
		}
		if got, err := payment.ParseMoney(c.want); err != nil || got != c.money {
			t.Errorf("ParseMoney(%q) = %v, %v", c.want, got, err)
		}
	}
	if got := (payment.Money{}).String(); got != "0.00" {
		t.Errorf("zero Money = %q", got)
	}
}

func TestParseMoneyRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "15.00", "15 EUR", "15.0 EUR", "15.000 EUR", "15,00 EUR", ".00 EUR", "015.00 EUR", "-0.00 EUR",
		"+1.00 EUR", "1.00 eur", "1.00 EURO", "1.00  EUR", "1.00 EUR ", "1e3.00 EUR", "1.-0 EUR", "--1.00 EUR",
		"500.00 JPY", "500. JPY", "٣.00 EUR", "1.00\u00a0EUR", "\x001.00 EUR",
	} {
		var invalid *payment.InvalidError
		if m, err := payment.ParseMoney(s); !errors.As(err, &invalid) {
			t.Errorf("ParseMoney(%q) = %v, %v, want *InvalidError", s, m, err)
		}
	}
	for _, s := range []string{"92233720368547758.08 EUR", "-92233720368547758.09 EUR", "999999999999999999999.00 EUR"} {
		if m, err := payment.ParseMoney(s); !errors.Is(err, payment.ErrOverflow) {
			t.Errorf("ParseMoney(%q) = %v, %v, want ErrOverflow", s, m, err)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"15.00 EUR", "-0.05 EUR", "500 JPY", "1.500 KWD", "92233720368547758.08 EUR", "-92233720368547758.08 EUR"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := payment.ParseMoney(s)
		if err == nil && m.String() != s {
			t.Fatalf("%q was read as %q", s, m)
		}
	})
}

// fits turns the exact result into what a method has to answer.
func fits(exact *big.Int, currency string) (payment.Money, error) {
	if !exact.IsInt64() {
		return payment.Money{}, payment.ErrOverflow
	}
	return payment.Money{Minor: exact.Int64(), Currency: currency}, nil
}

func TestPropertyMoneyIsExact(t *testing.T) {
	t.Parallel()
	amounts := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := amounts.Draw(t, "a"), amounts.Draw(t, "b")
		x, y := payment.EUR(a), payment.EUR(b)
		ba, bb := big.NewInt(a), big.NewInt(b)
		expect := func(op string, got payment.Money, err error, exact *big.Int) {
			want, wantErr := fits(exact, "EUR")
			if got != want || !errors.Is(err, wantErr) {
				t.Fatalf("%d %s %d = %v, %v, want %v, %v", a, op, b, got, err, want, wantErr)
			}
		}
		sum, err := x.Add(y)
		expect("+", sum, err, new(big.Int).Add(ba, bb))
		diff, err := x.Sub(y)
		expect("-", diff, err, new(big.Int).Sub(ba, bb))
		product, err := x.Mul(int(b))
		expect("*", product, err, new(big.Int).Mul(ba, bb))
		if order, err := x.Cmp(y); err != nil || order != ba.Cmp(bb) {
			t.Fatalf("%d cmp %d = %d, %v", a, b, order, err)
		}
		if back, err := payment.ParseMoney(x.String()); err != nil || back != x {
			t.Fatalf("%v came back as %v, %v", x, back, err)
		}
		other := payment.Money{Minor: b, Currency: "CHF"}
		_, err1 := x.Add(other)
		_, err2 := x.Sub(other)
		_, err3 := x.Cmp(other)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, payment.ErrCurrency) {
				t.Fatalf("mixed currencies: %v", err)
			}
		}
	})
}
