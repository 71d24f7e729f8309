package portal

import (
	"context"
	"log/slog"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

// followClock sets the clock as a tester set it on another instance. Every
// instance writes the setting before it sets its own clock, so that none is
// turned back.
func (p *Portal) followClock(ctx context.Context) {
	if p.cfg.Mode != Demo {
		return
	}
	v, err := database.Setting(ctx, p.db.Read, settingClock)
	if err == nil && v == "" {
		v = "0s" // nobody has shifted it, or the demo was reset
	}
	var d time.Duration
	if err == nil {
		d, err = time.ParseDuration(v)
	}
	switch {
	case err == nil && d != p.clock.Offset():
		p.clock.SetOffset(d)
	case err != nil && ctx.Err() == nil:
		p.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "the clock's setting cannot be read", slog.String("cause", err.Error()))
	}
}
