package antrag

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
)

// Applicant is who sends an application.
type Applicant struct {
	Owner   string // account, or the visitor's key
	Account string // empty without an account
	Mail    string
	Lang    string
	Level   int // reached, 0 without a login
	Means   string
	AuthnAt time.Time
	Test    bool // marks the application as a test
}

// berlin is the time zone in which days are counted.
var berlin = clock.Berlin

// Today is the calendar day on which answers are judged.
func (s *Service) Today() time.Time { return s.now().In(berlin) }

// Submit receives an application: case, units, thread with receipt, payment
// order, delivery and the jobs that wake them are written in one transaction,
// or nothing is. Sending the same draft again returns the first application.
//
// What has to be paid first waits with the status "payment-open": the citizen
// is told the amount, and only [Service.Paid] or [Service.Reconcile] make it an
// application that was received and goes on its way.
//
// Errors: ErrNotFound, ErrLevel, ErrIncomplete, ErrNoUnit, ErrNotPayable,
// ErrConflict when the draft changed while it was sent.
func (s *Service) Submit(ctx context.Context, draftID string, who Applicant) (Application, error) {
	d, err := s.Draft(ctx, who.Owner, draftID)
	if err != nil {
		return Application{}, err
	}
	if d.Application != "" {
		return s.OwnedBy(ctx, who.Owner, d.Application)
	}
	def, ok := s.Definition(d.Assistant, d.Version)
	if !ok {
		return Application{}, ErrNotFound
	}
	if who.Level < def.Level {
		return Application{}, ErrLevel
	}
	today := s.Today()
	if errs := def.Complete(d.Answers, today); len(errs) > 0 {
		return Application{}, ErrIncomplete
	}
	area := def.Place(d.Answers, today)
	if area == "" {
		area = d.Area
	}
	unit, err := s.Unit(ctx, d.Service, area)
	if err != nil {
		return Application{}, err
	}
	a, err := s.prepare(d, def, who, unit, area)
	if err != nil {
		return Application{}, err
	}
	files, err := s.filesOf(ctx, d)
	if err != nil {
		return Application{}, err
	}
	fee := def.FeeLines(d.Answers, today)
	if s.Payable != nil && def.Prepaid(d.Answers, today) {
		if !s.Payable(d.Service, def.FeeFor(d.Answers, today)) {
			return Application{}, ErrNotPayable
		}
		a.Status = postkorb.StatusPaymentOpen
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("application = ?", a.ID).
			Where("id = ?", d.ID).Where("owner = ?", d.Owner).Where("application = ''").Where("version = ?", d.Rev).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrSubmitted
		}
		return s.receive(ctx, tx, &a, unit, files, fee)
	})
	if errors.Is(err, ErrSubmitted) {
		d, err := s.Draft(ctx, who.Owner, draftID)
		if err != nil {
			return Application{}, err
		}
		if d.Application == "" {
			return Application{}, ErrConflict
		}
		return s.OwnedBy(ctx, who.Owner, d.Application)
	}
	return a, err
}

func (s *Service) prepare(d Draft, def *assistant.Definition, who Applicant, unit Unit, area string) (Application, error) {
	now := s.now()
	ref, err := newReference(now.In(berlin))
	if err != nil {
		return Application{}, err
	}
	payload, err := def.Payload(d.Answers, s.Today())
	if err != nil {
		return Application{}, err
	}
	answers, err := json.Marshal(d.Answers)
	if err != nil {
		return Application{}, err
	}
	name := applicantName(d.Answers)
	mail := who.Mail
	if a, ok := d.Answers.Value("person.email"); ok && a.Text != "" {
		mail = a.Text
	}
	return Application{
		ID: newID(), Reference: ref, Draft: d.ID, Assistant: def.ID, AssistantVersion: def.Version, Service: d.Service,
		Title: def.Title.In(German), Area: area, Owner: who.Owner, Account: who.Account,
		Applicant: name, ApplicantFolded: Fold(name), Mail: mail, Lang: who.Lang, Level: who.Level, Means: who.Means, AuthnAt: who.AuthnAt,
		LeadUnit: unit.ID, Status: postkorb.StatusReceived, Thread: newID(), Answers: string(answers), Payload: payload.JSON, ContentHash: payload.SHA256,
		ReceivedAt: now, UpdatedAt: now, DueAt: now.AddDate(0, 0, 14), Test: who.Test, Version: 1,
	}, nil
}

// German is the language of what the staff reads.
const German = "de"

func applicantName(a assistant.Answers) string {
	var parts []string
	for _, f := range []string{"person.vorname", "person.nachname"} {
		if v, ok := a.Value(f); ok && v.Text != "" {
			parts = append(parts, v.Text)
		}
	}
	return strings.Join(parts, " ")
}

// Fold makes a name comparable without regard to case and umlauts.
func Fold(s string) string {
	s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(norm.NFC.String(s)))
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if r < 0x300 || r > 0x36f {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// filesOf returns the files that the answers of a draft refer to; what was
// uploaded and then left out of the answers does not go along.
func (s *Service) filesOf(ctx context.Context, d Draft) ([]File, error) {
	refs := d.Answers.Files()
	if len(refs) == 0 {
		return nil, nil
	}
	out := make([]File, 0, len(refs))
	for _, ref := range refs {
		f, err := s.FileOf(ctx, d.Owner, ref.ID)
		if err != nil {
			return nil, err
		}
		if f.SHA256 != ref.SHA256 || f.Draft != d.ID {
			return nil, ErrConflict
		}
		out = append(out, f)
	}
	return out, nil
}

// receive writes everything that belongs to a new case on one transaction.
func (s *Service) receive(ctx context.Context, tx bun.Tx, a *Application, unit Unit, files []File, fee []assistant.FeeLine) error {
	p := s.on(tx)
	if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
		return err
	}
	inv := &Involvement{Application: a.ID, Unit: unit.ID, Kind: "lead", ReceivedAt: a.ReceivedAt, StartedAt: a.ReceivedAt}
	if _, err := tx.NewInsert().Model(inv).Exec(ctx); err != nil {
		return err
	}
	for i := range files {
		res, err := tx.NewUpdate().Model((*File)(nil)).Set("application = ?", a.ID).Where("id = ?", files[i].ID).
			Where("owner = ?", a.Owner).Where("application IN ('', ?)", a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrConflict // the file was removed while the draft was sent
		}
	}
	if err := s.openThread(ctx, p, a, unit, files); err != nil {
		return err
	}
	var order payment.Order
	if len(fee) > 0 {
		var err error
		if order, err = s.openOrder(ctx, tx, p, a, fee); err != nil {
			return err
		}
	}
	if a.Status == postkorb.StatusPaymentOpen {
		if err := s.askForMoney(ctx, p, a, order); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "sent", a.LeadUnit, a.ReceivedAt); err != nil {
			return err
		}
		return s.wake(ctx, tx, StepNotice, "")
	}
	if err := s.acknowledge(ctx, p, a, unit.Name); err != nil {
		return err
	}
	if err := s.log(ctx, tx, a.ID, Actor{Kind: "citizen"}, "received", a.LeadUnit, a.ReceivedAt); err != nil {
		return err
	}
	if err := s.handOver(ctx, tx, p, a, files); err != nil {
		return err
	}
	return s.wake(ctx, tx, StepNotice, "")
}

// handOver puts a case on its way to the back office.
func (s *Service) handOver(ctx context.Context, tx bun.Tx, p parts, a *Application, files []File) error {
	del := federation.Delivery{Key: "antrag-" + a.ID, Destination: s.Destination(a.Assistant), Subject: a.Service, Reference: a.Reference,
		Payload: federation.Payload{MediaType: "application/json", Body: a.Payload}}
	for _, f := range files {
		del.Attachments = append(del.Attachments, federation.Part{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size, BlobKey: f.Blob})
	}
	sent, err := p.outbox.Enqueue(ctx, del)
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, StepDelivery, sent.ID)
}

func (s *Service) citizen(a *Application) postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyCitizen, ID: a.Account, Name: a.Applicant}
}

func (s *Service) unitParty(unit, person string) postkorb.Party {
	return postkorb.Party{Kind: postkorb.PartyUnit, ID: unit, Person: person, Name: s.UnitName(unit)}
}

// openThread begins the conversation with what the citizen sent.
func (s *Service) openThread(ctx context.Context, p parts, a *Application, unit Unit, files []File) error {
	th := postkorb.Thread{ID: postkorb.ThreadID(a.Thread), Owner: a.Account, Reference: a.Reference, Subject: a.Title, Service: a.Service, Unit: unit.ID,
		Status: a.Status}
	_, _, err := p.inbox.Open(ctx, th, postkorb.Draft{
		Kind: postkorb.KindSubmission, From: s.citizen(a), Key: "submission", Attachments: attachments(files),
		Subject: s.Text(a.Lang, "mail.submission.subject", "title", a.Title),
		Body:    s.Text(a.Lang, "mail.submission.body", "title", a.Title, "reference", a.Reference),
	})
	return err
}

// acknowledge confirms that an application was received (Eingangsbestätigung).
func (s *Service) acknowledge(ctx context.Context, p parts, a *Application, office string) error {
	_, err := p.inbox.Send(ctx, postkorb.ThreadID(a.Thread), postkorb.Draft{
		Kind: postkorb.KindInformation, From: s.unitParty(a.LeadUnit, ""), Key: "receipt",
		Subject: s.Text(a.Lang, "mail.receipt.subject"),
		Body: s.Text(a.Lang, "mail.receipt.body", "title", a.Title, "reference", a.Reference, "office", office,
			"time", a.ReceivedAt.In(berlin).Format("02.01.2006, 15:04")),
	})
	return err
}

func attachments(files []File) []postkorb.Attachment {
	out := make([]postkorb.Attachment, 0, len(files))
	for _, f := range files {
		out = append(out, postkorb.Attachment{ID: f.ID, Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256, BlobKey: f.Blob})
	}
	return out
}

// OwnedBy returns an application of an owner, or ErrNotFound.
func (s *Service) OwnedBy(ctx context.Context, owner, id string) (Application, error) {
	return s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("a.owner = ?", owner).Where("a.id = ?", id)
	})
}

// OwnedThread returns the application of an owner that a thread is about, or
// ErrNotFound.
func (s *Service) OwnedThread(ctx context.Context, owner, thread string) (Application, error) {
	return s.one(ctx, s.DB.Read, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("a.owner = ?", owner).Where("a.thread = ?", thread)
	})
}

func (s *Service) one(ctx context.Context, db bun.IDB, where func(*bun.SelectQuery) *bun.SelectQuery) (Application, error) {
	var a Application
	err := db.NewSelect().Model(&a).Apply(where).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Application{}, ErrNotFound
	}
	if err != nil {
		return Application{}, fmt.Errorf("antrag: read: %w", err)
	}
	a.utc()
	return a, nil
}

// ListOwned lists the applications of an owner, the latest first.
func (s *Service) ListOwned(ctx context.Context, owner string) ([]Application, error) {
	var out []Application
	err := s.DB.Read.NewSelect().Model(&out).ExcludeColumn("payload", "answers").Where("a.owner = ?", owner).
		Order("a.received_at DESC", "a.id DESC").Limit(200).Scan(ctx)
	for i := range out {
		out[i].utc()
	}
	return out, err
}

// AnswersOf returns the answers of a case with the version of the assistant
// that asked them.
func (s *Service) AnswersOf(a Application) (*assistant.Definition, assistant.Answers, error) {
	def, ok := s.Definition(a.Assistant, a.AssistantVersion)
	if !ok {
		return nil, assistant.Answers{}, ErrNotFound
	}
	var ans assistant.Answers
	if err := json.Unmarshal([]byte(a.Answers), &ans); err != nil {
		return nil, assistant.Answers{}, err
	}
	return def, ans, nil
}
