// Package antrag keeps applications (Anträge): drafts that are saved at every
// step, the one transaction that receives an application, what the citizen
// may still do with it, and the work of the staff on it.
//
// Who may see a case is decided outside and comes in as a restriction of the
// query. The units that take part are fixed at receipt; re-organising forms or
// responsibilities later opens no old case.
package antrag

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/blob"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationsql"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/payment/paymentsql"
	"github.com/stadttor/stadttor/postkorb"
	"github.com/stadttor/stadttor/postkorb/postkorbsql"
)

// Errors that tell which class of thing went wrong.
var (
	ErrNotFound   = errors.New("antrag: not found")
	ErrConflict   = errors.New("antrag: changed meanwhile")
	ErrSubmitted  = errors.New("antrag: the draft was already sent")
	ErrIncomplete = errors.New("antrag: answers are missing")
	ErrLevel      = errors.New("antrag: the trust level of the login is too low")
	ErrClosed     = errors.New("antrag: the case is closed")
	ErrNoUnit     = errors.New("antrag: no unit is responsible")
	ErrNotPayable = errors.New("antrag: the fee cannot be paid online")
	ErrUnpaid     = errors.New("antrag: the fee was not paid yet")
)

// The steps that the job engine wakes.
const (
	StepNotice   = "notice"
	StepDelivery = "delivery"
)

// Config joins the components. All fields but TwoWay, Inlet, Replies, Payable, Till, UnpaidTerms, URL and Wake are required.
type Config struct {
	DB     *database.DB
	Now    func() time.Time
	Blobs  blob.Store
	Inbox  *postkorb.Inbox
	Orders *payment.Service
	Outbox *federation.Outbox
	// Definition returns a version of a form assistant; empty means the
	// current one.
	Definition func(id, version string) (*assistant.Definition, bool)
	// Unit resolves who of the staff is responsible for a service at a place.
	Unit func(ctx context.Context, service, area string) (Unit, error)
	// UnitName is the public name of a unit.
	UnitName func(unit string) string
	// KnownUnit reports whether a unit belongs to this administration; nil
	// takes every unit.
	KnownUnit func(unit string) bool
	// Destination names where applications of an assistant are handed to.
	Destination func(assistant string) string
	// TwoWay reports whether the back office behind a destination wants to
	// know what follows an application; nil: none does.
	TwoWay func(destination string) bool
	// Inlet takes replies of back offices, each once; Replies is its store on a
	// transaction. Both are needed for Reply only.
	Inlet   *federation.Inlet
	Replies func(bun.IDB) federation.ReplyStore
	// Text gives a sentence in a language.
	Text func(lang, key string, pairs ...any) string
	// Payable reports whether an amount in cents for a service can be paid
	// online; nil: nothing is asked for beforehand.
	Payable func(service string, cents int64) bool
	// Till takes online payments; nil: none.
	Till *Till
	// UnpaidTerms says when unpaid applications are reminded of and lapse.
	UnpaidTerms UnpaidTerms
	// URL is the public address of the portal, for links in messages.
	URL string
	// Wake asks for a row to be worked after the transaction; nil leaves it
	// to the sweeps.
	Wake func(ctx context.Context, tx bun.Tx, step, id string) error
}

// Unit is an organisation unit with the name that citizens know.
type Unit struct{ ID, Name string }

// Service holds the rules of applications. It may be used concurrently.
type Service struct{ Config }

// New returns the service.
func New(c Config) *Service { return &Service{c} }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func newID() string { return rand.Text() }

// parts are the components on one transaction.
type parts struct {
	db     bun.IDB
	inbox  *postkorb.Inbox
	orders *payment.Service
	outbox *federation.Outbox
}

func (s *Service) on(tx bun.Tx) parts {
	return parts{
		db:     tx,
		inbox:  s.Inbox.With(postkorbsql.New(tx)),
		orders: s.Orders.With(paymentsql.New(tx)),
		outbox: s.Outbox.With(federationsql.New(tx)),
	}
}

func (s *Service) wake(ctx context.Context, tx bun.Tx, step, id string) error {
	if s.Wake == nil {
		return nil
	}
	return s.Wake(ctx, tx, step, id)
}

// Application is one application that was received.
type Application struct {
	bun.BaseModel    `bun:"table:portal_applications,alias:a"`
	ID               string          `bun:"id,pk"`
	Reference        string          `bun:"reference"`
	Draft            string          `bun:"draft"`
	Assistant        string          `bun:"assistant"`
	AssistantVersion string          `bun:"assistant_version"`
	Service          string          `bun:"service"`
	Title            string          `bun:"title"`
	Area             string          `bun:"area"`
	Owner            string          `bun:"owner"`
	Account          string          `bun:"account"` // empty: without an account
	Applicant        string          `bun:"applicant"`
	ApplicantFolded  string          `bun:"applicant_folded"`
	Mail             string          `bun:"mail"`
	Lang             string          `bun:"lang"`
	Level            int             `bun:"level"`
	Means            string          `bun:"means"`
	AuthnAt          time.Time       `bun:"authn_at,nullzero"`
	LeadUnit         string          `bun:"lead_unit"`
	Assignee         string          `bun:"assignee"`
	Status           postkorb.Status `bun:"status"`
	Thread           string          `bun:"thread"`
	Answers          string          `bun:"answers"`
	Payload          []byte          `bun:"payload"`
	ContentHash      string          `bun:"content_hash"`
	ReceivedAt       time.Time       `bun:"received_at"`
	UpdatedAt        time.Time       `bun:"updated_at"`
	DueAt            time.Time       `bun:"due_at,nullzero"`
	ClosedAt         time.Time       `bun:"closed_at,nullzero"`
	Test             bool            `bun:"test"`
	Version          int64           `bun:"version"`
}

// Closed reports whether the case has ended.
func (a *Application) Closed() bool { return !a.ClosedAt.IsZero() }

func (a *Application) utc() {
	for _, t := range []*time.Time{&a.AuthnAt, &a.ReceivedAt, &a.UpdatedAt, &a.DueAt, &a.ClosedAt} {
		*t = t.UTC()
	}
}

// Ended reports whether a status ends a case.
func Ended(st postkorb.Status) bool {
	switch st {
	case postkorb.StatusGranted, postkorb.StatusRefused, postkorb.StatusPartly, postkorb.StatusWithdrawn, postkorb.StatusDone, postkorb.StatusConfirmed:
		return true
	}
	return false
}

// Involvement is the part that a unit takes in a case.
type Involvement struct {
	bun.BaseModel `bun:"table:portal_application_units"`
	Application   string    `bun:"application,pk"`
	Unit          string    `bun:"unit,pk"`
	Kind          string    `bun:"kind"` // "lead" or "involved"
	ReceivedAt    time.Time `bun:"received_at"`
	StartedAt     time.Time `bun:"started_at"`
	EndedAt       time.Time `bun:"ended_at,nullzero"`
}

// LogEntry is one line of what happened to a case, for the staff.
type LogEntry struct {
	bun.BaseModel `bun:"table:portal_case_log"`
	ID            int64     `bun:"id,pk,autoincrement"`
	Application   string    `bun:"application"`
	At            time.Time `bun:"at"`
	ActorKind     string    `bun:"actor_kind"` // "citizen", "staff", "system"
	Actor         string    `bun:"actor"`      // id of a person of the staff, else empty
	Action        string    `bun:"action"`
	Detail        string    `bun:"detail"` // a code, never personal data
}

// Actor is who acts.
type Actor struct {
	Kind string // "citizen", "staff", "system"
	ID   string // person of the staff; empty for citizens
	Unit string // unit for which a person of the staff acts
}

func (s *Service) log(ctx context.Context, db bun.IDB, app string, who Actor, action, detail string, at time.Time) error {
	id := who.ID
	if who.Kind == "citizen" {
		id = ""
	}
	_, err := db.NewInsert().Model(&LogEntry{Application: app, At: at, ActorKind: who.Kind, Actor: id, Action: action, Detail: detail}).Exec(ctx)
	return err
}

// Log returns what happened to a case, oldest first.
func (s *Service) Log(ctx context.Context, app string) ([]LogEntry, error) {
	var out []LogEntry
	err := s.DB.Read.NewSelect().Model(&out).Where("application = ?", app).Order("id").Limit(500).Scan(ctx)
	for i := range out {
		out[i].At = out[i].At.UTC()
	}
	return out, err
}
