package seed

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
)

// fill answers a form as a person would: page by page, with what the login
// brought already filled in.
func fill(d *assistant.Definition, answers map[string]any, attrs []konto.Attribute, at time.Time) (assistant.Answers, error) {
	var known []assistant.PrefillValue
	for _, a := range attrs {
		known = append(known, assistant.PrefillValue{Attr: a.Name, Value: a.Value, Level: a.Level, Source: assistant.BundID})
	}
	a := d.Start()
	for _, st := range d.Steps {
		a = d.Prefill(a, known, at)
		in := assistant.Input{Step: st.ID, Now: at, Prefill: known}
		if st.Group == nil {
			in.Form = form(st.Fields, answers)
			a, _ = d.Apply(a, in)
			continue
		}
		items, _ := answers[st.Group.ID].([]map[string]any)
		if items == nil {
			continue
		}
		for _, item := range items {
			a, in.Item, _ = d.NewItem(a, st.ID, at)
			in.Form = form(st.Fields, item)
			a, _ = d.Apply(a, in)
		}
		in.Item, in.Form = "", nil
		a, _ = d.Apply(a, in)
	}
	if errs := d.Complete(a, at); len(errs) > 0 {
		return a, fmt.Errorf("seed: answers of %s: step %s, field %s: %s", d.ID, errs[0].Step, errs[0].Field, errs[0].Code)
	}
	return a, nil
}

// form posts the answers that the fields of one page ask for.
func form(fields []assistant.Field, answers map[string]any) url.Values {
	out := url.Values{}
	for i := range fields {
		f := &fields[i]
		switch v := answers[f.ID].(type) {
		case string:
			keys := f.Keys()
			if len(keys) != 3 {
				out.Set(keys[0], v)
				continue
			}
			parts := strings.Split(v, "-")
			if year, ok := strings.CutPrefix(v, ".."); ok {
				parts = []string{year, "", ""}
			}
			for k, key := range keys {
				out.Set(key, parts[2-k])
			}
		case bool:
			out.Set(f.Keys()[0], map[bool]string{true: "yes", false: "no"}[v])
		case []string:
			out[f.Keys()[0]] = v
		}
	}
	return out
}
