package apply

import (
	"net/url"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
)

// inputPlace is the end of the name of the text input for a place.
const inputPlace = "-suche"

// placeState is what a search for a place found.
type placeState struct {
	Query string
	Hits  []map[string]any // value and label of the municipalities
	None  bool
	Name  string // of the input for the search
}

// findPlaces puts the area key of what was typed into the form, for the place
// fields without a list of their own. Several hits are shown to choose from.
func (p *Pages) findPlaces(v *visit, st *assistant.Step, in *posted, form url.Values) (map[string]placeState, error) {
	out := map[string]placeState{}
	for i := range st.Fields {
		f := &st.Fields[i]
		if f.Type != assistant.TypePlace || len(f.Options) > 0 {
			continue
		}
		key, typed := in.Get(f.ID), clip(in.Get(f.ID+inputPlace))
		name, known := p.place(v.Context())(key)
		if known && (typed == "" || typed == name || typed == in.Get(f.ID+inputPlace+"-alt")) {
			form[f.ID] = []string{key}
			continue
		}
		form[f.ID] = []string{""}
		if typed == "" || p.Places == nil {
			continue
		}
		s := placeState{Query: typed}
		hits, err := p.Places(v.Context(), typed)
		if err != nil {
			return nil, err
		}
		switch len(hits) {
		case 0:
			s.None = true
		case 1:
			form[f.ID] = []string{hits[0].Key}
			continue
		}
		for _, h := range hits {
			s.Hits = append(s.Hits, map[string]any{"Value": h.Key, "Label": h.Name})
		}
		out[f.ID] = s
	}
	return out, nil
}

// clip keeps a search short and clean; what is cut would find nothing anyway.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100])
	}
	return s
}

// placeField draws a place: a choice where the form knows the municipalities,
// else an input for postcode or name. The place chosen in the portal is
// proposed.
func (p *Pages) placeField(v *visit, q assistant.Question, out *fieldView, places map[string]placeState) {
	f, args := q.Field, out.Args
	proposed := v.draft.Area
	if proposed == "" {
		proposed = v.PlaceKey()
	}
	if f.NoProposal {
		proposed = ""
	}
	if len(f.Options) > 0 {
		opts := options(q, v.lang())
		if q.Answer.IsEmpty() {
			for _, o := range opts {
				o["Checked"] = o["Value"] == proposed
			}
		}
		args["Value"] = ""
		out.Part, args["Options"] = "radios", opts
		if len(opts) > 7 {
			out.Part = "select"
		}
		return
	}
	s := places[f.ID]
	s.Name = f.ID + inputPlace
	key := q.Input(f.ID)
	if key == "" && s.Query == "" {
		key = proposed
	}
	if name, ok := p.place(v.Context())(key); ok && s.Query == "" {
		s.Query = name
		args["Key"] = key
	}
	out.Part, out.Place = "place", &s
	args["Name"], args["Value"], args["Width"], args["Autocomplete"] = s.Name, s.Query, 30, ""
}

// placeSentence says why a search did not give one place.
func placeSentence(v *visit, f *assistant.Field, s placeState) string {
	key := "apply.error.place.many"
	if s.None {
		if own := f.Errors[assistant.CodeOption].In(v.lang()); own != "" {
			return own
		}
		key = "apply.error.place.none"
	}
	return v.T(key, "label", f.Label.In(v.lang()))
}
