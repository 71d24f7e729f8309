package bundidsim

// Fault is one way in which a response can be wrong.
type Fault int

// The faults; each concerns the next response only.
const (
	FaultNone          Fault = iota
	FaultCancel              // report that the citizen cancelled, whatever was chosen
	FaultExpired             // all periods ended an hour ago
	FaultWrongAudience       // made for another service provider
	FaultUnsigned            // assertion without signature
	FaultLevelLower          // level one below the one asked for
	FaultReplay              // the response before this one once more, with the new relay state
)

var faultNames = [...]string{"none", "cancel", "expired", "wrong-audience", "unsigned", "level-lower", "replay"}

// String returns a short code in lower case.
func (f Fault) String() string {
	if f >= 0 && int(f) < len(faultNames) {
		return faultNames[f]
	}
	return "unknown"
}

// Faults returns all faults but FaultNone, for a menu.
func Faults() []Fault {
	var all []Fault
	for f := FaultCancel; f <= FaultReplay; f++ {
		all = append(all, f)
	}
	return all
}
