package assistant_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

func TestFeeLines(t *testing.T) {
	t.Parallel()
	d := builtin(t, "geburtsurkunde")
	number := func(s string) assistant.Answers {
		a := assistant.Answers{Values: map[string]assistant.Answer{}}
		if s != "" {
			a.Values["bestellung.anzahl"] = assistant.Answer{Kind: assistant.KindNumber, Text: s}
		}
		return a
	}
	for _, tt := range []struct {
		copies string
		want   int64
		lines  []int
	}{
		{"", 1700, []int{1, 1}},
		{"1", 1700, []int{1, 1}},
		{"2", 2450, []int{1, 1, 1}},
		{"10", 8450, []int{1, 9, 1}},
		{"99999999999", 750950, []int{1, 999, 1}}, // the form refuses it; the sum must not overflow
	} {
		var sum int64
		var pieces []int
		for _, l := range d.FeeLines(number(tt.copies), today) {
			sum += l.Sum()
			pieces = append(pieces, l.Quantity)
			if l.Account == "" || l.Text.In(assistant.German) == "" {
				t.Errorf("%q: line without account or text: %+v", tt.copies, l)
			}
		}
		if got := d.FeeFor(number(tt.copies), today); got != tt.want || sum != tt.want {
			t.Errorf("%q: fee %d, sum %d, want %d", tt.copies, got, sum, tt.want)
		}
		if diff := cmp.Diff(tt.lines, pieces); diff != "" {
			t.Errorf("%q: %s", tt.copies, diff)
		}
	}
	if !d.Prepaid(number("1"), today) {
		t.Error("a birth certificate is paid first")
	}
}

func TestFeeFormNeedsNoItems(t *testing.T) {
	t.Parallel()
	lines := builtin(t, "meldebescheinigung").FeeLines(assistant.Answers{}, today)
	if len(lines) != 1 || lines[0].Sum() != 900 || lines[0].Account != "12210.331100" {
		t.Errorf("%+v", lines)
	}
	if lines := builtin(t, "hund-anmelden").FeeLines(assistant.Answers{}, today); lines != nil {
		t.Errorf("%+v", lines)
	}
}
