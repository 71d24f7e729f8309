package paymentsim

import (
	"crypto/hmac"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refusal is a start that was refused. It holds no text of the request.
type Refusal struct {
	At   time.Time
	Code string // exactly what was wrong, which the answer does not always tell
}

// The codes of a Refusal.
const (
	RefusedForm      = "form"      // not form-encoded, too large, a field unknown, twice or empty
	RefusedMissing   = "missing"   // a field is missing
	RefusedMerchant  = "merchant"  // AGS or procedure unknown
	RefusedHash      = "hash"      // salt or order of values wrong
	RefusedAmount    = "amount"    // not whole cents from 1
	RefusedText      = "text"      // desc or accountingRecord too long or not of the SEPA set
	RefusedTxID      = "txid"      // not letters, digits, dot, dash, underscore; or too long
	RefusedDuplicate = "duplicate" // txid is taken
	RefusedURL       = "url"       // notifyURL or redirectURL not absolute or not https
)

// answers tell the caller; of wrong merchants and hashes only one thing.
var answers = map[string]string{
	RefusedForm: "ungültige Parameter", RefusedMissing: "fehlender Parameter",
	RefusedMerchant: "ungültiger Hashwert", RefusedHash: "ungültiger Hashwert",
	RefusedAmount: "ungültiger Betrag", RefusedText: "ungültiger Text", RefusedTxID: "ungültige Transaktionsnummer",
	RefusedDuplicate: "Transaktionsnummer bereits vergeben", RefusedURL: "ungültige Adresse",
}

// order is that of the values in the hash.
var order = []string{"ags", "amount", "procedure", "desc", "accountingRecord", "txid", "notifyURL", "redirectURL"}

var (
	wholeCents = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	sepaText   = regexp.MustCompile(`^[a-zA-Z0-9':?,(+.)/ -]+$`)
	plainID    = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,128}$`)
	lowerHex   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Refusals returns the last 100 starts that were refused, newest first.
func (s *Server) Refusals() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.refusals)
	slices.Reverse(out)
	return out
}

func (s *Server) serveStart(w http.ResponseWriter, r *http.Request) {
	fault := s.Fault()
	if fault == FaultStartHTML || fault == FaultStart500 || fault == FaultStartHuge {
		s.breakAnswer(w, fault)
		return
	}
	t, code := s.accept(w, r)
	if code != "" {
		s.mu.Lock()
		if len(s.refusals) >= maxRefusals {
			s.refusals = slices.Delete(s.refusals, 0, 1)
		}
		s.refusals = append(s.refusals, Refusal{At: s.now(), Code: code})
		s.mu.Unlock()
		s.log.InfoContext(r.Context(), "paymentsim: start refused", "code", code)
		writeJSON(w, http.StatusOK, map[string]string{"Error": answers[code]})
		return
	}
	s.log.InfoContext(r.Context(), "paymentsim: start", "txid", t.TxID)
	switch fault {
	case FaultStartSlow:
		s.idle(r)
	case FaultStartCut:
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	writeJSON(w, http.StatusOK, map[string]string{"url": t.PayURL, "txid": t.TxID})
}

// accept checks a start in full and keeps the payment; a code says what is
// wrong.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*transaction, string) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, RefusedForm
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, RefusedForm
	}
	f := r.PostForm
	for name, values := range f {
		if len(values) != 1 || values[0] == "" || name != "hash" && !slices.Contains(order, name) {
			return nil, RefusedForm
		}
	}
	for _, name := range []string{"ags", "amount", "procedure", "desc", "hash"} {
		if f.Get(name) == "" {
			return nil, RefusedMissing
		}
	}
	m, ok := s.merchants[[2]string{f.Get("ags"), f.Get("procedure")}]
	if !ok {
		return nil, RefusedMerchant
	}
	var values []string
	for _, name := range order {
		if v := f.Get(name); v != "" {
			values = append(values, v)
		}
	}
	if !lowerHex.MatchString(f.Get("hash")) || !hmac.Equal([]byte(f.Get("hash")), []byte(sign(m.Salt, values))) {
		return nil, RefusedHash
	}
	if code := s.checkValues(f); code != "" {
		return nil, code
	}
	amount, err := strconv.ParseInt(f.Get("amount"), 10, 64)
	if err != nil {
		return nil, RefusedAmount
	}
	key := randomHex(16)
	t := &transaction{key: key, town: m.Name, salt: m.Salt, Transaction: Transaction{
		TxID: f.Get("txid"), AGS: m.AGS, Procedure: m.Procedure, Amount: amount, Desc: f.Get("desc"),
		Record: f.Get("accountingRecord"), NotifyURL: f.Get("notifyURL"), RedirectURL: f.Get("redirectURL"),
		PayURL: s.URL + "/bezahlen/" + key, State: StateOpen, Created: s.now(),
	}}
	if !s.insert(t) {
		return nil, RefusedDuplicate
	}
	return t, ""
}

func (s *Server) checkValues(f url.Values) string {
	for _, name := range order {
		if strings.Contains(f.Get(name), "|") {
			return RefusedForm // ambiguous under the hash
		}
	}
	record := f.Get("accountingRecord")
	switch {
	case !wholeCents.MatchString(f.Get("amount")):
		return RefusedAmount
	case len(f.Get("desc")) > 27 || !sepaText.MatchString(f.Get("desc")):
		return RefusedText
	case record != "" && (len(record) > 500 || !sepaText.MatchString(record)):
		return RefusedText
	case f.Get("txid") != "" && !plainID.MatchString(f.Get("txid")):
		return RefusedTxID
	}
	for _, name := range []string{"notifyURL", "redirectURL"} {
		if v := f.Get(name); v != "" && !s.acceptable(v) {
			return RefusedURL
		}
	}
	return ""
}

func (s *Server) acceptable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(address) > 2000 {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (s.opts.InsecureAllowHTTP || isLoopback(u.Hostname()))
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// idle waits as a slow server does, or until the caller has gone.
func (s *Server) idle(r *http.Request) {
	timer := time.NewTimer(s.opts.Slow)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// breakAnswer is the answer of a broken service.
func (s *Server) breakAnswer(w http.ResponseWriter, fault string) {
	switch fault {
	case FaultStartHTML, FaultStatusHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte("<!DOCTYPE html><html lang=\"de\"><title>Wartung</title><h1>Wir führen Wartungsarbeiten durch</h1></html>"))
	case FaultStartHuge, FaultStatusHuge:
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"status":1,"filler":"`))
		block := []byte(strings.Repeat("x", 64<<10))
		for range 128 { // eight megabytes
			if _, err := w.Write(block); err != nil {
				return
			}
		}
		w.Write([]byte(`"}`))
	default:
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(raw)
}

// serveStatus tells how a payment stands. Nobody has to prove who asks.
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	fault := s.Fault()
	switch fault {
	case FaultStatusHTML, FaultStatus500, FaultStatusHuge:
		s.breakAnswer(w, fault)
		return
	case FaultStatusSlow:
		s.idle(r)
	}
	now := s.now()
	s.mu.Lock()
	t := s.byTxID[r.PathValue("txid")]
	var state State
	if t != nil {
		state, _ = s.state(t, now)
	}
	s.mu.Unlock()
	if t == nil || t.AGS != r.PathValue("ags") {
		writeJSON(w, http.StatusNotFound, map[string]string{"Error": "unbekannte Transaktion"})
		return
	}
	var status any = state.status()
	if fault == FaultStatusText {
		status = strconv.Itoa(state.status())
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": status, "timestamp": s.local(t.Created)})
}

// origin returns scheme, host and port of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if host, port, err := net.SplitHostPort(u.Host); err == nil {
		return u.Scheme + "://" + net.JoinHostPort(host, port)
	}
	return u.Scheme + "://" + u.Host
}
