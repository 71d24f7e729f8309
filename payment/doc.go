// Package payment records what citizens have to pay online, and moves an order
// only on what a payment provider has proved.
//
// # For and not for
//
// It is for fees and charges that are paid once: an [Order] with its items, a
// state machine that only a [Snapshot] (an answer to our own question, or a
// message with a verified signature) or [Service.Cancel] can move, and a record
// of every step. It is not a shop, keeps no card data, talks to no provider and
// decides about nobody's rights: the caller does.
//
// # Standards
//
//   - ISO 4217 codes of currencies; amounts are integers in the smallest unit.
//
// # Quick start
//
//	service := payment.New(payment.NewMemStore(), nil)
//	order, err := service.Open(ctx, payment.Order{
//		ID:        "fee-2026-000123", // one id per thing to be paid
//		Reference: "2026-000123",
//		Items:     []payment.Item{{ID: "1", Text: "Meldebescheinigung", Amount: payment.EUR(1500), Quantity: 1}},
//	})
//	...
//	order, err = service.Apply(ctx, order.ID, payment.Snapshot{
//		State: payment.StatePaid, Amount: payment.EUR(1500), Method: "creditcard", ProviderRef: "tx-1"})
//
// # States
//
//	open <-> checking -> paid -> refunded
//	open, checking -> aborted, failed -> open, checking, paid (tried again, or a late answer)
//	open -> cancelled
//
// Nothing leads out of refunded and cancelled. Money that is reported for such
// an order, or a second time for a paid one, is a [*TransitionError] whose To is
// [StatePaid]: show it to a person who sends the money back.
//
// # How to store
//
// Package paymentsql keeps orders in SQLite or PostgreSQL through bun. Give it a
// transaction and use [Service.With] to write an order together with what
// belongs to it. Any other [Store] has five methods without rules.
//
// Writes are made by compare-and-swap on the version of the order: after any
// crash or race an order is either moved with its event or not at all, and a
// repeated snapshot changes nothing. So ask the provider again as often as you
// like.
//
// # How to test
//
// [MemStore] is a complete store. An own one is checked with
// paymenttest.TestStore.
//
// # Errors
//
// [ErrNotFound], [ErrExists], [ErrConflict], [ErrCurrency], [ErrOverflow],
// [ErrFull], and the types [*InvalidError], [*MismatchError] and
// [*TransitionError]. Texts hold ids, states and amounts, never a payer or a
// text of an item.
//
// # Promises
//
// An order is paid at most once. The amount paid is the total that was asked
// for, in the same currency. Events are never changed or removed.
//
// # Threats
//
//   - A forged "paid" in a browser's address or an unsigned callback: there is
//     no way to hand it in; only a Snapshot counts, and making one is the
//     privilege of the code that asked the provider.
//   - A real payment of another order or a smaller amount: amount and currency
//     are compared. The caller must see to it that the answer belongs to this
//     order (own reference of the provider).
//   - Two answers at once: compare-and-swap; one wins, the other is a repeat.
//   - Overflow by huge quantities: all arithmetic is checked.
//
// # Not checked against the original
//
// Which currencies have no or three decimals is written down from memory of ISO
// 4217; EUR is not affected.
package payment
