package assistant_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// One page of the assistant for registering a dog: a post with a mistake, and
// the summary in German.
func ExampleDefinition_Apply() {
	set, err := assistant.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	def, _ := set.Latest("hund-anmelden")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	answers, problems := def.Apply(def.Start(), assistant.Input{
		Step: "zahlung",
		Form: url.Values{
			"zahlung.art":     {"sepa"},
			"zahlung.iban":    {"de02 1203 0000 0000 2020 52"},
			"zahlung.inhaber": {"Jördis Äppelmann"},
			"zahlung.mandat":  {"yes"},
		},
		Now: now,
	})
	for _, p := range problems {
		fmt.Println(p.Field, p.Code)
	}
	for _, section := range def.Summary(answers, assistant.German, now, nil) {
		if section.Step == "zahlung" {
			for _, item := range section.Items {
				fmt.Printf("%s: %s\n", item.Label, item.Value)
			}
		}
	}
	// Output:
	// zahlung.iban iban
	// Wie möchten Sie zahlen?: SEPA-Lastschrift
	// IBAN: DE02 1203 0000 0000 2020 52
	// Kontoinhaberin oder Kontoinhaber: Jördis Äppelmann
	// SEPA-Mandat erteilt: Ja
}
