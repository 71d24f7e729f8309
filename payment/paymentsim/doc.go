// Package paymentsim is a simulated pmPayment (classic interface): a payment
// service with a pay page and test cards, for demonstrations and tests. No money
// moves, and nothing it says proves anything.
//
// It reads and signs with code of its own and imports nothing of the driver, so
// a mistake in one of the two readings of the interface shows as a failing
// payment.
//
// # What it checks
//
// POST /payment/secure takes the fields ags, amount, procedure, desc,
// accountingRecord, txid, notifyURL, redirectURL and hash, each at most once and
// never empty. Amounts are whole cents from 1; desc has at most 27 characters of
// the SEPA set; a txid is unique over all merchants; addresses are absolute and
// https (http only for this machine itself, or with
// [Options.InsecureAllowHTTP]); the hash is HMAC-SHA256 over the values that were
// sent, in the order above, joined by "|". Unknown merchants, unknown procedures
// and wrong salts get the same answer, as reported of the original. What exactly
// was wrong is told by [Server.Refusals] only.
//
// # What follows
//
// The answer names the pay page. There the payer chooses one of [Cards] or gives
// up. Then the simulator posts the notify to the merchant (tried again with the
// pauses of the options while the answer is not 200) and offers the browser a
// form that posts the fields of the return. GET /payment/status/{ags}/{txid}
// says 1, 0 or -1 and when the payment began, in local time without a zone.
// Whoever does not pay within [Options.Life] has failed.
//
// [Server.Pay] pays without a browser. [Server.Misbehave] switches one of
// [Server.Faults] on until it is switched off.
//
// # Not checked against the original
//
// How errors other than a wrong hash are worded and which HTTP status they have,
// how an unknown transaction is answered, whether and how often a notify is
// repeated, when a payment expires, the limits of procedure, accountingRecord
// and txid, and whether the notify of today carries a hash (here it does not).
package paymentsim
