// Package database opens the portal's database and keeps its own tables.
//
// SQLite needs two handles: one that writes through a single connection, so
// that writers queue instead of failing, and one that only reads. PostgreSQL
// uses the same handle for both.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// DB holds the handles of one database. It may be used concurrently.
type DB struct {
	// Write runs statements and transactions that change something.
	Write *bun.DB
	// Read runs queries. On PostgreSQL it is the same handle as Write.
	Read *bun.DB
	// URL is the address the database was opened with; it can hold a
	// password and must not be logged.
	URL string
}

// ErrURL says that the database address is of no known kind.
var ErrURL = errors.New("database: address must be empty, a file path or postgres://")

// Open opens SQLite in the folder data when address is empty, else the
// PostgreSQL database that address names.
func Open(ctx context.Context, address, data string) (*DB, error) {
	switch {
	case address == "":
		return openSQLite(ctx, filepath.Join(data, "portal.db"))
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return openPostgres(ctx, address)
	case strings.HasPrefix(address, "sqlite://"):
		return openSQLite(ctx, strings.TrimPrefix(address, "sqlite://"))
	}
	return nil, ErrURL
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("database: data folder: %w", err)
	}
	dsn := func(extra string) string {
		q := "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" + extra
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q}).String()
	}
	w, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("database: open: %w", err)
	}
	w.SetMaxOpenConns(1)
	w.SetConnMaxLifetime(0)
	if err := w.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("database: open %s: %w", filepath.Base(path), err)
	}
	r, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("database: open: %w", err)
	}
	readers := max(4, runtime.NumCPU())
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	return &DB{Write: bun.NewDB(w, sqlitedialect.New()), Read: bun.NewDB(r, sqlitedialect.New())}, nil
}

func openPostgres(ctx context.Context, address string) (*DB, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, ErrURL // the driver's text repeats the address with its password
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	h := stdlib.OpenDB(*cfg)
	h.SetMaxOpenConns(16)
	h.SetMaxIdleConns(16)
	h.SetConnMaxIdleTime(5 * time.Minute)
	if err := h.PingContext(ctx); err != nil {
		return nil, errors.New("database: PostgreSQL does not answer")
	}
	db := bun.NewDB(h, pgdialect.New())
	return &DB{Write: db, Read: db, URL: address}, nil
}

// Postgres reports whether the database is PostgreSQL.
func (db *DB) Postgres() bool { return db.Write.Dialect().Name() == dialect.PG }

// Tx runs fn in one transaction on the write handle. fn must use tx for
// everything: on SQLite another use of the handle would wait for itself.
func (db *DB) Tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return db.Write.RunInTx(ctx, nil, fn)
}

// Alone waits until no other instance is between Alone and release. Instances
// that start at the same time build tables, keys and first data one after the
// other. SQLite belongs to one instance, which does not wait.
func (db *DB) Alone(ctx context.Context) (release func() error, err error) {
	if !db.Postgres() {
		return func() error { return nil }, nil
	}
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("database: wait for other instances: %w", err)
	}
	// The lock is that of the connection: it ends with the process at the latest.
	const key = "hashtext('stadttor start ' || current_schema())"
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+key+")"); err != nil {
		return nil, errors.Join(fmt.Errorf("database: wait for other instances: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+key+")")
		return errors.Join(err, conn.Close())
	}, nil
}

// Close closes the handles.
func (db *DB) Close() error {
	err := db.Write.Close()
	if db.Read != db.Write {
		err = errors.Join(err, db.Read.Close())
	}
	return err
}
