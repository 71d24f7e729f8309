// Package federation takes what crosses the portal's border.
//
// Now it holds the outbox: an application that a citizen sent is a row, written
// in the same transaction as its cause, and is brought to the right back office
// until the back office has acknowledged it or a person must look. It is for
// portals that hand applications to systems they do not control. It is not a
// message queue, and it keeps no attachments: those stay where they are and are
// opened when they are sent.
//
// Standards: none in this package; transports name theirs.
//
// # Quick start
//
//	folder, err := dropfolder.New("/srv/bauamt", nil)
//	outbox := federation.New(federationsql.New(db), &federation.Options{
//		Transports: map[string]federation.Transport{"bauamt": folder},
//		OpenPart:   blobs.Open,
//	})
//	d, err := outbox.Enqueue(ctx, federation.Delivery{Key: caseID, Destination: "bauamt", ...})
//	ids, err := outbox.Due(ctx, time.Now(), 100)
//	for _, id := range ids {
//		err = outbox.Deliver(ctx, id)
//	}
//
// # Search
//
// A [Searcher] asks all members that can know something at the same time and
// answers within a budget with what is there, saying who is missing:
//
//	s, err := federation.NewSearcher([]federation.Participant{
//		{Member: district, Source: portal},                  // portalsearch.New
//		{Member: waterworks, Source: federation.Links{...}}, // a fixed list
//	}, nil)
//	answer := s.Search(ctx, federation.Query{Text: "Sperrmüll", Area: "033990004004"})
//
// Answers are kept for a minute, used longer while a new one is fetched, and up
// to an hour while a member fails; late answers serve the next query. A member
// that fails three times in a row is left alone for ten seconds. [Merge] joins
// the lists by rank, without doubles. There are no pages: ask for enough, or
// merge the first hits of a list of one's own with [Answer].Rankings.
//
// # Replies
//
// What a back office answers (receipt, question, document request, state,
// information, decision) is a [Reply]. [Inlet.Take] notes its envelope and says
// whether it came for the first time; apply it then, in the same transaction:
//
//	first, err := inlet.With(federationsql.NewReplies(tx)).Take(ctx, reply)
//
// Package webhook delivers over HTTPS and takes replies; its protocol is
// described there.
//
// # States
//
// queued → sending → delivered; from sending back to queued after a temporary
// error, to failed after a permanent one or too many; failed → queued by
// [Outbox.Retry]; queued and failed → cancelled by [Outbox.Cancel]. A worker
// claims a row for the time of a lease; if it vanishes, another may take the
// row when the lease has ended. So a delivery is sent at least once, and the
// transport recognises repetitions by [Delivery].Key.
//
// # Storing
//
// [Store] has seven methods. [MemStore] is for tests; package federationsql
// keeps deliveries in SQLite or PostgreSQL. [Outbox.With] puts Enqueue into a
// transaction of the caller. Deliver belongs outside of any. [ReplyStore] has
// three methods and the same three implementations.
//
// # Testing
//
// Package federationtest has conformance suites for a Store, a ReplyStore and a
// [Transport] of one's own. Package dropfolder is a transport that needs
// nothing but a directory.
//
// # Errors
//
// [ErrNotFound], [ErrExists], [ErrConflict], [*InvalidError], [*StateError].
// [Outbox.Deliver] returns no error for an attempt that failed and was noted;
// [Delivery].LastError holds its [Reason]. Transports return [*TransportError].
//
// # Promises
//
// Nothing enqueued is lost or forgotten: it ends delivered, cancelled, or failed
// in sight of a person. Enqueue is idempotent by key. A reply is first once, by
// source and id. Codes ([State], [Reason], [ReplyKind], [Rule]) are stable and
// may be stored.
//
// # Threats
//
//   - Names of attachments are foreign; a transport must not use them as paths.
//   - A transport that ignores its context outlives its lease: its delivery is
//     sent again under the same key.
//   - A reply is not authenticated here: the transport's receiver sets its
//     source. Whether that source was sent the delivery with the key is for the
//     caller to check, before [Inlet.Take]. What is in it is foreign text.
//   - What members answer is foreign: a [Searcher] lets through plain text,
//     links to the member's own hosts, and keys and areas of its configuration.
//     A hit without a key cannot be compared with [Member].Services; two hits
//     with one title and area count as one service, shown as that of the more
//     local member. Do not let such a hit displace one of your own.
//   - Members' addresses are trusted configuration; whoever takes them from
//     others gives the sources an HTTP client that refuses private addresses.
//   - Anybody can ask; a flood of different queries exhausts MaxOpen of every
//     member and shows them as skipped to all. Limit rates in front.
//   - Queries are not logged, but kept in memory as keys of answers. Logs hold
//     ids and codes. Payloads lie in the database in the clear.
package federation
