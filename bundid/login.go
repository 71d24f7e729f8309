package bundid

import (
	"log/slog"
	"time"
)

// Login is a citizen who has logged in, with everything that was checked.
// Values come from the signed assertion only.
type Login struct {
	// Level is the level reached, at least the one asked for. If the assertion
	// names two, it is the lower one.
	Level Level
	// Means is what the citizen used; empty if the account does not say.
	Means Means
	// BPK2 marks the account for this service provider as long as the host of
	// the entityID stays the same. It is the key to recognise a citizen by;
	// compare it byte by byte. Empty for guests and where not asked for.
	BPK2 string
	// PostkorbHandle is the address of the account's mailbox, empty if there is
	// none. It is no key for a person.
	PostkorbHandle string
	// Attributes are those asked for, in the order of the response, without
	// empty values.
	Attributes []Attribute
	// AuthnInstant is when the citizen logged in at the account.
	AuthnInstant time.Time
	// State is LoginRequest.State.
	State string
	// Requested is the level that was asked for.
	Requested Level
	// Guest reports that no BPK2 came, so that this person cannot be
	// recognised again: a temporary login, or BPK2 was not asked for.
	Guest bool
}

// Attribute returns the attribute of this name.
func (l *Login) Attribute(name string) (Attribute, bool) {
	for _, a := range l.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// LogValue implements [slog.LogValuer]. It holds no value of an attribute, no
// person mark and no state.
func (l Login) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("level", l.Level.String()),
		slog.String("requested", l.Requested.String()),
		slog.String("means", l.knownMeans()),
		slog.Bool("guest", l.Guest),
		slog.Int("attributes", len(l.Attributes)),
	)
}

// String keeps personal data out of texts made with package fmt.
func (l Login) String() string {
	return "bundid.Login{" + l.Level.String() + " " + l.knownMeans() + "}"
}

// GoString is String.
func (l Login) GoString() string { return l.String() }

// knownMeans keeps a foreign text out of logs.
func (l Login) knownMeans() string {
	for _, m := range requestableMeans {
		if l.Means == m {
			return string(m)
		}
	}
	if l.Means == MeansSmartEID {
		return string(l.Means)
	}
	return "other"
}
