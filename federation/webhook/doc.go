// Package webhook delivers applications to a back office over HTTPS, asks it,
// and takes its replies.
//
// The protocol is this project's own, kept small so that a vendor can write the
// other side in an afternoon. It is described here completely. Its header
// fields have the form that FIT-Connect gives its callbacks (HMAC-SHA-512, time
// stamp of at most five minutes); the digest of bodies is that of RFC 9530.
//
// # Signatures
//
// Both sides share a secret of at least 32 random bytes. Every request has:
//
//	Callback-Timestamp: 1774749600              seconds since 1970
//	Content-Digest: sha-256=:<base64>:          digest of the body
//	Callback-Authentication: <hex>              HMAC-SHA-512, lower case, over
//	    <timestamp>.<method>.<path>.<sha256 of the body, lower-case hex>
//	Stadttor-Sender: altenwehr                  whose secret (portal's requests only)
//
// The path is that of the URL as sent, with its escapes and without query. The
// receiver first checks signature and time stamp (not older than 5 minutes, not
// more than 1 minute ahead; otherwise 401), then reads the body up to its limit
// (413) and compares its digest (422). Comparisons take constant time.
//
// Every answer to a request that was signed rightly is signed too, over
//
//	<timestamp>.<status>.<Callback-Authentication of the request>.<sha256 of the answer's body>
//
// in the same two header fields Callback-Timestamp and Callback-Authentication.
// So an answer fits no other request. A success without a right signature is
// none: whoever asked comes back later.
//
// # What the back office offers
//
// All paths lie under one address. Everything may be repeated with the same
// effect as once. Answers are JSON.
//
//	PUT  /anhaenge/<sha256>   the bytes of an attachment as they are
//	     200 {"sha256":"<sha256>"}
//	PUT  /eingaenge/<sha256 of the key>
//	     {"version":1,"id":"...","key":"antrag-1","destination":"steuern:hunde",
//	      "subject":"99...","reference":"AW-2026-...","mediaType":"application/json",
//	      "payload":"<base64>","attachments":[{"name":"...","mediaType":"...","sha256":"...","size":1234}]}
//	     200 {"receipt":"<id>","at":"2026-03-29T02:00:00Z"}   the same for a repetition
//	     409 the key was used for another content
//	     422 something is missing or wrong, for good
//	     425 not yet: a message came before the submission it belongs to
//	POST /abfragen/<name>     a question, JSON; 200 and the answer as JSON
//
// Attachments come before the submission that names them. Another content means
// another destination, subject, reference, media type, payload or list of
// attachments; the id of a delivery is for logs only. 401, 403, 409, 413 and 422
// make the portal stop and show the delivery to a person (409, 422 and other
// refusals only if signed); 408, 425, 429 and 5xx make it come back, after
// Retry-After if given. Redirects are not followed.
//
// # What the portal offers
//
// One address that takes replies, see [NewReceiver]:
//
//	POST <address>
//	     {"version":1,"id":"r-1","key":"antrag-1","reference":"AW-2026-...","kind":"question",
//	      "subject":"...","body":"...","status":"","due":"2026-04-12","documents":[],
//	      "inReplyTo":"","attachments":[{"name":"...","mediaType":"...","content":"<base64>"}],
//	      "at":"2026-03-29T02:00:00Z"}
//
// Kind is receipt, question, document-request, status, information or decision;
// status is required for the kinds status and decision, documents belong to a
// document-request only, key is that of the submission answered. Unknown names are
// ignored; a name twice, more than 16 levels, NUL and anything but UTF-8 are
// refused.
//
//	200 {"code":"taken"}   taken, or had been taken before
//	401 credentials        wrong signature, or too old
//	409 exists             the id was used for another reply
//	413 too-large
//	422 with a code        refused for good: do not repeat
//	503 busy               come back later
//
// The back office keeps a reply and repeats it, with growing pauses and the
// same id, until it gets 200, 409, 413 or 422.
//
// # An example of the bytes
//
// With the secret "0123456789abcdef0123456789abcdef", a question with the body
// {"a":1} is sent as follows (the signatures stand on one line each)
//
//	POST /schnittstelle/abfragen/hunde HTTP/1.1
//	Callback-Timestamp: 1774749600
//	Content-Digest: sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:
//	Callback-Authentication: d7bc4093d0975110cbe944d100c5724ae6e76f1c9d9087ffc907c3481edda485
//	    c73cd08d45bde8a90b991c6abf98d9e3efdcaa68f8b9bd7ed69eb2bd38eacb7f
//
// and answered by {"hunde":[]} with the status 200 one second later, signed
//
//	Callback-Timestamp: 1774749601
//	Callback-Authentication: 609d1a49848ff8c3ec0fe68cca21f52abbf1f4302e777b5fdac732e033f5faa1
//	    05d1cb4c4ec97dc3dbfe8e9780b5b0bd3cc021d1a677429d14d9eb49c1efdae0
//
// # Errors
//
// Everything [Transport] returns is a [*federation.TransportError]. It is
// [federation.ReasonNotAnAnswer] when something else answers (a page, an
// endless stream, a success without signature), which is temporary.
//
// # Threats
//
//   - The secret is worth as much as the data: keep it out of URLs, logs and the
//     database, and give each back office one of its own. Two that share one can
//     speak for each other.
//   - A replayed request within five minutes repeats what may be repeated. There
//     is no nonce: the same question in the same second has the same signature,
//     and the answers to both are interchangeable.
//   - Signatures hide nothing: what is sent needs TLS.
//   - A signature proves who speaks, not that what is said is right: Take must
//     check that the key belongs to the source. Texts and names of attachments
//     are foreign on both sides; let the bytes decide what a file is.
//   - Whoever can answer in place of the back office, without the secret, can
//     delay deliveries (5xx) or stop them until a person retries (401, 403,
//     413), but acknowledge none.
//   - Bodies are read from senders only whose signature is right. A reply is held
//     in memory, so MaxBody times the replies at once bounds what is needed.
//   - Requests of both sides have the same form, so a back office must not serve
//     a path under which the portal takes replies.
package webhook
