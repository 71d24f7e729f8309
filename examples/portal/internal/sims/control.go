package sims

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/mailsim"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

var (
	//go:embed control.html
	controlText string
	//go:embed control.css
	controlStyle []byte

	controlPage = template.Must(template.New("control").Parse(controlText))
)

// startControl serves the page for testers and the interface for portals in
// other processes.
func (s *Set) startControl(ctx context.Context) error {
	var err error
	s.control, err = s.serve(ctx, portControl, func(string) (http.Handler, error) { return s.controlHandler(), nil })
	return err
}

func (s *Set) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /stil.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(controlStyle)
	})
	mux.HandleFunc("POST /stoerung", s.form(func(r *http.Request) error {
		return s.Misbehave(r.PostFormValue("simulator"), r.PostFormValue("stoerung"))
	}))
	mux.HandleFunc("POST /aus", s.form(func(*http.Request) error { return s.Calm() }))
	mux.HandleFunc("POST /leeren", s.form(func(*http.Request) error { return s.Forget() }))

	mux.HandleFunc("GET /beschreibung.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Description()) })
	mux.HandleFunc("GET /api/stoerungen", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Faults()) })
	mux.HandleFunc("GET /api/mails", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Mail.Mails()) })
	mux.HandleFunc("GET /api/zahlungen", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Payment.Transactions()) })
	mux.HandleFunc("POST /api/stoerung", api(func(in disturbance) (any, error) { return nil, s.Misbehave(in.Simulator, in.Fault) }))
	mux.HandleFunc("POST /api/aus", api(func(struct{}) (any, error) { return nil, s.Calm() }))
	mux.HandleFunc("POST /api/leeren", api(func(struct{}) (any, error) { return nil, s.Forget() }))
	mux.HandleFunc("POST /api/mails/leeren", api(func(struct{}) (any, error) { s.Mail.Clear(); return nil, nil }))
	mux.HandleFunc("POST /api/uhr", api(func(in shift) (any, error) {
		if s.opts.SetOffset != nil {
			s.opts.SetOffset(time.Duration(in.Nanoseconds))
		}
		return nil, nil
	}))
	mux.HandleFunc("POST /api/portale", api(func(p Portal) (any, error) { return s.Register(p) }))
	guarded := http.NewCrossOriginProtection().Handler(mux) // no page of another site can disturb a test
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		guarded.ServeHTTP(w, r)
	})
}

// disturbance and shift are bodies of the interface.
type disturbance struct {
	Simulator string `json:"simulator"`
	Fault     string `json:"fault"`
}

type shift struct {
	Nanoseconds int64 `json:"nanoseconds"`
}

func (s *Set) form(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "form", http.StatusBadRequest)
			return
		}
		if err := do(r); err != nil {
			http.Error(w, "unknown simulator or fault", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, "/?ok=1", http.StatusSeeOther)
	}
}

func api[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		out, err := do(in)
		switch {
		case errors.Is(err, ErrUnknown), errors.Is(err, ErrPortal):
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		case err != nil:
			http.Error(w, "failed", http.StatusInternalServerError)
		default:
			writeJSON(w, out)
		}
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client went away
}

// view is what the page shows.
type view struct {
	Groups  []viewGroup
	Portals []Access
	Active  int
	Done    bool
}

type viewGroup struct {
	Group
	Text   string
	Faults []viewFault
}

type viewFault struct {
	Code, Title, What, Expect string
	Active                    bool
}

func (s *Set) page(w http.ResponseWriter, r *http.Request) {
	v := view{Done: r.URL.Query().Has("ok"), Portals: s.Description().Portals}
	for _, g := range s.Faults() {
		t := Texts()[g.Code]
		group := viewGroup{Group: g, Text: t.Text.For("de")}
		for _, f := range g.Faults {
			x := t.Faults[f.Code]
			group.Faults = append(group.Faults, viewFault{Code: f.Code, Title: x.Title.For("de"), What: x.What.For("de"), Expect: x.Expect.For("de"), Active: f.Code == g.Active})
		}
		if g.Active != "" {
			v.Active++
		}
		v.Groups = append(v.Groups, group)
	}
	var buf bytes.Buffer
	if err := controlPage.Execute(&buf, v); err != nil {
		http.Error(w, "page", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(buf.Bytes()) // the browser went away
}

// Control is a set as the tester's pages use it: in the same process or not.
type Control interface {
	Description(ctx context.Context) (Description, error)
	Register(ctx context.Context, p Portal) (Access, error)
	Faults(ctx context.Context) ([]Group, error)
	Misbehave(ctx context.Context, simulator, fault string) error
	Calm(ctx context.Context) error
	Forget(ctx context.Context) error
	Mails(ctx context.Context) ([]mailsim.Mail, error)
	ClearMails(ctx context.Context) error
	Transactions(ctx context.Context) ([]paymentsim.Transaction, error)
	SetOffset(ctx context.Context, d time.Duration) error
}

// Local is the control of a set in the same process.
func Local(s *Set) Control { return local{s} }

type local struct{ set *Set }

func (l local) Description(context.Context) (Description, error)     { return l.set.Description(), nil }
func (l local) Register(_ context.Context, p Portal) (Access, error) { return l.set.Register(p) }
func (l local) Faults(context.Context) ([]Group, error)              { return l.set.Faults(), nil }
func (l local) Misbehave(_ context.Context, simulator, fault string) error {
	return l.set.Misbehave(simulator, fault)
}
func (l local) Calm(context.Context) error                    { return l.set.Calm() }
func (l local) Forget(context.Context) error                  { return l.set.Forget() }
func (l local) Mails(context.Context) ([]mailsim.Mail, error) { return l.set.Mail.Mails(), nil }
func (l local) ClearMails(context.Context) error              { l.set.Mail.Clear(); return nil }
func (l local) Transactions(context.Context) ([]paymentsim.Transaction, error) {
	return l.set.Payment.Transactions(), nil
}
func (l local) SetOffset(_ context.Context, d time.Duration) error {
	if f := l.set.opts.SetOffset; f != nil {
		f(d)
	}
	return nil
}
