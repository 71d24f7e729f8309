// Package seed builds the demo world in a portal's database: the catalogue,
// the rights of the staff, accounts of citizens and a year of cases. The cases
// go through the portal's own rules, with a clock that is set to the time of
// each step. It serves the demo mode only.
package seed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/stadttor/stadttor/bundid/bundidsim"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/rbac"
	"github.com/stadttor/stadttor/xzufi"
)

// version of the demo world; a database with another one is built anew.
const version = "3"

// Names of settings.
const (
	settingSeeded    = "demo.seeded"
	settingBase      = "demo.base"
	settingCatalogue = "demo.catalogue"
	settingOffset    = "clock.offset"
)

// Seeder builds the demo world. Its fields are set once; those said to be
// optional may be nil or empty. It may be used concurrently.
type Seeder struct {
	DB *database.DB
	// World is what is built.
	World demo.World
	// Applications gives forms, texts, names, destinations and the storage of
	// files. Its clock and its components are not used.
	Applications *antrag.Service
	Authority    *rbac.Authority
	Editor       *xzufi.Catalogue // writes the catalogue
	// Folder takes the hand-overs of the seeded cases. Empty: they stay queued.
	Folder string
	// EntityID is the portal's name at the login provider; the person marks of
	// the personas follow from it.
	EntityID string
	// Personas are the people of the login simulator. Default:
	// bundidsim.Personas().
	Personas []bundidsim.Persona
	Now      func() time.Time
	Progress func(string) // optional

	// What a reset has to empty besides the database; all optional.
	ClearHandOvers func() error
	ClearMails     func()
	SetOffset      func(time.Duration) // of the portal's clock

	mu sync.Mutex
}

// Run builds the demo world unless the database already holds it. A world
// that was left half built, or is of another version, is built anew.
func (s *Seeder) Run(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Catalogue(ctx); err != nil {
		return err
	}
	done, err := s.setting(ctx, settingSeeded)
	if err != nil || done == version {
		return err
	}
	if err := s.clear(ctx); err != nil {
		return err
	}
	return s.build(ctx)
}

// Reset throws away everything that happened since the demo world was built,
// logins and the shifted clock included, and builds it anew.
func (s *Seeder) Reset(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.clear(ctx); err != nil {
		return err
	}
	if s.ClearMails != nil {
		s.ClearMails()
	}
	if s.SetOffset != nil {
		s.SetOffset(0)
	}
	if err := s.Catalogue(ctx); err != nil {
		return err
	}
	return s.build(ctx)
}

func (s *Seeder) build(ctx context.Context) error {
	base := s.Now().UTC().Truncate(time.Second)
	if err := s.Rights(ctx, base); err != nil {
		return err
	}
	if s.World.Cases {
		if err := s.Cases(ctx, base); err != nil {
			return err
		}
	}
	if err := s.set(ctx, settingBase, base.Format(time.RFC3339)); err != nil {
		return err
	}
	return s.set(ctx, settingSeeded, version)
}

func (s *Seeder) say(text string) {
	if s.Progress != nil {
		s.Progress(text)
	}
}

// Catalogue imports areas and services when they differ from the last import.
func (s *Seeder) Catalogue(ctx context.Context) error {
	names, open := s.World.Messages()
	digest, err := digestOf(names, open)
	if err != nil {
		return err
	}
	if have, err := s.setting(ctx, settingCatalogue); err != nil || have == digest {
		return err
	}
	s.say("Lade den Leistungskatalog …")
	var areas []xzufi.Area
	for _, a := range demo.Areas() {
		areas = append(areas, xzufi.Area{Key: a.Key, Name: a.Name, Kind: a.Kind, Postcodes: a.Postcodes, Inhabitants: a.Inhabitants, Parents: a.Parents})
	}
	if err := s.Editor.SetAreas(ctx, areas); err != nil {
		return fmt.Errorf("seed: areas: %w", err)
	}
	var parts []xzufi.File
	for _, name := range names {
		f, err := open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		parts = append(parts, xzufi.File{Name: name, Reader: f})
	}
	report, err := s.Editor.Import(ctx, "demo", parts...)
	if err != nil {
		return fmt.Errorf("seed: catalogue: %w", err)
	}
	if report.ErrorCount > 0 {
		return fmt.Errorf("seed: catalogue: %d objects cannot be read", report.ErrorCount)
	}
	return s.set(ctx, settingCatalogue, digest)
}

// digestOf tells apart two states of the embedded catalogue.
func digestOf(names []string, open func(string) (fs.File, error)) (string, error) {
	sum := sha256.New()
	for _, name := range names {
		f, err := open(name)
		if err != nil {
			return "", err
		}
		n, err := io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "\n%s %d\n", name, n)
	}
	if err := json.NewEncoder(sum).Encode(demo.Areas()); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
