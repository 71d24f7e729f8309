package find

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// costTable is a table of fees: for one place a row for each fee, without a
// place a row for each municipality.
type costTable struct {
	Caption string
	First   string   // heading of the first column
	Columns []phrase // headings of the amounts
	Rows    []costRow
}

type costRow struct {
	Label phrase
	Cells []string
}

// amount writes a fee for people; what is not a plain number stays as it is.
func (s *servicePage) amount(a xzufi.Amount) string {
	cents, ok := parseCents(a.Value)
	if ok && cents == 0 {
		return s.r.T("find.cost.free")
	}
	text := money(s.r, a.Value, a.Currency)
	if a.Limit == "" {
		return text
	}
	limit := money(s.r, a.Limit, a.Currency)
	if a.Value == "" {
		return s.r.T("find.cost.upto", "amount", limit)
	}
	return s.r.T("find.cost.range", "from", text, "to", limit)
}

func money(r *web.Request, value, currency string) string {
	cents, ok := parseCents(value)
	if ok && (currency == "" || currency == "EUR") {
		return web.FormatMoney(r.Lang, cents)
	}
	return strings.TrimSpace(value + " " + currency)
}

// parseCents reads an amount such as "15", "15.5" or "15.00".
func parseCents(s string) (int64, bool) {
	whole, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), ",", "."), ".")
	if len(rest) > 2 && strings.Trim(rest[2:], "0") == "" {
		rest = rest[:2]
	}
	if whole == "" || len(rest) > 2 || len(whole) > 12 || strings.Trim(whole+rest, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(rest + "00")[:2], 10, 64)
	return n, err == nil
}

// costs is the section on fees.
func (s *servicePage) costs() (section, error) {
	sec := section{ID: "kosten", Title: s.r.T("find.service.costs")}
	for i, c := range s.l.Costs {
		if s.repeated(i) {
			continue
		}
		q := piece{rich: pickRich(s.r, c.Text), Links: links(s.r, c.Links), Supplement: s.supplement(c.Origin, c.OriginArea)}
		if len(c.Amounts) > 0 {
			q.Table = s.amounts(c)
		}
		if q.HTML != "" || q.Table != nil || len(q.Links) > 0 {
			sec.Pieces = append(sec.Pieces, q)
		}
	}
	if s.place.Key == "" {
		table, err := s.byPlace()
		if err != nil {
			return sec, err
		}
		if table != nil {
			sec.Pieces = append(sec.Pieces, piece{Table: table})
		}
	}
	return sec, nil
}

// repeated reports that a later cost says the same, as a municipality's text
// often repeats the general one.
func (s *servicePage) repeated(i int) bool {
	c := s.l.Costs[i]
	same := func(a, b xzufi.Amount) bool {
		return a.Value == b.Value && a.Limit == b.Limit && a.Currency == b.Currency && a.Label.For(web.German) == b.Label.For(web.German)
	}
	return len(c.Amounts) > 0 && slices.ContainsFunc(s.l.Costs[i+1:], func(o xzufi.Cost) bool { return slices.EqualFunc(c.Amounts, o.Amounts, same) })
}

func (s *servicePage) amounts(c xzufi.Cost) *costTable {
	caption := s.r.T("find.cost.caption")
	if a, ok := s.areas[c.OriginArea]; ok && c.Origin == xzufi.OriginMunicipality {
		caption = s.r.T("find.cost.caption.place", "place", a.Name)
	}
	t := &costTable{Caption: caption, First: s.r.T("find.cost.what"), Columns: []phrase{{Text: s.r.T("find.cost.amount")}}}
	for _, a := range c.Amounts {
		label := pick(s.r, a.Label)
		if label.Text == "" {
			label.Text = s.r.T("find.cost.fee")
		}
		t.Rows = append(t.Rows, costRow{Label: label, Cells: []string{s.amount(a)}})
	}
	return t
}

// byPlace compares what municipalities set themselves; nil if none does.
func (s *servicePage) byPlace() (*costTable, error) {
	all, err := s.p.municipalities(s.r.Context())
	if err != nil {
		return nil, err
	}
	t := &costTable{Caption: s.r.T("find.cost.caption.all"), First: s.r.T("find.cost.place")}
	var columns []string // German labels, which are the same in all places
	for _, a := range all {
		l, err := s.p.Catalogue.Service(s.r.Context(), s.l.ID, a.Key)
		if err != nil {
			return nil, err
		}
		row := costRow{Label: phrase{Text: a.Name}}
		for _, c := range l.Costs {
			if c.Origin != xzufi.OriginMunicipality {
				continue
			}
			for _, m := range c.Amounts {
				label := m.Label.For(web.German)
				i := slices.Index(columns, label)
				if i < 0 {
					columns = append(columns, label)
					t.Columns = append(t.Columns, pick(s.r, m.Label))
					i = len(columns) - 1
				}
				for len(row.Cells) <= i {
					row.Cells = append(row.Cells, "")
				}
				row.Cells[i] = s.amount(m)
			}
		}
		if len(row.Cells) > 0 {
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 || len(columns) > 6 {
		return nil, nil
	}
	for i := range t.Rows {
		for len(t.Rows[i].Cells) < len(columns) {
			t.Rows[i].Cells = append(t.Rows[i].Cells, "")
		}
		for j, cell := range t.Rows[i].Cells {
			if cell == "" {
				t.Rows[i].Cells[j] = "–"
			}
		}
	}
	return t, nil
}
