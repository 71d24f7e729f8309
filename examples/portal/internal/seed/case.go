package seed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/xzufi"
)

// running is one case while it is built.
type running struct {
	*run
	demo.Case
	person person
	id     string // of the application
	app    antrag.Application
	asked  postkorb.Message // last question or request
	at     time.Time        // of the last step
	part   string           // last involvement
}

var system = antrag.Actor{Kind: "system"}

// one builds one case.
func (r *run) one(ctx context.Context, base time.Time, c demo.Case) error {
	k := &running{run: r, Case: c, person: r.people[c.Citizen], at: r.working(base, c.ID, c.Received)}
	r.unit = c.Unit
	r.clock.set(k.at)
	if err := k.receive(ctx, base); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	for i, s := range c.Steps {
		k.at = r.next(base, c.ID, s, k.at)
		r.clock.set(k.at)
		if err := k.step(ctx, base, i, s); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, s.Kind, err)
		}
		if err := k.settle(ctx); err != nil {
			return err
		}
	}
	if err := k.finish(ctx, base); err != nil {
		return err
	}
	if string(k.app.Status) != c.Status {
		return fmt.Errorf("is %s instead of %s", k.app.Status, c.Status)
	}
	return nil
}

// receive fills the form and sends it.
func (k *running) receive(ctx context.Context, base time.Time) error {
	def, ok := k.rules.Definition(k.Assistant, "")
	if !ok {
		return antrag.ErrNotFound
	}
	answers, err := fill(def, k.AnswersOn(base), k.person.attrs, k.at.In(berlin))
	if err != nil {
		return err
	}
	owner := k.person.owner()
	d, err := k.rules.StartDraft(ctx, owner, def, serviceOf(k.Assistant), k.Area)
	if err != nil {
		return err
	}
	d.Answers = answers
	if d, err = k.rules.SaveDraft(ctx, d); err != nil {
		return err
	}
	who := antrag.Applicant{Owner: owner, Account: k.person.account, Mail: k.person.Mail, Lang: k.person.Lang, Level: k.person.Level, Means: k.person.Means}
	if k.person.Level > 0 {
		who.AuthnAt = k.at.Add(-9 * time.Minute)
	}
	if k.app, err = k.rules.Submit(ctx, d.ID, who); err != nil {
		return err
	}
	k.id = k.app.ID
	if k.Fee > 0 {
		if k.app.Status != postkorb.StatusPaymentOpen {
			if k.app, err = k.rules.SetStatus(ctx, system, k.id, 0, postkorb.StatusPaymentOpen, ""); err != nil {
				return err
			}
		}
		return k.settle(ctx)
	}
	if err := k.settle(ctx); err != nil {
		return err
	}
	return k.deliver(ctx)
}

func serviceOf(form string) string {
	for _, s := range demo.AssistantServices() {
		if s.Assistant == form {
			return xzufi.ID{Agency: s.Service.Agency, Scheme: s.Service.Scheme, Value: s.Service.Value}.String()
		}
	}
	return ""
}

// settle marks the notices so far as sent; nobody gets mail about the past.
func (k *running) settle(ctx context.Context) error {
	ids, err := k.inbox.Due(ctx, k.clock.now(), 100)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := k.inbox.Notify(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// deliver hands the case over to the folder. What goes to a back office waits
// for the portal, which alone knows the way there.
func (k *running) deliver(ctx context.Context) error {
	if k.Folder == "" {
		return nil
	}
	all, err := k.outbox.ByReference(ctx, k.app.Reference)
	if err != nil {
		return err
	}
	for _, d := range all {
		if transport, _, _ := strings.Cut(d.Destination, ":"); d.State != federation.StateQueued || transport != transportFolder {
			continue
		}
		if err := k.outbox.Deliver(ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
}

func (k *running) step(ctx context.Context, base time.Time, i int, s demo.Step) (err error) {
	who := antrag.Actor{Kind: "staff", ID: s.By, Unit: k.Unit}
	if s.By == "" {
		who = system
	}
	key, due := fmt.Sprintf("demo-%s-%d", k.ID, i+1), time.Time{}
	if s.DueIn > 0 {
		due = midnight(k.at, s.DueIn+1).Add(-time.Second)
	}
	switch s.Kind {
	case demo.StepAssign:
		if err = k.read(ctx, k.desk(s.Body)); err == nil {
			k.app, err = k.rules.Take(ctx, who, k.id, 0, s.Body)
		}
	case demo.StepStatus:
		k.app, err = k.rules.SetStatus(ctx, who, k.id, 0, postkorb.Status(s.Status), s.Body)
	case demo.StepQuestion:
		k.app, err = k.rules.Ask(ctx, who, k.id, 0, s.Subject, s.Body, due, key)
		err = errors.Join(err, k.remember(ctx))
	case demo.StepRequest:
		k.app, err = k.rules.Request(ctx, who, k.id, 0, s.Subject, s.Body, s.Slots, due, key)
		err = errors.Join(err, k.remember(ctx))
	case demo.StepAnswer:
		err = k.answer(ctx, s, key)
	case demo.StepInformation:
		var files []antrag.File
		if files, err = k.upload(ctx, antrag.StaffOwner(s.By), s); err == nil {
			k.app, err = k.rules.Inform(ctx, who, k.id, 0, s.Subject, s.Body, key, files)
		}
	case demo.StepDecision:
		var files []antrag.File
		if err = k.read(ctx, k.desk(s.By)); err != nil {
			return err
		}
		if files, err = k.upload(ctx, antrag.StaffOwner(s.By), s); err == nil {
			k.app, err = k.rules.Decide(ctx, who, k.id, 0, postkorb.Status(s.Status), s.Subject, s.Body, key, files)
		}
	case demo.StepWithdrawal:
		owner := k.person.owner()
		if _, err = k.rules.Supplement(ctx, owner, k.id, s.Subject, s.Body, key, nil); err == nil {
			k.app, err = k.rules.Withdraw(ctx, owner, k.id)
		}
	case demo.StepPaid:
		err = k.pay(ctx)
	case demo.StepNote:
		err = k.rules.AddNote(ctx, who, k.id, "demo-note-"+key, s.Body)
	case demo.StepInvolve:
		err = k.involve(ctx, who, s, key, due)
	case demo.StepReply:
		err = k.rules.AnswerInvolvement(ctx, who, k.id, k.part, s.Body, nil)
	default:
		err = fmt.Errorf("unknown step %q", s.Kind)
	}
	return err
}

// involve asks another unit.
func (k *running) involve(ctx context.Context, who antrag.Actor, s demo.Step, key string, ends time.Time) error {
	files, err := k.rules.Files(ctx, k.id)
	if err != nil {
		return err
	}
	var documents []string
	for _, f := range files {
		if slices.Contains(s.Involve.Documents, f.Name) {
			documents = append(documents, f.ID)
		}
	}
	k.part = "demo-part-" + key
	k.app, err = k.rules.Involve(ctx, who, k.id, 0, antrag.Participation{ID: k.part, Unit: s.Involve.Unit, Scope: antrag.Scope(s.Involve.Scope),
		Reason: antrag.InvolveReason(s.Involve.Reason), Note: s.Involve.Note, Question: s.Body, EndsAt: ends}, documents)
	return err
}

func (k *running) desk(staff string) postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyUnit, ID: k.Unit, Person: staff, Name: k.rules.UnitName(k.Unit)}
}

func (k *running) citizen() postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyCitizen, ID: k.person.account, Name: k.app.Applicant}
}

// read opens what waits for a side.
func (k *running) read(ctx context.Context, by postkorb.Party) error {
	all, err := k.inbox.Messages(ctx, postkorb.ThreadID(k.app.Thread))
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Unread(by.Kind) {
			if err := k.inbox.MarkOpened(ctx, m.ID, by); err != nil {
				return err
			}
		}
	}
	return nil
}

// remember keeps the question that a later answer is for.
func (k *running) remember(ctx context.Context) error {
	all, err := k.inbox.Messages(ctx, postkorb.ThreadID(k.app.Thread))
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Kind == postkorb.KindQuestion || m.Kind == postkorb.KindDocumentRequest {
			k.asked = m
		}
	}
	return nil
}

// answer is what the citizen writes back: to a question, into the slots of a
// request, or simply further information.
func (k *running) answer(ctx context.Context, s demo.Step, key string) error {
	owner := k.person.owner()
	if k.person.account != "" {
		if err := k.read(ctx, k.citizen()); err != nil {
			return err
		}
	}
	files, err := k.upload(ctx, owner, s)
	if err != nil {
		return err
	}
	switch k.asked.Kind {
	case postkorb.KindQuestion:
		_, err = k.rules.Answer(ctx, owner, k.id, k.asked.ID, s.Body, key, files)
	case postkorb.KindDocumentRequest:
		if _, err = k.rules.Supplement(ctx, owner, k.id, s.Subject, s.Body, key, nil); err != nil {
			return err
		}
		for i, slot := range k.asked.Slots {
			if i < len(files) {
				err = errors.Join(err, k.rules.Provide(ctx, owner, k.id, k.asked.ID, slot.ID, files[i]))
			}
		}
	default:
		_, err = k.rules.Supplement(ctx, owner, k.id, s.Subject, s.Body, key, files)
	}
	if err != nil {
		return err
	}
	k.asked = postkorb.Message{}
	k.app, err = k.rules.OwnedBy(ctx, owner, k.id)
	return err
}

// upload makes the documents of a step.
func (k *running) upload(ctx context.Context, owner string, s demo.Step) ([]antrag.File, error) {
	from, to := k.app.Applicant+"\n"+k.person.Street+"\n"+k.person.Postcode+" "+k.person.Place, "Stadt Altenwehr\n"+k.rules.UnitName(k.Unit)
	if s.By != "" {
		from, to = to, from
	}
	var out []antrag.File
	for _, name := range s.Files {
		pdf, err := letter(name, from, to, k.app.Reference, s.Body, k.at)
		if err != nil {
			return nil, err
		}
		f, err := k.rules.Upload(ctx, owner, "", "", name, nil, 10<<20, bytes.NewReader(pdf))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// pay lets the provider report the money; then the case goes on.
func (k *running) pay(ctx context.Context) error {
	var err error
	snap := payment.Snapshot{Amount: payment.EUR(k.Fee), At: k.clock.now(), Method: "creditcard", ProviderRef: "demo-" + k.ID}
	if k.app, err = k.rules.Paid(ctx, k.id, snap); err != nil {
		return err
	}
	if err := k.settle(ctx); err != nil {
		return err
	}
	return k.deliver(ctx)
}

// finish sets what the rules do not: the deadline of the case, what the
// citizen has read since, and what was put away.
func (k *running) finish(ctx context.Context, base time.Time) error {
	if k.DueDay != 0 {
		due := midnight(base, int(k.DueDay)).Add(16 * time.Hour)
		if _, err := k.DB.Write.NewUpdate().Model((*antrag.Application)(nil)).Set("due_at = ?", due.UTC()).Where("a.id = ?", k.id).Exec(ctx); err != nil {
			return err
		}
		if k.Assignee != "" {
			who := antrag.Actor{Kind: "staff", ID: k.Assignee, Unit: k.Unit}
			if err := k.rules.AddReminder(ctx, who, k.id, "demo-frist-"+k.id, due.In(berlin), "Rückmeldung prüfen"); err != nil {
				return err
			}
		}
	}
	// Who sent something three weeks ago has looked into the Postkorb since.
	if k.person.account == "" || k.Received > -21 {
		return nil
	}
	if later := k.at.Add(26 * time.Hour); later.Before(base) {
		k.clock.set(later)
	}
	if err := k.read(ctx, k.citizen()); err != nil {
		return err
	}
	if k.Archived {
		return k.inbox.Archive(ctx, postkorb.ThreadID(k.app.Thread), k.citizen(), true)
	}
	return nil
}
