package xzufi

import (
	"cmp"
	"context"
	"slices"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

// Responsibility answers who does a service in an area, and explains itself.
type Responsibility struct {
	// Offices are the responsible ones and, behind them, contact points. They
	// come from the nearest level that has an entry, each role by itself.
	Offices []OfficeHit
	// Ambiguous reports that more than one office is responsible on the same
	// level. That is legal: show Criteria, or all of them.
	Ambiguous bool
	Online    []OnlineHit
	// Unresolved names offices and online services that entries for this area
	// refer to although the catalogue does not have them.
	Unresolved []ID
}

// OfficeHit is one responsible office.
type OfficeHit struct {
	Office Organisationseinheit
	// Role is a code; see the constants.
	Role string
	// Entry is the id of the responsibility; it may be zero if the entry came
	// inside the office.
	Entry ID
	// EntryArea is the area that the entry names, [Federal] if it names none.
	EntryArea string
	// Inherited reports that EntryArea lies above the asked area.
	Inherited bool
	// Level is the level of EntryArea.
	Level    Level
	Criteria Text
}

// OnlineHit is one online service.
type OnlineHit struct {
	Online    Onlinedienst
	EntryArea string
	Inherited bool
	Level     Level
}

// entry is one responsibility that reaches the asked area.
type entry struct {
	Zustaendigkeit
	embedded *Organisationseinheit
	distance int
	area     string
}

// Responsible answers who does a service in an area. Entries hold for the
// areas they name and all below; the nearest level wins, and all of its
// entries are returned. Entries whose office is missing do not count.
// [ErrNotFound] if the service is unknown or not valid now; an area without
// any responsible office gives an empty Responsibility.
func (c *Catalogue) Responsible(ctx context.Context, service ID, area string) (Responsibility, error) {
	if err := errorsFirst(service.check("id"), checkText("area", area)); err != nil {
		return Responsibility{}, err
	}
	if area == "" {
		return Responsibility{}, &InvalidError{Field: "area", Rule: RuleRequired}
	}
	v, err := c.view(ctx)
	if err != nil {
		return Responsibility{}, err
	}
	k := v.card(service)
	if k == nil || !validAt(k.From, k.Until, v.now) {
		return Responsibility{}, ErrNotFound
	}
	area = v.areas.resolve(area)
	entries, err := c.entries(ctx, v, []*card{k}, area)
	if err != nil {
		return Responsibility{}, err
	}
	return c.resolve(ctx, v, entries[k.key])
}

// entries returns what reaches the area, per service, nearest first.
func (c *Catalogue) entries(ctx context.Context, v view, cards []*card, area string) (map[string][]entry, error) {
	var services []string
	wanted := map[*card]bool{}
	for _, k := range cards {
		if !slices.Contains(services, k.loose) {
			services = append(services, k.loose)
		}
		wanted[k] = true
	}
	out := map[string][]entry{}
	take := func(z Zustaendigkeit, in *Organisationseinheit) {
		k := v.card(z.Leistung)
		if k == nil || !wanted[k] || !validAt(z.ValidFrom, z.ValidUntil, v.now) {
			return
		}
		if d, from, ok := v.areas.nearest(area, z.Areas); ok {
			out[k.key] = append(out[k.key], entry{z, in, d, from})
		}
	}
	for _, class := range []Class{ClassZustaendigkeit, ClassOrganisationseinheit} {
		recs, err := c.store.Find(ctx, Selection{Class: class, Services: services, Part: PartBody})
		if err != nil {
			return nil, err
		}
		for _, r := range recs {
			if class == ClassZustaendigkeit {
				var z Zustaendigkeit
				if err := unmarshal(r, &z); err != nil {
					return nil, err
				}
				take(z, nil)
				continue
			}
			o := &Organisationseinheit{}
			if err := unmarshal(r, o); err != nil {
				return nil, err
			}
			o.Raw = r.Raw
			for _, z := range o.Responsibilities {
				take(z, o)
			}
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.distance, b.distance) })
	}
	return out, nil
}

// group is what competes for the nearest level: offices that are responsible,
// contact points, and each other role by itself.
func group(role string) string {
	switch role {
	case "", RoleResponsible, RoleResponsibleContact:
		return RoleResponsible
	}
	return role
}

func (c *Catalogue) resolve(ctx context.Context, v view, entries []entry) (Responsibility, error) {
	var res Responsibility
	var loose []string
	for _, e := range entries {
		if l := e.Object.Loose(); e.embedded == nil && !slices.Contains(loose, l) {
			loose = append(loose, l)
		}
	}
	offices, online, err := c.holders(ctx, v, loose)
	if err != nil {
		return res, err
	}
	level := map[string]int{}
	seen := map[string]bool{}
	onlineLevel := -1
	for _, e := range entries {
		o, isOffice := e.embedded, e.embedded != nil
		if !isOffice {
			o, isOffice = pick(offices, e.Object)
		} else if !validAt(o.ValidFrom, o.ValidUntil, v.now) {
			continue
		}
		if isOffice {
			g := group(e.Role)
			if at, ok := level[g]; ok && at != e.distance {
				continue
			}
			level[g] = e.distance
			if key := g + " " + o.ID.String(); !seen[key] {
				seen[key] = true
				res.Offices = append(res.Offices, OfficeHit{Office: *o, Role: e.Role, Entry: e.ID, EntryArea: e.area,
					Inherited: e.distance > 0, Level: levelOf(e.area), Criteria: e.Criteria})
			}
			continue
		}
		d, ok := pick(online, e.Object)
		if !ok {
			if !slices.Contains(res.Unresolved, e.Object) {
				res.Unresolved = append(res.Unresolved, e.Object)
			}
			continue
		}
		if onlineLevel >= 0 && onlineLevel != e.distance {
			continue
		}
		onlineLevel = e.distance
		if key := "online " + d.ID.String(); !seen[key] {
			seen[key] = true
			res.Online = append(res.Online, OnlineHit{Online: *d, EntryArea: e.area, Inherited: e.distance > 0, Level: levelOf(e.area)})
		}
	}
	slices.SortStableFunc(res.Offices, func(a, b OfficeHit) int {
		if d := cmp.Compare(group(a.Role), group(b.Role)); d != 0 {
			return d
		}
		return cmp.Compare(german.SortKey(a.Office.Name.For("de")), german.SortKey(b.Office.Name.For("de")))
	})
	n := 0
	for _, o := range res.Offices {
		if group(o.Role) == RoleResponsible {
			n++
		}
	}
	res.Ambiguous = n > 1
	return res, nil
}

// markOnline sets Online on a page of hits.
func (c *Catalogue) markOnline(ctx context.Context, v view, hits []Hit, area string) error {
	if len(hits) == 0 {
		return nil
	}
	var services []string
	for _, h := range hits {
		services = append(services, h.ID.Loose())
	}
	recs, err := c.store.Find(ctx, Selection{Class: ClassZustaendigkeit, Services: services, Part: PartBody})
	if err != nil {
		return err
	}
	by := map[*card][]ID{}
	var loose []string
	for _, r := range recs {
		var z Zustaendigkeit
		if err := unmarshal(r, &z); err != nil {
			return err
		}
		k := v.card(z.Leistung)
		if k == nil || !validAt(z.ValidFrom, z.ValidUntil, v.now) {
			continue
		}
		if area != "" {
			if _, _, ok := v.areas.nearest(area, z.Areas); !ok {
				continue
			}
		}
		by[k] = append(by[k], z.Object)
		if l := z.Object.Loose(); !slices.Contains(loose, l) {
			loose = append(loose, l)
		}
	}
	if len(loose) == 0 {
		return nil
	}
	online := map[string]bool{}
	for batch := range slices.Chunk(loose, MaxBatch) {
		recs, err := c.store.Find(ctx, Selection{Class: ClassOnlinedienst, Loose: batch, Part: PartBody})
		if err != nil {
			return err
		}
		for _, r := range recs {
			var o Onlinedienst
			if err := unmarshal(r, &o); err != nil {
				return err
			}
			if validAt(o.ValidFrom, o.ValidUntil, v.now) {
				online[o.ID.Loose()] = true
			}
		}
	}
	for i := range hits {
		for _, id := range by[v.byKey[hits[i].ID.String()]] {
			hits[i].Online = hits[i].Online || online[id.Loose()]
		}
	}
	return nil
}
