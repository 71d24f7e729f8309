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
