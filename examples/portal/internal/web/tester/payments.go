package tester

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// Payment is an order of the portal with the attempts to pay it.
type Payment struct {
	Order, Reference string
	Kassenzeichen    string
	State            string
	Cents            int64
	Created, Paid    time.Time
	Attempts         []Attempt
}

// Attempt is one attempt to pay.
type Attempt struct {
	TxID, State, LastError string
	Asked                  int
	Created, Ended         time.Time
}

// Batch is one file for the finance system.
type Batch struct {
	Number   int64
	Bookings int
	Cents    int64
	Closed   time.Time
}

// Notice is a mail that tells of a message.
type Notice struct {
	ID, State, LastError string
	Attempts             int
	Created              time.Time
}

// transaction is a payment as the payment service knows it.
type transaction struct {
	paymentsim.Transaction
	Reference string // of the case, if the portal knows the payment
	Attempt   string // state of the attempt in the portal
	Callbacks []string
}

// maxPayments is how many payments the page shows, the latest ones.
const maxPayments = 100

func (p *Pages) payments(r *web.Request) error {
	var orders []Payment
	if p.Payments != nil {
		var err error
		if orders, err = p.Payments(r.Context(), "", maxPayments); err != nil {
			return err
		}
	}
	data := map[string]any{"Orders": orders}
	all, err := p.transactions(r, orders)
	if errors.Is(err, sims.ErrAway) {
		data["Away"] = true
	} else if err != nil {
		return err
	}
	data["Transactions"] = all
	return p.show(r, "payments", "/test/zahlungen", web.View{}, data)
}

// transactions are those of the payment service, beside what the portal knows.
func (p *Pages) transactions(r *web.Request, orders []Payment) ([]transaction, error) {
	if p.Sims == nil {
		return nil, nil
	}
	list, err := p.Sims.Transactions(r.Context())
	if err != nil {
		return nil, err
	}
	known := map[string]transaction{}
	for _, o := range orders {
		for _, a := range o.Attempts {
			known[a.TxID] = transaction{Reference: o.Reference, Attempt: a.State}
		}
	}
	var out []transaction
	for _, t := range list {
		one := known[t.TxID]
		one.Transaction = t
		for _, c := range t.Callbacks {
			one.Callbacks = append(one.Callbacks, callback(c))
		}
		out = append(out, one)
		if len(out) == maxPayments {
			break
		}
	}
	return out, nil
}

// callback is what a callback claimed and how it was answered, as codes.
func callback(c paymentsim.Callback) string {
	s := fmt.Sprintf("%d → %d", c.Claim, c.Status)
	if c.Note != "" {
		s += " " + c.Note
	}
	return s
}

func (p *Pages) bookings(r *web.Request) error {
	var list []Batch
	if p.Batches != nil {
		var err error
		if list, err = p.Batches(r.Context()); err != nil {
			return err
		}
	}
	return p.show(r, "bookings", "/test/buchungen", web.View{}, map[string]any{"Batches": list})
}

func (p *Pages) bookingFile(r *web.Request) error {
	n, err := strconv.ParseInt(r.PathValue("nummer"), 10, 64)
	if err != nil || n < 1 || p.BatchFile == nil {
		return web.ErrNotFound
	}
	name, media, content, err := p.BatchFile(r.Context(), n)
	if err != nil {
		return err
	}
	h := r.W.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plain, name)+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("Cache-Control", "no-store")
	http.ServeContent(r.W, r.Request, "", time.Time{}, bytes.NewReader(content))
	return nil
}

// plain keeps what needs no quoting in a header.
func plain(c rune) rune {
	if c > ' ' && c < 0x7f && c != '"' && c != '\\' {
		return c
	}
	return '_'
}
