package portal

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web/apply"
)

// errNoRegister says that no back office has such a register.
var errNoRegister = errors.New("portal: no back office has this register")

// dogHolder is the person that a look-up in the register of dogs is about.
type dogHolder struct {
	Family string `json:"familienname"`
	Given  string `json:"vornamen"`
	Birth  string `json:"geburtsdatum"`
}

// dogsAnswer is what a register of dogs returns.
type dogsAnswer struct {
	Dogs []struct {
		ID            string    `json:"id"`
		Name          string    `json:"name"`
		Breed         string    `json:"rasse"`
		Chip          string    `json:"chip"`
		Kassenzeichen string    `json:"kassenzeichen"`
		Since         string    `json:"seit"`
		Holder        dogHolder `json:"halter"`
	} `json:"hunde"`
}

// lookUp asks the back office that has a register. Records of anybody else
// than the person are dropped, whoever sent them.
func (p *Portal) lookUp(ctx context.Context, source string, who apply.Person) ([]assistant.Offer, error) {
	h := &p.parts.handOvers
	i := slices.IndexFunc(h.list, func(o handOver) bool { return slices.Contains(o.Lookups, source) })
	if i < 0 || source != "hunde" {
		return nil, errNoRegister
	}
	asked := dogHolder{Family: who.FamilyName, Given: who.GivenNames, Birth: who.Birth}
	var answer dogsAnswer
	if err := h.webhooks[h.list[i].Destination].Query(ctx, source, asked, &answer); err != nil {
		return nil, err
	}
	var out []assistant.Offer
	foreign := 0
	for _, d := range answer.Dogs {
		if !d.Holder.same(asked) {
			foreign++
			continue
		}
		label := d.Name
		if d.Breed != "" {
			label += ", " + d.Breed
		}
		out = append(out, assistant.Offer{Value: d.ID, Label: short(label), Facts: []assistant.Fact{{Key: "name", Value: short(d.Name)}, {Key: "rasse", Value: short(d.Breed)},
			{Key: "chip", Value: short(d.Chip)}, {Key: "kassenzeichen", Value: short(d.Kassenzeichen)}, {Key: "seit", Value: dayOf(d.Since)}}})
	}
	if foreign > 0 {
		p.cfg.Logger.WarnContext(ctx, "a register returned records of others", "source", source, "count", foreign)
	}
	return out, nil
}

// same compares two people as identity documents and registers write them: in
// capitals or not, with ß or ss, with hyphens or spaces.
func (h dogHolder) same(o dogHolder) bool {
	return plainName(h.Family) == plainName(o.Family) && plainName(h.Given) == plainName(o.Given) && h.Birth == o.Birth
}

func plainName(s string) string {
	s = strings.NewReplacer("İ", "i", "ı", "i", "ẞ", "ss", "-", " ").Replace(s)
	return strings.Join(strings.Fields(antrag.Fold(s)), " ")
}

// short bounds what a register writes.
func short(s string) string {
	r := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "))
	if len(r) > 120 {
		r = r[:120]
	}
	return string(r)
}

// dayOf writes 2006-01-02 as people do, and leaves everything else.
func dayOf(s string) string {
	if parts := strings.Split(s, "-"); len(s) == 10 && len(parts) == 3 {
		return parts[2] + "." + parts[1] + "." + parts[0]
	}
	return short(s)
}
