package seed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

type settingRow struct {
	bun.BaseModel `bun:"table:portal_settings"`
	Name          string `bun:"name,pk"`
	Value         string `bun:"value"`
}

func readSetting(ctx context.Context, db *database.DB, name string) (string, error) {
	var row settingRow
	err := db.Read.NewSelect().Model(&row).Where("name = ?", name).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("seed: setting %s: %w", name, err)
	}
	return row.Value, nil
}

func writeSetting(ctx context.Context, db *database.DB, name, value string) error {
	_, err := db.Write.NewInsert().Model(&settingRow{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	if err != nil {
		return fmt.Errorf("seed: setting %s: %w", name, err)
	}
	return nil
}

func (s *Seeder) setting(ctx context.Context, name string) (string, error) {
	return readSetting(ctx, s.DB, name)
}

func (s *Seeder) set(ctx context.Context, name, value string) error {
	return writeSetting(ctx, s.DB, name, value)
}

// Offset returns how far the portal's clock was set, as SaveOffset kept it.
func Offset(ctx context.Context, db *database.DB) (time.Duration, error) {
	text, err := readSetting(ctx, db, settingOffset)
	if err != nil || text == "" {
		return 0, err
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("seed: setting %s is no duration", settingOffset)
	}
	return d, nil
}

// SaveOffset keeps how far the portal's clock was set over a restart.
func SaveOffset(ctx context.Context, db *database.DB, d time.Duration) error {
	return writeSetting(ctx, db, settingOffset, d.String())
}

// runtimeTables hold what happens while the portal runs. The catalogue stays:
// it follows from files that are compared at every start. Jobs stay as well;
// they only name rows, and one that is gone costs nothing.
var runtimeTables = []string{
	"portal_sessions", "portal_accounts", "portal_drafts", "portal_applications", "portal_application_units", "portal_files",
	"portal_notes", "portal_reminders", "portal_case_log", "portal_feedback",
	"bundid_requests", "bundid_assertions", "bundid_tickets",
	"postkorb_notices", "postkorb_events", "postkorb_messages", "postkorb_labels", "postkorb_threads",
	"payment_events", "payment_orders", "federation_payloads", "federation_deliveries",
}

// clear empties the database but for the catalogue and the rights, the
// storage of files and the folder of hand-overs.
func (s *Seeder) clear(ctx context.Context) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, table := range runtimeTables {
			if _, err := tx.NewDelete().Table(table).Where("1 = 1").Exec(ctx); err != nil {
				return fmt.Errorf("seed: empty %s: %w", table, err)
			}
		}
		_, err := tx.NewDelete().Model((*settingRow)(nil)).Where("name IN (?)", bun.In([]string{settingSeeded, settingBase, settingOffset})).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	blobs := s.Applications.Blobs
	keys, err := blobs.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := blobs.Delete(ctx, key); err != nil {
			return err
		}
	}
	if s.ClearHandOvers != nil {
		return s.ClearHandOvers()
	}
	return nil
}
