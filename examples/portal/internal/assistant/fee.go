package assistant

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Fee is what the service costs, for information and for the payment order.
type Fee struct {
	// Cents is what is due, or with Items the amount that is named beforehand:
	// that of the first item.
	Cents int64 `json:"cents"`
	Note  Text  `json:"note"` // for instance "a year"
	// Account is where the fee is booked, for a fee without items.
	Account string `json:"account,omitempty"`
	// Items divide the fee, for instance by number of copies and by account.
	Items []FeeItem `json:"items,omitempty"`
	// FreeWhen says when nothing is due; nil: never.
	FreeWhen *Condition `json:"freeWhen,omitempty"`
	// Prepaid says that the application goes out only after payment.
	Prepaid bool `json:"prepaid,omitempty"`
}

// FeeItem is one position of a fee.
type FeeItem struct {
	ID      string `json:"id"`
	Text    Text   `json:"text"`
	Cents   int64  `json:"cents"` // for one piece
	Account string `json:"account"`
	// Quantity is the id of a field outside groups with a whole number; empty:
	// one piece.
	Quantity string `json:"quantity,omitempty"`
	// Less is taken off the quantity: 1 means "each further one".
	Less int        `json:"less,omitempty"`
	When *Condition `json:"when,omitempty"` // nil: always
}

// FeeLine is one priced position of a fee.
type FeeLine struct {
	ID       string
	Text     Text
	Cents    int64 // for one piece
	Quantity int   // at least 1
	Account  string
}

// Sum is what the line costs in cents.
func (l FeeLine) Sum() int64 { return l.Cents * int64(l.Quantity) }

// maxPieces bounds what a quantity field may multiply.
const maxPieces = 1000

// FeeLines returns what is due, position by position; nothing when nothing is
// due. The lines add up to what [Definition.FeeFor] returns.
func (d *Definition) FeeLines(a Answers, today time.Time) []FeeLine {
	if d.Fee == nil {
		return nil
	}
	pruned := d.prune(a, today)
	sc := scopeOf(pruned, nil, today)
	if d.Fee.FreeWhen != nil && sc.holds(d.Fee.FreeWhen) {
		return nil
	}
	if len(d.Fee.Items) == 0 {
		if d.Fee.Cents == 0 {
			return nil
		}
		return []FeeLine{{ID: "gebuehr", Text: d.Title, Cents: d.Fee.Cents, Quantity: 1, Account: d.Fee.Account}}
	}
	var out []FeeLine
	for _, it := range d.Fee.Items {
		n := 1
		if it.Quantity != "" {
			v, _ := pruned.Value(it.Quantity)
			n, _ = strconv.Atoi(v.Text) // no number yet: no piece
			n = min(n, maxPieces)
		}
		if n -= it.Less; n < 1 || it.Cents == 0 || !sc.holds(it.When) {
			continue
		}
		out = append(out, FeeLine{ID: it.ID, Text: it.Text, Cents: it.Cents, Quantity: n, Account: it.Account})
	}
	return out
}

// FeeFor returns what is due in cents.
func (d *Definition) FeeFor(a Answers, today time.Time) int64 {
	var sum int64
	for _, l := range d.FeeLines(a, today) {
		sum += l.Sum()
	}
	return sum
}

// Prepaid reports whether something is due and has to be paid before the
// application goes out.
func (d *Definition) Prepaid(a Answers, today time.Time) bool {
	return d.Fee != nil && d.Fee.Prepaid && d.FeeFor(a, today) > 0
}

// fee checks what a service costs; all fields of the form are known by then.
func (c *checker) fee(f *Fee) {
	const most = 1_000_000_00
	if f.Cents < 0 || f.Cents > most {
		c.fault("fee.cents", "want 0 to one million euros")
	}
	c.text("fee.note", f.Note, true)
	c.condition("fee.freeWhen", f.FreeWhen)
	if len(f.Items) > 0 && (f.Cents != f.Items[0].Cents || f.Account != "") {
		c.fault("fee", "with items, want the cents of the first one and no account")
	}
	var seen []string
	for i, it := range f.Items {
		path := fmt.Sprintf("fee.items[%d]", i)
		if !slug.MatchString(it.ID) || slices.Contains(seen, it.ID) {
			c.fault(path+".id", "want an id of its own in small letters, digits and hyphens")
		}
		seen = append(seen, it.ID)
		c.text(path+".text", it.Text, true)
		c.condition(path+".when", it.When)
		if it.Cents < 1 || it.Cents > most {
			c.fault(path+".cents", "want one cent to one million euros")
		}
		if it.Less < 0 || it.Less > maxPieces {
			c.fault(path+".less", "want 0 to %d", maxPieces)
		}
		if it.Account == "" {
			c.fault(path+".account", "there must be one")
		}
		if q := c.known[it.Quantity]; it.Quantity != "" && (q == nil || q.Type != TypeNumber || q.Decimals != 0) {
			c.fault(path+".quantity", "%q is no field outside groups with a whole number", it.Quantity)
		}
	}
}
