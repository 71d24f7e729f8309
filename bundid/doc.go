// Package bundid logs citizens in with BundID, the account of the German
// federation, and answers: who is this, how sure are we, and what may be
// prefilled?
//
// It is a SAML 2.0 service provider for BundID and accounts with the same
// interface (BayernID). It is not a general SAML library, has no single logout
// (the account offers none), does not read the company account, and does not
// send messages to the account's mailbox.
//
// # Standards
//
//   - BundID Schnittstellenbeschreibung, release 10.2 (akdb extension version 2)
//   - SAML 2.0: Web Browser SSO Profile, requests by HTTP-POST or HTTP-Redirect
//   - XML Signature 1.1 and RFC 9231: RSASSA-PSS, RSA, ECDSA, with SHA-256 or better
//   - XML Encryption 1.1: AES-GCM with 128, 192 or 256 bits, RSA-OAEP
//   - Exclusive XML Canonicalization 1.0
//   - TR-03160-1: trust levels
//
// # Quick start
//
//	sp, err := bundid.New(cfg, bundid.NewMemStore(0))
//	// on the page "log in":
//	redirect, err := sp.Start(ctx, bundid.LoginRequest{Level: bundid.LevelSubstantiell})
//	http.SetCookie(w, redirect.Cookie) // then a form that posts redirect.Form to redirect.URL
//	// POST Config.ACSURL:
//	ticket, err := sp.Receive(ctx, r)
//	http.Redirect(w, r, "/login/done?ticket="+ticket, http.StatusSeeOther)
//	// GET /login/done:
//	login, err := sp.Finish(ctx, r.FormValue("ticket"), r)
//
// # Why two steps
//
// The answer is a POST from the account's site. With it a browser sends no
// cookies that are SameSite=Lax, so at this moment nobody can tell whose
// browser it is; and a response must only work in the browser that asked, or
// an attacker could log a citizen in to the attacker's account. A cookie with
// SameSite=None would be sent, but also with every other foreign request, and
// browsers block such cookies more and more. So Receive checks the response
// and hands back a one-time ticket; the portal redirects to a page of its own,
// which is a GET and carries Lax cookies; there Finish compares the cookie of
// Start in constant time. The ticket alone is worth nothing: what is stored
// under its hash is encrypted with a key made from it, lives two minutes, and
// opens once. Keep the page with the ticket out of logs and set
// Referrer-Policy: same-origin on it. Exempt the address Config.ACSURL, and
// only it, from protections against cross-origin requests.
//
// # Storing
//
// A [Store] keeps pending requests, used assertions and tickets. [MemStore] is
// for one process; package bundidsql serves SQLite and PostgreSQL and any
// number of processes. Call [ServiceProvider.Purge] every few minutes. A
// pending request is consumed by an atomic delete and never evicted by others:
// a store that is full refuses the newcomer ([ErrFull]).
//
// # Testing
//
// Package bundidsim is an account with invented people, pages to choose one,
// strict checks of the request, and faults on demand. Package bundidtest holds
// the conformance suite for stores.
//
// # Errors
//
// [New] returns *[ConfigError], [ServiceProvider.Start] *[RequestError].
// Receive and Finish return *[ResponseError] with one [Reason] per check; its
// text is safe for logs. Everything else is an error of the store or of a key.
//
// # Promises
//
// One ServiceProvider serves any number of requests at once and keeps nothing
// but its configuration. No goroutine is started, nothing is fetched from the
// network, no package variable changes behaviour. [Login] prints and logs
// without personal data.
//
// # Threats
//
// A response is parsed once, by a tokenizer that refuses document types,
// comments, processing instructions, CDATA, entities and duplicate IDs, within
// limits of size and depth. There may be one assertion, in one place, and each
// signature right after its Issuer, with one reference to its parent. Keys come
// from Config.IDPMetadata alone. Values are read from the verified canonical
// bytes, parsed again. SHA-1 signatures, CBC and RSA 1.5 are refused. The lower
// of two statements about the level wins, and it must reach the level asked
// for. What the response says outside of its signature can make it fail, never
// succeed. An error reported by the account may be unsigned: it closes the
// request it names and grants nothing.
//
// Not covered here: give the citizen a new session id after each login, and end
// sessions by level (TR-03160-1: 12 hours, 2 hours, 30 minutes).
//
// # Not checked against the original
//
// The namespace of akdb:TrustLevel and the status codes for "cancelled" and
// "level not reachable" are known from software of others only. Which AES-GCM
// key size and key transport the account uses is not published; all are
// accepted. Whether an account asked for AttrBPK2 without Required hides the
// temporary login everywhere is taken from the interface description.
package bundid
