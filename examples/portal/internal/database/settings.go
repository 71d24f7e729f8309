package database

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

type setting struct {
	bun.BaseModel `bun:"table:portal_settings"`
	Name          string `bun:"name,pk"`
	Value         string `bun:"value"`
}

// Setting reads a value that the portal keeps about itself, empty when there
// is none.
func Setting(ctx context.Context, db bun.IDB, name string) (string, error) {
	var s setting
	err := db.NewSelect().Model(&s).Where("name = ?", name).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return s.Value, err
}

// SetSetting keeps a value.
func SetSetting(ctx context.Context, db bun.IDB, name, value string) error {
	_, err := db.NewInsert().Model(&setting{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return err
}
