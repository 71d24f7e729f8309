// Package payment takes online payments through payment providers: each order is
// paid at most once, booked exactly once, and recovered after any loss.
//
// # For and not for
//
// It is for fees and charges that are paid once. An [Order] holds what is to be
// paid; a [Checkout] makes attempts to pay it at a [Provider] and finds out what
// became of them; a [Ledger] hands what was paid to the finance system. It is
// not a shop, keeps no card data, sends no money back (a person does) and asks
// nobody for rights: the caller does. Drivers of providers are other packages.
//
// # Standards
//
//   - ISO 4217 codes of currencies; amounts are integers in the smallest unit.
//   - ISO 7064 MOD 97-10 check digits of [Kassenzeichen]; the characters of SEPA
//     in [Remittance]; CSV after RFC 4180 in booking files.
//
// # Quick start
//
//	orders := payment.New(payment.NewMemStore(), nil)
//	checkout := payment.NewCheckout(orders, payment.NewMemAttemptStore(), &payment.CheckoutOptions{
//		Providers: map[string]payment.Provider{"pmpayment": driver}, URLs: callbackAddresses})
//	order, err := orders.Open(ctx, payment.Order{ID: "fee-1", Ref: payment.Kassenzeichen("AW26", 1),
//		Items: []payment.Item{{ID: "1", Text: "Urkunde", Amount: payment.EUR(1500), Quantity: 1}}})
//	attempt, err := checkout.Begin(ctx, order.ID) // redirect the payer to attempt.PayURL
//	...
//	hint, err := driver.Callback(r) // a push, or the payer's return
//	attempt, err = checkout.Take(ctx, hint)
//	settlement, err := checkout.Reconcile(ctx, string(attempt.ID)) // if settlement.Paid: go on
//
// # States
//
//	order:   open <-> checking -> paid -> refunded
//	         open, checking -> aborted, failed -> open, checking, paid
//	         open, aborted, failed -> cancelled
//	attempt: created -> started -> paid, aborted, failed, expired
//	         aborted, failed, expired -> paid (late money); any of these -> surplus
//
// An order has at most one live attempt (created or started). Money that the
// order does not wait for makes the attempt surplus: show List(AttemptSurplus)
// to the treasury.
//
// # Look-ups and crashes
//
// A callback only brings a look-up forward. Let a job call [Checkout.Due], and
// for each id [Checkout.Ask] outside and [Checkout.Settle] inside a transaction
// that also writes what follows, on [Checkout.With]; [Ledger.Record] belongs
// there too. The intent is written before the provider is asked, Ask holds a
// lease, Settle may be repeated: wherever a process dies, the attempt falls due
// again. Live attempts are asked about at growing intervals and once more when
// their time is over; ended ones a few times more, as failures turn into
// successes. A provider that does not answer changes no order.
//
// # How to store
//
// Package paymentsql keeps everything in SQLite or PostgreSQL through bun. Give
// it a transaction and use the With methods. Own stores implement [Store],
// [AttemptStore] and [BookingStore], which have few methods without rules.
//
// # How to test
//
// [MemStore], [MemAttemptStore] and [MemBookingStore] are complete stores. Own
// ones are checked with paymenttest.TestStore, TestAttemptStore and
// TestBookingStore, drivers with paymenttest.TestProvider.
//
// # Errors
//
// [ErrNotFound], [ErrExists], [ErrConflict], [ErrCurrency], [ErrOverflow],
// [ErrFull], [ErrNotPayable], and the types [*InvalidError], [*MismatchError],
// [*TransitionError], [*ProviderError] and [*HintError]. Texts hold ids of
// orders, codes and amounts, never a payer, a text of an item or an id of an
// attempt.
//
// # Promises
//
// An order is paid at most once, by its total and currency. A paid order has one
// booking, whose lines sum up to it; a booking is in one batch; batches have no
// gaps; the file of a batch has the same bytes for ever. Events are never
// changed.
//
// # Threats
//
//   - A forged, foreign or replayed callback, an amount altered by a cent: a
//     [Hint] is compared with what was stored and moves nothing; the provider is
//     asked with the stored ids. Ids of attempts stand in addresses, so they are
//     random and never logged.
//   - A real payment of another order: snapshots are applied to the order of
//     their attempt; another amount or reference is [ReasonMismatch].
//   - Two tabs, two workers: one live attempt by a unique index, leases, and
//     compare-and-swap; a second payment is surplus, never lost.
//   - A flood of hints: each costs one read, and a look-up at most once at a
//     time.
//   - A method that a hint claims is not proved until the provider tells one; it
//     is letters and digits only.
//   - Formulas in texts of a booking file are made inert.
//   - Overflow by huge quantities: all arithmetic is checked.
//
// # Not checked against the original
//
// The decimals of currencies other than EUR, the letters that Remittance writes
// out, and Windows-1252 are from memory. The default layout is nobody's: finance
// systems define their own imports, and their number ranges of Kassenzeichen.
package payment
