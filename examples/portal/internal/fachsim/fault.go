package fachsim

import (
	"errors"
	"slices"
)

// Fault is one way in which the simulator can misbehave.
type Fault struct{ Code string }

// Codes of the faults.
const (
	faultReplyTwice     = "reply-twice"     // every reply is sent again after it was taken
	faultReplyForged    = "reply-forged"    // replies are signed with a wrong secret
	faultReplyForeign   = "reply-foreign"   // beside every reply one that names a foreign case
	faultReplyLate      = "reply-late"      // replies leave the house five minutes later
	faultStatusUnknown  = "status-unknown"  // replies with a state nobody knows
	faultAnswerUnsigned = "answer-unsigned" // answers without signature
	faultAnswerHTML     = "answer-html"     // a page instead of an answer
	faultAnswerCut      = "answer-cut"      // takes the delivery, then hangs up
	faultAnswer500Once  = "answer-500-once" // the first attempt of each delivery fails
	faultSlow           = "slow"            // answers after the portal's patience
	faultLookupHuge     = "lookup-huge"     // a look-up without end
	faultLookupForeign  = "lookup-foreign"  // the dogs of somebody else
)

// ErrUnknownFault says that there is no such fault.
var ErrUnknownFault = errors.New("fachsim: unknown fault")

// Faults lists the faults of the simulator's protocol, in the order of a list
// to choose from.
func (s *Server) Faults() []Fault {
	return []Fault{{faultReplyTwice}, {faultReplyForged}, {faultReplyForeign}, {faultReplyLate}, {faultStatusUnknown},
		{faultAnswerUnsigned}, {faultAnswerHTML}, {faultAnswerCut}, {faultAnswer500Once}, {faultSlow},
		{faultLookupHuge}, {faultLookupForeign}}
}

// Misbehave switches to a fault, or back with "". Otherwise ErrUnknownFault.
func (s *Server) Misbehave(code string) error {
	if code != "" && !slices.Contains(s.Faults(), Fault{code}) {
		return ErrUnknownFault
	}
	s.mu.Lock()
	s.fault = code
	s.mu.Unlock()
	s.nudge()
	return nil
}

// Fault is the code of the fault that is on, or empty.
func (s *Server) Fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}
