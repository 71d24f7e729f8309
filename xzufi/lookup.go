package xzufi

import (
	"context"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// holders loads offices and online services by ID.Loose, those not valid now
// left out.
func (c *Catalogue) holders(ctx context.Context, v view, loose []string) (map[string][]*Organisationseinheit, map[string][]*Onlinedienst, error) {
	offices, online := map[string][]*Organisationseinheit{}, map[string][]*Onlinedienst{}
	for batch := range slices.Chunk(loose, MaxBatch) {
		recs, err := c.store.Find(ctx, Selection{Class: ClassOrganisationseinheit, Loose: batch, Part: PartBody})
		if err != nil {
			return nil, nil, err
		}
		for _, r := range recs {
			o := &Organisationseinheit{}
			if err := unmarshal(r, o); err != nil {
				return nil, nil, err
			}
			o.Raw = r.Raw
			if validAt(o.ValidFrom, o.ValidUntil, v.now) {
				offices[o.ID.Loose()] = append(offices[o.ID.Loose()], o)
			}
		}
		recs, err = c.store.Find(ctx, Selection{Class: ClassOnlinedienst, Loose: batch, Part: PartBody})
		if err != nil {
			return nil, nil, err
		}
		for _, r := range recs {
			o := &Onlinedienst{}
			if err := unmarshal(r, o); err != nil {
				return nil, nil, err
			}
			o.Raw = r.Raw
			if validAt(o.ValidFrom, o.ValidUntil, v.now) {
				online[o.ID.Loose()] = append(online[o.ID.Loose()], o)
			}
		}
	}
	return offices, online, nil
}

type identified interface{ id() ID }

func (o *Organisationseinheit) id() ID { return o.ID }
func (o *Onlinedienst) id() ID         { return o.ID }

// pick chooses the object a reference means: the same scheme, else, as
// references often omit or shorten it, the first.
func pick[T identified](m map[string][]T, ref ID) (T, bool) {
	list := m[ref.Loose()]
	for _, o := range list {
		if o.id() == ref {
			return o, true
		}
	}
	if len(list) == 0 {
		var none T
		return none, false
	}
	return list[0], true
}

// Office returns one office. [ErrNotFound] if there is none or it is not valid now.
func (c *Catalogue) Office(ctx context.Context, id ID) (Organisationseinheit, error) {
	if err := id.check("id"); err != nil {
		return Organisationseinheit{}, err
	}
	offices, _, err := c.holders(ctx, view{now: c.now()}, []string{id.Loose()})
	if err != nil {
		return Organisationseinheit{}, err
	}
	o, ok := pick(offices, id)
	if !ok {
		return Organisationseinheit{}, ErrNotFound
	}
	return *o, nil
}

// Online returns one online service. [ErrNotFound] if there is none or it is
// not valid now.
func (c *Catalogue) Online(ctx context.Context, id ID) (Onlinedienst, error) {
	if err := id.check("id"); err != nil {
		return Onlinedienst{}, err
	}
	_, online, err := c.holders(ctx, view{now: c.now()}, []string{id.Loose()})
	if err != nil {
		return Onlinedienst{}, err
	}
	o, ok := pick(online, id)
	if !ok {
		return Onlinedienst{}, ErrNotFound
	}
	return *o, nil
}

// OfficeQuery chooses offices.
type OfficeQuery struct {
	// Text are words that the name begins with or contains, folded. Empty: all.
	Text string
	// Parent is the ID.String of the office above. Empty: all.
	Parent string
	// After continues behind an office: its ID.String.
	After string
	// Limit defaults to 20 and is at most 200.
	Limit int
}

// Offices returns offices in the order of their ids and, if there are more,
// the value for After.
func (c *Catalogue) Offices(ctx context.Context, q OfficeQuery) ([]Organisationseinheit, string, error) {
	if err := errorsFirst(checkText("query", q.Text), checkText("parent", q.Parent)); err != nil {
		return nil, "", err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	sel := Selection{Class: ClassOrganisationseinheit, Part: PartBody, Limit: maxLimit}
	if q.After != "" {
		id, err := ParseID(q.After)
		if err != nil {
			return nil, "", &InvalidError{Field: "after", Rule: RuleFormat}
		}
		sel.After = &Record{Class: sel.Class, ID: id}
	}
	words, now := queryWords(q.Text), c.now()
	var out []Organisationseinheit
	for {
		recs, err := c.store.Find(ctx, sel)
		if err != nil {
			return nil, "", err
		}
		for _, r := range recs {
			var o Organisationseinheit
			if err := unmarshal(r, &o); err != nil {
				return nil, "", err
			}
			if !validAt(o.ValidFrom, o.ValidUntil, now) || !o.named(words) || q.Parent != "" && o.Parent.String() != q.Parent {
				continue
			}
			if len(out) == limit {
				return out, out[limit-1].ID.String(), nil
			}
			o.Raw = r.Raw
			out = append(out, o)
		}
		if len(recs) < sel.Limit {
			return out, "", nil
		}
		sel.After = &recs[len(recs)-1]
	}
}

func (o *Organisationseinheit) named(words []german.Word) bool {
	var names []string
	for _, t := range append(append(Text(nil), o.Name...), o.ShortName...) {
		names = append(names, german.Fold(t.Text))
	}
	all := strings.Join(names, " ")
	for _, w := range words {
		if !strings.Contains(all, w.Folded) {
			return false
		}
	}
	return true
}
