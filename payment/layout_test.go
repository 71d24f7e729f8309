package payment_test

import (
	"strings"
	"testing"

	"github.com/stadttor/stadttor/payment"
)

// A cell must not begin with what a spreadsheet takes for a formula, however it
// is disguised.
func TestNoFormulas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\u00a0=1+1", "\u200b=1+1", "\ufeff=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20A1", "\u22121"} {
		for _, charset := range []payment.Charset{payment.CharsetUTF8, payment.CharsetWindows1252} {
			layout := payment.DefaultLayout()
			layout.Charset, layout.Header, layout.Trailer = charset, false, ""
			layout.Columns = []payment.Column{{Title: "Text", Field: payment.FieldText}}
			l := newLedger(&layout)
			o := certificate("o1")
			o.Items = o.Items[:1]
			o.Items[0].Text = text
			o.Total, _ = o.Items[0].Amount.Mul(o.Items[0].Quantity)
			if _, _, err := l.Record(t.Context(), o, payment.Attempt{}); err != nil {
				t.Fatal(err)
			}
			b, _, err := l.Close(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(strings.TrimPrefix(string(b.Content), `"`), "'") {
				t.Errorf("%q in %s: %q", text, charset, b.Content)
			}
		}
	}
}
