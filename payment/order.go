package payment

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// OrderID names an order. The caller may choose it: one id per thing to be
// paid makes opening safe to repeat.
type OrderID string

// State says how far an order has come.
type State string

// The states of an order.
const (
	StateOpen      State = "open"      // waits for the payer
	StateChecking  State = "checking"  // the provider does not know yet
	StatePaid      State = "paid"      // money is there; only a refund follows
	StateAborted   State = "aborted"   // ended by the payer; may be tried again
	StateFailed    State = "failed"    // ended by the provider; may be tried again
	StateRefunded  State = "refunded"  // money went back; nothing follows
	StateCancelled State = "cancelled" // withdrawn by the administration; nothing follows
)

// transitions says which state a Snapshot may lead to. Money that arrives after
// an attempt was given up still counts, since providers answer late and out of
// order. StateCancelled is reached by Cancel only.
var transitions = map[State][]State{
	StateOpen:     {StateChecking, StatePaid, StateAborted, StateFailed},
	StateChecking: {StateOpen, StatePaid, StateAborted, StateFailed},
	StateAborted:  {StateOpen, StateChecking, StatePaid, StateFailed},
	StateFailed:   {StateOpen, StateChecking, StatePaid, StateAborted},
	StatePaid:     {StateRefunded},
}

// Known reports whether s is one of the states of this package.
func (s State) Known() bool {
	switch s {
	case StateOpen, StateChecking, StatePaid, StateAborted, StateFailed, StateRefunded, StateCancelled:
		return true
	}
	return false
}

// Allows reports whether a Snapshot may move an order from s to another state.
func (s State) Allows(to State) bool {
	for _, t := range transitions[s] {
		if t == to {
			return true
		}
	}
	return false
}

// Item is one position of an order.
type Item struct {
	ID       string // unique in the order
	Text     string // what it is for; may reach the payer's bank statement
	Amount   Money  // for one piece, never negative
	Quantity int    // at least 1
	Account  string // where it is booked; free text
}

// Order is something to be paid once.
type Order struct {
	ID          OrderID
	Reference   string // of the case; free text
	Payer       string // account id, empty for guests
	Items       []Item
	Total       Money
	State       State
	CreatedAt   time.Time
	PaidAt      time.Time // as told by the provider; zero until paid
	Version     int64     // grows with every write
	Method      string    // how it was paid, as told by the provider
	Ref         string    // Kassenzeichen
	ProviderRef string    // the provider's own id of the payment, set when paid
}

// Snapshot is what a provider has proved about an order: an answer to our own
// question, or a message with a verified signature. What a browser or an
// unsigned callback says is no Snapshot.
type Snapshot struct {
	State       State
	Amount      Money     // required for StatePaid and StateRefunded, else optional
	At          time.Time // of the payment; zero: now
	Method      string
	ProviderRef string
}

// EventType says what happened to an order.
type EventType string

// The types of event.
const (
	EventOpened    EventType = "opened"
	EventMoved     EventType = "moved" // by a Snapshot
	EventCancelled EventType = "cancelled"
)

// Event is one line in the record of an order. Events are only ever appended;
// Seq counts 1, 2, 3, ... and equals the order's version after the event.
type Event struct {
	Seq         int64
	Order       OrderID
	Type        EventType
	From, To    State
	Amount      Money
	Method      string
	ProviderRef string
	By          string    // who cancelled; an id
	Reason      string    // why it was cancelled; a code
	At          time.Time // when it was recorded
}

// Limits of single fields in bytes, and of the list of items.
const (
	maxID    = 200
	maxText  = 500
	maxItems = 500
)

// Sum returns what the items cost together. Errors: ErrCurrency, ErrOverflow.
// No items have no sum: the zero Money.
func Sum(items []Item) (Money, error) {
	var total Money
	for i, it := range items {
		line, err := it.Amount.Mul(it.Quantity)
		if err != nil {
			return Money{}, err
		}
		if i == 0 {
			total = line
			continue
		}
		if total, err = total.Add(line); err != nil {
			return Money{}, err
		}
	}
	return total, nil
}

func checkOrder(o Order) error {
	for _, f := range []struct{ name, value string }{
		{"id", string(o.ID)}, {"reference", o.Reference}, {"payer", o.Payer}, {"ref", o.Ref},
	} {
		if err := checkLine(f.name, f.value, maxID); err != nil {
			return err
		}
	}
	if len(o.Items) == 0 {
		return &InvalidError{Field: "items", Rule: RuleRequired}
	}
	if len(o.Items) > maxItems {
		return &InvalidError{Field: "items", Rule: RuleTooMany}
	}
	seen := map[string]bool{}
	for _, it := range o.Items {
		if err := checkItem(it); err != nil {
			return err
		}
		if seen[it.ID] {
			return &InvalidError{Field: "item.id", Rule: RuleDuplicate}
		}
		seen[it.ID] = true
	}
	return nil
}

func checkItem(it Item) error {
	if it.ID == "" {
		return &InvalidError{Field: "item.id", Rule: RuleRequired}
	}
	if err := checkLine("item.id", it.ID, maxID); err != nil {
		return err
	}
	if err := checkLine("item.account", it.Account, maxID); err != nil {
		return err
	}
	switch {
	case !validCurrency(it.Amount.Currency):
		return &InvalidError{Field: "item.amount", Rule: RuleUnknown}
	case it.Amount.Minor < 0:
		return &InvalidError{Field: "item.amount", Rule: RuleRange}
	case it.Quantity < 1:
		return &InvalidError{Field: "item.quantity", Rule: RuleRange}
	}
	return checkLine("item.text", it.Text, maxText)
}

func checkSnapshot(s Snapshot) error {
	if !s.State.Known() || s.State == StateCancelled {
		return &InvalidError{Field: "state", Rule: RuleUnknown}
	}
	if s.Amount.IsZero() && (s.State == StatePaid || s.State == StateRefunded) {
		return &InvalidError{Field: "amount", Rule: RuleRequired}
	}
	if !s.Amount.IsZero() && !validCurrency(s.Amount.Currency) {
		return &InvalidError{Field: "amount", Rule: RuleUnknown}
	}
	if y := s.At.UTC().Year(); y < 1 || y > 9999 {
		return &InvalidError{Field: "at", Rule: RuleRange}
	}
	if err := checkLine("method", s.Method, maxID); err != nil {
		return err
	}
	return checkLine("provider_ref", s.ProviderRef, maxID)
}

// checkLine refuses what a database, a log or a bank statement would choke on.
func checkLine(field, s string, limit int) error {
	if len(s) > limit {
		return &InvalidError{Field: field, Rule: RuleTooLong}
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return &InvalidError{Field: field, Rule: RuleText}
	}
	return nil
}
