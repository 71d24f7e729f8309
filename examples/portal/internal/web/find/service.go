package find

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/xzufi"
)

// generalAssistant takes requests about services without an assistant of
// their own.
const generalAssistant = "allgemeines-anliegen"

// assistantParameter is the parameter by which an online service of the
// catalogue names an assistant of this portal.
const assistantParameter = "assistent"

// section is one heading of a service page with the texts under it.
type section struct {
	ID, Title string
	Pieces    []piece
}

// piece is one text and whose it is.
type piece struct {
	rich
	Links []link
	Table *costTable
	// Supplement is the heading of what a municipality adds; empty for the
	// general text.
	Supplement string
}

// onlineView is one way to apply online.
type onlineView struct {
	Title             phrase
	URL               string
	Level             string // part of a text key; empty when not known
	Fee, FeeNote      string
	External          bool
	Provider, Host    string
	Audience, Process string
}

// serviceOf reads a service from the address.
func (p *Pages) serviceOf(r *web.Request, area string) (xzufi.Leistung, error) {
	id := xzufi.ID{Agency: r.PathValue("agency"), Value: r.PathValue("value")}
	l, err := p.Catalogue.Service(r.Context(), id, area)
	var invalid *xzufi.InvalidError
	if errors.Is(err, xzufi.ErrNotFound) || errors.As(err, &invalid) {
		return l, web.ErrNotFound
	}
	return l, err
}

func (p *Pages) service(r *web.Request) error {
	place, err := p.place(r)
	if err != nil {
		return err
	}
	l, err := p.serviceOf(r, place.Key)
	if err != nil {
		return err
	}
	var who xzufi.Responsibility
	if place.Key != "" {
		if who, err = p.Catalogue.Responsible(r.Context(), l.ID, place.Key); err != nil {
			return err
		}
	}
	s := &servicePage{p: p, r: r, l: l, place: place, who: who}
	if err := s.nameAreas(); err != nil {
		return err
	}
	data, err := s.data()
	if err != nil {
		return err
	}
	title := pick(r, l.Title)
	between := []web.Crumb{{Label: r.T("find.nav.services"), URL: "/dienstleistungen"}}
	return r.Render("find/service", web.View{Title: title.Text, Crumbs: crumbs(r, title.Text, between...), Data: data})
}

// servicePage collects what one service page shows.
type servicePage struct {
	p     *Pages
	r     *web.Request
	l     xzufi.Leistung
	place xzufi.Area
	who   xzufi.Responsibility
	areas map[string]xzufi.Area
}

// nameAreas reads the names of the areas that are mentioned.
func (s *servicePage) nameAreas() error {
	s.areas = map[string]xzufi.Area{}
	if s.place.Key == "" {
		return nil
	}
	path, err := s.p.Catalogue.Path(s.r.Context(), s.place.Key)
	if err != nil {
		return err
	}
	for _, a := range path {
		s.areas[a.Key] = a
	}
	return nil
}

func (s *servicePage) data() (map[string]any, error) {
	online, elsewhere, err := s.online()
	if err != nil {
		return nil, err
	}
	costs, err := s.costs()
	if err != nil {
		return nil, err
	}
	var offices []officeView
	for _, h := range s.who.Offices {
		v := s.p.officeView(s.r, h.Office)
		v.Why, v.Criteria = s.why(h), pickRich(s.r, h.Criteria)
		v.Contact = h.Role == xzufi.RoleContact
		offices = append(offices, v)
	}
	title, teaser := pick(s.r, s.l.Title), pick(s.r, s.l.Teaser)
	m := map[string]any{"Title": title, "Teaser": teaser, "PlaceName": s.place.Name, "Next": s.r.SelfPath(),
		"Online": online, "Elsewhere": elsewhere, "General": s.general(online), "Offices": offices, "Several": s.who.Ambiguous, "Unresolved": len(s.who.Unresolved) > 0,
		"Intro": s.intro(), "Sections": s.sections(costs),
		"Approved": s.l.Approval.On, "ApprovedBy": pick(s.r, s.l.Approval.By), "Changed": s.l.Changed, "Source": s.source(),
		"OnlyGerman": s.onlyGerman(), "Simple": s.r.Lang == web.Simple, "Situations": s.situations()}
	return m, nil
}

// onlyGerman reports that the text is not in the page's language.
func (s *servicePage) onlyGerman() bool {
	if s.r.Lang == web.German {
		return false
	}
	text := s.l.FullText
	if len(text) == 0 {
		text = s.l.Teaser
	}
	return !text.Has(s.r.Lang) || s.r.Lang == web.Simple
}

func (s *servicePage) situations() []link {
	var out []link
	for _, c := range s.l.Categories {
		n := pick(s.r, c.Name)
		out = append(out, link{Label: n.Text, Lang: n.Lang, URL: "/lebenslagen/" + url.PathEscape(c.ID.Value)})
	}
	return out
}

// source says whose text this is.
func (s *servicePage) source() []link {
	var out []link
	for _, o := range s.l.Origins {
		if u, ok := webLink(o.URI); ok {
			label := o.Title
			if label == "" {
				label = u.Host
			}
			out = append(out, link{Label: label, URL: u.String(), External: true, Lang: foreign(s.r, orGerman(o.Lang))})
		}
	}
	return out
}

// why explains in words how an office came to be responsible.
func (s *servicePage) why(h xzufi.OfficeHit) string {
	a, ok := s.areas[h.EntryArea]
	switch {
	case h.EntryArea == xzufi.Federal || !ok:
		return s.r.T("find.why.federal")
	case h.Inherited:
		return s.r.T("find.why.inherited", "area", areaOf(s.r, a))
	}
	return s.r.T("find.why.place", "place", a.Name)
}

// online lists the ways to apply online; without a place it lists the places
// where there is one.
func (s *servicePage) online() (here []onlineView, elsewhere []link, err error) {
	if s.place.Key != "" {
		for _, o := range s.who.Online {
			if v, ok := s.onlineView(o); ok {
				here = append(here, v)
			}
		}
		return here, nil, nil
	}
	all, err := s.p.municipalities(s.r.Context())
	if err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		there, err := s.p.officeFor(s.r.Context(), s.r.Now(), s.l.ID, a.Key)
		if err != nil {
			return nil, nil, err
		}
		if there.online {
			elsewhere = append(elsewhere, link{Label: a.Name, URL: servicePath(s.l.ID) + "?ort=" + a.Key})
		}
	}
	return nil, elsewhere, nil
}

func (s *servicePage) onlineView(o xzufi.OnlineHit) (onlineView, bool) {
	r := s.r
	if id := o.Online.Parameters[assistantParameter]; id != "" && s.p.Assistants != nil {
		if d, ok := s.p.Assistants.Latest(id); ok {
			lang := assistant.Lang(r.Lang)
			v := onlineView{Title: phrase{Text: d.Title.In(lang)}, URL: s.apply(id), Level: levelName(d.Level), Process: d.Processing.In(lang)}
			v.Fee, v.FeeNote = r.T("find.fee.none"), ""
			if d.Fee != nil {
				v.Fee = r.T("find.fee.amount", "amount", web.FormatMoney(r.Lang, d.Fee.Cents))
				v.FeeNote = d.Fee.Note.In(lang)
				if d.Fee.Prepaid {
					v.Fee = r.T("find.fee.before", "amount", web.FormatMoney(r.Lang, d.Fee.Cents))
				}
			}
			if d.Audience == assistant.Citizen || d.Audience == assistant.Organisation {
				v.Audience = r.T("find.audience." + string(d.Audience))
			}
			return v, true
		}
	}
	for _, l := range o.Online.Links {
		u, ok := webLink(l.URI)
		if !ok {
			continue
		}
		u = s.p.network().Address(u)
		v := onlineView{Title: phrase{l.Title, foreign(r, orGerman(l.Lang))}, URL: u.String(), External: true, Host: u.Host}
		if t := pick(r, o.Online.Title); l.Title == "" || (r.Lang == web.English && o.Online.Title.Has(web.English)) {
			v.Title = t
		}
		if level, err := strconv.Atoi(o.Online.TrustLevel); err == nil && level >= 0 && level <= 4 {
			v.Level = levelName(level)
		}
		if a, ok := s.areas[o.EntryArea]; ok && len(a.Key) > 2 {
			v.Provider = a.Name
		}
		return v, true
	}
	return onlineView{}, false
}

// apply is the address of an assistant for this service and place.
func (s *servicePage) apply(assistant string) string {
	return "/antrag/neu/" + url.PathEscape(assistant) + "?dienst=" + url.QueryEscape(s.l.ID.Agency+"/"+s.l.ID.Value) + "&ort=" + url.QueryEscape(s.place.Key)
}

// general is the address for a general request, empty if there is a way of
// its own or if it would not reach the office.
func (s *servicePage) general(online []onlineView) string {
	if len(online) > 0 || s.place.Key == "" || s.p.Assistants == nil {
		return ""
	}
	if _, ok := s.p.Assistants.Latest(generalAssistant); !ok {
		return ""
	}
	if s.p.Reaches != nil && !s.p.Reaches(s.r.Context(), s.l.ID.String(), s.place.Key) {
		return ""
	}
	return s.apply(generalAssistant)
}

// intro is the text under the title.
func (s *servicePage) intro() []piece {
	text := s.pieces(xzufi.ModuleFullText)
	if len(text) == 0 {
		text = s.pieces(xzufi.ModuleShortText)
	}
	return text
}

// pieces are the texts of one module, the general ones first.
func (s *servicePage) pieces(code string) []piece {
	var out []piece
	for _, m := range s.l.Modules {
		if m.Code != code {
			continue
		}
		q := piece{rich: pickRich(s.r, m.Text), Links: links(s.r, m.Links), Supplement: s.supplement(m.Origin, m.OriginArea)}
		if len(q.Links) > 0 && listsOnly(m.Text.For(catalogueLang(s.r)), m.Links) {
			q.HTML = ""
		}
		if q.HTML != "" || len(q.Links) > 0 {
			out = append(out, q)
		}
	}
	return out
}

// listsOnly reports that a text only repeats the titles of its links.
func listsOnly(text string, in []xzufi.Link) bool {
	plain := plainText(text)
	for _, l := range in {
		if l.Title == "" || !strings.Contains(plain, l.Title) {
			return false
		}
		plain = strings.Replace(plain, l.Title, "", 1)
	}
	return strings.Trim(plain, " ,;.\n\t") == ""
}

// plainText drops the tags of a text.
func plainText(s string) string {
	var b strings.Builder
	inside := false
	for _, c := range s {
		switch {
		case c == '<':
			inside = true
			b.WriteByte(' ')
		case c == '>':
			inside = false
		case !inside:
			b.WriteRune(c)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// supplement is the heading over what a municipality adds.
func (s *servicePage) supplement(o xzufi.Origin, area string) string {
	if o != xzufi.OriginMunicipality {
		return ""
	}
	if a, ok := s.areas[area]; ok {
		return s.r.T("find.supplement", "of", areaOf(s.r, a), "place", a.Name)
	}
	return s.r.T("find.supplement.plain")
}

func (s *servicePage) section(id, key, code string) section {
	return section{ID: id, Title: s.r.T(key), Pieces: s.pieces(code)}
}

// sections are the headings in the order in which people need them.
func (s *servicePage) sections(costs section) []section {
	all := []section{
		s.section("voraussetzungen", "find.service.requirements", xzufi.ModuleRequirements),
		s.section("unterlagen", "find.service.documents", xzufi.ModuleDocuments),
		costs, s.deadlines(), s.processing(),
		s.section("ablauf", "find.service.procedure", xzufi.ModuleProcedure),
		s.section("hinweise", "find.service.hints", xzufi.ModuleHints),
		s.section("formulare", "find.service.forms", xzufi.ModuleForms),
		s.section("rechtsgrundlagen", "find.service.law", xzufi.ModuleLegalBasis),
		s.section("rechtsbehelf", "find.service.remedy", xzufi.ModuleRemedies),
		s.section("weiteres", "find.service.further", xzufi.ModuleFurtherReading),
		s.contact(),
	}
	var out []section
	for _, sec := range all {
		if len(sec.Pieces) > 0 {
			out = append(out, sec)
		}
	}
	return out
}

// contact says whom to ask. The general advice is left out when the page
// names the responsible office.
func (s *servicePage) contact() section {
	sec := s.section("ansprechpunkt", "find.service.contact", xzufi.ModuleContact)
	if len(s.who.Offices) > 0 {
		sec.Pieces = slices.DeleteFunc(sec.Pieces, func(q piece) bool { return q.Supplement == "" })
	}
	return sec
}

func (s *servicePage) deadlines() section {
	sec := section{ID: "fristen", Title: s.r.T("find.service.deadlines")}
	for _, d := range s.l.Deadlines {
		sec.add(pickRich(s.r, d.Text), s.supplement(d.Origin, d.OriginArea))
	}
	return sec
}

func (s *servicePage) processing() section {
	sec := section{ID: "dauer", Title: s.r.T("find.service.duration")}
	for _, d := range s.l.Processing {
		text := pickRich(s.r, d.Text)
		if text.HTML == "" && d.Duration != "" {
			text = rich{HTML: web.CleanHTML(d.Duration + " " + d.Unit), Lang: foreign(s.r, web.German)}
		}
		sec.add(text, s.supplement(d.Origin, d.OriginArea))
	}
	return sec
}

func (sec *section) add(text rich, supplement string) {
	if text.HTML != "" {
		sec.Pieces = append(sec.Pieces, piece{rich: text, Supplement: supplement})
	}
}
