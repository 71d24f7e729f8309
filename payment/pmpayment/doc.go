// Package pmpayment lets citizens pay through pmPayment (GovConnect), by its
// classic interface: form fields under a hash with a salt per procedure.
//
// # Quick start
//
//	provider, err := pmpayment.New(pmpayment.Config{
//		BaseURL: pmpayment.Test,
//		AGS:     "03399004",
//		Procedures: map[string]pmpayment.Procedure{
//			"URKUNDE": {Salt: salt},
//		},
//	})
//	...
//	started, err := provider.Start(ctx, attempt) // send the payer to started.PayURL
//	snapshot, err := provider.LookUp(ctx, attempt) // what has become of it
//
// payment.Checkout does the rest: it writes attempts down before they are
// started, asks until they have ended, and moves orders.
//
// # The interface
//
//   - Start: POST {BaseURL}/payment/secure. The hash is HMAC-SHA256 over the
//     values that are sent, in the order ags, amount, procedure, desc,
//     accountingRecord, txid, notifyURL, redirectURL, joined by "|". Values that
//     contain "|" are refused, optional ones that are empty are left out.
//   - Status: GET {BaseURL}/payment/status/{ags}/{txid}: 1 paid, 0 failed or
//     aborted, -1 in progress. It tells no amount, no method and no time of
//     payment.
//   - Notify and return: form fields posted to our own addresses. A hash on them
//     is verified, with the old salt too; none is required, as the service sent
//     none with the notify. Either is only a hint to ask.
//   - There is no parameter for the method of payment: procedures decide, at the
//     service. There is no refund.
//
// # Callback addresses
//
// Put the attempt's id into the query of both addresses, under the name
// [Config.Query]; the query comes back unchanged. Take nothing else from it.
//
// # Errors
//
// [ErrConfig] from New, else [*payment.ProviderError]. Neither holds salts,
// hashes, addresses or anything the service wrote.
//
// # Threats
//
//   - A forged or altered callback: it claims, and payment.Checkout compares.
//     Status is asked with what was stored at the start, never with what came.
//   - The status is not signed and tells no amount: that it is about ours rests
//     on TLS, on a random txid, and on the hash under which the service took the
//     amount. A txid is no secret; anybody may ask for its status.
//   - A method stands in unsigned calls too: it decides between aborted and
//     failed, and nothing else, but it is what a booking says.
//   - A pay page elsewhere, from an answer that was tampered with: only the host
//     of BaseURL and [Config.PayHosts], only https.
//   - A gateway's web page, an endless or slow answer, a redirect: named errors;
//     64 kB, [Config.Timeout], no redirect is followed.
//   - An unknown transaction is believed only in JSON with an Error member: a
//     gateway's 404 must not make anybody start a second payment.
//
// # Not checked against the original
//
// There is no public description. The fields, the hash and the status were
// gathered from programs that use the service. Assumed are: that txid is unique
// over everything (which is safe), 404 with an Error member for unknown
// transactions, the zone Europe/Berlin of its times, 500 characters of
// accountingRecord and 128 of txid, the order of values under a hashed notify,
// that a payment which is over without a method was aborted, and that the
// service takes the SEPA set without a semicolon in accountingRecord.
package pmpayment
