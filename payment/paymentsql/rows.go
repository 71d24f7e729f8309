package paymentsql

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stadttor/stadttor/payment"
	"github.com/uptrace/bun"
)

type orderRow struct {
	bun.BaseModel `bun:"table:payment_orders,alias:o"`

	ID          string `bun:",pk"`
	Reference   string
	Payer       string
	Items       string
	TotalMinor  int64
	Currency    string
	State       string
	CreatedAt   time.Time
	PaidAt      time.Time `bun:",nullzero"`
	Version     int64
	Method      string
	Ref         string
	ProviderRef string
}

// itemJSON is what lies in the database; renaming a field of the exported type
// must not change it.
type itemJSON struct {
	ID       string `json:"id"`
	Text     string `json:"text,omitempty"`
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
	Quantity int    `json:"quantity"`
	Account  string `json:"account,omitempty"`
}

func orderToRow(o payment.Order) (*orderRow, error) {
	items := make([]itemJSON, len(o.Items))
	for i, it := range o.Items {
		items[i] = itemJSON{
			ID: it.ID, Text: it.Text, Minor: it.Amount.Minor, Currency: it.Amount.Currency,
			Quantity: it.Quantity, Account: it.Account,
		}
	}
	raw, err := json.Marshal(items)
	if err != nil {
		return nil, fmt.Errorf("paymentsql: items: %w", err)
	}
	return &orderRow{
		ID: string(o.ID), Reference: o.Reference, Payer: o.Payer, Items: string(raw),
		TotalMinor: o.Total.Minor, Currency: o.Total.Currency, State: string(o.State),
		CreatedAt: utc(o.CreatedAt), PaidAt: utc(o.PaidAt), Version: o.Version, Method: o.Method,
		Ref: o.Ref, ProviderRef: o.ProviderRef,
	}, nil
}

func (r *orderRow) order() (payment.Order, error) {
	var raw []itemJSON
	if err := json.Unmarshal([]byte(r.Items), &raw); err != nil {
		return payment.Order{}, fmt.Errorf("paymentsql: items of %s: %w", r.ID, err)
	}
	var items []payment.Item
	for _, it := range raw {
		items = append(items, payment.Item{
			ID: it.ID, Text: it.Text, Amount: payment.Money{Minor: it.Minor, Currency: it.Currency},
			Quantity: it.Quantity, Account: it.Account,
		})
	}
	return payment.Order{
		ID: payment.OrderID(r.ID), Reference: r.Reference, Payer: r.Payer, Items: items,
		Total: payment.Money{Minor: r.TotalMinor, Currency: r.Currency}, State: payment.State(r.State),
		CreatedAt: utc(r.CreatedAt), PaidAt: utc(r.PaidAt), Version: r.Version, Method: r.Method,
		Ref: r.Ref, ProviderRef: r.ProviderRef,
	}, nil
}

type eventRow struct {
	bun.BaseModel `bun:"table:payment_events,alias:e"`

	OrderID     string `bun:",pk"`
	Seq         int64  `bun:",pk"`
	Type        string
	FromState   string
	ToState     string
	AmountMinor int64
	Currency    string
	Method      string
	ProviderRef string
	ByID        string
	Reason      string
	At          time.Time
}

func eventToRow(e payment.Event) *eventRow {
	return &eventRow{
		OrderID: string(e.Order), Seq: e.Seq, Type: string(e.Type), FromState: string(e.From), ToState: string(e.To),
		AmountMinor: e.Amount.Minor, Currency: e.Amount.Currency, Method: e.Method, ProviderRef: e.ProviderRef,
		ByID: e.By, Reason: e.Reason, At: utc(e.At),
	}
}

func (r *eventRow) event() payment.Event {
	return payment.Event{
		Seq: r.Seq, Order: payment.OrderID(r.OrderID), Type: payment.EventType(r.Type),
		From: payment.State(r.FromState), To: payment.State(r.ToState),
		Amount: payment.Money{Minor: r.AmountMinor, Currency: r.Currency}, Method: r.Method,
		ProviderRef: r.ProviderRef, By: r.ByID, Reason: r.Reason, At: utc(r.At),
	}
}

// utc leaves the zero time alone: it stands for NULL.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
