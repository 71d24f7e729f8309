package antrag_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/postkorb"
)

var clerk = antrag.Actor{Kind: "staff", ID: "p-harms", Unit: "steuern"}

// received is a case of a person with an account.
func (w *world) received(t *testing.T) antrag.Application {
	t.Helper()
	a, err := w.Submit(t.Context(), w.fill(t, "konto").ID, antrag.Applicant{Owner: "konto", Account: "konto", Lang: "de"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) attach(t *testing.T, a antrag.Application, name string) antrag.File {
	t.Helper()
	f, err := w.Upload(t.Context(), "konto", "", a.ID, name, nil, 1000, strings.NewReader("%PDF-1.7\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// taking lists the units that take part in the whole case.
func (w *world) taking(t *testing.T, a antrag.Application) map[string]string {
	t.Helper()
	units, err := w.Units(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, u := range units {
		out[u.Unit] = u.Kind
	}
	return out
}

func (w *world) logged(t *testing.T, a antrag.Application) []string {
	t.Helper()
	log, err := w.Log(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range log {
		out = append(out, strings.TrimSpace(e.ActorKind+" "+e.Actor+" "+e.Action+" "+e.Detail))
	}
	return out
}

func (w *world) part(t *testing.T, a antrag.Application, id string) antrag.Participation {
	t.Helper()
	all, err := w.Participations(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p antrag.Participation) bool { return p.ID == id })
	if i < 0 {
		t.Fatalf("no involvement %s", id)
	}
	return all[i]
}

func question(id, unit string) antrag.Participation {
	return antrag.Participation{ID: id, Unit: unit, Scope: antrag.ScopeQuestion, Question: "Wie hoch?", Reason: antrag.InvolveExpertise}
}

func whole(id, unit string) antrag.Participation {
	return antrag.Participation{ID: id, Unit: unit, Scope: antrag.ScopeWhole, Reason: antrag.InvolveApproval}
}

func TestInvolveRefuses(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		w.KnownUnit = func(id string) bool { return id != "fremd" }
		a, other := w.received(t), w.received(t)
		foreign := w.attach(t, other, "fremd.pdf")
		tests := []struct {
			name, field string
			edit        func(p *antrag.Participation, docs *[]string)
		}{
			{"unit of another administration", "unit", func(p *antrag.Participation, _ *[]string) { p.Unit = "fremd" }},
			{"no unit", "unit", func(p *antrag.Participation, _ *[]string) { p.Unit = "" }},
			{"the lead itself", "unit", func(p *antrag.Participation, _ *[]string) { p.Unit = "steuern" }},
			{"scope", "scope", func(p *antrag.Participation, _ *[]string) { p.Scope = "all" }},
			{"no question", "question", func(p *antrag.Participation, _ *[]string) { p.Question = "" }},
			{"question without the scope", "question", func(p *antrag.Participation, _ *[]string) { p.Scope = antrag.ScopeWhole }},
			{"documents with a question", "documents", func(_ *antrag.Participation, docs *[]string) { *docs = []string{"x"} }},
			{"no documents", "documents", func(p *antrag.Participation, _ *[]string) { p.Scope, p.Question = antrag.ScopeDocuments, "" }},
			{"document of another case", "documents", func(p *antrag.Participation, docs *[]string) {
				p.Scope, p.Question, *docs = antrag.ScopeDocuments, "", []string{foreign.ID}
			}},
			{"reason", "reason", func(p *antrag.Participation, _ *[]string) { p.Reason = "Frau Müller" }},
			{"other reason without words", "reason", func(p *antrag.Participation, _ *[]string) { p.Reason = antrag.InvolveOther }},
		}
		for _, tt := range tests {
			p, docs := question("x", "bau"), []string(nil)
			tt.edit(&p, &docs)
			_, err := w.Involve(t.Context(), clerk, a.ID, 0, p, docs)
			var bad *antrag.InvolveError
			if !errors.As(err, &bad) || bad.Field != tt.field {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if _, err := w.Involve(t.Context(), clerk, a.ID, a.Version+1, question("x", "bau"), nil); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("stale version: %v", err)
		}
		if _, err := w.Involve(t.Context(), clerk, "nichts", 0, question("x", "bau"), nil); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("unknown case: %v", err)
		}
		if parts, err := w.Participations(t.Context(), a.ID); err != nil || len(parts) != 0 {
			t.Errorf("left behind: %+v, %v", parts, err)
		}
	})
}

func TestQuestionToAnotherUnit(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a := w.received(t)
		if _, err := w.Involve(ctx, clerk, a.ID, a.Version, question("q1", "bau"), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"steuern": "lead"}, w.taking(t, a)); diff != "" {
			t.Errorf("a question gives access to the case:\n%s", diff)
		}
		builder := antrag.Actor{Kind: "staff", ID: "p-bau", Unit: "bau"}
		f, err := w.Upload(ctx, antrag.StaffOwner("p-bau"), "", "", "Plan.pdf", nil, 1000, strings.NewReader("%PDF-1.7\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AnswerInvolvement(ctx, builder, a.ID, "q1", "", nil); err == nil {
			t.Error("an empty answer was taken")
		}
		if err := w.AnswerInvolvement(ctx, builder, "andere", "q1", "Drei Meter.", nil); !errors.Is(err, antrag.ErrNotFound) {
			t.Errorf("answer under another case: %v", err)
		}
		if err := w.AnswerInvolvement(ctx, builder, a.ID, "q1", "Drei Meter. 🏠", []antrag.File{f}); err != nil {
			t.Fatal(err)
		}
		if err := w.AnswerInvolvement(ctx, builder, a.ID, "q1", "Vier Meter.", nil); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("second answer: %v", err)
		}
		if err := w.EndInvolvement(ctx, clerk, a.ID, "q1"); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("end of an answered one: %v", err)
		}
		p := w.part(t, a, "q1")
		if p.Answer != "Drei Meter. 🏠" || p.EndedBy != "p-bau" || !p.News() || len(p.AnswerFiles) != 1 || p.AnswerFiles[0].Name != "Plan.pdf" || len(p.Documents) != 0 {
			t.Errorf("involvement = %+v", p)
		}
		open := func() int {
			list, err := w.Reminders(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q }, "p-harms", a.ID)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if open() != 1 {
			t.Error("nobody is told of the answer")
		}
		for range 2 {
			if err := w.SeenAnswer(ctx, a.ID, "q1"); err != nil {
				t.Fatal(err)
			}
		}
		if p := w.part(t, a, "q1"); p.News() || open() != 0 {
			t.Error("the answer is still marked as new")
		}
		want := []string{"staff p-harms involved bau question expertise", "staff p-bau involvement-ended bau question answered"}
		if diff := cmp.Diff(want, w.logged(t, a)[1:]); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestWholeCaseAndItsEnds(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a := w.received(t)
		involve := func(p antrag.Participation, docs ...string) {
			t.Helper()
			if _, err := w.Involve(ctx, clerk, a.ID, 0, p, docs); err != nil {
				t.Fatal(err)
			}
		}
		involve(whole("w1", "bau"))
		var bad *antrag.InvolveError
		if _, err := w.Involve(ctx, clerk, a.ID, 0, whole("w2", "bau"), nil); !errors.As(err, &bad) || bad.Field != "exists" {
			t.Errorf("twice: %v", err)
		}
		if got, err := w.WholeUnits(ctx, a.ID); err != nil || !slices.Equal(got, []string{"bau"}) {
			t.Errorf("units for the citizen: %v, %v", got, err)
		}
		if err := w.EndInvolvement(ctx, clerk, a.ID, "w1"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"steuern": "lead"}, w.taking(t, a)); diff != "" {
			t.Errorf("after the end:\n%s", diff)
		}
		dated := whole("w3", "bau") // again, this time until a day
		dated.EndsAt = w.now.Add(time.Hour)
		involve(dated)
		doc := w.attach(t, a, "Skizze Ümläut.pdf")
		involve(antrag.Participation{ID: "d1", Unit: "verkehr", Scope: antrag.ScopeDocuments, Reason: antrag.InvolveOther, Note: "Ausfahrt"}, doc.ID)
		if p := w.part(t, a, "d1"); len(p.Documents) != 1 || p.Documents[0].ID != doc.ID {
			t.Errorf("documents = %+v", p.Documents)
		}
		w.now = dated.EndsAt
		if err := w.AnswerInvolvement(ctx, clerk, a.ID, "d1", "x", nil); err == nil {
			t.Error("documents were answered")
		}
		if err := w.EndInvolvement(ctx, clerk, a.ID, "w3"); !errors.Is(err, antrag.ErrConflict) {
			t.Errorf("its date has come: %v", err)
		}
		for range 2 {
			if err := w.EndDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if p := w.part(t, a, "w3"); p.Ending != antrag.EndedOnDate || len(w.taking(t, a)) != 1 {
			t.Errorf("after its date: %+v", p)
		}
		late := question("q9", "ordnung")
		late.EndsAt = w.now.Add(time.Minute)
		involve(late)
		involve(whole("w4", "bau"))
		w.now = w.now.Add(2 * time.Minute)
		if _, err := w.Decide(ctx, clerk, a.ID, 0, postkorb.StatusGranted, "s", "b", "k", nil); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]antrag.Ending{"d1": antrag.EndedByClose, "w4": antrag.EndedByClose, "q9": antrag.EndedOnDate} {
			if p := w.part(t, a, id); p.Ending != want {
				t.Errorf("%s ended by %q, want %q", id, p.Ending, want)
			}
		}
		if len(w.taking(t, a)) != 1 {
			t.Error("an involved unit outlives the case")
		}
		if _, err := w.Involve(ctx, clerk, a.ID, 0, whole("w5", "bau"), nil); !errors.Is(err, antrag.ErrClosed) {
			t.Errorf("closed case: %v", err)
		}
	})
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.KnownUnit = func(id string) bool { return id != "fremd" }
		a := w.received(t)
		for field, tr := range map[string]antrag.Transfer{"unit": {ID: "t0", To: "fremd", Reason: antrag.TransferTopic}, "reason": {ID: "t0", To: "bau", Reason: antrag.TransferOther}} {
			var bad *antrag.InvolveError
			if _, err := w.HandOver(ctx, clerk, a.ID, 0, tr, nil); !errors.As(err, &bad) || bad.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		var err error
		if a, err = w.Take(ctx, clerk, a.ID, 0, "p-harms"); err != nil {
			t.Fatal(err)
		}
		for id, unit := range map[string]string{"q1": "bau", "q2": "verkehr"} {
			if _, err := w.Involve(ctx, clerk, a.ID, 0, question(id, unit), nil); err != nil {
				t.Fatal(err)
			}
		}
		moved, err := w.HandOver(ctx, clerk, a.ID, 0, antrag.Transfer{ID: "t1", To: "bau", Reason: antrag.TransferTopic, Note: "Geheim"}, nil)
		if err != nil || moved.LeadUnit != "bau" || moved.Assignee != "" {
			t.Fatalf("hand-over: %+v, %v", moved, err)
		}
		if diff := cmp.Diff(map[string]string{"bau": "lead"}, w.taking(t, a)); diff != "" {
			t.Errorf("units:\n%s", diff)
		}
		if w.part(t, a, "q1").Ending != antrag.EndedByLead || !w.part(t, a, "q2").Open(w.now) {
			t.Error("the involvements did not follow")
		}
		th, err := w.Inbox.Thread(ctx, postkorb.ThreadID(a.Thread))
		if err != nil || th.Unit != "bau" {
			t.Errorf("thread: %+v, %v", th, err)
		}
		list, err := w.Inbox.Messages(ctx, th.ID)
		if last := list[len(list)-1]; err != nil || last.Kind != postkorb.KindInformation || last.Body != "involve.transfer.body" || last.From.ID != "steuern" {
			t.Errorf("message: %+v, %v", last, err)
		}
		// Back again, and this time the unit stays.
		if _, err := w.HandOver(ctx, clerk, a.ID, 0, antrag.Transfer{ID: "t2", To: "steuern", Reason: antrag.TransferResponsible}, &antrag.Stay{ID: "s1", Reason: antrag.InvolveOther, Note: "weiter prüfen"}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"bau": "involved", "steuern": "lead"}, w.taking(t, a)); diff != "" {
			t.Errorf("units:\n%s", diff)
		}
		log := strings.Join(w.logged(t, a), "\n")
		if !strings.Contains(log, "staff p-harms transferred steuern bau topic\n") || strings.Contains(log, "Geheim") || strings.Contains(log, "weiter") {
			t.Errorf("log:\n%s", log)
		}
		moves, err := w.Transfers(ctx, a.ID)
		if err != nil || len(moves) != 2 || moves[0].Note != "Geheim" {
			t.Errorf("transfers: %+v, %v", moves, err)
		}
	})
}

// together runs do n times at once and counts what became of it.
func together(t *testing.T, n int, do func(i int) error) (done int, errs []error) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return done, errs
}

func TestInvolveAtOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, w *world) {
		ctx := context.WithoutCancel(t.Context())
		a := w.received(t)
		done, errs := together(t, 6, func(i int) error {
			_, err := w.HandOver(ctx, clerk, a.ID, a.Version, antrag.Transfer{ID: fmt.Sprint("t", i), To: []string{"bau", "verkehr"}[i%2], Reason: antrag.TransferTopic}, nil)
			return err
		})
		if done != 1 || slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, antrag.ErrConflict) }) {
			t.Errorf("hand-overs: %d done, %v", done, errs)
		}
		if units := w.taking(t, a); len(units) != 1 {
			t.Errorf("units = %v", units)
		}
		if _, err := w.Involve(ctx, clerk, a.ID, 0, question("q1", "ordnung"), nil); err != nil {
			t.Fatal(err)
		}
		done, errs = together(t, 6, func(i int) error {
			if i%3 == 0 {
				return w.EndInvolvement(ctx, clerk, a.ID, "q1")
			}
			return w.AnswerInvolvement(ctx, clerk, a.ID, "q1", fmt.Sprint("Antwort ", i), nil)
		})
		if done != 1 || slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, antrag.ErrConflict) }) {
			t.Errorf("ends: %d done, %v", done, errs)
		}
		// Involving a unit while the case is handed over to it, and ending that.
		_, errs = together(t, 8, func(i int) error {
			switch i % 3 {
			case 0:
				_, err := w.HandOver(ctx, clerk, a.ID, 0, antrag.Transfer{ID: fmt.Sprint("u", i), To: "ordnung", Reason: antrag.TransferTopic}, nil)
				return err
			case 1:
				_, err := w.Involve(ctx, clerk, a.ID, 0, whole(fmt.Sprint("w", i), "ordnung"), nil)
				return err
			}
			return w.EndInvolvement(ctx, clerk, a.ID, "w1")
		})
		for _, err := range errs {
			var bad *antrag.InvolveError
			if !errors.Is(err, antrag.ErrConflict) && !errors.Is(err, antrag.ErrNotFound) && !errors.As(err, &bad) {
				t.Errorf("mixed: %v", err)
			}
		}
		leads := 0
		for _, kind := range w.taking(t, a) {
			if kind == "lead" {
				leads++
			}
		}
		if leads != 1 || w.taking(t, a)["ordnung"] != "lead" {
			t.Errorf("units = %v", w.taking(t, a))
		}
	})
}
