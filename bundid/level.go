package bundid

import (
	"fmt"
	"strings"
)

// Level is a trust level of TR-03160-1, of a login or of one attribute. Levels
// are ordered: a higher number may be used wherever a lower one is asked for.
type Level int

// The levels. LevelNone means that no level is known; it satisfies no request.
const (
	LevelNone         Level = 0
	LevelBasis        Level = 1 // Basisregistrierung: user name and password, data self-asserted
	LevelNiedrig      Level = 2 // niedrig
	LevelSubstantiell Level = 3 // substantiell: ELSTER certificate
	LevelHoch         Level = 4 // hoch: Online-Ausweis
)

const storkPrefix = "STORK-QAA-Level-"

// ParseLevel reads the form used in requests and responses, for example
// "STORK-QAA-Level-3"; surrounding white space is ignored. Anything else
// yields LevelNone and false.
func ParseLevel(s string) (Level, bool) {
	digit, ok := strings.CutPrefix(strings.TrimSpace(s), storkPrefix)
	if !ok || len(digit) != 1 || digit[0] < '1' || digit[0] > '4' {
		return LevelNone, false
	}
	return Level(digit[0] - '0'), true
}

// String returns the form of requests and responses, or "none".
func (l Level) String() string {
	if l < LevelBasis || l > LevelHoch {
		return "none"
	}
	return fmt.Sprintf("%s%d", storkPrefix, int(l))
}

// MarshalText returns [Level.String]; it never fails.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Level) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*l = LevelNone
		return nil
	}
	parsed, ok := ParseLevel(string(text))
	if !ok {
		return fmt.Errorf("bundid: unknown trust level")
	}
	*l = parsed
	return nil
}

// trustWords are both vocabularies of akdb:TrustLevel.
var trustWords = map[string]Level{
	"UNTERGEORDNET": LevelBasis, "BASISREGISTRIERUNG": LevelBasis,
	"NORMAL": LevelNiedrig, "NIEDRIG": LevelNiedrig,
	"SUBSTANTIELL": LevelSubstantiell, "SUBSTANZIELL": LevelSubstantiell,
	"HOCH": LevelHoch,
}

// parseTrustLevel reads the level of one attribute. An unknown word is no
// level, never a low one.
func parseTrustLevel(s string) Level {
	if l, ok := ParseLevel(s); ok {
		return l
	}
	return trustWords[strings.ToUpper(strings.TrimSpace(s))]
}

// Means is what a citizen logged in with (attribute AssertionProvedBy). Values
// not listed here are passed on as they came.
type Means string

// The known means. Smart-eID cannot be asked for: it is handled as eID.
const (
	MeansEID          Means = "eID"
	MeansElster       Means = "Elster"
	MeansBenutzername Means = "Benutzername"
	MeansEIDAS        Means = "eIDAS"
	MeansFINK         Means = "FINK"
	MeansDiia         Means = "Diia"
	MeansSmartEID     Means = "Smart-eID"
	MeansAuthega      Means = "Authega"
)

// requestableMeans is in the order of the interface description.
var requestableMeans = []Means{
	MeansAuthega, MeansBenutzername, MeansDiia, MeansEID, MeansEIDAS, MeansElster, MeansFINK,
}
