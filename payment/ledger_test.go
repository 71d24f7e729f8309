package payment_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stadttor/stadttor/payment"
	"pgregory.net/rapid"
)

// certificate is an order on two accounts, paid.
func certificate(id payment.OrderID) payment.Order {
	return payment.Order{
		ID: id, Reference: "2026-000123", Ref: payment.Kassenzeichen("AW26", 123), Total: payment.EUR(2450), State: payment.StatePaid,
		PaidAt: start, Method: "creditcard", ProviderRef: "tx-1",
		Items: []payment.Item{
			{ID: "1", Text: "Geburtsurkunde", Amount: payment.EUR(1500), Quantity: 1, Account: "12201.4311000"},
			{ID: "2", Text: "Weitere Stücke", Amount: payment.EUR(750), Quantity: 1, Account: "12201.4311000"},
			{ID: "3", Text: "Nachlass", Amount: payment.EUR(0), Quantity: 1, Account: "12201.0000000"},
			{ID: "4", Text: "Porto", Amount: payment.EUR(200), Quantity: 1, Account: "12201.4461000"},
		},
	}
}

func newLedger(layout *payment.Layout) *payment.Ledger {
	n := 0
	return payment.NewLedger(payment.NewMemBookingStore(), &payment.LedgerOptions{
		Now: func() time.Time { return start.Add(time.Hour) }, Layout: layout,
		NewID: func() string { n++; return fmt.Sprint("B", n) },
	})
}

func TestRecord(t *testing.T) {
	t.Parallel()
	l := newLedger(nil)
	o := certificate("o1")
	a := payment.Attempt{ID: "a", Order: "o1", State: payment.AttemptPaid, Amount: o.Total, Tenant: "03399004", Procedure: "URKUNDE", TxID: "tx"}
	b, first, err := l.Record(t.Context(), o, a)
	want := payment.Booking{
		ID: "B1", Order: "o1", Reference: "2026-000123", Ref: o.Ref, Tenant: "03399004", Procedure: "URKUNDE", Method: "creditcard",
		ProviderRef: "tx-1", TxID: "tx", Total: payment.EUR(2450), PaidAt: start, CreatedAt: start.Add(time.Hour),
		Lines: []payment.BookingLine{
			{Account: "12201.4311000", Text: "Geburtsurkunde, Weitere Stücke", Amount: payment.EUR(2250)},
			{Account: "12201.4461000", Text: "Porto", Amount: payment.EUR(200)},
		},
	}
	if diff := cmp.Diff(want, b); diff != "" || !first || err != nil {
		t.Errorf("first %v, %v (-want +got):\n%s", first, err, diff)
	}
	again, first, err := l.Record(t.Context(), o, a)
	if diff := cmp.Diff(want, again); diff != "" || first || err != nil {
		t.Errorf("again: first %v, %v (-want +got):\n%s", first, err, diff)
	}
	o.Items, o.Total = o.Items[3:], payment.EUR(200)
	if _, _, err := l.Record(t.Context(), o, payment.Attempt{}); !errors.Is(err, payment.ErrExists) {
		t.Errorf("another sum: %v", err)
	}
	if n, oldest, err := l.Unbatched(t.Context()); n != 1 || !oldest.Equal(start.Add(time.Hour)) || err != nil {
		t.Errorf("Unbatched = %d, %v, %v", n, oldest, err)
	}
}

func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	l := newLedger(nil)
	for name, change := range map[string]func(*payment.Order, *payment.Attempt){
		"not paid":            func(o *payment.Order, _ *payment.Attempt) { o.State = payment.StateOpen },
		"another sum":         func(o *payment.Order, _ *payment.Attempt) { o.Total = payment.EUR(2451) },
		"another currency":    func(o *payment.Order, _ *payment.Attempt) { o.Items[3].Amount.Currency = "CHF" },
		"attempt elsewhere":   func(_ *payment.Order, a *payment.Attempt) { a.Order = "o2" },
		"attempt not paid":    func(_ *payment.Order, a *payment.Attempt) { a.State = payment.AttemptSurplus },
		"attempt over a cent": func(_ *payment.Order, a *payment.Attempt) { a.Amount.Minor++ },
	} {
		o := certificate("o1")
		a := payment.Attempt{ID: "a", Order: "o1", State: payment.AttemptPaid, Amount: o.Total}
		change(&o, &a)
		_, first, err := l.Record(t.Context(), o, a)
		var invalid *payment.InvalidError
		var mismatch *payment.MismatchError
		if first || (!errors.As(err, &invalid) && !errors.As(err, &mismatch) && !errors.Is(err, payment.ErrCurrency)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.ByOrder(t.Context(), "o1"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("something was booked: %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	l := newLedger(nil)
	ctx := t.Context()
	if _, ok, err := l.Close(ctx); ok || err != nil {
		t.Errorf("closing nothing: %v, %v", ok, err)
	}
	if _, _, err := l.Record(ctx, certificate("o1"), payment.Attempt{}); err != nil {
		t.Fatal(err)
	}
	b, ok, err := l.Close(ctx)
	if !ok || err != nil || b.Number != 1 || b.Count != 1 || b.Sum != payment.EUR(2450) || b.Name != "buchungen-000001.csv" {
		t.Fatalf("Close = %+v, %v, %v", b, ok, err)
	}
	want := strings.ReplaceAll(`Datei;Satz;Zeile;Kassenzeichen;Konto;Betrag;Waehrung;Buchungstext;Vorgang;Zahldatum;Haushaltsjahr;Mandant;Verfahren;Zahlart;Zahlungsnummer;Buchung
1;1;1;`+payment.Kassenzeichen("AW26", 123)+`;12201.4311000;22,50;EUR;Geburtsurkunde, Weitere Stücke;2026-000123;01.03.2026;2026;;;creditcard;tx-1;B1
1;1;2;`+payment.Kassenzeichen("AW26", 123)+`;12201.4461000;2,00;EUR;Porto;2026-000123;01.03.2026;2026;;;creditcard;tx-1;B1
SUMME;1;2;24,50
`, "\n", "\r\n")
	for range 3 {
		f, err := l.File(ctx, 1)
		if diff := cmp.Diff(want, string(f.Content)); diff != "" || err != nil || len(f.SHA256) != 64 {
			t.Errorf("%v, %s, file (-want +got):\n%s", err, f.SHA256, diff)
		}
	}
	if _, ok, err := l.Close(ctx); ok || err != nil {
		t.Errorf("closing again: %v, %v", ok, err)
	}
	if _, err := l.File(ctx, 2); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	if bs, err := l.Batches(ctx, 0, 0); err != nil || len(bs) != 1 || bs[0].SHA256 == "" || bs[0].Content != nil {
		t.Errorf("Batches = %+v, %v", bs, err)
	}
	if ks, err := l.Bookings(ctx, 1); err != nil || len(ks) != 1 || ks[0].Position != 1 {
		t.Errorf("Bookings = %+v, %v", ks, err)
	}
}

func TestFileStaysWhenTheLayoutChanges(t *testing.T) {
	t.Parallel()
	store := payment.NewMemBookingStore()
	one := payment.NewLedger(store, nil)
	if _, _, err := one.Record(t.Context(), certificate("o1"), payment.Attempt{}); err != nil {
		t.Fatal(err)
	}
	// A crash came between putting bookings into a batch and writing its file.
	if _, err := store.Assign(t.Context(), start, 10); err != nil {
		t.Fatal(err)
	}
	before, err := one.File(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	layout := payment.DefaultLayout()
	layout.Header, layout.Charset = false, payment.CharsetWindows1252
	after, err := payment.NewLedger(store, &payment.LedgerOptions{Layout: &layout}).File(t.Context(), 1)
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("%v, file (-before +after):\n%s", err, diff)
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		name   string
		layout payment.Layout
		want   string
	}{
		{"Windows-1252, tabs, cents, own columns", payment.Layout{
			Name: "kasse_", Separator: '\t', Decimal: '.', Date: "20060102", Charset: payment.CharsetWindows1252, Location: zone,
			Columns: []payment.Column{
				{Field: payment.FieldConstant, Text: "4711"}, {Field: payment.FieldMinor}, {Field: payment.FieldText},
				{Field: payment.FieldPaid}, {Field: payment.FieldYear}, {Field: payment.FieldLines},
			},
		}, "4711\t1500\t\"'=SUMME(A1) \xfc \x80 L \"\"?\"\"\"\t20270101\t2027\t2\n4711\t95\t'@Porto\t20270101\t2027\t2\n"},
		{"UTF-8, commas, all texts", payment.Layout{
			Name: "x", Digits: 3, Separator: ',', Decimal: '.', Date: "2006-01-02", Charset: payment.CharsetUTF8, CRLF: true, Header: true,
			Columns: []payment.Column{
				{Title: "=x", Field: payment.FieldAmount}, {Title: "Text", Field: payment.FieldText}, {Field: payment.FieldTotal},
				{Field: payment.FieldCreated}, {Field: payment.FieldOrder}, {Field: payment.FieldTxID},
			},
		}, "'=x,Text,,,,\r\n15.00,\"'=SUMME(A1) ü € Ł \"\"🏰\"\"\",15.95,2026-03-01,o1,\r\n0.95,'@Porto,15.95,2026-03-01,o1,\r\n"},
	} {
		l := newLedger(&c.layout)
		o := payment.Order{
			ID: "o1", State: payment.StatePaid, Total: payment.EUR(1595), PaidAt: time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC),
			Items: []payment.Item{
				{ID: "1", Text: "=SUMME(A1) ü € Ł \"🏰\"", Amount: payment.EUR(500), Quantity: 3, Account: "1"},
				{ID: "2", Text: "@Porto", Amount: payment.EUR(95), Quantity: 1, Account: "2"},
			},
		}
		if _, _, err := l.Record(t.Context(), o, payment.Attempt{}); err != nil {
			t.Fatal(err)
		}
		b, _, err := l.Close(t.Context())
		if diff := cmp.Diff(c.want, string(b.Content)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
}

func TestLayoutCheck(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*payment.Layout){
		"no name":            func(l *payment.Layout) { l.Name = "" },
		"a path":             func(l *payment.Layout) { l.Name = "../x" },
		"many digits":        func(l *payment.Layout) { l.Digits = 19 },
		"no columns":         func(l *payment.Layout) { l.Columns = nil },
		"unknown column":     func(l *payment.Layout) { l.Columns = []payment.Column{{Field: "x"}} },
		"quote separates":    func(l *payment.Layout) { l.Separator = '"' },
		"digit separates":    func(l *payment.Layout) { l.Separator = '1' },
		"line end separates": func(l *payment.Layout) { l.Separator = '\n' },
		"decimal separates":  func(l *payment.Layout) { l.Separator = ',' },
		"no decimal":         func(l *payment.Layout) { l.Decimal = 0 },
		"no date":            func(l *payment.Layout) { l.Date = "" },
		"unknown charset":    func(l *payment.Layout) { l.Charset = "EBCDIC" },
	} {
		l := payment.DefaultLayout()
		change(&l)
		var invalid *payment.InvalidError
		if err := l.Check(); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := payment.DefaultLayout().Check(); err != nil {
		t.Error(err)
	}
}

func TestPropertySplitConservesTheSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := payment.Order{ID: "o1", State: payment.StatePaid, PaidAt: start}
		for i := range rapid.IntRange(1, 12).Draw(t, "items") {
			o.Items = append(o.Items, payment.Item{
				ID: fmt.Sprint(i), Text: rapid.StringN(0, 20, 60).Draw(t, "text"), Quantity: rapid.IntRange(1, 9).Draw(t, "quantity"),
				Amount: payment.EUR(rapid.Int64Range(0, 1_000_000).Draw(t, "cents")), Account: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "account"),
			})
		}
		o.Total, _ = payment.Sum(o.Items)
		l := newLedger(nil)
		b, _, err := l.Record(t.Context(), o, payment.Attempt{})
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		var accounts []string
		for _, line := range b.Lines {
			sum += line.Amount.Minor
			if slices.Contains(accounts, line.Account) {
				t.Fatalf("two lines on %q", line.Account)
			}
			accounts = append(accounts, line.Account)
		}
		if sum != o.Total.Minor {
			t.Fatalf("lines %d, total %d", sum, o.Total.Minor)
		}
		batch, _, err := l.Close(t.Context())
		if err != nil || batch.Sum != o.Total || bytes.Count(batch.Content, []byte("\r\n")) != len(b.Lines)+2 {
			t.Fatalf("%v, %d lines:\n%s", err, len(b.Lines), batch.Content)
		}
	})
}

func TestManyClose(t *testing.T) {
	t.Parallel()
	l := payment.NewLedger(payment.NewMemBookingStore(), &payment.LedgerOptions{BatchSize: 3})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 5 {
				if _, _, err := l.Record(t.Context(), certificate(payment.OrderID(fmt.Sprint(i, "-", j))), payment.Attempt{}); err != nil {
					t.Errorf("Record: %v", err)
				}
				if _, _, err := l.Close(t.Context()); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
	wg.Wait()
	bs, err := l.Batches(t.Context(), 0, 1000)
	count := 0
	for _, b := range bs {
		count += b.Count
	}
	if n, _, _ := l.Unbatched(t.Context()); err != nil || count != 20 || n != 0 {
		t.Errorf("%d in batches, %d wait, %v, want 20", count, n, err)
	}
}
