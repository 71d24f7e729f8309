package portal

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/uptrace/bun"
)

// feedbackRow is a report about a barrier.
type feedbackRow struct {
	bun.BaseModel `bun:"table:portal_feedback"`
	ID            string    `bun:"id,pk"`
	Page          string    `bun:"page"`
	Body          string    `bun:"body"`
	Mail          string    `bun:"mail"`
	CreatedAt     time.Time `bun:"created_at"`
}

// feedback keeps a report and returns its reference.
func (p *Portal) feedback(ctx context.Context, page, body, mail string) (string, error) {
	row := &feedbackRow{ID: "BM-" + rand.Text()[:8], Page: page, Body: body, Mail: mail, CreatedAt: p.clock.Now()}
	_, err := p.db.Write.NewInsert().Model(row).Exec(ctx)
	return row.ID, err
}
