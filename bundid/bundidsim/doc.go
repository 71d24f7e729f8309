// Package bundidsim is a simulated BundID: an identity provider with invented
// people, for demonstrations and tests. It is not the real account, proves
// nothing about anybody, and must never be trusted by a productive service.
//
// It reads requests with code of its own and signs and encrypts with code of
// its own; from package bundid it takes only names and levels. So a mistake in
// one of the two readings of the interface shows as a failing login.
//
// A request is checked in the order of the account: well-formed, issuer,
// destination, consumer address, signature, time, repetition, akdb extension,
// version, attributes, display name, methods, level. A request that fails ends
// on an error page whose address carries the code as idp.code. Codes that
// begin with "sim-" are our own, where the real ones are not published.
//
// Then the tester chooses a persona and a means on a page that needs no
// script, sees which data go to the service, and returns to it. Answers are
// signed with RSASSA-PSS and encrypted with AES-256-GCM and RSA-OAEP.
// [Server.SignInAs] skips the pages, [Server.Misbehave] makes the next answer
// wrong.
//
// The person mark bPK2 is made from the persona's account number and the host
// of the service provider's entityID: 43 characters, as in the published
// sample. The derivation is our own; the real one is not published. Which means
// delivers which attribute is our reading of the published papers, too.
package bundidsim
