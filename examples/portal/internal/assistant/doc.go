// Package assistant is the engine of the portal's form assistants: a definition
// (data) says which questions an online service asks, the engine says which of
// them are asked now, checks what was posted, and turns the answers into a
// summary for the person and a document for the hand-over.
//
// It knows neither HTTP nor a database. All functions are pure: they take a
// [Definition], [Answers] and the present day, and return new values; what is
// passed in is never changed. So everything here is safe for concurrent use, as
// long as nobody writes to a loaded Definition, which is shared.
//
// # Way of one page
//
//	set, err := assistant.Builtin()
//	def, ok := set.Latest("hund-anmelden")
//	answers := def.Start()
//	answers = def.Prefill(answers, values, now)        // at every page, it is idempotent
//	questions := def.Questions(answers, "person", "", now)
//	answers, problems := def.Apply(answers, assistant.Input{
//		Step: "person", Form: r.PostForm, Prefill: values, Now: now})
//	// store answers in any case; without problems go on to def.Next, else show the page again
//
// What a person typed wrongly is kept (see [KindRaw]), so the page can be drawn
// again from the returned Answers, today or from a draft next week.
//
// # Rules
//
// Questions that are not visible have no answer: values of invisible fields are
// dropped before anything else is checked and are neither stored nor handed
// over. The server evaluates every rule; nothing a browser sends about
// visibility, locks, origin or files is believed. Conditions form one small
// total language ([Condition]) that is checked when a definition is loaded: they
// may look only at earlier fields, so they cannot form a cycle and every answer
// document is evaluated in one pass.
//
// Days are calendar days in the location of the time that is passed in; pass a
// time in the time zone of the authority.
//
// Problems come back as codes ([FieldError]); the sentences for people are in
// the portal's language files. Only what belongs to a question (label, help,
// options) is in the definition, in German, English and Leichte Sprache.
package assistant
