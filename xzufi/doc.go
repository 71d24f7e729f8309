// Package xzufi keeps the catalogue of public services: which service exists
// here, what it says, and who is responsible.
//
// It reads XZuFi transfer messages as a stream, imports them idempotently,
// searches in German in a forgiving way, and finds the responsible office or
// online service of an area with inheritance (Land, Kreis, Samtgemeinde,
// Gemeinde). It does not sanitise the HTML in texts, does not check a message
// against the XSD, and does not fetch deliveries.
//
// # Words
//
// A Leistung is a public service as described by an editorial system. A
// Spezialisierung is what a region adds to that description. An
// Organisationseinheit is an office, an Onlinedienst an online service. A
// Zuständigkeit ties one of them to a Leistung and to areas. A
// Regionalschlüssel is the key of an area: 2 digits name a Land, 5 a Kreis, 9
// a Samtgemeinde, 12 a Gemeinde.
//
// # Standards
//
//   - XZuFi 2.1, 2.2 and 2.3 (transfer message with schreibe and loesche)
//   - DIN 5007-1 for the order of titles
//   - Unicode NFC and NFKD for comparing words
//
// # Quick start
//
//	store := xzufi.NewMemStore()
//	catalogue := xzufi.New(store, nil)
//	err := catalogue.SetAreas(ctx, areas)
//	report, err := catalogue.Import(ctx, "editorial-system", xzufi.File{Name: "delivery.xml", Reader: f})
//	result, err := catalogue.Search(ctx, xzufi.Query{Text: "hundesteur", Area: "034595401030"})
//	service, err := catalogue.Service(ctx, result.Hits[0].ID, "034595401030")
//	who, err := catalogue.Responsible(ctx, service.ID, "034595401030")
//
// # Storing
//
// Package xzufisql keeps everything in SQLite or PostgreSQL through bun;
// [MemStore] keeps it in memory. An import is staged in batches of at most
// [MaxBatch] records under a run number and made current by one short
// transaction. [Catalogue.With] gives a copy on a store in a transaction.
//
// One analyser in Go makes the index terms (folding, stop words, stems). A
// query is widened with the catalogue's own words (stems, parts of compounds,
// beginnings, mistyped words) to terms that exist, the store says which
// services hold which terms in which field, and one function ranks them. So
// all stores find the same services in the same order, and nothing that a
// person types ever reaches a database's query language. Rejected: the
// databases' own ranking and stemming, which choose different hits.
//
// The cards of all services (titles, areas, words, not the texts) are held in
// memory per revision: about 5 kB for a service.
//
// # Testing
//
// Package xzufitest holds the conformance suite for a Store of your own and a
// generator of deliveries.
//
// # Errors
//
// [ErrNotFound], [ErrConflict], [ErrFull]; *[InvalidError] for an argument,
// *[ReadError] with line, column and reason for a delivery, *[GuardError] for
// a full delivery that would delete too much. No text of an error holds
// content of a delivery beyond names of elements and namespaces.
//
// # Promises
//
// Nothing exported changes its meaning within a major version. The stored
// form may change; the next import then writes all objects anew.
//
// # Threats
//
// A delivery is foreign input: document type declarations are refused, depth,
// size of an object and number of attributes are bounded, a Reader holds one
// object at a time and an import a few MB, anything but UTF-8 is refused. Texts and links in objects
// stay as they came: sanitise them before showing. A full delivery cannot
// delete more than a set share of what its source delivered before.
// Queries are cut to 400 bytes and eight words.
//
// # Never checked against the original
//
// The XSD was not at hand. Names of elements that other public software reads
// are used; from memory are: the content of spezialisierung, opening hours,
// accessibility (infoBarrierefreiheit, aufzug, rollstuhlgerecht), gebaeude,
// kanal and its codes, internetadresse, parts of kosten (bezeichnung,
// betragObergrenze), parameter of onlinedienst, gueltigkeit, role 03, the
// namespace of 2.3. Elements not understood stay in Raw.
package xzufi
