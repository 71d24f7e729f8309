package xzufi

import (
	"context"
	"time"
)

// MaxBatch is the largest number of records in one call of Store.Stage.
const MaxBatch = 500

// Store keeps areas, objects and their index terms. It knows no rules: what is
// visible, who is responsible and what ranks first is decided in [Catalogue].
// All methods are safe for concurrent use and return values that share nothing
// with the store. Every method returns the context's error when it is done.
type Store interface {
	// Head returns the revisions of areas and objects, empty before the first
	// SetAreas or Publish.
	Head(ctx context.Context) (Head, error)
	// SetAreas replaces all areas and sets Head.Areas to revision, at once.
	SetAreas(ctx context.Context, areas []Area, revision string) error
	// Areas returns all areas in the order of their keys.
	Areas(ctx context.Context) ([]Area, error)
	// Begin gives out a run number that was never given out before. It may
	// remove what nobody can see any more.
	Begin(ctx context.Context, source string, at time.Time) (int64, error)
	// Stage adds at most MaxBatch records to a run, invisibly. A record
	// replaces one of the same class and ID staged earlier in the run, also
	// earlier in the batch. One run is staged by one goroutine at a time.
	Stage(ctx context.Context, run int64, batch []Record) error
	// Publish makes a run's records current in the place of those with the
	// same class and ID, and sets Head.Objects to revision, all at once. It
	// returns ErrConflict, changing nothing, if Head.Objects is not base.
	Publish(ctx context.Context, run int64, base, revision string) error
	// Find returns current records in the order of class and ID.String.
	Find(ctx context.Context, s Selection) ([]Record, error)
	// Match returns, for each probe, the services that have one of its terms:
	// their ID.String, sorted, without repetition. Tombstones never match.
	Match(ctx context.Context, probes []Probe) ([][]string, error)
}

// Head says which state of the data is current.
type Head struct {
	// Areas and Objects are opaque; they change with every change.
	Areas, Objects string
}

// Record is one object as a store keeps it.
type Record struct {
	Class Class
	ID    ID
	// Source is the delivering system as named to Catalogue.Import.
	Source string
	// Hash tells versions of the object apart.
	Hash string
	// Deleted marks a tombstone: it hides the object and has no content.
	Deleted bool
	// Services are the services it refers to, as ID.Loose, sorted, none twice.
	// A service or an online service has none.
	Services []string
	// At is the time of the import.
	At time.Time
	// Body is the object, Raw its canonical XML, Card what lists and ranking
	// need of a service. Stores do not look inside.
	Body, Raw, Card []byte
	// Words are the words of a service, separated by spaces.
	Words string
	// Terms are the index terms per field, in [a-z0-9], sorted, none twice.
	Terms [3][]string
}

// Field is a searched part of a service.
type Field int

// The fields, in the order of their weight.
const (
	FieldTitle Field = iota
	FieldSynonym
	FieldText
)

// Probe asks for services with one of the terms in a field.
type Probe struct {
	Field Field
	// Terms are in [a-z0-9] and at least one.
	Terms []string
}

// Part says how much of each record is wanted.
type Part int

// The parts. Class, ID, Source, Hash, Deleted, Services and At are always
// there, Terms never are.
const (
	// PartKey: nothing more.
	PartKey Part = iota
	// PartCard: Card and Words.
	PartCard
	// PartBody: Body and Raw.
	PartBody
)

// Selection chooses records. All conditions given must hold.
type Selection struct {
	// Class restricts to one class; empty: all.
	Class Class
	// Keys are ID.String, Loose are ID.Loose, Services are ID.Loose of a
	// service referred to: one of each list given. At most MaxBatch each.
	Keys, Loose, Services []string
	// Source restricts to one delivering system.
	Source string
	// Tombstones includes deleted objects; otherwise they are left out.
	Tombstones bool
	// After continues behind the class and ID of a record; nil: from the start.
	After *Record
	// Limit bounds the result; 0: no bound.
	Limit int
	Part  Part
}
