package antrag_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/postkorb"
)

// meanwhile runs do once, right before the first statement that begins so.
type meanwhile struct {
	begins string
	once   sync.Once
	do     func()
}

func (m *meanwhile) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if strings.HasPrefix(e.Query, m.begins) {
		m.once.Do(m.do)
	}
	return ctx
}

func (*meanwhile) AfterQuery(context.Context, *bun.QueryEvent) {}

func TestDeleteFileKeepsWhatWasSentMeanwhile(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, err := w.Submit(ctx, w.fill(t, "gast:1").ID, antrag.Applicant{Owner: "gast:1", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.Upload(ctx, "gast:1", "", "", "plan.pdf", nil, 1000, strings.NewReader("%PDF-1.7\n"))
		if err != nil {
			t.Fatal(err)
		}
		w.db.Write = w.db.Write.WithQueryHook(&meanwhile{begins: "DELETE", do: func() {
			if _, err := w.Supplement(ctx, "gast:1", a.ID, "s", "b", "k", []antrag.File{f}); err != nil {
				t.Error(err)
			}
		}})
		if err := w.DeleteFile(ctx, "gast:1", "", f.ID); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("delete: %v", err)
		}
		r, err := w.OpenFile(ctx, f)
		if err != nil {
			t.Fatalf("the bytes of a document of the case are gone: %v", err)
		}
		defer r.Close()
		if raw, err := io.ReadAll(r); err != nil || len(raw) == 0 {
			t.Errorf("%d bytes, %v", len(raw), err)
		}
	})
}

// A login that takes a draft over while it is sent must not leave a case that
// belongs to nobody.
func TestSubmitNoticesANewOwner(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := w.fill(t, "gast:1")
		unit := w.Unit
		w.Unit = func(ctx context.Context, service, area string) (antrag.Unit, error) {
			if err := w.Adopt(ctx, "gast:1", "konto"); err != nil {
				t.Error(err)
			}
			return unit(ctx, service, area)
		}
		if _, err := w.Submit(ctx, d.ID, antrag.Applicant{Owner: "gast:1", Lang: "de"}); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("submit: %v", err)
		}
		if n := w.count(t, "portal_applications"); n != 0 {
			t.Errorf("%d applications", n)
		}
		if a, err := w.Submit(ctx, d.ID, antrag.Applicant{Owner: "konto", Account: "konto", Lang: "de"}); err != nil || a.Owner != "konto" {
			t.Errorf("the new owner's: %q, %v", a.Owner, err)
		}
	})
}

func TestTakeLeavesClosedCases(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, err := w.Submit(ctx, w.fill(t, "gast:1").ID, antrag.Applicant{Owner: "gast:1", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		if a, err = w.Withdraw(ctx, "gast:1", a.ID); err != nil || a.Status != postkorb.StatusWithdrawn {
			t.Fatal(a.Status, err)
		}
		if _, err := w.Take(ctx, antrag.Actor{Kind: "staff", ID: "p"}, a.ID, a.Version, "p"); !errors.Is(err, antrag.ErrClosed) {
			t.Errorf("take: %v", err)
		}
	})
}

// The answers of a draft are personal data: nothing of it stays beside the case.
func TestPurgeLeavesNothingOfSentDrafts(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := w.fill(t, "gast:1")
		if _, err := w.Upload(ctx, "gast:1", d.ID, "", "left-out.pdf", nil, 1000, strings.NewReader("%PDF-1.7\n")); err != nil {
			t.Fatal(err)
		}
		a, err := w.Submit(ctx, d.ID, antrag.Applicant{Owner: "gast:1", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after         time.Duration
			drafts, files int
		}{{29 * 24 * time.Hour, 1, 1}, {2 * 24 * time.Hour, 0, 0}} {
			w.now = w.now.Add(step.after)
			for _, purge := range []func(context.Context) error{w.PurgeDrafts, w.PurgeFiles} {
				if err := purge(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if drafts, files := w.count(t, "portal_drafts"), w.count(t, "portal_files"); drafts != step.drafts || files != step.files {
				t.Errorf("%d drafts and %d files are left, want %d and %d", drafts, files, step.drafts, step.files)
			}
		}
		if _, err := w.OwnedBy(ctx, "gast:1", a.ID); err != nil {
			t.Errorf("the case: %v", err)
		}
	})
}
