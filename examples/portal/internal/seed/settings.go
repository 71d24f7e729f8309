package seed

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

func (s *Seeder) setting(ctx context.Context, name string) (string, error) {
	return database.Setting(ctx, s.DB.Read, name)
}

func (s *Seeder) set(ctx context.Context, name, value string) error {
	return database.SetSetting(ctx, s.DB.Write, name, value)
}

// runtimeTables hold what happens while the portal runs. The catalogue stays:
// it follows from files that are compared at every start. Jobs stay as well;
// they only name rows, and one that is gone costs nothing.
var runtimeTables = []string{
	"portal_sessions", "portal_accounts", "portal_drafts", "portal_applications", "portal_application_units", "portal_files",
	"portal_involvements", "portal_involvement_files", "portal_transfers",
	"portal_notes", "portal_reminders", "portal_case_log", "portal_feedback",
	"bundid_requests", "bundid_assertions", "bundid_tickets",
	"postkorb_notices", "postkorb_events", "postkorb_messages", "postkorb_labels", "postkorb_threads",
	"payment_events", "payment_orders", "federation_payloads", "federation_deliveries",
	"federation_replies", "portal_once",
}

// clear empties the database but for the catalogue and the rights, removes its
// files from the storage and empties the folder of hand-overs.
func (s *Seeder) clear(ctx context.Context) error {
	var keys []string // only those of this database: others may share the storage
	err := s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Table("portal_files").Column("blob").Scan(ctx, &keys); err != nil {
			return fmt.Errorf("seed: files: %w", err)
		}
		for _, table := range runtimeTables {
			if _, err := tx.NewDelete().Table(table).Where("1 = 1").Exec(ctx); err != nil {
				return fmt.Errorf("seed: empty %s: %w", table, err)
			}
		}
		_, err := tx.NewDelete().Table("portal_settings").Where("name IN (?)", bun.List([]string{settingSeeded, settingBase, settingOffset})).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.Applications.Blobs.Delete(ctx, key); err != nil {
			return err
		}
	}
	if s.ClearHandOvers != nil {
		return s.ClearHandOvers()
	}
	return nil
}
