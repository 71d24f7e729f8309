package paymentsim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// push is a notify that waits to be sent.
type push struct {
	t     *transaction
	at    time.Time
	try   int
	step  step
	fault string
}

// enqueue plans the notifies of a step. It needs s.mu.
func (s *Server) enqueue(t *transaction, st step) {
	if s.fault == FaultPendingForever {
		st.state = StatePending
	}
	p := push{t: t, at: st.at, step: st, fault: s.fault}
	switch {
	case t.NotifyURL == "":
		return
	case t.card.Silent:
		t.note(Callback{At: st.at, Claim: st.state.status(), Note: CardCallbackLost})
		return
	case s.fault == FaultCallbackLost:
		t.note(Callback{At: st.at, Claim: st.state.status(), Note: FaultCallbackLost})
		return
	case s.fault == FaultCallbackTwice:
		s.queue = append(s.queue, p)
	}
	s.queue = append(s.queue, p)
	s.poke()
}

// maxCallbacks bounds what is kept per payment.
const maxCallbacks = 20

func (t *transaction) note(c Callback) {
	if len(t.Callbacks) < maxCallbacks {
		t.Callbacks = append(t.Callbacks, c)
	}
}

// poke wakes the loop; it never blocks.
func (s *Server) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop sends what is due until the server is closed. The clock of the options
// may be any, so it is looked at often.
func (s *Server) loop() {
	defer close(s.loopDone)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
		s.sendDue()
	}
}

// sendDue sends what is due, side by side, and returns what to wait for.
func (s *Server) sendDue() *sync.WaitGroup {
	now := s.now()
	var due []push
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return new(sync.WaitGroup)
	}
	s.queue = slices.DeleteFunc(s.queue, func(p push) bool {
		if p.at.After(now) {
			return false
		}
		due = append(due, p)
		return true
	})
	s.sending.Add(len(due))
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range due {
		wg.Go(func() {
			defer s.sending.Done()
			s.slots <- struct{}{}
			defer func() { <-s.slots }()
			s.send(p)
		})
	}
	return &wg
}

// send posts one notify and plans the next try unless it was taken.
func (s *Server) send(p push) {
	form := s.notifyFields(p)
	note := p.fault
	switch note {
	case FaultCallbackTwice, FaultCallbackForged, FaultCallbackForeign, FaultCallbackEarly:
	default:
		note = ""
	}
	status, err := s.post(p.t.NotifyURL, form)
	if err != nil {
		note = "unreachable"
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[p.t.key] != p.t {
		return // forgotten meanwhile
	}
	p.t.note(Callback{At: now, Status: status, Claim: p.step.state.status(), Note: note})
	if status != http.StatusOK && p.try < len(s.opts.Pauses) && p.fault != FaultCallbackEarly {
		p.at = now.Add(s.opts.Pauses[p.try])
		p.try++
		s.queue = append(s.queue, p)
	}
	s.log.Info("paymentsim: notify", "txid", p.t.TxID, "try", p.try, "answer", status, "note", note)
}

func (s *Server) post(address string, form url.Values) (int, error) {
	ctx, cancel := context.WithTimeout(s.ctx, notifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "paymentsim")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	return resp.StatusCode, resp.Body.Close()
}

// notifyFields are those of the server's push. The vendor sends no hash there.
func (s *Server) notifyFields(p push) url.Values {
	t := p.t
	txid, amount := t.TxID, t.Amount
	switch p.fault {
	case FaultCallbackForged:
		amount++
	case FaultCallbackForeign:
		txid = s.otherTxID(t)
	}
	form := url.Values{
		"ags": {t.AGS}, "txid": {txid}, "amount": {strconv.FormatInt(amount, 10)}, "desc": {t.Desc},
		"status": {strconv.Itoa(p.step.state.status())}, "procedure": {t.Procedure}, "created_at": {s.local(t.Created)},
	}
	if p.step.method != "" {
		form.Set("payment_method", p.step.method)
	}
	return form
}

// otherTxID is that of another payment, or of none if there is no other.
func (s *Server) otherTxID(t *transaction) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range slices.Backward(s.order) {
		if o != t {
			return o.TxID
		}
	}
	return t.Procedure + "." + randomHex(16)
}

// field is one hidden field of a form.
type field struct{ Name, Value string }

// returnFields are those the browser posts to the redirect address.
func (s *Server) returnFields(t *transaction, state State, method, fault string) []field {
	values := []string{t.AGS, t.TxID, strconv.FormatInt(t.Amount, 10), t.Desc, strconv.Itoa(state.status()), method, s.local(t.Created)}
	hash := sign(t.salt, values)
	if fault == FaultRedirectBadHash {
		hash = sign(t.salt+"x", values)
	}
	names := []string{"ags", "txid", "amount", "desc", "status", "payment_method", "created_at"}
	var out []field
	for i, name := range names {
		out = append(out, field{name, values[i]})
	}
	return append(out, field{"hash", hash})
}

// local writes a time as the vendor does: local, without a zone.
func (s *Server) local(at time.Time) string {
	return at.In(s.opts.Location).Format("2006-01-02 15:04:05")
}

// sign is HMAC-SHA256 in lower-case hex over the values joined by a bar.
func sign(salt string, values []string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	io.WriteString(mac, strings.Join(values, "|")) // a hash never fails to write
	return hex.EncodeToString(mac.Sum(nil))
}
