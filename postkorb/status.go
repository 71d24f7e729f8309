package postkorb

import "slices"

// Status is where the processing of a concern stands, as the citizen sees it.
// It says nothing about whether a message was delivered.
type Status string

// The statuses of the default ladder.
const (
	StatusReceived    Status = "received"
	StatusInReview    Status = "in-review"
	StatusQuestion    Status = "question"
	StatusPaymentOpen Status = "payment-open"
	StatusHandedOver  Status = "handed-over" // to another office; citizens see "In Bearbeitung"
	StatusGranted     Status = "granted"
	StatusRefused     Status = "refused"
	StatusPartly      Status = "partly"
	StatusWithdrawn   Status = "withdrawn" // the only one that a citizen may set
	StatusDone        Status = "done"      // certificates and the like
	StatusConfirmed   Status = "confirmed" // notifications (Anzeigen)
)

// Ladder says which statuses may follow which. The key "" holds those that a
// thread may begin with; a status that is no key has no way on.
type Ladder map[Status][]Status

// DefaultLadder returns a fresh copy of the ladder that an Inbox uses when none
// is given. What is decided or withdrawn can only be taken up again
// (StatusInReview).
func DefaultLadder() Ladder {
	ends := []Status{StatusGranted, StatusRefused, StatusPartly, StatusWithdrawn, StatusDone, StatusConfirmed}
	open := []Status{StatusReceived, StatusInReview, StatusQuestion, StatusPaymentOpen, StatusHandedOver}
	l := Ladder{"": slices.Concat(open, ends)}
	for _, from := range open {
		for _, to := range slices.Concat(open, ends) {
			// Nothing falls back to "received" except what waited for its payment.
			if to == from || (to == StatusReceived && from != StatusPaymentOpen) {
				continue
			}
			l[from] = append(l[from], to)
		}
	}
	for _, from := range ends {
		l[from] = []Status{StatusInReview}
	}
	return l
}

// Allows reports whether to may follow from.
func (l Ladder) Allows(from, to Status) bool { return slices.Contains(l[from], to) }

func (l Ladder) clone() Ladder {
	out := make(Ladder, len(l))
	for from, to := range l {
		out[from] = slices.Clone(to)
	}
	return out
}
