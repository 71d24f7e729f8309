package apply

import (
	"maps"
	"slices"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// twice answers a second click on "add": an item that was just stored with the
// very same answers is not added again.
func (v *visit) twice(t target, in *posted) bool {
	old, err := strconv.Atoi(trimNew(in.Get(inputState)))
	if err != nil || old >= v.draft.Answers.LastItem {
		return false
	}
	form := in.values(t.st)
	fresh, id, errs := v.def.NewItem(v.draft.Answers, t.st.ID, v.today)
	if len(errs) > 0 {
		return false
	}
	fresh, _ = v.def.Apply(fresh, assistant.Input{Step: t.st.ID, Item: id, Form: form, Now: v.today})
	want, _ := fresh.Item(t.st.Group.ID, id)
	for _, it := range v.draft.Answers.Groups[t.st.Group.ID] {
		if n, err := strconv.Atoi(it.ID); err == nil && n > old && maps.EqualFunc(typed(it), typed(want), sameAnswer) {
			return true
		}
	}
	return false
}

func trimNew(s string) string {
	if len(s) > 4 && s[:4] == "neu-" {
		return s[4:]
	}
	return ""
}

func typed(it assistant.Item) map[string]assistant.Answer {
	out := map[string]assistant.Answer{}
	for k, a := range it.Values {
		if a.Kind != assistant.KindFiles {
			out[k] = a
		}
	}
	return out
}

func sameAnswer(a, b assistant.Answer) bool {
	return a.Kind == b.Kind && a.Text == b.Text && a.Cents == b.Cents && a.Bool == b.Bool && slices.Equal(a.Options, b.Options)
}
