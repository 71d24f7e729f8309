package sims

import (
	_ "embed"
	"encoding/json"
	"sync"
)

//go:embed texts.json
var textsJSON []byte

// Text is a text in German (de) and English (en).
type Text map[string]string

// For returns the text in a language, or in German.
func (t Text) For(lang string) string {
	if s := t[lang]; s != "" {
		return s
	}
	return t["de"]
}

// SimulatorText describes a simulator for testers.
type SimulatorText struct {
	Name   Text                 `json:"name"`
	Text   Text                 `json:"text"`
	How    Text                 `json:"how"` // how to try a fault, in Markdown
	Faults map[string]FaultText `json:"faults"`
}

// FaultText describes a fault: what happens and what a portal should do.
type FaultText struct {
	Title  Text `json:"title"`
	What   Text `json:"what"`
	Expect Text `json:"expect"`
}

// Texts describes all simulators by their codes.
var Texts = sync.OnceValue(func() map[string]SimulatorText {
	var out map[string]SimulatorText
	if err := json.Unmarshal(textsJSON, &out); err != nil {
		panic("sims: " + err.Error()) // the file is embedded
	}
	return out
})
