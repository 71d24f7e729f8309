package pmpayment

import (
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/stadttor/stadttor/payment"
)

// Callback reads the service's notify and the browser's return. Which attempt
// it is about stands in the query, which we wrote; all else is claimed by
// whoever sent the form. A hash is not required, but a wrong one is an error. A
// return without fields (someone opened the address) is a hint that claims
// nothing.
//
// Errors are [*payment.ProviderError]s: too-large, not-an-answer for what is no
// such form, refused for a wrong hash.
func (p *Provider) Callback(r *http.Request) (payment.Hint, error) {
	ids := r.URL.Query()[p.config.Query]
	if len(ids) != 1 || !plainID(ids[0]) || len(ids[0]) > maxTxID {
		return payment.Hint{}, fail(payment.ReasonNotAnswer, false)
	}
	hint := payment.Hint{Attempt: payment.AttemptID(ids[0])}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return hint, nil
	}
	f, err := form(r)
	if err != nil {
		return payment.Hint{}, err
	}
	if len(f) == 0 {
		return hint, nil
	}
	for name, values := range f {
		if len(values) != 1 || len(name) > maxField || len(values[0]) > maxField || !plain(values[0]) {
			return payment.Hint{}, fail(payment.ReasonNotAnswer, false)
		}
	}
	hint.Tenant, hint.TxID, hint.Procedure = f.Get("ags"), f.Get("txid"), f.Get("procedure")
	hint.Method = f.Get("payment_method")
	if f.Has("amount") {
		n, ok := cents(f.Get("amount"))
		if !ok {
			return payment.Hint{}, fail(payment.ReasonNotAnswer, false)
		}
		hint.Amount = payment.EUR(n)
	}
	if f.Has("status") {
		code, ok := statusCode(f.Get("status"))
		if !ok {
			return payment.Hint{}, fail(payment.ReasonNotAnswer, false)
		}
		hint.Claim = stateOf(code, hint.Method)
	}
	if f.Has("hash") {
		procedure, ok := p.verify(f)
		if !ok {
			return payment.Hint{}, fail(payment.ReasonRefused, false)
		}
		hint.Signed = true
		if hint.Procedure == "" {
			hint.Procedure = procedure
		}
	}
	return hint, nil
}

// form returns the fields of the body; those of the query are never mixed in.
func form(r *http.Request) (url.Values, error) {
	if r.PostForm == nil {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, fail(payment.ReasonNotAnswer, false)
		}
		r.Body = http.MaxBytesReader(nil, r.Body, maxAnswer)
		if err := r.ParseForm(); err != nil {
			if tooLarge(err) {
				return nil, fail(payment.ReasonTooLarge, false)
			}
			return nil, fail(payment.ReasonNotAnswer, false)
		}
	}
	return r.PostForm, nil
}

// verify compares the hash of a form with those that the salts of its
// procedure make, of all procedures if it names none, as on the return. It
// names the procedure if only one fits.
func (p *Provider) verify(f url.Values) (string, bool) {
	var values []string
	for _, name := range []string{"ags", "txid", "amount", "desc", "status", "payment_method"} {
		values = append(values, f.Get(name)) // a missing method is an empty slot
	}
	back := append(slices.Clone(values), f.Get("created_at"))
	push := append(slices.Clone(values), f.Get("procedure"), f.Get("created_at"))
	if ambiguous(push) {
		return "", false
	}
	names := []string{f.Get("procedure")}
	if names[0] == "" {
		names = slices.Sorted(maps.Keys(p.config.Procedures))
	}
	var found []string
	for _, name := range names {
		c, known := p.config.Procedures[name]
		if !known {
			continue
		}
		ok := false
		for _, salt := range []string{c.Salt, c.OldSalt} {
			if salt == "" {
				continue
			}
			ok = sameHash(hashOf(salt, back), f.Get("hash")) || ok
			// The vendor once announced this order for a hashed notify.
			ok = sameHash(hashOf(salt, push), f.Get("hash")) || ok
		}
		if ok {
			found = append(found, name)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return "", len(found) > 0
}
