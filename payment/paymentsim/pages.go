package paymentsim

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
)

//go:embed pages/*.html static
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": assetURL, "euro": euro,
}).ParseFS(files, "pages/*.html"))

// assetURL adds a hash of the content, so that files can be cached for long.
func assetURL(name string) string {
	raw, err := files.ReadFile("static/" + name)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return "/static/" + name + "?v=" + hex.EncodeToString(sum[:4])
}

// euro writes cents as Germans read them: 1.234,50 €.
func euro(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "." + whole[i:]
	}
	return fmt.Sprintf("%s,%02d\u00a0€", whole, cents%100)
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST /payment/secure", s.serveStart)
	s.mux.HandleFunc("GET /payment/status/{ags}/{txid}", s.serveStatus)
	s.mux.HandleFunc("GET /bezahlen/{key}", s.servePay)
	s.mux.HandleFunc("POST /bezahlen/{key}", s.acceptPay)
	s.mux.HandleFunc("GET /bezahlen/{key}/ergebnis", s.serveResult)
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s.render(w, http.StatusOK, "start.html", Cards())
	})
	s.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	static := http.FileServerFS(files)
	s.mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		static.ServeHTTP(w, r)
	})
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// render writes a page. Targets are origins beside our own that its forms may
// post to.
func (s *Server) render(w http.ResponseWriter, status int, page string, data any, targets ...string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"base-uri 'none'; frame-ancestors 'none'; form-action "+strings.Join(append([]string{"'self'"}, targets...), " "))
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		s.log.Error("paymentsim: page", "error", err)
		http.Error(w, "Interner Fehler des Simulators", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	io.WriteString(w, b.String()) // an error here means that the browser went away
}

// view is what the pages of a payment show.
type view struct {
	Key, Town, Desc, TxID string
	Amount                int64
	Cards                 []Card
	State                 State
	Stays                 bool // the browser does not come back
	Action                string
	Fields                []field
}

// find returns the payment of a pay page, or writes that there is none.
func (s *Server) find(w http.ResponseWriter, r *http.Request) (*transaction, view, bool) {
	now := s.now()
	s.mu.Lock()
	t := s.byKey[r.PathValue("key")]
	var v view
	if t != nil {
		state, _ := t.at(now, s.opts.Life)
		v = view{Key: t.key, Town: t.town, Desc: t.Desc, TxID: t.TxID, Amount: t.Amount, State: state, Stays: t.card.Stays}
		if v.Town == "" {
			v.Town = t.AGS
		}
	}
	s.mu.Unlock()
	if t == nil {
		s.render(w, http.StatusNotFound, "unbekannt.html", nil)
	}
	return t, v, t != nil
}

func (s *Server) servePay(w http.ResponseWriter, r *http.Request) {
	t, v, ok := s.find(w, r)
	if !ok {
		return
	}
	if v.State != StateOpen {
		http.Redirect(w, r, s.URL+"/bezahlen/"+v.Key+"/ergebnis", http.StatusSeeOther)
		return
	}
	s.claimEarly(t)
	v.Cards = Cards()
	s.render(w, http.StatusOK, "bezahlen.html", v)
}

// claimEarly sends the "paid" of FaultCallbackEarly, once per payment.
func (s *Server) claimEarly(t *transaction) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != FaultCallbackEarly || t.early || t.NotifyURL == "" {
		return
	}
	t.early = true
	s.queue = append(s.queue, push{t: t, at: now, step: step{now, StatePaid, "creditCard"}, fault: FaultCallbackEarly})
	s.poke()
}

func (s *Server) acceptPay(w http.ResponseWriter, r *http.Request) {
	t, v, ok := s.find(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		http.Redirect(w, r, s.URL+"/bezahlen/"+v.Key, http.StatusSeeOther)
		return
	}
	card, known := findCard(r.PostForm.Get("karte"))
	if r.PostForm.Get("aktion") == "abbrechen" {
		card, known = abort, true
	}
	if !known {
		http.Redirect(w, r, s.URL+"/bezahlen/"+v.Key, http.StatusSeeOther)
		return
	}
	s.choose(t, card) // a second choice changes nothing and shows how the first ended
	http.Redirect(w, r, s.URL+"/bezahlen/"+v.Key+"/ergebnis", http.StatusSeeOther)
}

// serveResult shows how the payment ended, with the form that goes back.
func (s *Server) serveResult(w http.ResponseWriter, r *http.Request) {
	t, v, ok := s.find(w, r)
	if !ok {
		return
	}
	if v.State == StateOpen {
		http.Redirect(w, r, s.URL+"/bezahlen/"+v.Key, http.StatusSeeOther)
		return
	}
	now := s.now()
	s.mu.Lock()
	state, method := s.state(t, now)
	fault := t.fault
	s.mu.Unlock()
	v.State = state
	var targets []string
	if t.RedirectURL != "" && !v.Stays {
		v.Action, v.Fields = t.RedirectURL, s.returnFields(t, state, method, fault)
		targets = []string{origin(t.RedirectURL)}
	}
	s.render(w, http.StatusOK, "ergebnis.html", v, targets...)
}
