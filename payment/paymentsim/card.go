package paymentsim

import (
	"errors"
	"time"
)

// Card is a means of payment on the pay page that leads to a known end. The
// numbers belong to no card in the world.
type Card struct {
	Number  string // as printed, in groups of four
	Code    string // short name, what Pay takes
	Name    string // German, on the pay page
	Text    string // German, what will happen
	Method  string // payment_method that is reported
	Outcome State  // in which the payment ends
	Silent  bool   // no notify reaches the merchant
	Stays   bool   // the browser does not come back
	After   time.Duration
}

// The codes of the cards.
const (
	CardPaid          = "paid"
	CardDeclined      = "declined"
	CardAborted       = "aborted"
	CardPending       = "pending"
	CardPayPal        = "paypal"
	CardCallbackLost  = "callback-lost"
	CardNoReturn      = "no-return"
	CardSilent        = "silent"
	CardPaidLater     = "paid-later"
	CardDeclinedLater = "declined-later"
)

// laterBy is how long a payment that ends later stays in progress.
const laterBy = 2 * time.Minute

// Cards returns the means of payment on the pay page.
func Cards() []Card {
	return []Card{
		{Number: "0000 0000 0000 0101", Code: CardPaid, Name: "Kreditkarte", Text: "Die Zahlung gelingt.", Method: "creditCard", Outcome: StatePaid},
		{Number: "0000 0000 0000 0102", Code: CardDeclined, Name: "Kreditkarte ohne Deckung", Text: "Die Zahlung wird abgelehnt.", Method: "creditCard", Outcome: StateDeclined},
		{Number: "0000 0000 0000 0103", Code: CardAborted, Name: "Kreditkarte, Abbruch bei der Bank", Text: "Die Zahlung wird abgebrochen.", Outcome: StateAborted},
		{Number: "0000 0000 0000 0104", Code: CardPending, Name: "Kreditkarte in Prüfung", Text: "Die Zahlung bleibt in Bearbeitung.", Method: "creditCard", Outcome: StatePending},
		{Number: "0000 0000 0000 0105", Code: CardPayPal, Name: "PayPal", Text: "Die Zahlung gelingt mit PayPal.", Method: "paypal", Outcome: StatePaid},
		{Number: "0000 0000 0000 0106", Code: CardCallbackLost, Name: "Kreditkarte, Rückmeldung geht verloren", Text: "Die Zahlung gelingt. Der Online-Dienst bekommt keine Nachricht, nur Ihr Browser kehrt zurück.", Method: "creditCard", Outcome: StatePaid, Silent: true},
		{Number: "0000 0000 0000 0107", Code: CardNoReturn, Name: "Kreditkarte, Browser kehrt nicht zurück", Text: "Die Zahlung gelingt. Der Online-Dienst bekommt eine Nachricht, Ihr Browser bleibt hier.", Method: "creditCard", Outcome: StatePaid, Stays: true},
		{Number: "0000 0000 0000 0108", Code: CardSilent, Name: "Kreditkarte, beides geht verloren", Text: "Die Zahlung gelingt. Der Online-Dienst bekommt keine Nachricht, und Ihr Browser bleibt hier.", Method: "creditCard", Outcome: StatePaid, Silent: true, Stays: true},
		{Number: "0000 0000 0000 0109", Code: CardPaidLater, Name: "Lastschrift, später bezahlt", Text: "Die Zahlung ist zwei Minuten in Bearbeitung und gelingt dann.", Method: "sepa", Outcome: StatePaid, After: laterBy},
		{Number: "0000 0000 0000 0110", Code: CardDeclinedLater, Name: "Lastschrift, später abgelehnt", Text: "Die Zahlung ist zwei Minuten in Bearbeitung und wird dann abgelehnt.", Method: "sepa", Outcome: StateDeclined, After: laterBy},
	}
}

// Errors of Pay.
var (
	// ErrUnknownCard says that there is no card of that code or number.
	ErrUnknownCard = errors.New("paymentsim: unknown card")
	// ErrUnknownTransaction says that there is no such payment.
	ErrUnknownTransaction = errors.New("paymentsim: unknown transaction")
	// ErrEnded says that the payer has chosen before, or was too late.
	ErrEnded = errors.New("paymentsim: payment has ended")
)

// findCard takes a code or a number with or without blanks.
func findCard(name string) (Card, bool) {
	for _, c := range Cards() {
		if c.Code == name || c.Number == name || digits(c.Number) == digits(name) && digits(name) != "" {
			return c, true
		}
	}
	return Card{}, false
}

func digits(s string) string {
	var out []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			out = append(out, s[i])
		}
	}
	return string(out)
}
