package xzufi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sort"
	"time"
)

// File is one part of a delivery.
type File struct {
	// Name is used in the report.
	Name   string
	Reader io.Reader
}

// Report says what an import did.
type Report struct {
	Run    int64
	Source string
	// Published is false if nothing changed, so nothing had to be switched.
	Published bool
	// Objects are the operations read; each is counted once below, an object
	// that occurs twice twice.
	Objects, New, Changed, Unchanged, Deleted int
	// DeletedUnknown are deletes of objects that were not there: no error,
	// some sources send very many.
	DeletedUnknown int
	// Swept are objects that a full delivery no longer contained.
	Swept int
	// SweepSkipped says that nothing was swept although the delivery was full,
	// because some object of it could not be read.
	SweepSkipped bool
	// Unknown are objects of kinds that the catalogue does not keep.
	Unknown int
	// Errors are objects that were left out, at most 1,000; ErrorCount counts all.
	Errors     []ReadError
	ErrorCount int
	// Warnings are values that were left out, at most 1,000.
	Warnings []Warning
	// Dangling are references of this delivery to objects that are not there
	// after it: the first to each missing object, at most 1,000.
	// DanglingCount counts all references.
	Dangling      []Dangling
	DanglingCount int
}

// Dangling is a reference to an object that is not there.
type Dangling struct {
	// Class and ID are of the object that refers, To is what it refers to.
	Class        Class
	ID           ID
	To           ID
	File         string
	Line, Column int
}

const maxListed = 1000

// maxBatchBytes bounds the XML that waits in one batch, whatever its objects.
const maxBatchBytes = 4 << 20

// hashVersion is part of every hash: raise it when the decoding changes, so
// that the next import writes everything anew.
const hashVersion = "1:"

// Import reads the files of one delivery, in their order, and makes it
// current by one short switch; until then nobody sees anything of it.
// Repeating a delivery changes nothing. Objects not mentioned stay.
//
// An object that cannot be read is left out and reported. A file that is not
// well-formed or not of a known version ends the import with a *[ReadError],
// and nothing of it becomes current. [ErrConflict] says that another import
// was faster; this one can be run again.
func (c *Catalogue) Import(ctx context.Context, source string, files ...File) (Report, error) {
	return c.run(ctx, source, false, files)
}

// ImportFull is [Catalogue.Import] for a delivery that holds everything the
// source has: what it no longer contains is deleted. It returns a *[GuardError],
// and nothing becomes current, if the delivery is empty or would delete more
// than Options.MaxLoss.
func (c *Catalogue) ImportFull(ctx context.Context, source string, files ...File) (Report, error) {
	return c.run(ctx, source, true, files)
}

type objectKey struct {
	class Class
	id    string
}

// importRun is the state of one import.
type importRun struct {
	c       *Catalogue
	report  Report
	at      time.Time
	base    string
	batch   []staging
	bytes   int // of XML in batch
	pending map[objectKey]bool
	written map[objectKey]bool // what the run leaves: true written, false deleted
	seen    map[objectKey]bool
	loose   map[objectKey]ID      // loose to full, of what the run wrote
	refs    map[string]*reference // by ID.Loose of the target
	full    bool
}

// reference remembers the first of many references to one object.
type reference struct {
	first Dangling
	n     int
}

type staging struct {
	op   Operation
	file string
}

func (c *Catalogue) run(ctx context.Context, source string, full bool, files []File) (Report, error) {
	if err := checkText("source", source); err != nil {
		return Report{}, err
	}
	if source == "" {
		return Report{}, &InvalidError{Field: "source", Rule: RuleRequired}
	}
	head, err := c.store.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	r := &importRun{c: c, at: c.now(), base: head.Objects, full: full, report: Report{Source: source},
		pending: map[objectKey]bool{}, written: map[objectKey]bool{}, seen: map[objectKey]bool{}, loose: map[objectKey]ID{}, refs: map[string]*reference{}}
	if r.report.Run, err = c.store.Begin(ctx, source, r.at); err != nil {
		return Report{}, err
	}
	for _, f := range files {
		if err := r.file(ctx, f); err != nil {
			return r.report, err
		}
	}
	if err := r.flush(ctx); err != nil {
		return r.report, err
	}
	if full {
		if err := r.sweep(ctx); err != nil {
			return r.report, err
		}
	}
	if err := r.dangling(ctx); err != nil {
		return r.report, err
	}
	if len(r.written) > 0 {
		if err := c.store.Publish(ctx, r.report.Run, r.base, c.newRevision()); err != nil {
			return r.report, err
		}
		r.report.Published = true
	}
	c.opts.Logger.InfoContext(ctx, "xzufi import", "source", source, "run", r.report.Run, "new", r.report.New,
		"changed", r.report.Changed, "unchanged", r.report.Unchanged, "deleted", r.report.Deleted+r.report.Swept,
		"errors", r.report.ErrorCount, "dangling", r.report.DanglingCount)
	return r.report, nil
}

func (r *importRun) file(ctx context.Context, f File) error {
	rd := NewReader(f.Reader, &r.c.opts.Reader)
	for {
		op, err := rd.Next()
		if err == io.EOF {
			return nil
		}
		var re *ReadError
		if errors.As(err, &re) {
			re.File = f.Name
			if re.Fatal() {
				return re
			}
			r.report.ErrorCount++
			if len(r.report.Errors) < maxListed {
				r.report.Errors = append(r.report.Errors, *re)
			}
			continue
		}
		if err != nil {
			return err
		}
		r.report.Objects++
		for _, w := range op.Warnings {
			if w.File = f.Name; len(r.report.Warnings) < maxListed {
				r.report.Warnings = append(r.report.Warnings, w)
			}
		}
		if op.Class == ClassUnknown {
			r.report.Unknown++
			continue
		}
		// An object twice in a batch: the first one must be compared first.
		if k := (objectKey{op.Class, op.ID.Loose()}); r.pending[k] || len(r.batch) == MaxBatch || r.bytes > maxBatchBytes {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		r.pending[objectKey{op.Class, op.ID.Loose()}] = true
		r.batch = append(r.batch, staging{op, f.Name})
		r.bytes += len(op.Raw)
	}
}

// flush compares the batch with what is current and stages the differences.
func (r *importRun) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	current, err := r.current(ctx)
	if err != nil {
		return err
	}
	var out []Record
	for _, s := range r.batch {
		id := s.op.ID
		if s.op.Delete {
			id = r.meant(s.op, current)
		}
		key := objectKey{s.op.Class, id.String()}
		written, inRun := r.written[key]
		old, there := current[key]
		there = there && !old.Deleted
		if inRun {
			there = written
		}
		if s.op.Delete {
			delete(r.seen, key)
			if !there {
				r.report.DeletedUnknown++
				continue
			}
			r.report.Deleted++
			r.written[key] = false
			out = append(out, Record{Class: s.op.Class, ID: id, Source: r.report.Source, Deleted: true, At: r.at})
			continue
		}
		rec, err := r.record(s)
		if err != nil {
			return err
		}
		r.seen[key] = true
		switch {
		case there && !inRun && old.Hash == rec.Hash && old.Source == rec.Source:
			r.report.Unchanged++
			continue
		case there:
			r.report.Changed++
		default:
			r.report.New++
		}
		r.written[key] = true
		r.loose[objectKey{s.op.Class, id.Loose()}] = id
		out = append(out, rec)
	}
	clear(r.batch)
	r.batch, r.bytes = r.batch[:0], 0
	clear(r.pending)
	if len(out) == 0 {
		return nil
	}
	return r.c.store.Stage(ctx, r.report.Run, out)
}

// current returns what is current of the objects in the batch.
func (r *importRun) current(ctx context.Context) (map[objectKey]Record, error) {
	loose := map[Class][]string{}
	for _, s := range r.batch {
		loose[s.op.Class] = append(loose[s.op.Class], s.op.ID.Loose())
	}
	out := map[objectKey]Record{}
	for class, list := range loose {
		recs, err := r.c.store.Find(ctx, Selection{Class: class, Loose: list, Tombstones: true})
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			out[objectKey{class, rec.ID.String()}] = rec
		}
	}
	return out, nil
}

// meant finds the object that a delete notice means: its scheme may be missing.
func (r *importRun) meant(op Operation, current map[objectKey]Record) ID {
	if op.ID.Scheme != "" {
		return op.ID
	}
	if id, ok := r.loose[objectKey{op.Class, op.ID.Loose()}]; ok {
		return id
	}
	var found []ID
	for _, rec := range current {
		if rec.Class == op.Class && !rec.Deleted && rec.ID.Loose() == op.ID.Loose() {
			found = append(found, rec.ID)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return op.ID
}

// record turns an object into what a store keeps.
func (r *importRun) record(s staging) (Record, error) {
	op := s.op
	sum := sha256.Sum256(op.Raw)
	rec := Record{Class: op.Class, ID: op.ID, Source: r.report.Source, Hash: hashVersion + hex.EncodeToString(sum[:]), At: r.at, Raw: op.Raw}
	var body any
	switch op.Class {
	case ClassLeistung:
		body = op.Leistung
		if err := describe(&rec, op.Leistung); err != nil {
			return rec, err
		}
	case ClassSpezialisierung:
		body = op.Spezialisierung
		r.refer(&rec, s, op.Spezialisierung.Leistung)
	case ClassOrganisationseinheit:
		body = op.Organisationseinheit
		for _, z := range op.Organisationseinheit.Responsibilities {
			r.refer(&rec, s, z.Leistung)
		}
	case ClassOnlinedienst:
		body = op.Onlinedienst
	case ClassZustaendigkeit:
		body = op.Zustaendigkeit
		r.refer(&rec, s, op.Zustaendigkeit.Leistung)
		r.remember(s, op.Zustaendigkeit.Object)
	}
	sort.Strings(rec.Services)
	var err error
	rec.Body, err = json.Marshal(body)
	return rec, err
}

func (r *importRun) remember(s staging, to ID) {
	ref := r.refs[to.Loose()]
	if ref == nil {
		ref = &reference{first: Dangling{Class: s.op.Class, ID: s.op.ID, To: to, File: s.file, Line: s.op.Line, Column: s.op.Column}}
		r.refs[to.Loose()] = ref
	}
	ref.n++
}

func (r *importRun) refer(rec *Record, s staging, to ID) {
	if l := to.Loose(); !slices.Contains(rec.Services, l) {
		rec.Services = append(rec.Services, l)
		r.remember(s, to)
	}
}

// sweep deletes what a full delivery no longer contains.
func (r *importRun) sweep(ctx context.Context) error {
	if len(r.seen) == 0 && !r.c.opts.InsecureNoGuard {
		return &GuardError{Reason: GuardEmpty}
	}
	if r.report.ErrorCount > 0 {
		r.report.SweepSkipped = true
		return nil
	}
	var lost []Record
	known := 0
	sel := Selection{Source: r.report.Source, Limit: MaxBatch}
	for {
		page, err := r.c.store.Find(ctx, sel)
		if err != nil {
			return err
		}
		for _, rec := range page {
			known++
			key := objectKey{rec.Class, rec.ID.String()}
			if _, touched := r.written[key]; !r.seen[key] && !touched {
				lost = append(lost, Record{Class: rec.Class, ID: rec.ID, Source: r.report.Source, Deleted: true, At: r.at})
			}
		}
		if len(page) < sel.Limit {
			break
		}
		sel.After = &page[len(page)-1]
	}
	if float64(len(lost)) > r.c.opts.MaxLoss*float64(known) && !r.c.opts.InsecureNoGuard {
		return &GuardError{Reason: GuardLoss, Known: known, Lost: len(lost)}
	}
	for batch := range slices.Chunk(lost, MaxBatch) {
		if err := r.c.store.Stage(ctx, r.report.Run, batch); err != nil {
			return err
		}
		for _, rec := range batch {
			r.written[objectKey{rec.Class, rec.ID.String()}] = false
			r.report.Swept++
		}
	}
	return nil
}

// dangling looks up what the delivery refers to.
func (r *importRun) dangling(ctx context.Context) error {
	missing := map[string]bool{}
	for to := range r.refs {
		missing[to] = true
	}
	for key, written := range r.written {
		if written {
			if id, err := ParseID(key.id); err == nil {
				delete(missing, id.Loose())
			}
		}
	}
	ask := make([]string, 0, len(missing))
	for l := range missing {
		ask = append(ask, l)
	}
	sort.Strings(ask)
	for batch := range slices.Chunk(ask, MaxBatch) {
		recs, err := r.c.store.Find(ctx, Selection{Loose: batch})
		if err != nil {
			return err
		}
		for _, rec := range recs {
			if gone, touched := r.written[objectKey{rec.Class, rec.ID.String()}]; !touched || gone {
				delete(missing, rec.ID.Loose())
			}
		}
	}
	for _, to := range ask {
		if missing[to] {
			r.report.DanglingCount += r.refs[to].n
			if len(r.report.Dangling) < maxListed {
				r.report.Dangling = append(r.report.Dangling, r.refs[to].first)
			}
		}
	}
	return nil
}
