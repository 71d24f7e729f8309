// Package jobs wakes the steps of the portal's components. A job only names a
// row that is due; whether, when and how often something is tried again is
// decided by the row alone. A job that is lost costs seconds, because sweeps
// ask the components regularly what is due.
package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
)

// Step is one kind of background work over rows.
type Step struct {
	Name string
	// Due lists rows that should be worked now.
	Due func(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Do works one row; it claims the row itself and is safe to repeat.
	Do func(ctx context.Context, id string) error
	// Every is how long a lost job can delay its row. Default 5 s.
	Every time.Duration
	// Secret says that whoever knows an id may do something with it: then the
	// log does not learn it.
	Secret bool
}

// Chore is regular work without rows, for example a purge.
type Chore struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// Engine is the River client with the portal's two kinds of jobs.
type Engine struct {
	client   *river.Client[*sql.Tx]
	listener *pgxpool.Pool
	steps    map[string]Step
	chores   map[string]Chore
	now      func() time.Time
	log      *slog.Logger
}

type wakeArgs struct {
	Step string `json:"step"`
	ID   string `json:"id"`
}

func (wakeArgs) Kind() string { return "wake" }

type sweepArgs struct {
	Name string `json:"name"`
}

func (sweepArgs) Kind() string { return "sweep" }

// sweepEvery is the default of Step.Every.
const sweepEvery = 5 * time.Second

// Migrate brings River's tables up to date.
func Migrate(ctx context.Context, db *database.DB) error {
	m, err := rivermigrate.New(driverFor(db, nil), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return nil
}

func driverFor(db *database.DB, listener *pgxpool.Pool) riverdriver.Driver[*sql.Tx] {
	switch {
	case !db.Postgres():
		return riversqlite.New(db.Write.DB)
	case listener != nil:
		return riverdatabasesql.NewWithPgxListener(db.Write.DB, listener)
	}
	return riverdatabasesql.New(db.Write.DB)
}

// New prepares the engine; Start runs it.
func New(ctx context.Context, db *database.DB, now func() time.Time, log *slog.Logger, steps []Step, chores []Chore) (*Engine, error) {
	if !db.Postgres() {
		// SQLite belongs to one instance: whoever led the work has died, and
		// nobody needs to wait for its term to end.
		if _, err := db.Write.ExecContext(ctx, "DELETE FROM river_leader"); err != nil {
			return nil, fmt.Errorf("jobs: %w", err)
		}
	}
	e := &Engine{steps: map[string]Step{}, chores: map[string]Chore{}, now: now, log: log}
	if db.Postgres() {
		pool, err := pgxpool.New(ctx, db.URL)
		if err != nil {
			return nil, errors.New("jobs: PostgreSQL does not answer")
		}
		e.listener = pool
	}
	var periodic []*river.PeriodicJob
	for _, s := range steps {
		e.steps[s.Name] = s
		periodic = append(periodic, every(cmp.Or(s.Every, sweepEvery), s.Name))
	}
	for _, c := range chores {
		e.chores[c.Name] = c
		periodic = append(periodic, every(c.Every, c.Name))
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[wakeArgs]) error { return e.wake(ctx, j.Args) }))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[sweepArgs]) error { return e.sweep(ctx, j.Args.Name) }))
	client, err := river.NewClient(driverFor(db, e.listener), &river.Config{
		FetchCooldown:     20 * time.Millisecond,
		FetchPollInterval: 200 * time.Millisecond,
		JobTimeout:        2 * time.Minute,
		MaxAttempts:       1,
		Logger:            slog.New(quiet{log.Handler()}),
		PeriodicJobs:      periodic,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}},
		Workers:           workers,

		CompletedJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	e.client = client
	return e, nil
}

func every(d time.Duration, name string) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
		return sweepArgs{Name: name}, &river.InsertOpts{MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// Wake asks for one row to be worked as soon as the transaction commits; an
// empty id asks for all rows of the step that are due.
func (e *Engine) Wake(ctx context.Context, tx bun.Tx, step, id string) error {
	if e == nil {
		return nil
	}
	_, err := e.client.InsertTx(ctx, tx.Tx, wakeArgs{Step: step, ID: id}, &river.InsertOpts{MaxAttempts: 1})
	if err != nil {
		return fmt.Errorf("jobs: wake %s: %w", step, err)
	}
	return nil
}

// Start begins to work jobs until Stop.
func (e *Engine) Start(ctx context.Context) error { return e.client.Start(ctx) }

// patience is how long work that runs may go on when the portal stops. A call
// of an outside system that hangs is cut off then; its row comes again.
const patience = 5 * time.Second

// Stop ends the work and waits for what runs, at most as long as ctx lives.
func (e *Engine) Stop(ctx context.Context) error {
	soft, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := e.client.Stop(soft)
	if err != nil && ctx.Err() == nil {
		err = e.client.StopAndCancel(ctx)
	}
	if e.listener != nil {
		e.listener.Close()
	}
	return err
}

func (e *Engine) wake(ctx context.Context, a wakeArgs) error {
	s, ok := e.steps[a.Step]
	if !ok {
		return nil
	}
	if a.ID == "" {
		return e.sweep(ctx, a.Step)
	}
	if err := s.Do(ctx, a.ID); err != nil {
		id := a.ID
		if s.Secret {
			id = "secret"
		}
		e.log.LogAttrs(ctx, slog.LevelWarn, "step failed", slog.String("step", a.Step), slog.String("id", id), slog.String("cause", err.Error()))
	}
	return nil // the row decides about another try
}

func (e *Engine) sweep(ctx context.Context, name string) error {
	if c, ok := e.chores[name]; ok {
		if err := c.Do(ctx); err != nil {
			e.log.LogAttrs(ctx, slog.LevelWarn, "chore failed", slog.String("chore", name), slog.String("cause", err.Error()))
		}
		return nil
	}
	s, ok := e.steps[name]
	if !ok {
		return nil
	}
	ids, err := s.Due(ctx, e.now(), 100)
	if err != nil {
		e.log.LogAttrs(ctx, slog.LevelWarn, "sweep failed", slog.String("step", name), slog.String("cause", err.Error()))
		return nil
	}
	for _, id := range ids {
		if err := e.wake(ctx, wakeArgs{Step: name, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// quiet keeps River's own notes below warnings out of the log.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as)} }
func (q quiet) WithGroup(n string) slog.Handler       { return quiet{q.Handler.WithGroup(n)} }
