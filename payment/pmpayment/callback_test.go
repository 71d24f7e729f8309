package pmpayment_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/pmpayment"
)

// hash is written anew here, on purpose.
func hash(key string, values ...string) string {
	h := hmac.New(sha256.New, []byte(key))
	fmt.Fprint(h, strings.Join(values, "|"))
	return hex.EncodeToString(h.Sum(nil))
}

func notify() url.Values {
	return url.Values{
		"ags": {"03404000"}, "txid": {"URKUNDE.7f3c"}, "amount": {"4250"}, "desc": {"Geburtsurkunde 2026-000123"},
		"status": {"1"}, "payment_method": {"paypal"}, "procedure": {"URKUNDE"}, "created_at": {"2026-01-01 12:00:05"},
	}
}

// back are the fields of the return, signed with a key.
func back(key string) url.Values {
	f := notify()
	f.Del("procedure")
	return sign(key, f)
}

func sign(key string, f url.Values) url.Values {
	f.Set("hash", hash(key, f.Get("ags"), f.Get("txid"), f.Get("amount"), f.Get("desc"), f.Get("status"), f.Get("payment_method"), f.Get("created_at")))
	return f
}

func request(query string, f url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/callback?"+query, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

func with(f url.Values, name, value string) url.Values {
	f.Set(name, value)
	return f
}

func without(f url.Values, name string) url.Values {
	f.Del(name)
	return f
}

func TestCallback(t *testing.T) {
	t.Parallel()
	p := newProvider(t, config("https://localhost"))
	full := payment.Hint{
		Attempt: "attempt-1", Tenant: "03404000", TxID: "URKUNDE.7f3c", Procedure: "URKUNDE",
		Amount: payment.EUR(4250), Claim: payment.StatePaid, Method: "paypal",
	}
	signed := full
	signed.Signed = true
	unnamed := full
	unnamed.Procedure = ""
	changed := func(h payment.Hint, change func(*payment.Hint)) payment.Hint {
		change(&h)
		return h
	}
	refused, no := payment.ReasonRefused, payment.ReasonNotAnswer
	tests := []struct {
		name   string
		query  string
		form   url.Values
		want   payment.Hint
		reason payment.ProviderReason
	}{
		{"notify", "zahlung=attempt-1", notify(), full, ""},
		{"notify without a method", "zahlung=attempt-1", without(notify(), "payment_method"), changed(full, func(h *payment.Hint) { h.Method = "" }), ""},
		{"notify with a hash", "zahlung=attempt-1", with(notify(), "hash", hash(salt, "03404000", "URKUNDE.7f3c", "4250", "Geburtsurkunde 2026-000123", "1", "paypal", "URKUNDE", "2026-01-01 12:00:05")), signed, ""},
		{"return", "zahlung=attempt-1", back(salt), signed, ""},
		{"return with the old salt", "zahlung=attempt-1", back("old-salt"), signed, ""},
		{"return of another procedure", "zahlung=attempt-1", back("hund-salt"), changed(signed, func(h *payment.Hint) { h.Procedure = "HUND" }), ""},
		{"return of an aborted payment", "zahlung=attempt-1", sign(salt, with(with(without(notify(), "procedure"), "status", "0"), "payment_method", "")),
			changed(signed, func(h *payment.Hint) { h.Claim, h.Method = payment.StateAborted, "" }), ""},
		{"failed", "zahlung=attempt-1", with(notify(), "status", "0"), changed(full, func(h *payment.Hint) { h.Claim = payment.StateFailed }), ""},
		{"in progress", "zahlung=attempt-1", with(notify(), "status", "-1"), changed(full, func(h *payment.Hint) { h.Claim = payment.StateChecking }), ""},
		{"no hash on the return", "zahlung=attempt-1", without(back(salt), "hash"), unnamed, ""},
		{"unknown field", "zahlung=attempt-1", with(notify(), "new", "x"), full, ""},
		{"no fields", "zahlung=attempt-1", nil, payment.Hint{Attempt: "attempt-1"}, ""},
		{"values in the query", "zahlung=attempt-1&txid=other&amount=1", notify(), full, ""},

		{"no id", "", notify(), payment.Hint{}, no},
		{"two ids", "zahlung=a&zahlung=b", notify(), payment.Hint{}, no},
		{"id in the body", "", with(notify(), "zahlung", "attempt-1"), payment.Hint{}, no},
		{"id with a NUL", "zahlung=a%00", notify(), payment.Hint{}, no},
		{"empty hash", "zahlung=attempt-1", with(notify(), "hash", ""), payment.Hint{}, refused},
		{"wrong hash", "zahlung=attempt-1", back("guess"), payment.Hint{}, refused},
		{"hash with an empty salt", "zahlung=attempt-1", back(""), payment.Hint{}, refused},
		{"capital hash", "zahlung=attempt-1", with(back(salt), "hash", strings.ToUpper(back(salt).Get("hash"))), payment.Hint{}, refused},
		{"a cent more", "zahlung=attempt-1", with(back(salt), "amount", "4251"), payment.Hint{}, refused},
		{"status altered", "zahlung=attempt-1", with(sign(salt, with(notify(), "status", "0")), "status", "1"), payment.Hint{}, refused},
		{"hash of another procedure", "zahlung=attempt-1", sign("hund-salt", notify()), payment.Hint{}, refused},
		{"values shifted over a bar", "zahlung=attempt-1", with(with(with(back(salt), "desc", "Geburtsurkunde 2026-000123|1"), "status", ""), "payment_method", "paypal"), payment.Hint{}, no},
		{"bar in a value", "zahlung=attempt-1", sign(salt, with(notify(), "desc", "a|b")), payment.Hint{}, refused},
		{"amount in euros", "zahlung=attempt-1", with(notify(), "amount", "42.50"), payment.Hint{}, no},
		{"amount with a zero", "zahlung=attempt-1", with(notify(), "amount", "04250"), payment.Hint{}, no},
		{"amount with a sign", "zahlung=attempt-1", with(notify(), "amount", "+4250"), payment.Hint{}, no},
		{"amount too large", "zahlung=attempt-1", with(notify(), "amount", "99999999999999999999"), payment.Hint{}, no},
		{"unknown status", "zahlung=attempt-1", with(notify(), "status", "2"), payment.Hint{}, no},
		{"field twice", "zahlung=attempt-1", url.Values{"txid": {"a", "b"}}, payment.Hint{}, no},
		{"NUL", "zahlung=attempt-1", with(notify(), "txid", "a\x00"), payment.Hint{}, no},
		{"not UTF-8", "zahlung=attempt-1", with(notify(), "desc", "\xff"), payment.Hint{}, no},
		{"long field", "zahlung=attempt-1", with(notify(), "txid", strings.Repeat("x", 501)), payment.Hint{}, no},
		{"huge", "zahlung=attempt-1", with(notify(), "txid", strings.Repeat("x", 65<<10)), payment.Hint{}, payment.ReasonTooLarge},
	}
	for _, tt := range tests {
		got, err := p.Callback(request(tt.query, tt.form))
		if tt.reason != "" {
			wantReason(t, tt.name, err, tt.reason)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestCallbackOfOtherKinds(t *testing.T) {
	t.Parallel()
	p := newProvider(t, config("https://localhost"))
	got, err := p.Callback(httptest.NewRequest(http.MethodGet, "/?zahlung=attempt-1&status=1&txid=x", nil))
	if diff := cmp.Diff(payment.Hint{Attempt: "attempt-1"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, kind := range []string{"", "application/json", "multipart/form-data; boundary=x", "text/plain"} {
		r := request("zahlung=attempt-1", notify())
		r.Header.Set("Content-Type", kind)
		_, err := p.Callback(r)
		wantReason(t, kind, err, payment.ReasonNotAnswer)
	}
	r := request("zahlung=attempt-1", notify()) // as behind a middleware
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Callback(r); err != nil || got.TxID != "URKUNDE.7f3c" {
		t.Error(got, err)
	}
}

func FuzzCallback(f *testing.F) {
	p, err := pmpayment.New(config("https://localhost"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("zahlung=attempt-1", notify().Encode())
	f.Add("zahlung=attempt-1", back(salt).Encode())
	f.Add("zahlung=a&zahlung=b", "amount=%00")
	f.Add("zahlung=%zz", "&&&;=")
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest(http.MethodPost, "/callback", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		h, err := p.Callback(r)
		if err != nil {
			var e *payment.ProviderError
			if !errors.As(err, &e) || h != (payment.Hint{}) {
				t.Errorf("%v with %+v", err, h)
			}
			return
		}
		if h.Attempt == "" || h.Amount.Minor < 0 || strings.ContainsAny(h.TxID+h.Method, "\x00\n") {
			t.Errorf("%+v", h)
		}
		if h.Signed && body != back(salt).Encode() && !strings.Contains(body, "hash=") {
			t.Errorf("signed without a hash: %q", body)
		}
	})
}
