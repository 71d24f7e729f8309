package antrag

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// ErrTwice says that the same thing was done before; nothing was changed.
var ErrTwice = errors.New("antrag: was done before")

// onceLife is how long a key is remembered. Forms older than that are answered
// with an expired session anyway.
const onceLife = 30 * 24 * time.Hour

type onceRow struct {
	bun.BaseModel `bun:"table:portal_once"`
	Key           string    `bun:"key,pk"`
	At            time.Time `bun:"at"`
}

// once lets one transaction of all instances do what has this key; every other
// gets ErrTwice. It waits for a transaction that holds the key: when that one
// is rolled back, this one may. An empty key is no key.
func (s *Service) once(ctx context.Context, tx bun.Tx, key string) error {
	if key == "" {
		return nil
	}
	res, err := tx.NewInsert().Model(&onceRow{Key: key, At: s.now()}).On("CONFLICT (key) DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrTwice
	}
	return nil
}

// PurgeOnce forgets old keys.
func (s *Service) PurgeOnce(ctx context.Context) error {
	_, err := s.DB.Write.NewDelete().Model((*onceRow)(nil)).Where("at < ?", s.now().Add(-onceLife)).Exec(ctx)
	return err
}
