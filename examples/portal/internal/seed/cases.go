package seed

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
)

// hands is a clock that is set by hand. It goes on a little at every look, so
// that what happens in a row has times in a row.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(time.Millisecond)
	return h.at
}

func (h *hands) set(at time.Time) { h.mu.Lock(); h.at = at.UTC(); h.mu.Unlock() }

// silent takes the notices of the past and sends nothing.
type silent struct{}

func (silent) Notify(context.Context, postkorb.Notice) error { return nil }

// run is the building of all cases, with rules on a clock of its own.
type run struct {
	*Seeder
	clock  *hands
	rules  *antrag.Service
	inbox  *postkorb.Inbox
	orders *payment.Service
	outbox *federation.Outbox
	people map[string]person
	unit   string // that receives the case at hand
}

// Cases sends every case of the demo world through the rules, from its
// receipt up to base.
func (s *Seeder) Cases(ctx context.Context, base time.Time) (err error) {
	s.say("Lege Vorgänge an …")
	restore, err := s.hurry(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if e := restore(); err == nil {
			err = e
		}
	}()
	r, err := s.newRun()
	if err != nil {
		return err
	}
	if r.people, err = r.accounts(ctx, base); err != nil {
		return err
	}
	cases := demo.Cases()
	slices.SortStableFunc(cases, func(a, b demo.Case) int { return int(a.Received) - int(b.Received) })
	for _, c := range cases {
		if err := r.one(ctx, base, c); err != nil {
			return fmt.Errorf("seed: case %s: %w", c.ID, err)
		}
	}
	return nil
}

// hurry lets SQLite write without waiting for the disk: what is lost in a
// crash is built anew, because the mark that it is complete is written after
// restore. The log is not merged meanwhile, so the file itself stays sound.
func (s *Seeder) hurry(ctx context.Context) (restore func() error, err error) {
	if s.DB.Postgres() {
		return func() error { return nil }, nil
	}
	set := func(ctx context.Context, pragmas ...string) error {
		for _, p := range pragmas {
			if _, err := s.DB.Write.ExecContext(ctx, "PRAGMA "+p); err != nil {
				return fmt.Errorf("seed: %s: %w", p, err)
			}
		}
		return nil
	}
	return func() error {
			return set(context.WithoutCancel(ctx), "synchronous = FULL", "wal_autocheckpoint = 1000")
		},
		set(ctx, "wal_autocheckpoint = 0", "synchronous = OFF")
}

// transportFolder is how the portal calls the folder for what no back office
// takes.
const transportFolder = "ablage"

func (s *Seeder) newRun() (*run, error) {
	r := &run{Seeder: s, clock: &hands{}}
	r.inbox = postkorb.New(postkorbsql.New(s.DB.Write), &postkorb.Options{Now: r.clock.now, Notifier: silent{}})
	r.orders = payment.New(paymentsql.New(s.DB.Write), &payment.Options{Now: r.clock.now})
	transports := map[string]federation.Transport{}
	if s.Folder != "" {
		drop, err := dropfolder.New(s.Folder, &dropfolder.Options{Now: r.clock.now})
		if err != nil {
			return nil, fmt.Errorf("seed: %w", err)
		}
		transports[transportFolder] = drop
	}
	r.outbox = federation.New(federationsql.New(s.DB.Write), &federation.Options{Now: r.clock.now, Transports: transports,
		OpenPart: func(ctx context.Context, part federation.Part) (io.ReadCloser, error) {
			return s.Applications.Blobs.Open(ctx, part.BlobKey)
		}})
	cfg := s.Applications.Config
	cfg.Now, cfg.Inbox, cfg.Orders, cfg.Outbox, cfg.Wake = r.clock.now, r.inbox, r.orders, r.outbox, nil
	cfg.Unit = func(context.Context, string, string) (antrag.Unit, error) {
		return antrag.Unit{ID: r.unit, Name: cfg.UnitName(r.unit)}, nil
	}
	r.rules = antrag.New(cfg)
	return r, nil
}

// working is a time in the working hours of a day, different for each id, and
// always before base.
func (r *run) working(base time.Time, id string, d demo.Day) time.Time {
	h := fnv.New32a()
	h.Write([]byte(id))
	at := midnight(base, int(d)).Add(8*time.Hour + 30*time.Minute + time.Duration(h.Sum32()%(7*60*60))*time.Second)
	if latest := base.Add(-time.Hour - time.Duration(h.Sum32()%600)*time.Second); at.After(latest) {
		at = latest
	}
	return at.UTC()
}

// next is the time of a step: on its day, after what came before, and for the
// staff not at a weekend unless there is no other day left.
func (r *run) next(base time.Time, id string, s demo.Step, before time.Time) time.Time {
	at := r.working(base, fmt.Sprint(id, s.Kind, s.Day), s.Day)
	if s.By != "" {
		for d := s.Day; d < 0 && (at.In(berlin).Weekday() == time.Saturday || at.In(berlin).Weekday() == time.Sunday); {
			d++
			at = r.working(base, fmt.Sprint(id, s.Kind, s.Day), d)
		}
	}
	if !at.After(before.Add(time.Minute)) {
		at = before.Add(11 * time.Minute)
	}
	if !at.Before(base) { // little is left of the day: share it
		at = before.Add(base.Sub(before) / 3)
	}
	return at
}
