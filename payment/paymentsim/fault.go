package paymentsim

import "errors"

// Fault is one way in which the simulated service can misbehave.
type Fault struct {
	Code  string // what Misbehave takes
	Where string // "start", "status", "callback" or "payment": the part that goes wrong
}

// The codes of the faults. Each stays switched on until another or none is
// chosen. A fault of callbacks concerns payments that end while it is on.
const (
	FaultCallbackLost    = "callback-lost"     // no notify (Rückmeldung geht verloren)
	FaultCallbackTwice   = "callback-twice"    // each notify twice (Rückmeldung kommt doppelt)
	FaultCallbackForged  = "callback-forged"   // notify with an amount one cent higher (Betrag um einen Cent verändert)
	FaultCallbackForeign = "callback-foreign"  // notify with the txid of another payment (Rückmeldung nennt eine fremde Zahlung)
	FaultCallbackEarly   = "callback-early"    // notify "paid" as soon as the pay page opens (Rückmeldung vor der Zahlung)
	FaultRedirectBadHash = "redirect-bad-hash" // the browser comes back with a wrong hash (Rückkehr mit falscher Prüfsumme)
	FaultStartHTML       = "start-html"        // a web page instead of an answer to the start (Webseite statt Antwort)
	FaultStartSlow       = "start-slow"        // payment is opened, the answer comes late (Antwort sehr langsam)
	FaultStartHuge       = "start-huge"        // an answer of several megabytes (riesige Antwort)
	FaultStart500        = "start-500"         // server error at the start (Serverfehler)
	FaultStartCut        = "start-cut"         // payment is opened, then the line is cut (Verbindung bricht ab)
	FaultStatusHTML      = "status-html"       // a web page instead of a status (Webseite statt Status)
	FaultStatusSlow      = "status-slow"       // the status comes late (Status sehr langsam)
	FaultStatusHuge      = "status-huge"       // a status of several megabytes (riesiger Status)
	FaultStatus500       = "status-500"        // server error instead of a status (Serverfehler)
	FaultStatusText      = "status-text"       // status as a string, which is right too (Status als Text)
	FaultPendingForever  = "pending-forever"   // every payment stays in progress (Zahlung bleibt in Bearbeitung)
	FaultLateSuccess     = "late-success"      // paid, but failed for two minutes first (erst fehlgeschlagen, später bezahlt)
)

var faults = []Fault{
	{FaultCallbackLost, "callback"}, {FaultCallbackTwice, "callback"}, {FaultCallbackForged, "callback"},
	{FaultCallbackForeign, "callback"}, {FaultCallbackEarly, "callback"}, {FaultRedirectBadHash, "callback"},
	{FaultStartHTML, "start"}, {FaultStartSlow, "start"}, {FaultStartHuge, "start"}, {FaultStart500, "start"},
	{FaultStartCut, "start"},
	{FaultStatusHTML, "status"}, {FaultStatusSlow, "status"}, {FaultStatusHuge, "status"}, {FaultStatus500, "status"},
	{FaultStatusText, "status"},
	{FaultPendingForever, "payment"}, {FaultLateSuccess, "payment"},
}

// ErrUnknownFault says that there is no fault of that code.
var ErrUnknownFault = errors.New("paymentsim: unknown fault")

// Faults returns all faults, for a menu.
func (s *Server) Faults() []Fault { return append([]Fault(nil), faults...) }

// Fault returns the code of the fault that is switched on, "" if none is.
func (s *Server) Fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Misbehave switches a fault on, and the one before it off; "" switches all
// off. The error is ErrUnknownFault.
func (s *Server) Misbehave(code string) error {
	known := code == ""
	for _, f := range faults {
		known = known || f.Code == code
	}
	if !known {
		return ErrUnknownFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = code
	return nil
}
