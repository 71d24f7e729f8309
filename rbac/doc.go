// Package rbac decides who of the staff may do and see what, why, and which
// rows.
//
// It is for administrations with an organisation tree: roles are assigned to
// persons or groups at a unit and hold there and below, for a time, and pass to
// a substitute (Vertretung) for a time. It is not for citizens, who see what is
// theirs, and not a general policy language: there is no deny rule, no
// condition and no relation beyond the tree.
//
// Standards: the model follows core and hierarchical RBAC of ANSI INCITS 359,
// with the tree of units in place of the role hierarchy.
//
// # Quick start
//
//	auth := rbac.New(rbacsql.New(db), "musterstadt", nil)
//	if err := auth.Refresh(ctx); err != nil { ... }
//	policy := auth.Policy() // once per request
//	if !policy.Check(now, person, "case.read", object) {
//		// answer as if the object did not exist
//	}
//	q = rbacsql.Where(q, policy.Filter(now, person, "case.read"), columns)
//	why := policy.Explain(now, person, "case.read", object)
//
// # Rules
//
//   - Rights are the union of valid assignments; they flow down the tree only.
//   - A stop ([Unit].Stop) shuts out assignments made above it.
//   - An object is seen through its units. One unit that the person reaches is
//     enough; an object without units, or only with unknown ones, is seen by
//     nobody.
//   - A person among the excluded of an object has no right to it, however held.
//     The exclusion is personal: it ends neither another's right nor the right
//     of a substitute to act with what the excluded person holds, because bias
//     is personal and the substitute is the one who then acts (VwVfG §§ 20,
//     21). Who wants two pairs of eyes compares [Reason].For as well.
//   - A substitute never holds more than the represented person holds by
//     assignment at that instant: substitution does not chain, ends with the
//     right, with its own validity and with the activity of either person.
//   - Validity is half-open, [from, until). The instant is a parameter of every
//     question; nothing here reads a clock but [Authority.Update], for the log.
//   - A nil policy, an unknown person, an undeclared permission, another tenant:
//     denied.
//
// [Policy.Check], [Policy.Filter], [Policy.Explain] and [Policy.Who] agree with
// each other and with the slow reading of the same rules in package rbactest;
// random tests compare them.
//
// # Storing
//
// [Store] has four methods. [MemStore] is for tests; package rbacsql keeps the
// source in SQLite or PostgreSQL and renders filters to SQL. In a transaction
// over several components use [Authority.With], and Refresh the original after
// the commit.
//
// # Testing
//
// Package rbactest has the conformance suite for a Store of one's own and the
// reference model for a Policy.
//
// # Errors
//
// [Compile] returns a [*CompileError] with all problems at once.
// [Authority.Update] returns [ErrConflict] if others kept saving,
// [*InvalidError] without actor or reason, [ErrTenant] for an edit of another
// tenant. Questions return no errors: what cannot be answered is denied.
//
// # Promises
//
// Check allocates nothing. Policies are immutable. Exported names stay; codes
// ([Missing], [ProblemKind], [Operation], [Noun]) are stable and may be stored.
//
// # Threats
//
// Lists must use the filter, not check each row after reading: short pages and
// totals leak. A source that no longer compiles keeps the last policy in use
// and makes [Authority.Refresh] fail; rights withdrawn in it are not withdrawn
// until it is repaired, so watch that error. This package does not decide who
// may edit a source: the caller asks Check for its own permission before
// [Authority.Update].
//
// # Not checked against the original
//
// The paragraphs of VwVfG and the clauses of ANSI INCITS 359 are cited from
// secondary sources.
package rbac
