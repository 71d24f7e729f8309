// Package postkorb keeps everything that is said between a citizen and the
// administration about one concern, with a record of who did what and when.
//
// # For and not for
//
// It is for the inbox of a portal: one [Thread] per Antrag or concern, typed
// messages in it (submission, information, question, answer, document request,
// decision, status), a record of [Event] lines that only grows, labels per
// reader, counts of what is unread, and notices that say "you have mail".
//
// It is not for internal notes of staff, not a file (the administration's own
// file is the record, this is the citizen's copy) and not a place for bytes: an
// [Attachment] only refers to a document that the caller keeps and has checked.
// It contains no words for people: codes only.
//
// # Standards
//
//   - RFC 5322, RFC 2047 and RFC 3834 for notices by e-mail (package smtp).
//   - When a message counts as announced (Bekanntgabe) is not worked out here.
//
// # Quick start
//
//	inbox := postkorb.New(postkorb.NewMemStore(), nil)
//	citizen := postkorb.Party{Kind: postkorb.PartyCitizen, ID: account}
//	thread, _, err := inbox.Open(ctx,
//		postkorb.Thread{Owner: account, Reference: "2026-000123", Subject: "Hundesteuer", Unit: "steueramt"},
//		postkorb.Draft{Kind: postkorb.KindSubmission, From: citizen, Key: "submit"})
//	...
//	unit := postkorb.Party{Kind: postkorb.PartyUnit, ID: "steueramt", Person: clerk, Name: "Steueramt"}
//	question, err := inbox.Send(ctx, thread.ID, postkorb.Draft{Kind: postkorb.KindQuestion, From: unit,
//		Body: "Seit wann halten Sie den Hund?"})
//	err = inbox.MarkOpened(ctx, question.ID, citizen)
//
// # Reading
//
// There are two truths of "read". [Inbox.MarkOpened] says that the other side
// opened the message itself; call it when the message is shown, not when a list
// is. [Inbox.Confirm] says that the addressee declared to have received it. Both
// keep the first time only; the events keep who. For the counts, all units
// together are one side (the desk), the owner is the other.
//
// # Status
//
// The processing status of a thread moves along a [Ladder], which is data:
// [DefaultLadder], or your own in Options. How a notice fares is a different
// matter and never shows in the status.
//
// # Notices
//
// A message of the administration to an owner with an account writes a row for
// its [Notice] together with the message. Something of yours wakes them: call
// [Inbox.Due] every few seconds and [Inbox.Notify] for each id. Notify takes a
// lease, calls your [Notifier], tries again later by itself, and leaves an event
// "notice-sent" or "notice-failed". The latter wants a person: somebody has to be
// told in another way. Towards the outside a notice goes out at least once; its
// ID is the same every time.
//
// # How to store
//
// Package postkorbsql keeps threads in SQLite or PostgreSQL through bun. Give it
// a transaction and use [Inbox.With] to write a message together with what
// belongs to it. Every write to a thread compares and swaps the version of the
// thread, so any other [Store] has eight methods without rules. A stale version
// is tried again here; ErrConflict reaches the caller only under heavy load.
//
// Why one version guards everything in a thread, notices included: there are few
// writers per thread, and counts, events and leases can then never disagree.
//
// # How to test
//
// [MemStore] is a complete store. An own one is checked with
// postkorbtest.TestStore.
//
// # Errors
//
// [ErrNotFound], [ErrExists], [ErrConflict], [ErrDenied], [ErrClosed], [ErrFull],
// and the types [*InvalidError], [*StatusError], [*SlotError] and [*NotifyError].
// Texts hold ids and codes, nothing that somebody wrote.
//
// # Promises
//
// The words of a message never change. Events are numbered without a gap and
// never changed. One idempotency key makes one message. A citizen reaches own
// threads only, whatever Authorize says. [Inbox.Delete] leaves nothing behind.
//
// # Threats
//
//   - Content in e-mail: [Notice] has no field for it.
//   - Reading is not authorised here: a Thread, Message or Event by its id goes
//     to whoever asks. Compare Thread.Owner or Thread.Unit before showing it.
//   - [Party].Person must not reach citizens: use [Party.Public].
//   - Bodies, names and reasons are what people typed: escape them.
//   - File names have no path, but still look at the type of a document and scan
//     it before it is referred to.
//   - Guests share the empty account id; let them prove themselves elsewhere.
//
// # Not checked against the original
//
// The statuses and kinds follow the usage of German portals, not a standard.
package postkorb
