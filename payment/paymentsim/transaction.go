package paymentsim

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"
)

// State says how far a simulated payment has come.
type State string

// The states of a payment.
const (
	StateOpen     State = "open"     // the payer has not chosen; status -1
	StatePending  State = "pending"  // chosen, not decided; status -1
	StatePaid     State = "paid"     // status 1
	StateDeclined State = "declined" // status 0, with a method
	StateAborted  State = "aborted"  // status 0, without a method
	StateExpired  State = "expired"  // the payer never chose; status 0, without a method
)

// status is the number the interface says for a state.
func (s State) status() int {
	switch s {
	case StatePaid:
		return 1
	case StateDeclined, StateAborted, StateExpired:
		return 0
	}
	return -1
}

// Transaction is a copy of what the simulator knows about a payment.
type Transaction struct {
	TxID, AGS, Procedure string
	Amount               int64 // cents
	Desc, Record         string
	PayURL               string
	NotifyURL            string
	RedirectURL          string
	State                State
	Method               string
	Card                 string // code of the card, "" until one was chosen
	Callbacks            []Callback
	Created              time.Time
}

// Callback is one notify that was sent, or held back by a fault or a card.
type Callback struct {
	At     time.Time
	Status int    // HTTP status of the answer; 0: none came, or nothing was sent
	Claim  int    // the status that was told: 1, 0 or -1
	Note   string // "" as it should be, else the fault or "unreachable"
}

// transaction is the record behind it; s.mu guards the changing fields.
type transaction struct {
	Transaction
	key   string // in the address of the pay page
	town  string
	salt  string
	steps []step // how it goes on, in order of time
	card  Card
	fault string // that was on when the payer chose
	early bool   // FaultCallbackEarly has struck
}

// step says from when on a payment is in a state.
type step struct {
	at     time.Time
	state  State
	method string
}

// at returns the state at a time.
func (t *transaction) at(now time.Time, life time.Duration) (State, string) {
	state, method := StateOpen, ""
	if len(t.steps) == 0 && !now.Before(t.Created.Add(life)) {
		state = StateExpired
	}
	for _, s := range t.steps {
		if !s.at.After(now) {
			state, method = s.state, s.method
		}
	}
	return state, method
}

// now is the time of one operation.
func (s *Server) now() time.Time { return s.opts.Now().UTC().Truncate(time.Microsecond) }

// insert keeps a payment; false if its txid is taken. The oldest goes when
// there are too many.
func (s *Server) insert(t *transaction) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.TxID == "" {
		t.TxID = t.Procedure + "." + randomHex(16)
	}
	if s.byTxID[t.TxID] != nil {
		return false
	}
	if len(s.order) >= maxTransactions {
		old := s.order[0]
		s.order = slices.Delete(s.order, 0, 1)
		delete(s.byTxID, old.TxID)
		delete(s.byKey, old.key)
	}
	s.order = append(s.order, t)
	s.byTxID[t.TxID], s.byKey[t.key] = t, t
	return true
}

// Transactions returns what has been started, newest first, 10,000 at most.
func (s *Server) Transactions() []Transaction {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Transaction, 0, len(s.order))
	for _, t := range slices.Backward(s.order) {
		out = append(out, s.copyOf(t, now))
	}
	return out
}

// Transaction returns one payment. The error is ErrUnknownTransaction.
func (s *Server) Transaction(txid string) (Transaction, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.byTxID[txid]
	if t == nil {
		return Transaction{}, ErrUnknownTransaction
	}
	return s.copyOf(t, now), nil
}

// copyOf needs s.mu.
func (s *Server) copyOf(t *transaction, now time.Time) Transaction {
	c := t.Transaction
	c.Callbacks = slices.Clone(c.Callbacks)
	c.State, c.Method = s.state(t, now)
	return c
}

// state is what the service tells at a time. It needs s.mu.
func (s *Server) state(t *transaction, now time.Time) (State, string) {
	state, method := t.at(now, s.opts.Life)
	if s.fault == FaultPendingForever && state != StateOpen {
		return StatePending, method
	}
	return state, method
}

// Forget removes all payments, refusals and notifies that wait.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order, s.refusals, s.queue = nil, nil, nil
	s.byTxID, s.byKey = map[string]*transaction{}, map[string]*transaction{}
}

// Pay chooses a card (its code or number) for a payment, as the payer does on
// the pay page, and returns when the notifies that are due have been sent once.
// Errors: ErrUnknownTransaction, ErrUnknownCard, ErrEnded.
func (s *Server) Pay(txid, card string) error {
	c, ok := findCard(card)
	if !ok {
		return ErrUnknownCard
	}
	s.mu.Lock()
	t := s.byTxID[txid]
	s.mu.Unlock()
	if t == nil {
		return ErrUnknownTransaction
	}
	if !s.choose(t, c) {
		return ErrEnded
	}
	s.sendDue().Wait()
	return nil
}

// abort is what the link on the pay page does.
var abort = Card{Code: CardAborted, Outcome: StateAborted}

// choose lets a payment go on as the card says; false if it has ended.
func (s *Server) choose(t *transaction, c Card) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if state, _ := t.at(now, s.opts.Life); state != StateOpen || len(t.steps) > 0 {
		return false
	}
	t.card, t.Card, t.fault = c, c.Code, s.fault
	switch {
	case c.After > 0:
		t.steps = []step{{now, StatePending, c.Method}, {now.Add(c.After), c.Outcome, c.Method}}
	case s.fault == FaultLateSuccess && c.Outcome == StatePaid:
		t.steps = []step{{now, StateDeclined, c.Method}, {now.Add(laterBy), StatePaid, c.Method}}
	default:
		t.steps = []step{{now, c.Outcome, c.Method}}
	}
	for _, st := range t.steps {
		s.enqueue(t, st)
	}
	return true
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
