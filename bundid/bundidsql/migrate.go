package bundidsql

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"text/template"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/migrate"
)

const component = "bundid"

//go:embed migrations/*.sql
var migrations embed.FS

// columnTypes names what the two databases spell differently.
type columnTypes struct{ Time, Bytes, JSON, Serial string }

func typesFor(d dialect.Name) (columnTypes, error) {
	switch d {
	case dialect.SQLite:
		return columnTypes{Time: "TIMESTAMP", Bytes: "BLOB", JSON: "TEXT", Serial: "INTEGER PRIMARY KEY AUTOINCREMENT"}, nil
	case dialect.PG:
		return columnTypes{Time: "TIMESTAMPTZ", Bytes: "BYTEA", JSON: "TEXT", Serial: "BIGSERIAL PRIMARY KEY"}, nil
	}
	return columnTypes{}, fmt.Errorf("%ssql: unsupported dialect %v", component, d)
}

// Migrate brings the component's tables up to date. It is safe to repeat; it
// does not lock, so let one process call it at a time.
func Migrate(ctx context.Context, db *bun.DB) error {
	types, err := typesFor(db.Dialect().Name())
	if err != nil {
		return err
	}
	set := migrate.NewMigrations()
	if err := set.Discover(migrations); err != nil {
		return fmt.Errorf("%ssql: migrations: %w", component, err)
	}
	m := migrate.NewMigrator(db, set,
		migrate.WithTableName(component+"_migrations"),
		migrate.WithLocksTableName(component+"_migration_locks"),
		migrate.WithMarkAppliedOnSuccess(true),
		migrate.WithTemplateData(types))
	if err := m.Init(ctx); err != nil {
		return fmt.Errorf("%ssql: migrations: %w", component, err)
	}
	if _, err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("%ssql: migrate: %w", component, err)
	}
	return nil
}

// Script returns the SQL of all migrations for operators with a tool of their own.
func Script(d dialect.Name) (string, error) {
	types, err := typesFor(d)
	if err != nil {
		return "", err
	}
	names, err := fs.Glob(migrations, "migrations/*.up.sql")
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	for _, name := range names {
		raw, err := migrations.ReadFile(name)
		if err != nil {
			return "", err
		}
		t, err := template.New(name).Parse(string(raw))
		if err != nil {
			return "", fmt.Errorf("%ssql: %s: %w", component, name, err)
		}
		if err := t.Execute(&out, types); err != nil {
			return "", fmt.Errorf("%ssql: %s: %w", component, name, err)
		}
	}
	return out.String(), nil
}
