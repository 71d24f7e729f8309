// Package xzufisql keeps a catalogue of package xzufi in SQLite (FTS5) or
// PostgreSQL (tsvector).
//
// Index terms come ready from package xzufi; the databases only look them up.
// Rows of an import are written staged and become current by one short
// transaction. What nobody can see any more is removed when the next import
// begins.
package xzufisql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

var _ xzufi.Store = (*Store)(nil)

// States of a row in xzufi_object.
const (
	staged = iota
	current
	replaced
)

// perRun is the number of object ids kept for one run.
const perRun = 1 << 24

// Store implements [xzufi.Store]. It is safe for concurrent use if its
// database handle is.
type Store struct {
	db bun.IDB
}

// New returns a store on a database handle or a transaction.
func New(db bun.IDB) *Store {
	if db == nil {
		panic("xzufisql: New without a database")
	}
	return &Store{db: db}
}

type headRow struct {
	bun.BaseModel `bun:"table:xzufi_head,alias:h"`

	ID      int64 `bun:",pk"`
	Areas   string
	Objects string
}

type areaRow struct {
	bun.BaseModel `bun:"table:xzufi_area,alias:a"`

	Key  string `bun:",pk"`
	Body string
}

type runRow struct {
	bun.BaseModel `bun:"table:xzufi_run,alias:r"`

	ID        int64 `bun:",pk,autoincrement"`
	Source    string
	Base      string
	BegunAt   time.Time
	Published int
}

type objectRow struct {
	bun.BaseModel `bun:"table:xzufi_object,alias:o"`

	ID      int64 `bun:",pk"`
	Run     int64
	State   int
	Class   string
	Key     string
	Loose   string
	Agency  string
	Scheme  string
	Value   string
	Source  string
	Hash    string
	Deleted int
	At      time.Time
	Words   string
	Card    []byte
	Body    []byte
	Raw     []byte
}

type serviceRow struct {
	bun.BaseModel `bun:"table:xzufi_service,alias:s"`

	Service string `bun:",pk"`
	Object  int64  `bun:",pk"`
}

type termRow struct {
	bun.BaseModel `bun:"table:xzufi_term"`

	Rowid   int64 `bun:",pk"`
	Title   string
	Synonym string
	Body    string
}

// fail wraps an error of the database once, without its text in ours.
func fail(op string, err error) error {
	if err == nil || errors.Is(err, xzufi.ErrConflict) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &databaseError{op: op, err: err}
}

type databaseError struct {
	op  string
	err error
}

func (e *databaseError) Error() string { return "xzufisql: " + e.op + ": database failed" }
func (e *databaseError) Unwrap() error { return e.err }

// Head implements [xzufi.Store].
func (s *Store) Head(ctx context.Context) (xzufi.Head, error) {
	h, err := head(ctx, s.db)
	return h, fail("head", err)
}

func head(ctx context.Context, db bun.IDB) (xzufi.Head, error) {
	var row headRow
	err := db.NewSelect().Model(&row).Where("id = 1").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return xzufi.Head{}, nil
	}
	return xzufi.Head{Areas: row.Areas, Objects: row.Objects}, err
}

// SetAreas implements [xzufi.Store].
func (s *Store) SetAreas(ctx context.Context, areas []xzufi.Area, revision string) error {
	rows := make([]areaRow, 0, len(areas))
	for _, a := range areas {
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		rows = append(rows, areaRow{Key: a.Key, Body: string(b)})
	}
	return fail("set areas", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model((*headRow)(nil)).Set("areas = ?", revision).Where("id = 1").Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*areaRow)(nil)).Where("1 = 1").Exec(ctx); err != nil {
			return err
		}
		for batch := range slices.Chunk(rows, xzufi.MaxBatch) {
			if _, err := tx.NewInsert().Model(&batch).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Areas implements [xzufi.Store].
func (s *Store) Areas(ctx context.Context) ([]xzufi.Area, error) {
	var rows []areaRow
	if err := s.db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, fail("areas", err)
	}
	slices.SortFunc(rows, func(a, b areaRow) int { return strings.Compare(a.Key, b.Key) })
	var out []xzufi.Area
	for _, r := range rows {
		var a xzufi.Area
		if err := json.Unmarshal([]byte(r.Body), &a); err != nil {
			return nil, fmt.Errorf("xzufisql: stored area: %w", err)
		}
		out = append(out, a)
	}
	return out, nil
}

// Begin implements [xzufi.Store]. It removes at most a few thousand rows that
// earlier imports left, in transactions of at most 500 each.
func (s *Store) Begin(ctx context.Context, source string, at time.Time) (int64, error) {
	for range 40 {
		n, err := s.prune(ctx)
		if err != nil {
			return 0, fail("begin", err)
		}
		if n < xzufi.MaxBatch {
			break
		}
	}
	h, err := head(ctx, s.db)
	if err != nil {
		return 0, fail("begin", err)
	}
	row := runRow{Source: source, Base: h.Objects, BegunAt: at.UTC()}
	if _, err := s.db.NewInsert().Model(&row).Returning("id").Exec(ctx); err != nil {
		return 0, fail("begin", err)
	}
	return row.ID, nil
}

// prune removes replaced rows and rows of runs that can only fail.
func (s *Store) prune(ctx context.Context) (int, error) {
	var ids []int64
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model((*objectRow)(nil)).Column("id").Where("state = ?", replaced).Limit(xzufi.MaxBatch).Scan(ctx, &ids)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			h, err := head(ctx, tx)
			if err != nil {
				return err
			}
			err = tx.NewSelect().Model((*objectRow)(nil)).Column("id").
				Where("run IN (SELECT id FROM xzufi_run WHERE published = 0 AND base <> ?)", h.Objects).
				Limit(xzufi.MaxBatch).Scan(ctx, &ids)
			if err != nil {
				return err
			}
		}
		return remove(ctx, tx, ids)
	})
	return len(ids), err
}

func remove(ctx context.Context, tx bun.IDB, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.NewRaw("DELETE FROM xzufi_term WHERE rowid IN (?)", bun.List(ids)).Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*serviceRow)(nil)).Where("object IN (?)", bun.List(ids)).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*objectRow)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// Stage implements [xzufi.Store].
func (s *Store) Stage(ctx context.Context, run int64, batch []xzufi.Record) error {
	if len(batch) > xzufi.MaxBatch {
		return &xzufi.InvalidError{Field: "batch", Rule: xzufi.RuleTooLong}
	}
	if len(batch) == 0 {
		return ctx.Err()
	}
	batch = lastOfEach(batch)
	return fail("stage", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var earlier []int64
		pairs := make([]string, 0, len(batch))
		for _, r := range batch {
			pairs = append(pairs, r.ID.String())
		}
		var hits []objectRow
		err := tx.NewSelect().Model(&hits).Column("id", "class", "key").Where("run = ?", run).Where("key IN (?)", bun.List(pairs)).Scan(ctx)
		if err != nil {
			return err
		}
		for _, h := range hits {
			for _, r := range batch {
				if string(r.Class) == h.Class && r.ID.String() == h.Key {
					earlier = append(earlier, h.ID)
				}
			}
		}
		if err := remove(ctx, tx, earlier); err != nil {
			return err
		}
		var last sql.NullInt64
		if err := tx.NewSelect().Model((*objectRow)(nil)).ColumnExpr("MAX(id)").
			Where("id >= ?", run*perRun).Where("id < ?", (run+1)*perRun).Scan(ctx, &last); err != nil {
			return err
		}
		next := run * perRun
		if last.Valid {
			next = last.Int64 + 1
		}
		return insert(ctx, tx, run, next, batch)
	}))
}

// lastOfEach keeps the last record of each object.
func lastOfEach(batch []xzufi.Record) []xzufi.Record {
	type key struct {
		class xzufi.Class
		id    xzufi.ID
	}
	at := map[key]int{}
	for i, r := range batch {
		at[key{r.Class, r.ID}] = i
	}
	out := make([]xzufi.Record, 0, len(at))
	for i, r := range batch {
		if at[key{r.Class, r.ID}] == i {
			out = append(out, r)
		}
	}
	return out
}

func insert(ctx context.Context, tx bun.Tx, run, next int64, batch []xzufi.Record) error {
	objects := make([]objectRow, 0, len(batch))
	var services []serviceRow
	var terms []termRow
	for i, r := range batch {
		id := next + int64(i)
		deleted := 0
		if r.Deleted {
			deleted = 1
		}
		objects = append(objects, objectRow{ID: id, Run: run, State: staged, Class: string(r.Class), Key: r.ID.String(), Loose: r.ID.Loose(),
			Agency: r.ID.Agency, Scheme: r.ID.Scheme, Value: r.ID.Value, Source: r.Source, Hash: r.Hash, Deleted: deleted,
			At: r.At.UTC(), Words: r.Words, Card: r.Card, Body: r.Body, Raw: r.Raw})
		seen := map[string]bool{}
		for _, svc := range r.Services {
			if !seen[svc] {
				seen[svc] = true
				services = append(services, serviceRow{Service: svc, Object: id})
			}
		}
		if !r.Deleted && len(r.Terms[0])+len(r.Terms[1])+len(r.Terms[2]) > 0 {
			terms = append(terms, termRow{Rowid: id, Title: join(r.Terms[0]), Synonym: join(r.Terms[1]), Body: join(r.Terms[2])})
		}
	}
	if _, err := tx.NewInsert().Model(&objects).Exec(ctx); err != nil {
		return err
	}
	for part := range slices.Chunk(services, xzufi.MaxBatch) {
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
	}
	if len(terms) > 0 {
		if _, err := tx.NewInsert().Model(&terms).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func join(terms []string) string { return strings.Join(terms, " ") }

// Publish implements [xzufi.Store].
func (s *Store) Publish(ctx context.Context, run int64, base, revision string) error {
	return fail("publish", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*headRow)(nil)).Set("objects = ?", revision).Where("id = 1").Where("objects = ?", base).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(xzufi.ErrConflict, err)
		}
		_, err = tx.NewRaw(`UPDATE xzufi_object SET state = ? WHERE state = ? AND EXISTS (SELECT 1 FROM xzufi_object AS n
			WHERE n.run = ? AND n.class = xzufi_object.class AND n.key = xzufi_object.key)`, replaced, current, run).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*objectRow)(nil)).Set("state = ?", current).Where("run = ?", run).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*runRow)(nil)).Set("published = 1").Where("id = ?", run).Exec(ctx)
		return err
	}))
}

// Find implements [xzufi.Store].
func (s *Store) Find(ctx context.Context, sel xzufi.Selection) ([]xzufi.Record, error) {
	var rows []objectRow
	q := s.db.NewSelect().Model(&rows).Column("id", "class", "agency", "scheme", "value", "source", "hash", "deleted", "at").
		Where("o.state = ?", current)
	switch sel.Part {
	case xzufi.PartCard:
		q = q.Column("card", "words")
	case xzufi.PartBody:
		q = q.Column("body", "raw")
	}
	// Without statistics SQLite takes any index on the class for better than
	// those on references, and then reads the whole class. An expression
	// keeps the class out of its choice; PostgreSQL it would mislead.
	class, pg := "o.class", s.db.Dialect().Name() == dialect.PG
	if !pg && (sel.Loose != nil || sel.Services != nil) {
		class = "(o.class || '')"
	}
	if sel.Class != "" {
		q = q.Where(class+" = ?", string(sel.Class))
	}
	if !sel.Tombstones {
		q = q.Where("o.deleted = 0")
	}
	if sel.Source != "" {
		q = q.Where("o.source = ?", sel.Source)
	}
	for column, list := range map[string][]string{"o.key": sel.Keys, "o.loose": sel.Loose} {
		switch {
		case list == nil:
		case len(list) == 0:
			q = q.Where("1 = 0")
		default:
			q = q.Where("? IN (?)", bun.Ident(column), bun.List(list))
		}
	}
	if sel.Services != nil {
		if len(sel.Services) == 0 {
			q = q.Where("1 = 0")
		} else {
			q = q.Where("o.id IN (SELECT object FROM xzufi_service WHERE service IN (?))", bun.List(sel.Services))
		}
	}
	binary := ""
	if pg {
		binary = ` COLLATE "C"` // the order of bytes, as everywhere else
	}
	if sel.After != nil {
		after := string(sel.After.Class)
		q = q.Where("("+class+binary+" > ? OR "+class+" = ? AND o.key"+binary+" > ?)", after, after, sel.After.ID.String())
	}
	q = q.OrderExpr(class + binary + ", o.key" + binary)
	if sel.Limit > 0 {
		q = q.Limit(int64(sel.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fail("find", err)
	}
	services, err := s.services(ctx, rows)
	if err != nil {
		return nil, fail("find", err)
	}
	var out []xzufi.Record
	for _, r := range rows {
		out = append(out, xzufi.Record{Class: xzufi.Class(r.Class), ID: xzufi.ID{Agency: r.Agency, Scheme: r.Scheme, Value: r.Value},
			Source: r.Source, Hash: r.Hash, Deleted: r.Deleted != 0, Services: services[r.ID], At: r.At.UTC(),
			Words: r.Words, Card: r.Card, Body: r.Body, Raw: r.Raw})
	}
	return out, nil
}

// services loads the references of the rows of classes that can have some.
func (s *Store) services(ctx context.Context, rows []objectRow) (map[int64][]string, error) {
	var ids []int64
	for _, r := range rows {
		if r.Class != string(xzufi.ClassLeistung) && r.Class != string(xzufi.ClassOnlinedienst) && r.Deleted == 0 {
			ids = append(ids, r.ID)
		}
	}
	out := map[int64][]string{}
	for batch := range slices.Chunk(ids, xzufi.MaxBatch) {
		var list []serviceRow
		if err := s.db.NewSelect().Model(&list).Where("object IN (?)", bun.List(batch)).Scan(ctx); err != nil {
			return nil, err
		}
		for _, l := range list {
			out[l.Object] = append(out[l.Object], l.Service)
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out, nil
}

var columns = [...]string{xzufi.FieldTitle: "title", xzufi.FieldSynonym: "synonym", xzufi.FieldText: "body"}

// maxProbes is the number of probes in one statement; SQLite allows for 500
// parts of a compound select.
const maxProbes = 200

// Match implements [xzufi.Store].
func (s *Store) Match(ctx context.Context, probes []xzufi.Probe) ([][]string, error) {
	out := make([][]string, len(probes))
	pg := s.db.Dialect().Name() == dialect.PG
	for from := 0; from < len(probes); from += maxProbes {
		var parts []string
		var args []any
		for i, p := range probes[from:min(from+maxProbes, len(probes))] {
			if err := checkProbe(p); err != nil {
				return nil, err
			}
			column := columns[p.Field]
			cond, arg := "xzufi_term MATCH ?", "{"+column+"} : ("+strings.Join(p.Terms, " OR ")+")"
			if pg {
				cond, arg = "xzufi_term."+column+" @@ ?", strings.Join(p.Terms, "|")
			}
			parts = append(parts, "SELECT ? AS probe, o.key AS key FROM xzufi_term JOIN xzufi_object AS o ON o.id = xzufi_term.rowid WHERE o.state = ? AND "+cond)
			args = append(args, from+i, current, arg)
		}
		var rows []struct {
			Probe int
			Key   string
		}
		if len(parts) == 0 {
			break
		}
		if err := s.db.NewRaw(strings.Join(parts, " UNION ALL "), args...).Scan(ctx, &rows); err != nil {
			return nil, fail("match", err)
		}
		for _, r := range rows {
			out[r.Probe] = append(out[r.Probe], r.Key)
		}
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out, ctx.Err()
}

// checkProbe keeps anything but plain terms away from the query language of
// the full-text index.
func checkProbe(p xzufi.Probe) error {
	if p.Field < 0 || int(p.Field) >= len(columns) {
		return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleFormat}
	}
	if len(p.Terms) == 0 {
		return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleRequired}
	}
	for _, t := range p.Terms {
		if t == "" {
			return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleRequired}
		}
		for i := 0; i < len(t); i++ {
			if c := t[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleFormat}
			}
		}
	}
	return nil
}
